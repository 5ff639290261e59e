//! The plainest durable counter: per check one row of the unit brought forward and one row of a ledger, in groups of 64.
//!
//! As durable as the log (WAL, synchronous FULL) and one thread, with no code read, no verdict and no chain.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use support::drive::Chance;

use crate::{Figures, ratio, written};

const GROUP: usize = 64;

/// The file.
pub(crate) struct Bare {
    connection: Connection,
    sequence: i64,
}

impl Bare {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -64000;
             CREATE TABLE unit(key BLOB PRIMARY KEY, checks INTEGER, first INTEGER, last INTEGER, past BLOB) WITHOUT ROWID;
             CREATE TABLE ledger(sequence INTEGER PRIMARY KEY, at INTEGER, unit BLOB, body BLOB, hash BLOB);",
        )?;
        Ok(Self { connection, sequence: 0 })
    }

    /// Writes for so long, rows of the ledger as long as the core's.
    pub(crate) fn run(&mut self, numbers: &[u128], body_bytes: usize, run: Duration) -> anyhow::Result<Figures> {
        let (body, hash, past) = (vec![0x5a_u8; body_bytes], [0xa5_u8; 32], [0x3c_u8; 48]);
        let mut chance = Chance::new(u64::try_from(self.sequence).unwrap_or(0) + 7);
        let first = self.sequence;
        let before = written()?;
        let started = Instant::now();
        while started.elapsed() < run {
            let transaction = self.connection.transaction()?;
            {
                let mut upsert = transaction.prepare_cached(
                    "INSERT INTO unit VALUES (?1, 1, ?2, ?2, ?3)
                     ON CONFLICT(key) DO UPDATE SET checks = checks + 1, last = ?2, past = ?3",
                )?;
                let mut append = transaction.prepare_cached("INSERT INTO ledger VALUES (?1, ?1, ?2, ?3, ?4)")?;
                for _ in 0..GROUP {
                    self.sequence += 1;
                    let number = numbers.get(chance.below(numbers.len())).copied().unwrap_or_default();
                    let key = number.to_be_bytes();
                    upsert.execute(params![key.as_slice(), self.sequence, past.as_slice()])?;
                    append.execute(params![self.sequence, key.as_slice(), body, hash.as_slice()])?;
                }
            }
            transaction.commit()?;
        }
        let took = started.elapsed().as_secs_f64();
        let checks = u64::try_from(self.sequence - first).unwrap_or(0);
        let bytes = ratio(written()? - before, ratio(checks, 1.0));
        Ok(Figures { per_second: ratio(checks, took), bytes: Some(bytes), latency: None })
    }
}
