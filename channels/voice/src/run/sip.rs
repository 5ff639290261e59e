//! Calls by SIP: the doors, the stack, and the way from a request to a call.
//!
//! Comes up in this order: the sound's clock, the stack, its doors (UDP, TCP, TLS), registrations. Goes down in this one:
//! no new call is taken (503), calls may finish within their time and are told near its end, what is left is cut, and only
//! then do the doors close, so that the last BYE still goes out.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

mod call;
mod clock;
mod door;
mod reception;
mod register;
mod remembered;
mod states;
mod stream;
mod talk;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract::Verify;
use contract::signal::{CallGauges, Signal as _};
use net::{BindError, Drain, Listener};
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::DialogStateReceiver;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Method, Transport};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::udp::{UdpConnection, UdpInner};
use rsipstack::transport::{SipAddr, TransportLayer};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wording::Words;

use self::clock::Clock;
use self::door::{Door, Guard};
use self::remembered::Remembered;
use self::states::Routes;
use crate::calls::Book;
use crate::config::sip::Settings;
use crate::dialogue::{self, Play};
use crate::languages::Choices;
use crate::media::Law;
use crate::media::line::Sound;
use crate::prompts::{self, Prompts};

/// What we answer to.
const ALLOWED: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY";

/// The metrics of the sound are refreshed this often.
const GAUGES_EVERY: Duration = Duration::from_secs(5);

/// Tries to find a port that is free for both UDP and TCP, where any will do.
const PORT_TRIES: u32 = 20;

/// The most callers at once who are told that there is no place for them.
const MOST_APOLOGIES: usize = 200;

/// Why calls cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// The UDP address cannot be bound.
    #[error("cannot listen for calls on {listen}")]
    Udp {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The TCP or TLS address cannot be bound.
    #[error("cannot listen for calls")]
    Bind(#[source] BindError),
    /// The sound's clock cannot run.
    #[error("the media clock cannot start")]
    Clock(#[source] std::io::Error),
    /// The stack cannot be set up.
    #[error("the SIP stack cannot be set up")]
    Stack(#[source] Box<rsipstack::Error>),
}

/// What a play sounds like.
pub trait Sounds: Send + Sync {
    /// The recordings for what is to be said, in order, in the octets of this law.
    fn sounds(&self, play: &Play, law: Law) -> Vec<Sound>;
}

/// The recordings and the words they are made of.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The recordings.
    pub prompts: Arc<Prompts>,
    /// The words.
    pub words: Arc<Words>,
}

impl Sounds for Recorded {
    fn sounds(&self, play: &Play, law: Law) -> Vec<Sound> {
        self.prompts.sounds(&prompts::script(&self.words, play), law)
    }
}

/// What calls need from the program around them.
#[derive(Clone)]
pub struct Ports {
    /// The core.
    pub verify: Arc<dyn Verify>,
    /// The recordings.
    pub sounds: Arc<dyn Sounds>,
    /// How callers are spoken with.
    pub dialogue: Arc<dialogue::Settings>,
    /// Callers' last choices of a language.
    pub choices: Arc<Choices>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// What every call shares.
struct Hub {
    settings: Settings,
    ports: Ports,
    endpoint: EndpointInnerRef,
    dialogs: DialogLayer,
    routes: Routes,
    remembered: Remembered,
    guard: Arc<Guard>,
    clock: Clock,
    book: Mutex<Book>,
    /// Told when the last call is over.
    empty: Notify,
    /// Places for callers who are told that there is none.
    apologies: Arc<Semaphore>,
    tasks: Drain,
    ids: AtomicU64,
    port: AtomicU32,
    /// Where we are reached by UDP and TCP.
    local: SocketAddr,
    /// And by TLS.
    tls: Option<SocketAddr>,
    /// Cancelled when calls have to come to an end.
    going_down: CancellationToken,
    /// Tasks of the stack: transactions that wait for an acknowledgement or a timer, which no stop has to wait for.
    aside: TaskTracker,
    /// Ends them.
    stack: CancellationToken,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("local", &self.local).finish_non_exhaustive()
    }
}

impl Hub {
    /// Runs what may be left undone at a stop.
    fn aside(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Boxed: a task that is handed through others is as large as all of them.
        let (stack, task) = (self.stack.clone(), Box::pin(task));
        self.aside.spawn(async move { stack.run_until_cancelled(task).await });
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the gateway stops and no call is left.
    async fn last_call_over(&self) {
        self.tasks.stopping().cancelled().await;
        loop {
            let told = self.empty.notified();
            if self.book().active() == 0 {
                return;
            }
            told.await;
        }
    }

    /// The address that this peer reaches us at.
    fn address_for(&self, peer: IpAddr) -> IpAddr {
        if let Some(public) = self.settings.public {
            return public;
        }
        if !self.local.ip().is_unspecified() {
            return self.local.ip();
        }
        // The interface on the way to the peer; nothing is sent.
        let any: SocketAddr = if peer.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 16], 0).into() };
        let route = std::net::UdpSocket::bind(any).and_then(|socket| {
            socket.connect((peer, 9))?;
            socket.local_addr()
        });
        route.map_or_else(|_| self.local.ip(), |address| address.ip())
    }

    /// A port for sound: even, as RFC 3550 §11 likes it, the next one that is free.
    fn media_port(&self) -> std::io::Result<std::net::UdpSocket> {
        let (first, last) = self.settings.media_ports;
        let pairs = u32::from(last.saturating_sub(first)) / 2 + 1;
        let mut error = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        for _ in 0..pairs {
            let nth = self.port.fetch_add(1, Ordering::Relaxed) % pairs;
            let port = u16::try_from(u32::from(first) + nth * 2).unwrap_or(last);
            match std::net::UdpSocket::bind((self.local.ip(), port)) {
                Ok(socket) => {
                    socket.set_nonblocking(true)?;
                    return Ok(socket);
                }
                Err(found) => error = found,
            }
        }
        Err(error)
    }
}

/// The endpoint with its sockets bound and no call taken yet.
#[derive(Debug)]
pub struct Bound {
    hub: Arc<Hub>,
    incoming: TransactionReceiver,
    states: DialogStateReceiver,
    listeners: Vec<(Listener, bool)>,
    udp: SocketAddr,
    tls: Option<SocketAddr>,
    stack: CancellationToken,
    shutdown: CancellationToken,
}

impl Bound {
    /// Binds every door. `None` where no call comes in by SIP.
    ///
    /// # Errors
    /// [`SipError`].
    pub async fn bind(settings: Settings, ports: Ports, shutdown: CancellationToken) -> Result<Option<Self>, SipError> {
        let Some(listen) = settings.listen else { return Ok(None) };
        let (socket, tcp) = doors(listen, &settings).await?;
        let udp = socket.local_addr().map_err(|source| SipError::Udp { listen, source })?;
        let mut listeners = vec![(tcp, false)];
        let mut tls = None;
        if let Some((listen, files)) = &settings.tls {
            let listener = Listener::bind("sips", *listen, settings.connections).await.map_err(SipError::Bind)?;
            tls = Some(listener.address());
            listeners.push((listener.with_tls(files, &[]).map_err(SipError::Bind)?, true));
        }
        let guard = Arc::new(Guard::new(settings.rules.clone(), settings.calls, Instant::now()));
        let stack = CancellationToken::new();
        let layer = TransportLayer::new(stack.child_token());
        let addr = SipAddr { r#type: Some(Transport::Udp), addr: udp.into() };
        let inner = UdpInner { conn: Arc::new(Door::new(socket, Arc::clone(&guard))), addr };
        let public = settings.public.map(|ip| SocketAddr::new(ip, udp.port()));
        let connection = UdpConnection::attach(inner, public, Some(stack.child_token())).await;
        layer.add_transport(connection.into());
        let endpoint = EndpointBuilder::new()
            .with_cancel_token(stack.clone())
            .with_transport_layer(layer)
            .with_user_agent("Verigate")
            .with_allows(vec![Method::Invite, Method::Ack, Method::Bye, Method::Cancel, Method::Options, Method::Info])
            .build();
        let incoming = endpoint.incoming_transactions().map_err(|error| SipError::Stack(Box::new(error)))?;
        guard.watch(Arc::clone(&endpoint.inner));
        let dialogs = DialogLayer::new(Arc::clone(&endpoint.inner));
        let (all, states) = dialogs.new_dialog_state_channel();
        let hub = Arc::new(Hub {
            dialogs,
            routes: Routes::new(all),
            remembered: Remembered::default(),
            endpoint: Arc::clone(&endpoint.inner),
            guard,
            clock: Clock::start().map_err(SipError::Clock)?,
            book: Mutex::new(Book::new(settings.calls, settings.calls_per_caller)),
            empty: Notify::new(),
            apologies: Arc::new(Semaphore::new((settings.calls / 10).clamp(1, MOST_APOLOGIES))),
            tasks: Drain::new(shutdown.clone(), settings.drain),
            ids: AtomicU64::new(1),
            port: AtomicU32::new(0),
            local: udp,
            tls,
            going_down: CancellationToken::new(),
            aside: TaskTracker::new(),
            stack: stack.clone(),
            settings,
            ports,
        });
        Ok(Some(Self { hub, incoming, states, listeners, udp, tls, stack, shutdown }))
    }

    /// Where calls come in by UDP and TCP.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.udp
    }

    /// Where calls come in by TLS.
    #[must_use]
    pub const fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// Takes calls until the shutdown, then lets them finish. Returns how many tasks had to be cut.
    pub async fn serve(self) -> usize {
        let Self { hub, mut incoming, mut states, listeners, stack, shutdown, .. } = self;
        let mut serving = tokio::task::JoinSet::new();
        let endpoint = Arc::clone(&hub.endpoint);
        serving.spawn(async move {
            if let Err(error) = endpoint.serve().await {
                tracing::error!(%error, "the SIP stack ended");
            }
        });
        for (listener, tls) in listeners {
            let hub = Arc::clone(&hub);
            serving.spawn(async move {
                let tasks = hub.tasks.clone();
                listener.serve(&tasks, move |connection| stream::converse(Arc::clone(&hub), connection, tls)).await;
            });
        }
        register::start(&hub, &shutdown);
        let telling = Arc::clone(&hub);
        serving.spawn(async move {
            while let Some(state) = states.recv().await {
                telling.routes.tell(state);
            }
        });
        let receiving = Arc::clone(&hub);
        let closing = stack.clone();
        serving.spawn(async move {
            while let Some(Some(transaction)) = closing.run_until_cancelled(incoming.recv()).await {
                reception::receive(&receiving, transaction);
            }
        });
        let mut gauges = tokio::time::interval(GAUGES_EVERY);
        while shutdown.run_until_cancelled(gauges.tick()).await.is_some() {
            say(&hub);
        }
        let (going_down, notice) = (hub.going_down.clone(), hub.settings.drain / 2);
        serving.spawn(async move {
            tokio::time::sleep(notice).await;
            going_down.cancel();
        });
        let cut = hub.tasks.finish().await;
        if cut > 0 {
            tracing::warn!(cut, "calls were cut at the end of the drain");
        }
        say(&hub);
        stack.cancel();
        hub.aside.close();
        hub.aside.wait().await;
        serving.shutdown().await;
        cut
    }
}

fn say(hub: &Hub) {
    let ((sent, late), dropped) = (hub.clock.counts().read(), hub.guard.dropped());
    CallGauges { sent, late, strangers: dropped.strangers, floods: dropped.floods }.emit();
}

/// The UDP socket and the TCP listener on the same port.
async fn doors(listen: SocketAddr, settings: &Settings) -> Result<(tokio::net::UdpSocket, Listener), SipError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let socket = door::bind(listen).map_err(|source| SipError::Udp { listen, source })?;
        let address = socket.local_addr().map_err(|source| SipError::Udp { listen, source })?;
        match Listener::bind("sip", address, settings.connections).await {
            Ok(listener) => return Ok((socket, listener)),
            Err(_) if listen.port() == 0 && tries < PORT_TRIES => {}
            Err(error) => return Err(SipError::Bind(error)),
        }
    }
}

/// Eight octets, or what is left of the clock where there is no randomness.
fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut octets = [0; LENGTH];
    if getrandom::fill(&mut octets).is_err() {
        tracing::error!("there is no randomness");
    }
    octets
}
