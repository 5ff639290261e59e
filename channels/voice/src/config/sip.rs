//! The section `[voice.sip]`: where calls come in, from whom, and how many.
//!
//! Owns what is written in the file and the checks over it. Opens nothing; the passwords of registrations are fetched by
//! the program.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use contract::Language;
use net::{Limits, Range, TlsFiles};
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::media::sdp::Policy;
use crate::sip::admission::Rules;

/// Fetches a password; the error is the operator's to mend.
pub type Secrets<'a> = &'a dyn Fn(&PasswordPlace) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// The section `[voice.sip]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SipConfig {
    /// Where calls come in by UDP and TCP. Default none, and no call comes in by SIP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Where calls come in by TLS. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_tls: Option<SocketAddr>,
    /// Certificate and key for TLS. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFiles>,
    /// Limits on connections by TCP and TLS.
    pub connections: Limits,
    /// The address that callers reach us at, where it is not the one of our own interface. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<IpAddr>,
    /// The first and last port for sound. Default 20,000 to 29,999.
    pub media_ports: (u16, u16),
    /// Whether sound is encrypted (SRTP, keys in the session description): `never`, `offered` where the peer asks for it,
    /// or `required`. Default `offered`.
    pub srtp: Srtp,
    /// Seconds without any packet from the caller, hold apart, after which the call is over, 5 to 600. Default 30.
    pub media_timeout_s: u32,
    /// Calls at once, 1 to 20,000. The next one is refused with 503. Default 1,000.
    pub calls: u32,
    /// Calls at once from one number, 1 to 20,000. The next one is refused with 486. Default 4.
    pub calls_per_caller: u32,
    /// What becomes of a call for which there is no place: `refuse`, or `speak`, by which it is answered and the caller
    /// told why; that takes places of its own, a tenth of `calls` and at most 200, beyond which it is refused after all.
    /// Default `refuse`.
    pub when_full: WhenFull,
    /// Seconds that calls may take to end when the gateway stops, 1 to 600. Default 60.
    pub drain_s: u32,
    /// Whether addresses that are no trunk's may call; what others send is dropped without an answer. Default false.
    pub strangers: bool,
    /// Messages per second from one address that is no trunk's, 1 to 100,000. Default 20.
    pub stranger_rate: u32,
    /// The country calling code of numbers that come in national form, 1 to 4 digits or none. Default `86`.
    pub country: String,
    /// Who calls come from, `[[voice.sip.trunk]]`. Default none.
    pub trunk: Vec<TrunkConfig>,
    /// What a called number tells, `[[voice.sip.number]]`. Default none.
    pub number: Vec<NumberConfig>,
}

/// Whether sound is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Srtp {
    /// Never.
    Never,
    /// Where the peer asks for it.
    #[default]
    Offered,
    /// Or there is no call.
    Required,
}

/// What becomes of a call for which there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// 503 or 486.
    #[default]
    Refuse,
    /// It is answered and told.
    Speak,
}

/// A carrier or PBX.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkConfig {
    /// Its name with us: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// Its addresses, as `192.0.2.7` or `192.0.2.0/24`, at least one.
    pub from: Vec<String>,
    /// Where callers who want a person are referred to, as `sip:operator@192.0.2.7`. Default none, and none is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Register there, so that it sends us calls. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register: Option<RegisterConfig>,
}

/// A registration, `[voice.sip.trunk.register]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterConfig {
    /// The registrar, as `sip:192.0.2.7` or `sip:pbx.example:5060;transport=tcp`. By UDP or TCP.
    pub registrar: String,
    /// The user.
    pub user: String,
    /// Where the password is.
    pub password: PasswordPlace,
    /// Seconds to ask for, 60 to 86,400; it is refreshed after three quarters of what is granted. Default 600.
    #[serde(default = "six_hundred")]
    pub expires_s: u32,
}

const fn six_hundred() -> u32 {
    600
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
}

/// What a called number tells.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NumberConfig {
    /// The number as it is called.
    pub number: String,
    /// The language that is spoken on it.
    pub language: Language,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listen: None,
            listen_tls: None,
            tls: None,
            connections: Limits::default(),
            public: None,
            media_ports: (20_000, 29_999),
            srtp: Srtp::Offered,
            media_timeout_s: 30,
            calls: 1_000,
            calls_per_caller: 4,
            when_full: WhenFull::Refuse,
            drain_s: 60,
            strangers: false,
            stranger_rate: 20,
            country: "86".to_owned(),
            trunk: Vec::new(),
            number: Vec::new(),
        }
    }
}

/// The section, checked and with its passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// By UDP and TCP.
    pub listen: Option<SocketAddr>,
    /// By TLS, with certificate and key.
    pub tls: Option<(SocketAddr, TlsFiles)>,
    /// Limits on connections.
    pub connections: Limits,
    /// The address that callers reach us at.
    pub public: Option<IpAddr>,
    /// The first and last port for sound.
    pub media_ports: (u16, u16),
    /// Whether sound is encrypted.
    pub srtp: Policy,
    /// Until a call without packets is over.
    pub media_timeout: Duration,
    /// Calls at once.
    pub calls: usize,
    /// Calls at once from one number.
    pub calls_per_caller: usize,
    /// What becomes of a call beyond these.
    pub when_full: WhenFull,
    /// For calls to end in.
    pub drain: Duration,
    /// Who is let in.
    pub rules: Rules,
    /// The country of numbers in national form.
    pub country: String,
    /// The trunks, in the order of the rules.
    pub trunks: Vec<Trunk>,
    /// The language of numbers called.
    pub numbers: Vec<(String, Language)>,
}

/// A trunk, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Where a person can be reached.
    pub person: Option<String>,
    /// The registration there.
    pub register: Option<Register>,
}

/// A registration with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Register {
    /// The registrar.
    pub registrar: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
    /// Seconds to ask for.
    pub expires: u32,
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Register").field("registrar", &self.registrar).field("user", &self.user).finish_non_exhaustive()
    }
}

impl SipConfig {
    /// Checks the section and fetches what it needs.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self, secrets: Secrets<'_>) -> Result<Settings, ConfigError> {
        let (first, last) = self.media_ports;
        for (key, least, most, got) in [
            ("sip.media_timeout_s", 5, 600, self.media_timeout_s),
            ("sip.calls", 1, 20_000, self.calls),
            ("sip.calls_per_caller", 1, 20_000, self.calls_per_caller),
            ("sip.drain_s", 1, 600, self.drain_s),
            ("sip.stranger_rate", 1, 100_000, self.stranger_rate),
            ("sip.media_ports", 1_024, u32::from(last), u32::from(first)),
        ] {
            if !(least..=most).contains(&got) {
                return Err(ConfigError::Range { key, least, most, got });
            }
        }
        if self.country.len() > 4 || !self.country.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ConfigError::Sip(format!("country: expected at most 4 digits, got {:?}", self.country)));
        }
        let tls = match (self.listen_tls, &self.tls) {
            (Some(listen), Some(files)) => Some((listen, files.clone())),
            (None, _) => None,
            (Some(_), None) => {
                return Err(ConfigError::Sip("listen_tls: certificate and key are missing in tls".into()));
            }
        };
        let mut ranges = Vec::with_capacity(self.trunk.len());
        let mut trunks: Vec<Trunk> = Vec::with_capacity(self.trunk.len());
        for trunk in &self.trunk {
            if trunks.iter().any(|known| known.name == trunk.name) {
                return Err(ConfigError::Sip(format!("trunk {}: named twice", trunk.name)));
            }
            ranges.push(trunk.ranges()?);
            trunks.push(trunk.checked(secrets)?);
        }
        let policy = match self.srtp {
            Srtp::Never => Policy::Never,
            Srtp::Offered => Policy::Offered,
            Srtp::Required => Policy::Required,
        };
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Settings {
            listen: self.listen,
            tls,
            connections: self.connections,
            public: self.public,
            media_ports: self.media_ports,
            srtp: policy,
            media_timeout: Duration::from_secs(self.media_timeout_s.into()),
            calls: count(self.calls),
            calls_per_caller: count(self.calls_per_caller),
            when_full: self.when_full,
            drain: Duration::from_secs(self.drain_s.into()),
            rules: Rules {
                trunks: ranges,
                strangers: self.strangers,
                rate: self.stranger_rate,
                // A call's messages come in bursts of a few.
                burst: self.stranger_rate.saturating_mul(2).max(40),
            },
            country: self.country.clone(),
            trunks,
            numbers: self.number.iter().map(|number| (number.number.clone(), number.language)).collect(),
        })
    }
}

impl TrunkConfig {
    fn ranges(&self) -> Result<Vec<Range>, ConfigError> {
        if self.from.is_empty() {
            return Err(ConfigError::Sip(format!("trunk {}: from has no address", self.name)));
        }
        let parsed = self.from.iter().map(|text| {
            Range::parse(text)
                .ok_or_else(|| ConfigError::Sip(format!("trunk {}: {text:?} is no address or range", self.name)))
        });
        parsed.collect()
    }

    fn checked(&self, secrets: Secrets<'_>) -> Result<Trunk, ConfigError> {
        let fault = |text: String| ConfigError::Sip(format!("trunk {}: {text}", self.name));
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(named) {
            return Err(fault("expected a name of 1 to 64 of a-z, 0-9, -, _ and .".into()));
        }
        let address = |text: &str| rsipstack::sip::Uri::try_from(text).is_ok() && text.starts_with("sip");
        if let Some(person) = self.person.as_deref().filter(|person| !address(person)) {
            return Err(fault(format!("person: {person:?} is no SIP address")));
        }
        let register = match &self.register {
            None => None,
            Some(register) => {
                if !address(&register.registrar) {
                    return Err(fault(format!("registrar: {:?} is no SIP address", register.registrar)));
                }
                if !(60..=86_400).contains(&register.expires_s) {
                    return Err(fault(format!("expires_s: expected 60 to 86400, got {}", register.expires_s)));
                }
                let password = secrets(&register.password).map_err(|error| fault(format!("password: {error}")))?;
                Some(Register {
                    registrar: register.registrar.clone(),
                    user: register.user.clone(),
                    password,
                    expires: register.expires_s,
                })
            }
        };
        Ok(Trunk { name: self.name.clone(), person: self.person.clone(), register })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Settings, String> {
        let config: SipConfig = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check(&|_| Ok("secret".to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_trunk_with_a_registration_is_taken_and_its_password_is_not_shown() {
        let settings = checked(
            "listen = \"127.0.0.1:0\"\n[[trunk]]\nname = \"pbx\"\nfrom = [\"192.0.2.0/24\"]\nperson = \"sip:op@192.0.2.7\"\n\
             [trunk.register]\nregistrar = \"sip:192.0.2.7\"\nuser = \"u\"\npassword = { password_env = \"X\" }\n",
        )
        .unwrap();
        let trunk = &settings.trunks[0];
        assert_eq!(trunk.register.as_ref().unwrap().password, "secret");
        assert!(!format!("{settings:?}").contains("secret"));
        assert_eq!((settings.rules.strangers, settings.rules.trunks.len()), (false, 1));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("calls = 0", "voice.sip.calls: expected 1 to 20000, got 0"),
            ("media_ports = [30000, 20000]", "voice.sip.media_ports: expected 1024 to 20000, got 30000"),
            ("listen_tls = \"127.0.0.1:0\"", "voice.sip: listen_tls: certificate and key are missing in tls"),
            ("country = \"x\"", "voice.sip: country: expected at most 4 digits, got \"x\""),
            ("[[trunk]]\nname = \"a\"\nfrom = []", "voice.sip: trunk a: from has no address"),
            ("[[trunk]]\nname = \"a\"\nfrom = [\"b\"]", "voice.sip: trunk a: \"b\" is no address or range"),
            (
                "[[trunk]]\nname = \"a\"\nfrom = [\"::1\"]\nperson = \"me\"",
                "voice.sip: trunk a: person: \"me\" is no SIP address",
            ),
        ] {
            assert_eq!(checked(text).unwrap_err(), said);
        }
        assert!(checked("call = 1").is_err(), "an unknown key");
    }
}
