//! Sorted rows into a set file, compared with one another and with the sets that stand.
//!
//! Owns what rows of one number come to, and which sets contradict them. Where the rows come from is `sort.rs`'s.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dictionaries::Ranks;
use super::sort::{Entry, Sorter};
use super::{ImportError, Made, OfKind, Progress, Summary, TOLD_EVERY, Watch};
use crate::index::sets::file::{FileError, Hash, SetFile};
use crate::index::sets::form::Form;
use crate::index::sets::group::Group;
use crate::index::sets::write::SetWriter;
use crate::index::sets::{Row, file_name};

fn rank(ranks: &[u32], place: u32) -> u32 {
    usize::try_from(place).ok().and_then(|place| ranks.get(place)).copied().unwrap_or(0)
}

/// The new file could not be written: told as what it means for the import.
fn unwritten(error: FileError) -> ImportError {
    match error {
        FileError::Io { path, source } => ImportError::Write { path, source },
        damaged @ FileError::Damaged { .. } => ImportError::Set(damaged),
    }
}

/// The numbers of another set.
pub(super) struct Known {
    set: u64,
    file: Arc<SetFile>,
    groups: Vec<Group>,
    /// The rest of its numbers in order, where walking over them is less than looking each up.
    walk: Option<Walk>,
}

type Walk = std::iter::Peekable<Box<dyn Iterator<Item = Result<(Form, Row), FileError>>>>;

impl Known {
    pub(super) fn of(set: u64, file: &Arc<SetFile>, rows: u64) -> Result<Self, ImportError> {
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
pub(super) struct Merge {
    path: PathBuf,
    ranks: Ranks,
    /// Numbers of each group, by its rank.
    counts: Vec<u64>,
    kinds: Vec<OfKind>,
    known: Vec<Known>,
    rows: u64,
    rejected: u64,
    repeated: u64,
    shared: u64,
    /// By set: how many numbers, and the least line of one.
    contradicted: HashMap<u64, (u64, u64)>,
}

impl Merge {
    /// Into a file at this path, of so many rows, of which so many are rejected.
    pub(super) fn new(path: PathBuf, ranks: Ranks, known: Vec<Known>, (rows, rejected): (u64, u64)) -> Self {
        let counts = vec![0; ranks.groups.len()];
        let (kinds, contradicted) = (Vec::new(), HashMap::new());
        Self { path, ranks, counts, kinds, known, rows, rejected, repeated: 0, shared: 0, contradicted }
    }

    pub(super) fn run(
        mut self,
        sorter: Sorter,
        list: &Path,
        keep: bool,
        watch: &mut dyn Watch,
    ) -> Result<Summary, ImportError> {
        let of = sorter.len();
        let mut writer = match keep {
            true => Some(SetWriter::create(&self.path, self.ranks.groups.len()).map_err(unwritten)?),
            false => None,
        };
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
                    let (form, row) = self.counted(&entry);
                    if let Some(writer) = writer.as_mut() {
                        writer.put(form, row).map_err(unwritten)?;
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
        let named: Vec<&Group> = self
            .ranks
            .groups
            .iter()
            .zip(&self.counts)
            .filter(|(_, count)| **count > 0)
            .map(|(group, _)| group)
            .collect();
        let products: BTreeSet<&String> = named.iter().map(|group| &group.product).collect();
        Ok(Summary {
            rows: self.rows,
            numbers,
            repeated: self.repeated,
            rejected: self.rejected,
            shared: self.shared,
            groups: named.len(),
            products: products.into_iter().cloned().collect(),
            kinds: self.kinds,
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

    /// An entry as a row of the file, counted by its group and its looks.
    fn counted(&mut self, entry: &Entry) -> (Form, Row) {
        let (form, value) = entry.number();
        let row = Row {
            value,
            group: rank(&self.ranks.group, entry.group()),
            parent: rank(&self.ranks.parent, entry.parent()),
        };
        if let Some(count) = usize::try_from(row.group).ok().and_then(|group| self.counts.get_mut(group)) {
            *count += 1;
        }
        match self.kinds.last_mut() {
            Some(kind) if kind.shape == form.shape() => {
                kind.numbers += 1;
                kind.line = kind.line.min(entry.line());
            }
            Some(_) | None => self.kinds.push(OfKind { shape: form.shape(), numbers: 1, line: entry.line() }),
        }
        (form, row)
    }

    fn refuse(&self) -> Result<(), ImportError> {
        match self.contradicted.iter().min() {
            Some((set, (count, line))) => Err(ImportError::Contradicts { set: *set, count: *count, line: *line }),
            None => Ok(()),
        }
    }

    fn name(&self, writer: SetWriter) -> Result<Made, ImportError> {
        let mut hash = writer.finish(&self.ranks.groups, &self.ranks.boxes).map_err(unwritten)?;
        if self.counts.contains(&0) {
            hash = self.without_the_empty().map_err(unwritten)?;
        }
        let failed = |source| ImportError::Write { path: self.path.clone(), source };
        let named = self.path.with_file_name(file_name(&hash));
        fs::rename(&self.path, &named).map_err(failed)?;
        let bytes = fs::metadata(&named).map_err(failed)?.len();
        Ok(Made { hash, bytes })
    }

    /// Writes the file again without the groups that no number is left of: each would become a batch. They were named by
    /// rows that contradicted each other alone.
    fn without_the_empty(&self) -> Result<Hash, FileError> {
        let mut ranks = Vec::with_capacity(self.counts.len());
        let mut groups = Vec::new();
        for (group, count) in self.ranks.groups.iter().zip(&self.counts) {
            ranks.push(u32::try_from(groups.len()).unwrap_or(u32::MAX));
            if *count > 0 {
                groups.push(group.clone());
            }
        }
        let path = self.path.with_extension("dense");
        let mut writer = SetWriter::create(&path, groups.len())?;
        for row in SetFile::into_rows(Arc::new(SetFile::open(&self.path)?)) {
            let (form, row) = row?;
            writer.put(form, Row { group: rank(&ranks, row.group), ..row })?;
        }
        let hash = writer.finish(&groups, &self.ranks.boxes)?;
        fs::rename(&path, &self.path).map_err(|source| FileError::Io { path, source })?;
        Ok(hash)
    }
}
