//! What is kept about askers: of all, and of one.
//!
//! Reads the folder beside the gateway that runs on it, or at rest: the log, the names of keys, and for one asker the
//! peppers, under which the caller has made its hashes. Changes nothing, words nothing. Of one asker everything is told
//! that any event under any of its hashes holds, also those before a change of peppers, which the log links (`keys.rs`
//! says how). What was forgotten is counted and not shown.
//!
//! Memory: one chunk of rows, the asker's hashes, and at most [`MOST_LISTED`] of its events. Time: the rare events for all,
//! the whole log for one.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use contract::{Channel, Colour, Day, Position, Request, Timestamp, VerdictKind};
use serde::Serialize;

use super::event::{Event, InquiryEvent};
use super::export::UnitLine;
use super::folder::Folder;
use super::forgotten::ForgottenAskers;
use super::keys::{KeyDays, TipKeys};
use super::log::{LogError, LogReader as _, Row};
use super::segments::{SegmentReader, segments};
use crate::secret::SecretError;

/// Rows read at a time.
const CHUNK: usize = 5_000;
/// Events of one asker that are listed, the latest; older ones are counted.
pub const MOST_LISTED: usize = 10_000;
/// The one stream there is.
const STREAM: u32 = 0;

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum PrivacyError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The keys.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// What is kept of all askers.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// When each pepper was made, the latest first.
    pub peppers: Vec<Day>,
    /// The days whose return routes can still be read.
    pub route_days: Vec<Day>,
    /// Askers who want no replies.
    pub opt_outs: usize,
    /// Since when the longest of them stands.
    pub opt_outs_since: Option<Timestamp>,
    /// Askers found guessing: how many, and of these how many still wait.
    pub flags: (usize, usize),
    /// How often somebody was forgotten.
    pub forgotten: usize,
    /// The log's segments, in order.
    pub segments: Vec<SegmentView>,
}

/// One segment of the log.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentView {
    /// The file's name.
    pub file: String,
    /// Its first event.
    pub first: u64,
    /// Log time of the last event that it holds.
    pub last_at: Option<Timestamp>,
    /// Its bytes on disk.
    pub bytes: u64,
    /// What askers did has left it.
    pub reduced: bool,
}

/// What is kept of one asker.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Known {
    /// Its hashes, the latest first.
    pub hashes: Vec<String>,
    /// The same.
    #[serde(skip)]
    pub names: Vec<u64>,
    /// What it did, the latest first.
    pub events: Vec<Did>,
    /// Older events that are not listed.
    pub unlisted: u64,
    /// When it was last forgotten.
    pub forgotten_at: Option<Timestamp>,
    /// Events before that, which are shown to nobody.
    pub hidden: u64,
    /// Until when it was last found guessing.
    pub flagged_until: Option<Timestamp>,
    /// Since when it wants no replies.
    pub opted_out_since: Option<Timestamp>,
    /// Replies owed to it, with their end.
    pub owed: Vec<Timestamp>,
}

/// Something it did.
#[derive(Debug, Clone, Serialize)]
pub struct Did {
    /// The event's sequence.
    pub sequence: u64,
    /// When, to the minute.
    pub at: Timestamp,
    /// By which medium.
    pub channel: Channel,
    /// What it wanted: `check`, `help`, `stop`, `start`, `tip`.
    pub request: contract::RequestKind,
    /// Where it was, as far as that was known.
    pub city: Option<String>,
    /// The checks.
    pub checks: Vec<Checked>,
    /// What it reported.
    pub tip: Option<String>,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Of which unit, as `resource-serial` without its tag, or its key; `None` where it was no issued unit's number.
    pub unit: Option<String>,
    /// What was said.
    pub verdict: VerdictKind,
    /// In which colour.
    pub colour: Colour,
}

/// What is kept of all.
///
/// # Errors
/// [`PrivacyError`].
pub fn overview(folder: &Folder, now: Timestamp) -> Result<Overview, PrivacyError> {
    let KeyDays { peppers, routes: route_days, .. } = KeyDays::of(&folder.keys)?;
    let rare = Rare::read(&folder.log())?;
    let open = rare.flags.values().filter(|until| **until > now).count();
    Ok(Overview {
        peppers,
        route_days,
        opt_outs: rare.opted_out.len(),
        opt_outs_since: rare.opted_out.values().min().copied(),
        flags: (rare.flags.len(), open),
        forgotten: rare.forgotten.len(),
        segments: segment_views(&folder.log())?,
    })
}

fn segment_views(log: &Path) -> Result<Vec<SegmentView>, LogError> {
    let found = segments(log, STREAM)?;
    let mut reader = SegmentReader::new(log, STREAM);
    let end = reader.last()?.unwrap_or(0);
    let mut views = Vec::new();
    for (at, segment) in found.iter().enumerate() {
        let last = found.get(at + 1).map_or(end, |next| next.first - 1);
        views.push(SegmentView {
            file: segment.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            first: segment.first,
            last_at: reader.row(last)?.map(|row| row.at),
            bytes: std::fs::metadata(&segment.path).map_or(0, |file| file.len()),
            reduced: segment.is_reduced(),
        });
    }
    Ok(views)
}

/// What the few events say of askers.
#[derive(Default)]
struct Rare {
    opted_out: BTreeMap<u64, Timestamp>,
    flags: BTreeMap<u64, Timestamp>,
    forgotten: ForgottenAskers,
}

impl Rare {
    fn read(log: &Path) -> Result<Self, LogError> {
        let mut reader = SegmentReader::new(log, STREAM);
        let (mut rare, mut after) = (Self::default(), 0);
        loop {
            let rows = reader.after(after, true, CHUNK)?;
            let Some(last) = rows.last() else { return Ok(rare) };
            after = last.sequence;
            for row in &rows {
                rare.take(row, &event_of(row)?);
            }
        }
    }

    fn take(&mut self, row: &Row, event: &Event) {
        match event {
            Event::Inquiry(inquiry) => {
                let names = [Some(inquiry.asker.current), inquiry.asker.previous];
                match inquiry.request {
                    Some(Request::Stop) => {
                        self.opted_out.insert(inquiry.asker.current, row.at);
                    }
                    Some(Request::Start) => self.opted_out.retain(|name, _| !names.contains(&Some(*name))),
                    Some(Request::Check | Request::Help | Request::Tip(_)) | None => {}
                }
            }
            Event::Flagged(flagged) => {
                let until = self.flags.entry(flagged.asker).or_insert(flagged.until);
                *until = flagged.until.max(*until);
            }
            Event::Forgotten(forgotten) => {
                if forgotten.with_opt_out {
                    self.opted_out.retain(|name, _| !forgotten.names.contains(name));
                }
                self.forgotten.insert(row.sequence, row.at, forgotten);
            }
            Event::Delivered(_)
            | Event::Life(_)
            | Event::Catalogue(_)
            | Event::Issued(_)
            | Event::Imported(_)
            | Event::Removed(_)
            | Event::Alarm(_)
            | Event::Reduced(_) => {}
        }
    }
}

fn event_of(row: &Row) -> Result<Event, LogError> {
    row.event().map_err(|error| LogError::Damaged { sequence: row.sequence, what: error.to_string() })
}

/// What is kept of the asker with these hashes, the latest first. `progress` is told the events read and how many there
/// are.
///
/// # Errors
/// [`PrivacyError`].
pub fn known(
    folder: &Folder,
    names: &[u64],
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Known, PrivacyError> {
    let log = folder.log();
    let (rare, tips) = (Rare::read(&log)?, TipKeys::read(&folder.keys)?);
    let mut reader = SegmentReader::new(&log, STREAM);
    let firsts = reader.firsts()?;
    let end = reader.last()?.unwrap_or(0);
    let mut search = Search { names: names.to_vec(), rare, tips, now, delivered: HashSet::new() };
    let mut known = Known::default();
    let mut read = 0;
    // From the latest segment to the first: an event names the hash of the pepper before it.
    for (at, first) in firsts.iter().enumerate().rev() {
        let last = firsts.get(at + 1).map_or(end, |next| next - 1);
        let found = loop {
            let before = search.names.len();
            let found = search.segment(&mut reader, (*first, last))?;
            if search.names.len() == before {
                break found;
            }
        };
        read += (last + 1).saturating_sub(*first);
        progress(read, end);
        known.hidden += found.hidden;
        known.owed.extend(found.owed);
        known.unlisted += found.unlisted;
        for did in found.events.into_iter().rev() {
            if known.events.len() < MOST_LISTED {
                known.events.push(did);
            } else {
                known.unlisted += 1;
            }
        }
    }
    let latest = |of: &dyn Fn(u64) -> Option<Timestamp>| search.names.iter().filter_map(|name| of(*name)).max();
    known.forgotten_at = latest(&|name| search.rare.forgotten.last(name));
    known.flagged_until = latest(&|name| search.rare.flags.get(&name).copied());
    known.opted_out_since = latest(&|name| search.rare.opted_out.get(&name).copied());
    known.hashes = search.names.iter().map(|name| format!("{name:016x}")).collect();
    known.names = search.names;
    Ok(known)
}

/// What one segment holds of an asker.
#[derive(Default)]
struct Found {
    events: std::collections::VecDeque<Did>,
    unlisted: u64,
    hidden: u64,
    owed: Vec<Timestamp>,
}

struct Search {
    names: Vec<u64>,
    rare: Rare,
    tips: TipKeys,
    now: Timestamp,
    delivered: HashSet<u64>,
}

impl Search {
    fn segment(&mut self, reader: &mut SegmentReader, (first, last): (u64, u64)) -> Result<Found, LogError> {
        let mut found = Found::default();
        let mut after = first.saturating_sub(1);
        let mut owed = Vec::new();
        loop {
            let rows = reader.after(after, false, CHUNK)?;
            for row in rows.iter().take_while(|row| row.sequence <= last) {
                match event_of(row)? {
                    Event::Inquiry(inquiry) => self.inquiry(row, &inquiry, &mut found, &mut owed),
                    Event::Delivered(delivered) => {
                        if delivered.delivery.ends() {
                            self.delivered.insert(delivered.inquiry);
                        }
                    }
                    Event::Life(_)
                    | Event::Catalogue(_)
                    | Event::Issued(_)
                    | Event::Flagged(_)
                    | Event::Imported(_)
                    | Event::Removed(_)
                    | Event::Alarm(_)
                    | Event::Forgotten(_)
                    | Event::Reduced(_) => {}
                }
            }
            after = rows.last().map_or(last, |row| row.sequence);
            if after >= last {
                break;
            }
        }
        found.owed = owed.into_iter().filter(|(at, _)| !self.delivered.contains(at)).map(|(_, until)| until).collect();
        // Of older segments nothing is owed any more: none is needed of what was delivered in this one.
        self.delivered.retain(|inquiry| *inquiry < first);
        Ok(found)
    }

    fn inquiry(&mut self, row: &Row, inquiry: &InquiryEvent, found: &mut Found, owed: &mut Vec<(u64, Timestamp)>) {
        let asker = &inquiry.asker;
        if !self.names.contains(&asker.current) {
            return;
        }
        if let Some(previous) = asker.previous.filter(|previous| !self.names.contains(previous)) {
            self.names.push(previous);
        }
        owed.extend(
            inquiry.owed.as_ref().filter(|owed| owed.until > self.now).map(|route| (row.sequence, route.until)),
        );
        if self.rare.forgotten.hides(asker.current, row.sequence) {
            found.hidden += 1;
            return;
        }
        if found.events.len() >= MOST_LISTED {
            found.events.pop_front();
            found.unlisted += 1;
        }
        found.events.push_back(did(row, inquiry, &self.tips));
    }
}

fn did(row: &Row, inquiry: &InquiryEvent, tips: &TipKeys) -> Did {
    let sealed = inquiry.tip.as_ref();
    let read = sealed.and_then(|sealed| tips.open(sealed, Position { stream: STREAM, sequence: row.sequence }));
    Did {
        sequence: row.sequence,
        at: Timestamp(row.at.as_millis().div_euclid(60_000) * 60_000),
        channel: inquiry.channel,
        request: inquiry.request.as_ref().map_or(contract::RequestKind::Check, Request::kind),
        city: inquiry.place.as_ref().map(|place| place.city.clone()),
        checks: inquiry
            .checks
            .iter()
            .map(|check| Checked {
                unit: check.unit.as_ref().map(|unit| UnitLine::of(unit).to_string()),
                verdict: check.verdict.kind(),
                colour: check.colour,
            })
            .collect(),
        tip: inquiry.request.as_ref().and_then(|request| match request {
            Request::Tip(tip) => Some(read.clone().unwrap_or_else(|| tip.text.clone())),
            Request::Check | Request::Help | Request::Stop | Request::Start => None,
        }),
    }
}
