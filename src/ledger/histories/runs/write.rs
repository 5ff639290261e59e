//! Making a run: from units in order of key, once from front to back.
//!
//! Owns the writing. When [`Writer::finish`] returns, file and folder are on disk, and nothing names the run yet; one that
//! is not finished is removed. What a power cut leaves of it is no manifest's, and removed at the next start.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::block::{Builder, Place};
use super::directory::{Directory, Draft, STRIDE_BYTES, written};
use super::filter::{Filter, Hashed};
use super::{Run, RunError, Trailer, file_name};

/// Bytes that are handed to the system at a time.
const PIECE: usize = 1 << 18;
/// Bytes after which what was written is synced: a sync of all at the end would hold up those of the log.
const SYNCED: usize = 8 << 20;

/// A run in the making.
#[derive(Debug)]
pub(in crate::ledger::histories) struct Writer {
    file: File,
    unfinished: Unfinished,
    number: u64,
    out: Vec<u8>,
    unsynced: usize,
    block: Builder,
    /// Of the sums of all blocks.
    blocks_sum: crc32fast::Hasher,
    directory: Draft,
    /// Pages so far.
    pages: u32,
    /// The key that was put last.
    last: u128,
    units: u64,
    filter: Filter,
}

/// A file that is removed where it is not finished.
#[derive(Debug)]
struct Unfinished {
    path: PathBuf,
    is_finished: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now is no manifest's, and removed at the next start.
            let _left = fs::remove_file(&self.path);
        }
    }
}

impl Writer {
    /// Begins a run of about so many units under a number that no file has.
    ///
    /// # Errors
    /// [`RunError::Io`]; of the kind `AlreadyExists` where there is such a file.
    pub(in crate::ledger::histories) fn create(folder: &Path, number: u64, units: u64) -> Result<Self, RunError> {
        let path = folder.join(file_name(number));
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(|source| RunError::Io { path: path.clone(), source })?;
        Ok(Self {
            file,
            unfinished: Unfinished { path, is_finished: false },
            number,
            out: Vec::with_capacity(PIECE + (PIECE >> 2)),
            unsynced: 0,
            block: Builder::default(),
            blocks_sum: crc32fast::Hasher::new(),
            directory: Draft::default(),
            pages: 0,
            last: 0,
            units: 0,
            filter: Filter::of(units),
        })
    }

    /// Takes the next unit; keys rise.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub(in crate::ledger::histories) fn put(&mut self, key: u128, past: &[u8]) -> Result<(), RunError> {
        debug_assert!(self.units == 0 || key > self.last, "keys rise");
        if !self.block.fits(key, past) {
            self.end_block()?;
        }
        self.block.put(key, past);
        self.filter.put(Hashed::of(key));
        self.last = key;
        self.units += 1;
        Ok(())
    }

    /// Ends the run and has it on disk; it holds one unit at least.
    ///
    /// # Errors
    /// [`RunError::Io`].
    pub(in crate::ledger::histories) fn finish(mut self) -> Result<Run, RunError> {
        self.end_block()?;
        let count = |len: usize| u32::try_from(len).map_err(|_| self.too_large());
        let (blocks, lines) = (count(self.directory.len())?, count(self.filter.lines())?);
        let draft = std::mem::take(&mut self.directory);
        let mut directory = Directory::of(blocks, self.pages, self.last);
        let mut directory_sum = crc32fast::Hasher::new();
        let mut entries = draft.iter().map(|(first, start)| written(first, start)).peekable();
        let mut stride = Vec::with_capacity(STRIDE_BYTES);
        while let Some(entry) = entries.next() {
            stride.extend(entry);
            if stride.len() == STRIDE_BYTES || entries.peek().is_none() {
                directory_sum.update(&stride);
                let follows = directory.push(&stride);
                debug_assert!(follows, "keys rise");
                self.out.append(&mut stride);
            }
            if self.out.len() >= PIECE {
                self.hand_over()?;
            }
        }
        let mut filter_sum = crc32fast::Hasher::new();
        let filter = std::mem::replace(&mut self.filter, Filter::of(0));
        for line in filter.bytes() {
            filter_sum.update(&line);
            self.out.extend(line);
            if self.out.len() >= PIECE {
                self.hand_over()?;
            }
        }
        let trailer = Trailer {
            number: self.number,
            units: self.units,
            pages: self.pages,
            blocks,
            lines,
            blocks_sum: self.blocks_sum.clone().finalize(),
            directory_sum: directory_sum.finalize(),
            filter_sum: filter_sum.finalize(),
            last: self.last,
            sum: 0,
        };
        let (written, sum) = trailer.written();
        self.out.extend(written);
        self.hand_over()?;
        let Self { file, mut unfinished, number, units, .. } = self;
        let io = |source| RunError::Io { path: unfinished.path.clone(), source };
        file.sync_all().map_err(io)?;
        let folder = unfinished.path.parent().unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        unfinished.is_finished = true;
        let path = unfinished.path.clone();
        Ok(Run { file, path, number, units, bytes: trailer.bytes(), sum, directory, filter })
    }

    fn end_block(&mut self) -> Result<(), RunError> {
        let Some(first) = self.block.first() else { return Ok(()) };
        let page = self.pages;
        let begin = self.out.len();
        let pages = self.block.end(Place { run: self.number, page }, &mut self.out);
        self.blocks_sum.update(self.out.get(begin..begin + 4).unwrap_or_default());
        self.directory.push(first, page);
        let end = u32::try_from(pages).ok().and_then(|pages| page.checked_add(pages));
        self.pages = end.ok_or_else(|| self.too_large())?;
        if self.out.len() >= PIECE { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), RunError> {
        let io = |source| RunError::Io { path: self.unfinished.path.clone(), source };
        self.file.write_all(&self.out).map_err(io)?;
        self.unsynced += self.out.len();
        self.out.clear();
        if self.unsynced >= SYNCED {
            self.file.sync_data().map_err(io)?;
            self.unsynced = 0;
        }
        Ok(())
    }

    fn too_large(&self) -> RunError {
        RunError::Io { path: self.unfinished.path.clone(), source: io::ErrorKind::FileTooLarge.into() }
    }
}
