//! Sorting more rows than memory holds: runs on disk, merged.
//!
//! Owns the entry and the runs. What fits into the bound never touches the disk. Runs have sums, so that whoever goes on
//! with those of a killed process knows that they are whole.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};

use super::ImportError;
use crate::index::sets::form::Form;

/// Bytes of an entry in a run.
const ENTRY: usize = 36;
/// Memory to sort in that is reserved at once, in bytes.
const AT_ONCE: usize = 1 << 30;
/// Bytes of a run that are written or read at once.
const CHUNK: usize = 1 << 20;

/// A row, sorted by form and value. The fields' order is the order of the sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    form: u64,
    value: (u64, u64),
    group: u32,
    parent: u32,
    line: u32,
}

impl Entry {
    pub(super) fn new((form, value): (Form, u128), group: u32, parent: u32, line: u32) -> Self {
        let high = u64::try_from(value >> 64).unwrap_or(0);
        let low = u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
        Self { form: form.to_key(), value: (high, low), group, parent, line }
    }

    pub(super) fn number(&self) -> (Form, u128) {
        (Form::from_key(self.form), (u128::from(self.value.0) << 64) | u128::from(self.value.1))
    }

    pub(super) const fn group(&self) -> u32 {
        self.group
    }

    pub(super) const fn parent(&self) -> u32 {
        self.parent
    }

    pub(super) fn line(&self) -> u64 {
        u64::from(self.line)
    }

    pub(super) fn is_same_number(&self, other: &Self) -> bool {
        (self.form, self.value) == (other.form, other.value)
    }

    pub(super) const fn says_the_same(&self, other: &Self) -> bool {
        self.group == other.group && self.parent == other.parent
    }

    fn write_to(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.form.to_le_bytes());
        bytes.extend_from_slice(&self.value.0.to_le_bytes());
        bytes.extend_from_slice(&self.value.1.to_le_bytes());
        bytes.extend_from_slice(&self.group.to_le_bytes());
        bytes.extend_from_slice(&self.parent.to_le_bytes());
        bytes.extend_from_slice(&self.line.to_le_bytes());
    }

    fn from_bytes(bytes: &[u8; ENTRY]) -> Self {
        let long =
            |at: usize| bytes.get(at..at + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_le_bytes);
        let short =
            |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_le_bytes);
        Self { form: long(0), value: (long(8), long(16)), group: short(24), parent: short(28), line: short(32) }
    }
}

/// A sorted run on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct RunFile {
    #[n(0)]
    nth: u32,
    #[n(1)]
    entries: u64,
    /// The CRC-32 of its bytes.
    #[n(2)]
    sum: u32,
}

impl RunFile {
    pub(super) fn name(&self) -> String {
        format!("run-{:05}", self.nth)
    }

    /// Whether the file is as it was written.
    pub(super) fn is_whole(&self, folder: &Path) -> bool {
        let sum = || {
            let mut file = File::open(folder.join(self.name()))?;
            let mut hasher = crc32fast::Hasher::new();
            let mut chunk = vec![0; CHUNK];
            let mut bytes = 0_u64;
            loop {
                let read = file.read(&mut chunk)?;
                if read == 0 {
                    return io::Result::Ok((bytes, hasher.finalize()));
                }
                bytes += read as u64;
                hasher.update(chunk.get(..read).unwrap_or_default());
            }
        };
        sum().is_ok_and(|(bytes, sum)| bytes == self.entries * ENTRY as u64 && sum == self.sum)
    }
}

/// Takes entries in any order.
#[derive(Debug)]
pub(super) struct Sorter {
    folder: PathBuf,
    held: Vec<Entry>,
    most: usize,
    runs: Vec<RunFile>,
    len: u64,
}

impl Sorter {
    /// Sorts in so many bytes of memory, with runs in a folder.
    pub(super) fn new(folder: &Path, memory: usize) -> Self {
        let most = (memory / size_of::<Entry>()).max(1);
        Self { folder: folder.to_owned(), held: Vec::new(), most, runs: Vec::new(), len: 0 }
    }

    /// Goes on behind runs that are whole.
    pub(super) fn resumed(folder: &Path, memory: usize, runs: Vec<RunFile>) -> Self {
        let len = runs.iter().map(|run| run.entries).sum();
        Self { runs, len, ..Self::new(folder, memory) }
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// The next entry would not fit into memory.
    pub(super) const fn is_full(&self) -> bool {
        self.held.len() >= self.most
    }

    pub(super) fn runs(&self) -> &[RunFile] {
        &self.runs
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<(), ImportError> {
        if self.is_full() {
            self.spill()?;
        }
        if self.held.len() == self.held.capacity() {
            // Never beyond the bound, as doubling would go. Room that is not used costs nothing, while growing would hold the
            // old room beside the new.
            let more = self.held.len().max(AT_ONCE / size_of::<Entry>()).min(self.most - self.held.len());
            self.held.reserve_exact(more);
        }
        self.held.push(entry);
        self.len += 1;
        Ok(())
    }

    /// Writes what is in memory out as a run.
    pub(super) fn spill(&mut self) -> Result<(), ImportError> {
        self.held.sort_unstable();
        let nth = self.runs.last().map_or(0, |run| run.nth + 1);
        let mut run = RunFile { nth, entries: self.held.len() as u64, sum: 0 };
        let path = self.folder.join(run.name());
        let failed = |source| ImportError::Write { path: path.clone(), source };
        let mut out = File::create(&path).map_err(failed)?;
        let mut hasher = crc32fast::Hasher::new();
        let mut chunk = Vec::with_capacity(CHUNK);
        for entries in self.held.chunks(CHUNK / ENTRY) {
            chunk.clear();
            entries.iter().for_each(|entry| entry.write_to(&mut chunk));
            hasher.update(&chunk);
            out.write_all(&chunk).map_err(failed)?;
        }
        run.sum = hasher.finalize();
        self.held.clear();
        self.runs.push(run);
        Ok(())
    }

    /// The entries in order.
    pub(super) fn finish(mut self) -> Result<Merged, ImportError> {
        self.held.sort_unstable();
        // Runs share what the entries in memory had, and need far less.
        let buffer = (1 << 20).min((64 << 20) / self.runs.len().max(1));
        let mut runs = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            let path = self.folder.join(run.name());
            let file = File::open(&path).map_err(|source| ImportError::Read { path: path.clone(), source })?;
            runs.push(Run { path, read: BufReader::with_capacity(buffer.max(4_096), file) });
        }
        let mut merged = Merged { held: self.held.into_iter(), runs, heap: BinaryHeap::new() };
        for nth in 0..=merged.runs.len() {
            merged.refill(nth)?;
        }
        Ok(merged)
    }
}

#[derive(Debug)]
struct Run {
    path: PathBuf,
    read: BufReader<File>,
}

/// Entries in order; the last source is memory.
#[derive(Debug)]
pub(super) struct Merged {
    held: std::vec::IntoIter<Entry>,
    runs: Vec<Run>,
    heap: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Merged {
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, ImportError> {
        if self.runs.is_empty() && self.heap.len() <= 1 {
            // Nothing to merge with: straight out of memory.
            return Ok(match self.heap.pop() {
                Some(Reverse((entry, _))) => Some(entry),
                None => self.held.next(),
            });
        }
        let Some(Reverse((entry, from))) = self.heap.pop() else { return Ok(None) };
        self.refill(from)?;
        Ok(Some(entry))
    }

    fn refill(&mut self, nth: usize) -> Result<(), ImportError> {
        let next = match self.runs.get_mut(nth) {
            None => self.held.next(),
            Some(run) => {
                let mut bytes = [0; ENTRY];
                match run.read.read_exact(&mut bytes) {
                    Ok(()) => Some(Entry::from_bytes(&bytes)),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
                    Err(source) => return Err(ImportError::Read { path: run.path.clone(), source }),
                }
            }
        };
        if let Some(entry) = next {
            self.heap.push(Reverse((entry, nth)));
        }
        Ok(())
    }
}
