//! What was lately found on the lists, and lately not found: in memory, bounded by weight.
//!
//! Owns the cache in front of the sets. What it keeps never changes: which lists a number is on depends on nothing but the
//! sets that stand, and their epoch is part of the key, so that an import or a removal leaves nothing stale behind and a
//! recall need not touch the cache at all: life events are merged in afterwards, from where they stand now. An absence
//! that could not be established is not kept. Never holds a count.
//!
//! Numbers that are asked again and again stay: moka's TinyLFU admits a newcomer only if it was asked more often than what
//! it would push out, counted over the last ten times as many questions as there are entries. So a flood of random
//! numbers does not empty it of what is asked several times in two million questions.
//!
//! There is no cache in front of our own numbers: those are found in memory, by a keyed tag that costs less than
//! a cache that would have to be told of every batch and life event (figures: `scripts/bench index`).

use std::sync::Arc;

use moka::sync::Cache;

use super::sets::form::Form;
use super::sets::{Hit, Snapshot, Sought};

/// Bytes that the entries may weigh.
pub(super) const CACHE_BYTES: u64 = 32 << 20;
/// What an entry weighs by itself, with what moka keeps of it.
const ENTRY: usize = 160;

/// The sets that stood, the form and the integer of a number.
type Asked = (u64, Form, u128);

fn weigh(_: &Asked, hits: &Option<Arc<[Hit]>>) -> u32 {
    let more = hits.as_ref().map_or(0, |hits| hits.len() * size_of::<Hit>());
    u32::try_from(ENTRY + more).unwrap_or(u32::MAX)
}

/// The cache.
#[derive(Debug)]
pub(super) struct Cached {
    known: Cache<Asked, Option<Arc<[Hit]>>>,
}

impl Cached {
    /// An empty cache of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        Self { known: Cache::builder().max_capacity(bytes).weigher(weigh).build() }
    }

    /// As [`Snapshot::find`].
    pub(super) fn find(&self, sets: &Snapshot, form: Form, value: u128) -> Sought {
        let asked = (sets.epoch, form, value);
        if let Some(known) = self.known.get(&asked) {
            return known.map_or(Sought::Absent, |hits| Sought::Held(hits.to_vec()));
        }
        let sought = sets.find(form, value);
        match &sought {
            Sought::Held(hits) => self.known.insert(asked, Some(hits.as_slice().into())),
            Sought::Absent => self.known.insert(asked, None),
            Sought::Unreadable => {}
        }
        sought
    }

    #[cfg(test)]
    pub(super) fn holds(&self, sets: &Snapshot, form: Form, value: u128) -> bool {
        self.known.run_pending_tasks();
        self.known.contains_key(&(sets.epoch, form, value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use minicbor::bytes::ByteArray;
    use moka::policy::EvictionPolicy;

    use super::*;
    use crate::index::sets::tests::{batch_of, written};
    use crate::index::sets::{Imported, Removed, Sets, shapes};

    const FORM: Form = Form::Digits(20);

    fn sets(dir: &std::path::Path, held: u128) -> Sets {
        let rows: BTreeMap<_, _> = (0..held).map(|value| ((FORM, value * 1_000), (0, 0))).collect();
        let (hash, file) = written(dir, &rows);
        let sets = Sets::new(dir.to_owned());
        sets.import(&Imported {
            set: 1,
            hash: ByteArray::from(hash),
            rows: file.rows(),
            shapes: shapes(&file),
            batches: vec![batch_of(1, 1)],
            source: String::new(),
            by: String::new(),
        });
        sets
    }

    /// Room for 4,000 numbers: 200 are asked for again and again, while 49 of 50 questions are for random ones, so that
    /// twice as many as there is room for lie between two questions for the same. How many of the 200 are there at last.
    fn kept_in_a_flood(cached: &Cached, snapshot: &Snapshot) -> usize {
        let hot = |nth: u128| {
            assert!(matches!(cached.find(snapshot, FORM, nth % 200 * 1_000), Sought::Held(_)));
        };
        (0..3_000).for_each(hot);
        cached.known.run_pending_tasks();
        let mut state = 1_u128;
        for nth in 0..60_000_u128 {
            if nth % 50 == 0 {
                hot(nth / 50);
            } else {
                state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
                let random = 1_000_000_001 + (state >> 70) * 1_000;
                assert_eq!(cached.find(snapshot, FORM, random), Sought::Absent);
            }
        }
        (0..200).filter(|nth| cached.holds(snapshot, FORM, nth * 1_000)).count()
    }

    #[test]
    fn a_flood_of_random_numbers_does_not_push_out_what_is_asked_again_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let sets = sets(dir.path(), 200);
        let snapshot = sets.snapshot();
        let room = 4_000 * u64::try_from(ENTRY + 24).unwrap();
        let cached = Cached::new(room);
        let kept = kept_in_a_flood(&cached, &snapshot);
        assert!(kept >= 140, "{kept} of 200 are still there");
        assert!(cached.known.weighted_size() <= room);
        // The flood is one that a cache which keeps what came last is emptied by.
        let plain = Cache::builder().max_capacity(room).weigher(weigh).eviction_policy(EvictionPolicy::lru()).build();
        let kept = kept_in_a_flood(&Cached { known: plain }, &snapshot);
        assert!(kept <= 100, "{kept} of 200 outlived it where anything would have");
    }

    #[test]
    fn what_was_found_under_other_sets_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let sets = sets(dir.path(), 10);
        let cached = Cached::new(CACHE_BYTES);
        assert!(matches!(cached.find(&sets.snapshot(), FORM, 3_000), Sought::Held(_)));
        assert_eq!(cached.find(&sets.snapshot(), FORM, 3_001), Sought::Absent);
        sets.remove(&Removed { set: 1, by: String::new(), reason: None });
        assert_eq!(cached.find(&sets.snapshot(), FORM, 3_000), Sought::Absent);
    }
}
