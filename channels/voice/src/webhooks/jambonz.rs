//! jambonz verbs.

use contract::Language;
use serde_json::{Value, json};

use super::form::Body;
use super::{Collected, Event, Next, Speech, Turn, keys, seconds};

pub(super) fn read(body: &Body) -> Option<Event> {
    let field = |name| body.field(name).map(std::borrow::Cow::into_owned);
    let reason = field("reason").unwrap_or_default();
    let dialled = field("dial_call_status");
    let status = field("call_status").unwrap_or_default();
    Some(Event {
        call: field("call_sid")?,
        caller: field("from"),
        called: field("to"),
        keys: field("digits").map(|digits| keys(&digits)).unwrap_or_default(),
        // What it calls detected ended by the hash or by the last key there can be.
        collected: if reason == "dtmfDetected" { Collected::Hash } else { Collected::Quiet },
        over: matches!(status.as_str(), "completed" | "busy" | "failed" | "no-answer") && dialled.is_none(),
        transferred: dialled.map(|status| status == "completed"),
    })
}

const fn tag(language: Language) -> &'static str {
    match language {
        Language::ZhHans => "cmn-CN",
        Language::ZhHk => "yue-HK",
        Language::En => "en-GB",
    }
}

fn speech(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> Vec<Value> {
    match &turn.speech {
        Speech::Recording(address) => vec![json!({ "verb": "play", "url": address })],
        Speech::Words(said) => said
            .iter()
            .map(|said| {
                let mut synthesizer = json!({ "vendor": "default", "language": tag(said.language) });
                if let (Some(voice), Some(object)) = (voice(said.language), synthesizer.as_object_mut()) {
                    object.insert("voice".to_owned(), voice.into());
                }
                json!({ "verb": "say", "text": said.text, "synthesizer": synthesizer })
            })
            .collect(),
    }
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    let mut verbs = speech(turn, voice);
    match &turn.next {
        Next::Collect(collect, address) => {
            // Only one thing can be said within a gather: the last one, which says what to press; keys cut it off.
            let nested = if turn.barge_in { verbs.pop() } else { None };
            let mut gather = json!({
                "verb": "gather", "actionHook": address, "input": ["digits"], "maxDigits": collect.most,
                "finishOnKey": if collect.hash_ends { "#" } else { "" }, "dtmfBargein": true,
                "timeout": seconds(collect.first, 1, 60), "interDigitTimeout": seconds(collect.between, 1, 60),
            });
            if let (Some(mut said), Some(object)) = (nested, gather.as_object_mut()) {
                let verb = said.as_object_mut().and_then(|said| said.remove("verb"));
                if let Some(verb) = verb.as_ref().and_then(Value::as_str) {
                    object.insert(verb.to_owned(), said);
                }
            }
            verbs.push(gather);
        }
        Next::Go(address) => verbs.push(json!({ "verb": "redirect", "actionHook": address })),
        Next::Transfer(place, address) => {
            let target = if place.starts_with("sip:") {
                json!({ "type": "sip", "sipUri": place })
            } else {
                json!({ "type": "phone", "number": place.trim_start_matches("tel:") })
            };
            verbs.push(json!({ "verb": "dial", "actionHook": address, "target": [target] }));
        }
        Next::HangUp => verbs.push(json!({ "verb": "hangup" })),
    }
    Value::Array(verbs).to_string()
}
