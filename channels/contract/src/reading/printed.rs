//! The expiry date and the lot as they are read off a pack.
//!
//! Owns which ways to write them are understood. Does not compare them with a record (the core's), and does not guess
//! which of two numbers is the month.

use super::characters;
use crate::time::Day;

/// The year by which two digits of a year are understood (GS1 General Specifications, 7.12: from 49 years before it to
/// 50 years after). Fixed, so that reading needs no clock: it is right for goods that expire before 2077.
const CENTURY_OF: i32 = 2026;

/// The longest text that can be a date, in characters.
const LONGEST_DATE: usize = 64;

/// Reads an expiry date as shoppers and programs give it: `2027-03-31` with any separator and one digit for a month or a
/// day, `2027年3月31日`, `20270331`, `270331` and `27-03-31`. Without a day (`2027-03`, `2027年3月`) or with day 00
/// (`270300`) it is the end of the month. Words in front ("EXP", "有效期至") do not matter. `None` for everything else,
/// also for `03/04/2027`, which two readers would understand differently.
#[must_use]
pub fn parse_expiry(text: &str) -> Option<Day> {
    let folded = characters::fold(text);
    let text = folded.trim();
    if text.chars().count() > LONGEST_DATE {
        return None;
    }
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (_, dated) = text.split_at_checked(start)?;
    // A letter between or behind the digits says something that is not understood here.
    if dated.chars().any(|c| !(c.is_ascii_digit() || " -./年月日号號\n\t".contains(c))) {
        return None;
    }
    let groups: Vec<&str> = dated.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    match groups.as_slice() {
        [whole] if whole.len() == 6 => parse_yymmdd(whole),
        [whole] if whole.len() == 8 => {
            let (year, rest) = whole.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            day_of(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        [year, month] if year.len() == 4 && month.len() <= 2 => day_of(year.parse().ok()?, month.parse().ok()?, 0),
        [year, month, day] if month.len() <= 2 && day.len() <= 2 => {
            let full = match year.len() {
                4 => year.parse().ok()?,
                2 if day.len() == 2 && month.len() == 2 => full_year(year.parse().ok()?),
                _ => return None,
            };
            day_of(full, month.parse().ok()?, day.parse().ok()?)
        }
        _ => None,
    }
}

/// Reads the date of a GS1 field: `YYMMDD`, where day 00 is the end of the month (General Specifications, 3.4.2).
pub(super) fn parse_yymmdd(text: &str) -> Option<Day> {
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at_checked(2)?;
    let (month, day) = rest.split_at_checked(2)?;
    day_of(full_year(year.parse().ok()?), month.parse().ok()?, day.parse().ok()?)
}

/// The form in which two lots are compared: ASCII twins, upper case, no spaces, no dashes, no invisible marks. Every
/// other sign counts.
#[must_use]
pub fn normalise_lot(text: &str) -> String {
    characters::twins(text)
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-' && *c != characters::FNC1)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn full_year(two_digits: i32) -> i32 {
    let current = CENTURY_OF % 100;
    let century = CENTURY_OF - current;
    match two_digits - current {
        51.. => century - 100 + two_digits,
        ..=-50 => century + 100 + two_digits,
        _ => century + two_digits,
    }
}

/// A day that exists; day 0 is the last of the month.
fn day_of(year: i32, month: i32, day: i32) -> Option<Day> {
    let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    if day == 0 {
        Day::new(year, month, 1).map(|first| Day::from_civil(first.to_civil().last_of_month()))
    } else {
        Day::new(year, month, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(text: &str) -> Option<String> {
        parse_expiry(text).map(|day| day.to_string())
    }

    #[test]
    fn a_date_is_read_in_the_ways_it_is_printed() {
        for text in [
            "2027-03-31",
            " 2027/3/31 ",
            "2027.03.31",
            "20270331",
            "270331",
            "27-03-31",
            "2027年3月31日",
            "２０２７年０３月３１号",
            "有效期至：2027年03月31日",
            "EXP 2027-03-31",
            "270300",
            "20270300",
            "2027-03",
            "2027年3月",
        ] {
            assert_eq!(expiry(text).as_deref(), Some("2027-03-31"), "{text}");
        }
        assert_eq!(expiry("280200").as_deref(), Some("2028-02-29"), "the end of a leap year's February");
    }

    #[test]
    fn what_is_no_date_or_could_be_two_is_not_read() {
        for text in
            ["", "2027-02-30", "271301", "03/04/2027", "2027", "27-3-1", "2027-03-31 to 2028", "2027-03-31x", "一二"]
        {
            assert_eq!(expiry(text), None, "{text}");
        }
        assert_eq!(expiry(&"2027-03-31 ".repeat(500)), None);
    }

    #[test]
    fn two_digits_of_a_year_follow_the_century_rule() {
        assert_eq!(expiry("760101").as_deref(), Some("2076-01-01"));
        assert_eq!(expiry("770101").as_deref(), Some("1977-01-01"));
        assert_eq!(expiry("000101").as_deref(), Some("2000-01-01"));
    }

    #[test]
    fn lots_compare_without_spaces_dashes_and_case() {
        for text in ["ab-12/3", " AB 12/3 ", "ＡＢ—１２／３", "Ab\u{200b}12/3"] {
            assert_eq!(normalise_lot(text), "AB12/3", "{text}");
        }
        assert_eq!(normalise_lot("批次A1"), "批次A1");
    }
}
