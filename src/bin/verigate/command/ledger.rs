//! `verigate ledger verify|export|rebuild|prune`: is the log whole, what does it say, its projections made anew, and what is
//! too old dropped.
//!
//! Reads the folder itself; changes no event. Rebuilding needs the folder for itself; pruning is the gateway's, running or
//! opened here.

mod prune;

use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;
use verigate::code::Codes;
use verigate::code::layout::Layouts;
use verigate::config::CoreConfig;
use verigate::ledger::audit;
use verigate::ledger::checkpoint::{published, read_all, verifying_key};
use verigate::ledger::export::{self, ExportError, Format};
use verigate::ledger::folder::Folder;
use verigate::ledger::keys::TipKeys;
use verigate::ledger::reindex::{self, Indexed};
use verigate::ledger::segments::SegmentReader;
use verigate::secret::Secret;

use super::{Shared, json, other};
use crate::failure::{Exit, Failure};

/// Prove the ledger whole, write it out, or make its projections anew.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Walk every event and every signed checkpoint; exit code 65 where one is wrong.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write every event out: as JSON lines, or as a table of the checks. Numbers of issued units are never written whole.
    Export {
        /// The form.
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Form,
        /// Into this file, which must not be there yet; without it to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make the projections anew from the log: the histories, which are a file and need the gateway stopped, and the
    /// index, which lies in memory and is folded here to show that it can be, with every file of imported numbers.
    Rebuild {
        /// One of the two alone; the index also beside a running gateway.
        #[arg(long, value_enum)]
        only: Option<Part>,
    },
    /// Drop what askers did from the segments that are older than `[retention] log_days`; the running gateway does so
    /// once a day. What was issued, recalled or sold stays, and every count that a verdict needs.
    Prune(prune::Prune),
}

/// A projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// What happened to each unit.
    Histories,
    /// What was issued and listed.
    Index,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Form {
    /// A table with one line for each check.
    Csv,
    /// One JSON object for each event.
    Jsonl,
}

impl Ledger {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let folder = shared.root()?.folder()?;
        match self {
            Self::Prune(asked) => asked.run(shared, out),
            Self::Verify { json } => verify(&folder, *json, out),
            Self::Export { format, out: file } => export(&folder, *format, file.as_deref(), out),
            Self::Rebuild { only } => {
                if *only != Some(Part::Index) {
                    histories(&folder, out)?;
                }
                if *only != Some(Part::Histories) {
                    index(&folder, &shared.root()?.core(), out)?;
                }
                Ok(())
            }
        }
    }
}

fn histories(folder: &Folder, out: &mut dyn Write) -> Result<(), Failure> {
    let _lock = folder.lock().map_err(|error| other(Exit::Unavailable, error))?;
    let bar = bar_of("histories", "events");
    let rebuilt = audit::rebuild(&folder.log(), 0, &folder.histories(), &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let events = rebuilt.map_err(|error| other(Exit::Data, error))?;
    Ok(writeln!(out, "histories: made anew from {} events", HumanCount(events))?)
}

fn index(folder: &Folder, core: &CoreConfig, out: &mut dyn Write) -> Result<(), Failure> {
    let layouts = Layouts::new(core.layout.clone()).map_err(|error| other(Exit::Usage, error))?;
    let master = Secret::load(&folder.master()).map_err(|error| other(Exit::Usage, error))?;
    let (events, files) = (bar_of("index", "events"), bar_of("set files", "bytes"));
    let told = |bar: &ProgressBar, done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let indexed = reindex::rebuild(
        folder,
        Codes::new(layouts, master),
        &mut |done, all| told(&events, done, all),
        &mut |done, all| {
            events.finish_and_clear();
            told(&files, done, all);
        },
    );
    events.finish_and_clear();
    files.finish_and_clear();
    let Indexed { events, makers, products, batches, numbers, sets, damaged } =
        indexed.map_err(|error| other(Exit::Data, error))?;
    let [events, numbers] = [events, numbers].map(HumanCount);
    let [makers, products, batches, sets] =
        [makers, products, batches, sets].map(|count| HumanCount(u64::try_from(count).unwrap_or(u64::MAX)));
    writeln!(
        out,
        "index:     folded from {events} events: {makers} makers, {products} products, {batches} batches with {numbers} numbers"
    )?;
    if damaged.is_empty() {
        return Ok(writeln!(out, "set files: {sets}, all whole")?);
    }
    let reasons: String = damaged.iter().map(|(set, why)| format!("\n  set {set}: {why}")).collect();
    Err(other(
        Exit::Data,
        anyhow::anyhow!(
            "{} of {sets} set files cannot be used: restore them from a backup, or import the same lists again{reasons}",
            damaged.len()
        ),
    ))
}

fn verify(folder: &Folder, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let master = Secret::load(&folder.master()).map_err(|error| other(Exit::Usage, error))?;
    let key = verifying_key(&master);
    let checkpoints = read_all(&folder.checkpoints, 0, &key).map_err(|error| other(Exit::Data, error))?;
    let bar = bar();
    let verified = audit::verify(&folder.log(), 0, &checkpoints, Some(&key), &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let verified = verified.map_err(|error| other(Exit::Data, error))?;
    let audit::Verified { events, segments, checkpoints: signed, from, reduced: (reduced, dropped), head } = verified;
    let hash: String = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if as_json {
        return json(
            out,
            &json!({ "events": events, "segments": segments, "checkpoints": signed, "from": from,
                "reduced": { "segments": reduced, "events": dropped },
                "head": { "sequence": head.sequence, "hash": hash }, "key": published(&key) }),
        );
    }
    writeln!(out, "whole: {events} events in {segments} segments, {signed} signed checkpoints")?;
    if from > 1 {
        writeln!(out, "begins with event {from}; those before were dropped")?;
    }
    if reduced > 0 {
        writeln!(out, "{reduced} segments are reduced by signed notes: {dropped} events of askers left them")?;
    }
    writeln!(out, "head:  event {}, {hash}", head.sequence)?;
    Ok(writeln!(out, "key:   {}", published(&key))?)
}

fn export(folder: &Folder, form: Form, file: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let format = match form {
        Form::Csv => Format::Csv,
        Form::Jsonl => Format::Jsonl,
    };
    if !folder.log().is_dir() {
        let log = folder.log();
        return Err(other(Exit::Usage, anyhow::anyhow!("there is no log at {}", log.display())));
    }
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let tips = TipKeys::read(&folder.keys).map_err(|error| other(Exit::Usage, error))?;
    let failed = |error: ExportError| match error {
        ExportError::Log(error) => other(Exit::Data, error),
        ExportError::Write(error) => Failure::Output(error),
    };
    let Some(file) = file else {
        return export::export(&mut reader, &tips, format, out).map(drop).map_err(failed);
    };
    let mut into = File::create_new(file)
        .with_context(|| format!("cannot make {}", file.display()))
        .map_err(|error| other(Exit::Usage, error))?;
    let lines = export::export(&mut reader, &tips, format, &mut into).map_err(failed)?;
    into.sync_all()?;
    Ok(writeln!(out, "{}: {lines} lines", file.display())?)
}

/// Progress on standard error, where somebody looks, with its rate and what is left.
fn bar_of(what: &'static str, unit: &'static str) -> ProgressBar {
    let template = if unit == "bytes" {
        "{msg:>10} {bar:30} {percent:>3}% {bytes}/{total_bytes}, {bytes_per_sec}, rest {eta}"
    } else {
        "{msg:>10} {bar:30} {percent:>3}% {human_pos}/{human_len} events, {per_sec}, rest {eta}"
    };
    let style = ProgressStyle::with_template(template);
    bar().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

/// Progress on standard error, where somebody looks.
pub(super) fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
