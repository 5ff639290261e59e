//! What is said of what is kept, and of what was forgotten.
//!
//! Owns the words and the days. Every kind of what is kept has a line here: a new one needs its own.

use std::io::Write;

use contract::{Day, RequestKind, Timestamp};
use indicatif::HumanBytes;
use jiff::tz::TimeZone;
use serde::Serialize;
use verigate::ledger::folder::Folder;
use verigate::ledger::keys::KeyDays;
use verigate::ledger::privacy::{Known, Overview, PrivacyError};
use verigate::ledger::retention::Retention;

use super::minute;
use crate::failure::Failure;

/// The day on which a pepper is destroyed: it serves, and then matches for as long again.
fn destroyed(made: Day, retention: &Retention, times: u32) -> String {
    let at = made.start_in(&TimeZone::UTC).plus(retention.pepper() * times);
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// From when on nothing that is logged today can be told to be anybody's.
pub(super) fn gone(folder: &Folder, retention: &Retention) -> Result<Option<String>, PrivacyError> {
    Ok(KeyDays::of(&folder.keys)?.peppers.first().map(|made| destroyed(*made, retention, 2)))
}

/// One kind of what is kept.
#[derive(Debug, Serialize)]
struct Kind {
    kind: &'static str,
    count: Option<usize>,
    holds: &'static str,
    since: Option<String>,
    until: String,
}

/// All that is kept.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    kinds: Vec<Kind>,
    log: &'a Overview,
    note: &'static str,
}

/// The peppers that match askers, and when each goes.
fn peppers(overview: &Overview, retention: &Retention) -> Vec<Kind> {
    overview
        .peppers
        .iter()
        .enumerate()
        .map(|(nth, made)| Kind {
            kind: if nth == 0 { "pepper in force" } else { "pepper before it" },
            count: None,
            holds: "links a telephone number, cookie or address to its hash in the log",
            since: Some(made.to_string()),
            until: match (nth, overview.peppers.first()) {
                (0, _) | (_, None) => format!("destroyed about {}", destroyed(*made, retention, 2)),
                (_, Some(next)) => format!("destroyed about {}", destroyed(*next, retention, 1)),
            },
        })
        .collect()
}

const NOTE: &str = "backups hold the keys of their day: what was destroyed since can be read with them, so keep a backup no longer than a pepper serves";

impl<'a> Told<'a> {
    pub(super) fn of(overview: &'a Overview, retention: &Retention) -> Self {
        let log_until = retention.log_days.map_or_else(
            || "for good: [retention] log_days is not set".to_owned(),
            |days| format!("{days} days, then its segment is reduced"),
        );
        let mut kinds = peppers(overview, retention);
        let known = overview.peppers.first().map_or_else(String::new, |made| destroyed(*made, retention, 2));
        let line = |kind, count, holds, since: Option<Timestamp>, until| Kind {
            kind,
            count,
            holds,
            since: since.map(minute),
            until,
        };
        kinds.extend([
            line(
                "inquiries in the log",
                None,
                "hash, medium, language, minute, place as far as known, numbers asked about, what was answered",
                None,
                log_until,
            ),
            line(
                "tips in the log",
                None,
                "what somebody wrote, encrypted, under its hash: may name people",
                None,
                format!("{} days, then the key of its day is destroyed", retention.tip_days),
            ),
            line(
                "return routes",
                Some(overview.route_days.len()),
                "encrypted telephone numbers of owed replies; one key a day",
                None,
                "their day's key is destroyed once nothing of that day is owed, after 48 hours at most".to_owned(),
            ),
            line(
                "sessions in histories",
                None,
                "hash, first and last minute and medium of a unit's first and latest askers, and the city where it was sure",
                None,
                format!("for good, for verdicts count them; nobody can be told from them after {known}"),
            ),
            line(
                "opt-outs",
                Some(overview.opt_outs),
                "hash of a telephone that wants no replies",
                overview.opt_outs_since,
                retention
                    .opt_out_days
                    .map_or_else(|| "as long as its hash can be recognised".to_owned(), |days| format!("{days} days")),
            ),
            line(
                "guessers",
                Some(overview.flags.0),
                "hash of an asker that was found guessing numbers",
                None,
                format!("{} still wait; the mark stays, for it takes their checks out of histories", overview.flags.1),
            ),
            line("forgotten askers", Some(overview.forgotten), "hash and who ordered it", None, "for good".to_owned()),
            line(
                "message ids",
                None,
                "keyed hash, no number in it",
                None,
                "until the message can come no more".to_owned(),
            ),
        ]);
        Self { kinds, log: overview, note: NOTE }
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), Failure> {
        for Kind { kind, count, holds, since, until } in &self.kinds {
            let count = count.map_or_else(String::new, |count| format!(" ({count})"));
            let since = since.as_ref().map_or_else(String::new, |since| format!("since {since}; "));
            writeln!(out, "{kind}{count}\n  {holds}\n  {since}{until}")?;
        }
        writeln!(out, "segments of the log")?;
        for segment in &self.log.segments {
            let last = segment.last_at.map_or_else(|| "empty".to_owned(), |at| format!("up to {}", minute(at)));
            let reduced = if segment.reduced { ", reduced" } else { "" };
            let (file, first, bytes) = (&segment.file, segment.first, HumanBytes(segment.bytes));
            writeln!(out, "  {file}: from event {first}, {last}, {bytes}{reduced}")?;
        }
        Ok(writeln!(out, "{}", self.note)?)
    }
}

/// All about one.
pub(super) fn write_known(known: &Known, out: &mut dyn Write) -> Result<(), Failure> {
    for did in &known.events {
        let place = did.city.as_ref().map_or_else(String::new, |city| format!(", {city}"));
        let (at, channel) = (minute(did.at), did.channel.name());
        for check in &did.checks {
            let unit = check.unit.as_ref().map_or("a number that is no unit's", |unit| unit.as_str());
            writeln!(out, "{at}  {channel}{place}  {unit}: {}, {}", check.verdict.name(), check.colour.name())?;
        }
        if let Some(tip) = &did.tip {
            writeln!(out, "{at}  {channel}{place}  tip: {tip}")?;
        } else if did.checks.is_empty() {
            let request = match did.request {
                RequestKind::Check => "check",
                RequestKind::Help => "help",
                RequestKind::Stop => "stop",
                RequestKind::Start => "start",
                RequestKind::Tip => "tip",
            };
            writeln!(out, "{at}  {channel}{place}  {request}")?;
        }
    }
    if known.unlisted > 0 {
        writeln!(out, "and {} older ones", known.unlisted)?;
    }
    if known.events.is_empty() {
        writeln!(out, "nothing is known of it")?;
    }
    if let Some(at) = known.forgotten_at {
        writeln!(out, "forgotten on {}: {} events before that are shown to nobody", minute(at), known.hidden)?;
    }
    if let Some(until) = known.flagged_until {
        writeln!(out, "found guessing numbers; waits until {}", minute(until))?;
    }
    if let Some(since) = known.opted_out_since {
        writeln!(out, "wants no replies since {}", minute(since))?;
    }
    for until in &known.owed {
        writeln!(out, "a reply is owed until {}", minute(*until))?;
    }
    Ok(writeln!(out, "kept under: {}", known.hashes.join(", "))?)
}

/// What was forgotten.
#[derive(Debug, Serialize)]
pub(super) struct Forgot {
    events: u64,
    opt_out_stands: bool,
    flag_stands_until: Option<Timestamp>,
    owed_replies: usize,
    nobody_from: Option<String>,
}

impl Forgot {
    pub(super) fn of(known: &Known, with_opt_out: bool, nobody_from: Option<String>) -> Self {
        Self {
            events: known.unlisted + known.events.len() as u64,
            opt_out_stands: known.opted_out_since.is_some() && !with_opt_out,
            flag_stands_until: known.flagged_until,
            owed_replies: known.owed.len(),
            nobody_from,
        }
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "forgotten: {} events are nobody's from now on", self.events)?;
        writeln!(out, "what it asks from now on is asked by somebody new; reports and exports show none of the rest")?;
        writeln!(out, "stays:")?;
        writeln!(
            out,
            "  its checks count in the histories of the units, with their city where it was sure, as an unnamed asker's"
        )?;
        let until = self.nobody_from.as_deref().unwrap_or("its pepper is destroyed");
        writeln!(out, "  the log's rows with its hash; from about {until} nobody can tell whose they were")?;
        if self.opt_out_stands {
            writeln!(out, "  that it wants no replies; --with-opt-out forgets that too")?;
        }
        if let Some(until) = self.flag_stands_until {
            writeln!(out, "  that it was found guessing, until {}", minute(until))?;
        }
        if self.owed_replies > 0 {
            writeln!(out, "  {} replies that are on their way", self.owed_replies)?;
        }
        Ok(writeln!(out, "  whatever backups and exports made before hold")?)
    }
}
