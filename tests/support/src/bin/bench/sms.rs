//! The program over SMPP, beside Kannel with its spool store, both driven by the same message centre.
//!
//! Owns that centre: it accepts one transceiver, keeps so many texts under way and counts a verification when the text was
//! acknowledged, its reply had come and was acknowledged in turn. Kannel answers with a fixed text by its keyword service:
//! the least that a gateway can do with a text and keep.

pub(crate) mod long;

use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::{Chance, program_beside};
use support::smpp::{self, Wire};

use crate::stock::{Stock, Unit, kept};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// Numbers to ask about.
const DRAWN: usize = 200_000;
/// Texts under way at once.
const UNDER_WAY: [usize; 3] = [1_000, 100, 1];
/// Before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// The response to a text.
const ACKNOWLEDGED: u32 = smpp::DELIVER | smpp::RESPONSE;
/// The message centre stops reading for so long.
const DEAF: Duration = Duration::from_secs(60);
/// After it reads again the full rate has to be back within so long.
const BACK: Duration = Duration::from_secs(2);
/// Nothing comes for so long: the gateway is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// Verifications a second by texts under way, the wait of a single one, and memory.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(1_000_000);
    let stock = Stock::of(options, units)?;
    let sample = stock.sample(DRAWN, &mut Chance::new(u64::from(std::process::id())))?;
    let dir = kept(&options.dir, "sms", units)?;
    let mut texts = Texts::new(sample);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let verigate = Gateway::verigate(&dir, &stock.folder.data)?;
        ours.push(measure(verigate, &mut texts, options.run)?);
        let kannel = Gateway::kannel(&dir.join("kannel"))?;
        theirs.push(measure(kannel, &mut texts, options.run)?);
    }
    let beside = |figure: &dyn Fn(&Measured) -> f64| Some(("kannel, spool store".to_owned(), median(&theirs, figure)));
    let mut rows = Vec::new();
    for (nth, under_way) in UNDER_WAY.into_iter().enumerate() {
        let figure = |measured: &Measured| measured.per_second.get(nth).copied().unwrap_or_default();
        rows.push(Row {
            name: format!("texts verified and replied to, {under_way} under way"),
            unit: "per second".to_owned(),
            ours: median(&ours, figure),
            beside: beside(&figure),
            wanted: (under_way > 1).then_some(Wanted::TimesThePeer(10.0)),
        });
    }
    let wait = |measured: &Measured| measured.wait_ms;
    let kannels = median(&theirs, wait);
    rows.push(Row {
        name: "from a text to its reply, one under way, p50".to_owned(),
        unit: "ms".to_owned(),
        ours: median(&ours, wait),
        beside: beside(&wait),
        wanted: Some(Wanted::AtMost(kannels / 20.0)),
    });
    let memory = |measured: &Measured| measured.memory_mb;
    rows.push(Row {
        name: "memory at the top rate".to_owned(),
        unit: "MB".to_owned(),
        ours: median(&ours, memory),
        beside: beside(&memory),
        wanted: Some(Wanted::AtMost(100.0)),
    });
    rows.push(alone(
        "memory gained over the run at the top rate",
        "MB",
        median(&ours, |m: &Measured| m.gained_mb),
        5.0,
    ));
    let deaf = deaf(Gateway::verigate(&dir, &stock.folder.data)?, &mut texts, options.run)?;
    rows.push(alone("memory gained while the centre reads nothing for 60 s", "MB", deaf.gained_mb, 5.0));
    rows.push(alone("texts lost by that", "", deaf.lost, 0.0));
    rows.push(Row {
        name: "rate from 2 s after that on, beside the rate before".to_owned(),
        unit: "per second".to_owned(),
        ours: deaf.after,
        beside: Some(("before".to_owned(), deaf.before)),
        wanted: Some(Wanted::TimesThePeer(0.9)),
    });
    Ok(rows)
}

fn alone(name: &str, unit: &str, ours: f64, most: f64) -> Row {
    Row { name: name.to_owned(), unit: unit.to_owned(), ours, beside: None, wanted: Some(Wanted::AtMost(most)) }
}

/// One gateway's figures.
struct Measured {
    per_second: Vec<f64>,
    wait_ms: f64,
    memory_mb: f64,
    gained_mb: f64,
}

/// What a message centre that stops reading does to a gateway.
struct Deaf {
    gained_mb: f64,
    lost: f64,
    before: f64,
    after: f64,
}

/// Full rate, nothing read for a while, full rate again.
fn deaf(mut gateway: Gateway, texts: &mut Texts, run: Duration) -> anyhow::Result<Deaf> {
    let mut centre = Centre::accept(&gateway.listener)?;
    centre.run(texts, UNDER_WAY[0], WARM_UP)?;
    let (done, took, _) = centre.run(texts, UNDER_WAY[0], run)?;
    let memory = gateway.memory_mb()?;
    centre.fill(texts, UNDER_WAY[0])?;
    std::thread::sleep(DEAF);
    let gained_mb = gateway.memory_mb()? - memory;
    centre.run(texts, UNDER_WAY[0], BACK)?;
    let (done_after, took_after, _) = centre.run(texts, UNDER_WAY[0], run)?;
    let lost = u32::try_from(centre.under_way.len())?;
    gateway.stop();
    let (before, after) = (ratio(done, took.as_secs_f64()), ratio(done_after, took_after.as_secs_f64()));
    Ok(Deaf { gained_mb, lost: f64::from(lost), before, after })
}

fn measure(mut gateway: Gateway, texts: &mut Texts, run: Duration) -> anyhow::Result<Measured> {
    let mut centre = Centre::accept(&gateway.listener)?;
    let mut measured = Measured { per_second: Vec::new(), wait_ms: 0.0, memory_mb: 0.0, gained_mb: 0.0 };
    for under_way in UNDER_WAY {
        centre.run(texts, under_way, WARM_UP).with_context(|| gateway.what.clone())?;
        let before = gateway.memory_mb()?;
        let (done, took, mut waits) = centre.run(texts, under_way, run).with_context(|| gateway.what.clone())?;
        measured.per_second.push(ratio(done, took.as_secs_f64()));
        if under_way == 1 {
            waits.sort();
            measured.wait_ms = waits.get(waits.len() / 2).map_or(0.0, |wait| wait.as_secs_f64() * 1e3);
        } else {
            let memory = gateway.memory_mb()?;
            measured.memory_mb = measured.memory_mb.max(memory);
            measured.gained_mb = measured.gained_mb.max(memory - before);
        }
    }
    drop(centre);
    gateway.stop();
    Ok(measured)
}

/// Texts to send: each about another unit, by another handset.
struct Texts {
    sample: Vec<Unit>,
    chance: Chance,
    handset: u64,
}

impl Texts {
    fn new(sample: Vec<Unit>) -> Self {
        Self { sample, chance: Chance::new(u64::from(std::process::id())), handset: 0 }
    }

    fn next(&mut self) -> (String, &str) {
        self.handset += 1;
        let unit = self.chance.below(self.sample.len());
        let number = self.sample.get(unit).map_or("", |unit| unit.number.as_str());
        (format!("86139{:08}", self.handset % 100_000_000), number)
    }
}

/// A message centre with one bound gateway.
struct Centre {
    wire: Wire,
    /// Texts under way by handset: when each was sent.
    under_way: HashMap<Vec<u8>, Instant>,
    unacknowledged: usize,
}

impl Centre {
    fn accept(listener: &TcpListener) -> anyhow::Result<Self> {
        listener.set_nonblocking(true)?;
        let until = Instant::now() + STUCK;
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error).context("the gateway does not dial"),
            }
        };
        stream.set_nonblocking(false)?;
        let mut wire = Wire::over(stream, STUCK)?;
        let mut bound = false;
        while !bound {
            for pdu in wire.read()? {
                bound |= pdu.id == smpp::BIND_TRANSCEIVER;
                wire.respond(&pdu, b"centre\0");
            }
            wire.flush()?;
        }
        Ok(Self { wire, under_way: HashMap::new(), unacknowledged: 0 })
    }

    /// Keeps so many texts under way for so long; how many were done, in which time, and how long each took.
    fn run(
        &mut self,
        texts: &mut Texts,
        under_way: usize,
        run: Duration,
    ) -> anyhow::Result<(u64, Duration, Vec<Duration>)> {
        let begun = Instant::now();
        let (mut done, mut waits) = (0, Vec::new());
        while begun.elapsed() < run {
            self.fill(texts, under_way)?;
            done += self.work(&mut waits)?;
        }
        let took = begun.elapsed();
        self.drain()?;
        Ok((done, took, waits))
    }

    /// Waits for what is under way.
    fn drain(&mut self) -> anyhow::Result<()> {
        while !self.under_way.is_empty() || self.unacknowledged > 0 {
            self.wire.flush()?;
            self.work(&mut Vec::new())?;
        }
        Ok(self.wire.flush()?)
    }

    /// Sends until so many texts are under way.
    fn fill(&mut self, texts: &mut Texts, under_way: usize) -> anyhow::Result<()> {
        while self.under_way.len() < under_way {
            let (handset, number) = texts.next();
            self.wire.text(smpp::DELIVER, &handset, number);
            self.under_way.insert(handset.into_bytes(), Instant::now());
            self.unacknowledged += 1;
        }
        Ok(self.wire.flush()?)
    }

    /// Works off what has come.
    fn work(&mut self, waits: &mut Vec<Duration>) -> anyhow::Result<u64> {
        let mut done = 0;
        for pdu in self.wire.read().context("nothing came")? {
            match pdu.id {
                ACKNOWLEDGED => self.unacknowledged = self.unacknowledged.saturating_sub(1),
                smpp::SUBMIT => {
                    self.wire.respond(&pdu, format!("{:x}\0", pdu.sequence).as_bytes());
                    if let Some(sent) = self.under_way.remove(&smpp::destination(&pdu.body)) {
                        waits.push(sent.elapsed());
                        done += 1;
                    }
                }
                smpp::ENQUIRE => self.wire.respond(&pdu, b""),
                _ => {}
            }
        }
        Ok(done)
    }
}

/// A gateway that dials our listener; ended when dropped.
struct Gateway {
    what: String,
    listener: TcpListener,
    children: Vec<Child>,
}

impl Gateway {
    fn verigate(dir: &Path, data: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (config, password) = (dir.join("verigate.toml"), dir.join("password"));
        fs::write(&password, "pw\n")?;
        fs::write(
            &config,
            format!(
                "[data]\ndir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n\
                 [[sms.link]]\nname = \"centre\"\naddresses = [\"{}\"]\nsystem_id = \"verigate\"\n\
                 password = {{ password_file = {password:?} }}\nlimits = {{ window = 1000 }}\n",
                listener.local_addr()?
            ),
        )?;
        let mut command = Command::new(program_beside()?);
        command.args(["serve", "--config"]).arg(&config);
        Ok(Self { what: "verigate".to_owned(), listener, children: vec![started(command, &dir.join("verigate.log"))?] })
    }

    fn kannel(dir: &Path) -> anyhow::Result<Self> {
        if dir.exists() {
            fs::remove_dir_all(dir)?;
        }
        fs::create_dir_all(dir.join("spool"))?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (centre, admin, boxes, http) = (listener.local_addr()?, free()?, free()?, free()?);
        let config = dir.join("kannel.conf");
        fs::write(
            &config,
            format!(
                "group = core\nadmin-port = {admin}\nadmin-password = bar\nadmin-interface = 127.0.0.1\n\
                 smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nlog-level = 3\nbox-deny-ip = \"*.*.*.*\"\n\
                 box-allow-ip = \"127.0.0.1\"\nstore-type = spool\nstore-location = {spool}\n\n\
                 group = smsc\nsmsc = smpp\nhost = 127.0.0.1\nport = {port}\ntransceiver-mode = true\n\
                 smsc-username = kannel\nsmsc-password = pw\nsystem-type = \"\"\naddress-range = \"\"\n\
                 max-pending-submits = 1000\n\n\
                 group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {http}\nsendsms-interface = 127.0.0.1\n\
                 global-sender = 12365\nlog-level = 3\n\n\
                 group = sms-service\nkeyword = default\ntext = \"GENUINE: this number is one of ours, first check.\"\n",
                spool = dir.join("spool").display(),
                port = centre.port(),
            ),
        )?;
        let mut children = Vec::new();
        for program in ["bearerbox", "smsbox"] {
            let mut command = Command::new(program);
            command.arg(&config).current_dir(dir);
            children.push(started(command, &dir.join(format!("{program}.log")))?);
            // smsbox ends at once where the other one does not listen yet.
            let until = Instant::now() + Duration::from_secs(10);
            while program == "bearerbox" && TcpStream::connect(("127.0.0.1", boxes)).is_err() {
                ensure!(Instant::now() < until, "bearerbox did not come up; see {}", dir.display());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(Self { what: "kannel".to_owned(), listener, children })
    }

    /// Resident memory of all its processes.
    fn memory_mb(&self) -> anyhow::Result<f64> {
        let mut all = 0.0;
        for child in &self.children {
            let status = fs::read_to_string(PathBuf::from(format!("/proc/{}/status", child.id())))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
            all += kb.context("the system tells no memory")? / 1_024.0;
        }
        Ok(all)
    }

    fn stop(&mut self) {
        for mut child in self.children.drain(..).rev() {
            // Told first, so that nothing is left for the next run to find.
            drop(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status());
            let until = Instant::now() + Duration::from_secs(20);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(20));
            }
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}

fn started(mut command: Command, log: &Path) -> anyhow::Result<Child> {
    let log = fs::File::create(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("{command:?} cannot be started: run `scripts/test` once"))
}

/// A port that is free now.
fn free() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()?.port())
}
