//! How a call ends or goes to a person.

use std::time::Instant;

use super::state::State;
use super::{Dialogue, Ending, Phrase};
use crate::calls::Full;

impl Dialogue {
    /// Says these last words, which no key cuts off, and hangs up.
    pub(super) fn close(&mut self, phrases: Vec<Phrase>, ending: Ending, now: Instant) {
        self.state = State::Closing(ending);
        self.play(phrases, false, now);
    }

    /// To a person where there is one, after these words.
    pub(super) fn leave_or_connect(&mut self, why: Phrase, ending: Ending, now: Instant) {
        if self.call.person.is_some() {
            self.connect(vec![why], now);
        } else {
            self.close(vec![why, Phrase::Goodbye], ending, now);
        }
    }

    pub(super) fn connect(&mut self, mut phrases: Vec<Phrase>, now: Instant) {
        self.state = State::Connecting;
        phrases.push(Phrase::Connecting);
        self.play(phrases, false, now);
    }

    /// Nobody took the call.
    pub fn handle_transfer_failed(&mut self, now: Instant) {
        if !matches!(self.state, State::Transferring(_)) {
            return;
        }
        self.call.person = None;
        if self.last.is_some() {
            self.state = State::Offered;
            self.play(vec![Phrase::NobodyThere, self.menu()], true, now);
        } else {
            self.close(vec![Phrase::NobodyThere, Phrase::Goodbye], Ending::NoNumber, now);
        }
    }

    /// There is no place for this call: it is told so, in place of [`Dialogue::handle_start`].
    pub fn handle_full(&mut self, full: Full, now: Instant) {
        if self.state == State::New {
            let why = match full {
                Full::Calls => Phrase::AllBusy,
                Full::Caller => Phrase::TooManyCalls,
            };
            self.close(vec![why, Phrase::Goodbye], Ending::Full, now);
        }
    }

    /// The gateway goes down and the grace for running calls is over.
    pub fn handle_going_down(&mut self, now: Instant) {
        if !self.is_leaving() {
            self.barge();
            self.close(vec![Phrase::GoingDown, Phrase::Goodbye], Ending::GoingDown, now);
        }
    }
}
