//! The whole file of a segment that is reduced: copied elsewhere before, found where a run was killed, removed at last.
//!
//! A segment is there whole and reduced between two steps of a run only. Who finds one so finishes that run: records what
//! it did, where the log does not say so yet, and removes the whole file. Reduces nothing.

use std::fs;
use std::path::Path;

use ed25519_dalek::VerifyingKey;

use super::Reduced;
use super::reduce::{Due, Note, ReducedSegment};
use crate::ledger::event::Event;
use crate::ledger::log::{LogError, LogReader as _};
use crate::ledger::segments::{self, Segment, SegmentReader};
use crate::ledger::sqlite;

/// Rows read at a time.
const CHUNK: usize = 2_000;

/// Copies a segment whole into another folder, durably; a copy that is there already is left.
///
/// # Errors
/// [`LogError::Store`].
pub fn archive(due: &Due, into: &Path) -> Result<(), LogError> {
    let io = |source| LogError::Store { doing: "archived", source: Box::new(source) };
    fs::create_dir_all(into).map_err(io)?;
    let name = due.path.file_name().unwrap_or_default();
    let (copy, unfinished) = (into.join(name), into.join(name).with_extension("db.new"));
    if copy.exists() {
        return Ok(());
    }
    sqlite::remove(&unfinished).map_err(io)?;
    sqlite::copy(&due.path, &unfinished)?;
    fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&unfinished, &copy).map_err(io)?;
    fs::File::open(into).and_then(|folder| folder.sync_all()).map_err(io)
}

/// The segments that are there whole and reduced, and whether the log says of each that it is reduced.
///
/// # Errors
/// [`LogError::Damaged`] where a reduced file's note cannot be read or was not signed by `key`: the whole one is then what
/// is left of it; [`LogError::Store`].
pub fn left(folder: &Path, stream: u32, key: &VerifyingKey) -> Result<Vec<(Due, Note, bool)>, LogError> {
    let mut left = Vec::new();
    for segment in segments::segments(folder, stream)?.into_iter().filter(Segment::is_reduced) {
        let path = segment.whole();
        if !path.exists() {
            continue;
        }
        let reduced = ReducedSegment::open(&segment, stream, Some(key))?;
        if !reduced.is_signed() {
            let what = "the note of its reduced segment was not signed by this ledger's key".to_owned();
            return Err(LogError::Damaged { sequence: segment.first, what });
        }
        let note = *reduced.note();
        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
        left.push((Due { first: note.first, last: note.last, at: note.at, bytes, path }, note, false));
    }
    if left.is_empty() {
        return Ok(left);
    }
    let (mut reader, mut after) = (SegmentReader::new(folder, stream), 0);
    loop {
        let rows = reader.after(after, true, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(left) };
        after = last.sequence;
        for row in &rows {
            let event =
                row.event().map_err(|error| LogError::Damaged { sequence: row.sequence, what: error.to_string() })?;
            if let Event::Reduced(Reduced { first, .. }) = event {
                left.iter_mut().filter(|(due, ..)| due.first == first).for_each(|(.., told)| *told = true);
            }
        }
    }
}

/// Removes the whole file of every segment that is reduced.
///
/// # Errors
/// [`LogError::Store`].
pub fn remove(folder: &Path, stream: u32) -> Result<(), LogError> {
    let io = |source| LogError::Store { doing: "reduced", source: Box::new(source) };
    for segment in segments::segments(folder, stream)?.into_iter().filter(Segment::is_reduced) {
        sqlite::remove(&segment.whole()).map_err(io)?;
    }
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}
