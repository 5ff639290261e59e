//! One message from one asker, as every channel hands it to the core.
//!
//! Owns who asks, from where, in which language and about which numbers. Does not judge any of it: what an anonymous
//! asker claims about itself stays a claim ([`Confidence::Low`]).

mod asker;

use std::fmt;
use std::time::Duration;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::reading::Number;
use crate::receipt::Receipt;
use crate::time::{Day, Timestamp};

pub use self::asker::{Asker, Identity, Role};

/// The longest text of a tip, in characters; a channel cuts what is longer.
pub const MAX_TIP: usize = 500;

/// The most numbers one inquiry may carry; a channel answers the first and says so of the rest.
pub const MAX_CHECKS: usize = 16;

/// One message: 0 to [`MAX_CHECKS`] numbers, one reply. A [`Request`] for help has no check and still has a reply.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// What makes a retransmission of this message the same message.
    pub id: InquiryId,
    /// The medium it came by.
    pub channel: Channel,
    /// Who asks, and in which role.
    pub asker: Asker,
    /// Where the reply goes if it goes out later than this call (SMS); `None` where the caller waits for it.
    pub route: Option<ReturnRoute>,
    /// The language the reply is wanted in.
    pub language: Language,
    /// Where the asker is, with how far that can be trusted.
    pub place: Option<Place>,
    /// When the asker asked, which is earlier than now after a queue on the way.
    pub asked: EventTime,
    /// What is wanted.
    pub request: Request,
    /// The numbers asked about; none where the request is not [`Request::Check`].
    pub checks: Vec<Check>,
}

/// What one message wants. All but [`Request::Check`] carry no number and are answered by a sentence of the channel's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub enum Request {
    /// To know of numbers.
    #[default]
    #[n(0)]
    Check,
    /// To be told how it works; answered to everyone.
    #[n(1)]
    Help,
    /// To hear nothing any more by this channel: what this asker asks later is recorded and not replied to.
    #[n(2)]
    Stop,
    /// To be replied to again.
    #[n(3)]
    Start,
    /// To report goods or a seller.
    #[n(4)]
    Tip(#[n(0)] Tip),
}

impl Request {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Check => RequestKind::Check,
            Self::Help => RequestKind::Help,
            Self::Stop => RequestKind::Stop,
            Self::Start => RequestKind::Start,
            Self::Tip(_) => RequestKind::Tip,
        }
    }
}

/// What an asker reports.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tip {
    /// The receipt of the answer that it is about; one that was never given is kept as it was given.
    #[n(0)]
    pub receipt: Option<Receipt>,
    /// What the asker wrote, at most [`MAX_TIP`] characters.
    #[n(1)]
    pub text: String,
}

/// The kinds of [`Request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// [`Request::Check`].
    #[default]
    Check,
    /// [`Request::Help`].
    Help,
    /// [`Request::Stop`].
    Stop,
    /// [`Request::Start`].
    Start,
    /// [`Request::Tip`].
    Tip,
}

/// What makes two messages the same message: a carrier's retransmission, a webhook's retry, a scanner's resend and an
/// `Idempotency-Key` carry the same id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InquiryId {
    /// The namespace of the key, named by the channel and link: `http`, `http/client/acme`, `sms/link-a`. At most 128 bytes.
    pub scope: String,
    /// The key within the scope, at most 255 bytes.
    pub key: String,
    /// For how long the same id means the same message; zero where a message can never come twice.
    pub valid_for: Duration,
}

/// The content of an inquiry as far as it decides the answer, for telling a retry from a reused id.
pub type Digest = [u8; 8];

/// One number as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was read out of the asker's input.
    pub number: Number,
    /// How it reached us.
    pub means: Means,
    /// The lot printed on the pack, if the asker gave it.
    pub lot: Option<String>,
    /// The expiry date printed on the pack, if the asker gave it.
    pub expiry: Option<Day>,
}

/// How a number was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// Typed on a keyboard or in a text.
    #[n(0)]
    Typed,
    /// Keyed on a telephone.
    #[n(1)]
    Keyed,
    /// Read by a scanner or a camera.
    #[n(2)]
    Scanned,
}

/// The medium of an inquiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Short message.
    #[n(0)]
    Sms,
    /// Telephone call.
    #[n(1)]
    Voice,
    /// Web page.
    #[n(2)]
    Web,
    /// Mall terminal.
    #[n(3)]
    Kiosk,
    /// A program, by the HTTP API.
    #[n(4)]
    Api,
}

impl Channel {
    /// Every channel, in order.
    pub const ALL: [Self; 5] = [Self::Sms, Self::Voice, Self::Web, Self::Kiosk, Self::Api];

    /// The name used in metrics, exports and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::Web => "web",
            Self::Kiosk => "kiosk",
            Self::Api => "api",
        }
    }
}

/// The languages the gateway speaks. `zh-HK` is Traditional Chinese as written in Hong Kong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
pub enum Language {
    /// Simplified Chinese, the network's own language and the default.
    #[default]
    #[n(0)]
    #[serde(rename = "zh-Hans")]
    ZhHans,
    /// Chinese of Hong Kong.
    #[n(1)]
    #[serde(rename = "zh-HK")]
    ZhHk,
    /// English.
    #[n(2)]
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// Every language, in order of the fallback's end to its start.
    pub const ALL: [Self; 3] = [Self::ZhHans, Self::ZhHk, Self::En];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhHans => "zh-Hans",
            Self::ZhHk => "zh-HK",
            Self::En => "en",
        }
    }

    /// The language that serves a BCP 47 tag: `zh-TW`, `zh-Hant` and `yue` are served in the Chinese of Hong Kong, other
    /// `zh` in Simplified Chinese, `en-*` in English. `None` for every other language.
    #[must_use]
    pub fn for_tag(tag: &str) -> Option<Self> {
        let lower = tag.trim().replace('_', "-").to_ascii_lowercase();
        let mut parts = lower.split('-');
        match parts.next()? {
            "en" => Some(Self::En),
            "yue" => Some(Self::ZhHk),
            "zh" => {
                let rest: Vec<&str> = parts.collect();
                if rest.contains(&"hans") {
                    Some(Self::ZhHans)
                } else if rest.iter().any(|part| matches!(*part, "hant" | "hk" | "mo" | "tw" | "yue")) {
                    Some(Self::ZhHk)
                } else {
                    Some(Self::ZhHans)
                }
            }
            _ => None,
        }
    }
}

/// Where the asker is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Place {
    /// The city's name, as it is said to shoppers; at most 64 characters.
    #[n(0)]
    pub city: String,
    /// The district, for routing a case; at most 64 characters.
    #[n(1)]
    pub district: Option<String>,
    /// Where on the globe, if known.
    #[n(2)]
    pub point: Option<Point>,
    /// How far it can be trusted.
    #[n(3)]
    pub confidence: Confidence,
}

/// A point with the radius it is known within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Point {
    /// Latitude in 1/100,000 of a degree, -9,000,000 to 9,000,000.
    #[n(0)]
    pub lat_e5: i32,
    /// Longitude in 1/100,000 of a degree, -18,000,000 to 18,000,000.
    #[n(1)]
    pub lon_e5: i32,
    /// Error radius in kilometres.
    #[n(2)]
    pub radius_km: u32,
}

/// How far a place can be trusted. The home region of a SIM card is not a place at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Claimed by the asker or guessed from a network address: advisory, feeds no verdict.
    #[n(0)]
    Low,
    /// Known to the city.
    #[n(1)]
    Medium,
    /// A registered terminal, shop or inspector.
    #[n(2)]
    High,
}

/// When something happened at the asker's, with the error of the clock that said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct EventTime {
    /// The instant.
    #[n(0)]
    pub at: Timestamp,
    /// It may be off by so many milliseconds either way.
    #[n(1)]
    pub error_ms: u32,
}

impl EventTime {
    /// An instant that the gateway itself saw.
    #[must_use]
    pub const fn exact(at: Timestamp) -> Self {
        Self { at, error_ms: 0 }
    }
}

/// A return route as the channel encodes it (at most 512 bytes); the core encrypts it and hands it back unread.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnRoute(pub Vec<u8>);

impl fmt::Debug for ReturnRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReturnRoute({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_find_the_language_that_serves_them() {
        for (tag, language) in [
            ("zh-CN", Some(Language::ZhHans)),
            ("zh", Some(Language::ZhHans)),
            ("zh_TW", Some(Language::ZhHk)),
            ("zh-Hant-TW", Some(Language::ZhHk)),
            ("zh-Hans-HK", Some(Language::ZhHans)),
            ("yue", Some(Language::ZhHk)),
            ("en-GB", Some(Language::En)),
            ("fr", None),
            ("", None),
        ] {
            assert_eq!(Language::for_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn a_raw_identity_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", Identity::Phone("8613800138000".to_owned())), "Phone(…)");
    }
}
