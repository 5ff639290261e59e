//! Which of the two protocols is spoken on a line: found out by its first octet.
//!
//! A frame begins with a zero, which no stock device sends first. Until then the line is one of a stock device, which has
//! to be shown something before it sends anything.

use std::sync::Arc;
use std::time::Instant;

use contract::{Refusal, Reply, Timestamp};

use super::hub::Hub;
use super::post::Who;
use crate::render::Voice;
use crate::session::framed::{Framed, Keys};
use crate::session::{Event, Probe, Session};

/// A session of either protocol.
#[derive(Debug)]
pub(super) enum Speaking {
    /// A stock device; as long as nothing has come it may still be the other kind, which is spoken to by this voice.
    Lines(Box<Session>, Option<Voice>),
    /// One with firmware of its own.
    Frames(Box<Framed>),
}

impl Speaking {
    pub(super) fn new(hub: &Hub, who: &Who, now: Instant) -> Self {
        let voice = Voice::new(Arc::clone(&hub.words), Arc::clone(&who.device));
        let session = Session::new(voice.clone(), hub.patience(), Arc::clone(&who.registration), now);
        Self::Lines(Box::new(session), Some(voice))
    }

    pub(super) fn handle_octets(&mut self, hub: &Hub, octets: &[u8], (now, clock): (Instant, Timestamp)) {
        if let Self::Lines(_, Some(voice)) = self
            && octets.first() == Some(&0)
            && let keys = hub.settings().keys.clone()
            && !keys.is_empty()
        {
            let mut seed = [0; 32];
            // Without randomness no proof is worth anything: the line stays one of lines.
            if getrandom::fill(&mut seed).is_ok() {
                *self = Self::Frames(Box::new(Framed::new(voice.clone(), hub.patience(), keys, seed, now)));
            }
        }
        match self {
            Self::Frames(framed) => framed.handle_octets(octets, (now, clock)),
            Self::Lines(session, voice) => {
                *voice = None;
                session.handle_octets(octets, now);
            }
        }
    }

    pub(super) fn handle_answer(&mut self, ticket: u64, answered: Result<&Reply, &Refusal>, now: Instant) {
        match self {
            Self::Lines(session, _) => session.handle_answer(ticket, answered, now),
            Self::Frames(framed) => framed.handle_answer(ticket, answered, now),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Lines(session, _) => session.handle_timeout(now),
            Self::Frames(framed) => framed.handle_timeout(now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Lines(session, _) => session.poll_timeout(),
            Self::Frames(framed) => framed.poll_timeout(),
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Vec<u8> {
        match self {
            Self::Lines(session, _) => session.poll_transmit(),
            Self::Frames(framed) => framed.poll_transmit(),
        }
    }

    pub(super) fn poll_event(&mut self) -> Option<Event> {
        match self {
            Self::Lines(session, _) => session.poll_event(),
            Self::Frames(framed) => framed.poll_event(),
        }
    }

    /// Asks the device whether it is there.
    pub(super) fn probe(&mut self, number: u32) -> Probe {
        match self {
            Self::Lines(session, _) => session.probe(),
            Self::Frames(framed) => framed.probe(number),
        }
    }

    /// Nobody waits any longer for its answer.
    pub(super) fn give_up_probe(&mut self) {
        match self {
            Self::Lines(session, _) => session.give_up_probe(),
            Self::Frames(_) => {}
        }
    }

    /// Whether the key by which a terminal proved its name is the one that it has among these.
    pub(super) fn agrees(&self, name: &str, keys: &Keys) -> bool {
        match self {
            Self::Lines(..) => false,
            Self::Frames(framed) => framed.agrees(name, keys),
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        match self {
            Self::Lines(session, _) => session.is_waiting(),
            Self::Frames(framed) => framed.is_waiting(),
        }
    }
}
