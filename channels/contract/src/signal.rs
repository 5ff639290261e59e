//! What the gateway says of itself: every metric by name, every noteworthy event as a type.
//!
//! One [`Signal::emit`] writes the line and moves the metric, so the two cannot disagree. No label is ever taken from
//! outside: they come from closed enums.
#![expect(clippy::disallowed_macros, reason = "the one place where metrics are touched")]

mod calls;
mod guard;
mod links;
mod terminals;

use std::time::Duration;

use crate::inquiry::Channel;
use crate::refusal::Refusal;
use crate::verdict::{Colour, VerdictKind};

pub use self::calls::{CallCause, CallEnded, CallGauges, CallsActive};
pub use self::guard::{AlarmRaised, AlarmsOn, AskerLimited, GuesserFound};
pub use self::links::{LinkLabel, LinkSeen, TextProbed};
pub use self::terminals::TerminalsSeen;

/// Every metric there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Inquiries received, by channel.
    InquiriesTotal,
    /// Verdicts given, by channel, verdict and colour.
    VerdictsTotal,
    /// Refusals, by channel and kind.
    RefusalsTotal,
    /// Answers repeated for the same message, by channel.
    ReplaysTotal,
    /// From an inquiry's arrival to its answer, by channel.
    InquirySeconds,
    /// Events per commit of the ledger.
    LedgerGroupEvents,
    /// Time of one commit.
    LedgerCommitSeconds,
    /// Commits that failed.
    LedgerCommitFailuresTotal,
    /// Units in the hot map.
    HistoryHotUnits,
    /// Events by which the histories on disk lag behind the log.
    HistoryLagEvents,
    /// Replies owed.
    OwedReplies,
    /// Connections open, by listener.
    ConnectionsOpen,
    /// Connections refused by a limit.
    ConnectionsRefusedTotal,
    /// Connections bound, by link.
    LinkConnections,
    /// Segments of replies that wait, by link.
    LinkWaiting,
    /// What happened on a link, by link and event.
    LinkEventsTotal,
    /// From a text of our own to its reply, through everything but a carrier.
    SmsProbeSeconds,
    /// Texts of our own that got no reply in time.
    SmsProbeFailuresTotal,
    /// Terminals in malls that are connected.
    TerminalsConnected,
    /// Terminals of which nothing was heard for too long.
    TerminalsSilent,
    /// What happened at terminals, by event.
    TerminalEventsTotal,
    /// Telephone calls in progress.
    CallsActive,
    /// Telephone calls that ended, by cause and by how keys came.
    CallsTotal,
    /// Time of one call.
    CallSeconds,
    /// Packets of sound sent.
    CallPacketsTotal,
    /// Packets of sound sent more than 10 ms late.
    CallPacketsLateTotal,
    /// SIP messages dropped unread, by reason.
    SipDroppedTotal,
    /// Askers told to wait, by cause.
    LimitedTotal,
    /// Askers found guessing, by rule.
    GuessersTotal,
    /// Alarms about unknown numbers, by what they are about.
    AlarmsTotal,
    /// Products with an alarm.
    AlarmsOn,
}

impl Metric {
    /// Every metric, for the exporter's descriptions.
    pub const ALL: [Self; 31] = [
        Self::InquiriesTotal,
        Self::VerdictsTotal,
        Self::RefusalsTotal,
        Self::ReplaysTotal,
        Self::InquirySeconds,
        Self::LedgerGroupEvents,
        Self::LedgerCommitSeconds,
        Self::LedgerCommitFailuresTotal,
        Self::HistoryHotUnits,
        Self::HistoryLagEvents,
        Self::OwedReplies,
        Self::ConnectionsOpen,
        Self::ConnectionsRefusedTotal,
        Self::LinkConnections,
        Self::LinkWaiting,
        Self::LinkEventsTotal,
        Self::SmsProbeSeconds,
        Self::SmsProbeFailuresTotal,
        Self::TerminalsConnected,
        Self::TerminalsSilent,
        Self::TerminalEventsTotal,
        Self::CallsActive,
        Self::CallsTotal,
        Self::CallSeconds,
        Self::CallPacketsTotal,
        Self::CallPacketsLateTotal,
        Self::SipDroppedTotal,
        Self::LimitedTotal,
        Self::GuessersTotal,
        Self::AlarmsTotal,
        Self::AlarmsOn,
    ];

    /// Its Prometheus name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InquiriesTotal => "verigate_inquiries_total",
            Self::VerdictsTotal => "verigate_verdicts_total",
            Self::RefusalsTotal => "verigate_refusals_total",
            Self::ReplaysTotal => "verigate_replays_total",
            Self::InquirySeconds => "verigate_inquiry_seconds",
            Self::LedgerGroupEvents => "verigate_ledger_group_events",
            Self::LedgerCommitSeconds => "verigate_ledger_commit_seconds",
            Self::LedgerCommitFailuresTotal => "verigate_ledger_commit_failures_total",
            Self::HistoryHotUnits => "verigate_history_hot_units",
            Self::HistoryLagEvents => "verigate_history_lag_events",
            Self::OwedReplies => "verigate_owed_replies",
            Self::ConnectionsOpen => "verigate_connections_open",
            Self::ConnectionsRefusedTotal => "verigate_connections_refused_total",
            Self::LinkConnections => "verigate_link_connections",
            Self::LinkWaiting => "verigate_link_waiting",
            Self::LinkEventsTotal => "verigate_link_events_total",
            Self::SmsProbeSeconds => "verigate_sms_probe_seconds",
            Self::SmsProbeFailuresTotal => "verigate_sms_probe_failures_total",
            Self::TerminalsConnected => "verigate_terminals_connected",
            Self::TerminalsSilent => "verigate_terminals_silent",
            Self::TerminalEventsTotal => "verigate_terminal_events_total",
            Self::CallsActive => "verigate_calls_active",
            Self::CallsTotal => "verigate_calls_total",
            Self::CallSeconds => "verigate_call_seconds",
            Self::CallPacketsTotal => "verigate_call_packets_total",
            Self::CallPacketsLateTotal => "verigate_call_packets_late_total",
            Self::SipDroppedTotal => "verigate_sip_dropped_total",
            Self::LimitedTotal => "verigate_limited_total",
            Self::GuessersTotal => "verigate_guessers_total",
            Self::AlarmsTotal => "verigate_alarms_total",
            Self::AlarmsOn => "verigate_alarms_on",
        }
    }

    /// Its help text.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::InquiriesTotal => "Inquiries received.",
            Self::VerdictsTotal => "Verdicts given.",
            Self::RefusalsTotal => "Inquiries refused without an answer.",
            Self::ReplaysTotal => "Answers repeated for a message that was answered before.",
            Self::InquirySeconds => "Seconds from an inquiry's arrival to its answer.",
            Self::LedgerGroupEvents => "Events written by one commit of the ledger.",
            Self::LedgerCommitSeconds => "Seconds of one commit of the ledger.",
            Self::LedgerCommitFailuresTotal => "Commits of the ledger that failed.",
            Self::HistoryHotUnits => "Units whose history is held in memory.",
            Self::HistoryLagEvents => "Events by which the histories on disk lag behind the log.",
            Self::OwedReplies => "Replies recorded and not yet delivered.",
            Self::ConnectionsOpen => "Connections open.",
            Self::ConnectionsRefusedTotal => "Connections refused by a limit.",
            Self::LinkConnections => "Connections bound to or by a carrier.",
            Self::LinkWaiting => "Segments of replies that wait for a carrier.",
            Self::LinkEventsTotal => "Messages and deviations on a carrier's link.",
            Self::SmsProbeSeconds => {
                "Seconds from a text of the gateway's own to its reply, through all but a carrier."
            }
            Self::SmsProbeFailuresTotal => "Texts of the gateway's own that got no reply in time.",
            Self::TerminalsConnected => "Terminals in malls that are connected.",
            Self::TerminalsSilent => "Terminals in malls of which nothing was heard for too long.",
            Self::TerminalEventsTotal => "Scans and deviations at terminals in malls.",
            Self::CallsActive => "Telephone calls in progress.",
            Self::CallsTotal => "Telephone calls that ended.",
            Self::CallSeconds => "Seconds of one telephone call.",
            Self::CallPacketsTotal => "Packets of sound sent to callers.",
            Self::CallPacketsLateTotal => "Packets of sound sent more than 10 ms late.",
            Self::SipDroppedTotal => "SIP messages dropped unread.",
            Self::LimitedTotal => "Inquiries answered with a wait, by quota or because of guessing.",
            Self::GuessersTotal => "Askers found guessing.",
            Self::AlarmsTotal => "Alarms about unknown numbers of a product, a network or a terminal.",
            Self::AlarmsOn => "Products of which more unknown numbers come than are usual.",
        }
    }
}

/// Something worth a line and a number.
pub trait Signal {
    /// Writes the line and moves the metric.
    fn emit(&self);
}

/// An inquiry came in.
#[derive(Debug, Clone, Copy)]
pub struct InquiryReceived {
    /// By which medium.
    pub channel: Channel,
}

impl Signal for InquiryReceived {
    fn emit(&self) {
        metrics::counter!(Metric::InquiriesTotal.name(), "channel" => self.channel.name()).increment(1);
    }
}

/// One number was answered.
#[derive(Debug, Clone, Copy)]
pub struct VerdictGiven {
    /// By which medium.
    pub channel: Channel,
    /// Which verdict.
    pub verdict: VerdictKind,
    /// In which colour.
    pub colour: Colour,
}

impl Signal for VerdictGiven {
    fn emit(&self) {
        tracing::debug!(
            channel = self.channel.name(),
            verdict = self.verdict.name(),
            colour = self.colour.name(),
            "verdict given"
        );
        metrics::counter!(
            Metric::VerdictsTotal.name(),
            "channel" => self.channel.name(), "verdict" => self.verdict.name(), "colour" => self.colour.name()
        )
        .increment(1);
    }
}

/// An inquiry was answered, all of its numbers.
#[derive(Debug, Clone, Copy)]
pub struct InquiryAnswered {
    /// By which medium.
    pub channel: Channel,
    /// From its arrival.
    pub took: Duration,
    /// It was answered before.
    pub replayed: bool,
}

impl Signal for InquiryAnswered {
    fn emit(&self) {
        metrics::histogram!(Metric::InquirySeconds.name(), "channel" => self.channel.name()).record(self.took);
        if self.replayed {
            metrics::counter!(Metric::ReplaysTotal.name(), "channel" => self.channel.name()).increment(1);
        }
    }
}

/// An inquiry was refused.
#[derive(Debug, Clone)]
pub struct RefusalSent<'a> {
    /// By which medium.
    pub channel: Channel,
    /// Why.
    pub refusal: &'a Refusal,
}

impl Signal for RefusalSent<'_> {
    fn emit(&self) {
        let kind = match self.refusal {
            Refusal::Overloaded => "overloaded",
            Refusal::Unavailable(_) => "unavailable",
            Refusal::Unauthorised(_) => "unauthorised",
            Refusal::BadRequest(_) => "bad_request",
            Refusal::Conflict => "conflict",
            Refusal::Internal => "internal",
        };
        tracing::debug!(channel = self.channel.name(), kind, "refusal sent");
        metrics::counter!(Metric::RefusalsTotal.name(), "channel" => self.channel.name(), "kind" => kind).increment(1);
    }
}

/// The ledger committed a group.
#[derive(Debug, Clone, Copy)]
pub struct GroupCommitted {
    /// Events in it.
    pub events: usize,
    /// Time of the commit.
    pub took: Duration,
}

impl Signal for GroupCommitted {
    fn emit(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a count of events, far below 2^52")]
        let events = self.events as f64;
        metrics::histogram!(Metric::LedgerGroupEvents.name()).record(events);
        metrics::histogram!(Metric::LedgerCommitSeconds.name()).record(self.took);
    }
}

/// The ledger could not commit a group; its inquiries are refused.
#[derive(Debug, Clone)]
pub struct CommitFailedError {
    /// The whole chain of causes.
    pub cause: String,
}

impl Signal for CommitFailedError {
    fn emit(&self) {
        tracing::error!(cause = %self.cause, "ledger commit failed");
        metrics::counter!(Metric::LedgerCommitFailuresTotal.name()).increment(1);
    }
}

/// How much the ledger holds in memory.
#[derive(Debug, Clone, Copy)]
pub struct LedgerGauges {
    /// Units in the hot map.
    pub hot_units: u32,
    /// Events by which the histories on disk lag.
    pub lag_events: u32,
    /// Replies owed.
    pub owed: u32,
}

impl Signal for LedgerGauges {
    fn emit(&self) {
        metrics::gauge!(Metric::HistoryHotUnits.name()).set(self.hot_units);
        metrics::gauge!(Metric::HistoryLagEvents.name()).set(self.lag_events);
        metrics::gauge!(Metric::OwedReplies.name()).set(self.owed);
    }
}

/// A connection was opened or closed on a listener.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionsChanged {
    /// The listener's name, from our own code.
    pub listener: &'static str,
    /// Open now.
    pub open: u32,
}

impl Signal for ConnectionsChanged {
    fn emit(&self) {
        metrics::gauge!(Metric::ConnectionsOpen.name(), "listener" => self.listener).set(self.open);
    }
}

/// A connection was refused by a limit.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionRefused {
    /// The listener's name, from our own code.
    pub listener: &'static str,
}

impl Signal for ConnectionRefused {
    fn emit(&self) {
        tracing::debug!(listener = self.listener, "connection refused by a limit");
        metrics::counter!(Metric::ConnectionsRefusedTotal.name(), "listener" => self.listener).increment(1);
    }
}
