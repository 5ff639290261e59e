//! What each key does, in each place of the call.

use std::time::{Duration, Instant};

use contract::Language;
use contract::receipt::damm_step;

use super::state::State;
use super::{Dialogue, Ending, Key, Offers, Phrase};

/// The most digits of an area code or postcode.
pub(super) const AREA_DIGITS: usize = 6;

/// Digits of a group, as they are printed.
pub(super) const GROUP: usize = 4;

/// The languages by their keys, in the order of the menu.
const LANGUAGES: [(u8, Language); 3] = [(1, Language::ZhHans), (2, Language::ZhHk), (3, Language::En)];

/// The languages by their keys.
#[must_use]
pub const fn languages() -> [(u8, Language); 3] {
    LANGUAGES
}

impl Dialogue {
    /// Says each language's key in its own words, after these phrases.
    pub(super) fn offer_languages(&mut self, mut phrases: Vec<Phrase>, now: Instant) {
        self.state = State::Choosing(None);
        self.keyed.clear();
        phrases.extend(LANGUAGES.map(|(key, language)| Phrase::LanguageKey(language, key)));
        self.play(phrases, true, now);
    }

    /// One of the languages' keys alone is a choice; whatever goes on is a number in the language spoken so far.
    pub(super) fn key_choosing(&mut self, pressed: Option<u8>, key: Key, now: Instant) {
        match (pressed, key) {
            (None, Key::Digit(digit)) if LANGUAGES.iter().any(|(of, _)| *of == digit) => {
                self.barge();
                self.state = State::Choosing(Some(digit));
                self.quiet_at = Some(now + self.settings.choice);
            }
            (Some(_), Key::Hash) => self.choose(now),
            (Some(_), Key::Star) => self.offer_languages(Vec::new(), now),
            (pressed, Key::Digit(digit)) => {
                self.begin_number();
                for digit in pressed.into_iter().chain([digit]) {
                    self.key_number(Key::Digit(digit), now);
                }
            }
            (None, Key::Hash | Key::Star) => {}
        }
    }

    /// The language whose key was pressed is the call's; the last answer is said in it, if there is one.
    pub(super) fn choose(&mut self, now: Instant) {
        let State::Choosing(Some(pressed)) = self.state else { return };
        if let Some((_, language)) = LANGUAGES.iter().find(|(key, _)| *key == pressed) {
            self.language = *language;
            self.chosen = true;
        }
        self.silences = 0;
        if self.last.is_some() {
            self.repeat(now);
        } else {
            self.begin_number();
            self.play(vec![self.ask_number()], true, now);
        }
    }

    /// An empty number.
    pub(super) fn begin_number(&mut self) {
        self.state = State::Number;
        self.keyed.clear();
        self.taken.clear();
        self.number_by = None;
        self.pauses = 0;
    }

    pub(super) fn ask_number(&self) -> Phrase {
        Phrase::AskNumber(self.settings.longest())
    }

    pub(super) fn key_number(&mut self, key: Key, now: Instant) {
        match key {
            Key::Digit(digit) => {
                self.barge();
                self.silences = 0;
                self.taken.clear();
                self.keyed.push(char::from(b'0' + digit.min(9)));
                self.number_by.get_or_insert(now + self.settings.number);
                if self.keyed.len() >= self.settings.longest() {
                    self.submit(now);
                } else {
                    self.await_keys(now);
                }
            }
            // A hash that nothing stands before: of a habit, or after the number before this one.
            Key::Hash if self.keyed.is_empty() => {}
            Key::Hash => {
                self.barge();
                self.submit(now);
            }
            Key::Star if self.keyed.is_empty() && !self.taken.is_empty() => {
                self.barge();
                self.keyed = std::mem::take(&mut self.taken);
                let left = (self.keyed.len() - 1) / GROUP * GROUP;
                self.keyed.truncate(left);
                self.number_by = Some(now + self.settings.number);
                self.play(vec![Phrase::TakenBack(left)], true, now);
            }
            Key::Star => {
                self.barge();
                let taken = std::mem::take(&mut self.keyed);
                self.begin_number();
                self.taken = taken;
                self.play(vec![Phrase::StartAgain], true, now);
            }
        }
    }

    /// What was keyed is the number.
    fn submit(&mut self, now: Instant) {
        let digits = std::mem::take(&mut self.keyed);
        let settings = &*self.settings;
        if !settings.lengths.contains(&digits.len()) {
            self.wrong_length(digits.len(), now);
            return;
        }
        let adds_up = !settings.checked.contains(&digits.len()) || adds_up(&digits);
        // Keyed the same twice, it is what the pack says: the core answers it.
        if adds_up || self.odd.as_deref() == Some(digits.as_str()) {
            self.odd = None;
            self.ask_number_of_core(digits, now);
        } else {
            self.odd = Some(digits);
            self.try_again(vec![Phrase::DoesNotAddUp(self.wrong > 0)], now);
        }
    }

    /// Too few digits or too many. Who hears it again hears how to key them, too.
    pub(super) fn wrong_length(&mut self, digits: usize, now: Instant) {
        let again = (self.wrong > 0).then_some(Phrase::DoesNotAddUp(true));
        let why = [Phrase::WrongLength(digits, self.settings.longest())].into_iter().chain(again).collect();
        self.try_again(why, now);
    }

    /// Nothing was asked: says why, and asks for the number anew until there were too many tries.
    fn try_again(&mut self, mut why: Vec<Phrase>, now: Instant) {
        self.wrong += 1;
        if self.wrong >= self.settings.tries {
            self.leave_or_connect(Phrase::TooManyTries, Ending::NoNumber, now);
            return;
        }
        self.begin_number();
        why.push(self.ask_number());
        self.play(why, true, now);
    }

    pub(super) fn key_offered(&mut self, key: Key, now: Instant) {
        // After twenty digits people press hash, and the verdict has begun: it is not to be cut off.
        let Key::Digit(digit) = key else { return };
        self.barge();
        self.silences = 0;
        match digit {
            1 => self.repeat(now),
            2 => self.another(now),
            3 if self.last.as_ref().is_some_and(|last| last.receipt.is_some()) => {
                self.state = State::Area;
                self.keyed.clear();
                self.play(vec![Phrase::AskArea], true, now);
            }
            4 if self.last.is_some() => self.read_back(now),
            9 => self.offer_languages(Vec::new(), now),
            0 if self.call.person.is_some() => self.connect(Vec::new(), now),
            _ => self.play(vec![Phrase::NoSuchKey, self.menu()], true, now),
        }
    }

    /// Says the last answer and the menu.
    pub(super) fn repeat(&mut self, now: Instant) {
        self.state = State::Offered;
        let said = self.last.as_ref().map(|last| last.said.clone());
        let phrases = said.into_iter().chain([self.menu()]).collect();
        self.play(phrases, true, now);
    }

    fn another(&mut self, now: Instant) {
        if self.numbers >= self.settings.numbers {
            self.close(vec![Phrase::TooManyNumbers, Phrase::Goodbye], Ending::Numbers, now);
            return;
        }
        self.begin_number();
        self.wrong = 0;
        self.play(vec![Phrase::AskAnother], true, now);
    }

    fn read_back(&mut self, now: Instant) {
        let Some(last) = &self.last else { return };
        let mut phrases = vec![Phrase::YouKeyed(last.digits.clone())];
        phrases.extend(last.receipt.map(Phrase::Receipt));
        phrases.push(self.menu());
        self.play(phrases, true, now);
    }

    /// What the keys do now.
    pub(super) fn menu(&self) -> Phrase {
        let last = self.last.as_ref();
        let worth = |colour| matches!(colour, contract::Colour::Red | contract::Colour::Amber);
        Phrase::Menu(Offers {
            read_back: last.is_some(),
            report: last.is_some_and(|last| {
                last.receipt.is_some() && last.answer.as_ref().is_some_and(|answer| worth(answer.colour))
            }),
            person: self.call.person.is_some(),
        })
    }

    pub(super) fn key_area(&mut self, key: Key, now: Instant) {
        self.barge();
        match key {
            Key::Digit(digit) => {
                self.keyed.push(char::from(b'0' + digit.min(9)));
                if self.keyed.len() >= AREA_DIGITS {
                    self.report(now);
                } else {
                    self.await_keys(now);
                }
            }
            Key::Hash => self.report(now),
            Key::Star => {
                self.keyed.clear();
                self.play(vec![Phrase::AskArea], true, now);
            }
        }
    }

    /// Until the first key of what is awaited, or the next one where some are there.
    pub(super) fn first_wait(&self) -> Duration {
        if self.keyed.is_empty() { self.settings.first } else { self.settings.at_group }
    }

    /// Silence counts from now.
    pub(super) fn await_keys(&mut self, now: Instant) {
        let settings = &*self.settings;
        let keyed = self.keyed.len();
        let wait = match self.state {
            State::Choosing(Some(_)) => settings.choice,
            State::Choosing(None) => settings.first,
            State::Number if keyed > 0 && !keyed.is_multiple_of(GROUP) => settings.between,
            State::Number => self.first_wait(),
            State::Area if keyed > 0 => settings.between,
            State::Area => settings.first,
            State::Offered => settings.after,
            State::New
            | State::Asking { .. }
            | State::Connecting
            | State::Transferring(_)
            | State::Closing(_)
            | State::Ended => return,
        };
        self.quiet_at = Some(self.number_by.filter(|_| keyed > 0).map_or(now + wait, |by| by.min(now + wait)));
    }
}

/// Whether the last digit is the Damm digit over the others.
fn adds_up(digits: &str) -> bool {
    digits.bytes().fold(0, |interim, digit| damm_step(interim, digit.wrapping_sub(b'0'))) == 0
}
