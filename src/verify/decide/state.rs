//! What a unit's record says of it: marks, expiry, release, and what the pack says.
//!
//! Owns every verdict from `compromised` to `not_yet_on_sale`, `data_mismatch` and `carton_code`. Looks at no check.

use std::time::Duration;

use contract::reading::normalise_lot;
use contract::{Day, Life, Timestamp, Verdict};
use jiff::tz::TimeZone;

use super::Question;
use super::rules::Thresholds;
use crate::code::item_reference;
use crate::index::{Batch, Stamp, Timeline, UnitRecord};

/// The events of a unit: those that cover it as one of many, and its own. The later of each kind counts, as in
/// [`Timeline::merge`], without making a third timeline for every check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lives<'a> {
    covering: &'a Timeline,
    own: Option<&'a Timeline>,
}

impl<'a> Lives<'a> {
    /// `own` is `None` where the unit's past cannot be read.
    pub(super) fn of(record: &'a UnitRecord, own: Option<&'a Timeline>) -> Self {
        Self { covering: &record.life, own }
    }

    /// The latest event of this kind, set or lifted.
    pub(super) fn latest(&self, life: Life) -> Option<&'a Stamp> {
        let own = self.own.and_then(|own| own.latest(life));
        match (self.covering.latest(life), own) {
            (Some(covering), Some(own)) if own.sequence < covering.sequence => Some(covering),
            (covering, own) => own.or(covering),
        }
    }

    /// The latest event of this kind, unless it was lifted.
    pub(super) fn standing(&self, life: Life) -> Option<&'a Stamp> {
        self.latest(life).filter(|stamp| !stamp.lifted)
    }
}

/// The marks that stand against the unit, in order of precedence.
pub(super) fn marks(lives: &Lives<'_>, matches: &mut Vec<Verdict>) {
    let stands = |life| lives.standing(life).is_some();
    matches.extend(stands(Life::Compromised).then_some(Verdict::Compromised));
    matches.extend(stands(Life::Stolen).then_some(Verdict::Stolen));
    let recall = lives.standing(Life::Recalled);
    matches.extend(recall.map(|recall| Verdict::Recalled { reason: recall.reason.clone() }));
    matches.extend(stands(Life::Withdrawn).then_some(Verdict::Withdrawn));
}

/// Past its date: the last day is good to its end.
pub(super) fn expired(batch: &Batch, zone: &TimeZone, now: Timestamp) -> Option<Verdict> {
    batch.expiry.filter(|day| now > day.end_in(zone)).map(|on| Verdict::Expired { on })
}

/// Issued, not released.
pub(super) fn not_activated(lives: &Lives<'_>, batch: &Batch, limits: &Thresholds, now: Timestamp) -> Option<Verdict> {
    if lives.standing(Life::Activated).is_some() {
        return None;
    }
    let printed = lives.standing(Life::Printed).map_or(batch.issued_at, |stamp| stamp.at);
    let grace = Duration::from_secs(u64::from(limits.activation_grace_hours) * 3_600);
    Some(Verdict::NotActivated { fresh: now.since(batch.issued_at.max(printed)) <= grace })
}

/// The first day of sale, where it is yet to come.
pub(super) fn sale_to_come(batch: &Batch, zone: &TimeZone, now: Timestamp) -> Option<Day> {
    batch.on_sale_from.filter(|day| now < day.start_in(zone))
}

/// Released, not yet recorded on sale.
pub(super) fn not_yet_on_sale(
    lives: &Lives<'_>,
    record: &UnitRecord,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Verdict> {
    lives.standing(Life::Activated)?;
    let from = sale_to_come(&record.batch, zone, now);
    let on_its_way = record.product.tracks_shipping && lives.standing(Life::Shipped).is_none();
    (on_its_way || from.is_some()).then_some(Verdict::NotYetOnSale { from })
}

/// What the asker reads on the pack is not what the record says. Where either side says nothing, nothing differs.
pub(super) fn data_mismatch(record: &UnitRecord, question: &Question<'_>) -> Option<Verdict> {
    let UnitRecord { batch, product, .. } = record;
    let lot = question.lot.map(normalise_lot).filter(|given| !given.is_empty()).is_some_and(|given| {
        let recorded = normalise_lot(&batch.lot);
        !recorded.is_empty() && given != recorded
    });
    let expiry = question.expiry.zip(batch.expiry).is_some_and(|(given, recorded)| given != recorded);
    let gtins = question.gtin.zip(product.gtin.as_deref());
    let product = gtins.is_some_and(|(given, recorded)| item_reference(given) != item_reference(recorded));
    (lot || expiry || product).then_some(Verdict::DataMismatch { lot, expiry, product })
}

/// The number of a box.
pub(super) fn carton_code(batch: &Batch) -> Option<Verdict> {
    (batch.level >= 2).then_some(Verdict::CartonCode { holds: batch.holds })
}
