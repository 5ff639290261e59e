//! The channel over real sockets, with a scripted core behind it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic and are the root of their own tasks"
)]

mod api;
mod connections;
mod landing;
mod outside;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;

use channel_http::{Bound, HttpConfig, Mount, Operator, Ports};
use hyper::Request;
use support::http::{Answered, send};
use support::{BOUND, ScriptedCore};
use tokio_util::sync::CancellationToken;
use wording::Words;

/// A running channel. The key of its client `shop` is `secret`; it may report sales.
struct Channel {
    address: SocketAddr,
    config: HttpConfig,
    operator: Operator,
    core: Arc<ScriptedCore>,
    shutdown: CancellationToken,
    serving: tokio::task::JoinHandle<usize>,
}

const SHOP: &str = r#"
    [[client]]
    name = "shop"
    key_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
    role = "trade"
    may = ["sold"]
    place = "Shenzhen"
"#;

/// A check of a number that the scripted core takes for genuine.
const CODE: &str = r#"{"code":"1234 5678 9012 3456 7890","language":"en"}"#;

impl Channel {
    async fn up() -> Self {
        Self::with("").await
    }

    /// With more configuration in front of the client's.
    async fn with(more: &str) -> Self {
        Self::with_mounts(more, Vec::new()).await
    }

    /// With services of others on the same listener.
    async fn with_mounts(more: &str, mounts: Vec<Mount>) -> Self {
        let text = format!("listen = \"127.0.0.1:0\"\n{more}\n{SHOP}");
        let config: HttpConfig = toml::from_str(&text).unwrap();
        let bound = Bound::bind(config.clone()).await.unwrap();
        let (address, operator) = (bound.address(), bound.operator());
        let core = ScriptedCore::new();
        let shutdown = CancellationToken::new();
        let ports = Ports {
            verify: core.clone(),
            words: Arc::new(Words::load(None, jiff::tz::TimeZone::UTC).unwrap()),
            metrics: Arc::new(|| "verigate_inquiries_total 1\n".to_owned()),
            page_key: [7; 32],
            mounts,
        };
        let serving = tokio::spawn(bound.serve(ports, shutdown.clone()));
        Self { address, config, operator, core, shutdown, serving }
    }

    /// Stops it and returns how many tasks were cut.
    async fn down(self) -> usize {
        self.shutdown.cancel();
        tokio::time::timeout(BOUND, self.serving).await.unwrap().unwrap()
    }

    async fn get(&self, path: &str) -> Answered {
        send(self.address, Request::get(path), "").await
    }

    async fn post(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answered {
        let mut head = Request::post(path).header("content-type", "application/json");
        for (name, value) in headers {
            head = head.header(*name, *value);
        }
        send(self.address, head, body.to_owned()).await
    }

    async fn check(&self, body: &str) -> Answered {
        self.post("/v1/checks", body, &[]).await
    }
}

/// Asserts a problem of this status and type.
fn assert_problem(answered: &Answered, status: u16, kind: &str) {
    assert_eq!(answered.status.as_u16(), status, "{}", answered.body);
    assert_eq!(answered.header("content-type"), "application/problem+json");
    let problem = answered.json();
    assert_eq!(problem["type"], format!("/problems/{kind}"));
    assert_eq!(problem["status"], status);
}
