//! Lines of stock scanners and keypads, whatever ends them.
//!
//! A line ends at CR, LF, ETX, EOT, NUL, TAB or the next STX; several of them in a row end one line. Where a device sends
//! none of them, a pause ends it: scanners send a number in one burst. Three rules keep a pause from doing harm:
//! - fewer than [`SHORTEST`] octets are no number: somebody is keying, and only a terminator ends that line;
//! - once a device has shown that it sends terminators, a pause never ends a line of its again: half a number, held up
//!   on its way, must not be judged as if it were whole. What stays unfinished for [`STUCK`] is dropped;
//! - a pause is measured between octets, so that a long number on a slow line is not cut.
//!
//! ENQ, ACK and NAK are signals of their own wherever they stand; other control octets are noise, but for GS, which
//! parts the fields of GS1. A line longer than the limit is dropped up to its end and told of once. Memory is bounded by
//! that limit. What a line says is not looked at.

use std::time::{Duration, Instant};

use super::{ACK, ENQ, EOT, ETX, GS, NAK, STX};

/// The longest line, in octets; more than any two-dimensional code of a pack holds.
pub const LONGEST: usize = 2_048;
/// The fewest octets that a pause ends.
pub const SHORTEST: usize = 8;
/// An unfinished burst of a device that sends terminators is dropped after so long.
pub const STUCK: Duration = Duration::from_secs(2);
/// What is keyed by hand is dropped after so long without another key.
pub const BY_HAND: Duration = Duration::from_secs(30);

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A line without what ended it, at least one octet.
    Line(Vec<u8>),
    /// A line of more than [`LONGEST`] octets, which is lost.
    TooLong,
    /// A framed line whose check does not hold, which is lost.
    BadCheck,
    /// A line that never ended, which is lost.
    Unfinished,
    /// The device asks whether we are there.
    Enquiry,
    /// The device took what we sent.
    Taken,
    /// The device did not take what we sent.
    NotTaken,
}

/// How a device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The pause that ends a line; `None` for devices that always send a terminator.
    pub gap: Option<Duration>,
    /// An octet of [`super::longitudinal`] follows ETX.
    pub check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Line,
    /// Up to the end of a line that is too long.
    Discard,
    /// The check octet comes next.
    Check,
}

/// Takes lines out of octets.
#[derive(Debug)]
pub struct Lines {
    settings: Settings,
    state: State,
    buffer: Vec<u8>,
    /// The line began with STX.
    framed: bool,
    /// The device sends terminators.
    learned: bool,
    by_hand: bool,
    last: Option<Instant>,
}

impl Lines {
    /// Nothing has come yet.
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Line,
            buffer: Vec::new(),
            framed: false,
            learned: false,
            by_hand: false,
            last: None,
        }
    }

    /// Takes an octet.
    pub fn push(&mut self, octet: u8, now: Instant) -> Option<Token> {
        self.last = Some(now);
        if self.state == State::Check {
            return Some(self.checked(octet));
        }
        match octet {
            ENQ => Some(Token::Enquiry),
            ACK => Some(Token::Taken),
            NAK => Some(Token::NotTaken),
            STX => {
                let token = self.end();
                self.framed = true;
                token
            }
            ETX if self.settings.check && self.framed && self.state == State::Line => {
                self.state = State::Check;
                None
            }
            b'\r' | b'\n' | b'\t' | 0 | ETX | EOT => {
                self.learned = true;
                self.end()
            }
            GS | 0x20..=0x7e | 0x80..=0xff => {
                if self.state == State::Line && self.buffer.len() >= LONGEST {
                    self.buffer.clear();
                    self.state = State::Discard;
                    return Some(Token::TooLong);
                }
                if self.state == State::Line {
                    self.buffer.push(octet);
                }
                None
            }
            // A shift, an escape, a flow control or a delete: no part of any number.
            0x01..=0x1f | 0x7f => None,
        }
    }

    /// What has come of a line so far.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        &self.buffer
    }

    /// Whether that began with STX.
    #[must_use]
    pub const fn is_framed(&self) -> bool {
        self.framed
    }

    /// Drops what has come of a line so far.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.state = State::Line;
        self.framed = false;
        self.by_hand = false;
        self.last = None;
    }

    /// When [`Lines::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let last = self.last?;
        match self.state {
            State::Discard => self.settings.gap.map(|gap| last + gap),
            State::Check => Some(last + STUCK),
            State::Line if self.buffer.is_empty() => None,
            State::Line => Some(last + self.patience()),
        }
    }

    fn patience(&self) -> Duration {
        match self.settings.gap {
            _ if self.by_hand => BY_HAND,
            Some(gap) if !self.learned || self.buffer.len() < SHORTEST => gap,
            Some(_) | None => STUCK,
        }
    }

    /// The time for it has come.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Token> {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return None;
        }
        match self.state {
            State::Discard => {
                self.clear();
                None
            }
            State::Check => {
                self.clear();
                Some(Token::BadCheck)
            }
            State::Line if self.by_hand => {
                self.clear();
                None
            }
            State::Line if self.buffer.len() < SHORTEST => {
                self.by_hand = true;
                None
            }
            State::Line if self.learned || self.settings.gap.is_none() => {
                self.clear();
                Some(Token::Unfinished)
            }
            State::Line => self.end(),
        }
    }

    /// The line that has come, if any.
    fn end(&mut self) -> Option<Token> {
        let line = std::mem::take(&mut self.buffer);
        self.clear();
        (!line.is_empty()).then_some(Token::Line(line))
    }

    fn checked(&mut self, check: u8) -> Token {
        self.learned = true;
        let expected = super::longitudinal(&self.buffer) ^ ETX;
        let line = std::mem::take(&mut self.buffer);
        self.clear();
        if check == expected { Token::Line(line) } else { Token::BadCheck }
    }
}

#[cfg(test)]
mod tests;
