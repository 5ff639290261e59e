//! `verigate kiosk`: the terminals of the running gateway.

mod simulate;

use std::io::Write;
use std::time::Duration;

use channel_kiosk::Ask;
use clap::Subcommand;
use serde_json::Value;

use super::channel::{self, Column, asked, text, whole};
use super::{Shared, json, ours};
use crate::compose;
use crate::failure::Failure;

/// Between two looks at what came of a probe.
const LOOK: Duration = Duration::from_millis(10);

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
    /// Ask one terminal whether it is there, and show everything about it.
    ///
    /// A terminal with firmware of its own is asked how it is, a printer for its state, an ISO 1155 device by ENQ; of other
    /// devices behind an RFC 2217 server the server is asked. Scanners and displays answer nothing.
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
    Simulate(Box<simulate::Simulate>),
}

impl Kiosk {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::List { json: true, .. } => json(out, &asked(shared, compose::KIOSK, &Ask::List)?),
            Self::List { missing, .. } => table(&asked(shared, compose::KIOSK, &Ask::List)?, *missing, out),
            Self::Probe { terminal } => probe(shared, terminal, out),
            Self::Monitor { every, looks } => {
                let mut left = looks.unwrap_or(u64::MAX);
                while left > 0 {
                    table(&asked(shared, compose::KIOSK, &Ask::List)?, false, out)?;
                    writeln!(out)?;
                    out.flush()?;
                    left -= 1;
                    if left > 0 {
                        pause(Duration::from_secs(*every))?;
                    }
                }
                Ok(())
            }
            Self::Simulate(asked) => asked.run(shared, out),
        }
    }
}

fn pause(time: Duration) -> Result<(), Failure> {
    compose::runtime()?.block_on(async { tokio::time::sleep(time).await });
    Ok(())
}

/// Has a terminal asked whether it is there, waits for what comes of it, and shows that with all else that is known of it.
fn probe(shared: &Shared, terminal: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let terminal = terminal.to_owned();
    let asks = asked(shared, compose::KIOSK, &Ask::Reach { terminal: terminal.clone() })?;
    let number = u32::try_from(whole(&asks, "/number")).map_err(ours)?;
    let mut came = Value::Null;
    // The gateway gives up by itself; this is for one that ends meanwhile.
    for _ in 0..700 {
        came = asked(shared, compose::KIOSK, &Ask::Reached { terminal: terminal.clone(), number })?;
        if came != "waiting" {
            break;
        }
        pause(LOOK)?;
    }
    let mut known = asked(shared, compose::KIOSK, &Ask::Probe { terminal })?;
    if let Some(known) = known.as_object_mut() {
        known.insert("probe".to_owned(), told(&came));
    }
    json(out, &known)
}

/// What came of it, with a sentence for whoever asked.
fn told(came: &Value) -> Value {
    let (answered, silent) = (came.get("answered"), came.get("silent"));
    let asked = |by: Option<&Value>| match by.and_then(|by| by.get("by")).and_then(Value::as_str) {
        Some("how") => "how it is",
        Some("printer") => "for the state of its printer",
        Some("enquiry") => "whether it is there",
        Some("timing_mark") => "nothing, for such a device has no answer; its terminal server was asked for a sign",
        Some(_) | None => "something",
    };
    let says = match came.as_str() {
        Some("down") => "its line is down".to_owned(),
        Some("cannot_be_asked") => {
            "its line is up; a device of its profiles sends nothing but scans, so that nothing can be asked of it"
                .to_owned()
        }
        Some(_) | None if silent.is_some() => format!("no answer in time; it was asked {}", asked(silent)),
        Some(_) | None => format!("it answered; it was asked {}", asked(answered)),
    };
    let mut told = serde_json::json!({ "answered": answered.is_some(), "says": says });
    for (key, value) in answered.or(silent).and_then(Value::as_object).into_iter().flatten() {
        if let Some(told) = told.as_object_mut().filter(|_| !value.is_null()) {
            told.insert(key.clone(), value.clone());
        }
    }
    told
}

fn table(said: &Value, missing: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let columns = [
        Column::left("terminal", 24, |terminal| text(terminal, "/name")),
        Column::left("state", 7, |terminal| text(terminal, "/state")),
        Column::left("last heard", 20, |terminal| {
            let heard: String = text(terminal, "/last_heard").chars().take(19).collect();
            if heard.is_empty() { "never".to_owned() } else { heard }
        }),
        Column::right("scans", 9, |terminal| whole(terminal, "/counts/scans").to_string()),
        Column::right("answered", 9, |terminal| whole(terminal, "/counts/answered").to_string()),
        Column::right("replays", 7, |terminal| whole(terminal, "/counts/replayed").to_string()),
        Column::right("unread", 7, |terminal| whole(terminal, "/counts/unreadable").to_string()),
        Column::right("late", 6, |terminal| whole(terminal, "/counts/late").to_string()),
        Column::left(" paper", 6, |terminal| match terminal.pointer("/told/paper").and_then(Value::as_bool) {
            Some(there) => if there { " yes" } else { " none" }.to_owned(),
            None => String::new(),
        }),
        Column::left("firmware", 8, |terminal| text(terminal, "/told/firmware")),
        Column::left("mall", 12, |terminal| text(terminal, "/mall")),
        Column::left(" by", 0, |terminal| {
            let fault = text(terminal, "/fault");
            format!(" {}", if fault.is_empty() { text(terminal, "/by") } else { fault })
        }),
    ];
    let terminals = said.get("terminals").and_then(Value::as_array).into_iter().flatten();
    channel::table(&columns, terminals.filter(|terminal| !missing || text(terminal, "/state") != "up"), out)?;
    let (scans, away) = (whole(said, "/anyone/scans"), whole(said, "/anyone/turned_away"));
    Ok(writeln!(out, "{scans} scans of terminals that are not registered; {away} connections turned away")?)
}
