//! The core in process: callers who each wait for their answer, no quota, units at random, all of them asked about before.
//!
//! Owns the rows `core` and `bytes`. Ours and the bare loop run in turn over the same units, three times each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Means, Number, Request, Role, Timestamp,
    Verify as _,
};
use support::drive::{Chance, clock, unlimited};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;
use verigate::verify::Gateway;

use crate::bare::Bare;
use crate::stock::{Stock, Unit};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, Run, median, ratio};

/// Phones that ask.
const PHONES: usize = 1_000_000;
/// Units drawn for each second of a run: more than are ever asked about in one.
const DRAWN: u64 = 200_000;

/// How many durable checks a second.
pub(crate) fn speed(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(10_000_000);
    let (ours, theirs) = measure(options, units)?;
    Ok(vec![Row {
        name: format!("durable checks, {} callers, {}", options.callers, counted(units)),
        unit: "per second".to_owned(),
        ours: median(&ours, |run| run.per_second),
        beside: Some(("bare SQLite, groups of 64".to_owned(), median(&theirs, |run| run.per_second))),
        wanted: Some(Wanted::TimesThePeer(1.5)),
    }])
}

/// How many bytes each check makes the disk write.
pub(crate) fn bytes(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(40_000_000);
    let (ours, theirs) = measure(options, units)?;
    Ok(vec![Row {
        name: format!("written per check, {}", counted(units)),
        unit: "bytes".to_owned(),
        ours: median(&ours, |run| run.bytes),
        beside: Some(("bare SQLite, groups of 64".to_owned(), median(&theirs, |run| run.bytes))),
        wanted: Some(Wanted::AtMost(4_096.0)),
    }])
}

/// How many durable checks a second, once and beside nothing: what the core does on this machine at this moment.
pub(crate) fn alone(options: &Options, units: u64) -> anyhow::Result<f64> {
    let core = Core { stock: Stock::of(options, units)?, runtime: Runtime::new()?, asked: Arc::default() };
    let drawn = usize::try_from(DRAWN * options.run.as_secs())?;
    let sample = Arc::new(core.stock.sample(drawn, &mut Chance::new(u64::from(std::process::id())))?);
    Ok(core.run(&sample, options.callers, options.run)?.per_second)
}

fn counted(units: u64) -> String {
    format!("{} million units", ratio(units, 1e6))
}

fn measure(options: &Options, units: u64) -> anyhow::Result<(Vec<Run>, Vec<Run>)> {
    let core = Core { stock: Stock::of(options, units)?, runtime: Runtime::new()?, asked: Arc::default() };
    let mut bare = Bare::open(&core.stock)?;
    let mut chance = Chance::new(u64::from(std::process::id()));
    let drawn = usize::try_from(DRAWN * options.run.as_secs())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let sample = Arc::new(core.stock.sample(drawn, &mut chance)?);
        ours.push(core.run(&sample, options.callers, options.run)?);
        let sample = core.stock.sample(drawn, &mut chance)?;
        theirs.push(bare.run(&sample, core.body_bytes()?, options.run)?);
    }
    Ok((ours, theirs))
}

/// A stocked folder.
struct Core {
    stock: Stock,
    runtime: Runtime,
    /// Inquiries so far: each has a key of its own, over all runs.
    asked: Arc<AtomicUsize>,
}

impl Core {
    /// How long an inquiry's row is in the log.
    fn body_bytes(&self) -> anyhow::Result<usize> {
        let mut reader = SegmentReader::new(&self.stock.folder.log(), 0);
        let last = reader.last()?.context("the log is empty")?;
        let rows = reader.after(last.saturating_sub(1_000), false, 1_000)?;
        rows.iter().map(|row| row.body.len()).sum::<usize>().checked_div(rows.len()).context("the log is empty")
    }

    /// Opens the folder, asks for so long, and closes it. What closing writes counts as written, not as time.
    fn run(&self, units: &Arc<Vec<Unit>>, callers: usize, run: Duration) -> anyhow::Result<Run> {
        let gateway = Arc::new(Gateway::open(self.stock.folder.clone(), unlimited()?, clock())?);
        let before = crate::written()?;
        let started = Instant::now();
        let until = started + run;
        let answered = self.runtime.block_on(async {
            let mut running = JoinSet::new();
            for _ in 0..callers {
                let (gateway, units, next) = (Arc::clone(&gateway), Arc::clone(units), Arc::clone(&self.asked));
                let now = clock();
                running.spawn(async move {
                    let mut answered = 0;
                    while Instant::now() < until {
                        ask(&gateway, &units, next.fetch_add(1, Ordering::Relaxed), now()).await?;
                        answered += 1;
                    }
                    anyhow::Ok(answered)
                });
            }
            let mut answered = 0;
            while let Some(count) = running.join_next().await {
                answered += count.context("a caller panicked")??;
            }
            anyhow::Ok(answered)
        })?;
        let took = started.elapsed().as_secs_f64();
        ensure!(answered < units.len() as u64, "more was asked than was drawn");
        gateway.close();
        drop(gateway);
        Ok(Run { per_second: ratio(answered, took), bytes: ratio(crate::written()? - before, ratio(answered, 1.0)) })
    }
}

pub(crate) async fn ask(gateway: &Gateway, units: &[Unit], nth: usize, now: Timestamp) -> anyhow::Result<()> {
    let unit = units.get(nth % units.len()).context("no units")?;
    let phone = Chance::new(nth as u64).below(PHONES);
    // Every start of the process has keys of its own.
    let key = format!("{}-{nth}", std::process::id());
    let inquiry = Inquiry {
        id: InquiryId { scope: "bench".to_owned(), key, valid_for: Duration::from_secs(86_400) },
        channel: Channel::Api,
        asker: Asker::new(Identity::Phone(format!("86138{phone:08}")), Role::Shopper),
        route: None,
        request: Request::Check,
        language: Language::default(),
        place: None,
        asked: EventTime::exact(now),
        checks: vec![Check {
            number: Number::Digits(unit.number.clone()),
            means: Means::Typed,
            lot: None,
            expiry: None,
        }],
    };
    let reply = gateway.verify(inquiry).await?;
    ensure!(reply.receipt.is_some(), "an answer was not recorded");
    Ok(())
}
