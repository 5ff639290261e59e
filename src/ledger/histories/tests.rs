//! The store: its schemas, what it forgets, and runs that come, are merged and are read meanwhile.

use std::path::Path;

use proptest::prelude::*;

use super::manifest::MIGRATIONS;
use super::*;
use crate::ledger::sqlite::{self, Durability};

#[test]
fn a_file_of_an_older_schema_is_folded_from_the_log_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    for known in 1..MIGRATIONS.len() {
        let old = sqlite::open(&path, Durability::Projection, &MIGRATIONS[..known]).unwrap();
        let filled = "INSERT INTO standing VALUES ('position', 7);
            WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9) INSERT INTO unit SELECT n, zeroblob(9000000) FROM n;";
        old.execute_batch(filled).unwrap();
        drop(old);
        let mut new = SqliteHistories::take(&path).unwrap();
        assert_eq!((new.position().unwrap(), new.units().unwrap()), (0, 0));
        assert!(new.standing().unwrap().replays.is_empty());
        assert!(std::fs::metadata(&path).unwrap().len() < 1_000_000, "the room of its units is given back");
        drop(new);
        sqlite::remove(&path).unwrap();
    }
}

#[test]
fn ids_beyond_what_is_kept_are_forgotten_batch_by_batch_the_first_to_expire_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteHistories::open(&dir.path().join("history.db")).unwrap().keeping(10);
    let batch = |position: u64, until: i64, count: u8| {
        let id = |n: u8| {
            let mut id = [n; 16];
            id[0] = u8::try_from(position).unwrap();
            (id, Replayed { sequence: position, digest: [0; 8], until: Timestamp(until) })
        };
        Changes {
            position,
            replays: (0..count).map(id).collect(),
            at: Timestamp(i64::try_from(position).unwrap()),
            ..Changes::default()
        }
    };
    let held = |store: &mut SqliteHistories| {
        let mut held: Vec<u64> = store.standing().unwrap().replays.values().map(|known| known.sequence).collect();
        held.sort_unstable();
        held.dedup();
        held
    };
    for (position, until, count) in [(1, 900, 6), (2, 500, 5), (3, 700, 4)] {
        store.apply(&batch(position, until, count)).unwrap();
    }
    assert_eq!(held(&mut store), [1, 3], "the second expires first, and ten are left without it");
    store.apply(&batch(4, 800, 5)).unwrap();
    assert_eq!(held(&mut store), [1, 4]);
    // Counted anew where it was opened anew; one that is larger than what is kept stays whole.
    let mut store = SqliteHistories::open(&dir.path().join("history.db")).unwrap().keeping(10);
    store.apply(&batch(5, 600, 30)).unwrap();
    assert_eq!(held(&mut store), [5]);
    store.apply(&Changes { position: 6, at: Timestamp(600), ..Changes::default() }).unwrap();
    assert_eq!((held(&mut store), store.ids), (vec![], Some(0)), "and none outlives its end");
}

fn unit(n: u64) -> UnitKey {
    UnitKey::native(1, 1 + n % 3, n)
}

/// A past that is like no other.
fn marked(mark: u32) -> Past {
    Past { uncounted: mark, ..Past::default() }
}

fn batch(position: u64, units: impl IntoIterator<Item = u64>) -> Changes {
    let mark = u32::try_from(position).unwrap();
    let units = units.into_iter().map(|n| (unit(n), Packed::of(&marked(mark)))).collect();
    Changes { position, units, ..Changes::default() }
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("history.runs")).unwrap().count()
}

fn settled(store: &mut SqliteHistories) {
    while store.tend().unwrap() {}
}

/// What is done to a store.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<u64>),
    Tend(u8),
    /// The process is another one.
    Again,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::collection::vec(0_u64..60, 0..20).prop_map(Step::Apply),
        3 => (0_u8..9).prop_map(Step::Tend),
        1 => Just(Step::Again)
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_batches_merges_and_starts_read_as_a_map_does(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("history.db");
        let mut store = SqliteHistories::take(&path).unwrap();
        let mut reader = store.another().unwrap();
        let mut model = BTreeMap::new();
        let mut position = 0;
        for step in steps {
            match step {
                Step::Apply(units) => {
                    position += 1;
                    store.apply(&batch(position, units.clone())).unwrap();
                    model.extend(units.into_iter().map(|n| (n, marked(u32::try_from(position).unwrap()))));
                }
                Step::Tend(times) => {
                    for _ in 0..times {
                        store.tend().unwrap();
                    }
                }
                Step::Again => {
                    drop((store, reader));
                    store = SqliteHistories::take(&path).unwrap();
                    reader = store.another().unwrap();
                }
            }
            reader.refresh().unwrap();
            let many = store.peek();
            for n in 0..60 {
                let past = model.get(&n).cloned();
                let peeked = past.clone().unwrap_or_default();
                let read = many.peek(&unit(n), true);
                prop_assert_eq!(read.as_ref(), Some(&peeked));
                // Not every file system can say what it holds in memory.
                prop_assert!(many.peek(&unit(n), false).is_none_or(|past| past == peeked));
                prop_assert_eq!(reader.past(&unit(n)).unwrap(), past);
            }
            prop_assert_eq!(store.position().unwrap(), position);
        }
        prop_assert_eq!(store.units().unwrap(), model.len());
        settled(&mut store);
        drop(reader);
        let mut again = SqliteHistories::take(&path).unwrap();
        for n in 0..60 {
            prop_assert_eq!(again.past(&unit(n)).unwrap(), model.get(&n).cloned());
        }
    }
}

#[test]
fn many_batches_become_few_runs_with_the_same_digest() {
    let dir = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteHistories::take(&dir.path().join(name).join("history.db")).unwrap();
    for name in ["tended", "left", "once"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
    }
    let (mut tended, mut left, mut once) = (open("tended"), open("left"), open("once"));
    let mut all = Changes::default();
    for position in 1..=100 {
        let batch = batch(position, (0..40).map(|n| position * 7 + n * 3));
        tended.apply(&batch).unwrap();
        settled(&mut tended);
        left.apply(&batch).unwrap();
        all.units.extend(batch.units);
    }
    once.apply(&all).unwrap();
    assert!(files(&dir.path().join("tended")) < 16, "{}", files(&dir.path().join("tended")));
    assert_eq!(files(&dir.path().join("left")), 100, "nobody tends it");
    let digest = once.digest().unwrap();
    assert_eq!((tended.digest().unwrap(), left.digest().unwrap()), (digest, digest));
    for position in 101..=200 {
        left.apply(&batch(position, 0..40)).unwrap();
    }
    assert!(files(&dir.path().join("left")) <= 130, "open files are bounded, whoever tends them");
}

#[test]
fn a_handle_reads_what_stood_when_it_began_until_it_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteHistories::take(&dir.path().join("history.db")).unwrap();
    let mut reader = store.another().unwrap();
    store.apply(&batch(1, 0..40)).unwrap();
    assert_eq!(reader.past(&unit(3)).unwrap(), Some(marked(1)));
    for position in 2..=30 {
        store.apply(&batch(position, 0..41)).unwrap();
        settled(&mut store);
    }
    assert!(files(dir.path()) < 8, "what it reads was merged away");
    assert_eq!((reader.past(&unit(3)).unwrap(), reader.past(&unit(40)).unwrap()), (Some(marked(1)), None));
    reader.refresh().unwrap();
    assert_eq!((reader.past(&unit(3)).unwrap(), reader.past(&unit(40)).unwrap()), (Some(marked(30)), Some(marked(30))));
}

#[test]
fn a_merge_that_fails_leaves_everything_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::take(&path).unwrap();
    // The first run is large, so that the others are merged among themselves.
    store.apply(&batch(1, 0..4_000)).unwrap();
    (2..=9).for_each(|position| store.apply(&batch(position, 0..40)).unwrap());
    let digest = store.digest().unwrap();
    let full = "CREATE TRIGGER full BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    let meddling = sqlite::open(&path, Durability::Projection, MIGRATIONS).unwrap();
    meddling.execute_batch(full).unwrap();
    let failed = std::iter::from_fn(|| Some(store.tend())).find(Result::is_err);
    assert!(failed.is_some());
    assert!(!store.tend().unwrap(), "it rests");
    assert_eq!((store.digest().unwrap(), store.position().unwrap()), (digest, 9));
    meddling.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(SqliteHistories::open(&path).unwrap().digest().unwrap(), digest);
    for position in 10..=26 {
        store.apply(&batch(position, 0..40)).unwrap();
        settled(&mut store);
    }
    assert!(files(dir.path()) < 10, "{}", files(dir.path()));
    assert_eq!(store.past(&unit(3_999)).unwrap(), Some(marked(1)));
    assert_eq!(store.past(&unit(39)).unwrap(), Some(marked(26)));
}

#[test]
fn readers_say_nothing_of_what_is_not_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let mut store = SqliteHistories::take(&path).unwrap();
    store.apply(&batch(1, 0..40)).unwrap();
    let many = store.peek();
    assert_eq!(many.peek(&unit(7), true), Some(marked(1)));
    let run = std::fs::read_dir(dir.path().join("history.runs")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&run).unwrap();
    bytes.iter_mut().take(4_096).for_each(|byte| *byte ^= 1);
    std::fs::write(&run, bytes).unwrap();
    assert_eq!((many.peek(&unit(7), true), many.peek(&unit(7), false)), (None, None));
    assert_eq!(many.peek(&unit(99), true), Some(Past::default()), "a unit that was never asked about needs no block");
    assert!(store.past(&unit(7)).is_err(), "and the writer says why");
}
