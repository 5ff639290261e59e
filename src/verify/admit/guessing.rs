//! What one asker's numbers look like: an honest row of questions, or somebody feeling for a number.
//!
//! Owns the last numbers of an asker and the rules over them. Knows no asker, and blocks nobody.
//!
//! A number is held by two short hashes: the whole of it, and its place, where it stands among its kind without its tag.
//! Places of neighbours differ by one, so that runs and neighbours show; which product it was cannot be told from them.

use contract::{Number, Timestamp, VerdictKind};

use super::limits::{Alarm, Guard, NUMBERS};
use crate::index::{Evidence, Product};
use std::sync::Arc;

/// Serials so far apart stand in a row: one who feels his way takes small steps, and now and then leaves one out.
pub(super) const NEAR: u32 = 8;

/// What was looked up and what came of it, as the guard sees it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// A hash of the number asked about: the same for the same number.
    pub number: u32,
    /// Where it stands among the numbers of its kind, modulo 2^32; never 0.
    pub place: u32,
    /// What came of it.
    pub sight: Sight,
    /// The product that it claims to be, where one can be told.
    pub product: Option<Arc<Product>>,
}

/// What came of looking a number up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is a unit's.
    Known,
    /// It is unknown; also a receipt that does not exist.
    Unknown,
    /// The unit is known, the tag is wrong.
    WrongTag,
}

impl Sight {
    /// Neither known nor mistyped.
    #[must_use]
    pub const fn is_miss(self) -> bool {
        match self {
            Self::Known => false,
            Self::Unknown | Self::WrongTag => true,
        }
    }

    /// What a check tells the guard. `None` where nothing was looked up: a mistyped digit is no guess and no success.
    #[must_use]
    pub const fn of(verdict: VerdictKind, evidence: Option<Evidence>) -> Option<Self> {
        match verdict {
            VerdictKind::Unavailable
            | VerdictKind::RateLimited
            | VerdictKind::Malformed
            | VerdictKind::Typo
            | VerdictKind::NotUnitCode
            | VerdictKind::NotCovered => None,
            VerdictKind::Unknown => Some(match evidence {
                Some(Evidence::WrongTag) => Self::WrongTag,
                Some(Evidence::NeverIssued) | None => Self::Unknown,
            }),
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
            | VerdictKind::GenuineFirst => Some(Self::Known),
        }
    }
}

/// The place of a unit of a layout of our own, by its resource and serial.
#[must_use]
pub const fn place_of_unit(resource: u64, serial: u64) -> u32 {
    // Resources far apart, serials as they are.
    place(resource.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(serial))
}

/// The place of a number that has no serial of ours: digits by their value, so that one after the other stands beside it,
/// anything else by its hash.
#[must_use]
pub fn place_of_number(number: &Number, hash: u64) -> u32 {
    let value = |digits: &str, from: u64| {
        let is_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let add = |value: u64, byte: u8| value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        is_digits.then(|| digits.bytes().fold(from, add))
    };
    place(match number {
        Number::Digits(digits) => value(digits, 0).unwrap_or(hash),
        // Serials of other goods stand elsewhere: they begin at what their GTIN comes to.
        Number::Gs1 { gtin, serial: Some(serial) } => {
            value(serial, value(gtin, 1).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15)).unwrap_or(hash)
        }
        Number::Gs1 { serial: None, .. } | Number::Mixed(_) | Number::Unreadable { .. } => hash,
    })
}

const fn place(value: u64) -> u32 {
    match short(value) {
        0 => 1,
        place => place,
    }
}

/// The lower half.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
pub const fn short(hash: u64) -> u32 {
    hash as u32
}

/// Seconds since the Unix epoch, for what need not be exact; the ends of time are its ends.
pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis().div_euclid(1_000).max(0)).unwrap_or(u32::MAX)
}

/// The different numbers that an asker asked about lately, oldest first.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<Seen>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    number: u32,
    place: u32,
    at: u32,
    sight: Sight,
}

/// Why somebody is taken for a guesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Too many unknown numbers.
    Misses,
    /// Numbers in a row.
    Run,
    /// Tags tried on a known serial, or on one beside it.
    Neighbours,
}

impl Rule {
    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Misses => "misses",
            Self::Run => "run",
            Self::Neighbours => "neighbours",
        }
    }
}

impl Numbers {
    /// Takes a number in, whether or not it was there; forgets what is older than the window, and the oldest where there
    /// are too many. Whether it is another one than those lately asked about.
    pub(super) fn put(&mut self, outcome: &Outcome, guard: &Guard, now: u32) -> bool {
        let window = guard.minutes * 60;
        let before = self.0.len();
        self.0.retain(|seen| now.saturating_sub(seen.at) < window);
        let unexpired = self.0.len();
        self.0.retain(|seen| !seen.is(outcome));
        let is_new = self.0.len() == unexpired;
        if self.0.len() >= NUMBERS as usize {
            self.0.remove(0);
        }
        if before == 0 {
            self.0.reserve_exact(4);
        }
        let Outcome { number, place, sight, .. } = *outcome;
        self.0.push(Seen { number, place, at: now, sight });
        is_new
    }

    /// Takes a known number in by its place alone.
    pub(super) fn put_known(&mut self, place: u32, at: u32) {
        self.0.push(Seen { number: place, place, at, sight: Sight::Known });
    }

    pub(super) fn misses(&self) -> usize {
        self.0.iter().filter(|seen| seen.sight.is_miss()).count()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }

    /// The first rule by which these are guesses; `alarm` where one is on for the product asked about.
    pub(super) fn are_guesses(&self, guard: &Guard, alarm: Option<&Alarm>) -> Option<Rule> {
        let (misses, asked) = (self.misses(), self.len());
        let at_most = |percent: u32| (asked - misses) * 100 <= asked * to_usize(percent);
        let many = misses >= to_usize(guard.misses) && at_most(guard.success_percent);
        let alarmed = alarm.is_some_and(|alarm| misses >= to_usize(alarm.guard_misses) && at_most(40));
        if many || alarmed || misses >= to_usize(guard.most_misses) {
            return Some(Rule::Misses);
        }
        if self.longest_run() >= to_usize(guard.run) {
            return Some(Rule::Run);
        }
        (self.most_beside() >= to_usize(guard.neighbours)).then_some(Rule::Neighbours)
    }

    /// How many unknown numbers stand in the longest row of different serials.
    fn longest_run(&self) -> usize {
        let mut places = [0; NUMBERS as usize];
        let missed = self.0.iter().filter(|seen| seen.sight.is_miss()).map(|seen| seen.place);
        let count = places.iter_mut().zip(missed).map(|(to, from)| *to = from).count();
        let Some(places) = places.get_mut(..count) else { return 0 };
        places.sort_unstable();
        let (mut longest, mut run) = (usize::from(count > 0), 1);
        for pair in places.windows(2) {
            let [before, after] = pair else { continue };
            match after - before {
                0 => {}
                1..=NEAR => run += 1,
                _ => run = 1,
            }
            longest = longest.max(run);
        }
        longest
    }

    /// How many wrong tags were tried on one serial and on those beside it, where the asker knows the number of one of
    /// them; or on one serial alone.
    fn most_beside(&self) -> usize {
        let wrong = || self.0.iter().filter(|seen| seen.sight == Sight::WrongTag);
        let beside = |of: &Seen, reach: u32| wrong().filter(|seen| seen.place.abs_diff(of.place) <= reach).count();
        let known = self.0.iter().filter(|seen| seen.sight == Sight::Known).map(|seen| beside(seen, NEAR));
        known.chain(wrong().map(|seen| beside(seen, 0))).max().unwrap_or(0)
    }
}

impl Seen {
    /// A unit is known by its place; of what is unknown every number is another one.
    fn is(&self, outcome: &Outcome) -> bool {
        match (self.sight, outcome.sight) {
            (Sight::Known, Sight::Known) => self.place == outcome.place,
            (Sight::Known, _) | (_, Sight::Known) => false,
            (Sight::Unknown | Sight::WrongTag, Sight::Unknown | Sight::WrongTag) => self.number == outcome.number,
        }
    }
}

const fn to_usize(value: u32) -> usize {
    value as usize
}
