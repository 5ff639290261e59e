//! The askers: 32 of them, each with a book of what it was told, kept over every kill.
//!
//! Each number is asked about by two askers at nearly the same time. Some requests are in flight twice at once, some are
//! sent again after their answer; what had no answer when the program died is sent again to the next one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use support::drive::{Chance, digits};
use tokio::task::JoinSet;

use crate::wire::{Asked, Line};

const ASKERS: u8 = 32;
/// Older answers asked for again after each kill, per asker.
const OLDER: usize = 10;
/// Answers asked for again at the end, per asker: together fewer than the ids that the program remembers by default
/// (`replay_ids`, 450,000). Older ones are found in the log.
const REMEMBERED: usize = 10_000;
/// Receipts looked up after each kill, per asker; all of them would be most of the run.
const RECEIPTS: usize = 25;

/// An answer, as far as it must never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) verdict: String,
    pub(crate) receipt: String,
    pub(crate) recorded_at: String,
}

/// One asker's book.
#[derive(Debug, Default)]
struct Book {
    said: Vec<(Asked, Answered)>,
    /// Sent, with no answer when the connection broke.
    open: Vec<Asked>,
    /// Answers up to here were asked for again after a kill.
    settled: usize,
}

/// What was counted and what was found wrong.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) replayed: u64,
    pub(crate) receipts: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) faults: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.replayed += other.replayed;
        self.receipts += other.receipts;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.faults.extend(other.faults);
    }
}

/// How many of the answers are asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Those since the last kill, and some older ones.
    Lately,
    /// Every one whose id is remembered.
    All,
}

/// The load.
pub(crate) struct Load {
    numbers: Vec<u128>,
    next: AtomicUsize,
    seed: u64,
    /// The program is being killed: connections may break.
    pub(crate) killed: AtomicBool,
    books: Vec<Mutex<Book>>,
}

/// Askers at work.
pub(crate) struct Running(JoinSet<Tally>);

impl Running {
    pub(crate) async fn join(mut self, tally: &mut Tally) {
        while let Some(one) = self.0.join_next().await {
            match one {
                Ok(one) => tally.add(one),
                Err(error) => tally.faults.push(format!("an asker panicked: {error}")),
            }
        }
    }
}

fn address(asker: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, u8::try_from(asker).unwrap_or(0).saturating_add(2))
}

/// The answer of a 200 that was recorded.
pub(crate) fn answered(status: u16, body: &Value) -> Option<Answered> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    (status == 200).then_some(())?;
    Some(Answered { verdict: text("verdict")?, receipt: text("receipt")?, recorded_at: text("recorded_at")? })
}

impl Load {
    pub(crate) fn over(numbers: Vec<u128>, seed: u64) -> Self {
        let books = (0..ASKERS).map(|_| Mutex::default()).collect();
        Self { numbers, next: AtomicUsize::new(0), seed, killed: AtomicBool::new(false), books }
    }

    /// Inquiries without an answer.
    pub(crate) fn open(&self) -> usize {
        self.books.iter().map(|book| book.lock().unwrap_or_else(PoisonError::into_inner).open.len()).sum()
    }

    /// All that was said.
    pub(crate) fn said(&self) -> Vec<(Asked, Answered)> {
        let said = |book: &Mutex<Book>| book.lock().unwrap_or_else(PoisonError::into_inner).said.clone();
        self.books.iter().flat_map(said).collect()
    }

    /// Sets every asker to work until its connection breaks.
    pub(crate) fn start(self: &Arc<Self>, to: SocketAddr) -> Running {
        let mut running = JoinSet::new();
        for asker in 0..self.books.len() {
            let load = Arc::clone(self);
            running.spawn(async move { load.work(asker, to).await });
        }
        Running(running)
    }

    /// Sends again what had no answer, and asks again for what had one.
    pub(crate) async fn settle(self: &Arc<Self>, to: SocketAddr, depth: Depth, tally: &mut Tally) {
        let mut running = JoinSet::new();
        for asker in 0..self.books.len() {
            let load = Arc::clone(self);
            running.spawn(async move {
                let mut tally = Tally::default();
                if let Err(error) = load.settle_one(asker, to, depth, &mut tally).await {
                    tally.faults.push(format!("asker {asker} broke off after a restart: {error}"));
                }
                tally
            });
        }
        Running(running).join(tally).await;
    }

    fn with<T>(&self, asker: usize, with: impl FnOnce(&mut Book) -> T) -> Option<T> {
        let book = self.books.get(asker)?;
        Some(with(&mut book.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    async fn work(&self, asker: usize, to: SocketAddr) -> Tally {
        let mut tally = Tally::default();
        if let Err(error) = self.ask(asker, to, &mut tally).await
            && !self.killed.load(Ordering::SeqCst)
        {
            tally.faults.push(format!("asker {asker} was cut off before the program was killed: {error}"));
        }
        tally
    }

    async fn ask(&self, asker: usize, to: SocketAddr, tally: &mut Tally) -> std::io::Result<()> {
        let mut lines = (Line::open(address(asker), to).await?, Line::open(address(asker), to).await?);
        let drawn = self.next.load(Ordering::Relaxed);
        let mut chance = Chance::new(self.seed + u64::try_from(drawn * 64 + asker).unwrap_or(0));
        while !self.killed.load(Ordering::SeqCst) {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            // Two turns that follow one another are two askers' nearly always, and name one number.
            let Some(number) = self.numbers.get(turn / 2) else { return Ok(()) };
            let asked = Asked { key: format!("{:x}-{turn}", self.seed), code: digits(*number) };
            let way = chance.below(8);
            self.with(asker, |book| book.open.push(asked.clone()));
            let replies = match way {
                0 | 1 => {
                    let (one, other) = tokio::join!(lines.0.check(&asked), lines.1.check(&asked));
                    [Some(one), Some(other)]
                }
                2 => match lines.0.check(&asked).await {
                    Ok(first) => {
                        // Taken down before it is sent again: it was acknowledged, whatever comes after.
                        self.take(asker, &asked, &first, tally);
                        [Some(lines.0.check(&asked).await), None]
                    }
                    Err(error) => return Err(error),
                },
                _ => [Some(lines.0.check(&asked).await), None],
            };
            for reply in replies.into_iter().flatten() {
                self.take(asker, &asked, &reply?, tally);
            }
        }
        Ok(())
    }

    /// Takes down an answer; one that differs from the answer to the same request is a doubled inquiry.
    fn take(&self, asker: usize, asked: &Asked, (status, body): &(u16, Value), tally: &mut Tally) {
        let Some(answer) = answered(*status, body) else {
            // A refusal acknowledges nothing; an answer without a receipt means that the quotas are too narrow for this.
            if *status < 500 {
                tally.faults.push(format!("{} got {status} {body}", asked.key));
            }
            return;
        };
        let known = self.with(asker, |book| {
            let known = book.said.iter().rev().take(4).find(|(known, _)| known == asked);
            let known = known.map(|(_, known)| known.clone());
            if known.is_none() {
                book.said.push((asked.clone(), answer.clone()));
                book.open.retain(|open| open != asked);
            }
            known
        });
        match known.flatten() {
            None => tally.acknowledged += 1,
            Some(known) if known == answer => tally.replayed += 1,
            Some(known) => {
                tally.doubled += 1;
                tally.faults.push(format!("{} was answered {known:?} and {answer:?}", asked.key));
            }
        }
    }

    async fn settle_one(&self, asker: usize, to: SocketAddr, depth: Depth, tally: &mut Tally) -> std::io::Result<()> {
        let mut line = Line::open(address(asker), to).await?;
        let said = self.with(asker, |book| {
            let settled = std::mem::replace(&mut book.settled, book.said.len());
            let older = match depth {
                Depth::Lately => settled.saturating_sub(OLDER),
                Depth::All => book.said.len().saturating_sub(REMEMBERED),
            };
            book.said.get(older..).unwrap_or_default().to_vec()
        });
        let said = said.unwrap_or_default();
        for (asked, answer) in &said {
            let (status, body) = line.check(asked).await?;
            if answered(status, &body).as_ref() != Some(answer) || body.get("replayed") != Some(&Value::Bool(true)) {
                tally.lost += 1;
                tally.faults.push(format!("{} was answered {answer:?}, and now {status} {body}", asked.key));
            }
            tally.replayed += 1;
        }
        for (asked, answer) in said.iter().rev().take(RECEIPTS) {
            let (status, body) = line.receipt(&answer.receipt).await?;
            let verdict = body.pointer("/verdicts/0/verdict").and_then(Value::as_str);
            let at = body.get("at").and_then(Value::as_str);
            // A receipt shows the minute of its answer.
            let is_same = at.zip(answer.recorded_at.get(..16)).is_some_and(|(at, minute)| at.starts_with(minute));
            if status != 200 || verdict != Some(answer.verdict.as_str()) || !is_same {
                tally.lost += 1;
                tally.faults.push(format!("receipt {} of {} gave {status} {body}", answer.receipt, asked.key));
            }
            tally.receipts += 1;
        }
        for asked in self.with(asker, |book| book.open.clone()).unwrap_or_default() {
            let reply = line.check(&asked).await?;
            self.take(asker, &asked, &reply, tally);
        }
        Ok(())
    }
}
