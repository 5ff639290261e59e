//! What callers hear, written out.

use contract::{Colour, Day, Seen, Timestamp};
use jiff::tz::TimeZone;

use super::*;
use crate::prompts::text;

fn words() -> Words {
    Words::load(None, TimeZone::get("Asia/Shanghai").unwrap()).unwrap()
}

fn heard(language: Language, phrases: Vec<Phrase>) -> String {
    text(&script(&words(), &Play { language, phrases, barge_in: true }))
}

fn answer(verdict: Verdict) -> Phrase {
    let facts = contract::Facts { expiry: Day::new(2027, 10, 31), ..contract::Facts::default() };
    Phrase::Answer(Box::new(Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts }))
}

fn seen() -> Seen {
    // 2026-11-22 00:05 in Shanghai.
    Seen { at: Timestamp(1_795_277_100_000), city: Some("深圳".to_owned()), channel: None }
}

#[test]
fn mandarin_says_it_like_this() {
    let say = |phrases| heard(Language::ZhHans, phrases);
    assert_eq!(
        say(vec![answer(Verdict::GenuineSeen { times: 2, first: seen() })]),
        "编号有效，但此前已被查询两次，首次是二〇二六年十一月二十二日在深圳。有效期到二〇二七年十月三十一日。\
         如果那不是您或商家查询的，请小心，并仔细核对包装。"
    );
    assert_eq!(
        say(vec![Phrase::Partial(8, "3456".to_owned())]),
        "已经收到八位数字，最后几位是三四五六。请继续输入。如果编号只有这些，请按井号键。按星号键重新输入。"
    );
    assert_eq!(say(vec![Phrase::AskNumber(20)]), "请输入包装上的二十位数字，可以四位一组慢慢按。按星号键重新输入。");
}

#[test]
fn cantonese_says_it_like_this() {
    let say = |phrases| heard(Language::ZhHk, phrases);
    assert_eq!(
        say(vec![answer(Verdict::Unknown)]),
        "本網沒有這個編號，慎防假冒。請暫時不要使用，保留貨品和單據，並向有關當局舉報。"
    );
    assert_eq!(say(vec![Phrase::WrongLength(3, 20)]), "收到的是三位數字，編號應該是二十位數字。");
}

#[test]
fn english_says_it_like_this() {
    let say = |phrases| heard(Language::En, phrases);
    assert_eq!(
        say(vec![answer(Verdict::Overchecked { times: 12, first: seen() })]),
        "Beware of counterfeits. Others have checked this number twelve times, first on the twenty-second of November, \
         twenty twenty-six in 深圳. That is more than one article meets. Please do not use the goods for now. Keep them \
         with the proof of purchase, and report them to the market regulator."
    );
    assert_eq!(
        say(vec![Phrase::YouKeyed("12345670".to_owned())]),
        "You keyed one two three four, five six seven zero."
    );
    let offers = Offers { read_back: true, report: false, person: true };
    assert_eq!(
        say(vec![Phrase::Menu(offers)]),
        "To hear this again, press one. To check another number, press two. To hear the digits you keyed, press four. \
         For another language, press nine. To speak to a person, press zero."
    );
}

#[test]
fn each_language_offers_itself_in_its_own_words() {
    let phrases = crate::dialogue::languages().map(|(key, language)| Phrase::LanguageKey(language, key)).to_vec();
    assert_eq!(heard(Language::En, phrases), "普通话请按一。廣東話請按二。For English, press three.");
}

#[test]
fn a_worse_fact_beside_the_verdict_is_said_after_it() {
    let verdict = Verdict::Expired { on: Day::new(2026, 1, 2).unwrap() };
    let advisories = vec![Verdict::Recalled { reason: None }];
    let answer = Answer { verdict, colour: Colour::Red, advisories, facts: contract::Facts::default() };
    assert_eq!(
        heard(Language::ZhHans, vec![Phrase::Answer(Box::new(answer))]),
        "商品已经过期，有效期到二〇二六年一月二日为止。过期与假冒是两回事。另外请注意。这个编号的商品正在召回。\
         请不要使用，可以向商家要求退换。"
    );
}
