//! What only stores on disk can suffer: statements that fail half-way, segments that cannot begin or are empty, damage.

use super::*;

/// Changes a database behind its store's back.
fn meddle(path: &Path, sql: &str) {
    // As many steps as the store knows, so that none is taken.
    let steps: &[&str] = if path.ends_with("history.db") { &["", "", ""] } else { &[""] };
    open(path, Durability::Log, steps).unwrap().execute_batch(sql).unwrap();
}

fn last_segment(dir: &Path) -> std::path::PathBuf {
    segments(dir, 0).unwrap().pop().unwrap().path
}

#[test]
fn an_append_that_fails_half_way_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START; 9]);
    log.append(&rows[..3]).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.sequence = 6
                BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    meddle(&last_segment(dir.path()), full);
    assert!(matches!(log.append(&rows[3..]), Err(LogError::Store { .. })));
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[2]));
    meddle(&last_segment(dir.path()), "DROP TRIGGER full");
    log.append(&rows[3..]).unwrap();
    assert_eq!(log.reader().unwrap().after(0, false, 99).unwrap(), rows);
}

#[test]
fn every_proof_of_the_disk_is_written_though_nothing_was_appended_since_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START; 2]);
    log.append(&rows).unwrap();
    let beside = open(&last_segment(dir.path()), Durability::Log, &[""]).unwrap();
    // How often others have committed, as this one sees it.
    let version = || beside.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..3 {
        let before = version();
        assert_eq!(log.reread().unwrap(), Head::of(0, &rows[1]));
        assert_ne!(version(), before, "a commit that changes nothing writes nothing and proves nothing");
    }
}

#[test]
fn a_month_that_cannot_begin_leaves_the_one_before_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START, START, DECEMBER, DECEMBER]);
    let obstacle = dir.path().join("0-000000000003-2026-12.db.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert!(matches!(log.append(&rows), Err(LogError::Store { .. })));
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[1]));
    std::fs::remove_dir(&obstacle).unwrap();
    log.append(&rows[2..]).unwrap();
    assert_eq!(SegmentLog::open(dir.path(), 0).unwrap().head(), Head::of(0, &rows[3]));
    let names: Vec<String> = segments(dir.path(), 0)
        .unwrap()
        .iter()
        .map(|segment| segment.path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["0-000000000001-2026-11.db", "0-000000000003-2026-12.db"]);
}

#[test]
fn a_segment_that_took_its_name_when_something_failed_is_used_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START, DECEMBER, DECEMBER]);
    log.append(&rows[..1]).unwrap();
    // As the first half of a beginning leaves it, with a reader that has seen it.
    log.make(2, (2026, 12)).unwrap();
    let mut reader = log.reader().unwrap();
    assert_eq!(reader.last().unwrap(), Some(1));
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[0]));
    let january = DECEMBER.plus(Duration::from_secs(40 * 86_400));
    let later = rows_at(log.head(), &[january, january]);
    log.append(&later).unwrap();
    assert_eq!(segments(dir.path(), 0).unwrap().len(), 2, "its name tells December, and it holds January");
    assert_eq!(reader.after(1, false, 9).unwrap(), later, "the reader that had it open reads on");
}

#[test]
fn a_log_that_takes_no_mark_of_its_own_is_not_appended_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START; 4]);
    log.append(&rows[..2]).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    meddle(&last_segment(dir.path()), full);
    assert!(log.reread().is_err());
    assert!(log.append(&rows[2..]).is_err(), "nothing is known of the disk");
    meddle(&last_segment(dir.path()), "DROP TRIGGER full");
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[1]));
    log.append(&rows[2..]).unwrap();
    assert_eq!(log.reader().unwrap().after(0, false, 9).unwrap(), rows);
}

#[test]
fn a_segment_that_stayed_empty_is_used_again_in_whatever_month() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    let rows = rows_at(log.head(), &[START, START, DECEMBER]);
    log.append(&rows).unwrap();
    drop(log);
    meddle(&last_segment(dir.path()), "DELETE FROM event");
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    assert_eq!(log.head(), Head::of(0, &rows[1]));
    let january = DECEMBER.plus(Duration::from_secs(40 * 86_400));
    let more = rows_at(log.head(), &[january, january]);
    log.append(&more).unwrap();
    assert_eq!(segments(dir.path(), 0).unwrap().len(), 2);
    let verified = audit::verify(dir.path(), 0, &[], None, &mut |_, _| {}).unwrap();
    assert_eq!(verified.head, Head::of(0, &more[1]));
}

#[test]
fn an_empty_segment_that_does_not_begin_where_the_one_before_ends_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    log.append(&rows_at(log.head(), &[START, START, START, DECEMBER])).unwrap();
    drop(log);
    meddle(&last_segment(dir.path()), "DELETE FROM event");
    meddle(&segments(dir.path(), 0).unwrap()[0].path, "DELETE FROM event WHERE sequence = 3");
    assert!(matches!(SegmentLog::open(dir.path(), 0), Err(LogError::Damaged { sequence: 3, .. })));
}

#[test]
fn a_log_that_does_not_begin_at_the_beginning_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SegmentLog::open(dir.path(), 0).unwrap();
    log.append(&rows_at(Head { hash: [1; 32], ..log.head() }, &[START; 2])).unwrap();
    drop(log);
    let named = format!("UPDATE meta SET value = x'{}' WHERE key = 'predecessor'", "01".repeat(32));
    meddle(&last_segment(dir.path()), &named);
    assert!(matches!(SegmentLog::open(dir.path(), 0), Err(LogError::Damaged { sequence: 1, .. })));
}

#[test]
fn damage_at_the_end_is_found_when_the_log_is_opened() {
    for (sql, sequence) in [
        ("UPDATE event SET body = x'00' WHERE sequence = 250", 250),
        ("UPDATE event SET receipts = receipts + 1 WHERE sequence = 300", 300),
        ("DELETE FROM event WHERE sequence = 200", 200),
    ] {
        let dir = tempfile::tempdir().unwrap();
        memory::write(&mut SegmentLog::open(dir.path(), 0).unwrap(), START, 300);
        meddle(&last_segment(dir.path()), sql);
        match SegmentLog::open(dir.path(), 0) {
            Err(LogError::Damaged { sequence: found, .. }) => assert_eq!(found, sequence, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_long_log_is_checked_at_its_end_when_it_is_opened_and_whole_when_it_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let rows = memory::write(&mut SegmentLog::open(dir.path(), 0).unwrap(), START, 2_500);
    assert_eq!(SegmentLog::open(dir.path(), 0).unwrap().head(), Head::of(0, &rows[2_499]));
    let damage = "UPDATE event SET receipts = receipts + 1 WHERE sequence = (SELECT MAX(sequence) FROM event)";
    let all = segments(dir.path(), 0).unwrap();
    meddle(&all[0].path, damage);
    SegmentLog::open(dir.path(), 0).unwrap();
    audit::verify(dir.path(), 0, &[], None, &mut |_, _| {}).unwrap_err();
    meddle(&all[all.len() - 2].path, damage);
    assert!(matches!(SegmentLog::open(dir.path(), 0), Err(LogError::Damaged { .. })));
}

#[test]
fn a_batch_that_fails_at_its_end_leaves_the_histories_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::open(&path).unwrap();
    store.apply(&changes(40, &[(1, 1)])).unwrap();
    let before = (store.digest().unwrap(), standing(&mut store));
    let full = "CREATE TRIGGER full BEFORE INSERT ON standing BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    meddle(&path, full);
    let mut batch = changes(50, &[(1, 2), (2, 1)]);
    batch.replays.push(([1; 16], replayed(8, later(60))));
    batch.owed.insert(8, Some(owed(later(60))));
    assert!(matches!(store.apply(&batch), Err(LogError::Store { .. })));
    assert_eq!((store.digest().unwrap(), standing(&mut store)), before);
    assert_eq!(store.position().unwrap(), 40);
    meddle(&path, "DROP TRIGGER full");
    store.apply(&batch).unwrap();
    assert_eq!((store.position().unwrap(), store.past(&unit(1)).unwrap()), (50, Some(past(2))));
}

#[test]
fn a_run_whose_transaction_failed_is_in_nobody_s_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::open(&path).unwrap();
    store.apply(&changes(40, &[(1, 1)])).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON run BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    meddle(&path, full);
    for _ in 0..3 {
        assert!(store.apply(&changes(50, &[(1, 2)])).is_err());
    }
    assert_eq!(runs(dir.path()).len(), 4, "what may have been committed after all is kept");
    meddle(&path, "DROP TRIGGER full");
    store.apply(&changes(50, &[(1, 2)])).unwrap();
    assert_eq!(runs(dir.path()).len(), 2);
    assert_eq!(store.past(&unit(1)).unwrap(), Some(past(2)));
}

#[test]
fn a_check_of_the_histories_misses_no_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteHistories::open(&dir.path().join("history.db")).unwrap();
    store.apply(&changes(40, &[(1, 1)])).unwrap();
    drop(store);
    let check = || SqliteHistories::open(&dir.path().join("history.db")).and_then(|store| store.check());
    check().unwrap();
    std::fs::remove_file(&runs(dir.path())[0]).unwrap();
    check().unwrap_err();
}

/// The files of runs beside `history.db`.
fn runs(dir: &Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(dir.join("history.runs")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn files_that_no_manifest_names_are_removed_by_the_process_that_writes_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::open(&path).unwrap();
    store.apply(&changes(40, &[(1, 1)])).unwrap();
    drop(store);
    let strangers =
        ["000000000777.run", "000000000778.run", "notes.txt"].map(|name| dir.path().join("history.runs").join(name));
    strangers.iter().for_each(|path| std::fs::write(path, b"half").unwrap());
    SqliteHistories::open(&path).unwrap().past(&unit(1)).unwrap();
    assert!(strangers.iter().all(|path| path.exists()), "a reader removes nothing");
    let mut store = SqliteHistories::take(&path).unwrap();
    assert_eq!(strangers.map(|path| path.exists()), [false, false, true], "only what is a run by its name");
    assert_eq!(store.past(&unit(1)).unwrap(), Some(past(1)));
}

#[test]
fn a_history_that_cannot_be_read_says_which_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::open(&path).unwrap();
    store.apply(&changes(40, &[(1, 1)])).unwrap();
    let run = runs(dir.path()).pop().unwrap();
    let mut bytes = std::fs::read(&run).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&run, bytes).unwrap();
    let mut store = SqliteHistories::take(&path).unwrap();
    for _ in 0..2 {
        let Err(LogError::Store { source, .. }) = store.past(&unit(1)) else { panic!("it was read") };
        let text = source.to_string();
        assert!(text.contains(run.to_str().unwrap()) && text.contains("verigate ledger rebuild"), "{text}");
        store.refresh().unwrap();
    }
    assert!(store.digest().is_err());
    std::fs::remove_file(&run).unwrap();
    let error = SqliteHistories::take(&path).unwrap_err();
    let text = crate::ledger::writer::chain(&error);
    assert!(text.contains("it is missing; run `verigate ledger rebuild`"), "{text}");
}
