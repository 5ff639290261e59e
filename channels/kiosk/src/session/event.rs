//! What a session wants of the world, and what it noticed: the same for both protocols.

use std::time::Duration;

use contract::Language;

use super::Scan;
use crate::wire::message::Status;

/// How long a shopper waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until the terminal asks for patience.
    pub wait_after: Duration,
    /// Until it asks for the scan again.
    pub give_up_after: Duration,
}

/// What the session wants of the world, and what it noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Ask the core; answer by `handle_answer` of the session that asked.
    Ask {
        /// Names the question.
        ticket: u64,
        /// What was scanned.
        scan: Box<Scan>,
        /// The language of the answer.
        language: Language,
    },
    /// Nobody waits for this answer any more.
    Forget {
        /// The question.
        ticket: u64,
    },
    /// Something to count.
    Noticed(Noticed),
    /// The terminal proved who it is.
    Proved(Box<Proved>),
    /// The terminal said how it is.
    Status(Box<Status>),
    /// The device answered what it was asked by `probe` of its session.
    Reached(Reached),
    /// The line is to be closed once everything has gone out.
    Over,
}

/// Who a terminal is that proved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// Its name.
    pub terminal: String,
    /// Make and model.
    pub model: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Checks that wait in it.
    pub queued: Option<u32>,
}

/// What a session asks a device for, to see whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// How it is (HOW of the framed protocol).
    How,
    /// The state of its printer and of its paper (ESC/POS).
    Printer,
    /// Whether it is there (ENQ of ISO 1155).
    Enquiry,
    /// Such a device answers nothing.
    Nothing,
}

/// What a device answered to a [`Probe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// How it is: that is an [`Event::Status`] of its own.
    How(u32),
    /// The state of its printer.
    Printer {
        /// It can print.
        ready: bool,
        /// There is paper.
        paper: bool,
    },
    /// It is there, and ready or not.
    Enquiry {
        /// ACK, and not NAK.
        ready: bool,
    },
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noticed {
    /// Octets that came while nobody was there.
    Stale,
    /// A line in which nothing could be read: noise, a wrong baud rate, half a number.
    Unreadable,
    /// A line that was too long.
    TooLong,
    /// The same scan again.
    Repeated,
    /// A scan beyond the queue.
    Overrun,
    /// A sign of life of a serial server.
    Heartbeat,
    /// No answer in time.
    LateAnswer,
    /// Something was not said, for the device does not read.
    Unsaid,
    /// The device did not acknowledge a block.
    Unacknowledged,
    /// A terminal that does not have the key of the name that it gave.
    Unproved,
}
