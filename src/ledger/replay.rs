//! Which message was answered where: a bounded map from a message's id to its place in the log.
//!
//! A projection: rebuilt from the log, kept beside the histories so that coming up is quick. When it is full, the id
//! that would expire first, to the second, leaves early; its retransmission would then be taken for a new message. At its
//! full rate a gateway with the default bound comes to that within a quarter of a minute.
//!
//! The map is one of ours: an id comes and one goes with every message, and what the standard library's map keeps of those
//! that went makes it twice as large as it is full. Here a message takes 44 bytes, in a slot that is in two lists: of those
//! whose ids begin alike, and of those that expire in the same second, in the order they came.
//!
//! Of an id, a keyed hash, eight bytes are kept: at a thousand messages a second one is taken for another in some 1,300 years.
//! It is never given that one's answer, for its content differs: it is told of a conflict.

use std::collections::BTreeMap;

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

/// A slot's place and one, or [`NONE`].
type Link = u32;

/// No slot.
const NONE: Link = 0;

/// The end of an entry that is known under a later one: it only waits for its second.
const GONE: Timestamp = Timestamp(i64::MIN);

/// The map.
#[derive(Debug)]
pub struct Replays {
    bound: usize,
    slots: Vec<Slot>,
    /// The first of the unused slots.
    unused: Link,
    /// Slots in use, also of entries that are known under a later one.
    used: usize,
    known: usize,
    /// The first slots of ids that begin alike. Ids are keyed hashes, which nobody chooses.
    alike: Vec<Link>,
    /// First and last slot of those that expire in the same second.
    by_end: BTreeMap<i64, (Link, Link)>,
}

#[derive(Debug)]
struct Slot {
    id: u64,
    replayed: Replayed,
    next_alike: Link,
    /// In the same second, or among the unused.
    next: Link,
}

impl Replays {
    /// An empty map of at most `bound` ids.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let alike = vec![NONE; bound.clamp(1, 1 << 30).next_power_of_two()];
        Self { bound, slots: Vec::new(), unused: NONE, used: 0, known: 0, alike, by_end: BTreeMap::new() }
    }

    /// Where a message was answered, if that is still to be remembered.
    #[must_use]
    pub fn find(&self, id: &[u8; 16], now: Timestamp) -> Option<Replayed> {
        let slot = self.slot(self.link(short(id))?)?;
        Some(slot.replayed).filter(|known| known.until > now)
    }

    /// Remembers a message; expired ones and, beyond the bound, the next to expire are forgotten.
    pub fn put(&mut self, id: &LoggedId, sequence: u64, now: Timestamp) {
        let short = short(&id.id);
        if let Some(before) = self.link(short) {
            self.part(before);
        }
        let replayed = Replayed { sequence, digest: *id.digest, until: id.until };
        self.enter(short, replayed);
        while let Some((ending, (first, last))) = self.by_end.first_key_value().map(|(ending, ends)| (*ending, *ends))
            && (ending < second(now) || self.used > self.bound)
        {
            let next = self.slot(first).map_or(NONE, |slot| slot.next);
            if first == last {
                self.by_end.remove(&ending);
            } else {
                self.by_end.insert(ending, (next, last));
            }
            self.part(first);
            let unused = std::mem::replace(&mut self.unused, first);
            if let Some(slot) = self.slot_mut(first) {
                slot.next = unused;
            }
            self.used -= 1;
        }
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.known
    }

    /// None.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.known == 0
    }

    fn slot(&self, link: Link) -> Option<&Slot> {
        self.slots.get(usize::try_from(link.checked_sub(1)?).ok()?)
    }

    fn slot_mut(&mut self, link: Link) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(link.checked_sub(1)?).ok()?)
    }

    /// Where the list of ids that begin as this one does begins.
    fn place(&self, id: u64) -> usize {
        usize::try_from(id >> 32).unwrap_or(0) & (self.alike.len() - 1)
    }

    fn link(&self, id: u64) -> Option<Link> {
        let mut link = *self.alike.get(self.place(id))?;
        while let Some(slot) = self.slot(link) {
            if slot.id == id {
                return Some(link);
            }
            link = slot.next_alike;
        }
        None
    }

    /// Puts an entry into a slot and the slot into its lists.
    fn enter(&mut self, id: u64, replayed: Replayed) {
        let place = self.place(id);
        let next_alike = self.alike.get(place).copied().unwrap_or(NONE);
        let slot = Slot { id, replayed, next_alike, next: NONE };
        let link = self.unused;
        let link = if let Some(unused) = self.slot_mut(link) {
            let next = std::mem::replace(unused, slot).next;
            self.unused = next;
            link
        } else {
            self.slots.push(slot);
            Link::try_from(self.slots.len()).unwrap_or(NONE)
        };
        if let Some(first) = self.alike.get_mut(place) {
            *first = link;
        }
        let ends = self.by_end.entry(second(replayed.until)).or_insert((link, link));
        let last = std::mem::replace(&mut ends.1, link);
        if last != link
            && let Some(last) = self.slot_mut(last)
        {
            last.next = link;
        }
        self.used += 1;
        self.known += 1;
    }

    /// Takes an entry out of those that are found; its slot stays in its second.
    fn part(&mut self, link: Link) {
        let Some(slot) = self.slot_mut(link).filter(|slot| slot.replayed.until != GONE) else { return };
        slot.replayed.until = GONE;
        let (id, after) = (slot.id, slot.next_alike);
        let place = self.place(id);
        self.known -= 1;
        let mut at = self.alike.get(place).copied().unwrap_or(NONE);
        if at == link
            && let Some(first) = self.alike.get_mut(place)
        {
            *first = after;
            return;
        }
        while let Some(slot) = self.slot_mut(at) {
            at = slot.next_alike;
            if at == link {
                slot.next_alike = after;
                return;
            }
        }
    }
}

/// What is kept of an id.
fn short(id: &[u8; 16]) -> u64 {
    id.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

fn second(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use minicbor::bytes::ByteArray;
    use proptest::prelude::*;

    use super::*;

    fn id(n: u8, until: i64) -> LoggedId {
        LoggedId { id: ByteArray::from([n; 16]), digest: ByteArray::from([n; 8]), until: Timestamp(until) }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_came_last_and_has_not_expired(
            bound in 1_usize..8,
            steps in prop::collection::vec((0_u8..12, 1_i64..9, 0_i64..3), 1..200),
        ) {
            let mut replays = Replays::new(bound);
            let mut came: HashMap<u8, (u64, i64)> = HashMap::new();
            let mut now = 0;
            for (sequence, (name, valid, later)) in (1..).zip(steps) {
                now += later * 1_000;
                let until = now + valid * 1_000;
                // Only what is not known any more comes again.
                if replays.find(&[name; 16], Timestamp(now)).is_some() {
                    continue;
                }
                replays.put(&id(name, until), sequence, Timestamp(now));
                came.insert(name, (sequence, until));
                let mut found = 0;
                for (name, (sequence, until)) in &came {
                    if let Some(known) = replays.find(&[*name; 16], Timestamp(now)) {
                        prop_assert_eq!((known.sequence, known.until.as_millis()), (*sequence, *until));
                        prop_assert!(*until > now);
                        found += 1;
                    }
                }
                let valid = came.values().filter(|(_, until)| *until > now).count();
                // An entry that came again within the second of its end takes a place until that second is over.
                prop_assert!(found <= bound && (found >= valid.min(bound).saturating_sub(1) || replays.used == bound));
                prop_assert!(replays.used <= bound && replays.len() <= replays.used && replays.slots.len() <= bound + 1);
            }
        }
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
