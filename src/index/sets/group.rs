//! What a run of listed numbers shares.
//!
//! Owns the group and its bounds. A group becomes a batch when its list is taken in.

use contract::Day;
use minicbor::{Decode, Encode};

/// Product, lot, days and level that numbers of a list have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Group {
    /// The product's id.
    #[n(0)]
    pub product: String,
    /// The lot as printed on the pack; empty where the list names none.
    #[n(1)]
    pub lot: String,
    /// The day it was made.
    #[n(2)]
    pub made: Option<Day>,
    /// The last day it is good.
    #[n(3)]
    pub expiry: Option<Day>,
    /// Packaging level: 1 is the unit that is sold, 2 to 4 boxes of it.
    #[n(4)]
    pub level: u8,
    /// How many of the level below one number holds; 1 at level 1.
    #[n(5)]
    pub holds: u32,
    /// How many numbers it has.
    #[n(6)]
    pub count: u64,
}
