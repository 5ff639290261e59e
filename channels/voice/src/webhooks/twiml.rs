//! TwiML, and its kin cXML (SignalWire) and TeXML (Telnyx).
//!
//! `Gather` has one time-out, from the end of what is said and again after each key: the time between keys. It says
//! `FinishedOnKey` where it does.

use contract::Language;

use super::form::Body;
use super::markup::Dialect;
use super::{Collected, Event, Turn, keys, seconds};
use crate::dialogue::Collect;

pub(super) fn read(body: &Body) -> Option<Event> {
    let field = |name| body.field(name).map(std::borrow::Cow::into_owned);
    let status = field("CallStatus").unwrap_or_default();
    let dialled = field("DialCallStatus");
    Some(Event {
        call: field("CallSid")?,
        caller: field("From"),
        called: field("To"),
        keys: field("Digits").map(|digits| keys(&digits)).unwrap_or_default(),
        collected: match field("FinishedOnKey").as_deref() {
            Some("#") => Collected::Hash,
            Some(_) => Collected::Quiet,
            None => Collected::Unsaid,
        },
        over: matches!(status.as_str(), "completed" | "busy" | "failed" | "no-answer" | "canceled")
            && dialled.is_none(),
        transferred: dialled.map(|status| matches!(status.as_str(), "completed" | "answered")),
    })
}

const fn tag(language: Language) -> &'static str {
    match language {
        Language::ZhHans => "zh-CN",
        Language::ZhHk => "zh-HK",
        Language::En => "en-GB",
    }
}

/// The words of TwiML.
const DIALECT: Dialect = Dialect { speak: "Say", tag, sip: "Sip", dial: "", collect };

fn collect(collect: &Collect) -> (&'static str, String) {
    let (finish, timeout) = (if collect.hash_ends { "#" } else { "" }, seconds(collect.between, 1, 60));
    let attributes =
        format!("input=\"dtmf\" finishOnKey=\"{finish}\" timeout=\"{timeout}\" actionOnEmptyResult=\"true\"");
    ("Gather", attributes)
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    DIALECT.write(turn, voice)
}
