//! The parts of long texts, put together: out of order, minutes apart, over two links, doubled, lost.
//!
//! Sans-IO: takes parts and the time, gives back whole texts, parts to acknowledge, and texts whose rest never came. Does
//! not decode (`text`), does not read (`reading`) and knows no protocol: a part is acknowledged by a ticket that only the
//! caller understands.
//!
//! # When a part is acknowledged
//! A part that was acknowledged is the gateway's, and it stands in memory alone until its text is whole: the log takes
//! inquiries, not halves of them. So parts are acknowledged with the whole, once that is on disk, and a crash before that
//! loses nothing: the carrier sends them all again. But a carrier with a window of one sends no second part before the
//! first is answered. Therefore a part waits [`Limits::hold`] at most, and no more than [`Limits::held`] wait at a time;
//! after that it is acknowledged by itself. **The limit:** a crash later than that loses the part. The rest, when it comes,
//! is then a text whose first part never came: the sender gets the answer to a number in it, or is asked to send it again,
//! and hears nothing only where no part comes any more.
//!
//! # Which parts belong together
//! Those of one sender to one number by any link of a group, with one reference and one total. A part that differs from
//! the one already there under its place begins another text: senders use references again, some the same one always.
//! The older text is then read as far as it goes. Eight- and sixteen-bit references are one space: a carrier may turn one
//! into the other on the way.
//!
//! # How a text ends
//! - **Whole**: handed out at once. It stays for [`Limits::keep`], so that a part which the carrier sends again gives the
//!   same whole again and the core replays its answer; a part sent again after an overload finds the others still there.
//! - **Overdue**: nothing came for [`Limits::wait`]. Handed out with gaps, again and again until it is settled. It
//!   too stays for a while: a part that comes even later makes it whole, and it is answered as such.
//!
//! # Bounds
//! Texts and octets are counted. Where there is no room the oldest that is done goes; where none is, the oldest that waits
//! becomes overdue at once and the part is refused, for the carrier to send again. Of a text of more than
//! [`Limits::parts`] only those are read.

mod limits;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::message::{Mo, Sar};
use crate::reading::GAP;
use crate::text::{Part, Unreadable, join};

pub use self::limits::Limits;

/// What an entry and each of its parts take besides their octets, roughly.
const OVERHEAD: usize = 256;

/// An overdue text that was not settled is handed out again after so long.
const AGAIN: Duration = Duration::from_secs(5);

/// What parts of one text have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    group: Arc<str>,
    from: String,
    to: String,
    reference: u16,
    total: u8,
}

impl fmt::Debug for Key {
    /// Without the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("group", &self.group)
            .field("reference", &self.reference)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// The text that a message is a part of.
    #[must_use]
    pub fn of(mo: &Mo, place: Sar) -> Self {
        let plain = |text: &str| text.trim_start_matches('+').to_owned();
        Self {
            group: Arc::clone(&mo.link.group),
            from: plain(&mo.from.text),
            to: plain(&mo.to.text),
            reference: place.reference,
            total: place.total,
        }
    }
}

/// A part on its way into a text.
#[derive(Debug)]
pub struct Fragment<T, S> {
    /// The text that it belongs to.
    pub key: Key,
    /// Where in it, from 1.
    pub place: u8,
    /// Its octets.
    pub part: Part,
    /// To acknowledge it by.
    pub ticket: T,
    /// What is needed of the text if it becomes overdue; the first part's is kept.
    pub sample: S,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Offered<T> {
    /// It waits for the others; its ticket comes back by [`Reassembly::release`] or with the whole.
    Waits,
    /// It made the text whole, or belongs to one that is.
    Whole {
        /// The words.
        words: Result<String, Unreadable>,
        /// The tickets to acknowledge when the text is on disk, this part's last.
        tickets: Vec<T>,
    },
    /// Nothing is to be done with it but to acknowledge it.
    Spare(T),
    /// There is no room; the carrier is to send it again.
    Full(T),
}

/// A text whose rest did not come.
#[derive(Debug)]
pub struct Overdue<T> {
    /// Names it in [`Reassembly::settle`].
    pub id: u64,
    /// What its parts have in common.
    pub key: Key,
    /// The words, with a [`GAP`] wherever parts are missing.
    pub words: Result<String, Unreadable>,
    /// A message of it, for what a reply needs.
    pub sample: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Whole,
    Overdue,
    Spent,
}

struct Held<T> {
    part: Part,
    ticket: Option<T>,
}

struct Entry<T, S> {
    key: Key,
    parts: BTreeMap<u8, Held<T>>,
    state: State,
    deadline: Instant,
    octets: usize,
    sample: S,
}

/// Long texts in the making. `T` is a ticket of the caller's, one for each part; `S` what the caller needs of a text that
/// is overdue.
pub struct Reassembly<T, S> {
    limits: Limits,
    entries: HashMap<u64, Entry<T, S>>,
    newest: HashMap<Key, u64>,
    deadlines: BTreeSet<(Instant, u64)>,
    /// Those whose entry may go, by deadline.
    done: BTreeSet<(Instant, u64)>,
    /// Parts whose tickets are held, oldest first; some have been given out since.
    holding: VecDeque<(Instant, u64, u8)>,
    /// How many tickets are held.
    held: usize,
    /// Tickets whose text is gone.
    left: Vec<T>,
    octets: usize,
    next: u64,
}

impl<T, S> fmt::Debug for Reassembly<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reassembly")
            .field("texts", &self.entries.len())
            .field("octets", &self.octets)
            .field("holding", &self.holding.len())
            .finish_non_exhaustive()
    }
}

impl<T, S: Clone> Reassembly<T, S> {
    /// With nothing in it.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            newest: HashMap::new(),
            deadlines: BTreeSet::new(),
            done: BTreeSet::new(),
            holding: VecDeque::new(),
            held: 0,
            left: Vec::new(),
            octets: 0,
            next: 0,
        }
    }

    /// How many texts are held, done ones included.
    #[must_use]
    pub fn texts(&self) -> usize {
        self.entries.len()
    }

    /// How many octets they take.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// Takes a part.
    pub fn offer(&mut self, fragment: Fragment<T, S>, now: Instant) -> Offered<T> {
        let Fragment { key, place, part, ticket, sample } = fragment;
        if place > self.limits.parts {
            return Offered::Spare(ticket);
        }
        let id = match self.newest.get(&key).copied() {
            Some(id) if self.belongs(id, place, &part) => id,
            other => {
                let size = part.len() + 2 * OVERHEAD;
                if !self.make_room(1, size, now) {
                    return Offered::Full(ticket);
                }
                if let Some(older) = other {
                    self.supersede(older, now);
                }
                self.begin(key, sample, now)
            }
        };
        self.put(id, (place, part, ticket), now)
    }

    /// Whether a part can be one of this text's: under its place stands nothing or the same. A text that has been read
    /// with gaps takes none twice: its sender was asked to send it again.
    fn belongs(&self, id: u64, place: u8, part: &Part) -> bool {
        let Some(entry) = self.entries.get(&id) else { return false };
        match entry.parts.get(&place) {
            None => true,
            Some(held) => held.part == *part && entry.state != State::Spent,
        }
    }

    fn begin(&mut self, key: Key, sample: S, now: Instant) -> u64 {
        let id = self.next;
        self.next += 1;
        let deadline = now + self.limits.wait;
        self.newest.insert(key.clone(), id);
        self.deadlines.insert((deadline, id));
        self.octets += OVERHEAD;
        let entry = Entry { key, parts: BTreeMap::new(), state: State::Waiting, deadline, octets: OVERHEAD, sample };
        self.entries.insert(id, entry);
        id
    }

    fn put(&mut self, id: u64, (place, part, ticket): (u8, Part, T), now: Instant) -> Offered<T> {
        let known = self.entries.get(&id).is_some_and(|entry| entry.parts.contains_key(&place));
        let size = part.len() + OVERHEAD;
        if !known && !self.make_room(0, size, now) {
            return Offered::Full(ticket);
        }
        let most = self.limits.parts;
        let Some(entry) = self.entries.get_mut(&id) else { return Offered::Full(ticket) };
        if !known {
            entry.parts.insert(place, Held { part: part.detached(), ticket: None });
            entry.octets += size;
            self.octets += size;
        }
        if entry.parts.len() == usize::from(entry.key.total.min(most)) {
            let mut tickets: Vec<T> = entry.parts.values_mut().filter_map(|held| held.ticket.take()).collect();
            self.held -= tickets.len();
            tickets.push(ticket);
            let words = join(entry.parts.values().map(|held| &held.part));
            self.turn(id, State::Whole, now + self.limits.keep);
            return Offered::Whole { words, tickets };
        }
        // A part that comes again is held for the one before it, whose connection may be gone.
        let before = entry.parts.get_mut(&place).and_then(|held| held.ticket.replace(ticket));
        self.held += usize::from(before.is_none());
        if entry.state == State::Waiting {
            self.turn(id, State::Waiting, now + self.limits.wait);
        }
        self.holding.push_back((now + self.limits.hold, id, place));
        before.map_or(Offered::Waits, Offered::Spare)
    }

    /// The tickets of parts that have waited long enough, or longest of too many: to be acknowledged now.
    pub fn release(&mut self, now: Instant) -> Vec<T> {
        let mut released = std::mem::take(&mut self.left);
        while let Some(&(at, id, place)) = self.holding.front() {
            let held = self.entries.get_mut(&id).and_then(|entry| entry.parts.get_mut(&place));
            let ticket = held.map(|held| &mut held.ticket).filter(|ticket| ticket.is_some());
            if at > now && self.held <= self.limits.held && ticket.is_some() {
                break;
            }
            if let Some(ticket) = ticket.and_then(Option::take) {
                self.held -= 1;
                released.push(ticket);
            }
            self.holding.pop_front();
        }
        released
    }

    /// The texts that are overdue, each to be settled by [`Reassembly::settle`] once its answer is on disk; and forgets
    /// those that were kept long enough.
    pub fn expire(&mut self, now: Instant) -> Vec<Overdue<S>> {
        let mut overdue = Vec::new();
        while let Some(&(at, id)) = self.deadlines.first() {
            if at > now {
                break;
            }
            match self.entries.get(&id).map(|entry| entry.state) {
                Some(State::Waiting | State::Overdue) => {
                    self.turn(id, State::Overdue, now + AGAIN);
                    overdue.extend(self.read_with_gaps(id));
                }
                Some(State::Whole | State::Spent) => self.forget(id),
                None => {
                    self.deadlines.pop_first();
                }
            }
        }
        overdue
    }

    /// What was read of an overdue text has been answered, or is not to be.
    pub fn settle(&mut self, id: u64, now: Instant) {
        if self.entries.get(&id).is_some_and(|entry| entry.state == State::Overdue) {
            self.turn(id, State::Spent, now + self.limits.keep);
        }
    }

    /// When [`Reassembly::release`] or [`Reassembly::expire`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let held = self.holding.front().map(|(at, ..)| *at);
        let due = self.deadlines.first().map(|(at, _)| *at);
        held.into_iter().chain(due).min()
    }

    fn read_with_gaps(&self, id: u64) -> Option<Overdue<S>> {
        let entry = self.entries.get(&id)?;
        let total = entry.key.total.min(self.limits.parts);
        let mut words = String::new();
        let mut failed = None;
        let mut place = 1;
        while place <= total {
            let run: Vec<&Part> = (place..=total).map_while(|at| entry.parts.get(&at)).map(|held| &held.part).collect();
            if run.is_empty() {
                if !words.ends_with(GAP) {
                    words.push(GAP);
                }
                place += 1;
                continue;
            }
            place = place.saturating_add(u8::try_from(run.len()).unwrap_or(u8::MAX));
            match join(run) {
                Ok(run) => words.push_str(&run),
                Err(error) => failed = Some(error),
            }
        }
        let nothing = words.chars().all(|c| c == GAP);
        let words = match failed {
            Some(error) if nothing => Err(error),
            Some(_) | None => Ok(words),
        };
        Some(Overdue { id, key: entry.key.clone(), words, sample: entry.sample.clone() })
    }

    /// Another text took this one's reference: it is overdue now, if it still waits.
    fn supersede(&mut self, id: u64, now: Instant) {
        if self.entries.get(&id).is_some_and(|entry| entry.state == State::Waiting) {
            self.turn(id, State::Overdue, now);
        }
    }

    fn turn(&mut self, id: u64, state: State, deadline: Instant) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        self.deadlines.remove(&(entry.deadline, id));
        self.done.remove(&(entry.deadline, id));
        entry.state = state;
        entry.deadline = deadline;
        self.deadlines.insert((deadline, id));
        if matches!(state, State::Whole | State::Spent) {
            self.done.insert((deadline, id));
        }
    }

    fn forget(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else { return };
        self.deadlines.remove(&(entry.deadline, id));
        self.done.remove(&(entry.deadline, id));
        self.octets -= entry.octets;
        let before = self.left.len();
        self.left.extend(entry.parts.into_values().filter_map(|held| held.ticket));
        self.held -= self.left.len() - before;
        if self.newest.get(&entry.key) == Some(&id) {
            self.newest.remove(&entry.key);
        }
    }

    /// Whether so many more have room, after what is done has gone where needed.
    fn make_room(&mut self, texts: usize, octets: usize, now: Instant) -> bool {
        while self.entries.len() + texts > self.limits.texts || self.octets + octets > self.limits.octets {
            if let Some(&(_, id)) = self.done.first() {
                self.forget(id);
                continue;
            }
            let waiting = |id: &u64| self.entries.get(id).is_some_and(|entry| entry.state == State::Waiting);
            if let Some(id) = self.deadlines.iter().map(|(_, id)| *id).find(|id| waiting(id)) {
                self.turn(id, State::Overdue, now);
            }
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests;
