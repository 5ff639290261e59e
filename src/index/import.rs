//! From a maker's list to a set file, wherever no gateway is in the way.
//!
//! Owns the order of the steps: read the list row by row ([`source`], [`row`]), sort within a memory bound by runs on disk
//! ([`sort`]), merge the runs against the sets that stand, and write the file that the gateway then takes over by its
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

use self::row::{Columns, Fixed, Mapped, Said};
use self::sort::{Entry, Sorter};
use self::source::{Encoding, Lines};
use super::sets::file::{FileError, Hash, SetFile};
use super::sets::form::Form;
use super::sets::group::Group;
use super::sets::write::SetWriter;
use super::sets::{MAX_GROUPS, Row, file_name, staging};

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

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The list cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What compresses it is cut off or damaged.
    #[error("the {form} data of {} {how} behind line {line} (byte {byte} of the file)", path.display())]
    Compressed {
        /// The list.
        path: PathBuf,
        /// Of which form.
        form: &'static str,
        /// How.
        how: &'static str,
        /// The last whole line.
        line: u64,
        /// Bytes read of the file.
        byte: u64,
    },
    /// A line is longer than any row.
    #[error("line {line} is longer than {most} bytes (from byte {byte}): expected one number to a line")]
    TooLong {
        /// The line.
        line: u64,
        /// Where it begins, in the text.
        byte: u64,
        /// The bound.
        most: usize,
    },
    /// It is in another encoding.
    #[error("line {line} is not UTF-8 (byte {byte}); {advice}")]
    Encoding {
        /// The line.
        line: u64,
        /// Where in the text.
        byte: u64,
        /// What to do.
        advice: &'static str,
    },
    /// Its columns cannot be told.
    #[error("line {line}: {what}")]
    Columns {
        /// The line.
        line: u64,
        /// Why.
        what: String,
    },
    /// It changed meanwhile.
    #[error("{} was changed while it was read (at byte {byte}): import it again when it is finished", path.display())]
    Changed {
        /// The list.
        path: PathBuf,
        /// Where reading was.
        byte: u64,
    },
    /// There is too much of something.
    #[error("line {line}: more than {most} different {what}; split the list")]
    TooMany {
        /// The line.
        line: u64,
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// It has no number.
    #[error("{} has no number that can be taken: {rejected} rows, all rejected", path.display())]
    Nothing {
        /// The list.
        path: PathBuf,
        /// Rows that were rejected.
        rejected: u64,
    },
    /// It contradicts what is known.
    #[error(
        "{count} numbers stand in set {set} with another product, lot, day or level (the first on line {line}): \
         mend the list, or remove that set first (verigate import --remove {set})"
    )]
    Contradicts {
        /// The set.
        set: u64,
        /// How many.
        count: u64,
        /// The line of the first.
        line: u64,
    },
    /// Another import is at work in the folder.
    #[error("another import is at work in {}: wait for it", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The data folder cannot be written.
    #[error("cannot write {}; nothing was imported", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A set file cannot be used.
    #[error(transparent)]
    Set(#[from] FileError),
    /// Whoever watched broke it off.
    #[error("broken off; nothing was imported")]
    Stopped,
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
    let merge = Merge {
        path: workshop.folder.join("made"),
        ranks: dictionaries.ranks(),
        known: known.iter().map(|(set, file)| Known::of(*set, file, sorter.len())).collect::<Result<_, _>>()?,
        rows,
        rejected,
        repeated: 0,
        shared: 0,
        contradicted: HashMap::new(),
    };
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

fn rank(ranks: &[u32], place: u32) -> u32 {
    usize::try_from(place).ok().and_then(|place| ranks.get(place)).copied().unwrap_or(0)
}

/// The numbers of another set.
struct Known {
    set: u64,
    file: Arc<SetFile>,
    groups: Vec<Group>,
    /// The rest of its numbers in order, where walking over them is less than looking each up.
    walk: Option<Walk>,
}

type Walk = std::iter::Peekable<Box<dyn Iterator<Item = Result<(Form, Row), FileError>>>>;

impl Known {
    fn of(set: u64, file: &Arc<SetFile>, rows: u64) -> Result<Self, ImportError> {
        let groups = file.groups()?.into_iter().map(|group| Group { count: 0, ..group }).collect();
        let walk = (rows.saturating_mul(64) > file.rows()).then(|| {
            let all: Box<dyn Iterator<Item = _>> = Box::new(SetFile::into_rows(Arc::clone(file)));
            all.peekable()
        });
        Ok(Self { set, file: Arc::clone(file), groups, walk })
    }

    /// The group of a number that comes after every number asked for before; `None` where the set does not hold it.
    fn find(&mut self, form: Form, value: u128) -> Result<Option<&Group>, FileError> {
        let row = match &mut self.walk {
            None => self.file.find(form, value)?,
            Some(walk) => loop {
                match walk.peek() {
                    Some(Ok((at, row))) if (*at, row.value) < (form, value) => drop(walk.next()),
                    Some(Ok((at, row))) => break ((*at, row.value) == (form, value)).then_some(*row),
                    Some(Err(_)) => {
                        if let Some(Err(error)) = walk.next() {
                            return Err(error);
                        }
                    }
                    None => break None,
                }
            },
        };
        Ok(row.and_then(|row| usize::try_from(row.group).ok()).and_then(|group| self.groups.get(group)))
    }
}

/// Runs into a file.
struct Merge {
    path: PathBuf,
    ranks: Ranks,
    known: Vec<Known>,
    rows: u64,
    rejected: u64,
    repeated: u64,
    shared: u64,
    /// By set: how many numbers, and the least line of one.
    contradicted: HashMap<u64, (u64, u64)>,
}

impl Merge {
    fn run(mut self, sorter: Sorter, list: &Path, keep: bool, watch: &mut dyn Watch) -> Result<Summary, ImportError> {
        let of = sorter.len();
        let mut writer = if keep { Some(SetWriter::create(&self.path, self.ranks.groups.len())?) } else { None };
        let mut numbers = 0_u64;
        let mut same: Vec<Entry> = Vec::new();
        let mut merged = sorter.finish()?;
        loop {
            let next = merged.next_entry()?;
            let ends = same.first().is_some_and(|first| next.is_none_or(|next| !first.is_same_number(&next)));
            if ends {
                if let Some(entry) = self.settle(&same, watch)? {
                    numbers += 1;
                    self.compare(&entry)?;
                    let (form, value) = entry.number();
                    let row = Row {
                        value,
                        group: rank(&self.ranks.group, entry.group()),
                        parent: rank(&self.ranks.parent, entry.parent()),
                    };
                    if let Some(writer) = writer.as_mut() {
                        writer.put(form, row)?;
                    }
                    if numbers.is_multiple_of(TOLD_EVERY) && !watch.progress(Progress::Written { rows: numbers, of }) {
                        return Err(ImportError::Stopped);
                    }
                }
                same.clear();
            }
            match next {
                Some(next) => same.push(next),
                None => break,
            }
        }
        self.refuse()?;
        if numbers == 0 {
            return Err(ImportError::Nothing { path: list.to_owned(), rejected: self.rejected });
        }
        let made = writer.map(|writer| self.name(writer)).transpose()?;
        Ok(Summary {
            rows: self.rows,
            numbers,
            repeated: self.repeated,
            rejected: self.rejected,
            shared: self.shared,
            groups: self.ranks.groups.len(),
            made,
        })
    }

    /// What the rows of one number come to; where they contradict each other none of them is taken.
    fn settle(&mut self, same: &[Entry], watch: &mut dyn Watch) -> Result<Option<Entry>, ImportError> {
        let Some(first) = same.first().copied() else { return Ok(None) };
        let differs = same.iter().find(|entry| !entry.says_the_same(&first));
        let more = u64::try_from(same.len() - 1).unwrap_or(0);
        let Some(other) = differs else {
            self.repeated += more;
            return Ok(Some(first));
        };
        for entry in same {
            let against = if entry.says_the_same(&first) { other.line() } else { first.line() };
            let reason = format!("line {against} says something else of the same number");
            watch
                .rejected(entry.line(), &reason)
                .map_err(|source| ImportError::Write { path: self.path.clone(), source })?;
        }
        self.rejected += more + 1;
        Ok(None)
    }

    fn compare(&mut self, entry: &Entry) -> Result<(), ImportError> {
        let (form, value) = entry.number();
        let ours = usize::try_from(rank(&self.ranks.group, entry.group())).unwrap_or(usize::MAX);
        let mut is_shared = false;
        for known in &mut self.known {
            let set = known.set;
            let Some(theirs) = known.find(form, value)? else { continue };
            is_shared = true;
            if self.ranks.groups.get(ours) != Some(theirs) {
                let (count, line) = self.contradicted.entry(set).or_insert_with(|| (0, entry.line()));
                *count += 1;
                *line = entry.line().min(*line);
            }
        }
        self.shared += u64::from(is_shared);
        Ok(())
    }

    fn refuse(&self) -> Result<(), ImportError> {
        match self.contradicted.iter().min() {
            Some((set, (count, line))) => Err(ImportError::Contradicts { set: *set, count: *count, line: *line }),
            None => Ok(()),
        }
    }

    fn name(&self, writer: SetWriter) -> Result<Made, ImportError> {
        let hash = writer.finish(&self.ranks.groups, &self.ranks.boxes)?;
        let failed = |source| ImportError::Write { path: self.path.clone(), source };
        let named = self.path.with_file_name(file_name(&hash));
        fs::rename(&self.path, &named).map_err(failed)?;
        let bytes = fs::metadata(&named).map_err(failed)?.len();
        Ok(Made { hash, bytes })
    }
}
