//! A data folder of an older build: histories in a schema that this one brings forward when it opens them.
//!
//! Owns the way back, which is taken now and then before the core opens the folder. The power may go on that way, on the
//! way forward, and while everything is folded from the log anew; whichever schema a cut leaves, the next core opens it.
//! The log has had one schema so far.

use rusqlite::Connection;
use verigate::ledger::folder::Folder;
use verigate::ledger::histories::SqliteHistories;

use crate::disk::Luck;

/// One core of so many finds an older folder.
const ONE_OF: usize = 5;

/// From the schema of today to the one before it.
const TO_SECOND: &str = "
    DROP TABLE run;
    CREATE TABLE unit(key BLOB PRIMARY KEY, past BLOB NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 2;
";
/// From there to the first one.
const TO_FIRST: &str = "
    DROP TABLE replay;
    CREATE TABLE replay(id BLOB PRIMARY KEY, sequence INTEGER NOT NULL, digest BLOB NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX replay_until ON replay(until);
    PRAGMA user_version = 1;
";

/// Takes the histories back, if luck has it so; whether it did.
pub(super) fn take_back(folder: &Folder, seed: u64) -> anyhow::Result<bool> {
    let mut luck = Luck::new(seed.wrapping_mul(64).wrapping_add(102));
    let path = folder.histories();
    if luck.below(ONE_OF) > 0 || !path.exists() {
        return Ok(false);
    }
    // What a killed process left unsynced is made durable first, as every opening does.
    drop(SqliteHistories::take(&path)?);
    let mut connection = Connection::open(&path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TO_SECOND)?;
    if luck.below(2) == 0 {
        transaction.execute_batch(TO_FIRST)?;
    }
    transaction.commit()?;
    Ok(true)
}
