//! What the guard is told of each answer, what it wants logged, and what it remembers after a restart.
//!
//! Owns the way from numbers and verdicts to outcomes, of live answers and of those in the log. Judges nothing: that is
//! `admit`'s.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use contract::signal::{AlarmRaised, AlarmsOn, GuesserFound, Signal};
use contract::{Channel, Identity, Number, Timestamp, Verdict, VerdictKind};

use super::Gateway;
use super::admit::{
    Admission, AskerKind, Asking, Learned, Outcome, Sight, Subject, place_of_number, place_of_unit, short,
};
use crate::index::{Evidence, Found, Index as _, Product, UnitKey};
use crate::ledger::event::{CheckEvent, Event, Flagged, InquiryEvent, Kind};
use crate::ledger::log::{LogError, LogReader};
use crate::ledger::writer::{Job, Shared, number_hash};

/// A day back nobody has used anything of a quota any more.
const LOOKS_BACK: Duration = Duration::from_secs(24 * 60 * 60);
/// Events read at most when coming up: under a second. What stands before them is forgotten, the oldest of a day that
/// was busier than that.
const MOST_RESTORED: u64 = 200_000;
/// Rows read at a time.
const CHUNK: usize = 4_096;

/// A number as the guard sees it, before it is known what is said of it.
pub(super) struct Looked {
    number: u32,
    place: u32,
    evidence: Option<Evidence>,
    product: Option<Arc<Product>>,
}

impl Looked {
    pub(super) fn up(shared: &Shared, number: &Number, found: &Found) -> Self {
        match found.unit() {
            Some(record) => Self::unit(&record.key, Some(Arc::clone(&record.product))),
            None => Self::nothing(shared, number, found.evidence()),
        }
    }

    fn unit(key: &UnitKey, product: Option<Arc<Product>>) -> Self {
        let place = match key.as_native() {
            Some((_, resource, serial)) => place_of_unit(resource, serial),
            None => place_of_unit(0, u64::try_from(key.hashed() >> 64).unwrap_or(0)),
        };
        Self { number: place, place, evidence: None, product }
    }

    fn nothing(shared: &Shared, number: &Number, evidence: Option<Evidence>) -> Self {
        let hash = number_hash(number);
        let claim = shared.register.catalogue().claim(number);
        let place = claim
            .as_ref()
            .map_or_else(|| place_of_number(number, hash), |claim| place_of_unit(claim.resource, claim.serial));
        Self { number: short(hash), place, evidence, product: claim.and_then(|claim| claim.product) }
    }

    /// What the guard is told, where anything was looked up.
    pub(super) fn came_to(self, verdict: VerdictKind) -> Option<Outcome> {
        let Self { number, place, evidence, product } = self;
        let sight = Sight::of(verdict, evidence)?;
        Some(Outcome { number, place, sight, product })
    }
}

/// What looking a receipt up tells the guard.
pub(super) fn of_receipt(value: u64, is_miss: bool) -> Outcome {
    let place = place_of_unit(u64::MAX, value);
    let sight = if is_miss { Sight::Unknown } else { Sight::Known };
    Outcome { number: place, place, sight, product: None }
}

/// The name of the terminal that an identity is.
pub(super) fn terminal(identity: &Identity) -> Option<String> {
    if let Identity::Terminal(name) = identity { Some(name.clone()) } else { None }
}

impl Gateway {
    /// Tells the guard what came of an asker's checks, and has logged what it finds.
    pub(super) fn learn(&self, who: &Asking, terminal: Option<String>, outcomes: &[Outcome], now: Timestamp) {
        let Learned { flag, alerts } = self.admission.learned(who, outcomes, now);
        if let Some(flag) = flag {
            GuesserFound { rule: flag.rule.name() }.emit();
            self.note(Event::Flagged(Flagged { asker: flag.asker, until: flag.until }));
        }
        for mut alert in alerts {
            if let Subject::Terminal(name) = &mut alert.subject {
                name.clone_from(&terminal);
            }
            AlarmRaised { about: alert.subject.kind(), over: alert.over, unknown: alert.misses }.emit();
            AlarmsOn { products: u32::try_from(self.admission.alarms()).unwrap_or(u32::MAX) }.emit();
            if self.admission.tells(now) {
                self.note(Event::Alarm(alert));
            }
        }
    }

    fn note(&self, event: Event) {
        if let Err(refusal) = self.jobs.send(Job::Note(Box::new(event))) {
            // A guesser stays limited all the same; only its past checks still count until it is flagged again.
            tracing::warn!(cause = %refusal, "what the guard found could not be recorded");
        }
    }
}

/// Takes the last day of the log into the admission: quotas and misses of phones, and what is usual of each product.
/// Other askers start anew, for the log does not tell a cookie from an address. Reads a bounded part of the log.
pub(super) fn restore(
    admission: &Admission,
    reader: &mut dyn LogReader,
    shared: &Shared,
    now: Timestamp,
) -> Result<(), LogError> {
    let Some(last) = reader.last()? else { return Ok(()) };
    let first = reader.first()?.max(last.saturating_sub(MOST_RESTORED));
    let mut after = first_since(reader, (first, last), now.minus(LOOKS_BACK))?.saturating_sub(1);
    let mut seen = HashSet::new();
    loop {
        let rows = reader.after(after, false, CHUNK)?;
        let Some(row) = rows.last() else { return Ok(()) };
        after = row.sequence;
        for row in rows.iter().filter(|row| row.kind == Kind::Inquiry as u8) {
            let event =
                row.event().map_err(|source| LogError::Damaged { sequence: row.sequence, what: source.to_string() })?;
            if let Event::Inquiry(inquiry) = event {
                restore_inquiry(admission, shared, (&inquiry, row.at), &mut seen);
            }
        }
    }
}

fn restore_inquiry(
    admission: &Admission,
    shared: &Shared,
    (inquiry, at): (&InquiryEvent, Timestamp),
    seen: &mut HashSet<(u64, u32)>,
) {
    let was_limited = inquiry.checks.iter().any(|check| matches!(check.verdict, Verdict::RateLimited { .. }));
    if inquiry.request.is_some() || was_limited {
        return;
    }
    let outcomes: Vec<Outcome> = inquiry.checks.iter().filter_map(|check| outcome_of(shared, check)).collect();
    let asker = inquiry.asker;
    let is_phone = match inquiry.channel {
        Channel::Sms | Channel::Voice => true,
        Channel::Web | Channel::Kiosk => false,
        // Programs ask for others, and by what they ask nothing is usual.
        Channel::Api => return,
    };
    if is_phone {
        let kind = if inquiry.role.counts() { AskerKind::Person } else { AskerKind::Registered };
        let who = Asking { asker, kind, channel: inquiry.channel, origin: None };
        let checks = u32::try_from(inquiry.checks.len()).unwrap_or(u32::MAX);
        admission.restore(&who, (checks, &outcomes), at);
    }
    if inquiry.role.counts() && !asker.is_flagged(&|asker| shared.flags.contains(asker)) {
        for outcome in outcomes.iter().filter(|outcome| seen.insert((asker.current, outcome.number))) {
            admission.restore_past(outcome, at);
        }
    }
}

fn outcome_of(shared: &Shared, check: &CheckEvent) -> Option<Outcome> {
    let looked = match (&check.unit, &check.given) {
        (Some(unit), _) => Looked::unit(unit, shared.register.record(unit).map(|record| record.product)),
        (None, Some(given)) => Looked::nothing(shared, given, check.evidence),
        (None, None) => return None,
    };
    looked.came_to(check.verdict.kind())
}

/// The first event at a time or after it, by bisection: log time never goes back.
fn first_since(reader: &mut dyn LogReader, (first, last): (u64, u64), at: Timestamp) -> Result<u64, LogError> {
    let (mut low, mut high) = (first, last.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match reader.row(middle)? {
            Some(row) if row.at < at => low = middle + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}
