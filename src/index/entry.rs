//! What the catalogue has entries for: makers, products and batches.
//!
//! Owns what is known of each and its form in the log and in files. Judges nothing: that is `catalogue/check.rs`.

use contract::answer::Names;
use contract::{Day, Timestamp};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// One maker.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// Its id in the catalogue.
    #[n(0)]
    pub id: String,
    /// What it is called.
    #[n(1)]
    pub name: Names,
    /// A telephone number that shoppers may call.
    #[n(2)]
    #[serde(default)]
    pub hotline: Option<String>,
}

/// One product.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id in the catalogue.
    #[n(0)]
    pub id: String,
    /// The maker's id.
    #[n(1)]
    pub maker: String,
    /// What it is called.
    #[n(2)]
    pub name: Names,
    /// Category id; thresholds may be set by it.
    #[n(3)]
    pub category: String,
    /// The layout of its numbers, by name; empty where none are issued here: its units are known by imported lists alone,
    /// of other makers' numbers or of GS1 serials under its GTIN.
    #[n(4)]
    #[serde(default)]
    pub layout: String,
    /// Its resource codes in that layout; at least one, none without a layout.
    #[n(5)]
    #[serde(default)]
    pub resources: Vec<u64>,
    /// Specification or pack, as printed.
    #[n(6)]
    #[serde(default)]
    pub spec: Option<String>,
    /// Licence or approval number.
    #[n(7)]
    #[serde(default)]
    pub licence: Option<String>,
    /// Days from made to expiry.
    #[n(8)]
    #[serde(default)]
    pub shelf_life_days: Option<u32>,
    /// Cities it is sold in; empty means everywhere.
    #[n(9)]
    #[serde(default)]
    pub sales_region: Vec<String>,
    /// How its number is put on the pack.
    #[n(10)]
    #[serde(default)]
    pub concealment: Concealment,
    /// Its units are recorded when a shop receives them; without such a record they are not yet on sale.
    #[n(11)]
    #[serde(default)]
    pub tracks_shipping: bool,
    /// The GTIN of its barcode, 14 digits.
    #[n(12)]
    #[serde(default)]
    pub gtin: Option<String>,
}

/// How a number is put on the pack, which changes the meaning of a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Concealment {
    /// Openly printed: anyone in the shop can read it, two checks are normal.
    #[default]
    #[n(0)]
    Printed,
    /// Under a coating: an earlier check is a bad sign.
    #[n(1)]
    Hidden,
}

/// A run of serials, `start` up to but not including `start + len`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Serials {
    /// The first.
    #[n(0)]
    pub start: u64,
    /// How many.
    #[n(1)]
    pub len: u64,
}

/// A batch: numbers issued in one act for one lot of one product.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Batch {
    /// Its number, counted from 1 over the whole ledger.
    #[n(0)]
    pub id: u64,
    /// The product's id.
    #[n(1)]
    pub product: String,
    /// The layout's id.
    #[n(2)]
    pub layout: u8,
    /// The resource code its numbers begin with.
    #[n(3)]
    pub resource: u64,
    /// Where its serials lie; random places, sorted, not overlapping any other batch of the resource.
    #[n(4)]
    pub serials: Vec<Serials>,
    /// The epoch of the tag's key.
    #[n(5)]
    pub epoch: u32,
    /// The lot as printed on the pack.
    #[n(6)]
    pub lot: String,
    /// Packaging level: 1 is the unit that is sold, 2 to 4 boxes of it.
    #[n(7)]
    pub level: u8,
    /// How many of the level below one number holds; 1 at level 1.
    #[n(8)]
    pub holds: u32,
    /// The batch of boxes that these are packed into, in order: the box of the n-th number is the
    /// (n / box's `holds`)-th of that batch.
    #[n(9)]
    pub parent: Option<u64>,
    /// The day it was made.
    #[n(10)]
    pub made: Option<Day>,
    /// The last day it is good.
    #[n(11)]
    pub expiry: Option<Day>,
    /// The first day of sale.
    #[n(12)]
    pub on_sale_from: Option<Day>,
    /// How the numbers are put on the pack.
    #[n(13)]
    pub concealment: Concealment,
    /// When it was issued.
    #[n(14)]
    pub issued_at: Timestamp,
    /// Who issued it.
    #[n(15)]
    pub issued_by: String,
    /// Its numbers were not minted here: they stand in the file of an imported set. It has no layout, no resource and no
    /// serials then.
    #[n(16)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
}

/// Where the numbers of a batch stand that was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Listed {
    /// The number of the set.
    #[n(0)]
    pub set: u64,
    /// How many numbers of the batch are in it.
    #[n(1)]
    pub count: u64,
}

impl Batch {
    /// How many numbers it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.listed.map_or_else(|| self.serials.iter().map(|run| run.len).sum(), |listed| listed.count)
    }
}

/// Makers and products that are new or changed; nothing is ever taken out of the catalogue, goods outlive entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct CatalogueChange {
    /// New or changed makers.
    #[n(0)]
    pub makers: Vec<Maker>,
    /// New or changed products.
    #[n(1)]
    pub products: Vec<Product>,
    /// Who changed them.
    #[n(2)]
    pub by: String,
}
