//! The commands of SMPP and who may issue which of them when.
//!
//! Owns command ids and the matrix of operations. Does not know what a command holds.

/// A command id without its response bit (§5.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// `generic_nack`, which exists as a response only.
    GenericNack,
    /// One of the three binds.
    Bind(BindKind),
    /// `unbind`.
    Unbind,
    /// `outbind`, which has no response.
    Outbind,
    /// `enquire_link`.
    EnquireLink,
    /// A short message.
    Message(Carrier),
    /// `alert_notification`, which has no response.
    AlertNotification,
    /// Anything else: queries, cancellations, broadcasts, and what no specification knows.
    Other(u32),
}

/// What a bind allows its ESME to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BindKind {
    /// Send messages.
    Transmitter,
    /// Be sent messages.
    Receiver,
    /// Both (3.4 and later).
    Transceiver,
}

/// The three PDUs that carry a short message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// `submit_sm`: from an ESME.
    Submit,
    /// `deliver_sm`: to an ESME.
    Deliver,
    /// `data_sm`: either way.
    Data,
}

/// Set in the id of a response.
pub const RESPONSE: u32 = 0x8000_0000;

/// Commands of whose responses the header has the id with [`RESPONSE`] that we answer as unsupported (§5.1.2.1).
const REFUSED: [u32; 7] = [0x0000_0003, 0x0000_0007, 0x0000_0008, 0x0000_0021, 0x0000_0111, 0x0000_0112, 0x0000_0113];

impl Command {
    /// From an id, whose response bit is left out of account.
    #[must_use]
    pub const fn of(id: u32) -> Self {
        match id & !RESPONSE {
            0x0000_0000 => Self::GenericNack,
            0x0000_0001 => Self::Bind(BindKind::Receiver),
            0x0000_0002 => Self::Bind(BindKind::Transmitter),
            0x0000_0004 => Self::Message(Carrier::Submit),
            0x0000_0005 => Self::Message(Carrier::Deliver),
            0x0000_0006 => Self::Unbind,
            0x0000_0009 => Self::Bind(BindKind::Transceiver),
            0x0000_000b => Self::Outbind,
            0x0000_0015 => Self::EnquireLink,
            0x0000_0102 => Self::AlertNotification,
            0x0000_0103 => Self::Message(Carrier::Data),
            other => Self::Other(other),
        }
    }

    /// Its id, as a request.
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            Self::GenericNack => 0,
            Self::Bind(BindKind::Receiver) => 0x0000_0001,
            Self::Bind(BindKind::Transmitter) => 0x0000_0002,
            Self::Message(Carrier::Submit) => 0x0000_0004,
            Self::Message(Carrier::Deliver) => 0x0000_0005,
            Self::Unbind => 0x0000_0006,
            Self::Bind(BindKind::Transceiver) => 0x0000_0009,
            Self::Outbind => 0x0000_000b,
            Self::EnquireLink => 0x0000_0015,
            Self::AlertNotification => 0x0000_0102,
            Self::Message(Carrier::Data) => 0x0000_0103,
            Self::Other(id) => id,
        }
    }

    /// Whether an unsupported request of this id has a response of its own; else it gets a `generic_nack`.
    #[must_use]
    pub fn has_own_response(self) -> bool {
        match self {
            Self::Bind(_) | Self::Unbind | Self::EnquireLink | Self::Message(_) => true,
            Self::Other(id) => REFUSED.contains(&id),
            Self::GenericNack | Self::Outbind | Self::AlertNotification => false,
        }
    }
}

impl BindKind {
    /// Whether messages may be sent to an ESME that is bound so.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::Receiver | Self::Transceiver)
    }

    /// Whether an ESME that is bound so may send messages.
    #[must_use]
    pub const fn transmits(self) -> bool {
        matches!(self, Self::Transmitter | Self::Transceiver)
    }

    /// As in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transmitter => "transmitter",
            Self::Receiver => "receiver",
            Self::Transceiver => "transceiver",
        }
    }
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Who binds.
    Esme,
    /// Who is bound to: a carrier's centre, or we as its stand-in.
    Smsc,
}

/// How far a connection has come (§2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nobody is bound.
    Open,
    /// The ESME is bound.
    Bound(BindKind),
}

/// Whether `end` may issue this request at this stage: the table of §2.3.
///
/// One line is wider than there: an ESME may also issue `deliver_sm` where it may issue `submit_sm`. Aggregators that dial
/// in forward texts so, and what they mean is plain.
#[must_use]
pub const fn may_issue(end: End, stage: Stage, command: Command) -> bool {
    match (command, stage) {
        // §4.1: bind operations, once, by the ESME.
        (Command::Bind(_), Stage::Open) => matches!(end, End::Esme),
        (Command::Bind(_), Stage::Bound(_)) => false,
        // §4.1.7: before a bind, by the SMSC.
        (Command::Outbind, Stage::Open) => matches!(end, End::Smsc),
        (Command::Outbind, Stage::Bound(_)) => false,
        // §4.2, and §4.11: at any time when bound; an enquiry also before, by either.
        (Command::Unbind, Stage::Bound(_)) => true,
        (Command::Unbind, Stage::Open) => false,
        (Command::EnquireLink, Stage::Open | Stage::Bound(_)) => true,
        // §4.4, §4.6, §4.7.
        (Command::Message(carrier), Stage::Bound(kind)) => match (end, carrier) {
            (End::Esme, Carrier::Submit | Carrier::Data | Carrier::Deliver) => kind.transmits(),
            (End::Smsc, Carrier::Deliver | Carrier::Data) => kind.receives(),
            (End::Smsc, Carrier::Submit) => false,
        },
        // §4.12.
        (Command::AlertNotification, Stage::Bound(kind)) => matches!(end, End::Smsc) && kind.receives(),
        (Command::Message(_) | Command::AlertNotification, Stage::Open) => false,
        (Command::GenericNack | Command::Other(_), Stage::Open | Stage::Bound(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_from_its_command() {
        for id in (0..0x200).chain([0x7fff_ffff, 0x0001_0200]) {
            assert_eq!(Command::of(id).id(), id);
            assert_eq!(Command::of(id | RESPONSE), Command::of(id));
        }
    }

    #[test]
    fn nothing_but_a_bind_opens_a_connection() {
        for command in [Carrier::Submit, Carrier::Deliver, Carrier::Data].map(Command::Message) {
            for end in [End::Esme, End::Smsc] {
                assert!(!may_issue(end, Stage::Open, command));
            }
        }
        assert!(may_issue(End::Esme, Stage::Open, Command::Bind(BindKind::Receiver)));
        assert!(!may_issue(End::Smsc, Stage::Open, Command::Bind(BindKind::Receiver)));
        assert!(!may_issue(End::Esme, Stage::Bound(BindKind::Receiver), Command::Bind(BindKind::Transmitter)));
    }

    #[test]
    fn a_bind_allows_what_it_names() {
        let may = |end, kind, carrier| may_issue(end, Stage::Bound(kind), Command::Message(carrier));
        assert!(!may(End::Esme, BindKind::Receiver, Carrier::Submit));
        assert!(may(End::Esme, BindKind::Transmitter, Carrier::Submit));
        assert!(may(End::Esme, BindKind::Transceiver, Carrier::Deliver));
        assert!(!may(End::Smsc, BindKind::Transmitter, Carrier::Deliver));
        assert!(may(End::Smsc, BindKind::Receiver, Carrier::Data));
        assert!(!may(End::Smsc, BindKind::Transceiver, Carrier::Submit));
    }
}
