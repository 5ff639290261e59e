//! Who may ask now: the quota of every asker and the guard against guessing.
//!
//! Owns how often an asker is answered ([`Admission`]), who is taken for a guesser and whose sessions leave every history
//! ([`Flags`]). Does not log, word or count verdicts: the caller writes what [`Admitted`] and [`Flag`] ask for.
//!
//! # What is kept, and what happens when it is full
//! Per asker a few instants (GCRA: one per limit) and the last hour's numbers, at most 64 of them. Askers are spread
//! over 16 shards by their keyed hash, each shard in two generations: an asker who comes back moves to the young one;
//! where the young one is full, or a day old, it becomes the old one and the old one is forgotten. So memory is bounded
//! by [`Quotas`]' `askers`, the busiest stay, and who is forgotten early (which takes as many askers as half the bound
//! within a day) starts with a full quota and no misses. Flags do not hang on this: see [`Flags`].
//!
//! # What an asker can learn
//! A flagged guesser hears exactly what a spent quota says, minutes in the same range, counted down as they would be.
//! Nothing tells the two apart but that waiting does not help.
//!
//! # What this does not see
//! An asker is what the caller hashes. Who throws its cookie away is a new asker: a caller who hands out cookies also
//! admits the network address behind a fresh one. After a change of pepper quotas start anew; flags do not.

mod flags;
mod quota;
mod remembered;

use std::sync::Arc;
use std::time::Duration;

use contract::{Identity, Role, Timestamp, VerdictKind};

use self::quota::Bucket;
use self::remembered::Remembered;
use crate::verify::history::AskerHash;

pub use self::flags::Flags;
pub use self::quota::{Guard, Quota, Quotas, QuotasError};

/// What kind of asker it is, which decides its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskerKind {
    /// One person: a phone, a cookie.
    Person,
    /// A network address, shared by a household or more; a withheld number.
    Address,
    /// A mall terminal.
    Terminal,
    /// A registered program, shop, inspector or maker. Never taken for a guesser: an inspector in a store-room full of
    /// copies meets nothing but unknown numbers.
    Registered,
}

impl AskerKind {
    /// The kind of an identity in its role.
    #[must_use]
    pub const fn of(identity: &Identity, role: Role) -> Self {
        match (role, identity) {
            (Role::Trade | Role::Inspector | Role::Maker, _) | (Role::Shopper, Identity::Client(_)) => Self::Registered,
            (Role::Shopper, Identity::Phone(_) | Identity::Cookie(_)) => Self::Person,
            (Role::Shopper, Identity::Terminal(_)) => Self::Terminal,
            (Role::Shopper, Identity::Network(_) | Identity::Unknown) => Self::Address,
        }
    }
}

/// Whether an inquiry is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It is.
    Yes,
    /// Too many checks by this asker.
    Limited {
        /// Whole minutes until the next check is answered, at least 1.
        minutes: u32,
        /// The first refusal of this asker within an hour: this one is logged, the next ones only counted.
        log: bool,
    },
}

/// What became of one check, as the guard sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// A hash of the number asked about: the same for the same number.
    pub unit_hash: u64,
    /// It is unknown; also a receipt that does not exist.
    pub miss: bool,
}

impl Outcome {
    /// What a check of this number tells the guard. `None` where nothing was looked up: a mistyped digit is no guess and
    /// no success.
    #[must_use]
    pub const fn of(unit_hash: u64, verdict: VerdictKind) -> Option<Self> {
        match verdict {
            VerdictKind::Unavailable
            | VerdictKind::RateLimited
            | VerdictKind::Malformed
            | VerdictKind::Typo
            | VerdictKind::NotUnitCode
            | VerdictKind::NotCovered => None,
            VerdictKind::Unknown => Some(Self { unit_hash, miss: true }),
            VerdictKind::Degraded
            | VerdictKind::Compromised
            | VerdictKind::Stolen
            | VerdictKind::Recalled
            | VerdictKind::Withdrawn
            | VerdictKind::Expired
            | VerdictKind::NotActivated
            | VerdictKind::NotYetOnSale
            | VerdictKind::ImpossibleTravel
            | VerdictKind::SoldBefore
            | VerdictKind::Overchecked
            | VerdictKind::DataMismatch
            | VerdictKind::CartonCode
            | VerdictKind::GenuineSeen
            | VerdictKind::GenuineAgain
            | VerdictKind::GenuineFirst => Some(Self { unit_hash, miss: false }),
        }
    }
}

/// An asker has been found guessing: to be logged, and then inserted into [`Flags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Whose: the hash under the pepper in force.
    pub asker: u64,
    /// Until then it hears that it asks too often.
    pub until: Timestamp,
}

/// The quotas and the guard over all askers. Shared between threads; a call holds one shard's lock for a few hundred
/// nanoseconds.
#[derive(Debug)]
pub struct Admission {
    quotas: Quotas,
    flags: Arc<Flags>,
    askers: Remembered,
}

/// What is remembered of one asker.
#[derive(Debug, Default)]
struct Standing {
    checks: Bucket,
    help: Bucket,
    /// Refusals are not logged again before this.
    quiet_until: Option<Timestamp>,
    /// Found guessing: limited until then.
    cooling: Option<Timestamp>,
    /// Different numbers lately asked about, oldest first.
    numbers: Vec<(u64, Timestamp, bool)>,
}

/// One refusal is logged per asker and so long.
const LOGGED_EVERY: Duration = Duration::from_secs(60 * 60);

/// How many different numbers are remembered of an asker for the guard.
const NUMBERS: usize = 64;

impl Admission {
    /// With nobody known yet; `flags` is filled from the log.
    #[must_use]
    pub fn new(quotas: Quotas, flags: Arc<Flags>) -> Self {
        let askers = Remembered::new(quotas.askers());
        Self { quotas, flags, askers }
    }

    /// The guessers.
    #[must_use]
    pub const fn flags(&self) -> &Arc<Flags> {
        &self.flags
    }

    /// Whether an inquiry with so many numbers is answered now, and if so takes them off the asker's quota. An inquiry
    /// without a number, a request for help, costs nothing of it and is bounded by a quota of its own.
    ///
    /// An inquiry with more numbers than the whole quota is answered when the quota is full, and paid for after.
    #[must_use]
    pub fn admit(&self, asker: AskerHash, kind: AskerKind, checks: u32, now: Timestamp) -> Admitted {
        let flagged = self.flags.until(&asker);
        self.askers.with(asker.current, now, |standing| {
            let wait = if checks == 0 {
                standing.help.take(self.quotas.help(), 1, now)
            } else if let Some(until) = standing.cooling.max(flagged).filter(|until| now < *until) {
                Err(self.quotas.of(kind).pretended_wait(until, now))
            } else {
                standing.checks.take(self.quotas.of(kind), checks, now)
            };
            match wait {
                Ok(()) => Admitted::Yes,
                Err(wait) => {
                    let log = standing.quiet_until.is_none_or(|until| now >= until);
                    if log {
                        standing.quiet_until = Some(now.plus(LOGGED_EVERY));
                    }
                    Admitted::Limited { minutes: minutes(wait), log }
                }
            }
        })
    }

    /// Takes in what became of an asker's checks. `Some` where that makes it a guesser: from then on it is limited, and
    /// the flag is to be logged. Says so once per cooling time.
    #[must_use]
    pub fn learned(&self, asker: AskerHash, kind: AskerKind, outcomes: &[Outcome], now: Timestamp) -> Option<Flag> {
        let guard = self.quotas.guard();
        if kind == AskerKind::Registered || outcomes.is_empty() {
            return None;
        }
        let flagged = self.flags.until(&asker);
        self.askers.with(asker.current, now, |standing| {
            if standing.cooling.max(flagged).is_some_and(|until| now < until) {
                return None;
            }
            for outcome in outcomes {
                standing
                    .numbers
                    .retain(|(number, at, _)| *number != outcome.unit_hash && now.since(*at) < guard.window());
                if standing.numbers.len() >= NUMBERS {
                    standing.numbers.remove(0);
                }
                standing.numbers.push((outcome.unit_hash, now, outcome.miss));
            }
            let asked = standing.numbers.len();
            let missed = standing.numbers.iter().filter(|(_, _, miss)| *miss).count();
            if !guard.is_guessing(missed, asked) {
                return None;
            }
            let until = now.plus(guard.cooling());
            standing.cooling = Some(until);
            standing.numbers = Vec::new();
            Some(Flag { asker: asker.current, until })
        })
    }
}

/// Whole minutes, rounded up, at least 1.
fn minutes(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(60_000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
