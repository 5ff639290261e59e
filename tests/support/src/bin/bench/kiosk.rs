//! The program with terminals, and what they take of it: 400 on every kind of line, plugged in and out, and 4,000 idle ones.
//!
//! Owns what is measured. First 400 connections on a schedule of ten scans a second each, by which the wait is measured from
//! when a scan was due, so that a gateway that stalls is not let off; then one scan after another, for the most that it can
//! do. The same schedule on pseudo terminals, and on pseudo terminals behind one `ser2net`, half of them raw and half by
//! RFC 2217. Every answer is held to the number that was scanned.

mod gateway;
mod idle;
mod lines;
mod replug;
mod scan;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use support::drive::Chance;
use tokio::net::TcpStream;

use self::gateway::Gateway;
use self::scan::{Came, scan};
use crate::stock::{Stock, kept};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, core, median, ratio};

/// Terminals at once.
const TERMINALS: usize = 400;
/// Between two scans of one, on the schedule.
const EVERY: Duration = Duration::from_millis(100);
/// No answer for so long: the scan is lost.
const STUCK: Duration = Duration::from_secs(20);
/// Units, all of which were asked about before.
const UNITS: u64 = 1_000_000;

/// A folder with numbers to scan.
struct Ground {
    stock: Stock,
    numbers: Vec<String>,
    dir: PathBuf,
}

impl Ground {
    /// With as many numbers as the schedule needs in a run, so that none is scanned twice, and 200,000 at least.
    fn of(options: &Options) -> anyhow::Result<Self> {
        let units = options.units.unwrap_or(UNITS);
        let stock = Stock::of(options, units)?;
        let drawn = usize::try_from(options.run.as_secs())?.saturating_mul(TERMINALS * 10).max(200_000);
        let sample = stock.sample(drawn, &mut Chance::new(u64::from(std::process::id())))?;
        // Drawn at random some come twice, and twice at one terminal within seconds is one scan.
        let mut drawn = HashSet::new();
        let numbers =
            sample.into_iter().map(|unit| unit.number).filter(|number| drawn.insert(number.clone())).collect();
        Ok(Self { stock, numbers, dir: kept(&options.dir, "kiosk", units)? })
    }

    /// What one of so many terminals scans.
    fn share(&self, nth: usize, of: usize) -> Vec<String> {
        self.numbers.iter().skip(nth).step_by(of).cloned().collect()
    }

    fn start(&self, section: &str) -> anyhow::Result<Gateway> {
        Gateway::start(&self.dir, &self.stock.folder.data, section)
    }
}

/// A device that is acknowledged and told which number it was; the second, one that is only acknowledged.
pub(crate) const TOLD: &str = "{ output = [\"ack\", \"json-lines\"], on_connect = \"process\", gap_ms = 0 }";
const ACKNOWLEDGED: &str = "{ output = [\"ack\"], on_connect = \"process\" }";

/// An address of ours that nobody listens at.
fn free(count: usize) -> anyhow::Result<Vec<SocketAddr>> {
    // All at once, or one would be given twice.
    let taken: Vec<_> = (0..count).map(|_| std::net::TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    taken.iter().map(|listener| Ok(listener.local_addr()?)).collect()
}

struct Measured {
    scheduled: Came,
    pressed: Came,
    memory_mb: f64,
}

/// Connections: waits and rates.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let ground = Ground::of(options)?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(measure(&ground, options.run)?);
    }
    // As many callers as terminals: what waits is committed together.
    let as_many = Options { callers: TERMINALS, ..options.clone() };
    let core = core::alone(&as_many, options.units.unwrap_or(UNITS))?;
    let name = |what: &str| format!("{TERMINALS} connections: {what}");
    let row = |what: &str, unit: &str, figure: &dyn Fn(&Measured) -> f64, wanted: Option<Wanted>| Row {
        name: name(what),
        unit: unit.to_owned(),
        ours: median(&runs, figure),
        beside: None,
        wanted,
    };
    let most = Row {
        beside: Some((format!("the core alone, {TERMINALS} callers"), core)),
        wanted: Some(Wanted::TimesThePeer(0.5)),
        ..row("one after another", "per second", &|run| run.pressed.per_second(), None)
    };
    // Of all runs: one is too many.
    let amiss = Row {
        ours: runs.iter().map(|run| run.scheduled.amiss() + run.pressed.amiss()).sum(),
        ..row("wrong or lost", "scans", &|_| 0.0, Some(Wanted::AtMost(0.0)))
    };
    Ok(vec![
        row("10 scans/s each, p50", "ms", &|run| run.scheduled.percent(50), None),
        row("10 scans/s each, p99", "ms", &|run| run.scheduled.percent(99), Some(Wanted::AtMost(50.0))),
        most,
        amiss,
        row("memory", "MB", &|run| run.memory_mb, None),
    ])
}

fn measure(ground: &Ground, run: Duration) -> anyhow::Result<Measured> {
    let [told, acknowledged]: [SocketAddr; 2] = free(2)?.try_into().map_err(|_| anyhow::anyhow!("no two ports"))?;
    let server = |address, device| format!("[[kiosk.server]]\nlisten = \"{address}\"\nanyone = {device}\n");
    let gateway = ground.start(&[server(told, TOLD), server(acknowledged, ACKNOWLEDGED)].concat())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // What was scanned a moment ago would be answered from the record.
    let scanned = usize::try_from(run.as_secs())?.saturating_mul(10);
    let connect = |address: SocketAddr, skipped: usize| async move {
        let mut lines = Vec::new();
        for nth in 0..TERMINALS {
            let line = TcpStream::connect(address).await?;
            line.set_nodelay(true)?;
            let mut numbers = ground.share(nth, TERMINALS);
            numbers.drain(..skipped.min(numbers.len() / 2));
            lines.push((line, numbers));
        }
        anyhow::Ok(lines)
    };
    let scheduled = runtime.block_on(async { scan(connect(told, 0).await?, run, Some(EVERY), true).await })?;
    let pressed = runtime.block_on(async { scan(connect(acknowledged, scanned).await?, run, None, false).await })?;
    Ok(Measured { scheduled, pressed, memory_mb: gateway.memory_mb()? })
}

/// The rows of a schedule on some kind of line.
fn scheduled(kind: &str, came: &Came, most_ms: f64) -> Vec<Row> {
    let row = |what: &str, unit: &str, ours: f64, wanted: Option<f64>| Row {
        name: format!("{TERMINALS} {kind}: 10 scans/s each, {what}"),
        unit: unit.to_owned(),
        ours,
        beside: None,
        wanted: wanted.map(Wanted::AtMost),
    };
    vec![
        row("p50", "ms", came.percent(50), None),
        row("p99", "ms", came.percent(99), Some(most_ms)),
        row("scans", "scans", ratio(u64::try_from(came.waits.len()).unwrap_or(u64::MAX), 1.0), None),
        row("wrong or lost", "scans", came.amiss(), Some(0.0)),
    ]
}

/// Pseudo terminals.
pub(crate) fn ttys(options: &Options) -> anyhow::Result<Vec<Row>> {
    let came = lines::on_ttys(&Ground::of(options)?, options.run)?;
    Ok(scheduled("ttys", &came, 50.0))
}

/// Pseudo terminals behind `ser2net`.
pub(crate) fn server(options: &Options) -> anyhow::Result<Vec<Row>> {
    let came = lines::behind_ser2net(&Ground::of(options)?, options.run)?;
    Ok(scheduled("ttys behind one ser2net", &came, 80.0))
}

/// Lines that are pulled out and plugged in again.
pub(crate) fn replug(options: &Options) -> anyhow::Result<Vec<Row>> {
    replug::rows(&Ground::of(options)?)
}

/// Terminals that are there and give signs of life.
pub(crate) fn idle(options: &Options) -> anyhow::Result<Vec<Row>> {
    idle::rows(options)
}
