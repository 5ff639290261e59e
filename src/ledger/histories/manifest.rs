//! The manifest of the histories: which runs there are, in `history.db`, and where their files lie.
//!
//! Owns the schema, reading and opening what it names. When it changes is `store.rs`'s.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::runs::{self, Entry, Run, RunError, Runs};
use crate::ledger::log::LogError;
use crate::ledger::sqlite::{self, Migrations, signed, store, unsigned};

pub(super) const MIGRATIONS: Migrations = &[
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
    // Units in files. Everything is folded from the log again.
    "
    DROP TABLE unit;
    CREATE TABLE run(newest INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, units INTEGER NOT NULL, bytes INTEGER NOT NULL, sum INTEGER NOT NULL);
    DELETE FROM replay;
    DELETE FROM owed;
    DELETE FROM standing;
",
];

/// The folder of the runs whose manifest this is.
pub(in crate::ledger) fn runs_beside(manifest: &Path) -> PathBuf {
    manifest.with_extension("runs")
}

/// The names of the files that a manifest names.
///
/// # Errors
/// [`LogError::Store`].
pub(in crate::ledger) fn named_runs(manifest: &Path) -> Result<Vec<String>, LogError> {
    let connection = sqlite::open_reader(manifest)?;
    let known = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'run'";
    let known: i64 = connection.query_row(known, [], |row| row.get(0)).map_err(store("read"))?;
    let entries = if known == 0 { Vec::new() } else { entries(&connection).map_err(store("read"))? };
    Ok(entries.iter().map(|entry| runs::file_name(entry.number)).collect())
}

/// The manifest, the newest run first.
pub(super) fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut select =
        connection.prepare_cached("SELECT newest, number, units, bytes, sum FROM run ORDER BY newest DESC")?;
    let rows = select.query_map([], |row| {
        let [newest, number, units, bytes] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?].map(unsigned);
        Ok(Entry { newest, number, units, bytes, sum: row.get(4)? })
    })?;
    rows.collect()
}

/// Names a run.
pub(super) fn insert(transaction: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT INTO run VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let Entry { newest, number, units, bytes, sum } = *entry;
    insert.execute(params![signed(newest), signed(number), signed(units), signed(bytes), sum]).map(drop)
}

/// The runs of a manifest, those that are known already as they are.
pub(super) fn opened(folder: &Path, manifest: &[Entry], known: &Runs) -> Result<Runs, RunError> {
    let open = |entry: &Entry| {
        let same = known.iter().find(|(_, run)| run.entry(entry.newest) == *entry);
        let run = match same {
            Some((_, run)) => Arc::clone(run),
            None => Arc::new(Run::open(folder, entry)?),
        };
        Ok((entry.newest, run))
    };
    manifest.iter().map(open).collect()
}

/// The numbers of all runs' files in a folder; none where there is no folder.
pub(super) fn numbers_in(folder: &Path) -> io::Result<Vec<u64>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in listed {
        numbers.extend(entry?.file_name().to_str().and_then(runs::number_in));
    }
    Ok(numbers)
}
