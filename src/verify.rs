//! The core as channels see it: one gateway that admits, finds, has settled, and releases.
//!
//! Owns the order of the steps and the threads behind them: the ledger's writer, which alone settles, and a reader for
//! what was answered before. Async workers never touch SQLite and never wait for a disk; they hand a job over and wait. A
//! job that was handed over is settled whether or not anybody still waits for it.

pub mod admit;
pub mod decide;
pub mod history;
mod inspect;
mod learn;
mod open;
mod prune;
mod reader;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use contract::inquiry::{MAX_CHECKS, MAX_TIP};
use contract::life::MAX_REPORTED;
use contract::signal::{AskerLimited, Signal as _};
use contract::{
    Asker, BoxFuture, Channel, Delivery, Health, Inquiry, InquiryId, LifeReport, Owed, Position, Receipt, ReceiptView,
    Refusal, Reply, Reported, Request, RequestKind, Timestamp, Verify,
};
use tokio::sync::oneshot;

use self::admit::{Admission, Admitted, AskerKind, Asking, Origin};
use self::decide::{Decision, Recorded};
use self::history::AskerHash;
use self::learn::Looked;
use self::reader::Reader;
use crate::index::catalogue::Catalogue;
use crate::index::register::Register;
use crate::index::{Found, Index as _};
use crate::ledger::ahead::Ahead;
use crate::ledger::event::LoggedId;
use crate::ledger::folder::{Folder, Lock};
use crate::ledger::replay::Replays;
use crate::ledger::writer::{
    ImportOrder, InquiryJob, Job, Jobs, Order, OrderError, Outcome, ReportJob, Settled, Shared, digest,
};

pub use self::inspect::{Asked, InBatch, Inspected, Lived, Unit};
pub use self::open::{OpenError, Settings};
pub use self::prune::{PruneError, Pruned, Segment};

/// The core of one data folder.
pub struct Gateway {
    shared: Arc<Shared>,
    admission: Admission,
    replays: Arc<Mutex<Replays>>,
    ahead: Ahead,
    jobs: Arc<Jobs>,
    reader: Reader,
    folder: Folder,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Held while segments are reduced: the policy's run and an operator's must not make the same file.
    pruning: tokio::sync::Mutex<()>,
    _lock: Lock,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Gateway {
    /// What was issued.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        self.shared.register.catalogue()
    }

    /// Everything that was issued or listed.
    #[must_use]
    pub fn register(&self) -> &Arc<Register> {
        &self.shared.register
    }

    /// The data folder.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Carries out an operator's order; when this returns `Ok` every later check sees it.
    ///
    /// # Errors
    /// [`OrderError`].
    pub async fn order(&self, order: Order) -> Result<Outcome, OrderError> {
        if let Order::Import(order) = &order {
            self.hand_over(order).await?;
        }
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Order(Box::new(order), reply))?;
        answer.await.map_err(|_| OrderError::Refused(Refusal::Internal))?
    }

    /// Checks and names the file of an import before the writer hears of it: reading it takes longer than a commit may.
    async fn hand_over(&self, order: &ImportOrder) -> Result<(), OrderError> {
        let hash = order.hash()?;
        let register = Arc::clone(self.register());
        let work = move || register.sets().take_over(&hash);
        let taken = tokio::task::spawn_blocking(work).await.map_err(|_| OrderError::Refused(Refusal::Internal))?;
        Ok(taken?)
    }

    /// Settles what waits, writes everything and ends the threads. Later inquiries are refused.
    pub fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            self.jobs.stop();
            if writer.join().is_err() {
                tracing::error!("the ledger's writer had panicked");
            }
        }
    }

    fn asker(&self, asker: &Asker, id: &InquiryId) -> AskerHash {
        let keys = self.shared.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.peppers().asker(&asker.identity, id)
    }

    /// Who asks, as the admission sees it.
    fn asking(&self, asker: &Asker, id: &InquiryId, channel: Channel) -> Asking {
        Asking {
            asker: self.asker(asker, id),
            kind: AskerKind::of(&asker.identity, asker.role),
            channel,
            origin: Origin::of(asker, self.admission.quotas().prefix()),
        }
    }

    /// Whether so many checks are answered: else the minutes to wait, and whether that is logged.
    fn admit(&self, who: &Asking, checks: u32, now: Timestamp) -> Result<(), (u32, bool)> {
        match self.admission.admit(who, checks, now) {
            Admitted::Yes => Ok(()),
            Admitted::Limited { minutes, log, cause } => {
                AskerLimited { cause: cause.name() }.emit();
                Err((minutes, log))
            }
        }
    }

    /// The id as it is logged; `None` where the message can never come twice.
    fn logged(&self, id: &InquiryId, content: impl FnOnce() -> Vec<u8>, now: Timestamp) -> Option<LoggedId> {
        if id.valid_for.is_zero() {
            return None;
        }
        let digest = digest(&content());
        let keys = self.shared.keys.read().unwrap_or_else(PoisonError::into_inner);
        Some(LoggedId { id: keys.id(id), digest, until: now.plus(id.valid_for) })
    }

    /// Whether this message was answered before: its place in the log.
    fn known(&self, id: Option<&LoggedId>, now: Timestamp) -> Result<Option<u64>, Refusal> {
        let Some(id) = id else { return Ok(None) };
        let known = self.replays.lock().unwrap_or_else(PoisonError::into_inner).find(&id.id, now);
        match known {
            Some(known) if id.conflicts(&known.digest) => Err(Refusal::Conflict),
            known => Ok(known.map(|known| known.sequence)),
        }
    }

    async fn answer(&self, inquiry: Inquiry) -> Result<Reply, Refusal> {
        bounded(&inquiry)?;
        let now = (self.shared.clock)();
        let id = self.logged(&inquiry.id, || content(&inquiry), now);
        if let Some(sequence) = self.known(id.as_ref(), now)? {
            return self.reader.replay(sequence).await;
        }
        let who = self.asking(&inquiry.asker, &inquiry.id, inquiry.channel);
        if inquiry.request != Request::Check {
            return self.ask(inquiry, id, &who, now).await;
        }
        let count = u32::try_from(inquiry.checks.len()).unwrap_or(u32::MAX);
        let limited = match self.admit(&who, count, now) {
            Ok(()) => None,
            Err((minutes, true)) => Some(minutes),
            Err((minutes, false)) => return Ok(unlogged(&inquiry, minutes, now)),
        };
        // Taken before finding: what changes in between is found again.
        let generation = self.shared.register.generation();
        let found: Vec<Found> = match limited {
            Some(_) => inquiry.checks.iter().map(|_| Found::Unavailable).collect(),
            None => inquiry.checks.iter().map(|check| self.shared.register.find(&check.number)).collect(),
        };
        let generation = if limited.is_some() { u64::MAX } else { generation };
        let looked: Vec<Looked> = match limited {
            Some(_) => Vec::new(),
            None => {
                let checks = inquiry.checks.iter().zip(&found);
                checks.map(|(check, found)| Looked::up(&self.shared, &check.number, found)).collect()
            }
        };
        let units = found.iter().filter_map(|found| found.unit().map(|record| record.key));
        let read = self.ahead.read(units).await;
        let terminal = learn::terminal(&inquiry.asker.identity);
        // A retry of a limited message asks anew: it has no id.
        let id = if limited.is_some() { None } else { id };
        let (reply, answer) = oneshot::channel();
        let job = InquiryJob { inquiry, id, asker: who.asker, found, generation, limited, read, reply };
        self.jobs.send(Job::Inquiry(Box::new(job)))?;
        match answer.await.map_err(|_| Refusal::Internal)?? {
            Settled::Before(sequence) => self.reader.replay(sequence).await,
            Settled::Fresh(fresh) => {
                let reply = fresh.reply(&self.shared.receipts);
                let outcomes = looked.into_iter().zip(&reply.answers);
                let outcomes: Vec<_> =
                    outcomes.filter_map(|(looked, answer)| looked.came_to(answer.verdict.kind())).collect();
                self.learn(&who, terminal, &outcomes, now);
                Ok(reply)
            }
        }
    }

    /// A request that carries no number. Whoever wants no replies is always heard; help and tips have a quota, beyond it
    /// they are not recorded.
    async fn ask(
        &self,
        inquiry: Inquiry,
        id: Option<LoggedId>,
        who: &Asking,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        // Help has a quota of its own and is given to whoever has spent the other; a tip may be a guess at a receipt.
        let costs = match inquiry.request.kind() {
            RequestKind::Help => Some(0),
            RequestKind::Tip => Some(1),
            RequestKind::Check | RequestKind::Stop | RequestKind::Start => None,
        };
        if costs.is_some_and(|checks| self.admit(who, checks, now).is_err()) {
            return Ok(Reply { silent: true, ..unlogged(&inquiry, 0, now) });
        }
        let receipt = if let Request::Tip(tip) = &inquiry.request { tip.receipt } else { None };
        let (reply, answer) = oneshot::channel();
        let (found, read, generation, limited) = (Vec::new(), Vec::new(), u64::MAX, None);
        let terminal = learn::terminal(&inquiry.asker.identity);
        let job = InquiryJob { inquiry, id, asker: who.asker, found, generation, limited, read, reply };
        self.jobs.send(Job::Inquiry(Box::new(job)))?;
        let reply = match answer.await.map_err(|_| Refusal::Internal)?? {
            Settled::Before(sequence) => return self.reader.replay(sequence).await,
            Settled::Fresh(fresh) => fresh.reply(&self.shared.receipts),
        };
        if let Some(receipt) = receipt {
            let given = self.shared.receipts_given.load(Ordering::Acquire);
            let miss = self.shared.receipts.nth(receipt, given).is_none();
            self.learn(who, terminal, &[learn::of_receipt(receipt.value(), miss)], now);
        }
        Ok(reply)
    }

    async fn look_up(&self, receipt: Receipt, asker: Asker) -> Result<Option<ReceiptView>, Refusal> {
        let now = (self.shared.clock)();
        let id = InquiryId { scope: "receipt".to_owned(), key: receipt.to_string(), valid_for: Duration::ZERO };
        let who = self.asking(&asker, &id, Channel::Web);
        self.admit(&who, 1, now).map_err(|_| Refusal::Overloaded)?;
        let given = self.shared.receipts_given.load(Ordering::Acquire);
        let nth = self.shared.receipts.nth(receipt, given);
        let view = match nth {
            Some(nth) => self.reader.receipt(nth).await?,
            None => None,
        };
        // One that was given is no guess, though what it was given for may be kept no longer.
        let outcome = learn::of_receipt(receipt.value(), nth.is_none());
        self.learn(&who, learn::terminal(&asker.identity), &[outcome], now);
        Ok(view)
    }

    async fn record(&self, report: LifeReport) -> Result<Reported, Refusal> {
        if report.numbers.is_empty() || report.numbers.len() > MAX_REPORTED {
            let got = report.numbers.len();
            return Err(Refusal::BadRequest(format!("expected 1 to {MAX_REPORTED} codes, got {got}")));
        }
        if report.reason.as_ref().is_some_and(|reason| reason.chars().count() > 500) {
            return Err(Refusal::BadRequest("the reason has more than 500 characters".to_owned()));
        }
        let now = (self.shared.clock)();
        let content = || {
            let LifeReport { life, lifted, at, reason, numbers, .. } = &report;
            minicbor::to_vec((life, lifted, at, reason, numbers)).expect("encoding into memory cannot fail")
        };
        let id = self.logged(&report.id, content, now);
        let target = match self.shared.register.units(&report.numbers) {
            Ok(target) => target,
            // Recorded while its numbers stood on a list that was taken out since, it is told the same again.
            Err(error) => {
                let known = self.known(id.as_ref(), now)?;
                let sequence = known.ok_or_else(|| Refusal::BadRequest(error.to_string()))?;
                let position = Position { stream: 0, sequence };
                return Ok(Reported { position, units: report.numbers.len(), replayed: true });
            }
        };
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Report(Box::new(ReportJob { report, id, target, reply })))?;
        answer.await.map_err(|_| Refusal::Internal)?
    }

    async fn still_owed(&self, channel: Channel, limit: usize) -> Result<Vec<Owed>, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Owed(reply))?;
        let now = (self.shared.clock)();
        let owed = answer.await.map_err(|_| Refusal::Internal)?;
        let wanted: Vec<u64> = owed
            .into_iter()
            .filter(|(_, entry)| entry.channel == channel && entry.until > now)
            .map(|(sequence, _)| sequence)
            .take(limit)
            .collect();
        self.reader.owed(wanted).await
    }

    async fn settled(&self, position: Position, delivery: Delivery) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Delivered(position.sequence, delivery, reply))?;
        answer.await.map_err(|_| Refusal::Internal)?
    }
}

/// The answer beyond a quota: it is not recorded, carries no receipt and never says genuine.
fn unlogged(inquiry: &Inquiry, minutes: u32, now: Timestamp) -> Reply {
    // Nothing genuine can be released by this proof: the decision is a refusal to look.
    let recorded = Recorded::by_commit();
    let answer = |_| Decision::limited(minutes).release(&recorded, contract::Facts::default());
    Reply {
        about: inquiry.request.kind(),
        answers: inquiry.checks.iter().map(answer).collect(),
        receipt: None,
        at: now,
        position: None,
        silent: false,
        replayed: false,
    }
}

fn bounded(inquiry: &Inquiry) -> Result<(), Refusal> {
    let too_long = |what: &str| Err(Refusal::BadRequest(format!("{what} is too long")));
    if inquiry.checks.len() > MAX_CHECKS {
        return Err(Refusal::BadRequest(format!(
            "expected at most {MAX_CHECKS} numbers, got {}",
            inquiry.checks.len()
        )));
    }
    if inquiry.request != Request::Check && !inquiry.checks.is_empty() {
        return Err(Refusal::BadRequest("expected no number with this request".to_owned()));
    }
    if let Request::Tip(tip) = &inquiry.request
        && tip.text.chars().count() > MAX_TIP
    {
        return too_long("the tip");
    }
    if inquiry.id.scope.len() > 128 || inquiry.id.key.len() > 255 {
        return too_long("the message's id");
    }
    if inquiry.route.as_ref().is_some_and(|route| route.0.len() > 512) {
        return too_long("the return route");
    }
    if inquiry.checks.iter().any(|check| check.lot.as_ref().is_some_and(|lot| lot.chars().count() > 64)) {
        return too_long("the lot");
    }
    let long = |text: &String| text.chars().count() > 64;
    if inquiry.place.as_ref().is_some_and(|place| long(&place.city) || place.district.as_ref().is_some_and(long)) {
        return too_long("the place");
    }
    Ok(())
}

/// What decides an inquiry's answer: the same id with another content is a mistake of the sender's.
fn content(inquiry: &Inquiry) -> Vec<u8> {
    let given = inquiry.checks.iter().map(|check| (&check.number, &check.lot, &check.expiry));
    minicbor::to_vec((&inquiry.request, given.collect::<Vec<_>>())).expect("encoding into memory cannot fail")
}

impl Verify for Gateway {
    fn verify(&self, inquiry: Inquiry) -> BoxFuture<'_, Result<Reply, Refusal>> {
        Box::pin(self.answer(inquiry))
    }

    fn receipt(&self, receipt: Receipt, asker: Asker) -> BoxFuture<'_, Result<Option<ReceiptView>, Refusal>> {
        Box::pin(self.look_up(receipt, asker))
    }

    fn report(&self, report: LifeReport) -> BoxFuture<'_, Result<Reported, Refusal>> {
        Box::pin(self.record(report))
    }

    fn owed(&self, channel: Channel, limit: usize) -> BoxFuture<'_, Result<Vec<Owed>, Refusal>> {
        Box::pin(self.still_owed(channel, limit))
    }

    fn delivered(&self, position: Position, delivery: Delivery) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(self.settled(position, delivery))
    }

    fn health(&self) -> Health {
        let fault = *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = self.writer.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        Health { ready: is_open && fault.is_none() && !self.jobs.is_full(), waiting: self.jobs.len(), fault }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
