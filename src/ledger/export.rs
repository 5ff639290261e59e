//! The log as text, for those who evaluate it elsewhere: every event as JSON lines, or the checks as a table.
//!
//! Owns the names and the form of what leaves. What leaves names nobody: askers are keyed hashes, return routes stay
//! sealed and are told only as owed, and of whoever was forgotten neither hash nor place nor words are told. Nor can it be
//! used to answer for goods: the number printed on an issued unit is told without its tag, and a number as given stands only
//! where it is surely no misread one of an issued unit. Does not prove the log whole; that is [`super::audit::verify`]'s.

mod hidden;
mod table;

use std::io::{self, BufWriter, Write};

use contract::{
    Channel, Colour, Day, Delivery, Life, Means, Number, Place, Request, RequestKind, Role, Seen, Timestamp, Verdict,
    VerdictKind,
};
use serde::Serialize;

use super::event::{CheckEvent, Event, Flagged, InquiryEvent, LifeRecorded};
use super::keys::TipKeys;
use super::log::{LogError, LogReader, Row};
use crate::index::sets::file_name;
use crate::index::{Batch, Evidence, Maker, Product, Serials, Target, UnitKey};
use crate::verify::admit::Subject;

/// Rows read at a time.
const CHUNK: usize = 10_000;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table with one line for each check and a line of names above; other events are left out.
    Csv,
    /// One JSON object on a line for each event.
    Jsonl,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log cannot be read.
    #[error("the log cannot be exported")]
    Log(#[from] LogError),
    /// What was read cannot be written.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
}

/// Writes out every event there is when it begins, in order; what tips say as far as `tips` has their keys. Returns how many lines were written, the names of columns
/// not counted.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    reader: &mut dyn LogReader,
    tips: &TipKeys,
    format: Format,
    out: &mut dyn Write,
) -> Result<u64, ExportError> {
    match format {
        Format::Csv => {
            let mut checks = csv::Writer::from_writer(out);
            checks.write_record(table::COLUMNS).map_err(io::Error::from)?;
            let written = each(reader, tips, &mut |row, event| table::write(row, event, &mut checks))?;
            checks.flush()?;
            Ok(written)
        }
        Format::Jsonl => {
            let mut out = BufWriter::new(out);
            let written = each(reader, tips, &mut |row, event| {
                serde_json::to_writer(&mut out, &Line::of(row, event)).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
                Ok(1)
            })?;
            out.flush()?;
            Ok(written)
        }
    }
}

fn event_of(row: &Row) -> Result<Event, LogError> {
    row.event().map_err(|error| LogError::Damaged { sequence: row.sequence, what: error.to_string() })
}

fn each(
    reader: &mut dyn LogReader,
    tips: &TipKeys,
    write: &mut dyn FnMut(&Row, &Event) -> Result<u64, io::Error>,
) -> Result<u64, ExportError> {
    let forgotten = hidden::forgotten(reader)?;
    // What is appended meanwhile is left for the next time, or a busy log would never end.
    let last = reader.last()?.unwrap_or(0);
    let (mut done, mut written) = (0, 0);
    while done < last {
        let rows = reader.after(done, false, CHUNK)?;
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().take_while(|row| row.sequence <= last) {
            let mut event = hidden::with_tip(row, event_of(row)?, tips);
            if let Event::Inquiry(inquiry) = &event
                && forgotten.hides(inquiry.asker.current, row.sequence)
            {
                event = hidden::without_asker(event);
            }
            written += write(row, &event)?;
        }
        done = rows.last().map_or(last, |row| row.sequence);
    }
    Ok(written)
}

fn hashed(asker: u64) -> String {
    if asker == hidden::FORGOTTEN { hidden::NOBODY.to_owned() } else { format!("{asker:016x}") }
}

/// One event as it is written.
#[derive(Serialize)]
struct Line<'a> {
    sequence: u64,
    kind: &'static str,
    at: Timestamp,
    hash: String,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Inquiry {
        channel: Channel,
        language: &'static str,
        asker: String,
        role: Role,
        asked_at: Timestamp,
        asked_error_ms: u32,
        place: Option<&'a Place>,
        checks: Vec<CheckLine<'a>>,
        owed: Option<OwedLine>,
        request: RequestKind,
        tip: Option<TipLine<'a>>,
    },
    Delivered {
        inquiry: u64,
        delivery: Delivery,
    },
    Life {
        target: TargetLine<'a>,
        life: Life,
        lifted: bool,
        happened_at: Timestamp,
        happened_error_ms: u32,
        by: &'a str,
        place: Option<&'a Place>,
        reason: Option<&'a str>,
    },
    Catalogue {
        makers: &'a [Maker],
        products: &'a [Product],
        by: &'a str,
    },
    Issued {
        batch: &'a Batch,
    },
    Flagged {
        asker: String,
        until: Timestamp,
    },
    Imported {
        set: u64,
        file: String,
        rows: u64,
        batches: &'a [Batch],
        source: &'a str,
        by: &'a str,
    },
    Removed {
        set: u64,
        by: &'a str,
        reason: Option<&'a str>,
    },
    Forgotten {
        by: &'a str,
        reason: Option<&'a str>,
    },
    Alarm {
        about: &'a Subject,
        over: bool,
        since: Timestamp,
        unknown: u32,
        known: u32,
        usual_per_hour: Option<u32>,
    },
    Reduced {
        first: u64,
        last: u64,
        kept: u64,
        by: &'a str,
    },
}

#[derive(Serialize)]
struct CheckLine<'a> {
    unit: Option<UnitLine>,
    given: Option<GivenLine<'a>>,
    means: Means,
    lot: Option<&'a str>,
    expiry: Option<Day>,
    verdict: VerdictKind,
    colour: Colour,
    advisories: Vec<VerdictKind>,
    wrong_region: bool,
    evidence: Option<Evidence>,
    times_checked: u32,
    first_checked: Option<&'a Seen>,
}

/// What was reported.
#[derive(Serialize)]
struct TipLine<'a> {
    receipt: Option<String>,
    text: &'a str,
}

impl<'a> TipLine<'a> {
    fn of(request: &'a Request) -> Option<Self> {
        let Request::Tip(tip) = request else { return None };
        Some(Self { receipt: tip.receipt.map(|receipt| receipt.to_string()), text: &tip.text })
    }
}

#[derive(Serialize)]
struct OwedLine {
    day: Day,
    until: Timestamp,
}

/// A unit by its number without the tag, or by its key where it is of a listed set.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum UnitLine {
    Native { layout: u8, resource: u64, serial: u64 },
    Named(UnitKey),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum GivenLine<'a> {
    Digits(&'a str),
    Mixed(&'a str),
    Gs1 { gtin: &'a str, serial: Option<&'a str> },
    Unreadable { read: u32 },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum TargetLine<'a> {
    Product(&'a str),
    Batch(u64),
    Range { layout: u8, resource: u64, serials: Serials },
    Units(Vec<UnitLine>),
    Set(u64),
}

impl<'a> Line<'a> {
    fn of(row: &Row, event: &'a Event) -> Self {
        let what = match event {
            Event::Inquiry(inquiry) => What::inquiry(inquiry),
            Event::Delivered(delivered) => What::Delivered { inquiry: delivered.inquiry, delivery: delivered.delivery },
            Event::Life(life) => What::life(life),
            Event::Catalogue(change) => {
                What::Catalogue { makers: &change.makers, products: &change.products, by: &change.by }
            }
            Event::Issued(batch) => What::Issued { batch },
            Event::Flagged(Flagged { asker, until }) => What::Flagged { asker: hashed(*asker), until: *until },
            Event::Imported(imported) => What::Imported {
                set: imported.set,
                file: file_name(&imported.hash),
                rows: imported.rows,
                batches: &imported.batches,
                source: &imported.source,
                by: &imported.by,
            },
            Event::Removed(removed) => {
                What::Removed { set: removed.set, by: &removed.by, reason: removed.reason.as_deref() }
            }
            Event::Forgotten(forgotten) => What::Forgotten { by: &forgotten.by, reason: forgotten.reason.as_deref() },
            Event::Alarm(alert) => What::Alarm {
                about: &alert.subject,
                over: alert.over,
                since: alert.since,
                unknown: alert.misses,
                known: alert.known,
                usual_per_hour: alert.usual,
            },
            Event::Reduced(reduced) => {
                What::Reduced { first: reduced.first, last: reduced.last, kept: reduced.kept, by: &reduced.by }
            }
        };
        let hash = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sequence: row.sequence, kind: event.kind().name(), at: row.at, hash, what }
    }
}

impl<'a> What<'a> {
    fn inquiry(inquiry: &'a InquiryEvent) -> Self {
        Self::Inquiry {
            channel: inquiry.channel,
            language: inquiry.language.tag(),
            asker: hashed(inquiry.asker.current),
            role: inquiry.role,
            asked_at: inquiry.asked.at,
            asked_error_ms: inquiry.asked.error_ms,
            place: inquiry.place.as_ref(),
            checks: inquiry.checks.iter().map(CheckLine::of).collect(),
            owed: inquiry.owed.as_ref().map(|owed| OwedLine { day: owed.day, until: owed.until }),
            request: inquiry.request.as_ref().map_or(RequestKind::Check, Request::kind),
            tip: inquiry.request.as_ref().and_then(TipLine::of),
        }
    }

    fn life(life: &'a LifeRecorded) -> Self {
        let event = &life.event;
        Self::Life {
            target: match &event.target {
                Target::Product { product } => TargetLine::Product(product),
                Target::Batch { batch } => TargetLine::Batch(*batch),
                Target::Set { set } => TargetLine::Set(*set),
                Target::Range { layout, resource, serials } => {
                    TargetLine::Range { layout: *layout, resource: *resource, serials: *serials }
                }
                Target::Units { units } => TargetLine::Units(units.iter().map(UnitLine::of).collect()),
            },
            life: event.life,
            lifted: event.lifted,
            happened_at: event.at.at,
            happened_error_ms: event.at.error_ms,
            by: &event.by,
            place: event.place.as_ref(),
            reason: event.reason.as_deref(),
        }
    }
}

impl<'a> CheckLine<'a> {
    fn of(check: &'a CheckEvent) -> Self {
        Self {
            unit: check.unit.as_ref().map(UnitLine::of),
            given: check
                .given
                .as_ref()
                .filter(|_| check.unit.is_none() && tells_given(&check.verdict))
                .map(GivenLine::of),
            means: check.means,
            lot: check.lot.as_deref(),
            expiry: check.expiry,
            verdict: check.verdict.kind(),
            colour: check.colour,
            advisories: check.advisories.iter().map(Verdict::kind).collect(),
            wrong_region: check.wrong_region,
            evidence: check.evidence,
            times_checked: check.times_checked,
            first_checked: check.first_checked.as_ref(),
        }
    }
}

/// Whether a number as given may leave. One that was not looked up can be an issued unit's, and one that was mistyped or
/// cut short is so nearly one that the rest can be guessed.
const fn tells_given(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::NotUnitCode { .. } | Verdict::NotCovered | Verdict::Unknown => true,
        Verdict::Unavailable
        | Verdict::Degraded
        | Verdict::RateLimited { .. }
        | Verdict::Malformed { .. }
        | Verdict::Typo
        | Verdict::Compromised
        | Verdict::Stolen
        | Verdict::Recalled { .. }
        | Verdict::Withdrawn
        | Verdict::Expired { .. }
        | Verdict::NotActivated { .. }
        | Verdict::NotYetOnSale { .. }
        | Verdict::ImpossibleTravel { .. }
        | Verdict::SoldBefore { .. }
        | Verdict::Overchecked { .. }
        | Verdict::DataMismatch { .. }
        | Verdict::CartonCode { .. }
        | Verdict::GenuineSeen { .. }
        | Verdict::GenuineAgain { .. }
        | Verdict::GenuineFirst => false,
    }
}

impl UnitLine {
    pub(super) fn of(unit: &UnitKey) -> Self {
        match unit.as_native() {
            Some((layout, resource, serial)) => Self::Native { layout, resource, serial },
            None => Self::Named(*unit),
        }
    }
}

impl std::fmt::Display for UnitLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Native { resource, serial, .. } => write!(f, "{resource}-{serial}"),
            Self::Named(key) => write!(f, "{key}"),
        }
    }
}

impl<'a> GivenLine<'a> {
    fn of(number: &'a Number) -> Self {
        match number {
            Number::Digits(digits) => Self::Digits(digits),
            Number::Mixed(text) => Self::Mixed(text),
            Number::Gs1 { gtin, serial } => Self::Gs1 { gtin, serial: serial.as_deref() },
            Number::Unreadable { read } => Self::Unreadable { read: *read },
        }
    }
}

#[cfg(test)]
mod tests;
