//! The section `[voice]` of the configuration.
//!
//! Owns what is written in the file and the checks over it. Reads no file and opens no socket.

pub mod sip;
pub mod webhooks;

use std::path::PathBuf;
use std::time::Duration;

use contract::Language;
use serde::{Deserialize, Serialize};

pub use self::sip::SipConfig;
use self::webhooks::{FastAgiConfig, WebhooksConfig};
use crate::dialogue;

/// The section `[voice]`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceConfig {
    /// How callers are spoken with.
    pub dialogue: DialogueConfig,
    /// A folder of the operator's own recordings over the shipped ones. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<PathBuf>,
    /// Whether names of products are spoken by espeak-ng, where it is on the machine, as they come into the catalogue.
    /// Default true.
    pub speak_names: bool,
    /// Platforms that hold the call and post to us.
    pub webhooks: WebhooksConfig,
    /// Asterisk by FastAGI.
    pub fastagi: FastAgiConfig,
    /// Calls by SIP.
    pub sip: SipConfig,
}

impl Default for VoiceConfig {
    fn default() -> Self {
        Self {
            dialogue: DialogueConfig::default(),
            prompts: None,
            speak_names: true,
            webhooks: WebhooksConfig::default(),
            fastagi: FastAgiConfig::default(),
            sip: SipConfig::default(),
        }
    }
}

/// How callers are spoken with, `[voice.dialogue]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DialogueConfig {
    /// The language where neither the number called nor the caller tells one. Default `zh-Hans`.
    pub language: Language,
    /// How many digits numbers may have, 1 to 8 lengths of 8 to 40; the longest needs no `#`. Default `[16, 20]`.
    pub lengths: Vec<u32>,
    /// Which of these lengths end in a Damm check digit, which is tested before the number is looked up; a number keyed
    /// the same twice is looked up all the same. Default `[20]`.
    pub checked: Vec<u32>,
    /// Seconds until the first key, 2 to 60. Default 8.
    pub first_s: u32,
    /// Seconds between keys, 1 to 60. Default 4.
    pub between_s: u32,
    /// Seconds between keys after every fourth digit, 1 to 60. Default 8.
    pub at_group_s: u32,
    /// Seconds for one number, 20 to 600. Default 120.
    pub number_s: u32,
    /// Seconds after an answer and its menu, 5 to 60. Default 7.
    pub after_s: u32,
    /// Seconds until a caller hears that we are still looking, 1 to 10. Default 4.
    pub patience_s: u32,
    /// Seconds until an answer is no longer waited for, 2 to 120. Default 30.
    pub answer_s: u32,
    /// Seconds of a whole call, 30 to 3,600. Default 300.
    pub call_s: u32,
    /// Wrong or short numbers in a row before the call goes to a person or ends, 1 to 10. Default 3.
    pub tries: u32,
    /// Numbers of one call, 1 to 100. Default 10.
    pub numbers: u32,
}

impl Default for DialogueConfig {
    fn default() -> Self {
        Self {
            language: Language::ZhHans,
            lengths: vec![16, 20],
            checked: vec![20],
            first_s: 8,
            between_s: 4,
            at_group_s: 8,
            number_s: 120,
            after_s: 7,
            patience_s: 4,
            answer_s: 30,
            call_s: 300,
            tries: 3,
            numbers: 10,
        }
    }
}

/// What is wrong with the section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A number is out of its range.
    #[error("voice.{key}: expected {least} to {most}, got {got}")]
    Range {
        /// The key.
        key: &'static str,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// What was given.
        got: u32,
    },
    /// Something of a platform cannot be used.
    #[error("voice.webhooks {of}: {what}")]
    Webhook {
        /// The platform, or the section.
        of: String,
        /// What is wrong.
        what: String,
    },
    /// Something in `[voice.sip]` cannot be used.
    #[error("voice.sip: {0}")]
    Sip(String),
}

impl DialogueConfig {
    /// Checks the section.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self) -> Result<dialogue::Settings, ConfigError> {
        let count = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let mut ranges = vec![
            ("dialogue.lengths", 1, 8, count),
            ("dialogue.first_s", 2, 60, self.first_s),
            ("dialogue.between_s", 1, 60, self.between_s),
            ("dialogue.at_group_s", 1, 60, self.at_group_s),
            ("dialogue.number_s", 20, 600, self.number_s),
            ("dialogue.after_s", 5, 60, self.after_s),
            ("dialogue.patience_s", 1, 10, self.patience_s),
            ("dialogue.answer_s", 2, 120, self.answer_s),
            ("dialogue.call_s", 30, 3_600, self.call_s),
            ("dialogue.tries", 1, 10, self.tries),
            ("dialogue.numbers", 1, 100, self.numbers),
        ];
        ranges.extend(self.lengths.iter().chain(&self.checked).map(|length| ("dialogue.lengths", 8, 40, *length)));
        for (key, least, most, got) in ranges {
            if !(least..=most).contains(&got) {
                return Err(ConfigError::Range { key, least, most, got });
            }
        }
        let sizes = |lengths: &[u32]| {
            let mut sizes: Vec<usize> = lengths.iter().filter_map(|length| usize::try_from(*length).ok()).collect();
            sizes.sort_unstable();
            sizes
        };
        let seconds = |count: u32| Duration::from_secs(count.into());
        Ok(dialogue::Settings {
            language: self.language,
            lengths: sizes(&self.lengths),
            checked: sizes(&self.checked),
            first: seconds(self.first_s),
            between: seconds(self.between_s),
            at_group: seconds(self.at_group_s),
            number: seconds(self.number_s),
            after: seconds(self.after_s),
            patience: seconds(self.patience_s),
            answer: seconds(self.answer_s),
            call: seconds(self.call_s),
            tries: self.tries,
            numbers: self.numbers,
            ..dialogue::Settings::default()
        })
    }
}

impl VoiceConfig {
    /// Checks the section.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self) -> Result<dialogue::Settings, ConfigError> {
        self.dialogue.check()
    }
}
