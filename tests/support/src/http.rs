//! An HTTP client as thin as can be: one connection per request, HTTP/1.1 or HTTP/2, and raw bytes for what no client sends.
//!
//! Follows no redirects and keeps no cookies: tests say what they send.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::BOUND;

/// A response with its whole body.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Answered {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.body))
    }

    /// A header's text; empty where it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends one request by HTTP/1.1. `head` is a request without `Host`; its URI a path.
pub async fn send(address: SocketAddr, head: hyper::http::request::Builder, body: impl Into<Bytes>) -> Answered {
    let request = head.header("host", address.to_string()).body(Full::new(body.into())).expect("a well-formed request");
    let exchange = async {
        let stream = TcpStream::connect(address).await.expect("the listener accepts");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection opens");
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.expect("a response comes");
        let answered = whole(response).await;
        drop(sender);
        driver.abort();
        answered
    };
    tokio::time::timeout(BOUND, exchange).await.expect("a response in time")
}

/// Sends one request by HTTP/2 with prior knowledge. The head's URI must be absolute.
pub async fn send_h2(address: SocketAddr, request: Request<Full<Bytes>>) -> Answered {
    let exchange = async {
        let stream = TcpStream::connect(address).await.expect("the listener accepts");
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("h2 opens");
        let driver = tokio::spawn(connection);
        let answered = whole(sender.send_request(request).await.expect("a response comes")).await;
        drop(sender);
        driver.abort();
        answered
    };
    tokio::time::timeout(BOUND, exchange).await.expect("a response in time")
}

async fn whole(response: hyper::Response<hyper::body::Incoming>) -> Answered {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.expect("a whole body").to_bytes();
    let body = String::from_utf8(bytes.to_vec()).expect("a body of text");
    Answered { status: parts.status, headers: parts.headers, body }
}

/// Sends bytes as they are and returns all that comes back until the other end closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("the listener accepts");
        // The other end may close before it has read everything; what it said still counts.
        drop(stream.write_all(bytes).await);
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard).await);
        String::from_utf8_lossy(&heard).into_owned()
    };
    tokio::time::timeout(BOUND, exchange).await.expect("the connection closes in time")
}
