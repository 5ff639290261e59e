//! The calls that platforms hold, step by step.
//!
//! Every answer but the last names an address with the next step. A request for a step that was answered gets that answer
//! again: a platform's retry, or a replay, changes nothing and is never a second check. A call whose state is gone (a
//! restart) goes on from its step: its questions keep ids of their own.
//!
//! Has no clock and asks nobody: [`Held::take`] says what the core is to be asked, and the driver brings the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::{Inquiry, Refusal, Reply};

use super::{Collected, Event};
use crate::dialogue::{Call, Dialogue, Key, Output, Play, Settings};

/// Answers that are kept of a call.
const KEPT: usize = 4;

/// A call that no request came for in this time is over: longer than any platform collects.
const FORGOTTEN: Duration = Duration::from_secs(180);

/// What a call does next.
#[derive(Debug)]
pub enum Step {
    /// Ask the core; then [`Held::answered`].
    Ask(Box<Inquiry>),
    /// Wait for the core's answer until then; then [`Held::waited`].
    Wait(Instant),
    /// Say this, and then.
    Turn(Vec<Play>, Then),
}

/// What comes after the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Keys.
    Collect(crate::dialogue::Collect),
    /// The same call again: it is still waiting for the core.
    Go,
    /// A person at this place.
    Transfer(String),
    /// The end.
    HangUp,
}

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The step it answers.
    pub step: u32,
    /// The answer.
    pub text: String,
}

/// One call.
#[derive(Debug)]
pub struct Held {
    settings: Arc<Settings>,
    dialogue: Dialogue,
    plays: Vec<Play>,
    kept: Vec<Answered>,
    /// The step that comes next.
    pub step: u32,
    /// The core's answer that is being waited for.
    pub pending: Option<tokio::sync::oneshot::Receiver<Result<Reply, Refusal>>>,
}

impl Held {
    /// A call that comes in at `step`.
    #[must_use]
    pub fn new(settings: Arc<Settings>, call: Call, step: u32) -> Self {
        let dialogue = Dialogue::new(Arc::clone(&settings), call);
        Self { settings, dialogue, plays: Vec::new(), kept: Vec::new(), step, pending: None }
    }

    /// The answer that was given to this step.
    #[must_use]
    pub fn again(&self, step: u32) -> Option<&str> {
        self.kept.iter().find(|answered| answered.step == step).map(|answered| answered.text.as_str())
    }

    /// Keeps an answer; the next request is for the step after it.
    pub fn keep(&mut self, text: String) {
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push(Answered { step: self.step, text });
        self.step = self.step.saturating_add(1);
    }

    /// The language, where the caller chose one.
    #[must_use]
    pub const fn chosen(&self) -> Option<contract::Language> {
        match self.dialogue.language() {
            (language, true) => Some(language),
            (_, false) => None,
        }
    }

    /// The call is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.dialogue.is_over()
    }

    /// Takes in what a request says.
    pub fn handle(&mut self, event: &Event, now: Instant) {
        self.plays.clear();
        let first = self.kept.is_empty();
        let dialogue = &mut self.dialogue;
        if event.over {
            dialogue.handle_hung_up();
            return;
        }
        dialogue.handle_start(now);
        dialogue.handle_timeout(now);
        // FreeSWITCH says how a transfer ended in every request after it, too.
        if let Some(taken) = event.transferred.filter(|_| dialogue.is_transferring()) {
            if taken {
                dialogue.handle_hung_up();
            } else {
                dialogue.handle_transfer_failed(now);
            }
            return;
        }
        // It was still waiting for the core, or has just begun: what came is of no question that is open.
        if dialogue.collect().is_none() || first {
            return;
        }
        for key in &event.keys {
            dialogue.handle_key(*key, now);
        }
        if dialogue.collect().is_none() {
            return;
        }
        // Where a platform does not say whether the hash was pressed: a caller who was told what is there and that the hash
        // ends it has ended it. Before that it may be the front of a longer number.
        let whole = event.keys.is_empty() && self.settings.lengths.contains(&dialogue.keyed());
        match event.collected {
            Collected::Hash => dialogue.handle_key(Key::Hash, now),
            Collected::Unsaid if whole => dialogue.handle_key(Key::Hash, now),
            Collected::Unsaid | Collected::Quiet if !dialogue.is_playing() || event.keys.is_empty() => {
                dialogue.handle_quiet(now);
            }
            // A menu's key was taken, and its words are waiting to be said.
            Collected::Unsaid | Collected::Quiet => {}
        }
    }

    /// The core's answer.
    pub fn answered(&mut self, reply: Result<Reply, Refusal>, now: Instant) {
        self.dialogue.handle_reply(reply, now);
    }

    /// The core did not answer in time.
    pub fn waited(&mut self, now: Instant) {
        self.dialogue.handle_timeout(now);
    }

    /// What to do now.
    pub fn take(&mut self, now: Instant) -> Step {
        loop {
            while let Some(output) = self.dialogue.poll_output() {
                match output {
                    Output::Play(play) => self.plays.push(play),
                    Output::Stop => self.plays.clear(),
                    Output::Ask(inquiry) => return Step::Ask(inquiry),
                    Output::Transfer(place) => return self.turn(Then::Transfer(place)),
                    Output::HangUp(_) => return self.turn(Then::HangUp),
                }
            }
            if self.dialogue.is_asking() {
                if !self.plays.is_empty() {
                    return self.turn(Then::Go);
                }
                let until = self.dialogue.poll_timeout().map_or(now, |(at, _)| at);
                return Step::Wait(until);
            }
            if let Some(collect) = self.dialogue.collect() {
                return self.turn(Then::Collect(collect));
            }
            if !self.dialogue.is_playing() {
                return self.turn(Then::HangUp);
            }
            // Last words, which the platform says to their end.
            self.dialogue.handle_played(now);
        }
    }

    fn turn(&mut self, then: Then) -> Step {
        Step::Turn(std::mem::take(&mut self.plays), then)
    }
}

/// A call that is being answered by one request at a time.
pub type Shared = Arc<tokio::sync::Mutex<Held>>;

/// The calls, at most so many.
#[derive(Debug)]
pub struct Calls {
    most: usize,
    held: Mutex<HashMap<(String, String), (Shared, Instant)>>,
}

impl Calls {
    /// At most this many calls at once; a further one is refused until another is over.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, held: Mutex::new(HashMap::new()) }
    }

    /// A call by its platform and id; begins it by `begin` where there is none. `None` where there are too many.
    pub fn of(&self, platform: &str, call: &str, now: Instant, begin: impl FnOnce() -> Held) -> Option<Shared> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (platform.to_owned(), call.to_owned());
        if let Some((shared, seen)) = held.get_mut(&key) {
            *seen = now;
            return Some(Arc::clone(shared));
        }
        if held.len() >= self.most {
            held.retain(|_, (_, seen)| now.saturating_duration_since(*seen) < FORGOTTEN);
        }
        if held.len() >= self.most {
            return None;
        }
        let shared = Arc::new(tokio::sync::Mutex::new(begin()));
        held.insert(key, (Arc::clone(&shared), now));
        Some(shared)
    }

    /// A call that goes on; `None` where there is none.
    #[must_use]
    pub fn find(&self, platform: &str, call: &str) -> Option<Shared> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&(platform.to_owned(), call.to_owned())).map(|(shared, _)| Arc::clone(shared))
    }
}

#[cfg(test)]
mod tests;
