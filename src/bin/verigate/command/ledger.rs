//! `verigate ledger verify|export|rebuild`: is the log whole, what does it say, and its projections made anew.
//!
//! Reads the folder itself; changes no event. Rebuilding needs the folder for itself.

use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use verigate::ledger::audit;
use verigate::ledger::checkpoint::{published, read_all, verifying_key};
use verigate::ledger::export::{self, ExportError, Format};
use verigate::ledger::folder::Folder;
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
    /// Make the histories anew from the log; the gateway must be stopped.
    Rebuild,
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
            Self::Verify { json } => verify(&folder, *json, out),
            Self::Export { format, out: file } => export(&folder, *format, file.as_deref(), out),
            Self::Rebuild => {
                let _lock = folder.lock().map_err(|error| other(Exit::Unavailable, error))?;
                let bar = bar();
                let rebuilt = audit::rebuild(&folder.log(), 0, &folder.histories(), &mut |done, all| {
                    bar.set_length(all);
                    bar.set_position(done);
                });
                bar.finish_and_clear();
                let events = rebuilt.map_err(|error| other(Exit::Data, error))?;
                Ok(writeln!(out, "histories made anew from {events} events")?)
            }
        }
    }
}

fn verify(folder: &Folder, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let master = Secret::load(&folder.master()).map_err(|error| other(Exit::Usage, error))?;
    let key = verifying_key(&master);
    let checkpoints = read_all(&folder.checkpoints, 0, &key).map_err(|error| other(Exit::Data, error))?;
    let bar = bar();
    let verified = audit::verify(&folder.log(), 0, &checkpoints, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let verified = verified.map_err(|error| other(Exit::Data, error))?;
    let audit::Verified { events, segments, checkpoints: signed, from, head } = verified;
    let hash: String = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    if as_json {
        return json(
            out,
            &json!({ "events": events, "segments": segments, "checkpoints": signed, "from": from,
                "head": { "sequence": head.sequence, "hash": hash }, "key": published(&key) }),
        );
    }
    writeln!(out, "whole: {events} events in {segments} segments, {signed} signed checkpoints")?;
    if from > 1 {
        writeln!(out, "begins with event {from}; those before were dropped")?;
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
    let failed = |error: ExportError| match error {
        ExportError::Log(error) => other(Exit::Data, error),
        ExportError::Write(error) => Failure::Output(error),
    };
    let Some(file) = file else {
        return export::export(&mut reader, format, out).map(drop).map_err(failed);
    };
    let mut into = File::create_new(file)
        .with_context(|| format!("cannot make {}", file.display()))
        .map_err(|error| other(Exit::Usage, error))?;
    let lines = export::export(&mut reader, format, &mut into).map_err(failed)?;
    into.sync_all()?;
    Ok(writeln!(out, "{}: {lines} lines", file.display())?)
}

/// Progress on standard error, where somebody looks.
pub(super) fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
