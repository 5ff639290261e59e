//! A set file: the numbers of one imported list, immutable, sorted, named by its hash.
//!
//! Owns the form of the file, opening it and finding in it; making one is `write.rs`'s.
//!
//! **What is kept.** Blocks of 128 numbers (`block`), section after section, one for each [`Form`]; behind
//! the blocks of a section its directory (first number and place of each block, 24 bytes); at the end the boxes that
//! are named, the groups (what a run of numbers shares: product, lot, days, level), a table of contents in CBOR, and 32
//! bytes that say where that is. The file is a function of what the list says, in whatever order it says it.
//!
//! **How a number is found.** The directories are held in memory (0.2 bytes a number); a table over the leading bits of
//! the numbers leads to the one block that can hold a number, which is read with one `pread` and decoded as far as need
//! be. A mapped file would save the copy, but one that is cut short while mapped kills the process by a signal, and no
//! safe interface can keep that from happening; the figure is met without.
//!
//! **What damage does.** Contents, directories and groups are checked whenever a file is opened, each block and box whenever it
//! is read, the hash of the whole by [`SetFile::verify`], which takes a second for 10^8 numbers and is not for the way up.
//! A damaged part is an error, never an absence.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::block::{Block, MOST_BYTES, ROWS, Row};
use super::form::Form;
use super::group::Group;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The first bytes of a set file, and with the version the last.
pub(super) const MAGIC: &[u8; 16] = b"verigate set 1\n\0";
/// The bytes at the end: place, length and CRC-32 of the contents, and the magic.
pub(super) const TRAILER: usize = 32;
/// A place and a check sum for each box.
pub(super) const BOX_ENTRY: u64 = 12;
/// First number and place of each block.
pub(super) const DIRECTORY_ENTRY: usize = 24;
/// More contents than a file with the most sections has, in bytes.
const MOST_CONTENTS: u32 = 64 << 20;
/// The longest box's number, in bytes.
pub(super) const MOST_BOX: usize = 256;

/// The table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Contents {
    #[n(0)]
    pub(super) rows: u64,
    #[n(1)]
    pub(super) sections: Vec<Section>,
    #[n(2)]
    pub(super) groups: Part,
    /// Where the places of the boxes begin.
    #[n(3)]
    pub(super) boxes_at: u64,
    #[n(4)]
    pub(super) boxes: u32,
}

/// The numbers of one form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Section {
    #[n(0)]
    pub(super) form: Form,
    #[n(1)]
    pub(super) rows: u64,
    /// The last number.
    #[n(2)]
    pub(super) last: ByteArray<16>,
    /// Where its blocks end, which is where its directory begins.
    #[n(3)]
    pub(super) directory: Part,
}

/// A part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(super) struct Part {
    #[n(0)]
    pub(super) at: u64,
    #[n(1)]
    pub(super) len: u64,
    #[n(2)]
    pub(super) sum: u32,
}

/// Why a set file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("the set file {} is damaged at byte {at}: {what}; restore it from a backup, or import the same list again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What is wrong there.
        what: &'static str,
    },
}

/// An open set file.
#[derive(Debug)]
pub struct SetFile {
    file: File,
    path: PathBuf,
    len: u64,
    contents: Contents,
    sections: Vec<Directory>,
}

/// Where the numbers of one form lie.
#[derive(Debug)]
struct Directory {
    form: Form,
    firsts: Vec<u128>,
    starts: Vec<u64>,
    end: u64,
    last: u128,
    /// For each value of the leading bits, how many blocks begin below it.
    steps: Vec<u32>,
    shift: u32,
}

impl SetFile {
    /// Opens a file and checks all of it but the blocks.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let io = |source| FileError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let read = Parts { file: &file, path, len };
        let contents = read.contents()?;
        let mut sections = Vec::with_capacity(contents.sections.len());
        let mut from = MAGIC.len() as u64;
        for section in &contents.sections {
            sections.push(read.directory(section, from)?);
            from = section.directory.at.saturating_add(section.directory.len);
        }
        Ok(Self { path: path.to_owned(), len, contents, sections, file })
    }

    /// How many numbers it holds.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.contents.rows
    }

    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.len
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The forms of its numbers, in order.
    pub fn forms(&self) -> impl Iterator<Item = Form> {
        self.contents.sections.iter().map(|section| section.form)
    }

    /// What its numbers share, in order of their places.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn groups(&self) -> Result<Vec<Group>, FileError> {
        let part = self.contents.groups;
        let bytes = self.parts().checked(part, "its groups")?;
        minicbor::decode(&bytes).map_err(|_| self.damaged(part.at, "its groups cannot be read"))
    }

    /// The row of a number.
    ///
    /// # Errors
    /// [`FileError`] where the block that could hold it cannot be read.
    pub fn find(&self, form: Form, value: u128) -> Result<Option<Row>, FileError> {
        let Ok(at) = self.sections.binary_search_by_key(&form, |section| section.form) else { return Ok(None) };
        let Some(section) = self.sections.get(at) else { return Ok(None) };
        match section.block(value) {
            Some(block) => self.with_block(section, block, |block| Some(block.find(value))),
            None => Ok(None),
        }
    }

    /// The number of a box, counted from 1.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn parent(&self, nth: u32) -> Result<Option<String>, FileError> {
        let Some(before) = nth.checked_sub(1).filter(|_| nth <= self.contents.boxes) else { return Ok(None) };
        let at = self.contents.boxes_at.saturating_add(u64::from(before) * BOX_ENTRY);
        let wrong = |what| self.damaged(at, what);
        let entry = self.parts().read(at, BOX_ENTRY + 8)?;
        let (Some((start, rest)), true) = (entry.split_first_chunk::<8>(), nth <= self.contents.boxes) else {
            return Err(wrong("a box has no place"));
        };
        let (Some((sum, _)), Some(end)) = (rest.split_first_chunk::<4>(), entry.last_chunk::<8>()) else {
            return Err(wrong("a box has no place"));
        };
        let (start, end) = (u64::from_le_bytes(*start), u64::from_le_bytes(*end));
        let len = end.checked_sub(start).filter(|len| *len <= MOST_BOX as u64).ok_or_else(|| wrong("a box's place"))?;
        let text = self.parts().read(start, len)?;
        if crc32fast::hash(&text) != u32::from_le_bytes(*sum) {
            return Err(wrong("the check sum of a box"));
        }
        String::from_utf8(text).map(Some).map_err(|_| wrong("a box's number is no text"))
    }

    /// Every number with its form, in order; the iterator has a share in the file.
    pub fn into_rows(file: Arc<Self>) -> impl Iterator<Item = Result<(Form, Row), FileError>> {
        let (mut nth, mut block) = (0, 0);
        let blocks = std::iter::from_fn(move || {
            while file.sections.get(nth)?.firsts.len() <= block {
                (nth, block) = (nth + 1, 0);
            }
            block += 1;
            Some(file.block_rows(nth, block - 1))
        });
        blocks.flatten()
    }

    fn block_rows(&self, nth: usize, block: usize) -> Vec<Result<(Form, Row), FileError>> {
        let Some(section) = self.sections.get(nth) else { return Vec::new() };
        match self.with_block(section, block, |block| block.rows()) {
            Ok(rows) => rows.into_iter().map(|row| Ok((section.form, row))).collect(),
            Err(error) => vec![Err(error)],
        }
    }

    /// The hash of the whole, which is what the file is named by. `go_on` is asked after every part; where it says no the
    /// answer is `None`.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn hash(&self, go_on: &mut dyn FnMut(u64) -> bool) -> Result<Option<Hash>, FileError> {
        let io = |source| FileError::Io { path: self.path.clone(), source };
        let mut file = File::open(&self.path).map_err(io)?;
        let mut hasher = Sha256::new();
        let mut part = vec![0; 256 * 1024];
        let mut done = 0_u64;
        loop {
            let read = file.read(&mut part).map_err(io)?;
            let Some(read) = part.get(..read).filter(|read| !read.is_empty()) else {
                return Ok(Some(hasher.finalize().into()));
            };
            hasher.update(read);
            done = done.saturating_add(read.len() as u64);
            if !go_on(done) {
                return Ok(None);
            }
        }
    }

    /// Whether the whole file is what was written: its hash is the one given. `go_on` as for [`SetFile::hash`]; a check
    /// that was broken off found nothing.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn verify(&self, hash: &Hash, go_on: &mut dyn FnMut(u64) -> bool) -> Result<(), FileError> {
        match self.hash(go_on)? {
            Some(found) if found != *hash => Err(self.damaged(0, "its hash is not the one it is named by")),
            Some(_) | None => Ok(()),
        }
    }

    fn parts(&self) -> Parts<'_> {
        Parts { file: &self.file, path: self.path.as_path(), len: self.len }
    }

    fn damaged(&self, at: u64, what: &'static str) -> FileError {
        FileError::Damaged { path: self.path.clone(), at, what }
    }

    fn with_block<T>(
        &self,
        section: &Directory,
        nth: usize,
        look: impl FnOnce(&Block<'_>) -> Option<T>,
    ) -> Result<T, FileError> {
        let (Some(start), Some(first)) = (section.starts.get(nth).copied(), section.firsts.get(nth)) else {
            return Err(self.damaged(0, "a block has no place"));
        };
        let end = section.starts.get(nth + 1).copied().unwrap_or(section.end);
        let damaged = || self.damaged(start, "a block of numbers");
        let len = usize::try_from(end.saturating_sub(start)).ok().filter(|len| *len <= MOST_BYTES);
        let mut bytes = vec![0; len.ok_or_else(damaged)?];
        self.parts().fill(start, &mut bytes)?;
        Block::open(*first, &bytes).and_then(|block| look(&block)).ok_or_else(damaged)
    }
}

impl Directory {
    /// The one block that can hold a number.
    fn block(&self, value: u128) -> Option<usize> {
        let least = *self.firsts.first()?;
        if value < least || value > self.last {
            return None;
        }
        let step = usize::try_from((value - least) >> self.shift).ok()?;
        let from = usize::try_from(*self.steps.get(step)?).ok()?;
        let to = self.steps.get(step + 1).map_or(self.firsts.len(), |to| usize::try_from(*to).unwrap_or(usize::MAX));
        // Of the blocks that begin within the step; the block before them holds what comes before the first of these.
        let within = self.firsts.get(from..to)?.partition_point(|first| *first <= value);
        (from + within).checked_sub(1)
    }
}

/// For each value of the leading bits above `shift`, how many blocks begin below it: about one step to a block.
fn steps(firsts: &[u128], last: u128) -> (Vec<u32>, u32) {
    let Some(least) = firsts.first().copied() else { return (Vec::new(), 0) };
    let bits = u128::BITS - (last - least).leading_zeros();
    let wanted = usize::BITS - firsts.len().leading_zeros();
    let shift = bits.saturating_sub(wanted).min(u128::BITS - 1);
    let count = usize::try_from((last - least) >> shift).unwrap_or(0) + 1;
    let mut steps = Vec::with_capacity(count);
    let mut below = 0_usize;
    for step in 0..count {
        let floor = least.saturating_add(u128::try_from(step).unwrap_or(0) << shift);
        while firsts.get(below).is_some_and(|first| *first < floor) {
            below += 1;
        }
        steps.push(u32::try_from(below).unwrap_or(u32::MAX));
    }
    (steps, shift)
}

/// Reads parts of a file, never beyond its end and never more than it has.
struct Parts<'a> {
    file: &'a File,
    path: &'a Path,
    len: u64,
}

impl Parts<'_> {
    fn damaged(&self, at: u64, what: &'static str) -> FileError {
        FileError::Damaged { path: self.path.to_owned(), at, what }
    }

    fn fill(&self, at: u64, bytes: &mut [u8]) -> Result<(), FileError> {
        self.file.read_exact_at(bytes, at).map_err(|source| {
            if source.kind() == io::ErrorKind::UnexpectedEof {
                self.damaged(at, "the file ends in the middle")
            } else {
                FileError::Io { path: self.path.to_owned(), source }
            }
        })
    }

    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, FileError> {
        // Before anything is reserved.
        if at.checked_add(len).is_none_or(|end| end > self.len) {
            return Err(self.damaged(at, "it names a part beyond its end"));
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| self.damaged(at, "a part is too long"))?];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    fn checked(&self, part: Part, what: &'static str) -> Result<Vec<u8>, FileError> {
        let bytes = self.read(part.at, part.len)?;
        if crc32fast::hash(&bytes) == part.sum { Ok(bytes) } else { Err(self.damaged(part.at, what)) }
    }

    fn contents(&self) -> Result<Contents, FileError> {
        let end = self.len.saturating_sub(TRAILER as u64);
        let head = self.read(0, MAGIC.len() as u64)?;
        let trailer = self.read(end, TRAILER as u64)?;
        let (place, magic) = trailer.split_at_checked(TRAILER - MAGIC.len()).unwrap_or_default();
        if head != MAGIC || magic != MAGIC {
            return Err(self.damaged(end, "it does not begin and end as a set file"));
        }
        let (Some((at, rest)), Some(sum)) = (place.split_first_chunk::<8>(), place.last_chunk::<4>()) else {
            return Err(self.damaged(end, "its end"));
        };
        let len = rest.first_chunk::<4>().map_or(0, |len| u32::from_le_bytes(*len));
        let at = u64::from_le_bytes(*at);
        if len > MOST_CONTENTS || at.saturating_add(u64::from(len)) != end {
            return Err(self.damaged(end, "its end"));
        }
        let part = Part { at, len: u64::from(len), sum: u32::from_le_bytes(*sum) };
        let bytes = self.checked(part, "its table of contents")?;
        let contents: Contents =
            minicbor::decode(&bytes).map_err(|_| self.damaged(at, "its table of contents cannot be read"))?;
        if !contents.sections.is_sorted_by(|one, next| one.form < next.form) {
            return Err(self.damaged(at, "its sections are out of order"));
        }
        Ok(contents)
    }

    /// The directory of a section whose blocks begin at `from`.
    fn directory(&self, section: &Section, from: u64) -> Result<Directory, FileError> {
        let at = section.directory.at;
        let bytes = self.checked(section.directory, "a directory of blocks")?;
        let (entries, rest) = bytes.as_chunks::<DIRECTORY_ENTRY>();
        let mut firsts = Vec::with_capacity(entries.len());
        let mut starts = Vec::with_capacity(entries.len());
        for entry in entries {
            let (first, start) = entry.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
            firsts.push(u128::from_le_bytes(*first));
            starts.push(start.first_chunk::<8>().map_or(0, |start| u64::from_le_bytes(*start)));
        }
        let last = u128::from_le_bytes(*section.last);
        let blocks = section.rows.div_ceil(ROWS as u64);
        let is_whole = rest.is_empty()
            && u64::try_from(firsts.len()).is_ok_and(|len| len == blocks && len > 0)
            && firsts.is_sorted_by(|one, next| one < next)
            && firsts.last().is_some_and(|first| *first <= last)
            && starts.first() == Some(&from)
            && starts.is_sorted_by(|one, next| one < next)
            && starts.last().is_some_and(|start| *start < at);
        if !is_whole {
            return Err(self.damaged(at, "a directory does not fit its blocks"));
        }
        let (steps, shift) = steps(&firsts, last);
        Ok(Directory { form: section.form, firsts, starts, end: at, last, steps, shift })
    }
}
