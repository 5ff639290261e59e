//! Replies as the JSON of the API.
//!
//! The field names here are the API: additions only. Does not word anything itself and says no more than the answer does.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use contract::answer::Names;
use contract::{Answer, Facts, Language, Receipt, ReceiptView, Reply, Reported, Seen, Timestamp, TradeItem, Verdict};
use serde::Serialize;
use wording::Words;

/// Most answers are shorter, in octets.
const ROOM: usize = 2_048;

/// The body of an answered check.
#[derive(Debug, Serialize)]
pub(crate) struct CheckBody {
    verdict: &'static str,
    colour: &'static str,
    advisories: Vec<&'static str>,
    receipt: Option<Receipt>,
    facts: FactsBody,
    #[serde(skip_serializing_if = "DetailBody::is_empty")]
    detail: DetailBody,
    text: TextBody,
    recorded_at: Timestamp,
    replayed: bool,
}

#[derive(Debug, Serialize)]
struct FactsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<ProductBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<contract::Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<contract::Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times_checked: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_checked: Option<SeenBody>,
}

#[derive(Debug, Serialize)]
struct ProductBody {
    name: String,
    maker: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
    category: String,
}

#[derive(Debug, Serialize)]
struct SeenBody {
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
}

/// What a verdict rests on, by verdict; see [`detail`].
#[derive(Debug, Default, PartialEq, Serialize)]
struct DetailBody(serde_json::Map<String, serde_json::Value>);

impl DetailBody {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn with(mut self, key: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("texts and numbers can be written as JSON");
        self.0.insert(key.to_owned(), value);
        self
    }

    fn with_some(self, key: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

#[derive(Debug, Serialize)]
struct TextBody {
    word: String,
    verdict: String,
    facts: Vec<String>,
    advice: String,
    advisories: Vec<String>,
}

/// The body of a recorded report.
#[derive(Debug, Serialize)]
pub(crate) struct EventBody {
    position: String,
    units: usize,
    replayed: bool,
}

/// The body of a receipt that was found.
#[derive(Debug, Serialize)]
pub(crate) struct ReceiptBody {
    receipt: Receipt,
    at: Timestamp,
    verdicts: Vec<ReceiptVerdict>,
}

#[derive(Debug, Serialize)]
struct ReceiptVerdict {
    verdict: &'static str,
    colour: &'static str,
}

/// A body as a response, as [`axum::Json`] makes it, but written into room for a whole answer: an answer is some two
/// hundred pieces, and growing by them costs as much as all the rest of the writing.
///
/// # Panics
/// Never: texts, numbers and maps by text can be written as JSON.
pub(crate) fn json(body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut bytes, body).expect("texts, numbers and maps by text can be written as JSON");
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
}

/// One answer of a reply.
pub(crate) fn check(reply: &Reply, answer: &Answer, words: &Words, language: Language) -> CheckBody {
    let text = words.answer(answer, language);
    CheckBody {
        verdict: answer.verdict.kind().name(),
        colour: answer.colour.name(),
        advisories: answer.advisories.iter().map(|advisory| advisory.kind().name()).collect(),
        receipt: reply.receipt,
        facts: facts(&answer.facts, language),
        detail: detail(&answer.verdict),
        text: TextBody {
            word: text.word,
            verdict: text.verdict,
            facts: text.facts,
            advice: text.advice,
            advisories: text.advisories,
        },
        recorded_at: reply.at,
        replayed: reply.replayed,
    }
}

/// A recorded report; the position is `stream-sequence`.
pub(crate) fn event(reported: &Reported) -> EventBody {
    let position = format!("{}-{}", reported.position.stream, reported.position.sequence);
    EventBody { position, units: reported.units, replayed: reported.replayed }
}

/// A receipt that was found.
pub(crate) fn receipt(view: &ReceiptView) -> ReceiptBody {
    let verdict = |(kind, colour): &(contract::VerdictKind, contract::Colour)| ReceiptVerdict {
        verdict: kind.name(),
        colour: colour.name(),
    };
    ReceiptBody { receipt: view.receipt, at: to_minute(view.at), verdicts: view.verdicts.iter().map(verdict).collect() }
}

fn facts(facts: &Facts, language: Language) -> FactsBody {
    let name = |names: &Names| names.in_language(language).to_owned();
    FactsBody {
        product: facts.product.as_ref().map(|product| ProductBody {
            name: name(&product.name),
            maker: name(&product.maker),
            spec: product.spec.clone(),
            licence: product.licence.clone(),
            category: product.category.clone(),
        }),
        lot: facts.lot.clone(),
        made: facts.made,
        expiry: facts.expiry,
        times_checked: facts.times_checked,
        first_checked: facts.first_checked.as_ref().map(seen),
    }
}

fn seen(seen: &Seen) -> SeenBody {
    SeenBody { at: to_minute(seen.at), city: seen.city.clone(), channel: seen.channel.map(contract::Channel::name) }
}

/// An earlier event is told to the minute: the second would help to find out who it was.
fn to_minute(at: Timestamp) -> Timestamp {
    Timestamp(at.as_millis() - at.as_millis().rem_euclid(60_000))
}

fn detail(verdict: &Verdict) -> DetailBody {
    let empty = DetailBody::default();
    match verdict {
        Verdict::RateLimited { minutes } => empty.with("retry_after_minutes", minutes),
        Verdict::Malformed { read, expected } => empty.with("read", read).with("expected", expected),
        Verdict::NotUnitCode { item } => empty.with(
            "item",
            match item {
                TradeItem::Gtin => "gtin",
                TradeItem::Licence => "licence",
            },
        ),
        Verdict::Recalled { reason } => empty.with_some("reason", reason.as_ref()),
        Verdict::Expired { on } => empty.with("expired_on", on),
        Verdict::NotActivated { fresh } => empty.with("fresh", fresh),
        Verdict::NotYetOnSale { from } => empty.with_some("from", from.as_ref()),
        Verdict::ImpossibleTravel { elsewhere } => empty.with("elsewhere", seen(elsewhere)),
        Verdict::SoldBefore { sale } => empty.with("sale", seen(sale)),
        Verdict::Overchecked { times, first } | Verdict::GenuineSeen { times, first } => {
            empty.with("times", times).with("first", seen(first))
        }
        Verdict::DataMismatch { lot, expiry, product } => {
            empty.with("lot_differs", lot).with("expiry_differs", expiry).with("product_differs", product)
        }
        Verdict::CartonCode { holds } => empty.with("holds", holds),
        Verdict::GenuineAgain { first } => empty.with("first", seen(first)),
        Verdict::Unavailable
        | Verdict::Degraded
        | Verdict::Typo
        | Verdict::NotCovered
        | Verdict::Unknown
        | Verdict::Compromised
        | Verdict::Stolen
        | Verdict::Withdrawn
        | Verdict::GenuineFirst => empty,
    }
}
