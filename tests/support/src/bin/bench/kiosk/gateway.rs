//! The program with a section of terminals; killed when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use support::drive::program_beside;

use super::STUCK;

/// Lines that are ours to open come up within so long.
const UP: Duration = Duration::from_secs(60);

pub(super) struct Gateway {
    child: Child,
    config: PathBuf,
}

impl Gateway {
    /// Starts it on a folder, with no quota on anybody, and waits until it says `ready`.
    pub(super) fn start(dir: &Path, data: &Path, section: &str) -> anyhow::Result<Self> {
        let config = dir.join("verigate.toml");
        fs::write(
            &config,
            format!(
                "[data]\ndir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n\
                 [quotas]\naddress = {{}}\nterminal = {{}}\n{section}"
            ),
        )?;
        let said = dir.join("verigate.out");
        let mut command = Command::new(program_beside()?);
        command.args(["serve", "--config"]).arg(&config);
        command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&said)?)
            .stderr(fs::File::create(dir.join("verigate.log"))?);
        let gateway = Self { child: command.spawn()?, config };
        let until = Instant::now() + STUCK;
        while !fs::read_to_string(&said)?.lines().any(|line| line == "ready") {
            ensure!(Instant::now() < until, "the program does not come up; see {}", dir.display());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    /// Every terminal, as `verigate kiosk list` tells.
    pub(super) fn terminals(&self) -> anyhow::Result<Vec<Value>> {
        let mut command = Command::new(program_beside()?);
        let out = command.arg("--config").arg(&self.config).args(["kiosk", "list", "--json"]).output()?;
        ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let said: Value = serde_json::from_slice(&out.stdout)?;
        Ok(said.get("terminals").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// Waits until so many terminals are up; those that dial in go on meanwhile.
    pub(super) async fn until_up(&self, count: usize) -> anyhow::Result<()> {
        let until = Instant::now() + UP;
        loop {
            let terminals = self.terminals()?;
            let up =
                terminals.iter().filter(|terminal| terminal.get("state").is_some_and(|state| state == "up")).count();
            if up >= count {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{up} of {count} lines came up");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.child.id()))
    }

    pub(super) fn memory_mb(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(self.proc("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        Ok(kb.context("the system tells no memory")? / 1_024.0)
    }

    /// Files and sockets that are open.
    pub(super) fn files(&self) -> anyhow::Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    /// Seconds of processor so far.
    pub(super) fn processor_s(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(self.proc("stat"))?;
        // Behind the name in brackets, which may hold anything: user and system time are the 12th and 13th (proc(5)).
        let (_, fields) = stat.rsplit_once(')').context("the system tells no time")?;
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        // A hundred ticks a second on every Linux there is (sysconf(_SC_CLK_TCK)).
        Ok(crate::ratio(ticks, 100.0))
    }

    /// Asks it to end, and waits until it has: what it recorded can be read then.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status()?;
        ensure!(told.success(), "the program cannot be told to end");
        ensure!(self.child.wait()?.success(), "the program did not end well");
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
