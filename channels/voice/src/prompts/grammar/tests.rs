//! Counts, days and digits as they are heard.

use std::collections::BTreeMap;

use contract::{Day, Language};
use proptest::prelude::*;

use super::*;
use crate::prompts::text;

fn times(language: Language, value: u32) -> String {
    text(&count(language, value, Unit::Times))
}

#[test]
fn mandarin_says_two_in_two_ways() {
    let hans = |value| times(Language::ZhHans, value);
    for (value, said) in [
        (1, "一次"),
        (2, "两次"),
        (3, "三次"),
        (10, "十次"),
        (12, "十二次"),
        (20, "二十次"),
        (100, "一百次"),
        (102, "一百零二次"),
        (110, "一百一十次"),
        (200, "二百次"),
        (1_001, "一千零一次"),
        (2_000, "两千次"),
        (10_010, "一万零一十次"),
        (20_000, "两万次"),
        (100_000, "十万次"),
        (120_304, "十二万零三百零四次"),
        (200_000_000, "两亿次"),
        (0, "零次"),
    ] {
        assert_eq!(hans(value), said, "{value}");
    }
}

#[test]
fn cantonese_says_it_in_its_own_characters() {
    assert_eq!(times(Language::ZhHk, 2), "兩次");
    assert_eq!(times(Language::ZhHk, 20_000), "兩萬次");
    assert_eq!(text(&count(Language::ZhHk, 20, Unit::Digits)), "二十位數字");
    assert_eq!(text(&count(Language::ZhHk, 5, Unit::Minutes)), "五分鐘");
    assert_eq!(text(&day(Language::ZhHk, Day::new(2026, 11, 22).unwrap())), "二〇二六年十一月二十二號");
}

#[test]
fn english_counts_once_twice_and_on() {
    for (value, said) in [
        (0, "zero times"),
        (1, "once"),
        (2, "twice"),
        (3, "three times"),
        (21, "twenty-one times"),
        (100, "one hundred times"),
        (115, "one hundred and fifteen times"),
        (1_002, "one thousand and two times"),
        (1_200_000, "one million two hundred thousand times"),
    ] {
        assert_eq!(times(Language::En, value), said, "{value}");
    }
    assert_eq!(text(&count(Language::En, 1, Unit::Digits)), "one digit");
    assert_eq!(text(&count(Language::En, 20, Unit::Digits)), "twenty digits");
    assert_eq!(text(&count(Language::En, 1, Unit::Minutes)), "one minute");
}

#[test]
fn days_are_said_as_people_say_them() {
    let on = |language, year, month, of| text(&day(language, Day::new(year, month, of).unwrap()));
    assert_eq!(on(Language::ZhHans, 2026, 11, 22), "二〇二六年十一月二十二日");
    assert_eq!(on(Language::ZhHans, 2030, 1, 10), "二〇三〇年一月十日");
    assert_eq!(on(Language::En, 2026, 11, 22), "the twenty-second of November, twenty twenty-six");
    assert_eq!(on(Language::En, 2006, 4, 25), "the twenty-fifth of April, two thousand and six");
    assert_eq!(on(Language::En, 2000, 2, 29), "the twenty-ninth of February, two thousand");
    assert_eq!(on(Language::En, 1905, 12, 30), "the thirtieth of December, nineteen oh five");
    assert_eq!(on(Language::En, 2031, 3, 3), "the third of March, twenty thirty-one");
}

#[test]
fn digits_come_in_groups_of_four() {
    assert_eq!(text(&digits(Language::ZhHans, "12345670")), "一二三四，五六七零");
    assert_eq!(text(&digits(Language::En, "34560")), "three four five six, zero");
    assert_eq!(text(&digits(Language::En, "")), "");
}

fn assert_recorded(pieces: &[Piece], known: &BTreeMap<String, String>) {
    for piece in pieces {
        if let Piece::Clip { clip, text, .. } = piece {
            let words = known.get(clip).unwrap_or_else(|| panic!("{clip} is not recorded"));
            assert!(text.trim() == words || (clip == "n.0" && text == "〇"), "{clip}: {text} is not {words}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_counted_is_recorded(value in any::<u32>(), year in 1_i16..=9_999, month in 1_i8..=12, of in 1_i8..=31) {
        for language in Language::ALL {
            let known: BTreeMap<String, String> = every(language).into_iter().collect();
            for unit in [Unit::Digits, Unit::Times, Unit::Minutes] {
                assert_recorded(&count(language, value, unit), &known);
            }
            if let Some(at) = Day::new(year, month, of) {
                assert_recorded(&day(language, at), &known);
            }
            assert_recorded(&digits(language, &value.to_string()), &known);
        }
    }
}
