//! One call from its INVITE to its record: offer and answer, port, dialog, talk, and the way out.
//!
//! Every way out gives the port, the place in the book and the dialog back: a call that is cut by the end of the drain
//! as much as one that ends well.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use contract::Identity;
use contract::signal::CallCause;
use rsipstack::dialog::dialog::{DialogState, TerminatedReason};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode, Transport, Uri};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::reception::{record, refuse};
use super::states::States;
use super::talk::Talk;
use super::{ALLOWED, Hub, random};
use crate::calls::{Full, Record};
use crate::media::Law;
use crate::media::line::Line;
use crate::media::sdp::{self, Agreed, Ours};
use crate::media::srtp::Master;
use crate::sip::headers::{lists, value};
use crate::sip::timers::{self, Interval, LEAST};

/// Keys and notices that a call has not read yet.
const UNREAD: usize = 64;
/// Our own BYE may take so long; afterwards the stack has given up too.
const GOODBYE: Duration = Duration::from_secs(35);
/// The type of a session description.
pub(super) const SDP: &str = "application/sdp";

/// Who calls whom, and by which way.
pub(super) struct Caller {
    pub(super) peer: IpAddr,
    pub(super) trunk: Option<usize>,
    pub(super) identity: Identity,
    pub(super) called: String,
}

/// A place in the book, given back when dropped.
struct Place {
    hub: Arc<Hub>,
    identity: Identity,
}

impl Drop for Place {
    fn drop(&mut self) {
        let empty = {
            let mut book = self.hub.book();
            book.leave(&self.identity);
            book.active() == 0
        };
        if empty {
            self.hub.empty.notify_waiters();
        }
    }
}

/// By what right a call is there. Given back when dropped.
pub(super) struct Seat {
    /// Why the call is only told that there is no place for it.
    full: Option<Full>,
    _place: Option<Place>,
    _apology: Option<OwnedSemaphorePermit>,
}

impl Seat {
    /// The place that this caller has taken in the book.
    pub(super) fn taken(hub: &Arc<Hub>, identity: &Identity) -> Self {
        let place = Place { hub: Arc::clone(hub), identity: identity.clone() };
        Self { full: None, _place: Some(place), _apology: None }
    }

    /// A place to be told that there is none.
    pub(super) const fn apology(full: Full, held: OwnedSemaphorePermit) -> Self {
        Self { full: Some(full), _place: None, _apology: Some(held) }
    }
}

/// The answer to an INVITE that cannot become a call.
struct Refused {
    status: StatusCode,
    headers: Vec<Header>,
    cause: CallCause,
}

impl Refused {
    const fn new(status: StatusCode, cause: CallCause) -> Self {
        Self { status, headers: Vec::new(), cause }
    }
}

/// What an INVITE asks for, as far as it could be met.
struct Met {
    socket: std::net::UdpSocket,
    ours: Ours,
    agreed: Option<Agreed>,
    body: String,
    interval: Option<Interval>,
}

/// Takes a call that has its seat.
pub(super) fn take(hub: &Arc<Hub>, transaction: Transaction, who: Caller, seat: Seat) {
    let id = hub.ids.fetch_add(1, Ordering::Relaxed);
    let (tasks, hub) = (hub.tasks.clone(), Arc::clone(hub));
    // Boxed: a task that is handed through others is as large as all of them.
    drop(tasks.spawn(Box::pin(async move {
        let began = Instant::now();
        let mut record = record(&hub, id, &who, CallCause::Failed);
        match meet(&hub, &transaction.original, &who) {
            Ok(met) => record.cause = serve(&hub, transaction, (&who, &seat), met, &mut record).await,
            Err(Refused { status, headers, cause }) => {
                record.cause = cause;
                refuse(&hub, transaction, status, headers);
            }
        }
        record.took = began.elapsed();
        record.emit();
        drop(seat);
    })));
}

fn meet(hub: &Hub, request: &Request, who: &Caller) -> Result<Met, Refused> {
    let supported = lists(request, "Supported", "timer") || lists(request, "Require", "timer");
    let interval = timers::agree(value(request, "Session-Expires"), supported).map_err(|_| Refused {
        headers: vec![Header::MinSE(LEAST.to_string().into())],
        ..Refused::new(StatusCode::SessionIntervalTooSmall, CallCause::Unfit)
    })?;
    let typed = value(request, "Content-Type").map(|kind| kind.split(';').next().unwrap_or(kind).trim());
    if !request.body.is_empty() && !typed.is_some_and(|kind| kind.eq_ignore_ascii_case(SDP)) {
        let headers = vec![Header::Accept(SDP.into())];
        return Err(Refused { headers, ..Refused::new(StatusCode::UnsupportedMediaType, CallCause::Unfit) });
    }
    let offer = if request.body.is_empty() {
        None
    } else {
        let unreadable = |error: sdp::SdpError| Refused {
            headers: vec![Header::Warning(format!("399 verigate \"{error}\"").into())],
            ..Refused::new(StatusCode::BadRequest, CallCause::Unfit)
        };
        Some(sdp::read(&request.body).map_err(unreadable)?)
    };
    let socket = hub.media_port().map_err(|error| {
        tracing::error!(%error, "no port for sound is free");
        Refused::new(StatusCode::ServiceUnavailable, CallCause::Failed)
    })?;
    let port =
        socket.local_addr().map_err(|_| Refused::new(StatusCode::ServerInternalError, CallCause::Failed))?.port();
    let master = Master::of(&random::<30>());
    let master = master.ok_or_else(|| Refused::new(StatusCode::ServerInternalError, CallCause::Failed))?;
    let ours = Ours {
        address: SocketAddr::new(hub.address_for(who.peer), port),
        // Some peers read it as a number of 63 bits.
        session: u64::from_be_bytes(random()) >> 2,
        version: 1,
        master,
        policy: hub.settings.srtp,
    };
    let (agreed, body) = match offer {
        None => (None, sdp::offer(&ours, Law::A)),
        Some(offer) => {
            let unfit = |_| Refused::new(StatusCode::NotAcceptableHere, CallCause::Unfit);
            let (agreed, body) = sdp::answer(&offer, &ours).map_err(unfit)?;
            (Some(agreed), body)
        }
    };
    Ok(Met { socket, ours, agreed, body, interval })
}

async fn serve(
    hub: &Arc<Hub>,
    transaction: Transaction,
    (who, seat): (&Caller, &Seat),
    met: Met,
    record: &mut Record,
) -> CallCause {
    let by_update = lists(&transaction.original, "Allow", "UPDATE");
    let contact = contact(hub, &transaction, who.peer);
    let (dialog, mut happening) = match hub.routes.open(&hub.dialogs, &transaction, contact) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::debug!(%error, "no dialog can be made of an INVITE");
            refuse(hub, transaction, StatusCode::BadRequest, Vec::new());
            return CallCause::Failed;
        }
    };
    let held = Dialog { hub: Arc::clone(hub), dialog: dialog.clone() };
    let over = CancellationToken::new();
    let accepted = accept(&dialog, &met);
    handle(hub, &dialog, transaction, over.clone());
    let acknowledged = match accepted {
        Ok(()) => acknowledged(&mut happening).await,
        Err(cause) => Err(cause),
    };
    let cause = match acknowledged {
        Ok(()) => {
            record.answered = true;
            talk(hub, (&dialog, happening), (who, seat.full, by_update), met, record).await
        }
        Err(cause) => cause,
    };
    if cause == CallCause::HungUp {
        // An answer that was never acknowledged is not repeated to a caller who has left.
        over.cancel();
    }
    drop(held);
    cause
}

/// Lets the stack see the INVITE through to its acknowledgement, or until it is over.
fn handle(hub: &Arc<Hub>, dialog: &InviteDialog, transaction: Transaction, over: CancellationToken) {
    let (mut handling, noting, key) = (dialog.clone(), Arc::clone(hub), transaction.key.clone());
    hub.aside(async move {
        let handled = Box::pin(async move {
            let mut transaction = transaction;
            handling.handle(&mut transaction).await
        });
        if let Some(Err(error)) = over.run_until_cancelled(handled).await {
            tracing::debug!(%error, "an INVITE was not served");
        }
        noting.remembered.note(&noting.endpoint, key, true);
    });
}

/// A dialog, taken out of the stack when dropped.
struct Dialog {
    hub: Arc<Hub>,
    dialog: InviteDialog,
}

impl Drop for Dialog {
    fn drop(&mut self) {
        let id = self.dialog.id();
        self.hub.dialogs.remove_dialog(&id);
        self.hub.routes.forget(&id);
    }
}

/// Answers. The stack finds the answer waiting when it takes the INVITE in hand, and sends no 100 before it.
fn accept(dialog: &InviteDialog, met: &Met) -> Result<(), CallCause> {
    let mut headers = vec![Header::ContentType(SDP.into()), Header::Allow(ALLOWED.into())];
    headers.extend(timer_headers(met.interval));
    dialog.accept(Some(headers), Some(met.body.clone().into_bytes())).map_err(|error| {
        tracing::debug!(%error, "a call was not answered");
        CallCause::Failed
    })
}

/// Waits for the acknowledgement.
async fn acknowledged(happening: &mut States) -> Result<(), CallCause> {
    loop {
        match happening.recv().await.map(|state| *state) {
            Some(DialogState::Confirmed(..)) => return Ok(()),
            Some(DialogState::Terminated(_, reason)) => return Err(cause(&reason)),
            Some(_) => {}
            None => return Err(CallCause::Failed),
        }
    }
}

/// What our answer says of session timers.
pub(super) fn timer_headers(interval: Option<Interval>) -> Vec<Header> {
    let mut headers = vec![Header::Supported("timer".into())];
    if let Some(interval) = interval {
        headers.push(Header::SessionExpires(interval.header().into()));
        if interval.refresher == timers::Refresher::Caller {
            headers.push(Header::Require("timer".into()));
        }
    }
    headers
}

/// Why the stack says that a dialog is over.
pub(super) const fn cause(reason: &TerminatedReason) -> CallCause {
    match reason {
        TerminatedReason::UacBye => CallCause::HungUp,
        TerminatedReason::UacCancel => CallCause::Cancelled,
        TerminatedReason::Timeout => CallCause::Unacknowledged,
        TerminatedReason::UasBye => CallCause::Done,
        TerminatedReason::UacBusy
        | TerminatedReason::UasBusy
        | TerminatedReason::UasDecline
        | TerminatedReason::ProxyError(_)
        | TerminatedReason::ProxyAuthRequired
        | TerminatedReason::UacOther(_)
        | TerminatedReason::UasOther(_) => CallCause::Failed,
    }
}

async fn talk(
    hub: &Arc<Hub>,
    (dialog, happening): (&InviteDialog, States),
    (who, full, by_update): (&Caller, Option<Full>, bool),
    met: Met,
    record: &mut Record,
) -> CallCause {
    let Met { socket, ours, agreed, interval, body } = met;
    drop(body);
    let agreed = agreed.or_else(|| {
        let answer = sdp::read(&dialog.last_remote_ack()?.body).ok()?;
        sdp::accept(&answer, &ours).ok()
    });
    let Some(agreed) = agreed else {
        tracing::debug!("a call without an offer was acknowledged without a fitting answer");
        Box::pin(leave(dialog, happening)).await;
        return CallCause::Unfit;
    };
    (record.law, record.secure) = (Some(agreed.law), agreed.secure.is_some());
    let (out, heard) = mpsc::channel(UNREAD);
    let line = Line::new(agreed.clone(), random(), hub.settings.media_timeout, Instant::now());
    if hub.clock.open(record.id, line, socket, out).is_err() {
        Box::pin(leave(dialog, happening)).await;
        return CallCause::Failed;
    }
    let open = Sounding { hub: Arc::clone(hub), id: Some(record.id) };
    let mut talk = Talk::new(hub, (dialog.clone(), happening), heard, (ours, agreed), (interval, by_update));
    let cause = talk.run(who, full, record).await;
    record.figures = open.close().await;
    Box::pin(talk.leave()).await;
    cause
}

/// A call's sound, which ends with it.
struct Sounding {
    hub: Arc<Hub>,
    id: Option<u64>,
}

impl Sounding {
    async fn close(mut self) -> crate::media::stats::Figures {
        match self.id.take() {
            Some(id) => self.hub.clock.close(id).await,
            None => crate::media::stats::Figures::default(),
        }
    }
}

impl Drop for Sounding {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.hub.clock.abandon(id);
        }
    }
}

/// Hangs up, unless the other end has. A dialog in the middle of another request cannot be hung up: it is tried again when
/// the stack says that something has changed.
pub(super) async fn leave(dialog: &InviteDialog, mut happening: States) {
    let leaving = async {
        while dialog.bye().await.is_err() && !dialog.state().is_terminated() {
            match happening.recv().await.map(|state| *state) {
                Some(DialogState::Updated(_, _, handle) | DialogState::Info(_, _, handle)) => {
                    drop(handle.reply(StatusCode::CallTransactionDoesNotExist).await);
                }
                Some(_) => {}
                None => return,
            }
        }
    };
    if tokio::time::timeout(GOODBYE, leaving).await.is_err() {
        tracing::debug!("a BYE was not answered");
    }
}

/// Where requests of this call reach us: by the transport that it came by.
fn contact(hub: &Hub, transaction: &Transaction, peer: IpAddr) -> Option<Uri> {
    let connection = transaction.connection.as_ref()?;
    let ip = hub.address_for(peer);
    let address = |port| SocketAddr::new(ip, port);
    let text = match connection.get_addr().r#type {
        Some(Transport::Tcp) => format!("sip:verigate@{};transport=tcp", address(hub.local.port())),
        Some(Transport::Tls) => {
            format!("sip:verigate@{};transport=tls", address(hub.tls.map_or(5061, |tls| tls.port())))
        }
        Some(Transport::Udp | Transport::Sctp | Transport::TlsSctp | Transport::Ws | Transport::Wss) | None => {
            format!("sip:verigate@{}", address(hub.local.port()))
        }
    };
    Uri::try_from(text).ok()
}
