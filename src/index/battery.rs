//! One battery of tests for every index: what each must say of the numbers it holds and of those it does not.
//!
//! The catalogue of our own numbers, the register over it, and the register over imported sets, with and without what its
//! cache remembers, pass the same tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::answer::Names;
use contract::{EventTime, Life, Number, Timestamp};
use minicbor::bytes::ByteArray;

use super::catalogue::{BatchOrder, Catalogue};
use super::register::Register;
use super::sets::form::Form;
use super::sets::tests::{batch_of, written};
use super::sets::{Imported, shapes};
use super::*;
use crate::code::Codes;
use crate::code::layout::Layouts;
use crate::secret::Secret;

/// An index with units of two batches of one product.
struct Stock {
    index: Box<dyn Stocked>,
    /// Of batch 1 and of batch 2.
    held: [Vec<Number>; 2],
    not_held: Vec<Number>,
    next: u64,
    _dir: tempfile::TempDir,
}

/// An index that takes events in.
trait Stocked {
    fn index(&self) -> &dyn Index;
    fn take(&self, sequence: u64, event: &LifeEvent);
}

impl Stocked for Catalogue {
    fn index(&self) -> &dyn Index {
        self
    }

    fn take(&self, sequence: u64, event: &LifeEvent) {
        self.live(sequence, event);
    }
}

impl Stocked for Register {
    fn index(&self) -> &dyn Index {
        self
    }

    fn take(&self, sequence: u64, event: &LifeEvent) {
        self.live(sequence, event);
    }
}

fn names(text: &str) -> Names {
    Names { zh_hans: text.to_owned(), zh_hk: None, en: None }
}

fn change() -> CatalogueChange {
    let maker = Maker { id: "m".to_owned(), name: names("厂"), hotline: None };
    let product = Product {
        id: "p".to_owned(),
        maker: "m".to_owned(),
        name: names("货"),
        category: "food".to_owned(),
        layout: "network-20".to_owned(),
        resources: vec![1_234_567],
        spec: None,
        licence: None,
        shelf_life_days: None,
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    };
    CatalogueChange { makers: vec![maker], products: vec![product], by: "test".to_owned() }
}

fn catalogue() -> Catalogue {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("master.key");
    Secret::create(&key).unwrap();
    Catalogue::new(Codes::new(Layouts::default(), Secret::load(&key).unwrap()))
}

fn issued(catalogue: &Catalogue, take: &dyn Fn(u64, &Batch)) -> [Vec<Number>; 2] {
    [2, 3].map(|sequence| {
        let order = BatchOrder {
            product: "p".to_owned(),
            count: 200,
            lot: format!("L{sequence}"),
            level: 1,
            holds: 1,
            parent: None,
            made: None,
            expiry: None,
            on_sale_from: None,
            concealment: None,
            by: "test".to_owned(),
        };
        let batch = catalogue.plan(&order, Timestamp(0), &mut |below| (sequence * 7_919) % below).unwrap();
        take(sequence, &batch);
        catalogue.numbers(&batch, 0).map(Number::Digits).collect()
    })
}

fn not_held() -> Vec<Number> {
    let digits = ["00000000000000000000", "6901234567892", "1234567890123456", "8612345678901234", "12345678"];
    let mut all: Vec<Number> = digits.iter().map(|text| Number::Digits((*text).to_owned())).collect();
    all.push(Number::Mixed("AB12345678".to_owned()));
    all.push(Number::Gs1 { gtin: "06901234567892".to_owned(), serial: Some("x1".to_owned()) });
    all.push(Number::Gs1 { gtin: "06901234567892".to_owned(), serial: None });
    all.push(Number::Unreadable { read: 0 });
    all
}

fn native() -> Stock {
    let catalogue = catalogue();
    catalogue.change(1, &change());
    let held = issued(&catalogue, &|sequence, batch| catalogue.issue(sequence, batch));
    let dir = tempfile::tempdir().unwrap();
    Stock { index: Box::new(catalogue), held, not_held: not_held(), next: 4, _dir: dir }
}

fn register() -> Stock {
    let dir = tempfile::tempdir().unwrap();
    let register = Register::new(catalogue(), dir.path().to_owned());
    register.change(1, &change());
    let held = issued(&Arc::clone(register.catalogue()), &|sequence, batch| register.issue(sequence, batch));
    Stock { index: Box::new(register), held, not_held: not_held(), next: 4, _dir: dir }
}

/// Numbers of every form, in two sets of one batch each.
fn listed() -> Stock {
    let dir = tempfile::tempdir().unwrap();
    let register = Register::new(catalogue(), dir.path().to_owned());
    register.change(1, &change());
    let numbers = |from: u64| -> Vec<Number> {
        let nth = |n: u64| match n % 4 {
            0 => Number::Digits(format!("{:020}", n * 1_000_003)),
            1 => Number::Digits(format!("{:016}", n * 1_000_003)),
            2 => Number::Mixed(format!("K{n:09}")),
            _ => Number::Gs1 { gtin: "06901234567892".to_owned(), serial: Some(format!("s{n}")) },
        };
        (from..from + 200).map(nth).collect()
    };
    let held = [numbers(1_000), numbers(5_000)];
    for (set, numbers) in (1..).zip(&held) {
        let rows: BTreeMap<_, _> = numbers.iter().map(|number| (Form::of(number).unwrap(), (0, 0))).collect();
        let (hash, file) = written(dir.path(), &rows);
        register.import(
            set + 1,
            &Imported {
                set,
                hash: ByteArray::from(hash),
                rows: file.rows(),
                shapes: shapes(&file),
                batches: vec![batch_of(set, set)],
                source: String::new(),
                by: String::new(),
            },
        );
    }
    Stock { index: Box::new(register), held, not_held: not_held(), next: 4, _dir: dir }
}

/// The same after everything was asked once.
fn remembered() -> Stock {
    let stock = listed();
    for number in stock.held.iter().flatten().chain(&stock.not_held) {
        stock.index.index().find(number);
    }
    stock
}

macro_rules! battery {
    ($($stock:ident: $all:tt;)+) => {
        $(battery!(@ $stock $all);)+
    };
    (@ $stock:ident [$($test:ident),+ $(,)?]) => {
        mod $stock {
            $(#[test]
            fn $test() {
                super::$test(super::$stock());
            })+
        }
    };
}

macro_rules! indexes {
    ($($stock:ident),+ => $all:tt) => {
        $(battery!($stock: $all;);)+
    };
}

indexes!(native, register, listed, remembered => [
    what_is_held_is_found_with_all_that_is_static_and_nothing_else_is,
    what_happens_to_a_batch_or_product_is_found_at_once_and_a_lift_ends_it,
    the_generation_rises_with_every_event_and_never_goes_back,
    every_unit_has_a_key_of_its_own,
]);

impl Stock {
    fn live(&mut self, target: Target, life: Life, lifted: bool) {
        let event = LifeEvent {
            target,
            life,
            lifted,
            at: EventTime::exact(Timestamp(9)),
            by: "test".to_owned(),
            place: None,
            reason: None,
        };
        self.index.take(self.next, &event);
        self.next += 1;
    }

    fn find(&self, number: &Number) -> Found {
        self.index.index().find(number)
    }

    fn stands(&self, batch: usize, life: Life) -> bool {
        let all: Vec<bool> = self.held[batch]
            .iter()
            .map(|number| self.find(number).unit().unwrap().life.standing(life).is_some())
            .collect();
        assert!(all.iter().all(|stands| *stands == all[0]), "one batch, one life");
        all[0]
    }
}

fn what_is_held_is_found_with_all_that_is_static_and_nothing_else_is(stock: Stock) {
    for (batch, numbers) in (1..).zip(&stock.held) {
        for number in numbers {
            let found = stock.find(number);
            let record = found.unit().unwrap_or_else(|| panic!("{number:?} is {found:?}"));
            assert_eq!((record.product.id.as_str(), record.maker.id.as_str(), record.batch.id), ("p", "m", batch));
        }
    }
    for number in &stock.not_held {
        assert!(stock.find(number).unit().is_none(), "{number:?}");
    }
}

fn what_happens_to_a_batch_or_product_is_found_at_once_and_a_lift_ends_it(mut stock: Stock) {
    stock.live(Target::Batch { batch: 2 }, Life::Recalled, false);
    assert!(!stock.stands(0, Life::Recalled) && stock.stands(1, Life::Recalled));
    stock.live(Target::Product { product: "p".to_owned() }, Life::Withdrawn, false);
    assert!(stock.stands(0, Life::Withdrawn) && stock.stands(1, Life::Withdrawn));
    stock.live(Target::Batch { batch: 2 }, Life::Recalled, true);
    assert!(!stock.stands(1, Life::Recalled) && stock.stands(1, Life::Withdrawn));
}

fn the_generation_rises_with_every_event_and_never_goes_back(mut stock: Stock) {
    let mut before = stock.index.index().generation();
    assert_eq!(before, stock.next - 1);
    for lifted in [false, true] {
        stock.live(Target::Batch { batch: 1 }, Life::Stolen, lifted);
        let now = stock.index.index().generation();
        assert!(now > before);
        before = now;
    }
    let key = stock.find(&stock.held[0][0]).unit().unwrap().key;
    stock.live(Target::Units { units: vec![key] }, Life::Sold, false);
    assert_eq!(stock.index.index().generation(), before, "a sale changes nothing here");
}

fn every_unit_has_a_key_of_its_own(stock: Stock) {
    let mut keys = std::collections::BTreeSet::new();
    for number in stock.held.iter().flatten() {
        let key = stock.find(number).unit().unwrap().key;
        assert!(keys.insert(key), "{number:?}");
        // A number of our own is told by its key alone, a listed one is not.
        if let Some(record) = stock.index.index().record(&key) {
            assert_eq!(record.key, key);
        }
    }
}
