//! Plivo XML. `GetInput` falls through where nothing was pressed; `log="false"` keeps digits out of Plivo's log.

use contract::Language;

use super::form::Body;
use super::markup::Dialect;
use super::{Collected, Event, Turn, keys, seconds};
use crate::dialogue::Collect;

pub(super) fn read(body: &Body) -> Option<Event> {
    let field = |name| body.field(name).map(std::borrow::Cow::into_owned);
    let dialled = field("DialStatus");
    Some(Event {
        call: field("CallUUID")?,
        caller: field("From"),
        called: field("To"),
        keys: field("Digits").map(|digits| keys(&digits)).unwrap_or_default(),
        collected: Collected::Unsaid,
        over: field("Event").as_deref() == Some("Hangup"),
        transferred: dialled.map(|status| status == "completed"),
    })
}

const fn tag(language: Language) -> &'static str {
    match language {
        Language::ZhHans => "cmn-CN",
        Language::ZhHk => "yue-CN",
        Language::En => "en-GB",
    }
}

/// The words of Plivo XML.
const DIALECT: Dialect = Dialect { speak: "Speak", tag, sip: "User", dial: " redirect=\"true\"", collect };

fn collect(collect: &Collect) -> (&'static str, String) {
    let finish = if collect.hash_ends { "#" } else { "none" };
    let (first, between) = (seconds(collect.first, 5, 60), seconds(collect.between, 2, 10));
    let attributes = format!(
        "inputType=\"dtmf\" finishOnKey=\"{finish}\" executionTimeout=\"{first}\" digitEndTimeout=\"{between}\" \
         redirect=\"true\" log=\"false\""
    );
    ("GetInput", attributes)
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    DIALECT.write(turn, voice)
}
