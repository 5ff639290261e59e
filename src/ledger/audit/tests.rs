//! What an audit finds, and where.

use rusqlite::types::Value;

use super::*;
use crate::ledger::log::Log;
use crate::ledger::memory;
use crate::ledger::segments::SegmentLog;
use crate::ledger::sqlite::{Durability, open};

/// 2026-11-23T12:00:00Z; three hundred hours later it is December.
const START: Timestamp = Timestamp(1_795_435_200_000);

fn written(count: u64) -> (tempfile::TempDir, Vec<Row>) {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = memory::write(&mut log, START, count);
    (dir, rows)
}

fn audit(dir: &Path, checkpoints: &[Checkpoint]) -> Result<Verified, LogError> {
    verify(dir, 0, checkpoints, None, &mut |_, _| {})
}

fn signed(row: &Row) -> Checkpoint {
    Checkpoint { stream: 0, sequence: row.sequence, at: row.at, hash: row.hash }
}

fn change(dir: &Path, sql: &str, values: &[Value]) -> usize {
    let mut changed = 0;
    for segment in segments(dir, 0).unwrap() {
        let connection = open(&segment.path, Durability::Log, &[""]).unwrap();
        changed += connection.execute(sql, rusqlite::params_from_iter(values)).unwrap();
    }
    changed
}

fn found_at(result: Result<Verified, LogError>) -> u64 {
    match result {
        Err(LogError::Damaged { sequence, .. }) => sequence,
        other => panic!("expected damage, got {other:?}"),
    }
}

#[test]
fn a_sound_log_is_proven_whole_across_its_segments() {
    let (dir, rows) = written(300);
    let mut told = Vec::new();
    let checkpoints = [signed(&rows[99]), signed(&rows[299])];
    let verified = verify(dir.path(), 0, &checkpoints, None, &mut |done, total| told.push((done, total))).unwrap();
    assert_eq!((verified.events, verified.segments, verified.checkpoints, verified.from), (300, 2, 2, 1));
    assert_eq!(verified.head, Head::of(0, rows.last().unwrap()));
    assert_eq!(told.last(), Some(&(300, 300)));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(audit(empty.path(), &[]).unwrap().events, 0);
}

/// A bit of every byte of every column of every kind of event, and every bit of one event; `scripts/crash tamper` does
/// it by the thousand in a log of a million.
#[test]
fn every_flipped_bit_is_found_where_it_is() {
    let (dir, rows) = written(11);
    let connection = open(&segments(dir.path(), 0).unwrap()[0].path, Durability::Unsynced, &[""]).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let mut flips = 0;
    for row in &rows {
        let step = if row.sequence == 5 { 1 } else { 7 };
        let integers =
            [("at", row.at.0), ("kind", i64::from(row.kind)), ("receipts", i64::try_from(row.receipts).unwrap())];
        for (column, sound) in integers {
            for bit in (0..64).step_by(step) {
                damage(
                    &connection,
                    (dir.path(), row),
                    column,
                    Value::Integer(sound ^ (1 << bit)),
                    Value::Integer(sound),
                );
                flips += 1;
            }
        }
        for (column, sound) in [("body", row.body.clone()), ("hash", row.hash.to_vec())] {
            for bit in (0..sound.len() * 8).step_by(step) {
                let mut broken = sound.clone();
                broken[bit / 8] ^= 1 << (bit % 8);
                damage(&connection, (dir.path(), row), column, Value::Blob(broken), Value::Blob(sound.clone()));
                flips += 1;
            }
            damage(&connection, (dir.path(), row), column, Value::Text("x".to_owned()), Value::Blob(sound));
        }
    }
    assert!(flips > 2_000 && audit(dir.path(), &[]).is_ok(), "{flips} changes, each taken back");
}

fn damage(connection: &rusqlite::Connection, (dir, row): (&Path, &Row), column: &str, broken: Value, sound: Value) {
    let sql = format!("UPDATE event SET {column} = ?1 WHERE sequence = ?2");
    let mut update = connection.prepare_cached(&sql).unwrap();
    let sequence = i64::try_from(row.sequence).unwrap();
    assert_eq!(update.execute(rusqlite::params![broken, sequence]).unwrap(), 1);
    assert_eq!(found_at(audit(dir, &[])), row.sequence, "{column} {broken:?}");
    update.execute(rusqlite::params![sound, sequence]).unwrap();
}

#[test]
fn a_missing_or_moved_event_is_found() {
    let (dir, _) = written(220);
    change(dir.path(), "UPDATE event SET sequence = sequence + 65536 WHERE sequence = 50", &[]);
    assert_eq!(found_at(audit(dir.path(), &[])), 50);
    let (dir, _) = written(220);
    change(dir.path(), "DELETE FROM event WHERE sequence = 50", &[]);
    assert_eq!(found_at(audit(dir.path(), &[])), 50);
}

#[test]
fn a_log_that_was_cut_off_is_found_by_its_checkpoint() {
    let (dir, rows) = written(220);
    change(dir.path(), "DELETE FROM event WHERE sequence > 215", &[]);
    assert!(audit(dir.path(), &[signed(&rows[199])]).is_ok(), "nothing signed is gone");
    assert_eq!(found_at(audit(dir.path(), &[signed(&rows[199]), signed(&rows[219])])), 216);
}

#[test]
fn a_chain_that_was_computed_anew_is_found_by_a_checkpoint() {
    let (dir, rows) = written(100);
    let forged = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(forged.path(), 0).unwrap();
    for row in &rows {
        let mut event = row.event().unwrap();
        if let (10, Event::Inquiry(inquiry)) = (row.sequence, &mut event) {
            inquiry.asker.current = 99;
        }
        let receipted = row.receipts > log.head().receipts;
        let forged = Row::after(&log.head(), row.at, &event, receipted);
        log.append(&[forged]).unwrap();
    }
    drop(dir);
    assert!(audit(forged.path(), &[signed(&rows[8])]).is_ok(), "the chain itself is sound");
    assert_eq!(found_at(audit(forged.path(), &[signed(&rows[8]), signed(&rows[59])])), 60);
}

#[test]
fn the_seam_between_segments_is_checked() {
    for (key, value) in [("predecessor", Value::Blob(vec![7; 32])), ("first", Value::Integer(1_000))] {
        let (dir, _) = written(220);
        let seam = segments(dir.path(), 0).unwrap().last().unwrap().first;
        assert!(seam > 1);
        let path = segments(dir.path(), 0).unwrap().pop().unwrap().path;
        let sql = "UPDATE meta SET value = ?1 WHERE key = ?2";
        let connection = open(&path, Durability::Log, &[""]).unwrap();
        assert_eq!(connection.execute(sql, rusqlite::params![value, key]).unwrap(), 1);
        assert_eq!(found_at(audit(dir.path(), &[])), seam, "{key}");
    }
}

#[test]
fn receipts_counted_wrongly_are_found_in_a_chain_that_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    memory::write(&mut log, START, 10);
    let (event, _) = memory::event(8, START);
    let row = Row::after(&log.head(), START, &event, true);
    log.append(&[row]).unwrap();
    assert_eq!(found_at(audit(dir.path(), &[])), 11, "a flag gives out no receipt");
}

#[test]
fn a_log_whose_first_segments_were_dropped_is_proven_from_there_and_not_folded() {
    let (dir, rows) = written(220);
    let first = segments(dir.path(), 0).unwrap().remove(0).path;
    sqlite::remove(&first).unwrap();
    let verified = audit(dir.path(), &[signed(&rows[4]), signed(&rows[219])]).unwrap();
    assert!(verified.from > 1);
    assert_eq!((verified.events, verified.checkpoints), (221 - verified.from, 1));
    let before = usize::try_from(verified.from).unwrap() - 2;
    let lie = Checkpoint { hash: [1; 32], ..signed(&rows[before]) };
    assert_eq!(found_at(audit(dir.path(), &[lie])), verified.from - 1, "the seam is covered by a checkpoint");
    let into = dir.path().join("history.db");
    assert!(matches!(rebuild(dir.path(), 0, &into, &mut |_, _| {}), Err(LogError::Store { .. })));
    assert!(!into.exists());
}

#[test]
fn a_rebuild_takes_the_place_of_a_damaged_file_with_the_same_digest_each_time() {
    let (dir, rows) = written(220);
    let into = dir.path().join("history.db");
    fs::write(&into, b"this was a database once").unwrap();
    fs::write(dir.path().join("history.db-wal"), b"left over").unwrap();
    assert_eq!(rebuild(dir.path(), 0, &into, &mut |_, _| {}).unwrap(), 220);
    let mut first = SqliteHistories::open(&into).unwrap();
    assert_eq!(first.position().unwrap(), 220);
    let digest = first.digest().unwrap();
    let sold = first.past(&UnitKey::native(1, 1, 1)).unwrap().unwrap();
    assert!(sold.sessions.is_empty() && !sold.life.is_empty());
    let standing = first.standing().unwrap();
    assert!(standing.owed.is_empty(), "every owed reply was delivered");
    let end = rows.last().unwrap().at;
    assert!(!standing.replays.is_empty() && standing.replays.iter().all(|(_, known)| known.until > end));
    drop(first);
    rebuild(dir.path(), 0, &into, &mut |_, _| {}).unwrap();
    assert_eq!(SqliteHistories::open(&into).unwrap().digest().unwrap(), digest);
    change(dir.path(), "UPDATE event SET receipts = receipts + 1 WHERE sequence = 200", &[]);
    assert!(matches!(rebuild(dir.path(), 0, &into, &mut |_, _| {}), Err(LogError::Damaged { sequence: 200, .. })));
    assert_eq!(SqliteHistories::open(&into).unwrap().digest().unwrap(), digest, "what stood before stands");
    assert!(SqliteHistories::unused(&into).is_err(), "a file holds no runs");
}
