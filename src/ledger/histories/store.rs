//! The store of histories on disk: runs of units in files (`runs.rs`), and a SQLite file that says which of them count.
//!
//! Owns what happens to the manifest (`manifest.rs`). `history.db` lies beside the folder `history.runs`.
//!
//! **How a change becomes visible.** A batch's units are written to a run of their own, which is on disk, its folder too,
//! before the one transaction that names it, brings the position forward and takes in ids and replies. Handles that were
//! made of each other share what that left; each reads the runs that stood when it began ([`Histories::refresh`]), also
//! after a merge has removed their files. A handle that was opened beside the one that writes knows what stood when it first
//! read.
//!
//! **What a crash leaves.** Files that no manifest names: of a batch, a merge or a rebuild that was not committed, or of runs
//! whose removal was not synced. They are removed by [`SqliteHistories::take`], when nobody else reads. A file that a
//! manifest named is removed only once a manifest without it is on disk; and one whose transaction failed is left until a
//! later one is, for a commit that failed may yet stand after a crash.
//!
//! **What is bounded.** Each run is an open file. Merging keeps them to some twenty; where it cannot keep up, or fails, a batch
//! beyond [`MOST_RUNS`] merges first, and fails where that fails.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest as _, Sha256};

use super::manifest::{MIGRATIONS, entries, insert, numbers_in, opened, runs_beside};
use super::runs::merge::{Merge, Merged, choose, different};
use super::runs::write::Writer;
use super::runs::{self, Entry, Run, RunError, Runs, Wait};
use super::shared::Shared;
use super::{Changes, Histories, Packed, Peek, Standing, Units, standing, unreadable};
use crate::index::UnitKey;
use crate::ledger::log::LogError;
use crate::ledger::sqlite::{self, Durability, signed, store, unsigned};
use crate::verify::history::Past;

/// Runs that stand at most.
const MOST_RUNS: usize = 128;
/// A merge that failed is begun again after so many batches.
const REST: u64 = 16;
/// So often is a manifest read again whose files went away meanwhile.
const ATTEMPTS: usize = 16;
/// Pages that a file of an older schema may leave unused: more are given back.
const SPARE_PAGES: i64 = 16_384;

/// Histories in files, with their manifest.
#[derive(Debug)]
pub struct SqliteHistories {
    path: PathBuf,
    connection: Connection,
    /// So many ids are kept.
    keep: u64,
    /// How many there are; `None` until they were counted.
    pub(super) ids: Option<u64>,
    shared: Arc<Shared>,
    /// What is read from until [`Histories::refresh`].
    snapshot: Option<Arc<Runs>>,
    /// The block that was read last.
    buffer: Vec<u8>,
    made: Made,
}

/// What a handle that writes is about.
#[derive(Debug, Default)]
struct Made {
    /// The next run's number; `None` until the folder was looked into.
    number: Option<u64>,
    /// Merges under way, each of smaller and newer runs than the one before it.
    merges: Vec<Merge>,
    /// Merges of this size and above rest until so many batches were taken in.
    resting: Option<(u32, u64)>,
    /// Batches taken in.
    batches: u64,
    /// Files that may be in no manifest.
    left: Vec<PathBuf>,
}

impl SqliteHistories {
    /// Opens or creates the manifest; its runs are opened when they are first read.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Store`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        Self::open_in(path, runs_beside(path))
    }

    /// As [`SqliteHistories::open`], with the runs in another folder than beside the manifest.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Store`].
    pub(in crate::ledger) fn open_in(path: &Path, folder: PathBuf) -> Result<Self, LogError> {
        let shared = Arc::new(Shared::of(folder));
        Self::sharing(path.to_owned(), u64::MAX, shared)
    }

    fn sharing(path: PathBuf, keep: u64, shared: Arc<Shared>) -> Result<Self, LogError> {
        let connection = sqlite::open(&path, Durability::Projection, MIGRATIONS)?;
        let (snapshot, buffer, made) = (None, Vec::new(), Made::default());
        Ok(Self { path, connection, keep, ids: None, shared, snapshot, buffer, made })
    }

    /// Keeps so many ids and at most those of one batch more, the ones that expire last; without this, all until they
    /// expire. The newest batch's stay in any case.
    #[must_use]
    pub const fn keeping(mut self, ids: u64) -> Self {
        self.keep = ids;
        self
    }

    /// As [`SqliteHistories::open`], for the one process that writes: what the one before it left unsynced, when it was
    /// killed, is made durable first, every run is opened, and files that are none's are removed.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Store`], also where a run is missing or damaged.
    pub fn take(path: &Path) -> Result<Self, LogError> {
        sqlite::settle(path).map_err(|source| LogError::Store { doing: "opened", source: Box::new(source) })?;
        let store = Self::open(path)?;
        let spare = store.connection.pragma_query_value(None, "freelist_count", |row| row.get(0));
        // The table of an older schema was as large as all histories.
        if spare.is_ok_and(|spare: i64| spare > SPARE_PAGES)
            && let Err(error) = store.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
        {
            tracing::warn!(cause = %error, "unused pages of the histories could not be given back");
        }
        store.tidy()?;
        Ok(store)
    }

    /// Opens every run that the manifest names, which checks all of them but their blocks.
    ///
    /// # Errors
    /// [`LogError::Store`], also where a run is missing or damaged.
    pub(in crate::ledger) fn check(&self) -> Result<(), LogError> {
        self.load().map(drop)
    }

    /// Removes the files of runs that the manifest does not name. Nobody else may write.
    ///
    /// # Errors
    /// [`LogError::Store`], also where a run is missing or damaged.
    pub(in crate::ledger) fn tidy(&self) -> Result<(), LogError> {
        let current = self.load()?;
        for number in self.numbers()? {
            if !current.iter().any(|(_, run)| run.number() == number) {
                let path = self.shared.folder().join(runs::file_name(number));
                fs::remove_file(&path).map_err(|source| RunError::Io { path, source }.when("opened"))?;
            }
        }
        Ok(())
    }

    /// Removes the files of runs from this number on: of what was never committed.
    pub(in crate::ledger) fn discard(folder: &Path, from: u64) {
        for number in numbers_in(folder).unwrap_or_default().into_iter().filter(|number| *number >= from) {
            // What is left is removed at the next start.
            let _left = fs::remove_file(folder.join(runs::file_name(number)));
        }
    }

    /// The number that no file in a folder of runs has, nor any after it.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub(in crate::ledger) fn unused(folder: &Path) -> Result<u64, LogError> {
        let numbers =
            numbers_in(folder).map_err(|source| RunError::Io { path: folder.to_owned(), source }.when("opened"))?;
        Ok(numbers.into_iter().max().map_or(1, |last| last + 1))
    }

    /// Closes the manifest with everything in it, so that it can take another name.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub fn finish(self) -> Result<(), LogError> {
        sqlite::finish(self.connection)
    }

    /// How many units have a history: reads them all.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub fn units(&self) -> Result<usize, LogError> {
        let mut merged = Merged::of(self.load()?.as_ref());
        let mut units = 0;
        while merged.next().map_err(|error| error.when("read"))?.is_some() {
            units += 1;
        }
        Ok(units)
    }

    fn numbers(&self) -> Result<Vec<u64>, LogError> {
        let folder = self.shared.folder();
        numbers_in(folder).map_err(|source| RunError::Io { path: folder.to_owned(), source }.when("opened"))
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Runs>>> {
        self.shared.current()
    }

    /// The runs that stand now, opened where they are not yet.
    fn load(&self) -> Result<Arc<Runs>, LogError> {
        let mut current = self.current();
        if let Some(runs) = current.as_ref() {
            return Ok(Arc::clone(runs));
        }
        let mut manifest = entries(&self.connection).map_err(store("read"))?;
        for _ in 0..ATTEMPTS {
            match opened(self.shared.folder(), &manifest, &Runs::new()) {
                Ok(runs) => {
                    let runs = Arc::new(runs);
                    *current = Some(Arc::clone(&runs));
                    return Ok(runs);
                }
                Err(RunError::Io { path, source }) if source.kind() == io::ErrorKind::NotFound => {
                    // Another handle may have merged it away meanwhile.
                    let again = entries(&self.connection).map_err(store("read"))?;
                    if again == manifest {
                        return Err(RunError::Damaged { path, at: 0, what: "it is missing" }.when("read"));
                    }
                    manifest = again;
                }
                Err(error) => return Err(error.when("read")),
            }
        }
        Err(LogError::Store { doing: "read", source: "the histories change faster than they can be opened".into() })
    }

    /// Makes visible what was committed, and removes what no longer counts.
    fn publish(&mut self, manifest: &[Entry], run: Option<Run>) {
        let mut known: Runs = self.current().as_deref().cloned().unwrap_or_default();
        known.extend(run.map(|run| (0, Arc::new(run))));
        let runs = opened(self.shared.folder(), manifest, &known).map(Arc::new).ok();
        // Where one cannot be opened, who reads next says so.
        *self.current() = runs;
        self.snapshot = None;
        for path in self.made.left.drain(..) {
            let number = path.file_name().and_then(|name| name.to_str()).and_then(runs::number_in);
            if !manifest.iter().any(|entry| Some(entry.number) == number) {
                // What is left is removed at the next start.
                let _left = fs::remove_file(&path);
            }
        }
    }

    /// Begins a run under the next free number.
    fn begin(&mut self, units: u64) -> Result<Writer, LogError> {
        let folder = self.shared.folder().to_owned();
        let io = |source| RunError::Io { path: folder.clone(), source }.when("written");
        let mut number = match self.made.number {
            Some(number) => number,
            None => {
                // Its name too must outlive a power cut, whoever made it.
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(io)?;
                let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
                fs::File::open(above.unwrap_or_else(|| Path::new(".")))
                    .and_then(|above| above.sync_all())
                    .map_err(io)?;
                Self::unused(&folder)?
            }
        };
        loop {
            self.made.number = Some(number + 1);
            match Writer::create(&folder, number, units) {
                Err(RunError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => number += 1,
                other => return other.map_err(|error| error.when("written")),
            }
        }
    }

    /// A batch's units in a run of their own, on disk.
    fn written(&mut self, units: &Units<Packed>) -> Result<Option<Run>, LogError> {
        if units.is_empty() {
            return Ok(None);
        }
        let mut sorted: Vec<(u128, &Packed)> = units.iter().map(|(key, past)| (runs::integer(key), past)).collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        let mut writer = self.begin(sorted.len() as u64)?;
        let mut put = || sorted.iter().try_for_each(|(key, past)| writer.put(*key, past.as_bytes()));
        let run = put().and_then(|()| writer.finish()).map_err(|error| error.when("written"))?;
        self.made.left.push(run.path().to_owned());
        Ok(Some(run))
    }

    /// Merges until there is room for one run more.
    fn make_room(&mut self) -> Result<(), LogError> {
        while self.load()?.len() >= MOST_RUNS {
            self.made.resting = None;
            if !self.merge()? {
                return Err(LogError::Store {
                    doing: "written",
                    source: "there are too many runs of histories".into(),
                });
            }
        }
        Ok(())
    }

    /// A step of the merge that comes first; whether there was one.
    fn merge(&mut self) -> Result<bool, LogError> {
        let runs = self.load()?;
        self.begin_merge(&runs)?;
        let Some(merge) = self.made.merges.last_mut() else { return Ok(false) };
        let size = merge.size();
        let outcome = match merge.step() {
            Ok(false) => Ok(()),
            Ok(true) => self.end_merge(),
            Err(error) => {
                self.made.merges.pop();
                Err(error.when("merged"))
            }
        };
        if outcome.is_err() {
            self.made.resting = Some((size, self.made.batches + REST));
        }
        outcome.map(|()| true)
    }

    fn begin_merge(&mut self, runs: &Runs) -> Result<(), LogError> {
        let taken = self.made.merges.last().and_then(|merge| Some((merge.inputs().first()?.0, merge.size())));
        let free = runs.partition_point(|(newest, _)| taken.is_none_or(|(taken, _)| *newest > taken));
        let free = runs.get(..free).unwrap_or_default();
        let Some((chosen, size)) = choose(free, taken.is_none()) else { return Ok(()) };
        let rests = self.made.resting.is_some_and(|(least, until)| size >= least && self.made.batches < until);
        if rests || taken.is_some_and(|(_, taken)| size >= taken) {
            return Ok(());
        }
        let inputs = free.get(chosen).unwrap_or_default().to_vec();
        let begun = different(&inputs).map_err(|error| error.when("merged")).and_then(|units| self.begin(units));
        if begun.is_err() {
            self.made.resting = Some((size, self.made.batches + REST));
        }
        self.made.merges.push(Merge::begin(inputs, size, begun?));
        Ok(())
    }

    /// Puts the run that was made in the place of those it was made of.
    fn end_merge(&mut self) -> Result<(), LogError> {
        let Some(merge) = self.made.merges.pop() else { return Ok(()) };
        let (run, inputs) = merge.finish().map_err(|error| error.when("merged"))?;
        self.made.left.push(run.path().to_owned());
        let Some(newest) = inputs.first().map(|(newest, _)| *newest) else { return Ok(()) };
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(store("merged"))?;
        let mut delete =
            transaction.prepare_cached("DELETE FROM run WHERE newest = ?1 AND number = ?2").map_err(store("merged"))?;
        for (newest, input) in &inputs {
            let deleted = delete.execute([signed(*newest), signed(input.number())]).map_err(store("merged"))?;
            if deleted != 1 {
                return Err(LogError::Store { doing: "merged", source: "another handle has merged them".into() });
            }
        }
        drop(delete);
        insert(&transaction, &run.entry(newest)).map_err(store("merged"))?;
        let manifest = entries(&transaction).map_err(store("merged"))?;
        transaction.commit().map_err(store("merged"))?;
        self.made.left.extend(inputs.iter().map(|(_, run)| run.path().to_owned()));
        self.publish(&manifest, Some(run));
        Ok(())
    }
}

impl Histories for SqliteHistories {
    fn position(&mut self) -> Result<u64, LogError> {
        standing::position(&self.connection).map_err(store("read"))
    }

    fn past(&mut self, key: &UnitKey) -> Result<Option<Past>, LogError> {
        if self.snapshot.is_none() {
            self.snapshot = Some(self.load()?);
        }
        let Some(runs) = self.snapshot.as_deref() else { return Ok(None) };
        // Decoded where it lies: no copy.
        let found = runs::find(runs, key, &mut self.buffer, Wait::ForDisk).map_err(|error| error.when("read"))?;
        found.map(minicbor::decode).transpose().map_err(|source| unreadable(key, source))
    }

    fn refresh(&mut self) -> Result<(), LogError> {
        self.snapshot = None;
        Ok(())
    }

    fn peek(&self) -> Arc<dyn Peek> {
        Arc::clone(&self.shared) as Arc<dyn Peek>
    }

    fn apply(&mut self, changes: &Changes) -> Result<(), LogError> {
        self.refresh()?;
        self.make_room()?;
        let run = self.written(&changes.units)?;
        // Counted again after a failure, which may have taken anything.
        let known = self.ids.take();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(store("written"))?;
        let change = || {
            standing::write(&transaction, changes)?;
            if let Some(run) = &run {
                let newest = transaction.query_row("SELECT COALESCE(MAX(newest), 0) FROM run", [], |row| row.get(0));
                insert(&transaction, &run.entry(unsigned(newest?) + 1))?;
            }
            let ids = standing::forget(&transaction, changes, known, self.keep)?;
            Ok((ids, entries(&transaction)?))
        };
        let (ids, manifest) = change().map_err(store("written"))?;
        transaction.commit().map_err(store("written"))?;
        self.ids = Some(ids);
        self.made.batches += 1;
        self.publish(&manifest, run);
        Ok(())
    }

    fn tend(&mut self) -> Result<bool, LogError> {
        self.merge()
    }

    fn standing(&mut self) -> Result<Standing, LogError> {
        standing::read(&self.connection).map_err(store("read"))
    }

    fn digest(&mut self) -> Result<[u8; 32], LogError> {
        let mut hasher = Sha256::new();
        let mut merged = Merged::of(self.load()?.as_ref());
        while let Some((key, past)) = merged.next().map_err(|error| error.when("read"))? {
            hasher.update(key.to_be_bytes());
            hasher.update((past.len() as u64).to_be_bytes());
            hasher.update(past);
        }
        Ok(hasher.finalize().into())
    }

    fn another(&self) -> Result<Box<dyn Histories>, LogError> {
        Ok(Box::new(Self::sharing(self.path.clone(), self.keep, Arc::clone(&self.shared))?))
    }
}
