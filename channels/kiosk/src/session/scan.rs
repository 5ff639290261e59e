//! What a line says: a number, a change of language, or nothing.

use std::time::Duration;

use contract::reading::{Given, Number, read_one};
use contract::{Check, Language, Means};
use sha2::{Digest as _, Sha256};

/// The line `LANG=en` changes the language: printed as a bar code beside the terminal, any scanner can send it.
const LANGUAGE: &str = "LANG=";

/// A number that was scanned or keyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    given: Given,
    key: String,
    means: Means,
    age: Duration,
    same_for: Option<Duration>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Scan(Box<Scan>),
    Language(Language),
    Nothing,
}

/// Reads a line.
pub(super) fn read(text: &str) -> Said {
    if let Some((front, tag)) = text.trim().split_at_checked(LANGUAGE.len())
        && front.eq_ignore_ascii_case(LANGUAGE)
        && let Some(language) = Language::for_tag(tag)
    {
        return Said::Language(language);
    }
    let given = read_one(text);
    if matches!(given.number, Number::Unreadable { read: 0 }) {
        return Said::Nothing;
    }
    Said::Scan(Box::new(Scan::new(given)))
}

impl Scan {
    /// Of what was read.
    #[must_use]
    pub fn new(given: Given) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        };
        match &given.number {
            Number::Digits(text) | Number::Mixed(text) => add(text),
            Number::Gs1 { gtin, serial } => {
                add(gtin);
                add(serial.as_deref().unwrap_or_default());
                add(given.lot.as_deref().unwrap_or_default());
                add(&given.expiry.map_or_else(String::new, |day| day.to_string()));
            }
            Number::Unreadable { read } => add(&format!("?{read}")),
        }
        let key = hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect();
        Self { given, key, means: Means::Scanned, age: Duration::ZERO, same_for: None }
    }

    /// Of a terminal that names its scans and knows how old they are.
    #[must_use]
    pub fn of_terminal(given: Given, id: &[u8; 16], age: Duration, keyed: bool) -> Self {
        let key = id.iter().map(|octet| format!("{octet:02x}")).collect();
        let means = if keyed { Means::Keyed } else { Means::Scanned };
        Self { given, key, means, age, same_for: Some(super::framed::SAME) }
    }

    /// How long ago it was scanned.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }

    /// For how long its key means the same scan, where that is not the section's time.
    #[must_use]
    pub const fn same_for(&self) -> Option<Duration> {
        self.same_for
    }

    /// What makes a scan that is sent again the same scan: what was read, however it was written.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The last characters of the number, to tell it from another one; never all of it.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = match &self.given.number {
            Number::Digits(text) | Number::Mixed(text) => text,
            Number::Gs1 { gtin, serial } => serial.as_ref().unwrap_or(gtin),
            Number::Unreadable { .. } => return "?".to_owned(),
        };
        let skipped = text.chars().count().saturating_sub(4).max(1);
        text.chars().skip(skipped).collect()
    }

    /// The check that it asks for.
    #[must_use]
    pub fn check(self) -> Check {
        let Given { number, lot, expiry } = self.given;
        Check { number, means: self.means, lot, expiry }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        match read(text) {
            Said::Scan(scan) => *scan,
            Said::Language(_) | Said::Nothing => panic!("{text} is no scan"),
        }
    }

    #[test]
    fn the_same_number_is_the_same_scan_however_it_is_written() {
        let plain = scan("20060425000000000000");
        for text in ["20060 42500 00000 00000", "]C020060425000000000000", "２００６０４２５０００００００００００0"]
        {
            assert_eq!(scan(text).key(), plain.key(), "{text}");
        }
        assert_ne!(scan("20060425000000000001").key(), plain.key());
        let item = scan("(01)09520000001025(21)12345678(10)A");
        assert_ne!(item.key(), scan("(01)09520000001025(21)12345678(10)B").key());
    }

    #[test]
    fn a_tail_is_never_the_whole_number() {
        assert_eq!(scan("20060425000000004242").tail(), "4242");
        assert_eq!(scan("12345").tail(), "2345");
        assert_eq!(scan("1234").tail(), "234");
    }

    #[test]
    fn a_line_may_change_the_language() {
        assert_eq!(read(" lang=en "), Said::Language(Language::En));
        assert_eq!(read("LANG=zh-TW"), Said::Language(Language::ZhHk));
        assert!(matches!(read("LANG=xx"), Said::Scan(_) | Said::Nothing));
        assert_eq!(read("~~ ~~"), Said::Nothing);
    }
}
