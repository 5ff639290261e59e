//! What handles on one store have in common: the runs that stand.
//!
//! Owns reading pasts by many at once, without a handle. Which runs stand is the store's to say (`store.rs`).

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Peek;
use super::runs::{self, Runs, Wait};
use crate::index::UnitKey;
use crate::verify::history::Past;

/// Memory that a thread keeps for blocks; a longer one is read into memory of its own.
const KEPT: usize = 32 * 1024;

thread_local! {
    /// Where the blocks are read that this thread looks into.
    static BLOCK: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What handles that were made of each other share.
#[derive(Debug)]
pub(super) struct Shared {
    folder: PathBuf,
    /// The runs of the last manifest; `None` until they were opened.
    current: Mutex<Option<Arc<Runs>>>,
}

impl Shared {
    /// Of the runs in a folder, none of them open.
    pub(super) const fn of(folder: PathBuf) -> Self {
        Self { folder, current: Mutex::new(None) }
    }

    /// Where the runs lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The runs that stand, as far as they were opened.
    pub(super) fn current(&self) -> MutexGuard<'_, Option<Arc<Runs>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peek for Shared {
    fn peek(&self, key: &UnitKey, from_disk: bool) -> Option<Past> {
        let runs = self.current().clone()?;
        let wait = if from_disk { Wait::ForDisk } else { Wait::Never };
        BLOCK.with_borrow_mut(|block| {
            let past = match runs::find(&runs, key, block, wait) {
                Ok(Some(past)) => minicbor::decode(past).ok(),
                Ok(None) => Some(Past::default()),
                Err(_) => None,
            };
            if block.capacity() > KEPT {
                *block = Vec::new();
            }
            past
        })
    }
}
