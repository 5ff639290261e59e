//! From what is written to what can be worked with.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use net::Range;

use super::raw::{AccountConfig, BindAs, LimitsConfig, LinkConfig, PasswordPlace, SmsConfig, Version};
use super::{Account, Dial, LinkSettings, Secrets, Server, Settings, Way};
use crate::message::{Address, Receipting};
use crate::reading;
use crate::session::Limits as SessionLimits;
use crate::wire::pdu::Secret;
use crate::wire::{Bind, BindKind};

/// What is wrong with the section.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A number is out of its range.
    #[error("sms.{key}: expected {least} to {most}, got {got}")]
    Range {
        /// The key.
        key: String,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// What was given.
        got: u32,
    },
    /// A name cannot be used.
    #[error("sms: expected a name of 1 to 64 of a-z, 0-9, -, _ and ., got {0:?}")]
    Name(String),
    /// Two links have the same name.
    #[error("sms: the name {0} is taken")]
    NameTaken(String),
    /// Two accounts bind under the same name.
    #[error("sms.account {0}: its system_id is another account's")]
    SystemIdTaken(String),
    /// A text is too long or has characters that SMPP has not.
    #[error("sms {link}: {key}: expected {least} to {most} ASCII characters")]
    Text {
        /// The link.
        link: String,
        /// The key.
        key: &'static str,
        /// The least length.
        least: usize,
        /// The most.
        most: usize,
    },
    /// An address is none.
    #[error("sms {link}: expected {expected}, got {got:?}")]
    Address {
        /// The link.
        link: String,
        /// What would be one.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// A country calling code is none.
    #[error("sms: country: expected a calling code of 1 to 4 digits or nothing, got {0:?}")]
    Country(String),
    /// A key word cannot be one.
    #[error("sms.keyword: expected a word of 1 to 32 characters, got {0:?}")]
    Keyword(String),
    /// There is nothing to dial and nobody who calls.
    #[error("sms.link {0}: expected addresses to dial, or called_as")]
    NoWay(String),
    /// 3.3 knows no transceiver.
    #[error("sms.link {0}: version 3.3 knows no transceiver: bind = \"pair\"")]
    NoTransceiver(String),
    /// A password cannot be had.
    #[error("sms {link}: no password")]
    Password {
        /// The link.
        link: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SmsConfig {
    /// Checks the section and fetches its passwords.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self, secrets: Secrets<'_>) -> Result<Settings, ConfigError> {
        for (key, least, most, got) in [
            ("valid_minutes", 1, 2_880, self.valid_minutes),
            ("same_minutes", 1, 1_440, self.same_minutes),
            ("owed", 100, 1_000_000, self.owed),
        ] {
            within(key, least, most, got)?;
        }
        if self.probe_s != 0 {
            within("probe_s", 1, 86_400, self.probe_s)?;
        }
        let mut servers = Vec::with_capacity(self.server.len());
        for server in &self.server {
            within("server.connections.connections", 1, u32::MAX, server.connections.connections)?;
            within(
                "server.connections.connections_per_address",
                1,
                u32::MAX,
                server.connections.connections_per_address,
            )?;
            within("server.connections.handshake_timeout_s", 1, 3_600, server.connections.handshake_timeout_s)?;
            servers.push(Server { listen: server.listen, tls: server.tls.clone(), connections: server.connections });
        }
        let mut links = Vec::with_capacity(self.account.len() + self.link.len());
        let (mut names, mut system_ids) = (HashSet::new(), HashSet::new());
        for account in &self.account {
            links.push(Arc::new(account.check(self, secrets)?));
            if !system_ids.insert(account.system_id.as_str()) {
                return Err(ConfigError::SystemIdTaken(account.name.clone()));
            }
        }
        for link in &self.link {
            links.push(Arc::new(link.check(self, secrets)?));
        }
        for link in &links {
            if !names.insert(Arc::clone(&link.name)) {
                return Err(ConfigError::NameTaken(link.name.to_string()));
            }
        }
        Ok(Settings {
            servers,
            links,
            valid_for: Duration::from_secs(60) * self.valid_minutes,
            same_for: Duration::from_secs(60) * self.same_minutes,
            reading: self.reading()?,
            probe: (self.probe_s != 0).then(|| Duration::from_secs(self.probe_s.into())),
            owed: usize::try_from(self.owed).unwrap_or(usize::MAX),
        })
    }

    fn reading(&self) -> Result<reading::Settings, ConfigError> {
        within("numbers", 1, 16, self.numbers)?;
        for keyword in &self.keyword {
            let length = keyword.word.chars().count();
            if !(1..=32).contains(&length) || keyword.word.contains(char::is_whitespace) {
                return Err(ConfigError::Keyword(keyword.word.clone()));
            }
        }
        Ok(reading::Settings {
            country: self.country(None)?,
            language: self.language,
            keywords: self.keyword.iter().map(|keyword| (keyword.word.clone(), keyword.language)).collect(),
            own: self.own.clone(),
            most: usize::try_from(self.numbers).unwrap_or(1),
        })
    }

    fn country(&self, own: Option<&String>) -> Result<String, ConfigError> {
        let country = own.unwrap_or(&self.country);
        if country.len() > 4 || !country.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ConfigError::Country(country.clone()));
        }
        Ok(country.clone())
    }
}

impl AccountConfig {
    fn check(&self, section: &SmsConfig, secrets: Secrets<'_>) -> Result<LinkSettings, ConfigError> {
        let name = named(&self.name)?;
        ascii(&self.name, "system_id", &self.system_id, 1, 15)?;
        within(&format!("account {name}: binds"), 1, 1_000, self.binds)?;
        let mut from = Vec::with_capacity(self.from.len());
        for text in &self.from {
            from.push(Range::parse(text).ok_or_else(|| ConfigError::Address {
                link: self.name.clone(),
                expected: "an address or a range such as 192.0.2.0/24",
                got: text.clone(),
            })?);
        }
        let call = match &self.call {
            None => None,
            Some(call) => {
                host_and_port(&self.name, &call.address)?;
                ascii(&self.name, "call.system_id", &call.system_id, 1, 15)?;
                let password = password(&self.name, &call.password, secrets)?;
                Some((call.address.clone(), call.system_id.clone(), password))
            }
        };
        Ok(LinkSettings {
            group: group(&name, self.group.as_ref())?,
            name,
            way: Way::Account(Box::new(Account {
                system_id: self.system_id.clone(),
                password: password(&self.name, &self.password, secrets)?,
                from,
                binds: usize::try_from(self.binds).unwrap_or(usize::MAX),
                call,
            })),
            country: section.country(self.country.as_ref())?,
            text: self.text,
            receipts: Receipting::Never,
            ids: super::IdForm::Any,
            limits: self.limits.check(&self.name)?,
            rate: (self.limits.rate != 0).then_some(self.limits.rate),
        })
    }
}

impl LinkConfig {
    fn check(&self, section: &SmsConfig, secrets: Secrets<'_>) -> Result<LinkSettings, ConfigError> {
        let name = named(&self.name)?;
        ascii(&self.name, "system_id", &self.system_id, 1, 15)?;
        ascii(&self.name, "system_type", &self.system_type, 0, 12)?;
        ascii(&self.name, "address_range", &self.address_range, 0, 40)?;
        if self.addresses.is_empty() && self.called_as.is_none() {
            return Err(ConfigError::NoWay(self.name.clone()));
        }
        for address in &self.addresses {
            host_and_port(&self.name, address)?;
        }
        let (version, transceiver) = match self.version {
            Version::V33 => (0x33, false),
            Version::V34 => (0x34, true),
            Version::V50 => (0x50, true),
        };
        let kinds = match self.bind {
            BindAs::Transceiver if !transceiver => return Err(ConfigError::NoTransceiver(self.name.clone())),
            BindAs::Transceiver => vec![BindKind::Transceiver],
            BindAs::Pair => vec![BindKind::Transmitter, BindKind::Receiver],
            BindAs::Receiver => vec![BindKind::Receiver],
        };
        let called_as = match &self.called_as {
            None => None,
            Some(called) => {
                ascii(&self.name, "called_as.system_id", &called.system_id, 1, 15)?;
                Some((called.system_id.clone(), password(&self.name, &called.password, secrets)?))
            }
        };
        let bind = Bind {
            system_id: self.system_id.clone(),
            password: password(&self.name, &self.password, secrets)?,
            system_type: self.system_type.clone(),
            version,
            range: Address { text: self.address_range.clone(), ton: 0, npi: 0 },
        };
        Ok(LinkSettings {
            group: group(&name, self.group.as_ref())?,
            name,
            way: Way::Dial(Box::new(Dial {
                addresses: self.addresses.clone(),
                kinds,
                bind,
                tls: self.tls.clone(),
                called_as,
            })),
            country: section.country(self.country.as_ref())?,
            text: self.text,
            receipts: self.receipts,
            ids: self.ids,
            limits: self.limits.check(&self.name)?,
            rate: (self.limits.rate != 0).then_some(self.limits.rate),
        })
    }
}

impl LimitsConfig {
    fn check(&self, link: &str) -> Result<SessionLimits, ConfigError> {
        for (key, least, most, got) in [
            ("window", 1, 10_000, self.window),
            ("window_in", 1, 10_000, self.window_in),
            ("rate", 0, 100_000, self.rate),
            ("bind_s", 1, 300, self.bind_s),
            ("response_s", 1, 600, self.response_s),
            ("answer_s", 1, 600, self.answer_s),
            ("enquire_s", 1, 3_600, self.enquire_s),
        ] {
            within(&format!("{link}.limits.{key}"), least, most, got)?;
        }
        let seconds = |value: u32| Duration::from_secs(value.into());
        Ok(SessionLimits {
            window_out: usize::try_from(self.window).unwrap_or(1),
            window_in: usize::try_from(self.window_in).unwrap_or(1),
            bind: seconds(self.bind_s),
            response: seconds(self.response_s),
            answer: seconds(self.answer_s),
            enquire: seconds(self.enquire_s),
            ..SessionLimits::default()
        })
    }
}

fn within(key: &str, least: u32, most: u32, got: u32) -> Result<(), ConfigError> {
    if (least..=most).contains(&got) {
        return Ok(());
    }
    Err(ConfigError::Range { key: key.to_owned(), least, most, got })
}

fn named(name: &str) -> Result<Arc<str>, ConfigError> {
    let proper = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if (1..=64).contains(&name.len()) && name.bytes().all(proper) {
        return Ok(Arc::from(name));
    }
    Err(ConfigError::Name(name.to_owned()))
}

fn group(name: &Arc<str>, group: Option<&String>) -> Result<Arc<str>, ConfigError> {
    group.map_or_else(|| Ok(Arc::clone(name)), |group| named(group))
}

fn ascii(link: &str, key: &'static str, text: &str, least: usize, most: usize) -> Result<(), ConfigError> {
    if (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Ok(());
    }
    Err(ConfigError::Text { link: link.to_owned(), key, least, most })
}

fn host_and_port(link: &str, address: &str) -> Result<(), ConfigError> {
    let good = address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if good {
        return Ok(());
    }
    Err(ConfigError::Address { link: link.to_owned(), expected: "host:port", got: address.to_owned() })
}

fn password(link: &str, place: &PasswordPlace, secrets: Secrets<'_>) -> Result<Secret, ConfigError> {
    let text = secrets(place).map_err(|source| ConfigError::Password { link: link.to_owned(), source })?;
    ascii(link, "password", &text, 0, 63)?;
    Ok(Secret(text))
}
