//! A set file holds exactly what was written, whatever that is, and damage to it is found.

use std::collections::BTreeMap;

use contract::Number;
use contract::strategies;
use proptest::prelude::*;

use super::write::SetWriter;
use super::*;

fn group(product: &str) -> Group {
    Group { product: product.to_owned(), lot: String::new(), made: None, expiry: None, level: 1, holds: 1, count: 0 }
}

/// Writes a file of these rows, named by its hash, with 8 groups and 4 boxes.
pub(crate) fn written(folder: &Path, rows: &BTreeMap<(Form, u128), (u32, u32)>) -> (Hash, SetFile) {
    let path = folder.join("made");
    drop(fs::remove_file(&path));
    let mut writer = SetWriter::create(&path, 8).unwrap();
    for ((form, value), (group, parent)) in rows {
        writer.put(*form, Row { value: *value, group: *group, parent: *parent }).unwrap();
    }
    let groups: Vec<Group> = (0..8).map(|nth| group(&format!("p{nth}"))).collect();
    let boxes: Vec<String> = (1..=4).map(|nth| format!("box {nth}")).collect();
    let hash = writer.finish(&groups, &boxes).unwrap();
    let named = folder.join(file_name(&hash));
    fs::rename(&path, &named).unwrap();
    (hash, SetFile::open(&named).unwrap())
}

fn rows() -> impl Strategy<Value = BTreeMap<(Form, u128), (u32, u32)>> {
    let random = strategies::number().prop_filter_map("a unit's number", |number| Form::of(&number));
    let dense = (0_u128..3_000).prop_map(|value| (Form::Digits(20), value + 10_u128.pow(19)));
    let wide = any::<u128>().prop_map(|value| (Form::Hashed, value));
    let place = prop_oneof![random, dense, wide];
    prop::collection::btree_map(place, (0_u32..8, 0_u32..5), 0..1_500)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn membership_is_exact(rows in rows(), others in prop::collection::vec(strategies::number(), 0..50)) {
        let dir = tempfile::tempdir().unwrap();
        let (hash, file) = written(dir.path(), &rows);
        prop_assert_eq!(file.rows(), u64::try_from(rows.len()).unwrap());
        file.verify(&hash, &mut |_| true).unwrap();
        for ((form, value), (group, parent)) in &rows {
            let row = Row { value: *value, group: *group, parent: *parent };
            prop_assert_eq!(file.find(*form, *value).unwrap(), Some(row));
            for near in [value.wrapping_sub(1), value.wrapping_add(1)] {
                prop_assert_eq!(file.find(*form, near).unwrap().is_some(), rows.contains_key(&(*form, near)));
            }
        }
        for (form, value) in others.iter().filter_map(Form::of) {
            prop_assert_eq!(file.find(form, value).unwrap().is_some(), rows.contains_key(&(form, value)));
        }
        let all: Vec<_> = SetFile::into_rows(Arc::new(file)).map(|row| row.unwrap()).map(|(form, row)| ((form, row.value), (row.group, row.parent))).collect();
        prop_assert_eq!(all, rows.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn any_change_of_a_byte_is_found_and_any_file_is_a_set_or_refused(rows in rows(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let dir = tempfile::tempdir().unwrap();
        let (hash, file) = written(dir.path(), &rows);
        let mut bytes = fs::read(file.path()).unwrap();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        fs::write(file.path(), &bytes).unwrap();
        match SetFile::open(file.path()) {
            Err(error) => prop_assert!(error.to_string().contains("damaged at byte"), "{error}"),
            Ok(damaged) => {
                for (form, value) in rows.keys() {
                    // What is still read is what was written.
                    if let Ok(found) = damaged.find(*form, *value) {
                        prop_assert!(found.is_some());
                    }
                }
                prop_assert!(damaged.verify(&hash, &mut |_| true).is_err());
            }
        }
    }

    #[test]
    fn a_shortened_file_is_refused(rows in rows(), cut in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let (_, file) = written(dir.path(), &rows);
        let bytes = fs::read(file.path()).unwrap();
        fs::write(file.path(), &bytes[..cut.index(bytes.len())]).unwrap();
        let is_refused = matches!(SetFile::open(file.path()), Err(FileError::Damaged { .. }));
        prop_assert!(is_refused);
    }
}

#[test]
fn groups_and_boxes_come_back_with_their_counts() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..1_000_u128).map(|nth| ((Form::Digits(12), nth * 977), ((nth % 8) as u32, (nth % 5) as u32)));
    let (_, file) = written(dir.path(), &rows.collect());
    let groups = file.groups().unwrap();
    assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), 1_000);
    assert_eq!((groups[3].product.as_str(), groups[3].count), ("p3", 125));
    assert_eq!(file.parent(0).unwrap(), None);
    assert_eq!(file.parent(4).unwrap().as_deref(), Some("box 4"));
    assert_eq!(file.parent(5).unwrap(), None);
}

#[test]
fn random_numbers_take_little_more_than_they_must() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = 7_u128;
    let rows: BTreeMap<_, _> = (0..60_000)
        .map(|_| {
            state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            ((Form::Digits(20), (state >> 32) % 10_u128.pow(20)), (0, 0))
        })
        .collect();
    let (_, file) = written(dir.path(), &rows);
    let count = rows.len() as f64;
    let least = (1e20 / count).log2() + std::f64::consts::LOG2_E;
    let bits = file.bytes() as f64 * 8.0 / count;
    assert!(bits < 1.08 * least, "{bits:.1} bits a number, {least:.1} at least");
}

/// A batch of a set that shares nothing but its product.
pub(crate) fn batch_of(id: u64, set: u64) -> Batch {
    Batch {
        id,
        product: "p".to_owned(),
        layout: 0,
        resource: 0,
        serials: Vec::new(),
        epoch: 0,
        lot: String::new(),
        level: 1,
        holds: 1,
        parent: None,
        made: None,
        expiry: None,
        on_sale_from: None,
        concealment: crate::index::Concealment::Printed,
        issued_at: contract::Timestamp(0),
        issued_by: String::new(),
        listed: Some(crate::index::Listed { set, count: 1 }),
    }
}

fn imported(set: u64, hash: &Hash, file: &SetFile, batches: u64) -> Imported {
    Imported {
        set,
        hash: ByteArray::from(*hash),
        rows: file.rows(),
        shapes: shapes(file),
        batches: (batches..batches + 8).map(|id| batch_of(id, set)).collect(),
        source: "list.csv".to_owned(),
        by: "test".to_owned(),
    }
}

fn place(text: &str) -> (Form, u128) {
    Form::of(&Number::Digits(text.to_owned())).unwrap()
}

#[test]
fn a_number_on_two_lists_is_found_on_both_the_first_in_front_and_one_that_is_removed_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let sets = Sets::new(dir.path().to_owned());
    let (one, other) = (place("1234567890123456"), place("0034567890123456"));
    let (first, file) = written(dir.path(), &BTreeMap::from([(one, (0, 0)), (other, (1, 2))]));
    sets.import(&imported(1, &first, &file, 10));
    let (second, file) = written(dir.path(), &BTreeMap::from([(one, (3, 0))]));
    sets.import(&imported(2, &second, &file, 20));
    let found = |(form, value): (Form, u128)| sets.snapshot().find(form, value);
    let hit = |set, batch, parent| Hit { set, batch, parent };
    assert_eq!(found(one), Sought::Held(vec![hit(1, 10, 0), hit(2, 23, 0)]));
    assert_eq!(found(other), Sought::Held(vec![hit(1, 11, 2)]));
    assert_eq!(found(place("34567890123456")), Sought::Absent, "leading zeros count");
    let before = sets.snapshot().epoch;
    sets.remove(&Removed { set: 1, by: String::new(), reason: None });
    assert_eq!(found(one), Sought::Held(vec![hit(2, 23, 0)]));
    assert_eq!(found(other), Sought::Absent);
    assert!(sets.snapshot().epoch > before);
    assert_eq!(sets.last(), 2);
}

#[test]
fn a_set_that_cannot_be_read_makes_numbers_of_its_shapes_unreadable_until_its_file_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let sets = Sets::new(dir.path().to_owned());
    let (hash, file) = written(dir.path(), &BTreeMap::from([(place("1234567890123456"), (0, 0))]));
    let whole = fs::read(file.path()).unwrap();
    let import = imported(1, &hash, &file, 10);
    fs::remove_file(file.path()).unwrap();
    sets.import(&import);
    let found = |text: &str| {
        let (form, value) = place(text);
        sets.snapshot().find(form, value)
    };
    assert_eq!(found("1234567890123456"), Sought::Unreadable);
    assert_eq!(found("9999999999999999"), Sought::Unreadable, "it may be on the list");
    assert_eq!(found("12345678"), Sought::Absent, "no number of the list is so short");
    assert_eq!(sets.take_over(&hash), Err(SetError::NoFile { hash: hex(&hash) }));
    fs::create_dir(staging(dir.path())).unwrap();
    fs::write(staging(dir.path()).join(file_name(&hash)), &whole).unwrap();
    sets.take_over(&hash).unwrap();
    assert_eq!(sets.known(&hash), Some(1));
    assert!(matches!(found("1234567890123456"), Sought::Held(_)));
    assert_eq!(found("9999999999999999"), Sought::Absent);
    // Damage that comes later is found by the hash, wherever in the file it is.
    let mut bytes = whole;
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(sets.path(&hash), &bytes).unwrap();
    sets.snapshot().verify(&mut || true);
    assert_eq!(found("9999999999999999"), Sought::Unreadable);
}

#[test]
fn the_hash_of_a_file_is_checked_before_it_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let sets = Sets::new(dir.path().to_owned());
    let (hash, file) = written(dir.path(), &BTreeMap::from([(place("1234567890123456"), (0, 0))]));
    let mut other = hash;
    other[0] ^= 1;
    fs::create_dir(staging(dir.path())).unwrap();
    fs::copy(file.path(), staging(dir.path()).join(file_name(&other))).unwrap();
    assert!(matches!(sets.take_over(&other), Err(SetError::File(_))));
    assert_eq!(unhex(&hex(&hash)), Some(hash));
    assert_eq!(unhex("zz"), None);
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/set");
    let mut whole = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let Ok(file) = SetFile::open(&entry.unwrap().path()) else { continue };
        let file = Arc::new(file);
        for (form, row) in SetFile::into_rows(Arc::clone(&file)).map(|row| row.unwrap()) {
            assert_eq!(file.find(form, row.value).unwrap(), Some(row));
            file.parent(row.parent).unwrap();
        }
        assert!(!file.groups().unwrap().is_empty());
        whole += 1;
    }
    assert!(whole >= 3, "{whole} files that this version reads: the form of a set file must stay readable");
}
