//! What silence does: it is told from a pause, it is spoken to twice, and then the call ends politely. On hold there is none.

use std::time::Instant;

use super::keys::GROUP;
use super::state::State;
use super::{Dialogue, Ending, Phrase};

/// Silences in a row after which the call ends.
const SILENCES: u32 = 2;

/// Times that a caller is told what is there of a number.
const PAUSES: u32 = 2;

impl Dialogue {
    /// A timer of [`Dialogue::poll_timeout`] has come. Calling it early does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.is_leaving() && self.state != State::New && now >= self.ends_at {
            self.barge();
            self.close(vec![Phrase::TimeIsUp, Phrase::Goodbye], Ending::TooLong, now);
            return;
        }
        let held = self.is_held();
        if !held && self.playing.is_some_and(|(at, _)| now >= at) {
            self.handle_played(now);
        }
        match self.state {
            State::Asking { word_at, until, .. } if now >= word_at.min(until) => self.still_asking(now),
            State::Transferring(until) if now >= until => self.handle_transfer_failed(now),
            State::New
            | State::Choosing(_)
            | State::Number
            | State::Asking { .. }
            | State::Offered
            | State::Area
            | State::Connecting
            | State::Transferring(_)
            | State::Closing(_)
            | State::Ended => {}
        }
        if !held && self.quiet_at.is_some_and(|at| now >= at) {
            self.quiet_at = None;
            self.fell_quiet(now);
        }
    }

    /// Whether the caller is on hold; saying so again changes nothing. Who is neither hears what is said nor is silent: what
    /// was waited for is waited for when the caller is back, with as much time as was left. The longest time of a call goes on,
    /// and last words are said to nobody.
    pub fn handle_hold(&mut self, held: bool, now: Instant) {
        if held {
            self.held_at.get_or_insert(now);
        } else if let Some(held_at) = self.held_at.take() {
            let away = now.saturating_duration_since(held_at);
            let sound = self.playing.as_mut().map(|(at, _)| at);
            for at in [sound, self.quiet_at.as_mut(), self.number_by.as_mut()].into_iter().flatten() {
                *at += away;
            }
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.held_at.is_some() && !self.is_leaving()
    }

    pub(super) fn fell_quiet(&mut self, now: Instant) {
        match self.state {
            State::Choosing(Some(_)) => self.choose(now),
            // Who chooses none is spoken to in the language spoken so far.
            State::Choosing(None) => {
                self.begin_number();
                self.quiet_number(now);
            }
            State::Number => self.quiet_number(now),
            State::Offered => {
                self.silences += 1;
                if self.silences >= SILENCES {
                    self.close(vec![Phrase::Goodbye], Ending::Answered, now);
                } else {
                    self.play(vec![self.menu()], true, now);
                }
            }
            State::Area => self.report(now),
            State::New
            | State::Asking { .. }
            | State::Connecting
            | State::Transferring(_)
            | State::Closing(_)
            | State::Ended => {}
        }
    }

    fn quiet_number(&mut self, now: Instant) {
        let keyed = self.keyed.len();
        if keyed == 0 {
            self.silences += 1;
            if self.silences > SILENCES {
                self.close(vec![Phrase::Goodbye], Ending::Silent, now);
            } else {
                self.play(vec![Phrase::NothingHeard, self.ask_number()], true, now);
            }
        } else if self.number_by.is_some_and(|by| now >= by) {
            self.keyed.clear();
            self.wrong_length(keyed, now);
        } else if self.pauses >= PAUSES {
            self.close(vec![Phrase::Goodbye], Ending::Silent, now);
        } else {
            // Never taken as whole without a hash: the front of a longer number is a number nobody issued.
            self.pauses += 1;
            let last: String = self.keyed.chars().skip(keyed.saturating_sub(GROUP)).collect();
            self.play(vec![Phrase::Partial(keyed, last)], true, now);
        }
    }
}
