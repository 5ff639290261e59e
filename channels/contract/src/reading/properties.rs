//! What must hold of every reading.

use proptest::prelude::*;

use super::*;
use crate::VerdictKind;
use crate::strategies::{self, disguised};

/// What people put between two numbers.
const BETWEEN: [&str; 11] = ["\n", "\r\n", ",", "，", ", ", "、", ";", "；", " ", "\n\n", " 和 "];

proptest! {
    #[test]
    fn any_text_is_read_within_bounds_and_reads_as_itself_again(input in ".{0,200}") {
        strategies::hold_invariants(&input);
    }

    #[test]
    fn any_bytes_are_read_within_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..5_000)) {
        strategies::hold_invariants(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_of_the_signs_that_mean_something_is_read_within_bounds(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "01", "21", "10", "17", "(01)", "(21)", "(10)", "06901234567892", "270300", "12345678901234567890", "]C1", "]Q3",
            "<GS>", "\u{1d}", "https://", "a.cn/", "?c=", "/", "&", "%2", "%31", "V", "No.", "AB", " ", "-", "\n", "，", "查", "个",
            "１２３４", "1234", "9O12", "2026-11-23",
        ]), 0..24)
    ) {
        strategies::hold_invariants(&parts.concat());
    }

    #[test]
    fn twenty_digits_read_the_same_in_every_disguise(
        (digits, text) in "[0-9]{20}".prop_flat_map(|digits| (Just(digits.clone()), disguised(digits)))
    ) {
        let given = Given::alone(Number::Digits(digits));
        prop_assert_eq!(read_one(&text), given.clone());
        prop_assert_eq!(read_all(&text, 16), (vec![given], 0));
    }

    #[test]
    fn bare_digits_read_as_they_would_by_the_long_way(
        digits in prop_oneof!["[0-9]{1,22}", "01[0-9]{14}", "21[0-9]{20}", "(01)?0[0-9]{12}", strategies::gtin()]
    ) {
        prop_assert_eq!(read_one(&digits), read_any(&digits));
    }

    #[test]
    fn twenty_digits_that_could_be_gs1_fields_read_as_twenty_digits(
        (digits, text) in (strategies::gtin(), "(20|21|22|10|90|91)[0-9]{2}").prop_flat_map(|(gtin, field)| {
            let digits = format!("01{gtin}{field}");
            (Just(digits.clone()), disguised(digits))
        })
    ) {
        let given = Given::alone(Number::Digits(digits));
        prop_assert_eq!(read_one(&text), given.clone());
        prop_assert_eq!(read_all(&text, 16), (vec![given], 0));
    }

    #[test]
    fn a_message_gives_all_its_numbers_in_order(
        numbers in proptest::collection::vec(("[0-9]{20}", 0_usize..3), 1..12),
        between in proptest::sample::select(&BETWEEN[..]),
    ) {
        let written: Vec<String> = numbers.iter().map(|(digits, style)| {
            let groups: Vec<String> = digits.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
            groups.join(["", " ", "-"][*style])
        }).collect();
        let (read, more) = read_all(&written.join(between), 16);
        let expected: Vec<Given> = numbers.into_iter().map(|(digits, _)| Given::alone(Number::Digits(digits))).collect();
        prop_assert_eq!(read, expected);
        prop_assert_eq!(more, 0);
    }

    #[test]
    fn an_item_reads_the_same_however_it_is_written((given, text) in strategies::written_item()) {
        prop_assert_eq!(&read_one(&text), &given, "{:?}", text);
        // Between lines a message's commas part numbers.
        if !text.contains('\n') {
            prop_assert_eq!(read_all(&text, 16), (vec![given], 0), "{:?}", text);
        }
    }

    #[test]
    fn an_item_with_one_digit_of_its_gtin_changed_is_never_a_number(
        (given, text) in strategies::written_item(), at in 0_usize..14, by in 1_u32..10
    ) {
        let gtin = given.number.gtin().unwrap();
        let moved = |(nth, c): (usize, char)| {
            let digit = c.to_digit(10).unwrap();
            char::from_digit(if nth == at { (digit + by) % 10 } else { digit }, 10).unwrap()
        };
        let wrong: String = gtin.chars().enumerate().map(moved).collect();
        let broken = read_one(&text.replace(gtin, &wrong));
        prop_assert!(matches!(broken.number, Number::Unreadable { .. }), "{:?}", broken);
    }

    #[test]
    fn gs1_data_are_read_within_bounds(data in ".{0,120}") {
        hold_however_it_begins(&data);
    }

    #[test]
    fn a_number_reads_as_itself(number in strategies::number()) {
        let given = Given::alone(number);
        // Digits that are whole GS1 fields, or a bar code's, are read as what these say.
        let is_other = matches!(&given.number, Number::Digits(text) | Number::Mixed(text)
            if text.starts_with("01") || text.starts_with("21") || text.starts_with(|c: char| c.is_ascii_alphabetic()));
        if let Some(text) = strategies::written(&given).filter(|_| !is_other) {
            prop_assert_eq!(read_one(&text), given);
        }
    }
}

/// How a symbol's data, a printed element string and a Digital Link begin, and what is none of them.
const BEGINNINGS: [&str; 4] = ["]d2", "(01)", "https://id.example/01/", ""];

fn hold_however_it_begins(data: &str) {
    for front in BEGINNINGS {
        strategies::hold_invariants(&format!("{front}{data}"));
    }
}

#[test]
fn the_corpus_of_the_fuzz_target_holds() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/reading");
    let mut replayed = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let input = String::from_utf8_lossy(&input);
        hold_however_it_begins(BEGINNINGS.iter().find_map(|front| input.strip_prefix(front)).unwrap_or(&input));
        replayed += 1;
    }
    assert!(replayed >= 100, "{replayed} inputs");
}

#[test]
fn the_samples_have_every_kind_of_verdict_in_its_order() {
    let mut kinds: Vec<VerdictKind> = strategies::every_verdict().iter().map(crate::Verdict::kind).collect();
    kinds.dedup();
    assert_eq!(kinds, VerdictKind::ALL);
}
