//! Runs: the pasts of units in immutable files, each sorted by key and written once from front to back.
//!
//! Owns the form of a run's file, opening it and finding in it. Where its blocks lie is `directory.rs`'s, making one is
//! `write.rs`'s, making one of several is `merge.rs`'s, and which ones there are is the manifest's, which lies in `history.db`
//! (`store.rs`).
//!
//! **Why.** A table in which each of some million units is brought forward costs a page for every check, and that twice,
//! for neighbours are seldom asked about together. Here a batch costs its own bytes, and each time it is merged with others
//! of about its size those bytes again: five times or so over 4×10⁷ units (`merge.rs`).
//!
//! **What is kept.** Blocks of a page of 4,096 bytes (`block.rs`); behind them the directory (first key and first page of
//! each block), the filter (`filter.rs`), and a trailer with the check sums of both. The filter and the directory are held
//! in memory, of a long directory one of thirty-two entries: some 1.1 bytes a unit. All of them, and the trailer, are checked
//! when a run is opened, a block and what is not held of its entry whenever they are read. The manifest has the length and the
//! sum of every run's trailer, which has a sum of all blocks, so that no run can take another's place.
//!
//! **How a past is found.** From the newest run to the oldest; the first that holds the unit has its past. A run whose
//! filter does not know the unit costs one access to memory, the one that holds it a `pread` of a page and, where its directory
//! is long, one of 640 bytes before.
//!
//! **What damage does.** Whatever is not what was written is an error that names the rebuild, never a past that is missing:
//! a unit without a past would be told `first` a second time.

mod block;
mod directory;
mod filter;
pub(super) mod merge;
pub(super) mod write;

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::block::{Block, PAGE, Place};
use self::directory::{Directory, ENTRY, Entries, STRIDE_BYTES};
use self::filter::{Filter, Hashed, LINE};
use crate::index::UnitKey;
use crate::ledger::log::LogError;

/// The first bytes of the trailer.
const MAGIC: &[u8; 16] = b"verigate run 1\n\0";
/// The bytes at the end: magic, number, units, pages, blocks, lines of the filter, sums of all blocks' sums, of directory and
/// filter, last key, sum.
const TRAILER: usize = 16 + 8 * 2 + 4 * 6 + 16 + 4;
/// Bytes of the directory that are read at a time when a run is opened.
const PIECE: usize = 64 * STRIDE_BYTES;

/// Why a run cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// It cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// It is not what was written.
    #[error("the file of histories {} is damaged at byte {at}: {what}; run `verigate ledger rebuild`", path.display())]
    Damaged { path: PathBuf, at: u64, what: &'static str },
}

impl RunError {
    /// As the ledger tells it.
    pub(super) fn when(self, doing: &'static str) -> LogError {
        LogError::Store { doing, source: Box::new(self) }
    }
}

/// What the manifest says of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its place among the others: larger ones are newer.
    pub(super) newest: u64,
    /// The number its file is named by, which no other run ever had.
    pub(super) number: u64,
    /// Units in it.
    pub(super) units: u64,
    /// The file's length.
    pub(super) bytes: u64,
    /// The sum of its trailer.
    pub(super) sum: u32,
}

/// An open run.
#[derive(Debug)]
pub(super) struct Run {
    file: File,
    path: PathBuf,
    number: u64,
    units: u64,
    bytes: u64,
    sum: u32,
    directory: Directory,
    filter: Filter,
}

/// The name of a run's file.
pub(super) fn file_name(number: u64) -> String {
    format!("{number:012}.run")
}

/// The number in the name of a run's file.
pub(super) fn number_in(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".run")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// A key as an integer: sorts as its bytes do.
pub(super) fn integer(key: &UnitKey) -> u128 {
    u128::from_be_bytes(*key.as_bytes())
}

impl Run {
    /// Opens a run that the manifest names and checks all of it but the blocks.
    ///
    /// # Errors
    /// [`RunError`].
    pub(super) fn open(folder: &Path, entry: &Entry) -> Result<Self, RunError> {
        let path = folder.join(file_name(entry.number));
        let io = |source| RunError::Io { path: path.clone(), source };
        let file = File::open(&path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let damaged = |at, what| RunError::Damaged { path: path.clone(), at, what };
        if bytes != entry.bytes {
            return Err(damaged(bytes.min(entry.bytes), "it is not as long as it was"));
        }
        let read = |at: u64, len: usize| {
            let mut part = vec![0; len];
            file.read_exact_at(&mut part, at).map(|()| part).map_err(io)
        };
        let at = bytes.checked_sub(TRAILER as u64).ok_or_else(|| damaged(0, "it has no end"))?;
        let trailer = Trailer::read(&read(at, TRAILER)?).ok_or_else(|| damaged(at, "its end"))?;
        let (number, units, sum) = (trailer.number, trailer.units, trailer.sum);
        if (number, units, sum) != (entry.number, entry.units, entry.sum) || trailer.bytes() != bytes {
            return Err(damaged(at, "it is another run"));
        }
        let directory_at = u64::from(trailer.pages) * PAGE as u64;
        let filter_at = directory_at + u64::from(trailer.blocks) * ENTRY as u64;
        let mut directory = Directory::of(trailer.blocks, trailer.pages, trailer.last);
        let (mut sum_read, mut follows) = (crc32fast::Hasher::new(), true);
        for at in (directory_at..filter_at).step_by(PIECE) {
            let part = read(at, usize::try_from(filter_at - at).map_or(PIECE, |left| left.min(PIECE)))?;
            sum_read.update(&part);
            follows = follows && part.chunks(STRIDE_BYTES).all(|entries| directory.push(entries));
        }
        if !follows || sum_read.finalize() != trailer.directory_sum {
            return Err(damaged(directory_at, "its directory"));
        }
        let part = read(filter_at, in_memory(trailer.lines) * LINE)?;
        if crc32fast::hash(&part) != trailer.filter_sum {
            return Err(damaged(filter_at, "its filter"));
        }
        let filter = Filter::read(&part);
        Ok(Self { file, number: entry.number, units: entry.units, bytes, sum: entry.sum, directory, filter, path })
    }

    /// What the manifest is to say of it.
    pub(super) const fn entry(&self, newest: u64) -> Entry {
        Entry { newest, number: self.number, units: self.units, bytes: self.bytes, sum: self.sum }
    }

    /// The number its file is named by.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Units in it.
    pub(super) const fn units(&self) -> u64 {
        self.units
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the past of a unit lies in `buffer`, into which its block is read.
    fn find(
        &self,
        key: u128,
        hashed: Hashed,
        buffer: &mut Vec<u8>,
        wait: Wait,
    ) -> Result<Option<Range<usize>>, RunError> {
        if !self.filter.may_hold(hashed) {
            return Ok(None);
        }
        let Some(stride) = self.directory.of_key(key) else { return Ok(None) };
        let entries = self.entries(stride, wait)?;
        let Some((page, pages)) = entries.of_key(key) else { return Ok(None) };
        let block = self.read_pages(page, pages, buffer, wait)?;
        let place = Place { run: self.number, page };
        let found = Block::open(place, block).and_then(|block| block.find(key));
        found.ok_or_else(|| self.damaged(place.page))
    }

    /// Where the blocks of a stride lie.
    fn entries(&self, stride: usize, wait: Wait) -> Result<Entries, RunError> {
        if let Some(held) = self.directory.held(stride) {
            return Ok(held);
        }
        let mut bytes = [0; STRIDE_BYTES];
        let at = u64::from(self.directory.pages) * PAGE as u64 + (stride * STRIDE_BYTES) as u64;
        let damaged = |at, what| RunError::Damaged { path: self.path.clone(), at, what };
        let Some(read) = bytes.get_mut(..self.directory.bytes(stride)) else {
            return Err(damaged(at, "its directory"));
        };
        self.read(read, at, wait)?;
        self.directory.entries(stride, bytes).ok_or_else(|| damaged(at, "its directory"))
    }

    fn read_pages<'a>(&self, page: u32, pages: u32, buffer: &'a mut Vec<u8>, wait: Wait) -> Result<&'a [u8], RunError> {
        let len = in_memory(pages) * PAGE;
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        let Some(block) = buffer.get_mut(..len) else { return Err(self.damaged(page)) };
        self.read(block, u64::from(page) * PAGE as u64, wait)?;
        Ok(block)
    }

    fn read(&self, into: &mut [u8], at: u64, wait: Wait) -> Result<(), RunError> {
        let read = match wait {
            Wait::ForDisk => self.file.read_exact_at(into, at),
            Wait::Never => read_at_once(&self.file, into, at),
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(RunError::Damaged { path: self.path.clone(), at, what: "it is shorter than it was" })
            }
            Err(source) => Err(RunError::Io { path: self.path.clone(), source }),
            Ok(()) => Ok(()),
        }
    }

    fn damaged(&self, page: u32) -> RunError {
        RunError::Damaged { path: self.path.clone(), at: u64::from(page) * PAGE as u64, what: "a block of units" }
    }
}

/// The runs that stand, the newest first, each with its place among the others.
pub(super) type Runs = Vec<(u64, Arc<Run>)>;

/// What reading may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// What the system does not hold in memory is fetched from the disk.
    ForDisk,
    /// That is an error.
    Never,
}

/// Reads what the system holds in memory.
fn read_at_once(file: &File, into: &mut [u8], at: u64) -> io::Result<()> {
    let wanted = into.len();
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    match rustix::io::preadv2(file, &mut [IoSliceMut::new(into)], at, flags)? {
        read if read == wanted => Ok(()),
        _ => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The past of a unit in the newest of the runs that hold it; read into `buffer`.
///
/// # Errors
/// [`RunError`] where a block that can hold it cannot be read.
pub(super) fn find<'a>(
    runs: &Runs,
    key: &UnitKey,
    buffer: &'a mut Vec<u8>,
    wait: Wait,
) -> Result<Option<&'a [u8]>, RunError> {
    let key = integer(key);
    let hashed = Hashed::of(key);
    for (_, run) in runs {
        if let Some(past) = run.find(key, hashed, buffer, wait)? {
            return Ok(buffer.get(past));
        }
    }
    Ok(None)
}

/// What stands at the end of a run.
#[derive(Debug, Clone, Copy)]
struct Trailer {
    number: u64,
    units: u64,
    pages: u32,
    blocks: u32,
    lines: u32,
    blocks_sum: u32,
    directory_sum: u32,
    filter_sum: u32,
    last: u128,
    sum: u32,
}

impl Trailer {
    /// The file's length.
    fn bytes(&self) -> u64 {
        u64::from(self.pages) * PAGE as u64
            + u64::from(self.blocks) * ENTRY as u64
            + u64::from(self.lines) * LINE as u64
            + TRAILER as u64
    }

    /// Its bytes, and their sum.
    fn written(&self) -> ([u8; TRAILER], u32) {
        let mut bytes = Vec::with_capacity(TRAILER);
        bytes.extend(MAGIC);
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.units.to_le_bytes());
        let sums = [self.blocks_sum, self.directory_sum, self.filter_sum];
        for word in [self.pages, self.blocks, self.lines].into_iter().chain(sums) {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(self.last.to_be_bytes());
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        let mut trailer = [0; TRAILER];
        trailer.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        (trailer, sum)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (rest, sum) = bytes.split_last_chunk::<4>()?;
        let sum = u32::from_le_bytes(*sum);
        let (magic, after) = rest.split_first_chunk::<16>()?;
        let (number, after) = after.split_first_chunk::<8>()?;
        let (units, after) = after.split_first_chunk::<8>()?;
        let (words, last) = after.split_at_checked(24)?;
        let mut words = words.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        let mut word = || words.next();
        let read = Self {
            number: u64::from_le_bytes(*number),
            units: u64::from_le_bytes(*units),
            pages: word()?,
            blocks: word()?,
            lines: word()?,
            blocks_sum: word()?,
            directory_sum: word()?,
            filter_sum: word()?,
            last: u128::from_be_bytes(*last.first_chunk()?),
            sum,
        };
        let is_sound = magic == MAGIC && sum == crc32fast::hash(rest) && read.blocks > 0 && read.lines > 0;
        is_sound.then_some(read)
    }
}

fn in_memory(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
