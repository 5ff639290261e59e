//! `verigate kiosk simulate`: a terminal in software, over any line, in both protocols.

use std::io::{BufRead as _, Write};
use std::path::PathBuf;

use channel_kiosk::session::framed::Key;
use channel_kiosk::simulate::{Line, Shown, Simulated};
use channel_kiosk::terminal::{Event, Identity};
use tokio::sync::mpsc;
use verigate::config::{ProcessEnvironment, SecretRef};

use super::super::other;
use crate::compose;
use crate::failure::{Exit, Failure};

/// Be a terminal: scan something as a shopper would, and show what the terminal shows.
#[derive(Debug, clap::Args)]
pub(crate) struct Simulate {
    /// What to scan, one after another; without any, the lines of standard input.
    codes: Vec<String>,
    /// Where the gateway lets terminals dial in, or the path of a serial line.
    #[arg(long, value_name = "HOST:PORT|PATH", default_value = "127.0.0.1:4001")]
    line: String,
    /// Bits per second of a serial line.
    #[arg(long, value_name = "BAUD", default_value_t = 9_600)]
    baud: u32,
    /// Be a terminal with firmware of its own, of this name; without it, a stock scanner.
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
}

impl Simulate {
    /// Does it; ends when everything scanned is answered.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let line = if self.line.contains('/') {
            Line::Tty(self.line.clone(), self.baud)
        } else {
            Line::Tcp(self.line.clone())
        };
        let simulated = Simulated { line, identity: self.identity()? };
        let (scan, scans) = mpsc::channel(16);
        let (show, mut shown) = mpsc::channel(64);
        let codes = self.codes.clone();
        // Reading standard input blocks: on a thread that ends with it.
        std::thread::spawn(move || {
            let typed = std::io::stdin().lock().lines().map_while(Result::ok);
            let all: Box<dyn Iterator<Item = String>> =
                if codes.is_empty() { Box::new(typed) } else { Box::new(codes.into_iter()) };
            for code in all.filter(|code| !code.trim().is_empty()) {
                if scan.blocking_send(code).is_err() {
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
        let text = SecretRef::File(file.clone()).text(&ProcessEnvironment).map_err(Failure::Configuration)?;
        let key = Key::parse(text.expose())
            .ok_or_else(|| other(Exit::Usage, anyhow::anyhow!("{}: expected 64 hexadecimal digits", file.display())))?;
        let (name, columns, language) = (name.clone(), self.columns, self.language.clone());
        Ok(Some(Identity { name, key, columns, language }))
    }
}

fn say(shown: &Shown, out: &mut dyn Write) -> Result<(), Failure> {
    match shown {
        Shown::Up => writeln!(out, "(the line is up)")?,
        Shown::Down(why) => writeln!(out, "(the line is down: {why})")?,
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
    let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let columns = lines.iter().map(|line| width(line)).max().unwrap_or(0).max(20);
    writeln!(out, "  +{}+", "-".repeat(columns))?;
    for line in lines {
        writeln!(out, "  |{line}{}|", " ".repeat(columns - width(line)))?;
    }
    Ok(writeln!(out, "  +{}+", "-".repeat(columns))?)
}
