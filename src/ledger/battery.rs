//! One battery of tests for every store: what a log and a store of histories must do, whoever implements them.
//!
//! The stores in memory and on disk pass the same tests. What only the ones on disk can suffer follows at the end.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use contract::{Channel, Day, EventTime, Life, Timestamp};

use super::audit;
use super::event::{Kind, LoggedId};
use super::fold::{Projection, fold};
use super::histories::{Changes, Histories, OwedEntry, Packed, SqliteHistories};
use super::log::{Chain, Head, Log, LogError, Row};
use super::memory::{self, Fault, MemoryHistories, MemoryLog};
use super::replay::Replayed;
use super::segments::{SegmentLog, segments};
use super::sqlite::{Durability, open};
use crate::index::{Stamp, UnitKey};
use crate::verify::history::{AskerHash, Checked, Past};

/// 2026-11-23T12:00:00Z; events are written an hour apart, and December begins with event 180.
const START: Timestamp = Timestamp(1_795_435_200_000);
/// 2026-12-01T00:00:00Z.
const DECEMBER: Timestamp = Timestamp(1_796_083_200_000);

/// Opens a store, each time on what is there.
type Opens<S> = dyn Fn() -> Box<S>;

macro_rules! battery {
    ($opened:ident: $($test:ident),+ $(,)?) => {
        mod $opened {
            $(#[test]
            fn $test() {
                super::$opened(&super::$test);
            })+
        }
    };
}

macro_rules! logs {
    ($($test:ident),+ $(,)?) => {
        battery!(memory_log: $($test),+);
        battery!(segment_log: $($test),+);
    };
}

macro_rules! histories {
    ($($test:ident),+ $(,)?) => {
        battery!(memory_histories: $($test),+);
        battery!(sqlite_histories: $($test),+);
    };
}

fn memory_log(test: &dyn Fn(&Opens<dyn Log>)) {
    let shared = MemoryLog::default();
    test(&move || Box::new(shared.clone()));
}

fn segment_log(test: &dyn Fn(&Opens<dyn Log>)) {
    let dir = tempfile::tempdir().unwrap();
    test(&move || Box::new(SegmentLog::open(dir.path(), 0).unwrap()));
}

fn memory_histories(test: &dyn Fn(&Opens<dyn Histories>)) {
    let shared = MemoryHistories::default();
    test(&move || Box::new(shared.clone()));
}

fn sqlite_histories(test: &dyn Fn(&Opens<dyn Histories>)) {
    let dir = tempfile::tempdir().unwrap();
    test(&move || Box::new(SqliteHistories::open(&dir.path().join("history.db")).unwrap()));
}

logs!(
    rows_come_back_as_they_were_written,
    rare_events_are_found_among_the_many,
    a_reader_sees_what_is_committed_after_it_was_made,
    each_receipt_leads_to_its_answer_and_no_other,
    a_group_that_spans_months_is_kept_whole_and_in_order,
    rows_that_do_not_follow_are_refused_and_not_kept,
);

histories!(
    what_was_taken_in_is_read_back,
    taking_in_a_batch_twice_changes_nothing,
    what_has_expired_or_was_settled_stands_no_longer,
    the_digest_tells_the_units_and_not_how_they_came,
    any_batching_of_the_log_gives_the_same_digest,
);

fn rows_come_back_as_they_were_written(opens: &Opens<dyn Log>) {
    let mut log = opens();
    assert_eq!((log.head(), log.reader().unwrap().last().unwrap()), (Head::genesis(0), None));
    let rows = memory::write(log.as_mut(), START, 300);
    let head = Head::of(0, rows.last().unwrap());
    assert_eq!((log.head(), log.reread().unwrap(), opens().head()), (head, head, head));
    let mut reader = opens().reader().unwrap();
    assert_eq!(reader.after(0, false, usize::MAX).unwrap(), rows);
    for (after, limit) in [(0, 1), (10, 7), (170, 30), (178, 1), (179, 1), (180, 5), (299, 9), (0, 0)] {
        let from = usize::try_from(after).unwrap();
        let expected = &rows[from..rows.len().min(from + limit)];
        assert_eq!(reader.after(after, false, limit).unwrap(), expected, "{limit} after {after}");
    }
    assert!(reader.after(300, false, 9).unwrap().is_empty());
    for row in &rows {
        assert_eq!(reader.row(row.sequence).unwrap().as_ref(), Some(row));
    }
    assert_eq!((reader.row(0).unwrap(), reader.row(301).unwrap()), (None, None));
    assert_eq!((reader.first().unwrap(), reader.last().unwrap()), (1, Some(300)));
}

fn rare_events_are_found_among_the_many(opens: &Opens<dyn Log>) {
    let mut log = opens();
    let rows = memory::write(log.as_mut(), START, 300);
    let rare: Vec<Row> = rows.into_iter().filter(|row| row.kind >= Kind::RARE).collect();
    assert_eq!(rare.len(), 30);
    let mut reader = log.reader().unwrap();
    assert_eq!(reader.after(0, true, usize::MAX).unwrap(), rare);
    assert_eq!(reader.after(rare[16].sequence, true, 2).unwrap(), rare[17..19], "across the turn of the month");
    assert!(reader.after(rare[29].sequence, true, 2).unwrap().is_empty());
}

fn a_reader_sees_what_is_committed_after_it_was_made(opens: &Opens<dyn Log>) {
    let mut log = opens();
    let mut reader = log.reader().unwrap();
    assert!(reader.after(0, false, 9).unwrap().is_empty());
    for month in 0..3 {
        let before = log.head().sequence;
        let rows = memory::write(log.as_mut(), START.plus(Duration::from_secs(month * 31 * 86_400)), 5);
        assert_eq!(reader.row(before + 5).unwrap().as_ref(), rows.last());
        assert_eq!(reader.last().unwrap(), Some(before + 5));
        assert_eq!(reader.after(before, false, 9).unwrap(), rows);
    }
}

fn each_receipt_leads_to_its_answer_and_no_other(opens: &Opens<dyn Log>) {
    let mut log = opens();
    assert_eq!(log.reader().unwrap().receipted(1).unwrap(), None);
    let rows = memory::write(log.as_mut(), START, 300);
    let mut reader = log.reader().unwrap();
    let mut given = 0;
    for row in &rows {
        let (_, receipted) = memory::event(row.sequence, row.at);
        if receipted {
            given += 1;
            assert_eq!(reader.receipted(given).unwrap().as_ref(), Some(row), "receipt {given}");
        }
    }
    assert_eq!(given, 180);
    for never in [0, given + 1, u64::MAX] {
        assert_eq!(reader.receipted(never).unwrap(), None, "{never}");
    }
}

/// Rows that follow a head, at these times.
fn rows_at(head: Head, times: &[Timestamp]) -> Vec<Row> {
    let mut head = head;
    let mut rows = Vec::new();
    for (n, at) in (head.sequence + 1..).zip(times) {
        let (event, receipted) = memory::event(n, *at);
        let row = Row::after(&head, *at, &event, receipted);
        head = Head::of(head.stream, &row);
        rows.push(row);
    }
    rows
}

fn a_group_that_spans_months_is_kept_whole_and_in_order(opens: &Opens<dyn Log>) {
    let mut log = opens();
    let month = Duration::from_secs(31 * 86_400);
    let instant = Duration::from_millis(1);
    let times = [
        DECEMBER.minus(instant),
        DECEMBER,
        // A clock that was set back: log time stands still.
        DECEMBER.minus(month),
        DECEMBER.plus(month + month),
        DECEMBER.plus(month + month),
    ];
    let rows = rows_at(log.head(), &times);
    assert_eq!(rows[2].at, DECEMBER);
    log.append(&rows).unwrap();
    let mut again = opens();
    assert_eq!(again.head(), Head::of(0, &rows[4]));
    let more = rows_at(again.head(), &[DECEMBER.plus(month + month)]);
    again.append(&more).unwrap();
    let mut chain = Chain::from(Head::genesis(0));
    let read = again.reader().unwrap().after(0, false, usize::MAX).unwrap();
    read.iter().try_for_each(|row| chain.follow(row)).unwrap();
    assert_eq!(read, [rows, more].concat());
}

fn rows_that_do_not_follow_are_refused_and_not_kept(opens: &Opens<dyn Log>) {
    let mut log = opens();
    let rows = rows_at(log.head(), &[START; 6]);
    log.append(&rows[..2]).unwrap();
    for wrong in [&rows[..3], &rows[1..4], &rows[3..], &[rows[2].clone(), rows[4].clone()]] {
        assert!(matches!(log.append(wrong), Err(LogError::Store { .. })));
    }
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[1]));
    log.append(&[]).unwrap();
    log.append(&rows[2..]).unwrap();
    assert_eq!(opens().reader().unwrap().after(0, false, 9).unwrap(), rows);
}

fn unit(n: u64) -> UnitKey {
    UnitKey::native(1, 5 + n / 3, n)
}

/// The past of a unit that was checked so many times by different askers and sold.
fn past(checks: u64) -> Past {
    let mut past = Past::default();
    for asker in 0..checks {
        let at = START.plus(Duration::from_secs(asker));
        let asker = AskerHash { current: asker, previous: None };
        let asked = EventTime::exact(at);
        past.check(&Checked { asker, counts: true, at, channel: Channel::Web, asked, place: None });
    }
    let stamp = Stamp { sequence: 9, at: START, lifted: false, by: "till".to_owned(), city: None, reason: None };
    past.live(Life::Sold, Arc::new(stamp));
    past
}

fn replayed(sequence: u64, until: Timestamp) -> Replayed {
    Replayed { sequence, digest: [7; 8], until }
}

fn owed(until: Timestamp) -> OwedEntry {
    OwedEntry { channel: Channel::Sms, day: Day::new(2026, 11, 23).unwrap(), until }
}

fn later(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn changes(position: u64, units: &[(u64, u64)]) -> Changes {
    let units = units.iter().map(|(n, checks)| (unit(*n), Packed::of(&past(*checks)))).collect();
    Changes { position, units, at: START, ..Changes::default() }
}

/// Messages answered and replies owed.
type Stands = (Vec<([u8; 16], Replayed)>, Vec<(u64, OwedEntry)>);

/// Everything that stands, in one order.
fn standing(store: &mut dyn Histories) -> Stands {
    let standing = store.standing().unwrap();
    let mut replays: Vec<_> = standing.replays.into_iter().collect();
    replays.sort_by_key(|(id, _)| *id);
    (replays, standing.owed.into_iter().collect())
}

fn what_was_taken_in_is_read_back(opens: &Opens<dyn Histories>) {
    let mut store = opens();
    assert_eq!((store.position().unwrap(), store.past(&unit(1)).unwrap()), (0, None));
    assert_eq!(standing(store.as_mut()), (vec![], vec![]));
    let mut batch = changes(40, &[(1, 1), (2, 40), (3, 0)]);
    batch.replays.push(([1; 16], replayed(8, later(60))));
    batch.replays.push(([2; 16], replayed(9, later(90))));
    batch.owed.insert(8, Some(owed(later(60))));
    store.apply(&batch).unwrap();
    store.apply(&changes(41, &[(1, 2)])).unwrap();
    let mut another = store.another().unwrap();
    for store in [&mut store, &mut another, &mut opens()] {
        assert_eq!(store.position().unwrap(), 41);
        for (n, checks) in [(1, 2), (2, 40), (3, 0)] {
            assert_eq!(store.past(&unit(n)).unwrap(), Some(past(checks)), "unit {n}");
        }
        assert_eq!(store.past(&unit(4)).unwrap(), None);
        let expected = vec![([1; 16], replayed(8, later(60))), ([2; 16], replayed(9, later(90)))];
        assert_eq!(standing(store.as_mut()), (expected, vec![(8, owed(later(60)))]));
    }
}

fn taking_in_a_batch_twice_changes_nothing(opens: &Opens<dyn Histories>) {
    let mut store = opens();
    let mut batch = changes(40, &[(1, 1), (2, 3)]);
    batch.replays.push(([1; 16], replayed(8, later(60))));
    batch.owed.extend([(8, Some(owed(later(60)))), (7, None)]);
    store.apply(&batch).unwrap();
    let (digest, stood) = (store.digest().unwrap(), standing(store.as_mut()));
    store.apply(&batch).unwrap();
    assert_eq!((store.digest().unwrap(), standing(store.as_mut()), store.position().unwrap()), (digest, stood, 40));
}

fn what_has_expired_or_was_settled_stands_no_longer(opens: &Opens<dyn Histories>) {
    let mut store = opens();
    let mut batch = changes(10, &[]);
    batch.replays.extend([([1; 16], replayed(1, later(10))), ([2; 16], replayed(2, later(20)))]);
    batch.owed.extend([(1, Some(owed(later(10)))), (2, Some(owed(later(10))))]);
    store.apply(&batch).unwrap();
    let mut next = Changes { position: 11, at: later(10), ..Changes::default() };
    next.owed.insert(1, None);
    next.replays.push(([3; 16], replayed(11, later(30))));
    store.apply(&next).unwrap();
    let replays = vec![([2; 16], replayed(2, later(20))), ([3; 16], replayed(11, later(30)))];
    // Who owes the reply decides what becomes of one that is late: it stands until that is in the log.
    assert_eq!(standing(store.as_mut()), (replays, vec![(2, owed(later(10)))]));
    let again = Changes { position: 12, at: later(10), ..Changes::default() };
    let mut again = Changes { replays: vec![([2; 16], replayed(12, later(40)))], ..again };
    again.owed.insert(2, None);
    store.apply(&again).unwrap();
    let replays = vec![([2; 16], replayed(12, later(40))), ([3; 16], replayed(11, later(30)))];
    assert_eq!(standing(opens().as_mut()), (replays, vec![]), "the later message holds the id");
}

fn the_digest_tells_the_units_and_not_how_they_came(opens: &Opens<dyn Histories>) {
    let mut store = opens();
    let empty = store.digest().unwrap();
    let mut seen = vec![empty];
    for (n, checks) in [(5, 1), (1, 2), (3, 40), (1, 3)] {
        store.apply(&changes(n, &[(n, checks)])).unwrap();
        let digest = store.digest().unwrap();
        assert!(!seen.contains(&digest), "unit {n} with {checks} checks");
        seen.push(digest);
    }
    let mut reference = MemoryHistories::default();
    reference.apply(&changes(99, &[(1, 3), (3, 40), (5, 1)])).unwrap();
    assert_eq!(seen.last(), Some(&reference.digest().unwrap()));
}

/// Folds into a store as the gateway does, so many rows to a batch.
struct Folded {
    store: Box<dyn Histories>,
    units: HashMap<UnitKey, Past>,
    changes: Changes,
}

impl Projection for Folded {
    fn past(&mut self, key: &UnitKey) -> Result<&mut Past, LogError> {
        let known = self.store.past(key)?.unwrap_or_default();
        Ok(self.units.entry(*key).or_insert(known))
    }

    fn remember(&mut self, id: &LoggedId, sequence: u64, _at: Timestamp) {
        self.changes.replays.push((*id.id, Replayed { sequence, digest: *id.digest, until: id.until }));
    }

    fn owe(&mut self, sequence: u64, entry: OwedEntry) {
        self.changes.owed.insert(sequence, Some(entry));
    }

    fn settled(&mut self, sequence: u64) {
        self.changes.owed.insert(sequence, None);
    }
}

fn any_batching_of_the_log_gives_the_same_digest(opens: &Opens<dyn Histories>) {
    let dir = tempfile::tempdir().unwrap();
    let rows = memory::write(&mut SegmentLog::open(dir.path(), 0).unwrap(), START, 300);
    let rebuilt = dir.path().join("rebuilt.db");
    audit::rebuild(dir.path(), 0, &rebuilt, &mut |_, _| {}).unwrap();
    let mut rebuilt = SqliteHistories::open(&rebuilt).unwrap();
    let mut folded = Folded { store: opens(), units: HashMap::new(), changes: Changes::default() };
    for (at, row) in rows.iter().enumerate() {
        fold(row, &row.event().unwrap(), &mut folded).unwrap();
        // Batches of every size up to seven.
        if at % 7 == at / 7 % 7 || at + 1 == rows.len() {
            (folded.changes.position, folded.changes.at) = (row.sequence, row.at);
            folded.changes.units = folded.units.drain().map(|(key, past)| (key, Packed::of(&past))).collect();
            folded.store.apply(&std::mem::take(&mut folded.changes)).unwrap();
        }
    }
    assert_eq!(folded.store.digest().unwrap(), rebuilt.digest().unwrap());
    assert_eq!(standing(folded.store.as_mut()), standing(&mut rebuilt));
    assert_eq!(folded.store.position().unwrap(), 300);
}

#[test]
fn an_append_that_failed_is_known_only_once_the_log_is_read_again() {
    let mut log = MemoryLog::default();
    log.fail([None, Some(Fault::Lost), Some(Fault::Kept)]);
    let rows = rows_at(log.head(), &[START; 5]);
    log.append(&rows[..1]).unwrap();
    assert!(log.append(&rows[1..3]).is_err());
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[0]), "lost");
    assert!(log.append(&rows[1..3]).is_err());
    assert_eq!(log.reread().unwrap(), Head::of(0, &rows[2]), "kept after all");
    log.append(&rows[3..]).unwrap();
    assert_eq!(log.reader().unwrap().after(0, false, 9).unwrap(), rows);
}

mod on_disk;
