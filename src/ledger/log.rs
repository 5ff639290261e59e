//! The log: rows that are appended and never edited, each chained to the one before.
//!
//! Owns the row, the chain's hash and the traits a store implements ([`Log`], [`LogReader`]). Where rows lie is
//! `segments.rs`; what they mean is `event.rs`.

use contract::Timestamp;
use sha2::{Digest as _, Sha256};

use super::event::{Event, Unreadable};

/// A hash of the chain.
pub type Hash = [u8; 32];

/// The hash before the first event of a stream.
pub const GENESIS: Hash = [0; 32];

/// One event with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the stream, from 1 without gaps.
    pub sequence: u64,
    /// Log time: never before the row before.
    pub at: Timestamp,
    /// The kind's column.
    pub kind: u8,
    /// Receipts given out up to and including this event.
    pub receipts: u64,
    /// The event's bytes.
    pub body: Vec<u8>,
    /// Over all of the above and the hash before.
    pub hash: Hash,
}

impl Row {
    /// The row that follows a head.
    #[must_use]
    pub fn after(head: &Head, at: Timestamp, event: &Event, receipted: bool) -> Self {
        let mut row = Self {
            sequence: head.sequence + 1,
            at: at.max(head.at),
            kind: event.kind() as u8,
            receipts: head.receipts + u64::from(receipted),
            body: event.to_bytes(),
            hash: GENESIS,
        };
        row.hash = row.chained(head.stream, &head.hash);
        row
    }

    /// What the hash must be after this predecessor's.
    #[must_use]
    pub fn chained(&self, stream: u32, previous: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(b"verigate log 1\n");
        hasher.update(previous);
        hasher.update(stream.to_be_bytes());
        hasher.update(self.sequence.to_be_bytes());
        hasher.update(self.at.as_millis().to_be_bytes());
        hasher.update([self.kind]);
        hasher.update(self.receipts.to_be_bytes());
        hasher.update((self.body.len() as u64).to_be_bytes());
        hasher.update(&self.body);
        hasher.finalize().into()
    }

    /// The event.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn event(&self) -> Result<Event, Unreadable> {
        Event::from_bytes(self.kind, &self.body)
    }
}

/// The end of a stream: what the next row is chained to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The stream.
    pub stream: u32,
    /// The last sequence; 0 before the first.
    pub sequence: u64,
    /// Its log time.
    pub at: Timestamp,
    /// Receipts given out so far.
    pub receipts: u64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Before the first event.
    #[must_use]
    pub const fn genesis(stream: u32) -> Self {
        Self { stream, sequence: 0, at: Timestamp(i64::MIN), receipts: 0, hash: GENESIS }
    }

    /// After a row.
    #[must_use]
    pub const fn of(stream: u32, row: &Row) -> Self {
        Self { stream, sequence: row.sequence, at: row.at, receipts: row.receipts, hash: row.hash }
    }
}

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store failed.
    #[error("the log cannot be {doing}")]
    Store {
        /// Opened, read, written.
        doing: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Written by a later version.
    #[error(
        "{what} was written by a newer verigate (schema {found}, this one knows {known}): use that version, or restore a backup made by this one"
    )]
    Newer {
        /// Which file.
        what: String,
        /// Its schema.
        found: u32,
        /// The newest schema known.
        known: u32,
    },
    /// The rows are not what was written.
    #[error(
        "the log is damaged at event {sequence}: {what}; keep the folder as it is, run `verigate ledger verify`, and restore the last good backup"
    )]
    Damaged {
        /// The first event that is wrong.
        sequence: u64,
        /// How.
        what: String,
    },
}

/// The end of a log that can be appended to, by one writer.
pub trait Log: Send {
    /// The end, as last appended or re-read.
    fn head(&self) -> Head;

    /// Appends rows that follow the head, all or none; when this returns `Ok` they survive a power cut. After an error
    /// the outcome is unknown until [`Log::reread`].
    ///
    /// # Errors
    /// [`LogError::Store`], also where the rows do not follow the head.
    fn append(&mut self, rows: &[Row]) -> Result<(), LogError>;

    /// Settles the outcome of a failed append: when this returns, what the store holds up to the head it gives is durable,
    /// and nothing of the failed append that lies beyond will ever come back. Until then nothing may be appended.
    ///
    /// # Errors
    /// [`LogError`], as long as the store takes nothing.
    fn reread(&mut self) -> Result<Head, LogError>;

    /// A reader of its own.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn reader(&self) -> Result<Box<dyn LogReader>, LogError>;
}

/// Reads what was committed.
pub trait LogReader: Send {
    /// The rows after `after`, in order, at most `limit`; only rare kinds if asked so.
    ///
    /// # Errors
    /// [`LogError`].
    fn after(&mut self, after: u64, only_rare: bool, limit: usize) -> Result<Vec<Row>, LogError>;

    /// One row.
    ///
    /// # Errors
    /// [`LogError`].
    fn row(&mut self, sequence: u64) -> Result<Option<Row>, LogError>;

    /// The row that gave out the n-th receipt, by bisection over the running count: no index is kept.
    ///
    /// # Errors
    /// [`LogError`].
    fn receipted(&mut self, nth: u64) -> Result<Option<Row>, LogError> {
        let Some(last) = self.last()? else { return Ok(None) };
        let (mut low, mut high) = (self.first()?, last);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(row) = self.row(middle)? else { return Ok(None) };
            if row.receipts >= nth {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        // Where the rows before it are gone, nothing tells whether the first one gave out the receipt that it counts.
        let is_told = low == 1 || low > self.first()?;
        Ok(self.row(low)?.filter(|row| is_told && row.receipts == nth && nth > 0))
    }

    /// The first sequence from which on every row is kept: before it stand at most the rows of reduced segments.
    ///
    /// # Errors
    /// [`LogError`].
    fn first(&mut self) -> Result<u64, LogError>;

    /// Lets go of what it holds open: a segment was reduced, and what left it must not be read any more.
    fn renew(&mut self) {}

    /// The last committed sequence, if there is one.
    ///
    /// # Errors
    /// [`LogError`].
    fn last(&mut self) -> Result<Option<u64>, LogError>;
}

/// Refuses rows that do not stand right behind a head.
pub(super) fn follows(head: &Head, rows: &[Row]) -> Result<(), LogError> {
    for (expected, row) in (head.sequence + 1..).zip(rows) {
        if row.sequence != expected {
            let source = format!("expected event {expected} to be appended, got {}", row.sequence).into();
            return Err(LogError::Store { doing: "written", source });
        }
    }
    Ok(())
}

/// Checks rows one after another against the chain.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    head: Head,
}

impl Chain {
    /// From a head that is trusted.
    #[must_use]
    pub const fn from(head: Head) -> Self {
        Self { head }
    }

    /// The head so far.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// [`LogError::Damaged`] where it does not follow.
    pub fn follow(&mut self, row: &Row) -> Result<(), LogError> {
        let damaged = |what: String| Err(LogError::Damaged { sequence: self.head.sequence + 1, what });
        if row.sequence != self.head.sequence + 1 {
            return damaged(format!("expected event {}, found {}", self.head.sequence + 1, row.sequence));
        }
        if row.at < self.head.at {
            return damaged("its time is before its predecessor's".to_owned());
        }
        if row.chained(self.head.stream, &self.head.hash) != row.hash {
            return damaged("its hash does not follow from its content and its predecessor".to_owned());
        }
        self.head = Head::of(self.head.stream, row);
        Ok(())
    }
}
