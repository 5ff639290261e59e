//! `scripts/crash kill [N]`: the program under load, killed at a moment nobody chose, N times over, on one folder.
//!
//! Owns the rounds and the summary. What was acknowledged before a kill must be there after it, once and unchanged; the
//! log must be whole, and histories folded anew from it must equal those that were written along the way.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program for the terminal that measures time")]

mod import;
mod load;
mod proof;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use support::drive::{Chance, Program, data_folder, prepare, program_beside};

use self::load::{Load, Tally};

const USAGE: &str = "crash kill|import [N (50)] [--dir DIR (.)] [--program FILE] [--seed S]";

/// Numbers to use up in a round; a round lasts at most 1.5 s.
const PER_ROUND: u64 = 20_000;
/// The bound on a whole run, per kill and once.
const PER_KILL: Duration = Duration::from_secs(30);
const ONCE: Duration = Duration::from_secs(300);

/// What is asked for.
struct Options {
    imports: bool,
    kills: u64,
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
    let options = options()?;
    std::fs::create_dir_all(&options.dir)?;
    let dir = tempfile::Builder::new().prefix("crash-").tempdir_in(&options.dir)?;
    let demo = dir.path().join("demo");
    std::fs::create_dir(&demo)?;
    println!("seed {}", options.seed);
    let mut faults = Vec::new();
    let outcome = if options.imports {
        import::story(&options.program, dir.path(), options.kills, options.seed)
    } else {
        rounds(&options, &demo, &mut faults)
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

fn options() -> anyhow::Result<Options> {
    let mut given = std::env::args().skip(1);
    let imports = match given.next().as_deref() {
        Some("kill") => false,
        Some("import") => true,
        Some(_) | None => bail!(USAGE),
    };
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut options = Options { imports, kills: 50, dir: PathBuf::from("."), program: PathBuf::new(), seed };
    while let Some(option) = given.next() {
        let mut value = || given.next().with_context(|| format!("{option} needs a value\n{USAGE}"));
        match option.as_str() {
            "--dir" => options.dir = PathBuf::from(value()?),
            "--program" => options.program = PathBuf::from(value()?),
            "--seed" => options.seed = value()?.parse()?,
            kills => options.kills = kills.parse().with_context(|| format!("unknown option {kills}\n{USAGE}"))?,
        }
    }
    ensure!((1..=10_000).contains(&options.kills), "expected 1 to 10000 kills, got {}", options.kills);
    if options.program.as_os_str().is_empty() {
        options.program = program_beside()?;
    }
    Ok(options)
}

/// All rounds and the proof at the end; what is wrong goes to `faults`.
fn rounds(options: &Options, demo: &std::path::Path, faults: &mut Vec<String>) -> anyhow::Result<String> {
    let started = Instant::now();
    let bound = ONCE + PER_KILL * u32::try_from(options.kills)?;
    let mut chance = Chance::new(options.seed);
    let numbers = prepare(&options.program, demo, options.kills * PER_ROUND)?;
    let load = Arc::new(Load::over(numbers, options.seed));
    let runtime = tokio::runtime::Runtime::new()?;
    let mut tally = Tally::default();
    for kill in 1..=options.kills {
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
        options.kills,
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
