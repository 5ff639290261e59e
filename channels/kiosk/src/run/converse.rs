//! A line that is up: octets to and from its session, questions to the core.
//!
//! Reading, writing, waiting for the core and for the time go on side by side, so that a device that does not read
//! still gets its scans recorded, and one that does not send still gets its pages. A device that takes nothing for
//! [`STALL`] is given up. An operator may have the device asked whether it is there. Works over any line; opens and
//! closes none.
//!
//! Most terminals are idle most of the time and there are thousands: memory for what comes is taken when it is there.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use contract::signal::{InquiryAnswered, InquiryReceived, RefusalSent, Signal, VerdictGiven};
use contract::{BoxFuture, Channel, EventTime, Inquiry, InquiryId, Language, Refusal, Reply, Request, Verify};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::hub::{Hub, time};
use super::post::{Who, count};
use super::reach::{Came, Reaching};
use super::speaking::Speaking;
use crate::session::{Event, Proved, Reached, Scan};
use crate::wire::message::Status;
use crate::wire::telnet::{Settled, Telnet};

/// A device that takes nothing for so long is given up.
const STALL: Duration = Duration::from_secs(10);
/// A terminal server is asked for a sign of life this often.
const PROBE: Duration = Duration::from_secs(30);
/// Octets read at once.
const BITE: usize = 1_024;

/// Why a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The other end is gone.
    Gone,
    /// It does not read.
    Stalled,
    /// A newer line of the same terminal took over.
    Replaced,
    /// The gateway stops.
    Stopped,
    /// The terminal server does not set the port as it is asked.
    Refused,
}

/// How a line begins.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// What came while its owner was found out.
    pub(super) first: Vec<u8>,
    /// The terminal server speaks telnet.
    pub(super) telnet: Option<Box<Telnet>>,
    /// The other end may close its half and still read (TCP).
    pub(super) halves: bool,
}

type Answered = (u64, Language, Result<Reply, Refusal>, Duration);

struct Talk<'a> {
    hub: &'a Hub,
    who: Box<Who>,
    /// Ends the line of a terminal that proved who it is when it comes again.
    token: Option<CancellationToken>,
    session: Speaking,
    over: bool,
    telnet: Option<Box<Telnet>>,
    out: Vec<u8>,
    stall_at: Option<Instant>,
    probe_at: Option<Instant>,
    reaching: Option<Reaching>,
}

/// Converses until the line ends.
pub(super) async fn converse<S>(
    hub: &Hub,
    who: Box<Who>,
    stream: S,
    opening: Opening,
    replaced: &CancellationToken,
) -> Ended
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let Opening { first, telnet, halves } = opening;
    let mut talk = Talk::new(hub, who, telnet);
    if !first.is_empty() {
        talk.heard(&first);
    }
    let mut asking: Option<BoxFuture<'_, Answered>> = None;
    let mut no_more = false;
    loop {
        talk.drain(&mut asking);
        if talk.telnet.as_ref().is_some_and(|telnet| telnet.settled() == Settled::Otherwise) {
            return Ended::Refused;
        }
        let (stopping, post) = (talk.who.stop.clone(), Arc::clone(&talk.who.post));
        let quiet = asking.is_none() && !talk.session.is_waiting() && talk.out.is_empty();
        if quiet && (no_more || talk.over || stopping.is_cancelled()) {
            return if no_more || talk.over { Ended::Gone } else { Ended::Stopped };
        }
        let taken_over = talk.token.clone();
        let taken_over = async {
            match &taken_over {
                Some(token) => token.cancelled().await,
                None => std::future::pending().await,
            }
        };
        let due = talk.due();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let answer = async {
            match &mut asking {
                Some(asking) => asking.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = bite(&mut reader), if !no_more => match read {
                Ok(octets) if !octets.is_empty() => talk.heard(&octets),
                Ok(_) if halves => no_more = true,
                // A serial line that is gone reads nothing for ever, without an error.
                Ok(_) | Err(_) => return Ended::Gone,
            },
            written = writer.write(&talk.out), if !talk.out.is_empty() => match written {
                Ok(0) | Err(_) => return Ended::Gone,
                Ok(written) => talk.written(written),
            },
            answered = answer => {
                asking = None;
                talk.answered(answered);
            }
            () = timer => {
                if talk.stall_at.is_some_and(|at| now() >= at) {
                    count(&talk.who.post.counts.stalled);
                    return Ended::Stalled;
                }
                talk.timed_out();
            }
            () = replaced.cancelled() => return Ended::Replaced,
            () = taken_over => return Ended::Replaced,
            number = post.reach.asked() => talk.reach(number),
            () = stopping.cancelled(), if !stopping.is_cancelled() => {}
        }
    }
}

/// What is there to be read, once something is; nothing where it is the end.
async fn bite(reader: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    poll_fn(|context| {
        let mut memory = [const { MaybeUninit::uninit() }; BITE];
        let mut buffer = ReadBuf::uninit(&mut memory);
        ready!(Pin::new(&mut *reader).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().to_vec()))
    })
    .await
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        self.reached(Came::Down);
        self.leave();
    }
}

impl<'a> Talk<'a> {
    fn new(hub: &'a Hub, who: Box<Who>, telnet: Option<Box<Telnet>>) -> Self {
        let session = Speaking::new(hub, &who, now());
        let probe_at = telnet.is_some().then(|| now() + PROBE);
        let (token, out, stall_at, reaching) = (None, Vec::new(), None, None);
        Self { hub, who, token, session, over: false, telnet, out, stall_at, probe_at, reaching }
    }

    /// Asks the device whether it is there, or its terminal server where the device has no answer.
    fn reach(&mut self, number: u32) {
        let probe = self.session.probe(number);
        self.reaching = Reaching::begin(number, probe, self.telnet.is_some(), now());
        match (&self.reaching, &mut self.telnet, probe) {
            (None, ..) => self.who.post.reach.settle(number, Came::CannotBeAsked),
            (Some(_), Some(telnet), crate::session::Probe::Nothing) => telnet.ask_mark(),
            (Some(_), ..) => {}
        }
    }

    fn reached(&mut self, came: Came) {
        if let Some(reaching) = self.reaching.take() {
            self.who.post.reach.settle(reaching.number, came);
        }
    }

    fn reached_by(&mut self, reached: Option<Reached>) {
        if let Some(came) = self.reaching.and_then(|reaching| reaching.answered(reached, now())) {
            self.reached(came);
        }
    }

    fn heard(&mut self, octets: &[u8]) {
        self.who.post.heard(time());
        match &mut self.telnet {
            None => self.session.handle_octets(self.hub, octets, (now(), time())),
            Some(telnet) => {
                let mut data = Vec::with_capacity(octets.len());
                telnet.unwrap(octets, &mut data);
                let marked = telnet.take_mark();
                if !data.is_empty() {
                    self.session.handle_octets(self.hub, &data, (now(), time()));
                }
                if marked {
                    self.reached_by(None);
                }
            }
        }
    }

    fn written(&mut self, count: usize) {
        self.out.drain(..count.min(self.out.len()));
        if self.out.is_empty() {
            self.out = Vec::new();
        }
        self.stall_at = None;
    }

    fn answered(&mut self, (ticket, _, result, took): Answered) {
        let counts = &self.who.post.counts;
        match &result {
            Ok(reply) => {
                for answer in &reply.answers {
                    let (verdict, colour) = (answer.verdict.kind(), answer.colour);
                    VerdictGiven { channel: Channel::Kiosk, verdict, colour }.emit();
                }
                InquiryAnswered { channel: Channel::Kiosk, took, replayed: reply.replayed }.emit();
                count(if reply.replayed { &counts.replayed } else { &counts.answered });
            }
            Err(refusal) => {
                RefusalSent { channel: Channel::Kiosk, refusal }.emit();
                count(&counts.refused);
            }
        }
        self.session.handle_answer(ticket, result.as_ref(), now());
    }

    fn timed_out(&mut self) {
        if self.probe_at.is_some_and(|at| now() >= at) {
            self.probe_at = Some(now() + PROBE);
            if let Some(telnet) = &mut self.telnet {
                telnet.probe();
            }
        }
        if let Some(reaching) = self.reaching.filter(|reaching| now() >= reaching.due()) {
            self.session.give_up_probe();
            self.reached(reaching.silent());
        }
        self.session.handle_timeout(now());
    }

    /// Takes out what the session wants.
    fn drain(&mut self, asking: &mut Option<BoxFuture<'a, Answered>>) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Ask { ticket, scan, language } => *asking = Some(self.ask(ticket, *scan, language)),
                Event::Forget { .. } => *asking = None,
                Event::Noticed(noticed) => self.who.post.counts.noticed(noticed),
                Event::Proved(proved) => {
                    let Proved { terminal, model, firmware, queued } = *proved;
                    let short = |text: Option<String>| text.map(|text| text.chars().take(64).collect());
                    self.proved(&terminal);
                    self.who.post.tell(|told| {
                        (told.model, told.firmware, told.queued) = (short(model), short(firmware), queued);
                    });
                }
                Event::Status(status) => self.status(*status),
                Event::Reached(reached) => self.reached_by(Some(reached)),
                Event::Over => self.over = true,
            }
        }
        // The session bounds what waits in it; it is asked for more only when that has gone out.
        if self.out.is_empty() {
            let octets = self.session.poll_transmit();
            match &mut self.telnet {
                None => self.out = octets,
                Some(telnet) => {
                    self.out = telnet.take_out();
                    Telnet::wrap(&octets, &mut self.out);
                }
            }
        }
        if self.out.is_empty() {
            self.stall_at = None;
        } else if self.stall_at.is_none() {
            self.stall_at = Some(now() + STALL);
        }
    }

    /// From now on it is this terminal, and no longer whoever the line was thought to be.
    fn proved(&mut self, name: &str) {
        // By the key that it has now: it may have been changed since the line came up.
        let agrees = self.session.agrees(name, &self.hub.settings().keys);
        let Some(who) = self.hub.proved(name).filter(|_| agrees) else {
            self.over = true;
            return;
        };
        self.reached(Came::Down);
        self.leave();
        // A terminal on a line of its own has been taken up with that line.
        if who.post.name != self.who.post.name {
            self.token = Some(who.post.up("its key"));
        }
        who.post.heard(time());
        *self.who = who;
    }

    fn leave(&mut self) {
        if let Some(token) = self.token.take() {
            self.who.post.down(&token);
        }
    }

    fn status(&self, status: Status) {
        let Status { paper, door, queued, uptime_s, fault, how: _ } = status;
        self.who.post.tell(|told| {
            (told.paper, told.door, told.uptime_s) = (paper, door, uptime_s);
            told.queued = queued.or(told.queued);
            told.trouble = fault;
        });
    }

    fn due(&self) -> Option<Instant> {
        let session = self.session.poll_timeout().map(|(due, _)| due);
        let reaching = self.reaching.as_ref().map(Reaching::due);
        [session, self.stall_at, self.probe_at, reaching].into_iter().flatten().min()
    }

    fn ask(&self, ticket: u64, scan: Scan, language: Language) -> BoxFuture<'a, Answered> {
        let verify: &'a Arc<dyn Verify> = &self.hub.verify;
        let inquiry = self.inquiry(scan, language);
        count(&self.who.post.counts.scans);
        InquiryReceived { channel: Channel::Kiosk }.emit();
        Box::pin(async move {
            let begun = now();
            let result = verify.verify(inquiry).await;
            (ticket, language, result, begun.elapsed())
        })
    }

    fn inquiry(&self, scan: Scan, language: Language) -> Inquiry {
        let Who { asker, place, scope, .. } = &*self.who;
        // The age is the terminal's measure; its clock may run a little off.
        let error_ms = u32::try_from(scan.age().as_millis() / 100).unwrap_or(u32::MAX);
        let asked = EventTime { at: time().minus(scan.age()), error_ms };
        let valid_for = scan.same_for().unwrap_or(self.hub.settings().same_for);
        Inquiry {
            id: InquiryId { scope: scope.clone(), key: scan.key().to_owned(), valid_for },
            channel: Channel::Kiosk,
            asker: asker.clone(),
            route: None,
            language,
            place: place.clone(),
            asked,
            request: Request::Check,
            checks: vec![scan.check()],
        }
    }
}
