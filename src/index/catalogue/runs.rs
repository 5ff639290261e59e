//! The runs of serials of one resource, each of one batch.
//!
//! Owns the order. Most resources have a handful of runs, and a tree's first node has room for eleven: few runs stand in a
//! sorted vector, many in a tree.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::index::Serials;

/// From so many on they stand in a tree.
const MANY: usize = 32;

/// Runs that do not overlap, by their first serial.
#[derive(Debug)]
pub(super) enum Runs {
    Few(Vec<(u64, Run)>),
    Many(BTreeMap<u64, Run>),
}

/// How long a run is, and the place of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) len: u64,
    pub(super) batch: u32,
}

impl Default for Runs {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Runs {
    /// Takes a run in; one that begins with the same serial gives way.
    pub(super) fn put(&mut self, start: u64, run: Run) {
        match self {
            Self::Few(few) => match few.binary_search_by_key(&start, |(start, _)| *start) {
                Ok(at) => few.iter_mut().skip(at).take(1).for_each(|known| known.1 = run),
                Err(at) if few.len() < MANY => few.insert(at, (start, run)),
                Err(_) => {
                    let mut many: BTreeMap<u64, Run> = few.drain(..).collect();
                    many.insert(start, run);
                    *self = Self::Many(many);
                }
            },
            Self::Many(many) => drop(many.insert(start, run)),
        }
    }

    /// The batch that a serial is in.
    pub(super) fn holder(&self, serial: u64) -> Option<u32> {
        let (start, run) = match self {
            Self::Few(few) => {
                let behind = few.partition_point(|(start, _)| *start <= serial);
                *few.get(behind.checked_sub(1)?)?
            }
            Self::Many(many) => many.range(..=serial).next_back().map(|(start, run)| (*start, *run))?,
        };
        (serial - start < run.len).then_some(run.batch)
    }

    /// The runs that begin within serials, in order.
    pub(super) fn within(&self, from: u64, to: u64) -> Box<dyn Iterator<Item = (u64, Run)> + '_> {
        match self {
            Self::Few(few) => {
                let begins = few.partition_point(|(start, _)| *start < from);
                Box::new(few.iter().skip(begins).take_while(move |(start, _)| *start < to).copied())
            }
            Self::Many(_) if from >= to => Box::new(std::iter::empty()),
            Self::Many(many) => {
                let range = many.range((Bound::Included(from), Bound::Excluded(to)));
                Box::new(range.map(|(start, run)| (*start, *run)))
            }
        }
    }

    /// The serials below a limit that are in no run, in order.
    pub(super) fn free(&self, limit: u64) -> Vec<Serials> {
        let mut free = Vec::new();
        let mut at = 0;
        for (start, run) in self.within(0, limit) {
            if at < start {
                free.push(Serials { start: at, len: start - at });
            }
            at = at.max(start.saturating_add(run.len));
        }
        if at < limit {
            free.push(Serials { start: at, len: limit - at });
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn few_and_many_runs_say_the_same_of_each_serial(
            places in prop::collection::btree_set(0_u64..200, 0..100), len in 1_u64..6
        ) {
            let mut runs = Runs::default();
            let mut plain = vec![None; 1_300];
            let mut shuffled: Vec<u64> = places.iter().copied().collect();
            shuffled.sort_by_key(|place| place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            for (place, batch) in shuffled.into_iter().zip(0_u32..) {
                runs.put(place * 6, Run { len, batch });
                for serial in place * 6..place * 6 + len {
                    plain[usize::try_from(serial).unwrap()] = Some(batch);
                }
            }
            prop_assert_eq!(matches!(runs, Runs::Many(_)), places.len() > MANY);
            for (serial, batch) in (0..).zip(&plain) {
                prop_assert_eq!(runs.holder(serial), *batch);
            }
            let free: u64 = runs.free(1_300).iter().map(|run| run.len).sum();
            prop_assert_eq!(free, 1_300 - places.len() as u64 * len);
            for run in runs.free(1_300) {
                prop_assert!((run.start..run.start + run.len).all(|serial| runs.holder(serial).is_none()));
            }
            let within: Vec<u64> = runs.within(60, 600).map(|(start, _)| start).collect();
            let expected: Vec<u64> = places.iter().map(|place| place * 6).filter(|start| (60..600).contains(start)).collect();
            prop_assert_eq!(within, expected);
        }
    }
}
