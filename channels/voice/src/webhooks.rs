//! Calls that an IVR platform holds: it posts what happened, we answer what it shall do.
//!
//! Owns the platforms' forms in both directions, one file each, their signatures ([`signature`]), and the way of a call
//! through its steps ([`calls`]). Has no socket and no clock: `channels/voice/src/run/ivr.rs` does.
//!
//! One flow for all: an [`Event`] is read from a request, keys go into the call's dialogue, and a [`Turn`] comes out: what
//! to say, and what comes after it. Only the writing of a turn differs.

pub mod calls;
pub mod form;
mod httapi;
#[cfg(any(test, feature = "invariants"))]
pub mod invariants;
mod jambonz;
mod markup;
mod plivo;
pub mod signature;
mod twiml;
mod vonage;

use contract::{Identity, Language, phone};
use serde::{Deserialize, Serialize};

use self::form::Body;
use crate::dialogue::{Collect, Key};

/// The most keys of one request that are looked at.
const MOST_KEYS: usize = 64;

/// The longest id of a call.
const LONGEST_ID: usize = 128;

/// Whose form requests and answers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Twilio: TwiML.
    Twilio,
    /// SignalWire: cXML, which is TwiML.
    SignalWire,
    /// Telnyx: TeXML, which is TwiML.
    Telnyx,
    /// Plivo XML.
    Plivo,
    /// Vonage: NCCO.
    Vonage,
    /// jambonz verbs.
    Jambonz,
    /// FreeSWITCH by mod_httapi.
    FreeSwitch,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Twilio, Self::SignalWire, Self::Telnyx, Self::Plivo, Self::Vonage, Self::Jambonz, Self::FreeSwitch];

    /// The name in the configuration, and of its address where none is given.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::SignalWire => "signalwire",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Vonage => "vonage",
            Self::Jambonz => "jambonz",
            Self::FreeSwitch => "freeswitch",
        }
    }

    /// Whether requests are JSON; forms otherwise.
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Vonage | Self::Jambonz)
    }

    /// Whether its requests are signed.
    #[must_use]
    pub const fn signs(self) -> bool {
        !matches!(self, Self::FreeSwitch)
    }

    /// The type of our answers.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Twilio | Self::SignalWire | Self::Telnyx | Self::Plivo => "application/xml; charset=utf-8",
            Self::Vonage | Self::Jambonz => "application/json",
            Self::FreeSwitch => "text/xml; charset=utf-8",
        }
    }
}

/// How the platform stopped collecting keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// `#` was pressed.
    Hash,
    /// Nothing more was pressed.
    Quiet,
    /// It does not say.
    Unsaid,
}

/// What a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The call's id at the platform.
    pub call: String,
    /// Who calls, as the platform writes it.
    pub caller: Option<String>,
    /// The number called, as the platform writes it.
    pub called: Option<String>,
    /// The keys pressed.
    pub keys: Vec<Key>,
    /// Why there are no more.
    pub collected: Collected,
    /// The call is over.
    pub over: bool,
    /// A transfer ended, and whether somebody took the call.
    pub transferred: Option<bool>,
}

/// A request that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub &'static str);

/// What to say in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The language.
    pub language: Language,
    /// The words.
    pub text: String,
}

/// How a turn is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// By the platform's voice.
    Words(Vec<Said>),
    /// A recording of ours at this address.
    Recording(String),
}

/// What a platform shall do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// What to say first.
    pub speech: Speech,
    /// Whether keys cut it off.
    pub barge_in: bool,
    /// What comes then.
    pub next: Next,
}

/// What comes after a turn's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Collect keys and post them to this address.
    Collect(Collect, String),
    /// Post to this address.
    Go(String),
    /// Hand the call to this place, and post how it went to this address.
    Transfer(String, String),
    /// Hang up.
    HangUp,
}

/// Reads a request.
///
/// # Errors
/// [`Unreadable`] where the call has no id that can be one.
pub fn read(kind: Kind, body: &Body) -> Result<Event, Unreadable> {
    let event = match kind {
        Kind::Twilio | Kind::SignalWire | Kind::Telnyx => twiml::read(body),
        Kind::Plivo => plivo::read(body),
        Kind::Vonage => vonage::read(body),
        Kind::Jambonz => jambonz::read(body),
        Kind::FreeSwitch => httapi::read(body),
    };
    let event = event.ok_or(Unreadable("the call has no id"))?;
    if event.call.is_empty() || event.call.len() > LONGEST_ID || !event.call.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(Unreadable("the call's id is not 1 to 128 visible ASCII characters"));
    }
    Ok(event)
}

/// Writes a turn; `voice` names the platform's voice for a language, where one is configured.
#[must_use]
pub fn write(kind: Kind, turn: &Turn, voice: &dyn Fn(Language) -> Option<String>) -> String {
    match kind {
        Kind::Twilio | Kind::SignalWire | Kind::Telnyx => twiml::write(turn, voice),
        Kind::Plivo => plivo::write(turn, voice),
        Kind::Vonage => vonage::write(turn, voice),
        Kind::Jambonz => jambonz::write(turn, voice),
        Kind::FreeSwitch => httapi::write(turn),
    }
}

/// Keys from a text of them; what is no key is left out.
fn keys(text: &str) -> Vec<Key> {
    text.chars().filter_map(Key::from_char).take(MOST_KEYS).collect()
}

/// The asker behind a caller's number as platforms write it: `+8613800138000`, `sip:+8613800138000@host`, `anonymous`.
#[must_use]
pub fn identity(caller: Option<&str>, country: &str) -> Identity {
    let number = caller.map(str::trim).and_then(|caller| {
        let caller = ["sip:", "sips:", "tel:"].iter().find_map(|front| caller.strip_prefix(front)).unwrap_or(caller);
        let user = caller.split(['@', ';']).next().unwrap_or_default();
        let digits: String = user.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).take(32).collect();
        phone::e164(&digits, false, country)
    });
    number.map_or(Identity::Unknown, Identity::Phone)
}

/// Whole seconds, rounded up and within a platform's bounds.
fn seconds(of: std::time::Duration, least: u64, most: u64) -> u64 {
    u64::try_from(of.as_millis().div_ceil(1_000)).unwrap_or(most).clamp(least, most)
}

#[cfg(test)]
mod tests;
