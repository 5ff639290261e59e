//! Killed under full load over many units: how long until the program is ready again, and how much memory it takes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::{Program, program_beside};

use crate::load::Wrk;
use crate::stock::kept;
use crate::table::{Row, Wanted};
use crate::web::stocked;
use crate::{Options, RUNS, ratio};

/// Under load before and after each kill: long enough for every map in memory to be full.
const LOAD: Duration = Duration::from_secs(20);

/// The worst of all kills.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(40_000_000);
    let dir = kept(&options.dir, "recovery", units)?;
    let (demo, sample) = stocked(&dir, units)?;
    let wrk = Wrk::prepare(&dir, &sample)?;
    let binary = program_beside()?;
    let mut program = Program::start(&binary, &demo)?;
    let (mut slowest, mut largest) = (0_f64, 0_f64);
    for _ in 0..RUNS {
        let mut load = wrk.start(program.http, LOAD * 2)?;
        std::thread::sleep(LOAD);
        let running = load.try_wait()?.is_none();
        largest = largest.max(peak_mib(program.id())?);
        program.kill()?;
        load.kill()?;
        load.wait()?;
        ensure!(running, "the load ended before the kill");
        let started = Instant::now();
        program = Program::start(&binary, &demo)?;
        slowest = slowest.max(started.elapsed().as_secs_f64());
        largest = largest.max(peak_mib(program.id())?);
    }
    program.stop()?;
    let name = |what: &str| format!("{what}, {} million units", ratio(units, 1e6));
    Ok(vec![
        Row {
            name: name("ready after kill -9 under load"),
            unit: "seconds".to_owned(),
            ours: slowest,
            beside: None,
            wanted: Some(Wanted::AtMost(5.0)),
        },
        Row {
            name: name("most memory resident"),
            unit: "MiB".to_owned(),
            ours: largest,
            beside: None,
            wanted: Some(Wanted::AtMost(1_024.0)),
        },
    ])
}

/// The most that was resident of a process so far.
fn peak_mib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak is counted")?;
    let kib = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(ratio(kib, 1_024.0))
}
