//! How one row of the log changes the projections.
//!
//! Owns the rules alone. The live writer folds into its overlay and the rebuild into a fresh file through this same
//! function, so that both come to the same histories. Keeps nothing; the catalogue folds its own events.

use contract::{Timestamp, Verdict};

use super::event::{Event, InquiryEvent, LoggedId};
use super::histories::OwedEntry;
use super::log::{LogError, Row};
use crate::index::{Target, UnitKey};
use crate::verify::history::{Checked, Past};

/// What a row is folded into.
pub trait Projection {
    /// A unit's past, to be changed in place; an empty one where nothing ever happened to the unit.
    ///
    /// # Errors
    /// [`LogError`] where it cannot be read.
    fn past(&mut self, key: &UnitKey) -> Result<&mut Past, LogError>;

    /// A message was answered, or a report recorded, by this event at this log time.
    fn remember(&mut self, id: &LoggedId, sequence: u64, at: Timestamp);

    /// The reply of this inquiry is owed.
    fn owe(&mut self, sequence: u64, entry: OwedEntry);

    /// The reply of this inquiry is no longer owed.
    fn settled(&mut self, sequence: u64);
}

/// Folds one row. After an error the projection has taken in a part of the row and must be dropped.
///
/// # Errors
/// Only those of [`Projection::past`].
pub fn fold(row: &Row, event: &Event, into: &mut dyn Projection) -> Result<(), LogError> {
    match event {
        Event::Inquiry(inquiry) => fold_inquiry(row, inquiry, into),
        Event::Delivered(delivered) => {
            if delivered.delivery.ends() {
                into.settled(delivered.inquiry);
            }
            Ok(())
        }
        Event::Life(life) => {
            if let Target::Units { units } = &life.event.target {
                let stamp = life.event.stamp(row.sequence);
                for unit in units {
                    into.past(unit)?.live(life.event.life, stamp.clone());
                }
            }
            if let Some(id) = &life.id {
                into.remember(id, row.sequence, row.at);
            }
            Ok(())
        }
        // A forgotten asker's sessions are renamed where a past is read.
        Event::Catalogue(_)
        | Event::Issued(_)
        | Event::Flagged(_)
        | Event::Imported(_)
        | Event::Removed(_)
        | Event::Forgotten(_)
        | Event::Reduced(_)
        | Event::Alarm(_) => Ok(()),
    }
}

fn fold_inquiry(row: &Row, inquiry: &InquiryEvent, into: &mut dyn Projection) -> Result<(), LogError> {
    for check in &inquiry.checks {
        // A check that was turned away for its rate names no unit; where one did, it would still be no session.
        if let (Some(unit), false) = (&check.unit, matches!(check.verdict, Verdict::RateLimited { .. })) {
            into.past(unit)?.check(&Checked {
                asker: inquiry.asker,
                counts: inquiry.role.counts(),
                at: row.at,
                channel: inquiry.channel,
                asked: inquiry.asked,
                place: inquiry.place.as_ref(),
            });
        }
    }
    if let Some(id) = &inquiry.id {
        into.remember(id, row.sequence, row.at);
    }
    if let Some(route) = &inquiry.owed {
        into.owe(row.sequence, OwedEntry { channel: inquiry.channel, day: route.day, until: route.until });
    }
    Ok(())
}
