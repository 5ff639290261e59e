//! `scripts/crash kiosk [N]`: terminals that scan, the program killed again and again, and what stands in the log at the end.
//!
//! Owns the terminals: each scans a number, waits for its answer, and after a kill scans the same one again, as a shopper
//! would who saw nothing. Every scan that was answered must stand in the log, and none more often than it was sent.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use contract::{Channel, Number};
use support::drive::{Chance, Program, data_folder};
use verigate::ledger::event::Event;
use verigate::ledger::folder::Folder;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;

use crate::proof;

/// Terminals that scan at once.
const TERMINALS: usize = 40;
/// An answer of the profile `plain` ends with an empty line.
const END: &[u8] = b"\r\n\r\n";
/// Nothing comes for so long: the terminal is stuck.
const STUCK: Duration = Duration::from_secs(20);
/// Rows read at a time.
const CHUNK: usize = 2_000;

/// What became of one scan.
#[derive(Debug, Clone, Copy, Default)]
struct Scan {
    sent: u32,
    answered: bool,
}

/// One terminal's memory, which no kill touches.
#[derive(Debug, Default)]
struct Terminal {
    number: usize,
    scans: HashMap<String, Scan>,
    /// Scanned and not answered.
    open: Option<String>,
}

/// Kills the program so often under scans, and proves what the terminals were told.
pub(crate) fn story(program: &Path, dir: &Path, kills: u64, seed: u64) -> anyhow::Result<String> {
    let demo = dir.join("demo");
    std::fs::create_dir(&demo)?;
    let mut chance = Chance::new(seed);
    let mut terminals: Vec<Terminal> =
        (0..TERMINALS).map(|number| Terminal { number, ..Terminal::default() }).collect();
    for kill in 1..=kills {
        let mut running = Program::start(program, &demo)?;
        let delay = Duration::from_millis(100 + u64::try_from(chance.below(900))?);
        let before = answered(&terminals);
        let address = running.kiosk;
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let scanning: Vec<_> =
                terminals.iter_mut().map(|terminal| scope.spawn(move || terminal.scan(address, None))).collect();
            std::thread::sleep(delay);
            running.kill()?;
            for terminal in scanning {
                // It ends with its connection.
                drop(terminal.join());
            }
            Ok(())
        })?;
        println!("kill {kill:>3} after {:>4} ms: {:>6} answered", delay.as_millis(), answered(&terminals) - before);
    }
    let running = Program::start(program, &demo)?;
    let until = Instant::now() + STUCK;
    for terminal in &mut terminals {
        terminal.scan(running.kiosk, Some(until))?;
    }
    running.stop()?;
    judge(&terminals, &data_folder(&demo)?)
}

fn answered(terminals: &[Terminal]) -> usize {
    terminals.iter().flat_map(|terminal| terminal.scans.values()).filter(|scan| scan.answered).count()
}

impl Terminal {
    /// Scans until the connection breaks, or where an end is given until what is open is answered.
    fn scan(&mut self, address: SocketAddr, until: Option<Instant>) -> anyhow::Result<()> {
        let mut line = TcpStream::connect(address)?;
        line.set_nodelay(true)?;
        line.set_read_timeout(Some(STUCK))?;
        let mut heard: Vec<u8> = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            if until.is_some_and(|until| self.open.is_none() || Instant::now() > until) {
                ensure!(self.open.is_none(), "a scan stays open");
                return Ok(());
            }
            let fresh = || format!("2006{:02}{:011}00", self.number, self.scans.len());
            let number = self.open.clone().unwrap_or_else(fresh);
            self.scans.entry(number.clone()).or_default().sent += 1;
            self.open = Some(number.clone());
            line.write_all(format!("{number}\r\n").as_bytes())?;
            heard.clear();
            while !heard.windows(END.len()).any(|window| window == END) {
                let read = line.read(&mut buffer)?;
                ensure!(read > 0, "the line ended");
                heard.extend(buffer.get(..read).unwrap_or_default());
            }
            if let Some(scan) = self.scans.get_mut(&number) {
                scan.answered = true;
            }
            self.open = None;
        }
    }
}

/// What the terminals were told, beside what stands in the log.
fn judge(terminals: &[Terminal], folder: &Folder) -> anyhow::Result<String> {
    let recorded = recorded(folder)?;
    let proof = proof::prove(folder, &[])?;
    let (mut lost, mut doubled, mut again, mut all) = (0, 0, 0, 0);
    for (number, scan) in terminals.iter().flat_map(|terminal| &terminal.scans) {
        let times = recorded.get(number).copied().unwrap_or_default();
        lost += usize::from(scan.answered && times == 0);
        doubled += usize::from(times > scan.sent);
        again += usize::from(times > 1);
        all += 1;
    }
    ensure!(lost == 0, "{lost} scans were answered and are not in the log");
    ensure!(doubled == 0, "{doubled} scans stand in the log more often than they were sent");
    ensure!(proof.faults.is_empty(), "{}", proof.faults.join("; "));
    Ok(format!(
        "{all} scans, each answered and recorded; {again} scanned again after a kill count twice; chain of {} events intact",
        proof.events
    ))
}

/// How often each number of a terminal stands in the log.
fn recorded(folder: &Folder) -> anyhow::Result<HashMap<String, u32>> {
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let (mut after, mut found) = (0, HashMap::new());
    loop {
        let rows = reader.after(after, false, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.sequence;
        for row in &rows {
            let Event::Inquiry(inquiry) = row.event()? else { continue };
            if inquiry.channel == Channel::Kiosk
                && let Some(Number::Digits(number)) = inquiry.checks.first().and_then(|check| check.given.clone())
            {
                *found.entry(number).or_default() += 1;
            }
        }
    }
}
