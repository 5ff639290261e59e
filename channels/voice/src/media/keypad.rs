//! One press, one key: the three ways by which a key can arrive, and which of them is believed.
//!
//! Events stand above messages, messages above tones. What a lower way says is dropped once a higher one has been seen on
//! the call, and a press that came by two ways is heard once. Does not collect numbers: that is the dialogue's.

use std::time::{Duration, Instant};

use super::events::Key;

/// The same key by another way within this time is the same press.
const SAME_PRESS: Duration = Duration::from_millis(300);

/// How a key arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Tones in the sound.
    Tone,
    /// SIP INFO.
    Info,
    /// RFC 4733.
    Event,
}

impl Way {
    /// The name in call records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tone => "inband",
            Self::Info => "info",
            Self::Event => "rfc4733",
        }
    }
}

/// The keys of one call.
#[derive(Debug, Clone, Default)]
pub struct Keypad {
    way: Option<Way>,
    last: Option<(Key, Way, Instant)>,
}

impl Keypad {
    /// The best way by which a key was heard so far.
    #[must_use]
    pub const fn way(&self) -> Option<Way> {
        self.way
    }

    /// Whether tones are still worth listening for.
    #[must_use]
    pub fn wants_tones(&self) -> bool {
        self.way.is_none_or(|way| way == Way::Tone)
    }

    /// A key arrived; it is given on where it is a press of its own.
    pub fn press(&mut self, key: Key, way: Way, now: Instant) -> Option<Key> {
        if self.way.is_some_and(|best| way < best) {
            return None;
        }
        self.way = Some(way);
        let before = self.last.replace((key, way, now));
        let same = before
            .is_some_and(|(last, by, at)| last == key && by != way && now.saturating_duration_since(at) < SAME_PRESS);
        (!same).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use super::*;

    const ONE: Key = Key::Digit(1);

    #[test]
    fn a_press_that_comes_by_two_ways_is_heard_once() {
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        let mut keypad = Keypad::default();
        assert_eq!(keypad.press(ONE, Way::Info, start), Some(ONE));
        assert_eq!(keypad.press(ONE, Way::Event, later(20)), None, "the same press, by event");
        assert_eq!(keypad.press(ONE, Way::Info, later(500)), None, "events are believed from now on");
        assert_eq!(keypad.press(ONE, Way::Event, later(520)), Some(ONE));
        assert_eq!(keypad.press(ONE, Way::Event, later(620)), Some(ONE), "two presses by one way are two");
        assert!(!keypad.wants_tones());
    }

    #[test]
    fn tones_serve_until_something_better_is_seen() {
        let start = Instant::now();
        let mut keypad = Keypad::default();
        assert!(keypad.wants_tones());
        assert_eq!(keypad.press(ONE, Way::Tone, start), Some(ONE));
        assert!(keypad.wants_tones());
        assert_eq!(keypad.press(Key::Pound, Way::Event, start), Some(Key::Pound));
        assert_eq!(keypad.press(ONE, Way::Tone, start + Duration::from_secs(1)), None);
        assert_eq!(keypad.way(), Some(Way::Event));
    }
}
