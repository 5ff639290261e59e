//! What is remembered by key, within a bound.
//!
//! Owns the shards and their two generations. Does not know what a standing means.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::Timestamp;

/// With the default bound a generation of a shard comes to 7,142, and the library's tables hold 7,168 or twice as many.
const SHARDS: usize = 14;

/// A generation is at most so old: who was not seen for so long has its whole daily quota again.
const GENERATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Standings by key, at most so many of them. The keys are keyed hashes: nobody can choose two that meet.
pub(super) struct Remembered<V> {
    shards: Vec<Mutex<Shard<V>>>,
    /// How many the young generation of one shard holds.
    young: usize,
}

struct Shard<V> {
    young: Map<V>,
    old: Map<V>,
    since: Timestamp,
}

type Map<V> = HashMap<u64, V, BuildHasherDefault<Mixed>>;

impl<V: Default> Remembered<V> {
    pub(super) fn new(most: usize) -> Self {
        let shard = || Mutex::new(Shard { young: Map::default(), old: Map::default(), since: Timestamp::default() });
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), young: (most / (2 * SHARDS)).max(1) }
    }

    /// Works on what is remembered under a key; on a blank standing where nothing is.
    pub(super) fn with<T>(&self, key: u64, now: Timestamp, work: impl FnOnce(&mut V) -> T) -> T {
        let Some(mut shard) = self.shard(key) else { return work(&mut V::default()) };
        let shard = &mut *shard;
        if now.since(shard.since) > GENERATION {
            shard.turn(now);
        }
        if let Some(known) = shard.young.get_mut(&key) {
            return work(known);
        }
        if shard.young.len() >= self.young {
            shard.turn(now);
        }
        let known = shard.old.remove(&key).unwrap_or_default();
        work(shard.young.entry(key).or_insert(known))
    }

    /// Looks at what is remembered under a key, and remembers nothing by it.
    pub(super) fn look<T>(&self, key: u64, look: impl FnOnce(Option<&V>) -> T) -> T {
        let Some(shard) = self.shard(key) else { return look(None) };
        look(shard.young.get(&key).or_else(|| shard.old.get(&key)))
    }

    fn shard(&self, key: u64) -> Option<MutexGuard<'_, Shard<V>>> {
        // Other bits than those the maps go by.
        let at = usize::try_from(mixed(key) >> 40).unwrap_or(0) % SHARDS;
        // A poisoned shard is still a map of standings: whoever panicked was not in the middle of a map's change.
        self.shards.get(at).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap()).map(|shard| shard.young.len() + shard.old.len()).sum()
    }
}

impl<V> Shard<V> {
    /// The young become the old, whose place is kept: a map that grew once does not grow again.
    fn turn(&mut self, now: Timestamp) {
        self.old.clear();
        mem::swap(&mut self.old, &mut self.young);
        self.since = now;
    }
}

impl<V> fmt::Debug for Remembered<V> {
    /// The bound alone: what is kept of askers is nobody's to read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").field("young", &self.young).finish_non_exhaustive()
    }
}

/// Spreads a key that is a keyed hash already.
#[derive(Debug, Default)]
struct Mixed(u64);

/// 2^64 over the golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
const fn mixed(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mixed(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = mixed(key);
    }
}
