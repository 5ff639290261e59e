//! Cuts a stream of octets (TCP, TLS) into SIP messages by their Content-Length (RFC 3261 §18.3).
//!
//! Owns the bounds: a message that would be longer than [`LONGEST`], or whose length cannot be read, ends the connection
//! before anything is reserved for it. Parses no header but the one.

use bytes::{Bytes, BytesMut};

use super::clean::body_at;

/// The longest message, headers and body.
pub const LONGEST: usize = 65_535;

/// What a stream holds next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message, whole.
    Message(Bytes),
    /// A double CRLF: the peer asks whether we are there (RFC 5626 §3.5.1).
    Ping,
}

/// Why a stream cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// More than the longest message.
    #[error("a message of more than {LONGEST} octets")]
    TooLong,
    /// A length is missing or no number, so that the message's end is unknown.
    #[error("a message without a length that can be read")]
    NoLength,
}

/// The next message at the start of the buffer, taken out of it.
///
/// # Errors
/// [`FrameError`]: the connection is to be closed.
pub fn split(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    if buffer.starts_with(b"\r\n\r\n") {
        drop(buffer.split_to(4));
        return Ok(Some(Frame::Ping));
    }
    while buffer.starts_with(b"\r\n") && buffer.len() > 2 && !buffer.starts_with(b"\r\n\r") {
        drop(buffer.split_to(2));
    }
    if buffer.starts_with(b"\r") {
        return Ok(None);
    }
    let Some(headers) = body_at(buffer) else {
        return if buffer.len() > LONGEST { Err(FrameError::TooLong) } else { Ok(None) };
    };
    let length = buffer.get(..headers).and_then(content_length).ok_or(FrameError::NoLength)?;
    let whole = headers.checked_add(length).filter(|whole| *whole <= LONGEST).ok_or(FrameError::TooLong)?;
    if buffer.len() < whole {
        return Ok(None);
    }
    Ok(Some(Frame::Message(buffer.split_to(whole).freeze())))
}

/// The value of Content-Length, long or compact; none or two that differ are none.
fn content_length(headers: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in headers.split(|octet| *octet == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else { continue };
        let (name, value) = line.split_at_checked(colon)?;
        let name = name.trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l") {
            let value = std::str::from_utf8(value.get(1..)?).ok()?.trim().parse().ok()?;
            if found.is_some_and(|found| found != value) {
                return None;
            }
            found = Some(value);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &[u8] = b"OPTIONS sip:x SIP/2.0\r\nVia: y\r\nl: 4\r\n\r\nbody";

    fn all(octets: &[u8]) -> Result<Vec<Frame>, FrameError> {
        let mut buffer = BytesMut::from(octets);
        let mut frames = Vec::new();
        while let Some(frame) = split(&mut buffer)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn messages_come_out_one_by_one_and_pings_between_them() {
        let stream = [MESSAGE, b"\r\n\r\n", b"\r\n", MESSAGE].concat();
        let message = Frame::Message(Bytes::from_static(MESSAGE));
        assert_eq!(all(&stream), Ok(vec![message.clone(), Frame::Ping, message]));
    }

    #[test]
    fn every_beginning_of_a_message_is_waited_for() {
        for cut in 0..MESSAGE.len() {
            assert_eq!(all(&MESSAGE[..cut]), Ok(vec![]), "{cut} octets");
        }
    }

    #[test]
    fn a_length_that_lies_ends_the_connection() {
        for (headers, error) in [
            ("l: 70000\r\n", FrameError::TooLong),
            ("Content-Length: 99999999999999999999999\r\n", FrameError::NoLength),
            ("Content-Length: -1\r\n", FrameError::NoLength),
            ("Content-Length: 1\r\nl: 2\r\n", FrameError::NoLength),
            ("Via: x\r\n", FrameError::NoLength),
        ] {
            assert_eq!(all(format!("OPTIONS sip:x SIP/2.0\r\n{headers}\r\n").as_bytes()), Err(error), "{headers}");
        }
        assert_eq!(all(&vec![b'x'; LONGEST + 1]), Err(FrameError::TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_stream_is_cut(cut in 0..MESSAGE.len() * 2) {
            let stream = [MESSAGE, MESSAGE].concat();
            let mut buffer = BytesMut::from(&stream[..cut]);
            let mut count = 0;
            while split(&mut buffer).unwrap().is_some() { count += 1; }
            buffer.extend_from_slice(&stream[cut..]);
            while split(&mut buffer).unwrap().is_some() { count += 1; }
            prop_assert_eq!(count, 2);
        }
    }
}
