//! What stands beside the units, in the tables of `history.db`: ids of messages answered, replies owed, the position.
//!
//! The ids of a batch are one row, forgotten when the last of them has expired or when the other rows hold as many as are
//! kept: they are only ever read all together, when the gateway comes up, and a row for each would cost as much as the unit's
//! own. Begins and ends no transaction.

use contract::{Channel, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Changes, OwedEntry, Standing};
use crate::ledger::replay::Replayed;
use crate::ledger::sqlite::{signed, unsigned};

/// Rows of ids looked at in one batch, which adds one: where there are too many, they become fewer with every batch.
const LOOKED_AT: i64 = 64;

/// The last event taken in.
pub(super) fn position(connection: &Connection) -> rusqlite::Result<u64> {
    let mut select = connection.prepare_cached("SELECT value FROM standing WHERE key = 'position'")?;
    let value: Option<i64> = select.query_row([], |row| row.get(0)).optional()?;
    Ok(value.map_or(0, unsigned))
}

/// Takes in all of a batch but its units.
pub(super) fn write(transaction: &Connection, changes: &Changes) -> rusqlite::Result<()> {
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
pub(super) fn forget(
    transaction: &Connection,
    changes: &Changes,
    known: Option<u64>,
    keep: u64,
) -> rusqlite::Result<u64> {
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

/// Everything that stands.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Standing> {
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
