//! The replies of one group of links, shared by all of its connections.
//!
//! A lock around an [`Outbox`] that is never held across a wait, and a bell that wakes the connections which have room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use contract::Timestamp;
use tokio::sync::watch;

use crate::outbox::{Item, Out, Outbox, Settled};
use crate::session::Outcome;

/// One group.
#[derive(Debug)]
pub(crate) struct Group {
    outbox: Mutex<Outbox>,
    bell: watch::Sender<u64>,
}

impl Default for Group {
    fn default() -> Self {
        Self { outbox: Mutex::default(), bell: watch::Sender::new(0) }
    }
}

impl Group {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a reply and wakes nobody.
    pub(crate) fn push(&self, item: &Arc<Item>) {
        self.outbox().push(item);
    }

    /// Wakes the connections that have room, if anything waits.
    pub(crate) fn ring(&self, now: Instant) {
        if self.outbox().is_ready(now) {
            self.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
        }
    }

    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    /// How many segments wait.
    pub(crate) fn waiting(&self) -> usize {
        self.outbox().len()
    }

    /// When the next segment that was put off is due; `None` where one is ready or none waits.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.outbox().next_due()
    }

    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        self.outbox().is_ready(now)
    }

    /// At most so many segments to send, and the replies that ended meanwhile.
    pub(crate) fn pull(&self, most: usize, now: Instant, time: Timestamp) -> (Vec<Out>, Vec<Settled>) {
        let mut outbox = self.outbox();
        let (mut out, mut ended) = (Vec::new(), Vec::new());
        while out.len() < most
            && let Some(next) = outbox.pull(now, time, &mut ended)
        {
            out.push(next);
        }
        (out, ended)
    }

    pub(crate) fn settle(&self, out: Out, outcome: &Outcome, now: Instant) -> Option<Settled> {
        self.outbox().settle(out, outcome, now)
    }

    /// The replies that are of no use any more; nobody needs to be connected for that.
    pub(crate) fn expire(&self, time: Timestamp) -> Vec<Settled> {
        self.outbox().expire(time)
    }
}
