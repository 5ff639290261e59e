//! One terminal's line: what was scanned, what is asked, what is shown and for how long. Sans-IO.
//!
//! Feed it with octets, answers and the time ([`Session::handle_octets`], [`Session::handle_answer`],
//! [`Session::handle_timeout`]); take out octets and events ([`Session::poll_transmit`], [`Session::poll_event`]); come
//! back at [`Session::poll_timeout`]. It reads no clock and opens nothing.
//!
//! One number is asked about at a time; what is scanned meanwhile waits in a queue of [`QUEUE`]. The same number again
//! while its answer is on the way is the same scan. A scan is acknowledged when its answer is on disk. When no answer
//! comes in time the terminal asks for the scan again, and the scan that it then sends is the same one to the core.
//! What a device does not take is bounded by [`MOST_OUT`]: beyond it nothing more is said until it reads.

mod event;
pub mod framed;
mod printer;
mod scan;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Language, Receipt, Refusal, Reply};

pub use self::event::{Event, Noticed, Patience, Probe, Proved, Reached};
use self::printer::Printer;
use self::scan::Said as Read;
pub use self::scan::Scan;
use crate::config::Profile;
use crate::render::{About, Notice, Said, Voice};
use crate::wire::line::{self, Lines, Token};
use crate::wire::{ACK, ENQ, NAK};

/// Scans that wait for the one before them.
pub const QUEUE: usize = 8;
/// Octets that wait for the device.
pub const MOST_OUT: usize = 64 * 1_024;
/// What comes this soon after the line came up was sent while nobody was there.
pub const STALE: Duration = Duration::from_millis(300);
/// A language that was chosen by a shopper ends so long after the last scan.
pub const CHOSEN: Duration = Duration::from_secs(60);
/// The last page stands so long before the idle text comes back.
const LAST_PAGE: Duration = Duration::from_secs(10);
/// A block that is not acknowledged goes out again after so long.
const BLOCK_AGAIN: Duration = Duration::from_secs(1);
/// So often (ISO 1155).
const BLOCK_TRIES: u32 = 3;

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    scan: Scan,
    language: Language,
    wait_at: Option<Instant>,
    give_up_at: Instant,
}

#[derive(Debug)]
struct Block {
    octets: Vec<u8>,
    tries: u32,
    due: Instant,
}

/// What the device still has to answer.
#[derive(Debug)]
enum Probing {
    Nothing,
    Printer(Printer),
    Enquiry,
}

/// One terminal's line.
#[derive(Debug)]
pub struct Session {
    voice: Voice,
    patience: Patience,
    /// What its serial server may say before every packet.
    registration: Arc<[u8]>,
    lines: Lines,
    stale_until: Option<Instant>,
    waiting: Option<Box<Waiting>>,
    queue: VecDeque<Scan>,
    screens: VecDeque<Vec<u8>>,
    /// When the next page, or after the last one the idle text, is due.
    turn: Option<Instant>,
    language: Language,
    language_until: Option<Instant>,
    block: Option<Block>,
    printed: Option<Receipt>,
    /// What the device was asked, to see whether it is there.
    probing: Probing,
    out: Vec<u8>,
    events: VecDeque<Event>,
    tickets: u64,
}

impl Session {
    /// A line that has just come up.
    #[must_use]
    pub fn new(voice: Voice, patience: Patience, registration: Arc<[u8]>, now: Instant) -> Self {
        let device = voice.device();
        let lines = Lines::new(line::Settings { gap: device.gap, check: device.has(Profile::StxLrc) });
        let stale_until = device.discards.then(|| now + STALE);
        let language = device.language;
        let mut session = Self {
            voice,
            patience,
            registration,
            lines,
            stale_until,
            waiting: None,
            queue: VecDeque::new(),
            screens: VecDeque::new(),
            turn: None,
            language,
            language_until: None,
            block: None,
            printed: None,
            probing: Probing::Nothing,
            out: Vec::new(),
            events: VecDeque::new(),
            tickets: 0,
        };
        session.say(&Notice::Idle, now);
        session.turn = None;
        session
    }

    /// Octets came.
    pub fn handle_octets(&mut self, octets: &[u8], now: Instant) {
        if self.stale_until.is_some_and(|until| now < until) {
            self.notice(Noticed::Stale);
            return;
        }
        self.stale_until = None;
        for octet in octets {
            if self.is_of_printer(*octet) {
                continue;
            }
            if let Some(token) = self.lines.push(*octet, now) {
                self.token(token, now);
            }
        }
        // What a serial server says of its own: what comes behind it is a line without it, so that nothing is waited for.
        if !self.lines.is_framed() && self.is_heartbeat(self.lines.unfinished()) {
            self.lines.clear();
            self.notice(Noticed::Heartbeat);
        }
    }

    /// Asks the device whether it is there, by what its profiles have an answer to.
    pub fn probe(&mut self) -> Probe {
        if self.voice.device().has(Profile::Escpos) {
            self.probing = Probing::Printer(Printer::default());
            self.send(&printer::ASK);
            Probe::Printer
        } else if self.voice.device().has(Profile::StxLrc) {
            self.probing = Probing::Enquiry;
            self.send(&[ENQ]);
            Probe::Enquiry
        } else {
            Probe::Nothing
        }
    }

    /// Nobody waits any longer for what [`Session::probe`] asked.
    pub fn give_up_probe(&mut self) {
        self.probing = Probing::Nothing;
    }

    /// Whether an octet is a printer's answer and no part of a line.
    fn is_of_printer(&mut self, octet: u8) -> bool {
        let Probing::Printer(printer) = &mut self.probing else { return false };
        if !self.lines.unfinished().is_empty() || !printer.takes(octet) {
            return false;
        }
        if let Some(reached) = printer.told() {
            self.probing = Probing::Nothing;
            self.events.push_back(Event::Reached(reached));
        }
        true
    }

    /// Whether ACK or NAK is the answer to an enquiry of ours.
    fn is_of_enquiry(&mut self, ready: bool) -> bool {
        let is = self.block.is_none() && matches!(self.probing, Probing::Enquiry);
        if is {
            self.probing = Probing::Nothing;
            self.events.push_back(Event::Reached(Reached::Enquiry { ready }));
        }
        is
    }

    /// The core answered, or refused.
    pub fn handle_answer(&mut self, ticket: u64, answered: Result<&Reply, &Refusal>, now: Instant) {
        let Some(waiting) = self.waiting.take_if(|waiting| waiting.ticket == ticket) else { return };
        match answered {
            Ok(reply) => {
                let fresh = reply.receipt.is_some() && reply.receipt != self.printed;
                let about = About { tail: waiting.scan.tail(), print: fresh };
                let said = self.voice.answer(reply, &about, waiting.language);
                if self.put(said, now) && fresh {
                    self.printed = reply.receipt;
                }
            }
            Err(Refusal::Overloaded) => self.say(&Notice::Again, now),
            Err(refusal) => self.say(&Notice::Refused(refusal.clone()), now),
        }
        self.next(now);
    }

    /// The time has come for something.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(token) = self.lines.handle_timeout(now) {
            self.token(token, now);
        }
        if let Some(waiting) = &mut self.waiting {
            if now >= waiting.give_up_at {
                let ticket = waiting.ticket;
                self.waiting = None;
                self.events.push_back(Event::Forget { ticket });
                self.notice(Noticed::LateAnswer);
                self.say(&Notice::Again, now);
                self.next(now);
            } else if waiting.wait_at.is_some_and(|at| now >= at) {
                waiting.wait_at = None;
                self.say(&Notice::Wait, now);
            }
        }
        if self.language_until.is_some_and(|until| now >= until) {
            self.language_until = None;
            self.language = self.voice.device().language;
        }
        if self.turn.is_some_and(|turn| now >= turn) {
            self.turn_page(now);
        }
        self.mind_block(now);
    }

    /// When [`Session::handle_timeout`] wants to be called, and what for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let waiting = self.waiting.as_ref();
        [
            (self.lines.poll_timeout(), "line"),
            (waiting.and_then(|waiting| waiting.wait_at), "wait"),
            (waiting.map(|waiting| waiting.give_up_at), "give up"),
            (self.turn, "page"),
            (self.language_until, "language"),
            (self.block.as_ref().map(|block| block.due), "block"),
        ]
        .into_iter()
        .filter_map(|(due, what)| due.map(|due| (due, what)))
        .min_by_key(|(due, _)| *due)
    }

    /// Octets for the device; empty for none.
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

    fn token(&mut self, token: Token, now: Instant) {
        match token {
            Token::Line(line) => self.line(&line, now),
            Token::TooLong => {
                self.notice(Noticed::TooLong);
                self.say(&Notice::NotRead, now);
            }
            Token::BadCheck | Token::Unfinished => {
                self.notice(Noticed::Unreadable);
                self.say(&Notice::NotRead, now);
            }
            Token::Enquiry => {
                let device = self.voice.device();
                if device.has(Profile::Ack) || device.has(Profile::StxLrc) {
                    let ready = self.queue.len() < QUEUE;
                    self.send(&[if ready { ACK } else { NAK }]);
                }
            }
            Token::Taken if self.is_of_enquiry(true) => {}
            Token::NotTaken if self.is_of_enquiry(false) => {}
            Token::Taken => self.block = None,
            Token::NotTaken => {
                if let Some(block) = &mut self.block {
                    block.due = now;
                    self.mind_block(now);
                }
            }
        }
    }

    fn line(&mut self, line: &[u8], now: Instant) {
        let mut line = line;
        // A serial server may put either of them before anything.
        while let Some(rest) = self.without_prefix(line) {
            self.notice(Noticed::Heartbeat);
            line = rest;
        }
        if line.is_empty() {
            return;
        }
        let text = self.voice.device().encoding.read(line);
        match scan::read(&text) {
            Read::Language(language) => {
                self.language = language;
                self.language_until = Some(now + CHOSEN);
                self.say(&Notice::Language, now);
            }
            Read::Nothing => {
                self.notice(Noticed::Unreadable);
                self.say(&Notice::NotRead, now);
            }
            Read::Scan(scan) => self.scan(*scan, now),
        }
    }

    fn scan(&mut self, scan: Scan, now: Instant) {
        let same = |other: &Scan| other.key() == scan.key();
        if self.waiting.as_ref().is_some_and(|waiting| same(&waiting.scan)) || self.queue.iter().any(same) {
            self.notice(Noticed::Repeated);
        } else if self.waiting.is_none() {
            self.ask(scan, now);
        } else if self.queue.len() < QUEUE {
            self.queue.push_back(scan);
        } else {
            self.notice(Noticed::Overrun);
            self.say(&Notice::OneByOne, now);
        }
    }

    fn ask(&mut self, scan: Scan, now: Instant) {
        self.tickets += 1;
        if let Some(until) = &mut self.language_until {
            *until = now + CHOSEN;
        }
        let (ticket, language) = (self.tickets, self.language);
        self.waiting = Some(Box::new(Waiting {
            ticket,
            scan: scan.clone(),
            language,
            wait_at: Some(now + self.patience.wait_after),
            give_up_at: now + self.patience.give_up_after,
        }));
        self.events.push_back(Event::Ask { ticket, scan: Box::new(scan), language });
    }

    fn next(&mut self, now: Instant) {
        if self.waiting.is_none()
            && let Some(scan) = self.queue.pop_front()
        {
            self.ask(scan, now);
        }
    }

    fn say(&mut self, notice: &Notice, now: Instant) {
        let said = self.voice.notice(notice, self.language);
        self.put(said, now);
    }

    /// Says something; false where the device does not read.
    fn put(&mut self, said: Said, now: Instant) -> bool {
        let Said { now: at_once, screens, block } = said;
        let fits = self.send(&at_once);
        if !screens.is_empty() {
            self.screens = screens.into();
            self.turn_page(now);
        }
        if let Some(octets) = block {
            self.block = Some(Block { octets, tries: 0, due: now });
            self.mind_block(now);
        }
        fits
    }

    fn turn_page(&mut self, now: Instant) {
        if let Some(screen) = self.screens.pop_front() {
            self.send(&screen);
            let stands = if self.screens.is_empty() { LAST_PAGE } else { self.voice.device().page };
            self.turn = Some(now + stands);
        } else if self.waiting.is_none() {
            self.say(&Notice::Idle, now);
            self.turn = None;
        } else {
            self.turn = None;
        }
    }

    fn mind_block(&mut self, now: Instant) {
        let Some(block) = self.block.as_mut().filter(|block| now >= block.due) else { return };
        if block.tries >= BLOCK_TRIES {
            self.block = None;
            self.notice(Noticed::Unacknowledged);
            return;
        }
        block.tries += 1;
        block.due = now + BLOCK_AGAIN;
        let octets = block.octets.clone();
        self.send(&octets);
    }

    fn send(&mut self, octets: &[u8]) -> bool {
        let fits = self.out.len() + octets.len() <= MOST_OUT;
        if fits {
            self.out.extend(octets);
        } else {
            self.notice(Noticed::Unsaid);
        }
        fits
    }

    fn notice(&mut self, noticed: Noticed) {
        self.events.push_back(Event::Noticed(noticed));
    }

    fn without_prefix<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let heartbeat = &self.voice.device().heartbeat[..];
        [&self.registration[..], heartbeat]
            .into_iter()
            .find_map(|said| (!said.is_empty()).then(|| line.strip_prefix(said)).flatten())
    }

    /// Whether these octets are nothing but what a serial server says of its own.
    fn is_heartbeat(&self, octets: &[u8]) -> bool {
        let mut rest = octets;
        while let Some(without) = self.without_prefix(rest) {
            rest = without;
        }
        rest.is_empty() && !octets.is_empty()
    }
}

#[cfg(test)]
mod tests;
