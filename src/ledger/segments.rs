//! The log as SQLite files, one per month, each opening with its predecessor's head.
//!
//! A segment's name says stream, first sequence and month (`0-000000000001-2026-11.db`), so that a listing of the
//! folder is its order. Rows are only ever inserted. A segment is opened at the first event of a month by log time. It is
//! made whole under another name and then renamed, so that a reader never meets one without its tables; a power cut
//! before its first rows leaves an empty segment, which is taken over at the next open whatever the month is by then. A
//! segment that is too old is reduced (`retention.rs`): a file of another ending, without what askers did, takes its place.
//!
//! What is read again after a failure is never trusted for being readable (decided 2026-11-26, on Linux's ways with a
//! failed sync). After one the kernel takes the pages for clean: they are read as written, the next sync says good, and
//! the disk never saw them. Rows that were refused could so come back, be answered from, and stand as a hole before
//! everything appended after them. Therefore:
//! - A failed append keeps its connection. SQLite has taken the rows back in its own index, and a commit of our own
//!   (`SegmentLog::prove`) overwrites what they left in the WAL, in place. Only once that was synced is anything
//!   appended again: the refused rows are then gone for good, whatever becomes of the power or the process.
//! - A log that is opened is not trusted either: the process before may have been killed between its write and its sync,
//!   or after a sync that failed. What its WAL holds is written again and synced before SQLite looks at it.
//! - A file is used only with a WAL (`sqlite.rs`): of a rollback journal's removal, which is what commits there, SQLite says
//!   nothing that could be proven.
//! - The folder is synced by us before the first row of every connection. SQLite does so as well when it makes a WAL, but
//!   tells nobody when that fails.

mod reader;

use std::fs;
use std::path::{Path, PathBuf};

use contract::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::log::{Chain, Hash, Head, Log, LogError, LogReader, Row, follows};
use super::sqlite::{self, Durability, Migrations, signed, store};

pub use self::reader::SegmentReader;

const MIGRATIONS: Migrations = &["
    CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE event(
        sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, receipts INTEGER NOT NULL,
        body BLOB NOT NULL, hash BLOB NOT NULL
    );
    CREATE INDEX rare ON event(sequence) WHERE kind >= 16;
"];

/// Rows at the end whose chain is checked whenever the log is opened.
const CHECKED_AT_OPEN: u64 = 2_000;

/// The ending of a segment that was reduced: what askers did has left it.
pub(super) const REDUCED: &str = "kept.db";

/// One month's file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) path: PathBuf,
}

impl Segment {
    /// Whether what askers did has left it.
    pub(super) fn is_reduced(&self) -> bool {
        self.path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(REDUCED))
    }

    /// The file that it was before it was reduced.
    pub(super) fn whole(&self) -> PathBuf {
        self.path.with_extension("").with_extension("db")
    }
}

/// Every segment of a stream in a folder, in order; of one that is there whole and reduced, the reduced one.
pub(super) fn segments(folder: &Path, stream: u32) -> Result<Vec<Segment>, LogError> {
    let prefix = format!("{stream}-");
    let mut found = Vec::new();
    let io = |source: std::io::Error| LogError::Store { doing: "listed", source: Box::new(source) };
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let first = name
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_suffix(".db"))
            .and_then(|rest| rest.split_once('-'))
            .and_then(|(first, _)| first.parse().ok());
        if let Some(first) = first {
            found.push(Segment { first, path });
        }
    }
    found.sort();
    let reduced: Vec<PathBuf> = found.iter().filter(|one| one.is_reduced()).map(Segment::whole).collect();
    found.retain(|one| !reduced.contains(&one.path));
    Ok(found)
}

/// A new file with the tables of a segment and nothing in them.
pub(super) fn blank(path: &Path) -> Result<Connection, LogError> {
    sqlite::open(path, Durability::Log, MIGRATIONS)
}

/// The log in a folder.
#[derive(Debug)]
pub struct SegmentLog {
    folder: PathBuf,
    stream: u32,
    durability: Durability,
    head: Head,
    open: Option<(Connection, Month)>,
    /// The first sequence of the open segment.
    opened_at: u64,
    /// A commit through the open connection was synced, and so was the folder, since anything failed.
    proven: bool,
}

type Month = (i16, i8);

impl SegmentLog {
    /// Opens the stream, checks that its last events follow from one another, and stands at its head.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Damaged`], [`LogError::Store`].
    pub fn open(folder: &Path, stream: u32) -> Result<Self, LogError> {
        Self::open_as(folder, stream, Durability::Log)
    }

    /// As [`SegmentLog::open`], and commits are not synced: for proving that what proves the log durable would see it if
    /// it were not.
    ///
    /// # Errors
    /// As [`SegmentLog::open`].
    #[doc(hidden)]
    pub fn open_unsynced(folder: &Path, stream: u32) -> Result<Self, LogError> {
        Self::open_as(folder, stream, Durability::Unsynced)
    }

    fn open_as(folder: &Path, stream: u32, durability: Durability) -> Result<Self, LogError> {
        let io = |source| LogError::Store { doing: "opened", source: Box::new(source) };
        fs::create_dir_all(folder).map_err(io)?;
        for segment in segments(folder, stream)? {
            sqlite::settle(&segment.path).map_err(io)?;
        }
        sync(folder)?;
        let mut log = Self {
            folder: folder.to_owned(),
            stream,
            durability,
            head: Head::genesis(stream),
            open: None,
            opened_at: 0,
            proven: false,
        };
        log.stand()?;
        Ok(log)
    }

    /// Stands at the end of the last segment that has events.
    fn stand(&mut self) -> Result<(), LogError> {
        let mut found = segments(&self.folder, self.stream)?;
        // An empty last segment was being opened when the power went: it is used again.
        while let Some(segment) = found.pop() {
            if segment.is_reduced() {
                let what = "every segment after the reduced ones is gone".to_owned();
                return Err(LogError::Damaged { sequence: segment.first, what });
            }
            let connection = sqlite::open(&segment.path, self.durability, MIGRATIONS)?;
            let last = last_row(&connection)?;
            if self.open.is_none() {
                let name = segment.path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let month =
                    name.rsplitn(3, '-').take(2).filter_map(|part| part.parse::<i16>().ok()).collect::<Vec<_>>();
                if let [month, year] = month.as_slice() {
                    self.opened_at = segment.first;
                    self.open = Some((connection, (*year, i8::try_from(*month).unwrap_or(1))));
                }
            }
            if let Some(row) = last {
                self.head = Head::of(self.stream, &row);
                break;
            }
        }
        if self.open.is_some() && self.opened_at > self.head.sequence + 1 {
            let what = format!("the last segment begins with event {}", self.opened_at);
            return Err(LogError::Damaged { sequence: self.head.sequence + 1, what });
        }
        check_tail(&mut SegmentReader::new(&self.folder, self.stream), self.head)
    }

    /// Commits a mark of its own through the open connection, and syncs the folder: shows that the disk takes what is
    /// written, and overwrites what a failed append left behind the last commit in the WAL.
    fn prove(&mut self) -> Result<(), LogError> {
        let Some((connection, _)) = &self.open else { return Ok(()) };
        // A count, so that it differs each time: where a row is replaced by the same bytes SQLite writes no page, and its
        // commit neither overwrites nor syncs anything.
        connection
            .execute("INSERT INTO meta VALUES ('proven', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1", [])
            .map_err(store("written"))?;
        sync(&self.folder)?;
        self.proven = true;
        Ok(())
    }

    fn start(&mut self, month: Month) -> Result<(), LogError> {
        let first = self.head.sequence + 1;
        if let Some((_, open)) = self.open.as_mut().filter(|_| self.opened_at == first) {
            // Two segments must never begin with the same event: an empty one is used, though its name tells another
            // month.
            *open = month;
            return Ok(());
        }
        // One that took its name when something failed right after is used too. A reader may have it open already, so
        // another must not take its place.
        let left = segments(&self.folder, self.stream)?.pop().filter(|segment| segment.first == first);
        let path = match left {
            Some(segment) => segment.path,
            None => self.make(first, month)?,
        };
        // The name of the new file must survive a power cut as surely as the rows in it.
        sync(&self.folder)?;
        self.open = Some((sqlite::open(&path, self.durability, MIGRATIONS)?, month));
        self.opened_at = first;
        self.proven = false;
        Ok(())
    }

    pub(super) fn make(&self, first: u64, month: Month) -> Result<PathBuf, LogError> {
        let io = |source| LogError::Store { doing: "written", source: Box::new(source) };
        let path = self.folder.join(format!("{}-{first:012}-{:04}-{:02}.db", self.stream, month.0, month.1));
        let unfinished = path.with_extension("db.new");
        sqlite::remove(&unfinished).map_err(io)?;
        let connection = blank(&unfinished)?;
        connection
            .execute("INSERT INTO meta VALUES ('predecessor', ?1)", [self.head.hash.as_slice()])
            .and_then(|_| connection.execute("INSERT INTO meta VALUES ('first', ?1)", [signed(first)]))
            .map_err(store("written"))?;
        sqlite::finish(connection)?;
        fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(io)?;
        fs::rename(&unfinished, &path).map_err(io)?;
        Ok(path)
    }

    fn insert(&mut self, rows: &[Row]) -> Result<(), LogError> {
        let Some((connection, _)) = self.open.as_mut() else { return Ok(()) };
        let transaction = connection.transaction().map_err(store("written"))?;
        insert_rows(&transaction, rows)?;
        transaction.commit().map_err(store("written"))?;
        if let Some(last) = rows.last() {
            self.head = Head::of(self.stream, last);
        }
        Ok(())
    }
}

pub(super) fn insert_rows(transaction: &Connection, rows: &[Row]) -> Result<(), LogError> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)").map_err(store("written"))?;
    for row in rows {
        insert
            .execute(params![
                signed(row.sequence),
                row.at.as_millis(),
                row.kind,
                signed(row.receipts),
                row.body,
                row.hash.as_slice()
            ])
            .map_err(store("written"))?;
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<(), LogError> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|source| LogError::Store { doing: "written", source: Box::new(source) })
}

fn month_of(at: Timestamp) -> Month {
    let date = at.to_jiff().to_zoned(TimeZone::UTC).date();
    (date.year(), date.month())
}

impl Log for SegmentLog {
    fn head(&self) -> Head {
        self.head
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), LogError> {
        follows(&self.head, rows)?;
        let mut rest = rows;
        while let Some(first) = rest.first() {
            let month = month_of(first.at);
            if self.open.as_ref().is_none_or(|(_, open)| *open < month) {
                self.start(month)?;
            }
            // A group that spans the turn of a month is committed in two parts, the earlier first; an error between
            // them is an unknown outcome like any other and is settled by reading again.
            let split = rest.iter().position(|row| month_of(row.at) > month).unwrap_or(rest.len());
            let (now, later) = rest.split_at(split);
            if !self.proven {
                self.prove()?;
            }
            self.insert(now)?;
            rest = later;
        }
        Ok(())
    }

    fn reread(&mut self) -> Result<Head, LogError> {
        self.proven = false;
        self.prove()?;
        if let Some((connection, _)) = &self.open
            && let Some(row) = last_row(connection)?
        {
            self.head = Head::of(self.stream, &row);
        }
        Ok(self.head)
    }

    fn reader(&self) -> Result<Box<dyn LogReader>, LogError> {
        Ok(Box::new(SegmentReader::new(&self.folder, self.stream)))
    }
}

fn check_tail(reader: &mut SegmentReader, head: Head) -> Result<(), LogError> {
    if head.sequence == 0 {
        return Ok(());
    }
    let first = reader.first()?;
    let from = head.sequence.saturating_sub(CHECKED_AT_OPEN).max(first.saturating_sub(1));
    let rows = reader.after(from, false, usize::MAX)?;
    let mut chain = match rows.first() {
        Some(_) if from == 0 => Chain::from(Head::genesis(head.stream)),
        Some(_) if from + 1 == first => {
            Chain::from(Head { hash: reader.predecessor(first)?, sequence: from, ..Head::genesis(head.stream) })
        }
        Some(_) => match reader.row(from)? {
            Some(before) => Chain::from(Head::of(head.stream, &before)),
            None => return Err(LogError::Damaged { sequence: from, what: "it is missing".to_owned() }),
        },
        None => return Err(LogError::Damaged { sequence: head.sequence, what: "it is missing".to_owned() }),
    };
    rows.iter().try_for_each(|row| chain.follow(row))
}

fn last_row(connection: &Connection) -> Result<Option<Row>, LogError> {
    connection
        .query_row("SELECT * FROM event ORDER BY sequence DESC LIMIT 1", [], read_row)
        .optional()
        .map_err(store("read"))
}

pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let (sequence, kind, receipts): (i64, i64, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let hash: Vec<u8> = row.get(5)?;
    Ok(Row {
        // Never clamped: a damaged column must not read as a sound one.
        sequence: sequence.cast_unsigned(),
        at: Timestamp(row.get(1)?),
        // There is no kind 0, and no hash of another length: damage that the chain will name.
        kind: u8::try_from(kind).unwrap_or(0),
        receipts: receipts.cast_unsigned(),
        body: row.get(4)?,
        hash: Hash::try_from(hash.as_slice()).unwrap_or_default(),
    })
}
