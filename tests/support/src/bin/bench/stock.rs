//! A folder of issued numbers whose units all have a past, and the same units in the peer's file.
//!
//! Asking about 40 million units would take a quarter of an hour, so their histories are written straight into the
//! projection's file, one session each, in the order of their keys. The log knows nothing of it; nobody here asks the log.
//! A folder is made once for each number of units, by the program, and kept: what runs ask about in between is a drop in
//! it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use contract::{Channel, EventTime, Timestamp};
use support::drive::{Chance, Program, clock, data_folder, is_stock, issue, program_beside, unlimited};
use verigate::index::{Batch, UnitKey};
use verigate::ledger::folder::Folder;
use verigate::ledger::histories::{Changes, Histories as _, Packed, SqliteHistories, Units};
use verigate::ledger::log::LogReader as _;
use verigate::ledger::segments::SegmentReader;
use verigate::verify::Gateway;
use verigate::verify::history::{AskerHash, Checked, Past};

use crate::Options;

/// Units written in one transaction.
const CHUNK: u64 = 100_000;
/// When all the units were asked about first: 2026-01-01T00:00:00Z.
const ASKED: Timestamp = Timestamp(1_767_225_600_000);

/// A folder with its numbers.
pub(crate) struct Stock {
    /// Where it lies, with whatever else belongs to it.
    pub(crate) dir: PathBuf,
    /// The folder that the program is started on.
    pub(crate) demo: PathBuf,
    /// The data folder in it.
    pub(crate) folder: Folder,
    batches: Vec<Batch>,
}

/// One unit with its number.
pub(crate) struct Unit {
    pub(crate) key: UnitKey,
    pub(crate) number: String,
}

impl Stock {
    /// The folder of so many units, each with a past; made where there is none.
    pub(crate) fn of(options: &Options, units: u64) -> anyhow::Result<Self> {
        let dir = kept(&options.dir, "units", units)?;
        let demo = dir.join("demo");
        fs::create_dir_all(&demo)?;
        if data_folder(&demo).is_err() {
            Program::start(&program_beside()?, &demo)?.stop()?;
        }
        let folder = data_folder(&demo)?;
        let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
        let mut batches: Vec<Batch> =
            gateway.catalogue().batches().iter().map(|batch| batch.as_ref().clone()).filter(is_ours).collect();
        if batches.is_empty() {
            batches = tokio::runtime::Runtime::new()?.block_on(issue(&gateway, units))?;
        }
        gateway.close();
        drop(gateway);
        batches.sort_by_key(|batch| (batch.resource, batch.serials.first().map(|run| run.start)));
        ensure!(batches.iter().map(Batch::count).sum::<u64>() == units, "{} is damaged; remove it", dir.display());
        let stock = Self { dir, demo, folder, batches };
        once(&stock.dir.join("filled"), || stock.write_pasts())?;
        stock.read()?;
        Ok(stock)
    }

    /// Histories, ours and the peer's, into the system's memory: of a folder from the last time they may lie on the disk alone,
    /// and no row measures that.
    fn read(&self) -> anyhow::Result<()> {
        for folder in [&self.dir, &self.folder.histories().with_extension("runs")] {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_file() {
                    std::io::copy(&mut fs::File::open(path)?, &mut std::io::sink())?;
                }
            }
        }
        Ok(())
    }

    fn write_pasts(&self) -> anyhow::Result<()> {
        let position = SegmentReader::new(&self.folder.log(), 0).last()?.unwrap_or(0);
        let mut store = SqliteHistories::open(&self.folder.histories())?;
        let (mut units, past) = (Units::default(), Packed::of(&past()));
        let mut keys = self.keys().peekable();
        while let Some(key) = keys.next() {
            units.insert(key, past.clone());
            if units.len() as u64 == CHUNK || keys.peek().is_none() {
                store.apply(&Changes {
                    position,
                    units: std::mem::take(&mut units),
                    at: ASKED,
                    ..Changes::default()
                })?;
                while store.tend()? {}
            }
        }
        Ok(())
    }

    /// Every unit, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = UnitKey> {
        self.batches.iter().flat_map(|batch| {
            let serials = batch.serials.iter().flat_map(|run| run.start..run.start + run.len);
            serials.map(|serial| UnitKey::native(batch.layout, batch.resource, serial))
        })
    }

    /// Units at random, each as likely.
    pub(crate) fn sample(&self, count: usize, chance: &mut Chance) -> anyhow::Result<Vec<Unit>> {
        let gateway = Gateway::open(self.folder.clone(), unlimited()?, clock())?;
        let codes = gateway.catalogue().codes();
        let mut sample = Vec::with_capacity(count);
        for _ in 0..count {
            let batch = self.batches.get(chance.below(self.batches.len())).context("no batches")?;
            let ordinal = chance.below(usize::try_from(batch.count())?);
            let serial = verigate::index::catalogue::serial_at(batch, u64::try_from(ordinal)?).context("no serials")?;
            let number = codes.mint(batch.layout, batch.resource, batch.epoch, serial).context("no such number")?;
            sample.push(Unit { key: UnitKey::native(batch.layout, batch.resource, serial), number });
        }
        Ok(sample)
    }
}

fn is_ours(batch: &Batch) -> bool {
    batch.serials.first().is_some_and(|run| is_stock(&UnitKey::native(batch.layout, batch.resource, run.start)))
}

/// The past of a unit that was asked about once.
pub(crate) fn past() -> Past {
    let mut past = Past::default();
    past.check(&Checked {
        asker: AskerHash { current: 0x5eed_0000_5eed_0000, previous: None },
        counts: true,
        at: ASKED,
        channel: Channel::Api,
        asked: EventTime::exact(ASKED),
        place: None,
    });
    past
}

/// Does what is done once for a folder, and marks it done.
pub(crate) fn once(mark: &Path, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    if !mark.exists() {
        work()?;
        fs::write(mark, "")?;
    }
    Ok(())
}

/// The folder that is kept for a bench and a number of units.
pub(crate) fn kept(dir: &Path, name: &str, units: u64) -> anyhow::Result<PathBuf> {
    let path = dir.join(format!("{name}-{units}"));
    fs::create_dir_all(&path)?;
    Ok(path)
}
