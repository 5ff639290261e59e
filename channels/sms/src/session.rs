//! One connection's conversation, whichever end we are: binding, windows both ways, enquiries, time-outs, leaving.
//!
//! Sans IO. Four kinds of method: `handle_…` take what happened, with the time; [`Session::poll_event`] gives what it
//! means; [`Session::output`] is what has to be written; [`Session::timeout`] is when to call [`Session::handle_timeout`].
//! Opens no socket, reads no clock, knows no configuration and no numbers: who may bind is the shell's to say, and what a
//! text means is others'.
//!
//! # What is bounded
//! Messages of ours that the peer has not answered: the window out. Messages of the peer's that we have not answered: the
//! window in; where it is full [`Session::wants_input`] says no, and one that stays unanswered for too long is answered
//! `ESME_RTHROTTLED` (the text may be recorded all the same: the carrier's retransmission then finds its reply). Octets to
//! be written: [`MOST_OUTPUT`], beyond which nothing is read either.
//!
//! # Time-outs of a peer that does not read
//! While octets wait to be written no response can be late: its time begins again when they are gone. What counts then is
//! only that something moves within [`Limits::stalled`].
//!
//! # Time-outs of a peer that is silent
//! A response is late only of a peer that has answered something that went out after the request: it has read the request,
//! then. That it sends something proves nothing, for a network may carry one way alone. Until there is such an answer the
//! peer is asked whether it is there: its answer makes the response late, and none ends the connection. Otherwise the one
//! copy that may go out again would go into the same dark.

pub mod admission;
mod event;
pub mod pace;
pub mod reconnect;

mod table;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

pub use self::event::{Event, Outcome, Over, Ticket};
use self::table::Table;
use crate::wire::command::{End, Stage, may_issue};
use crate::wire::status::Treatment;
use crate::wire::{BadLength, Bind, BindKind, Body, Carrier, Command, Fault, Header, Pdu, ShortMessage, Status};

/// Octets that wait to be written, beyond which nothing more is read.
pub const MOST_OUTPUT: usize = 1 << 20;

/// So many requests are refused before a bind; then the connection is closed.
const MOST_REFUSED: u32 = 16;

/// Versions before this one have no optional parameters (§5.2.4).
const WITH_TLVS: u8 = 0x34;

/// The bounds of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages of ours that the peer has not answered.
    pub window_out: usize,
    /// Messages of the peer's that we have not answered.
    pub window_in: usize,
    /// From the connection's begin to its bind.
    pub bind: Duration,
    /// From a request of ours to its response.
    pub response: Duration,
    /// From a message of the peer's to the answer that it is throttled, where it has no other by then.
    pub answer: Duration,
    /// Nothing heard for so long: we enquire.
    pub enquire: Duration,
    /// Nothing written for so long although something waits: the peer is dead.
    pub stalled: Duration,
    /// For leaving in order.
    pub leave: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window_out: 100,
            window_in: 1_000,
            bind: Duration::from_secs(10),
            response: Duration::from_secs(75),
            answer: Duration::from_secs(8),
            enquire: Duration::from_secs(30),
            stalled: Duration::from_secs(180),
            leave: Duration::from_secs(10),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Our end is the SMSC's: a bind has to come.
    ExpectBind,
    /// A bind came, and the shell has not said anything yet.
    ExpectAdmission { kind: BindKind, sequence: u32 },
    /// Our end is the ESME's: the answer to our bind has to come.
    ExpectBound { kind: BindKind, sequence: u32 },
    /// Bound.
    Bound(BindKind),
    /// Leaving: what is under way may end, then we unbind.
    Leaving { kind: BindKind, until: Instant },
    /// We unbound: the answer has to come.
    ExpectUnbound { kind: BindKind, sequence: u32, until: Instant },
    /// Over.
    Over,
}

/// A message of the peer's that is not answered.
#[derive(Debug)]
struct Asked {
    sequence: u32,
    carrier: Carrier,
}

/// One connection's conversation.
#[derive(Debug)]
pub struct Session {
    end: End,
    limits: Limits,
    state: State,
    began: Instant,
    heard: Instant,
    /// When the latest request went out that the peer has answered: it has read what went out before.
    read_by_peer: Instant,
    /// When something was last written, or nothing waited for it.
    moved: Instant,
    /// The last writing left something over.
    blocked: bool,
    /// When writing was last held up no more.
    freed: Instant,
    enquired: Option<(u32, Instant)>,
    sequence: u32,
    tickets: u64,
    refused: u32,
    own_version: u8,
    has_tlvs: bool,
    asked: HashMap<u64, Asked>,
    asked_order: VecDeque<(u64, Instant)>,
    sent: Table,
    output: Vec<u8>,
    events: VecDeque<Event>,
}

impl Session {
    /// A conversation that the peer begins: by a bind, or as an SMSC by an outbind.
    #[must_use]
    pub fn accepting(limits: Limits, now: Instant) -> Self {
        Self {
            end: End::Smsc,
            limits,
            state: State::ExpectBind,
            began: now,
            heard: now,
            read_by_peer: now,
            moved: now,
            blocked: false,
            freed: now,
            enquired: None,
            sequence: 0,
            tickets: 0,
            refused: 0,
            own_version: WITH_TLVS,
            has_tlvs: false,
            asked: HashMap::new(),
            asked_order: VecDeque::new(),
            sent: Table::default(),
            output: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// A conversation that we begin as an ESME.
    #[must_use]
    pub fn binding(limits: Limits, kind: BindKind, bind: Bind, now: Instant) -> Self {
        let mut session = Self::accepting(limits, now);
        session.bind(kind, bind, now);
        session
    }

    /// Other limits from now on: the peer turned out to be somebody's.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Asks to be bound, where nobody has yet; also the answer to [`Event::OutbindAsked`].
    pub fn bind(&mut self, kind: BindKind, bind: Bind, now: Instant) {
        if self.state != State::ExpectBind {
            return;
        }
        self.end = End::Esme;
        self.began = now;
        self.own_version = bind.version;
        let sequence = self.next_sequence();
        self.state = State::ExpectBound { kind, sequence };
        self.request(Command::Bind(kind), sequence, Body::Bind(bind));
    }

    /// Calls an ESME that is to bind to us (§4.1.7).
    pub fn call(&mut self, system_id: String, password: crate::wire::pdu::Secret) {
        let sequence = self.next_sequence();
        self.request(Command::Outbind, sequence, Body::Outbind { system_id, password });
    }

    /// Lets the one in who asked to bind.
    pub fn admit(&mut self, system_id: &str, version: u8) {
        let State::ExpectAdmission { kind, sequence } = self.state else { return };
        self.has_tlvs = version >= WITH_TLVS;
        let version = self.has_tlvs.then_some(WITH_TLVS);
        let body = Body::Bound { system_id: system_id.to_owned(), version };
        self.respond(Command::Bind(kind), Status::OK, sequence, body);
        self.state = State::Bound(kind);
        self.events.push_back(Event::Bound { kind, peer: String::new() });
    }

    /// Turns the one away who asked to bind.
    pub fn reject(&mut self, status: Status) {
        let State::ExpectAdmission { kind, sequence } = self.state else { return };
        self.respond(Command::Bind(kind), status, sequence, Body::None);
        self.end_with(Over::Refused(status));
    }

    /// What has to be written. [`Session::written`] takes it away.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// So many octets of the output were written.
    pub fn written(&mut self, octets: usize, now: Instant) {
        self.output.drain(..octets.min(self.output.len()));
        if octets > 0 || self.output.is_empty() {
            self.moved = now;
        }
        if self.blocked && self.output.is_empty() {
            self.freed = now;
        }
        self.blocked = !self.output.is_empty();
    }

    /// Whether more should be read: nothing is left over, neither to be answered nor to be written.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        match self.state {
            State::Over | State::ExpectAdmission { .. } => false,
            State::ExpectBind | State::ExpectBound { .. } | State::Leaving { .. } | State::ExpectUnbound { .. } => true,
            State::Bound(_) => self.asked.len() < self.limits.window_in && self.output.len() < MOST_OUTPUT,
        }
    }

    /// How many messages may be sent now.
    #[must_use]
    pub fn room(&self) -> usize {
        match self.state {
            State::Bound(kind) if self.sends(kind) && self.output.len() < MOST_OUTPUT => {
                self.limits.window_out.saturating_sub(self.sent.waiting())
            }
            State::Bound(_)
            | State::ExpectBind
            | State::ExpectAdmission { .. }
            | State::ExpectBound { .. }
            | State::Leaving { .. }
            | State::ExpectUnbound { .. }
            | State::Over => 0,
        }
    }

    /// Messages of ours that wait for their answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.sent.waiting()
    }

    /// Messages of the peer's that wait for ours.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// Whether the peer reads optional parameters.
    #[must_use]
    pub const fn has_tlvs(&self) -> bool {
        self.has_tlvs
    }

    /// Whether the conversation is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// In which PDU messages go out by themselves: `submit_sm` from an ESME, `deliver_sm` from an SMSC.
    #[must_use]
    pub const fn own_carrier(&self) -> Carrier {
        match self.end {
            End::Esme => Carrier::Submit,
            End::Smsc => Carrier::Deliver,
        }
    }

    /// Sends a message. `room` said that it may be.
    pub fn send(&mut self, key: u64, carrier: Carrier, message: ShortMessage, now: Instant) {
        let sequence = self.next_sequence();
        self.sent.insert(sequence, key, now);
        self.request(Command::Message(carrier), sequence, Body::Message(Box::new(message)));
    }

    /// Answers a message of the peer's; `false` where it is too late.
    pub fn answer(&mut self, ticket: Ticket, status: Status, id: &str) -> bool {
        let Some(Asked { sequence, carrier }) = self.asked.remove(&ticket.number) else { return false };
        while let Some((number, _)) = self.asked_order.front()
            && !self.asked.contains_key(number)
        {
            self.asked_order.pop_front();
        }
        // The id in the answer to a `deliver_sm` has to be empty (§4.6.2).
        let id = if carrier == Carrier::Deliver { "" } else { id };
        let body = if status.is_error() && carrier != Carrier::Deliver {
            Body::None
        } else {
            Body::Accepted { id: id.to_owned() }
        };
        self.respond(Command::Message(carrier), status, sequence, body);
        true
    }

    /// Takes our leave once what is under way is over.
    pub fn leave(&mut self, now: Instant) {
        match self.state {
            State::Bound(kind) => {
                self.state = State::Leaving { kind, until: now + self.limits.leave };
                self.go_on_leaving(now);
            }
            State::ExpectBind | State::ExpectAdmission { .. } | State::ExpectBound { .. } => {
                self.end_with(Over::WeLeft);
            }
            State::Leaving { .. } | State::ExpectUnbound { .. } | State::Over => {}
        }
    }

    /// The connection is gone.
    pub fn handle_broken(&mut self) {
        self.end_with(Over::Broken);
    }

    /// The peer's next frame cannot be found: the connection is over (§4.3).
    pub fn handle_bad_length(&mut self, _: BadLength) {
        self.respond(Command::GenericNack, Status::INVALID_COMMAND_LENGTH, 0, Body::None);
        self.deviation("a length that no PDU has", Status::INVALID_COMMAND_LENGTH);
        self.end_with(Over::NotSmpp);
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    const fn sends(&self, kind: BindKind) -> bool {
        match self.end {
            End::Esme => kind.transmits(),
            End::Smsc => kind.receives(),
        }
    }

    fn stage(&self) -> Stage {
        match self.state {
            State::ExpectBind | State::ExpectAdmission { .. } | State::ExpectBound { .. } | State::Over => Stage::Open,
            State::Bound(kind) | State::Leaving { kind, .. } | State::ExpectUnbound { kind, .. } => Stage::Bound(kind),
        }
    }

    const fn next_sequence(&mut self) -> u32 {
        self.sequence = if self.sequence >= 0x7fff_ffff { 1 } else { self.sequence + 1 };
        self.sequence
    }

    fn request(&mut self, command: Command, sequence: u32, body: Body) {
        Pdu::request(command, sequence, body).write(&mut self.output);
    }

    fn respond(&mut self, command: Command, status: Status, sequence: u32, body: Body) {
        Pdu::response(command, status, sequence, body).write(&mut self.output);
    }

    fn deviation(&mut self, what: &'static str, status: Status) {
        self.events.push_back(Event::Deviation { what, status });
    }

    fn end_with(&mut self, over: Over) {
        if self.state == State::Over {
            return;
        }
        self.state = State::Over;
        self.asked.clear();
        self.asked_order.clear();
        for key in self.sent.drain() {
            self.events.push_back(Event::Settled { key, outcome: Outcome::Unanswered });
        }
        self.events.push_back(Event::Over(over));
    }
}

mod frames;
mod time;

#[cfg(test)]
mod tests;
