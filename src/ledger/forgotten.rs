//! Askers who were forgotten: the event that says so, and what it makes of their earlier sessions.
//!
//! Decided 2026-11-26. The log is never edited, so forgetting an asker is a new event that names its hashes and gives its
//! earlier sessions one anonymous name, drawn at random. From that event on:
//! - *It is nobody's past.* What the asker asks later is asked by somebody new: no "you asked before", and nothing that
//!   is exported or reported of the time before tells its hash, its place or what it wrote.
//! - *Where a unit was asked about stays the unit's.* Its history keeps the city of a check where that was known to the city,
//!   or the point of the registered terminal or shop, under the anonymous name: others go on to be told "first asked in that
//!   city". What an asker itself claimed, its district and its point are in no history.
//! - *The sessions still count.* They become those of another asker. Otherwise whoever copies a number and has it checked
//!   again and again could wash its history by asking to be forgotten, and a flagged guesser could bring back the checks
//!   that its flag took out of histories: the anonymous name therefore inherits the flag.
//! - *What protects others or was asked for stays* under the asker's hash: a flag until it is over, the quotas of two days,
//!   a reply that is owed, and an opt-out, which is itself a wish about being written to. An opt-out goes on request.
//!
//! What this cannot do: the rows of the log keep the hash, under a pepper that lies beside them until its day has come.
//! After that nobody can tell whose it was. `privacy report` says when that is.
//!
//! Histories are not rewritten at once. A past is renamed when it is read ([`ForgottenAskers::rename`]) and stored so when
//! its unit is next asked about; that depends on the log alone, so that a rebuild gives the same bytes. The set is bounded:
//! where it is full, the first forgotten leave it, and with that their old sessions are theirs again, if a pepper that
//! old were still in force.

use std::collections::{BTreeMap, HashMap};

use contract::Timestamp;
use minicbor::{Decode, Encode};

use crate::verify::history::Past;

/// Hashes of forgotten askers kept at most: some 60 MB.
const MOST: usize = 500_000;
/// Hashes that one event may name: an asker has one for each pepper it asked under.
pub const MOST_NAMES: usize = 256;

/// An asker is forgotten from here on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Forgotten {
    /// Its hashes, the latest first.
    #[n(0)]
    pub names: Vec<u64>,
    /// What its earlier sessions are called.
    #[n(1)]
    pub anonymous: u64,
    /// Its opt-out goes too.
    #[n(2)]
    pub with_opt_out: bool,
    /// Who ordered it.
    #[n(3)]
    pub by: String,
    /// Why.
    #[n(4)]
    pub reason: Option<String>,
}

/// One name's forgetting.
#[derive(Debug, Clone, Copy)]
struct Cut {
    sequence: u64,
    at: Timestamp,
    anonymous: u64,
}

/// Every asker that was forgotten, as far as the log was read.
#[derive(Debug)]
pub struct ForgottenAskers {
    /// In the order of the log.
    cuts: HashMap<u64, Vec<Cut>>,
    by_sequence: BTreeMap<u64, Vec<u64>>,
    names: usize,
    most: usize,
}

impl Default for ForgottenAskers {
    fn default() -> Self {
        Self { cuts: HashMap::new(), by_sequence: BTreeMap::new(), names: 0, most: MOST }
    }
}

impl ForgottenAskers {
    /// Takes in the event at this place of the log; one that is known already changes nothing.
    pub fn insert(&mut self, sequence: u64, at: Timestamp, forgotten: &Forgotten) {
        if self.by_sequence.contains_key(&sequence) {
            return;
        }
        for name in &forgotten.names {
            let cuts = self.cuts.entry(*name).or_default();
            cuts.push(Cut { sequence, at, anonymous: forgotten.anonymous });
            cuts.sort_by_key(|cut| cut.sequence);
        }
        self.names += forgotten.names.len();
        self.by_sequence.insert(sequence, forgotten.names.clone());
        while self.names > self.most
            && let Some((first, names)) = self.by_sequence.pop_first()
        {
            self.names -= names.len();
            for name in names {
                if let Some(cuts) = self.cuts.get_mut(&name) {
                    cuts.retain(|cut| cut.sequence != first);
                    if cuts.is_empty() {
                        self.cuts.remove(&name);
                    }
                }
            }
        }
    }

    /// Nobody was forgotten.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_sequence.len()
    }

    /// When this name was last forgotten: everything it did up to then is nobody's.
    #[must_use]
    pub fn last(&self, name: u64) -> Option<Timestamp> {
        self.cuts.get(&name)?.last().map(|cut| cut.at)
    }

    /// Whether what this name did in the event at `sequence` is nobody's any more.
    #[must_use]
    pub fn hides(&self, name: u64, sequence: u64) -> bool {
        self.cuts.get(&name).and_then(|cuts| cuts.last()).is_some_and(|cut| sequence < cut.sequence)
    }

    /// Gives sessions that began before their asker was forgotten their anonymous name, as it was after the event at
    /// `position`.
    pub fn rename(&self, past: &mut Past, position: u64) {
        if self.is_empty() {
            return;
        }
        let anonymous = |name: u64, first_at: Timestamp| {
            let cuts = self.cuts.get(&name)?;
            cuts.iter().find(|cut| cut.sequence <= position && first_at <= cut.at).map(|cut| cut.anonymous)
        };
        for session in &mut past.sessions {
            let name = anonymous(session.who(), session.first_at);
            if let Some(name) = name.or_else(|| anonymous(session.asker, session.first_at)) {
                (session.asker, session.renamed) = (name, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::{Channel, EventTime};

    use super::*;
    use crate::verify::history::{AskerHash, Checked};

    fn at(hours: u32) -> Timestamp {
        Timestamp(1_790_000_000_000).plus(Duration::from_secs(3_600) * hours)
    }

    fn check(past: &mut Past, current: u64, previous: Option<u64>, at: Timestamp) {
        past.check(&Checked {
            asker: AskerHash { current, previous },
            counts: true,
            at,
            channel: Channel::Sms,
            asked: EventTime::exact(at),
            place: None,
        });
    }

    fn forgotten(names: &[u64], anonymous: u64) -> Forgotten {
        Forgotten { names: names.to_vec(), anonymous, with_opt_out: false, by: "o".to_owned(), reason: None }
    }

    #[test]
    fn sessions_before_are_another_s_and_count_and_those_after_are_the_asker_s_own() {
        let mut askers = ForgottenAskers::default();
        askers.insert(10, at(2), &forgotten(&[7, 6], 99));
        let mut past = Past::default();
        check(&mut past, 6, None, at(0));
        check(&mut past, 8, None, at(0));
        check(&mut past, 7, Some(6), at(1));
        assert_eq!(past.sessions.len(), 2, "one asker, renamed by the new pepper");
        let before = past.clone();
        askers.rename(&mut past, 9);
        assert_eq!(past, before, "not before the event");
        askers.rename(&mut past, 10);
        assert_eq!(past.sessions.iter().map(|session| session.who()).collect::<Vec<_>>(), [99, 8]);
        check(&mut past, 7, Some(6), at(3));
        askers.rename(&mut past, 11);
        assert_eq!(past.sessions.iter().map(|session| session.who()).collect::<Vec<_>>(), [99, 8, 7]);
        assert!(askers.hides(6, 9) && !askers.hides(6, 11) && !askers.hides(8, 9));
    }

    #[test]
    fn who_is_forgotten_twice_has_two_anonymous_names() {
        let mut askers = ForgottenAskers::default();
        askers.insert(10, at(2), &forgotten(&[7], 99));
        askers.insert(20, at(50), &forgotten(&[7], 98));
        askers.insert(20, at(50), &forgotten(&[7], 98));
        let mut past = Past::default();
        check(&mut past, 7, None, at(1));
        check(&mut past, 7, None, at(40));
        askers.rename(&mut past, 20);
        assert_eq!(past.sessions.iter().map(|session| session.who()).collect::<Vec<_>>(), [99, 98]);
        assert_eq!((askers.len(), askers.last(7)), (2, Some(at(50))));
    }

    #[test]
    fn a_full_set_lets_the_first_go() {
        let mut askers = ForgottenAskers { most: 4, ..ForgottenAskers::default() };
        for n in 1..=3 {
            askers.insert(n, at(1), &forgotten(&[n, 100], 99));
        }
        assert_eq!((askers.len(), askers.names), (2, 4));
        assert!(askers.last(1).is_none() && askers.last(100).is_some());
    }
}
