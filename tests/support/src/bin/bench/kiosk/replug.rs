//! Lines that are pulled out, in the middle of an answer too, and plugged in again, while others go on scanning.
//!
//! A cycle is timed from the moment at which the new device has its path to its first acknowledged scan. Whoever is pulled out
//! before its answer came scans the same number again, as a shopper does. The log has to have every number once.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use contract::Channel;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use verigate::ledger::event::Event;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;

use super::lines::Scanner;
use super::{EVERY, Ground, STUCK, TOLD};
use crate::ratio;
use crate::table::{Row, Wanted};

/// Lines that are pulled out and plugged in, and how often each.
const PLUGGED: usize = 8;
const CYCLES: usize = 125;
/// Lines that scan meanwhile, ten times a second each.
const SCANNING: usize = 92;
/// A scanner that is not answered sends again.
const RESENDS: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
struct Counted {
    waits: Vec<Duration>,
    /// Different numbers, each acknowledged in the end.
    numbers: u64,
}

pub(super) fn rows(ground: &Ground) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let dir = tempfile::tempdir()?;
    let mut reader = SegmentReader::new(&ground.stock.folder.log(), 0);
    let before = reader.last()?.unwrap_or(0);
    drop(reader);
    let (counted, grown) = runtime.block_on(plug(ground, dir.path()))?;
    let recorded = recorded_after(ground, before)?;
    let Counted { mut waits, numbers } = counted;
    waits.sort_unstable();
    let at = |percent: usize| {
        let at = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
        waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
    };
    let row = |what: &str, unit: &str, ours: f64, wanted: Option<f64>| Row {
        name: format!("{} times unplugged and plugged in under load: {what}", PLUGGED * CYCLES),
        unit: unit.to_owned(),
        ours,
        beside: None,
        wanted: wanted.map(Wanted::AtMost),
    };
    Ok(vec![
        row("scanned again after, p50", "ms", at(50), None),
        row("scanned again after, longest", "ms", at(100), Some(2_000.0)),
        row("files more than before", "files", grown.files, Some(0.0)),
        row("memory more than the same time without", "MB", grown.memory_mb, Some(8.0)),
        row("numbers scanned", "scans", ratio(numbers, 1.0), None),
        row("recorded twice", "scans", ratio(recorded.saturating_sub(numbers), 1.0), Some(0.0)),
        row("acknowledged and not recorded", "scans", ratio(numbers.saturating_sub(recorded), 1.0), Some(0.0)),
    ])
}

struct Grown {
    files: f64,
    memory_mb: f64,
}

async fn plug(ground: &Ground, dir: &Path) -> anyhow::Result<(Counted, Grown)> {
    let path = |nth: usize| dir.join(format!("line-{nth}"));
    let section = (0..PLUGGED + SCANNING).map(|nth| {
        format!(
            "[[kiosk.terminal]]\nname = \"till-{nth}\"\ntty = {:?}\n\
             device = {TOLD}\n",
            path(nth)
        )
    });
    let gateway = ground.start(&section.collect::<String>())?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut scanning = JoinSet::new();
    for nth in PLUGGED..PLUGGED + SCANNING {
        let scanner = plugged(&path(nth))?;
        scanning.spawn(scan(scanner, ground.share(nth, PLUGGED + SCANNING), stopped.clone()));
    }
    // Once round before anything is counted: allocators keep what they were given.
    let mut all = Counted::default();
    let round = async |cycles: usize, offset: usize| {
        let mut plugging = JoinSet::new();
        for nth in 0..PLUGGED {
            let numbers = ground.share(nth, PLUGGED + SCANNING).into_iter().skip(offset).take(cycles * 2 + 1).collect();
            plugging.spawn(cycle(path(nth), numbers));
        }
        let mut round = Counted::default();
        while let Some(its) = plugging.join_next().await {
            let its = its??;
            round.waits.extend(its.waits);
            round.numbers += its.numbers;
        }
        anyhow::Ok(round)
    };
    all.numbers += round(20, 0).await?.numbers;
    let (files, memory, begun) = (gateway.files()?, gateway.memory_mb()?, Instant::now());
    let measured = round(CYCLES, 41).await?;
    let with = gateway.memory_mb()? - memory;
    all.waits = measured.waits;
    all.numbers += measured.numbers;
    // Lines that were closed away from the runtime are gone a moment later.
    let until = Instant::now() + Duration::from_secs(5);
    while gateway.files()? > files && Instant::now() < until {
        sleep(Duration::from_millis(50)).await;
    }
    let more = gateway.files()?.saturating_sub(files);
    // What the others' scans take of caches in the same time is not of the plugging.
    let memory = gateway.memory_mb()?;
    sleep(begun.elapsed()).await;
    let without = gateway.memory_mb()? - memory;
    let grown = Grown { files: ratio(u64::try_from(more)?, 1.0), memory_mb: (with - without).max(0.0) };
    stop.send(true)?;
    while let Some(its) = scanning.join_next().await {
        all.numbers += its??;
    }
    gateway.stop()?;
    Ok((all, grown))
}

/// Pulls a device out. Its path goes first, as udev's do: the number of its pseudo terminal is soon another one's.
fn pull_out(path: &Path, scanner: Scanner) -> anyhow::Result<()> {
    std::fs::remove_file(path)?;
    drop(scanner);
    Ok(())
}

/// A new device at this path.
fn plugged(path: &Path) -> anyhow::Result<Scanner> {
    let scanner = Scanner::new()?;
    symlink(&scanner.path, path)?;
    Ok(scanner)
}

/// Scans until the answer to this number comes; sends again where it does not.
async fn acknowledged(scanner: &mut Scanner, number: &str) -> anyhow::Result<()> {
    let until = Instant::now() + STUCK;
    let tail = format!("\"tail\":\"{}\"", number.get(number.len().saturating_sub(4)..).unwrap_or_default());
    let mut heard = Vec::new();
    loop {
        ensure!(Instant::now() < until, "a scan was lost");
        scanner.ours.write_all(format!("{number}\r").as_bytes()).await?;
        let resend = Instant::now() + RESENDS;
        while let Ok(read) = timeout_at(resend, scanner.ours.read_buf(&mut heard)).await {
            ensure!(read? > 0, "the line ended");
            let mut lines = heard.split(|octet| *octet == b'\n');
            // What stands behind the last line end is not whole yet.
            let rest = lines.next_back().unwrap_or_default().to_vec();
            if lines.any(|line| line.windows(tail.len()).any(|part| part == tail.as_bytes())) {
                return Ok(());
            }
            heard = rest;
        }
    }
}

/// Plugs in, scans, and pulls out with a scan on its way, which is the first one of the next device.
async fn cycle(path: PathBuf, numbers: Vec<String>) -> anyhow::Result<Counted> {
    let mut counted = Counted::default();
    let mut numbers = numbers.into_iter();
    let Some(mut open) = numbers.next() else { return Ok(counted) };
    loop {
        let begun = Instant::now();
        let mut scanner = plugged(&path)?;
        acknowledged(&mut scanner, &open).await?;
        counted.waits.push(begun.elapsed());
        counted.numbers += 1;
        let (Some(next), Some(last)) = (numbers.next(), numbers.next()) else {
            pull_out(&path, scanner)?;
            break;
        };
        acknowledged(&mut scanner, &next).await?;
        counted.numbers += 1;
        scanner.ours.write_all(format!("{last}\r").as_bytes()).await?;
        open = last;
        // Pulled out now and then before it is read, now and then after.
        sleep(Duration::from_micros(u64::try_from(counted.waits.len() % 7)? * 500)).await;
        pull_out(&path, scanner)?;
    }
    Ok(counted)
}

/// Scans on the schedule until it is told to stop; how many numbers.
async fn scan(
    mut scanner: Scanner,
    numbers: Vec<String>,
    stopped: tokio::sync::watch::Receiver<bool>,
) -> anyhow::Result<u64> {
    let mut scanned = 0;
    for number in numbers {
        if *stopped.borrow() {
            break;
        }
        acknowledged(&mut scanner, &number).await?;
        scanned += 1;
        sleep(EVERY).await;
    }
    Ok(scanned)
}

/// Inquiries of terminals in the log behind this event.
fn recorded_after(ground: &Ground, before: u64) -> anyhow::Result<u64> {
    let mut reader = SegmentReader::new(&ground.stock.folder.log(), 0);
    let (mut after, mut found) = (before, 0);
    loop {
        let rows = reader.after(after, false, 10_000)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.sequence;
        for row in &rows {
            found += u64::from(matches!(row.event()?, Event::Inquiry(inquiry) if inquiry.channel == Channel::Kiosk));
        }
    }
}
