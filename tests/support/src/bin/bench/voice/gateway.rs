//! The program taking calls, and what the system and its own metrics tell of it.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::program_beside;
use tokio::runtime::Runtime;

/// The bound on its start.
const START: Duration = Duration::from_secs(60);
/// The unit of processor time in `/proc/PID/stat`: `USER_HZ`, which is 100 on every Linux that is not built oddly.
const TICKS: f64 = 100.0;

/// The program; killed when dropped.
pub(super) struct Gateway {
    child: Child,
    http: SocketAddr,
    pub(super) sip: SocketAddr,
    runtime: Runtime,
}

/// What the metrics say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) told: f64,
    pub(super) wrong: f64,
    pub(super) sent: f64,
    pub(super) late: f64,
    pub(super) active: f64,
}

impl Gateway {
    /// With loopback as its trunk, or with nobody but strangers.
    pub(super) fn start(dir: &Path, data: &Path, strangers: bool) -> anyhow::Result<Self> {
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let sip = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let config = dir.join("verigate.toml");
        fs::write(
            &config,
            format!(
                "[data]\ndir = {data:?}\n[http]\nlisten = \"{http}\"\n[log]\nlevel = \"warn\"\n\
                 [voice.sip]\nlisten = \"{sip}\"\ncalls = 20000\nstrangers = {strangers}\nmedia_ports = [20000, 31999]\n\
                 [[voice.sip.trunk]]\nname = \"carrier\"\nfrom = [\"127.0.0.1\"]\n"
            ),
        )?;
        let log = fs::File::create(dir.join("verigate.log"))?;
        let mut command = Command::new(program_beside()?);
        command.args(["serve", "--config"]).arg(&config);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let gateway = Self { child: command.spawn()?, http, sip, runtime: Runtime::new()? };
        let until = Instant::now() + START;
        while std::net::TcpStream::connect(http).is_err() {
            ensure!(Instant::now() < until, "the program does not come up; see {}", dir.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    /// Seconds of processor time so far.
    pub(super) fn worked(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("the system tells no time")?;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(times.sum::<Result<f64, _>>()? / TICKS)
    }

    /// Resident memory in MB.
    pub(super) fn memory_mb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kb.context("the system tells no memory")? / 1_024.0)
    }

    pub(super) fn counted(&self) -> anyhow::Result<Counted> {
        let asked = support::http::send(self.http, hyper::Request::get("/metrics"), "");
        let answered = self.runtime.block_on(asked);
        ensure!(answered.status == 200, "the metrics are not shown: {}", answered.status);
        let sum = |name: &str, parts: &[&str], but: &[&str]| -> f64 {
            let fits = |line: &&str| {
                line.starts_with(name)
                    && parts.iter().all(|part| line.contains(part))
                    && !but.iter().any(|part| line.contains(part))
            };
            let values =
                answered.body.lines().filter(fits).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            values.sum()
        };
        let verdict = |but: &[&str]| sum("verigate_verdicts_total{", &["channel=\"voice\""], but);
        // None of these can come of a number of ours that was keyed right.
        let odd =
            ["\"unknown\"", "\"typo\"", "\"malformed\"", "\"rate_limited\"", "\"not_covered\"", "\"unavailable\""];
        let (all, told) = (verdict(&[]), verdict(&odd));
        Ok(Counted {
            told,
            wrong: all - told,
            sent: sum("verigate_call_packets_total", &[], &[]),
            late: sum("verigate_call_packets_late_total", &[], &[]),
            active: sum("verigate_calls_active", &[], &[]),
        })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
