//! One call's dialogue: which keys mean what, what is said, when the core is asked, and how it ends.
//!
//! Sans-IO and medium-free: SIP, the platforms' webhooks and FastAGI drive the same machine. It has no socket, reads no
//! clock and makes no sound. Four kinds of method, as everywhere: `handle_*` takes what happened, [`Dialogue::poll_output`]
//! says what to do (ask until `None` after every `handle_*`), [`Dialogue::poll_timeout`] when to call
//! [`Dialogue::handle_timeout`], and the rest only look.
//!
//! # What the driver does
//! - [`Output::Play`] replaces what is playing. When its last sound has been heard, [`Dialogue::handle_played`].
//! - [`Output::Stop`] ends what is playing at once (barge-in); no `handle_played` follows it.
//! - [`Output::Ask`] goes to the core, in a task that outlives the call: what was decided is recorded although the caller
//!   hung up. Its result comes back by [`Dialogue::handle_reply`]. There is one at a time.
//! - [`Output::Transfer`] hands the call on; where that fails, [`Dialogue::handle_transfer_failed`].
//! - [`Output::HangUp`] is the last output there is.
//!
//! A driver whose platform collects keys by itself reads [`Dialogue::collect`] for how, feeds the keys in one by one and,
//! where the platform stopped waiting, calls [`Dialogue::handle_quiet`].
//!
//! # What always holds
//! After any keys and timers in any order there is a timer, an output or a question that goes on, and every call ends
//! within its longest time. No number is said back unless the caller asks for it.

use std::time::{Duration, Instant};

use contract::{Answer, Identity, Inquiry, Language, Receipt, Refusal, Timestamp};

/// One key of a telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// `0` to `9`.
    Digit(u8),
    /// `*`.
    Star,
    /// `#`.
    Hash,
}

impl Key {
    /// Reads a character of a telephone's keyboard; `None` for `A` to `D` and everything else.
    #[must_use]
    pub fn from_char(c: char) -> Option<Self> {
        match c {
            '*' => Some(Self::Star),
            '#' => Some(Self::Hash),
            _ => c.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).map(Self::Digit),
        }
    }
}

/// Who calls, and how the call's questions are told apart.
#[derive(Debug, Clone)]
pub struct Call {
    /// The namespace of the questions' ids, as `voice/sip` or `voice/twilio`; at most 128 bytes.
    pub scope: String,
    /// The call's own id within it; at most 200 bytes.
    pub key: String,
    /// For how long the same call and step mean the same question; zero where no step can come twice.
    pub valid_for: Duration,
    /// Questions that the call has asked before, where a driver takes up a call it has lost.
    pub asked: u32,
    /// Who calls.
    pub caller: Identity,
    /// The language, where the number called or the caller's last choice tells it.
    pub language: Option<Language>,
    /// Where a person can be reached; none and no person is offered.
    pub person: Option<String>,
    /// When the call began.
    pub began: Instant,
    /// The same instant by the wall clock.
    pub began_at: Timestamp,
}

/// Times and counts of a dialogue, see `[voice.dialogue]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The language where nothing tells one.
    pub language: Language,
    /// How many digits numbers may have, ascending; the last is taken as whole without `#`.
    pub lengths: Vec<usize>,
    /// The lengths whose last digit is a Damm digit over the others.
    pub checked: Vec<usize>,
    /// Until the first key.
    pub first: Duration,
    /// Between keys within a group of four.
    pub between: Duration,
    /// Between keys at the border of a group.
    pub at_group: Duration,
    /// For one number, from its first key.
    pub number: Duration,
    /// After a language's key, until it is one and not the first digit of a number.
    pub choice: Duration,
    /// After the verdict and its menu.
    pub after: Duration,
    /// Until a caller who waits for the core hears that we are at it, and again after each such sentence.
    pub patience: Duration,
    /// Until the core is not waited for any longer.
    pub answer: Duration,
    /// The whole call.
    pub call: Duration,
    /// Wrong or short numbers before the call goes to a person or ends.
    pub tries: u32,
    /// Numbers of one call.
    pub numbers: u32,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Output {
    /// Say this, in place of what is being said.
    Play(Play),
    /// Stop saying it.
    Stop,
    /// Ask the core.
    Ask(Box<Inquiry>),
    /// Hand the call on to this place.
    Transfer(String),
    /// The end.
    HangUp(Ending),
}

/// Something to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// In this language, but for [`Phrase::LanguageKey`].
    pub language: Language,
    /// What, one after the other.
    pub phrases: Vec<Phrase>,
    /// Whether a key ends it. A driver need not look: it gets [`Output::Stop`]. A platform that plays by itself does.
    pub barge_in: bool,
}

/// One thing said. What it is in sound or text is a matter of the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phrase {
    /// Who we are.
    Greeting,
    /// In a language's own words: for it, press this key.
    LanguageKey(Language, u8),
    /// Key so many digits; star starts again.
    AskNumber(usize),
    /// Key the next number.
    AskAnother,
    /// No key was heard.
    NothingHeard,
    /// So many digits are here, these the last; go on, or star to start again.
    Partial(usize, String),
    /// Too few or too many: so many came, so many are expected.
    WrongLength(usize, usize),
    /// The digits do not add up: look again. At the first try, or at a later one of whatever kind.
    DoesNotAddUp(bool),
    /// What was keyed is gone: start again.
    StartAgain,
    /// The last group is gone; so many digits are left.
    TakenBack(usize),
    /// We are looking.
    OneMoment,
    /// What is known.
    Answer(Box<Answer>),
    /// It was not answered; this says nothing about the goods.
    NotAnswered(RefusalKind),
    /// What the keys do after an answer; with a person or without.
    Menu(Offers),
    /// The digits that were keyed, in groups of four.
    YouKeyed(String),
    /// The number of the answer.
    Receipt(Receipt),
    /// Key the area code of the shop, then hash.
    AskArea,
    /// The report was taken.
    Reported,
    /// This key does nothing here.
    NoSuchKey,
    /// The call goes to a person.
    Connecting,
    /// No person can be reached now.
    NobodyThere,
    /// Too many tries.
    TooManyTries,
    /// Enough numbers for one call.
    TooManyNumbers,
    /// The longest time of a call has come.
    TimeIsUp,
    /// The gateway is going down.
    GoingDown,
    /// There are as many calls as there may be.
    AllBusy,
    /// There are as many calls from this number as there may be.
    TooManyCalls,
    /// Goodbye.
    Goodbye,
}

/// What a menu offers besides repeating and another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// The digits can be read back.
    pub read_back: bool,
    /// A report can be made.
    pub report: bool,
    /// A person can be reached.
    pub person: bool,
}

/// Why the core did not answer, as far as a caller hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Too many ask now.
    Busy,
    /// It cannot be recorded now, or something is wrong on our side.
    Unavailable,
}

impl From<&Refusal> for RefusalKind {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Overloaded => Self::Busy,
            Refusal::Unavailable(_)
            | Refusal::Unauthorised(_)
            | Refusal::BadRequest(_)
            | Refusal::Conflict
            | Refusal::Internal => Self::Unavailable,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::ZhHans,
            lengths: vec![16, 20],
            checked: vec![20],
            first: Duration::from_secs(8),
            between: Duration::from_secs(4),
            at_group: Duration::from_secs(8),
            number: Duration::from_secs(120),
            choice: Duration::from_millis(1_500),
            after: Duration::from_secs(7),
            patience: Duration::from_secs(4),
            answer: Duration::from_secs(30),
            call: Duration::from_secs(300),
            tries: 3,
            numbers: 10,
        }
    }
}

impl Settings {
    /// The most digits of a number.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.lengths.last().copied().unwrap_or(20)
    }
}

/// How platforms collect what is awaited now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collect {
    /// The most keys; when they are there, waiting is over.
    pub most: usize,
    /// `#` ends it before.
    pub hash_ends: bool,
    /// Until the first key, from the end of what is said.
    pub first: Duration,
    /// Between keys.
    pub between: Duration,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The caller was answered and said nothing more.
    Answered,
    /// The caller keyed nothing.
    Silent,
    /// Too many tries without a number.
    NoNumber,
    /// Too many numbers.
    Numbers,
    /// The longest time.
    TooLong,
    /// The gateway is going down.
    GoingDown,
    /// There was no place for the call.
    Full,
    /// The caller hung up.
    HungUp,
    /// The call went to a person.
    Transferred,
}

mod asking;
mod closing;
mod keys;
mod quiet;
mod state;

pub use self::keys::languages;
pub use self::state::Dialogue;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod tests;
