//! What a short message says: every verdict in every language, and a handful word for word.

use contract::{Language, Verdict};

use super::*;
use crate::catalogue::BANNED;
use crate::catalogue::tests::{assert_simplified, assert_traditional};
use crate::tests::{at, day, every_verdict, seen, words};

/// Everything that a short message could say, in one language.
fn everything_brief(words: &Words, language: Language) -> Vec<String> {
    let mut all: Vec<String> = ShortText::samples().iter().map(|text| words.short_text(text, language)).collect();
    for place in [true, false] {
        let brief = Brief { at: at("2026-11-26T00:00:00Z"), place };
        for verdict in every_verdict() {
            all.push(words.brief(&verdict, brief, language));
            all.push(words.brief_advice(&verdict, brief, language));
            all.extend(words.brief_note(&verdict, brief, language));
        }
    }
    all.push(words.brief_reason("E 12.", language));
    all
}

#[test]
fn what_a_short_message_says_is_as_careful_as_what_the_page_says() {
    let words = words();
    for language in Language::ALL {
        for text in everything_brief(&words, language) {
            assert!(!text.is_empty() && text == text.trim(), "{text}");
            assert!(!text.contains(['{', '}', '$', '\n', '\u{2068}']) && !text.contains("sms-"), "{text}");
            let lower = text.to_lowercase();
            for banned in BANNED.into_iter().chain(["http", "www", ".com", "scan"]) {
                assert!(!lower.contains(banned), "{banned} in {text}");
            }
            match language {
                Language::ZhHans => assert_simplified(&text),
                Language::ZhHk => assert_traditional(&text),
                Language::En => {
                    assert!(text.replace("深圳", "").is_ascii(), "what is not ASCII costs 90 characters: {text}")
                }
            }
        }
    }
    for verdict in
        [Verdict::Typo, Verdict::Unavailable, Verdict::RateLimited { minutes: 5 }, Verdict::Expired { on: day() }]
    {
        for language in Language::ALL {
            let brief = Brief { at: at("2026-11-26T00:00:00Z"), place: true };
            let said = words.brief(&verdict, brief, language) + &words.brief_advice(&verdict, brief, language);
            for beware in ["谨防假冒", "慎防假冒", "eware"] {
                assert!(!said.contains(beware), "{said}");
            }
        }
    }
}

#[test]
fn a_short_message_says_the_year_only_where_it_is_another() {
    let words = words();
    let say = |now: &str, language| {
        let brief = Brief { at: at(now), place: true };
        words.brief(&Verdict::GenuineAgain { first: seen() }, brief, language)
    };
    assert_eq!(
        say("2026-12-31T15:59:00Z", Language::ZhHans),
        "编号有效。您首次查询是11月20日14:05在深圳，没有他人查询的记录。"
    );
    assert_eq!(
        say("2026-12-31T16:00:00Z", Language::ZhHk),
        "編號有效。您首次查詢是2026年11月20日在深圳，沒有他人查詢的紀錄。"
    );
    assert_eq!(
        say("2026-12-31T16:00:00Z", Language::En),
        "Valid number. You first checked it on 20 Nov 2026 in 深圳; nobody else has."
    );
}
