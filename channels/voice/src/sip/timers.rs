//! Session timers (RFC 4028): a call whose other end has silently gone is over after a known time.
//!
//! Owns the negotiation and the instants. Sends nothing: the call does what [`Timer`] says.

use std::time::{Duration, Instant};

/// The shortest interval that we take, in seconds (RFC 4028 §5).
pub const LEAST: u32 = 90;

/// The interval of a peer that names none, in seconds (RFC 4028 §4.2).
pub const USUAL: u32 = 1_800;

/// Who refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// The caller.
    Caller,
    /// We.
    Us,
}

/// What was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Seconds.
    pub seconds: u32,
    /// Who refreshes.
    pub refresher: Refresher,
}

/// The interval is shorter than [`LEAST`]: to be answered with 422 and `Min-SE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session interval of less than {LEAST} s")]
pub struct TooShort;

impl Interval {
    /// The value of `Session-Expires` in our answer.
    #[must_use]
    pub fn header(self) -> String {
        let refresher = match self.refresher {
            Refresher::Caller => "uac",
            Refresher::Us => "uas",
        };
        format!("{};refresher={refresher}", self.seconds)
    }
}

/// What we answer to a request with this `Session-Expires` and `Supported`. `None` where the peer knows no timers.
///
/// # Errors
/// [`TooShort`].
pub fn agree(session_expires: Option<&str>, supported: bool) -> Result<Option<Interval>, TooShort> {
    let Some(value) = session_expires else {
        return Ok(supported.then_some(Interval { seconds: USUAL, refresher: Refresher::Caller }));
    };
    let mut parts = value.split(';').map(str::trim);
    let Some(seconds) = parts.next().and_then(|seconds| seconds.parse::<u32>().ok()) else { return Ok(None) };
    if seconds < LEAST {
        return Err(TooShort);
    }
    let asked = parts.find_map(|part| part.strip_prefix("refresher=")).map(str::trim);
    // A peer that does not say it knows timers cannot refresh: a proxy asked for them (RFC 4028 §9, table 2).
    let refresher = match asked {
        _ if !supported => Refresher::Us,
        Some(asked) if asked.eq_ignore_ascii_case("uas") => Refresher::Us,
        Some(_) | None => Refresher::Caller,
    };
    Ok(Some(Interval { seconds, refresher }))
}

/// What is to be done when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a refresh.
    Refresh,
    /// The session is over.
    Expired,
}

/// The running timer of a session.
#[derive(Debug, Clone, Copy)]
pub struct Timer {
    interval: Interval,
    since: Instant,
    refreshing: bool,
}

impl Timer {
    /// Begins, and begins anew with every refresh.
    #[must_use]
    pub const fn start(interval: Interval, now: Instant) -> Self {
        Self { interval, since: now, refreshing: false }
    }

    /// What was agreed.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// When something is due.
    #[must_use]
    pub fn next(&self) -> Instant {
        let whole = Duration::from_secs(u64::from(self.interval.seconds));
        match self.interval.refresher {
            Refresher::Us if !self.refreshing => self.since + whole / 2,
            // A third of the interval or 32 s before the end, whichever comes later (RFC 4028 §10).
            Refresher::Us | Refresher::Caller => self.since + (whole - (whole / 3).min(Duration::from_secs(32))),
        }
    }

    /// What is due now.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if now < self.next() {
            return None;
        }
        if self.interval.refresher == Refresher::Us && !self.refreshing {
            self.refreshing = true;
            return Some(Due::Refresh);
        }
        Some(Due::Expired)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use super::*;

    #[test]
    fn the_interval_is_the_caller_s_within_bounds() {
        let caller = |seconds| Ok(Some(Interval { seconds, refresher: Refresher::Caller }));
        let us = |seconds| Ok(Some(Interval { seconds, refresher: Refresher::Us }));
        assert_eq!(agree(Some("1800"), true), caller(1_800));
        assert_eq!(agree(Some("90 ; refresher=uac"), true), caller(90));
        assert_eq!(agree(Some("600;refresher=uas"), true), us(600));
        assert_eq!(agree(Some("600;refresher=uac"), false), us(600), "asked for by a proxy");
        assert_eq!(agree(Some("89"), true), Err(TooShort));
        assert_eq!(agree(Some("soon"), true), Ok(None));
        assert_eq!(agree(None, true), caller(USUAL));
        assert_eq!(agree(None, false), Ok(None));
        assert_eq!(Interval { seconds: 600, refresher: Refresher::Us }.header(), "600;refresher=uas");
    }

    #[test]
    fn a_caller_that_does_not_refresh_is_gone() {
        let start = Instant::now();
        let mut timer = Timer::start(Interval { seconds: 90, refresher: Refresher::Caller }, start);
        assert_eq!(timer.due(start + Duration::from_secs(59)), None);
        assert_eq!(timer.due(start + Duration::from_secs(60)), Some(Due::Expired));
    }

    #[test]
    fn we_refresh_in_the_middle_and_give_up_at_the_end() {
        let start = Instant::now();
        let mut timer = Timer::start(Interval { seconds: 90, refresher: Refresher::Us }, start);
        assert_eq!(timer.due(start + Duration::from_secs(45)), Some(Due::Refresh));
        assert_eq!(timer.due(start + Duration::from_secs(50)), None);
        assert_eq!(timer.due(start + Duration::from_secs(60)), Some(Due::Expired));
    }
}
