//! The plainest durable counter: per check one row of the unit brought forward and one row of a ledger, in groups of 64.
//!
//! As durable as the log (WAL, synchronous FULL) and one thread, with no code read, no verdict and no chain. Its rows are
//! as long as ours.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::stock::{Stock, Unit, once, past};
use crate::{Run, ratio, written};

const GROUP: usize = 64;
/// Units written in one transaction where the file is filled.
const CHUNK: u64 = 100_000;

/// The file.
pub(crate) struct Bare {
    connection: Connection,
    sequence: i64,
    past: Vec<u8>,
}

impl Bare {
    /// Opens the file in a folder, with the units of a stock in it.
    pub(crate) fn open(dir: &Path, stock: &Stock) -> anyhow::Result<Self> {
        let connection = Connection::open(dir.join("bare.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -64000;
             CREATE TABLE IF NOT EXISTS unit(key BLOB PRIMARY KEY, checks INTEGER, first INTEGER, last INTEGER, past BLOB)
                 WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS ledger(sequence INTEGER PRIMARY KEY, at INTEGER, unit BLOB, body BLOB, hash BLOB);",
        )?;
        let past = minicbor::to_vec(past())?;
        once(&dir.join("bare.filled"), || {
            let mut insert = connection.prepare("INSERT OR REPLACE INTO unit VALUES (?1, 1, 0, 0, ?2)")?;
            for (key, nth) in stock.keys().zip(0_u64..) {
                if nth % CHUNK == 0 {
                    connection.execute_batch(if nth == 0 { "BEGIN" } else { "COMMIT; BEGIN" })?;
                }
                insert.execute(params![key.as_bytes().as_slice(), past])?;
            }
            Ok(connection.execute_batch("COMMIT")?)
        })?;
        let sequence =
            connection.query_row("SELECT IFNULL(MAX(sequence), 0) FROM ledger", [], |row| row.get::<_, i64>(0))?;
        Ok(Self { connection, sequence, past })
    }

    /// Writes for so long, rows of the ledger with bodies as long as the core's.
    pub(crate) fn run(&mut self, units: &[Unit], body_bytes: usize, run: Duration) -> anyhow::Result<Run> {
        let (body, hash) = (vec![0x5a_u8; body_bytes], [0xa5_u8; 32]);
        let first = self.sequence;
        let before = written()?;
        let started = Instant::now();
        let mut units = units.iter().cycle();
        while started.elapsed() < run {
            let transaction = self.connection.transaction()?;
            {
                let mut upsert = transaction.prepare_cached(
                    "INSERT INTO unit VALUES (?1, 1, ?2, ?2, ?3)
                     ON CONFLICT(key) DO UPDATE SET checks = checks + 1, last = ?2, past = ?3",
                )?;
                let mut append = transaction.prepare_cached("INSERT INTO ledger VALUES (?1, ?1, ?2, ?3, ?4)")?;
                for unit in units.by_ref().take(GROUP) {
                    self.sequence += 1;
                    let key = unit.key.as_bytes().as_slice();
                    upsert.execute(params![key, self.sequence, self.past])?;
                    append.execute(params![self.sequence, key, body, hash.as_slice()])?;
                }
            }
            transaction.commit()?;
        }
        let took = started.elapsed().as_secs_f64();
        // What is still in the WAL is written once more, as closing makes the core do.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let checks = u64::try_from(self.sequence - first).unwrap_or(0);
        Ok(Run { per_second: ratio(checks, took), bytes: ratio(written()? - before, ratio(checks, 1.0)) })
    }
}
