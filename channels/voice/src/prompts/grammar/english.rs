//! English: "twice", "20 digits", "the twenty-second of November, twenty twenty-six".

use contract::{Day, Language};

use super::{Piece, Unit, clip};

const EN: Language = Language::En;

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const ORDINALS: [&str; 20] = [
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn at<'a>(list: &[&'a str], index: u32) -> &'a str {
    usize::try_from(index).ok().and_then(|index| list.get(index)).copied().unwrap_or_default()
}

/// A number below a hundred: "twenty-six" is one recording.
fn below_hundred(value: u32) -> String {
    match (value / 10, value % 10) {
        (0 | 1, _) => at(&BELOW_TWENTY, value).to_owned(),
        (tens, 0) => at(&TENS, tens).to_owned(),
        (tens, ones) => format!("{}-{}", at(&TENS, tens), at(&BELOW_TWENTY, ones)),
    }
}

/// A word after others of the same count or day.
fn word(name: impl Into<String>, text: &str, first: bool) -> Piece {
    clip(EN, name, if first { text.to_owned() } else { format!(" {text}") })
}

pub(super) fn digit(value: u8, first: bool) -> Piece {
    word(format!("n.{value}"), at(&BELOW_TWENTY, value.into()), first)
}

/// The names and texts of a number's recordings.
fn number(value: u32) -> Vec<(String, String)> {
    let named = |value: u32| (format!("n.{value}"), below_hundred(value));
    let sign = |name: &str| (format!("n.{name}"), name.to_owned());
    if value == 0 {
        return vec![named(0)];
    }
    let mut words = Vec::new();
    for (part, scale) in [
        (value / 1_000_000_000, "billion"),
        (value / 1_000_000 % 1_000, "million"),
        (value / 1_000 % 1_000, "thousand"),
        (value % 1_000, ""),
    ] {
        if part == 0 {
            continue;
        }
        let (hundreds, rest) = (part / 100, part % 100);
        if hundreds > 0 {
            words.extend([named(hundreds), sign("hundred")]);
        }
        if rest > 0 {
            if hundreds > 0 || (scale.is_empty() && !words.is_empty()) {
                words.push(sign("and"));
            }
            words.push(named(rest));
        }
        if !scale.is_empty() {
            words.push(sign(scale));
        }
    }
    words
}

fn said(words: Vec<(String, String)>) -> Vec<Piece> {
    words.into_iter().enumerate().map(|(at, (name, text))| word(name, &text, at == 0)).collect()
}

const fn unit(of: Unit, one: bool) -> (&'static str, &'static str) {
    match (of, one) {
        (Unit::Digits, true) => ("unit.digit", "digit"),
        (Unit::Digits, false) => ("unit.digits", "digits"),
        (Unit::Times, _) => ("unit.times", "times"),
        (Unit::Minutes, true) => ("unit.minute", "minute"),
        (Unit::Minutes, false) => ("unit.minutes", "minutes"),
    }
}

pub(super) fn count(value: u32, of: Unit) -> Vec<Piece> {
    match (of, value) {
        (Unit::Times, 1) => return vec![word("times.1", "once", true)],
        (Unit::Times, 2) => return vec![word("times.2", "twice", true)],
        (Unit::Times | Unit::Digits | Unit::Minutes, _) => {}
    }
    let mut pieces = said(number(value));
    let (name, text) = unit(of, value == 1);
    pieces.push(word(name, text, false));
    pieces
}

fn day_of_month(value: u32) -> (String, String) {
    let ordinal = match (value / 10, value % 10) {
        (0 | 1, _) => at(&ORDINALS, value).to_owned(),
        (2, 0) => "twentieth".to_owned(),
        (3, 0) => "thirtieth".to_owned(),
        (tens, ones) => format!("{}-{}", at(&TENS, tens), at(&ORDINALS, ones)),
    };
    (format!("day.{value}"), format!("the {ordinal} of"))
}

fn month(value: u32) -> (String, String) {
    (format!("month.{value}"), at(&MONTHS, value.saturating_sub(1)).to_owned())
}

/// 2026 is "twenty twenty-six", 2006 "two thousand and six", 1905 "nineteen oh five".
fn year(value: u32) -> Vec<(String, String)> {
    let (century, rest) = (value / 100, value % 100);
    let named = |value: u32| (format!("n.{value}"), below_hundred(value));
    match (century, rest) {
        (0, _) | (20, 0..10) | (_, 0) => number(value),
        (_, 1..10) => vec![named(century), ("n.oh".to_owned(), "oh".to_owned()), named(rest)],
        (_, _) => vec![named(century), named(rest)],
    }
}

pub(super) fn day(day: Day) -> Vec<Piece> {
    let date = day.to_civil();
    let part = |value: i8| u32::try_from(value).unwrap_or_default();
    let mut pieces = said(vec![day_of_month(part(date.day())), month(part(date.month()))]);
    pieces.push(Piece::Pause { millis: 0, text: ", " });
    pieces.extend(said(year(u32::try_from(date.year()).unwrap_or_default())));
    pieces
}

pub(super) fn every() -> Vec<(String, String)> {
    let signs = ["hundred", "thousand", "million", "billion", "and", "oh"];
    let units = [
        ("unit.digit", "digit"),
        ("unit.digits", "digits"),
        ("unit.times", "times"),
        ("unit.minute", "minute"),
        ("unit.minutes", "minutes"),
        ("times.1", "once"),
        ("times.2", "twice"),
    ];
    (0..100)
        .map(|value| (format!("n.{value}"), below_hundred(value)))
        .chain(signs.map(|name| (format!("n.{name}"), name.to_owned())))
        .chain(units.map(|(name, text)| (name.to_owned(), text.to_owned())))
        .chain((1..=31).map(day_of_month))
        .chain((1..=12).map(month))
        .collect()
}
