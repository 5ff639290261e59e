//! A terminal that speaks the framed protocol, from the gateway's side. Sans-IO, as [`super::Session`].
//!
//! First hello, then the proof, then all else; whoever is not proved asks nothing and learns nothing: an unknown name is
//! challenged as a known one is, and a wrong proof reads the same as no such name. A hello begins anew at any time, for
//! a terminal that was switched off tells nobody. Checks are asked of the core one after another; [`WINDOW`] may wait.
//! The id of a check is the terminal's: sent again on any line at any time it is the same check to the core.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::reading::{Number, read_one};
use contract::{Language, Refusal, Reply, Timestamp};
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Event, Noticed, Patience, Probe, Proved, Reached, Scan};
use crate::config::Device;
use crate::render::{Notice, Voice};
use crate::wire::frame::{self, Frames, Token};
use crate::wire::message::{
    Answer, Bye, Challenge, Check, Hello, How, Message, Pong, Proof, Reason, Refused, Says, Status, Sums, Taken,
    Unreadable, VERSION, Welcome,
};

/// Checks that may wait, the one that is asked included.
pub const WINDOW: usize = 8;
/// A terminal gives a sign of life this often.
pub const PING: Duration = Duration::from_secs(15);
/// Without one for so long it is gone.
pub const DEAD: Duration = Duration::from_secs(45);
/// It proves who it is within so long.
const PROVING: Duration = Duration::from_secs(10);
/// A check is the same check for so long: longer than a terminal is cut off.
pub const SAME: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// The oldest scan that a terminal may still ask about.
const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A terminal's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// From 64 hexadecimal digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0; 32];
        for (octet, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(key))
    }
}

/// Terminals that can prove who they are, by name.
pub type Keys = BTreeMap<Arc<str>, (Key, Arc<Device>)>;

/// What the terminal proves, or the gateway, over both nonces: who has the key and is there now.
#[must_use]
pub fn proof(key: &Key, who: &str, name: &str, terminal: &[u8; 16], gateway: &[u8; 16]) -> [u8; 32] {
    // A key is filled up with zeroes to a block of the hash (RFC 2104).
    let mut block = [0; 64];
    block.iter_mut().zip(key.0).for_each(|(to, from)| *to = from);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for part in [who.as_bytes(), name.as_bytes(), terminal, gateway] {
        // Lengths first, or two names could be one.
        mac.update(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Said in the proof by the terminal.
pub const BY_TERMINAL: &str = "verigate kiosk 1 terminal";
/// Said in the proof by the gateway.
pub const BY_GATEWAY: &str = "verigate kiosk 1 gateway";

#[derive(Debug)]
enum State {
    Strange,
    Challenged { hello: Hello, ours: [u8; 16] },
    In,
    Over,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    sequence: u16,
    check: Check,
    give_up_at: Instant,
}

/// One terminal's line.
#[derive(Debug)]
pub struct Framed {
    frames: Frames,
    sums: Sums,
    state: State,
    keys: Arc<Keys>,
    /// Nonces come out of it; no two are the same.
    seed: [u8; 32],
    nonces: u64,
    voice: Voice,
    patience: Patience,
    waiting: Option<Waiting>,
    queue: VecDeque<(u16, Check)>,
    language: Language,
    /// It answers HOW.
    tells: bool,
    tickets: u64,
    due: Instant,
    out: Vec<u8>,
    events: VecDeque<Event>,
}

impl Framed {
    /// A line that has just come up; `seed` is random.
    #[must_use]
    pub fn new(voice: Voice, patience: Patience, keys: Arc<Keys>, seed: [u8; 32], now: Instant) -> Self {
        let language = voice.device().language;
        Self {
            frames: Frames::default(),
            sums: Sums::default(),
            state: State::Strange,
            keys,
            seed,
            nonces: 0,
            voice,
            patience,
            waiting: None,
            queue: VecDeque::new(),
            language,
            tells: false,
            tickets: 0,
            due: now + PROVING,
            out: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Octets came.
    pub fn handle_octets(&mut self, octets: &[u8], (now, clock): (Instant, Timestamp)) {
        for octet in octets {
            match self.frames.push(*octet) {
                None => {}
                // The terminal sends again what it gets no answer to.
                Some(Token::Damaged) => self.notice(Noticed::Unreadable),
                Some(Token::Body(body)) => self.body(&body, (now, clock)),
            }
        }
    }

    /// The core answered, or refused.
    pub fn handle_answer(&mut self, ticket: u64, answered: Result<&Reply, &Refusal>, now: Instant) {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.ticket == ticket) else { return };
        let language = self.language_of(&waiting.check);
        match answered {
            Ok(reply) => match reply.answers.first() {
                Some(answer) => {
                    let says = Says::Answer(Answer {
                        id: waiting.check.id,
                        verdict: answer.verdict.kind().name().to_owned(),
                        colour: answer.colour.name().to_owned(),
                        pages: self.voice.pages(reply, language),
                        receipt: reply.receipt.map(|receipt| receipt.to_string()),
                        replayed: reply.replayed,
                        recorded: reply.position.is_some(),
                    });
                    self.send(waiting.sequence, says);
                }
                None => self.refuse(waiting.sequence, Reason::Unreadable, &Notice::NotRead),
            },
            Err(refusal) => {
                let (reason, notice) = match refusal {
                    Refusal::Overloaded => (Reason::Busy, Notice::Again),
                    Refusal::Conflict => (Reason::Conflict, Notice::Again),
                    Refusal::Unavailable(_) | Refusal::Internal => {
                        (Reason::Unavailable, Notice::Refused(refusal.clone()))
                    }
                    Refusal::BadRequest(_) | Refusal::Unauthorised(_) => {
                        (Reason::Unreadable, Notice::Refused(refusal.clone()))
                    }
                };
                self.refuse(waiting.sequence, reason, &notice);
            }
        }
        self.next(now);
    }

    /// The time has come for something.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(waiting) = self.waiting.take_if(|waiting| now >= waiting.give_up_at) {
            self.events.push_back(Event::Forget { ticket: waiting.ticket });
            self.notice(Noticed::LateAnswer);
            self.refuse(waiting.sequence, Reason::Busy, &Notice::Again);
            self.next(now);
        }
        if now >= self.due && !matches!(self.state, State::Over) {
            self.over();
        }
    }

    /// When [`Framed::handle_timeout`] wants to be called, and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        if matches!(self.state, State::Over) {
            return None;
        }
        let give_up = self.waiting.as_ref().map(|waiting| (waiting.give_up_at, "give up"));
        [Some((self.due, "sign of life")), give_up].into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    /// Octets for the terminal; empty for none.
    pub fn poll_transmit(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What the session wants, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether something is asked and not yet answered.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Asks the terminal how it is; its answer is [`Reached::How`] with this number.
    pub fn probe(&mut self, number: u32) -> Probe {
        if !self.tells || !matches!(self.state, State::In) {
            return Probe::Nothing;
        }
        self.send(0, Says::How(How { number }));
        Probe::How
    }

    /// Whether the terminal's key is the one that it has among these.
    #[must_use]
    pub fn agrees(&self, name: &str, keys: &Keys) -> bool {
        self.keys.get(name).map(|(key, _)| key) == keys.get(name).map(|(key, _)| key)
    }

    fn body(&mut self, body: &[u8], (now, clock): (Instant, Timestamp)) {
        let Message { sequence, says } = match self.sums.read(body) {
            Ok(message) => message,
            Err(unreadable) => {
                self.notice(Noticed::Unreadable);
                match unreadable {
                    Unreadable::Short(_) | Unreadable::Damaged => {}
                    Unreadable::Version { sequence, .. } => self.refuse(sequence, Reason::Version, &Notice::Again),
                    Unreadable::Kind { sequence, .. } => self.refuse(sequence, Reason::Unsupported, &Notice::Again),
                    Unreadable::Map { sequence, .. } => self.refuse(sequence, Reason::Unreadable, &Notice::NotRead),
                }
                return;
            }
        };
        match (&self.state, says) {
            (State::Over, _) => {}
            (_, Says::Hello(hello)) => self.hello(sequence, hello, now),
            (State::Challenged { .. }, Says::Proof(proved)) => self.proved(sequence, &proved, (now, clock)),
            (State::In, says) => {
                self.due = now + DEAD;
                self.inside(sequence, says, (now, clock));
            }
            (State::Strange | State::Challenged { .. }, _) => self.refuse(sequence, Reason::Order, &Notice::Again),
        }
    }

    fn hello(&mut self, sequence: u16, hello: Hello, now: Instant) {
        self.queue.clear();
        if let Some(waiting) = self.waiting.take() {
            self.events.push_back(Event::Forget { ticket: waiting.ticket });
        }
        if hello.least > VERSION || hello.most < VERSION {
            self.state = State::Strange;
            return self.refuse(sequence, Reason::Version, &Notice::Again);
        }
        // Once for a stranger: who never proves anything cannot stay by saying hello for ever.
        if matches!(self.state, State::In) {
            self.due = now + PROVING;
        }
        let ours = self.nonce();
        self.state = State::Challenged { hello, ours };
        self.send(sequence, Says::Challenge(Challenge { version: VERSION, nonce: ours.into() }));
    }

    fn nonce(&mut self) -> [u8; 16] {
        self.nonces += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.nonces.to_be_bytes());
        let digest = hash.finalize();
        let mut nonce = [0; 16];
        nonce.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        nonce
    }

    fn proved(&mut self, sequence: u16, proved: &Proof, (now, clock): (Instant, Timestamp)) {
        let State::Challenged { hello, ours } = std::mem::replace(&mut self.state, State::Strange) else { return };
        let name = hello.terminal.as_str();
        let known = self.keys.get(name).map(|(key, device)| (key.clone(), Arc::clone(device)));
        // The same work for a name that nobody has.
        let (key, device) = known.map_or_else(|| (Key(self.seed), None), |(key, device)| (key, Some(device)));
        let expected = proof(&key, BY_TERMINAL, name, &hello.nonce, &ours);
        let right = bool::from(expected.ct_eq(&proved.mac[..]));
        let Some(device) = device.filter(|_| right) else {
            self.notice(Noticed::Unproved);
            self.refuse(sequence, Reason::Unknown, &Notice::Again);
            return;
        };
        let mac = proof(&key, BY_GATEWAY, name, &hello.nonce, &ours);
        let mut fitted = Device::clone(&device);
        if let Some(columns) = hello.columns.filter(|columns| (8..=80).contains(columns)) {
            fitted.columns = columns.into();
        }
        self.voice = self.voice.on(Arc::new(fitted));
        self.language = hello.language.as_deref().and_then(Language::for_tag).unwrap_or(device.language);
        self.state = State::In;
        self.due = now + DEAD;
        let welcome = Welcome {
            mac: mac.into(),
            clock_ms: clock.as_millis(),
            window: u8::try_from(WINDOW).unwrap_or(u8::MAX),
            ping_s: u16::try_from(PING.as_secs()).unwrap_or(u16::MAX),
            idle: self.voice.lines(&Notice::Idle, self.language),
            notices: device.notices.clone(),
        };
        self.send(sequence, Says::Welcome(welcome));
        self.tells = hello.tells == Some(true);
        let Hello { terminal, model, firmware, queued, .. } = hello;
        self.events.push_back(Event::Proved(Box::new(Proved { terminal, model, firmware, queued })));
    }

    fn inside(&mut self, sequence: u16, says: Says, (now, clock): (Instant, Timestamp)) {
        match says {
            Says::Check(check) => self.check(sequence, check, now),
            Says::Ping(_) => self.send(sequence, Says::Pong(Pong { clock_ms: clock.as_millis() })),
            Says::Status(status) => {
                self.send(sequence, Says::Taken(Taken {}));
                let how = status.how;
                self.events.push_back(Event::Status(Box::new(bounded(status))));
                if let Some(number) = how {
                    self.events.push_back(Event::Reached(Reached::How(number)));
                }
            }
            Says::Bye(_) => self.over(),
            Says::Hello(_)
            | Says::Proof(_)
            | Says::Challenge(_)
            | Says::Welcome(_)
            | Says::Answer(_)
            | Says::Pong(_)
            | Says::Taken(_)
            | Says::How(_)
            | Says::Refused(_) => self.refuse(sequence, Reason::Order, &Notice::Again),
        }
    }

    fn check(&mut self, sequence: u16, check: Check, now: Instant) {
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.check.id == check.id) {
            // Its answer goes to the last one that asked.
            waiting.sequence = sequence;
            self.notice(Noticed::Repeated);
        } else if let Some(queued) = self.queue.iter_mut().find(|(_, queued)| queued.id == check.id) {
            queued.0 = sequence;
            self.notice(Noticed::Repeated);
        } else if self.waiting.is_none() {
            self.ask(sequence, check, now);
        } else if self.queue.len() + 1 < WINDOW {
            self.queue.push_back((sequence, check));
        } else {
            self.notice(Noticed::Overrun);
            self.refuse(sequence, Reason::Window, &Notice::OneByOne);
        }
    }

    fn ask(&mut self, sequence: u16, check: Check, now: Instant) {
        let given = read_one(&check.code);
        if matches!(given.number, Number::Unreadable { read: 0 }) {
            self.notice(Noticed::Unreadable);
            self.refuse(sequence, Reason::Unreadable, &Notice::NotRead);
            return;
        }
        self.tickets += 1;
        let (ticket, language) = (self.tickets, self.language_of(&check));
        let age = Duration::from_millis(check.age_ms.unwrap_or(0)).min(OLDEST);
        let scan = Scan::of_terminal(given, &check.id, age, check.keyed == Some(true));
        let give_up_at = now + self.patience.give_up_after;
        self.waiting = Some(Waiting { ticket, sequence, check, give_up_at });
        self.events.push_back(Event::Ask { ticket, scan: Box::new(scan), language });
    }

    fn next(&mut self, now: Instant) {
        while self.waiting.is_none()
            && let Some((sequence, check)) = self.queue.pop_front()
        {
            self.ask(sequence, check, now);
        }
    }

    fn language_of(&self, check: &Check) -> Language {
        check.language.as_deref().and_then(Language::for_tag).unwrap_or(self.language)
    }

    fn over(&mut self) {
        self.send(0, Says::Bye(Bye { why: None }));
        self.state = State::Over;
        self.waiting = None;
        self.queue.clear();
        self.events.push_back(Event::Over);
    }

    fn refuse(&mut self, sequence: u16, reason: Reason, notice: &Notice) {
        let lines = self.voice.lines(notice, self.language);
        self.send(sequence, Says::Refused(Refused { reason, lines }));
    }

    fn send(&mut self, sequence: u16, says: Says) {
        let mut body = Vec::new();
        self.sums.write(&Message { sequence, says }, &mut body);
        // A terminal that does not read is owed a bounded amount; what is not said is asked for again.
        if self.out.len() > super::MOST_OUT || !frame::write(&body, &mut self.out) {
            self.notice(Noticed::Unsaid);
        }
    }

    fn notice(&mut self, noticed: Noticed) {
        self.events.push_back(Event::Noticed(noticed));
    }
}

/// What a terminal says of itself, in bounds that an operator can read.
fn bounded(status: Status) -> Status {
    Status { fault: status.fault.map(|fault| fault.chars().filter(|c| !c.is_control()).take(200).collect()), ..status }
}

#[cfg(test)]
mod tests;
