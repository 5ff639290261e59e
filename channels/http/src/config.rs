//! The section `[http]` of the configuration, and the registered clients it names.
//!
//! Does not read files and opens no socket.

use std::net::{Ipv4Addr, SocketAddr};

use contract::{Confidence, Life, Place, Role};
use net::{Limits, TlsFiles};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::forwarded::Proxies;
use crate::hex;
use crate::wire::PlaceGiven;

/// The section `[http]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The address to listen on. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Certificate and key; without them the listener speaks in the clear. Default none.
    pub tls: Option<TlsFiles>,
    /// Limits on connections.
    pub connections: Limits,
    /// Limits on requests.
    pub requests: Requests,
    /// Who may read `/metrics`. Default `loopback`.
    pub metrics: MetricsFor,
    /// Send cookies over TLS only, for a gateway behind a proxy that speaks TLS; always so where `tls` is set. Default false.
    pub secure_cookies: bool,
    /// Cookies given out to one address (IPv6: /64) per hour. Beyond them the address itself is the asker, so that whoever
    /// throws cookies away does not escape the quota. Default 120.
    pub newcomers_per_hour: u32,
    /// Our own proxies, whose word about the client's address counts. Default none.
    pub proxies: Proxies,
    /// Sites whose scripts may use the API (`https://shop.example`), or `*` for all of them. Default none.
    pub cors_origins: Vec<String>,
    /// Registered clients of the API, `[[http.client]]`. Default none.
    pub client: Vec<ClientConfig>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            connections: Limits::default(),
            requests: Requests::default(),
            metrics: MetricsFor::default(),
            secure_cookies: false,
            newcomers_per_hour: 120,
            proxies: Proxies::default(),
            cors_origins: Vec::new(),
            client: Vec::new(),
        }
    }
}

/// Limits on requests.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Requests {
    /// Requests in work at once, 1 to 1,000,000; the next one is told to come back (503). Default 4,096.
    pub running: u32,
    /// Bytes of a request's head, 8,192 to 1,048,576. Default 16,384.
    pub header_bytes: u32,
    /// Bytes of a request's body, 1,024 to 16,777,216. Default 65,536.
    pub body_bytes: u32,
    /// Seconds until a request's head must be there, from the connection's start or the answer before; so long an idle
    /// connection is kept. It is looked at every quarter of them, so that it ends a quarter or two later. 1 to 3,600.
    /// Default 20.
    pub header_timeout_s: u32,
    /// Seconds until a request's body must be there, and then again until it must be answered. 1 to 3,600. Default 30.
    pub request_timeout_s: u32,
    /// Seconds that running requests may take when the gateway stops. 0 to 3,600. Default 20.
    pub drain_s: u32,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            running: 4_096,
            header_bytes: 16_384,
            body_bytes: 65_536,
            header_timeout_s: 20,
            request_timeout_s: 30,
            drain_s: 20,
        }
    }
}

/// Who may read `/metrics`; for all others it does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsFor {
    /// Nobody.
    Never,
    /// Who connects to a loopback address. A proxy on the same machine does: keep the path from it.
    #[default]
    Loopback,
    /// Everyone.
    Always,
}

/// A registered client of the API.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// Its name in the record: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// SHA-256 of its API key as 64 hexadecimal digits; the key itself stands nowhere.
    pub key_sha256: String,
    /// What it does for a living. Default `shopper`.
    #[serde(default)]
    pub role: Role,
    /// The events it may report. Default none.
    #[serde(default)]
    pub may: Vec<Life>,
    /// Where it is; trusted more than what a request says. Default unknown.
    #[serde(default)]
    pub place: Option<PlaceGiven>,
}

/// What is wrong with the section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A number is out of its range.
    #[error("http.{key}: expected {least} to {most}, got {got}")]
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
    /// What should be a site is none.
    #[error("http.cors_origins: expected * or a site like https://shop.example, got {0:?}")]
    Origin(String),
    /// A client's name cannot be used.
    #[error("http.client: expected a name of 1 to 64 of a-z, 0-9, -, _ and ., got {0:?}")]
    Name(String),
    /// Two clients have the same name.
    #[error("http.client {0}: this name is taken")]
    NameTaken(String),
    /// A client's key hash cannot be used.
    #[error("http.client {0}: key_sha256: expected 64 hexadecimal digits")]
    Key(String),
    /// Two clients have the same key.
    #[error("http.client {0}: this key is another client's")]
    KeyTaken(String),
    /// A client's place cannot be used.
    #[error("http.client {name}: {fault}")]
    Place {
        /// The client.
        name: String,
        /// What is wrong.
        fault: String,
    },
}

impl HttpConfig {
    /// Checks the section and reads its clients.
    ///
    /// # Errors
    /// [`ConfigError`], the first fault.
    pub fn check(&self) -> Result<Clients, ConfigError> {
        let requests = &self.requests;
        for (key, least, most, got) in [
            ("connections.connections", 1, u32::MAX, self.connections.connections),
            ("connections.connections_per_address", 1, u32::MAX, self.connections.connections_per_address),
            ("connections.handshake_timeout_s", 1, 3_600, self.connections.handshake_timeout_s),
            ("requests.running", 1, 1_000_000, requests.running),
            // 8,192 is the least that hyper takes.
            ("requests.header_bytes", 8_192, 1_048_576, requests.header_bytes),
            ("requests.body_bytes", 1_024, 16_777_216, requests.body_bytes),
            ("requests.header_timeout_s", 1, 3_600, requests.header_timeout_s),
            ("requests.request_timeout_s", 1, 3_600, requests.request_timeout_s),
            ("requests.drain_s", 0, 3_600, requests.drain_s),
        ] {
            if !(least..=most).contains(&got) {
                return Err(ConfigError::Range { key, least, most, got });
            }
        }
        if let Some(origin) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return Err(ConfigError::Origin(origin.clone()));
        }
        let mut clients: Vec<Client> = Vec::with_capacity(self.client.len());
        for raw in &self.client {
            let client = raw.check()?;
            if clients.iter().any(|other| other.name == client.name) {
                return Err(ConfigError::NameTaken(client.name));
            }
            if clients.iter().any(|other| other.key == client.key) {
                return Err(ConfigError::KeyTaken(client.name));
            }
            clients.push(client);
        }
        Ok(Clients(clients))
    }
}

/// An origin as browsers send it (RFC 6454 §6.2): scheme, host and port in lower case, nothing behind them.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let proper = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']');
    text == "*" || host.is_some_and(|host| !host.is_empty() && host.bytes().all(proper))
}

impl ClientConfig {
    fn check(&self) -> Result<Client, ConfigError> {
        let name = self.name.clone();
        let proper = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        if !(1..=64).contains(&name.len()) || !name.bytes().all(proper) {
            return Err(ConfigError::Name(name));
        }
        let Some(key) = hex::decode(&self.key_sha256) else { return Err(ConfigError::Key(name)) };
        let place = match &self.place {
            None => None,
            Some(given) => match given.check(Confidence::High) {
                Ok(place) => Some(place),
                Err(fault) => return Err(ConfigError::Place { name, fault: fault.to_string() }),
            },
        };
        Ok(Client { name, key, role: self.role, may: self.may.clone(), place })
    }
}

/// The registered clients.
#[derive(Debug, Clone, Default)]
pub struct Clients(Vec<Client>);

/// A registered client.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) name: String,
    key: [u8; 32],
    pub(crate) role: Role,
    pub(crate) may: Vec<Life>,
    pub(crate) place: Option<Place>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Clients {
    /// The client with this API key. Compares hashes, all of them, each in constant time: how long it takes tells nothing.
    pub(crate) fn with_key(&self, key: &[u8]) -> Option<&Client> {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut found = None;
        for client in &self.0 {
            if bool::from(client.key.ct_eq(&hash)) {
                found = Some(client);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = r#"
        [[client]]
        name = "corner-shop"
        key_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
        role = "trade"
        may = ["sold"]
        place = { city = "Shenzhen", lat = 22.54, lon = 114.06 }
    "#;

    fn config(text: &str) -> HttpConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_client_is_found_by_its_key_alone() {
        let clients = config(CLIENT).check().unwrap();
        let client = clients.with_key(b"secret").unwrap();
        assert_eq!(
            (client.name.as_str(), client.role, &client.may[..]),
            ("corner-shop", Role::Trade, &[Life::Sold][..])
        );
        let place = client.place.as_ref().unwrap();
        assert_eq!((place.confidence, place.point.unwrap().lat_e5), (Confidence::High, 2_254_000));
        assert!(clients.with_key(b"Secret").is_none());
        assert!(!format!("{clients:?}").contains("43, 184"), "the key's hash is not shown");
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(toml::from_str::<HttpConfig>("listne = \"127.0.0.1:1\"").is_err());
        assert!(toml::from_str::<HttpConfig>("[requests]\nbody = 1").is_err());
    }

    #[test]
    fn what_cannot_work_is_named() {
        for (text, message) in [
            ("cors_origins = [\"https://shop.example/\"]", "got \"https://shop.example/\""),
            ("[requests]\nheader_bytes = 10", "http.requests.header_bytes: expected 8192 to 1048576, got 10"),
            ("[[client]]\nname = \"A B\"\nkey_sha256 = \"\"", "got \"A B\""),
            (
                "[[client]]\nname = \"a\"\nkey_sha256 = \"00\"",
                "http.client a: key_sha256: expected 64 hexadecimal digits",
            ),
        ] {
            let error = config(text).check().unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        let twice = config(&CLIENT.repeat(2)).check().unwrap_err();
        assert_eq!(twice, ConfigError::NameTaken("corner-shop".to_owned()));
    }
}
