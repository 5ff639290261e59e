//! The running channel, as carriers meet it: by real connections, with a scripted core behind it.
//!
//! The peer is a session of ours driven by hand; peers that others wrote are in `tests/peers/sms`.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests may panic, name what they wait for, and have a clock and tasks of their own"
)]

mod client;
mod network;
mod probe;
mod server;
mod simulated;
#[cfg(test)]
mod texts;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use channel_sms::session::{Event, Limits, Outcome, Over, Session, Ticket};
use channel_sms::wire::{Bind, BindKind, Carrier, ShortMessage, Status, frame};
use channel_sms::{Bound, Operator, Ports, Secret, SmsConfig};
use contract::Verify;
use jiff::tz::TimeZone;
use support::ScriptedCore;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use wording::Words;

/// Every wait ends.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    soon(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A running channel.
struct Channel {
    core: Arc<ScriptedCore>,
    servers: Vec<SocketAddr>,
    operator: Operator,
    shutdown: CancellationToken,
    served: tokio::task::JoinHandle<usize>,
}

impl Channel {
    async fn start(config: &str) -> Self {
        Self::with(config, ScriptedCore::new()).await
    }

    async fn with(config: &str, core: Arc<ScriptedCore>) -> Self {
        let settings = settings(config);
        let words = Arc::new(Words::load(None, TimeZone::UTC).unwrap());
        let ports = Ports { verify: Arc::clone(&core) as Arc<dyn Verify>, words };
        let shutdown = CancellationToken::new();
        let bound = Bound::bind(settings, ports, shutdown.clone()).await.unwrap();
        let (servers, operator) = (bound.addresses(), bound.operator());
        let served = tokio::spawn(async move { bound.serve().await.unwrap() });
        Self { core, servers, operator, shutdown, served }
    }

    fn server(&self) -> SocketAddr {
        self.servers[0]
    }

    fn counted(&self, link: &str, what: &str) -> u64 {
        self.shown(link)["counts"][what].as_u64().unwrap()
    }

    fn shown(&self, link: &str) -> serde_json::Value {
        let said = self.operator.answer(serde_json::json!("links")).unwrap();
        let links = said["links"].as_array().unwrap();
        links.iter().find(|shown| shown["name"] == link).unwrap_or_else(|| panic!("no link {link}")).clone()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        assert_eq!(soon("the end", self.served).await.unwrap(), 0, "tasks were cut");
    }
}

fn settings(config: &str) -> channel_sms::config::Settings {
    let config: SmsConfig = toml::from_str(config).unwrap();
    let mut settings = config.check(&|_| Ok("secret".to_owned())).unwrap();
    for link in &mut settings.links {
        // A peer driven by hand does not answer a leave that no test is about.
        Arc::make_mut(link).limits.leave = Duration::from_millis(300);
    }
    settings
}

/// Now, by the clock of the runtime: real, or a simulation's.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The other end of a connection.
struct Peer<S = TcpStream> {
    session: Session,
    stream: S,
    received: BytesMut,
    keys: u64,
}

impl Peer {
    /// Dials and asks to be bound.
    async fn dial(address: SocketAddr, kind: BindKind, password: &str) -> Self {
        let bind = Bind {
            system_id: "carrier".to_owned(),
            password: Secret(password.to_owned()),
            version: 0x34,
            ..Bind::default()
        };
        let session = Session::binding(Limits::default(), kind, bind, now());
        Self::over(session, TcpStream::connect(address).await.unwrap())
    }

    /// Dials and is bound.
    async fn bound(address: SocketAddr, kind: BindKind) -> Self {
        let mut peer = Self::dial(address, kind, "secret").await;
        match peer.event().await {
            Event::Bound { .. } => peer,
            other => panic!("not bound: {other:?}"),
        }
    }

    /// Is dialled, and lets the one in who asks.
    async fn accept(listener: &tokio::net::TcpListener) -> (Self, BindKind) {
        let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
        let mut peer = Self::over(Session::accepting(Limits::default(), now()), stream);
        let kind = match peer.event().await {
            Event::BindAsked { kind, bind } => {
                assert_eq!((&*bind.system_id, &*bind.password.0), ("verigate", "secret"));
                kind
            }
            other => panic!("no bind: {other:?}"),
        };
        peer.session.admit("smsc", 0x34);
        assert!(matches!(peer.event().await, Event::Bound { .. }));
        (peer, kind)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    fn over(session: Session, stream: S) -> Self {
        Self { session, stream, received: BytesMut::new(), keys: 0 }
    }

    /// The next thing that happens.
    async fn event(&mut self) -> Event {
        soon("an event", async {
            loop {
                self.flush().await;
                if let Some(event) = self.session.poll_event() {
                    self.flush().await;
                    return event;
                }
                match frame::split(&mut self.received).unwrap() {
                    Some(frame) => self.session.handle_frame(&frame, now()),
                    None => {
                        let read = self.stream.read_buf(&mut self.received).await.unwrap_or(0);
                        if read == 0 {
                            self.session.handle_broken();
                        }
                    }
                }
            }
        })
        .await
    }

    async fn flush(&mut self) {
        let output = self.session.output().to_vec();
        if self.stream.write_all(&output).await.is_ok() {
            self.session.written(output.len(), now());
        } else {
            self.session.written(usize::MAX, now());
        }
    }

    fn send(&mut self, carrier: Carrier, from: &str, words: &str) -> u64 {
        self.keys += 1;
        let number = |text: &str, ton| channel_sms::message::Address { text: text.to_owned(), ton, npi: 1 };
        let mut message = ShortMessage { from: number(from, 1), to: number("12365", 0), ..ShortMessage::default() };
        let body = bytes::Bytes::copy_from_slice(words.as_bytes());
        if carrier == Carrier::Data {
            let tag = channel_sms::wire::tlv::MESSAGE_PAYLOAD;
            message.tlvs.push(channel_sms::message::Tlv { tag, value: body });
        } else {
            message.short_message = body;
        }
        self.session.send(self.keys, carrier, message, now());
        self.keys
    }

    /// The answer to a message of the peer's; what else comes first is put by.
    async fn answer_to(&mut self, key: u64, messages: &mut Vec<(Ticket, ShortMessage)>) -> Outcome {
        loop {
            match self.event().await {
                Event::Settled { key: settled, outcome } if settled == key => return outcome,
                Event::Message { ticket, message } => messages.push((ticket, *message)),
                other => panic!("no answer: {other:?}"),
            }
        }
    }

    /// The next message of the channel's.
    async fn message(&mut self) -> (Ticket, ShortMessage) {
        match self.event().await {
            Event::Message { ticket, message } => (ticket, *message),
            other => panic!("no message: {other:?}"),
        }
    }

    async fn answer(&mut self, ticket: Ticket, status: Status, id: &str) {
        assert!(self.session.answer(ticket, status, id));
        self.flush().await;
    }

    /// Texts, and has the reply.
    async fn asks(&mut self, carrier: Carrier, from: &str, words: &str) -> (Ticket, ShortMessage) {
        let key = self.send(carrier, from, words);
        let mut messages = Vec::new();
        assert!(matches!(self.answer_to(key, &mut messages).await, Outcome::Taken { .. }));
        match messages.pop() {
            Some(message) => message,
            None => self.message().await,
        }
    }

    async fn over_with(&mut self) -> Over {
        loop {
            if let Event::Over(over) = self.event().await {
                return over;
            }
        }
    }
}

const NUMBER: &str = "V 20060425000000000017";
const SERVER: &str = r#"
    [[server]]
    listen = "127.0.0.1:0"
    [[account]]
    name = "carrier"
    system_id = "carrier"
    password = { password_env = "X" }
    binds = 3
"#;
