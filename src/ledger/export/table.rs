//! The table of checks: one line for each, for those who evaluate it elsewhere.
//!
//! Owns the columns. Other events are left out.

use std::io::{self, Write};

use contract::Role;

use super::{UnitLine, hashed};
use crate::index::Evidence;
use crate::ledger::event::Event;
use crate::ledger::log::Row;

/// The columns of a table of checks.
pub(super) const COLUMNS: [&str; 15] = [
    "sequence",
    "at",
    "channel",
    "language",
    "role",
    "asker",
    "layout",
    "resource",
    "serial",
    "verdict",
    "colour",
    "advisories",
    "city",
    "wrong_region",
    "evidence",
];

/// Writes the checks of an event.
pub(super) fn write(row: &Row, event: &Event, table: &mut csv::Writer<&mut dyn Write>) -> Result<u64, io::Error> {
    let inquiry = match event {
        Event::Inquiry(inquiry) => inquiry,
        Event::Delivered(_)
        | Event::Life(_)
        | Event::Catalogue(_)
        | Event::Issued(_)
        | Event::Flagged(_)
        | Event::Imported(_)
        | Event::Removed(_)
        | Event::Alarm(_)
        | Event::Forgotten(_)
        | Event::Reduced(_) => {
            return Ok(0);
        }
    };
    for check in &inquiry.checks {
        let (layout, resource, serial) = match check.unit.as_ref().map(UnitLine::of) {
            Some(UnitLine::Native { layout, resource, serial }) => {
                (layout.to_string(), resource.to_string(), serial.to_string())
            }
            Some(UnitLine::Named(_)) | None => Default::default(),
        };
        let advisories: Vec<&str> = check.advisories.iter().map(|advisory| advisory.kind().name()).collect();
        let cells: [String; COLUMNS.len()] = [
            row.sequence.to_string(),
            row.at.to_string(),
            inquiry.channel.name().to_owned(),
            inquiry.language.tag().to_owned(),
            role(inquiry.role).to_owned(),
            hashed(inquiry.asker.current),
            layout,
            resource,
            serial,
            check.verdict.kind().name().to_owned(),
            check.colour.name().to_owned(),
            advisories.join(";"),
            inquiry.place.as_ref().map_or_else(String::new, |place| place.city.clone()),
            check.wrong_region.to_string(),
            check.evidence.map_or("", evidence).to_owned(),
        ];
        table.write_record(cells.map(inert)).map_err(io::Error::from)?;
    }
    Ok(inquiry.checks.len() as u64)
}

/// A cell that no spreadsheet takes for a formula: the place is whatever somebody sent.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Shopper => "shopper",
        Role::Trade => "trade",
        Role::Inspector => "inspector",
        Role::Maker => "maker",
    }
}

const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::NeverIssued => "never_issued",
        Evidence::WrongTag => "wrong_tag",
    }
}
