//! What a number is read as, over every slip and every layout.

use contract::{Number, TradeItem};
use proptest::prelude::*;

use super::layout::{LayoutConfig, Layouts};
use super::{Codes, ReadCode};
use crate::secret::Secret;

fn codes() -> Codes {
    Codes::new(Layouts::default(), Secret::from_bytes([7; 32]))
}

fn digits(text: &str) -> Number {
    Number::Digits(text.to_owned())
}

#[test]
fn printed_numbers_never_change() {
    // Computed apart from this program, with Python's hmac: whatever is changed here, goods in the shops keep theirs.
    for (serial, number) in
        [(0, "12345670000000685885"), (42, "12345670000042881067"), (9_999_999, "12345679999999401597")]
    {
        assert_eq!(codes().mint(1, 1_234_567, 1, serial).as_deref(), Some(number));
    }
}

#[test]
fn what_is_out_of_a_layout_is_not_minted() {
    assert_eq!(codes().mint(2, 1, 1, 1), None, "no such layout");
    assert_eq!(codes().mint(1, 10_000_000, 1, 1), None, "resource of eight digits");
    assert_eq!(codes().mint(1, 1, 1, 10_000_000), None, "serial of eight digits");
}

#[test]
fn other_numbers_on_a_pack_are_told_apart_from_slips() {
    let malformed = |read| ReadCode::Malformed { read, expected: 20 };
    for (number, read) in [
        (digits("6901234567892"), ReadCode::NotUnitCode(TradeItem::Gtin)),
        (digits("96385074"), ReadCode::NotUnitCode(TradeItem::Gtin)),
        (digits("036000291452"), ReadCode::NotUnitCode(TradeItem::Gtin)),
        (digits("6901234567893"), malformed(13)),
        (digits("1234567890123456789"), malformed(19)),
        (Number::Mixed("H20203456".to_owned()), ReadCode::NotUnitCode(TradeItem::Licence)),
        (Number::Mixed("Z44021940".to_owned()), ReadCode::NotUnitCode(TradeItem::Licence)),
        (Number::Mixed("PD20080001".to_owned()), ReadCode::NotUnitCode(TradeItem::Licence)),
        (Number::Mixed("SC10644030400123".to_owned()), ReadCode::NotUnitCode(TradeItem::Licence)),
        (Number::Mixed("QS440301010123".to_owned()), ReadCode::NotUnitCode(TradeItem::Licence)),
        (Number::Mixed("H2020345".to_owned()), malformed(8)),
        (Number::Mixed("H2020345A".to_owned()), malformed(9)),
        (Number::Mixed("QS4403010101234".to_owned()), malformed(15)),
        (Number::Mixed("SC106440304001".to_owned()), malformed(14)),
        (Number::Mixed("ABCDEFGHIJKLMNOPQRST".to_owned()), malformed(20)),
        (Number::Unreadable { read: 80 }, malformed(80)),
        (digits(""), malformed(0)),
    ] {
        assert_eq!(codes().read(&number), read, "{number:?}");
    }
}

#[test]
fn a_gs1_item_whose_serial_is_our_own_number_is_read_as_that_number() {
    let gtin = "06901234567892".to_owned();
    let gs1 = |serial: Option<&str>| Number::Gs1 { gtin: gtin.clone(), serial: serial.map(str::to_owned) };
    let own = codes().read(&gs1(Some("12345670000042881067")));
    assert_eq!(own, codes().read(&digits("12345670000042881067")));
    assert!(matches!(own, ReadCode::Own(_)));
    assert_eq!(codes().read(&gs1(Some("12345670000042881068"))), ReadCode::Typo);
    assert_eq!(codes().read(&gs1(None)), ReadCode::NotUnitCode(TradeItem::Gtin));
    assert_eq!(
        codes().read(&gs1(Some("A1b2"))),
        ReadCode::Gs1 { gtin: gtin.clone(), serial: "A1b2".to_owned() },
        "another scheme's serial keeps its case"
    );
}

#[test]
fn a_number_is_printed_in_the_groups_of_its_layout() {
    assert_eq!(codes().grouped("12345670000042881067"), "12345 67000 00428 81067");
    assert_eq!(codes().grouped("123"), "123");
}

fn any_layout() -> impl Strategy<Value = LayoutConfig> {
    (0_u8.., 1_usize..=14, 1_usize..=18, 1_usize..=12)
        .prop_filter("at most 32 digits", |(_, resource, serial, tag)| resource + serial + tag < 32)
        .prop_map(|(id, resource_digits, serial_digits, tag_digits)| LayoutConfig {
            id,
            name: "any".to_owned(),
            resource_digits,
            serial_digits,
            tag_digits,
            groups: vec![resource_digits + serial_digits, tag_digits + 1],
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_single_slip_and_every_swap_of_neighbours_is_a_typo(serial in 0_u64..10_000_000, epoch: u32) {
        let codes = codes();
        let number = codes.mint(1, 1_234_567, epoch, serial).unwrap().into_bytes();
        let read = |bytes: Vec<u8>| codes.read(&Number::Digits(String::from_utf8(bytes).unwrap()));
        for at in 0..number.len() {
            for digit in (b'0'..=b'9').filter(|digit| *digit != number[at]) {
                let mut slip = number.clone();
                slip[at] = digit;
                prop_assert_eq!(read(slip), ReadCode::Typo);
            }
            if at > 0 && number[at] != number[at - 1] {
                let mut swap = number.clone();
                swap.swap(at, at - 1);
                prop_assert_eq!(read(swap), ReadCode::Typo);
            }
        }
    }

    #[test]
    fn what_is_minted_is_read_back_in_any_layout(config in any_layout(), resource: u64, serial: u64, epoch: u32) {
        let id = config.id;
        let layouts = Layouts::new(vec![config]).unwrap();
        let layout = layouts.with_id(id).unwrap().clone();
        let codes = Codes::new(layouts, Secret::from_bytes([9; 32]));
        let (resource, serial) = (resource % layout.resources(), serial % layout.serials());
        let number = codes.mint(id, resource, epoch, serial).unwrap();
        prop_assert_eq!(number.len(), layout.digits());
        let ReadCode::Own(code) = codes.read(&digits(&number)) else { panic!("{number}") };
        prop_assert_eq!((code.layout(), code.resource(), code.serial()), (id, resource, serial));
        prop_assert!(codes.tag_matches(&code, epoch));
    }

    #[test]
    fn of_all_tags_of_a_serial_exactly_one_matches(serial in 0_u64..100, epoch in 0_u32..4) {
        let layouts = Layouts::new(vec![LayoutConfig {
            id: 5, name: "small".to_owned(), resource_digits: 2, serial_digits: 2, tag_digits: 2, groups: vec![7],
        }]).unwrap();
        let codes = Codes::new(layouts, Secret::from_bytes([3; 32]));
        let right = codes.mint(5, 12, epoch, serial).unwrap();
        let mut matched = Vec::new();
        for body in 0..100 {
            for check in 0..10 {
                let number = format!("12{serial:02}{body:02}{check}");
                if let ReadCode::Own(code) = codes.read(&digits(&number)) && codes.tag_matches(&code, epoch) {
                    matched.push(number);
                }
            }
        }
        prop_assert_eq!(matched, vec![right]);
    }

    #[test]
    fn text_that_is_no_digits_is_never_read_as_a_number_of_ours(text in ".{0,40}|[０-９a-z ]{20}|[0-9]{20}") {
        let codes = codes();
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let mixed = Number::Mixed(text.clone());
        let gs1 = Number::Gs1 { gtin: text.clone(), serial: Some(text.clone()) };
        for number in [digits(&text), gs1] {
            let own = matches!(codes.read(&number), ReadCode::Own(_) | ReadCode::Typo);
            prop_assert_eq!(own, plain && text.len() == 20, "{:?}", number);
        }
        prop_assert!(!matches!(codes.read(&mixed), ReadCode::Own(_)));
        prop_assert_eq!(codes.grouped(&text).replace(' ', ""), text.replace(' ', ""));
    }
}
