//! The program over SMPP, beside Kannel with its spool store, both driven by the same message centre.
//!
//! Owns that centre: it accepts one transceiver, keeps so many texts under way and counts a verification when the text was
//! acknowledged, its reply had come and was acknowledged in turn. Kannel answers with a fixed text by its keyword service:
//! the least that a gateway can do with a text and keep.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use support::drive::{Chance, data_folder, program_beside};

use crate::stock::{Unit, kept};
use crate::table::{Row, Wanted};
use crate::web::stocked;
use crate::{Options, RUNS, median};

/// Numbers to ask about.
const DRAWN: usize = 200_000;
/// Texts under way at once.
const UNDER_WAY: [usize; 3] = [1_000, 100, 1];
/// Before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// Nothing comes for so long: the gateway is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// Verifications a second by texts under way, the wait of a single one, and memory.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(1_000_000);
    let dir = kept(&options.dir, "sms", units)?;
    let (demo, sample) = stocked(&dir, units)?;
    let mut texts = Texts::new(sample);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let verigate = Gateway::verigate(&dir, &data_folder(&demo)?.data)?;
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
    Ok(rows)
}

/// One gateway's figures.
struct Measured {
    per_second: Vec<f64>,
    wait_ms: f64,
    memory_mb: f64,
}

fn measure(mut gateway: Gateway, texts: &mut Texts, run: Duration) -> anyhow::Result<Measured> {
    let mut centre = Centre::accept(&gateway.listener)?;
    let mut measured = Measured { per_second: Vec::new(), wait_ms: 0.0, memory_mb: 0.0 };
    for under_way in UNDER_WAY {
        centre.run(texts, under_way, WARM_UP).with_context(|| gateway.what.clone())?;
        let (done, took, mut waits) = centre.run(texts, under_way, run).with_context(|| gateway.what.clone())?;
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        measured.per_second.push(done as f64 / took.as_secs_f64());
        if under_way == 1 {
            waits.sort();
            measured.wait_ms = waits.get(waits.len() / 2).map_or(0.0, |wait| wait.as_secs_f64() * 1e3);
        } else {
            measured.memory_mb = measured.memory_mb.max(gateway.memory_mb()?);
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
    stream: TcpStream,
    received: Vec<u8>,
    output: Vec<u8>,
    sequence: u32,
    /// Texts under way by handset: when each was sent.
    under_way: HashMap<Vec<u8>, Instant>,
    unacknowledged: usize,
}

impl Centre {
    fn accept(listener: &TcpListener) -> anyhow::Result<Self> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(STUCK))?;
        let mut centre = Self {
            stream,
            received: Vec::new(),
            output: Vec::new(),
            sequence: 0,
            under_way: HashMap::new(),
            unacknowledged: 0,
        };
        let mut bound = false;
        while !bound {
            for (id, sequence, _) in centre.read()? {
                bound |= id == 0x09;
                centre.respond(id, sequence, b"centre\0");
            }
            centre.flush()?;
        }
        Ok(centre)
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
            while self.under_way.len() < under_way {
                let (handset, number) = texts.next();
                self.deliver(&handset, number);
            }
            self.flush()?;
            done += self.work(&mut waits)?;
        }
        let took = begun.elapsed();
        while !self.under_way.is_empty() || self.unacknowledged > 0 {
            self.work(&mut Vec::new())?;
            self.flush()?;
        }
        Ok((done, took, waits))
    }

    /// Works off what has come.
    fn work(&mut self, waits: &mut Vec<Duration>) -> anyhow::Result<u64> {
        let mut done = 0;
        for (id, sequence, body) in self.read()? {
            match id {
                0x8000_0005 => self.unacknowledged = self.unacknowledged.saturating_sub(1),
                0x04 => {
                    self.respond(id, sequence, format!("{sequence:x}\0").as_bytes());
                    if let Some(sent) = self.under_way.remove(&destination(&body)) {
                        waits.push(sent.elapsed());
                        done += 1;
                    }
                }
                0x15 => self.respond(id, sequence, b""),
                _ => {}
            }
        }
        Ok(done)
    }

    fn deliver(&mut self, handset: &str, number: &str) {
        self.sequence = self.sequence % 0x7fff_ffff + 1;
        let length = [u8::try_from(number.len()).unwrap_or(0)];
        let fields: [&[u8]; 8] =
            [b"\0\x01\x01", handset.as_bytes(), b"\0\0\x01", b"12365\0", &[0; 5], &[0; 4], &length, number.as_bytes()];
        self.write(0x05, self.sequence, &fields.concat());
        self.under_way.insert(handset.as_bytes().to_vec(), Instant::now());
        self.unacknowledged += 1;
    }

    fn respond(&mut self, id: u32, sequence: u32, body: &[u8]) {
        self.write(id | 0x8000_0000, sequence, body);
    }

    fn write(&mut self, id: u32, sequence: u32, body: &[u8]) {
        let length = u32::try_from(16 + body.len()).unwrap_or(16);
        for word in [length, id, 0, sequence] {
            self.output.extend_from_slice(&word.to_be_bytes());
        }
        self.output.extend_from_slice(body);
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.output)?;
        self.output.clear();
        Ok(())
    }

    /// Waits for octets and takes them apart.
    fn read(&mut self) -> anyhow::Result<Vec<(u32, u32, Vec<u8>)>> {
        let mut octets = vec![0; 256 * 1024];
        let got = self.stream.read(&mut octets).context("nothing came")?;
        ensure!(got > 0, "the gateway hung up");
        self.received.extend_from_slice(octets.get(..got).unwrap_or_default());
        let (mut pdus, mut at) = (Vec::new(), 0);
        let word = |octets: &[u8], at: usize| {
            let octets = octets.get(at..at + 4)?;
            Some(u32::from_be_bytes(octets.try_into().ok()?))
        };
        while let Some(length) = word(&self.received, at).and_then(|length| usize::try_from(length).ok())
            && let Some(pdu) = self.received.get(at..at + length)
        {
            let (id, sequence) = (word(pdu, 4).unwrap_or(0), word(pdu, 12).unwrap_or(0));
            pdus.push((id, sequence, pdu.get(16..).unwrap_or_default().to_vec()));
            at += length;
        }
        self.received.drain(..at);
        Ok(pdus)
    }
}

/// The handset that a `submit_sm` goes to.
fn destination(body: &[u8]) -> Vec<u8> {
    let mut strings = body.splitn(2, |octet| *octet == 0);
    let after = strings.nth(1).unwrap_or_default();
    let from_on = after.get(2..).unwrap_or_default();
    let behind = from_on.splitn(2, |octet| *octet == 0).nth(1).unwrap_or_default();
    behind.get(2..).unwrap_or_default().split(|octet| *octet == 0).next().unwrap_or_default().to_vec()
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
