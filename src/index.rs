//! What was issued: the answer to "whose number is this?", with everything static that a verdict needs.
//!
//! Owns the record types, the events that change them and the [`Index`] trait. The index is a projection of the log's
//! life events: it can be rebuilt from them at any time and holds nothing else. It never counts checks; that is the
//! history's.

pub mod catalogue;

use std::fmt;
use std::sync::Arc;

use contract::answer::Names;
use contract::{Day, EventTime, Life, Number, Place, Timestamp, TradeItem};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The identity of one unit, in 16 bytes that sort by resource and serial: what histories are kept by. The tag and the
/// check digit are no part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct UnitKey(#[n(0)] ByteArray<16>);

impl UnitKey {
    /// A unit of a layout of our own: byte 0 is 1, byte 1 the layout, bytes 2 to 7 the resource, 8 to 15 the serial, all
    /// big-endian.
    #[must_use]
    pub fn native(layout: u8, resource: u64, serial: u64) -> Self {
        let mut bytes = [0; 16];
        let packed = (1_u128 << 120)
            | (u128::from(layout) << 112)
            | (u128::from(resource & 0xffff_ffff_ffff) << 64)
            | u128::from(serial);
        bytes.copy_from_slice(&packed.to_be_bytes());
        Self(ByteArray::from(bytes))
    }

    /// A unit that is known by a text: a listed number (`kind` 2) or a GS1 item (`kind` 3); 15 bytes of its SHA-256.
    #[must_use]
    pub fn named(kind: u8, text: &str) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().skip(1).zip(Sha256::digest(text.as_bytes())) {
            *to = from;
        }
        bytes[0] = kind;
        Self(ByteArray::from(bytes))
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From sixteen bytes out of a store.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// Layout, resource and serial of a unit of our own.
    #[must_use]
    pub fn as_native(&self) -> Option<(u8, u64, u64)> {
        let packed = u128::from_be_bytes(*self.as_bytes());
        let part = |shift: u32, bits: u32| u64::try_from((packed >> shift) & ((1 << bits) - 1)).unwrap_or(0);
        (part(120, 8) == 1).then(|| (u8::try_from(part(112, 8)).unwrap_or(0), part(64, 48), part(0, 64)))
    }
}

impl fmt::Display for UnitKey {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UnitKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

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
}

impl Batch {
    /// How many numbers it has.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.serials.iter().map(|run| run.len).sum()
    }
}

/// What a life event covers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub enum Target {
    /// Every unit of a product.
    #[n(0)]
    Product {
        /// Its id.
        #[n(0)]
        product: String,
    },
    /// Every unit of a batch.
    #[n(1)]
    Batch {
        /// Its number.
        #[n(0)]
        batch: u64,
    },
    /// A run of serials of one resource.
    #[n(2)]
    Range {
        /// The layout's id.
        #[n(0)]
        layout: u8,
        /// The resource.
        #[n(1)]
        resource: u64,
        /// The serials.
        #[n(2)]
        serials: Serials,
    },
    /// Single units; kept in their histories, not in the index.
    #[n(3)]
    Units {
        /// The units.
        #[n(0)]
        units: Vec<UnitKey>,
    },
}

/// Something happened to units: who, when, where and why.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LifeEvent {
    /// To which.
    #[n(0)]
    pub target: Target,
    /// What.
    #[n(1)]
    pub life: Life,
    /// It is lifted, not set.
    #[n(2)]
    pub lifted: bool,
    /// When it happened.
    #[n(3)]
    pub at: EventTime,
    /// Who said so.
    #[n(4)]
    pub by: String,
    /// Where it happened.
    #[n(5)]
    pub place: Option<Place>,
    /// Why.
    #[n(6)]
    pub reason: Option<String>,
}

impl LifeEvent {
    /// The event as a verdict sees it, once it is in the log at `sequence`.
    #[must_use]
    pub fn stamp(&self, sequence: u64) -> Arc<Stamp> {
        Arc::new(Stamp {
            sequence,
            at: self.at.at,
            lifted: self.lifted,
            by: self.by.clone(),
            city: self.place.as_ref().map(|place| place.city.clone()),
            reason: self.reason.clone(),
        })
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

/// An event in a unit's life as a verdict sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Stamp {
    /// Its sequence in the log: of two events on the same matter the later one counts.
    #[n(0)]
    pub sequence: u64,
    /// When it happened.
    #[n(1)]
    pub at: Timestamp,
    /// It was lifted.
    #[n(2)]
    pub lifted: bool,
    /// Who said so.
    #[n(3)]
    pub by: String,
    /// The city it happened in.
    #[n(4)]
    pub city: Option<String>,
    /// Why.
    #[n(5)]
    pub reason: Option<String>,
}

/// For each kind of life event the latest that covers a unit. Merging the product's, batch's, ranges' and the unit's own
/// keeps the later of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Timeline {
    /// Sorted by kind, one of each at most.
    #[cbor(n(0), with = "shared")]
    stamps: Vec<(Life, Arc<Stamp>)>,
}

/// Stamps are shared between the records that they cover; in the log each stands for itself.
mod shared {
    use std::sync::Arc;

    use contract::Life;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error as EncodeError, Write};
    use minicbor::{Decoder, Encoder};

    use super::Stamp;

    pub(super) fn encode<C, W: Write>(
        stamps: &[(Life, Arc<Stamp>)],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.array(stamps.len() as u64)?;
        for (life, stamp) in stamps {
            e.encode_with((life, stamp.as_ref()), ctx)?;
        }
        Ok(())
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<(Life, Arc<Stamp>)>, DecodeError> {
        let list: Vec<(Life, Stamp)> = d.decode_with(ctx)?;
        Ok(list.into_iter().map(|(life, stamp)| (life, Arc::new(stamp))).collect())
    }
}

impl Timeline {
    /// Takes in an event; an older one of the same kind than is known changes nothing.
    pub fn put(&mut self, life: Life, stamp: Arc<Stamp>) {
        match self.stamps.binary_search_by_key(&life, |(kind, _)| *kind) {
            Ok(at) => {
                if let Some((_, known)) = self.stamps.get_mut(at)
                    && known.sequence <= stamp.sequence
                {
                    *known = stamp;
                }
            }
            Err(at) => self.stamps.insert(at, (life, stamp)),
        }
    }

    /// Takes in all of another.
    pub fn merge(&mut self, other: &Self) {
        for (life, stamp) in &other.stamps {
            self.put(*life, Arc::clone(stamp));
        }
    }

    /// Takes in those of another that `covers` lets through.
    pub fn merge_where(&mut self, other: &Self, covers: impl Fn(Life, &Stamp) -> bool) {
        for (life, stamp) in &other.stamps {
            if covers(*life, stamp) {
                self.put(*life, Arc::clone(stamp));
            }
        }
    }

    /// The event of this kind, set or lifted.
    #[must_use]
    pub fn latest(&self, life: Life) -> Option<&Stamp> {
        self.stamps.iter().find(|(kind, _)| *kind == life).map(|(_, stamp)| stamp.as_ref())
    }

    /// The event of this kind, unless it was lifted.
    #[must_use]
    pub fn standing(&self, life: Life) -> Option<&Stamp> {
        self.latest(life).filter(|stamp| !stamp.lifted)
    }

    /// Every known event, by kind.
    pub fn iter(&self) -> impl Iterator<Item = (Life, &Stamp)> {
        self.stamps.iter().map(|(life, stamp)| (*life, stamp.as_ref()))
    }

    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_key_gives_back_what_it_was_made_of_and_sorts_by_it() {
        let key = UnitKey::native(3, 1_234_567, 9_999_999);
        assert_eq!(key.as_native(), Some((3, 1_234_567, 9_999_999)));
        assert!(UnitKey::native(3, 1, 2) < UnitKey::native(3, 1, 3));
        assert!(UnitKey::native(3, 1, u64::MAX) < UnitKey::native(3, 2, 0));
        assert_eq!(UnitKey::named(2, "A1").as_native(), None);
    }

    #[test]
    fn of_two_events_on_one_matter_the_later_counts_in_any_order() {
        let stamp = |sequence, lifted| {
            Arc::new(Stamp { sequence, at: Timestamp(0), lifted, by: String::new(), city: None, reason: None })
        };
        let mut one = Timeline::default();
        one.put(Life::Recalled, stamp(1, false));
        let mut two = Timeline::default();
        two.put(Life::Recalled, stamp(2, true));
        let (mut a, mut b) = (one.clone(), two.clone());
        a.merge(&two);
        b.merge(&one);
        assert_eq!(a, b);
        assert!(a.standing(Life::Recalled).is_none(), "a lifted recall is no recall");
    }
}
