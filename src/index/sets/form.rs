//! The form of a listed number, and the number as an integer within its form.
//!
//! Owns the way from a [`Number`] to one integer and the identity of a listed unit. Numbers of one form sort as their
//! integers do and share a section of a set file, so that leading zeros, letters and GTINs cost nothing per number. Does
//! not say what is listed.

use std::fmt;

use contract::Number;
use minicbor::{Decode, Encode};

use crate::index::UnitKey;

/// The most digits that fit into an integer of 128 bits.
const MOST_DIGITS: usize = 38;
/// The most characters of 36 kinds that do: 36^24 is below 2^125.
const MOST_LETTERS: usize = 24;
/// The characters that a GS1 serial may have (General Specifications, figure 7.11-1), without digits and capitals, which
/// come first. 82^20 is below 2^128.
const SIGNS: &[u8] = b"abcdefghijklmnopqrstuvwxyz!\"%&'()*+,-./_:;<=>?";

/// What the digits and letters of a number may be, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Form {
    /// So many digits, at most 38.
    #[n(0)]
    Digits(#[n(0)] u8),
    /// So many digits and capital letters, at most 24.
    #[n(1)]
    Letters(#[n(0)] u8),
    /// A GS1 item.
    #[n(2)]
    Item {
        /// The GTIN's 14 digits as an integer.
        #[n(0)]
        gtin: u64,
        /// What its serial is made of.
        #[n(1)]
        serial: Alphabet,
        /// How many characters that has.
        #[n(2)]
        len: u8,
    },
    /// Anything else: 120 bits of its hash, which are the unit's identity in the ledger too.
    #[n(3)]
    Hashed,
}

/// What a serial is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Alphabet {
    /// Digits.
    #[n(0)]
    Digits,
    /// Digits and capital letters.
    #[n(1)]
    Letters,
    /// All that GS1 lets a serial have.
    #[n(2)]
    Signs,
}

/// A form without what tells items of different GTINs apart: a list has a handful of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Shape {
    /// Of so many digits.
    #[n(0)]
    Digits(#[n(0)] u8),
    /// Of so many digits and letters.
    #[n(1)]
    Letters(#[n(0)] u8),
    /// GS1 items.
    #[n(2)]
    Item,
    /// Anything else.
    #[n(3)]
    Hashed,
}

impl Form {
    /// The shape of numbers of this form.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self {
            Self::Digits(len) => Shape::Digits(*len),
            Self::Letters(len) => Shape::Letters(*len),
            Self::Item { .. } => Shape::Item,
            Self::Hashed => Shape::Hashed,
        }
    }

    /// Form and integer of a number; `None` for one that can be on no list.
    #[must_use]
    pub fn of(number: &Number) -> Option<(Self, u128)> {
        let plain = match number {
            Number::Digits(text) if text.len() <= MOST_DIGITS => {
                Alphabet::Digits.integer(text).map(|value| (Self::Digits(short(text)), value))
            }
            Number::Mixed(text) if text.len() <= MOST_LETTERS => {
                Alphabet::Letters.integer(text).map(|value| (Self::Letters(short(text)), value))
            }
            Number::Gs1 { gtin, serial: Some(text) } => item(gtin, text),
            Number::Digits(_) | Number::Mixed(_) => None,
            Number::Gs1 { serial: None, .. } | Number::Unreadable { .. } => return None,
        };
        plain.or_else(|| UnitKey::listed(number).map(|key| (Self::Hashed, key.hashed())))
    }
}

impl Form {
    /// An integer that sorts as the form does.
    pub(in crate::index) fn to_key(self) -> u64 {
        match self {
            Self::Digits(len) => u64::from(len),
            Self::Letters(len) => (1 << 62) | u64::from(len),
            Self::Item { gtin, serial, len } => {
                (2 << 62) | ((gtin & ((1 << 48) - 1)) << 14) | (u64::from(serial as u8) << 8) | u64::from(len)
            }
            Self::Hashed => 3 << 62,
        }
    }

    /// The form of such an integer.
    pub(in crate::index) fn from_key(key: u64) -> Self {
        let low = |shift: u32| u8::try_from((key >> shift) & 0xff).unwrap_or(0);
        match key >> 62 {
            0 => Self::Digits(low(0)),
            1 => Self::Letters(low(0)),
            2 => {
                let serial = match (key >> 8) & 0x3f {
                    0 => Alphabet::Digits,
                    1 => Alphabet::Letters,
                    _ => Alphabet::Signs,
                };
                Self::Item { gtin: (key >> 14) & ((1 << 48) - 1), serial, len: low(0) }
            }
            _ => Self::Hashed,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(len) => write!(f, "{len} digits"),
            Self::Letters(len) => write!(f, "{len} digits and letters"),
            Self::Item => f.write_str("GS1 items"),
            Self::Hashed => f.write_str("more characters than are kept"),
        }
    }
}

impl Shape {
    /// The shape of a number; `None` for one that can be on no list.
    #[must_use]
    pub fn of(number: &Number) -> Option<Self> {
        Form::of(number).map(|(form, _)| form.shape())
    }
}

fn item(gtin: &str, text: &str) -> Option<(Form, u128)> {
    let gtin = gtin.parse().ok()?;
    [Alphabet::Digits, Alphabet::Letters, Alphabet::Signs].into_iter().find_map(|serial| {
        if text.len() > serial.most() {
            return None;
        }
        Some((Form::Item { gtin, serial, len: short(text) }, serial.integer(text)?))
    })
}

fn short(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}

impl Alphabet {
    const fn base(self) -> u128 {
        match self {
            Self::Digits => 10,
            Self::Letters => 36,
            Self::Signs => 82,
        }
    }

    const fn most(self) -> usize {
        match self {
            Self::Digits => MOST_DIGITS,
            Self::Letters => MOST_LETTERS,
            Self::Signs => 20,
        }
    }

    fn integer(self, text: &str) -> Option<u128> {
        let mut value = 0_u128;
        for byte in text.bytes() {
            let digit = match byte {
                b'0'..=b'9' => u128::from(byte - b'0'),
                b'A'..=b'Z' => u128::from(byte - b'A') + 10,
                _ => SIGNS.iter().position(|sign| *sign == byte).and_then(|at| u128::try_from(at + 36).ok())?,
            };
            if digit >= self.base() {
                return None;
            }
            value = value.checked_mul(self.base())?.checked_add(digit)?;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use contract::strategies;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leading_zeros_and_lengths_tell_numbers_apart() {
        let digits = |text: &str| Form::of(&Number::Digits(text.to_owned())).unwrap();
        assert_eq!(digits("007"), (Form::Digits(3), 7));
        assert_ne!(digits("007"), digits("0007"));
        assert_eq!(digits(&"9".repeat(38)), (Form::Digits(38), 10_u128.pow(38) - 1));
        assert_eq!(digits(&"9".repeat(39)).0, Form::Hashed);
    }

    #[test]
    fn the_longest_of_every_alphabet_has_room() {
        assert_eq!(SIGNS.len() + 36, 82);
        let mixed = Form::of(&Number::Mixed("Z".repeat(24))).unwrap();
        assert_eq!(mixed, (Form::Letters(24), 36_u128.pow(24) - 1));
        let gtin = "06901234567892".to_owned();
        let serial = |text: &str| Form::of(&Number::Gs1 { gtin: gtin.clone(), serial: Some(text.to_owned()) }).unwrap();
        assert_eq!(serial(&"?".repeat(20)).1, 82_u128.pow(20) - 1);
        assert!(matches!(serial("12").0, Form::Item { serial: Alphabet::Digits, len: 2, .. }));
        assert!(matches!(serial("1Z").0, Form::Item { serial: Alphabet::Letters, .. }));
        assert!(matches!(serial("1z").0, Form::Item { serial: Alphabet::Signs, .. }));
        assert_eq!(serial("批").0, Form::Hashed);
    }

    proptest! {
        #[test]
        fn two_numbers_have_one_place_only_if_they_are_one(a in strategies::number(), b in strategies::number()) {
            prop_assert_eq!(Form::of(&a).is_some(), UnitKey::listed(&a).is_some());
            if let (Some((one, _)), Some((other, _))) = (Form::of(&a), Form::of(&b)) {
                prop_assert_eq!(Form::from_key(one.to_key()), one);
                prop_assert_eq!(one.cmp(&other), one.to_key().cmp(&other.to_key()));
            }
            if let (Some(one), Some(other)) = (Form::of(&a), Form::of(&b)) {
                prop_assert_eq!(one == other, a == b);
            }
        }
    }
}
