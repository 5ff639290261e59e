//! The requests of ours that have no response yet, by sequence number.
//!
//! Knows when each was sent and in which order. One whose time is up stays known: a response that comes late still tells
//! what became of it, as long as nobody has used its number again.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
struct Sent {
    key: u64,
    at: Instant,
    late: bool,
}

/// What waits for a response.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_sequence: HashMap<u32, Sent>,
    order: VecDeque<(u32, u64)>,
    late: VecDeque<u32>,
}

/// Late ones that stay known.
const MOST_LATE: usize = 1_024;

impl Table {
    /// How many wait and are not late.
    pub(super) fn waiting(&self) -> usize {
        self.by_sequence.len().saturating_sub(self.late.len())
    }

    pub(super) fn insert(&mut self, sequence: u32, key: u64, at: Instant) {
        self.order.push_back((sequence, key));
        if let Some(Sent { late: true, .. }) = self.by_sequence.insert(sequence, Sent { key, at, late: false }) {
            self.late.retain(|late| *late != sequence);
        }
    }

    /// The key of what was answered, and when it was sent; `None` where nothing waits under this number.
    pub(super) fn take(&mut self, sequence: u32) -> Option<(u64, Instant)> {
        let sent = self.by_sequence.remove(&sequence)?;
        if sent.late {
            self.late.retain(|late| *late != sequence);
        }
        self.tidy();
        Some((sent.key, sent.at))
    }

    /// When the oldest one's time is up, where time counts from `since` at the earliest.
    pub(super) fn due(&self, patience: Duration, since: Instant) -> Option<Instant> {
        let (sequence, _) = self.order.front()?;
        self.by_sequence.get(sequence).map(|sent| sent.at.max(since) + patience)
    }

    /// The next one whose time is up; it is late from now on.
    pub(super) fn overdue(&mut self, patience: Duration, since: Instant, now: Instant) -> Option<u64> {
        if self.due(patience, since)? > now {
            return None;
        }
        let (sequence, key) = self.order.pop_front()?;
        if let Some(sent) = self.by_sequence.get_mut(&sequence) {
            sent.late = true;
            self.late.push_back(sequence);
        }
        if self.late.len() > MOST_LATE
            && let Some(oldest) = self.late.pop_front()
        {
            self.by_sequence.remove(&oldest);
        }
        self.tidy();
        Some(key)
    }

    /// The keys of all that wait and are not late, oldest first; nothing waits any more.
    pub(super) fn drain(&mut self) -> Vec<u64> {
        self.tidy();
        let known = |(sequence, key): (u32, u64)| {
            let sent = self.by_sequence.get(&sequence)?;
            (sent.key == key && !sent.late).then_some(key)
        };
        let keys = std::mem::take(&mut self.order).into_iter().filter_map(known).collect();
        *self = Self::default();
        keys
    }

    /// The front of the order is one that waits.
    fn tidy(&mut self) {
        while let Some((sequence, key)) = self.order.front()
            && self.by_sequence.get(sequence).is_none_or(|sent| sent.key != *key || sent.late)
        {
            self.order.pop_front();
        }
    }
}
