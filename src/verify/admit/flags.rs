//! The askers that were found guessing.
//!
//! Owns the set and its bound. It is a projection of the log's flags: whoever logs one inserts it, and a restart inserts
//! them all again. Does not find guessers.

use std::collections::{BTreeSet, HashMap};
use std::sync::{PoisonError, RwLock};

use contract::Timestamp;

use crate::verify::history::AskerHash;

/// The flagged askers. A flag works backwards: an asker stays in the set after it may ask again, for its sessions, those
/// before the flag too, count in no history. Where the set is full, the flag that ended first is forgotten, and with it
/// sessions of that asker count again.
#[derive(Debug)]
pub struct Flags {
    known: RwLock<Known>,
    most: usize,
}

#[derive(Debug, Default)]
struct Known {
    /// Until when each is to wait.
    ends: HashMap<u64, Timestamp>,
    by_end: BTreeSet<(Timestamp, u64)>,
}

impl Default for Flags {
    fn default() -> Self {
        Self::holding(Self::MOST)
    }
}

impl Flags {
    /// How many flags are kept by default: some 10 MB.
    pub const MOST: usize = 100_000;

    /// An empty set that keeps at most so many flags, at least one.
    #[must_use]
    pub fn holding(most: usize) -> Self {
        Self { known: RwLock::default(), most: most.max(1) }
    }

    /// Whether this hash was ever flagged: its sessions count in no history.
    #[must_use]
    pub fn contains(&self, asker: u64) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).ends.contains_key(&asker)
    }

    /// Takes in a flag that is on disk. Of two for one asker the one that ends later counts.
    pub fn insert(&self, asker: u64, until: Timestamp) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = known.ends.get(&asker).copied() {
            if end >= until {
                return;
            }
            known.by_end.remove(&(end, asker));
        } else if known.ends.len() >= self.most
            && let Some((_, ended_first)) = known.by_end.pop_first()
        {
            known.ends.remove(&ended_first);
        }
        known.by_end.insert((until, asker));
        known.ends.insert(asker, until);
    }

    /// Takes a mark away, under either name.
    pub fn remove(&self, asker: &AskerHash) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for name in [Some(asker.current), asker.previous].into_iter().flatten() {
            if let Some(end) = known.ends.remove(&name) {
                known.by_end.remove(&(end, name));
            }
        }
    }

    /// Gives an asker's flag under the pepper before to its name under the pepper in force, so that the next pepper
    /// still knows it. For whoever takes a check from the log.
    pub fn follow(&self, asker: &AskerHash) {
        let ends = |name: u64| {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.ends.get(&name).copied()
        };
        if let Some(until) = asker.previous.and_then(ends) {
            self.insert(asker.current, until);
        }
    }

    /// Until when this asker is to wait, by either of its names, over or not.
    #[must_use]
    pub fn until(&self, asker: &AskerHash) -> Option<Timestamp> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let ends = |name: u64| known.ends.get(&name).copied();
        ends(asker.current).max(asker.previous.and_then(ends))
    }

    /// How many askers are flagged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).ends.len()
    }

    /// Nobody is flagged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
