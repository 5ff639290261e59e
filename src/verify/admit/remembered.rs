//! What is remembered of askers, within a bound.
//!
//! Owns the shards and their two generations. Does not know what a standing means.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contract::Timestamp;

use super::Standing;

const SHARDS: usize = 16;

/// A generation is at most so old: an asker not seen for so long has its whole daily quota again.
const GENERATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Standings by asker, at most `askers` of them.
pub(super) struct Remembered {
    shards: Vec<Mutex<Shard>>,
    /// How many the young generation of one shard holds.
    young: usize,
}

#[derive(Default)]
struct Shard {
    young: HashMap<u64, Standing>,
    old: HashMap<u64, Standing>,
    since: Timestamp,
}

impl Remembered {
    pub(super) fn new(askers: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, young: (askers / (2 * SHARDS)).max(1) }
    }

    /// Works on what is remembered of an asker; on a blank standing where nothing is.
    pub(super) fn with<T>(&self, asker: u64, now: Timestamp, work: impl FnOnce(&mut Standing) -> T) -> T {
        let at = usize::try_from(asker % SHARDS as u64).unwrap_or(0);
        let Some(shard) = self.shards.get(at) else { return work(&mut Standing::default()) };
        // A poisoned shard is still a map of standings: whoever panicked was not in the middle of a map's change.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !shard.young.contains_key(&asker);
        if is_new && shard.young.len() >= self.young || now.since(shard.since) > GENERATION {
            shard.old = std::mem::take(&mut shard.young);
            shard.since = now;
        }
        let known = shard.old.remove(&asker);
        work(shard.young.entry(asker).or_insert_with(|| known.unwrap_or_default()))
    }

    /// How many askers are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap()).map(|shard| shard.young.len() + shard.old.len()).sum()
    }
}

impl fmt::Debug for Remembered {
    /// The bound alone: what is kept of askers is nobody's to read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("young", &self.young).finish_non_exhaustive()
    }
}
