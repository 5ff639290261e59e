//! Coming up: a data folder's lock, keys, log and projections become a running core.
//!
//! Owns the settings, the order of opening, and what refuses to open. Nothing is answered here.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use super::Gateway;
use super::admit::{Admission, Flags, Quotas};
use super::decide::Rules;
use super::learn;
use super::reader::Reader;
use crate::code::Codes;
use crate::code::layout::Layouts;
use crate::index::catalogue::Catalogue;
use crate::index::register::Register;
use crate::ledger::ahead::Ahead;
use crate::ledger::checkpoint::{CheckpointError, Checkpoints, check_head};
use crate::ledger::folder::{Folder, FolderError, Lock};
use crate::ledger::histories::{Histories, SqliteHistories};
use crate::ledger::keys::Keys;
use crate::ledger::log::{Log, LogError};
use crate::ledger::receipts::Receipts;
use crate::ledger::reindex;
use crate::ledger::retention::Retention;
use crate::ledger::segments::SegmentLog;
use crate::ledger::state::State;
use crate::ledger::writer::{Clock, Jobs, Pace, Shared, Writer, apply_rare};
use crate::secret::{Secret, SecretError};

/// Phones that want no replies, kept at most; beyond it the one that said so first is forgotten. Some 100 MB.
const OPT_OUTS: usize = 1_000_000;
/// Whoever waits longer than this for a gateway to come up is told how far it is.
const TOLD_AFTER: Duration = Duration::from_secs(2);
/// Events between two looks at the clock.
const TOLD_EVERY: u64 = 1_024;

/// How the core works; every figure has a default that serves one small machine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The thresholds of the verdicts.
    pub rules: Rules,
    /// How often an asker is answered.
    pub quotas: Quotas,
    /// The layouts of numbers.
    pub layouts: Layouts,
    /// Events per commit at most.
    pub group: usize,
    /// Inquiries that may wait for the writer; beyond it they are refused.
    pub queue: usize,
    /// Units whose history is held in memory.
    pub hot_units: usize,
    /// Messages whose answer is repeated.
    pub replay_ids: usize,
    /// A checkpoint is signed after so many events.
    pub checkpoint_events: u64,
    /// And after so long.
    pub checkpoint_every: Duration,
    /// How long what is kept of askers is kept.
    pub retention: Retention,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            quotas: Quotas::default(),
            layouts: Layouts::default(),
            group: 512,
            queue: 8_192,
            hot_units: 64_000,
            replay_ids: 450_000,
            checkpoint_events: 10_000,
            checkpoint_every: Duration::from_secs(300),
            retention: Retention::default(),
        }
    }
}

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The keys.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The log or its projections.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The checkpoints.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A thread cannot be started.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

impl Gateway {
    /// Opens a data folder that `init` has prepared: takes its lock, checks the log's end against the last checkpoint,
    /// loads what was issued and what stands, and starts the writer.
    ///
    /// # Errors
    /// [`OpenError`]; each says what to do.
    pub fn open(folder: Folder, settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        let lock = folder.lock()?;
        let master = Secret::load(&folder.master())?;
        let log = SegmentLog::open(&folder.log(), 0)?;
        let histories = SqliteHistories::take(&folder.histories())?.keeping(settings.replay_ids as u64);
        Self::start((folder, lock), settings, clock, (Box::new(log), Box::new(histories)), &master)
    }

    /// As [`Gateway::open`], on a log whose commits are not synced. Only the crash driver may use it: an answer that this
    /// gives is not on disk.
    ///
    /// # Errors
    /// [`OpenError`].
    #[doc(hidden)]
    pub fn open_unsynced(folder: Folder, settings: Settings, clock: Clock) -> Result<Self, OpenError> {
        let lock = folder.lock()?;
        let master = Secret::load(&folder.master())?;
        let log = SegmentLog::open_unsynced(&folder.log(), 0)?;
        let histories = SqliteHistories::take(&folder.histories())?.keeping(settings.replay_ids as u64);
        Self::start((folder, lock), settings, clock, (Box::new(log), Box::new(histories)), &master)
    }

    /// Starts on stores that are open.
    pub(super) fn start(
        (folder, lock): (Folder, Lock),
        settings: Settings,
        clock: Clock,
        (log, histories): (Box<dyn Log>, Box<dyn Histories>),
        master: &Secret,
    ) -> Result<Self, OpenError> {
        let now = clock();
        let checkpoints = Checkpoints::open(&folder.checkpoints, 0, master)?;
        let last = checkpoints.last().cloned();
        check_head(&log.head(), last.as_ref())?;
        let shared = Arc::new(Shared {
            register: Arc::new(Register::new(
                Catalogue::new(Codes::new(settings.layouts, master.clone())),
                folder.sets(),
            )),
            flags: Arc::new(Flags::default()),
            opted_out: Flags::holding(OPT_OUTS),
            forgotten: Arc::default(),
            retention: settings.retention,
            rules: settings.rules,
            keys: RwLock::new(Keys::open(&folder.keys, master, now)?),
            receipts: Receipts::new(master),
            clock,
            fault: Mutex::new(None),
            receipts_given: AtomicU64::new(log.head().receipts),
        });
        let mut reader = log.reader()?;
        let (head, mut told) = (log.head().sequence, (shared.clock)());
        reindex::walk(reader.as_mut(), &mut |row| {
            if row.sequence.is_multiple_of(TOLD_EVERY) && (shared.clock)().since(told) >= TOLD_AFTER {
                told = (shared.clock)();
                tracing::info!(event = row.sequence, of = head, "coming up: the index is folded from the log");
            }
            apply_rare(&shared, row)
        })?;
        let bounds = (settings.hot_units, settings.replay_ids);
        let store = histories.peek();
        let state = State::open(histories, reader.as_mut(), log.head(), bounds, Arc::clone(&shared.forgotten))?;
        let replays = Arc::clone(state.replays());
        let ahead = Ahead::of(store, state.collected());
        let admission = Admission::new(settings.quotas, Arc::clone(&shared.flags));
        learn::restore(&admission, reader.as_mut(), &shared, now)?;
        // Before the writer: one that was started must be told to end.
        let reader = Reader::start(reader, Arc::clone(&shared)).map_err(OpenError::Thread)?;
        let jobs = Arc::new(Jobs::holding(settings.queue));
        let pace = Pace {
            group: settings.group,
            checkpoint_events: settings.checkpoint_events,
            checkpoint_every: settings.checkpoint_every,
        };
        let writer = Writer {
            checkpointed: (last.as_ref().map_or(0, |checkpoint| checkpoint.sequence), now),
            log,
            state,
            shared: Arc::clone(&shared),
            checkpoints,
            pace,
            commit_took: Duration::ZERO,
            uncertain: false,
        };
        let writer = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn({
                let jobs = Arc::clone(&jobs);
                move || writer.run(&jobs)
            })
            .map_err(OpenError::Thread)?;
        Ok(Self {
            admission,
            reader,
            shared,
            replays,
            ahead,
            jobs,
            folder,
            writer: Mutex::new(Some(writer)),
            pruning: tokio::sync::Mutex::default(),
            _lock: lock,
        })
    }

    /// Prepares a folder: its sub-folders, readable by nobody else, and the master key. A folder that has a key already
    /// is left as it is. When this returns the folders survive a power cut: a sync of what lies in a folder says nothing
    /// of the folder's own name.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn init(folder: &Folder) -> Result<bool, OpenError> {
        use std::os::unix::fs::DirBuilderExt;
        for dir in [&folder.data, &folder.keys, &folder.checkpoints, &folder.log(), &folder.sets()] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .and_then(|()| sync_up_from(dir))
                .map_err(|source| FolderError::Io { path: dir.clone(), source })?;
        }
        if folder.master().exists() {
            return Ok(false);
        }
        Secret::create(&folder.master())?;
        Ok(true)
    }
}

/// Makes durable what lies in a folder, its name and those of the folders above it, as many as this process may read.
fn sync_up_from(folder: &std::path::Path) -> std::io::Result<()> {
    let folder = folder.canonicalize()?;
    for above in folder.ancestors() {
        match std::fs::File::open(above) {
            Ok(above) => above.sync_all()?,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
