//! An example of every verdict and of what else is answered, rendered by the code that renders the answers.
//!
//! The product, the places and the numbers are invented.

use std::sync::LazyLock;

use contract::answer::Names;
use contract::{
    Answer, Channel, Colour, Day, Facts, Language, Position, Product, Receipt, ReceiptView, Reply, Reported, Seen,
    Timestamp, TradeItem, Verdict, VerdictKind,
};
use serde_json::{Map, Value, json};
use wording::Words;

use crate::problem::ProblemKind;
use crate::render;

/// 2026-11-23T02:14:00Z
const AT: Timestamp = Timestamp(1_795_400_040_000);

/// The examples by the verdict's name.
///
/// # Panics
/// Never: the words are embedded and tested.
pub(super) fn answers() -> Map<String, Value> {
    static ANSWERS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
        let words = Words::load(None, jiff::tz::TimeZone::UTC).expect("the embedded words load");
        VerdictKind::ALL
            .into_iter()
            .map(|kind| {
                let body = render::check(&reply(), &answer(kind), &words, Language::En);
                (kind.name().to_owned(), json!({ "value": body }))
            })
            .collect()
    });
    ANSWERS.clone()
}

/// A receipt that was looked up.
pub(super) fn receipt() -> Value {
    let verdicts = vec![(VerdictKind::GenuineFirst, Colour::Green)];
    let view = reply().receipt.map(|receipt| ReceiptView { receipt, at: AT, verdicts });
    view.map_or(Value::Null, |view| json!(render::receipt(&view)))
}

/// A report that was recorded.
pub(super) fn event() -> Value {
    json!(render::event(&Reported { position: Position { stream: 0, sequence: 4_711 }, units: 1, replayed: false }))
}

/// A problem of this kind.
pub(super) fn problem(kind: ProblemKind) -> Value {
    json!({
        "type": format!("/problems/{}", kind.name()), "title": kind.title(), "status": kind.status().as_u16(),
        "detail": "what exactly, in a sentence",
    })
}

fn reply() -> Reply {
    Reply {
        about: contract::RequestKind::Check,
        answers: Vec::new(),
        receipt: Receipt::from_body(12_345_678_901),
        at: AT,
        position: None,
        silent: false,
        replayed: false,
    }
}

fn answer(kind: VerdictKind) -> Answer {
    let verdict = verdict(kind);
    let facts = if verdict.is_genuine() { facts() } else { Facts::default() };
    Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts }
}

fn facts() -> Facts {
    let names = |zh: &str, en: &str| Names { zh_hans: zh.to_owned(), zh_hk: None, en: Some(en.to_owned()) };
    Facts {
        product: Some(Product {
            name: names("示例酱油", "Example soy sauce"),
            maker: names("示例酿造厂", "Example Brewery"),
            spec: Some("500 ml".to_owned()),
            licence: None,
            category: "food".to_owned(),
        }),
        lot: Some("A12".to_owned()),
        made: Day::new(2026, 5, 1),
        expiry: Day::new(2028, 4, 30),
        times_checked: None,
        first_checked: None,
    }
}

fn verdict(kind: VerdictKind) -> Verdict {
    let seen = || Seen { at: AT, city: Some("Shenzhen".to_owned()), channel: Some(Channel::Sms) };
    match kind {
        VerdictKind::Unavailable => Verdict::Unavailable,
        VerdictKind::Degraded => Verdict::Degraded,
        VerdictKind::RateLimited => Verdict::RateLimited { minutes: 12 },
        VerdictKind::Malformed => Verdict::Malformed { read: 19, expected: 20 },
        VerdictKind::Typo => Verdict::Typo,
        VerdictKind::NotUnitCode => Verdict::NotUnitCode { item: TradeItem::Gtin },
        VerdictKind::NotCovered => Verdict::NotCovered,
        VerdictKind::Unknown => Verdict::Unknown,
        VerdictKind::Compromised => Verdict::Compromised,
        VerdictKind::Stolen => Verdict::Stolen,
        VerdictKind::Recalled => Verdict::Recalled { reason: Some("glass splinters".to_owned()) },
        VerdictKind::Withdrawn => Verdict::Withdrawn,
        VerdictKind::Expired => Verdict::Expired { on: Day::from_civil(jiff::civil::date(2026, 10, 31)) },
        VerdictKind::NotActivated => Verdict::NotActivated { fresh: false },
        VerdictKind::NotYetOnSale => Verdict::NotYetOnSale { from: Day::new(2026, 12, 1) },
        VerdictKind::ImpossibleTravel => Verdict::ImpossibleTravel { elsewhere: seen() },
        VerdictKind::SoldBefore => Verdict::SoldBefore { sale: Seen { channel: None, ..seen() } },
        VerdictKind::Overchecked => Verdict::Overchecked { times: 7, first: seen() },
        VerdictKind::DataMismatch => Verdict::DataMismatch { lot: true, expiry: false, product: false },
        VerdictKind::CartonCode => Verdict::CartonCode { holds: 24 },
        VerdictKind::GenuineSeen => Verdict::GenuineSeen { times: 1, first: seen() },
        VerdictKind::GenuineAgain => Verdict::GenuineAgain { first: seen() },
        VerdictKind::GenuineFirst => Verdict::GenuineFirst,
    }
}
