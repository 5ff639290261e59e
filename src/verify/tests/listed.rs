//! Listed numbers are units like our own: from a maker's list to what a shopper is told, over restarts and damage.

use std::sync::atomic::AtomicBool;

use super::*;
use crate::code::Codes;
use crate::code::layout::Layouts;
use crate::index::import::row::Fixed;
use crate::index::import::source::Encoding;
use crate::index::import::{self, Begun, MEMORY, Progress, Watch, Workshop};
use crate::index::sets::hex;
use crate::ledger::backup::{self, Places};
use crate::ledger::reindex;
use crate::ledger::writer::ImportOrder;

struct Silent;

impl Watch for Silent {
    fn begun(&mut self, begun: &Begun) {
        assert_eq!(*begun, Begun::Anew);
    }

    fn progress(&mut self, _: Progress) -> bool {
        true
    }

    fn rejected(&mut self, line: u64, reason: &str) -> std::io::Result<()> {
        panic!("line {line} is rejected: {reason}");
    }
}

const FIRST: &str = "0000123412341234";
const SECOND: &str = "KX9999000077";
const BOX: &str = "69012345678901234567";

impl Bench {
    /// As the command does: read and sorted here, taken over by its hash there.
    fn import(&self, list: &str) -> Result<Outcome, OrderError> {
        let order = self.sorted(list);
        self.runtime.block_on(self.gateway().order(Order::Import(order)))
    }

    fn sorted(&self, list: &str) -> ImportOrder {
        let sets = self.gateway().folder().sets();
        std::fs::write(self.dir.path().join("list.csv"), list).unwrap();
        let order = import::Order {
            list: self.dir.path().join("list.csv"),
            columns: None,
            fixed: Fixed { product: Some("p".to_owned()), ..Fixed::default() },
            encoding: Encoding::Utf8,
            memory: MEMORY,
        };
        let workshop = Workshop::open(&sets).unwrap();
        let made = import::import(&order, &workshop, &[], true, &mut Silent).unwrap().made.unwrap();
        let against = self.gateway().register().sets().last();
        // The workshop closes here, while the command's stays open until the gateway has answered.
        self.gateway().register().sets().take_over(&made.hash).unwrap();
        ImportOrder { hash: hex(&made.hash), against, source: "list.csv".to_owned(), by: "test".to_owned() }
    }

    /// As `live`; the event's sequence.
    fn live_at(&self, target: Selector, life: Life, lifted: bool) -> u64 {
        let by = "test".to_owned();
        let order = Order::Live { target, life, lifted, at: None, by, city: None, reason: None };
        let Outcome::Recorded { position } = self.order(order) else { panic!("a life event is recorded") };
        position.sequence
    }

    fn told(&self, number: &str, asker: &str) -> contract::Answer {
        let mut inquiry = self.inquiry(0, asker, None);
        inquiry.checks[0].number = contract::reading::read_one(number).number;
        self.ask(inquiry).unwrap().answers.remove(0)
    }

    fn said(&self, number: &str, asker: &str) -> VerdictKind {
        self.told(number, asker).verdict.kind()
    }
}

fn list() -> String {
    format!("number,lot,level,holds,parent\n{FIRST},A7,,,{BOX}\n{SECOND},B8,,,\n{BOX},A7,2,12,\n")
}

fn imported() -> (Bench, u64, u64) {
    let bench = Bench::new(None);
    let Outcome::Imported { set, rows, batches, .. } = bench.import(&list()).unwrap() else { panic!("a new list") };
    assert_eq!((set, rows, batches), (1, 3, (2, 3)));
    (bench, set, batches.0)
}

#[test]
fn a_list_is_taken_in_whole_released_checked_and_remembered_over_a_restart() {
    let (mut bench, set, _) = imported();
    assert_eq!(bench.said(FIRST, "861"), VerdictKind::NotActivated);
    bench.live(Selector::Set { set }, Life::Activated, false);
    let answer = bench.told(FIRST, "862");
    assert_eq!((answer.verdict.kind(), answer.facts.lot.as_deref()), (VerdictKind::GenuineSeen, Some("A7")));
    assert_eq!(bench.said("kx 9999-0000 77", "862"), VerdictKind::GenuineFirst);
    assert_eq!(bench.said(BOX, "862"), VerdictKind::CartonCode);
    assert_ne!(bench.said("123412341234", "862"), VerdictKind::GenuineFirst, "leading zeros count");
    bench.open();
    assert_eq!(bench.said(SECOND, "862"), VerdictKind::GenuineAgain);
    assert_eq!(bench.said(SECOND, "863"), VerdictKind::GenuineSeen);
}

#[test]
fn a_stored_answer_about_a_listed_number_keeps_its_facts() {
    let (mut bench, set, _) = imported();
    bench.live(Selector::Set { set }, Life::Activated, false);
    let mut inquiry = bench.inquiry(0, "861", Some("k"));
    inquiry.checks[0].number = contract::reading::read_one(SECOND).number;
    let first = bench.ask(inquiry.clone()).unwrap();
    bench.open();
    let again = bench.ask(inquiry).unwrap();
    assert!(again.replayed);
    assert_eq!(again.answers[0].facts.product, first.answers[0].facts.product);
    assert_eq!(again.answers[0].facts.lot.as_deref(), Some("B8"));
}

#[test]
fn recalls_of_set_batch_product_and_unit_cover_listed_numbers() {
    let (bench, set, batch) = imported();
    bench.live(Selector::Set { set }, Life::Activated, false);
    let unit = Selector::Units { numbers: vec!["KX 9999 0000 77".to_owned()] };
    let product = Selector::Product { product: "p".to_owned() };
    // The groups of the list in order: (A7, level 1), (A7, level 2), (B8, level 1).
    for (target, first, second) in [
        (Selector::Set { set }, true, true),
        (Selector::Batch { batch }, true, false),
        (product, true, true),
        (unit, false, true),
    ] {
        bench.live(target.clone(), Life::Recalled, false);
        assert_eq!(bench.said(FIRST, "861") == VerdictKind::Recalled, first, "{target:?}");
        assert_eq!(bench.said(SECOND, "861") == VerdictKind::Recalled, second, "{target:?}");
        bench.live(target, Life::Recalled, true);
        assert_ne!(bench.said(FIRST, "861"), VerdictKind::Recalled);
        assert_ne!(bench.said(SECOND, "861"), VerdictKind::Recalled);
    }
}

#[test]
fn the_same_list_again_changes_nothing_and_one_that_is_taken_out_is_unknown() {
    let (mut bench, set, _) = imported();
    let before = bench.gateway().register().generation();
    let reordered: String = {
        let list = list();
        let mut lines: Vec<&str> = list.lines().collect();
        lines[1..].reverse();
        lines.join("\r\n")
    };
    assert_eq!(bench.import(&reordered).unwrap(), Outcome::Known { set });
    assert_eq!(bench.gateway().register().generation(), before);
    bench.order(Order::Remove { set, by: "test".to_owned(), reason: Some("a mistake".to_owned()) });
    assert_eq!(bench.said(BOX, "861"), VerdictKind::Typo, "twenty digits that are none of ours");
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::Malformed);
    bench.open();
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::Malformed);
    let again = bench.runtime.block_on(bench.gateway().order(Order::Remove { set, by: String::new(), reason: None }));
    assert!(matches!(again, Err(OrderError::Set(_))));
    let Outcome::Imported { set, .. } = bench.import(&list()).unwrap() else { panic!("a new set") };
    assert_eq!(set, 2, "numbers of sets are not used again");
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::NotActivated);
}

#[test]
fn a_sale_that_is_reported_again_is_known_though_its_list_was_taken_out() {
    let (bench, set, _) = imported();
    let report = |key: &str| LifeReport {
        id: InquiryId { scope: "till".to_owned(), key: key.to_owned(), valid_for: Duration::from_secs(86_400) },
        client: "till-7".to_owned(),
        role: Role::Trade,
        life: Life::Sold,
        lifted: false,
        numbers: vec![contract::reading::read_one(FIRST).number],
        at: EventTime::exact(Timestamp(START)),
        place: None,
        reason: None,
    };
    let send = |key: &str| bench.runtime.block_on(bench.gateway().report(report(key)));
    let sold = send("a").unwrap();
    bench.order(Order::Remove { set, by: "test".to_owned(), reason: None });
    let again = send("a").unwrap();
    assert_eq!((again.position, again.units, again.replayed), (sold.position, 1, true));
    assert!(matches!(send("b"), Err(Refusal::BadRequest(_))), "it is nobody's number now");
}

#[test]
fn a_damaged_set_makes_its_numbers_unavailable_never_unknown_and_importing_the_list_again_mends_it() {
    let (mut bench, set, _) = imported();
    bench.live(Selector::Set { set }, Life::Activated, false);
    bench.live(Selector::Set { set }, Life::Recalled, false);
    let file = bench.gateway().register().sets().snapshot().sets[0].file().unwrap().path().to_owned();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 40;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    bench.open();
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::Unavailable);
    assert_eq!(bench.said("KX9999000078", "861"), VerdictKind::Unavailable, "it may be on the list");
    assert_eq!(bench.kind(0, "861"), VerdictKind::GenuineFirst, "numbers of our own are answered all the same");
    assert_eq!(bench.import(&list()).unwrap(), Outcome::Known { set });
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::Recalled, "what happened meanwhile counts");
    assert_eq!(bench.said("KX9999000078", "861"), VerdictKind::Malformed);
}

#[test]
fn an_import_whose_commit_fails_is_refused_and_can_be_ordered_again() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    log.fail([Some(Fault::Lost)]);
    assert!(bench.import(&list()).is_err());
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::Malformed);
    assert!(matches!(bench.import(&list()), Ok(Outcome::Imported { set: 1, .. })));
    log.fail([Some(Fault::Kept)]);
    assert!(bench.import("number\n77776666555544443333\n").is_err());
    // It had reached the disk: it is in force.
    assert_eq!(bench.said("77776666555544443333", "861"), VerdictKind::NotActivated);
    assert!(matches!(bench.import("number\n77776666555544443333\n"), Ok(Outcome::Known { set: 2 })));
}

#[test]
fn a_list_that_names_an_unknown_product_is_refused() {
    let bench = Bench::new(None);
    let error = bench.import("number,product\n77776666555544443333,nobody\n").unwrap_err();
    assert!(error.to_string().contains("no product nobody"), "{error}");
    assert_ne!(bench.said("77776666555544443333", "861"), VerdictKind::NotActivated);
}

/// What a check was told, and where it stands in the log.
type Settled = (u64, bool);

/// Asks for two listed numbers and one that is on no list until it is over; what was told of the first.
fn asked_until(bench: &Bench, asker: usize, is_over: &AtomicBool) -> Vec<Settled> {
    let inquiries = [FIRST, SECOND, "KX7777000077"].map(|number| {
        let mut inquiry = bench.inquiry(0, &format!("99{asker}"), None);
        inquiry.checks[0].number = contract::reading::read_one(number).number;
        inquiry
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut settled = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        for (inquiry, nth) in inquiries.iter().zip(0..) {
            match runtime.block_on(bench.gateway().verify(inquiry.clone())) {
                Ok(reply) if nth == 0 => {
                    let is_recalled = reply.answers[0].verdict.kind() == VerdictKind::Recalled;
                    settled.push((reply.position.unwrap().sequence, is_recalled));
                }
                Ok(_) | Err(Refusal::Overloaded) => {}
                Err(refusal) => panic!("{refusal:?}"),
            }
        }
    }
    settled
}

#[test]
fn under_load_every_check_that_is_settled_after_a_recall_sees_it() {
    let (bench, set, _) = imported();
    bench.live(Selector::Set { set }, Life::Activated, false);
    let is_over = AtomicBool::new(false);
    // From the recall's event to that of its end.
    let mut recalled: Vec<(u64, u64)> = Vec::new();
    let settled: Vec<Settled> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..3)
            .map(|asker| {
                let (bench, is_over) = (&bench, &is_over);
                scope.spawn(move || asked_until(bench, asker, is_over))
            })
            .collect();
        for round in 0..60 {
            let target = if round % 2 == 0 { Selector::Set { set } } else { Selector::Batch { batch: 2 } };
            let [from, to] = [false, true].map(|lifted| {
                let at = bench.live_at(target.clone(), Life::Recalled, lifted);
                assert_eq!(bench.said(FIRST, "861") == VerdictKind::Recalled, !lifted, "round {round}");
                at
            });
            recalled.push((from, to));
        }
        is_over.store(true, Ordering::SeqCst);
        askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    });
    // Whatever was found before the recall's commit, a check that stands behind it in the log was told of it.
    for (sequence, is_recalled) in &settled {
        let stood = recalled.iter().any(|(from, to)| (from..to).contains(&sequence));
        assert_eq!(*is_recalled, stood, "the check of event {sequence}");
    }
    assert!(settled.iter().any(|(_, is_recalled)| *is_recalled), "nothing was asked while it was recalled");
}

impl Bench {
    fn places(folder: &Folder) -> Places {
        Places {
            log: folder.log(),
            histories: folder.histories(),
            checkpoints: folder.checkpoints.clone(),
            keys: folder.keys.clone(),
            sets: folder.sets(),
        }
    }
}

/// The one set file of a folder.
fn set_file(folder: &Folder) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(folder.sets()).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|ending| ending == "set")).unwrap()
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_backup_brings_the_lists_back_and_what_was_said_of_their_numbers() {
    let (mut bench, set, _) = imported();
    bench.live(Selector::Set { set }, Life::Activated, false);
    assert_eq!(bench.said(SECOND, "861"), VerdictKind::GenuineFirst);
    let folder = bench.gateway().folder().clone();
    let to = bench.dir.path().join("backup");
    let made = backup::backup(&Bench::places(&folder), &to, Timestamp(START), &mut |_| {}).unwrap();
    assert_eq!(made.damaged_sets(), Vec::<&str>::new());
    assert_eq!(made.files.iter().filter(|file| file.path.ends_with(".set")).count(), 1);
    // What happens afterwards is no part of it.
    bench.runtime.block_on(bench.gateway().order(Order::Remove { set, by: "test".to_owned(), reason: None })).unwrap();
    assert_eq!(bench.said(SECOND, "862"), VerdictKind::Malformed);

    let back = Folder::all_in(&bench.dir.path().join("back"));
    backup::restore(&to, &Bench::places(&back)).unwrap();
    bench.gateway().close();
    let time = Arc::clone(&bench.time);
    let clock: Clock = Arc::new(move || Timestamp(time.load(Ordering::SeqCst)));
    bench.gateway = Some(Gateway::open(back, Settings::default(), clock).unwrap());
    assert_eq!(bench.said(FIRST, "863"), VerdictKind::GenuineFirst);
    assert_eq!(bench.said(SECOND, "863"), VerdictKind::GenuineSeen, "its past is there as well");
    assert_eq!(bench.said(BOX, "863"), VerdictKind::CartonCode);
}

#[test]
fn a_damaged_list_is_told_when_it_is_backed_up_and_one_damaged_in_a_backup_does_not_come_back() {
    let (bench, ..) = imported();
    let folder = bench.gateway().folder().clone();
    let good = bench.dir.path().join("good");
    backup::backup(&Bench::places(&folder), &good, Timestamp(START), &mut |_| {}).unwrap();
    flip(&set_file(&folder));
    let to = bench.dir.path().join("damaged");
    let made = backup::backup(&Bench::places(&folder), &to, Timestamp(START), &mut |_| {}).unwrap();
    let [damaged] = made.damaged_sets()[..] else { panic!("{made:?}") };
    assert!(set_file(&folder).ends_with(damaged.trim_start_matches("sets/")), "{damaged}");

    let back = Folder::all_in(&bench.dir.path().join("back"));
    let copy = good.join(damaged);
    flip(&copy);
    let error = backup::restore(&good, &Bench::places(&back)).unwrap_err();
    assert!(matches!(&error, backup::BackupError::Changed { path, .. } if *path == copy), "{error}");
    assert!(!back.histories().exists());
}

#[test]
fn the_index_is_folded_anew_beside_the_gateway_and_a_damaged_list_is_found_by_its_hash() {
    let (bench, ..) = imported();
    let folder = bench.gateway().folder().clone();
    let codes = || Codes::new(Layouts::default(), Secret::load(&folder.master()).unwrap());
    let (mut events, mut bytes) = (Vec::new(), Vec::new());
    let indexed = reindex::rebuild(&folder, codes(), &mut |done, all| events.push((done, all)), &mut |done, all| {
        bytes.push((done, all))
    });
    let indexed = indexed.unwrap();
    assert_eq!((indexed.makers, indexed.products, indexed.sets), (1, 1, 1));
    assert_eq!((indexed.batches, indexed.damaged.len()), (bench.gateway().catalogue().batches().len(), 0));
    assert_eq!(indexed.numbers, bench.gateway().catalogue().batches().iter().map(|batch| batch.count()).sum::<u64>());
    for told in [&events, &bytes] {
        let (done, all) = told.last().unwrap();
        assert!(done == all && *all > 0, "{told:?}");
        assert!(told.is_sorted() && told.iter().all(|(done, of)| *done <= *all && of == all), "{told:?}");
    }
    flip(&set_file(&folder));
    let indexed = reindex::rebuild(&folder, codes(), &mut |_, _| {}, &mut |_, _| {}).unwrap();
    assert!(indexed.damaged.len() == 1, "{indexed:?}");
}
