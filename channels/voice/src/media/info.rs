//! Keys in the body of a SIP INFO, in the three forms in use.
//!
//! `application/dtmf-relay` (`Signal=5`), `application/dtmf` (the character alone) and `audio/telephone-event` (an event's
//! four octets or its number). There is no standard; the forms are those that gateways and session border controllers send.

use super::events::{Event, Key};

/// The longest body that is looked into.
const LONGEST: usize = 256;

/// What an INFO holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A key.
    Key(Key),
    /// A key in a form that we know, and no key of a telephone in it (a hook flash, say).
    Other,
    /// Of a type that we do not know.
    Unknown,
}

/// Reads a body by its content type.
#[must_use]
pub fn read(content_type: &str, body: &[u8]) -> Content {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let read: fn(&[u8]) -> Option<Key> = match kind.as_str() {
        "application/dtmf-relay" | "application/vnd.nortelnetworks.digits" => relay,
        "application/dtmf" => plain,
        "audio/telephone-event" => event,
        _ => return Content::Unknown,
    };
    if body.len() > LONGEST {
        return Content::Other;
    }
    read(body).map_or(Content::Other, Content::Key)
}

fn relay(body: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(body).ok()?;
    let value = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        (name.eq_ignore_ascii_case("Signal") || name.eq_ignore_ascii_case("d")).then(|| value.trim())
    })?;
    signal(value)
}

fn plain(body: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(body).ok()?.trim();
    // Some write the relay's form under the plain type.
    if text.contains('=') { relay(body) } else { signal(text) }
}

fn event(body: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(body).map(str::trim).unwrap_or_default();
    if !text.is_empty() && text.len() <= 2 && text.chars().all(|c| c.is_ascii_graphic()) {
        return signal(text);
    }
    Key::of_event(Event::read(body)?.code)
}

/// A key by its character, or by the number of its event.
fn signal(value: &str) -> Option<Key> {
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Key::of_char(only),
        _ => match value {
            "10" | "star" => Some(Key::Star),
            "11" | "hash" | "pound" => Some(Key::Pound),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_are_the_same_key() {
        for (kind, body) in [
            ("application/dtmf-relay", &b"Signal=5\r\nDuration=160\r\n"[..]),
            ("Application/DTMF-Relay; charset=utf-8", b"signal = 5\nDuration = 160"),
            ("application/dtmf", b"5"),
            ("application/dtmf", b"5\r\n"),
            ("application/dtmf", b"Signal=5\r\n"),
            ("audio/telephone-event", &[5, 0x8A, 3, 0x20]),
            ("audio/telephone-event", b"5"),
        ] {
            assert_eq!(read(kind, body), Content::Key(Key::Digit(5)), "{kind} {body:?}");
        }
        for (body, key) in [("*", Key::Star), ("#", Key::Pound), ("10", Key::Star), ("11", Key::Pound)] {
            assert_eq!(read("application/dtmf-relay", format!("Signal={body}\r\n").as_bytes()), Content::Key(key));
        }
    }

    #[test]
    fn what_is_no_key_is_told_from_what_is_no_key_at_all() {
        assert_eq!(read("application/dtmf-relay", b"Signal=flash\r\n"), Content::Other);
        assert_eq!(read("application/dtmf-relay", b"\xff\xfe"), Content::Other);
        assert_eq!(read("audio/telephone-event", &[16, 0, 0, 0]), Content::Other, "a hook flash");
        assert_eq!(read("application/dtmf", &[b'5'; LONGEST + 1]), Content::Other);
        assert_eq!(read("application/media_control+xml", b"<x/>"), Content::Unknown);
        assert_eq!(read("", b""), Content::Unknown);
    }
}
