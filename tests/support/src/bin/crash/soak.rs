//! `scripts/soak [MINUTES]`: the program served with quotas under mixed load, and whether anything of it grows.
//!
//! Its bounds (units in memory, ids, askers) are set so narrow that every one of them is reached while it warms up; what
//! still grows then has no bound. Owns the load, the samples and the table; a miss is a failure.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use support::drive::{Chance, clock, digits, stock};
use tokio::task::JoinSet;
use verigate::ledger::folder::Folder;
use verigate::verify::{Gateway, Settings};

use crate::Options;
use crate::wire::{Asked, Line};

const WORKERS: u8 = 16;
/// Few enough that every asker has asked about each of them before it is warm: a history that gains a session is not a leak.
const NUMBERS: u64 = 1_500;
/// SHA-256 of the key that half of the workers show.
const KEY: (&str, &str) = ("soak", "c06f543b3ea6c597516e643d22c38675a9a676ca3231e87e26276418ccb13c33");
/// Warming up takes so many parts in ten.
const WARM: u32 = 4;
/// The most that the resident size may grow, in MB an hour.
const GROWTH: f64 = 1.0;
/// The most that the number of open files may drift from the warm end to the last.
const DRIFT: f64 = 2.0;
const PAUSE: Duration = Duration::from_millis(8);

/// One look at the process.
#[derive(Debug, Clone, Copy)]
struct Sample {
    seconds: f64,
    resident_mb: f64,
    files: f64,
}

pub(crate) fn story(options: &Options, dir: &Path) -> anyhow::Result<String> {
    let whole = Duration::from_secs(options.times * 60);
    let folder = Folder::all_in(&dir.join("data"));
    Gateway::init(&folder)?;
    let gateway = Gateway::open(folder, Settings::default(), clock())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let numbers = runtime.block_on(stock(&gateway, NUMBERS))?.into_iter().map(digits).collect::<Vec<_>>();
    gateway.close();
    drop(gateway);
    let (server, to) = serve(options, dir)?;
    let load = Arc::new(Load { numbers, is_over: AtomicBool::new(false), counts: Default::default() });
    let samples = runtime.block_on(async {
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            workers.spawn(Arc::clone(&load).work(worker, to, options.seed));
        }
        let samples = watch(server.0.id(), whole).await;
        load.is_over.store(true, Ordering::SeqCst);
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        samples
    })?;
    table(&samples);
    let warm: Vec<Sample> = samples
        .iter()
        .copied()
        .filter(|sample| sample.seconds >= whole.as_secs_f64() * f64::from(WARM) / 10.0)
        .collect();
    let growth = slope(&warm, |sample| sample.resident_mb) * 3_600.0;
    let lasted = warm.last().map_or(0.0, |sample| sample.seconds) - warm.first().map_or(0.0, |sample| sample.seconds);
    let drift = slope(&warm, |sample| sample.files) * lasted;
    let summary = format!(
        "{} min: {}; resident size grows {growth:.2} MB/h after warming up (at most {GROWTH}), open files drift {drift:.1} (at most {DRIFT})",
        options.times,
        load.told()
    );
    ensure!(growth <= GROWTH && drift.abs() <= DRIFT, "{summary}");
    Ok(summary)
}

/// The program; killed when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn serve(options: &Options, dir: &Path) -> anyhow::Result<(Server, SocketAddr)> {
    // Free a moment ago: `serve` tells nobody which port it was given.
    let to = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let config = dir.join("soak.toml");
    let text = format!(
        "[data]\ndir = {:?}\n[log]\nlevel = \"error\"\n[ledger]\nhot_units = 1000\nreplay_ids = 8000\ncheckpoint_seconds = 5\n[quotas]\naskers = 1000\nregistered = {{ minute = 100000 }}\n[http]\nlisten = \"{to}\"\n[[http.client]]\nname = \"soak\"\nkey_sha256 = \"{}\"\nrole = \"shopper\"\nmay = []\n",
        dir.join("data"),
        KEY.1
    );
    std::fs::write(&config, text)?;
    let log = std::fs::File::create(dir.join("soak.log"))?;
    let mut child = Command::new(&options.program)
        .args(["serve".as_ref(), "--config".as_ref(), config.as_os_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
    let server = Server(child);
    ensure!(line == "ready\n", "`serve` said {line:?}; see {}", dir.join("soak.log").display());
    Ok((server, to))
}

struct Load {
    numbers: Vec<String>,
    is_over: AtomicBool,
    /// Answered with a receipt, without one, refused, looked up, pages.
    counts: [AtomicU64; 5],
}

impl Load {
    fn told(&self) -> String {
        let [recorded, limited, refused, receipts, pages] = &self.counts;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        format!(
            "{} answers recorded, {} limited, {} refused, {} receipts looked up, {} pages",
            of(recorded),
            of(limited),
            of(refused),
            of(receipts),
            of(pages)
        )
    }

    fn count(&self, which: usize) {
        if let Some(count) = self.counts.get(which) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn work(self: Arc<Self>, worker: u8, to: SocketAddr, seed: u64) -> anyhow::Result<()> {
        let mut chance = Chance::new(seed + u64::from(worker));
        let from = Ipv4Addr::new(127, 0, 2, worker);
        let mut last: Option<(Asked, String)> = None;
        let mut nth = 0_u64;
        while !self.is_over.load(Ordering::SeqCst) {
            // A connection serves some requests and is then left; now and then one is left in the middle of a request.
            let mut line = Line::open(from, to).await?;
            line.key = worker.is_multiple_of(2).then_some(KEY.0);
            for _ in 0..1 + chance.below(60) {
                tokio::time::sleep(PAUSE).await;
                nth += 1;
                match (chance.below(20), &last) {
                    (0, _) => {
                        line.get(if chance.below(2) == 0 { "/" } else { "/readyz" }).await?;
                        self.count(4);
                    }
                    (1, Some((_, receipt))) => {
                        line.receipt(receipt).await?;
                        self.count(3);
                    }
                    (2, Some((asked, _))) => drop(line.check(asked).await?),
                    (3, _) => {
                        let asked = Asked { key: format!("m{worker}-{nth}"), code: "not a number".to_owned() };
                        drop(line.check(&asked).await?);
                    }
                    (4, _) => {
                        line.leave().await?;
                        break;
                    }
                    _ => {
                        let Some(code) = self.numbers.get(chance.below(self.numbers.len())) else {
                            bail!("no numbers")
                        };
                        let asked = Asked { key: format!("{worker}-{nth}"), code: code.clone() };
                        let (status, body) = line.check(&asked).await?;
                        let receipt = body.get("receipt").and_then(serde_json::Value::as_str);
                        self.count(match (status, receipt) {
                            (200, Some(_)) => 0,
                            (200 | 429, _) => 1,
                            _ => 2,
                        });
                        if let Some(receipt) = receipt {
                            last = Some((asked, receipt.to_owned()));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

async fn watch(process: u32, whole: Duration) -> anyhow::Result<Vec<Sample>> {
    let begun = Instant::now();
    let mut samples = Vec::new();
    while begun.elapsed() < whole {
        tokio::time::sleep(Duration::from_secs(2)).await;
        samples.push(sample(process, begun)?);
    }
    Ok(samples)
}

fn sample(process: u32, begun: Instant) -> anyhow::Result<Sample> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).context("the program is gone")?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u32 = resident.trim().trim_end_matches("kB").trim().parse()?;
    let files = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
    Ok(Sample {
        seconds: begun.elapsed().as_secs_f64(),
        resident_mb: f64::from(kilobytes) / 1_024.0,
        files: f64::from(u32::try_from(files)?),
    })
}

/// The slope of the straight line through the samples, per second, by least squares.
fn slope(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let count = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX)).max(1.0);
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (middle, level) = (mean(&|sample| sample.seconds), mean(&of));
    let square: f64 = samples.iter().map(|sample| (sample.seconds - middle).powi(2)).sum();
    let product: f64 = samples.iter().map(|sample| (sample.seconds - middle) * (of(sample) - level)).sum();
    if square > 0.0 { product / square } else { 0.0 }
}

fn table(samples: &[Sample]) {
    println!("{:>7} {:>12} {:>6}", "minute", "resident MB", "files");
    let step = (samples.len() / 20).max(1);
    for sample in samples.iter().step_by(step) {
        println!("{:>7.1} {:>12.1} {:>6}", sample.seconds / 60.0, sample.resident_mb, sample.files);
    }
}
