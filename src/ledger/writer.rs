//! The one thread that writes: it takes all waiting jobs, settles them into an overlay that later ones of the same group
//! see, appends, commits once, publishes the overlay and releases the answers.
//!
//! Invariants. Nothing is answered before its group's commit returned. After a failed commit the overlay is dropped, every
//! job of the group gets a refusal, never a verdict, and so does every later one until the log has settled what became
//! of that commit and has synced a commit of its own (what was kept after all is folded, so that a retry meets its own
//! answer). While nobody asks, that is tried every second: a gateway that says it is not ready is asked by nobody. An order that changes what was
//! issued ends a group: it is settled alone, and inquiries after it are found again.

mod jobs;
mod orders;
mod settle;

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use contract::signal::{CommitFailedError, GroupCommitted, LedgerGauges, Signal};
use contract::{Delivery, Inquiry, LifeReport, Position, Refusal, Reported, Request, RequestKind, Timestamp};
use tokio::sync::oneshot;

use super::checkpoint::Checkpoints;
use super::event::{Event, Flagged, LoggedId};
use super::forgotten::ForgottenAskers;
use super::histories::OwedEntry;
use super::keys::Keys;
use super::log::{Head, Log, LogError, Row};
use super::receipts::Receipts;
use super::retention::Retention;
use super::state::{Overlay, Read, State};
use crate::index::register::Register;
use crate::index::{Found, Target, UnitKey};
use crate::verify::admit::Flags;
use crate::verify::decide::{Decision, Recorded, Rules};
use crate::verify::history::{AskerHash, Past};

pub(crate) use self::jobs::Jobs;
use self::jobs::Joining;
pub(crate) use self::orders::apply_rare;
pub use self::orders::{ForgetOrder, ImportOrder, Order, OrderError, Outcome};
pub(crate) use self::settle::{answers_of, digest, number_hash, verdicts_of};

/// Reads the time; handed in, so that tests and replays hold it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Something for the writer to do.
pub(crate) enum Job {
    /// Answer an inquiry.
    Inquiry(Box<InquiryJob>),
    /// Record what happened to units.
    Report(Box<ReportJob>),
    /// An operator's order.
    Order(Box<Order>, oneshot::Sender<Result<Outcome, OrderError>>),
    /// An owed reply came to its end.
    Delivered(u64, Delivery, oneshot::Sender<Result<(), Refusal>>),
    /// Somebody was found guessing, or there is an alarm: a rare event that nobody waits for.
    Note(Box<Event>),
    /// What is known of a unit, and what is owed.
    Look(UnitKey, oneshot::Sender<Result<Past, Refusal>>),
    /// The replies owed, for a channel that comes up.
    Owed(oneshot::Sender<Vec<(u64, OwedEntry)>>),
    /// Write everything and end.
    Stop,
}

/// An inquiry, prepared by its own task.
pub(crate) struct InquiryJob {
    pub(crate) inquiry: Inquiry,
    pub(crate) id: Option<LoggedId>,
    pub(crate) asker: AskerHash,
    pub(crate) found: Vec<Found>,
    /// The index's generation that `found` is of.
    pub(crate) generation: u64,
    /// Beyond its quota: the answer is `rate_limited` with so many minutes.
    pub(crate) limited: Option<u32>,
    /// Pasts that were read while it waited.
    pub(crate) read: Vec<Read>,
    pub(crate) reply: oneshot::Sender<Result<Settled, Refusal>>,
}

/// What an inquiry comes to.
pub(crate) enum Settled {
    /// Recorded now.
    Fresh(Fresh),
    /// Recorded before, at this sequence.
    Before(u64),
}

/// An inquiry that is on disk, to be put into words by its own task: the writer's time is everybody's.
pub(crate) struct Fresh {
    recorded: Recorded,
    about: RequestKind,
    decisions: Vec<Decision>,
    found: Vec<Found>,
    /// Which receipt it has, counted from 1.
    receipt: Option<u64>,
    at: Timestamp,
    position: Position,
    silent: bool,
}

/// A report, prepared by its own task.
pub(crate) struct ReportJob {
    pub(crate) report: LifeReport,
    pub(crate) id: Option<LoggedId>,
    pub(crate) target: Target,
    pub(crate) reply: oneshot::Sender<Result<Reported, Refusal>>,
}

/// What the writer shares with those who ask.
pub(crate) struct Shared {
    pub(crate) register: Arc<Register>,
    pub(crate) flags: Arc<Flags>,
    /// Who wants no replies, marked with when it said so.
    pub(crate) opted_out: Flags,
    /// Who was forgotten.
    pub(crate) forgotten: Arc<RwLock<ForgottenAskers>>,
    /// How long what is kept of askers is kept.
    pub(crate) retention: Retention,
    pub(crate) rules: Rules,
    pub(crate) keys: RwLock<Keys>,
    pub(crate) receipts: Receipts,
    pub(crate) clock: Clock,
    /// The last commit failed.
    pub(crate) fault: Mutex<Option<&'static str>>,
    /// Receipts given so far.
    pub(crate) receipts_given: std::sync::atomic::AtomicU64,
}

/// How the writer works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Events per commit at most.
    pub(crate) group: usize,
    /// A checkpoint after so many events.
    pub(crate) checkpoint_events: u64,
    /// And after so long.
    pub(crate) checkpoint_every: Duration,
}

/// The writer.
pub(crate) struct Writer {
    pub(crate) log: Box<dyn Log>,
    pub(crate) state: State,
    pub(crate) shared: Arc<Shared>,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) pace: Pace,
    /// The time of the last commit.
    pub(crate) commit_took: Duration,
    /// The head and time of the last checkpoint.
    pub(crate) checkpointed: (u64, Timestamp),
    /// The log must be read again before anything is appended.
    pub(crate) uncertain: bool,
}

/// What a job gets once the group is on disk, or a refusal if it is not.
type Release = Box<dyn FnOnce(Result<Recorded, Refusal>) + Send>;

/// What the jobs of a group get.
#[must_use]
struct Answers {
    releases: Vec<Release>,
    /// Of their commit.
    outcome: Result<(), Refusal>,
}

impl Answers {
    fn give(self) {
        for release in self.releases {
            release(self.outcome.clone().map(|()| Recorded::by_commit()));
        }
    }
}

/// One group in the making.
struct Pending {
    head: Head,
    now: Timestamp,
    rows: Vec<Row>,
    overlay: Overlay,
    /// Flags of this group.
    flags: Vec<Flagged>,
    /// Opt-outs (`true`) and their ends of this group, in order.
    subscriptions: Vec<(AskerHash, bool)>,
    releases: Vec<Release>,
}

impl Pending {
    /// Log time of the next event.
    fn at(&self) -> Timestamp {
        self.now.max(self.head.at)
    }
}

impl Writer {
    /// Works until told to stop.
    pub(crate) fn run(mut self, jobs: &Arc<Jobs>) {
        let jobs = Closing(jobs);
        let patience = self.pace.checkpoint_every.min(Duration::from_secs(1));
        loop {
            let (mut group, mut joining) = jobs.0.take(self.pace.group, patience);
            if group.is_empty() {
                self.heal();
            }
            if !self.work(&mut group, &mut joining, jobs.0) {
                break;
            }
            self.housekeeping();
        }
        jobs.0.close().into_iter().for_each(|job| refuse(job, &STOPPING));
        self.close();
    }

    /// Works through the queue; `false` when told to stop.
    fn work(&mut self, queue: &mut VecDeque<Job>, joining: &mut Joining, jobs: &Jobs) -> bool {
        while !queue.is_empty() {
            if let Err(refusal) = self.ready() {
                let is_stopping = queue.iter().any(|job| matches!(job, Job::Stop));
                queue.drain(..).for_each(|job| refuse(job, &refusal));
                // A ledger that cannot be written must still be able to stop.
                return !is_stopping;
            }
            let now = (self.shared.clock)();
            let mut pending = Pending {
                head: self.log.head(),
                now,
                rows: Vec::new(),
                overlay: Overlay::default(),
                flags: Vec::new(),
                subscriptions: Vec::new(),
                releases: Vec::new(),
            };
            let mut barrier = None;
            loop {
                if queue.is_empty() {
                    queue.append(&mut jobs.join(joining, self.commit_took));
                }
                let Some(job) = queue.pop_front() else { break };
                match job {
                    Job::Order(order, reply) => {
                        barrier = Some((order, reply));
                        break;
                    }
                    Job::Stop => {
                        self.commit(pending).give();
                        queue.drain(..).for_each(|job| refuse(job, &STOPPING));
                        return false;
                    }
                    Job::Inquiry(job) => self.inquiry(&mut pending, *job),
                    Job::Report(job) => self.report(&mut pending, *job),
                    Job::Delivered(sequence, delivery, reply) => {
                        self.delivered(&mut pending, sequence, delivery, reply)
                    }
                    Job::Note(event) => {
                        self.append(&mut pending, &event, false);
                        pending.flags.extend(event.flagged());
                    }
                    Job::Look(key, reply) => {
                        let past = self.state.group(&mut pending.overlay).view(&key).cloned();
                        // Nobody may be waiting any more, here and below: what is recorded stays recorded.
                        drop(reply.send(past.map_err(|_| Refusal::Unavailable("the histories cannot be read"))));
                    }
                    Job::Owed(reply) => {
                        drop(
                            reply.send(self.state.owed().iter().map(|(sequence, entry)| (*sequence, *entry)).collect()),
                        );
                    }
                }
            }
            let answers = self.commit(pending);
            jobs.answering(answers.releases.len());
            answers.give();
            if let Some((order, reply)) = barrier {
                let outcome = self.ready().map_err(OrderError::Refused).and_then(|()| self.order(*order));
                drop(reply.send(outcome));
            }
        }
        true
    }

    /// Makes sure that the log's end is known and that memory is within its bound.
    fn ready(&mut self) -> Result<(), Refusal> {
        if self.uncertain {
            self.recover().map_err(|error| self.failed(&error))?;
        }
        self.state.flush(false).map_err(|error| self.failed(&error))
    }

    /// Tries what failed last, where nobody asks for it.
    fn heal(&mut self) {
        let is_faulty = self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_faulty && self.ready().is_ok() {
            *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn recover(&mut self) -> Result<(), LogError> {
        let before = self.log.head().sequence;
        let head = self.log.reread()?;
        let mut reader = self.log.reader()?;
        // Rows of the failed commit that reached the disk all the same are taken in like any others.
        let rows = reader.after(before.min(head.sequence), true, usize::MAX)?;
        self.state.catch_up(reader.as_mut())?;
        for row in &rows {
            apply_rare(&self.shared, row)?;
        }
        self.shared.receipts_given.store(head.receipts, Ordering::Release);
        self.uncertain = false;
        Ok(())
    }

    /// Adds an event to the group and folds it into the group's overlay.
    fn append(&mut self, pending: &mut Pending, event: &Event, receipted: bool) -> Position {
        let row = Row::after(&pending.head, pending.now, event, receipted);
        pending.head = Head::of(pending.head.stream, &row);
        // A past that cannot be read does not keep the event out of the log: the projections stall until it can be.
        if let Err(error) = self.state.take(&mut pending.overlay, &row, event) {
            tracing::error!(cause = %error, "an event of our own cannot be folded");
        }
        pending.rows.push(row);
        Position { stream: pending.head.stream, sequence: pending.head.sequence }
    }

    /// Appends the group and publishes it; its answers may be given then, or refusals of them all.
    fn commit(&mut self, pending: Pending) -> Answers {
        let Pending { head, now: _, rows, overlay, flags, subscriptions, releases } = pending;
        if !rows.is_empty() {
            #[expect(clippy::disallowed_methods, reason = "measures the commit")]
            let started = Instant::now();
            if let Err(error) = self.log.append(&rows) {
                self.uncertain = true;
                return Answers { releases, outcome: Err(self.failed(&error)) };
            }
            self.commit_took = started.elapsed();
            GroupCommitted { events: rows.len(), took: self.commit_took }.emit();
            self.state.publish(overlay, head.sequence, head.at);
            for flag in flags {
                self.shared.flags.insert(flag.asker, flag.until);
            }
            for (asker, is_out) in subscriptions {
                subscribe(&self.shared.opted_out, &asker, is_out, head.at);
            }
            self.shared.receipts_given.store(head.receipts, Ordering::Release);
            *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Answers { releases, outcome: Ok(()) }
    }

    fn failed(&self, error: &LogError) -> Refusal {
        CommitFailedError { cause: chain(error) }.emit();
        let fault = "the ledger cannot be written";
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        Refusal::Unavailable(fault)
    }

    /// Signs a checkpoint when one is due, rotates and destroys keys, shows how much is held.
    fn housekeeping(&mut self) {
        let now = (self.shared.clock)();
        let head = self.log.head();
        let (sequence, at) = self.checkpointed;
        let is_due = head.sequence - sequence.min(head.sequence) >= self.pace.checkpoint_events
            || (head.sequence > sequence && now.since(at) >= self.pace.checkpoint_every);
        if !is_due {
            return;
        }
        self.checkpoint(head, now);
        let (hot, lag) = self.state.sizes();
        let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        LedgerGauges { hot_units: count(hot), lag_events: count(lag), owed: count(self.state.owed().len()) }.emit();
        self.tidy_keys(now);
    }

    fn checkpoint(&mut self, head: Head, now: Timestamp) {
        match self.checkpoints.sign(&head, now) {
            Ok(_) => self.checkpointed = (head.sequence, now),
            Err(error) => {
                // Tried again when the next is due, not at every group.
                self.checkpointed = (head.sequence, now);
                tracing::error!(cause = %chain(&error), "a checkpoint could not be signed");
            }
        }
    }

    fn close(mut self) {
        let head = self.log.head();
        if !self.uncertain && head.sequence > self.checkpointed.0 {
            let now = (self.shared.clock)();
            self.checkpoint(head, now);
        }
        if let Err(error) = self.state.close() {
            tracing::error!(cause = %chain(&error), "histories could not be written; the next start folds the log's tail");
        }
    }
}

/// Closes the queue when the writer ends, also by a panic: nobody waits for one who is gone.
struct Closing<'a>(&'a Jobs);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        drop(self.0.close());
    }
}

const STOPPING: Refusal = Refusal::Unavailable("the gateway is stopping");

/// Whether a request is an opt-out (`true`) or the end of one.
const fn opts_out(request: &Request) -> Option<bool> {
    match request {
        Request::Stop => Some(true),
        Request::Start => Some(false),
        Request::Check | Request::Help | Request::Tip(_) => None,
    }
}

/// Takes an opt-out, or its end, into the set.
fn subscribe(opted_out: &Flags, asker: &AskerHash, is_out: bool, at: Timestamp) {
    if is_out {
        opted_out.insert(asker.current, at);
    } else {
        opted_out.remove(asker);
    }
}

fn refuse(job: Job, refusal: &Refusal) {
    match job {
        Job::Inquiry(job) => drop(job.reply.send(Err(refusal.clone()))),
        Job::Report(job) => drop(job.reply.send(Err(refusal.clone()))),
        Job::Order(_, reply) => drop(reply.send(Err(OrderError::Refused(refusal.clone())))),
        Job::Delivered(_, _, reply) => drop(reply.send(Err(refusal.clone()))),
        Job::Look(_, reply) => drop(reply.send(Err(refusal.clone()))),
        Job::Note(_) | Job::Owed(_) | Job::Stop => {}
    }
}

/// An error with all its causes, for a log line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
