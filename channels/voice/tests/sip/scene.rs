//! A running endpoint with a scripted core, recordings that can be told apart, and a peer that speaks raw SIP.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_voice::config::sip::{Settings, SipConfig};
use channel_voice::dialogue::{self, Play};
use channel_voice::media::Law;
use channel_voice::media::line::Sound;
use channel_voice::run::sip::{Bound, Ports, Sounds};
use support::{BOUND, ScriptedCore};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Recordings of a tenth of a second for each phrase, no two plays alike.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    said: Mutex<Vec<(Play, Vec<u8>)>>,
}

impl Sounds for Recordings {
    fn sounds(&self, play: &Play, law: Law) -> Vec<Sound> {
        let mut said = self.said.lock().unwrap();
        let voice = u8::try_from(said.len() % 40).unwrap();
        let sound = |nth: usize| -> Vec<u8> {
            let pitch = u8::try_from(nth % 3).unwrap();
            (0..800_u16).map(|at| [0x20 + voice, 0xA0 + voice, 0x30 + pitch][usize::from(at / 5 % 3)]).collect()
        };
        let sounds: Vec<Vec<u8>> = (0..play.phrases.len()).map(sound).collect();
        assert!(Law::ALL.contains(&law));
        said.push((play.clone(), sounds.concat()));
        sounds.into_iter().map(Into::into).collect()
    }
}

impl Recordings {
    /// What was said so far, with its octets.
    pub(crate) fn said(&self) -> Vec<(Play, Vec<u8>)> {
        self.said.lock().unwrap().clone()
    }
}

/// A running endpoint.
pub(crate) struct Scene {
    pub(crate) core: Arc<ScriptedCore>,
    pub(crate) recordings: Arc<Recordings>,
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<usize>,
}

/// As a gateway on loopback that everybody may call.
pub(crate) fn config() -> SipConfig {
    SipConfig {
        listen: Some("127.0.0.1:0".parse().unwrap()),
        strangers: true,
        stranger_rate: 100_000,
        calls_per_caller: 100,
        drain_s: 4,
        ..SipConfig::default()
    }
}

pub(crate) fn settings(config: &SipConfig) -> Settings {
    config.check(&|_| Ok("secret".to_owned())).unwrap()
}

impl Scene {
    pub(crate) async fn begin(config: &SipConfig) -> Self {
        Self::patient(config, Duration::from_millis(300)).await
    }

    /// As [`Scene::begin`], with this time for the caller after a verdict.
    pub(crate) async fn patient(config: &SipConfig, after: Duration) -> Self {
        let (core, recordings) = (ScriptedCore::new(), Arc::new(Recordings::default()));
        let dialogue = dialogue::Settings {
            lengths: vec![20],
            checked: Vec::new(),
            after,
            first: Duration::from_secs(3),
            ..dialogue::Settings::default()
        };
        let ports = Ports {
            verify: core.clone(),
            sounds: recordings.clone(),
            dialogue: Arc::new(dialogue),
            choices: Arc::default(),
        };
        let stop = CancellationToken::new();
        let bound = Bound::bind(settings(config), ports, stop.clone()).await.unwrap().unwrap();
        let address = bound.address();
        let serving = tokio::spawn(bound.serve());
        Self { core, recordings, address, stop, serving }
    }

    /// Begins to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops; how many tasks had to be cut.
    pub(crate) async fn end(self) -> usize {
        self.stop.cancel();
        tokio::time::timeout(BOUND, self.serving).await.expect("the endpoint ends in time").unwrap()
    }
}

/// A peer that says what it is told.
pub(crate) struct Peer {
    socket: UdpSocket,
    gateway: SocketAddr,
    pub(crate) address: SocketAddr,
}

/// An offer of G.711 and keys.
pub(crate) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 9 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";

impl Peer {
    pub(crate) async fn new(gateway: SocketAddr) -> Self {
        Self::at("127.0.0.1", gateway).await
    }

    /// From another address of loopback.
    pub(crate) async fn at(ip: &str, gateway: SocketAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, gateway, address }
    }

    /// The same peer, of this gateway.
    pub(crate) fn towards(self, gateway: SocketAddr) -> Self {
        Self { gateway, ..self }
    }

    /// A request of this method, with these headers besides the usual and this body.
    pub(crate) fn request(&self, method: &str, id: &str, more: &str, body: &str) -> String {
        let address = self.address;
        let more = if more.contains("CSeq:") { more.to_owned() } else { format!("CSeq: 1 {method}\r\n{more}") };
        let more = if more.contains("Max-Forwards:") { more } else { format!("Max-Forwards: 70\r\n{more}") };
        let more = if more.contains("To:") { more } else { format!("To: <sip:12365@{}>\r\n{more}", self.gateway) };
        let more = if more.contains("From:") {
            more
        } else {
            format!("From: \"A\" <sip:13800138000@{address}>;tag=f{id}\r\n{more}")
        };
        let more =
            if more.contains("Content-Length:") { more } else { format!("{more}Content-Length: {}\r\n", body.len()) };
        let kind =
            if body.is_empty() || more.contains("Content-Type:") { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:12365@{} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{method}{id}\r\n\
             Call-ID: {id}@test\r\nContact: <sip:a@{address}>\r\n{more}{kind}\r\n{body}",
            self.gateway
        )
    }

    pub(crate) async fn send(&self, message: impl AsRef<[u8]>) {
        self.socket.send_to(message.as_ref(), self.gateway).await.unwrap();
    }

    /// The next message from the gateway.
    pub(crate) async fn next(&self) -> String {
        self.within(BOUND).await.expect("the gateway says something")
    }

    /// The next message within this time.
    pub(crate) async fn within(&self, time: Duration) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        let received = tokio::time::timeout(time, self.socket.recv_from(&mut buffer)).await.ok()?;
        Some(String::from_utf8_lossy(&buffer[..received.unwrap().0]).into_owned())
    }

    /// The next message that begins so; others are passed over.
    pub(crate) async fn expect(&self, start: &str) -> String {
        loop {
            let message = self.next().await;
            if message.starts_with(start) {
                return message;
            }
        }
    }

    /// Sends, and gives the first answer that is no provisional one.
    pub(crate) async fn ask(&self, message: impl AsRef<[u8]>) -> String {
        self.send(message).await;
        loop {
            let answer = self.next().await;
            if answer.starts_with("SIP/2.0 ") && !answer.starts_with("SIP/2.0 1") {
                return answer;
            }
        }
    }

    /// A call that is answered and acknowledged: the answer, and To with its tag.
    pub(crate) async fn call(&self, id: &str) -> (String, String) {
        let answer = self.ask(self.request("INVITE", id, "", OFFER)).await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let to = header(&answer, "To");
        self.send(self.request("ACK", id, &format!("To: {to}\r\n"), "")).await;
        (answer, to)
    }
}

/// The value of a header.
pub(crate) fn header(message: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    let line = message.lines().find(|line| line.starts_with(&prefix));
    line.unwrap_or_else(|| panic!("no {name} in {message}"))[prefix.len()..].to_owned()
}
