//! What time does to a session.

use super::*;

/// What is due at a time.
#[derive(Debug, Clone, Copy)]
enum Due {
    Bind,
    Stalled,
    Leave,
    Answer,
    Enquiry,
    Idle,
    Response,
}

impl Session {
    /// When [`Session::handle_timeout`] has something to do.
    #[must_use]
    pub fn timeout(&self) -> Option<Instant> {
        self.due().map(|(at, _)| at)
    }

    fn due(&self) -> Option<(Instant, Due)> {
        let stalled = self.blocked.then(|| (self.moved + self.limits.stalled, Due::Stalled));
        let leave = match self.state {
            State::Over => return None,
            State::ExpectBind | State::ExpectAdmission { .. } | State::ExpectBound { .. } => {
                return Some((self.began + self.limits.bind, Due::Bind));
            }
            State::Leaving { until, .. } | State::ExpectUnbound { until, .. } => Some((until, Due::Leave)),
            State::Bound(_) => None,
        };
        let answer = self.asked_order.front().map(|(_, at)| (*at + self.limits.answer, Due::Answer));
        let response = if self.blocked { None } else { self.sent.due(self.limits.response, self.freed) };
        // Nothing says that the peer has read the message: it is the connection that is in doubt.
        let doubted = response.filter(|at| *at >= self.read_by_peer + self.limits.response && self.wants_input());
        let response = if doubted.is_some() { None } else { response };
        let enquiry = match self.enquired {
            Some((_, at)) => (!self.blocked).then(|| (at.max(self.freed) + self.limits.response, Due::Enquiry)),
            None => self.wants_input().then(|| {
                let idle = self.heard.max(self.freed) + self.limits.enquire;
                (doubted.map_or(idle, |doubted| idle.min(doubted)), Due::Idle)
            }),
        };
        let all = [leave, answer, enquiry, response.map(|at| (at, Due::Response)), stalled];
        all.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, due)) = self.due()
            && at <= now
        {
            match due {
                Due::Bind => self.end_with(Over::NotBound),
                Due::Stalled => {
                    self.output.clear();
                    self.end_with(Over::Dead);
                }
                Due::Leave => self.end_with(Over::WeLeft),
                Due::Enquiry => self.end_with(Over::Dead),
                Due::Idle => {
                    let sequence = self.next_sequence();
                    self.enquired = Some((sequence, now));
                    self.request(Command::EnquireLink, sequence, Body::None);
                }
                Due::Answer => self.throttle_oldest(),
                Due::Response => {
                    if let Some(key) = self.sent.overdue(self.limits.response, self.freed, now) {
                        self.events.push_back(Event::Settled { key, outcome: Outcome::Unanswered });
                    }
                }
            }
        }
        self.go_on_leaving(now);
    }

    /// A message that got no answer in time: the peer is to come again with it.
    fn throttle_oldest(&mut self) {
        let Some((number, _)) = self.asked_order.pop_front() else { return };
        if let Some(Asked { sequence, carrier }) = self.asked.remove(&number) {
            self.respond(Command::Message(carrier), Status::THROTTLED, sequence, Body::None);
            self.deviation("no answer in time", Status::THROTTLED);
        }
    }

    /// Unbinds once nothing is under way any more.
    pub(super) fn go_on_leaving(&mut self, now: Instant) {
        if let State::Leaving { kind, until } = self.state
            && self.sent.waiting() == 0
            && self.asked.is_empty()
        {
            let sequence = self.next_sequence();
            self.state = State::ExpectUnbound { kind, sequence, until: until.max(now) };
            self.request(Command::Unbind, sequence, Body::None);
        }
    }
}
