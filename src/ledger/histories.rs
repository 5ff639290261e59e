//! The projections on disk: histories of units, ids of messages, owed replies, flags, with the position they stand at.
//!
//! Written by one thread in large sorted batches; a batch and its position are one transaction. Everything here can be
//! rebuilt from the log, and rebuilding gives the same units ([`Histories::digest`]).
//!
//! The ids of a batch are one row, forgotten when the last of them has expired or when the other rows hold as many as are
//! kept ([`SqliteHistories::keeping`]): they are only ever read all together, when the gateway comes up, and a row for each
//! would cost as much as the unit's own.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use contract::{Channel, Day, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use super::log::LogError;
use super::replay::Replayed;
use super::sqlite::{self, Durability, Migrations, signed, store, unsigned};
use crate::index::UnitKey;
use crate::verify::history::Past;

const MIGRATIONS: Migrations = &[
    "
    CREATE TABLE unit(key BLOB PRIMARY KEY, past BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE replay(id BLOB PRIMARY KEY, sequence INTEGER NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX replay_until ON replay(until);
    CREATE TABLE owed(sequence INTEGER PRIMARY KEY, channel INTEGER NOT NULL, day TEXT NOT NULL, until INTEGER NOT NULL);
    CREATE TABLE standing(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
",
    // The ids of a batch in one row. Everything is folded from the log again: it stands at no position.
    "
    DROP TABLE replay;
    CREATE TABLE replay(position INTEGER PRIMARY KEY, until INTEGER NOT NULL, ids BLOB NOT NULL);
    DELETE FROM unit;
    DELETE FROM owed;
    DELETE FROM standing;
",
];

/// A reply that is owed, as the projection keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwedEntry {
    /// By which channel.
    pub channel: Channel,
    /// The day of its route's key.
    pub day: Day,
    /// Until then it is of use.
    pub until: Timestamp,
}

/// A past in the bytes it is stored in: a fraction of the memory that it takes when it is open.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// A past's bytes.
    ///
    /// # Panics
    /// Never: encoding into memory cannot fail.
    #[must_use]
    pub fn of(past: &Past) -> Self {
        // One session without a place takes some 50 bytes.
        let mut bytes = Vec::with_capacity(128);
        minicbor::encode(past, &mut bytes).expect("encoding into memory cannot fail");
        Self(bytes.into_boxed_slice())
    }

    /// The past of this unit.
    ///
    /// # Errors
    /// [`LogError::Store`] where the bytes are not a past's.
    pub fn past(&self, key: &UnitKey) -> Result<Past, LogError> {
        minicbor::decode(&self.0).map_err(|source| unreadable(key, source))
    }

    /// As stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}

/// What changed up to a position of the log.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The last event taken in.
    pub position: u64,
    /// Units with their new pasts.
    pub units: HashMap<UnitKey, Packed>,
    /// Messages answered, in the order of the log.
    pub replays: Vec<([u8; 16], Replayed)>,
    /// Replies that are now owed, or (`None`) no longer.
    pub owed: BTreeMap<u64, Option<OwedEntry>>,
    /// Log time, for forgetting what has expired.
    pub at: Timestamp,
}

/// A store of projections.
pub trait Histories: Send {
    /// The last event of the log that is taken in.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn position(&mut self) -> Result<u64, LogError>;

    /// A unit's past, if anything ever happened to it.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn past(&mut self, key: &UnitKey) -> Result<Option<Past>, LogError>;

    /// Ends what reading began: the pasts read between two calls are of one instant, and later ones are of a later one. For
    /// one that reads again and again: beginning costs as much as reading a past.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn refresh(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    /// Takes in a batch, all of it or nothing.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn apply(&mut self, changes: &Changes) -> Result<(), LogError>;

    /// Messages answered and replies owed, for coming up.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn standing(&mut self) -> Result<Standing, LogError>;

    /// SHA-256 over every unit's row in order of key: the same log gives the same digest.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn digest(&mut self) -> Result<[u8; 32], LogError>;

    /// Another handle on the same store.
    ///
    /// # Errors
    /// [`LogError::Store`].
    fn another(&self) -> Result<Box<dyn Histories>, LogError>;
}

/// What stands when the gateway comes up.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Messages answered.
    pub replays: HashMap<[u8; 16], Replayed>,
    /// Replies owed.
    pub owed: BTreeMap<u64, OwedEntry>,
}

/// The projections in one SQLite file.
#[derive(Debug)]
pub struct SqliteHistories {
    path: PathBuf,
    connection: Connection,
    /// So many ids are kept.
    keep: u64,
    /// How many there are; `None` until they were counted.
    ids: Option<u64>,
}

/// Rows of ids looked at in one batch, which adds one: where there are too many, they become fewer with every batch.
const LOOKED_AT: i64 = 64;

impl SqliteHistories {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Store`].
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let connection = sqlite::open(path, Durability::Projection, MIGRATIONS)?;
        Ok(Self { path: path.to_owned(), connection, keep: u64::MAX, ids: None })
    }

    /// Keeps so many ids and at most those of one batch more, the ones that expire last; without this, all until they
    /// expire. The newest batch's stay in any case.
    #[must_use]
    pub const fn keeping(mut self, ids: u64) -> Self {
        self.keep = ids;
        self
    }

    /// As [`SqliteHistories::open`], for the one process that writes the file: what the one before it left unsynced, when
    /// it was killed, is made durable first.
    ///
    /// # Errors
    /// [`LogError::Newer`], [`LogError::Store`].
    pub fn take(path: &Path) -> Result<Self, LogError> {
        sqlite::settle(path).map_err(|source| LogError::Store { doing: "opened", source: Box::new(source) })?;
        Self::open(path)
    }

    /// Closes the file with everything in it, so that it can take another name.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub fn finish(self) -> Result<(), LogError> {
        sqlite::finish(self.connection)
    }

    /// How many units have a history.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub fn units(&self) -> Result<usize, LogError> {
        let count: i64 =
            self.connection.query_row("SELECT COUNT(*) FROM unit", [], |row| row.get(0)).map_err(store("read"))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

fn unreadable(key: &UnitKey, source: minicbor::decode::Error) -> LogError {
    LogError::Store {
        doing: "read",
        source: format!("the history of unit {key} is damaged ({source}); run `verigate ledger rebuild`").into(),
    }
}

impl Histories for SqliteHistories {
    fn position(&mut self) -> Result<u64, LogError> {
        self.connection
            .prepare_cached("SELECT value FROM standing WHERE key = 'position'")
            .and_then(|mut select| select.query_row([], |row| row.get(0)).optional())
            .map(|value: Option<i64>| value.map_or(0, unsigned))
            .map_err(store("read"))
    }

    fn past(&mut self, key: &UnitKey) -> Result<Option<Past>, LogError> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN").map_err(store("read"))?;
        }
        let mut select =
            self.connection.prepare_cached("SELECT past FROM unit WHERE key = ?1").map_err(store("read"))?;
        // Decoded where it lies: no copy.
        let read = |row: &rusqlite::Row<'_>| Ok(minicbor::decode(row.get_ref(0)?.as_blob()?));
        let past: Option<Result<Past, _>> =
            select.query_row([key.as_bytes().as_slice()], read).optional().map_err(store("read"))?;
        past.transpose().map_err(|source| unreadable(key, source))
    }

    fn refresh(&mut self) -> Result<(), LogError> {
        if !self.connection.is_autocommit() {
            // Nothing was written. A commit would fail where a read had failed, and with it every later check.
            self.connection.execute_batch("ROLLBACK").map_err(store("read"))?;
        }
        Ok(())
    }

    fn apply(&mut self, changes: &Changes) -> Result<(), LogError> {
        self.refresh()?;
        // Counted again after a failure, which may have taken anything.
        let known = self.ids.take();
        let transaction = self.connection.transaction().map_err(store("written"))?;
        let ids = write(&transaction, changes)
            .and_then(|()| forget(&transaction, changes, known, self.keep))
            .map_err(store("written"))?;
        transaction.commit().map_err(store("written"))?;
        self.ids = Some(ids);
        Ok(())
    }

    fn standing(&mut self) -> Result<Standing, LogError> {
        read_standing(&self.connection).map_err(store("read"))
    }

    fn digest(&mut self) -> Result<[u8; 32], LogError> {
        let mut hasher = Sha256::new();
        let mut select = self.connection.prepare("SELECT key, past FROM unit ORDER BY key").map_err(store("read"))?;
        let mut rows = select.query([]).map_err(store("read"))?;
        while let Some(row) = rows.next().map_err(store("read"))? {
            let (key, past): (Vec<u8>, Vec<u8>) =
                row.get(0).and_then(|key| Ok((key, row.get(1)?))).map_err(store("read"))?;
            hasher.update(&key);
            hasher.update((past.len() as u64).to_be_bytes());
            hasher.update(&past);
        }
        Ok(hasher.finalize().into())
    }

    fn another(&self) -> Result<Box<dyn Histories>, LogError> {
        Ok(Box::new(Self::open(&self.path)?.keeping(self.keep)))
    }
}

fn write(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
    // Sorted, so that neighbouring units share the pages that are written.
    let mut sorted: Vec<(&UnitKey, &Packed)> = changes.units.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let mut upsert = transaction
        .prepare_cached("INSERT INTO unit VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET past = excluded.past")?;
    for (key, past) in sorted {
        upsert.execute(params![key.as_bytes().as_slice(), past.as_bytes()])?;
    }
    if let Some(until) = changes.replays.iter().map(|(_, known)| known.until.as_millis()).max() {
        transaction.execute(
            "INSERT OR REPLACE INTO replay VALUES (?1, ?2, ?3)",
            params![signed(changes.position), until, packed(&changes.replays)],
        )?;
    }
    transaction.execute("INSERT OR REPLACE INTO standing VALUES ('at', ?1)", [changes.at.as_millis()])?;
    for (sequence, owed) in &changes.owed {
        match owed {
            Some(entry) => transaction.execute(
                "INSERT OR REPLACE INTO owed VALUES (?1, ?2, ?3, ?4)",
                params![signed(*sequence), entry.channel as u8, entry.day.to_string(), entry.until.as_millis()],
            )?,
            None => transaction.execute("DELETE FROM owed WHERE sequence = ?1", [signed(*sequence)])?,
        };
    }
    transaction.execute("INSERT OR REPLACE INTO standing VALUES ('position', ?1)", [signed(changes.position)])?;
    Ok(())
}

/// Forgets rows of ids: those that have expired, and beyond what is kept those that expire first. How many ids are left.
fn forget(transaction: &Connection, changes: &Changes, known: Option<u64>, keep: u64) -> rusqlite::Result<u64> {
    let mut ids = match known {
        Some(known) => known + changes.replays.len() as u64,
        None => {
            let bytes = "SELECT COALESCE(SUM(LENGTH(ids)), 0) FROM replay";
            transaction.query_row(bytes, [], |row| row.get(0)).map(unsigned)? / PACKED as u64
        }
    };
    let mut expired = transaction.prepare_cached("DELETE FROM replay WHERE until <= ?1 RETURNING LENGTH(ids)")?;
    let mut rows = expired.query([changes.at.as_millis()])?;
    while let Some(row) = rows.next()? {
        ids = ids.saturating_sub(unsigned(row.get(0)?) / PACKED as u64);
    }
    if ids <= keep {
        return Ok(ids);
    }
    let first = "SELECT position, LENGTH(ids) FROM replay WHERE position < ?1 ORDER BY until, position LIMIT ?2";
    let mut select = transaction.prepare_cached(first)?;
    let mut rows = select.query([signed(changes.position), LOOKED_AT])?;
    while let Some(row) = rows.next()? {
        let rest = ids.saturating_sub(unsigned(row.get(1)?) / PACKED as u64);
        if rest < keep {
            break;
        }
        transaction.execute("DELETE FROM replay WHERE position = ?1", [row.get::<_, i64>(0)?])?;
        ids = rest;
    }
    Ok(ids)
}

/// Bytes of one message answered: its id, the hash of its content, its sequence, and until when.
const PACKED: usize = 16 + 8 + 8 + 8;

fn packed(replays: &[([u8; 16], Replayed)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(replays.len() * PACKED);
    for (id, known) in replays {
        bytes.extend_from_slice(id);
        bytes.extend_from_slice(&known.digest);
        bytes.extend_from_slice(&known.sequence.to_be_bytes());
        bytes.extend_from_slice(&known.until.as_millis().to_be_bytes());
    }
    bytes
}

fn unpacked(one: &[u8]) -> Option<([u8; 16], Replayed)> {
    let (id, rest) = one.split_first_chunk()?;
    let (digest, rest) = rest.split_first_chunk()?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let (until, _) = rest.split_first_chunk()?;
    let until = Timestamp(i64::from_be_bytes(*until));
    Some((*id, Replayed { sequence: u64::from_be_bytes(*sequence), digest: *digest, until }))
}

fn read_standing(connection: &Connection) -> rusqlite::Result<Standing> {
    let mut standing = Standing::default();
    let at = Timestamp(
        connection
            .query_row("SELECT value FROM standing WHERE key = 'at'", [], |row| row.get(0))
            .optional()?
            .unwrap_or(i64::MIN),
    );
    let mut select = connection.prepare("SELECT ids FROM replay ORDER BY position")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let ids = row.get_ref(0)?.as_blob()?;
        standing.replays.extend(ids.chunks_exact(PACKED).filter_map(unpacked).filter(|(_, known)| known.until > at));
    }
    let mut select = connection.prepare("SELECT sequence, channel, day, until FROM owed")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (channel, day): (u8, String) = (row.get(1)?, row.get(2)?);
        let channel = Channel::ALL.into_iter().find(|known| *known as u8 == channel);
        if let (Some(channel), Ok(day)) = (channel, day.parse()) {
            standing.owed.insert(unsigned(row.get(0)?), OwedEntry { channel, day, until: Timestamp(row.get(3)?) });
        }
    }
    Ok(standing)
}

#[cfg(test)]
mod tests;
