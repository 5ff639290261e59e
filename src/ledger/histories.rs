//! The projections on disk: histories of units, ids of messages, owed replies, with the position they stand at.
//!
//! Owns what a store of them is ([`Histories`]). The one there is keeps pasts in sorted files (`runs.rs`) and the rest in
//! SQLite, which also says which files count (`store.rs`, `standing.rs`). Written by one thread in sorted batches; a batch
//! and its position are one transaction. Everything here can be rebuilt from the log, and rebuilding gives the same units
//! ([`Histories::digest`]).

mod manifest;
mod runs;
mod shared;
mod standing;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contract::{Channel, Day, Timestamp};

pub(super) use self::manifest::{named_runs, runs_beside};
pub use self::store::SqliteHistories;
use super::log::LogError;
use super::replay::Replayed;
use crate::index::UnitKey;
use crate::verify::history::Past;

/// A reply that is owed, as the projection keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwedEntry {
    /// By which channel.
    pub channel: Channel,
    /// The day of its route's key.
    pub day: Day,
    /// Until then it is of use.
    pub until: Timestamp,
}

/// A past in the bytes it is stored in: a fraction of the memory that it takes when it is open.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// A past's bytes.
    ///
    /// # Panics
    /// Never: encoding into memory cannot fail.
    #[must_use]
    pub fn of(past: &Past) -> Self {
        // One session without a place takes some 50 bytes.
        let mut bytes = Vec::with_capacity(128);
        minicbor::encode(past, &mut bytes).expect("encoding into memory cannot fail");
        Self(bytes.into_boxed_slice())
    }

    /// From bytes that were stored.
    #[must_use]
    pub fn stored(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }

    /// The past of this unit.
    ///
    /// # Errors
    /// [`LogError::Store`] where the bytes are not a past's.
    pub fn past(&self, key: &UnitKey) -> Result<Past, LogError> {
        minicbor::decode(&self.0).map_err(|source| unreadable(key, source))
    }

    /// As stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As how many units it counts where memory is bounded by units: one with a session or two is one, which takes some 120
    /// bytes with its place in a map, and one with as many sessions as are listed up to twenty-one.
    #[must_use]
    pub fn weight(&self) -> usize {
        1 + self.0.len().saturating_sub(64) / 96
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}

/// Something for each of some units. Their keys come from our own numbers, and the hash is seeded by each process: nobody
/// chooses which of them meet.
pub type Units<T> = HashMap<UnitKey, T, foldhash::fast::RandomState>;

/// What changed up to a position of the log.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The last event taken in.
    pub position: u64,
    /// Units with their new pasts.
    pub units: Units<Packed>,
    /// Messages answered, in the order of the log.
    pub replays: Vec<([u8; 16], Replayed)>,
    /// Replies that are now owed, or (`None`) no longer.
    pub owed: BTreeMap<u64, Option<OwedEntry>>,
    /// Log time, for forgetting what has expired.
    pub at: Timestamp,
}

/// Pasts for many readers at once, each as the store has it at that moment.
pub trait Peek: Send + Sync {
    /// A unit's past, empty where nothing ever happened to it. `None` where that cannot be said: it cannot be read, or the
    /// system does not hold it in memory and it is not to be fetched from the disk.
    fn peek(&self, key: &UnitKey, from_disk: bool) -> Option<Past>;
}

/// A store of projections.
pub trait Histories: Send {
    /// The last event of the log that is taken in.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn position(&mut self) -> Result<u64, LogError>;

    /// A unit's past, if anything ever happened to it.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn past(&mut self, key: &UnitKey) -> Result<Option<Past>, LogError>;

    /// Ends what reading began: the pasts read between two calls are of one instant, and later ones are of a later one. For
    /// one that reads again and again: beginning costs as much as reading a past.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn refresh(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    /// What it holds, for many readers.
    fn peek(&self) -> Arc<dyn Peek>;

    /// Takes in a batch, all of it or nothing.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn apply(&mut self, changes: &Changes) -> Result<(), LogError>;

    /// Puts in order what was taken in, a few milliseconds' worth; whether there is more to do. For whoever takes batches in,
    /// between them: without it reading becomes slower, and in the end a batch takes the time.
    ///
    /// # Errors
    /// [`LogError::Store`]; everything is as before, and is tried again some batches later.
    fn tend(&mut self) -> Result<bool, LogError> {
        Ok(false)
    }

    /// Messages answered and replies owed, for coming up.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn standing(&mut self) -> Result<Standing, LogError>;

    /// SHA-256 over every unit with its past in order of key: the same log gives the same digest.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn digest(&mut self) -> Result<[u8; 32], LogError>;

    /// Another handle on the same store.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn another(&self) -> Result<Box<dyn Histories>, LogError>;
}

/// What stands when the gateway comes up.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Messages answered.
    pub replays: HashMap<[u8; 16], Replayed>,
    /// Replies owed.
    pub owed: BTreeMap<u64, OwedEntry>,
}

fn unreadable(key: &UnitKey, source: minicbor::decode::Error) -> LogError {
    LogError::Store {
        doing: "read",
        source: format!("the history of unit {key} is damaged ({source}); run `verigate ledger rebuild`").into(),
    }
}

#[cfg(test)]
mod tests;
