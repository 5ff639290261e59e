//! The number an asker keeps as proof of a reply.
//!
//! Owns its shape (12 digits, the last a Damm check digit) and what looking one up shows. How it is minted stays with
//! the ledger.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::time::Timestamp;
use crate::verdict::{Colour, VerdictKind};

/// Twelve digits, the last of them a Damm check digit over the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Receipt(#[n(0)] u64);

impl Receipt {
    /// How many digits a receipt has.
    pub const DIGITS: usize = 12;

    /// From its value, if it has at most twelve digits and its check digit is right.
    #[must_use]
    pub fn new(value: u64) -> Option<Self> {
        (value < 1_000_000_000_000 && damm(value) == 0).then_some(Self(value))
    }

    /// The value without its check digit, to which the check digit is added.
    #[must_use]
    pub fn from_body(body: u64) -> Option<Self> {
        (body < 100_000_000_000).then(|| Self(body * 10 + u64::from(damm(body))))
    }

    /// The eleven digits before the check digit.
    #[must_use]
    pub const fn body(self) -> u64 {
        self.0 / 10
    }

    /// All twelve digits as a number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Reads a receipt as people type it: twelve digits, any spaces or dashes between them. `None` where the digits are
    /// not twelve or the check digit is wrong.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut value = 0_u64;
        let mut count = 0_usize;
        for c in text.trim().chars().take(64) {
            match c.to_digit(10) {
                Some(digit) => {
                    count += 1;
                    if count > Self::DIGITS {
                        return None;
                    }
                    value = value * 10 + u64::from(digit);
                }
                None if matches!(c, ' ' | '-' | '\u{a0}') => {}
                None => return None,
            }
        }
        if count == Self::DIGITS { Self::new(value) } else { None }
    }
}

impl fmt::Display for Receipt {
    /// Twelve digits without spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

impl Serialize for Receipt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The Damm quasigroup of order 10 (H. M. Damm, 2004): catches every wrong digit and every swap of neighbours.
#[rustfmt::skip]
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// One step of the Damm digit: the interim digit after one more digit (both 0 to 9).
#[must_use]
pub fn damm_step(interim: u8, digit: u8) -> u8 {
    DAMM.get(usize::from(interim)).and_then(|row| row.get(usize::from(digit))).copied().unwrap_or(0)
}

/// The Damm digit of a number's decimal digits; 0 over a number that ends in its check digit. Leading zeroes do not
/// change it.
#[must_use]
pub fn damm(value: u64) -> u8 {
    let mut interim = 0;
    let mut unit = 10_000_000_000_000_000_000_u64;
    while unit > 0 {
        interim = damm_step(interim, u8::try_from(value / unit % 10).unwrap_or(0));
        unit /= 10;
    }
    interim
}

/// What looking up a receipt shows: the verdicts and the minute, nothing about the asker or the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptView {
    /// The receipt.
    pub receipt: Receipt,
    /// When the answer was given, cut to the minute.
    pub at: Timestamp,
    /// Verdict and colour of each number, in the order asked.
    pub verdicts: Vec<(VerdictKind, Colour)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_of_damm_holds() {
        // The worked example of the literature: 572 has the check digit 4.
        assert_eq!(damm(572), 4);
        assert_eq!(damm(5724), 0);
    }

    #[test]
    fn a_receipt_is_read_as_people_type_it() {
        let receipt = Receipt::from_body(12_345_678_901).unwrap();
        let text = receipt.to_string();
        assert_eq!(text.len(), Receipt::DIGITS);
        let mut spaced = format!(" {text} ");
        spaced.insert(9, '-');
        spaced.insert(5, ' ');
        assert_eq!(Receipt::parse(&spaced), Some(receipt));
        assert_eq!(Receipt::parse("123"), None);
        assert_eq!(Receipt::parse(&format!("{text}0")), None);
        assert_eq!(Receipt::parse("12345678901x"), None);
    }
}
