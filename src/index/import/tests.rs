//! Any list gives the set that a plain reader of it gives; what is wrong with a list is told by its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;

use contract::reading::read_one;
use proptest::prelude::*;

use super::*;
use crate::index::sets::form::Form;
use crate::index::sets::{file_name, staging};

mod resume;

type Taken = Result<(Summary, Option<Arc<SetFile>>), ImportError>;
/// Lot and box.
type Attributes = (String, Option<String>);

/// Where lists are read and sets made.
struct Bench {
    dir: tempfile::TempDir,
}

/// What a watcher heard.
#[derive(Default)]
struct Heard {
    begun: Vec<Begun>,
    rejected: Vec<(u64, String)>,
    /// Breaks off when so many rows were read.
    most: Option<u64>,
}

impl Watch for Heard {
    fn begun(&mut self, begun: &Begun) {
        self.begun.push(begun.clone());
    }

    fn progress(&mut self, progress: Progress) -> bool {
        let (Progress::Read { rows, .. } | Progress::Written { rows, .. }) = progress;
        self.most.is_none_or(|most| rows < most)
    }

    fn rejected(&mut self, line: u64, reason: &str) -> io::Result<()> {
        self.rejected.push((line, reason.to_owned()));
        Ok(())
    }
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sets")).unwrap();
        Self { dir }
    }

    fn list(&self, bytes: &[u8]) -> Order {
        let list = self.dir.path().join("list");
        fs::write(&list, bytes).unwrap();
        Order {
            list,
            columns: None,
            fixed: Fixed { product: Some("tea".to_owned()), ..Fixed::default() },
            encoding: Encoding::Utf8,
            memory: MEMORY,
        }
    }

    fn import(&self, order: &Order, known: &[(u64, Arc<SetFile>)]) -> (Taken, Heard) {
        let mut heard = Heard::default();
        let workshop = Workshop::open(&self.dir.path().join("sets")).unwrap();
        let summary = import(order, &workshop, known, true, &mut heard);
        let taken = summary.map(|summary| {
            let file = summary.made.as_ref().map(|made| {
                let name = file_name(&made.hash);
                let named = self.dir.path().join("sets").join(&name);
                fs::rename(workshop.folder().join(&name), &named).unwrap();
                Arc::new(SetFile::open(&named).unwrap())
            });
            (summary, file)
        });
        drop(workshop);
        let left: Vec<_> = fs::read_dir(staging(&self.dir.path().join("sets")))
            .unwrap()
            .map(|left| left.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"], "nothing is left behind");
        (taken, heard)
    }

    fn taken(&self, bytes: &[u8]) -> (Summary, Arc<SetFile>, Heard) {
        let (taken, heard) = self.import(&self.list(bytes), &[]);
        let (summary, file) = taken.unwrap();
        (summary, file.unwrap(), heard)
    }

    fn refused(&self, bytes: &[u8]) -> String {
        self.import(&self.list(bytes), &[]).0.unwrap_err().to_string()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn holds(file: &SetFile, number: &str) -> bool {
    let (form, value) = Form::of(&read_one(number).number).unwrap();
    file.find(form, value).unwrap().is_some()
}

const ONE: &str = "69012345678901234567";
const OTHER: &str = "00012345678901234567";

#[test]
fn lists_of_every_kind_are_one_list() {
    let bench = Bench::new();
    let plain = format!("{ONE}\n{OTHER}\nAB12345678\n1234567890123456\n");
    let (summary, file, _) = bench.taken(plain.as_bytes());
    assert_eq!((summary.rows, summary.numbers, summary.rejected), (4, 4, 0));
    assert!(holds(&file, OTHER) && holds(&file, "ab 1234 5678") && !holds(&file, "12345678901234567"));
    let hash = summary.made.unwrap().hash;
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let table =
        plain.lines().rev().fold("编号,批号\n".to_owned(), |table, number| format!("{table}\"{number}\",\n"));
    let tabs = plain.lines().fold("number\tlot\n".to_owned(), |table, number| format!("{table}{number}\t\n"));
    let printed = plain.replace("6901234567", "6901 2345 67");
    let mut pieces = gzip(&plain.as_bytes()[..25]);
    pieces.extend(gzip(&plain.as_bytes()[25..]));
    let packed = zstd::stream::encode_all(plain.as_bytes(), 3).unwrap();
    for bytes in [windows.as_bytes(), table.as_bytes(), tabs.as_bytes(), printed.as_bytes(), &pieces, &packed] {
        let (summary, ..) = bench.taken(bytes);
        assert_eq!(summary.made.unwrap().hash, hash, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_list_that_is_cut_off_or_damaged_is_told_by_line_and_byte() {
    let bench = Bench::new();
    let plain: String = (0..5_000_u64).map(|nth| format!("{:020}\n", nth * 7_919)).collect();
    let whole = gzip(plain.as_bytes());
    for cut in [whole.len() / 2, whole.len() - 3] {
        let error = bench.refused(&whole[..cut]);
        assert!(error.contains("gzip data of") && error.contains("ends in the middle"), "{error}");
        assert!(error.contains("behind line ") && error.contains(&format!("byte {cut} ")), "{error}");
    }
    let mut wrong = whole;
    let middle = wrong.len() / 2;
    wrong[middle..middle + 40].fill(0x55);
    let error = bench.refused(&wrong);
    assert!(error.contains("gzip data") && error.contains("damaged"), "{error}");
    let packed = zstd::stream::encode_all(plain.as_bytes(), 3).unwrap();
    let error = bench.refused(&packed[..packed.len() / 2]);
    assert!(error.contains("zstd data"), "{error}");
}

#[test]
fn text_in_another_encoding_is_recognised_and_read_where_that_is_asked() {
    let bench = Bench::new();
    let (gbk, _, _) = encoding_rs::GB18030.encode("监管码,批号\n69012345678901234567,一号\n");
    let error = bench.refused(&gbk);
    assert!(error.contains("line 1 is not UTF-8") && error.contains("--encoding gb18030"), "{error}");
    let order = Order { encoding: Encoding::Gb18030, ..bench.list(&gbk) };
    let (_, file) = bench.import(&order, &[]).0.unwrap();
    assert_eq!(file.unwrap().groups().unwrap()[0].lot, "一号");
    let error = bench.refused(b"\xff\xfe1\x002\x003\x00\n\x00");
    assert!(error.contains("UTF-16"), "{error}");
}

#[test]
fn a_line_without_an_end_is_bounded() {
    let bench = Bench::new();
    let error = bench.refused(format!("{ONE}\n{}", "1".repeat(3_000_000)).as_bytes());
    assert!(error.contains("line 2 is longer than 65536 bytes (from byte 21)"), "{error}");
    let error = bench.refused(&gzip(&vec![b'7'; 40_000_000]));
    assert!(error.contains("line 1 is longer"), "{error}");
}

#[test]
fn rows_that_repeat_count_once_and_rows_that_contradict_are_told_by_their_lines() {
    let bench = Bench::new();
    let list = format!("number,lot\n{ONE},A\n{ONE},A\n{OTHER},A\n{OTHER},B\n{OTHER},A\n1234567890123456,C\n");
    let (summary, file, heard) = bench.taken(list.as_bytes());
    assert_eq!((summary.rows, summary.numbers, summary.repeated, summary.rejected), (6, 2, 1, 3));
    assert!(holds(&file, ONE) && !holds(&file, OTHER));
    let lines: BTreeSet<u64> = heard.rejected.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, BTreeSet::from([4, 5, 6]));
    assert!(heard.rejected.iter().all(|(_, reason)| reason.contains("says something else of the same number")));
    // Lot B was named by one of those rows alone: it is no batch.
    let groups = file.groups().unwrap();
    let lots: Vec<_> = groups.iter().map(|group| (group.lot.as_str(), group.count)).collect();
    assert_eq!((lots, summary.groups), (vec![("A", 1), ("C", 1)], 2));
    let (form, value) = Form::of(&read_one("1234567890123456").number).unwrap();
    assert_eq!(file.find(form, value).unwrap().unwrap().group, 1);
    file.verify(&summary.made.unwrap().hash, &mut |_| true).unwrap();
}

#[test]
fn what_numbers_look_like_is_counted_and_told_by_a_line() {
    let bench = Bench::new();
    let list = format!("{ONE}\n1234567890123456\n{OTHER}\nAB12345678\n(01)06901234567892(21)x7\n");
    let kinds: Vec<_> = bench
        .taken(list.as_bytes())
        .0
        .kinds
        .iter()
        .map(|kind| (kind.shape.to_string(), kind.numbers, kind.line))
        .collect();
    let expected = [("16 digits", 1, 2), ("20 digits", 2, 1), ("10 digits and letters", 1, 4), ("GS1 items", 1, 5)];
    assert_eq!(kinds, expected.map(|(shape, numbers, line)| (shape.to_owned(), numbers, line)));
}

#[test]
fn a_list_that_contradicts_another_set_is_refused_and_one_that_agrees_is_not() {
    let bench = Bench::new();
    let (_, first, _) = bench.taken(format!("number,lot\n{ONE},A\n{OTHER},B\n").as_bytes());
    let known = [(7, first)];
    let agrees = bench.list(format!("number,lot\n1234567890123456,C\n{OTHER},B\n").as_bytes());
    let (summary, _) = bench.import(&agrees, &known).0.unwrap();
    assert_eq!(summary.shared, 1);
    let contradicts = bench.list(format!("number,lot\n{ONE},A\n{OTHER},C\n").as_bytes());
    let error = bench.import(&contradicts, &known).0.unwrap_err();
    assert!(matches!(error, ImportError::Contradicts { set: 7, count: 1, line: 3 }), "{error}");
    // The same, looked up one by one and walked over.
    for many in [1_usize, 3_000] {
        let numbers: String = (0..many).map(|nth| format!("9{nth:015},D\n")).collect();
        let list = bench.list(format!("number,lot\n{numbers}{OTHER},C\n").as_bytes());
        assert!(matches!(bench.import(&list, &known).0, Err(ImportError::Contradicts { .. })));
    }
}

#[test]
fn a_list_that_changes_while_it_is_read_is_refused() {
    let bench = Bench::new();
    let order = bench.list(format!("{ONE}\n").as_bytes());
    let mut lines = Lines::open(&order.list, Encoding::Utf8).unwrap();
    while lines.next_line().unwrap().is_some() {}
    lines.unchanged().unwrap();
    File::options().append(true).open(&order.list).unwrap().write_all(b"more\n").unwrap();
    let error = lines.unchanged().unwrap_err();
    assert!(matches!(error, ImportError::Changed { byte: 21, .. }), "{error}");
}

#[test]
fn a_list_of_nothing_is_refused() {
    let bench = Bench::new();
    for list in ["", "\n\n", "number\n", "number,lot\nshort,1\n"] {
        let error = bench.refused(list.as_bytes());
        assert!(error.contains("has no number that can be taken"), "{error}");
    }
    assert!(bench.refused(b"").ends_with("it has no rows"));
    assert!(bench.refused(b"number,lot\nshort,1\n").ends_with("its one row is rejected"));
}

/// A row as a person would write it.
fn row() -> impl Strategy<Value = (String, &'static str, &'static str)> {
    let number = prop_oneof![
        "[0-9]{20}",
        "[0-9]{8,16}",
        "00[0-9]{18}",
        "[A-Z]{2}[0-9]{8}",
        "[0-9]{4}( [0-9]{4}){4}",
        Just("12345678901234567890".to_owned()),
        "\\(01\\)06901234567892\\(21\\)[a-z0-9]{3,9}",
    ];
    // A few of these happen to be a GTIN with something behind it.
    let number = number.prop_filter("a unit's number", |text: &String| Form::of(&read_one(text).number).is_some());
    (number, prop_oneof![Just("A"), Just("B")], prop_oneof![4 => Just(""), 1 => Just("box 1"), 1 => Just("box 2")])
}

/// The numbers that a plain reader would take from rows, and what it would say of each.
fn plainly(rows: &[(String, &'static str, &'static str)]) -> BTreeMap<(Form, u128), Attributes> {
    let mut said: BTreeMap<(Form, u128), BTreeSet<Attributes>> = BTreeMap::new();
    for (number, lot, parent) in rows {
        let place = Form::of(&read_one(number).number).unwrap();
        let parent = Some(*parent).filter(|parent| !parent.is_empty()).map(str::to_owned);
        said.entry(place).or_default().insert(((*lot).to_owned(), parent));
    }
    said.into_iter()
        .filter(|(_, said)| said.len() == 1)
        .map(|(place, said)| (place, said.into_iter().next().unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_list_gives_the_set_of_a_plain_reader_in_any_order(
        rows in prop::collection::vec(row(), 1..400),
        shuffled in any::<prop::sample::Index>(),
        windows in any::<bool>(),
        packed in any::<bool>(),
    ) {
        let plain = plainly(&rows);
        prop_assume!(!plain.is_empty());
        let bench = Bench::new();
        let end = if windows { "\r\n" } else { "\n" };
        let list = |rows: &[(String, &str, &str)]| {
            let rows = rows.iter().map(|(number, lot, parent)| format!("\"{number}\",{lot},{parent}{end}")).collect::<String>();
            let text = format!("number,lot,parent{end}{rows}");
            if packed { gzip(text.as_bytes()) } else { text.into_bytes() }
        };
        let (summary, file, heard) = bench.taken(&list(&rows));
        prop_assert_eq!(summary.numbers, u64::try_from(plain.len()).unwrap());
        prop_assert_eq!(summary.rejected, u64::try_from(heard.rejected.len()).unwrap());
        prop_assert_eq!(summary.numbers + summary.repeated + summary.rejected, u64::try_from(rows.len()).unwrap());
        let groups = file.groups().unwrap();
        let held: BTreeMap<_, _> = SetFile::into_rows(Arc::clone(&file))
            .map(|row| row.unwrap())
            .map(|(form, row)| {
                let lot = groups[usize::try_from(row.group).unwrap()].lot.clone();
                ((form, row.value), (lot, file.parent(row.parent).unwrap()))
            })
            .collect();
        prop_assert_eq!(held, plain);
        let mut other = rows.clone();
        other.rotate_left(shuffled.index(rows.len()));
        other.reverse();
        let (again, ..) = bench.taken(&list(&other));
        prop_assert_eq!(again.made, summary.made, "the order of the rows is no part of the set");
    }

    #[test]
    fn sorting_in_little_memory_gives_the_same(rows in prop::collection::vec((any::<u64>(), 0_u32..3), 1..500)) {
        let dir = tempfile::tempdir().unwrap();
        let entries: Vec<Entry> = (1..)
            .zip(&rows)
            .map(|(line, (value, group))| Entry::new((Form::Digits(20), u128::from(*value)), *group, 0, line))
            .collect();
        let sorted = |memory| {
            let mut sorter = Sorter::new(dir.path(), memory);
            entries.iter().for_each(|entry| sorter.push(*entry).unwrap());
            let mut merged = sorter.finish().unwrap();
            std::iter::from_fn(|| merged.next_entry().unwrap()).collect::<Vec<_>>()
        };
        let all = sorted(1 << 20);
        let mut plain = entries.clone();
        plain.sort_unstable();
        prop_assert_eq!(&all, &plain);
        prop_assert_eq!(sorted(100 * size_of::<Entry>()), plain);
    }

    #[test]
    fn any_bytes_are_a_list_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bench = Bench::new();
        let (taken, _) = bench.import(&bench.list(&bytes), &[]);
        if let Err(error) = taken {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
