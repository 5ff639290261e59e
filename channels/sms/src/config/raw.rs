//! The section as it is written.

use std::net::SocketAddr;
use std::path::PathBuf;

use contract::Language;
use net::{Limits, TlsClient, TlsFiles};
use serde::{Deserialize, Serialize};

use crate::message::Receipting;
use crate::text;
use crate::wire::pdu::Secret;

/// The section `[sms]`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsConfig {
    /// The country calling code of numbers that come in national form, 1 to 4 digits or none. Default `86`.
    pub country: String,
    /// Minutes after which a reply that the carrier has not taken is of no use, 1 to 2,880. Default 1,440.
    pub valid_minutes: u32,
    /// Minutes within which the same text from the same number to the same number is the carrier's retransmission, 1 to
    /// 1,440. Default 5.
    pub same_minutes: u32,
    /// Replies that may wait for the carriers, 100 to 1,000,000, about 1 KB each; segments of one group of links at most
    /// half as many. When they are so many, carriers are told to come back. Default 20,000.
    pub owed: u32,
    /// The language of a text that tells none, where the sender's country tells none either. Default `zh-Hans`.
    pub language: Language,
    /// Numbers of one text that are answered, 1 to 16. Default 3.
    pub numbers: u32,
    /// Seconds from one text of our own to the next, 1 to 86,400, or 0 for none: each asks for help as a handset would,
    /// by everything but a carrier, and the metrics say how long its reply took. Each is an inquiry in the ledger; where
    /// there is no link there are none.
    /// Default 60.
    pub probe_s: u32,
    /// Our own numbers: what they send is never answered. Default none.
    pub own: Vec<String>,
    /// Words that may stand before a number besides those known everywhere, `[[sms.keyword]]`. Default none.
    pub keyword: Vec<KeywordConfig>,
    /// Where carriers and aggregators bind to us, `[[sms.server]]`. Default none.
    pub server: Vec<ServerConfig>,
    /// Who may bind to us, `[[sms.account]]`. Default none.
    pub account: Vec<AccountConfig>,
    /// What we bind to, `[[sms.link]]`. Default none.
    pub link: Vec<LinkConfig>,
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self {
            country: "86".to_owned(),
            valid_minutes: 1_440,
            same_minutes: 5,
            owed: 20_000,
            language: Language::ZhHans,
            numbers: 3,
            probe_s: 60,
            own: Vec::new(),
            keyword: Vec::new(),
            server: Vec::new(),
            account: Vec::new(),
            link: Vec::new(),
        }
    }
}

/// A word that may stand before a number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeywordConfig {
    /// The word, 1 to 32 characters without a space.
    pub word: String,
    /// The language that it tells. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// The address.
    pub listen: SocketAddr,
    /// Certificate and key, and whose clients' certificates are good. Default none, in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFiles>,
    /// Limits on connections.
    #[serde(default)]
    pub connections: Limits,
}

/// Where a password is: one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPlace {
    /// A file of one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// A systemd credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_credential: Option<String>,
    /// The password itself, for a program that has it by other means; never in a file.
    #[serde(skip)]
    pub given: Option<Secret>,
}

impl AccountConfig {
    /// An account with everything else by default.
    #[must_use]
    pub fn new(name: &str, password: Secret) -> Self {
        Self {
            name: name.to_owned(),
            group: None,
            system_id: name.to_owned(),
            password: PasswordPlace { given: Some(password), ..PasswordPlace::default() },
            from: Vec::new(),
            binds: eight(),
            call: None,
            country: None,
            text: text::Settings::default(),
            limits: LimitsConfig::default(),
        }
    }
}

/// Who may bind to us.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// Its name with us: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// Links of one group reach the same subscribers: parts of a text, retransmissions and replies may take any of them.
    /// Default its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The name that it binds under.
    pub system_id: String,
    /// Where its password is.
    pub password: PasswordPlace,
    /// Addresses it may come from, as `192.0.2.7` or `192.0.2.0/24`. Default any.
    #[serde(default)]
    pub from: Vec<String>,
    /// Binds at once, 1 to 1,000. Default 8.
    #[serde(default = "eight")]
    pub binds: u32,
    /// Where to call it (outbind) when replies wait and it is not bound. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallConfig>,
    /// In place of the section's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// How texts are written.
    #[serde(default)]
    pub text: text::Settings,
    /// Windows, time-outs and rate.
    #[serde(default)]
    pub limits: LimitsConfig,
}

const fn eight() -> u32 {
    8
}

/// An outbind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CallConfig {
    /// Host and port.
    pub address: String,
    /// The name that we call under.
    pub system_id: String,
    /// Where the password is.
    pub password: PasswordPlace,
}

/// What we bind to.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// Its name with us: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// Links of one group reach the same subscribers: parts of a text, retransmissions and replies may take any of them.
    /// Default its own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Host and port of each SMSC, the preferred first. May be empty where the SMSC calls us (`called_as`).
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The name to bind under.
    pub system_id: String,
    /// Where the password is.
    pub password: PasswordPlace,
    /// The type of system, by arrangement. Default empty.
    #[serde(default)]
    pub system_type: String,
    /// `transceiver` (the default), `pair` (a transmitter and a receiver) or `receiver`.
    #[serde(default)]
    pub bind: BindAs,
    /// `3.3`, `3.4` (the default) or `5.0`.
    #[serde(default)]
    pub version: Version,
    /// The addresses that we serve, as the carrier wants it written. Default empty.
    #[serde(default)]
    pub address_range: String,
    /// TLS to the SMSC. Default none, in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsClient>,
    /// The SMSC calls us at one of our servers (outbind), under this name and password; we bind on that connection.
    /// Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_as: Option<CalledConfig>,
    /// In place of the section's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// How texts are written.
    #[serde(default)]
    pub text: text::Settings,
    /// Which receipts to ask for: `never` (the default), `on_failure` or `always`.
    #[serde(default)]
    pub receipts: Receipting,
    /// How this carrier writes the id in a receipt: `any` (the default: letters, leading zeros, hexadecimal and decimal
    /// are tried), `same`, `hex_to_decimal` or `decimal_to_hex`.
    #[serde(default)]
    pub ids: IdForm,
    /// Windows, time-outs and rate.
    #[serde(default)]
    pub limits: LimitsConfig,
}

/// An outbind that comes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CalledConfig {
    /// The name that the SMSC calls under.
    pub system_id: String,
    /// Where its password is.
    pub password: PasswordPlace,
}

/// How to bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BindAs {
    /// One connection for both ways.
    #[default]
    Transceiver,
    /// One for each.
    Pair,
    /// Texts only come; replies leave by other links of the group.
    Receiver,
}

/// The version to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
pub enum Version {
    /// 3.3: no transceiver, no optional parameters.
    #[serde(rename = "3.3")]
    V33,
    /// 3.4.
    #[default]
    #[serde(rename = "3.4")]
    V34,
    /// 5.0.
    #[serde(rename = "5.0")]
    V50,
}

/// How a carrier writes one id in two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdForm {
    /// Whatever fits.
    #[default]
    Any,
    /// The same letters.
    Same,
    /// Hexadecimal in the response, decimal in the receipt.
    HexToDecimal,
    /// Decimal in the response, hexadecimal in the receipt.
    DecimalToHex,
}

/// Windows, time-outs and rate of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Messages that the peer has not answered, per connection, 1 to 10,000. Default 100.
    pub window: u32,
    /// Messages of the peer's that we have not answered, per connection, 1 to 10,000; beyond it nothing is read.
    /// Default 1,000.
    pub window_in: u32,
    /// Messages per second at most, 0 for as many as the peer takes. Default 0.
    pub rate: u32,
    /// Seconds for a bind, 1 to 300. Default 10.
    pub bind_s: u32,
    /// Seconds for a response to our requests, 1 to 600. Default 75.
    pub response_s: u32,
    /// Seconds after which the peer's message is answered as throttled if it has no other answer by then, 1 to 600.
    /// Below the carrier's own time-out. Default 8.
    pub answer_s: u32,
    /// Seconds of silence before an `enquire_link`, 1 to 3,600. Default 30.
    pub enquire_s: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { window: 100, window_in: 1_000, rate: 0, bind_s: 10, response_s: 75, answer_s: 8, enquire_s: 30 }
    }
}
