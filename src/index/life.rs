//! What happens to units: the event, what it covers, and what stands of several.
//!
//! Owns that of two events on one matter the later counts. Where events are kept is the catalogue's, the sets' and the
//! histories'.

use std::sync::Arc;

use contract::{EventTime, Life, Place, Timestamp};
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Serials, UnitKey};

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
    /// Every unit of an imported set.
    #[n(4)]
    Set {
        /// Its number.
        #[n(0)]
        set: u64,
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

#[cfg(test)]
mod tests {
    use super::*;

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
