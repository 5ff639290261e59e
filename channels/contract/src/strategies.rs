//! proptest strategies for the contract's types, one of each verdict, and what must hold of any input's reading; for the
//! tests of every crate.
//!
//! Owns what is plausible. Asserts nothing but in [`hold_invariants`], and is compiled only with the feature
//! `strategies`.

mod items;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::inquiry::{
    Asker, Channel, Check, Confidence, EventTime, Identity, Inquiry, InquiryId, Language, MAX_CHECKS, Means, Place,
    Point, Request, RequestKind, ReturnRoute, Role,
};
use crate::reading::{self, Given, Number};
use crate::{
    Answer, Colour, Day, Facts, Position, Product, Receipt, Reply, Seen, Timestamp, TradeItem, Verdict, answer::Names,
};

pub use items::written_item;

/// Digits of one script, from zero to nine.
const SCRIPTS: [&str; 5] = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"];

/// What people put between groups.
const SEPARATORS: [&str; 19] = [
    " ", "\u{a0}", "\u{3000}", "  ", "-", "–", "—", "－", " - ", ".", "·", "。", "_", "/", "\u{200b}", "\u{ad}", "\n",
    "\r\n", "",
];

/// What people put before a number.
const PREFIXES: [&str; 12] =
    ["", " ", "防伪码：", "监管码:", "码", "code ", "Code: ", "No. ", "V ", "查", "VERIFY ", "\u{feff}"];

/// What people put behind a number.
const SUFFIXES: [&str; 7] = ["", " ", "。", "！", "\r\n", " 谢谢", "\u{200e}"];

/// One of each kind of verdict, in order of precedence; the one that has two colours twice. For tests of words.
///
/// # Panics
/// Never: the day it names exists.
#[must_use]
pub fn every_verdict() -> Vec<Verdict> {
    let seen = Seen { at: Timestamp(1_795_420_800_000), city: Some("深圳".to_owned()), channel: Some(Channel::Sms) };
    vec![
        Verdict::Unavailable,
        Verdict::Degraded,
        Verdict::RateLimited { minutes: 12 },
        Verdict::Malformed { read: 19, expected: 20 },
        Verdict::Typo,
        Verdict::NotUnitCode { item: TradeItem::Gtin },
        Verdict::NotCovered,
        Verdict::Unknown,
        Verdict::Compromised,
        Verdict::Stolen,
        Verdict::Recalled { reason: Some("瓶盖密封不严".to_owned()) },
        Verdict::Withdrawn,
        Verdict::Expired { on: Day::new(2026, 6, 30).expect("June has 30 days") },
        Verdict::NotActivated { fresh: true },
        Verdict::NotActivated { fresh: false },
        Verdict::NotYetOnSale { from: Day::new(2026, 12, 1) },
        Verdict::ImpossibleTravel { elsewhere: seen.clone() },
        Verdict::SoldBefore { sale: Seen { channel: None, ..seen.clone() } },
        Verdict::Overchecked { times: 6, first: seen.clone() },
        Verdict::DataMismatch { lot: true, expiry: false, product: false },
        Verdict::CartonCode { holds: 24 },
        Verdict::GenuineSeen { times: 2, first: seen.clone() },
        Verdict::GenuineAgain { first: seen },
        Verdict::GenuineFirst,
    ]
}

/// Asserts what must hold of every input, however hostile: bounds, and that what was read reads as itself again. One
/// function for the fuzz target, the replay of its corpus and the properties.
///
/// # Panics
/// Where the reading breaks one of these.
pub fn hold_invariants(input: &str) {
    let one = reading::read_one(input);
    assert_well_formed(&one);
    // What a symbol says is GS1 is an item, a bar code of ours, a parcel, or nothing: never what is left of a broken one.
    if input.starts_with("]d2") {
        let kept = match &one.number {
            Number::Digits(kept) | Number::Mixed(kept) => kept.len() <= 20,
            Number::Gs1 { .. } | Number::Unreadable { .. } => true,
        };
        assert!(kept, "{input:?} is read as {one:?}");
    }
    if let Some(written) = written(&one) {
        assert_eq!(reading::read_one(&written), one, "what was read of {input:?} reads otherwise again");
    }
    let (all, more) = reading::read_all(input, MAX_CHECKS);
    assert!(all.len() <= MAX_CHECKS && (more == 0 || all.len() == MAX_CHECKS), "{} and {more} more", all.len());
    all.iter().for_each(assert_well_formed);
    let lot = reading::normalise_lot(input);
    assert_eq!(reading::normalise_lot(&lot), lot, "a lot of {input:?} normalises otherwise again");
    if let Some(day) = reading::parse_expiry(input) {
        assert_eq!(reading::parse_expiry(&day.to_string()), Some(day), "a date of {input:?}");
    }
}

/// How a number can be written so that it is read as itself: as digits and letters, or scanned with FNC1. `None` for
/// what is unreadable.
#[must_use]
pub fn written(given: &Given) -> Option<String> {
    let mut text = match &given.number {
        Number::Unreadable { .. } => return None,
        Number::Digits(text) | Number::Mixed(text) if given.lot.is_none() && given.expiry.is_none() => {
            return Some(text.clone());
        }
        Number::Digits(text) | Number::Mixed(text) if text.len() <= 20 => format!("]C121{text}"),
        Number::Digits(_) | Number::Mixed(_) => return None,
        Number::Gs1 { gtin, serial } => {
            let serial = serial.as_ref().map(|serial| format!("21{serial}\u{1d}"));
            format!("]C101{gtin}{}", serial.unwrap_or_default())
        }
    };
    if let Some(lot) = &given.lot {
        text.push_str(&format!("\u{1d}10{lot}"));
    }
    if let Some(expiry) = given.expiry {
        text.push_str(&format!("\u{1d}17{}", yymmdd(expiry)));
    }
    Some(text)
}

fn assert_well_formed(given: &Given) {
    match &given.number {
        Number::Digits(text) => {
            assert!((1..=reading::MAX_NUMBER).contains(&text.len()), "{text}");
            assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        }
        Number::Mixed(text) => {
            assert!((1..=reading::MAX_NUMBER).contains(&text.len()), "{text}");
            assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{text}");
            assert!(text.bytes().any(|byte| byte.is_ascii_uppercase()), "{text}");
        }
        Number::Gs1 { gtin, serial } => {
            assert_eq!(gtin.len(), 14);
            assert_eq!(reading::gtin14(gtin).as_ref(), Some(gtin), "its check digit");
            assert!(serial.as_ref().is_none_or(|serial| (1..=20).contains(&serial.len())), "{serial:?}");
        }
        Number::Unreadable { read } => assert!(usize::try_from(*read).is_ok_and(|read| read <= reading::MAX_INPUT)),
    }
    assert!(given.lot.as_ref().is_none_or(|lot| (1..=20).contains(&lot.len())), "{:?}", given.lot);
}

/// The same digits in the ways people type them: other scripts, groups, separators, invisible marks, words around them.
/// Groups have 2 to 8 digits, so that both [`reading::read_one`] and [`reading::read_all`] read 20 digits (and any other
/// 8 to 19) as they are.
pub fn disguised(digits: String) -> impl Strategy<Value = String> {
    let groups = prop_oneof![Just(vec![4_usize; 32]), Just(vec![5; 32]), vec(2_usize..=8, 32)];
    (select(&SCRIPTS[..]), groups, select(&SEPARATORS[..]), select(&PREFIXES[..]), select(&SUFFIXES[..])).prop_map(
        move |(script, groups, separator, prefix, suffix)| {
            let mut sizes = groups.into_iter().cycle();
            let mut left = sizes.next().unwrap_or(1);
            let mut text = prefix.to_owned();
            for c in digits.chars() {
                if left == 0 {
                    text.push_str(separator);
                    left = sizes.next().unwrap_or(1);
                }
                left -= 1;
                let value = c.to_digit(10).and_then(|value| usize::try_from(value).ok());
                text.push(value.and_then(|value| script.chars().nth(value)).unwrap_or(c));
            }
            text.push_str(suffix);
            text
        },
    )
}

/// A number of any kind, as it can come out of a reading.
pub fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        4 => "[0-9]{20}".prop_map(Number::Digits),
        2 => "[0-9]{1,64}".prop_map(Number::Digits),
        1 => "[A-Z0-9]{0,31}[A-Z][A-Z0-9]{0,32}".prop_map(Number::Mixed),
        2 => (gtin(), option::of("[0-9A-Za-z/-]{1,20}")).prop_map(|(gtin, serial)| Number::Gs1 { gtin, serial }),
        1 => prop_oneof![Just(0_u32), 65_u32..=4_096].prop_map(|read| Number::Unreadable { read }),
    ]
}

/// A day as a GS1 field writes it.
fn yymmdd(day: Day) -> String {
    day.to_string().chars().filter(char::is_ascii_digit).skip(2).collect()
}

/// A GTIN of 14 digits with its check digit.
///
/// # Panics
/// Never: one of ten digits is the check digit.
pub fn gtin() -> impl Strategy<Value = String> {
    "[0-9]{13}".prop_map(|body| {
        let mut gtins = (0..10).filter_map(|check| reading::gtin14(&format!("{body}{check}")));
        gtins.next().expect("one of ten digits is the check digit")
    })
}

/// An instant of the years 2020 to 2049, to the millisecond.
pub fn timestamp() -> impl Strategy<Value = Timestamp> {
    (1_577_836_800_000_i64..2_524_608_000_000).prop_map(Timestamp)
}

/// A day of the years 2000 to 2049.
pub fn day() -> impl Strategy<Value = Day> {
    (2000_i16..=2049, 1_i8..=12, 1_i8..=31)
        .prop_filter_map("no such day", |(year, month, day)| Day::new(year, month, day))
}

/// A language.
pub fn language() -> impl Strategy<Value = Language> {
    select(&Language::ALL[..])
}

/// A channel.
pub fn channel() -> impl Strategy<Value = Channel> {
    select(&Channel::ALL[..])
}

/// Names with and without the two languages that fall back.
pub fn names() -> impl Strategy<Value = Names> {
    ("[一-龥]{1,12}", option::of("[一-龥]{1,12}"), option::of("[A-Za-z][A-Za-z ]{0,30}"))
        .prop_map(|(zh_hans, zh_hk, en)| Names { zh_hans, zh_hk, en })
}

/// A place with every confidence, with and without a point.
pub fn place() -> impl Strategy<Value = Place> {
    let point = (-9_000_000_i32..=9_000_000, -18_000_000_i32..=18_000_000, 0_u32..=500)
        .prop_map(|(lat_e5, lon_e5, radius_km)| Point { lat_e5, lon_e5, radius_km });
    let confidence = select(vec![Confidence::Low, Confidence::Medium, Confidence::High]);
    (city(), option::of("[一-龥]{2,3}区"), option::of(point), confidence)
        .prop_map(|(city, district, point, confidence)| Place { city, district, point, confidence })
}

/// An asker of any kind and role.
pub fn asker() -> impl Strategy<Value = Asker> {
    let identity = prop_oneof![
        "861[3-9][0-9]{9}".prop_map(Identity::Phone),
        "[a-zA-Z0-9_-]{22}".prop_map(Identity::Cookie),
        "[a-z]{3,12}".prop_map(Identity::Client),
        "mall-[0-9]{1,3}".prop_map(Identity::Terminal),
        any::<u32>().prop_map(|bits| Identity::Network(IpAddr::V4(Ipv4Addr::from_bits(bits)))),
        any::<u128>().prop_map(|bits| Identity::Network(IpAddr::V6(Ipv6Addr::from_bits(bits)))),
        Just(Identity::Unknown),
    ];
    let role = select(vec![Role::Shopper, Role::Trade, Role::Inspector, Role::Maker]);
    (identity, role).prop_map(|(identity, role)| Asker::new(identity, role))
}

/// A verdict of every kind, with plausible facts.
pub fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        select(vec![
            Verdict::Unavailable,
            Verdict::Degraded,
            Verdict::Typo,
            Verdict::NotCovered,
            Verdict::Unknown,
            Verdict::Compromised,
            Verdict::Stolen,
            Verdict::Withdrawn,
        ]),
        (1_u32..=1_440).prop_map(|minutes| Verdict::RateLimited { minutes }),
        (0_u32..=64).prop_map(|read| Verdict::Malformed { read, expected: 20 }),
        select(vec![TradeItem::Gtin, TradeItem::Licence]).prop_map(|item| Verdict::NotUnitCode { item }),
        option::of("[一-龥]{1,40}").prop_map(|reason| Verdict::Recalled { reason }),
        day().prop_map(|on| Verdict::Expired { on }),
        any::<bool>().prop_map(|fresh| Verdict::NotActivated { fresh }),
        option::of(day()).prop_map(|from| Verdict::NotYetOnSale { from }),
        seen().prop_map(|elsewhere| Verdict::ImpossibleTravel { elsewhere }),
        seen().prop_map(|sale| Verdict::SoldBefore { sale }),
        (2_u32..=5_000, seen()).prop_map(|(times, first)| Verdict::Overchecked { times, first }),
        select(vec![(true, true, false), (true, false, false), (false, true, false), (true, false, true)])
            .prop_map(|(lot, expiry, product)| Verdict::DataMismatch { lot, expiry, product }),
        (2_u32..=10_000).prop_map(|holds| Verdict::CartonCode { holds }),
        (1_u32..=9, seen()).prop_map(|(times, first)| Verdict::GenuineSeen { times, first }),
        seen().prop_map(|first| Verdict::GenuineAgain { first }),
        Just(Verdict::GenuineFirst),
    ]
}

/// An earlier event.
pub fn seen() -> impl Strategy<Value = Seen> {
    (timestamp(), option::of(city()), option::of(channel())).prop_map(|(at, city, channel)| Seen { at, city, channel })
}

/// What is known of a unit, also nothing.
pub fn facts() -> impl Strategy<Value = Facts> {
    let product =
        (names(), names(), option::of("[0-9]{2,3} ml × [1-9]"), option::of("[A-Z]{2}[0-9]{8}"), "[a-z]{3,10}")
            .prop_map(|(name, maker, spec, licence, category)| Product { name, maker, spec, licence, category });
    let times = option::of(0_u32..=5_000);
    let first = option::of(seen());
    (option::of(product), option::of("[A-Z0-9]{1,20}"), option::of(day()), option::of(day()), times, first).prop_map(
        |(product, lot, made, expiry, times_checked, first_checked)| Facts {
            product,
            lot,
            made,
            expiry,
            times_checked,
            first_checked,
        },
    )
}

/// An answer: advisories are red or amber and rank below the verdict, the colour is the worst of all.
pub fn answer() -> impl Strategy<Value = Answer> {
    (verdict(), vec(verdict(), 0..3), facts()).prop_map(|(verdict, mut advisories, facts)| {
        advisories
            .retain(|lower| lower.kind() > verdict.kind() && matches!(lower.colour(), Colour::Amber | Colour::Red));
        advisories.sort_by_key(Verdict::kind);
        advisories.dedup_by_key(|lower| lower.kind());
        let colour = advisories.iter().map(Verdict::colour).fold(verdict.colour(), worse);
        Answer { verdict, colour, advisories, facts }
    })
}

/// A reply to up to four numbers; one without a receipt never says genuine.
pub fn reply() -> impl Strategy<Value = Reply> {
    let receipt = option::weighted(0.9, (0_u64..100_000_000_000).prop_map(Receipt::from_body));
    let position = option::of((1_u64..1_000_000).prop_map(|sequence| Position { stream: 0, sequence }));
    (vec(answer(), 0..=4), receipt, timestamp(), position, any::<bool>()).prop_map(
        |(mut answers, receipt, at, position, replayed)| {
            let receipt = receipt.flatten();
            if receipt.is_none() {
                answers.retain(|answer| !answer.verdict.is_genuine());
            }
            Reply { about: RequestKind::Check, answers, receipt, at, position, silent: false, replayed }
        },
    )
}

/// An inquiry of any channel with up to four numbers; text messages have a return route.
pub fn inquiry() -> impl Strategy<Value = Inquiry> {
    let key = ("[a-z0-9-]{1,40}", 60_u64..=86_400);
    let asked = (timestamp(), 0_u32..=60_000).prop_map(|(at, error_ms)| EventTime { at, error_ms });
    let route = vec(any::<u8>(), 1..=64);
    (key, channel(), asker(), language(), option::of(place()), asked, vec(check(), 0..=4), route).prop_map(
        |((key, valid), channel, asker, language, place, asked, checks, route)| Inquiry {
            id: InquiryId { scope: channel.name().to_owned(), key, valid_for: std::time::Duration::from_secs(valid) },
            channel,
            asker,
            route: (channel == Channel::Sms).then_some(ReturnRoute(route)),
            language,
            place,
            asked,
            request: Request::Check,
            checks,
        },
    )
}

/// One number as it was given.
pub fn check() -> impl Strategy<Value = Check> {
    let means = select(vec![Means::Typed, Means::Keyed, Means::Scanned]);
    (number(), means, option::of("[A-Z0-9]{1,20}"), option::of(day())).prop_map(|(number, means, lot, expiry)| Check {
        number,
        means,
        lot,
        expiry,
    })
}

fn city() -> impl Strategy<Value = String> {
    select(vec!["深圳", "广州", "香港", "北京", "乌鲁木齐"]).prop_map(str::to_owned)
}

const fn worse(one: Colour, other: Colour) -> Colour {
    match (one, other) {
        (Colour::Red, _) | (_, Colour::Red) => Colour::Red,
        (Colour::Amber, _) | (_, Colour::Amber) => Colour::Amber,
        (Colour::Green, _) | (_, Colour::Green) => Colour::Green,
        (Colour::Grey, Colour::Grey) => Colour::Grey,
    }
}
