//! The section as it is written.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use contract::{Language, Role};
use net::{Limits, TlsClient, TlsFiles};
use serde::{Deserialize, Serialize};

use crate::render::Encoding;

/// The section `[kiosk]`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KioskConfig {
    /// Seconds within which the same number at the same terminal is the same scan, sent again or triggered twice: it gets
    /// the same answer and counts once. 1 to 60, default 5.
    pub same_s: u32,
    /// Milliseconds after which a terminal without an answer shows "one moment, please". 100 to 60,000, default 1,500.
    pub wait_ms: u32,
    /// Milliseconds after which it asks for the scan again, more than `wait_ms`, at most 60,000. Default 3,000.
    pub give_up_ms: u32,
    /// Minutes without an octet from a terminal after which it is counted as silent, 1 to 100,000. Default 1,440.
    pub silent_minutes: u32,
    /// Where serial servers and terminals dial in, `[[kiosk.server]]`. Default none.
    pub server: Vec<ServerConfig>,
    /// The terminals, `[[kiosk.terminal]]`. Default none.
    pub terminal: Vec<TerminalConfig>,
}

impl Default for KioskConfig {
    fn default() -> Self {
        Self {
            same_s: 5,
            wait_ms: 1_500,
            give_up_ms: 3_000,
            silent_minutes: 1_440,
            server: Vec::new(),
            terminal: Vec::new(),
        }
    }
}

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
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
    /// How terminals are spoken to that are not registered; they have no place, and their network address is the asker.
    /// Default none: whoever is not registered is turned away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anyone: Option<DeviceConfig>,
}

/// A terminal. One of `tty`, `dial`, `registration` and `from` says how its line comes about; without any of them it dials in
/// and proves who it is by its `key`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalConfig {
    /// Its name with us: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// The mall it stands in, for lists and alarms. Default empty.
    #[serde(default)]
    pub mall: String,
    /// Where it stands; it is trusted. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceConfig>,
    /// What those who stand at it do: `shopper` (the default), `trade`, `inspector` or `maker`.
    #[serde(default)]
    pub role: Role,
    /// A serial line of this machine: a path, best one below `/dev/serial/by-id`, or a pattern of which every match is a
    /// terminal of its own, named after its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// How the serial line is set.
    #[serde(default)]
    pub serial: SerialConfig,
    /// A serial server that we dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial: Option<DialConfig>,
    /// Its serial server dials in and says this first: where the secret is. 4 to 128 octets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<SecretPlace>,
    /// Its serial server dials in from this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// Its key for the framed protocol: where the 64 hexadecimal digits are. Default none: it speaks lines alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretPlace>,
    /// A pseudo terminal made by the program itself; never in a file.
    #[serde(skip)]
    pub pty: bool,
    /// How the device is spoken to.
    #[serde(default)]
    pub device: DeviceConfig,
}

impl TerminalConfig {
    /// A terminal on a pseudo terminal that the program makes.
    #[must_use]
    pub fn on_pty(name: &str, city: &str, device: DeviceConfig) -> Self {
        Self { pty: true, ..Self::in_city(name, city, device) }
    }

    /// A terminal that dials in and proves who it is by the key in this file.
    #[must_use]
    pub fn keyed(name: &str, city: &str, key: PathBuf, device: DeviceConfig) -> Self {
        let key = SecretPlace { file: Some(key), ..SecretPlace::default() };
        Self { key: Some(key), ..Self::in_city(name, city, device) }
    }

    fn in_city(name: &str, city: &str, device: DeviceConfig) -> Self {
        let place = PlaceConfig { city: city.to_owned(), district: None, lat: None, lon: None, radius_km: 1 };
        Self {
            name: name.to_owned(),
            mall: String::new(),
            place: Some(place),
            role: Role::Shopper,
            tty: None,
            serial: SerialConfig::default(),
            dial: None,
            registration: None,
            from: None,
            key: None,
            pty: false,
            device,
        }
    }
}

/// Where a terminal stands.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceConfig {
    /// The city, as it is said to shoppers; 1 to 64 characters.
    pub city: String,
    /// The district, for routing a case; at most 64 characters. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub district: Option<String>,
    /// Latitude in degrees; with it goes `lon`. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// The point is good to so many kilometres, at least 1. Default 1.
    #[serde(default = "one")]
    pub radius_km: u32,
}

const fn one() -> u32 {
    1
}

/// A serial server to dial.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DialConfig {
    /// Host and port.
    pub address: String,
    /// Speaks telnet and sets the port as `serial` says (RFC 2217). Default false: octets as they are.
    #[serde(default)]
    pub rfc2217: bool,
    /// TLS to the server. Default none, in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsClient>,
}

/// Where a secret is: one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretPlace {
    /// A file of one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A variable of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// A systemd credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// How a serial line is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SerialConfig {
    /// Bits per second, 50 to 4,000,000. Default 9,600.
    pub baud: u32,
    /// 7 or 8. Default 8.
    pub data_bits: u8,
    /// `none` (the default), `odd` or `even`.
    pub parity: Parity,
    /// 1 or 2. Default 1.
    pub stop_bits: u8,
    /// `none` (the default), `software` (XON/XOFF) or `hardware` (RTS/CTS).
    pub flow_control: FlowControl,
}

impl Default for SerialConfig {
    fn default() -> Self {
        Self { baud: 9_600, data_bits: 8, parity: Parity::None, stop_bits: 1, flow_control: FlowControl::None }
    }
}

/// The parity bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parity {
    /// No bit.
    #[default]
    None,
    /// Makes the count of ones odd.
    Odd,
    /// Makes it even.
    Even,
}

/// How a side that cannot take more says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowControl {
    /// Not at all.
    #[default]
    None,
    /// XON and XOFF.
    Software,
    /// RTS and CTS.
    Hardware,
}

/// How a device is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// What it shows, prints and beeps with, all of them at once. Default `["plain"]`.
    pub output: Vec<Profile>,
    /// How text is written: `utf8` (the default), `gbk`, `gb18030` or `big5`.
    pub encoding: Encoding,
    /// Columns of its display, 8 to 80. Default 20.
    pub columns: u32,
    /// Lines of its display, 1 to 8. Default 2.
    pub rows: u32,
    /// Columns of its paper, 16 to 80. Default 32, paper of 58 mm.
    pub paper_columns: u32,
    /// Milliseconds for which a page of a display stands, 500 to 60,000. Default 3,000.
    pub page_ms: u32,
    /// Sends BEL with an acknowledgement, twice for amber and three times for red. Default false.
    pub bell: bool,
    /// What the square code on a printed receipt holds before the receipt's number, as an address that looks it up.
    /// Default empty: the number alone.
    pub receipt_link: String,
    /// The language at first and after a shopper left: `zh-Hans` (the default), `zh-HK` or `en`. A line `LANG=en` changes
    /// it for a minute.
    pub language: Language,
    /// The pause in milliseconds that ends a line of a device without terminators, 20 to 2,000; 0 for never. Default 60.
    pub gap_ms: u32,
    /// What came in the 300 ms after a line came up: `discard` (the default), for a number read while nobody was there
    /// would be a check that nobody sees, or `process`.
    pub on_connect: OnConnect,
    /// What a serial server sends of its own to show that it is there: it is swallowed. At most 64 octets. Default empty.
    pub heartbeat: String,
    /// Messages of the day, for terminals that speak the framed protocol: at most 4 of at most 80 characters. Default none.
    pub notices: Vec<String>,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self {
            output: vec![Profile::Plain],
            encoding: Encoding::Utf8,
            columns: 20,
            rows: 2,
            paper_columns: 32,
            page_ms: 3_000,
            bell: false,
            receipt_link: String::new(),
            language: Language::ZhHans,
            gap_ms: 60,
            on_connect: OnConnect::Discard,
            heartbeat: String::new(),
            notices: Vec::new(),
        }
    }
}

/// What becomes of what came before we were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConnect {
    /// It is dropped and counted.
    #[default]
    Discard,
    /// It is answered.
    Process,
}

/// A way in which a device shows, prints or beeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Lines of text.
    Plain,
    /// ACK for what was recorded, NAK for what was not.
    Ack,
    /// A display that speaks CD5220.
    Cd5220,
    /// A display that speaks Epson's DM-D.
    Dmd,
    /// A printer that speaks ESC/POS.
    Escpos,
    /// Blocks with a check that the device acknowledges (ISO 1155).
    StxLrc,
    /// A JSON object to a line.
    JsonLines,
}
