//! `scripts/bench`: how fast the core and the program are, each beside the plainest thing that does the same work.
//!
//! Owns the options, the interleaving and the table. Each figure is the median of three runs, ours and theirs in turn, so
//! that a busy machine slows both.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program for the terminal that measures time"
)]

mod bare;
mod core;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;

/// Runs of each.
const RUNS: usize = 3;

const USAGE: &str = "bench core|http [--json] [--seconds S (5)] [--units N (core: 1000000, http: 200000)] [--callers N (64)] [--dir DIR (.)]";

/// What is asked for.
#[derive(Debug)]
struct Options {
    what: String,
    json: bool,
    run: Duration,
    units: Option<u64>,
    callers: u64,
    dir: PathBuf,
}

/// One run.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    /// Answers per second.
    per_second: f64,
    /// Bytes written per answer, by the system's count for this process.
    bytes: Option<f64>,
    /// Milliseconds that half of the answers took at most, and 99 in a hundred.
    latency: Option<(f64, f64)>,
}

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
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(&options.dir)?;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let names = match options.what.as_str() {
        "core" => {
            let units = options.units.unwrap_or(1_000_000);
            let core = core::Core::prepare(dir.path(), units)?;
            let mut bare = bare::Bare::open(&dir.path().join("bare.db"))?;
            for _ in 0..RUNS {
                ours.push(core.run(options.callers, options.run)?);
                theirs.push(bare.run(core.numbers(), core.body_bytes()?, options.run)?);
            }
            [format!("the core, {} callers", options.callers), "bare SQLite, groups of 64".to_owned()]
        }
        "http" => {
            let web = web::Web::prepare(dir.path(), options.units.unwrap_or(200_000))?;
            for _ in 0..RUNS {
                ours.push(web.ours(options.run)?);
                theirs.push(web.nginx(options.run)?);
            }
            ["POST /v1/checks".to_owned(), "nginx, the same JSON".to_owned()]
        }
        other => bail!("expected core or http, got {other}\n{USAGE}"),
    };
    show(&options, names, median(&ours), median(&theirs));
    Ok(())
}

fn options() -> anyhow::Result<Options> {
    let mut given = std::env::args().skip(1);
    let what = given.next().context(USAGE)?;
    let mut options =
        Options { what, json: false, run: Duration::from_secs(5), units: None, callers: 64, dir: PathBuf::from(".") };
    while let Some(option) = given.next() {
        let mut value = || given.next().with_context(|| format!("{option} needs a value\n{USAGE}"));
        match option.as_str() {
            "--json" => options.json = true,
            "--seconds" => options.run = Duration::from_secs(value()?.parse::<u64>()?.clamp(1, 600)),
            "--units" => options.units = Some(value()?.parse::<u64>()?.clamp(1_000, 100_000_000)),
            "--callers" => options.callers = value()?.parse::<u64>()?.clamp(1, 8_000),
            "--dir" => options.dir = PathBuf::from(value()?),
            other => bail!("unknown option {other}\n{USAGE}"),
        }
    }
    Ok(options)
}

fn median(runs: &[Figures]) -> Figures {
    let mut runs = runs.to_vec();
    runs.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

fn show(options: &Options, names: [String; 2], ours: Figures, theirs: Figures) {
    let ratio = ours.per_second / theirs.per_second;
    if options.json {
        let shown = |name: &str, figures: Figures| {
            json!({
                "name": name, "per_second": figures.per_second.round(), "bytes_per_answer": figures.bytes.map(f64::round),
                "p50_ms": figures.latency.map(|latency| latency.0), "p99_ms": figures.latency.map(|latency| latency.1),
            })
        };
        let [our_name, their_name] = names;
        let rows = [shown(&our_name, ours), shown(&their_name, theirs)];
        println!("{}", json!({ "schema": 1, "bench": options.what, "runs": RUNS, "rows": rows, "ratio": ratio }));
        return;
    }
    println!("{:<28}{:>12}{:>16}{:>10}{:>10}", "", "per second", "bytes written", "p50 ms", "p99 ms");
    for (name, figures) in names.into_iter().zip([ours, theirs]) {
        let bytes = figures.bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}"));
        let (p50, p99) = figures
            .latency
            .map_or_else(|| ("-".to_owned(), "-".to_owned()), |(p50, p99)| (format!("{p50:.2}"), format!("{p99:.2}")));
        println!("{name:<28}{:>12.0}{bytes:>16}{p50:>10}{p99:>10}", figures.per_second);
    }
    println!("{:<28}{ratio:>12.2}", "ratio");
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
