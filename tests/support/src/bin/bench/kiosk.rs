//! The program with 400 terminals, each a connection that sends a number on a line and waits for ACK.
//!
//! Owns those terminals: first on a schedule of ten scans a second each, by which the wait is measured from when a scan
//! was due, so that a gateway that stalls is not let off; then one scan after another, for the most that it can do.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::{Chance, program_beside};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::stock::{Stock, kept};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// Terminals at once.
const TERMINALS: usize = 400;
/// Between two scans of one, on the schedule.
const EVERY: Duration = Duration::from_millis(100);
/// Numbers to ask about.
const DRAWN: usize = 200_000;
/// No answer for so long: the scan is lost.
const STUCK: Duration = Duration::from_secs(20);

/// Waits and rates.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(1_000_000);
    let stock = Stock::of(options, units)?;
    let sample = stock.sample(DRAWN, &mut Chance::new(u64::from(std::process::id())))?;
    let numbers: Vec<String> = sample.into_iter().map(|unit| unit.number).collect();
    let dir = kept(&options.dir, "kiosk", units)?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(measure(&dir, &stock.folder.data, &numbers, options.run)?);
    }
    let row = |name: &str, unit: &str, figure: &dyn Fn(&Measured) -> f64, wanted: Option<Wanted>| Row {
        name: format!("{TERMINALS} terminals: {name}"),
        unit: unit.to_owned(),
        ours: median(&runs, figure),
        beside: None,
        wanted,
    };
    Ok(vec![
        row("10 scans/s each, p50", "ms", &|run| run.p50_ms, None),
        row("10 scans/s each, p99", "ms", &|run| run.p99_ms, Some(Wanted::AtMost(50.0))),
        row("10 scans/s each, not acknowledged", "scans", &|run| run.refused, Some(Wanted::AtMost(0.0))),
        row("one after another", "per second", &|run| run.per_second, None),
        row("memory", "MB", &|run| run.memory_mb, None),
    ])
}

struct Measured {
    p50_ms: f64,
    p99_ms: f64,
    refused: f64,
    per_second: f64,
    memory_mb: f64,
}

fn measure(dir: &Path, data: &Path, numbers: &[String], run: Duration) -> anyhow::Result<Measured> {
    let gateway = Gateway::start(dir, data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut waits, refused) = runtime.block_on(scan(gateway.address, numbers, run, Some(EVERY)))?;
    let begun = Instant::now();
    let (all, _) = runtime.block_on(scan(gateway.address, numbers, run, None))?;
    let per_second = ratio(u64::try_from(all.len())?, begun.elapsed().as_secs_f64());
    waits.sort();
    let at = |percent: usize| waits.get(waits.len() * percent / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1e3);
    let memory_mb = gateway.memory_mb()?;
    Ok(Measured { p50_ms: at(50), p99_ms: at(99), refused: f64::from(refused), per_second, memory_mb })
}

/// Every terminal's waits, and how many scans were not acknowledged.
async fn scan(
    address: SocketAddr,
    numbers: &[String],
    run: Duration,
    every: Option<Duration>,
) -> anyhow::Result<(Vec<Duration>, u32)> {
    let mut terminals = JoinSet::new();
    let begins = tokio::time::Instant::now() + Duration::from_secs(1);
    for nth in 0..TERMINALS {
        let share: Vec<String> = numbers.iter().skip(nth).step_by(TERMINALS).cloned().collect();
        let offset = EVERY * u32::try_from(nth)? / u32::try_from(TERMINALS)?;
        terminals.spawn(async move {
            let mut line = TcpStream::connect(address).await?;
            line.set_nodelay(true)?;
            let (mut waits, mut refused) = (Vec::new(), 0);
            let mut due = begins + offset;
            for number in share.iter().cycle() {
                if due.max(tokio::time::Instant::now()) >= begins + run {
                    break;
                }
                tokio::time::sleep_until(due).await;
                let sent = if every.is_some() { due } else { tokio::time::Instant::now() };
                line.write_all(format!("{number}\r").as_bytes()).await?;
                let mut answer = [0];
                tokio::time::timeout(STUCK, line.read_exact(&mut answer)).await.context("a scan was lost")??;
                refused += u32::from(answer != [6]);
                waits.push(sent.elapsed());
                due += every.unwrap_or_default();
            }
            anyhow::Ok((waits, refused))
        });
    }
    let (mut waits, mut refused) = (Vec::new(), 0);
    while let Some(terminal) = terminals.join_next().await {
        let (its, not) = terminal??;
        waits.extend(its);
        refused += not;
    }
    Ok((waits, refused))
}

/// The program with a listener for anyone; killed when dropped.
struct Gateway {
    child: Child,
    address: SocketAddr,
}

impl Gateway {
    fn start(dir: &Path, data: &Path) -> anyhow::Result<Self> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = dir.join("verigate.toml");
        fs::write(
            &config,
            format!(
                "[data]\ndir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n\
                 [quotas]\naddress = {{}}\n[[kiosk.server]]\nlisten = \"{address}\"\n\
                 anyone = {{ output = [\"ack\"], on_connect = \"process\" }}\n"
            ),
        )?;
        let log = fs::File::create(dir.join("verigate.log"))?;
        let mut command = Command::new(program_beside()?);
        command.args(["serve", "--config"]).arg(&config);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let gateway = Self { child: command.spawn()?, address };
        let until = Instant::now() + STUCK;
        while std::net::TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < until, "the program does not come up; see {}", dir.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    fn memory_mb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kb.context("the system tells no memory")? / 1_024.0)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
