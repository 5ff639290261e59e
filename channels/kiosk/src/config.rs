//! The section `[kiosk]` of the configuration: servers, terminals and how each of them is spoken to.
//!
//! Owns what is written in the file and the checks over it. Opens no line; secrets are fetched by the program through
//! [`Secrets`].

mod check;
mod raw;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use contract::{Language, Place, Role};
use net::{Limits, TlsClient, TlsFiles};

pub use self::check::ConfigError;
pub use self::raw::{
    DeviceConfig, DialConfig, FlowControl, KioskConfig, OnConnect, Parity, PlaceConfig, Profile, SecretPlace,
    SerialConfig, ServerConfig, TerminalConfig,
};
use crate::render::Encoding;
use crate::session::framed::Keys;

/// Fetches a secret; the error is the operator's to mend.
pub type Secrets<'a> = &'a dyn Fn(&SecretPlace) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// The section, checked and with its secrets.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where serial servers dial in.
    pub servers: Vec<Server>,
    /// The keys of terminals that prove who they are.
    pub keys: Arc<Keys>,
    /// Every terminal.
    pub terminals: Vec<Arc<Terminal>>,
    /// For so long the same number at the same terminal is the same scan.
    pub same_for: Duration,
    /// After so long without an answer the terminal asks for patience.
    pub wait_after: Duration,
    /// After so long the terminal asks for the scan again.
    pub give_up_after: Duration,
    /// A terminal of which nothing was heard for so long is silent.
    pub silent_after: Duration,
}

/// A place to listen at.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// The address.
    pub listen: SocketAddr,
    /// By TLS.
    pub tls: Option<TlsFiles>,
    /// Limits on connections.
    pub connections: Limits,
    /// How a terminal is spoken to that is not registered; `None`: it is not let in.
    pub anyone: Option<Arc<Device>>,
}

/// A registered terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Terminal {
    /// Its name.
    pub name: Arc<str>,
    /// The mall it stands in.
    pub mall: String,
    /// Where that is.
    pub place: Option<Place>,
    /// What those who stand at it do.
    pub role: Role,
    /// How its line comes about.
    pub way: Way,
    /// How it is spoken to.
    pub device: Arc<Device>,
}

/// How a line comes about.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// A serial line of this machine, by path or pattern.
    Tty {
        /// The path; with `*`, `?` or `[…]` every one that fits is a terminal of its own.
        path: String,
        /// How it is set.
        serial: SerialConfig,
    },
    /// A pseudo terminal that we make; whoever opens its other end is the terminal.
    Pty,
    /// We dial a serial server.
    Dial {
        /// Host and port.
        address: String,
        /// By TLS.
        tls: Option<Box<TlsClient>>,
        /// The port is set by RFC 2217.
        port: Option<SerialConfig>,
    },
    /// Its serial server dials us and says this first.
    Registers(Registration),
    /// Its serial server dials us from this address.
    From(IpAddr),
    /// It dials us and proves who it is.
    Proves,
}

/// What a serial server says first, and may say before every packet.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration(pub Arc<[u8]>);

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration(…)")
    }
}

/// How a device is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it shows, prints and beeps with.
    pub output: Vec<Profile>,
    /// How text is written.
    pub encoding: Encoding,
    /// Columns of its display.
    pub columns: usize,
    /// Lines of its display.
    pub rows: usize,
    /// Columns of its paper.
    pub paper_columns: usize,
    /// How long a page stands.
    pub page: Duration,
    /// Beeps for red and amber.
    pub bell: bool,
    /// What the printed code of a receipt begins with.
    pub receipt_link: String,
    /// The language at first.
    pub language: Language,
    /// The pause that ends a line.
    pub gap: Option<Duration>,
    /// What came before we were there is dropped.
    pub discards: bool,
    /// What it says to show that it is there.
    pub heartbeat: Vec<u8>,
    /// Messages of the day, for terminals with firmware of their own.
    pub notices: Vec<String>,
}

impl Device {
    /// Whether it has a profile.
    #[must_use]
    pub fn has(&self, profile: Profile) -> bool {
        self.output.contains(&profile)
    }
}

#[cfg(test)]
mod tests;
