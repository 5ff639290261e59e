//! The program's memory over a long run at the top rate, by one and the same message centre without a pause.
//!
//! Owns when memory is looked at and what of it is told. Stands alone: Kannel's memory is in the other rows.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use support::drive::Chance;

use super::{Centre, DRAWN, Gateway, Texts, UNDER_WAY, WARM_UP, alone};
use crate::stock::{Stock, kept};
use crate::table::Row;
use crate::{Options, ratio};

/// Memory is looked at so often.
const LOOKED_AT: Duration = Duration::from_secs(1);
/// What is told is of the first and of the last of so many parts of a run.
const PARTS: usize = 10;

/// What was seen at one look.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Duration,
    done: u64,
    memory_mb: f64,
}

/// Memory at its most, what it gained from the first tenth of the run to the last, and the rates of the two.
pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let units = options.units.unwrap_or(1_000_000);
    let stock = Stock::of(options, units)?;
    let sample = stock.sample(DRAWN, &mut Chance::new(u64::from(std::process::id())))?;
    let dir = kept(&options.dir, "sms", units)?;
    let mut gateway = Gateway::verigate(&dir, &stock.folder.data)?;
    let seen = looks(&gateway, &mut Texts::new(sample), options.run).with_context(|| gateway.what.clone())?;
    gateway.stop();

    let part = (seen.len() / PARTS).max(1);
    let first = seen.get(..=part).context("the run is too short: expected 2 seconds or more")?;
    let last = seen.get(seen.len().saturating_sub(part + 1)..).unwrap_or_default();
    let most = |seen: &[Seen]| seen.iter().map(|seen| seen.memory_mb).fold(0.0, f64::max);
    let over = |what: &str| format!("{what} over {} s at the top rate", options.run.as_secs());
    Ok(vec![
        alone(&over("memory"), "MB", most(&seen), 100.0),
        alone(&over("memory gained from the first tenth to the last"), "MB", most(last) - most(first), 5.0),
        Row {
            name: "texts verified and replied to, the last tenth beside the first".to_owned(),
            unit: "per second".to_owned(),
            ours: rate(last),
            beside: Some(("the first".to_owned(), rate(first))),
            wanted: None,
        },
    ])
}

/// Keeps the centre busy and looks at the memory, which is also told as it comes: the run takes minutes.
fn looks(gateway: &Gateway, texts: &mut Texts, run: Duration) -> anyhow::Result<Vec<Seen>> {
    let mut centre = Centre::accept(&gateway.listener)?;
    centre.run(texts, UNDER_WAY[0], WARM_UP)?;
    let (begun, mut done, mut waits) = (Instant::now(), 0, Vec::new());
    let mut seen = vec![Seen { at: Duration::ZERO, done, memory_mb: gateway.memory_mb()? }];
    loop {
        centre.fill(texts, UNDER_WAY[0])?;
        done += centre.work(&mut waits)?;
        waits.clear();
        let at = begun.elapsed();
        if at >= LOOKED_AT * u32::try_from(seen.len())? {
            let memory_mb = gateway.memory_mb()?;
            if seen.len() % 10 == 1 {
                eprintln!("{:>4} s  {memory_mb:>6.1} MB  {done} done", at.as_secs());
            }
            seen.push(Seen { at, done, memory_mb });
        }
        if at >= run {
            break;
        }
    }
    centre.drain()?;
    Ok(seen)
}

/// Texts a second from the first of these looks to the last.
fn rate(seen: &[Seen]) -> f64 {
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return 0.0 };
    ratio(last.done - first.done, (last.at - first.at).as_secs_f64())
}
