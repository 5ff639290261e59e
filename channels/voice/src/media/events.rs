//! Keys as RTP events (RFC 4733), read the way that half of the world's equipment needs.
//!
//! An event is known by source, timestamp and code, and is heard at its first packet that arrives, whichever that is: a
//! key survives as long as one of its packets does. Markers, durations and the order of timestamps between events decide
//! nothing, because senders are known that get each of them wrong. Does not know tones in the sound.

use std::fmt;
use std::time::{Duration, Instant};

use super::rtp::Packet;

/// Octets of an event's payload.
const PAYLOAD: usize = 4;

/// How many events are remembered, so that packets that come late or again are known.
const REMEMBERED: usize = 16;

/// Ends of one event that carry a new timestamp each come closer together than fingers move.
const SAME_END: Duration = Duration::from_millis(40);

/// The longest duration one event can state; a longer press goes on under a new timestamp (RFC 4733 §2.5.1.3).
const FULL: u16 = u16::MAX;

/// A key of a telephone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `0` to `9`.
    Digit(u8),
    /// `*`.
    Star,
    /// `#`.
    Pound,
    /// `A` to `D`, which no telephone has; told apart so that they are not taken for anything else.
    Letter(u8),
}

impl Key {
    /// The key of an event code (RFC 4733 §3.2, table 3).
    #[must_use]
    pub const fn of_event(code: u8) -> Option<Self> {
        match code {
            0..=9 => Some(Self::Digit(code)),
            10 => Some(Self::Star),
            11 => Some(Self::Pound),
            12..=15 => Some(Self::Letter(code - 12)),
            _ => None,
        }
    }

    /// The event code of a key.
    #[must_use]
    pub const fn event(self) -> u8 {
        match self {
            Self::Digit(digit) => digit,
            Self::Star => 10,
            Self::Pound => 11,
            Self::Letter(letter) => 12 + letter,
        }
    }

    /// The key of a character.
    #[must_use]
    pub const fn of_char(character: char) -> Option<Self> {
        match character {
            '0'..='9' => Some(Self::Digit(character as u8 - b'0')),
            '*' => Some(Self::Star),
            '#' => Some(Self::Pound),
            'A'..='D' => Some(Self::Letter(character as u8 - b'A')),
            'a'..='d' => Some(Self::Letter(character as u8 - b'a')),
            _ => None,
        }
    }

    /// Its character.
    #[must_use]
    pub const fn as_char(self) -> char {
        match self {
            Self::Digit(digit) => (b'0' + digit) as char,
            Self::Star => '*',
            Self::Pound => '#',
            Self::Letter(letter) => (b'A' + letter) as char,
        }
    }
}

impl fmt::Debug for Key {
    /// Without the digit: keys are never written to a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digit(_) => "Digit",
            Self::Star => "Star",
            Self::Pound => "Pound",
            Self::Letter(_) => "Letter",
        })
    }
}

/// One payload: `event (8) | E R volume (8) | duration (16)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The code.
    pub code: u8,
    /// The key was released.
    pub end: bool,
    /// How long it has been pressed, in timestamp units.
    pub duration: u16,
}

impl Event {
    /// Reads a payload. A payload with more events behind the first (RFC 4733 §2.5.1.5) is read for its first.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (&[code, flags, d0, d1], _) = payload.split_first_chunk::<PAYLOAD>()?;
        Some(Self { code, end: flags & 0x80 != 0, duration: u16::from_be_bytes([d0, d1]) })
    }

    /// The payload, at a volume of -10 dBm0.
    #[must_use]
    pub const fn write(self) -> [u8; PAYLOAD] {
        let [d0, d1] = self.duration.to_be_bytes();
        [self.code, if self.end { 0x8A } else { 0x0A }, d0, d1]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    ssrc: u32,
    timestamp: u32,
    code: u8,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    seen: Seen,
    sequence: u16,
    event: Event,
    at: Instant,
}

/// Whether a packet carries an event: by the payload type that was agreed, and failing that by its look, since there are
/// senders that use another type than they agreed to. Four octets of zero are the no-op that some (sipp) send beside it.
#[must_use]
pub const fn is_event(packet: &Packet<'_>, agreed: Option<u8>) -> bool {
    let declared = match agreed {
        Some(agreed) => packet.payload_type == agreed,
        None => false,
    };
    if declared {
        return packet.payload.len() >= PAYLOAD;
    }
    packet.payload_type >= 96 && packet.payload.len() == PAYLOAD && !matches!(packet.payload, [0, 0, 0, 0])
}

/// The keys of one call's events.
#[derive(Debug, Clone, Default)]
pub struct Events {
    kind: Option<u8>,
    remembered: [Option<Seen>; REMEMBERED],
    next: usize,
    last: Option<Last>,
}

impl Events {
    /// Takes a packet for which [`is_event`] holds. A key the first time that its event is heard of. Once a type has been
    /// heard, only the agreed one takes its place.
    pub fn handle(&mut self, packet: &Packet<'_>, agreed: Option<u8>, now: Instant) -> Option<Key> {
        let other = self.kind.is_some_and(|kind| kind != packet.payload_type);
        if other && agreed != Some(packet.payload_type) {
            return None;
        }
        let event = Event::read(packet.payload)?;
        let key = Key::of_event(event.code)?;
        self.kind = Some(packet.payload_type);
        let seen = Seen { ssrc: packet.ssrc, timestamp: packet.timestamp, code: event.code };
        let known = self.remembered.contains(&Some(seen));
        let same = known || self.last.is_some_and(|last| goes_on(&last, &seen, packet.sequence, event, now));
        if !known {
            if let Some(place) = self.remembered.get_mut(self.next) {
                *place = Some(seen);
            }
            self.next = (self.next + 1) % REMEMBERED;
        }
        // A packet that comes late says nothing about what comes next.
        let late = self.last.is_some_and(|last| {
            last.seen.ssrc == seen.ssrc && packet.sequence.wrapping_sub(last.sequence) > u16::MAX / 2
        });
        if !late {
            self.last = Some(Last { seen, sequence: packet.sequence, event, at: now });
        }
        (!same).then_some(key)
    }
}

/// Whether an event under a new timestamp is the one before, still.
fn goes_on(last: &Last, seen: &Seen, sequence: u16, event: Event, now: Instant) -> bool {
    if last.seen.ssrc != seen.ssrc || last.seen.code != seen.code {
        return false;
    }
    // A press longer than a duration can say.
    let step = seen.timestamp.wrapping_sub(last.seen.timestamp);
    if !last.event.end && step == u32::from(last.event.duration) && last.event.duration >= FULL - 960 {
        return true;
    }
    // The end sent three times, each time under another timestamp.
    let next = sequence == last.sequence.wrapping_add(1);
    let soon = now.saturating_duration_since(last.at) < SAME_END;
    next && soon && last.event.end && event.end && event.duration >= last.event.duration
}

#[cfg(test)]
mod tests;
