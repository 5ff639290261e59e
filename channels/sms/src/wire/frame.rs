//! Where one PDU ends and the next begins.
//!
//! Looks at the first four octets and at nothing else. A length that cannot be leaves no way to find the next PDU: the
//! connection is over.

use bytes::{Bytes, BytesMut};

/// The octets of a header (§3.2): length, command, status, sequence number.
pub const HEADER: usize = 16;

/// The longest PDU taken: a message payload of 64 KiB is the most that a length of 16 bits can say, with room for the
/// rest.
pub const MOST_FRAME: usize = 72 * 1024;

/// A length that no PDU has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("command_length {got}, expected {HEADER} to {MOST_FRAME}")]
pub struct BadLength {
    /// What the peer says.
    pub got: u32,
}

/// Takes the first whole PDU out of what was received; `None` while its end has not come.
///
/// # Errors
/// [`BadLength`] as soon as the length is there.
pub fn split(received: &mut BytesMut) -> Result<Option<Bytes>, BadLength> {
    let Some(first) = received.first_chunk::<4>() else { return Ok(None) };
    let got = u32::from_be_bytes(*first);
    let length = usize::try_from(got).unwrap_or(usize::MAX);
    if !(HEADER..=MOST_FRAME).contains(&length) {
        return Err(BadLength { got });
    }
    if received.len() < length {
        return Ok(None);
    }
    Ok(Some(received.split_to(length).freeze()))
}
