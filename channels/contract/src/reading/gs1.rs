//! GS1 items: element strings as printed and as scanned, and the numbers of kinds of goods.
//!
//! Owns taking strings apart, the fields a verdict needs, and what may not stand together. Which identifiers there are is
//! [`table`]'s; links are [`super::link`]'s, which hands its fields to [`Fields`]. Does not know whose GTIN it is.
//!
//! A string that says it is GS1 (by its symbology id, by FNC1, by identifiers in parentheses around a GTIN, by a link's
//! path) and breaks the rules of one of its identifiers is unreadable as a whole: a scan with one wrong field has others
//! that look right and are not, and no part of it may become a number that is wrongly unknown.

mod table;

use super::characters::{self, FNC1};
use super::{Given, Number, printed};
use crate::time::Day;

/// The longest bare digits that stay digits whatever they look like: a number of the network's own.
pub(super) const OWN_LENGTH: usize = 20;

/// What an AIM symbology id (ISO/IEC 15424) says of the data behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// There is no such id.
    Unsaid,
    /// Of a symbol whose data may be anything.
    Plain,
    /// GS1 element strings: GS1-128, GS1 DataBar and composites, GS1 DataMatrix, GS1 QR Code, GS1 DotCode.
    Gs1,
    /// The number of a kind of goods, with or without an add-on: EAN-13, UPC-A, UPC-E, EAN-8.
    Goods,
}

/// Takes an AIM symbology id (`]`, a letter, a digit or letter) off the front.
pub(super) fn strip_symbology(text: &str) -> (Symbol, &str) {
    let Some((id, rest)) = text.strip_prefix(']').and_then(|behind| behind.split_at_checked(2)) else {
        return (Symbol::Unsaid, text);
    };
    let symbol = match id {
        "C1" | "e0" | "e1" | "e2" | "d2" | "d5" | "Q3" | "Q4" | "J1" => Symbol::Gs1,
        "E0" | "E3" | "E4" => Symbol::Goods,
        _ if id.starts_with(|c: char| c.is_ascii_alphabetic())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Symbol::Plain
        }
        _ => return (Symbol::Unsaid, text),
    };
    (symbol, rest)
}

/// Reads the data of a symbol for kinds of goods: its number, without what an add-on says.
pub(super) fn read_goods(text: &str) -> Option<Given> {
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    [13, 12, 8]
        .into_iter()
        .filter_map(|length| number.get(..length))
        .find_map(|front| trade_item(front).map(|_| Given::alone(Number::Digits(front.to_owned()))))
}

/// A GTIN of 8, 12, 13 or 14 digits as 14 digits, if its check digit is right.
#[must_use]
pub fn gtin14(digits: &str) -> Option<String> {
    let fits = matches!(digits.len(), 8 | 12 | 13 | 14) && is_digits(digits) && check_digit_holds(digits);
    fits.then(|| format!("{digits:0>14}"))
}

/// The GTIN of a kind of goods out of bare digits: as [`gtin14`], and the 8 digits of a UPC-E, which leave out the zeroes
/// of a UPC-A (General Specifications, 5.2.2.4).
#[must_use]
pub fn trade_item(digits: &str) -> Option<String> {
    gtin14(digits).or_else(|| gtin14(&upc_a(digits)?))
}

/// The twelve digits that the eight of a UPC-E stand for.
fn upc_a(digits: &str) -> Option<String> {
    if digits.len() != 8 || !digits.starts_with(['0', '1']) || !is_digits(digits) {
        return None;
    }
    let (system, body, check) = (digits.get(..1)?, digits.get(1..7)?, digits.get(7..)?);
    let (front, last) = (body.get(..5)?, body.get(5..)?);
    let (maker, item) = match last {
        "0" | "1" | "2" => (format!("{}{last}00", front.get(..2)?), format!("00{}", front.get(2..)?)),
        "3" => (format!("{}00", front.get(..3)?), format!("000{}", front.get(3..)?)),
        "4" => (format!("{}0", front.get(..4)?), format!("0000{}", front.get(4..)?)),
        _ => (front.to_owned(), format!("0000{last}")),
    };
    Some(format!("{system}{maker}{item}{check}"))
}

/// Whether the last of these digits is the check digit of the others: from the right, every second digit counts threefold
/// (General Specifications, 7.9).
fn check_digit_holds(digits: &str) -> bool {
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = values.zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10)
}

/// The fields of one item that a check needs.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// A GTIN by the identifier it came with: 01, 03 (made to order) or 8006 (one of its pieces).
    item: Option<(String, String)>,
    content: Option<String>,
    parcel: Option<String>,
    serial: Option<String>,
    /// A serial that a third party gave (235): not the maker's, and never together with the maker's.
    foreign_serial: Option<String>,
    lot: Option<String>,
    expiry: Option<Day>,
    /// The day of an expiry to the minute (7003).
    expiry_to_minute: Option<Day>,
}

impl Fields {
    /// Takes in a field; `None` where its value is not one, or says otherwise than an earlier one.
    pub(super) fn put(&mut self, ai: &str, value: &str) -> Option<()> {
        let padded = matches!(ai, "01" | "02" | "03").then(|| gtin14(value)).flatten();
        let value = padded.as_deref().unwrap_or(value);
        // What would be read as FNC1 when it is written again is no value.
        if !table::element(ai)?.admits(value) || characters::holds_fnc1_name(value) {
            return None;
        }
        let owned = || value.to_owned();
        match ai {
            "00" => keep(&mut self.parcel, owned()),
            "01" | "03" => keep(&mut self.item, (ai.to_owned(), owned())),
            "02" => keep(&mut self.content, owned()),
            "10" => keep(&mut self.lot, owned()),
            "17" => keep(&mut self.expiry, printed::parse_yymmdd(value)?),
            "21" => keep(&mut self.serial, owned()),
            "235" => keep(&mut self.foreign_serial, owned()),
            "7003" => keep(&mut self.expiry_to_minute, printed::parse_yymmdd(value.get(..6)?)?),
            "8006" => keep(&mut self.item, (ai.to_owned(), value.get(..14)?.to_owned())),
            _ => Some(()),
        }
    }

    /// The number these fields give: the item; without a GTIN the serial, which the network's own bar codes carry alone;
    /// the kind of goods in a parcel; the parcel's own number. `None` where there is none of these, or two that exclude
    /// each other (General Specifications, 4.14).
    pub(super) fn into_given(self) -> Option<Given> {
        let Self { item, content, parcel, serial, foreign_serial, lot, expiry, expiry_to_minute } = self;
        if (item.is_some() && content.is_some()) || (serial.is_some() && foreign_serial.is_some()) {
            return None;
        }
        let number = match (item, serial) {
            (Some((_, gtin)), serial) => Number::Gs1 { gtin, serial },
            (None, Some(serial)) => super::from_characters(&super::compact(&serial)).number,
            (None, None) => match (content, parcel) {
                (Some(gtin), _) => Number::Gs1 { gtin, serial: None },
                (None, Some(parcel)) => Number::Digits(parcel),
                (None, None) => return None,
            },
        };
        Some(Given { number, lot, expiry: expiry.or(expiry_to_minute) })
    }
}

/// Whether there is such an identifier.
pub(super) fn is_identifier(ai: &str) -> bool {
    table::element(ai).is_some()
}

/// Whether these can only be the key that a GS1 Digital Link begins with: of goods by its length (a wrong check digit
/// makes the link unreadable), of anything else by its check digit, since makers' own links have numbers in their paths.
pub(super) fn is_link_key(ai: &str, value: &str) -> bool {
    match ai {
        "01" => matches!(value.len(), 8 | 12 | 13 | 14) && is_digits(value),
        "00" | "8006" => value.len() == 18 && is_digits(value),
        "253" | "255" | "402" | "414" | "415" | "417" | "8003" | "8017" | "8018" => {
            table::element(ai).is_some_and(|element| element.admits(value))
        }
        _ => false,
    }
}

/// What is said of text that is GS1 data and breaks its rules.
pub(super) fn broken(text: &str) -> Given {
    Given::alone(Number::Unreadable { read: u32::try_from(super::compact(text).len()).unwrap_or(u32::MAX) })
}

/// Reads an element string as it is printed, each identifier in parentheses: `(01)06901234567892(21)ABC`. `None` where it
/// is none: digits stand before it, or nothing in it has the shape of a key (`(01)` may number a list). Unreadable where
/// a value is not what its identifier says, or words stand behind a serial.
pub(super) fn read_marked(text: &str) -> Option<Given> {
    let marks: Vec<Mark<'_>> = marks(text).collect();
    let first = marks.first()?;
    if text.get(..first.start)?.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ends = marks.iter().skip(1).map(|next| next.start).chain([text.len()]);
    let values: Vec<(&str, &str)> =
        marks.iter().zip(ends).map(|(mark, end)| (mark.ai, text.get(mark.end..end).unwrap_or_default())).collect();
    if !is_element_string(&values) {
        return None;
    }
    let mut fields = Fields::default();
    let put = |(ai, value): &(&str, &str)| fields.put(ai, &printed_value(ai, value)?);
    let whole = values.iter().map(put).all(|put| put.is_some());
    Some(whole.then(|| fields.into_given()).flatten().unwrap_or_else(|| broken(text)))
}

/// Whether marks in parentheses are an element string and not the numbering of a list: a serial, or a key of the length
/// that its identifier asks for.
fn is_element_string(values: &[(&str, &str)]) -> bool {
    values.iter().any(|(ai, value)| {
        let length = value.bytes().filter(u8::is_ascii_digit).count();
        match *ai {
            "21" => true,
            "01" | "02" | "03" => matches!(length, 8 | 12 | 13 | 14),
            "00" | "8006" => length == 18,
            _ => false,
        }
    })
}

/// Where the first printed element string of a message stands, from its first identifier to the end of its last value.
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

/// Reads fields without parentheses, separated by FNC1 where their length varies. A value of full length has a known end
/// also where a keyboard lost the separator. `None` where they are not whole fields.
pub(super) fn read_fields(text: &str) -> Option<Given> {
    let unspaced = unspaced(text);
    let mut rest = unspaced.as_str();
    let mut fields = Fields::default();
    loop {
        rest = rest.trim_start_matches(FNC1);
        if rest.is_empty() {
            return fields.into_given();
        }
        let (ai, element, behind) = table::begins(rest)?;
        let separated = if element.is_fixed() { behind } else { behind.split(FNC1).next()? };
        let (value, next) = behind.split_at_checked(element.end_in(separated))?;
        fields.put(ai, value)?;
        rest = next;
    }
}

/// Reads fields that nothing announces. They have to be beyond doubt: longer than any number of the network's own, a GTIN
/// with its check digit first (only dates and the variant may stand before it), whole fields to the end. Unreadable where
/// the serial ends like a date that its separator was lost before: whose end it is cannot be told.
///
/// Spaces count for nothing, and among digits no sign does: twenty digits in groups are twenty digits, whatever stands
/// between and behind them.
pub(super) fn read_bare(text: &str) -> Option<Given> {
    let unspaced = unspaced(text);
    let text = unspaced.as_str();
    let compact = super::compact(text);
    if text.len() <= OWN_LENGTH || (compact.len() <= OWN_LENGTH && is_digits(&compact)) {
        return None;
    }
    let mut key = text;
    while let Some(("11" | "12" | "13" | "15" | "16" | "17" | "20", element, behind)) = table::begins(key) {
        let (value, next) = behind.split_at_checked(element.end_in(behind))?;
        if !element.admits(value) {
            return None;
        }
        key = next;
    }
    if !key.starts_with("01") {
        return None;
    }
    let given = read_fields(text)?;
    if let Number::Gs1 { serial: Some(serial), .. } = &given.number
        && ends_in_date(serial)
    {
        return Some(broken(text));
    }
    Some(given)
}

/// Whether the end of a serial is a whole expiry field (17), with something before it. A serial of full length has no
/// separator to lose.
fn ends_in_date(serial: &str) -> bool {
    let date = serial.len().checked_sub(8).and_then(|at| serial.get(at..)).and_then(|tail| tail.strip_prefix("17"));
    date.is_some_and(|date| printed::parse_yymmdd(date).is_some())
        && serial.len() > 8
        && !(serial.len() == OWN_LENGTH && is_digits(serial))
}

/// The fields that name a thing: one of them makes parentheses an element string.
const KEYS: [&str; 6] = ["00", "01", "02", "03", "21", "8006"];

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
        table::element(ai).map(|_| Mark { start, ai, end: start + ai.len() + 2 })
    })
}

/// A printed value without the spaces around and inside it. A serial of letters is not joined over a space: what stands
/// behind it may be a word.
fn printed_value(ai: &str, text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_ascii_graphic());
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if ai == "21" && joined.len() > OWN_LENGTH {
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

fn unspaced(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
