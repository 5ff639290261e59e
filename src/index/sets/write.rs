//! Making a set file from rows in order.
//!
//! Owns the writing. Everything goes out once, from front to back, and is hashed on its way; what stays in memory is a
//! directory of 24 bytes for every 128 numbers of the section at work.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use minicbor::bytes::ByteArray;
use sha2::{Digest as _, Sha256};

use super::block::{ROWS, Row, encode};
use super::file::{Contents, DIRECTORY_ENTRY, FileError, Hash, MAGIC, Part, Section};
use super::form::Form;
use super::group::Group;

/// A set file in the making.
#[derive(Debug)]
pub struct SetWriter {
    out: BufWriter<File>,
    path: PathBuf,
    hasher: Sha256,
    at: u64,
    rows: u64,
    counts: Vec<u64>,
    sections: Vec<Section>,
    open: Option<Open>,
}

/// The section at work.
#[derive(Debug)]
struct Open {
    form: Form,
    rows: u64,
    last: u128,
    block: Vec<Row>,
    directory: Vec<u8>,
}

impl SetWriter {
    /// Begins a file, which must not be there yet, of rows in so many groups.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn create(path: &Path, groups: usize) -> Result<Self, FileError> {
        let file = File::create_new(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
        let mut writer = Self {
            out: BufWriter::with_capacity(1 << 20, file),
            path: path.to_owned(),
            hasher: Sha256::new(),
            at: 0,
            rows: 0,
            counts: vec![0; groups],
            sections: Vec::new(),
            open: None,
        };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    /// Takes the next number; they rise, by form and then by value. One that does not is passed over, which no sorted
    /// list has.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn put(&mut self, form: Form, row: Row) -> Result<(), FileError> {
        if self.open.as_ref().is_some_and(|open| open.form != form) {
            self.end_section()?;
        }
        let open = self.open.get_or_insert_with(|| Open {
            form,
            rows: 0,
            last: 0,
            block: Vec::with_capacity(ROWS),
            directory: Vec::new(),
        });
        if open.rows > 0 && row.value <= open.last {
            return Ok(());
        }
        open.last = row.value;
        open.rows += 1;
        open.block.push(row);
        let is_full = open.block.len() == ROWS;
        self.rows += 1;
        if let Some(count) = usize::try_from(row.group).ok().and_then(|group| self.counts.get_mut(group)) {
            *count += 1;
        }
        if is_full { self.end_block() } else { Ok(()) }
    }

    /// How many numbers each group has so far.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Ends the file with what its rows name, and has it on disk. The groups' counts are filled in.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn finish(mut self, groups: &[Group], boxes: &[String]) -> Result<Hash, FileError> {
        self.end_section()?;
        let mut places = Vec::with_capacity(boxes.len());
        for text in boxes {
            places.push((self.at, crc32fast::hash(text.as_bytes())));
            self.write(text.as_bytes())?;
        }
        let end = self.at;
        let boxes_at = self.at;
        for (start, sum) in places {
            self.write(&start.to_le_bytes())?;
            self.write(&sum.to_le_bytes())?;
        }
        // The last box ends where the places begin.
        self.write(&end.to_le_bytes())?;
        let counted: Vec<Group> =
            groups.iter().zip(&self.counts).map(|(group, count)| Group { count: *count, ..group.clone() }).collect();
        let groups = self.part(&cbor(&counted))?;
        let contents = Contents {
            rows: self.rows,
            sections: std::mem::take(&mut self.sections),
            groups,
            boxes_at,
            boxes: u32::try_from(boxes.len()).unwrap_or(u32::MAX),
        };
        let Part { at, len, sum } = self.part(&cbor(&contents))?;
        self.write(&at.to_le_bytes())?;
        self.write(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes())?;
        self.write(&sum.to_le_bytes())?;
        self.write(MAGIC)?;
        let Self { mut out, path, hasher, .. } = self;
        let io = |source| FileError::Io { path: path.clone(), source };
        out.flush().map_err(io)?;
        out.get_ref().sync_all().map_err(io)?;
        Ok(hasher.finalize().into())
    }

    fn end_block(&mut self) -> Result<(), FileError> {
        let at = self.at;
        let Some(open) = self.open.as_mut() else { return Ok(()) };
        let Some(first) = open.block.first() else { return Ok(()) };
        open.directory.extend(first.value.to_le_bytes());
        open.directory.extend(at.to_le_bytes());
        let bytes = encode(&open.block);
        open.block.clear();
        self.write(&bytes)
    }

    fn end_section(&mut self) -> Result<(), FileError> {
        self.end_block()?;
        let Some(open) = self.open.take() else { return Ok(()) };
        debug_assert!(open.directory.len().is_multiple_of(DIRECTORY_ENTRY));
        let directory = self.part(&open.directory)?;
        let last = ByteArray::from(open.last.to_le_bytes());
        self.sections.push(Section { form: open.form, rows: open.rows, last, directory });
        Ok(())
    }

    fn part(&mut self, bytes: &[u8]) -> Result<Part, FileError> {
        let part = Part { at: self.at, len: bytes.len() as u64, sum: crc32fast::hash(bytes) };
        self.write(bytes)?;
        Ok(part)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|source| FileError::Io { path: self.path.clone(), source })
    }
}

fn cbor<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory cannot fail")
}
