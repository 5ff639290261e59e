//! The file itself: its schemas, what it forgets, a read that fails.

use super::*;

#[test]
fn a_file_of_the_first_schema_is_folded_from_the_log_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    let old = sqlite::open(&path, Durability::Projection, &MIGRATIONS[..1]).unwrap();
    old.execute_batch("INSERT INTO standing VALUES ('position', 7); INSERT INTO unit VALUES (x'01', x'00');").unwrap();
    drop(old);
    let mut new = SqliteHistories::open(&path).unwrap();
    assert_eq!((new.position().unwrap(), new.units().unwrap()), (0, 0));
    assert!(new.standing().unwrap().replays.is_empty());
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

#[test]
fn a_read_that_failed_does_not_keep_the_next_from_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("history.db");
    SqliteHistories::open(&path).unwrap().finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_096..].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let mut store = SqliteHistories::open(&path).unwrap();
    let key = UnitKey::native(1, 1, 1);
    for _ in 0..2 {
        assert!(store.past(&key).is_err());
        store.refresh().unwrap();
    }
}
