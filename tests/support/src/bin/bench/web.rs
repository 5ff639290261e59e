//! The program over HTTP under `wrk`, beside nginx that serves one of its answers from a file; and on a schedule.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use support::drive::{Chance, Program, program_beside};
use tokio::runtime::Runtime;

use crate::load::{Wrk, paced};
use crate::stock::{Stock, Unit};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// Numbers to ask about.
pub(crate) const DRAWN: usize = 1_000_000;
/// Runs of each under pressure, in turn; told is the pair whose ratio is in the middle, for a machine's speed changes within
/// seconds, and each of a pair stands beside the other at one speed.
const PAIRS: usize = 7;
/// Questions a second on schedule.
const OFFERED: u32 = 1_000;

/// How many answers a second, and how long they take when not pressed.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(10_000_000);
    let stock = Stock::of(options, units)?;
    let sample = stock.sample(DRAWN, &mut Chance::new(u64::from(std::process::id())))?;
    let wrk = Wrk::prepare(&stock.dir, &sample)?;
    let program = Program::start(&program_beside()?, &stock.demo)?;
    let nginx = Nginx::start(&stock.dir.join("nginx"), &answer(program.http, &sample)?)?;
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        pairs.push((wrk.run(program.http, options.run)?, wrk.run(nginx.address, options.run)?));
    }
    drop(nginx);
    pairs.sort_by(|(ours, theirs), (ours_then, theirs_then)| (ours / theirs).total_cmp(&(ours_then / theirs_then)));
    let (ours, theirs) = pairs.get(PAIRS / 2).copied().unwrap_or_default();
    let runtime = Runtime::new()?;
    let sample = Arc::new(sample);
    let mut slowest = Vec::new();
    for _ in 0..RUNS {
        slowest.push(runtime.block_on(paced(program.http, Arc::clone(&sample), OFFERED, options.run))?);
    }
    program.stop()?;
    Ok(vec![
        Row {
            name: format!("POST /v1/checks, 64 connections, {} million units", ratio(units, 1e6)),
            unit: "per second".to_owned(),
            ours,
            beside: Some(("nginx, the same JSON".to_owned(), theirs)),
            wanted: Some(Wanted::TimesThePeer(0.35)),
        },
        Row {
            name: format!("POST /v1/checks, p99 at {OFFERED} a second"),
            unit: "ms".to_owned(),
            ours: median(&slowest, |slowest| *slowest),
            beside: None,
            wanted: Some(Wanted::AtMost(20.0)),
        },
    ])
}

/// What the program answers about one of the units.
fn answer(address: SocketAddr, sample: &[Unit]) -> anyhow::Result<String> {
    let code = sample.first().map(|unit| unit.number.as_str()).unwrap_or_default();
    let head = hyper::Request::post("/v1/checks").header("content-type", "application/json");
    let asked = support::http::send(address, head, format!(r#"{{"code":"{code}"}}"#));
    let answered = Runtime::new()?.block_on(asked);
    ensure!(answered.status == 200, "the program answers {}", answered.status);
    Ok(answered.body)
}

/// A running nginx; ended when dropped.
struct Nginx {
    child: Child,
    address: SocketAddr,
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
