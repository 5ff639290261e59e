//! Session descriptions (RFC 4566) and what is agreed by offer and answer (RFC 3264): one audio stream of G.711, keys by
//! event, in the clear or by SRTP with keys in the description (RFC 4568).
//!
//! Owns the reading, the answer to an offer and our own offer where a call comes without one. A stream that we do not
//! speak is refused in its place (port 0); a description in which nothing is left is [`Unfit`], which the call answers
//! with 488. Opens no port: the addresses are handed in.

mod agree;
mod read;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::law::Law;
use super::srtp::{Master, Suite};

pub use self::agree::{Ours, Policy, Unfit, accept, answer, offer};
pub use self::read::{SdpError, read};

/// The longest description that is read.
pub const LONGEST: usize = 16_384;

/// The payload type of keys in our own offers.
const OUR_EVENTS: u8 = 101;

/// A description as the peer wrote it, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// Every stream, in order: an answer has to have as many.
    pub streams: Vec<Stream>,
}

/// One `m=` line with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// `audio`, `video` …
    pub media: String,
    /// Where the peer wants it; 0 for a stream that is refused or over.
    pub port: u16,
    /// `RTP/AVP` …
    pub protocol: String,
    /// The payload types, in the peer's order of preference, as they were written.
    pub formats: Vec<String>,
    /// What the dynamic ones are: payload type, name, clock rate.
    pub maps: Vec<(u8, String, u32)>,
    /// The address, the stream's own or the session's.
    pub address: Option<IpAddr>,
    /// Who sends.
    pub direction: Direction,
    /// Keys for SRTP, in order.
    pub crypto: Vec<Crypto>,
}

/// One `a=crypto` line that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Its number.
    pub tag: u32,
    /// The suite.
    pub suite: Suite,
    /// Key and salt.
    pub master: Master,
}

/// Who sends on a stream, as the one who writes the description sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// The writer alone.
    SendOnly,
    /// The other side alone.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// The attribute.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What answers it: we take part in all that the peer wants.
    #[must_use]
    pub const fn answered(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// Whether the writer sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer wants to receive.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What a call has agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The codec.
    pub law: Law,
    /// The payload type of keys, where the peer sends any.
    pub events: Option<u8>,
    /// Where the peer says it wants the sound; `None` on hold by address (`0.0.0.0`). What really comes in stands above it.
    pub remote: Option<SocketAddr>,
    /// Who sends, as we see it.
    pub direction: Direction,
    /// SRTP, where it was agreed.
    pub secure: Option<Secure>,
}

impl Agreed {
    /// Whether the peer has put us on hold: it does not listen, or is nowhere.
    #[must_use]
    pub const fn held(&self) -> bool {
        !self.direction.sends() || self.remote.is_none()
    }
}

/// The keys of both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secure {
    /// The suite.
    pub suite: Suite,
    /// The number of the line that was chosen.
    pub tag: u32,
    /// What we encrypt with.
    pub ours: Master,
    /// What the peer encrypts with.
    pub theirs: Master,
}

/// Writes the lines that begin every description of ours.
fn head(text: &mut String, ours: &Ours) {
    let ip = ours.address.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    // The version grows with every change within the session (RFC 3264 §8).
    let written = write!(
        text,
        "v=0\r\no=- {} {} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n",
        ours.session, ours.version
    );
    debug_assert!(written.is_ok(), "a string takes everything");
}

#[cfg(test)]
mod tests;
