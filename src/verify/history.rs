//! What a unit's past amounts to, and how one more event changes it.
//!
//! Pure: the writer, the rebuild and the tests use the same functions, so that the same log gives the same bytes.
//! Keeps at most [`Past::LISTED`] sessions with counters beyond. Stores nothing and decides nothing.
//!
//! Two things a verdict must not get wrong are settled here, because they cannot be mended later:
//! - *One asker stays one asker when the pepper changes.* An asker who comes back under the new pepper gives all of its
//!   listed sessions its new name ([`Session::renamed`]), so that two sessions are one asker's exactly where their
//!   latest names are equal. The name it first had stays, for flags were set on it. Who skips a whole pepper is lost.
//! - *One asker cannot push others out of the list, nor be counted as somebody else.* Where the list is full, a session
//!   whose asker is listed again makes room and is counted in that asker's other one ([`Session::folded`]); first those
//!   that stand between two of the same asker, which can be in no hasty journey. Only where 32 different askers are
//!   listed does the second oldest session become a number without a name ([`Past::unlisted`]).

use std::sync::Arc;
use std::time::Duration;

use contract::{Channel, Confidence, EventTime, Life, Place, Timestamp};
use minicbor::{Decode, Encode};

use crate::index::{Stamp, Timeline};

/// A session is one asker within so long of its first check.
pub const SESSION: Duration = Duration::from_secs(24 * 60 * 60);

/// The keyed hash of an asker under the pepper in force and, for as long as rules look back, the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub struct AskerHash {
    /// Under the pepper in force.
    #[n(0)]
    pub current: u64,
    /// Under the pepper before it.
    #[n(1)]
    pub previous: Option<u64>,
}

impl AskerHash {
    /// Whether a session's asker is this one.
    #[must_use]
    pub fn is(&self, asker: u64) -> bool {
        self.current == asker || self.previous == Some(asker)
    }

    /// Whether this asker's name, old or new, is among those that `flagged` knows.
    #[must_use]
    pub fn is_flagged(&self, flagged: &dyn Fn(u64) -> bool) -> bool {
        flagged(self.current) || self.previous.is_some_and(flagged)
    }
}

/// One asker's checks of one unit within [`SESSION`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// Who, hashed under the pepper that was in force at the session's first check.
    #[n(0)]
    pub asker: u64,
    /// Log time of its first check.
    #[n(1)]
    pub first_at: Timestamp,
    /// Log time of its last check.
    #[n(2)]
    pub last_at: Timestamp,
    /// Checks in it.
    #[n(3)]
    pub checks: u32,
    /// The medium of the first.
    #[n(4)]
    pub channel: Channel,
    /// When the asker asked first, for travel.
    #[n(5)]
    pub asked: EventTime,
    /// Where the asker was at first, as far as rules look at it.
    #[n(6)]
    pub place: Option<Place>,
    /// The same asker's hash under the latest pepper it asked under, where that is a later one.
    #[n(7)]
    pub renamed: Option<u64>,
    /// Sessions of the same asker that are no longer listed and are counted here.
    #[n(8)]
    #[cbor(default)]
    pub folded: u32,
}

impl Session {
    /// The latest name of its asker: equal for two sessions of the same asker.
    #[must_use]
    pub fn who(&self) -> u64 {
        self.renamed.unwrap_or(self.asker)
    }

    /// Whether it is this asker's.
    #[must_use]
    pub fn is_by(&self, asker: &AskerHash) -> bool {
        asker.is(self.asker) || asker.is(self.who())
    }

    /// Whether any of its asker's names is among those that `flagged` knows.
    #[must_use]
    pub fn is_flagged(&self, flagged: &dyn Fn(u64) -> bool) -> bool {
        flagged(self.asker) || self.renamed.is_some_and(flagged)
    }

    /// How many sessions it stands for: itself and those counted in it.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.folded.saturating_add(1)
    }
}

/// A unit's past.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Past {
    /// The first session and the latest ones, in order of log time.
    #[n(0)]
    pub sessions: Vec<Session>,
    /// Sessions between the first and the latest that made room while their asker was not listed a second time.
    #[n(1)]
    pub unlisted: u32,
    /// Checks by trade, inspectors and makers.
    #[n(2)]
    pub uncounted: u32,
    /// The unit's own life events.
    #[n(3)]
    pub life: Timeline,
}

/// One check of a unit, as the log holds it.
#[derive(Debug, Clone)]
pub struct Checked<'a> {
    /// Who.
    pub asker: AskerHash,
    /// Whether the asker's role counts.
    pub counts: bool,
    /// Log time.
    pub at: Timestamp,
    /// The medium.
    pub channel: Channel,
    /// When the asker asked.
    pub asked: EventTime,
    /// Where the asker was.
    pub place: Option<&'a Place>,
}

impl Past {
    /// How many sessions are listed at most.
    pub const LISTED: usize = 32;

    /// Takes in a check.
    pub fn check(&mut self, check: &Checked<'_>) {
        if !check.counts {
            self.uncounted = self.uncounted.saturating_add(1);
            return;
        }
        let mut open = None;
        for (at, session) in self.sessions.iter_mut().enumerate().filter(|(_, session)| session.is_by(&check.asker)) {
            session.renamed = (session.asker != check.asker.current).then_some(check.asker.current);
            if check.at.since(session.first_at) < SESSION {
                open = Some(at);
            }
        }
        if let Some(session) = open.and_then(|at| self.sessions.get_mut(at)) {
            session.last_at = check.at;
            session.checks = session.checks.saturating_add(1);
            return;
        }
        while self.sessions.len() >= Self::LISTED {
            self.make_room();
        }
        self.sessions.push(Session {
            asker: check.asker.current,
            first_at: check.at,
            last_at: check.at,
            checks: 1,
            channel: check.channel,
            asked: check.asked,
            place: check.place.and_then(looked_at),
            renamed: None,
            folded: 0,
        });
    }

    /// Takes one session off the list, never the first of all.
    fn make_room(&mut self) {
        let names: Vec<u64> = self.sessions.iter().map(Session::who).collect();
        // Where an asker is listed again after a place, and whether it was listed before it.
        let later = |at: usize| names.iter().enumerate().skip(at + 1).find(|(_, who)| names.get(at) == Some(who));
        let between = |at: &usize| {
            let who = names.get(*at);
            names.get(at - 1) == who && names.get(at + 1) == who
        };
        let places = || 1..names.len();
        let (from, to) = if let Some(at) = places().find(between) {
            (at, Some(at + 1))
        } else if let Some((at, (to, _))) = places().find_map(|at| later(at).map(|found| (at, found))) {
            (at, Some(to))
        } else if let Some(at) = places().find(|at| names.get(*at) == names.first()) {
            (at, Some(0))
        } else {
            (1, None)
        };
        let weight = self.sessions.get(from).map_or(0, Session::weight);
        match to.and_then(|to| self.sessions.get_mut(to)) {
            Some(same) => same.folded = same.folded.saturating_add(weight),
            None => self.unlisted = self.unlisted.saturating_add(weight),
        }
        self.sessions.remove(from);
    }

    /// Takes in an event of the unit's own life.
    pub fn live(&mut self, life: Life, stamp: Arc<Stamp>) {
        self.life.put(life, stamp);
    }

    /// Nothing ever happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.uncounted == 0 && self.life.is_empty()
    }
}

/// What of a place rules look at, and so all that a history may keep of it for good: nothing of one that an asker claims, the
/// city of one that is known to the city, and the point of a registered terminal, shop or inspector.
fn looked_at(place: &Place) -> Option<Place> {
    let Place { city, point, confidence, .. } = place;
    let point = match confidence {
        Confidence::Low => return None,
        Confidence::Medium => None,
        Confidence::High => *point,
    };
    Some(Place { city: city.clone(), district: None, point, confidence: *confidence })
}

#[cfg(test)]
mod tests;
