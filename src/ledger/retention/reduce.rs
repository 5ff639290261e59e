//! Making a segment that is too old smaller, and reading one that is.
//!
//! A reduced segment is a file of its own name (`….kept.db`) with the rows that stay, as they were, the pasts of the units
//! that the segment touched, as they were at its end, and a signed note: from which event to which, the hashes that join it
//! to its neighbours, and one hash over everything that stays. It is made whole and durable before it takes its name, from
//! there on it is the segment, and the whole one beside it is removed. A kill in between leaves both, and the next run
//! removes the whole one; the segment is read whole or reduced, never half. What does not follow from the chain is never
//! reduced: damage is for an operator to see.
//!
//! Does not decide which segment is due; that is the policy's above.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::Timestamp;
use ed25519_dalek::{SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::index::UnitKey;
use crate::ledger::checkpoint::{is_signed, signed};
use crate::ledger::event::{Event, Kind, LoggedId};
use crate::ledger::fold::{Projection, fold};
use crate::ledger::forgotten::ForgottenAskers;
use crate::ledger::histories::{OwedEntry, Packed};
use crate::ledger::log::{Chain, GENESIS, Hash, Head, LogError, LogReader as _, Row};
use crate::ledger::segments::{self, Segment, SegmentReader};
use crate::ledger::sqlite::{self, signed as integer, store};
use crate::verify::history::Past;

/// Rows read at a time.
const CHUNK: usize = 2_000;
/// Pasts held in memory before they are written.
const BATCH: usize = 50_000;

/// What a reduced segment says of itself, signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// Its first event.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// The hash before its first.
    pub predecessor: Hash,
    /// The hash of its last.
    pub hash: Hash,
    /// Log time of its last.
    pub at: Timestamp,
    /// Receipts given out up to its last.
    pub receipts: u64,
    /// Rows that stay.
    pub kept: u64,
    /// Pasts of units.
    pub pasts: u64,
    /// Over every row and past that stays.
    pub content: Hash,
}

impl Note {
    fn origin(stream: u32) -> String {
        format!("verigate/{stream}/reduced")
    }

    fn text(&self, stream: u32) -> String {
        let mut text = Self::origin(stream);
        let Self { first, last, predecessor, hash, at, receipts, kept, pasts, content } = self;
        // Writing into a string cannot fail.
        let _infallible = write!(
            text,
            "\n{first} {last}\n{}\n{}\n{}\n{receipts}\n{kept} {pasts}\n{}\n",
            STANDARD.encode(predecessor),
            STANDARD.encode(hash),
            at.as_millis(),
            STANDARD.encode(content)
        );
        text
    }

    fn parse(text: &str, stream: u32) -> Option<Self> {
        let hash = |line: &str| Hash::try_from(STANDARD.decode(line).ok()?).ok();
        let pair = |line: &str| {
            let (one, other) = line.split_once(' ')?;
            Some((one.parse().ok()?, other.parse().ok()?))
        };
        let mut lines = text.lines();
        if lines.next()? != Self::origin(stream) {
            return None;
        }
        let (first, last) = pair(lines.next()?)?;
        let (predecessor, head) = (hash(lines.next()?)?, hash(lines.next()?)?);
        let (at, receipts) = (Timestamp(lines.next()?.parse().ok()?), lines.next()?.parse().ok()?);
        let (kept, pasts) = pair(lines.next()?)?;
        let content = hash(lines.next()?)?;
        Some(Self { first, last, predecessor, hash: head, at, receipts, kept, pasts, content })
    }
}

/// A segment that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its first event.
    pub first: u64,
    /// Its last.
    pub last: u64,
    /// Log time of its last.
    pub at: Timestamp,
    /// Bytes of its file.
    pub bytes: u64,
    pub(super) path: PathBuf,
}

/// The segments whose last event is older than `keep`, the oldest first; never the last segment.
///
/// # Errors
/// [`LogError`].
pub fn due(folder: &Path, stream: u32, keep: Duration, now: Timestamp) -> Result<Vec<Due>, LogError> {
    let found = segments::segments(folder, stream)?;
    let mut reader = SegmentReader::new(folder, stream);
    let mut due = Vec::new();
    for (segment, next) in found.iter().zip(found.iter().skip(1)) {
        if segment.is_reduced() {
            continue;
        }
        let last = next.first.saturating_sub(1);
        // Behind an empty segment nothing says where the log ends.
        if reader.last()?.is_none_or(|end| end <= last) {
            break;
        }
        let Some(row) = reader.row(last)? else { break };
        if now.since(row.at) < keep {
            break;
        }
        let bytes = fs::metadata(&segment.path).map_or(0, |file| file.len());
        due.push(Due { first: segment.first, last, at: row.at, bytes, path: segment.path.clone() });
    }
    Ok(due)
}

/// Makes the reduced file of a segment beside it. From then on it is the segment; the whole one is removed by
/// [`super::whole::remove`].
///
/// # Errors
/// [`LogError::Damaged`] where the segment does not follow from the one before or the next not from it;
/// [`LogError::Store`].
pub fn reduce(folder: &Path, stream: u32, due: &Due, key: &SigningKey) -> Result<Note, LogError> {
    let io = |source| LogError::Store { doing: "reduced", source: Box::new(source) };
    let found = segments::segments(folder, stream)?;
    let before = found.iter().take_while(|segment| segment.first < due.first);
    let older: Vec<Segment> = before.cloned().collect();
    if older.iter().any(|segment| !segment.is_reduced()) {
        let source = format!("the segments before event {} are not reduced yet", due.first).into();
        return Err(LogError::Store { doing: "reduced", source });
    }
    let fresh = due.path.with_extension(segments::REDUCED);
    let unfinished = due.path.with_extension("kept.new");
    sqlite::remove(&unfinished).map_err(io)?;
    let into = segments::blank(&unfinished)?;
    into.execute_batch("CREATE TABLE past(key BLOB PRIMARY KEY, past BLOB NOT NULL) WITHOUT ROWID;")
        .map_err(store("written"))?;
    let mut reader = SegmentReader::new(folder, stream);
    let head = {
        let hash = if due.first == 1 { GENESIS } else { reader.predecessor(due.first)? };
        Head { sequence: due.first - 1, hash, ..Head::genesis(stream) }
    };
    let mut making = Making {
        into,
        older: connections(&older)?,
        units: HashMap::new(),
        rows: Vec::new(),
        forgotten: forgotten_before(&mut reader, due.first)?,
        chain: Chain::from(head),
    };
    while making.chain.head().sequence < due.last {
        let rows = reader.after(making.chain.head().sequence, false, CHUNK)?;
        if rows.is_empty() {
            break;
        }
        rows.iter().take_while(|row| row.sequence <= due.last).try_for_each(|row| making.take(row))?;
    }
    making.flush()?;
    let end = making.chain.head();
    if end.sequence != due.last || reader.predecessor(due.last + 1)? != end.hash {
        let what = "it is not the one that the next segment names as its predecessor".to_owned();
        return Err(LogError::Damaged { sequence: end.sequence, what });
    }
    let (kept, pasts, content) = content(&making.into, due.first, &mut |_| Ok(()), &mut |_, _| Ok(()))?;
    let Head { sequence: last, at, receipts, hash, .. } = end;
    let note = Note { first: due.first, last, predecessor: head.hash, hash, at, receipts, kept, pasts, content };
    let text = signed(&Note::origin(stream), &note.text(stream), key);
    for (name, value) in [("predecessor", head.hash.as_slice()), ("note", text.as_bytes())] {
        making.into.execute("INSERT INTO meta VALUES (?1, ?2)", params![name, value]).map_err(store("written"))?;
    }
    making.into.execute("INSERT INTO meta VALUES ('first', ?1)", [integer(due.first)]).map_err(store("written"))?;
    sqlite::finish(making.into)?;
    fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    fs::rename(&unfinished, &fresh).map_err(io)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(note)
}

/// What is in a reduced segment.
#[derive(Debug)]
pub struct ReducedSegment {
    connection: Connection,
    first: u64,
    note: Note,
    is_signed: bool,
}

impl ReducedSegment {
    /// Opens it and reads its note; `key` checks the signature.
    ///
    /// # Errors
    /// [`LogError::Damaged`] where it has no note; [`LogError::Store`].
    pub(in crate::ledger) fn open(
        segment: &Segment,
        stream: u32,
        key: Option<&VerifyingKey>,
    ) -> Result<Self, LogError> {
        let damaged = |what: &str| LogError::Damaged { sequence: segment.first, what: what.to_owned() };
        let connection = sqlite::open_reader(&segment.path)?;
        let note: Option<Vec<u8>> = connection
            .query_row("SELECT value FROM meta WHERE key = 'note'", [], |row| row.get(0))
            .optional()
            .map_err(|_| damaged("its segment is reduced and the note cannot be read"))?;
        let note = note.ok_or_else(|| damaged("its segment is reduced and has no note"))?;
        let text = String::from_utf8(note).map_err(|_| damaged("the note of its reduced segment is no text"))?;
        let is_signed = key.is_none_or(|key| is_signed(&text, key));
        let note = Note::parse(&text, stream).ok_or_else(|| damaged("the note of its reduced segment is damaged"))?;
        Ok(Self { connection, first: segment.first, note, is_signed })
    }

    /// What it says of itself.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Whether this ledger's key signed that.
    pub(super) const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// Reads everything that stays, and proves that it is what was signed and follows from `head`. Returns the head after it.
    pub(in crate::ledger) fn read(
        &self,
        head: Head,
        row: &mut dyn FnMut(&Row) -> Result<(), LogError>,
        past: &mut dyn FnMut(UnitKey, Packed) -> Result<(), LogError>,
    ) -> Result<Head, LogError> {
        let Note { first, last, predecessor, hash, at, receipts, kept, pasts, content: sealed } = self.note;
        let damaged = |what: &str| Err(LogError::Damaged { sequence: self.first, what: what.to_owned() });
        if !self.is_signed {
            return damaged("the note of its reduced segment was not signed by this ledger's key");
        }
        if first != self.first || first != head.sequence + 1 || last < first || predecessor != head.hash || at < head.at
        {
            return damaged("its reduced segment does not follow from the event before");
        }
        if content(&self.connection, first, row, past)? != (kept, pasts, sealed) {
            return damaged("what is kept of its reduced segment is not what was signed");
        }
        Ok(Head { sequence: last, at, receipts, hash, ..head })
    }
}

/// Rows and pasts that stay, and the hash over them.
fn content(
    connection: &Connection,
    first: u64,
    row: &mut dyn FnMut(&Row) -> Result<(), LogError>,
    past: &mut dyn FnMut(UnitKey, Packed) -> Result<(), LogError>,
) -> Result<(u64, u64, Hash), LogError> {
    let damaged = |source: rusqlite::Error| LogError::Damaged { sequence: first, what: source.to_string() };
    let mut hasher = Sha256::new();
    let (mut kept, mut pasts) = (0, 0);
    {
        let mut select = connection.prepare("SELECT * FROM event ORDER BY sequence").map_err(damaged)?;
        let rows = select.query_map([], segments::read_row).map_err(damaged)?;
        for found in rows {
            let found = found.map_err(damaged)?;
            for number in [found.sequence, found.at.as_millis().cast_unsigned(), found.receipts] {
                hasher.update(number.to_be_bytes());
            }
            hasher.update([found.kind]);
            hasher.update((found.body.len() as u64).to_be_bytes());
            hasher.update(&found.body);
            hasher.update(found.hash);
            kept += 1;
            row(&found)?;
        }
    }
    let mut select = connection.prepare("SELECT key, past FROM past ORDER BY key").map_err(damaged)?;
    let mut rows = select.query([]).map_err(damaged)?;
    while let Some(found) = rows.next().map_err(damaged)? {
        let (key, bytes): ([u8; 16], Vec<u8>) =
            found.get(0).and_then(|key| Ok((key, found.get(1)?))).map_err(damaged)?;
        hasher.update(key);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(&bytes);
        pasts += 1;
        past(UnitKey::from_bytes(key), Packed::stored(bytes))?;
    }
    Ok((kept, pasts, hasher.finalize().into()))
}

/// Whether a row stays: all but what askers did.
const fn stays(kind: u8) -> bool {
    kind != Kind::Inquiry as u8 && kind != Kind::Delivered as u8
}

fn connections(segments: &[Segment]) -> Result<Vec<Connection>, LogError> {
    segments.iter().rev().map(|segment| sqlite::open_reader(&segment.path)).collect()
}

fn forgotten_before(reader: &mut SegmentReader, first: u64) -> Result<ForgottenAskers, LogError> {
    let mut forgotten = ForgottenAskers::default();
    let mut after = 0;
    loop {
        let rows = reader.after(after, true, CHUNK)?;
        let Some(last) = rows.last().filter(|_| after < first) else { return Ok(forgotten) };
        after = last.sequence;
        for row in rows.iter().take_while(|row| row.sequence < first) {
            if let Event::Forgotten(event) = event_of(row)? {
                forgotten.insert(row.sequence, row.at, &event);
            }
        }
    }
}

fn event_of(row: &Row) -> Result<Event, LogError> {
    row.event().map_err(|error| LogError::Damaged { sequence: row.sequence, what: error.to_string() })
}

/// A reduced segment in the making.
struct Making {
    into: Connection,
    /// The reduced segments before it, the latest first.
    older: Vec<Connection>,
    units: HashMap<UnitKey, Past>,
    rows: Vec<Row>,
    forgotten: ForgottenAskers,
    chain: Chain,
}

impl Making {
    fn take(&mut self, row: &Row) -> Result<(), LogError> {
        self.chain.follow(row)?;
        let event = event_of(row)?;
        fold(row, &event, self)?;
        if stays(row.kind) {
            self.rows.push(row.clone());
        }
        if let Event::Forgotten(event) = &event {
            // What was read before it has its old names.
            self.flush()?;
            self.forgotten.insert(row.sequence, row.at, event);
        }
        if self.units.len() + self.rows.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let transaction = self.into.transaction().map_err(store("written"))?;
        segments::insert_rows(&transaction, &self.rows)?;
        {
            let mut upsert = transaction
                .prepare_cached("INSERT INTO past VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET past = excluded.past")
                .map_err(store("written"))?;
            for (key, past) in self.units.drain() {
                upsert
                    .execute(params![key.as_bytes().as_slice(), Packed::of(&past).as_bytes()])
                    .map_err(store("written"))?;
            }
        }
        transaction.commit().map_err(store("written"))?;
        self.rows.clear();
        Ok(())
    }

    fn load(&self, key: &UnitKey) -> Result<Past, LogError> {
        for connection in std::iter::once(&self.into).chain(&self.older) {
            let bytes: Option<Vec<u8>> = connection
                .prepare_cached("SELECT past FROM past WHERE key = ?1")
                .and_then(|mut select| select.query_row([key.as_bytes().as_slice()], |row| row.get(0)).optional())
                .map_err(store("read"))?;
            if let Some(bytes) = bytes {
                return Packed::stored(bytes).past(key);
            }
        }
        Ok(Past::default())
    }
}

impl Projection for Making {
    fn past(&mut self, key: &UnitKey) -> Result<&mut Past, LogError> {
        let known = match self.units.remove(key) {
            Some(known) => known,
            None => {
                let mut known = self.load(key)?;
                self.forgotten.rename(&mut known, u64::MAX);
                known
            }
        };
        Ok(self.units.entry(*key).or_insert(known))
    }

    fn remember(&mut self, _id: &LoggedId, _sequence: u64, _at: Timestamp) {}

    fn owe(&mut self, _sequence: u64, _entry: OwedEntry) {}

    fn settled(&mut self, _sequence: u64) {}
}
