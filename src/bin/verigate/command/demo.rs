//! `verigate demo`: everything on embedded defaults, with numbers to try.
//!
//! Every start mints its own samples, into a new folder or one that has been used before. Seeds are ordinary orders and
//! inquiries: the demo shows what the gateway does, not what somebody wrote down.

mod samples;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use channel_kiosk::KioskConfig;
use channel_kiosk::config::{DeviceConfig, OnConnect, Profile, TerminalConfig};
use channel_kiosk::render::Encoding;
use channel_sms::{AccountConfig, Secret, ServerConfig, SmsConfig};
use channel_voice::config::SipConfig;
use net::Limits;
use serde::Serialize;
use verigate::config::{Data, Level};
use verigate::ledger::folder::Folder;
use verigate::observe::start_log;
use verigate::verify::Gateway;
use verigate::verify::admit::Quotas;

use self::samples::Sample;
use super::Shared;
use crate::compose::{self, Listening, Root};
use crate::failure::{Exit, Failure};

/// The account that carriers bind with, and its password.
const ACCOUNT: &str = "demo";
/// The number to text to; any other does as well.
const SHORT_NUMBER: &str = "12365";
/// The terminal that speaks the framed protocol.
const KEYED: &str = "smart";
/// Its key, in the folder.
const KEY_FILE: &str = "kiosk-smart.key";
/// The data folder where `--dir` names none.
pub(crate) const DIR: &str = "./verigate-demo";

/// Run everything on embedded defaults, with numbers to try: in `--dir`, by default ./verigate-demo, which is made if it
/// is not there.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Where the page and the API listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Where carriers bind by SMPP, as system id demo with the password demo; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2775")]
    smpp: SocketAddr,
    /// Where terminals that send a number on a line are answered; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4001")]
    kiosk: SocketAddr,
    /// Where calls come in by SIP, by UDP and TCP, from everybody; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    sip: SocketAddr,
}

/// `DIR/samples.json`.
#[derive(Debug, Serialize)]
struct Samples<'a> {
    schema: u32,
    listen: Listen,
    samples: &'a [Sample],
}

#[derive(Debug, Serialize)]
struct Listen {
    http: String,
    smpp: String,
    kiosk: String,
    /// A pseudo terminal that speaks as `kiosk` does.
    kiosk_pty: String,
    /// A pseudo terminal of a counter: a scanner with ACK, a display of two lines and a receipt printer, in GBK.
    kiosk_counter_pty: String,
    /// The terminal that speaks the framed protocol at `kiosk`, and the file with its key.
    kiosk_framed: Keyed,
    sip: String,
}

#[derive(Debug, Serialize)]
struct Keyed {
    name: &'static str,
    key_file: PathBuf,
}

impl Demo {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let dir = shared.dir().unwrap_or_else(|| Path::new(DIR));
        let mut root = Root { data: Data { dir: dir.to_owned(), second_place: None }, ..Root::default() };
        // Whoever tries things out asks all day from one address.
        root.quotas = Quotas::wide();
        root.sms = sms(self.smpp);
        root.voice.sip = calls(self.sip);
        root.http.listen = self.http;
        root.http.newcomers_per_hour = u32::MAX;
        // The table is what matters here; what goes wrong is still told.
        root.log.level = Level::Warn;
        start_log(root.log).map_err(|error| Failure::Other { exit: Exit::Ours, source: error.into() })?;
        let folder = Folder::all_in(dir);
        Gateway::init(&folder).map_err(compose::not_opened)?;
        let key_file = dir.join(KEY_FILE);
        kiosk_key(&key_file).context("cannot write the key of a terminal").map_err(ours)?;
        root.kiosk = kiosk(self.kiosk, self.http, key_file);
        let gateway = compose::open(folder, root.settings()?)?;
        compose::runtime()?.block_on(async {
            let samples = samples::mint(&gateway, compose::now()).await.map_err(ours)?;
            let reread = || Ok(root.clone());
            compose::serve(root.clone(), &reread, gateway, |listening| ready(dir, &listening, &samples, out)).await
        })
    }
}

/// One server, and one account that binds to it.
fn sms(listen: SocketAddr) -> SmsConfig {
    let account = AccountConfig::new(ACCOUNT, Secret(ACCOUNT.to_owned()));
    let server = ServerConfig { listen, tls: None, connections: Limits::default() };
    SmsConfig { server: vec![server], account: vec![account], ..SmsConfig::default() }
}

/// A server for anyone, and terminals in Shenzhen: two on pseudo terminals of ours, and one that proves who it is.
fn kiosk(listen: SocketAddr, http: SocketAddr, key: PathBuf) -> KioskConfig {
    let device = || DeviceConfig { on_connect: OnConnect::Process, ..DeviceConfig::default() };
    let counter = DeviceConfig {
        output: vec![Profile::Ack, Profile::Cd5220, Profile::Escpos],
        encoding: Encoding::Gbk,
        // The port is not known yet where any free one is taken.
        receipt_link: if http.port() == 0 { String::new() } else { format!("http://{http}/receipt?number=") },
        ..device()
    };
    let server =
        channel_kiosk::ServerConfig { listen, tls: None, connections: Limits::default(), anyone: Some(device()) };
    KioskConfig {
        server: vec![server],
        terminal: vec![
            TerminalConfig::on_pty("demo", "深圳", device()),
            TerminalConfig::on_pty("counter", "深圳", counter),
            TerminalConfig::keyed(KEYED, "深圳", key, device()),
        ],
        ..KioskConfig::default()
    }
}

/// Everybody may call, as often as they like.
fn calls(listen: SocketAddr) -> SipConfig {
    SipConfig {
        listen: Some(listen),
        strangers: true,
        stranger_rate: 100_000,
        calls_per_caller: 1_000,
        drain_s: 10,
        ..SipConfig::default()
    }
}

/// The key of the terminal that speaks the framed protocol; the same one at every start.
fn kiosk_key(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Ok(());
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key)?;
    let digits: String = key.iter().map(|octet| format!("{octet:02x}")).collect();
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
    Ok(writeln!(file, "{digits}")?)
}

fn ready(dir: &Path, listening: &Listening, samples: &[Sample], out: &mut dyn Write) -> Result<(), Failure> {
    let smpp = listening.smpp.first().map_or_else(String::new, SocketAddr::to_string);
    let sip = listening.sip.map_or_else(String::new, |sip| sip.to_string());
    let kiosk = listening.kiosk.first().map_or_else(String::new, SocketAddr::to_string);
    let pty = |nth: usize| listening.ptys.get(nth).cloned().unwrap_or_default();
    let (kiosk_pty, kiosk_counter_pty) = (pty(0), pty(1));
    let key_file = dir.join(KEY_FILE);
    let listen = Listen {
        http: listening.http.to_string(),
        smpp: smpp.clone(),
        sip: sip.clone(),
        kiosk: kiosk.clone(),
        kiosk_pty: kiosk_pty.clone(),
        kiosk_counter_pty: kiosk_counter_pty.clone(),
        kiosk_framed: Keyed { name: KEYED, key_file: key_file.clone() },
    };
    let written = Samples { schema: 1, listen, samples };
    let text = serde_json::to_vec_pretty(&written).context("the samples cannot be written").map_err(ours)?;
    replace(&dir.join("samples.json"), &text).context("cannot write samples.json").map_err(ours)?;
    writeln!(
        out,
        "Numbers to try on http://{}/ ({} has them all):\n",
        listening.http,
        dir.join("samples.json").display()
    )?;
    for sample in samples {
        let code = sample.codes.first().map_or("", String::as_str);
        writeln!(out, "  {:<18} {:<6} {}{}", sample.verdict, sample.colour, grouped(code), sample.hint())?;
    }
    writeln!(out, "\nText them to {SHORT_NUMBER} by SMPP at {smpp} (system id demo, password demo).")?;
    writeln!(out, "Scan them at {kiosk} (a number on a line, as by netcat) or on the serial line {kiosk_pty}.")?;
    writeln!(out, "Be a counter with display and printer: verigate kiosk simulate --line {kiosk_counter_pty}")?;
    let key_file = key_file.display();
    writeln!(
        out,
        "Be a terminal of the framed protocol: the same with --line {kiosk} --name {KEYED} --key-file {key_file}"
    )?;
    writeln!(
        out,
        "\nCall {SHORT_NUMBER} by SIP at {sip} and key them, or: verigate call simulate NUMBER --gateway {sip}"
    )?;
    writeln!(out, "\nready")?;
    Ok(out.flush()?)
}

fn ours(error: anyhow::Error) -> Failure {
    Failure::Other { exit: Exit::Ours, source: error }
}

/// Replaces a file in one step: whoever reads it sees the old or the new one whole.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file = fs::File::create(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(fresh, path)
}

/// A printed number in four groups of five, as on the pack.
fn grouped(code: &str) -> String {
    if code.len() != 20 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return code.to_owned();
    }
    let mut text = String::with_capacity(24);
    for (nth, digit) in code.chars().enumerate() {
        if nth > 0 && nth % 5 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
