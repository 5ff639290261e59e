//! Who may ask now: the quotas of askers, channels and networks, and the guard against guessing.
//!
//! Owns how often an asker is answered ([`Admission`]), who is taken for a guesser and whose sessions leave every history
//! ([`Flags`]), and when enforcement is to look ([`Alert`]). Does not log, word or count verdicts: the caller writes
//! what [`Admitted`] and [`Learned`] ask for.
//!
//! # Who shares what
//! Every asker has a quota of its own, over all channels and, where configured, by each channel. Two identities never
//! touch each other's, but for two things that they share and nobody can tell apart: the network that they ask from
//! ([`Origin`]; its own wide quota, and closed to strangers while most of what comes from it is guesses), and the terminal
//! that they stand at. Phones show no network; who withholds its number shares one with all who do.
//!
//! # What is kept, and what happens when it is full
//! Per asker a few instants (GCRA: one per limit), its last three known numbers, and only once it met an unknown number
//! the last 64. Askers and networks lie in maps of two generations (`remembered.rs`): who comes back stays, who is
//! forgotten early (which takes as many askers as half the bound within a day) starts with a full quota and no misses.
//! Flags do not hang on this: see [`Flags`]. After a restart the phones' quotas and misses of the last day are taken from
//! the log's end ([`Admission::restore`]); other askers start anew.
//!
//! # Terminals
//! Many shoppers stand before one terminal, and in a shop full of copies they all meet unknown numbers. So a terminal is
//! never taken for a guesser. Where half of its last numbers were unknown it is told of instead, and for an hour an unknown
//! number costs it [`TERMINAL_MISS`] checks of its quota: a program that tries numbers through it comes to ten a minute,
//! while nobody who keys them in by hand, and nobody who stands behind him, is made to wait.
//!
//! # What an asker can learn
//! A flagged guesser, and a stranger where its network is closed, hear exactly what a spent quota says, minutes in the
//! same range, counted down as they would be. Nothing tells them apart but that waiting does not help. None of them
//! is looked up.
//!
//! # What this does not see
//! An asker is what the caller hashes. After a change of pepper quotas start anew; flags do not. Guesses from ever new
//! phones are slowed by the tag alone, and told of.

mod alert;
mod flags;
mod fleet;
mod guessing;
mod limits;
mod networks;
mod quota;
mod remembered;
mod standing;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{Channel, Identity, Role, Timestamp};

use self::fleet::Fleet;
use self::networks::{Fresh, Networks, Passage};
use self::quota::Bucket;
use self::remembered::Remembered;
use self::standing::Standing;
use crate::verify::history::AskerHash;

pub use self::alert::{Alert, Subject};
pub use self::flags::Flags;
pub use self::guessing::{Outcome, Rule, Sight, place_of_number, place_of_unit, short};
pub use self::limits::{Alarm, Channels, Guard, Prefix, Quotas, QuotasError};
pub use self::networks::Origin;
pub use self::quota::Quota;

/// What kind of asker it is, which decides its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AskerKind {
    /// One person: a phone, a cookie.
    Person,
    /// A network address, shared by a household or more; a withheld number.
    Address,
    /// A mall terminal, shared by its shoppers.
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

/// One who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// Who, hashed.
    pub asker: AskerHash,
    /// Of which kind.
    pub kind: AskerKind,
    /// By which medium.
    pub channel: Channel,
    /// From where, as far as that shows.
    pub origin: Option<Origin>,
}

/// Whether an inquiry is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It is.
    Yes,
    /// Too many checks by this asker, or so it is told.
    Limited {
        /// Whole minutes until the next check is answered, at least 1.
        minutes: u32,
        /// The first refusal of this asker, or of its network's strangers, within an hour: this one is logged, the next
        /// ones only counted.
        log: bool,
        /// Why, which nobody outside is told.
        cause: Cause,
    },
}

/// Why an asker is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its own quota is spent.
    Quota,
    /// It was found guessing.
    Guessing,
    /// Its network's quota is spent.
    Network,
    /// Its network is closed to strangers.
    Stranger,
}

impl Cause {
    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Guessing => "guessing",
            Self::Network => "network",
            Self::Stranger => "stranger",
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
    /// By which rule.
    pub rule: Rule,
}

/// What came of taking in an asker's checks; all of it is to be logged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// It is a guesser.
    pub flag: Option<Flag>,
    /// What enforcement is to look at.
    pub alerts: Vec<Alert>,
}

/// The quotas and the guard over all askers. Shared between threads; a call holds one shard's lock at a time, for a
/// hundred nanoseconds or so.
#[derive(Debug)]
pub struct Admission {
    quotas: Quotas,
    flags: Arc<Flags>,
    askers: Remembered<Standing>,
    networks: Networks,
    fleet: Fleet,
    /// Alarms that may still be logged.
    told: Mutex<Bucket>,
    /// When alarms were last looked over, in milliseconds.
    looked_over: AtomicI64,
}

/// One refusal is logged per asker and so long.
const LOGGED_EVERY: Duration = Duration::from_secs(60 * 60);

/// What an unknown number costs at a terminal that was told of, in checks.
pub const TERMINAL_MISS: u32 = 3;

/// A terminal is told of once in so long.
const TERMINAL_TOLD: Duration = Duration::from_secs(60 * 60);

/// Alarms that are logged, at once and in an hour.
pub const ALARMS_LOGGED: u32 = 120;

/// Alarms are looked over so often, while there are inquiries.
const LOOK_OVER: i64 = 10_000;

impl Admission {
    /// With nobody known yet; `flags` is filled from the log.
    #[must_use]
    pub fn new(quotas: Quotas, flags: Arc<Flags>) -> Self {
        Self {
            askers: Remembered::new(quotas.askers()),
            networks: Networks::new(quotas.networks()),
            fleet: Fleet::new(),
            told: Mutex::default(),
            looked_over: AtomicI64::new(i64::MIN),
            quotas,
            flags,
        }
    }

    /// The guessers.
    #[must_use]
    pub const fn flags(&self) -> &Arc<Flags> {
        &self.flags
    }

    /// The quotas in force.
    #[must_use]
    pub const fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    /// Whether one more alarm is logged: [`ALARMS_LOGGED`] of them, all others are only counted. Who can sit in ever new
    /// networks does not fill the log with them.
    #[must_use]
    pub fn tells(&self, now: Timestamp) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.take(&Quota::per_hour(ALARMS_LOGGED), 1, now).is_ok()
    }

    /// How many products there is an alarm for.
    #[must_use]
    pub fn alarms(&self) -> usize {
        self.fleet.on()
    }

    /// Whether an inquiry with so many numbers is answered now, and if so takes them off the quotas. An inquiry without a
    /// number, a request for help, costs nothing of them and is bounded by a quota of its own.
    ///
    /// An inquiry with more numbers than the whole quota is answered when the quota is full, and paid for after.
    #[must_use]
    pub fn admit(&self, who: &Asking, checks: u32, now: Timestamp) -> Admitted {
        let origin = who.origin.as_ref().filter(|_| who.kind != AskerKind::Registered && checks > 0);
        if let Some(refused) = origin.and_then(|origin| self.pass(who, origin, checks, now)) {
            return refused;
        }
        let flagged = self.flags.until(&who.asker);
        let quota = self.quotas.of(who.kind);
        let admitted = self.askers.with(who.asker.current, now, |standing| {
            let until = standing.guessing_until(who.kind).max(flagged).filter(|until| now < *until);
            let (wait, cause) = if checks == 0 {
                let taken = standing.rest().help.take(self.quotas.help(), 1, now);
                (taken, Cause::Quota)
            } else if let Some(until) = until {
                (Err(quota.pretended_wait(until, now)), Cause::Guessing)
            } else {
                (standing.take((quota, self.quotas.by(who.channel)), who.channel, checks, now), Cause::Quota)
            };
            let Err(wait) = wait else { return Admitted::Yes };
            let rest = standing.rest();
            let log = rest.quiet_until.is_none_or(|until| now >= until);
            if log {
                rest.quiet_until = Some(now.plus(LOGGED_EVERY));
            }
            Admitted::Limited { minutes: minutes(wait), log, cause }
        });
        if let (Admitted::Yes, Some(origin)) = (admitted, origin) {
            self.networks.charge(origin, checks, &self.quotas, now);
        }
        admitted
    }

    /// Whether the asker's network lets it pass.
    fn pass(&self, who: &Asking, origin: &Origin, checks: u32, now: Timestamp) -> Option<Admitted> {
        let known_since = self.askers.look(who.asker.current, |standing| {
            standing.map(|standing| standing.proven_at).filter(|proven| *proven > 0)
        });
        let (wait, log, cause) = match self.networks.pass(origin, (known_since, checks), &self.quotas, now) {
            Passage::Open => return None,
            Passage::Spent { wait, log } => (wait, log, Cause::Network),
            Passage::Closed { until, log } => {
                (self.quotas.of(who.kind).pretended_wait(until, now), log, Cause::Stranger)
            }
        };
        Some(Admitted::Limited { minutes: minutes(wait), log, cause })
    }

    /// Takes in what became of an asker's checks. Where that makes it a guesser it is limited from then on, once per
    /// cooling time.
    #[must_use]
    pub fn learned(&self, who: &Asking, outcomes: &[Outcome], now: Timestamp) -> Learned {
        let mut learned = Learned::default();
        if who.kind == AskerKind::Registered || outcomes.is_empty() || self.quotas.guard().is_off() {
            return learned;
        }
        self.look_over(&mut learned, now);
        let alarm = self.quotas.alarm();
        let alarmed = self.fleet.on() > 0
            && outcomes.iter().any(|it| it.sight.is_miss() && self.fleet.is_on(it.product.as_ref()));
        let flagged = self.flags.until(&who.asker).is_some_and(|until| now < until);
        let fresh = self.askers.with(who.asker.current, now, |standing| {
            if flagged || standing.guessing_until(who.kind).is_some_and(|until| now < until) {
                return None;
            }
            let mut fresh = 0_u32;
            for (nth, outcome) in outcomes.iter().enumerate() {
                fresh |= u32::from(standing.put(outcome, self.quotas.guard(), now)) << (nth % 32);
            }
            match who.kind {
                AskerKind::Terminal => learned.alerts.extend(self.terminal(standing, outcomes, now)),
                AskerKind::Person | AskerKind::Address | AskerKind::Registered => {
                    learned.flag = self.guesser(standing, who, alarmed.then_some(alarm), now);
                }
            }
            Some(fresh)
        });
        let Some(fresh) = fresh else { return learned };
        let fresh = Fresh(outcomes, fresh);
        for outcome in fresh.iter() {
            let is_miss = outcome.sight.is_miss();
            let told = self.fleet.learned(outcome.product.as_ref(), is_miss, (alarm, now));
            learned.alerts.extend(told.map(Alert::of_product));
        }
        if let Some(origin) = who.origin.as_ref().filter(|_| fresh.1 != 0) {
            let closed = self.networks.learned(origin, fresh, self.quotas.guard(), now);
            learned.alerts.extend(closed.map(|closed| Alert::of_network(origin, &closed, self.quotas.guard(), now)));
        }
        learned
    }

    /// Whether this asker's numbers are guesses.
    fn guesser(&self, standing: &mut Standing, who: &Asking, alarm: Option<&Alarm>, now: Timestamp) -> Option<Flag> {
        let guard = self.quotas.guard();
        let rest = standing.rest.as_deref_mut()?;
        let rule = rest.numbers.are_guesses(guard, alarm)?;
        let until = now.plus(guard.cooling());
        rest.cooling = Some(until);
        rest.numbers.clear();
        Some(Flag { asker: who.asker.current, until, rule })
    }

    /// Whether this terminal is to be told of; takes the price of unknown numbers where it was.
    fn terminal(&self, standing: &mut Standing, outcomes: &[Outcome], now: Timestamp) -> Option<Alert> {
        let quota = self.quotas.of(AskerKind::Terminal);
        let rest = standing.rest.as_deref_mut()?;
        if rest.cooling.is_some_and(|until| now < until) {
            for _ in outcomes.iter().filter(|outcome| outcome.sight.is_miss()) {
                standing.checks.charge(quota, TERMINAL_MISS - 1, now);
            }
            return None;
        }
        let (misses, asked) = (rest.numbers.misses(), rest.numbers.len());
        if misses < usize::try_from(self.quotas.guard().terminal_misses).unwrap_or(usize::MAX) {
            return None;
        }
        rest.cooling = Some(now.plus(TERMINAL_TOLD));
        rest.numbers.clear();
        Some(Alert::of_terminal((misses, asked - misses), self.quotas.guard(), now))
    }

    fn look_over(&self, learned: &mut Learned, now: Timestamp) {
        let last = self.looked_over.load(Ordering::Relaxed);
        let millis = now.as_millis();
        if millis.saturating_sub(last) < LOOK_OVER
            || self.looked_over.compare_exchange(last, millis, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return;
        }
        let ended = self.fleet.tick(self.quotas.alarm(), now);
        learned.alerts.extend(ended.into_iter().map(Alert::of_product));
    }

    /// Takes in checks that were answered before, from the log: what they cost and what came of them. Raises nothing.
    pub fn restore(&self, who: &Asking, (checks, outcomes): (u32, &[Outcome]), at: Timestamp) {
        let quota = self.quotas.of(who.kind);
        self.askers.with(who.asker.current, at, |standing| {
            standing.checks.charge(quota, checks, at);
            if let Some(quota) = self.quotas.by(who.channel) {
                standing.channel(who.channel).charge(quota, checks, at);
            }
            if who.kind != AskerKind::Registered && !self.quotas.guard().is_off() {
                for outcome in outcomes {
                    standing.put(outcome, self.quotas.guard(), at);
                }
            }
        });
    }

    /// Takes in one answer of the log for what is usual of its product. Raises nothing.
    pub fn restore_past(&self, outcome: &Outcome, at: Timestamp) {
        if !self.quotas.guard().is_off() {
            drop(self.fleet.learned(outcome.product.as_ref(), outcome.sight.is_miss(), (self.quotas.alarm(), at)));
        }
    }
}

/// Whole minutes, rounded up, at least 1.
fn minutes(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(60_000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests;
