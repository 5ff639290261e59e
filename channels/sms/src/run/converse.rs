//! One connection: octets between a socket and a session, events between the session and everybody else.
//!
//! One task and one loop. All that is ready is worked off, then everything is written in one go: a write for each PDU
//! would cost several times as much. Inquiries run inside the task; what is unfinished when the connection ends is
//! finished without it, since it is recorded all the same.

mod admit;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use contract::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use net::{Connection, Stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};

use super::desk::{Ack, Acks, Answered, Desk, Step};
use super::hub::{Conversing, Hub, count_outcome, instant, time};
use super::line::{Line, count};
use crate::message::{DeliveryState, Incoming, Receipting, Report};
use crate::outbox::Out;
use crate::session::{Event, Outcome, Over, Session, Ticket};
use crate::wire::status::Treatment;
use crate::wire::{Carrier, MOST_FRAME, ShortMessage, Status, frame};

/// Octets read at once.
const READ: usize = 64 * 1024;

/// Answers worked off before anything is written.
const AT_ONCE: usize = 1_024;

/// What is still to be written when a conversation is over may take so long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// An ESME that is called has so long before it is called again.
const CALL_AGAIN: Duration = Duration::from_secs(30);

/// How a connection ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub(super) was_bound: bool,
    pub(super) over: Over,
}

/// One connection.
pub(super) struct Conversation {
    hub: Arc<Hub>,
    line: Option<Arc<Line>>,
    session: Session,
    read: ReadHalf<Stream>,
    write: WriteHalf<Stream>,
    peer: String,
    address: Option<IpAddr>,
    number: u64,
    received: BytesMut,
    asking: FuturesUnordered<BoxFuture<'static, Answered>>,
    sent: HashMap<u64, Out>,
    keys: u64,
    acks: (Acks, mpsc::UnboundedReceiver<(Ticket, Status)>),
    bell: Option<watch::Receiver<u64>>,
    /// Something was put into the outbox that this connection may have no room for.
    pushed: bool,
    was_bound: bool,
    over: Option<(Over, Instant)>,
    _conversing: Conversing,
}

/// What the loop waits for.
enum Happened {
    Read(std::io::Result<usize>),
    Written(std::io::Result<usize>),
    Answered(Box<Answered>),
    Acknowledged(Ticket, Status),
    /// Time, or a reply that waits.
    Look,
    Leave,
}

/// Serves a connection that somebody opened to us.
pub(super) async fn accepted(hub: Arc<Hub>, connection: Connection) {
    let Connection { stream, peer, held: _held } = connection;
    let session = Session::accepting(crate::session::Limits::default(), instant());
    let mut conversation = Conversation::new(&hub, session, stream, peer.to_string(), None);
    conversation.address = Some(peer.ip().to_canonical());
    let ended = conversation.run().await;
    tracing::debug!(%peer, over = ?ended.over, "smpp connection ended");
}

/// Calls an ESME to which replies are owed (outbind).
pub(super) fn call(hub: &Arc<Hub>, line: &Arc<Line>, now: Instant) {
    if !line.may_call(now, CALL_AGAIN) {
        return;
    }
    let (hub, line) = (Arc::clone(hub), Arc::clone(line));
    let tasks = hub.tasks.clone();
    drop(tasks.spawn(async move {
        let Some((address, system_id, password)) = line.settings.account().and_then(|account| account.call.clone())
        else {
            return;
        };
        let Ok(dialler) = net::Dialler::new(None, line.settings.limits.bind) else { return };
        match dialler.dial(&address).await {
            Ok(stream) => {
                let mut session = Session::accepting(line.settings.limits, instant());
                session.call(system_id, password);
                let ended = Conversation::new(&hub, session, stream, address, None).run().await;
                tracing::info!(link = %line.link.name, over = ?ended.over, "called link down");
            }
            Err(error) => tracing::warn!(link = %line.link.name, %error, "an account cannot be called"),
        }
    }));
}

impl Conversation {
    pub(super) fn new(hub: &Arc<Hub>, session: Session, stream: Stream, peer: String, line: Option<Arc<Line>>) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            bell: line.as_ref().map(|line| line.group.listen()),
            line,
            session,
            read,
            write,
            peer,
            address: None,
            number: hub.number(),
            received: BytesMut::with_capacity(READ),
            asking: FuturesUnordered::new(),
            sent: HashMap::new(),
            keys: 0,
            // Bounded by the window in: every ticket is acknowledged once.
            acks: mpsc::unbounded_channel(),
            pushed: false,
            was_bound: false,
            over: None,
            _conversing: hub.conversing(),
            hub: Arc::clone(hub),
        }
    }

    /// Converses until the connection is over.
    pub(super) async fn run(mut self) -> Ended {
        let stopping = self.hub.tasks.stopping().clone();
        let mut leaving = false;
        loop {
            let now = instant();
            self.work(now);
            if let Some((_, at)) = self.over
                && (self.session.output().is_empty() || now >= at + LAST_WORDS)
            {
                break;
            }
            let happened = self.wait(now, &stopping, leaving).await;
            let now = instant();
            match happened {
                Happened::Read(Ok(0) | Err(_)) => self.session.handle_broken(),
                Happened::Read(Ok(_)) | Happened::Look => {}
                Happened::Written(Ok(octets)) if octets > 0 => self.session.written(octets, now),
                Happened::Written(_) => {
                    self.session.handle_broken();
                    self.session.written(usize::MAX, now);
                }
                Happened::Answered(answered) => {
                    self.answered(*answered);
                    for _ in 0..AT_ONCE {
                        let Some(Some(answered)) = self.asking.next().now_or_never() else { break };
                        self.answered(answered);
                    }
                }
                Happened::Acknowledged(ticket, status) => {
                    self.session.answer(ticket, status, "");
                }
                Happened::Leave => {
                    leaving = true;
                    self.session.leave(now);
                }
            }
        }
        self.end().await
    }

    /// Everything that can be done without waiting.
    fn work(&mut self, now: Instant) {
        self.session.handle_timeout(now);
        loop {
            self.take_events(now);
            if !self.session.wants_input() {
                break;
            }
            match frame::split(&mut self.received) {
                Ok(Some(frame)) => self.session.handle_frame(&frame, now),
                Ok(None) => break,
                Err(bad) => self.session.handle_bad_length(bad),
            }
        }
        self.fill(now);
        self.take_events(now);
    }

    /// Waits until something happens.
    async fn wait(&mut self, now: Instant, stopping: &tokio_util::sync::CancellationToken, leaving: bool) -> Happened {
        let due = self.due(now);
        let reading = self.session.wants_input() && self.received.len() < MOST_FRAME + READ;
        let writing = !self.session.output().is_empty();
        let listening = self.session.room() > 0;
        let line = self.line.clone();
        let left = async {
            match &line {
                None => stopping.cancelled().await,
                Some(line) => {
                    let mut suspended = line.suspended.subscribe();
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        () = line.over.cancelled() => {}
                        _ = suspended.wait_for(|suspended| *suspended) => {}
                    }
                }
            }
        };
        if reading {
            self.received.reserve(READ);
        }
        let rung = async {
            match &mut self.bell {
                Some(bell) => drop(bell.changed().await),
                None => std::future::pending().await,
            }
        };
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            written = self.write.write(self.session.output()), if writing => Happened::Written(written),
            Some(answered) = self.asking.next(), if !self.asking.is_empty() => Happened::Answered(Box::new(answered)),
            read = self.read.read_buf(&mut self.received), if reading => Happened::Read(read),
            Some((ticket, status)) = self.acks.1.recv() => Happened::Acknowledged(ticket, status),
            () = rung, if listening => Happened::Look,
            () = timer => Happened::Look,
            () = left, if !leaving => Happened::Leave,
        }
    }

    /// When there is something to do at the latest.
    fn due(&self, now: Instant) -> Option<Instant> {
        let waiting = self
            .line
            .as_ref()
            .filter(|_| self.session.room() > 0)
            .and_then(|line| if line.group.is_ready(now) { line.ready_at(now) } else { line.group.next_due() });
        let last = self.over.map(|(_, at)| at + LAST_WORDS);
        [self.session.timeout(), waiting, last].into_iter().flatten().min()
    }

    fn take_events(&mut self, now: Instant) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::BindAsked { kind, bind } => self.admit(kind, &bind, now),
                Event::OutbindAsked { system_id, password } => self.called(&system_id, &password.0, now),
                Event::Bound { kind, peer } => self.bound(kind, &peer),
                Event::Message { ticket, message } => self.message(ticket, *message, now),
                Event::Settled { key, outcome } => self.settled(key, &outcome, now),
                Event::Deviation { what, status } => {
                    if let Some(line) = &self.line {
                        count(if status == Status::THROTTLED {
                            &line.counts.throttled_in
                        } else {
                            &line.counts.deviations
                        });
                    }
                    let link = self.line.as_ref().map(|line| &*line.link.name);
                    tracing::debug!(link, peer = %self.peer, what, %status, "a pdu out of order");
                }
                Event::Over(over) => self.over = Some((over, now)),
            }
        }
    }

    fn message(&mut self, ticket: Ticket, message: ShortMessage, now: Instant) {
        let Some(line) = self.line.clone() else { return };
        let mo = match message.into_incoming(line.link.clone()) {
            Incoming::Mo(mo) => mo,
            Incoming::Report(report) => {
                self.report(&line, &report, now);
                self.session.answer(ticket, Status::OK, "");
                return;
            }
        };
        count(&line.counts.texts_in);
        if self.hub.is_full(&line.group) {
            count(&line.counts.throttled_in);
            self.session.answer(ticket, Status::THROTTLED, "");
            return;
        }
        let ack = Ack { ticket, to: self.acks.0.clone() };
        match self.hub.desk.take(&self.hub, &line, mo, (ack, now)) {
            Step::Now(status) => {
                self.session.answer(ticket, status, "");
            }
            Step::Part => {}
            Step::Ask(asking) => {
                self.asking.push(Box::pin(Desk::ask(Arc::clone(&self.hub), ticket, *asking)));
            }
        }
    }

    fn report(&self, line: &Line, report: &Report, now: Instant) {
        let matched = line.receipts().came(&report.id, report.state, now);
        match matched {
            Some(matched) => matched.undelivered().into_iter().for_each(|settled| self.hub.ended(settled)),
            None => count(&line.counts.unmatched),
        }
        match report.state {
            DeliveryState::Delivered => count(&line.counts.delivered),
            DeliveryState::Failed | DeliveryState::Expired => {
                count(&line.counts.failed);
                tracing::info!(link = %line.link.name, state = ?report.state, error = ?report.error, "a reply never arrived");
            }
            DeliveryState::Pending | DeliveryState::Unknown => {}
        }
    }

    fn answered(&mut self, answered: Answered) {
        let Answered { ticket, others, status, id, line, item } = answered;
        self.session.answer(ticket, status, &id);
        for Ack { ticket, to } in others {
            to.send((ticket, status)).ok();
        }
        if let Some(item) = item {
            self.hub.enqueue(&line.group, &item);
            self.pushed = true;
        }
    }

    /// Sends what waits, as much as there is room for; wakes others for the rest.
    fn fill(&mut self, now: Instant) {
        let Some(line) = self.line.clone() else { return };
        let room = self.session.room();
        if room > 0 && line.group.is_ready(now) {
            let most = line.pace().take(room.min(line.group.waiting()), now);
            let (outs, ended) = line.group.pull(most, now, time());
            for settled in ended {
                self.hub.ended(settled);
            }
            for out in outs {
                self.send(&line, out, now);
            }
        }
        if std::mem::take(&mut self.pushed) {
            line.group.ring(now);
        }
    }

    fn send(&mut self, line: &Line, out: Out, now: Instant) {
        let Some(segment) = out.segment() else { return };
        let reply = &out.item.reply;
        let has_tlvs = self.session.has_tlvs();
        let carrier = match (self.session.own_carrier(), out.item.carrier) {
            (Carrier::Submit, Carrier::Deliver) => Carrier::Submit,
            // Its body is an optional parameter.
            (own, Carrier::Data) if !has_tlvs => own,
            (Carrier::Submit | Carrier::Deliver | Carrier::Data, carrier) => carrier,
        };
        let mut message = ShortMessage::of_segment(reply, segment, carrier, reply.valid_until.since(time()));
        if !has_tlvs {
            message = message.without_tlvs();
        }
        count(&line.counts.segments_out);
        if out.may_be_double() {
            count(&line.counts.resent);
        }
        self.keys += 1;
        self.sent.insert(self.keys, out);
        self.session.send(self.keys, carrier, message, now);
    }

    fn settled(&mut self, key: u64, outcome: &Outcome, now: Instant) {
        let (Some(out), Some(line)) = (self.sent.remove(&key), self.line.clone()) else { return };
        count_outcome(&line, outcome);
        let mut undelivered = None;
        match outcome {
            Outcome::Taken { id } => {
                line.pace().taken();
                if out.item.reply.receipting != Receipting::Never {
                    let early = line.receipts().sent(id, out.item.reply.owed, now);
                    if let Some(early) = early {
                        // It was counted as unmatched when it came.
                        line.counts.unmatched.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                        undelivered = early.undelivered();
                    }
                }
            }
            Outcome::Answered { treatment: Treatment::Pause, .. } => line.pace().pause(now),
            Outcome::Answered { .. } | Outcome::Unanswered => {}
        }
        match line.group.settle(out, outcome, now) {
            Some(settled) => self.hub.ended(settled),
            None => self.pushed = true,
        }
        undelivered.into_iter().for_each(|settled| self.hub.ended(settled));
    }

    /// Leaves nothing behind: what the core still answers is finished by a task of its own.
    async fn end(mut self) -> Ended {
        let now = instant();
        self.take_events(now);
        drop(self.write.shutdown().await);
        let over = self.over.map_or(Over::Broken, |(over, _)| over);
        if let Some(line) = &self.line {
            line.connections().remove(&self.number);
            if let Over::Refused(status) = over {
                count(&line.counts.refused_binds);
                tracing::warn!(link = %line.link.name, %status, "the bind was refused");
            }
            line.group.ring(now);
        }
        let (hub, mut asking) = (Arc::clone(&self.hub), std::mem::take(&mut self.asking));
        if !asking.is_empty() {
            let conversing = hub.conversing();
            let tasks = hub.tasks.clone();
            drop(tasks.spawn(async move {
                while let Some(Answered { others, status, line, item, .. }) = asking.next().await {
                    for Ack { ticket, to } in others {
                        to.send((ticket, status)).ok();
                    }
                    if let Some(item) = item {
                        hub.enqueue(&line.group, &item);
                        line.group.ring(instant());
                    }
                }
                drop(conversing);
            }));
        }
        Ended { was_bound: self.was_bound, over }
    }
}
