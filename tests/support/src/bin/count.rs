//! `scripts/count`: the check path under callgrind, the same work every time, so that its instructions can be counted.
//!
//! Asks about so many units of a fresh folder in groups of 64, each unit once, and ends. What is counted is all the
//! process does: the difference between two runs of different length is what the checks cost, the projections that they
//! change included. No thread runs ahead of another: the ledger waits, wherever it looks at the clock, until all of a
//! group have asked, so that every group is committed in two parts at most.
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use contract::{
    Asker, Channel, Check, EventTime, Identity, Inquiry, InquiryId, Language, Means, Number, Request, Role, Timestamp,
    Verify as _,
};
use support::drive::{digits, stock, unlimited};
use tokio::task::LocalSet;
use verigate::ledger::folder::Folder;
use verigate::verify::Gateway;

/// As in the program.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Inquiries at once.
const GROUP: usize = 64;
/// Numbers there are: as many in every run.
const NUMBERS: u64 = 8_192;
/// 2026-11-23T12:00:00Z, when all of it happens.
const NOW: Timestamp = Timestamp(1_795_435_200_000);

/// Whether the ledger may go on.
#[derive(Default)]
struct Gate {
    is_shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn set(&self, is_shut: bool) {
        *self.is_shut.lock().unwrap_or_else(PoisonError::into_inner) = is_shut;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let is_shut = self.is_shut.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(is_shut, |is_shut| *is_shut));
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let groups: usize = std::env::args().nth(1).context("count GROUPS")?.parse()?;
    let dir = tempfile::tempdir()?;
    let folder = Folder::all_in(dir.path());
    Gateway::init(&folder)?;
    let gate = Arc::new(Gate::default());
    let clock = {
        let gate = Arc::clone(&gate);
        Arc::new(move || {
            if std::thread::current().name() == Some("ledger") {
                gate.pass();
            }
            NOW
        })
    };
    let gateway = Arc::new(Gateway::open(folder, unlimited()?, clock)?);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let numbers = runtime.block_on(stock(&gateway, NUMBERS))?;
    ensure!(groups * GROUP <= numbers.len(), "expected at most {} groups", numbers.len() / GROUP);
    for group in numbers.chunks(GROUP).take(groups) {
        let asking = LocalSet::new();
        gate.set(true);
        let asked: Vec<_> = group
            .iter()
            .map(|number| {
                let (gateway, inquiry) = (Arc::clone(&gateway), inquiry(*number));
                asking.spawn_local(async move { gateway.verify(inquiry).await })
            })
            .collect();
        runtime.block_on(asking.run_until(async {
            // A turn of the set is 61 tasks: after two all of them have asked.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            gate.set(false);
            for answer in asked {
                ensure!(answer.await??.receipt.is_some(), "an answer was not recorded");
            }
            anyhow::Ok(())
        }))?;
    }
    gateway.close();
    Ok(())
}

fn inquiry(number: u128) -> Inquiry {
    let phone = format!("86138{:08}", number % 100_000_000);
    let number = digits(number);
    Inquiry {
        id: InquiryId { scope: "count".to_owned(), key: number.clone(), valid_for: Duration::from_secs(86_400) },
        channel: Channel::Api,
        asker: Asker::new(Identity::Phone(phone), Role::Shopper),
        route: None,
        request: Request::Check,
        language: Language::default(),
        place: None,
        asked: EventTime::exact(NOW),
        checks: vec![Check { number: Number::Digits(number), means: Means::Typed, lot: None, expiry: None }],
    }
}
