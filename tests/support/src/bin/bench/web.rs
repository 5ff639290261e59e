//! The program over HTTP under `wrk`, beside nginx that serves one of its answers from a file; and on a schedule.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use support::drive::{Chance, Program, data_folder, program_beside};
use tokio::runtime::Runtime;

use crate::load::{Wrk, paced};
use crate::stock::{Stock, Unit, kept};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// Numbers to ask about.
const DRAWN: usize = 1_000_000;
/// Questions a second on schedule.
const OFFERED: u32 = 1_000;

/// How many answers a second, and how long they take when not pressed.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(10_000_000);
    let dir = kept(&options.dir, "http", units)?;
    let (demo, sample) = stocked(&dir, units)?;
    let wrk = Wrk::prepare(&dir, &sample)?;
    let program = Program::start(&program_beside()?, &demo)?;
    let nginx = Nginx::start(&dir.join("nginx"), &answer(program.http, &sample)?)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(wrk.run(program.http, options.run)?);
        theirs.push(wrk.run(nginx.address, options.run)?);
    }
    drop(nginx);
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
            ours: median(&ours, |ours| *ours),
            beside: Some(("nginx, the same JSON".to_owned(), median(&theirs, |theirs| *theirs))),
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

/// A folder of the program's with so many units, and some of them.
pub(crate) fn stocked(dir: &Path, units: u64) -> anyhow::Result<(std::path::PathBuf, Vec<Unit>)> {
    let demo = dir.join("demo");
    if !demo.exists() {
        std::fs::create_dir(&demo)?;
    }
    if data_folder(&demo).is_err() {
        Program::start(&program_beside()?, &demo)?.stop()?;
    }
    let folder = data_folder(&demo)?;
    let mut chance = Chance::new(u64::from(std::process::id()));
    let sample = Stock::fill(&folder, units)?.sample(&folder, DRAWN, &mut chance)?;
    Ok((demo, sample))
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
