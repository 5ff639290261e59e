//! What frames of the kiosk protocol say: a kind, a sequence number, and a CBOR map of small keys.
//!
//! Owns every message of version 1 (`PROTOCOL.md` §4). A key that is not known is skipped, so that later versions can add
//! some; a kind that is not known is told from one that is broken. Texts and lists are bounded by the frame.

mod sum;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode};

pub use self::sum::{Sums, sum};

/// The version that is spoken.
pub const VERSION: u8 = 1;
/// Octets before the map: version, kind, and the sequence number with its low octet first.
const HEAD: usize = 4;

/// One message with its sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Answers bear the number of what they answer.
    pub sequence: u16,
    /// What it says.
    pub says: Says,
}

/// Why octets are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Shorter than a head.
    #[error("a frame of {0} octets has no head")]
    Short(usize),
    /// Another version.
    #[error("version {version} is not spoken")]
    Version {
        /// Which.
        version: u8,
        /// The number of the message.
        sequence: u16,
    },
    /// A kind that is not known.
    #[error("kind {kind:#04x} is not known")]
    Kind {
        /// Which.
        kind: u8,
        /// The number of the message.
        sequence: u16,
    },
    /// Its sum does not hold, or is missing where there has been one: it was damaged on the way.
    #[error("the sum of a message does not hold")]
    Damaged,
    /// A map that breaks the rules of its kind.
    #[error("a message of kind {kind:#04x} cannot be read")]
    Map {
        /// The kind.
        kind: u8,
        /// The number of the message.
        sequence: u16,
    },
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($body:ty) = $kind:literal,)+) => {
        /// What a message says.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Says {
            $($(#[$doc])* $name($body),)+
        }

        impl Says {
            /// The number of its kind.
            #[must_use]
            pub const fn kind(&self) -> u8 {
                match self { $(Self::$name(_) => $kind,)+ }
            }

            fn decode(kind: u8, map: &mut Decoder<'_>) -> Option<Result<Self, minicbor::decode::Error>> {
                match kind {
                    $($kind => Some(map.decode().map(Self::$name)),)+
                    _ => None,
                }
            }

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
                match self { $(Self::$name(body) => minicbor::encode(body, &mut *out),)+ }
            }
        }
    };
}

kinds! {
    /// From the terminal: who it is.
    Hello(Hello) = 0x01,
    /// From the terminal: the proof.
    Proof(Proof) = 0x02,
    /// From the terminal: a number to check.
    Check(Check) = 0x03,
    /// From the terminal: it is there.
    Ping(Ping) = 0x04,
    /// From the terminal: how it is.
    Status(Status) = 0x05,
    /// From either: the end.
    Bye(Bye) = 0x06,
    /// From the gateway: prove it.
    Challenge(Challenge) = 0x81,
    /// From the gateway: come in.
    Welcome(Welcome) = 0x82,
    /// From the gateway: the answer.
    Answer(Answer) = 0x83,
    /// From the gateway: it is there, and what time it is.
    Pong(Pong) = 0x84,
    /// From the gateway: taken.
    Taken(Taken) = 0x85,
    /// From the gateway: not taken.
    Refused(Refused) = 0x86,
    /// From the gateway, unasked: how are you?
    How(How) = 0x87,
}

/// Who a terminal is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Hello {
    /// The lowest version that it speaks.
    #[n(1)]
    pub least: u8,
    /// The highest.
    #[n(2)]
    pub most: u8,
    /// Its registered name.
    #[n(3)]
    pub terminal: String,
    /// 16 octets at random, new each time.
    #[n(4)]
    pub nonce: ByteArray<16>,
    /// Make and model.
    #[n(5)]
    pub model: Option<String>,
    /// Its firmware.
    #[n(6)]
    pub firmware: Option<String>,
    /// Columns of its display.
    #[n(7)]
    pub columns: Option<u8>,
    /// Checks that wait in it.
    #[n(8)]
    pub queued: Option<u32>,
    /// The language of its shoppers, as a BCP 47 tag.
    #[n(9)]
    pub language: Option<String>,
    /// It answers [`How`].
    #[n(10)]
    pub tells: Option<bool>,
}

/// HMAC-SHA-256 under the terminal's key (`PROTOCOL.md` §3).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Proof {
    /// The code.
    #[n(1)]
    pub mac: ByteArray<32>,
}

/// A number to check.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Check {
    /// 16 octets that no other check of this terminal ever bears: the same ones mean the same check.
    #[n(1)]
    pub id: ByteArray<16>,
    /// What was scanned or keyed, as it is.
    #[n(2)]
    pub code: String,
    /// The language of the answer, as a BCP 47 tag.
    #[n(3)]
    pub language: Option<String>,
    /// How long ago it was scanned, in milliseconds.
    #[n(4)]
    pub age_ms: Option<u64>,
    /// It was keyed and not scanned.
    #[n(5)]
    pub keyed: Option<bool>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ping {
    /// The terminal's clock, in milliseconds since 1970 in UTC.
    #[n(1)]
    pub clock_ms: Option<i64>,
}

/// How a terminal is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Status {
    /// There is paper in its printer.
    #[n(1)]
    pub paper: Option<bool>,
    /// Its door is shut.
    #[n(2)]
    pub door: Option<bool>,
    /// Checks that wait in it.
    #[n(3)]
    pub queued: Option<u32>,
    /// Seconds since it was switched on.
    #[n(4)]
    pub uptime_s: Option<u64>,
    /// What is wrong with it, for the operator.
    #[n(5)]
    pub fault: Option<String>,
    /// The number of the [`How`] that this answers.
    #[n(6)]
    pub how: Option<u32>,
}

/// The end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bye {
    /// Why, for the operator.
    #[n(1)]
    pub why: Option<String>,
}

/// What is to be proved.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    /// The version that is spoken from now on.
    #[n(1)]
    pub version: u8,
    /// 16 octets at random.
    #[n(2)]
    pub nonce: ByteArray<16>,
}

/// A terminal is let in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// HMAC-SHA-256 under the terminal's key: the gateway knows it too.
    #[n(1)]
    pub mac: ByteArray<32>,
    /// The gateway's clock, in milliseconds since 1970 in UTC.
    #[n(2)]
    pub clock_ms: i64,
    /// Checks that may be unanswered at once.
    #[n(3)]
    pub window: u8,
    /// A sign of life is expected this often, in seconds.
    #[n(4)]
    pub ping_s: u16,
    /// What to show while nobody asks, already in lines.
    #[n(5)]
    pub idle: Vec<String>,
    /// Messages of the day.
    #[n(6)]
    pub notices: Vec<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Answer {
    /// Of which check.
    #[n(1)]
    pub id: ByteArray<16>,
    /// The verdict's name.
    #[n(2)]
    pub verdict: String,
    /// `grey`, `green`, `amber` or `red`.
    #[n(3)]
    pub colour: String,
    /// The pages of a display, each of at most two lines that fit its columns.
    #[n(4)]
    pub pages: Vec<Vec<String>>,
    /// The number to keep, 12 digits.
    #[n(5)]
    pub receipt: Option<String>,
    /// The same check was answered before; this is that answer.
    #[n(6)]
    pub replayed: bool,
    /// It is on record. What is not never says genuine.
    #[n(7)]
    pub recorded: bool,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Pong {
    /// The gateway's clock, in milliseconds since 1970 in UTC.
    #[n(1)]
    pub clock_ms: i64,
}

/// Something was taken.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Taken {}

/// Something was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refused {
    /// Why.
    #[n(1)]
    pub reason: Reason,
    /// What to show for it, already in lines.
    #[n(2)]
    pub lines: Vec<String>,
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Reason {
    /// No common version.
    #[n(1)]
    Version,
    /// Not known here, or a wrong proof: both read the same.
    #[n(2)]
    Unknown,
    /// Out of order: first hello, then the proof, then all else.
    #[n(3)]
    Order,
    /// A kind that is not known.
    #[n(4)]
    Unsupported,
    /// It cannot be read.
    #[n(5)]
    Unreadable,
    /// More than the window: again when others are answered.
    #[n(6)]
    Window,
    /// Too busy, nothing was recorded: again later.
    #[n(7)]
    Busy,
    /// Nothing can be recorded now: again later.
    #[n(8)]
    Unavailable,
    /// The id was another check's.
    #[n(9)]
    Conflict,
}

/// How is the terminal? It answers at once with [`Status`], which bears the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct How {
    /// A number.
    #[n(1)]
    pub number: u32,
}

impl Message {
    /// Writes it as the body of a frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend([VERSION, self.says.kind()]);
        out.extend(self.sequence.to_le_bytes());
        // Writing to memory does not fail.
        self.says.encode(out).unwrap_or_default();
    }

    /// Writes it as the body of a frame, with its sum behind it.
    pub fn write_summed(&self, out: &mut Vec<u8>) {
        let begun = out.len();
        self.write(out);
        let sum = sum(out.get(begun..).unwrap_or_default());
        out.extend(sum.to_le_bytes());
    }

    /// Reads the body of a frame, with or without a sum.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(body: &[u8]) -> Result<Self, Unreadable> {
        Self::read_summed(body).map(|(message, _)| message)
    }

    /// Reads the body of a frame, and whether there is a sum behind it.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read_summed(body: &[u8]) -> Result<(Self, bool), Unreadable> {
        let Some((&[version, kind, low, high], map)) = body.split_first_chunk::<HEAD>() else {
            return Err(Unreadable::Short(body.len()));
        };
        let sequence = u16::from_le_bytes([low, high]);
        if version != VERSION {
            return Err(Unreadable::Version { version, sequence });
        }
        let mut decoder = Decoder::new(map);
        let says = match Says::decode(kind, &mut decoder) {
            None => return Err(Unreadable::Kind { kind, sequence }),
            Some(Err(_)) => return Err(Unreadable::Map { kind, sequence }),
            Some(Ok(says)) => says,
        };
        let summed = match body.split_at_checked(HEAD + decoder.position()) {
            None | Some((_, [])) => false,
            Some((whole, behind)) if behind == sum(whole).to_le_bytes() => true,
            Some((_, _)) => return Err(Unreadable::Damaged),
        };
        Ok((Self { sequence, says }, summed))
    }
}

#[cfg(test)]
mod tests;
