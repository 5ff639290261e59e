//! Addresses and networks: what is asked from one together, and which are closed to strangers.
//!
//! Owns the keys and the counts. Keeps prefixes in memory alone, under a hash keyed anew in every process: who sends from
//! ever new addresses cannot choose two that meet. Does not know askers.
//!
//! # What is counted
//! Unknown numbers, each once per asker, and known ones, each once for all of an address's askers (a few bought articles
//! prove no crowd), fading over the guard's window (exponentially: no list is kept). An address or network with enough
//! unknown ones, and no more known ones than that, is closed to strangers for a while: to whoever was not given a known
//! number's answer before it was closed. Those who were go on as before. Thousands share the address of a mobile carrier,
//! and their known numbers, nineteen of twenty, keep it open unless as much of what comes from it is guesses.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use contract::{Asker, Identity, Timestamp};

use super::guessing::{Outcome, seconds};
use super::limits::{Guard, Prefix, Quotas};
use super::quota::Bucket;
use super::remembered::Remembered;

/// Bits of an IPv6 network that are told of: that much names a site at the least, no subscriber.
const TOLD_V6: u32 = 48;

/// Where an asker comes from, as far as the medium shows it: its address and the network around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    address: Part,
    network: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// Callers who withhold their number are one network: each call is an asker of its own.
    Withheld,
    V4(u32, u32),
    V6(u128, u32),
}

impl Origin {
    /// Of an asker. `None` where there is no network, or its address names none: loopback, private and shared address
    /// space stand for a proxy or a local net, and would make one asker of all.
    #[must_use]
    pub fn of(asker: &Asker, prefix: &Prefix) -> Option<Self> {
        if asker.identity == Identity::Unknown {
            return Some(Self { address: Part::Withheld, network: Part::Withheld });
        }
        match asker.address()?.to_canonical() {
            IpAddr::V4(v4) if is_public_v4(v4) => {
                let part = |len: u32| Part::V4(v4.to_bits() & u32::MAX.unbounded_shl(32 - len.min(32)), len);
                Some(Self { address: part(32), network: part(prefix.v4) })
            }
            IpAddr::V6(v6) if is_public_v6(v6) => {
                let part = |len: u32| Part::V6(v6.to_bits() & u128::MAX.unbounded_shl(128 - len.min(128)), len);
                Some(Self { address: part(64), network: part(prefix.v6) })
            }
            IpAddr::V4(_) | IpAddr::V6(_) => None,
        }
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // 100.64.0.0/10 is the shared space between a carrier and its customers (RFC 6598).
    let is_shared = first == 100 && second & 0xc0 == 64;
    !(address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified() || is_shared)
}

const fn is_public_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified())
}

impl fmt::Display for Origin {
    /// The network as it is told to others: never so narrow that it names a subscriber.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            Part::Withheld => f.write_str("withheld"),
            Part::V4(bits, len) => {
                let len = len.min(24);
                write!(f, "{}/{len}", Ipv4Addr::from_bits(bits & u32::MAX.unbounded_shl(32 - len)))
            }
            Part::V6(bits, len) => {
                let len = len.min(TOLD_V6);
                write!(f, "{}/{len}", Ipv6Addr::from_bits(bits & u128::MAX.unbounded_shl(128 - len)))
            }
        }
    }
}

/// What is remembered of addresses and networks.
#[derive(Debug)]
pub(super) struct Networks {
    standings: Remembered<Standing>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Standing {
    checks: Bucket,
    misses: f32,
    hits: f32,
    /// When the two were last faded.
    at: u32,
    /// Closed from then.
    closed_at: u32,
    /// Until then.
    open_at: u32,
    /// Refusals of strangers are not logged again before this.
    quiet_until: u32,
    /// Known numbers counted since then: a set of 256 bits, in which two may share one.
    counted_since: u32,
    counted: [u64; 4],
}

/// Those of some outcomes that are new of their asker: a bit for each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fresh<'a>(pub(super) &'a [Outcome], pub(super) u32);

impl<'a> Fresh<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'a Outcome> {
        self.0.iter().enumerate().filter(move |(nth, _)| self.1 >> (nth % 32) & 1 == 1).map(|(_, outcome)| outcome)
    }
}

/// A network that was closed to strangers now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) misses: u32,
    pub(super) hits: u32,
}

/// What a network says to one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    Open,
    /// Its own quota is spent.
    Spent {
        wait: Duration,
        log: bool,
    },
    /// It is closed to strangers.
    Closed {
        until: Timestamp,
        log: bool,
    },
}

impl Networks {
    pub(super) fn new(most: usize) -> Self {
        Self { standings: Remembered::new(most), hasher: RandomState::new() }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.standings.len()
    }

    fn key(&self, part: Part) -> u64 {
        self.hasher.hash_one(part)
    }

    /// Whether one who was first given a known number's answer at `known_since` may pass with so many checks.
    pub(super) fn pass(
        &self,
        origin: &Origin,
        (known_since, checks): (Option<u32>, u32),
        quotas: &Quotas,
        now: Timestamp,
    ) -> Passage {
        let seconds = seconds(now);
        let parts = [Some(origin.address), (origin.network != origin.address).then_some(origin.network)];
        for part in parts.into_iter().flatten() {
            let key = self.key(part);
            let closed =
                self.standings.look(key, |standing| standing.is_some_and(|it| it.is_closed(known_since, seconds)));
            if closed {
                return self.standings.with(key, now, |standing| {
                    let until = Timestamp(i64::from(standing.open_at).saturating_mul(1_000));
                    Passage::Closed { until, log: standing.logs(seconds) }
                });
            }
        }
        self.standings.with(self.key(origin.network), now, |standing| {
            let wait = standing.checks.wait(quotas.network(), checks, now);
            if wait.is_zero() { Passage::Open } else { Passage::Spent { wait, log: standing.logs(seconds) } }
        })
    }

    /// Takes an inquiry's checks off the network's quota, once they are answered: what one asker is refused costs its
    /// neighbours nothing.
    pub(super) fn charge(&self, origin: &Origin, checks: u32, quotas: &Quotas, now: Timestamp) {
        self.standings.with(self.key(origin.network), now, |standing| {
            standing.checks.charge(quotas.network(), checks, now);
        });
    }

    /// Takes in the new numbers that an asker of it asked about. `Some` where that closes the network; an address is closed
    /// without a word.
    pub(super) fn learned(&self, origin: &Origin, fresh: Fresh<'_>, guard: &Guard, now: Timestamp) -> Option<Closed> {
        if origin.address != origin.network {
            self.count(origin.address, fresh, (guard.address_misses, guard), now);
        }
        self.count(origin.network, fresh, (guard.network_misses, guard), now)
    }

    fn count(&self, part: Part, fresh: Fresh<'_>, (most, guard): (u32, &Guard), now: Timestamp) -> Option<Closed> {
        let seconds = seconds(now);
        self.standings.with(self.key(part), now, |standing| {
            standing.fade(seconds, guard);
            let before = standing.misses;
            for outcome in fresh.iter() {
                if outcome.sight.is_miss() {
                    standing.misses += 1.0;
                } else if standing.is_new(outcome.place) {
                    standing.hits += 1.0;
                }
            }
            let has_missed = standing.misses > before;
            if !has_missed || standing.misses < to_f32(most) || standing.hits > standing.misses {
                return None;
            }
            let closed = Closed { misses: whole(standing.misses), hits: whole(standing.hits) };
            let was_closed = seconds < standing.open_at;
            if !was_closed {
                standing.closed_at = seconds;
            }
            standing.open_at = super::guessing::seconds(now.plus(guard.network_cooling()));
            (!was_closed).then_some(closed)
        })
    }
}

impl Standing {
    /// Closed to one who has been known since then.
    const fn is_closed(&self, known_since: Option<u32>, now: u32) -> bool {
        let is_stranger = match known_since {
            Some(since) => since >= self.closed_at,
            None => true,
        };
        now < self.open_at && is_stranger
    }

    fn fade(&mut self, now: u32, guard: &Guard) {
        let passed = to_f32(now.saturating_sub(self.at));
        let by = (-passed / to_f32(guard.minutes * 60)).exp();
        self.misses *= by;
        self.hits *= by;
        self.at = now;
        if now.saturating_sub(self.counted_since) >= guard.minutes * 60 {
            (self.counted_since, self.counted) = (now, [0; 4]);
        }
    }

    /// Whether a known number was not counted yet; counts it. Where seven in eight bits are set some five hundred different
    /// ones were, which is a crowd: from then on all count.
    fn is_new(&mut self, place: u32) -> bool {
        // Neighbours in a carton fall on bits of their own.
        let hash = place.wrapping_mul(0x9e37_79b9) >> 24;
        let (word, bit) = (hash / 64, 1_u64 << (hash % 64));
        let Some(word) = usize::try_from(word).ok().and_then(|word| self.counted.get_mut(word)) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new || self.counted.iter().map(|word| word.count_ones()).sum::<u32>() >= 224
    }

    /// Whether this refusal is the first within the hour.
    const fn logs(&mut self, now: u32) -> bool {
        let log = now >= self.quiet_until;
        if log {
            self.quiet_until = now.saturating_add(3_600);
        }
        log
    }
}

/// Counts that fade need no more digits than this.
#[expect(clippy::cast_precision_loss, reason = "a count that fades is a measure")]
pub(super) const fn to_f32(value: u32) -> f32 {
    value as f32
}

/// A count, as it is told.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of one network, saturating")]
pub(super) fn whole(value: f32) -> u32 {
    value.round() as u32
}
