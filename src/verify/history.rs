//! What a unit's past amounts to, and how one more event changes it.
//!
//! Pure: the writer, the rebuild and the tests use the same functions, so that the same log gives the same bytes.
//! Keeps at most [`Past::LISTED`] sessions with counters beyond. Stores nothing and decides nothing.

use std::sync::Arc;
use std::time::Duration;

use contract::{Channel, EventTime, Life, Place, Timestamp};
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
}

/// One asker's checks of one unit within [`SESSION`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// Who, hashed.
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
    /// Where the asker was at first.
    #[n(6)]
    pub place: Option<Place>,
}

/// A unit's past.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Past {
    /// The first session and the latest ones, in order of log time.
    #[n(0)]
    pub sessions: Vec<Session>,
    /// Sessions between the first and the latest that are no longer listed.
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
        let open = self
            .sessions
            .iter_mut()
            .rev()
            .find(|session| check.asker.is(session.asker) && check.at.since(session.first_at) < SESSION);
        if let Some(session) = open {
            session.last_at = check.at;
            session.checks = session.checks.saturating_add(1);
            return;
        }
        if self.sessions.len() >= Self::LISTED {
            self.sessions.remove(1);
            self.unlisted = self.unlisted.saturating_add(1);
        }
        self.sessions.push(Session {
            asker: check.asker.current,
            first_at: check.at,
            last_at: check.at,
            checks: 1,
            channel: check.channel,
            asked: check.asked,
            place: check.place.cloned(),
        });
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
