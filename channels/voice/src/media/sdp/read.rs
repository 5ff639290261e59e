//! Reading a description: line by line, with bounds, forgiving about what we do not use.

use std::net::IpAddr;

use base64::Engine as _;

use super::{Crypto, Description, Direction, LONGEST, Stream};
use crate::media::srtp::{Master, Suite};

/// The most streams and, for each, formats and maps that are read.
const MOST_STREAMS: usize = 16;
const MOST_FORMATS: usize = 64;
const MOST_CRYPTO: usize = 16;

/// Why a body is no description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Longer than any.
    #[error("a description of more than {LONGEST} octets")]
    TooLong,
    /// Not text.
    #[error("a description that is not text")]
    NotText,
    /// It does not begin with `v=0`.
    #[error("a description of another version")]
    Version,
    /// A stream's line cannot be read.
    #[error("a stream that cannot be read")]
    Stream,
    /// More streams or formats than any device sends.
    #[error("more streams or formats than are read")]
    TooMany,
}

/// Reads a description.
///
/// # Errors
/// [`SdpError`].
pub fn read(octets: &[u8]) -> Result<Description, SdpError> {
    if octets.len() > LONGEST {
        return Err(SdpError::TooLong);
    }
    let text = std::str::from_utf8(octets).map_err(|_| SdpError::NotText)?;
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    if lines.next().map(str::trim) != Some("v=0") {
        return Err(SdpError::Version);
    }
    let mut description = Description::default();
    let (mut address, mut direction) = (None, Direction::default());
    for line in lines {
        let Some((kind, value)) = line.split_once('=') else { continue };
        match (kind, description.streams.last_mut()) {
            ("m", _) => {
                if description.streams.len() >= MOST_STREAMS {
                    return Err(SdpError::TooMany);
                }
                description.streams.push(stream(value, address, direction)?);
            }
            ("c", None) => address = connection(value),
            ("c", Some(stream)) => stream.address = connection(value),
            ("a", None) => direction = direction_of(value).unwrap_or(direction),
            ("a", Some(stream)) => attribute(value, stream),
            _ => {}
        }
    }
    Ok(description)
}

/// `audio 49170 RTP/AVP 0 8 101`
fn stream(value: &str, address: Option<IpAddr>, direction: Direction) -> Result<Stream, SdpError> {
    let mut words = value.split_ascii_whitespace();
    let media = words.next().ok_or(SdpError::Stream)?.to_owned();
    // A count of ports behind a slash is for layered streams; the first port is ours.
    let port = words.next().and_then(|word| word.split('/').next()?.parse().ok()).ok_or(SdpError::Stream)?;
    let protocol = words.next().ok_or(SdpError::Stream)?.to_owned();
    let formats: Vec<String> = words.by_ref().take(MOST_FORMATS).map(str::to_owned).collect();
    if words.next().is_some() {
        return Err(SdpError::TooMany);
    }
    Ok(Stream { media, port, protocol, formats, maps: Vec::new(), address, direction, crypto: Vec::new() })
}

/// `IN IP4 192.0.2.1`; a name instead of an address is nowhere until packets come.
fn connection(value: &str) -> Option<IpAddr> {
    let word = value.split_ascii_whitespace().nth(2)?;
    word.split('/').next()?.parse().ok()
}

fn attribute(value: &str, stream: &mut Stream) {
    if let Some(direction) = direction_of(value) {
        stream.direction = direction;
    } else if let Some(map) = value.strip_prefix("rtpmap:").and_then(map) {
        if stream.maps.len() < MOST_FORMATS {
            stream.maps.push(map);
        }
    } else if let Some(crypto) = value.strip_prefix("crypto:").and_then(crypto)
        && stream.crypto.len() < MOST_CRYPTO
    {
        stream.crypto.push(crypto);
    }
}

fn direction_of(value: &str) -> Option<Direction> {
    [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
        .into_iter()
        .find(|direction| value.trim() == direction.name())
}

/// `101 telephone-event/8000`
fn map(value: &str) -> Option<(u8, String, u32)> {
    let (kind, rest) = value.trim().split_once(' ')?;
    let mut parts = rest.trim().split('/');
    let (name, rate) = (parts.next()?, parts.next()?);
    Some((kind.parse().ok().filter(|kind| *kind < 128)?, name.to_owned(), rate.parse().ok()?))
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31`; one with a master key identifier cannot be used.
fn crypto(value: &str) -> Option<Crypto> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next()?.parse().ok()?;
    let suite = Suite::named(words.next()?)?;
    let mut parts = words.next()?.strip_prefix("inline:")?.split('|');
    let key = base64::engine::general_purpose::STANDARD.decode(parts.next()?).ok()?;
    if parts.any(|part| part.contains(':')) || words.next().is_some() {
        return None;
    }
    Some(Crypto { tag, suite, master: Master::of(&key)? })
}
