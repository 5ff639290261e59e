//! The program over HTTP under `wrk`, beside nginx that serves one of its answers from a file.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use support::drive::{Program, digits, prepare, program_beside};

use crate::{Figures, ratio};

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
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), wrong))
end
"#;

/// Both servers.
pub(crate) struct Web {
    program: Program,
    nginx: Nginx,
    dir: PathBuf,
}

/// A running nginx; ended when dropped.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Web {
    pub(crate) fn prepare(dir: &Path, units: u64) -> anyhow::Result<Self> {
        for (tool, flag) in [("wrk", "-v"), ("nginx", "-v"), ("curl", "-V")] {
            let found = Command::new(tool).arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status();
            ensure!(found.is_ok(), "{tool} is not installed: run `scripts/test` once");
        }
        let binary = program_beside()?;
        let demo = dir.join("demo");
        std::fs::create_dir(&demo)?;
        let numbers = prepare(&binary, &demo, units)?;
        let mut list = String::new();
        for number in &numbers {
            writeln!(list, "{}", digits(*number))?;
        }
        std::fs::write(dir.join("codes.txt"), list)?;
        let program = Program::start(&binary, &demo)?;
        let first = numbers.first().copied().context("no numbers")?;
        let answer = ask(program.http, &digits(first))?;
        let nginx = Nginx::start(&dir.join("nginx"), &answer)?;
        Ok(Self { program, nginx, dir: dir.to_owned() })
    }

    pub(crate) fn ours(&self, run: Duration) -> anyhow::Result<Figures> {
        self.wrk(self.program.http, run)
    }

    pub(crate) fn nginx(&self, run: Duration) -> anyhow::Result<Figures> {
        self.wrk(self.nginx.address, run)
    }

    fn wrk(&self, address: SocketAddr, run: Duration) -> anyhow::Result<Figures> {
        let script = self.dir.join("checks.lua");
        let codes = self.dir.join("codes.txt");
        let seed = std::process::id();
        let text = SCRIPT.replace("CODES", &codes.display().to_string()).replace("SEED", &seed.to_string());
        std::fs::write(&script, text)?;
        let out = Command::new("wrk")
            .args(["-t2", "-c64", &format!("-d{}s", run.as_secs()), "-s"])
            .arg(&script)
            .arg(format!("http://{address}"))
            .output()?;
        let out = String::from_utf8_lossy(&out.stdout).into_owned();
        let line = out.lines().find_map(|line| line.strip_prefix("RESULT ")).context("wrk gave no result")?;
        let values = line.split(' ').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>()?;
        let [requests, micros, p50, p99, wrong] = values.as_slice() else { bail!("wrk said {line}") };
        ensure!(*wrong == 0, "{wrong} of {requests} requests went wrong");
        Ok(Figures {
            per_second: ratio(*requests, ratio(*micros, 1e6)),
            bytes: None,
            latency: Some((ratio(*p50, 1e3), ratio(*p99, 1e3))),
        })
    }
}

fn ask(address: SocketAddr, code: &str) -> anyhow::Result<String> {
    let out = Command::new("curl")
        .args(["-fsS", "-H", "Content-Type: application/json", "-d", &format!(r#"{{"code":"{code}"}}"#)])
        .arg(format!("http://{address}/v1/checks"))
        .output()?;
    ensure!(out.status.success(), "the program does not answer: {}", String::from_utf8_lossy(&out.stderr));
    let answer = String::from_utf8(out.stdout)?;
    let verdict = serde_json::from_str::<serde_json::Value>(&answer)?;
    let verdict = verdict.get("verdict").and_then(|verdict| verdict.as_str()).unwrap_or_default().to_owned();
    ensure!(verdict == "genuine_first", "expected genuine_first, got {verdict}");
    Ok(answer)
}

impl Nginx {
    fn start(dir: &Path, answer: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir.join("root/v1"))?;
        std::fs::write(dir.join("root/v1/checks"), answer)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = dir.display();
        // A POST to a file is a 405, which is answered with the file.
        let config = format!(
            "user root; worker_processes 2; daemon off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=16;\n\
             client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;\n\
             uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
             server {{ listen {address}; root {at}/root; default_type application/json; error_page 405 =200 $uri; }} }}\n"
        );
        std::fs::write(dir.join("nginx.conf"), config)?;
        let child = Command::new("nginx")
            .arg("-p")
            .arg(dir)
            .arg("-c")
            .arg(dir.join("nginx.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let nginx = Self { child, address };
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < until, "nginx did not come up; see {at}/error.log");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only when it is asked, not when it is killed.
        drop(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status());
        drop(self.child.wait());
    }
}
