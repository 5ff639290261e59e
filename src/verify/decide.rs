//! What may be said of one number: a pure and total function of what was issued, what happened and what is asked.
//!
//! Owns the order of the verdicts, the [`Rules`] behind them and the [`Decision`] that turns into an answer only
//! once it is recorded. Reads no clock, no store and no configuration, and finds no words.
//!
//! # How the rules are read where they leave room
//! - *Order.* The first match is the verdict; lower red and amber ones are advisories. Numbers that are no issued unit's
//!   match once and have no advisory. The genuine verdicts match only a unit that nothing from `compromised` to
//!   `overchecked` speaks against, so `genuine_seen` can stand only below `data_mismatch` and `carton_code`.
//! - *Degraded.* With the past unreadable, advisories name only what the static record itself shows: marks on product,
//!   batch or range, expiry, a first day of sale to come, what the pack says, a box. Nothing is said of activation,
//!   which may stand in the unit's own life.
//! - *Boundaries.* "Within" includes its end: a unit issued 48 h ago is fresh, a check 30 min after the sale belongs to
//!   it, the last day of an expiry is good to its last millisecond, cities within 24 h may lie exactly 24 h apart. "Over
//!   900 km/h" excludes 900.
//! - *Clocks.* Log time (`now`, `first_at`) is compared with sales, expiry and release; event time with its error is
//!   used for travel only, always in the asker's favour (longest time, shortest way).
//! - *Printed.* Freshness runs from the later of issue and printing; a lifted activation is none.
//! - *Not yet on sale* names a day only where it is yet to come.
//! - *Others* are the sessions that are not of this asker, by any of its names, and not of a flagged one. An address or
//!   a terminal merges its own sessions, which are not "others" for `overchecked`; but it is never a "you", so its own
//!   earlier session makes `genuine_seen`, not `genuine_again` and not "first".
//! - *Sessions no longer listed* count as others', unless no other unflagged asker is listed at all: then they are taken
//!   for more of a flagged crowd.
//! - *Cities* count from different askers only: one traveller in three cities is no sign. For `overchecked` they are
//!   those of others alone; for travel the one who asks now is one of the askers.
//! - *Sold.* Any asker with a session from 24 h before the sale to 30 min after it is the buyer or looked before buying:
//!   it is not told `sold_before`, for we do not know that it is not.
//! - *Trade, inspectors and makers* leave no session and are told the same by the same rules; whatever they asked
//!   before, a shopper may still be the first.
//! - *Mismatch.* A lot, date or GTIN that one side does not have differs from nothing. GTINs that differ in the packaging
//!   indicator alone are one product's: its box and its piece.

mod explain;
mod rules;
mod sessions;
mod state;
mod travel;

use std::fmt;
use std::time::Duration;

use contract::{Answer, Channel, Colour, Confidence, Day, EventTime, Facts, Life, Place, Role, Seen, Timestamp};
use contract::{Verdict, VerdictKind};

use self::sessions::{Sessions, same_city};
use self::state::Lives;
use crate::index::{Found, Stamp, UnitRecord};
use crate::ledger::event::CheckEvent;
use crate::verify::history::{AskerHash, Checked, Past};

pub(crate) use self::explain::explain;
pub use self::explain::{Considered, Outcome};
pub use self::rules::{Rules, RulesError, Thresholds};

/// A unit's past as far as it can be seen.
#[derive(Debug, Clone, Copy)]
pub enum PastView<'a> {
    /// All of it; an empty one where nothing ever happened.
    Known(&'a Past),
    /// It cannot be read now.
    Unreadable,
}

/// What is asked of one number, by whom and from where.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who, hashed.
    pub asker: AskerHash,
    /// Whether the asker can be told "you asked before".
    pub is_you: bool,
    /// What the asker does.
    pub role: Role,
    /// The medium.
    pub channel: Channel,
    /// Where the asker is.
    pub place: Option<&'a Place>,
    /// When the asker asked.
    pub asked: EventTime,
    /// The lot as the asker reads it on the pack.
    pub lot: Option<&'a str>,
    /// The expiry date as the asker reads it on the pack.
    pub expiry: Option<Day>,
    /// The GTIN that came with the number.
    pub gtin: Option<&'a str>,
    /// Whether an asker's hash is a known guesser's: its sessions leave every history, those before the flag too.
    pub flagged: &'a dyn Fn(u64) -> bool,
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("asker", &self.asker)
            .field("is_you", &self.is_you)
            .field("role", &self.role)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl<'a> Question<'a> {
    /// The check that asking this makes of the unit, recorded at `at`.
    #[must_use]
    pub fn checked(&self, at: Timestamp) -> Checked<'a> {
        Checked {
            asker: self.asker,
            counts: self.role.counts(),
            at,
            channel: self.channel,
            asked: self.asked,
            place: self.place,
        }
    }
}

/// Proof that a decision is on disk. Only the ledger's writer makes one, after the commit.
#[derive(Debug)]
pub struct Recorded(());

impl Recorded {
    /// For the ledger's writer alone, after the commit that holds the decisions it releases has returned.
    pub(crate) const fn by_commit() -> Self {
        Self(())
    }
}

/// What will be answered once it is recorded. It can be read, to be written to the log; it becomes an answer only by
/// [`Decision::release`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    verdict: Verdict,
    colour: Colour,
    advisories: Vec<Verdict>,
    wrong_region: bool,
    times_checked: u32,
    first_checked: Option<Seen>,
}

impl Decision {
    /// The verdict.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The worst colour of verdict and advisories.
    #[must_use]
    pub const fn colour(&self) -> Colour {
        self.colour
    }

    /// Lower matches, red and amber, in order of precedence.
    #[must_use]
    pub fn advisories(&self) -> &[Verdict] {
        &self.advisories
    }

    /// Asked, from a place that is sure, outside the cities the product is sold in: for the maker alone, never said to
    /// the asker.
    #[must_use]
    pub const fn wrong_region(&self) -> bool {
        self.wrong_region
    }

    /// How many sessions there were before this check, this asker's own included, flagged ones not.
    #[must_use]
    pub const fn times_checked(&self) -> u32 {
        self.times_checked
    }

    /// The first of them.
    #[must_use]
    pub const fn first_checked(&self) -> Option<&Seen> {
        self.first_checked.as_ref()
    }

    /// The answer, now that it is recorded. `facts` are those of the product; the counts are this decision's. Of a
    /// number that is no issued unit's nothing is said, whatever `facts` holds: a wrong tag and a number never issued
    /// read the same.
    #[must_use]
    pub fn release(self, _recorded: &Recorded, facts: Facts) -> Answer {
        let kind = self.verdict.kind();
        let facts = if kind == VerdictKind::Degraded {
            Facts { times_checked: None, first_checked: None, ..facts }
        } else if kind > VerdictKind::Unknown {
            Facts { times_checked: Some(self.times_checked), first_checked: self.first_checked, ..facts }
        } else {
            Facts::default()
        };
        Answer { verdict: self.verdict, colour: self.colour, advisories: self.advisories, facts }
    }

    /// Beyond its quota, or found guessing: nothing is looked up.
    pub(crate) fn limited(minutes: u32) -> Self {
        Self::of_no_unit(Verdict::RateLimited { minutes })
    }

    /// What was decided of a check that the log holds.
    pub(crate) fn of_log(check: &CheckEvent) -> Self {
        Self {
            verdict: check.verdict.clone(),
            colour: check.colour,
            advisories: check.advisories.clone(),
            wrong_region: check.wrong_region,
            times_checked: check.times_checked,
            first_checked: check.first_checked.clone(),
        }
    }

    /// Of a number that is no issued unit's.
    fn of_no_unit(verdict: Verdict) -> Self {
        Self::of_matches(verdict, Vec::new())
    }

    /// The verdict with the matches below it, in order.
    fn of_matches(verdict: Verdict, lower: Vec<Verdict>) -> Self {
        let advisories: Vec<Verdict> = lower.into_iter().filter(|lower| rank(lower.colour()) >= AMBER).collect();
        let colour =
            advisories.iter().map(Verdict::colour).chain([verdict.colour()]).max_by_key(|colour| rank(*colour));
        Self {
            colour: colour.unwrap_or(Colour::Grey),
            verdict,
            advisories,
            wrong_region: false,
            times_checked: 0,
            first_checked: None,
        }
    }
}

/// Decides what is said of one number.
///
/// Total: whatever the record, the past and the question hold, there is a decision. Pure: the same arguments give the
/// same one. `now` is log time.
#[must_use]
pub fn decide(found: &Found, past: PastView<'_>, question: &Question<'_>, rules: &Rules, now: Timestamp) -> Decision {
    match found {
        Found::Unavailable => Decision::of_no_unit(Verdict::Unavailable),
        Found::Malformed { read, expected } => {
            Decision::of_no_unit(Verdict::Malformed { read: *read, expected: *expected })
        }
        Found::Typo => Decision::of_no_unit(Verdict::Typo),
        Found::NotUnitCode(item) => Decision::of_no_unit(Verdict::NotUnitCode { item: *item }),
        Found::NotCovered => Decision::of_no_unit(Verdict::NotCovered),
        Found::Unknown(_evidence) => Decision::of_no_unit(Verdict::Unknown),
        Found::Unit(record) => {
            let decision = match past {
                PastView::Known(past) => of_unit(record, past, question, rules, now),
                PastView::Unreadable => of_unit_without_past(record, question, rules, now),
            };
            Decision { wrong_region: is_wrong_region(record, question.place), ..decision }
        }
    }
}

/// Whether a sale may be taken back: by who sold, within the days for it, and once.
#[must_use]
pub fn may_return(sale: &Stamp, at: Timestamp, by: &str, rules: &Rules) -> bool {
    let days = Duration::from_secs(u64::from(rules.return_days()) * 86_400);
    !sale.lifted && sale.by == by && at >= sale.at && at.since(sale.at) <= days
}

fn of_unit(record: &UnitRecord, past: &Past, question: &Question<'_>, rules: &Rules, now: Timestamp) -> Decision {
    let limits = rules.of(&record.product.category);
    let lives = Lives::of(record, Some(&past.life));
    let sessions = Sessions::of(past, question);
    let mut matches = Vec::new();
    state::marks(&lives, &mut matches);
    matches.extend(state::expired(&record.batch, rules.zone(), now));
    matches.extend(state::not_activated(&lives, &record.batch, limits, now));
    matches.extend(state::not_yet_on_sale(&lives, record, rules.zone(), now));
    let elsewhere = travel::elsewhere(&sessions, question, limits);
    matches.extend(elsewhere.map(|elsewhere| Verdict::ImpossibleTravel { elsewhere }));
    matches.extend(lives.standing(Life::Sold).and_then(|sale| sessions.sold_before(sale, now, limits)));
    matches.extend(sessions.overchecked(record.batch.concealment, now, limits));
    let is_vouched_for = matches.is_empty();
    matches.extend(state::data_mismatch(record, question));
    matches.extend(state::carton_code(&record.batch));
    if is_vouched_for {
        matches.push(sessions.genuine(question.is_you));
    }
    let mut matches = matches.into_iter();
    // Something always matches: where nothing speaks against a unit, a genuine verdict does.
    let verdict = matches.next().unwrap_or(Verdict::Degraded);
    Decision {
        times_checked: sessions.times(),
        first_checked: sessions.first(),
        ..Decision::of_matches(verdict, matches.collect())
    }
}

fn of_unit_without_past(record: &UnitRecord, question: &Question<'_>, rules: &Rules, now: Timestamp) -> Decision {
    let mut lower = Vec::new();
    state::marks(&Lives::of(record, None), &mut lower);
    lower.extend(state::expired(&record.batch, rules.zone(), now));
    let from = state::sale_to_come(&record.batch, rules.zone(), now);
    lower.extend(from.map(|from| Verdict::NotYetOnSale { from: Some(from) }));
    lower.extend(state::data_mismatch(record, question));
    lower.extend(state::carton_code(&record.batch));
    Decision::of_matches(Verdict::Degraded, lower)
}

fn is_wrong_region(record: &UnitRecord, place: Option<&Place>) -> bool {
    let region = &record.product.sales_region;
    let sure = place.filter(|place| place.confidence == Confidence::High && !place.city.trim().is_empty());
    !region.is_empty() && sure.is_some_and(|place| !region.iter().any(|city| same_city(city, &place.city)))
}

const AMBER: u8 = 2;

/// From saying nothing to worst.
const fn rank(colour: Colour) -> u8 {
    match colour {
        Colour::Grey => 0,
        Colour::Green => 1,
        Colour::Amber => AMBER,
        Colour::Red => 3,
    }
}

#[cfg(test)]
mod tests;
