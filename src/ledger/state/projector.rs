//! The thread that writes histories, one batch at a time.
//!
//! Owns the thread and its two ends. What a batch holds, and what is done where one fails, is the state's.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use crate::ledger::histories::{Changes, Histories};
use crate::ledger::log::LogError;
use crate::ledger::writer::chain;

/// The thread that writes histories.
#[derive(Debug)]
pub(super) struct Projector {
    pub(super) work: SyncSender<Arc<Changes>>,
    pub(super) done: Receiver<Result<(), LogError>>,
    thread: JoinHandle<()>,
}

impl Projector {
    pub(super) fn start(mut histories: Box<dyn Histories>) -> Result<Self, LogError> {
        let (work, jobs) = sync_channel::<Arc<Changes>>(1);
        let (results, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("histories".to_owned())
            .spawn(move || {
                let mut more = true;
                while let Some(changes) = next(&jobs, histories.as_mut(), &mut more) {
                    let result = histories.apply(&changes);
                    // The units are the writer's again before it hears of it.
                    drop(changes);
                    if results.send(result).is_err() {
                        return;
                    }
                    more = true;
                }
            })
            .map_err(|source| LogError::Store { doing: "opened", source: Box::new(source) })?;
        Ok(Self { work, done, thread })
    }

    pub(super) fn stop(self) {
        drop(self.work);
        drop(self.done);
        if self.thread.join().is_err() {
            tracing::error!("the thread that writes histories had panicked");
        }
    }
}

/// The next batch; until there is one, what was taken in before is put in order, as long as there is more of it to do. `None`
/// once the writer has ended.
fn next(jobs: &Receiver<Arc<Changes>>, histories: &mut dyn Histories, more: &mut bool) -> Option<Arc<Changes>> {
    while *more {
        match jobs.try_recv() {
            Ok(changes) => return Some(changes),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        *more = histories.tend().unwrap_or_else(|error| {
            tracing::warn!(cause = %chain(&error), "histories could not be merged, trying again some batches later");
            false
        });
    }
    jobs.recv().ok()
}
