//! Which message was answered where: a bounded map from a message's id to its place in the log.
//!
//! A projection: rebuilt from the log, kept beside the histories so that coming up is quick. When it is full, the id
//! that would expire first leaves early; its retransmission would then be taken for a new message. The bound is set so
//! that this means more messages within their validity than the gateway can answer in it.

use std::collections::{BTreeSet, HashMap};

use contract::Timestamp;

use super::event::LoggedId;

/// A message that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// The event that holds the answer.
    pub sequence: u64,
    /// The hash of its content.
    pub digest: [u8; 8],
    /// Until then.
    pub until: Timestamp,
}

/// The map.
#[derive(Debug)]
pub struct Replays {
    bound: usize,
    known: HashMap<[u8; 16], Replayed>,
    by_end: BTreeSet<(Timestamp, [u8; 16])>,
}

impl Replays {
    /// An empty map of at most `bound` ids.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self { bound, known: HashMap::new(), by_end: BTreeSet::new() }
    }

    /// Where a message was answered, if that is still to be remembered.
    #[must_use]
    pub fn find(&self, id: &[u8; 16], now: Timestamp) -> Option<Replayed> {
        self.known.get(id).copied().filter(|known| known.until > now)
    }

    /// Remembers a message; expired ones and, beyond the bound, the next to expire are forgotten.
    pub fn put(&mut self, id: &LoggedId, sequence: u64, now: Timestamp) {
        let entry = Replayed { sequence, digest: *id.digest, until: id.until };
        if let Some(old) = self.known.insert(*id.id, entry) {
            self.by_end.remove(&(old.until, *id.id));
        }
        self.by_end.insert((id.until, *id.id));
        while self.by_end.first().is_some_and(|(until, _)| *until <= now || self.known.len() > self.bound) {
            if let Some((_, id)) = self.by_end.pop_first() {
                self.known.remove(&id);
            }
        }
    }

    /// Everything remembered.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8; 16], &Replayed)> {
        self.known.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// None.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use minicbor::bytes::ByteArray;

    use super::*;

    fn id(n: u8, until: i64) -> LoggedId {
        LoggedId { id: ByteArray::from([n; 16]), digest: ByteArray::from([n; 8]), until: Timestamp(until) }
    }

    #[test]
    fn an_id_is_remembered_until_it_expires_and_the_map_stays_within_its_bound() {
        let mut replays = Replays::new(2);
        replays.put(&id(1, 100), 1, Timestamp(0));
        replays.put(&id(2, 50), 2, Timestamp(0));
        assert_eq!(replays.find(&[1; 16], Timestamp(99)).unwrap().sequence, 1);
        assert_eq!(replays.find(&[1; 16], Timestamp(100)), None);
        replays.put(&id(3, 200), 3, Timestamp(0));
        assert_eq!(replays.len(), 2);
        assert_eq!(replays.find(&[2; 16], Timestamp(0)), None, "the first to expire left");
        replays.put(&id(1, 300), 4, Timestamp(0));
        assert_eq!(replays.find(&[1; 16], Timestamp(250)).unwrap().sequence, 4, "the later message holds the id");
    }
}
