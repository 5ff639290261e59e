//! What telephone calls say of themselves.
//!
//! Which number was keyed is in none of it.

use std::time::Duration;

use super::{Metric, Signal};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallCause {
    /// The dialogue came to its end.
    Done,
    /// The caller hung up.
    HungUp,
    /// The caller gave up before it was answered.
    Cancelled,
    /// It went to a person.
    Transferred,
    /// Nothing was heard of the caller for too long.
    Silent,
    /// The session was not refreshed.
    Expired,
    /// The answer was never acknowledged.
    Unacknowledged,
    /// There were too many calls.
    Full,
    /// No codec or no encryption in common.
    Unfit,
    /// The gateway went down.
    GoingDown,
    /// Something failed on our side.
    Failed,
}

impl CallCause {
    /// The name in metrics and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::HungUp => "hung_up",
            Self::Cancelled => "cancelled",
            Self::Transferred => "transferred",
            Self::Silent => "silent",
            Self::Expired => "expired",
            Self::Unacknowledged => "unacknowledged",
            Self::Full => "full",
            Self::Unfit => "unfit",
            Self::GoingDown => "going_down",
            Self::Failed => "failed",
        }
    }
}

/// The number of calls in progress changed.
#[derive(Debug, Clone, Copy)]
pub struct CallsActive {
    /// In progress now.
    pub calls: u32,
}

impl Signal for CallsActive {
    fn emit(&self) {
        metrics::gauge!(Metric::CallsActive.name()).set(self.calls);
    }
}

/// A call ended: its record.
#[derive(Debug, Clone, Copy)]
pub struct CallEnded<'a> {
    /// Our own number of it.
    pub id: u64,
    /// The trunk, by its configured name.
    pub trunk: &'a str,
    /// The number called.
    pub called: &'a str,
    /// The caller, masked.
    pub caller: &'a str,
    /// How it ended.
    pub cause: CallCause,
    /// How long it took.
    pub took: Duration,
    /// Whether it was answered.
    pub answered: bool,
    /// How keys came.
    pub keys_by: &'static str,
    /// How many.
    pub keys: u32,
    /// Questions put to the core.
    pub asked: u32,
    /// The codec.
    pub codec: &'static str,
    /// Whether the sound was encrypted.
    pub secure: bool,
    /// Packets that came.
    pub received: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Jitter, in milliseconds.
    pub jitter_ms: f64,
}

impl Signal for CallEnded<'_> {
    fn emit(&self) {
        tracing::info!(
            call = self.id,
            trunk = self.trunk,
            called = self.called,
            caller = self.caller,
            cause = self.cause.name(),
            took_ms = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            answered = self.answered,
            keys_by = self.keys_by,
            keys = self.keys,
            asked = self.asked,
            codec = self.codec,
            secure = self.secure,
            received = self.received,
            lost = self.lost,
            jitter_ms = self.jitter_ms,
            "call ended"
        );
        metrics::counter!(Metric::CallsTotal.name(), "cause" => self.cause.name(), "keys" => self.keys_by).increment(1);
        metrics::histogram!(Metric::CallSeconds.name()).record(self.took);
    }
}

/// How punctual the sound is, and what was not let in, since the program came up.
#[derive(Debug, Clone, Copy)]
pub struct CallGauges {
    /// Packets of sound sent.
    pub sent: u64,
    /// Those of them more than 10 ms late.
    pub late: u64,
    /// Messages dropped from addresses that may not call.
    pub strangers: u64,
    /// Messages dropped beyond an address's rate.
    pub floods: u64,
}

impl Signal for CallGauges {
    fn emit(&self) {
        metrics::counter!(Metric::CallPacketsTotal.name()).absolute(self.sent);
        metrics::counter!(Metric::CallPacketsLateTotal.name()).absolute(self.late);
        metrics::counter!(Metric::SipDroppedTotal.name(), "reason" => "stranger").absolute(self.strangers);
        metrics::counter!(Metric::SipDroppedTotal.name(), "reason" => "flood").absolute(self.floods);
    }
}
