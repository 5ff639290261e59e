//! Replies that wait for the links of one group.
//!
//! Owns their order, their retries and the count of them; hands out single segments to whichever connection has room.
//! Reads no clock, sends nothing and settles nothing: it says what became of a reply as a whole.
//!
//! # How often one segment goes out
//! Once, where the peer answers. It goes out again after an answer that asks for that ([`Outcome::Answered`] with a
//! treatment other than refusal), which cannot double it. Where no answer came at all the peer may have it: it goes out
//! once more and then never again, so that a shopper gets at most one copy too many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract::{Delivery, Position, Timestamp};

use crate::message::{Reply, Segment};
use crate::session::Outcome;
use crate::wire::status::Treatment;
use crate::wire::{Carrier, Status};

/// Tries of a segment that is answered with "later", by the wait before each.
const LATER: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(900),
    Duration::from_secs(3_600),
];

/// A reply on its way, shared by its segments.
#[derive(Debug)]
pub struct Item {
    /// The reply.
    pub reply: Reply,
    /// The PDU that it goes out in on a connection whose peer bound to us.
    pub carrier: Carrier,
    left: AtomicUsize,
    over: AtomicBool,
}

/// One segment of a reply, to be sent.
#[derive(Debug, Clone)]
pub struct Out {
    /// The reply.
    pub item: Arc<Item>,
    nth: usize,
    later: usize,
    unanswered: bool,
}

/// What became of a whole reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub owed: Option<Position>,
    /// What.
    pub delivery: Delivery,
    /// Why, where it was not delivered.
    pub why: Option<Why>,
}

/// Why a reply was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The peer refused it for good.
    Refused(Status),
    /// The peer asked for later too often.
    TooOften(Status),
    /// It went out twice and was never answered.
    Unanswered,
    /// It is of no use any more.
    Expired,
    /// It was taken, and a receipt said later that it never arrived.
    NeverArrived,
}

/// The replies that wait.
#[derive(Debug, Default)]
pub struct Outbox {
    ready: VecDeque<Out>,
    later: BTreeMap<(Instant, u64), Out>,
    numbers: u64,
}

impl Item {
    /// A reply that nobody has sent anything of.
    #[must_use]
    pub fn new(reply: Reply, carrier: Carrier) -> Arc<Self> {
        let left = AtomicUsize::new(reply.segments.len());
        Arc::new(Self { reply, carrier, left, over: AtomicBool::new(false) })
    }

    /// Ends it, once.
    fn end(&self, delivery: Delivery, why: Option<Why>) -> Option<Settled> {
        let first = !self.over.swap(true, Ordering::AcqRel);
        first.then_some(Settled { owed: self.reply.owed, delivery, why })
    }
}

impl Out {
    /// The segment.
    #[must_use]
    pub fn segment(&self) -> Option<&Segment> {
        self.item.reply.segments.get(self.nth)
    }

    /// Whether it went out before and the peer may have it.
    #[must_use]
    pub const fn may_be_double(&self) -> bool {
        self.unanswered
    }
}

impl Outbox {
    /// Takes a reply.
    pub fn push(&mut self, item: &Arc<Item>) {
        for nth in 0..item.reply.segments.len() {
            self.ready.push_back(Out { item: Arc::clone(item), nth, later: 0, unanswered: false });
        }
    }

    /// How many segments wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.len() + self.later.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one may be sent now.
    #[must_use]
    pub fn is_ready(&self, now: Instant) -> bool {
        !self.ready.is_empty() || self.next_due().is_some_and(|due| due <= now)
    }

    /// When the next one that was put off is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next segment to send; replies that are of no use any more end here.
    pub fn pull(&mut self, now: Instant, time: Timestamp, ended: &mut Vec<Settled>) -> Option<Out> {
        while let Some(due) = self.next_due()
            && due <= now
            && let Some((_, out)) = self.later.pop_first()
        {
            self.ready.push_back(out);
        }
        while let Some(out) = self.ready.pop_front() {
            if out.item.over.load(Ordering::Acquire) {
                continue;
            }
            if out.item.reply.valid_until <= time {
                ended.extend(out.item.end(Delivery::Expired, Some(Why::Expired)));
                continue;
            }
            return Some(out);
        }
        None
    }

    /// Ends every waiting reply that is of no use any more.
    pub fn expire(&mut self, time: Timestamp) -> Vec<Settled> {
        let mut ended = Vec::new();
        let mut stays = |out: &Out| {
            let expired = out.item.reply.valid_until <= time;
            if expired {
                ended.extend(out.item.end(Delivery::Expired, Some(Why::Expired)));
            }
            !expired && !out.item.over.load(Ordering::Acquire)
        };
        self.ready.retain(&mut stays);
        self.later.retain(|_, out| stays(out));
        ended
    }

    /// What became of a segment that was sent; the whole reply, where that ends it.
    pub fn settle(&mut self, mut out: Out, outcome: &Outcome, now: Instant) -> Option<Settled> {
        match outcome {
            Outcome::Taken { .. } => {
                let last = out.item.left.fetch_sub(1, Ordering::AcqRel) == 1;
                if last { out.item.end(Delivery::Delivered, None) } else { None }
            }
            Outcome::Answered { status, treatment: Treatment::Refused | Treatment::Taken } => {
                out.item.end(Delivery::Refused, Some(Why::Refused(*status)))
            }
            Outcome::Answered { treatment: Treatment::Pause, .. } => {
                self.ready.push_front(out);
                None
            }
            Outcome::Answered { status, treatment: Treatment::Later } => {
                let Some(wait) = LATER.get(out.later) else {
                    return out.item.end(Delivery::Refused, Some(Why::TooOften(*status)));
                };
                out.later += 1;
                self.numbers += 1;
                self.later.insert((now + *wait, self.numbers), out);
                None
            }
            Outcome::Unanswered if out.unanswered => out.item.end(Delivery::Refused, Some(Why::Unanswered)),
            Outcome::Unanswered => {
                out.unanswered = true;
                self.ready.push_back(out);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
