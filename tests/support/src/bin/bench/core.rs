//! The core in process: callers who each wait for their answer, no quota, units at random.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Means, Number, Role, Verify as _,
};
use support::drive::{Chance, clock, digits, stock, unlimited};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use verigate::ledger::folder::Folder;
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;
use verigate::verify::Gateway;

use crate::{Figures, ratio, written};

/// Phones that ask.
const PHONES: usize = 1_000_000;

/// A stocked folder.
pub(crate) struct Core {
    folder: Folder,
    numbers: Arc<Vec<u128>>,
    runtime: Runtime,
    keys: Arc<AtomicU64>,
}

impl Core {
    pub(crate) fn prepare(dir: &Path, units: u64) -> anyhow::Result<Self> {
        let folder = Folder::all_in(&dir.join("core"));
        Gateway::init(&folder)?;
        let runtime = Runtime::new()?;
        let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
        let numbers = Arc::new(runtime.block_on(stock(&gateway, units))?);
        Ok(Self { folder, numbers, runtime, keys: Arc::new(AtomicU64::new(0)) })
    }

    pub(crate) fn numbers(&self) -> &[u128] {
        &self.numbers
    }

    /// How long an inquiry's row is in the log.
    pub(crate) fn body_bytes(&self) -> anyhow::Result<usize> {
        let mut reader = SegmentReader::new(&self.folder.log(), 0);
        let last = reader.last()?.context("the log is empty")?;
        let rows = reader.after(last.saturating_sub(1_000), false, 1_000)?;
        rows.iter().map(|row| row.body.len()).sum::<usize>().checked_div(rows.len()).context("the log is empty")
    }

    /// Opens the folder, asks for so long, and closes it. What closing writes counts as written, not as time.
    pub(crate) fn run(&self, callers: u64, run: Duration) -> anyhow::Result<Figures> {
        let gateway = Arc::new(Gateway::open(self.folder.clone(), unlimited()?, clock())?);
        let before = written()?;
        let started = Instant::now();
        let until = started + run;
        let answered = self.runtime.block_on(async {
            let mut running = JoinSet::new();
            for caller in 0..callers {
                let (gateway, numbers, keys) =
                    (Arc::clone(&gateway), Arc::clone(&self.numbers), Arc::clone(&self.keys));
                running.spawn(async move { call(&gateway, &numbers, &keys, (caller, until)).await });
            }
            let mut answered = 0;
            while let Some(count) = running.join_next().await {
                answered += count.context("a caller panicked")??;
            }
            anyhow::Ok(answered)
        })?;
        let took = started.elapsed().as_secs_f64();
        gateway.close();
        let bytes = ratio(written()? - before, ratio(answered, 1.0));
        Ok(Figures { per_second: ratio(answered, took), bytes: Some(bytes), latency: None })
    }
}

async fn call(
    gateway: &Gateway,
    numbers: &[u128],
    keys: &AtomicU64,
    (caller, until): (u64, Instant),
) -> anyhow::Result<u64> {
    let mut chance = Chance::new(caller + 1 + keys.load(Ordering::Relaxed));
    let now = clock();
    let mut answered = 0;
    while Instant::now() < until {
        let number = numbers.get(chance.below(numbers.len())).copied().context("no numbers")?;
        let key = keys.fetch_add(1, Ordering::Relaxed).to_string();
        let inquiry = Inquiry {
            id: InquiryId { scope: "bench".to_owned(), key, valid_for: Duration::from_secs(86_400) },
            channel: Channel::Api,
            asker: Asker {
                identity: Identity::Phone(format!("86138{:08}", chance.below(PHONES))),
                role: Role::Shopper,
            },
            route: None,
            language: Language::default(),
            place: None,
            asked: EventTime::exact(now()),
            request: contract::Request::Check,
            checks: vec![Check {
                number: Number::Digits(digits(number)),
                means: Means::Typed,
                lot: None,
                expiry: None,
            }],
        };
        let reply = gateway.verify(inquiry).await?;
        ensure!(reply.receipt.is_some(), "an answer was not recorded");
        answered += 1;
    }
    Ok(answered)
}
