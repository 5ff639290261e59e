//! Tests of the catalogues themselves and of the operator's folder over them.

use std::collections::BTreeSet;
use std::fs;

use fluent_syntax::ast::Resource;

use super::overrides::Known;
use super::*;
use crate::message::{Phrase, shapes};

/// Characters of the zh-Hans catalogues that are written otherwise in Traditional Chinese. Characters that exist in both
/// scripts (准, 只, 面) are left out.
const SIMPLIFIED: &str = "与业两个为举么买于产从们会伪余关内写决况几凭则刚办单发号后围场处复实对带帮并开当录执报择换数断无时显\
     暂机权条标检没点现监码确种窃类红组细经结绝统绿编网联范装认记许论证识诉试询该语误说请读谨货质购输辞过还这进远选里钟销错长门问间页项题颜\
     黄们样经现实发卖买亲线动国图书车东马鸟鱼龙";

/// The Traditional forms, in no order: none of them may stand in a zh-Hans catalogue.
const TRADITIONAL: &str = "與業兩個為舉麼買於產從們會偽餘關內寫決況幾憑則剛辦單發號後圍場處複實對帶幫並開當錄執報擇換數斷無時顯\
     暫機權條標檢沒點現監碼確種竊類紅組細經結絕統綠編網聯範裝認記許論證識訴試詢該語誤說請讀謹貨質購輸辭過還這進遠選裏鐘銷錯長門問間頁項題顏";

#[test]
fn the_two_scripts_share_no_character_of_the_tables() {
    let both: Vec<char> = SIMPLIFIED.chars().filter(|c| TRADITIONAL.contains(*c)).collect();
    assert!(both.is_empty(), "{both:?}");
}

fn entries(tag: Tag) -> Vec<Entry<&'static str>> {
    let parsed =
        |(name, text): &(&str, &'static str)| -> Resource<&'static str> { parse(Path::new(name), text).unwrap() };
    tag.files().iter().flat_map(|file| parsed(file).body).collect()
}

pub(crate) fn assert_traditional(text: &str) {
    let wrong: BTreeSet<char> = text.chars().filter(|c| SIMPLIFIED.contains(*c)).collect();
    assert!(wrong.is_empty(), "simplified {wrong:?} in {text}");
}

pub(crate) fn assert_simplified(text: &str) {
    let wrong: BTreeSet<char> = text.chars().filter(|c| TRADITIONAL.contains(*c)).collect();
    assert!(wrong.is_empty(), "traditional {wrong:?} in {text}");
}

#[test]
fn every_entry_is_one_that_is_asked_for_and_uses_only_what_it_is_given() {
    for tag in Tag::ALL {
        let known = Known::of(tag);
        let mut ids = BTreeSet::new();
        for entry in entries(tag) {
            let id = key(&entry).expect("comments are skipped by the parser");
            known.check_entry(&id, &entry).unwrap_or_else(|fault| panic!("{}: {fault}", tag.name()));
            assert!(ids.insert(id.clone()), "{id} stands twice in {}", tag.name());
        }
    }
}

#[test]
fn each_language_has_every_message_and_part_without_falling_back_to_another() {
    for own in [&[Tag::En][..], &[Tag::Hans], &[Tag::Hant, Tag::Hk]] {
        let mut merged = BTreeMap::new();
        for tag in own {
            merge(&mut merged, Resource { body: entries(*tag) });
        }
        for shape in shapes() {
            let Some(Entry::Message(message)) = merged.get(&shape.id) else {
                panic!("{own:?} has no {}", shape.id);
            };
            for part in shape.parts {
                let present = match part.attribute() {
                    None => message.value.is_some(),
                    Some(name) => message.attributes.iter().any(|attribute| attribute.id.name == name),
                };
                assert!(present, "{own:?} has no {part:?} of {}", shape.id);
            }
        }
    }
}

#[test]
fn every_term_is_used() {
    for tags in [&[Tag::En][..], &[Tag::Hans], &[Tag::Hant, Tag::Hk]] {
        let text: String = tags.iter().flat_map(|tag| tag.files()).map(|(_, text)| *text).collect();
        for tag in tags {
            for entry in entries(*tag) {
                if let Entry::Term(term) = entry {
                    assert!(text.contains(&format!("{{ -{} }}", term.id.name)), "-{} is not used", term.id.name);
                }
            }
        }
    }
}

#[test]
fn hong_kong_reads_traditional_and_the_mainland_simplified() {
    for tag in [Tag::Hant, Tag::Hk] {
        tag.files().iter().for_each(|(_, text)| assert_traditional(text));
    }
    Tag::Hans.files().iter().for_each(|(_, text)| assert_simplified(text));
}

#[test]
fn what_hong_kong_says_otherwise_stands_above_what_traditional_chinese_shares() {
    let hk: BTreeSet<_> = entries(Tag::Hk).iter().filter_map(key).collect();
    let shared: BTreeSet<_> = entries(Tag::Hant).iter().filter_map(key).collect();
    assert!(hk.is_subset(&shared), "{:?}", hk.difference(&shared));
}

#[test]
fn long_numbers_are_grouped_and_years_are_not() {
    let grouped = |value: i64| grouped_number(&FluentValue::from(value), &()).unwrap();
    assert_eq!(grouped(0), "0");
    assert_eq!(grouped(2026), "2026");
    assert_eq!(grouped(12_345), "12,345");
    assert_eq!(grouped(1_234_567), "1,234,567");
    assert_eq!(grouped(-123_456), "-123,456");
    assert_eq!(grouped_number(&FluentValue::from(0.5), &()), None, "a fraction is left to Fluent");
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn refused(name: &str, text: &str) -> String {
    let dir = folder(&[(name, text)]);
    let error = Overrides::read(dir.path()).err().expect("refused");
    error.to_string().replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn the_operators_words_replace_one_part_and_keep_the_others() {
    let dir = folder(&[
        ("en/shop.ftl", "verdict-unknown =\n    .advice = Call 12365.\nhelp = Send the number to 12365.\n"),
        ("zh-Hant/terms.ftl", "-authority = 海關\n"),
        ("README", "not a catalogue"),
    ]);
    let overrides = Overrides::read(dir.path()).unwrap();
    let none = FluentArgs::new();
    let en = Catalogue::build(Language::En, &overrides).unwrap();
    assert_eq!(en.say("verdict-unknown", Part::Advice, &none), "Call 12365.");
    assert_eq!(en.say("verdict-unknown", Part::Word, &none), "No such number");
    assert_eq!(en.say(Phrase::Help.id(), Part::Value, &none), "Send the number to 12365.");
    assert_eq!(en.say("page-button", Part::Value, &none), "Check");
    let hk = Catalogue::build(Language::ZhHk, &overrides).unwrap();
    assert!(hk.say("verdict-stolen", Part::Advice, &none).contains("警方或海關舉報"), "zh-Hant reaches zh-HK");
    let hans = Catalogue::build(Language::ZhHans, &overrides).unwrap();
    assert!(hans.say("verdict-stolen", Part::Advice, &none).contains("12315"), "another language keeps its own");
}

#[test]
fn a_broken_file_is_refused_with_its_line() {
    assert_eq!(refused("en/a.ftl", "# ours\n\nhelp = { $\n"), "en/a.ftl, line 3: expected one of \"a-zA-Z\"");
    assert_eq!(refused("en/a.ftl", "\nhelp Send it\n"), "en/a.ftl, line 2: expected a token starting with \"=\"");
}

#[test]
fn an_unknown_message_is_refused_with_the_nearest_known_one() {
    assert_eq!(
        refused("zh-HK/a.ftl", "help = 說明\n\nverdict-unknwon = 沒有\n"),
        "zh-HK/a.ftl, line 3: there is no verdict-unknwon, the nearest is verdict-unknown"
    );
    assert_eq!(
        refused("en/a.ftl", "-autority = the police\n"),
        "en/a.ftl, line 1: there is no -autority, the nearest is -authority"
    );
    assert_eq!(
        refused("en/a.ftl", "help = Ask { -beware }\n"),
        "en/a.ftl, line 1: there is no -beware, the nearest is help",
        "a term of another language would leave a gap"
    );
}

#[test]
fn words_that_would_show_a_gap_or_say_too_much_are_refused() {
    assert_eq!(
        refused("en/a.ftl", "fact-lot = Lot { $day }\n"),
        "en/a.ftl, line 1: fact-lot is given no $day, expected one of: lot"
    );
    assert_eq!(
        refused("en/a.ftl", "verdict-typo =\n    .world = Mistyped\n"),
        "en/a.ftl, line 1: verdict-typo has no .world, expected one of: word, advice"
    );
    assert_eq!(
        refused("en/a.ftl", "verdict-expired =\n    .word = Expired on { $on }\n"),
        "en/a.ftl, line 1: verdict-expired is given no $on, expected one of: none"
    );
    assert_eq!(
        refused("en/a.ftl", "help = { page-button }\n"),
        "en/a.ftl, line 1: help refers to the message page-button, expected a term or a variable"
    );
    assert_eq!(refused("en/a.ftl", "help = { NUMBER(1) }\n"), "en/a.ftl, line 1: help calls NUMBER()");
    assert!(refused("zh-Hans/a.ftl", "verdict-unknown = 这是假货。\n").contains("says \"假货\""));
    assert!(refused("en/a.ftl", "verdict-unknown = A { \"Fake\" }.\n").contains("says \"fake\""));
}

#[test]
fn an_entry_given_twice_or_in_a_folder_of_no_language_is_refused() {
    assert!(refused("en/a.ftl", "help = A\nhelp = B\n").starts_with("en/a.ftl, line 2: help was given before in"));
    assert!(refused("zh-TW/a.ftl", "help = A\n").starts_with("zh-TW is not a folder of words, expected one of en"));
    assert!(refused("en/a.ftl", &"# \n".repeat(100_000)).contains("too large"));
    assert!(matches!(Overrides::read(Path::new("/nonexistent/words")), Err(WordsError::Io { .. })));
}
