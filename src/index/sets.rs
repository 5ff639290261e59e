//! The sets: imported lists of numbers, each an immutable file, and the finding over all that stand.
//!
//! Owns which sets stand, since when, and what happened to each as a whole. Membership is in the files ([`mod@file`]), what
//! a number shares with others is in the catalogue: every group of a list becomes a batch there, so that rules about
//! batches and products are written once. Decides nothing and writes no event.
//!
//! **How a change becomes visible.** The sets that stand are one value behind a lock; a change replaces it whole, under a
//! new epoch. A reader takes the value once and sees all of a set or none of it.
//!
//! **A number in several sets** is one unit: the facts are those of the set that came first, and what happened to any of
//! its batches or sets counts, so that a recall of a list cannot be undone by importing the list again.
//!
//! **What damage does.** A set whose file is missing or wrong stands on, unreadable: a number of its shapes that no other
//! set has is not said to be unknown, it is [`Sought::Unreadable`].
//!
//! **What will not scale.** Every set that has a number's form is looked into, one after another: a number that is on
//! none of a hundred lists of one length costs a hundred reads.

mod bits;
mod block;
pub mod file;
pub mod form;
pub mod group;
#[cfg(test)]
pub(super) mod tests;
pub mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

pub use self::block::Row;
use self::file::{FileError, Hash, SetFile};
use self::form::{Form, Shape};
use self::group::Group;
use crate::index::{Batch, LifeEvent, Target, Timeline};

/// The most groups of one list: each becomes a batch in the log and in memory.
pub const MAX_GROUPS: usize = 50_000;

/// A list was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Imported {
    /// The set's number, counted from 1 over the whole ledger.
    #[n(0)]
    pub set: u64,
    /// The hash of its file.
    #[n(1)]
    pub hash: ByteArray<32>,
    /// How many numbers it holds.
    #[n(2)]
    pub rows: u64,
    /// The shapes of its numbers: what cannot be answered for while the file cannot be read.
    #[n(3)]
    pub shapes: Vec<Shape>,
    /// A batch for each group of the file, in their order.
    #[n(4)]
    pub batches: Vec<Batch>,
    /// The name of the list's file.
    #[n(5)]
    pub source: String,
    /// Who imported it.
    #[n(6)]
    pub by: String,
}

/// A list was taken out: its numbers are as if it had never been imported, their histories stay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Removed {
    /// The set's number.
    #[n(0)]
    pub set: u64,
    /// Who removed it.
    #[n(1)]
    pub by: String,
    /// Why.
    #[n(2)]
    pub reason: Option<String>,
}

/// A set that stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its number.
    pub set: u64,
    /// The hash of its file.
    pub hash: Hash,
    /// How many numbers it holds.
    pub rows: u64,
    /// The name of the list it came from.
    pub source: String,
    /// Who imported it.
    pub by: String,
    /// What happened to it as a whole.
    pub life: Timeline,
    shapes: Arc<Vec<Shape>>,
    batches: Arc<Vec<u64>>,
    file: Option<Arc<SetFile>>,
    damaged: Arc<AtomicBool>,
}

impl Standing {
    /// Its file, where that can be used.
    #[must_use]
    pub fn file(&self) -> Option<&Arc<SetFile>> {
        self.file.as_ref().filter(|_| !self.damaged.load(Ordering::Acquire))
    }

    /// The batches of its numbers, in the order of its groups.
    #[must_use]
    pub fn batches(&self) -> &[u64] {
        &self.batches
    }

    /// Says that its file is not to be believed.
    fn distrust(&self, error: &FileError) {
        if !self.damaged.swap(true, Ordering::AcqRel) {
            tracing::error!(set = self.set, cause = %error, "a set of listed numbers cannot be read; its numbers are answered as unavailable");
        }
    }
}

/// The sets that stand, at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Raised with every set that comes or goes; what was found under another is not to be trusted.
    pub epoch: u64,
    /// In the order they came.
    pub sets: Vec<Arc<Standing>>,
}

/// Where a listed number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The set.
    pub set: u64,
    /// The batch of its group.
    pub batch: u64,
    /// The box it was packed into, as its file counts them; 0 for none.
    pub parent: u32,
}

/// What the sets say of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// It is on no list.
    Absent,
    /// It may be on a list that cannot be read.
    Unreadable,
    /// It is on these lists, the one that came first at the front; never empty.
    Held(Vec<Hit>),
}

/// Why a set cannot be taken in or out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no such set, or no longer.
    #[error("there is no set {set}; see `verigate codes list`")]
    Unknown {
        /// Its number.
        set: u64,
    },
    /// The file was not handed over.
    #[error("the sorted list {hash} is not in the data folder: run the import again")]
    NoFile {
        /// Its hash.
        hash: String,
    },
    /// Another list came in since this one was compared with those known.
    #[error("another list was taken in meanwhile (set {set}): run the import again")]
    Overtaken {
        /// The last set.
        set: u64,
    },
    /// The file cannot be used.
    #[error("{0}")]
    File(String),
}

/// Every set, and the folder of their files.
#[derive(Debug)]
pub struct Sets {
    folder: PathBuf,
    standing: RwLock<Arc<Snapshot>>,
    last: Mutex<u64>,
    /// Files that were handed over and are not yet part of a set.
    handed: Mutex<BTreeMap<Hash, Arc<SetFile>>>,
}

impl Sets {
    /// No sets, with files in this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, standing: RwLock::default(), last: Mutex::new(0), handed: Mutex::default() }
    }

    /// The sets that stand now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.standing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of the last set that was ever taken in; 0 before the first.
    #[must_use]
    pub fn last(&self) -> u64 {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file with this hash belongs.
    #[must_use]
    pub fn path(&self, hash: &Hash) -> PathBuf {
        self.folder.join(file_name(hash))
    }

    /// Takes a finished file over from where an import left it: its hash is checked, it is opened, and it has its own
    /// name for good. Takes a second for 10^8 numbers.
    ///
    /// # Errors
    /// [`SetError::NoFile`], [`SetError::File`].
    pub fn take_over(&self, hash: &Hash) -> Result<(), SetError> {
        let path = self.path(hash);
        let failed = |error: FileError| SetError::File(chain(&error));
        let whole = |path: &Path| {
            let file = SetFile::open(path)?;
            file.verify(hash, &mut |_| true).map(|()| file)
        };
        let staged = staging(&self.folder).join(file_name(hash));
        if staged.is_file() {
            let moved = |source| SetError::File(chain(&FileError::Io { path: path.clone(), source }));
            whole(&staged).map_err(failed)?;
            fs::rename(&staged, &path).and_then(|()| fs::File::open(&self.folder)?.sync_all()).map_err(moved)?;
        } else if !path.is_file() {
            return Err(SetError::NoFile { hash: hex(hash) });
        }
        let file = whole(&path).map_err(failed)?;
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).insert(*hash, Arc::new(file));
        Ok(())
    }

    /// A file that was taken over.
    #[must_use]
    pub fn handed(&self, hash: &Hash) -> Option<Arc<SetFile>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned()
    }

    /// The set that has this file; a file that was taken over takes the place of one that could not be read.
    #[must_use]
    pub fn known(&self, hash: &Hash) -> Option<u64> {
        let known = self.snapshot().sets.iter().find(|set| set.hash == *hash).cloned()?;
        let fresh = self.handed.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
        if let (None, Some(fresh)) = (known.file(), fresh) {
            tracing::info!(set = known.set, "the file of a set is whole again");
            self.replace(|sets| {
                for set in sets.iter_mut().filter(|set| set.set == known.set) {
                    let healed =
                        Standing { file: Some(Arc::clone(&fresh)), damaged: Arc::default(), ..Standing::clone(set) };
                    *set = Arc::new(healed);
                }
            });
        }
        Some(known.set)
    }

    /// Takes in a committed import. A file that is not there or is wrong is told, and the set stands unreadable.
    pub fn import(&self, imported: &Imported) {
        let hash = *imported.hash;
        let handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        let opened = handed.map_or_else(|| SetFile::open(&self.path(&hash)).map(Arc::new), Ok);
        let (file, error) = match opened {
            Ok(file) => (Some(file), None),
            Err(error) => (None, Some(error)),
        };
        let standing = Standing {
            set: imported.set,
            hash,
            rows: imported.rows,
            source: imported.source.clone(),
            by: imported.by.clone(),
            life: Timeline::default(),
            shapes: Arc::new(imported.shapes.clone()),
            batches: Arc::new(imported.batches.iter().map(|batch| batch.id).collect()),
            file,
            damaged: Arc::default(),
        };
        if let Some(error) = error {
            standing.distrust(&error);
        }
        self.replace(|sets| {
            sets.retain(|set| set.set != imported.set);
            sets.push(Arc::new(standing));
        });
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = imported.set.max(*last);
    }

    /// Takes in a committed removal.
    pub fn remove(&self, removed: &Removed) {
        self.replace(|sets| sets.retain(|set| set.set != removed.set));
    }

    /// Takes in a committed life event of a set.
    pub fn live(&self, sequence: u64, event: &LifeEvent) {
        let Target::Set { set } = event.target else { return };
        let stamp = event.stamp(sequence);
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        let mut sets = standing.sets.clone();
        for known in sets.iter_mut().filter(|known| known.set == set) {
            let mut lived = Standing::clone(known);
            lived.life.put(event.life, Arc::clone(&stamp));
            *known = Arc::new(lived);
        }
        // The same numbers are in it: what was found in it holds.
        *standing = Arc::new(Snapshot { epoch: standing.epoch, sets });
    }

    fn replace(&self, change: impl FnOnce(&mut Vec<Arc<Standing>>)) {
        let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
        let mut sets = standing.sets.clone();
        change(&mut sets);
        *standing = Arc::new(Snapshot { epoch: standing.epoch + 1, sets });
    }
}

impl Snapshot {
    /// A set by its number.
    #[must_use]
    pub fn set(&self, set: u64) -> Option<&Arc<Standing>> {
        self.sets.iter().find(|known| known.set == set)
    }

    /// Where a number is.
    #[must_use]
    pub fn find(&self, form: Form, value: u128) -> Sought {
        let shape = form.shape();
        let mut hits = Vec::new();
        let mut is_whole = true;
        for set in &self.sets {
            let found = match set.file() {
                Some(file) => file.find(form, value),
                None if set.shapes.contains(&shape) => {
                    is_whole = false;
                    continue;
                }
                None => continue,
            };
            match found {
                Ok(Some(row)) => {
                    let batch = usize::try_from(row.group).ok().and_then(|group| set.batches.get(group));
                    hits.extend(batch.map(|batch| Hit { set: set.set, batch: *batch, parent: row.parent }));
                }
                Ok(None) => {}
                Err(error) => {
                    set.distrust(&error);
                    is_whole = false;
                }
            }
        }
        match (hits.is_empty(), is_whole) {
            // A set that cannot be read may hold a recall of it.
            (_, false) => Sought::Unreadable,
            (true, true) => Sought::Absent,
            (false, true) => Sought::Held(hits),
        }
    }

    /// Reads every file whole and says of each set what is wrong with it. `go_on` is asked all along; where it says no
    /// the rest is left.
    pub fn verify(&self, go_on: &mut dyn FnMut() -> bool) {
        for set in &self.sets {
            let Some(file) = set.file() else { continue };
            if let Err(error) = file.verify(&set.hash, &mut |_| go_on()) {
                set.distrust(&error);
            }
        }
    }
}

/// The name of the file with a hash.
#[must_use]
pub fn file_name(hash: &Hash) -> String {
    format!("{}.set", hex(hash))
}

/// Where an import works, in the folder of the sets.
#[must_use]
pub fn staging(folder: &Path) -> PathBuf {
    folder.join(".import")
}

/// A hash as 64 hexadecimal digits.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of 64 hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in (0..).step_by(2).zip(&mut hash) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// The shapes of a file's numbers.
pub(super) fn shapes(file: &SetFile) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = file.forms().map(|form| form.shape()).collect();
    shapes.sort_unstable();
    shapes.dedup();
    shapes
}

/// What the groups of a file name, once it can be read.
pub(super) fn groups(file: &SetFile) -> Result<Vec<Group>, SetError> {
    file.groups().map_err(|error| SetError::File(chain(&error)))
}

fn chain(error: &FileError) -> String {
    match error {
        FileError::Io { source, .. } => format!("{error}: {source}"),
        FileError::Damaged { .. } => error.to_string(),
    }
}
