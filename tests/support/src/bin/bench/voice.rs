//! Calls by SIP: how many the program bears, how fast it takes them, and what a flood of scanners does to them.
//!
//! Beside each figure stands what Asterisk 22.10 took of the same two cores, with sipp as the callers, when it was measured
//! for the design of this channel: it is in no package of today's Debian, so it cannot run here each time. Our callers are
//! of [`callers`]; once the row that Asterisk has is measured with sipp as well.

mod callers;
mod gateway;
mod message;
mod sound;

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::Chance;

use self::callers::{Callers, Outcome, Plan};
use self::gateway::{Counted, Gateway};
use crate::stock::{Stock, kept};
use crate::table::{Row, Wanted};
use crate::{Options, ratio};

/// Numbers to key.
const DRAWN: usize = 40_000;
/// Calls at once where Asterisk was measured.
const AS_ASTERISK: usize = 975;
/// Calls at once, tried one after the other.
const STEPS: [usize; 6] = [1_500, 2_000, 2_500, 3_000, 3_500, 4_000];
/// Of the packets so many may be late: 0.1 %.
const LATE: f64 = 0.001;
/// Calls a second of signalling alone.
const SIGNALS: u32 = 3_000;
/// Junk a second, and the calls beside it.
const JUNK: u64 = 5_000;
const BESIDE_JUNK: usize = 100;
/// Mutated datagrams, and how many a second.
const NOISE: u64 = 100_000;
const NOISE_RATE: u32 = 5_000;
/// In so many bursts, each like the others: what the busiest moment took stays with the allocator.
const BURSTS: u64 = 4;
/// After so long the stack remembers nothing of a request: 32 s for an acknowledgement that does not come, 32 s for the answer to
/// the BYE that ends such a call, and some to spare.
const FORGOTTEN: Duration = Duration::from_secs(75);
/// Seconds that calls last: keys, the verdict, the menu and the silence after it.
const LENGTH: usize = 35;
/// Calls are held for so long at least.
const HOLD: Duration = Duration::from_secs(25);
/// Longer than the stack remembers what it has answered.
const SIGNALS_HOLD: Duration = Duration::from_secs(45);

/// One run.
#[derive(Debug)]
struct Measured {
    outcome: Outcome,
    cores: f64,
    memory_mb: f64,
    counted: Counted,
}

/// 975 calls at once, by callers of our own and by sipp.
pub(crate) fn calls(options: &Options) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::new(options)?;
    let mut rows = Vec::new();
    let plan = Plan { at_once: AS_ASTERISK, per_second: 60, hold: HOLD.max(options.run), keyed: true };
    let measured = bench.run(plan, false, |_| Ok(()))?;
    let name = format!("{AS_ASTERISK} calls at once");
    rows.extend(full(&name, &measured));
    let mut waits = measured.outcome.waits;
    waits.sort();
    let at = waits.get(waits.len() * 99 / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
    rows.push(alone(&format!("{name}: last key to first sound, p99 of {}", waits.len()), "ms", at, Some(150.0)));
    if let Some(measured) = bench.sipp()? {
        rows.extend(full(&format!("{AS_ASTERISK} calls at once, sipp calling"), &measured));
    }
    Ok(rows)
}

/// As many calls at once as go.
pub(crate) fn most(options: &Options) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::new(options)?;
    let (mut best, mut last) = (0, None);
    for at_once in STEPS {
        let per_second = u32::try_from(at_once / 20)?;
        let plan = Plan { at_once, per_second, hold: HOLD.max(options.run), keyed: true };
        let measured = bench.run(plan, false, |_| Ok(()))?;
        let good = measured.late() < LATE && measured.missing() == 0.0 && measured.outcome.most >= at_once;
        if good {
            best = at_once;
        }
        last = Some((at_once, measured));
        if !good {
            break;
        }
    }
    let mut rows = vec![Row {
        name: "most calls at once with less than 0.1 % of packets late and every number right".to_owned(),
        unit: "calls".to_owned(),
        ours: ratio(u64::try_from(best)?, 1.0),
        beside: Some(("Asterisk 22.10, once".to_owned(), 1_000.0)),
        wanted: Some(Wanted::TimesThePeer(1.5)),
    }];
    if let Some((at_once, measured)) = last {
        rows.push(alone(&format!("of {at_once} calls at once: late"), "%", measured.late() * 100.0, None));
        rows.push(alone(&format!("of {at_once} calls at once: cores"), "cores", measured.cores, None));
        rows.push(alone(&format!("of {at_once} calls at once: memory"), "MB", measured.memory_mb, None));
        rows.push(alone(
            &format!("of {at_once} calls at once: numbers wrong or missing"),
            "",
            measured.missing(),
            None,
        ));
    }
    Ok(rows)
}

/// INVITE, 200, ACK, BYE, 200 and nothing else.
pub(crate) fn signals(options: &Options) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::new(options)?;
    let plan = Plan { at_once: 10_000, per_second: SIGNALS, hold: SIGNALS_HOLD.max(options.run), keyed: false };
    let measured = bench.run(plan, false, |_| Ok(()))?;
    let name = format!("{SIGNALS} calls a second for {} s, hung up at once", plan.hold.as_secs());
    let count = |count: u64| ratio(count, 1.0);
    let outcome = &measured.outcome;
    Ok(vec![
        Row {
            name: format!("{name}: taken"),
            unit: "per second".to_owned(),
            ours: ratio(outcome.answered, plan.hold.as_secs_f64()),
            beside: Some(("Asterisk 22.10, once".to_owned(), 800.0)),
            wanted: Some(Wanted::TimesThePeer(0.99 * f64::from(SIGNALS) / 800.0)),
        },
        alone(&format!("{name}: failed"), "calls", count(outcome.failed), Some(0.0)),
        alone(&format!("{name}: messages sent again by callers"), "", count(outcome.again), None),
        beside(&format!("{name}: cores"), "cores", measured.cores, 0.88, None),
        beside(&format!("{name}: memory"), "MB", measured.memory_mb, 1_700.0, Some(200.0)),
    ])
}

/// A hundred calls while a stranger sends junk.
pub(crate) fn flood(options: &Options) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::new(options)?;
    let plan = Plan { at_once: BESIDE_JUNK, per_second: 25, hold: HOLD.max(options.run), keyed: true };
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut junk = None;
    let began = Instant::now();
    let measured = bench.run(plan, true, |gateway| {
        let (stop, sent, to) = (Arc::clone(&stop), Arc::clone(&sent), gateway.sip);
        let socket = UdpSocket::bind("127.0.0.2:0")?;
        junk = Some(std::thread::spawn(move || scan(&socket, to, &stop, &sent)));
        Ok(())
    });
    stop.store(true, Ordering::Relaxed);
    let took = began.elapsed();
    if let Some(junk) = junk {
        ensure!(junk.join().is_ok(), "the scanner ended badly");
    }
    let measured = measured?;
    let name = format!("{BESIDE_JUNK} calls at once beside junk");
    let mut rows = vec![alone(
        &format!("{name}: junk INVITEs"),
        "per second",
        ratio(sent.load(Ordering::Relaxed), took.as_secs_f64()),
        None,
    )];
    rows.extend(full(&name, &measured));
    Ok(rows)
}

/// Mutated datagrams by way of a trunk, which nothing holds back; then calls.
pub(crate) fn noise(options: &Options) -> anyhow::Result<Vec<Row>> {
    let bench = Bench::new(options)?;
    let gateway = Gateway::start(&bench.dir, &bench.data, false)?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let mut memory = Vec::new();
    for burst in 0..BURSTS {
        let began = Instant::now();
        for nth in 0..NOISE / BURSTS {
            let datagram = message::mutated(burst * (NOISE / BURSTS) + nth, gateway.sip);
            drop(socket.send_to(&datagram, gateway.sip));
            while began.elapsed() < Duration::from_secs(1) * u32::try_from(nth)? / NOISE_RATE {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // Until whatever was answered is forgotten again.
        std::thread::sleep(FORGOTTEN);
        memory.push(gateway.memory_mb()?);
    }
    let (before, after) = (memory.get(1).copied().unwrap_or_default(), memory.last().copied().unwrap_or_default());
    let plan = Plan { at_once: 50, per_second: 25, hold: Duration::from_secs(5), keyed: true };
    let measured = bench.run_on(&gateway, plan)?;
    let name = format!("{NOISE} mutated datagrams");
    Ok(vec![
        alone(&format!("{name}: memory gained from the second burst to the last"), "MB", after - before, Some(5.0)),
        alone(
            &format!("{name}: of {} calls after them, numbers wrong or missing", measured.outcome.answered),
            "",
            measured.missing(),
            Some(0.0),
        ),
    ])
}

fn scan(socket: &UdpSocket, to: std::net::SocketAddr, stop: &AtomicBool, sent: &AtomicU64) {
    let (began, mut nth) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_mul(JUNK) / 1_000;
        while nth < due {
            nth += 1;
            drop(socket.send_to(&message::junk(nth, to), to));
        }
        sent.store(nth, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Measured {
    /// The share of packets that were late.
    fn late(&self) -> f64 {
        self.counted.late / self.counted.sent.max(1.0)
    }

    /// Calls whose number was not told of, and verdicts of numbers that nobody keyed.
    fn missing(&self) -> f64 {
        let keyed = ratio(self.outcome.answered, 1.0);
        (keyed - self.counted.told).abs() + self.counted.wrong + ratio(self.outcome.failed, 1.0)
    }
}

/// The rows of a run with numbers keyed.
fn full(name: &str, measured: &Measured) -> Vec<Row> {
    let wanted = |of: f64| name.starts_with("975").then_some(of);
    let asterisk = |what: &str, unit: &str, ours: f64, theirs: f64, most: f64| match wanted(most) {
        Some(most) => beside(&format!("{name}: {what}"), unit, ours, theirs, Some(most)),
        None => alone(&format!("{name}: {what}"), unit, ours, None),
    };
    vec![
        asterisk("cores", "cores", measured.cores, 1.02, 0.4),
        asterisk("memory", "MB", measured.memory_mb, 362.0, 80.0),
        alone(
            &format!("{name}: of {:.0} packets more than 10 ms late", measured.counted.sent),
            "",
            measured.counted.late,
            wanted(0.0),
        ),
        alone(
            &format!("{name}: of {} numbers wrong or missing", measured.outcome.answered),
            "",
            measured.missing(),
            Some(0.0),
        ),
    ]
}

fn alone(name: &str, unit: &str, ours: f64, most: Option<f64>) -> Row {
    Row { name: name.to_owned(), unit: unit.to_owned(), ours, beside: None, wanted: most.map(Wanted::AtMost) }
}

fn beside(name: &str, unit: &str, ours: f64, theirs: f64, most: Option<f64>) -> Row {
    let beside = Some(("Asterisk 22.10, once".to_owned(), theirs));
    Row { beside, ..alone(name, unit, ours, most) }
}

/// A folder with numbers.
struct Bench {
    dir: std::path::PathBuf,
    data: std::path::PathBuf,
    numbers: Vec<String>,
}

/// What the system told of the program during a run.
#[derive(Debug, Default)]
struct Watch {
    memory_mb: f64,
    began: Option<(Instant, f64)>,
    ended: Option<(Instant, f64)>,
    looked: Option<Instant>,
}

impl Watch {
    /// Looks ten times a second.
    fn look(&mut self, gateway: &Gateway, full: bool) {
        let now = Instant::now();
        if self.looked.is_some_and(|looked| now.duration_since(looked) < Duration::from_millis(100)) {
            return;
        }
        self.looked = Some(now);
        self.memory_mb = self.memory_mb.max(gateway.memory_mb().unwrap_or_default());
        if full && let Ok(worked) = gateway.worked() {
            self.began.get_or_insert((now, worked));
            self.ended = Some((now, worked));
        }
    }

    fn cores(&self) -> f64 {
        match (self.began, self.ended) {
            (Some((began, before)), Some((ended, after))) if ended > began => {
                (after - before) / (ended - began).as_secs_f64()
            }
            _ => 0.0,
        }
    }
}

impl Bench {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let units = options.units.unwrap_or(1_000_000);
        let stock = Stock::of(options, units)?;
        let sample = stock.sample(DRAWN, &mut Chance::new(u64::from(std::process::id())))?;
        let numbers = sample.into_iter().map(|unit| unit.number).collect();
        Ok(Self { dir: kept(&options.dir, "voice", units)?, data: stock.folder.data.clone(), numbers })
    }

    fn run(
        &self,
        plan: Plan,
        strangers: bool,
        begin: impl FnOnce(&Gateway) -> anyhow::Result<()>,
    ) -> anyhow::Result<Measured> {
        let gateway = Gateway::start(&self.dir, &self.data, strangers)?;
        begin(&gateway)?;
        self.run_on(&gateway, plan)
    }

    fn run_on(&self, gateway: &Gateway, plan: Plan) -> anyhow::Result<Measured> {
        let run = u32::try_from(plan.at_once)? + std::process::id();
        let callers = Callers::new(gateway.sip, run, self.numbers.clone())?;
        let mut watch = Watch::default();
        let outcome = callers.run(plan, &mut |full| watch.look(gateway, full))?;
        Ok(Measured { outcome, cores: watch.cores(), memory_mb: watch.memory_mb, counted: settled(gateway)? })
    }

    /// The same with sipp; `None` where it is not there or may not send what it has to.
    fn sipp(&self) -> anyhow::Result<Option<Measured>> {
        let root = std::fs::read_to_string("/proc/self/status")?.lines().any(|line| line.starts_with("Uid:\t0"));
        let there = Command::new("sipp").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !root || !there {
            return Ok(None);
        }
        let gateway = Gateway::start(&self.dir, &self.data, false)?;
        let calls = AS_ASTERISK * 2;
        let keys: String = self.numbers.iter().take(calls).map(|number| format!("{number};\n")).collect();
        std::fs::write(self.dir.join("keys.csv"), format!("SEQUENTIAL\n{keys}"))?;
        let mut child = Killed(sipp(&self.dir, &gateway, calls)?);
        let (mut watch, mut outcome, mut asked) = (Watch::default(), Outcome::default(), Instant::now());
        let mut full = false;
        let until = Instant::now() + Duration::from_secs(240);
        while child.0.try_wait()?.is_none() {
            ensure!(Instant::now() < until, "sipp does not end");
            if asked.elapsed() > Duration::from_secs(1) {
                asked = Instant::now();
                let active = gateway.counted()?.active;
                outcome.most = outcome.most.max(format!("{active:.0}").parse()?);
                full = active * 50.0 >= ratio(u64::try_from(AS_ASTERISK * 49)?, 1.0);
            }
            watch.look(&gateway, full);
            std::thread::sleep(Duration::from_millis(50));
        }
        outcome.answered = u64::try_from(calls)?;
        Ok(Some(Measured { outcome, cores: watch.cores(), memory_mb: watch.memory_mb, counted: settled(&gateway)? }))
    }
}

/// A child that does not outlive us.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn sipp(dir: &Path, gateway: &Gateway, calls: usize) -> anyhow::Result<Child> {
    let scenario = std::fs::canonicalize("tests/peers/voice/sip/digits.xml").context("run it where the sources are")?;
    let mut command = Command::new("sipp");
    command.arg(gateway.sip.to_string()).arg("-sf").arg(scenario).args(["-s", "12365", "-i", "127.0.0.1"]);
    let rate = (AS_ASTERISK / LENGTH * 2).to_string();
    command.args(["-m", &calls.to_string(), "-l", &AS_ASTERISK.to_string(), "-r", &rate, "-mp", "40000"]);
    command.args(["-nostdin", "-timeout", "230", "-inf"]).arg(dir.join("keys.csv")).current_dir(dir);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("sipp does not start")
}

/// The metrics, once those of the sound have come: they are told every five seconds.
fn settled(gateway: &Gateway) -> anyhow::Result<Counted> {
    std::thread::sleep(Duration::from_secs(6));
    gateway.counted()
}
