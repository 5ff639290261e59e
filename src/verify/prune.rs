//! Dropping what is too old by the policy: segments of the log, one after another, while inquiries are answered.
//!
//! Owns the order of the steps: histories on disk up to the log's end, so that no start needs what is about to leave it; the
//! segment copied into the archive, reduced beside the whole one, recorded in the log, and only then the whole one removed.
//! What a kill in between leaves is finished by the next run, whatever the policy says by then. Decides nothing about what
//! stays; that is `ledger::retention`'s.

use contract::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};

use super::Gateway;
use crate::ledger::checkpoint::{CheckpointError, signing_key, verifying_key};
use crate::ledger::log::LogError;
use crate::ledger::retention::Reduced;
use crate::ledger::retention::reduce::{Due, Note, due, reduce};
use crate::ledger::retention::whole::{self, archive};
use crate::ledger::writer::{Order, OrderError};
use crate::secret::{Secret, SecretError};

/// The one stream there is.
const STREAM: u32 = 0;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The policy says for good: nothing is ever due.
    pub for_good: bool,
    /// Segments that were reduced, also those of a run that was killed over them; or would be.
    pub done: Vec<Segment>,
    /// Segments that are still due after this run.
    pub left: usize,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its first event.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// Log time of its last.
    pub at: Timestamp,
    /// Bytes of its whole file.
    pub bytes: u64,
    /// Events that stay, once it is reduced.
    pub kept: Option<u64>,
    /// Units whose past it holds then.
    pub pasts: Option<u64>,
}

impl Segment {
    fn of(due: &Due, note: Option<&Note>) -> Self {
        let Due { first, last, at, bytes, .. } = *due;
        Self { first, last, at, bytes, kept: note.map(|note| note.kept), pasts: note.map(|note| note.pasts) }
    }
}

/// Why a segment was not reduced.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The key that signs what was done.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It cannot be recorded.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl Gateway {
    /// Reduces the segments that are due, at most `most` of them, the oldest first; with `dry` only says which they are.
    /// Inquiries are answered meanwhile.
    ///
    /// # Errors
    /// [`PruneError`]; segments reduced before it stay so.
    pub async fn prune(&self, by: &str, dry: bool, most: usize) -> Result<Pruned, PruneError> {
        let _one_at_a_time = self.pruning.lock().await;
        let folder = self.folder.log();
        let now = (self.shared.clock)();
        let mut done = if dry { Vec::new() } else { self.finish(by).await? };
        let Some(keep) = self.shared.retention.log() else {
            return Ok(Pruned { for_good: true, done, left: 0 });
        };
        let found = blocking(move || due(&folder, STREAM, keep, now)).await??;
        if dry {
            let done = found.iter().map(|due| Segment::of(due, None)).collect();
            return Ok(Pruned { for_good: false, done, left: found.len() });
        }
        let left = found.len().saturating_sub(most);
        if most > 0 && !found.is_empty() {
            self.order(Order::Checkpoint).await?;
        }
        for due in found.into_iter().take(most) {
            done.push(self.reduce(due, by).await?);
        }
        let folder = self.folder.log();
        blocking(move || whole::remove(&folder, STREAM)).await??;
        self.reader.renew().map_err(OrderError::Refused)?;
        Ok(Pruned { for_good: false, done, left })
    }

    /// Finishes what a run was killed over: records what it reduced where the log does not say so yet, and removes the
    /// whole segments.
    async fn finish(&self, by: &str) -> Result<Vec<Segment>, PruneError> {
        let (folder, master) = (self.folder.log(), self.folder.master());
        let left = blocking(move || -> Result<_, PruneError> {
            Ok(whole::left(&folder, STREAM, &verifying_key(&Secret::load(&master)?))?)
        })
        .await??;
        let mut done = Vec::new();
        for (due, note, is_recorded) in left {
            if !is_recorded {
                self.tell(&note, by).await?;
                done.push(Segment::of(&due, Some(&note)));
            }
        }
        let folder = self.folder.log();
        blocking(move || whole::remove(&folder, STREAM)).await??;
        Ok(done)
    }

    async fn reduce(&self, due: Due, by: &str) -> Result<Segment, PruneError> {
        let (folder, master) = (self.folder.log(), self.folder.master());
        let into = self.shared.retention.archive.clone();
        let (due, note) = blocking(move || -> Result<(Due, Note), PruneError> {
            if let Some(into) = &into {
                archive(&due, into)?;
            }
            let key = signing_key(&Secret::load(&master)?);
            let note = reduce(&folder, STREAM, &due, &key)?;
            Ok((due, note))
        })
        .await??;
        self.tell(&note, by).await?;
        Ok(Segment::of(&due, Some(&note)))
    }

    /// Records that a segment was reduced.
    async fn tell(&self, note: &Note, by: &str) -> Result<(), PruneError> {
        let Note { first, last, hash, kept, .. } = *note;
        tracing::info!(first, last, kept, "a segment of the log was reduced");
        self.order(Order::Reduced(Reduced { first, last, hash: hash.into(), kept, by: by.to_owned() })).await?;
        Ok(())
    }

    /// Destroys keys that have served their time, also where nobody asks anything.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn tidy_keys(&self) -> Result<(), OrderError> {
        self.order(Order::TidyKeys).await.map(drop)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, OrderError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| OrderError::Refused(Refusal::Internal))
}
