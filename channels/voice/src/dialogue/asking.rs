//! What is asked of the core, and what becomes of its answer or its silence.

use std::time::Instant;

use contract::{
    Asker, Channel, Check, EventTime, Inquiry, InquiryId, Means, Refusal, Reply, Request, Role, Tip, reading,
};

use super::state::{About, Last, State};
use super::{Dialogue, Output, Phrase, RefusalKind};

impl Dialogue {
    /// Asks the core about a number.
    pub(super) fn ask_number_of_core(&mut self, digits: String, now: Instant) {
        self.numbers += 1;
        let given = reading::read_one(&digits);
        let check = Check { number: given.number, means: Means::Keyed, lot: given.lot, expiry: given.expiry };
        let said = Phrase::NotAnswered(RefusalKind::Unavailable);
        self.last = Some(Last { digits, said, answer: None, receipt: None });
        self.ask(About::Number, Request::Check, vec![check], now);
    }

    /// Hands a report about the last answer to the core, with the area that was keyed.
    pub(super) fn report(&mut self, now: Instant) {
        let receipt = self.last.as_ref().and_then(|last| last.receipt);
        let area = std::mem::take(&mut self.keyed);
        let text = if area.is_empty() { "by telephone".to_owned() } else { format!("by telephone, area {area}") };
        self.ask(About::Report, Request::Tip(Tip { receipt, text }), Vec::new(), now);
    }

    fn ask(&mut self, about: About, request: Request, checks: Vec<Check>, now: Instant) {
        self.barge();
        self.quiet_at = None;
        self.number_by = None;
        let step = self.call.asked;
        self.call.asked += 1;
        let inquiry = Inquiry {
            id: InquiryId {
                scope: self.call.scope.clone(),
                key: format!("{}/{step}", self.call.key),
                valid_for: self.call.valid_for,
            },
            channel: Channel::Voice,
            asker: Asker::new(self.call.caller.clone(), Role::Shopper),
            route: None,
            language: self.language,
            place: None,
            asked: EventTime::exact(self.call.began_at.plus(now.saturating_duration_since(self.call.began))),
            request,
            checks,
        };
        self.state = State::Asking { about, word_at: now + self.settings.patience, until: now + self.settings.answer };
        self.outputs.push_back(Output::Ask(Box::new(inquiry)));
    }

    /// The core's answer. One that comes after it is no longer waited for changes nothing: it is recorded all the same.
    pub fn handle_reply(&mut self, reply: Result<Reply, Refusal>, now: Instant) {
        let State::Asking { about, .. } = self.state else { return };
        self.barge();
        self.state = State::Offered;
        self.silences = 0;
        match (about, reply) {
            (About::Number, Ok(reply)) => {
                self.wrong = 0;
                let answer = reply.answers.into_iter().next();
                if let Some(last) = &mut self.last {
                    if let Some(answer) = &answer {
                        last.said = Phrase::Answer(Box::new(answer.clone()));
                    }
                    last.answer = answer;
                    last.receipt = reply.receipt;
                }
                self.repeat(now);
            }
            (About::Report, Ok(reply)) => {
                let mut phrases = vec![Phrase::Reported];
                phrases.extend(reply.receipt.map(Phrase::Receipt));
                phrases.push(self.menu());
                self.play(phrases, true, now);
            }
            (about, Err(refusal)) => self.not_answered(about, RefusalKind::from(&refusal), now),
        }
    }

    /// A caller who waits hears that we are at it; in the end, that there is no answer.
    pub(super) fn still_asking(&mut self, now: Instant) {
        let State::Asking { about, until, .. } = self.state else { return };
        if now >= until {
            self.barge();
            self.state = State::Offered;
            self.not_answered(about, RefusalKind::Unavailable, now);
            return;
        }
        self.state = State::Asking { about, word_at: now + self.settings.patience, until };
        self.play(vec![Phrase::OneMoment], false, now);
    }

    fn not_answered(&mut self, about: About, kind: RefusalKind, now: Instant) {
        let said = Phrase::NotAnswered(kind);
        if let (About::Number, Some(last)) = (about, &mut self.last) {
            last.said = said.clone();
        }
        self.play(vec![said, self.menu()], true, now);
    }
}
