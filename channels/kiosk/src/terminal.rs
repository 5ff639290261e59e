//! A terminal that speaks the framed protocol, from the terminal's side: the reference for vendors. Sans-IO.
//!
//! Says hello, proves itself, checks the gateway's proof, asks about what was scanned one after another, sends again what
//! is not answered, keeps scans while it is cut off, and says how old they are. Opens no line and shows nothing: take
//! out octets ([`Terminal::poll_transmit`]) and what there is to show ([`Terminal::poll_event`]).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use minicbor::bytes::ByteArray;
use subtle::ConstantTimeEq as _;

use crate::session::framed::{BY_GATEWAY, BY_TERMINAL, DEAD, Key, PING, proof};
use crate::wire::frame::{self, Frames, Token};
use crate::wire::message::{Answer, Check, Hello, Message, Ping, Proof, Reason, Says, Status, Sums, VERSION, Welcome};

/// Scans that are kept while it is cut off.
pub const QUEUE: usize = 1_000;
/// Before a message goes out again; twice as long each time.
const AGAIN: Duration = Duration::from_secs(1);
/// So often; then the line is given up.
const TRIES: u32 = 5;

/// What a terminal is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Its registered name.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// Columns of its display.
    pub columns: u8,
    /// The language of its shoppers.
    pub language: String,
}

/// What there is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is let in: what to show while nobody asks, the messages of the day, and the gateway's clock.
    Welcome(Box<Welcome>),
    /// An answer to a scan.
    Answer(Box<Answer>),
    /// A scan that gets no answer, with what to show for it.
    Refused(Reason, Vec<String>),
    /// The scan is kept until the line is back.
    Kept,
    /// There is no room for more scans.
    Full,
    /// The line is to be closed and opened again: nobody answers, or not with our key.
    Lost(&'static str),
}

#[derive(Debug)]
struct Scanned {
    check: Check,
    at: Instant,
}

#[derive(Debug)]
struct Sent {
    message: Message,
    tries: u32,
    due: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Down,
    Hello { nonce: [u8; 16] },
    Proved { nonce: [u8; 16], theirs: [u8; 16] },
    In,
}

/// A terminal.
#[derive(Debug)]
pub struct Terminal {
    identity: Identity,
    frames: Frames,
    /// Of the gateway; it gets sums in any case, for one that is older skips them.
    sums: Sums,
    state: State,
    sequence: u16,
    queue: VecDeque<Scanned>,
    sent: Option<Sent>,
    /// How it is, still to be told.
    status: Option<Status>,
    /// How it was told to be last.
    condition: Status,
    /// Chosen by a shopper since it said hello.
    spoken: Option<String>,
    heard: Instant,
    ping_at: Instant,
    out: Vec<u8>,
    events: VecDeque<Event>,
}

impl Terminal {
    /// A terminal that was just switched on.
    #[must_use]
    pub fn new(identity: Identity, now: Instant) -> Self {
        Self {
            identity,
            frames: Frames::default(),
            sums: Sums::default(),
            state: State::Down,
            sequence: 0,
            queue: VecDeque::new(),
            sent: None,
            status: None,
            condition: Status::default(),
            spoken: None,
            heard: now,
            ping_at: now + PING,
            out: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// Its line is up; `nonce` is random.
    pub fn handle_up(&mut self, nonce: [u8; 16], now: Instant) {
        self.handle_down();
        self.heard = now;
        self.ping_at = now + PING;
        self.state = State::Hello { nonce };
        let Identity { name, columns, language, .. } = &self.identity;
        let hello = Hello {
            least: VERSION,
            most: VERSION,
            terminal: name.clone(),
            nonce: nonce.into(),
            model: Some("reference".to_owned()),
            firmware: Some(env!("CARGO_PKG_VERSION").to_owned()),
            columns: Some(*columns),
            queued: u32::try_from(self.queue.len()).ok(),
            language: Some(language.clone()),
            tells: Some(true),
        };
        self.ask(Says::Hello(hello), now);
    }

    /// Its line is gone; what was scanned is kept.
    pub fn handle_down(&mut self) {
        self.state = State::Down;
        self.frames = Frames::default();
        self.sums = Sums::default();
        self.sent = None;
        self.out.clear();
    }

    /// Something was scanned or keyed; `id` is never used again.
    pub fn scan(&mut self, code: &str, id: [u8; 16], keyed: bool, now: Instant) {
        if self.queue.len() >= QUEUE {
            self.events.push_back(Event::Full);
            return;
        }
        let check = Check {
            id: id.into(),
            code: code.to_owned(),
            language: self.spoken.clone(),
            age_ms: None,
            keyed: keyed.then_some(true),
        };
        self.queue.push_back(Scanned { check, at: now });
        if self.state != State::In {
            self.events.push_back(Event::Kept);
        }
        self.next(now);
    }

    /// A shopper chose a language, by its BCP 47 tag; scans from now on are answered in it.
    pub fn speak(&mut self, tag: &str) {
        self.spoken = Some(tag.to_owned());
    }

    /// Something is to be told of how it is.
    pub fn tell(&mut self, status: Status, now: Instant) {
        self.condition = status.clone();
        self.status = Some(status);
        self.next(now);
    }

    /// Scans that have no answer yet.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.queue.len()
    }

    /// Octets came.
    pub fn handle_octets(&mut self, octets: &[u8], now: Instant) {
        for octet in octets {
            if let Some(Token::Body(body)) = self.frames.push(*octet)
                && let Ok(message) = self.sums.read(&body)
            {
                self.heard = now;
                self.message(message, now);
            }
        }
    }

    /// The time has come for something.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Down {
            return;
        }
        if now >= self.heard + DEAD {
            return self.lost("nothing was heard");
        }
        if let Some(sent) = self.sent.as_mut().filter(|sent| now >= sent.due) {
            if sent.tries >= TRIES {
                return self.lost("nobody answers");
            }
            sent.due = now + AGAIN * 2_u32.saturating_pow(sent.tries);
            sent.tries += 1;
            let message = sent.message.clone();
            self.write(&message);
        }
        if self.state == State::In && now >= self.ping_at && self.sent.is_none() {
            self.ask(Says::Ping(Ping { clock_ms: None }), now);
        }
    }

    /// When [`Terminal::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.state == State::Down {
            return None;
        }
        let sent = self.sent.as_ref().map(|sent| sent.due);
        let ping = (self.state == State::In && self.sent.is_none()).then_some(self.ping_at);
        [sent, ping, Some(self.heard + DEAD)].into_iter().flatten().min()
    }

    /// Octets for the gateway; empty for none.
    pub fn poll_transmit(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What there is to show, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn message(&mut self, message: Message, now: Instant) {
        // An answer to something that was answered already, or to nothing.
        let asked = self.sent.as_ref().is_some_and(|sent| sent.message.sequence == message.sequence);
        if let Says::Bye(_) = message.says {
            return self.lost("the gateway said goodbye");
        }
        if let (State::In, Says::How(how)) = (self.state, &message.says) {
            let status = Status { how: Some(how.number), ..self.condition.clone() };
            self.status = Some(status);
            return self.next(now);
        }
        if !asked {
            return;
        }
        match (self.state, message.says) {
            (State::Hello { nonce }, Says::Challenge(challenge)) => {
                let theirs: [u8; 16] = challenge.nonce.into();
                let Identity { name, key, .. } = &self.identity;
                let mac = ByteArray::from(proof(key, BY_TERMINAL, name, &nonce, &theirs));
                self.state = State::Proved { nonce, theirs };
                self.ask(Says::Proof(Proof { mac }), now);
            }
            (State::Proved { nonce, theirs }, Says::Welcome(welcome)) => {
                let Identity { name, key, .. } = &self.identity;
                let expected = proof(key, BY_GATEWAY, name, &nonce, &theirs);
                if !bool::from(expected.ct_eq(&welcome.mac[..])) {
                    return self.lost("the gateway does not have our key");
                }
                self.state = State::In;
                self.sent = None;
                self.events.push_back(Event::Welcome(Box::new(welcome)));
                self.next(now);
            }
            (State::In, Says::Answer(answer)) => {
                if self.queue.front().is_some_and(|scanned| scanned.check.id == answer.id) {
                    self.queue.pop_front();
                    self.sent = None;
                    self.events.push_back(Event::Answer(Box::new(answer)));
                    self.next(now);
                }
            }
            (State::In, Says::Pong(_) | Says::Taken(_)) => {
                self.sent = None;
                self.next(now);
            }
            (State::In, Says::Refused(refused)) => self.refused(refused.reason, refused.lines, now),
            (_, Says::Refused(refused)) => {
                self.events.push_back(Event::Refused(refused.reason, refused.lines));
                self.lost("the gateway does not let us in");
            }
            (_, _) => {}
        }
    }

    fn refused(&mut self, reason: Reason, lines: Vec<String>, now: Instant) {
        self.events.push_back(Event::Refused(reason, lines));
        match reason {
            // Again later, with the same id: the timer that is running does it.
            Reason::Busy | Reason::Unavailable | Reason::Window => {}
            Reason::Version
            | Reason::Unknown
            | Reason::Order
            | Reason::Unsupported
            | Reason::Unreadable
            | Reason::Conflict => {
                if matches!(self.sent.as_ref().map(|sent| &sent.message.says), Some(Says::Check(_))) {
                    self.queue.pop_front();
                }
                self.sent = None;
                self.next(now);
            }
        }
    }

    /// Asks about the oldest scan, once nothing else is asked.
    fn next(&mut self, now: Instant) {
        if self.state != State::In || self.sent.is_some() {
            return;
        }
        if let Some(status) = self.status.take() {
            self.ask(Says::Status(status), now);
        } else if let Some(scanned) = self.queue.front() {
            let age = u64::try_from(now.saturating_duration_since(scanned.at).as_millis()).unwrap_or(u64::MAX);
            let check = Check { age_ms: Some(age), ..scanned.check.clone() };
            self.ask(Says::Check(check), now);
        }
    }

    fn ask(&mut self, says: Says, now: Instant) {
        self.sequence = self.sequence.wrapping_add(1);
        let message = Message { sequence: self.sequence, says };
        self.write(&message);
        self.ping_at = now + PING;
        self.sent = Some(Sent { message, tries: 1, due: now + AGAIN });
    }

    fn write(&mut self, message: &Message) {
        let mut body = Vec::new();
        message.write_summed(&mut body);
        frame::write(&body, &mut self.out);
    }

    fn lost(&mut self, why: &'static str) {
        self.handle_down();
        self.events.push_back(Event::Lost(why));
    }
}
