//! What a shopper reads: every verdict in every language, and a handful of answers word for word.

use contract::answer::{Facts, Names};
use contract::{Answer, Channel, Day, Product, Seen, Timestamp, TradeItem, Verdict};

use super::*;
use crate::catalogue::BANNED;
use crate::catalogue::tests::{assert_simplified, assert_traditional};

pub(crate) fn words() -> Words {
    Words::load(None, TimeZone::get("Asia/Shanghai").unwrap()).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().unwrap())
}

/// 14:05 on 20 November 2026 in China.
pub(crate) fn seen() -> Seen {
    Seen { at: at("2026-11-20T06:05:59Z"), city: Some("深圳".to_owned()), channel: Some(Channel::Sms) }
}

pub(crate) fn day() -> Day {
    Day::new(2026, 11, 23).unwrap()
}

/// Every verdict, in every form its facts can take.
pub(crate) fn every_verdict() -> Vec<Verdict> {
    let nowhere = Seen { city: None, channel: None, ..seen() };
    let all = vec![
        Verdict::Unavailable,
        Verdict::Degraded,
        Verdict::RateLimited { minutes: 12 },
        Verdict::Malformed { read: 0, expected: 20 },
        Verdict::Malformed { read: 19, expected: 20 },
        Verdict::Typo,
        Verdict::NotUnitCode { item: TradeItem::Gtin },
        Verdict::NotUnitCode { item: TradeItem::Licence },
        Verdict::NotCovered,
        Verdict::Unknown,
        Verdict::Compromised,
        Verdict::Stolen,
        Verdict::Recalled { reason: None },
        Verdict::Recalled { reason: Some("E 12".to_owned()) },
        Verdict::Withdrawn,
        Verdict::Expired { on: day() },
        Verdict::NotActivated { fresh: true },
        Verdict::NotActivated { fresh: false },
        Verdict::NotYetOnSale { from: None },
        Verdict::NotYetOnSale { from: Some(day()) },
        Verdict::ImpossibleTravel { elsewhere: seen() },
        Verdict::ImpossibleTravel { elsewhere: nowhere },
        Verdict::SoldBefore { sale: seen() },
        Verdict::Overchecked { times: 9, first: seen() },
        Verdict::DataMismatch { lot: true, expiry: false, product: false },
        Verdict::DataMismatch { lot: false, expiry: true, product: false },
        Verdict::DataMismatch { lot: true, expiry: true, product: false },
        Verdict::DataMismatch { lot: false, expiry: false, product: true },
        Verdict::CartonCode { holds: 0 },
        Verdict::CartonCode { holds: 24 },
        Verdict::GenuineSeen { times: 2, first: seen() },
        Verdict::GenuineAgain { first: seen() },
        Verdict::GenuineFirst,
    ];
    let missing: Vec<_> =
        VerdictKind::ALL.into_iter().filter(|kind| !all.iter().any(|verdict| verdict.kind() == *kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    all
}

fn answer(verdict: Verdict, facts: Facts) -> Answer {
    Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts }
}

fn facts() -> Facts {
    let names = |zh: &str, hk: &str, en: &str| Names {
        zh_hans: zh.to_owned(),
        zh_hk: Some(hk.to_owned()),
        en: Some(en.to_owned()),
    };
    Facts {
        product: Some(Product {
            name: names("晨露酱油", "晨露豉油", "Morning Dew soy sauce"),
            maker: names("晨露食品厂", "晨露食品廠", "Morning Dew Foods"),
            spec: Some("500 ml".to_owned()),
            licence: Some("SC123".to_owned()),
            category: "food".to_owned(),
        }),
        lot: Some("A7".to_owned()),
        made: Day::new(2026, 5, 1),
        expiry: Day::new(2027, 10, 31),
        times_checked: Some(3),
        first_checked: Some(seen()),
    }
}

/// Everything that could be said, in one language.
fn everything(words: &Words, language: Language) -> Vec<String> {
    let mut all = vec![words.help(language)];
    for verdict in every_verdict() {
        let mut answer = answer(verdict.clone(), Facts { product: None, ..facts() });
        answer.advisories =
            every_verdict().into_iter().filter(|other| matches!(other.colour(), Colour::Amber | Colour::Red)).collect();
        let said = words.answer(&answer, language);
        all.extend([said.word, said.verdict, said.advice]);
        all.extend(said.facts);
        all.extend(said.advisories);
    }
    all.extend(MessageId::samples().iter().map(|message| words.text(message, language)));
    all.extend(Phrase::samples().iter().map(|phrase| words.phrase(phrase, language)));
    for refusal in [
        Refusal::Overloaded,
        Refusal::Unavailable("disk full"),
        Refusal::Unauthorised("no token"),
        Refusal::BadRequest("x".to_owned()),
        Refusal::Conflict,
        Refusal::Internal,
    ] {
        all.push(words.refusal(&refusal, language));
    }
    all
}

#[test]
fn everything_has_words_without_gaps_in_every_language() {
    let words = words();
    for language in Language::ALL {
        for text in everything(&words, language) {
            assert!(!text.trim().is_empty());
            assert_eq!(text, text.trim(), "{language:?}");
            assert!(!text.contains(['{', '}', '$', '\n', '\u{2068}']), "{text}");
            for id in ["verdict-", "page-", "fact-", "refusal-"] {
                assert!(!text.contains(id), "{text}");
            }
        }
    }
}

#[test]
fn nothing_says_that_goods_are_not_real_and_nothing_tells_who_asked_or_how() {
    let words = words();
    for language in Language::ALL {
        for text in everything(&words, language) {
            let lower = text.to_lowercase();
            for banned in BANNED.into_iter().chain(["sms", "短信", "短訊", "disk full", "no token", "scan"]) {
                assert!(!lower.contains(banned), "{banned} in {text}");
            }
        }
    }
}

#[test]
fn each_script_stays_its_own_and_english_has_no_chinese() {
    let words = words();
    everything(&words, Language::ZhHk).iter().for_each(|text| assert_traditional(text));
    everything(&words, Language::ZhHans).iter().for_each(|text| assert_simplified(text));
    for text in everything(&words, Language::En) {
        let rest = text.replace("深圳", "");
        assert!(rest.chars().all(|c| !('\u{3000}'..='\u{9fff}').contains(&c)), "{text}");
    }
}

#[test]
fn simplified_chinese_says_it_like_this() {
    let words = words();
    assert_eq!(
        words.answer(&answer(Verdict::GenuineFirst, facts()), Language::ZhHans),
        Sentences {
            word: "编号有效".to_owned(),
            verdict: "编号有效，这是首次查询。".to_owned(),
            facts: [
                "登记产品：晨露酱油（500 ml）",
                "生产企业：晨露食品厂",
                "许可证号或批准文号：SC123",
                "批号：A7",
                "生产日期：2026年5月1日",
                "有效期至：2027年10月31日",
            ]
            .map(str::to_owned)
            .to_vec(),
            advice: "请核对包装上的信息与登记是否一致。".to_owned(),
            advisories: Vec::new(),
        }
    );
    let unknown = words.answer(&answer(Verdict::Unknown, Facts::default()), Language::ZhHans);
    assert_eq!((unknown.word.as_str(), unknown.facts.len()), ("查无此号", 0));
    assert_eq!(unknown.verdict, "本网没有这个编号，谨防假冒。");
    assert_eq!(
        unknown.advice,
        "请先看着包装再核对一遍编号。如果没有输错，请暂不使用，保留商品和购物凭证，并向市场监管部门（12315）举报。"
    );
    let seen = words.answer(&answer(Verdict::GenuineSeen { times: 2, first: seen() }, facts()), Language::ZhHans);
    assert_eq!(seen.verdict, "编号有效，此前已被查询2次，首次是2026年11月20日14:05在深圳。");
    assert_eq!(seen.facts.last().unwrap(), "有效期至：2027年10月31日", "the verdict counts the checks already");
    let mismatch = Verdict::DataMismatch { lot: true, expiry: false, product: false };
    let mismatch = words.answer(&answer(mismatch, Facts::default()), Language::ZhHans);
    assert_eq!(mismatch.verdict, "您提供的批号与这个编号的登记不一致。");
}

#[test]
fn hong_kong_says_it_like_this() {
    let words = words();
    let mut recalled = answer(Verdict::Recalled { reason: Some("瓶蓋\n鬆脫。".to_owned()) }, facts());
    recalled.advisories = vec![Verdict::Expired { on: day() }, Verdict::GenuineSeen { times: 2, first: seen() }];
    assert_eq!(
        words.answer(&recalled, Language::ZhHk),
        Sentences {
            word: "正在回收".to_owned(),
            verdict: "這個編號的貨品正在回收。回收原因：瓶蓋 鬆脫。".to_owned(),
            facts: [
                "登記產品：晨露豉油（500 ml）",
                "生產商：晨露食品廠",
                "許可證號或批准文號：SC123",
                "批號：A7",
                "製造日期：2026年5月1日",
                "有效期至：2027年10月31日",
                "此前已被查詢3次，首次是2026年11月20日14:05在深圳。",
            ]
            .map(str::to_owned)
            .to_vec(),
            advice: "請停止使用，保留貨品，聯絡商戶或生產商退換。".to_owned(),
            advisories: vec![
                "貨品有效期至2026年11月23日為止，現在已經過期。".to_owned(),
                "此前已被查詢2次，首次是2026年11月20日14:05在深圳。".to_owned(),
            ],
        }
    );
    let unknown = words.answer(&answer(Verdict::Unknown, Facts::default()), Language::ZhHk);
    assert_eq!(unknown.verdict, "本網沒有這個編號，慎防假冒。");
    assert!(unknown.advice.ends_with("保留貨品和單據，並向有關當局舉報。"), "{}", unknown.advice);
}

#[test]
fn english_says_it_like_this() {
    let words = words();
    let said = words.answer(&answer(Verdict::Expired { on: day() }, facts()), Language::En);
    assert_eq!(
        said,
        Sentences {
            word: "Past its date".to_owned(),
            verdict: "The goods with this number were good until 23 November 2026 and are now past their date. \
                      That is not a sign of counterfeiting."
                .to_owned(),
            facts: [
                "Product on record: Morning Dew soy sauce (500 ml)",
                "Maker: Morning Dew Foods",
                "Licence number: SC123",
                "Lot: A7",
                "Made on: 1 May 2026",
                "Checked 3 times before, first on 20 November 2026 at 14:05 in 深圳.",
            ]
            .map(str::to_owned)
            .to_vec(),
            advice: "Please do not use them. You can ask the shop for an exchange with the proof of purchase."
                .to_owned(),
            advisories: Vec::new(),
        }
    );
    let recalled = answer(Verdict::Recalled { reason: Some("loose cap.".to_owned()) }, Facts::default());
    assert_eq!(
        words.answer(&recalled, Language::En).verdict,
        "The goods with this number are being recalled. Reason: loose cap."
    );
    let busy = words.refusal(&Refusal::Unavailable("disk full"), Language::En);
    assert_eq!(busy, "The system cannot take checks now. This says nothing about the goods. Please try again later.");
}

#[test]
fn english_counts_in_singular_and_plural() {
    let words = words();
    let verdict = |verdict| words.answer(&answer(verdict, Facts::default()), Language::En).verdict;
    let times = |times| verdict(Verdict::GenuineSeen { times, first: Seen { city: None, ..seen() } });
    assert_eq!(times(1), "The number is valid. It was checked once before, on 20 November 2026 at 14:05.");
    assert_eq!(times(2), "The number is valid. It was checked 2 times before, first on 20 November 2026 at 14:05.");
    assert!(times(21).contains("checked 21 times before"));
    assert!(times(12_345).contains("checked 12,345 times before"));
    let wait = |minutes| words.answer(&answer(Verdict::RateLimited { minutes }, Facts::default()), Language::En).advice;
    assert_eq!(wait(1), "Please ask again in 1 minute.");
    assert_eq!(wait(21), "Please ask again in 21 minutes.");
    assert_eq!(wait(0), wait(1), "nobody is told to wait for no time at all");
    assert!(verdict(Verdict::CartonCode { holds: 1 }).contains("holds 1 article,"));
    assert!(verdict(Verdict::CartonCode { holds: 24 }).contains("holds 24 articles,"));
}

#[test]
fn days_and_minutes_are_said_in_the_zone_of_the_words() {
    let words = words();
    let late = at("2026-12-31T16:00:59.999Z");
    for (language, day_text, minute) in [
        (Language::ZhHans, "2026年11月23日", "2027年1月1日00:00"),
        (Language::ZhHk, "2026年11月23日", "2027年1月1日00:00"),
        (Language::En, "23 November 2026", "1 January 2027 at 00:00"),
    ] {
        assert_eq!(words.day(day(), language), day_text);
        assert_eq!(words.minute(late, language), minute);
    }
    let london = Words::load(None, TimeZone::get("Europe/London").unwrap()).unwrap();
    assert_eq!(london.minute(late, Language::En), "31 December 2026 at 16:00");
}

#[test]
fn a_mistyped_digit_a_date_and_an_outage_are_not_held_against_the_goods() {
    let words = words();
    for (verdict, said) in [
        (Verdict::Unavailable, ["不说明商品的情况", "不說明貨品的情況", "nothing about the goods"]),
        (Verdict::RateLimited { minutes: 5 }, ["不说明商品的情况", "不說明貨品的情況", "nothing about the goods"]),
        (Verdict::Typo, ["不表示商品有问题", "不表示貨品有問題", "does not mean that anything is wrong"]),
        (Verdict::Expired { on: day() }, ["过期与假冒是两回事", "過期與假冒是兩回事", "not a sign of counterfeiting"]),
    ] {
        for (language, said) in Language::ALL.into_iter().zip(said) {
            let text = words.answer(&answer(verdict.clone(), Facts::default()), language);
            assert!(text.verdict.contains(said), "{}", text.verdict);
            for beware in ["谨防假冒", "慎防假冒", "eware"] {
                assert!(!text.verdict.contains(beware) && !text.advice.contains(beware), "{text:?}");
            }
        }
    }
}

#[test]
fn only_the_asker_of_every_earlier_check_is_told_you_asked() {
    let words = words();
    for verdict in every_verdict().into_iter().filter(|verdict| verdict.kind() != VerdictKind::GenuineAgain) {
        for (language, you) in Language::ALL.into_iter().zip(["您首次查询", "您首次查詢", "You first"]) {
            assert!(!words.answer(&answer(verdict.clone(), facts()), language).verdict.contains(you));
        }
    }
}

#[test]
fn a_receipt_shows_word_colour_and_minute() {
    let words = words();
    let receipt = Receipt::from_body(12_345_678_901).unwrap();
    let mut view =
        ReceiptView { receipt, at: at("2026-11-23T06:05:00Z"), verdicts: vec![(VerdictKind::Unknown, Colour::Red)] };
    let said = words.receipt_view(&view, Language::ZhHans);
    assert_eq!(said.receipt, grouped(receipt));
    assert_eq!(said.receipt.split(' ').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
    assert_eq!(Receipt::parse(&said.receipt), Some(receipt), "as it is written it can be entered");
    assert_eq!(said.at, "答复时间：2026年11月23日14:05");
    assert_eq!(said.verdicts, ["查无此号（红色：请警惕）"]);
    view.verdicts.push((VerdictKind::GenuineFirst, Colour::Green));
    let said = words.receipt_view(&view, Language::En);
    assert_eq!(said.verdicts, ["Number 1: No such number (red: caution)", "Number 2: Valid number (green: valid)"]);
}

#[test]
fn text_from_outside_stays_one_line_of_bounded_length() {
    assert_eq!(plain(" a\t\n b\u{202e}\u{7}c "), "a bc");
    let long = plain(&"长".repeat(10_000));
    assert_eq!(long.chars().count(), 201);
    assert!(long.ends_with('…'));
    let words = words();
    let reason = Verdict::Recalled { reason: Some("{ $reason }\n.".to_owned()) };
    let said = words.answer(&answer(reason, Facts::default()), Language::En).verdict;
    assert!(said.ends_with("Reason: { $reason }."), "what comes from outside is not read as Fluent: {said}");
}

#[test]
fn the_ends_of_time_have_words_too() {
    let words = words();
    for at in [Timestamp(i64::MIN), Timestamp(i64::MAX), Timestamp(0)] {
        for language in Language::ALL {
            assert!(!words.minute(at, language).is_empty());
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_from_outside_breaks_the_line(text in "\\PC*|[\\x00-\\x7f\u{2028}\u{202e}\u{85}]*") {
        let line = plain(&text);
        proptest::prop_assert!(line.chars().count() <= 202);
        let breaks = line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}'));
        proptest::prop_assert!(!breaks);
        proptest::prop_assert_eq!(line.trim(), &line);
    }
}

#[test]
fn page_texts_name_their_limits() {
    let words = words();
    assert_eq!(words.text(&MessageId::TooLong { limit: 256 }, Language::ZhHans), "输入的内容太长，最多256个字。");
    let label = MessageId::ColourLabel {
        colour: words.colour(Colour::Amber, Language::ZhHk),
        sign: words.sign(Colour::Amber, Language::ZhHk),
    };
    assert_eq!(words.text(&label, Language::ZhHk), "標誌顏色：黃色，請留意");
    assert_eq!(words.text(&MessageId::Title, Language::ZhHk), "貨品編號查詢");
    assert_eq!(own_name(Language::ZhHans), "简体中文");
}

#[test]
fn words_are_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&words());
}
