//! `scripts/crash`: the program and its core killed, robbed of power and starved of disk at moments nobody chose.
//!
//! Owns the options, the summaries and the rounds of `kill`: on one folder, N times over. What was acknowledged before
//! must be there after, once and unchanged; the log must be whole, and histories folded anew from it must equal those
//! that were written along the way.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program for the terminal that measures time")]

mod book;
mod core;
mod disk;
mod full;
mod import;
mod kiosk;
mod load;
mod power;
mod proof;
mod sms;
mod soak;
mod tamper;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use support::drive::{Chance, Program, data_folder, prepare, program_beside};

use self::load::{Load, Tally};
use self::power::Mode;

const USAGE: &str =
    "crash kill|power|eio|import|sms|kiosk|tamper|soak [N (50)] | full   [--dir DIR (.)] [--program FILE] [--seed S]";

/// Numbers to use up in a round; a round lasts at most 1.5 s.
const PER_ROUND: u64 = 20_000;
/// The bound on a whole run, per kill and once.
const PER_KILL: Duration = Duration::from_secs(30);
const ONCE: Duration = Duration::from_secs(300);

/// Of so many power cuts one hits the program, the others its core.
const TO_PROGRAM: u64 = 6;

/// What is asked for.
struct Options {
    what: String,
    times: u64,
    dir: PathBuf,
    program: PathBuf,
    seed: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept.
fn run() -> anyhow::Result<bool> {
    let mut given = std::env::args().skip(1);
    if given.next().as_deref() == Some("core") {
        return core::run(core::Task::parse(given)?).map(|()| true);
    }
    let options = options()?;
    std::fs::create_dir_all(&options.dir)?;
    // The disks of `power` are found by an absolute path: their processes may stand elsewhere.
    let dir = tempfile::Builder::new().prefix("crash-").tempdir_in(options.dir.canonicalize()?)?;
    println!("seed {}", options.seed);
    let mut faults = Vec::new();
    let outcome = match options.what.as_str() {
        "kill" => {
            let demo = dir.path().join("demo");
            std::fs::create_dir(&demo)?;
            rounds(&options, &demo, &mut faults)
        }
        "import" => import::story(&options.program, dir.path(), options.times, options.seed),
        "full" => full::story(&options, dir.path()),
        "kiosk" => kiosk::story(&options.program, dir.path(), options.times, options.seed),
        "sms" => sms::story(&options.program, dir.path(), options.times, options.seed),
        "tamper" => tamper::story(&options, dir.path()),
        "soak" => soak::story(&options, dir.path()),
        "power" => cuts(&options, dir.path(), &mut faults),
        _ => failures(&options, dir.path(), &mut faults),
    };
    let summary = match outcome {
        Ok(summary) => summary,
        Err(error) => {
            faults.push(format!("{error:#}"));
            "stopped".to_owned()
        }
    };
    faults.iter().take(20).for_each(|fault| println!("  {fault}"));
    println!("{summary}; {}", if faults.is_empty() { "good".to_owned() } else { format!("{} faults", faults.len()) });
    if !faults.is_empty() {
        // Whoever looks for the cause needs it.
        println!("the folder is kept: {}", dir.keep().display());
    }
    Ok(faults.is_empty())
}

/// Power cuts: the core's, the program's, and the control on a log that is not synced.
fn cuts(options: &Options, dir: &Path, faults: &mut Vec<String>) -> anyhow::Result<String> {
    let to_program = options.times.div_ceil(TO_PROGRAM);
    let count = power::cores(options, Mode::Power, dir, options.times - to_program)?;
    faults.extend(count.faults.clone());
    let (mut tally, proof) = power::programs(options, dir, to_program)?;
    faults.append(&mut tally.faults);
    faults.extend(proof.faults);
    let seen = power::control(options, dir)?;
    if seen == 0 {
        faults.push("a log that is not synced lost nothing: these cuts prove nothing".to_owned());
    }
    Ok(format!(
        "{} power cuts, {} acknowledged, {} looked for again, {} refused, {} lost, {} doubled, {} two firsts, {} lists taken in, {} older folders brought forward, {} backups brought back, histories folded anew equal {} times; {} cuts of the program over HTTP: {} acknowledged, {} replayed, {} lost, {} doubled, {} two firsts, chain of {} events {}, rebuild {}; an unsynced log was seen to lose {seen} answers",
        options.times,
        count.acknowledged,
        count.looked_for,
        count.refused,
        count.lost,
        count.doubled,
        count.two_firsts,
        count.imports,
        count.migrations,
        count.backups,
        count.proven,
        to_program,
        tally.acknowledged,
        tally.replayed,
        tally.lost,
        tally.doubled + proof.doubled,
        proof.two_firsts,
        proof.events,
        if proof.is_whole { "intact" } else { "BROKEN" },
        if proof.is_rebuilt { "equal" } else { "DIFFERENT" },
    ))
}

/// Syncs and writes that fail, kills on what the kernel alone holds, and power cuts after that.
fn failures(options: &Options, dir: &Path, faults: &mut Vec<String>) -> anyhow::Result<String> {
    let count = power::cores(options, Mode::Failing, dir, options.times)?;
    faults.extend(count.faults.clone());
    Ok(format!(
        "{} rounds on a failing disk, {} acknowledged, {} looked for again, {} refused, {} lost, {} doubled, {} two firsts, histories folded anew equal {} times",
        options.times,
        count.acknowledged,
        count.looked_for,
        count.refused,
        count.lost,
        count.doubled,
        count.two_firsts,
        count.proven,
    ))
}

fn options() -> anyhow::Result<Options> {
    let mut given = std::env::args().skip(1);
    let what = given.next().filter(|what| {
        ["kill", "power", "eio", "import", "sms", "kiosk", "full", "tamper", "soak"].contains(&what.as_str())
    });
    let Some(what) = what else { bail!(USAGE) };
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut options = Options { what, times: 50, dir: PathBuf::from("."), program: PathBuf::new(), seed };
    while let Some(option) = given.next() {
        let mut value = || given.next().with_context(|| format!("{option} needs a value\n{USAGE}"));
        match option.as_str() {
            "--dir" => options.dir = PathBuf::from(value()?),
            "--program" => options.program = PathBuf::from(value()?),
            "--seed" => options.seed = value()?.parse()?,
            times => options.times = times.parse().with_context(|| format!("unknown option {times}\n{USAGE}"))?,
        }
    }
    ensure!((1..=1_000_000).contains(&options.times), "expected 1 to 1000000 times, got {}", options.times);
    if options.program.as_os_str().is_empty() {
        options.program = program_beside()?;
    }
    Ok(options)
}

/// All rounds and the proof at the end; what is wrong goes to `faults`.
fn rounds(options: &Options, demo: &Path, faults: &mut Vec<String>) -> anyhow::Result<String> {
    let started = Instant::now();
    let bound = ONCE + PER_KILL * u32::try_from(options.times)?;
    let mut chance = Chance::new(options.seed);
    let numbers = prepare(&options.program, demo, options.times * PER_ROUND)?;
    let load = Arc::new(Load::over(numbers, options.seed));
    let runtime = tokio::runtime::Runtime::new()?;
    let mut tally = Tally::default();
    for kill in 1..=options.times {
        ensure!(started.elapsed() < bound, "the run took longer than {bound:?}");
        let mut program = Program::start(&options.program, demo)?;
        runtime.block_on(load.settle(program.http, load::Depth::Lately, &mut tally));
        let before = tally.acknowledged;
        let delay = Duration::from_millis(50 + u64::try_from(chance.below(1_451))?);
        load.killed.store(false, Ordering::SeqCst);
        let killed = runtime.block_on(async {
            let running = load.start(program.http);
            tokio::time::sleep(delay).await;
            load.killed.store(true, Ordering::SeqCst);
            let killed = program.kill();
            running.join(&mut tally).await;
            killed
        });
        killed?;
        println!(
            "kill {kill:>3} after {:>4} ms: {:>6} acknowledged, {} open, {} faults",
            delay.as_millis(),
            tally.acknowledged - before,
            load.open(),
            tally.faults.len()
        );
    }
    let program = Program::start(&options.program, demo)?;
    runtime.block_on(load.settle(program.http, load::Depth::All, &mut tally));
    program.stop()?;
    let open = load.open();
    if open > 0 {
        tally.faults.push(format!("{open} inquiries were never answered"));
    }
    let proof = proof::prove(&data_folder(demo)?, &load.said())?;
    faults.append(&mut tally.faults);
    faults.extend(proof.faults);
    Ok(format!(
        "{} kills, {} acknowledged, {} replayed, {} receipts looked up, {} lost, {} doubled, {} two firsts, chain of {} events {} with {} checkpoints, rebuild {}",
        options.times,
        tally.acknowledged,
        tally.replayed,
        tally.receipts,
        tally.lost,
        tally.doubled + proof.doubled,
        proof.two_firsts,
        proof.events,
        if proof.is_whole { "intact" } else { "BROKEN" },
        proof.checkpoints,
        if proof.is_rebuilt { "equal" } else { "DIFFERENT" },
    ))
}
