//! Opening SQLite the one way we do: pragmas and schema versions in one place.
//!
//! The log is WAL with synchronous FULL: measured power cuts lose acknowledged commits under NORMAL. Projections are
//! rebuilt from the log and may lose their last batch, so NORMAL serves them.
#![expect(clippy::disallowed_methods, reason = "the one place that opens connections")]

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::log::LogError;

/// What a database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// A commit that returned survives a power cut.
    Log,
    /// Consistent after a power cut, perhaps older.
    Projection,
}

/// A schema: the statements that lead from each version to the next, the first from nothing.
pub(super) type Migrations = &'static [&'static str];

/// Opens for writing, creating and migrating as needed.
pub(super) fn open(path: &Path, durability: Durability, migrations: Migrations) -> Result<Connection, LogError> {
    let mut connection = Connection::open(path).map_err(store("opened"))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(store("opened"))?;
    connection
        .execute_batch(match durability {
            Durability::Log => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -16000; PRAGMA trusted_schema = OFF;"
            }
            Durability::Projection => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -64000; PRAGMA trusted_schema = OFF;"
            }
        })
        .map_err(store("opened"))?;
    migrate(&mut connection, path, migrations)?;
    Ok(connection)
}

/// Opens for reading beside a writer.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(store("opened"))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(store("opened"))?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16000;").map_err(store("opened"))?;
    Ok(connection)
}

/// Copies a database beside its writer: one read transaction, so that the copy is the source at one instant. The copy
/// must not exist yet.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), LogError> {
    let source = open_reader(from)?;
    let mut copy = Connection::open(to).map_err(store("copied"))?;
    {
        let backup = Backup::new(&source, &mut copy).map_err(store("copied"))?;
        // All pages at once: in steps a busy writer would make it begin again and again.
        if backup.step(-1).map_err(store("copied"))? != StepResult::Done {
            return Err(LogError::Store { doing: "copied", source: "the database is locked".into() });
        }
    }
    copy.close().map_err(|(_, source)| store("copied")(source))
}

/// Removes a database with what SQLite keeps beside it, the database first: a WAL that outlives its database is thrown
/// away by SQLite, the other way round it would lose commits.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: Migrations) -> Result<(), LogError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(store("opened"))?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(LogError::Newer { what: path.display().to_string(), found, known });
    }
    if found == known {
        return Ok(());
    }
    // One transaction: a power cut in the middle leaves the old schema.
    let transaction = connection.transaction().map_err(store("migrated"))?;
    for step in migrations.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step).map_err(store("migrated"))?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(store("migrated"))?;
    transaction.commit().map_err(store("migrated"))
}

/// Wraps a failure of SQLite.
pub(super) fn store(doing: &'static str) -> impl Fn(rusqlite::Error) -> LogError {
    move |source| LogError::Store { doing, source: Box::new(source) }
}

/// SQLite's integers are signed: ours that count stay far below 2^63.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Back from a column.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migrations = &["CREATE TABLE a(x INTEGER);"];
    const TWO: Migrations = &["CREATE TABLE a(x INTEGER);", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7;"];

    #[test]
    fn an_older_schema_is_brought_forward_and_a_newer_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        open(&path, Durability::Log, ONE).unwrap().execute("INSERT INTO a VALUES (1)", []).unwrap();
        let sum: i64 =
            open(&path, Durability::Log, TWO).unwrap().query_row("SELECT x + y FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 8, "rows of the old schema are kept");
        let error = open(&path, Durability::Log, ONE).unwrap_err();
        assert!(matches!(error, LogError::Newer { found: 2, known: 1, .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        std::fs::write(&path, vec![b'x'; 8192]).unwrap();
        assert!(matches!(open(&path, Durability::Log, ONE), Err(LogError::Store { .. })));
    }

    #[test]
    fn the_log_is_synced_in_full() {
        let dir = tempfile::tempdir().unwrap();
        let connection = open(&dir.path().join("x.db"), Durability::Log, ONE).unwrap();
        let mode: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(mode, 2);
    }
}
