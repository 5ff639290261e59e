//! The sessions of a unit's past that count for this question, and what their number amounts to.
//!
//! Owns `sold_before`, `overchecked` and the genuine verdicts. Sees no session of a flagged asker.

use std::time::Duration;

use contract::{Confidence, Place, Seen, Timestamp, Verdict};

use super::Question;
use super::rules::Thresholds;
use super::travel::independent_cities;
use crate::index::{Concealment, Stamp};
use crate::verify::history::{Past, Session};

/// The sessions that count, split by who asks now.
#[derive(Debug)]
pub(super) struct Sessions<'a> {
    listed: Vec<&'a Session>,
    own: Vec<&'a Session>,
    others: Vec<&'a Session>,
    unlisted: u32,
}

impl<'a> Sessions<'a> {
    pub(super) fn of(past: &'a Past, question: &Question<'_>) -> Self {
        let listed: Vec<&Session> =
            past.sessions.iter().filter(|session| !session.is_flagged(question.flagged)).collect();
        let (own, others): (Vec<_>, Vec<_>) =
            listed.iter().copied().partition(|session| session.is_by(&question.asker));
        // Of those no longer listed nobody knows who they were. Where every other asker still listed is a flagged one,
        // they are taken for more of the same.
        let unlisted = if others.is_empty() { 0 } else { past.unlisted };
        Self { listed, own, others, unlisted }
    }

    /// Every listed one, in order of log time.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Session> {
        self.listed.iter().copied()
    }

    /// How many there were, this asker's own included.
    pub(super) fn times(&self) -> u32 {
        weight(&self.own).saturating_add(self.times_by_others())
    }

    /// How many there were of others.
    pub(super) fn times_by_others(&self) -> u32 {
        weight(&self.others).saturating_add(self.unlisted)
    }

    /// The first of all.
    pub(super) fn first(&self) -> Option<Seen> {
        self.listed.first().map(|session| seen(session))
    }

    /// Recorded as sold, and this asker did not look at it around the sale.
    pub(super) fn sold_before(&self, sale: &Stamp, now: Timestamp, limits: &Thresholds) -> Option<Verdict> {
        let settled = sale.at.plus(Duration::from_secs(u64::from(limits.sale_settles_minutes) * 60));
        let from = sale.at.minus(Duration::from_secs(u64::from(limits.buyer_before_hours) * 3_600));
        let is_buyer = self.own.iter().any(|session| from <= session.first_at && session.first_at <= settled);
        (now > settled && !is_buyer)
            .then(|| Verdict::SoldBefore { sale: Seen { at: sale.at, city: sale.city.clone(), channel: None } })
    }

    /// Asked about by more people than one article meets.
    pub(super) fn overchecked(&self, concealment: Concealment, now: Timestamp, limits: &Thresholds) -> Option<Verdict> {
        let first = seen(self.others.first()?);
        let most = match concealment {
            Concealment::Hidden => limits.overchecked_hidden,
            Concealment::Printed => limits.overchecked_printed,
        };
        let times = self.times_by_others();
        let too_many_cities = || self.cities_of_others(now, limits) >= limits.overchecked_cities;
        (times >= most || too_many_cities()).then_some(Verdict::Overchecked { times, first })
    }

    /// In how many different cities others asked lately.
    pub(super) fn cities_of_others(&self, now: Timestamp, limits: &Thresholds) -> u32 {
        let days = Duration::from_secs(u64::from(limits.overchecked_days) * 86_400);
        let cities = independent_cities(
            self.others
                .iter()
                .filter(|session| now.since(session.first_at) <= days)
                .filter_map(|session| Some((session.who(), trusted(session.place.as_ref())?.city.as_str()))),
        );
        u32::try_from(cities).unwrap_or(u32::MAX)
    }

    /// What is said of a unit that nothing speaks against.
    pub(super) fn genuine(&self, is_you: bool) -> Verdict {
        if is_you {
            if let Some(first) = self.others.first() {
                return Verdict::GenuineSeen { times: self.times_by_others(), first: seen(first) };
            }
            return self.own.first().map_or(Verdict::GenuineFirst, |own| Verdict::GenuineAgain { first: seen(own) });
        }
        self.first().map_or(Verdict::GenuineFirst, |first| Verdict::GenuineSeen { times: self.times(), first })
    }
}

/// The city that may be said: of a place that is known to the city at least.
pub(super) fn city(place: Option<&Place>) -> Option<String> {
    trusted(place).map(|place| place.city.clone()).filter(|city| !city.trim().is_empty())
}

/// Whether two names are one city's.
pub(super) fn same_city(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// A place that may feed a verdict.
pub(super) fn trusted(place: Option<&Place>) -> Option<&Place> {
    place.filter(|place| place.confidence >= Confidence::Medium)
}

fn seen(session: &Session) -> Seen {
    Seen { at: session.first_at, city: city(session.place.as_ref()), channel: Some(session.channel) }
}

fn weight(sessions: &[&Session]) -> u32 {
    sessions.iter().fold(0, |sum, session| sum.saturating_add(session.weight()))
}
