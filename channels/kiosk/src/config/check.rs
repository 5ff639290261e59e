//! From what is written to what can be worked with.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use contract::{Confidence, Language, Place, Point};

use super::raw::{
    DeviceConfig, KioskConfig, OnConnect, PlaceConfig, Profile, SecretPlace, SerialConfig, TerminalConfig,
};
use super::{Device, Registration, Secrets, Server, Settings, Terminal, Way};
use crate::render::Encoding;
use crate::session::framed::{Key, Keys};

/// What is wrong with the section.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A number is out of its range.
    #[error("kiosk {at}: {key}: expected {least} to {most}, got {got}")]
    Range {
        /// The section or terminal.
        at: String,
        /// The key.
        key: &'static str,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// What was given.
        got: u32,
    },
    /// A name cannot be used.
    #[error("kiosk: expected a name of 1 to 64 of a-z, 0-9, -, _ and ., got {0:?}")]
    Name(String),
    /// Two terminals have the same name.
    #[error("kiosk: the name {0} is taken")]
    NameTaken(String),
    /// There is no way, or more than one.
    #[error("kiosk.terminal {0}: expected exactly one of tty, dial, registration and from, or a key alone")]
    Way(String),
    /// Two terminals would be taken for one another.
    #[error("kiosk.terminal {0}: {1} says the same or begins with the same")]
    Ambiguous(String, String),
    /// A text is too short or too long.
    #[error("kiosk {at}: {key}: expected {least} to {most} {of}")]
    Length {
        /// The section or terminal.
        at: String,
        /// The key.
        key: &'static str,
        /// The least.
        least: usize,
        /// The most.
        most: usize,
        /// Of what.
        of: &'static str,
    },
    /// A place is none.
    #[error("kiosk.terminal {0}: expected lat from -90 to 90 and lon from -180 to 180, both or none")]
    Place(String),
    /// Nothing would be shown.
    #[error("kiosk {0}: output: expected at least one profile, each once")]
    Output(String),
    /// The encoding lacks the language's characters.
    #[error("kiosk {0}: big5 has no characters for zh-Hans: use zh-HK, en or another encoding")]
    Encoding(String),
    /// A secret cannot be had.
    #[error("kiosk.terminal {terminal}: a secret cannot be had")]
    Secret {
        /// The terminal.
        terminal: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key is none.
    #[error("kiosk.terminal {0}: key: expected 64 hexadecimal digits")]
    Key(String),
}

fn within(at: &str, key: &'static str, least: u32, most: u32, got: u32) -> Result<u32, ConfigError> {
    if (least..=most).contains(&got) {
        return Ok(got);
    }
    Err(ConfigError::Range { at: at.to_owned(), key, least, most, got })
}

fn millis(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

impl KioskConfig {
    /// Checks the section and fetches its secrets.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self, secrets: Secrets<'_>) -> Result<Settings, ConfigError> {
        within("section", "same_s", 1, 60, self.same_s)?;
        within("section", "wait_ms", 100, 60_000, self.wait_ms)?;
        within("section", "give_up_ms", self.wait_ms.saturating_add(1), 60_000, self.give_up_ms)?;
        within("section", "silent_minutes", 1, 100_000, self.silent_minutes)?;
        let mut servers = Vec::with_capacity(self.server.len());
        for server in &self.server {
            let at = format!("server {}", server.listen);
            let limits = server.connections;
            within(&at, "connections.connections", 1, u32::MAX, limits.connections)?;
            within(&at, "connections.connections_per_address", 1, u32::MAX, limits.connections_per_address)?;
            within(&at, "connections.handshake_timeout_s", 1, 3_600, limits.handshake_timeout_s)?;
            let anyone = server.anyone.as_ref().map(|device| device.check(&at)).transpose()?.map(Arc::new);
            servers.push(Server { listen: server.listen, tls: server.tls.clone(), connections: limits, anyone });
        }
        let mut names = HashSet::new();
        let mut keys = Keys::new();
        let mut terminals: Vec<Arc<Terminal>> = Vec::with_capacity(self.terminal.len());
        for terminal in &self.terminal {
            if !names.insert(terminal.name.as_str()) {
                return Err(ConfigError::NameTaken(terminal.name.clone()));
            }
            let mut checked = terminal.check(secrets)?;
            // The terminals of a fleet are mostly spoken to alike.
            if let Some(before) = terminals.last().filter(|before| before.device == checked.device) {
                checked.device = Arc::clone(&before.device);
            }
            let checked = Arc::new(checked);
            if let Some(place) = &terminal.key {
                let key = terminal.fetch_key(place, secrets)?;
                keys.insert(Arc::clone(&checked.name), (key, Arc::clone(&checked.device)));
            }
            terminals.push(checked);
        }
        apart(&terminals)?;
        Ok(Settings {
            servers,
            keys: Arc::new(keys),
            terminals,
            same_for: Duration::from_secs(self.same_s.into()),
            wait_after: millis(self.wait_ms),
            give_up_after: millis(self.give_up_ms),
            silent_after: Duration::from_secs(u64::from(self.silent_minutes) * 60),
        })
    }
}

/// Nobody may be taken for another: no registration begins with another one, no address is two terminals'.
fn apart(terminals: &[Arc<Terminal>]) -> Result<(), ConfigError> {
    let mut said: Vec<(&[u8], &str)> = Vec::new();
    let mut addresses = std::collections::HashMap::new();
    for terminal in terminals {
        match &terminal.way {
            Way::Registers(registration) => said.push((&registration.0, &terminal.name)),
            Way::From(address) => {
                if let Some(other) = addresses.insert(address.to_canonical(), &terminal.name) {
                    return Err(ConfigError::Ambiguous(terminal.name.to_string(), other.to_string()));
                }
            }
            Way::Tty { .. } | Way::Pty | Way::Dial { .. } | Way::Proves => {}
        }
    }
    // In order, one that begins with another stands right behind it or behind others that do.
    said.sort_unstable();
    for pair in said.windows(2) {
        if let [(short, name), (long, other)] = pair
            && long.starts_with(short)
        {
            return Err(ConfigError::Ambiguous((*other).to_owned(), (*name).to_owned()));
        }
    }
    Ok(())
}

impl TerminalConfig {
    fn fetch_key(&self, place: &SecretPlace, secrets: Secrets<'_>) -> Result<Key, ConfigError> {
        let terminal = || self.name.clone();
        let digits = secrets(place).map_err(|source| ConfigError::Secret { terminal: terminal(), source })?;
        // A section that is only looked over has no secrets yet.
        if digits.is_empty() {
            return Ok(Key([0; 32]));
        }
        Key::parse(&digits).ok_or_else(|| ConfigError::Key(terminal()))
    }

    fn check(&self, secrets: Secrets<'_>) -> Result<Terminal, ConfigError> {
        let name = self.name.as_str();
        let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(usable) {
            return Err(ConfigError::Name(name.to_owned()));
        }
        self.serial.check(name)?;
        let length = |key, text: &str, most| {
            let fault = ConfigError::Length { at: name.to_owned(), key, least: 0, most, of: "characters" };
            if text.chars().count() > most { Err(fault) } else { Ok(()) }
        };
        length("mall", &self.mall, 64)?;
        let ways =
            [self.tty.is_some(), self.dial.is_some(), self.registration.is_some(), self.from.is_some(), self.pty];
        let given = ways.iter().filter(|way| **way).count();
        if given > 1 || (given == 0 && self.key.is_none()) {
            return Err(ConfigError::Way(name.to_owned()));
        }
        let way = if let Some(path) = &self.tty {
            Way::Tty { path: path.clone(), serial: self.serial }
        } else if let Some(dial) = &self.dial {
            let port = dial.rfc2217.then_some(self.serial);
            Way::Dial { address: dial.address.clone(), tls: dial.tls.clone().map(Box::new), port }
        } else if let Some(place) = &self.registration {
            let said = secrets(place).map_err(|source| ConfigError::Secret { terminal: name.to_owned(), source })?;
            // A section that is only looked over has no secrets yet.
            if !said.is_empty() && !(4..=128).contains(&said.len()) {
                let (at, key) = (name.to_owned(), "registration");
                return Err(ConfigError::Length { at, key, least: 4, most: 128, of: "octets" });
            }
            let said = if said.is_empty() { format!("\0{name}\0") } else { said };
            Way::Registers(Registration(said.into_bytes().into()))
        } else if let Some(address) = self.from {
            Way::From(address)
        } else if self.pty {
            Way::Pty
        } else {
            Way::Proves
        };
        Ok(Terminal {
            name: name.into(),
            mall: self.mall.clone(),
            place: self.place.as_ref().map(|place| place.check(name)).transpose()?,
            role: self.role,
            way,
            device: Arc::new(self.device.check(name)?),
        })
    }
}

impl SerialConfig {
    fn check(self, at: &str) -> Result<(), ConfigError> {
        within(at, "serial.baud", 50, 4_000_000, self.baud)?;
        within(at, "serial.data_bits", 7, 8, self.data_bits.into())?;
        within(at, "serial.stop_bits", 1, 2, self.stop_bits.into())?;
        Ok(())
    }
}

impl PlaceConfig {
    fn check(&self, at: &str) -> Result<Place, ConfigError> {
        for (key, text, least) in
            [("place.city", self.city.as_str(), 1), ("place.district", self.district.as_deref().unwrap_or_default(), 0)]
        {
            if !(least..=64).contains(&text.chars().count()) {
                return Err(ConfigError::Length { at: at.to_owned(), key, least, most: 64, of: "characters" });
            }
        }
        within(at, "place.radius_km", 1, 20_000, self.radius_km)?;
        let point = match (self.lat, self.lon) {
            (None, None) => None,
            (Some(lat), Some(lon)) if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) => {
                Some(Point { lat_e5: e5(lat), lon_e5: e5(lon), radius_km: self.radius_km })
            }
            _ => return Err(ConfigError::Place(at.to_owned())),
        };
        Ok(Place { city: self.city.clone(), district: self.district.clone(), point, confidence: Confidence::High })
    }
}

/// Degrees, already known to be at most 180 either way, in 1/100,000.
fn e5(degrees: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 18,000,000 either way")]
    let rounded = (degrees * 100_000.0).round() as i32;
    rounded
}

impl DeviceConfig {
    /// Checks how a device is spoken to.
    fn check(&self, at: &str) -> Result<Device, ConfigError> {
        let distinct: HashSet<&Profile> = self.output.iter().collect();
        if distinct.is_empty() || distinct.len() != self.output.len() {
            return Err(ConfigError::Output(at.to_owned()));
        }
        if self.encoding == Encoding::Big5 && self.language == Language::ZhHans {
            return Err(ConfigError::Encoding(at.to_owned()));
        }
        let size = |key, least, most, got| {
            within(at, key, least, most, got).map(|got| usize::try_from(got).unwrap_or(usize::MAX))
        };
        if self.gap_ms != 0 {
            within(at, "device.gap_ms", 20, 2_000, self.gap_ms)?;
        }
        for (key, text, most) in
            [("device.heartbeat", &self.heartbeat, 64), ("device.receipt_link", &self.receipt_link, 200)]
        {
            if text.len() > most {
                return Err(ConfigError::Length { at: at.to_owned(), key, least: 0, most, of: "octets" });
            }
        }
        if self.notices.len() > 4 || self.notices.iter().any(|notice| notice.chars().count() > 80) {
            let (at, key) = (at.to_owned(), "device.notices");
            return Err(ConfigError::Length { at, key, least: 0, most: 80, of: "characters, at most 4 of them" });
        }
        Ok(Device {
            output: self.output.clone(),
            encoding: self.encoding,
            columns: size("device.columns", 8, 80, self.columns)?,
            rows: size("device.rows", 1, 8, self.rows)?,
            paper_columns: size("device.paper_columns", 16, 80, self.paper_columns)?,
            page: millis(within(at, "device.page_ms", 500, 60_000, self.page_ms)?),
            bell: self.bell,
            receipt_link: self.receipt_link.clone(),
            language: self.language,
            gap: (self.gap_ms != 0).then(|| millis(self.gap_ms)),
            discards: self.on_connect == OnConnect::Discard,
            heartbeat: self.heartbeat.clone().into_bytes(),
            notices: self.notices.clone(),
        })
    }
}
