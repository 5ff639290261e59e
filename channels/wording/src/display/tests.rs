//! What a display shows: every verdict in every language fits its lines and is as careful as the page.

use contract::{Day, Verdict};

use super::*;
use crate::catalogue::BANNED;
use crate::catalogue::tests::{assert_simplified, assert_traditional};
use crate::tests::{at, every_verdict, words};

/// Columns of a text on a display that shows two for every Chinese character.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// Verdicts with the longest facts there are.
fn longest() -> Vec<Verdict> {
    let day = Day::new(2026, 11, 23).unwrap();
    let last_year = Seen { at: at("2025-11-20T06:05:59Z"), city: Some("深圳".to_owned()), channel: None };
    let mut all = every_verdict();
    all.extend([
        Verdict::Malformed { read: 4_096, expected: 20 },
        Verdict::Expired { on: day },
        Verdict::SoldBefore { sale: last_year.clone() },
        Verdict::ImpossibleTravel { elsewhere: last_year.clone() },
        Verdict::Overchecked { times: 9_999, first: last_year.clone() },
        Verdict::Overchecked { times: 1, first: last_year.clone() },
        Verdict::GenuineSeen { times: 999, first: last_year.clone() },
        Verdict::GenuineSeen { times: 1, first: last_year },
        Verdict::CartonCode { holds: 99_999 },
    ]);
    all
}

#[test]
fn heading_and_fact_fit_a_line_of_twenty_columns_in_every_language() {
    let words = words();
    for language in Language::ALL {
        for verdict in longest() {
            let shown = words.shown(&verdict, at("2026-11-26T00:00:00Z"), language);
            for line in [&shown.heading, &shown.fact] {
                assert!(columns(line) <= 20, "{} columns: {line}", columns(line));
            }
        }
        let mut texts = DisplayText::samples();
        texts.push(DisplayText::Tail { tail: "123456".to_owned() });
        for text in texts {
            let line = words.display_text(&text, language);
            assert!(columns(&line) <= 20, "{} columns: {line}", columns(&line));
        }
    }
}

#[test]
fn what_a_display_shows_is_as_careful_as_what_the_page_says() {
    let words = words();
    for language in Language::ALL {
        let mut all: Vec<String> =
            DisplayText::samples().iter().map(|text| words.display_text(text, language)).collect();
        for verdict in longest() {
            let Shown { heading, fact, advice } = words.shown(&verdict, at("2026-11-26T00:00:00Z"), language);
            all.extend([heading, fact, advice]);
        }
        for text in all {
            assert!(!text.is_empty() && text == text.trim(), "{text}");
            assert!(!text.contains(['{', '}', '$', '\n', '\u{2068}']) && !text.contains("kiosk-"), "{text}");
            assert!(BANNED.iter().all(|banned| !text.to_lowercase().contains(banned)), "{text}");
            match language {
                Language::ZhHans => assert_simplified(&text),
                Language::ZhHk => assert_traditional(&text),
                Language::En => assert!(text.is_ascii(), "{text}"),
            }
        }
    }
}

#[test]
fn what_says_nothing_about_the_goods_warns_of_nothing() {
    let words = words();
    for verdict in every_verdict().into_iter().filter(|verdict| {
        matches!(verdict, Verdict::Typo | Verdict::Unavailable | Verdict::RateLimited { .. } | Verdict::NotCovered)
    }) {
        for language in Language::ALL {
            let Shown { heading, fact, advice } = words.shown(&verdict, at("2026-11-26T00:00:00Z"), language);
            let said = heading + &fact + &advice;
            for beware in ["谨防假冒", "慎防假冒", "eware"] {
                assert!(!said.contains(beware), "{said}");
            }
        }
    }
}

#[test]
fn a_display_says_it_like_this() {
    let words = words();
    let first = Seen { at: at("2026-11-20T06:05:59Z"), city: Some("深圳".to_owned()), channel: None };
    let seen = Verdict::GenuineSeen { times: 2, first };
    let now = at("2026-11-26T00:00:00Z");
    let shown = |heading: &str, fact: &str, advice: &str| Shown {
        heading: heading.to_owned(),
        fact: fact.to_owned(),
        advice: advice.to_owned(),
    };
    assert_eq!(
        words.shown(&seen, now, Language::ZhHans),
        shown("有效，曾被查询", "此前被查过2次", "首次11月20日14:05。若不是您或商家查的，请仔细核对包装。")
    );
    assert_eq!(
        words.shown(&seen, now, Language::ZhHk),
        shown("有效，曾被查詢", "此前被查過2次", "首次11月20日14:05。若不是您或商戶查的，請仔細核對包裝。")
    );
    assert_eq!(
        words.shown(&seen, now, Language::En),
        shown(
            "Valid, seen before",
            "2 checks before",
            "First 20 Nov 14:05. If that was not you or the shop, compare the pack closely."
        )
    );
}
