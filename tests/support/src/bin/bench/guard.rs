//! The guard against guessing: a crowd of honest people and guessers before a gateway whose clock is simulated, and what
//! the admission of one check costs.
//!
//! Owns the rows `guard`. Who asks what is `crowd.rs`. Everything goes through the gateway as a channel would hand it over,
//! one inquiry after the other, with its ledger on disk; only the clock is ours. The same seed gives the same crowd.

mod crowd;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use contract::{Timestamp, Verdict, Verify as _};
use support::admitting::{ASKERS, Admitting};
use support::drive::{self, Chance};
use tokio::runtime::Runtime;
use verigate::ledger::event::Event;
use verigate::ledger::folder::Folder;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;
use verigate::verify::admit::Subject;
use verigate::verify::{Gateway, Settings};

use self::crowd::{Ask, Crowd, HONEST, SOURCES};
use crate::table::{Row, Wanted};
use crate::{Options, ratio};

/// 2026-11-23T00:00:00Z.
const START: i64 = 1_795_392_000_000;
/// Six hours; the guessers come in the third and stay for two.
const SPAN: i64 = 6 * 3_600_000;
const ATTACK: (i64, i64) = (2 * 3_600_000, 4 * 3_600_000);
/// Guesses of all sources together.
const GUESSES: usize = 1_000_000;

/// What the crowd was told.
#[derive(Default)]
struct Told {
    evaluated: usize,
    guesses: usize,
    honest_checks: usize,
    /// By honest asker: was told to wait.
    waited: Vec<bool>,
    /// Simulated milliseconds from the first guess to the first alarm about a product, and alarms before.
    alarm_after: Option<i64>,
    false_alarms: usize,
}

/// All rows.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let told = simulate(options)?;
    let waited = told.waited.iter().filter(|waited| **waited).count();
    let row = |name: String, unit: &str, ours: f64, most: f64| Row {
        name,
        unit: unit.to_owned(),
        ours,
        beside: None,
        wanted: Some(Wanted::AtMost(most)),
    };
    let alarm_after = told.alarm_after.context("no alarm is in the ledger")?;
    let evaluated = count(told.evaluated);
    let guesses = format!("guesses looked up, of {} from {SOURCES} sources", told.guesses);
    let share = format!("of {HONEST} honest askers ({} checks) told to wait", told.honest_checks);
    let (took, bytes) = cost()?;
    Ok(vec![
        row(guesses, "guesses", evaluated, 10_000.0),
        row(
            "first guess to alarm in the ledger, simulated".to_owned(),
            "s",
            ratio(alarm_after.unsigned_abs(), 1_000.0),
            60.0,
        ),
        row("alarms before the first guess".to_owned(), "alarms", count(told.false_alarms), 0.0),
        row(share, "%", 100.0 * count(waited) / count(HONEST), 0.01),
        row("admission of one check, median".to_owned(), "µs", took, 1.0),
        row("memory of an asker, of a million".to_owned(), "bytes", bytes, 150.0),
    ])
}

fn count(count: usize) -> f64 {
    ratio(count as u64, 1.0)
}

/// Lets the crowd ask.
fn simulate(options: &Options) -> anyhow::Result<Told> {
    let issued = options.units.unwrap_or(1_000_000);
    let dir = tempfile::tempdir_in(&options.dir)?;
    let folder = Folder::all_in(dir.path());
    Gateway::init(&folder)?;
    let time = Arc::new(AtomicI64::new(START));
    let clock = {
        let time = Arc::clone(&time);
        Arc::new(move || Timestamp(time.load(Ordering::Relaxed)))
    };
    let gateway = Gateway::open(folder.clone(), Settings::default(), clock)?;
    let runtime = Runtime::new()?;
    let numbers = runtime.block_on(drive::stock(&gateway, issued))?;
    let mut crowd = Crowd::new(numbers, Chance::new(20_261_123));
    let mut told = Told { waited: vec![false; HONEST], ..Told::default() };
    let honest = crowd.honest(SPAN);
    let mut honest = honest.iter().peekable();
    let every = (ATTACK.1 - ATTACK.0) / i64::try_from(GUESSES / SOURCES)?;
    for round in 0..GUESSES / SOURCES {
        let begins = ATTACK.0 + every * i64::try_from(round)?;
        for source in 0..SOURCES {
            let at = begins + every * i64::try_from(source)? / i64::try_from(SOURCES)?;
            while let Some(ask) = honest.next_if(|ask| ask.at <= at) {
                hear(&runtime, (&gateway, &time), ask, &mut told)?;
            }
            for ask in crowd.guess(source, at) {
                hear(&runtime, (&gateway, &time), &ask, &mut told)?;
            }
        }
    }
    for ask in honest {
        hear(&runtime, (&gateway, &time), ask, &mut told)?;
    }
    gateway.close();
    look(&folder, &mut told)?;
    Ok(told)
}

/// One asks and hears.
fn hear(runtime: &Runtime, (gateway, time): (&Gateway, &AtomicI64), ask: &Ask, told: &mut Told) -> anyhow::Result<()> {
    time.store(START + ask.at, Ordering::Relaxed);
    let reply = runtime.block_on(gateway.verify(ask.inquiry(START)))?;
    let waits = reply.answers.iter().any(|answer| matches!(answer.verdict, Verdict::RateLimited { .. }));
    match ask.honest {
        Some(asker) => {
            told.honest_checks += 1;
            if let Some(waited) = told.waited.get_mut(asker) {
                *waited |= waits;
            }
        }
        None if ask.is_guess => {
            told.guesses += 1;
            told.evaluated += usize::from(!waits);
        }
        None => {}
    }
    Ok(())
}

/// Looks for alarms in the ledger.
fn look(folder: &Folder, told: &mut Told) -> anyhow::Result<()> {
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let mut after = 0;
    loop {
        let rows = reader.after(after, true, 1_000)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.sequence;
        for row in &rows {
            let Event::Alarm(alert) = row.event()? else { continue };
            let at = row.at.as_millis() - START - ATTACK.0;
            if at < 0 {
                told.false_alarms += 1;
            } else if matches!(alert.subject, Subject::Product(Some(_))) && !alert.over {
                told.alarm_after = Some(told.alarm_after.map_or(at, |before| before.min(at)));
            }
        }
    }
}

/// Microseconds of admitting one check and taking in what came of it, the median over a million askers at random; and
/// bytes that each of them takes.
fn cost() -> anyhow::Result<(f64, f64)> {
    let before = resident()?;
    let admitting = Admitting::new()?;
    admitting.fill(Timestamp(START));
    let bytes = ratio(resident()?.saturating_sub(before), ratio(ASKERS, 1.0));
    let mut chance = Chance::new(7);
    let mut each = Vec::new();
    for sample in 0..20_000_i64 {
        let askers: Vec<u64> = (0..16).map(|_| chance.below(usize::try_from(ASKERS).unwrap_or(0)) as u64).collect();
        let now = Timestamp(START + 3_600_000 + sample * 100);
        let started = Instant::now();
        for n in &askers {
            std::hint::black_box(admitting.ask(*n, 2, now));
        }
        each.push(started.elapsed().as_secs_f64() * 1e6 / 16.0);
    }
    each.sort_by(f64::total_cmp);
    Ok((each.get(each.len() / 2).copied().unwrap_or_default(), bytes))
}

/// Bytes of this process in memory.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("the system tells no memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the system tells no memory")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    ensure!(kib > 0, "the system tells no memory");
    Ok(kib * 1_024)
}
