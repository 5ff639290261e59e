//! Load over HTTP: `wrk` for as much as goes, and a client of our own that keeps to a schedule.
//!
//! `wrk` asks again when it was answered, so a server that stalls is asked less and looks better than it is. The schedule
//! does not wait: every answer's time counts from the instant at which its question was due.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::ratio;
use crate::stock::Unit;

/// Posts a number at random each time; says at the end, on one line, what came of it.
const SCRIPT: &str = r#"
local codes = {}
for line in io.lines("CODES") do codes[#codes + 1] = line end
local threads = 0
function setup(thread) threads = threads + 1; thread:set("seed", SEED + threads) end
function init() math.randomseed(seed) end
local headers = { ["Content-Type"] = "application/json" }
function request()
  return wrk.format("POST", "/v1/checks", headers, '{"code":"' .. codes[math.random(#codes)] .. '"}')
end
function done(summary, latency)
  local e = summary.errors
  local wrong = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
"#;

/// Connections at once.
pub(crate) const CONNECTIONS: u32 = 64;

/// `wrk` with numbers to ask about.
pub(crate) struct Wrk {
    script: PathBuf,
}

impl Wrk {
    /// Writes down the numbers.
    pub(crate) fn prepare(dir: &Path, units: &[Unit]) -> anyhow::Result<Self> {
        let found = Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(found.is_ok(), "wrk is not installed: run `scripts/test` once");
        let codes = dir.join("codes.txt");
        std::fs::write(&codes, units.iter().map(|unit| format!("{}\n", unit.number)).collect::<String>())?;
        let script = dir.join("checks.lua");
        let seed = std::process::id().to_string();
        std::fs::write(&script, SCRIPT.replace("CODES", &codes.display().to_string()).replace("SEED", &seed))?;
        Ok(Self { script })
    }

    /// Answers per second.
    pub(crate) fn run(&self, address: SocketAddr, run: Duration) -> anyhow::Result<f64> {
        let out = self.command(address, run).output()?;
        let out = String::from_utf8_lossy(&out.stdout).into_owned();
        let line = out.lines().find_map(|line| line.strip_prefix("RESULT ")).context("wrk gave no result")?;
        let values = line.split(' ').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
        let [requests, micros, wrong] = values.as_slice() else { bail!("wrk said {line}") };
        ensure!(*wrong == 0, "{wrong} of {requests} requests went wrong");
        Ok(ratio(*requests, ratio(*micros, 1e6)))
    }

    /// Keeps asking meanwhile, whatever comes back.
    pub(crate) fn start(&self, address: SocketAddr, run: Duration) -> anyhow::Result<Child> {
        Ok(self.command(address, run).stdout(Stdio::null()).spawn()?)
    }

    fn command(&self, address: SocketAddr, run: Duration) -> Command {
        let mut command = Command::new("wrk");
        command.args(["-t2", &format!("-c{CONNECTIONS}"), &format!("-d{}s", run.as_secs()), "-s"]);
        command.arg(&self.script).arg(format!("http://{address}"));
        command
    }
}

/// Asks `per_second` questions for so long, whether answered or not, and gives the milliseconds that 99 of 100 took at
/// most.
pub(crate) async fn paced(
    address: SocketAddr,
    units: Arc<Vec<Unit>>,
    per_second: u32,
    run: Duration,
) -> anyhow::Result<f64> {
    let apart = Duration::from_secs(1) / per_second;
    let questions = u32::try_from(run.as_secs())? * per_second;
    let start = Instant::now() + Duration::from_millis(100);
    let mut lines = JoinSet::new();
    for line in 0..CONNECTIONS {
        let units = Arc::clone(&units);
        lines.spawn(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            let driver = tokio::spawn(connection);
            let mut took = Vec::new();
            for (nth, unit) in
                (line..questions).step_by(CONNECTIONS as usize).zip(units.iter().skip(line as usize * 10_000))
            {
                let due = start + apart * nth;
                tokio::time::sleep_until(due).await;
                let request = Request::post("/v1/checks")
                    .header("host", "bench")
                    .header("content-type", "application/json")
                    .body(Full::new(Bytes::from(format!(r#"{{"code":"{}"}}"#, unit.number))))?;
                let response = sender.send_request(request).await?;
                ensure!(response.status() == StatusCode::OK, "answered {}", response.status());
                response.into_body().collect().await?;
                took.push(due.elapsed());
            }
            driver.abort();
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(line) = lines.join_next().await {
        took.extend(line??);
    }
    took.sort_unstable();
    let slowest = took.get(took.len() * 99 / 100).context("nothing was answered")?;
    Ok(slowest.as_secs_f64() * 1e3)
}
