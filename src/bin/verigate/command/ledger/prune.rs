//! `verigate ledger prune`: what is too old by the policy leaves the log now, or is only told.

use std::io::Write;

use indicatif::{HumanBytes, HumanCount};
use verigate::control::{Request, Response};
use verigate::verify::Segment;

use super::super::{Shared, ask, json, unexpected};
use crate::failure::Failure;

/// Drop what is too old, or say what is.
#[derive(Debug, clap::Args)]
pub(crate) struct Prune {
    /// Only say which segments are due.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Prune {
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let (link, core, _) = shared.link()?;
        let mut all = Vec::new();
        loop {
            let by = "prune".to_owned();
            let Response::Pruned(pruned) = ask(&link, Request::Prune { dry: self.dry_run, by })? else {
                return Err(unexpected());
            };
            let is_over = self.dry_run || pruned.left == 0 || pruned.done.is_empty();
            pruned.done.iter().try_for_each(|segment| if self.json { Ok(()) } else { told(segment, out) })?;
            if pruned.for_good && !self.json {
                return Ok(writeln!(out, "the log is kept for good: [retention] log_days is not set")?);
            }
            all.extend(pruned.done);
            if is_over {
                break;
            }
        }
        if self.json {
            return json(out, &all);
        }
        let (count, days) = (all.len(), core.retention.log_days.unwrap_or_default());
        if self.dry_run {
            return Ok(writeln!(out, "{count} segments are older than {days} days; nothing was changed")?);
        }
        writeln!(out, "{count} segments were older than {days} days")?;
        if count > 0 {
            writeln!(out, "backups, exports and archives made before still hold what left them")?;
        }
        Ok(())
    }
}

fn told(segment: &Segment, out: &mut dyn Write) -> Result<(), Failure> {
    let Segment { first, last, at, bytes, kept, pasts } = segment;
    write!(out, "events {first} to {last}, up to {at}, {}", HumanBytes(*bytes))?;
    if let (Some(kept), Some(pasts)) = (kept, pasts) {
        write!(out, ": {} events stay, and the pasts of {} units", HumanCount(*kept), HumanCount(*pasts))?;
    }
    Ok(writeln!(out)?)
}
