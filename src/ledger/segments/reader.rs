//! Reading the segments beside their writer.
//!
//! Owns which files are known, and what a damaged column is called. Writes nothing; which rows follow one another is
//! `log.rs`'s to say.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Segment, read_row, segments};
use crate::ledger::log::{Hash, LogError, LogReader, Row};
use crate::ledger::sqlite::{self, signed, store, unsigned};

/// Reads a folder of segments beside its writer.
#[derive(Debug)]
pub struct SegmentReader {
    folder: PathBuf,
    stream: u32,
    /// The segments known so far with their connections, in order; listed again when a sequence lies beyond them.
    known: Vec<(Segment, Connection)>,
}

impl SegmentReader {
    /// A reader of a stream.
    #[must_use]
    pub fn new(folder: &Path, stream: u32) -> Self {
        Self { folder: folder.to_owned(), stream, known: Vec::new() }
    }

    /// The hash that the segment which begins with this sequence names as its predecessor's.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn predecessor(&mut self, first: u64) -> Result<Hash, LogError> {
        self.refresh()?;
        let Some((_, connection)) = self.known.iter().find(|(known, _)| known.first == first) else {
            return Err(LogError::Damaged { sequence: first, what: "no segment begins with it".to_owned() });
        };
        let meta = |key: &str| connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0));
        let named: Option<Value> = meta("first").optional().map_err(store("read"))?;
        if named != Some(Value::Integer(signed(first))) {
            let what = "its segment names another event as its first".to_owned();
            return Err(LogError::Damaged { sequence: first, what });
        }
        let hash: Option<Value> = meta("predecessor").optional().map_err(store("read"))?;
        match hash {
            Some(Value::Blob(hash)) => Hash::try_from(hash.as_slice()).ok(),
            Some(Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_)) | None => None,
        }
        .ok_or_else(|| LogError::Damaged { sequence: first, what: "its segment names no predecessor".to_owned() })
    }

    /// The first sequence of each segment, in order.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn firsts(&mut self) -> Result<Vec<u64>, LogError> {
        self.refresh()?;
        Ok(self.known.iter().map(|(segment, _)| segment.first).collect())
    }

    fn refresh(&mut self) -> Result<(), LogError> {
        let found = segments(&self.folder, self.stream)?;
        // One that was reduced meanwhile has another file.
        self.known.retain(|(known, _)| found.contains(known));
        for segment in found {
            if self.known.iter().all(|(known, _)| *known != segment) {
                let connection = sqlite::open_reader(&segment.path)?;
                self.known.push((segment, connection));
            }
        }
        self.known.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(())
    }

    fn holding(&self, sequence: u64) -> Option<&Connection> {
        self.known.iter().rev().find(|(known, _)| known.first <= sequence).map(|(_, connection)| connection)
    }
}

impl LogReader for SegmentReader {
    fn after(&mut self, after: u64, only_rare: bool, limit: usize) -> Result<Vec<Row>, LogError> {
        self.refresh()?;
        let sql = if only_rare {
            "SELECT * FROM event WHERE sequence > ?1 AND kind >= 16 ORDER BY sequence LIMIT ?2"
        } else {
            "SELECT * FROM event WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
        };
        let mut rows = Vec::new();
        for (index, (_, connection)) in self.known.iter().enumerate() {
            if self.known.get(index + 1).is_some_and(|(next, _)| next.first <= after.saturating_add(1)) {
                continue;
            }
            let rest = i64::try_from(limit - rows.len()).unwrap_or(i64::MAX);
            let mut select = connection.prepare_cached(sql).map_err(store("read"))?;
            let found = select.query_map(params![signed(after), rest], read_row).map_err(store("read"))?;
            for row in found {
                let next = rows.last().map_or(after, |last: &Row| last.sequence).saturating_add(1);
                rows.push(row.map_err(misread(next))?);
            }
            if rows.len() >= limit {
                break;
            }
        }
        Ok(rows)
    }

    fn row(&mut self, sequence: u64) -> Result<Option<Row>, LogError> {
        for attempt in 0..2 {
            if let Some(connection) = self.holding(sequence) {
                let row = connection
                    .prepare_cached("SELECT * FROM event WHERE sequence = ?1")
                    .and_then(|mut select| select.query_row([signed(sequence)], read_row).optional())
                    .map_err(misread(sequence))?;
                if row.is_some() {
                    return Ok(row);
                }
            }
            if attempt == 0 {
                self.refresh()?;
            }
        }
        Ok(None)
    }

    fn first(&mut self) -> Result<u64, LogError> {
        self.refresh()?;
        let whole = self.known.iter().find(|(known, _)| !known.is_reduced());
        Ok(whole.map_or(1, |(known, _)| known.first))
    }

    fn renew(&mut self) {
        self.known.clear();
    }

    fn last(&mut self) -> Result<Option<u64>, LogError> {
        self.refresh()?;
        for (_, connection) in self.known.iter().rev() {
            let last: Option<i64> =
                connection.query_row("SELECT MAX(sequence) FROM event", [], |row| row.get(0)).map_err(store("read"))?;
            if let Some(last) = last {
                return Ok(Some(unsigned(last)));
            }
        }
        Ok(None)
    }
}

/// A column that holds another type than was written is damage of that row, not a failure of the store.
fn misread(sequence: u64) -> impl Fn(rusqlite::Error) -> LogError {
    move |source| {
        let misread = matches!(
            source,
            rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
        );
        if misread { LogError::Damaged { sequence, what: source.to_string() } } else { store("read")(source) }
    }
}
