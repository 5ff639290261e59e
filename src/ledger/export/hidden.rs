//! What leaves of an asker who was forgotten.
//!
//! What was asked about and answered stays, for it is the goods' history; by whom, from where and in which words does not.

use contract::{Position, Request, Tip};

use super::event_of;
use crate::ledger::event::{Event, InquiryEvent};
use crate::ledger::forgotten::ForgottenAskers;
use crate::ledger::keys::TipKeys;
use crate::ledger::log::{LogError, LogReader, Row};
use crate::verify::history::AskerHash;

/// Its name in exports.
pub(super) const NOBODY: &str = "forgotten";
/// Stands for it; no hash is this one, or one in 2^64 is.
pub(super) const FORGOTTEN: u64 = u64::MAX;
/// Rows read at a time.
const CHUNK: usize = 10_000;

/// The event without whose it was.
pub(super) fn without_asker(event: Event) -> Event {
    let Event::Inquiry(inquiry) = event else { return event };
    let request = match inquiry.request {
        Some(Request::Tip(Tip { receipt, .. })) => Some(Request::Tip(Tip { receipt, text: String::new() })),
        Some(Request::Check | Request::Help | Request::Stop | Request::Start) | None => inquiry.request,
    };
    let asker = AskerHash { current: FORGOTTEN, previous: None };
    Event::Inquiry(InquiryEvent { asker, place: None, owed: None, request, tip: None, ..inquiry })
}

/// The event with what its tip says, as far as that can be read.
pub(super) fn with_tip(row: &Row, event: Event, tips: &TipKeys) -> Event {
    let Event::Inquiry(mut inquiry) = event else { return event };
    let position = Position { stream: 0, sequence: row.sequence };
    let read = inquiry.tip.as_ref().and_then(|sealed| tips.open(sealed, position));
    if let (Some(Request::Tip(tip)), Some(read)) = (&mut inquiry.request, read) {
        tip.text = read;
    }
    Event::Inquiry(inquiry)
}

/// Everybody that was forgotten up to now: what they did before is nobody's.
pub(super) fn forgotten(reader: &mut dyn LogReader) -> Result<ForgottenAskers, LogError> {
    let (mut askers, mut done) = (ForgottenAskers::default(), 0);
    loop {
        let rows = reader.after(done, true, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(askers) };
        done = last.sequence;
        for row in &rows {
            if let Event::Forgotten(event) = event_of(row)? {
                askers.insert(row.sequence, row.at, &event);
            }
        }
    }
}
