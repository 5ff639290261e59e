//! Opening SQLite the one way we do: pragmas and schema versions in one place.
//!
//! WAL with synchronous FULL: measured power cuts lose acknowledged commits of a log under NORMAL. Projections could
//! lose their last batch and be none the worse for it, but under NORMAL a sync of the WAL that fails is tried again by
//! the next checkpoint, where the kernel says good though the pages never reached the disk; a power cut in that
//! checkpoint leaves a database of old and new pages, a history that says `first` twice. Under FULL the batch fails.
//!
//! Caches are small: a log is appended to, a projection is written batch by batch, and what is read of either the system
//! holds in memory already.
#![expect(clippy::disallowed_methods, reason = "the one place that opens connections")]

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::log::LogError;

/// What a database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// A commit that returned survives a power cut.
    Log,
    /// Written in batches, read when a process comes up.
    Projection,
    /// A log under NORMAL, which a power cut robs of acknowledged commits: what the crash driver must be able to see.
    Unsynced,
}

/// A schema: the statements that lead from each version to the next, the first from nothing.
pub(super) type Migrations = &'static [&'static str];

/// Opens for writing, creating and migrating as needed.
pub(super) fn open(path: &Path, durability: Durability, migrations: Migrations) -> Result<Connection, LogError> {
    let mut connection = Connection::open(path).map_err(store("opened"))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(store("opened"))?;
    keep_wal(&connection)?;
    connection
        .execute_batch(match durability {
            Durability::Unsynced => "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;",
            Durability::Log => {
                "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -1000; PRAGMA trusted_schema = OFF;"
            }
            Durability::Projection => {
                "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -500; PRAGMA trusted_schema = OFF;"
            }
        })
        .map_err(store("opened"))?;
    migrate(&mut connection, path, migrations)?;
    Ok(connection)
}

/// Turns the WAL on, for good. The pragma gives its row first and commits after that: who takes the row and leaves never
/// hears that the commit failed, and goes on with a rollback journal, whose removal FULL does not sync. A power cut brings
/// it back then, and with it the state before the last commit. A connection on which this failed is of no use: from then on
/// it says that it has a WAL.
fn keep_wal(connection: &Connection) -> Result<(), LogError> {
    let mode = || -> rusqlite::Result<String> {
        let mut set = connection.prepare("PRAGMA journal_mode = WAL")?;
        let mut rows = set.query([])?;
        let mut mode = String::new();
        // To the end, where the commit is.
        while let Some(row) = rows.next()? {
            mode = row.get(0)?;
        }
        Ok(mode)
    };
    match mode().map_err(store("opened"))?.as_str() {
        "wal" => Ok(()),
        other => Err(LogError::Store { doing: "opened", source: format!("its journal mode is {other}").into() }),
    }
}

/// Opens for reading beside a writer.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(store("opened"))?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(store("opened"))?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -500;").map_err(store("opened"))?;
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

/// Moves everything into the one file and closes it, so that the file can take another name. Closing the last connection
/// does as much, and says nothing when it fails.
pub(super) fn finish(connection: Connection) -> Result<(), LogError> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(store("written"))?;
    if busy != 0 {
        return Err(LogError::Store { doing: "written", source: "the database is locked".into() });
    }
    connection.close().map_err(|(_, source)| store("written")(source))
}

/// Removes a database with what SQLite keeps beside it, the database first: a WAL that outlives its database is thrown
/// away by SQLite, the other way round it would lose commits.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Makes durable what a killed process left in a database's WAL, before SQLite looks at it. It may stand in the page
/// cache alone, never synced, or taken for clean after a sync that failed: then only writing the same bytes again brings
/// them to the disk. Nobody else may have the database open for writing.
pub(super) fn settle(path: &Path) -> io::Result<()> {
    let wal = match fs::OpenOptions::new().read(true).write(true).open(beside(path, "-wal")) {
        Ok(wal) => wal,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut piece = vec![0; 1 << 18];
    let mut at = 0;
    loop {
        let read = wal.read_at(&mut piece, at)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        wal.write_all_at(read, at)?;
        at += read.len() as u64;
    }
    wal.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
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
        fs::write(&path, vec![b'x'; 8192]).unwrap();
        assert!(matches!(open(&path, Durability::Log, ONE), Err(LogError::Store { .. })));
    }

    #[test]
    fn a_file_that_could_not_be_given_a_wal_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(dir.path().join("x.db")).unwrap();
        connection.execute_batch("CREATE TABLE a(x)").unwrap();
        connection.commit_hook(Some(|| true)).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL").expect("who takes the row and leaves hears nothing");
        drop(connection);
        let mut connection = Connection::open(dir.path().join("x.db")).unwrap();
        connection.commit_hook(Some(|| true)).unwrap();
        let error = keep_wal(&connection).unwrap_err();
        assert!(matches!(error, LogError::Store { doing: "opened", .. }), "{error}");
        drop(connection);
        let connection = Connection::open(dir.path().join("x.db")).unwrap();
        keep_wal(&connection).unwrap();
        connection.execute_batch("INSERT INTO a VALUES (1)").unwrap();
        assert!(beside(&dir.path().join("x.db"), "-wal").exists());
    }

    #[test]
    fn a_database_that_cannot_be_removed_is_an_error_and_one_that_is_not_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        drop(open(&path, Durability::Log, ONE).unwrap());
        remove(&path).unwrap();
        assert!(!path.exists());
        remove(&path).unwrap();
        fs::create_dir(&path).unwrap();
        remove(&path).unwrap_err();
    }

    #[test]
    fn everything_is_synced_in_full() {
        let dir = tempfile::tempdir().unwrap();
        for durability in [Durability::Log, Durability::Projection] {
            let connection = open(&dir.path().join("x.db"), durability, ONE).unwrap();
            let mode: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
            assert_eq!(mode, 2, "{durability:?}");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_the_same_once_it_is_durable() {
        let dir = tempfile::tempdir().unwrap();
        let (path, left) = (dir.path().join("x.db"), dir.path().join("left.db"));
        settle(&path).unwrap();
        let connection = open(&path, Durability::Log, &["CREATE TABLE a(x BLOB);"]).unwrap();
        for _ in 0..3 {
            connection.execute("INSERT INTO a VALUES (randomblob(250000))", []).unwrap();
        }
        for suffix in ["", "-wal"] {
            fs::copy(beside(&path, suffix), beside(&left, suffix)).unwrap();
        }
        let before = fs::read(beside(&left, "-wal")).unwrap();
        settle(&left).unwrap();
        assert!(fs::read(beside(&left, "-wal")).unwrap() == before && before.len() > 1 << 19);
        let rows: i64 = open(&left, Durability::Log, ONE)
            .unwrap()
            .query_row("SELECT COUNT(*) FROM a", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 3);
    }
}
