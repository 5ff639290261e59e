//! What must hold of a link whatever the other end sends: frames, PDUs and the session together.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::BytesMut;

use crate::session::{Event, Limits, MOST_OUTPUT, Outcome, Session};
use crate::wire::{Bind, BindKind, Body, Carrier, Command, HEADER, Pdu, ShortMessage, Status, frame};

/// A session with what came and was not read, and what it said so far.
struct Link {
    session: Session,
    received: BytesMut,
    open: VecDeque<crate::session::Ticket>,
    ends: HashMap<u64, Vec<Outcome>>,
    over: bool,
}

impl Link {
    fn work(&mut self, limits: Limits, now: Instant) {
        loop {
            while let Some(event) = self.session.poll_event() {
                assert!(!self.over, "something after the end: {event:?}");
                match event {
                    Event::Message { ticket, .. } => self.open.push_back(ticket),
                    Event::Settled { key, outcome } => {
                        let ends = self.ends.entry(key).or_default();
                        ends.push(outcome);
                        let again = ends.len() == 2 && ends.first() == Some(&Outcome::Unanswered);
                        assert!(ends.len() == 1 || again, "{key}: {ends:?}");
                    }
                    Event::Over(_) => self.over = true,
                    Event::BindAsked { .. }
                    | Event::OutbindAsked { .. }
                    | Event::Bound { .. }
                    | Event::Deviation { .. } => {}
                }
            }
            // As whoever runs it does: a session that was too busy to read may have to enquire as soon as it reads again.
            if self.session.timeout().is_some_and(|at| at <= now) {
                self.session.handle_timeout(now);
                assert!(self.session.timeout().is_none_or(|at| at > now), "something due was left undone");
                continue;
            }
            if !self.session.wants_input() {
                break;
            }
            match frame::split(&mut self.received) {
                Ok(Some(frame)) => self.session.handle_frame(&frame, now),
                Ok(None) => break,
                Err(bad) => self.session.handle_bad_length(bad),
            }
        }
        assert!(self.session.asked() <= limits.window_in && self.session.unanswered() <= limits.window_out);
        assert!(self.session.output().len() <= MOST_OUTPUT + HEADER + frame::MOST_FRAME);
    }
}

/// Plays the other end of a connection as a script says (a kind, a length, so many octets, again and again), and checks
/// what must hold after each step.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_link(data: &[u8], start: Instant) {
    let Some((role, mut script)) = data.split_first() else { return };
    let limits = Limits { window_out: 3, window_in: 3, ..Limits::default() };
    let bind = Bind { system_id: "a".to_owned(), version: 0x34, ..Bind::default() };
    let session = if role & 1 == 0 {
        Session::accepting(limits, start)
    } else {
        Session::binding(limits, BindKind::Transceiver, bind.clone(), start)
    };
    let mut link =
        Link { session, received: BytesMut::new(), open: VecDeque::new(), ends: HashMap::new(), over: false };
    let (mut now, mut keys) = (start, 0);
    while let [kind, length, rest @ ..] = script {
        let (octets, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        script = rest;
        let first = octets.first().copied().unwrap_or(0);
        match kind % 8 {
            0 | 1 => link.received.extend_from_slice(octets),
            2 => {
                let mut pdu = Vec::new();
                Pdu::request(Command::of(u32::from(first)), u32::from(*length), Body::None).write(&mut pdu);
                pdu.extend_from_slice(octets.get(1..).unwrap_or_default());
                let whole = u32::try_from(pdu.len()).unwrap_or(16).to_be_bytes();
                link.received.extend(whole.iter().chain(pdu.iter().skip(4)));
            }
            3 => match first % 4 {
                0 => link.session.reject(Status::INVALID_PASSWORD),
                1 => link.session.leave(now),
                2 => link.session.bind(BindKind::Receiver, bind.clone(), now),
                _ => link.session.admit("b", 0x34),
            },
            4 => {
                if let Some(ticket) = link.open.pop_front() {
                    link.session.answer(ticket, Status(u32::from(first)), "1");
                }
            }
            5 => {
                now += Duration::from_millis(u64::from(first) * 500);
                link.session.handle_timeout(now);
            }
            6 => link.session.written(usize::from(first) * 16, now),
            _ => {
                if link.session.room() > 0 {
                    keys += 1;
                    link.session.send(keys, Carrier::Submit, ShortMessage::default(), now);
                }
            }
        }
        link.work(limits, now);
    }
    link.session.handle_broken();
    link.work(limits, now);
    assert!(link.over, "it ended");
    for key in 1..=keys {
        assert!(link.ends.contains_key(&key), "{key} came to no end");
    }
}
