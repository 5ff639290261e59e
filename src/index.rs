//! What was issued: the answer to "whose number is this?", with everything static that a verdict needs.
//!
//! Owns what is said of a number and the [`Index`] trait; what it is made of is `entry.rs`, `life.rs` and `unit.rs`. The
//! index is a projection of the log's life events: it is folded from them whenever a gateway comes up and holds nothing
//! else. It never counts checks; that is the history's.

#[cfg(test)]
mod battery;
mod cached;
pub mod catalogue;
mod entry;
pub mod import;
mod life;
pub mod register;
pub mod sets;
mod unit;

use std::sync::Arc;

use contract::{Number, TradeItem};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use self::entry::{Batch, CatalogueChange, Concealment, Listed, Maker, Product, Serials};
pub use self::life::{LifeEvent, Stamp, Target, Timeline};
pub use self::unit::UnitKey;

/// What the index says of a number.
#[derive(Debug, Clone)]
pub enum Found {
    /// It cannot be looked up now.
    Unavailable,
    /// No number of any layout.
    Malformed {
        /// How many digits or letters were read.
        read: u32,
        /// How many the network's own numbers have.
        expected: u32,
    },
    /// The check digit is wrong.
    Typo,
    /// The barcode of a kind of goods, not one unit's number.
    NotUnitCode(TradeItem),
    /// Another network's.
    NotCovered,
    /// No such number.
    Unknown(Evidence),
    /// An issued unit.
    Unit(Box<UnitRecord>),
}

impl Found {
    /// The issued unit, if it is one.
    #[must_use]
    pub fn unit(&self) -> Option<&UnitRecord> {
        if let Self::Unit(record) = self { Some(record) } else { None }
    }

    /// Why it is unknown, if it is.
    #[must_use]
    pub const fn evidence(&self) -> Option<Evidence> {
        if let Self::Unknown(evidence) = self { Some(*evidence) } else { None }
    }
}

/// Why a number is unknown: said to nobody, kept in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// No batch holds its serial.
    #[n(0)]
    NeverIssued,
    /// Its serial was issued, its tag is wrong: the stronger sign.
    #[n(1)]
    WrongTag,
}

/// Everything static about one issued unit.
#[derive(Debug, Clone)]
pub struct UnitRecord {
    /// Its identity.
    pub key: UnitKey,
    /// Its maker.
    pub maker: Arc<Maker>,
    /// Its product.
    pub product: Arc<Product>,
    /// Its batch.
    pub batch: Arc<Batch>,
    /// What happened to the product, batch and ranges it belongs to; the unit's own events are in its history.
    pub life: Timeline,
}

/// What was issued, asked by number.
pub trait Index: Send + Sync {
    /// Whose number is this?
    fn find(&self, number: &Number) -> Found;

    /// The record of a unit that is known to have been issued (from the log); `None` where it is not.
    fn record(&self, key: &UnitKey) -> Option<UnitRecord>;

    /// The sequence of the last event taken in. It never goes back: what was found at an older generation is found again
    /// before it is settled.
    fn generation(&self) -> u64;
}
