//! Which message was answered where: a bounded map from a message's id to its place in the log.
//!
//! A projection: rebuilt from the log, kept beside the histories so that coming up is quick. When it is full, the id
//! that would expire first, to the second, leaves early; its retransmission would then be taken for a new message. The
//! bound is set so that this means more messages within their validity than the gateway can answer in it.

use std::collections::{BTreeMap, HashMap, VecDeque};

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
    /// By keyed hashes, which nobody chooses.
    known: HashMap<[u8; 16], Replayed, foldhash::fast::RandomState>,
    /// Ids by the second in which they expire, in the order they came. An id that came again, for later, stands here twice
    /// and leaves with the second that it is known under.
    by_end: BTreeMap<i64, VecDeque<[u8; 16]>>,
}

impl Replays {
    /// An empty map of at most `bound` ids.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self { bound, known: HashMap::default(), by_end: BTreeMap::new() }
    }

    /// Where a message was answered, if that is still to be remembered.
    #[must_use]
    pub fn find(&self, id: &[u8; 16], now: Timestamp) -> Option<Replayed> {
        self.known.get(id).copied().filter(|known| known.until > now)
    }

    /// Remembers a message; expired ones and, beyond the bound, the next to expire are forgotten.
    pub fn put(&mut self, id: &LoggedId, sequence: u64, now: Timestamp) {
        let entry = Replayed { sequence, digest: *id.digest, until: id.until };
        self.known.insert(*id.id, entry);
        self.by_end.entry(second(id.until)).or_default().push_back(*id.id);
        while let Some(mut first) = self.by_end.first_entry()
            && (*first.key() < second(now) || self.known.len() > self.bound)
        {
            let ending = *first.key();
            match first.get_mut().pop_front() {
                Some(id) if self.known.get(&id).is_some_and(|known| second(known.until) == ending) => {
                    self.known.remove(&id);
                }
                Some(_) => {}
                None => {
                    first.remove();
                }
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

fn second(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
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
        replays.put(&id(1, 100_000), 1, Timestamp(0));
        replays.put(&id(2, 50_000), 2, Timestamp(0));
        assert_eq!(replays.find(&[1; 16], Timestamp(99_999)).unwrap().sequence, 1);
        assert_eq!(replays.find(&[1; 16], Timestamp(100_000)), None);
        replays.put(&id(3, 200_000), 3, Timestamp(0));
        assert_eq!(replays.len(), 2);
        assert_eq!(replays.find(&[2; 16], Timestamp(0)), None, "the first to expire left");
        replays.put(&id(1, 300_000), 4, Timestamp(0));
        assert_eq!(replays.find(&[1; 16], Timestamp(250_000)).unwrap().sequence, 4, "the later message holds the id");
        replays.put(&id(4, 300_000), 5, Timestamp(150_000));
        assert!(replays.find(&[1; 16], Timestamp(250_000)).is_some(), "its earlier end does not take it away");
        replays.put(&id(5, 900_000), 6, Timestamp(301_000));
        assert_eq!(replays.len(), 1, "what has expired makes room");
    }
}
