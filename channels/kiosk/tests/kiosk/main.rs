//! The channel with a scripted core behind it: real sockets, real pseudo terminals.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may panic, spawn and read the clock"
)]

mod framed;
mod reload;
mod simulated;
mod tcp;
mod tty;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use channel_kiosk::{Ask, Bound, KioskConfig, Operator, Ports, SecretPlace};
use jiff::tz::TimeZone;
use serde_json::Value;
use support::{BOUND, ScriptedCore};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wording::Words;

/// A running channel.
struct Running {
    core: Arc<ScriptedCore>,
    addresses: Vec<SocketAddr>,
    ptys: Vec<String>,
    operator: Operator,
    stop: CancellationToken,
    served: JoinHandle<usize>,
}

impl Running {
    /// From a section as it is written; a secret's place is a variable whose name is the secret.
    async fn start(section: &str) -> Self {
        Self::of(toml::from_str(section).unwrap()).await
    }

    async fn of(section: KioskConfig) -> Self {
        let settings = section.check(&|place: &SecretPlace| Ok(place.env.clone().unwrap_or_default())).unwrap();
        let core = ScriptedCore::new();
        let words = Arc::new(Words::load(None, TimeZone::UTC).unwrap());
        let ports = Ports { verify: Arc::clone(&core) as Arc<dyn contract::Verify>, words };
        let stop = CancellationToken::new();
        let bound = Bound::bind(settings, ports, stop.clone()).await.unwrap();
        let (addresses, ptys, operator) = (bound.addresses(), bound.ptys(), bound.operator());
        Self { core, addresses, ptys, operator, stop, served: tokio::spawn(bound.serve()) }
    }

    /// Everything about a terminal.
    fn probe(&self, terminal: &str) -> Value {
        let ask = serde_json::to_value(Ask::Probe { terminal: terminal.to_owned() }).unwrap();
        self.operator.answer(ask).unwrap()
    }

    /// What comes of asking a terminal whether it is there.
    async fn reach(&self, terminal: &str) -> Value {
        let answer = |ask: &Ask| self.operator.answer(serde_json::to_value(ask).unwrap()).unwrap();
        let number = answer(&Ask::Reach { terminal: terminal.to_owned() })["number"].as_u64().unwrap();
        let asked = Ask::Reached { terminal: terminal.to_owned(), number: number.try_into().unwrap() };
        support::wait_for("what comes of it", || answer(&asked) != "waiting").await;
        answer(&asked)
    }

    /// As at a SIGHUP.
    fn reload(&self, section: &str) {
        let section: KioskConfig = toml::from_str(section).unwrap();
        let settings = section.check(&|place: &SecretPlace| Ok(place.env.clone().unwrap_or_default())).unwrap();
        self.operator.prepare(settings).unwrap().apply();
    }

    /// Whether a terminal is known and its line is up.
    fn is_up(&self, terminal: &str) -> bool {
        let ask = serde_json::to_value(Ask::Probe { terminal: terminal.to_owned() }).unwrap();
        self.operator.answer(ask).is_ok_and(|shown| shown["state"] == "up")
    }

    fn counted(&self, terminal: &str, what: &str) -> u64 {
        self.probe(terminal)["counts"][what].as_u64().unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        let cut = tokio::time::timeout(BOUND, self.served).await.expect("it stops").unwrap();
        assert_eq!(cut, 0);
    }
}

/// Reads until this has come; everything read so far is returned.
async fn heard_until(stream: &mut (impl AsyncRead + Unpin), wanted: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    let reading = async {
        let mut buffer = [0; 1_024];
        while !heard.windows(wanted.len()).any(|window| window == wanted) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the line ended after {:?}", String::from_utf8_lossy(&heard));
            heard.extend(&buffer[..read]);
        }
    };
    let in_time = tokio::time::timeout(BOUND, reading).await.is_ok();
    assert!(in_time, "waited for {:?}, heard {:?}", String::from_utf8_lossy(wanted), String::from_utf8_lossy(&heard));
    heard
}

/// Whether the other end closes without saying anything more than this.
async fn said_at_last(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut heard = Vec::new();
    let reading = stream.read_to_end(&mut heard);
    assert!(tokio::time::timeout(Duration::from_secs(20), reading).await.is_ok(), "it stays open");
    heard
}
