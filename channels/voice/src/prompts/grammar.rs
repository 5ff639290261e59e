//! How counts, days and digits are said: 两次, 二〇二六年十一月二十二日, "the twenty-second of November".
//!
//! Owns the names of the recordings that these are put together from. What stands around them is the sentences'.

mod chinese;
mod english;

use contract::{Day, Language};

use super::Piece;
use crate::dialogue::Key;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Digits of a number.
    Digits,
    /// How often.
    Times,
    /// Minutes.
    Minutes,
}

/// A breath between groups of digits, in milliseconds.
const BETWEEN_GROUPS: u16 = 250;

/// Digits of a group.
const GROUP: usize = 4;

/// A count: 两次, 二十位数字, "twice", "20 digits".
#[must_use]
pub fn count(language: Language, count: u32, unit: Unit) -> Vec<Piece> {
    match language {
        Language::ZhHans | Language::ZhHk => chinese::count(language, count, unit),
        Language::En => english::count(count, unit),
    }
}

/// A day: 二〇二六年十一月二十二日, "the twenty-second of November, twenty twenty-six".
#[must_use]
pub fn day(language: Language, day: Day) -> Vec<Piece> {
    match language {
        Language::ZhHans | Language::ZhHk => chinese::day(language, day),
        Language::En => english::day(day),
    }
}

/// Digit by digit, with a breath after every fourth.
#[must_use]
pub fn digits(language: Language, digits: &str) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(digits.len() * 5 / 4);
    let values = digits.chars().filter_map(|c| c.to_digit(10)).filter_map(|digit| u8::try_from(digit).ok());
    for (at, value) in values.enumerate() {
        let begins = at.is_multiple_of(GROUP);
        if at > 0 && begins {
            let text = if language == Language::En { ", " } else { "，" };
            pieces.push(Piece::Pause { millis: BETWEEN_GROUPS, text });
        }
        pieces.push(digit(language, value, begins));
    }
    pieces
}

/// A key by its name.
#[must_use]
pub fn key(language: Language, key: Key) -> Option<Piece> {
    match key {
        Key::Digit(value) => Some(digit(language, value, true)),
        Key::Star | Key::Hash => None,
    }
}

fn digit(language: Language, value: u8, begins: bool) -> Piece {
    match language {
        Language::ZhHans | Language::ZhHk => chinese::digit(language, value),
        Language::En => english::digit(value, begins),
    }
}

/// Every recording that the grammar of a language uses, each with its words.
#[must_use]
pub fn every(language: Language) -> Vec<(String, String)> {
    match language {
        Language::ZhHans | Language::ZhHk => chinese::every(language),
        Language::En => english::every(),
    }
}

/// A recording.
fn clip(language: Language, name: impl Into<String>, text: impl Into<String>) -> Piece {
    Piece::Clip { language, clip: name.into(), text: text.into() }
}

#[cfg(test)]
mod tests;
