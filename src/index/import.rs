//! From a maker's list to a set file, wherever no gateway is in the way.
//!
//! Owns the order of the steps: read the list row by row ([`source`], [`row`]), sort within a memory bound by runs on disk
//! (`sort`), merge the runs against the sets that stand, and write the file that the gateway then takes over by its
//! hash. Nothing of an import can be seen before that; whatever goes wrong leaves the sets as they were, and the next
//! import clears away what a killed one left.
//!
//! **What a row says.** A number with, where the list has them, product, lot, days, level and the box it lies in. The file that comes out
//! depends on what the rows say and not on their order, so that the same list has the same hash.
//!
//! **Numbers that stand twice.** Rows that say the same of one number count once. Rows that say different things of it
//! contradict each other: none of them is taken, and each is told by its line. A number that stands in another set with
//! the same product, lot, days and level is one unit of both; with others, the whole list is refused, for which of the two is right
//! is not ours to guess.

mod error;
mod merge;
pub mod row;
mod sort;
pub mod source;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::error::ImportError;
use self::merge::{Known, Merge};
use self::row::{Columns, Fixed, Mapped, Said};
use self::sort::{Entry, Sorter};
use self::source::{Encoding, Lines};
use super::sets::file::{Hash, SetFile};
use super::sets::group::Group;
use super::sets::{MAX_GROUPS, staging};

/// The most boxes that one list may name.
pub const MAX_BOXES: usize = 1_000_000;
/// The least memory to sort in, in bytes.
pub const LEAST_MEMORY: usize = 16 << 20;
/// The default.
pub const MEMORY: usize = 256 << 20;
/// Rows between two words on how far it is.
const TOLD_EVERY: u64 = 8_192;

/// How a list is to be read.
#[derive(Debug, Clone)]
pub struct Order {
    /// The list.
    pub list: PathBuf,
    /// What its columns are, where its first line does not say.
    pub columns: Option<Columns>,
    /// What every number has where no column says otherwise.
    pub fixed: Fixed,
    /// The encoding of its text.
    pub encoding: Encoding,
    /// Bytes to sort in.
    pub memory: usize,
}

/// Where an import has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Reading: bytes of the list as it lies on disk, rows so far.
    Read {
        /// Bytes.
        bytes: u64,
        /// Of so many.
        of: u64,
        /// Rows.
        rows: u64,
    },
    /// Writing: numbers written, of so many at most.
    Written {
        /// Numbers.
        rows: u64,
        /// Of so many.
        of: u64,
    },
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows read, without the header.
    pub rows: u64,
    /// Numbers that the set holds.
    pub numbers: u64,
    /// Rows that said again what another said.
    pub repeated: u64,
    /// Rows not taken.
    pub rejected: u64,
    /// Numbers that other sets have too.
    pub shared: u64,
    /// What its numbers share, by number.
    pub groups: usize,
    /// The finished file, where one was made.
    pub made: Option<Made>,
}

/// A finished file that waits to be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its hash.
    pub hash: Hash,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Hears of an import as it goes on.
pub trait Watch {
    /// It got so far; `false` breaks it off.
    fn progress(&mut self, progress: Progress) -> bool;

    /// A row is not taken.
    ///
    /// # Errors
    /// What keeps it from being told; it breaks the import off.
    fn rejected(&mut self, line: u64, reason: &str) -> io::Result<()>;
}

/// The place of an import in the folder of the sets: nobody else's while this lives, and empty at first.
#[derive(Debug)]
pub struct Workshop {
    folder: PathBuf,
    _lock: File,
}

impl Workshop {
    /// Takes the place, and clears away what a killed import left there.
    ///
    /// # Errors
    /// [`ImportError::Busy`], [`ImportError::Write`].
    pub fn open(sets: &Path) -> Result<Self, ImportError> {
        let folder = staging(sets);
        let failed = |source| ImportError::Write { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ImportError::Busy { folder }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let workshop = Self { folder, _lock: lock };
        workshop.clear()?;
        Ok(workshop)
    }

    fn clear(&self) -> Result<(), ImportError> {
        let failed = |source| ImportError::Write { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.file_name().is_some_and(|name| name != "lock") {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be removed now the next import removes.
        drop(self.clear());
    }
}

/// Reads a list into a finished set file in the workshop, compared with the sets that stand. With `keep` unset nothing is
/// written but the runs that sorting needs.
///
/// # Errors
/// [`ImportError`].
pub fn import(
    order: &Order,
    workshop: &Workshop,
    known: &[(u64, Arc<SetFile>)],
    keep: bool,
    watch: &mut dyn Watch,
) -> Result<Summary, ImportError> {
    let mut read = Reading::begin(order, workshop);
    let mut lines = Lines::open(&order.list, order.encoding)?;
    read.all(&mut lines, watch)?;
    lines.unchanged()?;
    let Reading { dictionaries, sorter, rows, rejected, .. } = read;
    let known = known.iter().map(|(set, file)| Known::of(*set, file, sorter.len())).collect::<Result<_, _>>()?;
    let merge = Merge::new(workshop.folder.join("made"), dictionaries.ranks(), known, (rows, rejected));
    merge.run(sorter, &order.list, keep, watch)
}

/// Rows into runs.
struct Reading<'a> {
    order: &'a Order,
    dictionaries: Dictionaries,
    sorter: Sorter,
    rows: u64,
    rejected: u64,
}

impl<'a> Reading<'a> {
    fn begin(order: &'a Order, workshop: &Workshop) -> Self {
        let sorter = Sorter::new(&workshop.folder, order.memory.max(LEAST_MEMORY));
        Self { order, dictionaries: Dictionaries::default(), sorter, rows: 0, rejected: 0 }
    }

    fn all(&mut self, lines: &mut Lines, watch: &mut dyn Watch) -> Result<(), ImportError> {
        let mut mapped: Option<Mapped> = None;
        let mut spoken = String::new();
        while let Some((line, text)) = lines.next_line()? {
            if text.trim().is_empty() {
                continue;
            }
            let known = match &mapped {
                Some(known) => known,
                None => {
                    let (known, is_header) = Mapped::of(self.order.columns.as_ref(), &self.order.fixed, text)
                        .map_err(|what| ImportError::Columns { line, what })?;
                    let known = mapped.insert(known);
                    if is_header {
                        continue;
                    }
                    known
                }
            };
            self.rows += 1;
            let taken = match known.read(text, &mut spoken) {
                Ok(said) => take(&mut self.dictionaries, &mut self.sorter, (known, &spoken), (&said, line))?,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                self.rejected += 1;
                watch.rejected(line, &reason).map_err(|source| self.untold(source))?;
            }
            if self.rows.is_multiple_of(TOLD_EVERY) {
                let (bytes, of) = lines.position();
                if !watch.progress(Progress::Read { bytes, of, rows: self.rows }) {
                    return Err(ImportError::Stopped);
                }
            }
        }
        Ok(())
    }

    fn untold(&self, source: io::Error) -> ImportError {
        ImportError::Write { path: self.order.list.with_extension("rejects"), source }
    }
}

/// `Ok(Err)` where the row is to be rejected.
fn take(
    dictionaries: &mut Dictionaries,
    sorter: &mut Sorter,
    (mapped, spoken): (&Mapped, &str),
    (said, line): (&Said<'_>, u64),
) -> Result<Result<(), String>, ImportError> {
    let group = match dictionaries.group(mapped, spoken, line)? {
        Ok(group) => group,
        Err(reason) => return Ok(Err(reason)),
    };
    let parent = dictionaries.parent(said.parent.as_deref(), line)?;
    let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let short = u32::try_from(line).map_err(|_| ImportError::TooMany { line, what: "lines", most })?;
    sorter.push(Entry::new((said.form, said.value), group, parent, short)).map(Ok)
}

/// What the rows name, in the order of their coming.
#[derive(Default)]
struct Dictionaries {
    /// By what the cells say, so that a row like the one before it is not read again.
    spoken: HashMap<String, u32>,
    last: Option<(String, u32)>,
    groups: HashMap<Group, u32>,
    boxes: HashMap<String, u32>,
}

/// From places in the order of coming to places in order.
struct Ranks {
    groups: Vec<Group>,
    group: Vec<u32>,
    boxes: Vec<String>,
    parent: Vec<u32>,
}

impl Dictionaries {
    /// The group that was spoken of; `Ok(Err)` where the row is to be rejected.
    fn group(&mut self, mapped: &Mapped, spoken: &str, line: u64) -> Result<Result<u32, String>, ImportError> {
        if let Some((last, group)) = &self.last
            && last == spoken
        {
            return Ok(Ok(*group));
        }
        let group = match self.spoken.get(spoken) {
            Some(group) => *group,
            None => {
                let group = match mapped.group(spoken) {
                    Ok(group) => group,
                    Err(reason) => return Ok(Err(reason)),
                };
                let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
                let place = *self.groups.entry(group).or_insert(next);
                if self.groups.len() > MAX_GROUPS || self.spoken.len() > 4 * MAX_GROUPS {
                    let what = "combinations of product, lot, days and level";
                    return Err(ImportError::TooMany { line, what, most: MAX_GROUPS });
                }
                self.spoken.insert(spoken.to_owned(), place);
                place
            }
        };
        self.last = Some((spoken.to_owned(), group));
        Ok(Ok(group))
    }

    fn parent(&mut self, parent: Option<&str>, line: u64) -> Result<u32, ImportError> {
        let Some(text) = parent else { return Ok(0) };
        if let Some(place) = self.boxes.get(text) {
            return Ok(*place);
        }
        if self.boxes.len() >= MAX_BOXES {
            return Err(ImportError::TooMany { line, what: "boxes", most: MAX_BOXES });
        }
        let next = u32::try_from(self.boxes.len() + 1).unwrap_or(u32::MAX);
        self.boxes.insert(text.to_owned(), next);
        Ok(next)
    }

    fn ranks(self) -> Ranks {
        let (groups, group) = ranked(self.groups);
        let (boxes, mut parent) = ranked(self.boxes.into_iter().map(|(text, place)| (text, place - 1)));
        parent.iter_mut().for_each(|rank| *rank += 1);
        parent.insert(0, 0);
        Ranks { groups, group, boxes, parent }
    }
}

/// The values in order, and for each place the rank of its value.
fn ranked<T: Ord>(places: impl IntoIterator<Item = (T, u32)>) -> (Vec<T>, Vec<u32>) {
    let mut sorted: Vec<(T, u32)> = places.into_iter().collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for ((_, place), rank) in sorted.iter().zip(0..) {
        if let Some(known) = usize::try_from(*place).ok().and_then(|place| ranks.get_mut(place)) {
            *known = rank;
        }
    }
    (sorted.into_iter().map(|(value, _)| value).collect(), ranks)
}
