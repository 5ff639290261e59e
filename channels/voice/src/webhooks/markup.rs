//! The frame that TwiML, its kin and Plivo XML share: what is said, then where to go on.
//!
//! Owns the order and the elements that mean the same in both; each dialect has its own words for speaking and for
//! collecting keys.

use std::fmt::Write as _;

use contract::Language;

use super::form::xml;
use super::{Next, Speech, Turn};
use crate::dialogue::Collect;

/// What is a dialect's own.
pub(super) struct Dialect {
    /// The element that speaks, as `Say`.
    pub(super) speak: &'static str,
    /// A language's name.
    pub(super) tag: fn(Language) -> &'static str,
    /// The element in `Dial` for an address of SIP.
    pub(super) sip: &'static str,
    /// What `Dial` needs besides.
    pub(super) dial: &'static str,
    /// The name of the element that collects keys, and its attributes for what is awaited.
    pub(super) collect: fn(&Collect) -> (&'static str, String),
}

impl Dialect {
    /// The answer to a platform. `voice` names the voice of a language, where one is set.
    pub(super) fn write(&self, turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
        let speech = self.speech(&turn.speech, voice);
        let body = match &turn.next {
            Next::Collect(collect, address) => {
                let address = xml(address);
                let (element, attributes) = (self.collect)(collect);
                let (inside, before) = if turn.barge_in { (speech.as_str(), "") } else { ("", speech.as_str()) };
                format!(
                    "{before}<{element} action=\"{address}\" method=\"POST\" numDigits=\"{}\" {attributes}>{inside}\
                     </{element}><Redirect method=\"POST\">{address}</Redirect>",
                    collect.most
                )
            }
            Next::Go(address) => format!("{speech}<Redirect method=\"POST\">{}</Redirect>", xml(address)),
            Next::Transfer(place, address) => {
                let noun = if place.starts_with("sip:") { self.sip } else { "Number" };
                let (place, more) = (xml(place.strip_prefix("tel:").unwrap_or(place)), self.dial);
                let address = xml(address);
                format!("{speech}<Dial action=\"{address}\" method=\"POST\"{more}><{noun}>{place}</{noun}></Dial>")
            }
            Next::HangUp => format!("{speech}<Hangup/>"),
        };
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{body}</Response>")
    }

    fn speech(&self, speech: &Speech, voice: &dyn Fn(Language) -> Option<String>) -> String {
        let said = match speech {
            Speech::Recording(address) => return format!("<Play>{}</Play>", xml(address)),
            Speech::Words(said) => said,
        };
        let (speak, mut all) = (self.speak, String::new());
        for said in said {
            let voice = voice(said.language).map(|voice| format!(" voice=\"{}\"", xml(&voice))).unwrap_or_default();
            let (tag, text) = ((self.tag)(said.language), xml(&said.text));
            // Writing into a String cannot fail.
            write!(all, "<{speak} language=\"{tag}\"{voice}>{text}</{speak}>").unwrap_or_default();
        }
        all
    }
}
