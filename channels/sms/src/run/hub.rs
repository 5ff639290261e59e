//! What all connections share: the core, the links, the groups, what is owed.
//!
//! Owns taking over what is owed at start, starting and stopping links, and telling the core what became of replies. Does
//! not read an octet.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use contract::signal::Signal;
use contract::{Channel, Delivery, Refusal, Timestamp, Verify};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use net::{Dialler, Drain};
use tokio::sync::{mpsc, watch};

use super::desk::Desk;
use super::group::Group;
use super::line::{Line, count};
use super::probe::Probe;
use super::{Ports, SmsError, converse, dial};
use crate::config::{LinkSettings, Settings};
use crate::outbox::{Item, Settled, Why};
use crate::session::admission::Backoff;

/// At most so many replies are taken over at start: as many as a configuration allows to be owed.
const MOST_OWED: usize = 1_000_000;

/// So many ends of replies are told to the core at once.
const TOLD_AT_ONCE: usize = 4_096;

/// How often what waits is looked over.
const TICK: Duration = Duration::from_secs(1);

/// What all connections share.
pub(crate) struct Hub {
    pub(super) verify: Arc<dyn Verify>,
    pub(super) desk: Desk,
    pub(super) backoff: Mutex<Backoff>,
    pub(super) tasks: Drain,
    settings: RwLock<Arc<Settings>>,
    lines: RwLock<BTreeMap<Arc<str>, Arc<Line>>>,
    groups: Mutex<HashMap<Arc<str>, Arc<Group>>>,
    settling: mpsc::UnboundedSender<Settled>,
    owed: AtomicUsize,
    taken_over: AtomicU64,
    numbers: AtomicU64,
    /// The link of our own texts; not among the others, and not by any password.
    pub(super) probe: Probe,
    conversing: watch::Sender<usize>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("owed", &self.owed).finish_non_exhaustive()
    }
}

/// One conversation or what it left to be done; the last settlings wait for all of them.
#[derive(Debug)]
pub(super) struct Conversing(Arc<Hub>);

impl Drop for Conversing {
    fn drop(&mut self) {
        self.0.conversing.send_modify(|open| *open = open.saturating_sub(1));
    }
}

impl Hub {
    pub(super) fn new(
        settings: Settings,
        ports: Ports,
        tasks: Drain,
    ) -> Result<(Arc<Self>, mpsc::UnboundedReceiver<Settled>), SmsError> {
        for link in &settings.links {
            diallers(link)?;
        }
        // Bounded by what is owed: every reply ends once.
        let (settling, settled) = mpsc::unbounded_channel();
        let hub = Self {
            verify: ports.verify,
            desk: Desk::new(ports.words),
            backoff: Mutex::default(),
            tasks,
            lines: RwLock::default(),
            groups: Mutex::default(),
            settling,
            owed: AtomicUsize::new(0),
            taken_over: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            probe: Probe::default(),
            conversing: watch::Sender::new(0),
            settings: RwLock::new(Arc::new(settings)),
        };
        hub.set_lines();
        Ok((Arc::new(hub), settled))
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn backoff(&self) -> MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lines(&self) -> Vec<Arc<Line>> {
        self.lines.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn line(&self, name: &str) -> Option<Arc<Line>> {
        self.lines.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn group(&self, name: &Arc<str>) -> Arc<Group> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(groups.entry(Arc::clone(name)).or_default())
    }

    /// A number that no other conversation has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn conversing(self: &Arc<Self>) -> Conversing {
        self.conversing.send_modify(|open| *open += 1);
        Conversing(Arc::clone(self))
    }

    /// Replies that wait for carriers.
    pub(super) fn owed(&self) -> usize {
        self.owed.load(Ordering::Relaxed)
    }

    /// Replies that were owed when the program came up: the handset may get a second copy of those that were on their way.
    pub(super) fn taken_over(&self) -> u64 {
        self.taken_over.load(Ordering::Relaxed)
    }

    /// Whether so many replies wait that the carriers of this group have to come again: half of the room is the most
    /// for one group, so that a carrier which takes nothing leaves the others theirs.
    pub(super) fn is_full(&self, group: &Group) -> bool {
        let room = self.settings().owed;
        self.owed() >= room || group.waiting() >= room / 2
    }

    /// A reply goes to its group's outbox.
    pub(super) fn enqueue(&self, group: &Group, item: &Arc<Item>) {
        self.owed.fetch_add(1, Ordering::Relaxed);
        group.push(item);
    }

    /// A reply came to its end.
    pub(super) fn ended(&self, settled: Settled) {
        self.settling.send(settled).ok();
    }

    /// Takes over what is owed from the core's log; before anybody is served.
    pub(super) async fn take_over(&self) -> Result<(), Refusal> {
        let owed = self.verify.owed(Channel::Sms, MOST_OWED).await?;
        let mut without_way = 0_u32;
        for owed in owed {
            let made = self.desk.again(self, &owed);
            match made {
                Some((group, item)) => {
                    let group = self.group(&group);
                    self.enqueue(&group, &item);
                    self.taken_over.fetch_add(1, Ordering::Relaxed);
                }
                None => without_way += 1,
            }
        }
        if self.taken_over() > 0 {
            tracing::info!(replies = self.taken_over(), "replies were still owed");
        }
        if without_way > 0 {
            tracing::warn!(replies = without_way, "replies are owed that cannot be read or sent");
        }
        Ok(())
    }

    /// Brings the lines to what is configured; those that stay as they are stay untouched.
    fn set_lines(&self) -> Vec<Arc<Line>> {
        let settings = self.settings();
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        let mut kept = BTreeMap::new();
        let mut fresh = Vec::new();
        for link in &settings.links {
            let line = match lines.remove(&link.name) {
                Some(line) if line.settings == *link => line,
                changed => {
                    if let Some(changed) = changed {
                        changed.over.cancel();
                    }
                    let line = Line::new(Arc::clone(link), self.group(&link.group));
                    fresh.push(Arc::clone(&line));
                    line
                }
            };
            kept.insert(Arc::clone(&link.name), line);
        }
        for (_, gone) in std::mem::replace(&mut *lines, kept) {
            gone.over.cancel();
        }
        fresh
    }

    /// Dials every link that we dial.
    pub(super) fn start_links(self: &Arc<Self>) {
        for line in self.lines() {
            self.start(&line);
        }
    }

    fn start(self: &Arc<Self>, line: &Arc<Line>) {
        if let Some(dial) = line.settings.dial()
            && !dial.addresses.is_empty()
            && let Ok(dialler) = diallers(&line.settings)
        {
            for kind in &dial.kinds {
                drop(self.tasks.spawn(dial::keep(Arc::clone(self), Arc::clone(line), *kind, dialler.clone())));
            }
        }
    }

    /// Works by other settings from now on. Links that stay as they are notice nothing; servers stay where they are.
    ///
    /// # Errors
    /// [`SmsError::Tls`], and nothing is changed.
    pub(super) fn reload(self: &Arc<Self>, settings: Settings) -> Result<(), SmsError> {
        for link in &settings.links {
            diallers(link)?;
        }
        if settings.servers != self.settings().servers {
            tracing::warn!("where carriers bind to us has changed in the configuration: that needs a restart");
        }
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        for line in self.set_lines() {
            self.start(&line);
        }
        Ok(())
    }

    /// What each link counted, for the metrics, and replies of groups without a connection that are of no use any more.
    fn look_over(self: &Arc<Self>, now: Instant) {
        let time = time();
        let groups: Vec<Arc<Group>> =
            self.groups.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for group in groups {
            for settled in group.expire(time) {
                self.ended(settled);
            }
            group.ring(now);
        }
        for line in self.lines() {
            line.signal().emit();
            let called = line.settings.account().is_some_and(|account| account.call.is_some());
            if called && line.group.waiting() > 0 && line.connections().is_empty() {
                converse::call(self, &line, now);
            }
        }
    }
}

/// What dials a link.
fn diallers(link: &LinkSettings) -> Result<Dialler, SmsError> {
    let tls = link.dial().and_then(|dial| dial.tls.as_ref());
    Dialler::new(tls, link.limits.bind).map_err(|source| SmsError::Tls { link: link.name.to_string(), source })
}

/// Now, by the clock that the runtime's timers go by.
pub(super) fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Now, for the ledger and for people.
pub(super) fn time() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Looks things over until the gateway stops.
pub(super) async fn tick(hub: Arc<Hub>) {
    let stopping = hub.tasks.stopping().clone();
    while stopping.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
        hub.look_over(instant());
    }
}

/// Tells the core what became of replies; ends when the gateway stops and nobody is left who could end one.
pub(super) async fn settle(hub: Arc<Hub>, mut settled: mpsc::UnboundedReceiver<Settled>) {
    let mut telling = FuturesUnordered::new();
    let mut conversing = hub.conversing.subscribe();
    let stopping = hub.tasks.stopping().clone();
    let over = async {
        stopping.cancelled().await;
        drop(conversing.wait_for(|open| *open == 0).await);
    };
    tokio::pin!(over);
    let mut last = false;
    loop {
        tokio::select! {
            next = settled.recv(), if telling.len() < TOLD_AT_ONCE => {
                let Some(settled) = next else { break };
                let hub = &hub;
                telling.push(async move {
                    tell(hub, settled).await;
                    // What never arrived had come to its end before.
                    usize::from(settled.why != Some(Why::NeverArrived))
                });
            }
            Some(ended) = telling.next() => { hub.owed.fetch_sub(ended, Ordering::Relaxed); }
            () = &mut over, if !last => {
                last = true;
                settled.close();
            }
        }
    }
    while telling.next().await.is_some() {}
}

/// Tells the core of one, until it has it down. What it cannot write now stays owed: better one copy too many than none.
async fn tell(hub: &Hub, settled: Settled) {
    match settled.why {
        None => {}
        Some(why @ (Why::Refused(_) | Why::TooOften(_) | Why::Unanswered | Why::Expired | Why::NeverArrived)) => {
            tracing::warn!(position = ?settled.owed, ?why, "a reply was not delivered");
        }
    }
    let Some(position) = settled.owed else { return };
    let mut wait = Duration::from_millis(50);
    for _ in 0..12 {
        match hub.verify.delivered(position, settled.delivery).await {
            Ok(()) => return,
            Err(Refusal::Overloaded | Refusal::Unavailable(_) | Refusal::Internal) => {}
            Err(refusal @ (Refusal::Unauthorised(_) | Refusal::BadRequest(_) | Refusal::Conflict)) => {
                tracing::error!(%refusal, "the core does not know a reply that it owed");
                return;
            }
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    let delivered = settled.delivery == Delivery::Delivered;
    tracing::error!(?position, delivered, "what became of a reply could not be recorded: it stays owed");
}

/// Counts what became of a segment.
pub(super) fn count_outcome(line: &Line, outcome: &crate::session::Outcome) {
    use crate::session::Outcome;
    use crate::wire::status::Treatment;
    match outcome {
        Outcome::Taken { .. } | Outcome::Answered { treatment: Treatment::Taken, .. } => count(&line.counts.taken),
        Outcome::Answered { treatment: Treatment::Refused, .. } => count(&line.counts.refused),
        Outcome::Answered { treatment: Treatment::Pause | Treatment::Later, .. } => count(&line.counts.put_off),
        Outcome::Unanswered => {}
    }
}
