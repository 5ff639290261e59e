//! What a session tells its shell.

#[cfg(doc)]
use super::Session;
use crate::wire::pdu::Secret;
use crate::wire::status::Treatment;
use crate::wire::{Bind, BindKind, Carrier, ShortMessage, Status};

/// What happened, for the shell.
#[derive(Debug)]
pub enum Event {
    /// Somebody wants to bind: [`Session::admit`] or [`Session::reject`] it.
    BindAsked {
        /// As what.
        kind: BindKind,
        /// Who, and with what.
        bind: Bind,
    },
    /// An SMSC called: [`Session::bind`] to it or close.
    OutbindAsked {
        /// Who calls.
        system_id: String,
        /// Its password.
        password: Secret,
    },
    /// Messages may flow.
    Bound {
        /// As what the ESME is bound.
        kind: BindKind,
        /// What the other end calls itself.
        peer: String,
    },
    /// A message that wants an [`Session::answer`].
    Message {
        /// Names it in the answer.
        ticket: Ticket,
        /// The message.
        message: Box<ShortMessage>,
    },
    /// What became of a message of ours.
    Settled {
        /// As given to [`Session::send`].
        key: u64,
        /// What.
        outcome: Outcome,
    },
    /// Something was not as it should be, and was answered so.
    Deviation {
        /// What.
        what: &'static str,
        /// What the peer was told.
        status: Status,
    },
    /// The conversation is over: write what waits, then close. Comes once, last.
    Over(Over),
}

/// Names a message of the peer's until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket {
    pub(super) number: u64,
    /// The PDU that it came in.
    pub carrier: Carrier,
}

/// What became of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The peer has it, under this id.
    Taken {
        /// As the peer wrote it; may be empty.
        id: String,
    },
    /// The peer answered that it does not take it.
    Answered {
        /// With this.
        status: Status,
        /// Which calls for this.
        treatment: Treatment,
    },
    /// No answer in time, or none before the end: the peer may have it or not.
    Unanswered,
}

/// Why a conversation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The peer took its leave.
    PeerLeft,
    /// We took ours.
    WeLeft,
    /// Nobody bound in time.
    NotBound,
    /// The bind was refused, by us or by the peer.
    Refused(Status),
    /// The peer answered no enquiry, or took no octet for too long.
    Dead,
    /// The peer's octets are no SMPP.
    NotSmpp,
    /// The connection broke.
    Broken,
}
