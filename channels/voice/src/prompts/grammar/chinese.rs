//! Mandarin and Cantonese: the same characters, each language its own recordings.
//!
//! Two is 两 (兩) before what is counted and in the thousands, 二 elsewhere; years are said digit by digit.

use contract::{Day, Language};

use super::{Piece, Unit, clip};

const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

/// Tens, hundreds and thousands, from the right.
const PLACES: [&str; 4] = ["", "十", "百", "千"];

const fn two(language: Language) -> &'static str {
    match language {
        Language::ZhHk => "兩",
        Language::ZhHans | Language::En => "两",
    }
}

const fn myriad(language: Language) -> &'static str {
    match language {
        Language::ZhHk => "萬",
        Language::ZhHans | Language::En => "万",
    }
}

const fn hundred_million(language: Language) -> &'static str {
    match language {
        Language::ZhHk => "億",
        Language::ZhHans | Language::En => "亿",
    }
}

const fn unit(language: Language, unit: Unit) -> (&'static str, &'static str) {
    let hans = !matches!(language, Language::ZhHk);
    match unit {
        Unit::Digits => ("unit.digits", if hans { "位数字" } else { "位數字" }),
        Unit::Times => ("unit.times", "次"),
        Unit::Minutes => ("unit.minutes", if hans { "分钟" } else { "分鐘" }),
    }
}

pub(super) fn digit(language: Language, value: u8) -> Piece {
    clip(language, format!("n.{value}"), DIGITS.get(usize::from(value)).copied().unwrap_or_default())
}

/// A digit in a number: the name of its recording and its words.
fn said(language: Language, character: &str) -> Piece {
    let name = match character {
        "十" => "n.10".to_owned(),
        "百" => "n.100".to_owned(),
        "千" => "n.1000".to_owned(),
        "万" | "萬" => "n.10000".to_owned(),
        "亿" | "億" => "n.100000000".to_owned(),
        "两" | "兩" => "n.two".to_owned(),
        digit => format!("n.{}", DIGITS.iter().position(|other| *other == digit).unwrap_or_default()),
    };
    clip(language, name, character)
}

/// The characters of a number below ten thousand; `leads` where nothing stands before it.
fn below_myriad(value: u32, leads: bool, language: Language, out: &mut Vec<&'static str>) {
    let mut gap = false;
    let begun = out.len();
    for place in (0..4_u32).rev() {
        let at = usize::try_from(value / 10_u32.pow(place) % 10).unwrap_or_default();
        let (Some(digit), Some(sign)) = (DIGITS.get(at), usize::try_from(place).ok().and_then(|at| PLACES.get(at)))
        else {
            continue;
        };
        if at == 0 {
            gap = true;
            continue;
        }
        let first = out.len() == begun;
        if gap && (!first || !leads) {
            out.push("零");
        }
        gap = false;
        match (place, at) {
            // 十二, and not 一十二, where it begins.
            (1, 1) if first && leads => {}
            (3, 2) => out.push(two(language)),
            _ => out.push(digit),
        }
        if place > 0 {
            out.push(sign);
        }
    }
}

/// The characters of a number.
pub(super) fn number(language: Language, value: u32) -> Vec<&'static str> {
    if value == 0 {
        return vec!["零"];
    }
    let mut out = Vec::new();
    for (part, sign) in [
        (value / 100_000_000, hundred_million(language)),
        (value / 10_000 % 10_000, myriad(language)),
        (value % 10_000, ""),
    ] {
        if part == 0 {
            continue;
        }
        let leads = out.is_empty();
        if part == 2 && !sign.is_empty() && leads {
            out.push(two(language));
        } else {
            below_myriad(part, leads, language, &mut out);
        }
        if !sign.is_empty() {
            out.push(sign);
        }
    }
    out
}

pub(super) fn count(language: Language, value: u32, of: Unit) -> Vec<Piece> {
    let characters = if value == 2 { vec![two(language)] } else { number(language, value) };
    let mut pieces: Vec<Piece> = characters.into_iter().map(|character| said(language, character)).collect();
    let (name, text) = unit(language, of);
    pieces.push(clip(language, name, text));
    pieces
}

/// A month or a day of the month in characters.
fn small(value: u32, language: Language) -> String {
    number(language, value).concat()
}

fn month(language: Language, value: u32) -> (String, String) {
    (format!("month.{value}"), format!("{}月", small(value, language)))
}

fn day_of_month(language: Language, value: u32) -> (String, String) {
    let sign = if language == Language::ZhHk { "號" } else { "日" };
    (format!("day.{value}"), format!("{}{sign}", small(value, language)))
}

pub(super) fn day(language: Language, day: Day) -> Vec<Piece> {
    let date = day.to_civil();
    let part = |value: i8| u32::try_from(value).unwrap_or_default();
    let mut pieces: Vec<Piece> = date
        .year()
        .to_string()
        .bytes()
        .map(|digit| match digit.wrapping_sub(b'0') {
            0 => clip(language, "n.0", "〇"),
            value => self::digit(language, value),
        })
        .collect();
    pieces.push(clip(language, "unit.year", "年"));
    for (name, text) in [month(language, part(date.month())), day_of_month(language, part(date.day()))] {
        pieces.push(clip(language, name, text));
    }
    pieces
}

pub(super) fn every(language: Language) -> Vec<(String, String)> {
    let signs = ["十", "百", "千", myriad(language), hundred_million(language), two(language)];
    let characters = DIGITS.into_iter().chain(signs).map(|character| said(language, character));
    let named = characters.filter_map(|piece| match piece {
        Piece::Clip { clip, text, .. } => Some((clip, text)),
        Piece::Name { .. } | Piece::Pause { .. } | Piece::Aside(_) => None,
    });
    let units = [Unit::Digits, Unit::Times, Unit::Minutes].map(|of| unit(language, of));
    named
        .chain(units.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())))
        .chain([("unit.year".to_owned(), "年".to_owned())])
        .chain((1..=12).map(|value| month(language, value)))
        .chain((1..=31).map(|value| day_of_month(language, value)))
        .collect()
}
