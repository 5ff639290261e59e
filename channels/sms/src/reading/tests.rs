//! Texts as people write them, and what no person wrote.

use contract::{Identity, Language, RequestKind};
use proptest::prelude::*;

use super::*;

const OURS: &str = "12365";
const NUMBER: &str = "12345678901234567890";

fn address(text: &str, ton: u8) -> Address {
    Address { text: text.to_owned(), ton, npi: 1 }
}

fn settings() -> Settings {
    Settings { language: Language::En, own: vec![OURS.to_owned(), "+8610650001".to_owned()], ..Settings::default() }
}

fn read_from(from: &Address, words: &str) -> Reading {
    read(&Text { from, to: &address(OURS, 0), kind: MoKind::Text, words: Ok(words) }, &settings())
}

fn question_from(phone: &str, words: &str) -> Question {
    match read_from(&address(phone, 1), words) {
        Reading::Asks(question) => *question,
        Reading::Silence(silence) => panic!("{silence:?} for {words}"),
    }
}

fn question(words: &str) -> Question {
    question_from("8613800138000", words)
}

fn numbers(words: &str) -> Vec<String> {
    let said = |check: Check| match check.number {
        Number::Digits(text) | Number::Mixed(text) => text,
        Number::Gs1 { gtin, serial } => format!("{gtin}/{}", serial.unwrap_or_default()),
        Number::Unreadable { read } => format!("{read} characters"),
    };
    question(words).checks.into_iter().map(said).collect()
}

#[test]
fn a_number_is_found_with_any_key_word_or_none() {
    for words in [
        NUMBER,
        "查12345678901234567890",
        "查询 1234 5678 9012 3456 7890",
        "防伪：12345-67890-12345-67890，谢谢",
        "V12345678901234567890",
        "verify 12345678901234567890 pls",
        "Check\n1234567890\n1234567890",
        "ＶＥＲＩＦＹ　１２３４５６７８９０１２３４５６７８９０",
        "你好，我买的这瓶编号是12345 67890 12345 67890，是真的吗？",
    ] {
        assert_eq!(numbers(words), [NUMBER], "{words}");
        assert_eq!(question(words).request, Request::Check);
        assert_eq!(question(words).memory, Memory::default(), "one number needs no name");
    }
}

#[test]
fn the_operators_own_key_word_is_no_part_of_the_number_and_may_tell_the_language() {
    let settings =
        Settings { keywords: vec![("tea8".to_owned(), Some(Language::En)), ("茶".to_owned(), None)], ..settings() };
    let from = address("8613800138000", 1);
    let to = address(OURS, 0);
    let Reading::Asks(question) =
        read(&Text { from: &from, to: &to, kind: MoKind::Text, words: Ok("TEA8 12345678901234567890") }, &settings)
    else {
        panic!("not answered");
    };
    assert_eq!(question.checks[0].number, Number::Digits(NUMBER.to_owned()));
    assert_eq!(question.language, Language::En);
}

#[test]
fn several_numbers_are_one_question_and_the_rest_is_counted() {
    let words =
        "12345678901234567890\n09876543210987654321, 11111111112222222222 33333333334444444444 55555555556666666666";
    let question = question(words);
    assert_eq!(question.checks.len(), 3);
    assert_eq!(
        question.memory,
        Memory { tails: ["7890", "4321", "2222"].map(str::to_owned).to_vec(), more: 2, lack: Lack::Nothing }
    );
}

#[test]
fn words_for_stop_start_and_help_are_requests_where_they_stand_alone() {
    for (words, kind) in [
        ("STOP", RequestKind::Stop),
        (" stop. ", RequestKind::Stop),
        ("Stop stop STOP", RequestKind::Stop),
        ("please stop", RequestKind::Stop),
        ("退订", RequestKind::Stop),
        ("退訂！", RequestKind::Stop),
        ("TD", RequestKind::Stop),
        ("ＴＤ", RequestKind::Stop),
        ("回复TD", RequestKind::Help),
        ("UNSUBSCRIBE", RequestKind::Stop),
        ("START", RequestKind::Start),
        ("开始", RequestKind::Start),
        ("「開始」", RequestKind::Start),
        ("HELP", RequestKind::Help),
        ("help me", RequestKind::Help),
        ("?", RequestKind::Help),
        ("？？", RequestKind::Help),
        ("帮助", RequestKind::Help),
        ("幫助一下", RequestKind::Help),
    ] {
        let question = question(words);
        assert_eq!(question.request.kind(), kind, "{words}");
        assert!(question.checks.is_empty());
    }
    for words in ["stop selling this 12345678901234567890", "TD 12345678901234567890"] {
        assert_eq!(question(words).request, Request::Check, "{words}");
    }
    for words in ["the shop should stop this", "end of the bottle", "cancel my order"] {
        assert_eq!(question(words).request, Request::Help, "nobody opts out by accident: {words}");
    }
}

#[test]
fn a_text_without_a_number_is_told_how() {
    for words in ["", "   ", "hello", "你好", "这瓶是真的吗", "123", "2026-11-26"] {
        let question = question(words);
        assert_eq!((question.request, question.memory.lack), (Request::Help, Lack::Number), "{words}");
    }
    assert_eq!(question("help").memory.lack, Lack::Nothing);
    assert_eq!(question("怎么查？").memory.lack, Lack::Nothing);
}

#[test]
fn a_report_is_a_tip_with_its_receipt() {
    let receipt = Receipt::from_body(12_345_678_901).unwrap();
    let digits = receipt.to_string();
    let spaced = wording::grouped(receipt);
    for (words, found, text) in [
        (format!("举报 {digits} 街口小店卖过期酱油"), Some(receipt), "街口小店卖过期酱油"),
        (format!("舉報{spaced}，街口舖頭"), Some(receipt), "，街口舖頭"),
        (
            format!("REPORT the shop at the corner, receipt {spaced}. Thanks"),
            Some(receipt),
            "the shop at the corner, receipt . Thanks",
        ),
        ("举报 街口小店，编号12345678901234567890".to_owned(), None, "街口小店，编号12345678901234567890"),
        ("举报：123456789012 是坏的".to_owned(), None, "123456789012 是坏的"),
        (format!("举报{digits}"), Some(receipt), ""),
    ] {
        let Request::Tip(tip) = question(&words).request else { panic!("no tip: {words}") };
        assert_eq!((tip.receipt, tip.text.as_str()), (found, text), "{words}");
    }
    let long = format!("举报{}", "长".repeat(2_000));
    let Request::Tip(tip) = question(&long).request else { panic!("no tip") };
    assert_eq!(tip.text.chars().count(), contract::inquiry::MAX_TIP);
    assert_eq!(question("举报").request, Request::Help, "nothing is reported yet");
    assert_eq!(question("reported 12345678901234567890").request, Request::Check, "another word");
}

#[test]
fn no_answer_goes_to_what_no_person_sent() {
    let from = |text, ton| read_from(&address(text, ton), NUMBER);
    for (reading, silence) in [
        (from("CMCC", 5), Silence::Name),
        (from("12345678", 5), Silence::Name),
        (from("", 0), Silence::Name),
        (from("10086", 0), Silence::ShortNumber),
        (from("95588123", 3), Silence::ShortNumber),
        (from("1069012345678", 0), Silence::ShortNumber),
        (from("861065000123456", 1), Silence::ShortNumber),
        (from(OURS, 0), Silence::Ourselves),
        (from("8610650001", 1), Silence::Ourselves),
        (read_from(&address("8613800138000", 1), "[自动回复] 我在开会 12345678901234567890"), Silence::AutomaticReply),
        (read_from(&address("8613800138000", 1), "Auto-Reply: I am driving"), Silence::AutomaticReply),
    ] {
        assert_eq!(reading, Reading::Silence(silence));
    }
    let phone = address("8613800138000", 1);
    let to = address(OURS, 0);
    let data = Text { from: &phone, to: &to, kind: MoKind::Text, words: Err(Unreadable::Binary) };
    assert_eq!(read(&data, &settings()), Reading::Silence(Silence::NotText));
    let acknowledgement = Text { kind: MoKind::Acknowledgement, words: Ok(NUMBER), ..data };
    assert_eq!(read(&acknowledgement, &settings()), Reading::Silence(Silence::Acknowledgement));
}

#[test]
fn the_language_is_the_script_s_then_the_word_s_then_the_country_s() {
    for (phone, words, language) in [
        ("8613800138000", NUMBER, Language::ZhHans),
        ("85291234567", NUMBER, Language::ZhHk),
        ("85366123456", NUMBER, Language::ZhHk),
        ("14155550123", NUMBER, Language::En),
        ("447700900123", NUMBER, Language::En),
        ("6591234567", NUMBER, Language::En),
        ("447700900123", "查詢 12345678901234567890", Language::ZhHk),
        ("85291234567", "查 12345678901234567890", Language::ZhHk),
        ("14155550123", "查 12345678901234567890", Language::ZhHans),
        ("85291234567", "查询 12345678901234567890", Language::ZhHans),
        ("8613800138000", "查詢 12345678901234567890", Language::ZhHk),
        ("8613800138000", "verify 12345678901234567890", Language::En),
        ("8613800138000", "V 12345678901234567890", Language::ZhHans),
        ("8613800138000", "SN:12345678901234567890", Language::ZhHans),
        ("85291234567", "cx12345678901234567890", Language::ZhHk),
        ("14155550123", "TD", Language::ZhHans),
        ("85291234567", "help", Language::En),
        ("8613800138000", "幫我睇下", Language::ZhHk),
    ] {
        assert_eq!(question_from(phone, words).language, language, "{phone} {words}");
    }
}

#[test]
fn a_bare_number_is_answered_in_the_default_only_where_the_country_tells_nothing() {
    let settings = Settings { language: Language::ZhHans, ..settings() };
    for (phone, language) in [
        ("447700900123", Language::En),
        ("14155550123", Language::En),
        ("85291234567", Language::ZhHk),
        ("33612345678", Language::ZhHans),
        ("819012345678", Language::ZhHans),
    ] {
        let (from, to) = (address(phone, 1), address(OURS, 0));
        let text = Text { from: &from, to: &to, kind: MoKind::Text, words: Ok(NUMBER) };
        let Reading::Asks(question) = read(&text, &settings) else { panic!("{phone} is not answered") };
        assert_eq!(question.language, language, "{phone}");
    }
}

#[test]
fn a_handset_is_the_same_asker_by_its_number() {
    for (text, ton) in [("13800138000", 2), ("+8613800138000", 0), ("8613800138000", 1)] {
        let Reading::Asks(question) = read_from(&address(text, ton), NUMBER) else { panic!("not answered") };
        assert_eq!(question.asker.identity, Identity::Phone("8613800138000".to_owned()));
    }
}

#[test]
fn digits_that_touch_a_gap_are_not_read() {
    let cut = |words: &str| question(words);
    assert_eq!(cut("编号是12345 67890 123\u{10ffff}").memory.lack, Lack::Parts);
    assert_eq!(cut("\u{10ffff}45 67890，谢谢").memory.lack, Lack::Parts);
    assert_eq!(cut("\u{10ffff}").memory.lack, Lack::Parts);
    let kept = cut("12345678901234567890，另一瓶是0987654321\u{10ffff}0987654321");
    assert_eq!(kept.request, Request::Check);
    assert_eq!(kept.checks.len(), 1);
    assert_eq!(kept.checks[0].number, Number::Digits(NUMBER.to_owned()));
    assert_eq!(cut("12345678901234567890是我的号码，它\u{10ffff}").checks.len(), 1);
}

#[test]
fn what_a_reply_must_remember_goes_round_in_few_octets() {
    let memory = Memory { tails: vec!["7890".to_owned(); 16], more: 9, lack: Lack::Parts };
    let octets = minicbor::to_vec(&memory).unwrap();
    assert!(octets.len() < 100, "{}", octets.len());
    assert_eq!(minicbor::decode::<Memory>(&octets).unwrap(), memory);
}

proptest! {
    #[test]
    fn anything_is_read_within_bounds(words in "\\PC{0,200}|[0-9 \u{10ffff}\n]{0,200}|[a-z0-9举报退订]{0,80}", most in 0_usize..40) {
        let phone = address("8613800138000", 1);
        let to = address(OURS, 0);
        let settings = Settings { most, ..settings() };
        let text = Text { from: &phone, to: &to, kind: MoKind::Text, words: Ok(&words) };
        if let Reading::Asks(question) = read(&text, &settings) {
            prop_assert!(question.checks.len() <= contract::inquiry::MAX_CHECKS);
            prop_assert!(question.checks.is_empty() == (question.request != Request::Check));
            prop_assert!(question.memory.tails.iter().all(|tail| tail.chars().count() <= 4));
        }
    }
}
