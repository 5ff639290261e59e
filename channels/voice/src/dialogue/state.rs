//! The machine's state and its doors; what each key and each silence does is in the files beside it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Answer, Language, Receipt};

use super::{Call, Collect, Ending, Key, Output, Phrase, Play, Settings};

/// Something is taken as heard after so long, should its player never say so: longer than anything we say.
pub(super) const LONGEST_PLAY: Duration = Duration::from_secs(120);

/// A transfer that says nothing for so long has failed.
pub(super) const LONGEST_TRANSFER: Duration = Duration::from_secs(60);

/// Where in the call we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was said yet.
    New,
    /// The caller chooses a language, or begins to key a number; this key of a language was pressed.
    Choosing(Option<u8>),
    /// A number is keyed.
    Number,
    /// The core is asked.
    Asking {
        /// What for.
        about: About,
        /// The next time to say that we are at it.
        word_at: Instant,
        /// Until when it is waited for.
        until: Instant,
    },
    /// An answer was said; what next?
    Offered,
    /// The area code of a shop is keyed.
    Area,
    /// The last words are said, then the call goes to a person.
    Connecting,
    /// The call is being handed on.
    Transferring(Instant),
    /// The last words are said.
    Closing(Ending),
    /// Over.
    Ended,
}

/// What the core was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A number.
    Number,
    /// A report.
    Report,
}

/// What was answered last.
#[derive(Debug, Clone)]
pub(super) struct Last {
    pub(super) digits: String,
    pub(super) said: Phrase,
    pub(super) answer: Option<Answer>,
    pub(super) receipt: Option<Receipt>,
}

/// One call's dialogue, see the module's head.
#[derive(Debug)]
pub struct Dialogue {
    pub(super) settings: Arc<Settings>,
    pub(super) call: Call,
    pub(super) language: Language,
    pub(super) chosen: bool,
    pub(super) state: State,
    pub(super) outputs: VecDeque<Output>,
    /// Something is playing; it is taken as heard at this instant.
    pub(super) playing: Option<(Instant, bool)>,
    /// When silence has lasted long enough.
    pub(super) quiet_at: Option<Instant>,
    /// Since when the caller is on hold.
    pub(super) held_at: Option<Instant>,
    pub(super) ends_at: Instant,
    pub(super) keyed: String,
    /// What the last star took away.
    pub(super) taken: String,
    /// When the number being keyed must be whole.
    pub(super) number_by: Option<Instant>,
    /// How often it was said what is there of it.
    pub(super) pauses: u32,
    pub(super) silences: u32,
    pub(super) wrong: u32,
    /// The number whose digits did not add up.
    pub(super) odd: Option<String>,
    pub(super) numbers: u32,
    pub(super) last: Option<Last>,
}

impl Dialogue {
    /// A call that has just been answered; [`Dialogue::handle_start`] begins it.
    #[must_use]
    pub fn new(settings: Arc<Settings>, call: Call) -> Self {
        Self {
            language: call.language.unwrap_or(settings.language),
            chosen: false,
            state: State::New,
            outputs: VecDeque::new(),
            playing: None,
            quiet_at: None,
            held_at: None,
            ends_at: call.began + settings.call,
            keyed: String::new(),
            taken: String::new(),
            number_by: None,
            pauses: 0,
            silences: 0,
            wrong: 0,
            odd: None,
            numbers: 0,
            last: None,
            settings,
            call,
        }
    }

    /// The caller can hear us: says who we are and asks for a language or a number.
    pub fn handle_start(&mut self, now: Instant) {
        if self.state != State::New {
            return;
        }
        if self.call.language.is_some() {
            self.state = State::Number;
            self.play(vec![Phrase::Greeting, self.ask_number()], true, now);
        } else {
            self.offer_languages(vec![Phrase::Greeting], now);
        }
    }

    /// A key was pressed.
    pub fn handle_key(&mut self, key: Key, now: Instant) {
        match self.state {
            State::Choosing(pressed) => self.key_choosing(pressed, key, now),
            State::Number => self.key_number(key, now),
            State::Offered => self.key_offered(key, now),
            State::Area => self.key_area(key, now),
            State::New
            | State::Asking { .. }
            | State::Connecting
            | State::Transferring(_)
            | State::Closing(_)
            | State::Ended => {}
        }
    }

    /// What was being said has been heard to its end.
    pub fn handle_played(&mut self, now: Instant) {
        if self.playing.take().is_none() {
            return;
        }
        match self.state {
            State::Closing(ending) => self.hang_up(ending),
            State::Connecting => {
                self.state = State::Transferring(now + LONGEST_TRANSFER);
                if let Some(person) = self.call.person.clone() {
                    self.outputs.push_back(Output::Transfer(person));
                }
            }
            State::Choosing(_) | State::Number | State::Offered | State::Area => self.await_keys(now),
            State::New | State::Asking { .. } | State::Transferring(_) | State::Ended => {}
        }
    }

    /// The platform that collects keys has waited long enough.
    pub fn handle_quiet(&mut self, now: Instant) {
        if self.collect().is_none() {
            return;
        }
        self.barge();
        self.quiet_at = None;
        self.fell_quiet(now);
    }

    /// The caller hung up, or the line broke. What was asked of the core is still asked.
    pub fn handle_hung_up(&mut self) {
        if self.state != State::Ended {
            let ending =
                if matches!(self.state, State::Transferring(_)) { Ending::Transferred } else { Ending::HungUp };
            self.outputs.retain(|output| matches!(output, Output::Ask(_)));
            self.hang_up(ending);
        }
    }

    /// What to do next; `None` when there is nothing until the next event.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Dialogue::handle_timeout`], and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let mut timers: Vec<(Instant, &'static str)> = Vec::with_capacity(4);
        match self.state {
            State::Ended | State::New => return None,
            State::Asking { word_at, until, .. } => timers.push((word_at.min(until), "answer")),
            State::Transferring(until) => timers.push((until, "transfer")),
            State::Choosing(_)
            | State::Number
            | State::Offered
            | State::Area
            | State::Connecting
            | State::Closing(_) => {}
        }
        if !self.is_held() {
            timers.extend(self.playing.map(|(at, _)| (at, "sound")));
            timers.extend(self.quiet_at.map(|at| (at, "keys")));
        }
        if !self.is_leaving() {
            timers.push((self.ends_at, "call"));
        }
        timers.into_iter().min_by_key(|(at, _)| *at)
    }

    /// How platforms collect what is awaited now; `None` where nothing is.
    #[must_use]
    pub fn collect(&self) -> Option<Collect> {
        let settings = &*self.settings;
        let (most, hash_ends, first, between) = match self.state {
            State::Choosing(_) => (settings.longest(), true, settings.first, settings.choice.max(settings.between)),
            State::Number => {
                (settings.longest().saturating_sub(self.keyed.len()), true, self.first_wait(), settings.at_group)
            }
            State::Offered => (1, false, settings.after, settings.between),
            State::Area => (super::keys::AREA_DIGITS, true, settings.first, settings.between),
            State::New
            | State::Asking { .. }
            | State::Connecting
            | State::Transferring(_)
            | State::Closing(_)
            | State::Ended => return None,
        };
        Some(Collect { most: most.max(1), hash_ends, first, between })
    }

    /// The core is being waited for.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        matches!(self.state, State::Asking { .. })
    }

    /// Something is being said and has not been heard to its end.
    #[must_use]
    pub const fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// The call is being handed on, and how that goes is not known yet.
    #[must_use]
    pub const fn is_transferring(&self) -> bool {
        matches!(self.state, State::Transferring(_))
    }

    /// The call is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The language it is spoken in, and whether the caller chose it.
    #[must_use]
    pub const fn language(&self) -> (Language, bool) {
        (self.language, self.chosen)
    }

    /// How many digits of what is keyed are there.
    #[must_use]
    pub const fn keyed(&self) -> usize {
        self.keyed.len()
    }

    /// Questions asked so far, by the numbering of [`Call::asked`].
    #[must_use]
    pub const fn asked(&self) -> u32 {
        self.call.asked
    }

    /// The last words are being said, or have been.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(self.state, State::Closing(_) | State::Connecting | State::Transferring(_) | State::Ended)
    }

    pub(super) fn play(&mut self, phrases: Vec<Phrase>, barge_in: bool, now: Instant) {
        self.playing = Some((now + LONGEST_PLAY, barge_in));
        self.quiet_at = None;
        self.outputs.push_back(Output::Play(Play { language: self.language, phrases, barge_in }));
    }

    /// Ends what is being said.
    pub(super) fn barge(&mut self) {
        if self.playing.take().is_some() {
            self.outputs.push_back(Output::Stop);
        }
    }

    pub(super) fn hang_up(&mut self, ending: Ending) {
        self.state = State::Ended;
        self.playing = None;
        self.quiet_at = None;
        self.outputs.push_back(Output::HangUp(ending));
    }
}
