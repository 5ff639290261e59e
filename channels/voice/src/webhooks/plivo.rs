//! Plivo XML. `GetInput` falls through where nothing was pressed; `log="false"` keeps digits out of Plivo's log.

use std::fmt::Write as _;

use contract::Language;

use super::form::{Body, xml};
use super::{Collected, Event, Next, Speech, Turn, keys, seconds};

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

fn speech(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    match &turn.speech {
        Speech::Recording(address) => format!("<Play>{}</Play>", xml(address)),
        Speech::Words(said) => said.iter().fold(String::new(), |mut all, said| {
            let voice = voice(said.language).map(|voice| format!(" voice=\"{}\"", xml(&voice))).unwrap_or_default();
            // Writing into a String cannot fail.
            write!(all, "<Speak language=\"{}\"{voice}>{}</Speak>", tag(said.language), xml(&said.text))
                .unwrap_or_default();
            all
        }),
    }
}

pub(super) fn write(turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    let speech = speech(turn, voice);
    let body = match &turn.next {
        Next::Collect(collect, address) => {
            let address = xml(address);
            let finish = if collect.hash_ends { "#" } else { "none" };
            let (first, between) = (seconds(collect.first, 5, 60), seconds(collect.between, 2, 10));
            let (inside, before) = if turn.barge_in { (speech.as_str(), "") } else { ("", speech.as_str()) };
            format!(
                "{before}<GetInput action=\"{address}\" method=\"POST\" inputType=\"dtmf\" numDigits=\"{}\" \
                 finishOnKey=\"{finish}\" executionTimeout=\"{first}\" digitEndTimeout=\"{between}\" redirect=\"true\" \
                 log=\"false\">{inside}</GetInput><Redirect method=\"POST\">{address}</Redirect>",
                collect.most
            )
        }
        Next::Go(address) => format!("{speech}<Redirect method=\"POST\">{}</Redirect>", xml(address)),
        Next::Transfer(place, address) => {
            let noun = if place.starts_with("sip:") { "User" } else { "Number" };
            let place = xml(place.strip_prefix("tel:").unwrap_or(place));
            format!(
                "{speech}<Dial action=\"{}\" method=\"POST\" redirect=\"true\"><{noun}>{place}</{noun}></Dial>",
                xml(address)
            )
        }
        Next::HangUp => format!("{speech}<Hangup/>"),
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{body}</Response>")
}
