//! The application identifiers of GS1: which there are, and what their values may hold.
//!
//! Owns the table (GS1 General Specifications, 3.2 and 7.8 to 7.12; lengths compared with the GS1 Barcode Syntax
//! Dictionary of July 2026) and the judging of one value by it. Checked are length, characters, check digits, dates and
//! times of day; not the code lists of others (countries, currencies, bank accounts), nor the pair of check characters of
//! 8013 and 8014, none of which says anything of a unit. What stands together in one string is [`super`]'s.

use crate::reading::printed;

/// The characters of a part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// `0` to `9`.
    Digits,
    /// Set 82: letters, digits and ``!"%&'()*+,-./:;<=>?_``.
    Set82,
    /// Set 39: capital letters, digits and `#-/`.
    Set39,
    /// Set 64: letters, digits and `-_=` (file-safe base 64).
    Set64,
}

/// What the characters must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Anything.
    Free,
    /// The last digit is the check digit of those before it.
    CheckDigit,
    /// `YYMMDD`, where day 00 is the end of the month.
    DayOrMonth,
    /// `YYMMDD`.
    Day,
    /// `HHMM`.
    Time,
}

/// One part of a value; only the last that is there may vary in length.
#[derive(Debug, Clone, Copy)]
struct Part {
    set: Set,
    least: usize,
    most: usize,
    rule: Rule,
    /// It may be left out, with all that follow it.
    optional: bool,
}

impl Part {
    const fn maybe(self) -> Self {
        Self { optional: true, ..self }
    }
}

const fn part(set: Set, least: usize, most: usize, rule: Rule) -> Part {
    Part { set, least, most, rule, optional: false }
}

/// So many digits.
const fn n(count: usize) -> Part {
    part(Set::Digits, count, count, Rule::Free)
}

/// So many digits, the last of them a check digit.
const fn key(count: usize) -> Part {
    part(Set::Digits, count, count, Rule::CheckDigit)
}

/// One to so many digits.
const fn n_to(most: usize) -> Part {
    part(Set::Digits, 1, most, Rule::Free)
}

/// So many characters.
const fn x(count: usize) -> Part {
    part(Set::Set82, count, count, Rule::Free)
}

/// One to so many characters.
const fn x_to(most: usize) -> Part {
    part(Set::Set82, 1, most, Rule::Free)
}

const MONTH: Part = part(Set::Digits, 6, 6, Rule::DayOrMonth);
const DAY: Part = part(Set::Digits, 6, 6, Rule::Day);
const TIME: Part = part(Set::Digits, 4, 4, Rule::Time);

/// The identifiers from `first` to `last`. With `decimals` one more digit follows, from 0 to that: where the decimal point
/// of a measure stands.
#[derive(Debug)]
pub(super) struct Element {
    first: &'static str,
    last: &'static str,
    decimals: Option<u8>,
    parts: &'static [Part],
}

const fn one(ai: &'static str, parts: &'static [Part]) -> Element {
    Element { first: ai, last: ai, decimals: None, parts }
}

const fn all(first: &'static str, last: &'static str, parts: &'static [Part]) -> Element {
    Element { first, last, decimals: None, parts }
}

const fn measures(first: &'static str, last: &'static str, decimals: u8, parts: &'static [Part]) -> Element {
    Element { first, last, decimals: Some(decimals), parts }
}

/// In the order of the identifiers' digits. The first two digits say how long an identifier is, so that none begins
/// another.
#[rustfmt::skip]
const ELEMENTS: [Element; 109] = [
    one("00", &[key(18)]),
    all("01", "03", &[key(14)]),
    one("10", &[x_to(20)]),
    all("11", "13", &[MONTH]),
    all("15", "17", &[MONTH]),
    one("20", &[n(2)]),
    all("21", "22", &[x_to(20)]),
    one("235", &[x_to(28)]),
    all("240", "241", &[x_to(30)]),
    one("242", &[n_to(6)]),
    one("243", &[x_to(20)]),
    all("250", "251", &[x_to(30)]),
    one("253", &[key(13), x_to(17).maybe()]),
    one("254", &[x_to(20)]),
    one("255", &[key(13), n_to(12).maybe()]),
    one("30", &[n_to(8)]),
    // Weights, lengths, areas and volumes, in metric and in other units.
    measures("310", "316", 5, &[n(6)]),
    measures("320", "337", 5, &[n(6)]),
    measures("340", "357", 5, &[n(6)]),
    measures("360", "369", 5, &[n(6)]),
    one("37", &[n_to(8)]),
    // Amounts and prices, with and without their currency.
    measures("390", "390", 9, &[n_to(15)]),
    measures("391", "391", 9, &[n(3), n_to(15)]),
    measures("392", "392", 9, &[n_to(15)]),
    measures("393", "393", 9, &[n(3), n_to(15)]),
    measures("394", "394", 3, &[n(4)]),
    measures("395", "395", 5, &[n(6)]),
    all("400", "401", &[x_to(30)]),
    one("402", &[key(17)]),
    one("403", &[x_to(30)]),
    all("410", "417", &[key(13)]),
    one("420", &[x_to(20)]),
    one("421", &[n(3), x_to(9)]),
    one("422", &[n(3)]),
    one("423", &[n(3), n(3).maybe(), n(3).maybe(), n(3).maybe(), n(3).maybe()]),
    one("424", &[n(3)]),
    one("425", &[n(3), n(3).maybe(), n(3).maybe(), n(3).maybe(), n(3).maybe()]),
    one("426", &[n(3)]),
    one("427", &[x_to(3)]),
    // Where a parcel goes, and back.
    all("4300", "4301", &[x_to(35)]),
    all("4302", "4306", &[x_to(70)]),
    one("4307", &[x(2)]),
    one("4308", &[x_to(30)]),
    one("4309", &[n(20)]),
    all("4310", "4311", &[x_to(35)]),
    all("4312", "4316", &[x_to(70)]),
    one("4317", &[x(2)]),
    one("4318", &[x_to(20)]),
    one("4319", &[x_to(30)]),
    one("4320", &[x_to(35)]),
    all("4321", "4323", &[n(1)]),
    // A day from 00:00 on is written with the time 9999 where none is set.
    all("4324", "4325", &[MONTH, n(4)]),
    one("4326", &[DAY]),
    all("4330", "4333", &[n(6), x(1).maybe()]),
    one("7001", &[n(13)]),
    one("7002", &[x_to(30)]),
    one("7003", &[DAY, TIME]),
    one("7004", &[n_to(4)]),
    one("7005", &[x_to(12)]),
    one("7006", &[DAY]),
    one("7007", &[DAY, DAY.maybe()]),
    one("7008", &[x_to(3)]),
    one("7009", &[x_to(10)]),
    one("7010", &[x_to(2)]),
    one("7011", &[DAY, TIME.maybe()]),
    all("7020", "7022", &[x_to(20)]),
    one("7023", &[x_to(30)]),
    all("7030", "7039", &[n(3), x_to(27)]),
    one("7040", &[n(1), x(3)]),
    one("7041", &[x_to(4)]),
    // National numbers of medicines.
    all("710", "717", &[x_to(20)]),
    all("7230", "7239", &[x(2), x_to(28)]),
    one("7240", &[x_to(20)]),
    one("7241", &[n(2)]),
    one("7242", &[x_to(25)]),
    one("7250", &[n(8)]),
    one("7251", &[n(8), TIME]),
    one("7252", &[n(1)]),
    all("7253", "7254", &[x_to(40)]),
    one("7255", &[x_to(10)]),
    one("7256", &[x_to(90)]),
    one("7257", &[x_to(70)]),
    one("7258", &[x(3)]),
    one("7259", &[x_to(40)]),
    one("8001", &[n(14)]),
    one("8002", &[x_to(20)]),
    // A zero, then the thirteen digits of a key: the zero changes nothing in its check digit.
    one("8003", &[key(14), x_to(16).maybe()]),
    one("8004", &[x_to(30)]),
    one("8005", &[n(6)]),
    one("8006", &[key(14), n(4)]),
    one("8007", &[x_to(34)]),
    one("8008", &[DAY, n(2), n(2).maybe(), n(2).maybe()]),
    one("8009", &[x_to(50)]),
    one("8010", &[part(Set::Set39, 1, 30, Rule::Free)]),
    one("8011", &[n_to(12)]),
    one("8012", &[x_to(20)]),
    all("8013", "8014", &[x_to(25)]),
    all("8017", "8018", &[key(18)]),
    one("8019", &[n_to(10)]),
    one("8020", &[x_to(25)]),
    one("8026", &[key(14), n(4)]),
    one("8030", &[part(Set::Set64, 1, 90, Rule::Free)]),
    all("8040", "8041", &[n(15)]),
    one("8042", &[n(32)]),
    one("8043", &[n(18), n_to(2).maybe()]),
    one("8110", &[x_to(70)]),
    one("8111", &[n(4)]),
    one("8112", &[x_to(70)]),
    one("8200", &[x_to(70)]),
];

/// What companies agree on among themselves.
const INTERNAL: [Element; 2] = [one("90", &[x_to(30)]), all("91", "99", &[x_to(90)])];

/// The identifier that a text begins with, what it means, and the text behind it.
pub(super) fn begins(text: &str) -> Option<(&str, &'static Element, &str)> {
    let (ai, behind) = text.split_at_checked(identifier_length(text)?)?;
    Some((ai, element(ai)?, behind))
}

/// What an identifier means.
pub(super) fn element(ai: &str) -> Option<&'static Element> {
    ELEMENTS.iter().chain(&INTERNAL).find(|element| element.is(ai))
}

/// Digits of the identifier that begins with these two (General Specifications, 3.2).
fn identifier_length(text: &str) -> Option<usize> {
    let length = match text.get(..2)? {
        "00" | "01" | "02" | "03" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21" | "22" | "30"
        | "37" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" | "71" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "72" | "80" | "81" | "82" => 4,
        internal if internal.starts_with('9') => 2,
        _ => return None,
    };
    Some(length)
}

impl Element {
    fn is(&self, ai: &str) -> bool {
        let (front, tail) = match self.decimals {
            None => (ai, None),
            Some(most) => match ai.split_at_checked(self.first.len()) {
                Some((front, tail)) => (front, Some((tail, most))),
                None => return false,
            },
        };
        let point = tail.is_none_or(
            |(tail, most)| matches!(tail.as_bytes(), [digit] if digit.is_ascii_digit() && digit - b'0' <= most),
        );
        let is_number = front.bytes().all(|byte| byte.is_ascii_digit());
        point && is_number && front.len() == self.first.len() && self.first <= front && front <= self.last
    }

    /// Where a value ends that nothing separates from what follows: at a known length, or at the longest it may have.
    pub(super) fn end_in(&self, text: &str) -> usize {
        text.len().min(self.parts.iter().map(|part| part.most).sum())
    }

    /// Whether every value has the same length.
    pub(super) fn is_fixed(&self) -> bool {
        self.parts.iter().all(|part| part.least == part.most && !part.optional)
    }

    /// Whether this is a value of the identifier.
    pub(super) fn admits(&self, value: &str) -> bool {
        let mut rest = value;
        for part in self.parts {
            if rest.is_empty() && part.optional {
                return true;
            }
            let Some((front, behind)) = rest.split_at_checked(part.most.min(rest.len())) else { return false };
            if front.len() < part.least || !part.admits(front) {
                return false;
            }
            rest = behind;
        }
        rest.is_empty()
    }
}

impl Part {
    fn admits(&self, text: &str) -> bool {
        let in_set = |byte: u8| match self.set {
            Set::Digits => byte.is_ascii_digit(),
            Set::Set82 => byte.is_ascii_alphanumeric() || b"!\"%&'()*+,-./:;<=>?_".contains(&byte),
            Set::Set39 => byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"#-/".contains(&byte),
            Set::Set64 => byte.is_ascii_alphanumeric() || b"-_=".contains(&byte),
        };
        if !text.bytes().all(in_set) {
            return false;
        }
        match self.rule {
            Rule::Free => true,
            Rule::CheckDigit => super::check_digit_holds(text),
            Rule::DayOrMonth => printed::parse_yymmdd(text).is_some(),
            Rule::Day => !text.ends_with("00") && printed::parse_yymmdd(text).is_some(),
            Rule::Time => text.split_at_checked(2).is_some_and(|(hour, minute)| hour < "24" && minute < "60"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(ai: &str, value: &str) -> bool {
        element(ai).is_some_and(|element| element.admits(value))
    }

    #[test]
    fn identifiers_stand_in_order_and_none_overlaps_or_begins_another() {
        let all: Vec<&Element> = ELEMENTS.iter().chain(&INTERNAL).collect();
        for pair in all.windows(2) {
            assert!(pair[0].last < pair[1].first, "{} before {}", pair[0].last, pair[1].first);
            assert!(!pair[1].first.starts_with(pair[0].first), "{} begins {}", pair[0].first, pair[1].first);
        }
        for element in all {
            assert!(element.first <= element.last && element.first.len() == element.last.len(), "{}", element.first);
            let more = usize::from(element.decimals.is_some());
            assert_eq!(identifier_length(element.first), Some(element.first.len() + more), "{}", element.first);
            let (last, front) = element.parts.split_last().unwrap();
            assert!(front.iter().all(|part| part.least == part.most), "{} varies in its middle", element.first);
            assert!(last.most >= last.least && last.least > 0, "{}", element.first);
            let optional: Vec<bool> = element.parts.iter().map(|part| part.optional).collect();
            assert!(optional.is_sorted(), "{}: nothing that must be there stands behind what may be", element.first);
        }
    }

    #[test]
    fn every_identifier_in_use_is_known_and_no_other() {
        let all = [(2_usize, 100), (3, 1_000), (4, 10_000)].into_iter();
        let all = all.flat_map(|(length, many)| (0..many).map(move |ai| format!("{ai:0length$}")));
        let known: Vec<String> = all.filter(|ai| element(ai).is_some()).collect();
        // Counted by hand in the table of section 3.2.
        assert_eq!(known.iter().filter(|ai| ai.len() == 2).count(), 26);
        assert_eq!(known.iter().filter(|ai| ai.len() == 3).count(), 38);
        assert_eq!(known.iter().filter(|ai| ai.starts_with('3') && ai.len() == 4).count(), 53 * 6 + 4 * 10 + 4 + 6);
        for unknown in
            ["04", "14", "18", "19", "236", "3106", "3180", "3800", "3944", "418", "4334", "7012", "718", "8015", "83"]
        {
            assert!(element(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn values_are_judged_by_length_characters_check_digit_and_date() {
        for (ai, good, bad) in [
            ("00", "106141412345678908", "106141412345678909"),
            ("01", "06901234567892", "06901234567893"),
            ("10", "L5A/1", "L5A 1"),
            ("10", "A1234567890123456789", "A12345678901234567890"),
            ("17", "270300", "271300"),
            ("17", "280229", "270229"),
            ("20", "07", "7"),
            ("21", "!\"%&'()*+,-./:;<=>?_", "A#1"),
            ("21", "Az09", ""),
            ("235", "A", "A^"),
            ("242", "123456", "12345A"),
            ("253", "4006381333931XYZ", "4006381333930XYZ"),
            ("253", "4006381333931", "400638133393"),
            ("3103", "001250", "1250"),
            ("3939", "978123", "978"),
            ("414", "4006381333931", "4006381333932"),
            ("423", "156392", "15639"),
            ("7003", "2703311530", "2703002460"),
            ("7003", "2703312359", "2703312400"),
            ("7011", "270331", "27033115"),
            ("7040", "1ABC", "1AB"),
            ("8003", "04006381333931A-1", "04006381333930A-1"),
            ("8006", "069012345678920102", "06901234567892010"),
            ("8008", "2703311530", "27033115300"),
            ("8010", "4006381A#1", "4006381a"),
            ("8030", "Ab-_=", "Ab/+"),
            ("99", "anything(1)", "any thing"),
        ] {
            assert!(admits(ai, good), "({ai}){good}");
            assert!(!admits(ai, bad), "({ai}){bad}");
        }
    }
}
