//! TwiML, and its kin cXML (SignalWire) and TeXML (Telnyx).
//!
//! `Gather` has one time-out, from the end of what is said and again after each key: the time between keys. It says
//! `FinishedOnKey` where it does.

use std::fmt::Write as _;

use contract::Language;

use super::form::{Body, xml};
use super::{Collected, Event, Next, Speech, Turn, keys, seconds};

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

fn speech(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    match &turn.speech {
        Speech::Recording(address) => format!("<Play>{}</Play>", xml(address)),
        Speech::Words(said) => said.iter().fold(String::new(), |mut all, said| {
            let voice = voice(said.language).map(|voice| format!(" voice=\"{}\"", xml(&voice))).unwrap_or_default();
            // Writing into a String cannot fail.
            write!(all, "<Say language=\"{}\"{voice}>{}</Say>", tag(said.language), xml(&said.text))
                .unwrap_or_default();
            all
        }),
    }
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    let speech = speech(turn, voice);
    let body = match &turn.next {
        Next::Collect(collect, address) => {
            let (address, timeout) = (xml(address), seconds(collect.between, 1, 60));
            let finish = if collect.hash_ends { "#" } else { "" };
            let (inside, before) = if turn.barge_in { (speech.as_str(), "") } else { ("", speech.as_str()) };
            format!(
                "{before}<Gather input=\"dtmf\" action=\"{address}\" method=\"POST\" numDigits=\"{}\" \
                 finishOnKey=\"{finish}\" timeout=\"{timeout}\" actionOnEmptyResult=\"true\">{inside}</Gather>\
                 <Redirect method=\"POST\">{address}</Redirect>",
                collect.most
            )
        }
        Next::Go(address) => format!("{speech}<Redirect method=\"POST\">{}</Redirect>", xml(address)),
        Next::Transfer(place, address) => {
            let noun = if place.starts_with("sip:") { "Sip" } else { "Number" };
            let place = xml(place.strip_prefix("tel:").unwrap_or(place));
            format!("{speech}<Dial action=\"{}\" method=\"POST\"><{noun}>{place}</{noun}></Dial>", xml(address))
        }
        Next::HangUp => format!("{speech}<Hangup/>"),
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{body}</Response>")
}
