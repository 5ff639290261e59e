//! Reading ahead: whoever asks reads the pasts of its units itself before it queues, many at a time, so that the writer, of
//! whom there is one, need not.
//!
//! A help, never a need: what was not read, or is out of date by its turn, the writer reads itself. Says of how many batches
//! each past surely knows; whether that is enough is the state's to judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::histories::Peek;
use super::state::Read;
use crate::index::UnitKey;

/// Inquiries that wait for the disk at once; beyond them it is the writer who does.
const WAITING: usize = 32;

/// Who reads ahead.
pub(crate) struct Ahead {
    store: Arc<dyn Peek>,
    /// Counts the batches that are in the store for sure.
    collected: Arc<AtomicU64>,
    waiting: Arc<Semaphore>,
}

impl Ahead {
    /// From a store, with the state's count of its batches.
    pub(crate) fn of(store: Arc<dyn Peek>, collected: Arc<AtomicU64>) -> Self {
        Self { store, collected, waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// Their pasts, as far as they can be read. What the system holds in memory is read at once, the rest where waiting
    /// keeps nobody from working.
    pub(crate) async fn read(&self, units: impl Iterator<Item = UnitKey>) -> Vec<Read> {
        // Before the reading begins: a past may know of more batches, never of fewer.
        let as_of = self.collected.load(Ordering::Acquire);
        let mut read = Vec::new();
        let mut far = Vec::new();
        for key in units {
            match self.store.peek(&key, false) {
                Some(past) => read.push(Read { key, past, as_of }),
                None => far.push(key),
            }
        }
        if far.is_empty() {
            return read;
        }
        let Ok(permit) = Arc::clone(&self.waiting).try_acquire_owned() else { return read };
        let store = Arc::clone(&self.store);
        let fetch = move || {
            let _held_while_reading = permit;
            let one = |key| store.peek(&key, true).map(|past| Read { key, past, as_of });
            far.into_iter().filter_map(one).collect::<Vec<_>>()
        };
        read.extend(tokio::task::spawn_blocking(fetch).await.unwrap_or_default());
        read
    }
}
