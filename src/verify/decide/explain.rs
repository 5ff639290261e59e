//! Why a unit gets its verdict: what each rule looked at, for operators.
//!
//! Owns the sentences. Decides nothing: which rules fired is read off the [`Decision`], so that an explanation can never
//! say otherwise than the answer did.

use contract::{Life, Timestamp, VerdictKind};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::sessions::Sessions;
use super::state::{self, Lives};
use super::{Decision, Question, Rules, travel};
use crate::index::{Concealment, Stamp, UnitRecord};
use crate::verify::history::Past;

/// Within so many days of its last good day a unit is said to be close to it.
const CLOSE_DAYS: i32 = 30;

/// One rule of a unit, in the order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The verdict that it is for.
    pub rule: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What it looked at.
    pub why: String,
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is the verdict.
    Verdict,
    /// It matched below the verdict, and is said besides.
    Besides,
    /// It did not match and was close to it, or had matched once.
    Near,
    /// It did not match.
    Clear,
}

/// What a rule looked at, and whether that was close.
type Reason = (bool, String);

/// Why an issued unit gets what was decided of it.
pub(crate) fn explain(
    record: &UnitRecord,
    past: &Past,
    (question, decision): (&Question<'_>, &Decision),
    rules: &Rules,
    now: Timestamp,
) -> Vec<Considered> {
    let seen = Seen { record, past, question, rules, now, lives: Lives::of(record, Some(&past.life)) };
    let reason_of = |kind: VerdictKind| -> Option<Reason> {
        Some(match kind {
            VerdictKind::Compromised => seen.mark(Life::Compromised),
            VerdictKind::Stolen => seen.mark(Life::Stolen),
            VerdictKind::Recalled => seen.mark(Life::Recalled),
            VerdictKind::Withdrawn => seen.mark(Life::Withdrawn),
            VerdictKind::Expired => seen.expiry(),
            VerdictKind::NotActivated => seen.activation(),
            VerdictKind::NotYetOnSale => seen.on_sale(),
            VerdictKind::ImpossibleTravel => seen.travel(),
            VerdictKind::SoldBefore => seen.sale(),
            VerdictKind::Overchecked => seen.crowd(),
            VerdictKind::DataMismatch => seen.pack(),
            VerdictKind::CartonCode => seen.level(),
            VerdictKind::GenuineSeen | VerdictKind::GenuineAgain | VerdictKind::GenuineFirst => {
                let mut said = decision.advisories().iter().chain([decision.verdict()]);
                said.any(|verdict| verdict.kind() == kind).then(|| seen.asked_before())?
            }
            VerdictKind::Unavailable
            | VerdictKind::Degraded
            | VerdictKind::RateLimited
            | VerdictKind::Malformed
            | VerdictKind::Typo
            | VerdictKind::NotUnitCode
            | VerdictKind::NotCovered
            | VerdictKind::Unknown => return None,
        })
    };
    let considered = VerdictKind::ALL.into_iter().filter_map(|kind| {
        let (near, why) = reason_of(kind)?;
        let outcome = if decision.verdict().kind() == kind {
            Outcome::Verdict
        } else if decision.advisories().iter().any(|advisory| advisory.kind() == kind) {
            Outcome::Besides
        } else if near {
            Outcome::Near
        } else {
            Outcome::Clear
        };
        Some(Considered { rule: kind.name().to_owned(), outcome, why })
    });
    considered.collect()
}

/// A unit with all that its rules look at.
struct Seen<'a> {
    record: &'a UnitRecord,
    past: &'a Past,
    question: &'a Question<'a>,
    rules: &'a Rules,
    now: Timestamp,
    lives: Lives<'a>,
}

impl Seen<'_> {
    fn zone(&self) -> &TimeZone {
        self.rules.zone()
    }

    fn limits(&self) -> &super::Thresholds {
        self.rules.of(&self.record.product.category)
    }

    fn day(&self, at: Timestamp) -> String {
        at.day_in(self.zone()).to_string()
    }

    fn mark(&self, life: Life) -> Reason {
        match self.lives.latest(life) {
            None => (false, "no such mark".to_owned()),
            Some(stamp) if stamp.lifted => (true, format!("lifted on {} by {}", self.day(stamp.at), stamp.by)),
            Some(stamp) => (true, format!("since {} by {}{}", self.day(stamp.at), stamp.by, because(stamp))),
        }
    }

    fn expiry(&self) -> Reason {
        let Some(last) = self.record.batch.expiry else { return (false, "no last day on record".to_owned()) };
        let today = self.now.day_in(self.zone()).to_civil();
        let left = today.until(last.to_civil()).map_or(0, |span| span.get_days());
        match left {
            ..0 => (true, format!("good until {last}, {} days ago", -left)),
            _ => (left <= CLOSE_DAYS, format!("good until {last}, {left} days left")),
        }
    }

    fn activation(&self) -> Reason {
        let grace = self.limits().activation_grace_hours;
        match self.lives.latest(Life::Activated) {
            Some(stamp) if !stamp.lifted => (false, format!("activated on {} by {}", self.day(stamp.at), stamp.by)),
            lifted => {
                let printed = self.lives.standing(Life::Printed).map(|stamp| stamp.at);
                let from = printed.map_or(self.record.batch.issued_at, |at| at.max(self.record.batch.issued_at));
                let hours = self.now.since(from).as_secs() / 3_600;
                let lifted = lifted.map_or("never activated", |_| "its activation was lifted");
                (true, format!("{lifted}; issued or printed {hours} h ago, amber for {grace} h and red then"))
            }
        }
    }

    fn on_sale(&self) -> Reason {
        let day = match self.record.batch.on_sale_from {
            None => "no first day of sale".to_owned(),
            Some(day) => format!("on sale from {day}"),
        };
        let shipped = match (self.record.product.tracks_shipping, self.lives.standing(Life::Shipped)) {
            (false, _) => "shipping is not tracked".to_owned(),
            (true, None) => "not recorded at any shop".to_owned(),
            (true, Some(stamp)) => format!("at a shop since {} by {}", self.day(stamp.at), stamp.by),
        };
        (false, format!("{day}; {shipped}"))
    }

    fn travel(&self) -> Reason {
        let limits = self.limits();
        let sessions = Sessions::of(self.past, self.question);
        let bound = format!("limit {} km/h from {} km on", limits.travel_max_kmh, limits.travel_min_km);
        match travel::fastest(&sessions, self.question) {
            None => (false, format!("no two askers at places that are sure; {bound}")),
            Some(journey) => {
                let minutes = journey.between.as_secs() / 60;
                let near = journey.km >= f64::from(limits.travel_min_km) / 2.0;
                let said =
                    format!("{:.0} km in {minutes} min from {} to {}; {bound}", journey.km, journey.from, journey.to);
                (near, said)
            }
        }
    }

    fn sale(&self) -> Reason {
        let minutes = self.limits().sale_settles_minutes;
        match self.lives.latest(Life::Sold) {
            None => (false, "no sale on record".to_owned()),
            Some(stamp) if stamp.lifted => (true, format!("returned on {} by {}", self.day(stamp.at), stamp.by)),
            Some(stamp) => {
                let city = stamp.city.as_deref().map(|city| format!(" in {city}")).unwrap_or_default();
                let at = self.day(stamp.at);
                (
                    true,
                    format!(
                        "sold on {at}{city} by {}; who asked around it, to {minutes} min after, is the buyer",
                        stamp.by
                    ),
                )
            }
        }
    }

    fn crowd(&self) -> Reason {
        let limits = self.limits();
        let sessions = Sessions::of(self.past, self.question);
        let (most, how) = match self.record.batch.concealment {
            Concealment::Hidden => (limits.overchecked_hidden, "under a coating"),
            Concealment::Printed => (limits.overchecked_printed, "openly printed"),
        };
        let times = sessions.times_by_others();
        let cities = sessions.cities_of_others(self.now, limits);
        let near =
            times > 0 && (times.saturating_mul(2) >= most || cities.saturating_add(1) >= limits.overchecked_cities);
        let days = limits.overchecked_days;
        let said = format!(
            "{times} {} of others, {most} are too many ({how}); cities in {days} days: {cities}, {} are too many",
            if times == 1 { "session" } else { "sessions" },
            limits.overchecked_cities
        );
        (near, said)
    }

    fn pack(&self) -> Reason {
        let UnitRecord { batch, product, .. } = self.record;
        let mut said = Vec::new();
        let mut put = |what: &str, given: Option<String>, recorded: Option<String>| {
            let given = given.unwrap_or_else(|| "nothing".to_owned());
            said.push(match recorded {
                None => format!("{what}: none on record"),
                Some(recorded) => format!("{what} {recorded} on record, {given} given"),
            });
        };
        let lot = Some(batch.lot.clone()).filter(|lot| !lot.is_empty());
        put("lot", self.question.lot.map(str::to_owned), lot);
        put("last day", self.question.expiry.map(|day| day.to_string()), batch.expiry.map(|day| day.to_string()));
        put("GTIN", self.question.gtin.map(str::to_owned), product.gtin.clone());
        (state::data_mismatch(self.record, self.question).is_some(), said.join("; "))
    }

    fn level(&self) -> Reason {
        let batch = &self.record.batch;
        match batch.level {
            0 | 1 => (false, "level 1: the unit that is sold".to_owned()),
            level => (true, format!("level {level}: a box that holds {}", batch.holds)),
        }
    }

    fn asked_before(&self) -> Reason {
        let Past { sessions, unlisted, uncounted, .. } = self.past;
        let more = if *unlisted > 0 { format!(" and {unlisted} no longer listed") } else { String::new() };
        let listed = match sessions.len() {
            1 => "1 session".to_owned(),
            count => format!("{count} sessions"),
        };
        let uncounted = match uncounted {
            1 => "1 check that does not count".to_owned(),
            count => format!("{count} checks that do not count"),
        };
        (false, format!("nothing speaks against it; {listed} listed{more}, {uncounted}"))
    }
}

fn because(stamp: &Stamp) -> String {
    stamp.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default()
}
