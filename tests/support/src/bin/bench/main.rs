//! `scripts/bench`: how fast the core and the program are, each beside the plainest thing that does the same work.
//!
//! Owns the options and the list of what is measured. Figures are medians of three runs, ours and the peer's in turn, so
//! that a busy machine slows both. Where syncs matter all is measured once more with 2 ms added to every sync of every
//! process, ours and the peer's alike: this program runs itself with `fsync` and `fdatasync` of its own before libc's
//! (`slow_syncs.c`). A tracer that holds them back would cost a program of many threads more than one of one.
//!
//! A bench is a function that gives rows; one more is one more line in [`BENCHES`].
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program for the terminal that measures time"
)]

mod bare;
mod catalogue;
mod core;
mod guard;
mod index;
mod kiosk;
mod load;
mod recovery;
mod sms;
mod stock;
mod table;
mod voice;
mod web;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::table::Row;

/// Runs of each.
const RUNS: usize = 3;

/// Added to every sync.
const SLOWER: Duration = Duration::from_millis(2);

/// What can be measured.
const BENCHES: &[Bench] = &[
    Bench { name: "core", measure: core::speed, hangs_on_syncs: true },
    Bench { name: "bytes", measure: core::bytes, hangs_on_syncs: false },
    Bench { name: "index", measure: index::rows, hangs_on_syncs: false },
    Bench { name: "http", measure: web::rows, hangs_on_syncs: true },
    Bench { name: "sms", measure: sms::rows, hangs_on_syncs: true },
    Bench { name: "sms-long", measure: sms::long::rows, hangs_on_syncs: false },
    Bench { name: "kiosk-connections", measure: kiosk::rows, hangs_on_syncs: true },
    Bench { name: "kiosk-ttys", measure: kiosk::ttys, hangs_on_syncs: false },
    Bench { name: "kiosk-ser2net", measure: kiosk::server, hangs_on_syncs: false },
    Bench { name: "kiosk-replug", measure: kiosk::replug, hangs_on_syncs: false },
    Bench { name: "kiosk-idle", measure: kiosk::idle, hangs_on_syncs: false },
    Bench { name: "voice-calls", measure: voice::calls, hangs_on_syncs: false },
    Bench { name: "voice-most", measure: voice::most, hangs_on_syncs: false },
    Bench { name: "voice-signals", measure: voice::signals, hangs_on_syncs: false },
    Bench { name: "voice-flood", measure: voice::flood, hangs_on_syncs: false },
    Bench { name: "voice-noise", measure: voice::noise, hangs_on_syncs: false },
    Bench { name: "catalogue", measure: catalogue::rows, hangs_on_syncs: false },
    Bench { name: "guard", measure: guard::rows, hangs_on_syncs: false },
    Bench { name: "recovery", measure: recovery::rows, hangs_on_syncs: false },
];

/// One thing to measure.
struct Bench {
    name: &'static str,
    measure: fn(&Options) -> anyhow::Result<Vec<Row>>,
    /// It is measured once more with slower syncs.
    hangs_on_syncs: bool,
}

/// What is asked for.
#[derive(Debug, Clone)]
struct Options {
    benches: Vec<String>,
    json: bool,
    run: Duration,
    units: Option<u64>,
    callers: usize,
    dir: PathBuf,
    syncs: Syncs,
}

/// With which syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Syncs {
    Plain,
    Slow,
    Both,
}

/// One run of the core or the bare loop.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Checks per second.
    per_second: f64,
    /// Bytes written per check, by the system's count for this process.
    bytes: f64,
}

/// As in the program.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let options = options()?;
    std::fs::create_dir_all(&options.dir)?;
    let mut rows = Vec::new();
    for bench in BENCHES.iter().filter(|bench| options.asks_for(bench.name)) {
        // The table comes at the end, and some take minutes.
        eprintln!("measuring {}", bench.name);
        if options.syncs != Syncs::Slow {
            rows.extend((bench.measure)(&options).context(bench.name)?);
        }
        if options.syncs != Syncs::Plain && bench.hangs_on_syncs {
            rows.extend(slowly(bench.name).context(bench.name)?);
        }
    }
    if options.json {
        println!("{}", table::json(&rows));
    } else {
        print!("{}", table::text(&rows));
    }
    Ok(())
}

/// Measures one bench with every sync slower.
fn slowly(name: &str) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let (source, library) = (folder.path().join("slow_syncs.c"), folder.path().join("slow_syncs.so"));
    std::fs::write(&source, include_str!("slow_syncs.c"))?;
    let compiled =
        Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    ensure!(
        compiled.context("a C compiler is needed: run `scripts/test` once")?.success(),
        "slow_syncs.c does not compile"
    );
    let out = Command::new(std::env::current_exe()?)
        .env("LD_PRELOAD", &library)
        .env("SLOWER_BY", SLOWER.as_micros().to_string())
        .args(std::env::args().skip(1).filter(|argument| !is_bench(argument)))
        .args([name, "--json", "--syncs", "plain"])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(out.status.success(), "measuring with slower syncs failed");
    let mut rows = table::read(&out.stdout)?;
    for row in &mut rows {
        row.name.push_str(", syncs 2 ms slower");
    }
    Ok(rows)
}

/// The bench of this name, or where there is none those that it begins: `voice` is `voice-calls`, `voice-most` and so on.
fn benches(name: &str) -> impl Iterator<Item = &'static Bench> {
    let is_one = BENCHES.iter().any(|bench| bench.name == name);
    let begins = move |bench: &&Bench| {
        bench.name == name || !is_one && bench.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    BENCHES.iter().filter(begins)
}

fn is_bench(name: &str) -> bool {
    benches(name).next().is_some()
}

impl Options {
    fn asks_for(&self, name: &str) -> bool {
        self.benches.is_empty() || self.benches.iter().any(|asked| asked == name)
    }
}

fn options() -> anyhow::Result<Options> {
    let names: Vec<&str> = BENCHES.iter().map(|bench| bench.name).collect();
    let usage = format!(
        "bench [{}]… [--json] [--seconds S (5)] [--units N] [--callers N (64)] [--syncs plain|slow|both (both)] [--dir DIR (.)]",
        names.join("|")
    );
    let mut options = Options {
        benches: Vec::new(),
        json: false,
        run: Duration::from_secs(5),
        units: None,
        callers: 64,
        dir: PathBuf::from("."),
        syncs: Syncs::Both,
    };
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        let mut value = || given.next().with_context(|| format!("{option} needs a value\n{usage}"));
        match option.as_str() {
            "--json" => options.json = true,
            "--seconds" => options.run = Duration::from_secs(value()?.parse::<u64>()?.clamp(1, 600)),
            "--units" => options.units = Some(value()?.parse::<u64>()?.clamp(1_000, 100_000_000)),
            "--callers" => options.callers = value()?.parse::<usize>()?.clamp(1, 8_000),
            "--dir" => options.dir = PathBuf::from(value()?),
            "--syncs" => {
                options.syncs = match value()?.as_str() {
                    "plain" => Syncs::Plain,
                    "slow" => Syncs::Slow,
                    "both" => Syncs::Both,
                    other => bail!("expected plain, slow or both, got {other}\n{usage}"),
                }
            }
            name if is_bench(name) => options.benches.extend(benches(name).map(|bench| bench.name.to_owned())),
            other => bail!("unknown option {other}\n{usage}"),
        }
    }
    Ok(options)
}

/// The median of one figure of several runs.
fn median<T>(runs: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// Bytes this process has caused to be written so far, by the system's count.
fn written() -> anyhow::Result<u64> {
    let io = std::fs::read_to_string("/proc/self/io").context("the system counts no writes")?;
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("the system counts no writes")?;
    Ok(line.parse()?)
}

/// As a ratio to be read, where digits beyond the fifteenth do not matter.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn ratio(count: u64, by: f64) -> f64 {
    count as f64 / by
}
