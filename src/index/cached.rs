//! What was lately found on the lists, and lately not found: in memory, bounded by weight.
//!
//! Owns the cache in front of the sets. What it keeps never changes: which lists a number is on depends on nothing but the
//! sets that stand, and their epoch is part of the key, so that an import or a removal leaves nothing stale behind and a
//! recall need not touch the cache at all: life events are merged in afterwards, from where they stand now. An absence
//! that could not be established is not kept. Never holds a count.
//!
//! Numbers that are asked again and again stay (moka's TinyLFU admits a newcomer only if it is asked more often than what
//! it would push out), so a flood of random numbers does not empty it.
//!
//! There is no cache in front of our own numbers: those are found in memory, by a keyed tag that costs less than
//! a cache that would have to be told of every batch and life event (figures: `scripts/bench index`).

use std::sync::Arc;

use moka::sync::Cache;

use super::sets::form::Form;
use super::sets::{Hit, Snapshot, Sought};

/// Bytes that the entries may weigh.
pub const CACHE_BYTES: u64 = 32 << 20;
/// What an entry weighs by itself, with what moka keeps of it.
const ENTRY: usize = 160;

/// The sets that stood, the form and the integer of a number.
type Asked = (u64, Form, u128);

/// The cache.
#[derive(Debug)]
pub(super) struct Cached {
    known: Cache<Asked, Option<Arc<[Hit]>>>,
}

impl Cached {
    /// An empty cache of so many bytes.
    pub(super) fn new(bytes: u64) -> Self {
        let weigh = |_: &Asked, hits: &Option<Arc<[Hit]>>| {
            let more = hits.as_ref().map_or(0, |hits| hits.len() * size_of::<Hit>());
            u32::try_from(ENTRY + more).unwrap_or(u32::MAX)
        };
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
