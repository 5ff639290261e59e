//! The core as a process that can be killed: proves that what the book says is there, then works until the power goes.
//!
//! Tells the driver every acknowledgement on standard output the moment it has it, and nothing before. Its clock starts
//! where the book's stood and leaps by days now and then, so that months turn, keys rotate and replies expire under load.

mod lists;
mod look;
mod older;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Means, Number, Reply, ReturnRoute, Role,
    Timestamp,
};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::Clock;
use verigate::verify::admit::Quotas;
use verigate::verify::{Gateway, Settings};

use crate::book::{Book, Line, Question, Told};

/// Longer than any run: a retry must meet its answer however far the clock has leapt.
const VALID_FOR: Duration = Duration::from_secs(400 * 365 * 86_400);

/// Tells the driver.
pub(crate) fn tell(line: &Line) {
    use std::io::Write as _;
    let text = serde_json::to_string(line).unwrap_or_default();
    // Once the driver is gone there is nobody to prove anything to.
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::abort();
    }
}

/// What the driver asked for.
#[derive(Debug)]
pub(crate) struct Task {
    /// The data folder.
    pub(crate) dir: PathBuf,
    /// The book, as JSON.
    pub(crate) book: PathBuf,
    /// A folder that no power cut touches.
    pub(crate) scratch: PathBuf,
    pub(crate) seed: u64,
    /// The log is not synced.
    pub(crate) is_unsynced: bool,
    /// Prove and end.
    pub(crate) is_last: bool,
}

impl Task {
    /// As the driver's own process passes them on.
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut next = || given.next().context("too few arguments");
        Ok(Self {
            dir: next()?.into(),
            book: next()?.into(),
            scratch: next()?.into(),
            seed: next()?.parse()?,
            is_unsynced: next()? == "unsynced",
            is_last: next()? == "last",
        })
    }
}

/// A clock that starts where it is told and leaps.
#[derive(Debug, Clone)]
pub(crate) struct Leaping {
    begun: Instant,
    base: Arc<AtomicI64>,
}

impl Leaping {
    fn from(base: i64) -> Self {
        Self { begun: Instant::now(), base: Arc::new(AtomicI64::new(base)) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(0);
        Timestamp(self.base.load(Ordering::SeqCst) + passed)
    }

    pub(crate) fn leap(&self, by: Duration) {
        // Told first: a clock that is behind the log after a cut would make replies expire early.
        tell(&Line::Clock(self.now().plus(by).0));
        self.base.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let own = self.clone();
        Arc::new(move || own.now())
    }
}

/// The core with its book.
pub(crate) struct Core {
    pub(crate) gateway: Gateway,
    pub(crate) book: Book,
    pub(crate) task: Task,
    pub(crate) clock: Leaping,
}

/// Runs until it is killed, or, the last time, until all is proven.
pub(crate) fn run(task: Task) -> anyhow::Result<()> {
    let book: Book = serde_json::from_slice(&std::fs::read(&task.book)?)?;
    let clock = Leaping::from(book.clock);
    let folder = Folder::all_in(&task.dir);
    if !folder.master().exists() && !book.told.is_empty() {
        tell(&Line::Lost("the master key".to_owned()));
        bail!("nothing can be opened without it");
    }
    // Narrow bounds, so that histories are written, checkpoints signed and memory full all the time.
    let settings =
        Settings { quotas: Quotas::wide(), hot_units: 240, group: 48, checkpoint_events: 150, ..Settings::default() };
    let is_older = match older::take_back(&folder, task.seed) {
        Ok(is_older) => is_older,
        Err(error) => {
            tell(&Line::Fault(format!("the histories do not open: {error:#}")));
            return Ok(());
        }
    };
    let opened = Gateway::init(&folder).and_then(|_| match task.is_unsynced {
        true => Gateway::open_unsynced(folder, settings, clock.clock()),
        false => Gateway::open(folder, settings, clock.clock()),
    });
    let gateway = match opened {
        Ok(gateway) => gateway,
        Err(error) => {
            tell(&Line::Fault(format!("the folder does not open: {:#}", anyhow::Error::from(error))));
            return Ok(());
        }
    };
    if is_older {
        tell(&Line::Migrated);
    }
    let is_last = task.is_last;
    let core = Arc::new(Core { gateway, book, task, clock });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        look::all(&core).await?;
        if !is_last {
            work::until_killed(&core).await;
        }
        anyhow::Ok(())
    })?;
    core.gateway.close();
    Ok(())
}

impl Core {
    /// Asks, and gives what was said.
    pub(crate) async fn ask(&self, question: &Question) -> Result<(Told, bool), String> {
        use contract::Verify as _;
        let reply = self.gateway.verify(self.inquiry(question)).await.map_err(|refusal| refusal.to_string())?;
        let replayed = reply.replayed;
        told(&reply).map(|told| (told, replayed)).ok_or_else(|| "an answer without receipt".to_owned())
    }

    fn inquiry(&self, question: &Question) -> Inquiry {
        let Question { key, code, asker, is_routed } = question;
        let phone = format!("86138{asker:08}");
        Inquiry {
            id: InquiryId { scope: "crash".to_owned(), key: key.clone(), valid_for: VALID_FOR },
            channel: if *is_routed { Channel::Sms } else { Channel::Web },
            route: is_routed.then(|| ReturnRoute(phone.clone().into_bytes())),
            asker: Asker::new(Identity::Phone(phone), Role::Shopper),
            language: Language::En,
            place: None,
            asked: EventTime::exact(self.clock.now()),
            request: contract::inquiry::Request::Check,
            checks: vec![Check { number: digits(code), means: Means::Typed, lot: None, expiry: None }],
        }
    }
}

/// A number as it is typed.
pub(crate) fn digits(code: &str) -> Number {
    Number::Digits(code.to_owned())
}

fn told(reply: &Reply) -> Option<Told> {
    Some(Told {
        verdict: reply.answers.first()?.verdict.kind().name().to_owned(),
        receipt: reply.receipt?.to_string(),
        at: reply.at.0,
        sequence: reply.position?.sequence,
    })
}
