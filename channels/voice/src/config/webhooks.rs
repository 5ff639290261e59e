//! The sections `[voice.webhooks]` and `[voice.fastagi]`: platforms that hold the call and ask us what to do.
//!
//! Reads no file and opens no socket; secrets are fetched by the program through [`Secrets`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use contract::Language;
use net::{Limits, Range};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::webhooks::Kind;
use crate::webhooks::signature::Secret;

/// The shortest secret, in octets.
const SHORTEST_SECRET: usize = 16;

/// The most secrets of a platform that are live at once.
const LIVE: usize = 2;

/// Fetches a secret; the error is the operator's to mend.
pub type Secrets<'a> = &'a dyn Fn(&SecretPlace) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// `[voice.webhooks]`: platforms that post to `/ivr/NAME` on the web listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// How platforms reach us: scheme and host, with a port where it has one, as `https://verify.example.com`. It is part
    /// of what they sign. Default none, and then no platform can be configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// The country calling code of callers' numbers in national form, 1 to 4 digits or none. Default `86`.
    pub country: String,
    /// Calls at once, 1 to 100,000, some 5 KB each; a further one is refused (503). Default 5,000.
    pub calls: u32,
    /// Numbers called whose language is known, `[[voice.webhooks.line]]`. Default none.
    pub line: Vec<LineConfig>,
    /// The platforms, `[[voice.webhooks.platform]]`. Default none.
    pub platform: Vec<PlatformConfig>,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { public: None, country: "86".to_owned(), calls: 5_000, line: Vec::new(), platform: Vec::new() }
    }
}

/// A number called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LineConfig {
    /// Its digits as the platform says them, without a plus sign.
    pub number: String,
    /// The language that is spoken on it. Default none: callers are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
}

/// How turns are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// By the platform's own voice.
    Platform,
    /// By our recordings, which the platform fetches.
    Recordings,
}

/// A platform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformConfig {
    /// Which: `twilio`, `signalwire`, `telnyx`, `plivo`, `vonage`, `jambonz` or `freeswitch`.
    pub kind: Kind,
    /// The last part of its address, 1 to 32 of `a-z`, `0-9` and `-`. Default its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What its requests are signed with: one secret, or two while one is replaced. Telnyx's is its public key. For a
    /// platform that does not sign, a token that stands in the address (`?token=`).
    #[serde(default)]
    pub secret: Vec<SecretPlace>,
    /// Addresses it may come from, as `192.0.2.7` or `192.0.2.0/24`. Default any; a platform that does not sign needs some.
    #[serde(default)]
    pub from: Vec<String>,
    /// Its requests are not signed. Default false; always so for `freeswitch`.
    #[serde(default)]
    pub unsigned: bool,
    /// Who speaks: `platform` or `recordings`. Default `platform`; `recordings` for `freeswitch`, which has no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speech: Option<Voice>,
    /// The platform's voice for a language, as `zh-Hans = "Polly.Zhiyu"`. Default the platform's choice.
    #[serde(default)]
    pub voice: BTreeMap<Language, String>,
    /// Where a person can be reached: a number as `+8675512345678`, or `sip:`. Default none, and none is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Where a secret is: one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretPlace {
    /// Its id where requests name it: Vonage's API key, the id of Twilio's shared key. Default any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A file of one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// A systemd credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_credential: Option<String>,
}

/// `[voice.fastagi]`: Asterisk asks by FastAGI.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FastAgiConfig {
    /// The address to listen on. Default none, and nothing listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Addresses Asterisk may come from; it does not sign. Default the loopback addresses.
    pub from: Vec<String>,
    /// Where `verigate prompts export` put the recordings, from Asterisk's folder of sounds on. Default `verigate`.
    pub sounds: String,
    /// What `Dial` is given for a person, as `PJSIP/operator,30`. Default none, and none is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The country calling code of callers' numbers in national form, 1 to 4 digits or none. Default `86`.
    pub country: String,
    /// Numbers called whose language is known, `[[voice.fastagi.line]]`. Default none.
    pub line: Vec<LineConfig>,
    /// Limits on connections; one is a call.
    pub connections: Limits,
}

impl Default for FastAgiConfig {
    fn default() -> Self {
        Self {
            listen: None,
            from: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            sounds: "verigate".to_owned(),
            person: None,
            country: "86".to_owned(),
            line: Vec::new(),
            connections: Limits::default(),
        }
    }
}

/// The webhooks, checked and with their secrets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How platforms reach us.
    pub public: String,
    /// The country calling code.
    pub country: String,
    /// Calls at once.
    pub calls: usize,
    /// Numbers called.
    pub lines: Vec<LineConfig>,
    /// The platforms.
    pub platforms: Vec<Platform>,
}

/// A platform, checked.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The last part of its address.
    pub name: String,
    /// Which.
    pub kind: Kind,
    /// The live secrets.
    pub secrets: Vec<Secret>,
    /// Whence; empty for anywhere.
    pub from: Vec<Range>,
    /// Not signed.
    pub unsigned: bool,
    /// Who speaks.
    pub voice: Voice,
    /// With which voices.
    pub voices: BTreeMap<Language, String>,
    /// Where a person can be reached.
    pub person: Option<String>,
}

/// FastAGI, checked.
#[derive(Debug, Clone)]
pub struct FastAgi {
    /// The address.
    pub listen: SocketAddr,
    /// Whence.
    pub from: Vec<Range>,
    /// The folder of sounds.
    pub sounds: String,
    /// What `Dial` is given.
    pub person: Option<String>,
    /// The country calling code.
    pub country: String,
    /// Numbers called.
    pub lines: Vec<LineConfig>,
    /// Limits on connections.
    pub connections: Limits,
}

fn fault(of: &str, what: &str) -> ConfigError {
    ConfigError::Webhook { of: of.to_owned(), what: what.to_owned() }
}

fn ranges(of: &str, from: &[String]) -> Result<Vec<Range>, ConfigError> {
    let parse =
        |text: &String| Range::parse(text).ok_or_else(|| fault(of, &format!("{text:?} is no address or network")));
    from.iter().map(parse).collect()
}

fn country(of: &str, code: &str) -> Result<String, ConfigError> {
    if code.len() > 4 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault(of, "country: expected at most 4 digits"));
    }
    Ok(code.to_owned())
}

impl WebhooksConfig {
    /// Checks the section and fetches its secrets; `None` where there is no platform.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self, secrets: Secrets<'_>) -> Result<Option<Settings>, ConfigError> {
        let country = country("webhooks", &self.country)?;
        if !(1..=100_000).contains(&self.calls) {
            return Err(ConfigError::Range { key: "webhooks.calls", least: 1, most: 100_000, got: self.calls });
        }
        if self.platform.is_empty() {
            return Ok(None);
        }
        let public = self.public.as_deref().ok_or_else(|| fault("webhooks", "public: expected an address"))?;
        let host = public.strip_prefix("https://").or_else(|| public.strip_prefix("http://")).unwrap_or_default();
        if host.is_empty() || host.contains(|c: char| c == '/' || c == '?' || c == '#' || c.is_whitespace()) {
            return Err(fault("webhooks", "public: expected scheme and host alone, as https://verify.example.com"));
        }
        let mut platforms: Vec<Platform> = Vec::with_capacity(self.platform.len());
        for raw in &self.platform {
            let platform = raw.check(secrets)?;
            if platforms.iter().any(|other| other.name == platform.name) {
                return Err(fault(&platform.name, "this name is taken"));
            }
            platforms.push(platform);
        }
        let calls = usize::try_from(self.calls).unwrap_or(usize::MAX);
        Ok(Some(Settings { public: public.to_owned(), country, calls, lines: self.line.clone(), platforms }))
    }
}

impl PlatformConfig {
    fn check(&self, secrets: Secrets<'_>) -> Result<Platform, ConfigError> {
        let name = self.name.clone().unwrap_or_else(|| self.kind.name().to_owned());
        let proper = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&name.len()) || !name.bytes().all(proper) {
            return Err(fault(&name, "name: expected 1 to 32 of a-z, 0-9 and -"));
        }
        let unsigned = self.unsigned || !self.kind.signs();
        let from = ranges(&name, &self.from)?;
        if unsigned && from.is_empty() {
            return Err(fault(&name, "from: expected addresses, since its requests are not signed"));
        }
        if !unsigned && self.secret.is_empty() || self.secret.len() > LIVE {
            return Err(fault(&name, "secret: expected one, or two while one is replaced"));
        }
        let fetch = |place: &SecretPlace| {
            let text = secrets(place).map_err(|error| fault(&name, &format!("secret: {error}")))?;
            if text.len() < SHORTEST_SECRET {
                return Err(fault(&name, "secret: expected at least 16 octets"));
            }
            Ok(Secret { id: place.id.clone(), text })
        };
        let secrets = self.secret.iter().map(fetch).collect::<Result<Vec<_>, _>>()?;
        let voice = match (self.speech, self.kind) {
            (Some(Voice::Platform), Kind::FreeSwitch) => {
                return Err(fault(&name, "speech: expected recordings, since freeswitch has no voice"));
            }
            (None, Kind::FreeSwitch) => Voice::Recordings,
            (given, _) => given.unwrap_or(Voice::Platform),
        };
        let (voices, person) = (self.voice.clone(), self.person.clone());
        Ok(Platform { name, kind: self.kind, secrets, from, unsigned, voice, voices, person })
    }
}

impl FastAgiConfig {
    /// Checks the section; `None` where nothing is to listen.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self) -> Result<Option<FastAgi>, ConfigError> {
        let (from, country) = (ranges("fastagi", &self.from)?, country("fastagi", &self.country)?);
        // Both go into lines of a protocol of words.
        let proper =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
        if !proper(&self.sounds) {
            return Err(fault("fastagi", "sounds: expected visible ASCII characters without quotes"));
        }
        if self.person.as_deref().is_some_and(|person| !proper(person)) {
            return Err(fault("fastagi", "person: expected visible ASCII characters without quotes"));
        }
        Ok(self.listen.map(|listen| FastAgi {
            listen,
            from,
            sounds: self.sounds.clone(),
            person: self.person.clone(),
            country,
            lines: self.line.clone(),
            connections: self.connections,
        }))
    }
}
