//! What the core says of one inquiry: an answer per number and one receipt.
//!
//! Holds facts, not sentences: `wording` and the channels render them.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::inquiry::RequestKind;
use crate::receipt::Receipt;
use crate::time::{Day, Timestamp};
use crate::verdict::{Colour, Seen, Verdict};
use crate::verify::Position;

/// The answer to one inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it replies to.
    pub about: RequestKind,
    /// One answer per check, in the order asked.
    pub answers: Vec<Answer>,
    /// The number the asker keeps; `None` where the answer was not recorded (beyond the quota), which then never says
    /// genuine.
    pub receipt: Option<Receipt>,
    /// When it was recorded.
    pub at: Timestamp,
    /// Where it was recorded; a channel whose replies go out later sends no reply without it.
    pub position: Option<Position>,
    /// Nothing goes out by a channel whose replies go out later: the asker has opted out, or is beyond its quota with a
    /// request that has no verdict. The reply is not owed.
    pub silent: bool,
    /// The same message was answered before; this is that answer.
    pub replayed: bool,
}

/// What is said of one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// The worst colour of verdict and advisories.
    pub colour: Colour,
    /// Lower matches, red and amber ones only, in order of precedence.
    pub advisories: Vec<Verdict>,
    /// What is known of the unit; empty where nothing is or nothing should be said.
    pub facts: Facts,
}

/// What is known of a unit and may be said to anyone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The product it should be.
    pub product: Option<Product>,
    /// The batch or lot.
    pub lot: Option<String>,
    /// The day it was made.
    pub made: Option<Day>,
    /// The last day it is good.
    pub expiry: Option<Day>,
    /// How many sessions asked about it before this one, this asker's own included.
    pub times_checked: Option<u32>,
    /// The first check of all.
    pub first_checked: Option<Seen>,
}

/// A product as it is said to a shopper; names by language, see [`Names::in_language`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What it is called.
    pub name: Names,
    /// Who makes it.
    pub maker: Names,
    /// Specification or pack, as printed ("500 ml × 1").
    pub spec: Option<String>,
    /// Licence or approval number.
    pub licence: Option<String>,
    /// Category id of the catalogue.
    pub category: String,
}

/// A name in the three languages; Simplified Chinese is always there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Simplified Chinese.
    #[n(0)]
    #[serde(rename = "zh-Hans")]
    pub zh_hans: String,
    /// Chinese of Hong Kong; falls back to Simplified Chinese.
    #[n(1)]
    #[serde(rename = "zh-HK", default, skip_serializing_if = "Option::is_none")]
    pub zh_hk: Option<String>,
    /// English; falls back to Simplified Chinese.
    #[n(2)]
    #[serde(rename = "en", default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Names {
    /// The name for a language, by its fallback.
    #[must_use]
    pub fn in_language(&self, language: crate::Language) -> &str {
        match language {
            crate::Language::ZhHans => &self.zh_hans,
            crate::Language::ZhHk => self.zh_hk.as_deref().unwrap_or(&self.zh_hans),
            crate::Language::En => self.en.as_deref().unwrap_or(&self.zh_hans),
        }
    }
}
