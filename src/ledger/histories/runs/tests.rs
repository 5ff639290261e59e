//! Whatever is written and merged, and however it is damaged: a run says what a map would, or an error.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::merge::{Merge, Merged, choose, different};
use super::write::Writer;
use super::*;

/// Units with their pasts.
type Model = BTreeMap<u128, Vec<u8>>;

fn written(folder: &Path, number: u64, units: &Model) -> (Run, Entry) {
    let mut writer = Writer::create(folder, number, units.len() as u64).unwrap();
    units.iter().for_each(|(key, past)| writer.put(*key, past).unwrap());
    let run = writer.finish().unwrap();
    let entry = run.entry(number);
    (run, entry)
}

fn key(n: u128) -> UnitKey {
    UnitKey::from_bytes(n.to_be_bytes())
}

fn found(runs: &Runs, n: u128) -> Result<Option<Vec<u8>>, RunError> {
    find(runs, &key(n), &mut Vec::new(), Wait::ForDisk).map(|past| past.map(<[u8]>::to_vec))
}

fn all(runs: &Runs) -> Result<Model, RunError> {
    let mut merged = Merged::of(runs);
    let mut model = Model::new();
    while let Some((key, past)) = merged.next()? {
        assert!(model.insert(key, past.to_vec()).is_none(), "each once");
    }
    Ok(model)
}

fn units(count: u64) -> Model {
    (0..count)
        .map(|n| (integer(&UnitKey::native(1, 7 + n / 40, n * 3)), vec![u8::try_from(n % 250).unwrap(); 55]))
        .collect()
}

fn batches() -> impl Strategy<Value = Vec<Model>> {
    // Few keys, so that batches are about the same; now and then a past of many pages.
    let past = prop_oneof![
        30 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(any::<u8>(), 0..20_000)
    ];
    let key = prop_oneof![8 => 0_u128..400, 1 => any::<u128>()];
    prop::collection::vec(prop::collection::btree_map(key, past, 1..120), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_batches_merged_anyhow_read_as_a_map_does(batches in batches(), cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..5)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut model, mut runs) = (Model::new(), Runs::new());
        let mut number = 0;
        for batch in &batches {
            number += 1;
            let (_, entry) = written(dir.path(), number, batch);
            runs.insert(0, (number, Arc::new(Run::open(dir.path(), &entry).unwrap())));
            model.extend(batch.clone());
        }
        for (one, other) in cuts {
            let (one, other) = (one.index(runs.len()), other.index(runs.len()));
            let range = one.min(other)..one.max(other) + 1;
            let inputs = runs[range.clone()].to_vec();
            number += 1;
            let units = inputs.iter().map(|(_, run)| run.units()).sum();
            let newest = inputs[0].0;
            let mut merge = Merge::begin(inputs, 0, Writer::create(dir.path(), number, units).unwrap());
            while !merge.step().unwrap() {}
            let (run, _) = merge.finish().unwrap();
            let run = Run::open(dir.path(), &run.entry(newest)).unwrap();
            runs.splice(range, [(newest, Arc::new(run))]);
            for n in 0..400 {
                prop_assert_eq!(&found(&runs, n).unwrap(), &model.get(&n).cloned());
            }
        }
        prop_assert_eq!(all(&runs).unwrap(), model.clone());
        for n in model.keys().flat_map(|n| [*n, n.wrapping_add(1), n.wrapping_sub(1)]) {
            prop_assert_eq!(found(&runs, n).unwrap(), model.get(&n).cloned());
        }
    }
}

#[test]
fn units_that_come_again_are_not_counted_again() {
    let dir = tempfile::tempdir().unwrap();
    let all = units(40_000);
    let run = |number, from: usize, count| {
        let some: Model = all.iter().skip(from).take(count).map(|(key, past)| (*key, past.clone())).collect();
        (number, Arc::new(written(dir.path(), number, &some).0))
    };
    let about = |runs: &Runs, wanted: u64| {
        let different = different(runs).unwrap();
        assert!(different >= wanted * 9 / 10 && different <= wanted * 14 / 10, "{different} for {wanted}");
    };
    about(&vec![run(2, 0, 20_000), run(1, 20_000, 20_000)], 40_000);
    about(&vec![run(4, 0, 20_000), run(3, 0, 20_000)], 20_000);
    about(&vec![run(6, 10_000, 20_000), run(5, 0, 20_000)], 30_000);
    about(&vec![run(8, 0, 400), run(7, 0, 40_000)], 40_000);
    about(&vec![run(10, 20_000, 20_000), run(9, 0, 40_000)], 40_000);
}

#[test]
fn a_merge_goes_on_in_steps_of_so_many_units_or_bytes_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let steps = |number, units: &Model| {
        let inputs = vec![(1, Arc::new(written(dir.path(), number, units).0))];
        let out = Writer::create(dir.path(), number + 1, units.len() as u64).unwrap();
        let mut merge = Merge::begin(inputs, 0, out);
        let mut steps = 1;
        while !merge.step().unwrap() {
            steps += 1;
        }
        steps
    };
    assert_eq!(steps(1, &units(25_000)), 3);
    let long: Model = (0..100).map(|key| (key, vec![7; 100_000])).collect();
    assert_eq!(steps(3, &long), 10, "eleven of them are more than a million bytes");
}

#[test]
fn runs_of_one_size_are_merged_once_there_are_enough_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut number = 0;
    let mut run = |count: u64| {
        number += 1;
        (number, Arc::new(written(dir.path(), number, &units(count)).0))
    };
    let (large, newer) = (run(3_000), run(100));
    let small: Vec<_> = (1..=20).map(|nth| run(nth * 20)).collect();
    assert_eq!(choose(&small[..7], false), None);
    assert_eq!(choose(&small[..8], false), Some((0..8, 0)));
    assert_eq!(choose(&small, false), Some((4..20, 0)), "sixteen at a time, the oldest first");
    let with_large = |small: &[(u64, Arc<Run>)]| [small, std::slice::from_ref(&large)].concat();
    assert_eq!(choose(&with_large(&small[..8]), false), Some((0..8, 0)), "one of another size stays");
    assert_eq!(choose(&with_large(&small[..3]), true), None, "so few are no half of it");
    assert_eq!(choose(&[newer.clone(), newer.clone(), newer], true), None);
    assert_eq!(choose(&[large.clone(), large.clone(), large.clone(), large.clone()], true), Some((0..4, 1)));
    assert_eq!(
        choose(&[large.clone(), large.clone(), large.clone(), large], false),
        None,
        "older ones stand before them"
    );
}

#[test]
fn a_run_whose_blocks_fill_whole_strides_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for strides in [1, 2] {
        let count = strides * directory::STRIDE;
        let model: Model = (0..count as u128).map(|key| (key, vec![7; 3_000])).collect();
        let (run, _) = written(dir.path(), strides as u64, &model);
        assert_eq!(in_memory(run.directory.pages), count, "a unit in each block");
        assert!(all(&vec![(1, Arc::new(run))]).unwrap() == model);
    }
}

#[test]
fn an_end_that_tells_of_no_block_or_no_filter_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let (run, entry) = written(dir.path(), 1, &units(3));
    let bytes = std::fs::read(run.path()).unwrap();
    let trailer = Trailer::read(&bytes[bytes.len() - TRAILER..]).unwrap();
    assert_eq!((trailer.units, trailer.blocks, trailer.sum), (3, 1, entry.sum));
    for empty in [Trailer { blocks: 0, ..trailer }, Trailer { lines: 0, ..trailer }] {
        assert!(Trailer::read(&empty.written().0).is_none(), "{empty:?}");
    }
}

#[test]
fn damage_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let model: Model = (0..10).map(|key| (key, vec![7; 3_000])).collect();
    let (run, entry) = written(dir.path(), 1, &model);
    let mut broken = std::fs::read(run.path()).unwrap();
    broken[3 * PAGE + 100] ^= 1;
    std::fs::write(run.path(), &broken).unwrap();
    let runs = vec![(1, Arc::new(Run::open(dir.path(), &entry).unwrap()))];
    let at = 3 * PAGE as u64;
    assert!(matches!(found(&runs, 3), Err(RunError::Damaged { at: told, .. }) if told == at));
    assert!(matches!(all(&runs), Err(RunError::Damaged { at: told, .. }) if told == at));
}

/// What a run says that was opened after it was changed: an error where it does not open or a unit cannot be read.
fn read_all(folder: &Path, entry: &Entry, model: &Model) -> Result<(), RunError> {
    let runs = vec![(1, Arc::new(Run::open(folder, entry)?))];
    let mut outcome = Ok(());
    for (key, past) in model {
        match found(&runs, *key) {
            Ok(found) => assert_eq!(found.as_ref(), Some(past), "a wrong or missing past"),
            Err(error) => outcome = Err(error),
        }
    }
    match all(&runs) {
        Ok(read) => assert_eq!(read, *model),
        Err(error) => outcome = Err(error),
    }
    outcome
}

#[test]
fn any_changed_byte_is_an_error_and_never_a_wrong_or_missing_past() {
    let dir = tempfile::tempdir().unwrap();
    let model = units(150);
    let (run, entry) = written(dir.path(), 1, &model);
    let sound = std::fs::read(run.path()).unwrap();
    read_all(dir.path(), &entry, &model).unwrap();
    for at in 0..sound.len() {
        let mut broken = sound.clone();
        broken[at] ^= 1 << (at % 8);
        std::fs::write(run.path(), &broken).unwrap();
        let error = read_all(dir.path(), &entry, &model).unwrap_err();
        assert!(matches!(&error, RunError::Damaged { path, .. } if path == run.path()), "byte {at}: {error}");
    }
}

#[test]
fn a_byte_that_changes_while_a_run_is_open_is_an_error_too() {
    let dir = tempfile::tempdir().unwrap();
    let model = units(6_000);
    let (run, entry) = written(dir.path(), 1, &model);
    let sound = std::fs::read(run.path()).unwrap();
    let runs = vec![(1, Arc::new(Run::open(dir.path(), &entry).unwrap()))];
    let blocks = in_memory(run.directory.pages);
    assert!(blocks > 2 * directory::STRIDE, "a directory of several reads");
    let directory = blocks * PAGE..blocks * PAGE + blocks * ENTRY;
    for at in directory.step_by(7) {
        let mut broken = sound.clone();
        broken[at] ^= 1 << (at % 8);
        std::fs::write(run.path(), &broken).unwrap();
        let read = model.iter().step_by(29).map(|(key, past)| {
            found(&runs, *key).map(|found| assert_eq!(found.as_ref(), Some(past), "a wrong or missing past"))
        });
        assert!(read.filter(Result::is_err).count() > 0 && all(&runs).is_err(), "byte {at}");
    }
}

#[test]
fn a_run_that_was_cut_or_made_longer_at_any_place_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let model = units(150);
    let (run, entry) = written(dir.path(), 1, &model);
    let sound = std::fs::read(run.path()).unwrap();
    for len in (0..sound.len()).step_by(7).chain([sound.len() - 1]) {
        std::fs::write(run.path(), &sound[..len]).unwrap();
        assert!(matches!(Run::open(dir.path(), &entry), Err(RunError::Damaged { .. })), "{len} bytes");
    }
    std::fs::write(run.path(), [sound.as_slice(), b"x"].concat()).unwrap();
    assert!(Run::open(dir.path(), &entry).is_err());
}

#[test]
fn a_run_that_is_cut_while_it_is_open_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let model = units(500);
    let (run, _) = written(dir.path(), 1, &model);
    std::fs::OpenOptions::new().write(true).open(run.path()).unwrap().set_len(PAGE as u64).unwrap();
    let runs = vec![(1, Arc::new(run))];
    let read = model.iter().map(|(key, past)| found(&runs, *key).map(|found| assert_eq!(found.as_ref(), Some(past))));
    let failed = read.filter(|read| matches!(read, Err(RunError::Damaged { .. }))).count();
    assert!(failed > 300 && all(&runs).is_err(), "{failed}");
}

#[test]
fn a_run_under_another_s_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (one, entry) = written(dir.path(), 1, &units(150));
    let other: Model = units(150).into_keys().map(|key| (key, vec![7; 55])).collect();
    let (two, _) = written(dir.path(), 2, &other);
    let other_folder = tempfile::tempdir().unwrap();
    let (same_number, _) = written(other_folder.path(), 1, &other);
    for stranger in [two.path(), same_number.path()] {
        std::fs::copy(stranger, one.path()).unwrap();
        let error = Run::open(dir.path(), &entry).unwrap_err();
        assert!(error.to_string().contains("it is another run"), "{error}");
    }
}

#[test]
fn what_was_not_finished_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path(), 1, 10).unwrap();
    writer.put(1, b"a").unwrap();
    assert!(matches!(Writer::create(dir.path(), 1, 10), Err(RunError::Io { .. })), "no file is written over");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_name_is_a_run_s_only_as_it_is_written() {
    assert_eq!(number_in(&file_name(7)), Some(7));
    assert_eq!(number_in(&file_name(u64::MAX)), Some(u64::MAX));
    for other in ["7.run", "000000000007.run.new", "00000000000x.run", "000000000007", "+00000000007.run"] {
        assert_eq!(number_in(other), None, "{other}");
    }
}
