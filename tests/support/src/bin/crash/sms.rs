//! `scripts/crash sms [N]`: texts by SMPP to the program, killed again and again, and what the handsets hold at the end.
//!
//! Owns the carrier: it keeps texts under way, sends those again that were not acknowledged, as carriers do, and counts the
//! replies of each handset. Every text that was acknowledged must stand in the log once and be replied to: once, and once
//! more for each kill that came between a reply and the record of its acknowledgement. A kill that came later may not
//! bring a copy: what was told of before so many texts more had been taken was recorded before them.

use std::collections::{BTreeMap, HashMap};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use contract::Channel;
use support::drive::{Chance, Program, data_folder};
use support::smpp::{self, Wire};
use verigate::ledger::event::Event;
use verigate::ledger::folder::Folder;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;

use crate::proof;

/// Texts under way at once.
const UNDER_WAY: usize = 200;
/// What is owed at the end must come within this.
const LAST: Duration = Duration::from_secs(60);
/// A reply whose acknowledgement was followed by so many texts that were all taken does not come again.
const AFTER: u64 = 2 * UNDER_WAY as u64;
/// Rows read at a time.
const CHUNK: usize = 2_000;

/// What became of one text.
#[derive(Debug, Clone, Copy, Default)]
struct Text {
    acknowledged: bool,
    replies: u32,
    /// The connection that brought the last reply, and how many texts had been sent by it when that was acknowledged.
    last: (usize, u64),
}

/// The carrier's memory, which no kill touches.
#[derive(Debug, Default)]
struct Carrier {
    texts: HashMap<Vec<u8>, Text>,
    next: u64,
    /// For each connection, how many of its texts were taken one after another, from the first.
    taken: Vec<u64>,
    /// Replies that came again though they cannot have been owed any more.
    untimely: u64,
}

/// Kills the program so often under texts, and proves what the handsets hold.
pub(crate) fn story(program: &Path, dir: &Path, kills: u64, seed: u64) -> anyhow::Result<String> {
    let demo = dir.join("demo");
    std::fs::create_dir(&demo)?;
    let (mut carrier, mut chance) = (Carrier::default(), Chance::new(seed));
    for kill in 1..=kills {
        let mut running = Program::start(program, &demo)?;
        let delay = Duration::from_millis(100 + u64::try_from(chance.below(900))?);
        let before = carrier.acknowledged();
        let (address, talker) = (running.smpp, &mut carrier);
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let talk = scope.spawn(move || talker.talk(address, || false));
            std::thread::sleep(delay);
            running.kill()?;
            // It ends with the connection.
            drop(talk.join());
            Ok(())
        })?;
        println!(
            "kill {kill:>3} after {:>4} ms: {:>6} acknowledged, {} open",
            delay.as_millis(),
            carrier.acknowledged() - before,
            carrier.texts.len() - carrier.acknowledged()
        );
    }
    let running = Program::start(program, &demo)?;
    carrier.finish(running.smpp)?;
    running.stop()?;
    carrier.judge(&data_folder(&demo)?)
}

impl Carrier {
    fn acknowledged(&self) -> usize {
        self.texts.values().filter(|text| text.acknowledged).count()
    }

    /// Every text is acknowledged and replied to.
    fn is_done(&self) -> bool {
        self.texts.values().all(|text| text.acknowledged && text.replies > 0)
    }

    /// No more texts; those that are open are sent again, and what is owed is waited for.
    fn finish(&mut self, address: std::net::SocketAddr) -> anyhow::Result<()> {
        let until = Instant::now() + LAST;
        self.next = u64::MAX;
        while !self.is_done() {
            ensure!(Instant::now() < until, "after {LAST:?} replies are still owed");
            if let Err(error) = self.talk(address, || Instant::now() >= until) {
                ensure!(self.is_done(), "{error:#}");
            }
        }
        Ok(())
    }

    /// Binds and keeps texts under way until the connection breaks, all is done or it is told to end.
    fn talk(&mut self, address: std::net::SocketAddr, ends: impl Fn() -> bool) -> anyhow::Result<()> {
        let mut wire = Wire::over(TcpStream::connect(address)?, Duration::from_secs(5))?;
        wire.request(smpp::BIND_TRANSCEIVER, &smpp::bind("demo", "demo"));
        let mut again: Vec<Vec<u8>> =
            self.texts.iter().filter(|(_, text)| !text.acknowledged).map(|(handset, _)| handset.clone()).collect();
        let mut sent: BTreeMap<u32, (u64, Vec<u8>)> = BTreeMap::new();
        let (mut bound, mut count) = (false, 0);
        let connection = self.taken.len();
        self.taken.push(0);
        while !(ends() || self.next == u64::MAX && self.is_done()) {
            while bound && sent.len() < UNDER_WAY {
                let Some(handset) = again.pop().or_else(|| self.fresh()) else { break };
                self.texts.entry(handset.clone()).or_default();
                let name = String::from_utf8_lossy(&handset).into_owned();
                sent.insert(wire.text(smpp::SUBMIT, &name, &format!("V 2006{name}00")), (count, handset));
                count += 1;
            }
            wire.flush()?;
            for pdu in wire.read()? {
                match pdu.id {
                    smpp::DELIVER => {
                        let handset = smpp::destination(&pdu.body);
                        let Some(text) = self.texts.get_mut(&handset) else { bail!("a reply to nobody") };
                        let (before, told) = text.last;
                        let taken_since = self.taken.get(before).map_or(0, |taken| taken.saturating_sub(told));
                        if text.replies > 0 && (before == connection || taken_since >= AFTER) {
                            self.untimely += 1;
                        }
                        text.replies += 1;
                        text.last = (connection, count);
                        wire.respond(&pdu, b"\0");
                    }
                    smpp::ENQUIRE => wire.respond(&pdu, b""),
                    id if id & smpp::RESPONSE != 0 && pdu.status == 0 => {
                        bound = true;
                        if let Some((_, handset)) = sent.remove(&pdu.sequence)
                            && let Some(text) = self.texts.get_mut(&handset)
                        {
                            text.acknowledged = true;
                        }
                    }
                    _ => again.extend(sent.remove(&pdu.sequence).map(|(_, handset)| handset)),
                }
            }
            // One that is refused and sent again counts from then on.
            if let Some(taken) = self.taken.get_mut(connection) {
                *taken = sent.values().map(|(nth, _)| *nth).min().unwrap_or(count);
            }
        }
        Ok(())
    }

    fn fresh(&mut self) -> Option<Vec<u8>> {
        if self.next == u64::MAX {
            return None;
        }
        self.next += 1;
        Some(format!("86139{:08}", self.next).into_bytes())
    }

    /// What the handsets hold, beside what stands in the log.
    fn judge(&self, folder: &Folder) -> anyhow::Result<String> {
        let recorded = recorded(folder)?;
        let proof = proof::prove(folder, &[])?;
        let several = |least: u32| self.texts.values().filter(|text| text.replies >= least).count();
        ensure!(self.untimely == 0, "{} replies came again though they were acknowledged long before", self.untimely);
        ensure!(recorded == self.texts.len(), "{} texts, {recorded} stand in the log", self.texts.len());
        ensure!(proof.faults.is_empty(), "{}", proof.faults.join("; "));
        Ok(format!(
            "{} texts, each acknowledged, recorded once and replied to; {} handsets hold a second copy, {} of them a third; chain of {} events intact",
            self.texts.len(),
            several(2),
            several(3),
            proof.events
        ))
    }
}

/// Texts in the log.
fn recorded(folder: &Folder) -> anyhow::Result<usize> {
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let (mut after, mut found) = (0, 0);
    loop {
        let rows = reader.after(after, false, CHUNK)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.sequence;
        for row in &rows {
            found += usize::from(matches!(row.event()?, Event::Inquiry(inquiry) if inquiry.channel == Channel::Sms));
        }
    }
}
