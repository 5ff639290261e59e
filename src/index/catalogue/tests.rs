//! What was issued is found, what was not is not, and what happened covers what it should.

mod refusals;

use std::collections::HashSet;

use contract::answer::Names;
use contract::{EventTime, Life, TradeItem};
use proptest::prelude::*;

use super::*;
use crate::code::layout::{LayoutConfig, Layouts};
use crate::index::{Concealment, Serials, Timeline};
use crate::secret::Secret;

fn names(name: &str) -> Names {
    Names { zh_hans: name.to_owned(), zh_hk: None, en: None }
}

fn maker() -> Maker {
    Maker { id: "m".to_owned(), name: names("越秀茶厂"), hotline: None }
}

fn product(id: &str, resources: &[u64]) -> Product {
    Product {
        id: id.to_owned(),
        maker: "m".to_owned(),
        name: names("红茶"),
        category: "food".to_owned(),
        layout: "own".to_owned(),
        resources: resources.to_vec(),
        spec: None,
        licence: None,
        shelf_life_days: Some(30),
        sales_region: Vec::new(),
        concealment: Concealment::Hidden,
        tracks_shipping: false,
        gtin: Some("06901234567892".to_owned()),
    }
}

fn added(makers: Vec<Maker>, products: Vec<Product>) -> CatalogueChange {
    CatalogueChange { makers, products, by: "li".to_owned() }
}

/// A layout with a thousand serials for each resource, product `tea` with the resources 7 and 8, event 1.
fn catalogue() -> Catalogue {
    let layout = |id, name: &str, tag_digits| LayoutConfig {
        id,
        name: name.to_owned(),
        resource_digits: 3,
        serial_digits: 3,
        tag_digits,
        groups: vec![7 + tag_digits],
    };
    let layouts = Layouts::new(vec![layout(4, "own", 5), layout(5, "weak", 3)]).unwrap();
    let catalogue = Catalogue::new(Codes::new(layouts, Secret::from_bytes([1; 32])));
    let change = added(vec![maker()], vec![product("tea", &[7, 8])]);
    catalogue.check_change(&change).unwrap();
    catalogue.change(1, &change);
    catalogue
}

fn order(count: u64) -> BatchOrder {
    serde_json::from_value(serde_json::json!({
        "product": "tea", "count": count, "lot": "L1", "made": "2026-01-01", "by": "li"
    }))
    .unwrap()
}

/// A repeatable stand-in for randomness.
fn dice(mut seed: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 20) % below
    }
}

fn issue(catalogue: &Catalogue, sequence: u64, order: &BatchOrder) -> Batch {
    let batch = catalogue.plan(order, Timestamp(0), &mut dice(sequence)).unwrap();
    catalogue.issue(sequence, &batch);
    batch
}

fn live(catalogue: &Catalogue, sequence: u64, target: Target, life: Life, lifted: bool) {
    catalogue.check_target(&target).unwrap();
    let at = EventTime::exact(Timestamp(0));
    let event = LifeEvent { target, life, lifted, at, by: "li".to_owned(), place: None, reason: None };
    catalogue.live(sequence, &event);
}

fn digits(text: &str) -> Number {
    Number::Digits(text.to_owned())
}

/// Another number of the same resource and serial with the right check digit.
fn forged(number: &str) -> String {
    let (body, _) = number.split_at(6);
    (0..100_000)
        .flat_map(|tag| (0..10).map(move |check| format!("{body}{tag:05}{check}")))
        .find(|forged| forged != number && crate::code::layout::damm(forged.bytes()) == 0)
        .unwrap()
}

fn found(catalogue: &Catalogue, number: &str) -> String {
    match catalogue.find(&digits(number)) {
        Found::Unit(record) => format!("{} of batch {}", record.product.id, record.batch.id),
        other @ (Found::Unavailable
        | Found::Malformed { .. }
        | Found::Typo
        | Found::NotUnitCode(_)
        | Found::NotCovered
        | Found::Unknown(_)) => format!("{other:?}"),
    }
}

#[test]
fn every_issued_number_is_found_and_no_other() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(300));
    let numbers: Vec<String> = catalogue.numbers(&batch, 0).collect();
    assert_eq!(numbers.len(), 300);
    for number in &numbers {
        assert_eq!(found(&catalogue, number), "tea of batch 1");
    }
    assert_eq!(found(&catalogue, &forged(&numbers[0])), "Unknown(WrongTag)");
    for serial in (0..1_000).filter(|serial| ordinal_of(&batch, *serial).is_none()) {
        let never = catalogue.codes().mint(4, batch.resource, batch.epoch, serial).unwrap();
        assert_eq!(found(&catalogue, &never), "Unknown(NeverIssued)", "serial {serial} lies beside the batch");
    }
    let nobodys = catalogue.codes().mint(4, 9, 1, 1).unwrap();
    assert_eq!(found(&catalogue, &nobodys), "Unknown(NeverIssued)", "a resource of no product");
    assert_eq!(found(&catalogue, "12345"), "Malformed { read: 5, expected: 12 }");
}

#[test]
fn numbers_of_an_earlier_epoch_stay_good() {
    let layouts = catalogue().codes().layouts().clone();
    let old = catalogue();
    let batch = issue(&old, 2, &order(1));
    let number = old.numbers(&batch, 0).next().unwrap();
    let new = Catalogue::new(Codes::new(layouts, Secret::from_bytes([1; 32])).with_epoch(2));
    new.change(1, &added(vec![maker()], vec![product("tea", &[7, 8])]));
    new.issue(2, &batch);
    assert_eq!(found(&new, &number), "tea of batch 1");
    assert_eq!(issue(&new, 3, &order(1)).epoch, 2);
}

#[test]
fn gs1_items_are_covered_by_their_gtin() {
    let catalogue = catalogue();
    let gs1 = |gtin: &str, serial: Option<&str>| {
        catalogue.find(&Number::Gs1 { gtin: gtin.to_owned(), serial: serial.map(str::to_owned) })
    };
    assert!(matches!(gs1("06901234567892", Some("A1")), Found::Unknown(Evidence::NeverIssued)));
    assert!(matches!(gs1("00036000291452", Some("A1")), Found::NotCovered));
    assert!(matches!(gs1("00036000291452", None), Found::NotUnitCode(TradeItem::Gtin)));
    let batch = issue(&catalogue, 2, &order(1));
    let number = catalogue.numbers(&batch, 0).next().unwrap();
    assert!(matches!(gs1("06901234567892", Some(&number)), Found::Unit(_)));
    let wrong = forged(&number);
    assert!(matches!(gs1("00036000291452", Some(&wrong)), Found::Unknown(Evidence::WrongTag)));
    let check = if number.ends_with('0') { "1" } else { "0" };
    let slipped = format!("{}{check}", number.split_at(11).0);
    assert!(matches!(gs1("06901234567892", Some(&slipped)), Found::Typo));
    assert!(matches!(gs1("00036000291452", Some(&slipped)), Found::NotCovered), "twelve digits by chance");
    let nobodys = catalogue.codes().mint(4, 9, 1, 1).unwrap();
    assert!(matches!(gs1("00036000291452", Some(&nobodys)), Found::NotCovered), "and the check digit by chance");
}

#[test]
fn an_order_becomes_a_batch_with_the_products_dates_and_coating() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(5));
    assert_eq!((batch.id, batch.level, batch.holds, batch.epoch), (1, 1, 1, 1));
    assert_eq!(batch.expiry, Some("2026-01-31".parse().unwrap()), "30 days after it was made");
    assert_eq!(batch.concealment, Concealment::Hidden);
    let given =
        BatchOrder { expiry: Some("2026-06-30".parse().unwrap()), concealment: Some(Concealment::Printed), ..order(5) };
    let batch = issue(&catalogue, 3, &given);
    assert_eq!((batch.id, batch.expiry), (2, given.expiry));
    assert_eq!(batch.concealment, Concealment::Printed);
    let number = catalogue.numbers(&batch, 0).next().unwrap();
    let Found::Unit(record) = catalogue.find(&digits(&number)) else { panic!("{number}") };
    let facts = product_facts(&record);
    assert_eq!((facts.lot.as_deref(), facts.expiry, facts.made), (Some("L1"), batch.expiry, batch.made));
    assert_eq!(facts.product.unwrap().maker.zh_hans, "越秀茶厂");
}

#[test]
fn orders_that_cannot_be_are_refused_with_what_was_expected() {
    let catalogue = catalogue();
    let weak = Product { layout: "weak".to_owned(), ..product("weak", &[1]) };
    catalogue.change(2, &added(vec![], vec![weak, product("salt", &[9])]));
    let cartons = issue(&catalogue, 3, &BatchOrder { level: 2, holds: 6, ..order(2) });
    let packed = BatchOrder { parent: Some(cartons.id), ..order(12) };
    for (order, part) in [
        (BatchOrder { product: "none".to_owned(), ..order(1) }, "no product none"),
        (BatchOrder { product: "weak".to_owned(), ..order(1) }, "are not issued"),
        (order(0), "0 numbers ordered, expected 1 to 1000000000"),
        (order(MAX_COUNT + 1), "expected 1 to"),
        (BatchOrder { lot: " ".to_owned(), ..order(1) }, "a text of the order"),
        (BatchOrder { level: 5, ..order(1) }, "packaging level 5, expected 1 to 4"),
        (BatchOrder { level: 0, ..order(1) }, "packaging level 0"),
        (BatchOrder { holds: 2, ..order(1) }, "level 1 holds 2, expected 1"),
        (BatchOrder { level: 2, ..order(1) }, "level 2 holds 1, expected at least 2"),
        (BatchOrder { parent: Some(99), ..order(1) }, "no batch 99 to pack into"),
        (BatchOrder { level: 2, holds: 2, ..packed.clone() }, "a level above 2"),
        (BatchOrder { product: "salt".to_owned(), ..packed.clone() }, "is of product tea"),
        (BatchOrder { count: 13, ..packed.clone() }, "hold 12, expected room for 13"),
        (BatchOrder { expiry: Some("2025-12-31".parse().unwrap()), ..order(1) }, "before it was made on 2026-01-01"),
        (order(1_001), "1000 free in the roomiest resource of product tea: add a resource code"),
    ] {
        let error = catalogue.plan(&order, Timestamp(0), &mut dice(1)).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    issue(&catalogue, 4, &packed);
    let error = catalogue.plan(&packed, Timestamp(0), &mut dice(1)).unwrap_err().to_string();
    assert!(error.contains("are filled already"), "{error}");
    assert!(serde_json::from_str::<BatchOrder>(r#"{"product":"a","count":1,"lot":"L","by":"x","epoch":2}"#).is_err());
}

#[test]
fn every_unit_lies_in_its_box() {
    let catalogue = catalogue();
    let cartons = issue(&catalogue, 2, &BatchOrder { level: 2, holds: 6, ..order(4) });
    let boxes: Vec<String> = catalogue.numbers(&cartons, 0).collect();
    let units = issue(&catalogue, 3, &BatchOrder { parent: Some(cartons.id), ..order(20) });
    for (number, at) in catalogue.numbers(&units, 0).zip(0_usize..) {
        let Found::Unit(record) = catalogue.find(&digits(&number)) else { panic!("{number}") };
        assert_eq!(catalogue.box_of(&record.key).as_ref(), Some(&boxes[at / 6]));
    }
    let Found::Unit(carton) = catalogue.find(&digits(&boxes[0])) else { panic!() };
    assert_eq!((carton.batch.level, carton.batch.holds), (2, 6));
    assert_eq!(catalogue.box_of(&carton.key), None, "no pallet");
}

fn life_of(catalogue: &Catalogue, batch: &Batch, at: u64) -> Timeline {
    let serial = serial_at(batch, at).unwrap();
    catalogue.record(&UnitKey::native(batch.layout, batch.resource, serial)).unwrap().life
}

#[test]
fn of_events_on_product_batch_and_range_the_latest_counts() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(10));
    let of_batch = || Target::Batch { batch: batch.id };
    let numbers: Vec<String> = catalogue.numbers(&batch, 0).collect();
    live(&catalogue, 3, of_batch(), Life::Activated, false);
    let range = Selector::Range { first: numbers[2].clone(), last: numbers[4].clone() };
    live(&catalogue, 4, catalogue.select(&range).unwrap(), Life::Recalled, false);
    let recalled = |at| life_of(&catalogue, &batch, at).standing(Life::Recalled).is_some();
    assert_eq!((0..10).filter(|at| recalled(*at)).collect::<Vec<_>>(), [2, 3, 4]);
    live(&catalogue, 5, Target::Product { product: "tea".to_owned() }, Life::Recalled, false);
    assert!((0..10).all(recalled));
    live(&catalogue, 6, of_batch(), Life::Recalled, true);
    assert!(!(0..10).any(recalled), "the batch's recall was lifted after all others");
    assert!((0..10).all(|at| life_of(&catalogue, &batch, at).standing(Life::Activated).is_some()));
    assert_eq!(catalogue.generation(), 6);
}

#[test]
fn a_later_batch_is_not_born_activated_but_is_born_withdrawn() {
    let catalogue = catalogue();
    let tea = || Target::Product { product: "tea".to_owned() };
    let early = issue(&catalogue, 2, &order(900));
    live(&catalogue, 3, tea(), Life::Activated, false);
    live(&catalogue, 4, tea(), Life::Withdrawn, false);
    let all = Target::Range { layout: 4, resource: early.resource, serials: Serials { start: 0, len: 1_000 } };
    live(&catalogue, 5, all, Life::Sold, false);
    let mut late = Vec::new();
    for sequence in 6..20 {
        late.push(issue(&catalogue, sequence, &order(70)));
    }
    let life = life_of(&catalogue, &early, 0);
    assert!(life.standing(Life::Activated).is_some() && life.standing(Life::Sold).is_some());
    assert!(late.iter().any(|batch| batch.resource == early.resource), "one lies in the range that was sold");
    for batch in &late {
        let kinds: Vec<Life> = life_of(&catalogue, batch, 0).iter().map(|(life, _)| life).collect();
        assert_eq!(kinds, [Life::Withdrawn]);
    }
}

#[test]
fn events_of_single_units_are_the_histories_and_move_no_generation() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(1));
    let number = catalogue.numbers(&batch, 0).next().unwrap();
    let unit = catalogue.select(&Selector::Unit { number: number.clone() }).unwrap();
    live(&catalogue, 3, unit, Life::Sold, false);
    assert_eq!(catalogue.generation(), 2);
    assert!(life_of(&catalogue, &batch, 0).is_empty());
}
