//! What a killed import leaves is gone on from, and never believed where it should not be.

use super::*;

/// Rows of the list; several runs of [`MEMORY_OF_THESE`].
const ROWS: u64 = 30_000;
const MEMORY_OF_THESE: usize = 4_000 * size_of::<Entry>();
/// When it is killed, at the earliest: behind the second run.
const KILLED_AT: u64 = 8_192;

/// A list with lots, boxes, and rows that are rejected or contradict each other all along.
fn list() -> String {
    let row = |nth: u64| {
        let number = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 90_000_000_000;
        match nth % 500 {
            7 => format!("short{},A,\n", nth % 7),
            9 => format!("{:020},again{nth},\n", 500),
            _ => format!("{number:020},L{},box {}\n", nth % 13, nth % 37),
        }
    };
    (0..ROWS).map(row).fold("number,lot,parent\n".to_owned(), |list, row| list + &row)
}

impl Bench {
    fn little(&self, bytes: &[u8]) -> Order {
        Order { memory: MEMORY_OF_THESE, ..self.list(bytes) }
    }

    /// An import that is killed behind so many rows, at the latest while it writes.
    fn killed(&self, order: &Order, rows: u64) {
        let sets = self.dir.path().join("sets");
        let workshop = Workshop::open(&sets).unwrap();
        let mut heard = Heard { most: Some(rows), ..Heard::default() };
        let error = import(order, &workshop, &[], true, &mut heard).unwrap_err();
        assert!(matches!(error, ImportError::Stopped), "{error}");
        self.forget(workshop);
    }

    /// What a kill does: the lock goes with the process, the files stay.
    fn forget(&self, workshop: Workshop) {
        std::mem::forget(workshop);
        // The descriptor of a forgotten lock lives as long as this process: another name stands for another process.
        fs::remove_file(staging(&self.dir.path().join("sets")).join("lock")).unwrap();
    }

    /// What the whole import comes to, and how it began.
    fn ended(&self, order: &Order) -> (Summary, BTreeSet<(u64, String)>, Begun) {
        let (taken, heard) = self.import(order, &[]);
        let [begun] = heard.begun.as_slice() else { panic!("{:?}", heard.begun) };
        (taken.unwrap().0, heard.rejected.into_iter().collect(), begun.clone())
    }
}

#[test]
fn an_import_that_was_killed_goes_on_and_comes_to_the_same() {
    let plain = list();
    for packed in [plain.clone().into_bytes(), gzip(plain.as_bytes()), plain.replace('\n', "\r\n").into_bytes()] {
        let bench = Bench::new();
        let order = bench.little(&packed);
        let (whole, rejects, begun) = bench.ended(&order);
        assert_eq!((begun, whole.rows), (Begun::Anew, ROWS));
        bench.killed(&order, KILLED_AT);
        let left = broken_off(&bench.dir.path().join("sets"));
        assert!(left.is_none(), "no lock, no import: {left:?}");
        let (again, rejects_again, begun) = bench.ended(&order);
        assert_eq!((&again, &rejects_again), (&whole, &rejects));
        // What two runs hold, and those that were rejected.
        assert!(matches!(begun, Begun::Resumed { rows: 8_001..=8_100 }), "{begun:?}");
        // Killed twice.
        bench.killed(&order, KILLED_AT);
        bench.killed(&order, 3 * KILLED_AT);
        let (again, rejects_again, begun) = bench.ended(&order);
        assert_eq!((&again, &rejects_again), (&whole, &rejects));
        assert!(matches!(begun, Begun::Resumed { rows } if rows > 20_000), "{begun:?}");
    }
}

#[test]
fn what_was_left_is_dropped_where_anything_is_other_than_it_was() {
    let list = list();
    let bench = Bench::new();
    let sets = bench.dir.path().join("sets");
    let order = bench.little(list.as_bytes());
    let run = staging(&sets).join("run-00001");
    for (what, why) in [
        ("list", "it was changed since"),
        ("time", "it was changed since"),
        ("file", "it is another file"),
        ("order", "its columns, its encoding or this program are others now"),
        ("run", "what was sorted of it is damaged"),
        ("cut", "what was sorted of it is damaged"),
        ("gone", "what was sorted of it is damaged"),
    ] {
        bench.killed(&order, KILLED_AT);
        let mut now = order.clone();
        match what {
            "list" => File::options().append(true).open(&order.list).unwrap().write_all(b"12345678,A,\n").unwrap(),
            "time" => File::options()
                .append(true)
                .open(&order.list)
                .unwrap()
                .set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap(),
            "file" => {
                now.list = bench.dir.path().join("other");
                fs::copy(&order.list, &now.list).unwrap();
            }
            "order" => now.fixed.product = Some("salt".to_owned()),
            "run" => {
                let mut bytes = fs::read(&run).unwrap();
                bytes[1_000] ^= 1;
                fs::write(&run, bytes).unwrap();
            }
            "cut" => File::options().write(true).open(&run).unwrap().set_len(3_000).unwrap(),
            _ => fs::remove_file(&run).unwrap(),
        }
        let (summary, _, begun) = bench.ended(&now);
        let list = order.list.display().to_string();
        assert_eq!(begun, Begun::Dropped { list, why }, "{what}");
        assert!(summary.rows >= ROWS, "{what}");
    }
}

#[test]
fn a_manifest_that_is_damaged_is_none() {
    let bench = Bench::new();
    let order = bench.little(list().as_bytes());
    bench.killed(&order, KILLED_AT);
    let manifest = staging(&bench.dir.path().join("sets")).join("resume");
    let mut bytes = fs::read(&manifest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&manifest, bytes).unwrap();
    assert_eq!(bench.ended(&order).2, Begun::Anew);
}

#[test]
fn what_is_kept_is_told_to_whoever_looks_after_the_folder() {
    let bench = Bench::new();
    let sets = bench.dir.path().join("sets");
    assert_eq!(broken_off(&sets), None, "nothing was ever imported");
    let order = bench.little(list().as_bytes());
    bench.killed(&order, KILLED_AT);
    File::create(staging(&sets).join("lock")).unwrap();
    let left = broken_off(&sets).unwrap();
    assert_eq!(left.list, order.list.to_str().unwrap());
    assert!((8_001..8_100).contains(&left.rows), "{left:?}");
    assert!(left.bytes > 8_000 * 36, "{left:?}");
    let at_work = Workshop::open(&sets).unwrap();
    assert_eq!(broken_off(&sets), None, "one is at work");
    drop(at_work);
    assert_eq!(broken_off(&sets), None, "an import that ends leaves nothing");
}

#[test]
fn two_imports_do_not_meet_and_what_a_killed_one_left_is_cleared_away() {
    let bench = Bench::new();
    let sets = bench.dir.path().join("sets");
    let first = Workshop::open(&sets).unwrap();
    assert!(matches!(Workshop::open(&sets), Err(ImportError::Busy { .. })));
    fs::write(first.folder().join("run-00000"), b"half").unwrap();
    fs::write(first.folder().join("made"), b"half").unwrap();
    bench.forget(first);
    assert_eq!(bench.ended(&bench.list(format!("{ONE}\n").as_bytes())).2, Begun::Anew);
}
