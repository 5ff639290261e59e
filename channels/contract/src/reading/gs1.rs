//! GS1 items: element strings as printed and as scanned, and the check digit of a GTIN.
//!
//! Owns the fields a verdict needs and the lengths of those that may stand beside them. Does not read links
//! ([`super::link`] hands its fields to [`Fields`]) and does not know whose GTIN it is.

use super::characters::FNC1;
use super::{Given, Number, printed};
use crate::time::Day;

/// How long the value of a field is.
#[derive(Clone, Copy)]
enum Length {
    /// So many digits, and nothing marks the end.
    Exactly(usize),
    /// At most so many characters, ended by FNC1 or the end.
    AtMost(usize),
}

use Length::{AtMost, Exactly};

/// Application identifiers and the lengths of their values (GS1 General Specifications, 3.2): what may stand on goods
/// beside a serial number. A string with any other field is not taken apart.
const FIELDS: [(&str, Length); 42] = [
    ("00", Exactly(18)),
    ("01", Exactly(14)),
    ("02", Exactly(14)),
    ("10", AtMost(20)),
    ("11", Exactly(6)),
    ("12", Exactly(6)),
    ("13", Exactly(6)),
    ("15", Exactly(6)),
    ("16", Exactly(6)),
    ("17", Exactly(6)),
    ("20", Exactly(2)),
    ("21", AtMost(20)),
    ("22", AtMost(20)),
    ("235", AtMost(28)),
    ("240", AtMost(30)),
    ("241", AtMost(30)),
    ("250", AtMost(30)),
    ("251", AtMost(30)),
    ("30", AtMost(8)),
    ("37", AtMost(8)),
    ("400", AtMost(30)),
    ("410", Exactly(13)),
    ("411", Exactly(13)),
    ("412", Exactly(13)),
    ("413", Exactly(13)),
    ("414", Exactly(13)),
    ("415", Exactly(13)),
    ("416", Exactly(13)),
    ("417", Exactly(13)),
    ("422", Exactly(3)),
    ("710", AtMost(20)),
    ("711", AtMost(20)),
    ("712", AtMost(20)),
    ("90", AtMost(30)),
    ("91", AtMost(90)),
    ("92", AtMost(90)),
    ("93", AtMost(90)),
    ("94", AtMost(90)),
    ("95", AtMost(90)),
    ("96", AtMost(90)),
    ("97", AtMost(90)),
    ("98", AtMost(90)),
];

/// The longest serial number and lot (AI 21 and 10).
const LONGEST_VALUE: usize = 20;

/// The longest bare digits that stay digits whatever they look like: a number of the network's own.
const OWN_LENGTH: usize = 20;

/// AIM symbology ids whose data are GS1 element strings (ISO/IEC 15424): GS1-128, GS1 DataBar and composites, GS1
/// DataMatrix, GS1 QR Code, GS1 DotCode.
const GS1_SYMBOLS: [&str; 6] = ["C1", "e0", "e1", "d2", "Q3", "J1"];

/// Takes an AIM symbology id (`]`, a letter, a digit or letter) off the front; whether it says that GS1 fields follow.
pub(super) fn strip_symbology(text: &str) -> (bool, &str) {
    let Some(behind) = text.strip_prefix(']') else { return (false, text) };
    match behind.split_at_checked(2) {
        Some((id, rest))
            if id.starts_with(|c: char| c.is_ascii_alphabetic())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            (GS1_SYMBOLS.contains(&id), rest)
        }
        Some(_) | None => (false, text),
    }
}

/// A GTIN of 8, 12, 13 or 14 digits as 14 digits, if its check digit is right.
#[must_use]
pub fn gtin14(digits: &str) -> Option<String> {
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // From the right, every second digit counts threefold (General Specifications, 7.9).
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    sum.is_multiple_of(10).then(|| format!("{digits:0>14}"))
}

/// The fields of one item that a check needs.
#[derive(Default)]
pub(super) struct Fields {
    gtin: Option<String>,
    content: Option<String>,
    parcel: Option<String>,
    serial: Option<String>,
    lot: Option<String>,
    expiry: Option<Day>,
}

impl Fields {
    /// Takes in a field; `None` where its value is not one, or says otherwise than an earlier one.
    pub(super) fn put(&mut self, ai: &str, value: &str) -> Option<()> {
        match ai {
            "00" => keep(&mut self.parcel, (value.len() == 18 && is_digits(value)).then(|| value.to_owned())?),
            "01" => keep(&mut self.gtin, gtin14(value)?),
            "02" => keep(&mut self.content, gtin14(value)?),
            "10" => keep(&mut self.lot, short(value)?),
            "17" => keep(&mut self.expiry, printed::parse_yymmdd(value)?),
            "21" => keep(&mut self.serial, short(value)?),
            _ => Some(()),
        }
    }

    /// The number these fields give: the item; without a GTIN the serial, which the network's own bar codes carry alone;
    /// the kind of goods in a parcel; the parcel's own number. `None` where there is none of these.
    pub(super) fn into_given(self) -> Option<Given> {
        let Self { gtin, content, parcel, serial, lot, expiry } = self;
        let number = match (gtin, serial) {
            (Some(gtin), serial) => Number::Gs1 { gtin, serial },
            (None, Some(serial)) => super::from_characters(&super::compact(&serial)).number,
            (None, None) => match (content, parcel) {
                (Some(gtin), _) => Number::Gs1 { gtin, serial: None },
                (None, Some(parcel)) => Number::Digits(parcel),
                (None, None) => return None,
            },
        };
        Some(Given { number, lot, expiry })
    }
}

/// Reads an element string as it is printed, each identifier in parentheses: `(01)06901234567892(21)ABC`. `None` where
/// digits stand before it, or a value is not what its identifier says; unreadable where words stand behind a serial.
pub(super) fn read_marked(text: &str) -> Option<Given> {
    let mut marks = marks(text).peekable();
    let first = *marks.peek()?;
    if text.get(..first.start)?.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut fields = Fields::default();
    let mut is_item = false;
    while let Some(mark) = marks.next() {
        let end = marks.peek().map_or(text.len(), |next| next.start);
        let Some(value) = printed_value(mark.ai, text.get(mark.end..end)?) else {
            let read = u32::try_from(super::compact(text).len()).unwrap_or(u32::MAX);
            return Some(Given::alone(Number::Unreadable { read }));
        };
        fields.put(mark.ai, &value)?;
        is_item |= KEYS.contains(&mark.ai);
    }
    if is_item { fields.into_given() } else { None }
}

/// Where the first printed element string of a message stands, from its first identifier to the end of its last value.
/// A second GTIN or serial begins another one.
pub(super) fn find_marked(text: &str) -> Option<(usize, usize)> {
    let mut start = None;
    let mut end = text.len();
    let mut seen: Vec<&str> = Vec::new();
    for mark in marks(text) {
        if seen.contains(&mark.ai) {
            end = mark.start;
            break;
        }
        seen.push(mark.ai);
        start = start.or(Some(mark.start));
        end = text.get(mark.end..).map_or(text.len(), |behind| {
            // Spaces and a line break may stand between an identifier and its value.
            let skipped = behind.len() - behind.trim_start().len();
            let value = behind.trim_start();
            let length = value.find(|c: char| "\n\t,;|".contains(c) || !c.is_ascii()).unwrap_or(value.len());
            mark.end + skipped + length
        });
    }
    let start = start?;
    seen.iter().any(|ai| KEYS.contains(ai)).then_some((start, end))
}

/// Reads fields without parentheses, separated by FNC1 where their length varies.
pub(super) fn read_fields(text: &str) -> Option<Given> {
    let unspaced: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !unspaced.chars().all(|c| c == FNC1 || c.is_ascii_graphic()) {
        return None;
    }
    let mut rest = unspaced.as_str();
    let mut fields = Fields::default();
    loop {
        rest = rest.trim_start_matches(FNC1);
        if rest.is_empty() {
            return fields.into_given();
        }
        let (ai, length) = FIELDS.iter().find(|(ai, _)| rest.starts_with(ai))?;
        let behind = rest.strip_prefix(ai)?;
        let (value, next) = match *length {
            Exactly(count) => behind.split_at_checked(count).filter(|(value, _)| is_digits(value))?,
            AtMost(most) => {
                let end = behind.find(FNC1).unwrap_or(behind.len());
                // Keyboards lose the separator; a value of full length still has a known end.
                behind.split_at_checked(end.min(most))?
            }
        };
        if value.is_empty() {
            return None;
        }
        fields.put(ai, value)?;
        rest = next;
    }
}

/// Reads fields that nothing announces. They have to be beyond doubt: a GTIN with its check digit first, longer than
/// any number of the network's own, and whole fields to the end.
pub(super) fn read_bare(text: &str) -> Option<Given> {
    if text.len() > OWN_LENGTH && text.starts_with("01") { read_fields(text) } else { None }
}

/// The fields that name a thing: one of them makes parentheses an element string.
const KEYS: [&str; 4] = ["00", "01", "02", "21"];

/// An identifier in parentheses.
#[derive(Clone, Copy)]
struct Mark<'a> {
    start: usize,
    ai: &'a str,
    end: usize,
}

/// Every known identifier in parentheses, in order.
fn marks(text: &str) -> impl Iterator<Item = Mark<'_>> {
    text.match_indices('(').filter_map(|(start, _)| {
        let behind = text.get(start + 1..)?;
        let (ai, _) = behind.split_once(')')?;
        let known = FIELDS.iter().any(|(known, _)| *known == ai);
        known.then(|| Mark { start, ai, end: start + ai.len() + 2 })
    })
}

/// A printed value without the spaces around and inside it. A serial of letters is not joined over a space: what stands
/// behind it may be a word.
fn printed_value(ai: &str, text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_ascii_graphic());
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if ai == "21" && joined.len() > LONGEST_VALUE {
        let compact = super::compact(&joined);
        return is_digits(&compact).then_some(compact);
    }
    (ai != "21" || joined.len() == text.len() || is_digits(&joined)).then_some(joined)
}

fn keep<T: PartialEq>(slot: &mut Option<T>, value: T) -> Option<()> {
    match slot {
        Some(known) if *known != value => None,
        Some(_) | None => {
            *slot = Some(value);
            Some(())
        }
    }
}

/// A serial number or lot: 1 to 20 printable ASCII characters.
fn short(value: &str) -> Option<String> {
    let fits = !value.is_empty() && value.len() <= LONGEST_VALUE && value.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| value.to_owned())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
