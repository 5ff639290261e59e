//! Reading a number out of what people type, key, scan or text: the one place for all channels.
//!
//! Owns what counts as a digit, a separator, a prefix, a link, a GS1 item, and where one number of a message ends and the
//! next begins. Does not judge: whether twenty digits are a number of ours is the core's to say, and no digit is ever
//! guessed, corrected or filled in.
//!
//! # Characters
//! Every Unicode decimal digit and every full-width letter counts as its ASCII twin. Invisible marks are as if not
//! there. Whatever else is neither ASCII letter nor digit (spaces, dashes, dots, slashes, signs, words of other
//! scripts) separates and is not part of a number. An input longer than [`MAX_INPUT`] is cut first.
//!
//! # One number ([`read_one`])
//! In this order: an AIM symbology id in front (`]C1`) goes; a link gives the number it carries; a GS1 element string
//! (in parentheses, or with its FNC1 as 0x1D, `<GS>`, `{GS}` or `␝`) gives its item; key words in front ("code", "No.",
//! "V") go; what letters and digits remain are the number. Letters inside it stay, so that the core can call it
//! malformed. What says that it is GS1 and breaks its rules is unreadable, never a shorter number. Two readings of bare
//! digits need no mark, since stock scanners send none:
//! - longer than 20 characters without the spaces, `01` with a GTIN whose check digit holds (only dates may stand before
//!   it), and all the rest whole GS1 fields: a GS1 item. Up to 20 digits stay digits, the lengths of the network's
//!   numbers, in however many groups and with whatever signs they are written;
//! - 22 digits from `21` on: the network's bar codes carry their 20 digits behind this field's name, which is
//!   not printed.
//!
//! # Several numbers ([`read_all`])
//! Links and parenthesised GS1 items are taken out first, each one number. In the rest:
//! - groups of digits joined by spaces, dashes, dots or slashes are one number. A group of 16 digits or more is whole and
//!   starts a number; twenty digits end one if another follows. Whatever else is joined stays joined: a number with a
//!   digit or a group too many must stay malformed and never become a shorter number that is wrongly unknown;
//! - line breaks, commas and other marks of a list separate, unless what stands on both sides has twenty digits at most:
//!   then a number was broken over lines;
//! - words, colons and the like always separate;
//! - a group may hold letters if half of it are digits (`9O12`), and the number is then [`Number::Mixed`];
//! - a date (`2026-11-23`), a count with its word (`2个`) and whatever has fewer than 8 digits and letters, or fewer than
//!   4 digits, is no number.

mod characters;
mod gs1;
mod link;
mod message;
mod prefix;
mod printed;

use minicbor::{Decode, Encode};

use crate::time::Day;
use gs1::Symbol;

pub use gs1::{gtin14, trade_item};
pub use printed::{normalise_lot, parse_expiry};

/// The longest input that is read, in bytes; the rest is not looked at. A long text message has 1,530.
pub const MAX_INPUT: usize = 4096;

/// The longest number, in digits and letters.
pub const MAX_NUMBER: usize = 64;

/// A number as it was given, normalised but not judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Number {
    /// ASCII digits only, 1 to 64 of them.
    #[n(0)]
    Digits(#[n(0)] String),
    /// ASCII upper-case letters and digits, 1 to 64 of them, at least one letter.
    #[n(1)]
    Mixed(#[n(0)] String),
    /// A GS1 item.
    #[n(2)]
    Gs1 {
        /// GTIN as 14 digits, check digit verified.
        #[n(0)]
        gtin: String,
        /// AI 21, 1 to 20 characters, case kept.
        #[n(1)]
        serial: Option<String>,
    },
    /// Nothing that could be a number: empty, more than 64 digits and letters, or GS1 data that break the rules of their
    /// identifiers (a wrong check digit, a date that does not exist, a serial that runs into words).
    #[n(3)]
    Unreadable {
        /// How many digits and letters there were.
        #[n(0)]
        read: u32,
    },
}

impl Number {
    /// The GTIN that came with it, 14 digits.
    #[must_use]
    pub fn gtin(&self) -> Option<&str> {
        match self {
            Self::Gs1 { gtin, .. } => Some(gtin),
            Self::Digits(_) | Self::Mixed(_) | Self::Unreadable { .. } => None,
        }
    }
}

/// A number read from a longer input, with what came along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The number.
    pub number: Number,
    /// GS1 AI 10, as given; compare it by [`normalise_lot`].
    pub lot: Option<String>,
    /// GS1 AI 17 (`YYMM00` is the end of the month), or the day of AI 7003.
    pub expiry: Option<Day>,
}

impl Given {
    /// A number with nothing else.
    #[must_use]
    pub const fn alone(number: Number) -> Self {
        Self { number, lot: None, expiry: None }
    }
}

/// Reads an input that is meant to be one number: a field, a line from a scanner, keyed digits.
#[must_use]
pub fn read_one(input: &str) -> Given {
    // What nearly everybody asks about comes to this by the long way too.
    if (1..=gs1::OWN_LENGTH).contains(&input.len()) && input.bytes().all(|byte| byte.is_ascii_digit()) {
        return Given::alone(Number::Digits(input.to_owned()));
    }
    read_any(input)
}

fn read_any(input: &str) -> Given {
    let folded = characters::fold(input);
    let (symbol, text) = gs1::strip_symbology(folded.trim());
    // Values of GS1 fields may look like links, and links like none of these.
    if let Some(given) = read_announced(text, symbol).or_else(|| gs1::read_bare(text)) {
        return given;
    }
    if let Some(given) = link::read_whole(text, symbol != Symbol::Unsaid) {
        return given;
    }
    if let Some(found) = link::find(text)
        && digits(found.before) + digits(found.after) < message::SHORTEST
        && let Some(given) = link::read(found.link)
    {
        return given;
    }
    read_value(text, symbol)
}

/// Reads a text message that may carry key words, several numbers and chatter: the first `most` numbers in their order,
/// and how many more there were.
#[must_use]
pub fn read_all(input: &str, most: usize) -> (Vec<Given>, usize) {
    let folded = characters::fold(input);
    let text = folded.trim();
    let mut all = if text.starts_with(']') || text.contains(characters::FNC1) {
        vec![read_one(input)]
    } else if let Some(given) = read_sole_item(text) {
        vec![given]
    } else {
        message::read(&folded)
    };
    all.retain(|given| !matches!(given.number, Number::Unreadable { read: 0 }));
    let more = all.len().saturating_sub(most);
    all.truncate(most);
    (all, more)
}

/// A message that is one GS1 item and nothing else: the signs that part two numbers are part of its values.
fn read_sole_item(text: &str) -> Option<Given> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let given = link::read_whole(text, false).or_else(|| gs1::read_marked(text).filter(|_| text.starts_with('(')))?;
    matches!(given.number, Number::Gs1 { serial: Some(_), .. }).then_some(given)
}

/// Reads what says that it is GS1 by its symbol, by FNC1 or by an identifier in parentheses at its very start.
fn read_announced(text: &str, symbol: Symbol) -> Option<Given> {
    // One that stands behind everything separates nothing.
    let bare = text.trim_end_matches(characters::FNC1);
    let announced = symbol == Symbol::Gs1 || bare.contains(characters::FNC1);
    let read = if text.starts_with('(') {
        gs1::read_marked(text)
    } else {
        announced.then(|| gs1::read_fields(bare)).flatten()
    };
    // Parentheses alone may number a list; a scanner that says GS1 sends none.
    read.or_else(|| announced.then(|| gs1::broken(text)))
}

/// Reads folded text that is one number and no link.
fn read_value(text: &str, symbol: Symbol) -> Given {
    if let Some(given) = read_announced(text, symbol).or_else(|| gs1::read_marked(text)) {
        return given;
    }
    if symbol == Symbol::Goods
        && let Some(given) = gs1::read_goods(text)
    {
        return given;
    }
    let body = prefix::strip_words(text);
    let unspaced: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    gs1::read_bare(&unspaced).unwrap_or_else(|| from_characters(&compact(body)))
}

/// Reads ASCII letters and digits with nothing between them.
fn from_characters(compact: &str) -> Given {
    let body = prefix::strip_glued(compact);
    if let Some(given) = gs1::read_bare(body) {
        return given;
    }
    let only_digits = body.bytes().all(|byte| byte.is_ascii_digit());
    let body = match body.strip_prefix("21") {
        Some(rest) if only_digits && rest.len() == 20 => rest,
        _ => body,
    };
    if body.is_empty() || body.len() > MAX_NUMBER {
        return Given::alone(Number::Unreadable { read: u32::try_from(body.len()).unwrap_or(u32::MAX) });
    }
    if only_digits {
        return Given::alone(Number::Digits(body.to_owned()));
    }
    // Some fields allow capitals alone: what is kept in capitals must not read as an item that small letters hid.
    let capitals = body.to_ascii_uppercase();
    gs1::read_bare(&capitals).unwrap_or_else(|| Given::alone(Number::Mixed(capitals)))
}

/// The ASCII letters and digits of a text.
fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
