//! `verigate kiosk`: the terminals of the running gateway.

mod simulate;

use std::io::Write;
use std::time::Duration;

use channel_kiosk::Ask;
use clap::Subcommand;
use serde_json::Value;
use verigate::control::{Request, Response};

use super::{Shared, ask, json, ours, unexpected};
use crate::compose;
use crate::failure::Failure;

/// The terminals of the running gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Kiosk {
    /// Show every terminal: whether it is there, when it was heard, what happened since the gateway came up.
    List {
        /// As JSON, with every count.
        #[arg(long)]
        json: bool,
        /// Only those that are down or silent.
        #[arg(long)]
        missing: bool,
    },
    /// Show everything about one terminal.
    Probe {
        /// Its name.
        terminal: String,
    },
    /// Show every terminal again and again until interrupted.
    Monitor {
        /// Seconds between two looks.
        #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3_600))]
        every: u64,
        /// Stop after so many looks.
        #[arg(long, value_name = "COUNT")]
        looks: Option<u64>,
    },
    /// Be a terminal: scan something as a shopper would, and show what the terminal shows.
    Simulate(simulate::Simulate),
}

impl Kiosk {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { json: true, .. } => json(out, &asked(shared, &Ask::List)?),
            Self::List { missing, .. } => table(&asked(shared, &Ask::List)?, *missing, out),
            Self::Probe { terminal } => json(out, &asked(shared, &Ask::Probe { terminal: terminal.clone() })?),
            Self::Monitor { every, looks } => {
                let mut left = looks.unwrap_or(u64::MAX);
                let runtime = compose::runtime()?;
                while left > 0 {
                    table(&asked(shared, &Ask::List)?, false, out)?;
                    writeln!(out)?;
                    out.flush()?;
                    left -= 1;
                    if left > 0 {
                        runtime.block_on(tokio::time::sleep(Duration::from_secs(*every)));
                    }
                }
                Ok(())
            }
            Self::Simulate(asked) => asked.run(out),
        }
    }
}

fn asked(shared: &Shared, wanted: &Ask) -> Result<Value, Failure> {
    let (link, ..) = shared.link()?;
    let wanted = serde_json::to_value(wanted).map_err(ours)?;
    match ask(&link, Request::Channel { channel: compose::KIOSK.to_owned(), ask: wanted })? {
        Response::Channel(said) => Ok(said),
        Response::Done(_)
        | Response::Inspected { .. }
        | Response::Status(_)
        | Response::Batch(_)
        | Response::Product(_)
        | Response::TakenIn { .. }
        | Response::Products { .. }
        | Response::Batches { .. }
        | Response::Sets { .. }
        | Response::Pruned(_)
        | Response::Failed(_) => Err(unexpected()),
    }
}

fn table(said: &Value, missing: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let whole = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    writeln!(
        out,
        "{:<24} {:<7} {:<20} {:>9} {:>9} {:>7} {:>7} {:>6}  by",
        "terminal", "state", "last heard", "scans", "answered", "replays", "unread", "late"
    )?;
    let terminals = said.get("terminals").and_then(Value::as_array).into_iter().flatten();
    for terminal in terminals.filter(|terminal| !missing || text(terminal, "state") != "up") {
        let heard: String = text(terminal, "last_heard").chars().take(19).collect();
        let (by, fault) = (text(terminal, "by"), text(terminal, "fault"));
        writeln!(
            out,
            "{:<24} {:<7} {:<20} {:>9} {:>9} {:>7} {:>7} {:>6}  {}",
            text(terminal, "name"),
            text(terminal, "state"),
            if heard.is_empty() { "never" } else { &heard },
            whole(terminal, "/counts/scans"),
            whole(terminal, "/counts/answered"),
            whole(terminal, "/counts/replayed"),
            whole(terminal, "/counts/unreadable"),
            whole(terminal, "/counts/late"),
            if fault.is_empty() { by } else { fault },
        )?;
    }
    let (scans, away) = (whole(said, "/anyone/scans"), whole(said, "/anyone/turned_away"));
    Ok(writeln!(out, "{scans} scans of terminals that are not registered; {away} connections turned away")?)
}
