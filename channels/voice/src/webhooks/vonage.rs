//! Vonage call control objects (NCCO).

use contract::Language;
use serde_json::{Value, json};

use super::form::{Body, text};
use super::{Collected, Event, Next, Speech, Turn, keys, seconds};

pub(super) fn read(body: &Body) -> Option<Event> {
    let field = |name| body.field(name).map(std::borrow::Cow::into_owned);
    let digits = body.within("/dtmf/digits").and_then(text);
    let timed_out = body.within("/dtmf/timed_out").and_then(Value::as_bool);
    let status = field("status").unwrap_or_default();
    Some(Event {
        // Events of an input name the conversation too; the leg's id stands in all of them.
        call: field("uuid")?,
        caller: field("from"),
        called: field("to"),
        keys: digits.map(|digits| keys(&digits)).unwrap_or_default(),
        collected: match timed_out {
            Some(true) => Collected::Quiet,
            // The hash, or all the keys there can be.
            Some(false) => Collected::Hash,
            None => Collected::Quiet,
        },
        over: status == "completed",
        transferred: matches!(status.as_str(), "busy" | "failed" | "rejected" | "timeout" | "unanswered")
            .then_some(false),
    })
}

const fn tag(language: Language) -> &'static str {
    match language {
        Language::ZhHans => "cmn-CN",
        Language::ZhHk => "yue-CN",
        Language::En => "en-GB",
    }
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    let barge = turn.barge_in && matches!(turn.next, Next::Collect(..));
    let mut actions: Vec<Value> = match &turn.speech {
        Speech::Recording(address) => vec![json!({ "action": "stream", "streamUrl": [address], "bargeIn": barge })],
        Speech::Words(said) => said
            .iter()
            .map(|said| {
                let mut talk =
                    json!({ "action": "talk", "text": said.text, "language": tag(said.language), "bargeIn": barge });
                let style = voice(said.language).and_then(|style| style.parse::<u32>().ok());
                if let (Some(style), Some(talk)) = (style, talk.as_object_mut()) {
                    talk.insert("style".to_owned(), style.into());
                }
                talk
            })
            .collect(),
    };
    match &turn.next {
        Next::Collect(collect, address) => actions.push(json!({
            "action": "input", "type": ["dtmf"], "eventUrl": [address], "eventMethod": "POST",
            "dtmf": {
                "timeOut": seconds(collect.between, 1, 10), "maxDigits": collect.most.min(20),
                "submitOnHash": collect.hash_ends,
            },
        })),
        // The event of an input names the leg, that of a notification does not.
        Next::Go(address) => actions.push(json!({
            "action": "input", "type": ["dtmf"], "eventUrl": [address], "eventMethod": "POST",
            "dtmf": { "timeOut": 1, "maxDigits": 1 },
        })),
        Next::Transfer(place, address) => {
            let endpoint = if place.starts_with("sip:") {
                json!({ "type": "sip", "uri": place })
            } else {
                let number = place.trim_start_matches("tel:").trim_start_matches('+');
                json!({ "type": "phone", "number": number })
            };
            actions.push(json!({
                "action": "connect", "eventType": "synchronous", "eventUrl": [address], "endpoint": [endpoint],
            }));
        }
        // A list that ends hangs up.
        Next::HangUp => {}
    }
    Value::Array(actions).to_string()
}
