//! What a frame does to a session.
//!
//! Every request is answered, in the manner the specification has for it; no response is.

use super::*;

impl Session {
    /// Takes one frame, as [`crate::wire::frame::split`] gives it.
    pub fn handle_frame(&mut self, frame: &Bytes, now: Instant) {
        if self.state == State::Over {
            return;
        }
        self.heard = now;
        match Pdu::read(frame) {
            Ok(Pdu { header, body }) if header.response => self.handle_response(header, body),
            Ok(Pdu { header, body }) => self.handle_request(header, body, now),
            Err(fault) => self.handle_fault(fault),
        }
        self.go_on_leaving(now);
    }

    /// A request that cannot be read is answered with what is wrong; it must not come again for days.
    fn handle_fault(&mut self, Fault { header, status, what }: Fault) {
        if !header.response {
            self.refuse(header, status, what);
        }
    }

    fn refuse(&mut self, header: Header, status: Status, what: &'static str) {
        let command = if header.command.has_own_response() { header.command } else { Command::GenericNack };
        self.respond(command, status, header.sequence, Body::None);
        self.deviation(what, status);
        if self.stage() == Stage::Open {
            self.refused += 1;
            if self.refused >= MOST_REFUSED {
                self.end_with(Over::NotSmpp);
            }
        }
    }

    fn handle_request(&mut self, header: Header, body: Body, now: Instant) {
        let peer = match self.end {
            End::Esme => End::Smsc,
            End::Smsc => End::Esme,
        };
        // An outbind comes from an SMSC, where until then a bind could have come; once we have asked to be bound it is late.
        let may = if header.command == Command::Outbind {
            self.state == State::ExpectBind
        } else {
            may_issue(peer, self.stage(), header.command)
        };
        if matches!(header.command, Command::Other(_) | Command::GenericNack) {
            return self.refuse(header, Status::INVALID_COMMAND, "a command that is not known here");
        }
        if !may {
            let rebind = matches!((header.command, self.stage()), (Command::Bind(_), Stage::Bound(_)));
            let status = if rebind { Status::ALREADY_BOUND } else { Status::INVALID_STATE };
            return self.refuse(header, status, "a command out of its state");
        }
        match (header.command, body) {
            (Command::Bind(kind), Body::Bind(bind)) => {
                self.state = State::ExpectAdmission { kind, sequence: header.sequence };
                self.events.push_back(Event::BindAsked { kind, bind });
            }
            (Command::Outbind, Body::Outbind { system_id, password }) => {
                self.events.push_back(Event::OutbindAsked { system_id, password });
            }
            (Command::EnquireLink, _) => self.respond(Command::EnquireLink, Status::OK, header.sequence, Body::None),
            (Command::Unbind, _) => {
                self.respond(Command::Unbind, Status::OK, header.sequence, Body::None);
                self.end_with(Over::PeerLeft);
            }
            (Command::Message(carrier), Body::Message(message)) => self.take(header.sequence, carrier, message, now),
            (
                Command::Bind(_)
                | Command::Outbind
                | Command::Message(_)
                | Command::AlertNotification
                | Command::GenericNack
                | Command::Other(_),
                _,
            ) => {}
        }
    }

    fn take(&mut self, sequence: u32, carrier: Carrier, message: Box<ShortMessage>, now: Instant) {
        let leaving = matches!(self.state, State::Leaving { .. } | State::ExpectUnbound { .. });
        if leaving || self.asked.len() >= self.limits.window_in {
            self.respond(Command::Message(carrier), Status::THROTTLED, sequence, Body::None);
            return self.deviation("more messages than the window has room for", Status::THROTTLED);
        }
        self.tickets += 1;
        let ticket = Ticket { number: self.tickets, carrier };
        self.asked.insert(ticket.number, Asked { sequence, carrier });
        self.asked_order.push_back((ticket.number, now));
        self.events.push_back(Event::Message { ticket, message });
    }

    fn handle_response(&mut self, header: Header, body: Body) {
        if let Some((sequence, at)) = self.enquired
            && sequence == header.sequence
        {
            // Also where it is refused: somebody is there.
            self.enquired = None;
            self.read_by_peer = self.read_by_peer.max(at);
            return;
        }
        match self.state {
            State::ExpectBound { kind, sequence } if sequence == header.sequence => {
                return self.bound(kind, header, body);
            }
            State::ExpectUnbound { sequence, .. } if sequence == header.sequence => {
                return self.end_with(Over::WeLeft);
            }
            State::ExpectBind
            | State::ExpectAdmission { .. }
            | State::ExpectBound { .. }
            | State::Bound(_)
            | State::Leaving { .. }
            | State::ExpectUnbound { .. }
            | State::Over => {}
        }
        let Some((key, at)) = self.sent.take(header.sequence) else { return };
        self.read_by_peer = self.read_by_peer.max(at);
        let outcome = match (header.status.treatment(), body) {
            (Treatment::Taken, Body::Accepted { id }) => Outcome::Taken { id },
            // A `generic_nack` without a status, or an answer that is none: it says that the PDU was not understood.
            (Treatment::Taken, _) if header.command == Command::GenericNack => {
                Outcome::Answered { status: header.status, treatment: Treatment::Refused }
            }
            (Treatment::Taken, _) => Outcome::Taken { id: String::new() },
            (treatment, _) => Outcome::Answered { status: header.status, treatment },
        };
        self.events.push_back(Event::Settled { key, outcome });
    }

    fn bound(&mut self, kind: BindKind, header: Header, body: Body) {
        if header.status.is_error() || header.command == Command::GenericNack {
            return self.end_with(Over::Refused(header.status));
        }
        let (peer, version) = match body {
            Body::Bound { system_id, version } => (system_id, version),
            Body::None | Body::Bind(_) | Body::Outbind { .. } | Body::Message(_) | Body::Accepted { .. } => {
                (String::new(), None)
            }
        };
        // Most that speak 3.4 do not say so.
        self.has_tlvs = self.own_version >= WITH_TLVS && version.is_none_or(|version| version >= WITH_TLVS);
        self.state = State::Bound(kind);
        self.events.push_back(Event::Bound { kind, peer });
    }
}
