//! Reading ahead: the pasts that waiting inquiries need are read from disk while the writer is busy with those before.
//!
//! A help, never a need: what was not read in time, or is out of date, the writer reads itself. Reads one short snapshot
//! at a time and says of how many batches it surely knows; whether that is enough is the state's to judge.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::Jobs;
use crate::ledger::histories::Histories;
use crate::ledger::state::Read;

/// Jobs read for at a time: few, because the writer does not wait for them.
const PIECE: usize = 8;

/// Starts the thread, which ends when the queue is closed; `collected` counts the batches that are in the store for sure.
pub(super) fn start(
    mut histories: Box<dyn Histories>,
    collected: Arc<AtomicU64>,
    jobs: Arc<Jobs>,
) -> std::io::Result<JoinHandle<()>> {
    let work = move || {
        while let Some(wanted) = jobs.unread(PIECE) {
            // Before the snapshot begins: it may know of more batches, never of fewer.
            let as_of = collected.load(Ordering::Acquire);
            let mut read = Vec::with_capacity(wanted.len());
            for (number, key) in wanted {
                // A past that cannot be read is the writer's to find out.
                if let Ok(past) = histories.past(&key) {
                    read.push((number, Read { key, past: past.unwrap_or_default(), as_of }));
                }
            }
            if let Err(error) = histories.refresh() {
                tracing::debug!(cause = %error, "a snapshot cannot be ended");
            }
            jobs.attach(read);
        }
    };
    std::thread::Builder::new().name("ahead".to_owned()).spawn(work)
}
