//! `verigate kiosk simulate`: a terminal in software, over any line, in both protocols.
//!
//! On a screen where there is one, with a keypad, a display and a printer; otherwise, or where it is told what to scan, line
//! by line.

mod draw;
mod paper;
mod screen;
mod stage;

use std::io::{BufRead as _, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use channel_kiosk::render::Encoding;
use channel_kiosk::session::framed::Key;
use channel_kiosk::simulate::{Device, Input, Line, Shown, Simulated};
use channel_kiosk::terminal::{Event, Identity};
use net::TlsClient;
use tokio::sync::mpsc;
use verigate::config::{ProcessEnvironment, SecretRef};

use self::screen::{Sample, Screen};
use super::super::{Shared, demo, other, ours};
use crate::compose;
use crate::failure::{Exit, Failure};

/// Be a terminal: scan something as a shopper would, and show what the terminal shows.
///
/// On a terminal it takes the whole screen, with keypad, display and printer, until q. Where it is told what to scan, with
/// --headless, or piped, it prints what the terminal is sent and ends when everything is answered.
#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    /// What to scan, one after another; without any, what is typed, or the lines of standard input.
    codes: Vec<String>,
    /// The line to the gateway: where it lets terminals dial in, the path of a serial line, or an address at which it dials
    /// us, raw or by RFC 2217.
    #[arg(long, value_name = "HOST:PORT|PATH|listen:HOST:PORT|rfc2217:HOST:PORT", default_value = "127.0.0.1:4001")]
    line: String,
    /// Bits per second of a serial line.
    #[arg(long, value_name = "BAUD", default_value_t = 9_600)]
    baud: u32,
    /// TLS: a file with the certificates that the gateway's has to come from. Without it the line is in the clear.
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// The name in the gateway's certificate, where it is not the host's.
    #[arg(long, value_name = "NAME", requires = "authorities")]
    tls_name: Option<String>,
    /// A file with what a serial server says first when it has dialled, on one line.
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    registration_file: Option<PathBuf>,
    /// What a serial server says every 15 s to keep its line open.
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "name")]
    heartbeat: String,
    /// Be a terminal with firmware of its own, of this name; without it, a stock device.
    #[arg(long, value_name = "NAME", requires = "key_file")]
    name: Option<String>,
    /// A file with its key: 64 hexadecimal digits on one line.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The language of its shoppers.
    #[arg(long, value_name = "TAG", default_value = "zh-Hans")]
    language: String,
    /// Columns of its display.
    #[arg(long, value_name = "COLUMNS", default_value_t = 20, value_parser = clap::value_parser!(u8).range(8..=80))]
    columns: u8,
    /// The character set of a stock device: utf8, gbk, gb18030 or big5. Without it, UTF-8 where it is that, else GB 18030.
    #[arg(long, value_name = "SET", value_parser = encoding)]
    encoding: Option<Encoding>,
    /// A samples.json to pick numbers from; without it the one of --dir, or of ./verigate-demo.
    #[arg(long, value_name = "FILE")]
    samples: Option<PathBuf>,
    /// Line by line, on a terminal too.
    #[arg(long)]
    headless: bool,
}

fn encoding(name: &str) -> Result<Encoding, String> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| "expected utf8, gbk, gb18030 or big5".to_owned())
}

impl Simulate {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let mut simulated = Simulated::new(self.line(), self.identity()?);
        simulated.heartbeat.clone_from(&self.heartbeat);
        if let Some(file) = &self.registration_file {
            secret(file)?.clone_into(&mut simulated.registration);
        }
        let on_screen = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        if self.headless || !self.codes.is_empty() || !on_screen {
            return self.line_by_line(simulated, out);
        }
        let device = Device::new(self.encoding, self.columns.into(), 2);
        let who = self.name.clone().map_or_else(|| "stock device".to_owned(), |name| format!("terminal {name}"));
        let mut screen = Screen::new(format!("{who} on {}", self.line), device, self.name.is_some());
        screen.offer(self.samples(shared)?);
        screen.speaks(&self.language);
        compose::runtime()?.block_on(Box::pin(stage::play(simulated, screen))).map_err(ours)
    }

    fn line(&self) -> Line {
        let listen = |address: &str, remote| Line::Listen { address: address.to_owned(), remote };
        if let Some(address) = self.line.strip_prefix("listen:") {
            listen(address, false)
        } else if let Some(address) = self.line.strip_prefix("rfc2217:") {
            listen(address, true)
        } else if self.line.contains('/') {
            Line::Tty(self.line.clone(), self.baud)
        } else {
            let tls = self.authorities.clone();
            let tls = tls.map(|authorities| TlsClient { authorities, name: self.tls_name.clone(), own: None });
            Line::Tcp(self.line.clone(), tls)
        }
    }

    fn samples(&self, shared: &Shared) -> Result<Vec<Sample>, Failure> {
        let beside = || shared.dir().unwrap_or_else(|| Path::new(demo::DIR)).join("samples.json");
        let file = self.samples.clone().unwrap_or_else(beside);
        match std::fs::read(&file) {
            Ok(text) => Sample::all(&text).ok_or_else(|| {
                other(Exit::Data, anyhow::anyhow!("{}: no samples as the demo writes them", file.display()))
            }),
            Err(_) if self.samples.is_none() => Ok(Vec::new()),
            Err(error) => Err(other(Exit::Usage, anyhow::anyhow!("{}: {error}", file.display()))),
        }
    }

    fn line_by_line(&self, simulated: Simulated, out: &mut dyn Write) -> Result<(), Failure> {
        let (scan, scans) = mpsc::channel(16);
        let (show, mut shown) = mpsc::channel(64);
        let codes = self.codes.clone();
        // Reading standard input blocks: on a thread that ends with it.
        std::thread::spawn(move || {
            let typed = std::io::stdin().lock().lines().map_while(Result::ok);
            let all: Box<dyn Iterator<Item = String>> =
                if codes.is_empty() { Box::new(typed) } else { Box::new(codes.into_iter()) };
            for code in all.filter(|code| !code.trim().is_empty()) {
                if scan.blocking_send(Input::Scan { code, keyed: false }).is_err() {
                    return;
                }
            }
        });
        let showing = async move {
            let mut failures = 0_u32;
            while let Some(shown) = shown.recv().await {
                failures += u32::from(matches!(shown, Shown::Down(_)));
                say(&shown, out)?;
                if failures >= 5 {
                    // The terminal ends when nobody looks any more.
                    return Err(other(Exit::Unavailable, anyhow::anyhow!("the line does not stay up")));
                }
            }
            Ok(())
        };
        let ((), said) =
            compose::runtime()?.block_on(async { tokio::join!(Box::pin(simulated.run(scans, show)), showing) });
        said
    }

    fn identity(&self) -> Result<Option<Identity>, Failure> {
        let (Some(name), Some(file)) = (&self.name, &self.key_file) else { return Ok(None) };
        let key = Key::parse(&secret(file)?)
            .ok_or_else(|| other(Exit::Usage, anyhow::anyhow!("{}: expected 64 hexadecimal digits", file.display())))?;
        let (name, columns, language) = (name.clone(), self.columns, self.language.clone());
        Ok(Some(Identity { name, key, columns, language }))
    }
}

fn secret(file: &Path) -> Result<String, Failure> {
    let text = SecretRef::File(file.to_owned()).text(&ProcessEnvironment).map_err(Failure::Configuration)?;
    Ok(text.expose().to_owned())
}

fn say(shown: &Shown, out: &mut dyn Write) -> Result<(), Failure> {
    match shown {
        Shown::Up => writeln!(out, "(the line is up)")?,
        Shown::Down(why) => writeln!(out, "(the line is down: {why})")?,
        Shown::Dropped(_) => writeln!(out, "(scanned while the line was down)")?,
        Shown::Octets(octets) => {
            // Signals are shown by name; a shopper hears them as beeps.
            let text = String::from_utf8_lossy(octets).replace('\u{6}', "<ACK>").replace('\u{15}', "<NAK>");
            out.write_all(text.as_bytes())?;
        }
        Shown::Event(event) => match &**event {
            Event::Welcome(welcome) => {
                page(&welcome.idle, out)?;
                for notice in &welcome.notices {
                    writeln!(out, "  {notice}")?;
                }
            }
            Event::Answer(answer) => {
                let again = if answer.replayed { ", answered before" } else { "" };
                writeln!(out, "{} ({}{again})", answer.verdict, answer.colour)?;
                for lines in &answer.pages {
                    page(lines, out)?;
                }
            }
            Event::Refused(reason, lines) => {
                writeln!(out, "refused: {reason:?}")?;
                page(lines, out)?;
            }
            Event::Kept => writeln!(out, "(kept until the line is up)")?,
            Event::Full => writeln!(out, "(no room for more scans)")?,
            Event::Lost(why) => writeln!(out, "({why})")?,
        },
    }
    Ok(out.flush()?)
}

/// A page of a display in a frame.
fn page(lines: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let width = |text: &str| channel_kiosk::render::columns(text);
    let columns = lines.iter().map(|line| width(line)).max().unwrap_or(0).max(20);
    writeln!(out, "  +{}+", "-".repeat(columns))?;
    for line in lines {
        writeln!(out, "  |{line}{}|", " ".repeat(columns - width(line)))?;
    }
    Ok(writeln!(out, "  +{}+", "-".repeat(columns))?)
}
