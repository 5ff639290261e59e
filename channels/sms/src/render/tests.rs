//! What shoppers read on their handsets: every verdict in one segment, and replies word for word.

use contract::answer::{Facts, Names};
use contract::{Channel, Day, Product, Seen, Timestamp, TradeItem, VerdictKind};
use jiff::tz::TimeZone;

use super::*;
use crate::text::{self, SmscAlphabet, Wide};

fn all_words() -> Words {
    Words::load(None, TimeZone::get("Asia/Shanghai").unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().unwrap())
}

fn receipt() -> Receipt {
    Receipt::from_body(12_345_678_901).unwrap()
}

fn seen(city: &str) -> Seen {
    Seen { at: at("2026-11-20T06:05:59Z"), city: Some(city.to_owned()), channel: Some(Channel::Sms) }
}

fn product(zh: &str, hk: &str, en: &str) -> Product {
    let names = Names { zh_hans: zh.to_owned(), zh_hk: Some(hk.to_owned()), en: Some(en.to_owned()) };
    Product {
        name: names.clone(),
        maker: names,
        spec: Some("500 ml".to_owned()),
        licence: None,
        category: "food".to_owned(),
    }
}

/// Names as long as they get on packs.
fn long_product() -> Product {
    product(
        "晨露牌特级初榨有机生抽酿造酱油家庭装礼盒（配青花瓷调味瓶两只及木托盘）",
        "晨露牌特級初榨有機生抽釀造豉油家庭裝禮盒（配青花瓷調味瓶兩隻及木托盤）",
        "Morning Dew extra fine first press organic naturally brewed light soy sauce, family gift box with two bottles",
    )
}

fn short_product() -> Product {
    product("晨露酱油", "晨露豉油", "Morning Dew soy sauce")
}

fn reply(answers: Vec<Answer>) -> Reply {
    Reply {
        about: RequestKind::Check,
        answers,
        receipt: Some(receipt()),
        at: at("2026-11-26T03:00:00Z"),
        position: None,
        silent: false,
        replayed: false,
    }
}

fn answer(verdict: Verdict, product: Option<Product>) -> Answer {
    let facts = Facts { product, ..Facts::default() };
    Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts }
}

/// Every verdict in every form, with an earlier check in this city and year and in another.
fn every_verdict(city: &str) -> Vec<Verdict> {
    let day = Day::new(2026, 11, 23).unwrap();
    let now = seen(city);
    let old = Seen { at: at("2024-02-29T06:05:59Z"), ..now.clone() };
    let mut all = vec![
        Verdict::Unavailable,
        Verdict::Degraded,
        Verdict::RateLimited { minutes: 1440 },
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
        Verdict::Recalled {
            reason: Some("瓶盖可能松脱，内容物会变质，食用后可能引起肠胃不适，请勿食用".to_owned())
        },
        Verdict::Recalled {
            reason: Some("the cap may come loose, so that the content spoils and should not be eaten".to_owned()),
        },
        Verdict::Withdrawn,
        Verdict::Expired { on: day },
        Verdict::NotActivated { fresh: true },
        Verdict::NotActivated { fresh: false },
        Verdict::NotYetOnSale { from: None },
        Verdict::NotYetOnSale { from: Some(day) },
        Verdict::DataMismatch { lot: true, expiry: false, product: false },
        Verdict::DataMismatch { lot: false, expiry: true, product: false },
        Verdict::DataMismatch { lot: true, expiry: true, product: false },
        Verdict::DataMismatch { lot: false, expiry: false, product: true },
        Verdict::CartonCode { holds: 0 },
        Verdict::CartonCode { holds: 1 },
        Verdict::CartonCode { holds: 1_000_000 },
        Verdict::GenuineFirst,
    ];
    for seen in [now, old] {
        all.extend([
            Verdict::ImpossibleTravel { elsewhere: seen.clone() },
            Verdict::SoldBefore { sale: seen.clone() },
            Verdict::Overchecked { times: 12_345, first: seen.clone() },
            Verdict::GenuineSeen { times: 1, first: seen.clone() },
            Verdict::GenuineSeen { times: 12_345, first: seen.clone() },
            Verdict::GenuineAgain { first: seen },
        ]);
    }
    let missing: Vec<_> =
        VerdictKind::ALL.into_iter().filter(|kind| !all.iter().any(|verdict| verdict.kind() == *kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    all
}

fn say(reply: &Reply, language: Language) -> String {
    words(&all_words(), reply, &Memory::default(), language, &Settings::default()).unwrap()
}

#[test]
fn every_verdict_fits_one_segment_with_its_advice_and_its_receipt() {
    let all = all_words();
    let settings = [
        Settings::default(),
        Settings { default_alphabet: SmscAlphabet::Ascii, wide: Wide::Gbk, ..Settings::default() },
    ];
    let mut long = Vec::new();
    for language in Language::ALL {
        for city in ["深圳", "呼伦贝尔市鄂伦春自治旗", "Shenzhen", "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"]
        {
            for verdict in every_verdict(city) {
                for product in [None, Some(short_product()), Some(long_product())] {
                    let advice = all.brief_advice(&verdict, Brief { at: reply(Vec::new()).at, place: false }, language);
                    let reply = reply(vec![answer(verdict.clone(), product)]);
                    for settings in &settings {
                        let said = words(&all, &reply, &Memory::default(), language, settings).unwrap();
                        let segments = text::segments(&said, settings, 1).unwrap().len();
                        if segments > 1 {
                            long.push(format!("{} units: {said}", Writing::of(&said, settings).units(&said)));
                        }
                        assert!(said.contains(&advice), "{said} lacks {advice}");
                        assert!(said.ends_with(&receipt().to_string()), "{said}");
                    }
                }
            }
        }
    }
    long.dedup();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_valid_number_names_its_product_as_far_as_there_is_room() {
    let all = |language, product| {
        let first = say(&reply(vec![answer(Verdict::GenuineFirst, Some(product))]), language);
        assert_eq!(text::segments(&first, &Settings::default(), 0).unwrap().len(), 1);
        first
    };
    assert_eq!(
        all(Language::ZhHans, short_product()),
        "编号有效，这是首次查询。产品：晨露酱油 500 ml。请核对包装上的信息与登记是否一致。回执123456789014"
            .replace("123456789014", &receipt().to_string())
    );
    for (language, begin) in [
        (Language::ZhHans, "晨露牌特级初榨有机"),
        (Language::ZhHk, "晨露牌特級初榨有機"),
        (Language::En, "Morning Dew extra fine first press"),
    ] {
        let said = all(language, long_product());
        assert!(said.contains(begin), "{said}");
        assert!(said.contains('…') || said.contains("..."), "{said}");
    }
}

#[test]
fn replies_read_like_this() {
    let number = receipt().to_string();
    let verdicts = [
        Verdict::Unknown,
        Verdict::GenuineSeen { times: 2, first: seen("深圳") },
        Verdict::Recalled { reason: Some("瓶盖\n松脱。".to_owned()) },
        Verdict::Typo,
    ];
    let said = |language| -> Vec<String> {
        let product = |verdict: &Verdict| (!matches!(verdict, Verdict::Unknown | Verdict::Typo)).then(short_product);
        verdicts
            .iter()
            .map(|verdict| say(&reply(vec![answer(verdict.clone(), product(verdict))]), language).replace(&number, "#"))
            .collect()
    };
    assert_eq!(
        said(Language::ZhHans),
        [
            "本网没有这个编号，谨防假冒。请先核对编号；如果没输错，先不要使用，保留商品和凭证，向12315举报。回执#",
            "编号有效，曾被查询2次，首次11月20日14:05在深圳。产品：晨露酱油。若不是您或商家查的，请核对包装。回执#",
            "此编号的商品正在召回。原因：瓶盖 松脱。产品：晨露酱油 500 ml。请停止使用，保留商品，联系商家或厂家退换。回执#",
            "编号里有数字对不上，多半是输错了，不表示商品有问题。请对照包装重发；如果没输错，先不要使用，询问厂家。回执#",
        ]
    );
    assert_eq!(
        said(Language::ZhHk),
        [
            "本網沒有這個編號，慎防假冒。請先核對編號；如果沒有輸入錯，先不要使用，保留貨品和單據，向有關當局舉報。回執#",
            "編號有效，曾被查詢2次，首次11月20日14:05在深圳。產品：晨露豉油。若不是您或商戶查的，請核對包裝。回執#",
            "此編號的貨品正在回收。原因：瓶盖 松脱。產品：晨露豉油。請停止使用，保留貨品，聯絡商戶或生產商退換。回執#",
            "編號裏有數字不符，多半是輸入錯了，不表示貨品有問題。請對照包裝重發；如果沒有輸入錯，先不要使用，向生產商查詢。回執#",
        ]
    );
    assert_eq!(
        said(Language::En),
        [
            "No such number in this network. Beware of counterfeits. Check the digits; if they are right, do not use it and tell the market regulator. Receipt #",
            "Valid number, checked 2 times before, first on 20 Nov at 14:05. Product: Morning Dew soy sauce. If not by you, compare the pack closely. Receipt #",
            "The goods with this number are being recalled. Product: Morning Dew soy sauce 500 ml. Stop using them, keep them, ask the shop or maker. Receipt #",
            "The digits do not add up: probably mistyped. That says nothing bad about the goods. Send it again; if it is as printed, ask the maker. Receipt #",
        ]
    );
}

#[test]
fn what_is_worse_than_the_verdict_is_said_too() {
    let mut late = answer(Verdict::NotActivated { fresh: true }, None);
    late.advisories = vec![Verdict::Overchecked { times: 9, first: seen("深圳") }];
    late.colour = Colour::Red;
    for (language, note) in [
        (Language::ZhHans, "此编号已被他人查询9次。"),
        (Language::ZhHk, "此編號已被他人查詢9次。"),
        (Language::En, "Checked 9 times by others."),
    ] {
        let said = say(&reply(vec![late.clone()]), language);
        assert!(said.contains(note), "{said}");
    }
    let two = reply(vec![late, answer(Verdict::GenuineFirst, None)]);
    let memory = Memory { tails: vec!["7890".to_owned(), "4321".to_owned()], ..Memory::default() };
    let said = words(&all_words(), &two, &memory, Language::ZhHans, &Settings::default()).unwrap();
    assert!(said.starts_with("尾号7890：尚未放行，谨防假冒\n尾号4321：编号有效\n"), "{said}");
}

#[test]
fn several_numbers_are_named_by_their_ends_and_the_rest_is_said() {
    let memory = Memory { tails: ["7890", "4321", "2222"].map(str::to_owned).to_vec(), more: 2, lack: Lack::Nothing };
    let answers = [Verdict::GenuineFirst, Verdict::Unknown, Verdict::GenuineSeen { times: 2, first: seen("深圳") }];
    let reply = reply(answers.into_iter().map(|verdict| answer(verdict, Some(long_product()))).collect());
    let number = receipt().to_string();
    let say =
        |language| words(&all_words(), &reply, &memory, language, &Settings::default()).unwrap().replace(&number, "#");
    assert_eq!(
        say(Language::ZhHans),
        "尾号7890：编号有效\n尾号4321：查无此号\n尾号2222：有效，曾被查询\n另有2个编号没有查，请另发。\n想看详情，请一次发一个编号。\n回执#"
    );
    assert_eq!(
        say(Language::ZhHk),
        "尾號7890：編號有效\n尾號4321：查無此號\n尾號2222：有效，曾被查詢\n另有2個編號沒有查，請另發。\n想看詳情，請每次發一個編號。\n回執#"
    );
    assert_eq!(
        say(Language::En),
        "No. ending 7890: Valid number\nNo. ending 4321: No such number\nNo. ending 2222: Valid, checked before\n2 more numbers were not checked: please send them by themselves.\nFor details send one number at a time.\nReceipt #"
    );
}

#[test]
fn requests_without_a_number_have_one_segment_each() {
    let all = all_words();
    for language in Language::ALL {
        for about in [RequestKind::Help, RequestKind::Stop, RequestKind::Start, RequestKind::Tip] {
            for lack in [Lack::Nothing, Lack::Number, Lack::Parts] {
                let memory = Memory { lack, ..Memory::default() };
                let reply = Reply { about, ..reply(Vec::new()) };
                let said = words(&all, &reply, &memory, language, &Settings::default()).unwrap();
                assert_eq!(text::segments(&said, &Settings::default(), 0).unwrap().len(), 1, "{said}");
                assert!(!said.contains("http") && !said.contains("www"), "{said}");
            }
        }
    }
    let silent = Reply { silent: true, ..reply(Vec::new()) };
    assert_eq!(words(&all, &silent, &Memory::default(), Language::En, &Settings::default()), None);
}

#[test]
fn a_reply_without_a_receipt_names_none() {
    let reply = Reply { receipt: None, ..reply(vec![answer(Verdict::RateLimited { minutes: 5 }, None)]) };
    assert_eq!(say(&reply, Language::ZhHans), "查询次数过多，暂停查询。这不说明商品的情况。请在5分钟后再查。");
}
