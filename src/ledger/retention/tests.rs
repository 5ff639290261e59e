//! A log that was reduced proves as much as it can, and comes to the same histories.

use std::path::Path;

use rusqlite::types::Value;

use super::reduce::{Due, ReducedSegment, due, reduce};
use super::whole::{self, archive};
use super::*;
use crate::index::UnitKey;
use crate::ledger::audit::{self, Verified};
use crate::ledger::checkpoint::{Checkpoint, signed, signing_key, verifying_key};
use crate::ledger::event::{Event, Kind};
use crate::ledger::forgotten::Forgotten;
use crate::ledger::histories::{Histories as _, SqliteHistories};
use crate::ledger::log::{Head, Log as _, LogError, LogReader as _, Row};
use crate::ledger::memory;
use crate::ledger::segments::{SegmentLog, SegmentReader, segments};
use crate::ledger::sqlite;
use crate::secret::Secret;
use contract::Timestamp;

/// 2026-11-23T12:00:00Z; the events of the test are an hour apart.
const START: Timestamp = Timestamp(1_795_435_200_000);
const EVENTS: u64 = 2_000;

fn master() -> Secret {
    Secret::from_bytes([5; 32])
}

fn forgotten() -> Event {
    let names = vec![1, 2];
    Event::Forgotten(Forgotten { names, anonymous: 77, with_opt_out: false, by: "o".to_owned(), reason: None })
}

/// A log of four months in which somebody is forgotten in the second.
fn written(dir: &Path) -> Vec<Row> {
    let mut log = SegmentLog::open(dir, 0).unwrap();
    let mut rows = memory::write(&mut log, START, EVENTS / 4);
    let last = rows.last().unwrap().clone();
    // Twice, so that two rows that are kept stand beside one another.
    for _ in 0..2 {
        let row = Row::after(&log.head(), last.at, &forgotten(), false);
        log.append(std::slice::from_ref(&row)).unwrap();
        rows.push(row);
    }
    let mut head = log.head();
    for n in rows.len() as u64..EVENTS {
        let at = START.plus(Duration::from_secs(3_600) * u32::try_from(n).unwrap());
        let (event, receipted) = memory::event(n, at);
        let row = Row::after(&head, at, &event, receipted);
        head = Head::of(0, &row);
        rows.push(row);
    }
    let new = &rows[usize::try_from(log.head().sequence).unwrap()..];
    new.chunks(50).for_each(|group| log.append(group).unwrap());
    rows
}

fn now() -> Timestamp {
    START.plus(Duration::from_secs(3_600) * 2_000)
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn verify(dir: &Path, checkpoints: &[Checkpoint]) -> Result<Verified, LogError> {
    audit::verify(dir, 0, checkpoints, Some(&verifying_key(&master())), &mut |_, _| {})
}

fn histories(dir: &Path) -> ([u8; 32], u64) {
    let into = tempfile::tempdir().unwrap();
    let file = into.path().join("h.db");
    audit::rebuild(dir, 0, &file, &mut |_, _| {}).unwrap();
    let mut store = SqliteHistories::open(&file).unwrap();
    (store.digest().unwrap(), store.position().unwrap())
}

fn reduced(dir: &Path, keep: u64) -> Vec<Due> {
    let found = due(dir, 0, days(keep), now()).unwrap();
    for one in &found {
        reduce(dir, 0, one, &signing_key(&master())).unwrap();
    }
    whole::remove(dir, 0).unwrap();
    found
}

#[test]
fn a_reduced_log_comes_to_the_same_histories_and_is_proven_up_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let rows = written(dir.path());
    let whole = histories(dir.path());
    let signed = |row: &Row| Checkpoint { stream: 0, sequence: row.sequence, at: row.at, hash: row.hash };
    let checkpoints = [signed(&rows[100]), signed(&rows[1_900])];
    assert_eq!(verify(dir.path(), &checkpoints).unwrap().reduced, (0, 0));

    let first = reduced(dir.path(), 62);
    assert_eq!(first.len(), 1, "only November is older than sixty-two days");
    assert_eq!(histories(dir.path()), whole);
    let rest = reduced(dir.path(), 1);
    assert_eq!(rest.len(), 2, "the last segment is never reduced");
    assert_eq!(histories(dir.path()), whole, "the second step builds on the first");

    let proven = verify(dir.path(), &checkpoints).unwrap();
    assert_eq!((proven.events, proven.segments, proven.reduced.0), (EVENTS, 4, 3));
    let end = rest.last().unwrap().last;
    let is_gone = |row: &&Row| row.sequence <= end && [Kind::Inquiry as u8, Kind::Delivered as u8].contains(&row.kind);
    assert_eq!(proven.reduced.1, rows.iter().filter(is_gone).count() as u64);
    assert_eq!(proven.checkpoints, 1, "what an event was that is gone cannot be compared");
    assert_eq!(proven.head, Head::of(0, rows.last().unwrap()));
    assert!(due(dir.path(), 0, days(1), now()).unwrap().is_empty(), "nothing is due twice");
}

#[test]
fn what_askers_did_is_gone_from_the_disk_and_what_happened_to_goods_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let rows = written(dir.path());
    let end = reduced(dir.path(), 1).last().unwrap().last;
    let mut reader = SegmentReader::new(dir.path(), 0);
    let left: Vec<Row> =
        reader.after(0, false, usize::MAX).unwrap().into_iter().filter(|row| row.sequence <= end).collect();
    let stays = |row: &&Row| row.sequence <= end && ![Kind::Inquiry as u8, Kind::Delivered as u8].contains(&row.kind);
    let expected: Vec<Row> = rows.iter().filter(stays).cloned().collect();
    assert_eq!(left, expected);
    assert_eq!(reader.first().unwrap(), end + 1);
    let bytes: Vec<u8> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".kept.db") || !path.to_string_lossy().contains("2027-02"))
        .flat_map(|path| std::fs::read(path).unwrap())
        .collect();
    let sealed = b"unreadable";
    assert!(!bytes.windows(sealed.len()).any(|part| part == sealed), "a return route lies on in a free page");
}

#[test]
fn a_receipt_that_old_is_no_longer_found_and_a_younger_one_is() {
    let dir = tempfile::tempdir().unwrap();
    let rows = written(dir.path());
    let end = reduced(dir.path(), 1).last().unwrap().last;
    let mut reader = SegmentReader::new(dir.path(), 0);
    let mut looked_up = 0;
    for (before, row) in rows.iter().zip(&rows[1..]) {
        if row.receipts > before.receipts && (row.sequence % 7 == 0 || row.sequence.abs_diff(end) < 5) {
            let found = reader.receipted(row.receipts).unwrap();
            let is_kept = row.sequence > end + 1;
            assert_eq!(found.map(|row| row.sequence), is_kept.then_some(row.sequence), "event {}", row.sequence);
            looked_up += 1;
        }
    }
    assert!(looked_up > 100);
}

/// Every table of a reduced segment, and its note.
#[test]
fn a_change_of_what_is_kept_is_found() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    reduced(dir.path(), 62);
    let segment = segments(dir.path(), 0).unwrap().remove(0);
    assert!(segment.is_reduced());
    let sound = std::fs::read(&segment.path).unwrap();
    let note = b"verigate/0/reduced\n1 ";
    assert!(sound.windows(note.len()).any(|part| part == note), "its note names its stream");
    let unit = UnitKey::native(1, 4_000, 1);
    for (sql, value) in [
        ("UPDATE event SET at = at + 1 WHERE sequence = (SELECT MIN(sequence) FROM event)", None),
        ("DELETE FROM event WHERE sequence = (SELECT MAX(sequence) FROM event)", None),
        ("UPDATE event SET hash = zeroblob(32) WHERE sequence = (SELECT MIN(sequence) FROM event)", None),
        ("DELETE FROM past WHERE key = (SELECT MIN(key) FROM past)", None),
        ("INSERT OR REPLACE INTO past VALUES (?1, x'84')", Some(Value::Blob(unit.as_bytes().to_vec()))),
        ("UPDATE meta SET value = replace(value, 'verigate/0', 'verigate/1') WHERE key = 'note'", None),
        ("DELETE FROM meta WHERE key = 'note'", None),
        ("UPDATE meta SET value = randomblob(32) WHERE key = 'predecessor'", None),
    ] {
        let connection = sqlite::open(&segment.path, sqlite::Durability::Log, &[""]).unwrap();
        let changed = connection.execute(sql, rusqlite::params_from_iter(value)).unwrap();
        assert_eq!(changed, 1, "{sql}");
        sqlite::finish(connection).unwrap();
        let found = verify(dir.path(), &[]);
        assert!(matches!(found, Err(LogError::Damaged { sequence: 1, .. })), "{sql}: {found:?}");
        sqlite::remove(&segment.path).unwrap();
        std::fs::write(&segment.path, &sound).unwrap();
    }
    verify(dir.path(), &[]).unwrap();
    let other = verifying_key(&Secret::from_bytes([6; 32]));
    assert!(audit::verify(dir.path(), 0, &[], Some(&other), &mut |_, _| {}).is_err(), "signed by another");
}

#[test]
fn a_kept_event_in_another_s_place_is_told_with_its_own() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    reduced(dir.path(), 62);
    let segment = segments(dir.path(), 0).unwrap().remove(0);
    let connection = sqlite::open(&segment.path, sqlite::Durability::Log, &[""]).unwrap();
    let nth = |order: &str| -> u64 {
        let select = format!("SELECT sequence FROM event ORDER BY sequence {order}");
        connection.query_row(&select, [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
    };
    let (first, before_last, last) = (nth("LIMIT 1"), nth("DESC LIMIT 1 OFFSET 1"), nth("DESC LIMIT 1"));
    let move_event = |from: u64, to: u64| {
        let moved = "UPDATE event SET sequence = ?2 WHERE sequence = ?1";
        assert_eq!(connection.execute(moved, [from.cast_signed(), to.cast_signed()]).unwrap(), 1);
    };
    for (from, to, told) in [(first, 0, 1), (last, 1_000_000, before_last + 1)] {
        move_event(from, to);
        let found = verify(dir.path(), &[]).unwrap_err();
        assert!(found.to_string().contains("another's"), "{found}");
        assert!(matches!(found, LogError::Damaged { sequence, .. } if sequence == told), "{told}: {found}");
        move_event(to, from);
    }
    verify(dir.path(), &[]).unwrap();
}

/// As a faulty program with the right key would sign it.
#[test]
fn a_signed_note_that_does_not_follow_from_the_event_before_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rows = written(dir.path());
    reduced(dir.path(), 1);
    let before = segments(dir.path(), 0).unwrap().remove(0);
    let before = ReducedSegment::open(&before, 0, None).unwrap();
    let head = before.read(Head::genesis(0), &mut |_| Ok(()), &mut |_, _| Ok(())).unwrap();
    assert_eq!(head, Head::of(0, &rows[usize::try_from(head.sequence).unwrap() - 1]));

    let segment = segments(dir.path(), 0).unwrap().remove(1);
    let sound = std::fs::read(&segment.path).unwrap();
    let first = segment.first;
    for (line, value, follows) in [
        (4, head.at.as_millis().to_string(), true),
        (4, (head.at.as_millis() - 1).to_string(), false),
        (1, format!("{first} {}", first - 1), false),
        (1, format!("{} {}", first + 1, first + 100), false),
        (2, "A".repeat(43) + "=", false),
    ] {
        let connection = sqlite::open(&segment.path, sqlite::Durability::Log, &[""]).unwrap();
        let note = "SELECT value FROM meta WHERE key = 'note'";
        let text: Vec<u8> = connection.query_row(note, [], |row| row.get(0)).unwrap();
        let text = String::from_utf8(text).unwrap();
        let mut lines: Vec<&str> = text.split("\n\n").next().unwrap().lines().collect();
        lines[line] = &value;
        let note = signed("verigate/0/reduced", &(lines.join("\n") + "\n"), &signing_key(&master()));
        connection.execute("UPDATE meta SET value = ?1 WHERE key = 'note'", [note.as_bytes()]).unwrap();
        sqlite::finish(connection).unwrap();
        assert_eq!(verify(dir.path(), &[]).is_ok(), follows, "{lines:?}");
        sqlite::remove(&segment.path).unwrap();
        std::fs::write(&segment.path, &sound).unwrap();
    }
}

#[test]
fn a_segment_that_the_next_does_not_follow_is_not_reduced() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let found = due(dir.path(), 0, days(1), now()).unwrap();
    let next = sqlite::open(&found[1].path, sqlite::Durability::Log, &[""]).unwrap();
    next.execute("UPDATE meta SET value = randomblob(32) WHERE key = 'predecessor'", []).unwrap();
    let refused = reduce(dir.path(), 0, &found[0], &signing_key(&master()));
    assert!(matches!(refused, Err(LogError::Damaged { .. })), "{refused:?}");
}

#[test]
fn a_log_that_ends_with_an_order_to_forget_is_rebuilt_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    memory::write(&mut log, START, 40);
    log.append(&[Row::after(&log.head(), log.head().at, &forgotten(), false)]).unwrap();
    assert_eq!(histories(dir.path()).1, 41);
}

#[test]
fn periods_are_days() {
    let retention = Retention { log_days: Some(1), pepper_days: 2, tip_days: 3, opt_out_days: Some(4), archive: None };
    assert_eq!((retention.log(), retention.pepper()), (Some(days(Retention::LEAST_DAYS)), days(2)));
    assert_eq!((retention.tips(), retention.opt_out()), (days(3), Some(days(4))));
}

#[test]
fn damage_is_never_reduced_away() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let segment = segments(dir.path(), 0).unwrap().remove(0);
    let connection = sqlite::open(&segment.path, sqlite::Durability::Log, &[""]).unwrap();
    connection.execute("UPDATE event SET receipts = receipts + 1 WHERE sequence = 9", []).unwrap();
    let found = due(dir.path(), 0, days(1), now()).unwrap();
    let refused = reduce(dir.path(), 0, &found[0], &signing_key(&master()));
    assert!(matches!(refused, Err(LogError::Damaged { sequence: 9, .. })), "{refused:?}");
    assert!(!segments(dir.path(), 0).unwrap()[0].is_reduced());
    let out_of_turn = reduce(dir.path(), 0, &found[1], &signing_key(&master()));
    assert!(matches!(out_of_turn, Err(LogError::Store { .. })), "{out_of_turn:?}");
}

/// As a kill right after the reduced file took its name leaves it.
#[test]
fn a_segment_that_is_there_twice_is_the_reduced_one_until_the_next_run_removes_the_other() {
    let (dir, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(dir.path());
    let found = due(dir.path(), 0, days(62), now()).unwrap();
    archive(&found[0], whole.path()).unwrap();
    reduce(dir.path(), 0, &found[0], &signing_key(&master())).unwrap();
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    let both = files();
    assert!(segments(dir.path(), 0).unwrap()[0].is_reduced());
    assert_eq!(verify(dir.path(), &[]).unwrap().reduced.0, 1);
    let left = whole::left(dir.path(), 0, &verifying_key(&master())).unwrap();
    assert_eq!(left.iter().map(|(due, _, told)| (due.first, *told)).collect::<Vec<_>>(), [(1, false)]);
    let other = whole::left(dir.path(), 0, &verifying_key(&Secret::from_bytes([6; 32])));
    assert!(
        matches!(other, Err(LogError::Damaged { sequence: 1, .. })),
        "the whole one may be all there is: {other:?}"
    );
    drop(SegmentLog::open(dir.path(), 0).unwrap());
    whole::remove(dir.path(), 0).unwrap();
    assert!(files() < both);
    let name = std::fs::read_dir(whole.path()).unwrap().next().unwrap().unwrap().file_name();
    assert_eq!(name.to_string_lossy(), "0-000000000001-2026-11.db", "the archive holds it whole");
}

#[test]
fn the_policy_is_checked_where_it_stands() {
    let parse = |text: &str| crate::config::parse::<Retention>(text, Path::new("x.toml"));
    assert_eq!(parse("").unwrap(), Retention::default());
    assert_eq!(parse("log_days = 400\npepper_days = 90\nopt_out_days = 365").unwrap().log(), Some(days(400)));
    for wrong in ["log_days = 61", "log_days = 0", "pepper_days = 367", "tip_days = 30", "opt_out_days = 1", "tips = 1"]
    {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
