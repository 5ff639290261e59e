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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::history::Past;

    /// Holds units 1 to 3 in memory and 4 to 6 on a disk, and cannot read others.
    struct Stored;

    impl Peek for Stored {
        fn peek(&self, key: &UnitKey, from_disk: bool) -> Option<Past> {
            let serial = key.as_native().map_or(0, |(_, _, serial)| serial);
            (serial <= 3 || (from_disk && serial <= 6)).then(Past::default)
        }
    }

    #[tokio::test]
    async fn what_memory_or_the_disk_holds_is_read_and_counts_the_batches_known_before() {
        let ahead = Ahead::of(Arc::new(Stored), Arc::new(AtomicU64::new(7)));
        let asked = |from, to| (from..=to).map(|serial| UnitKey::native(1, 5, serial));
        for (from, to) in [(1, 2), (3, 5), (6, 8), (7, 8)] {
            let read = ahead.read(asked(from, to)).await;
            let keys: Vec<UnitKey> = read.iter().map(|one| one.key).collect();
            assert_eq!(keys, asked(from, to.min(6)).collect::<Vec<_>>());
            assert!(read.iter().all(|one| one.as_of == 7));
        }
    }

    #[tokio::test]
    async fn where_too_many_wait_for_the_disk_nobody_else_does() {
        let ahead = Ahead::of(Arc::new(Stored), Arc::default());
        let all = Arc::clone(&ahead.waiting).try_acquire_many_owned(u32::try_from(WAITING).unwrap()).unwrap();
        let asked = || (3..=4).map(|serial| UnitKey::native(1, 5, serial));
        assert_eq!(ahead.read(asked()).await.len(), 1);
        drop(all);
        assert_eq!(ahead.read(asked()).await.len(), 2);
    }
}
