//! One connection of an asker: HTTP/1.1 from a loopback address of its own, so that each is another network.
//!
//! Knows the few lines of HTTP that the program's JSON answers need, and breaks off at anything else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// The bound on one answer.
const BOUND: Duration = Duration::from_secs(20);
/// The longest body we take.
const MAX_BODY: usize = 65_536;

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its key.
    pub(crate) key: String,
    /// The number.
    pub(crate) code: String,
}

/// The connection.
pub(crate) struct Line {
    stream: BufReader<TcpStream>,
    /// The key of a registered client that it shows.
    pub(crate) key: Option<&'static str>,
    /// The last part of its address.
    pub(crate) asker: u8,
    /// Seconds after which the last answer asked to be tried again.
    pub(crate) retry_after: Option<u64>,
}

impl Line {
    pub(crate) async fn open(from: Ipv4Addr, to: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
        let stream = tokio::time::timeout(BOUND, socket.connect(to)).await??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            key: None,
            asker: from.octets().last().copied().unwrap_or(0),
            retry_after: None,
        })
    }

    pub(crate) async fn check(&mut self, asked: &Asked) -> io::Result<(u16, Value)> {
        let body = format!(r#"{{"code":"{}"}}"#, asked.code);
        let request = format!(
            "POST /v1/checks HTTP/1.1\r\nHost: localhost\r\n{}Content-Type: application/json\r\nIdempotency-Key: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default(),
            asked.key,
            body.len()
        );
        tokio::time::timeout(BOUND, self.exchange(&request)).await?
    }

    pub(crate) async fn receipt(&mut self, receipt: &str) -> io::Result<(u16, Value)> {
        let request = format!("GET /v1/receipts/{receipt} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        tokio::time::timeout(BOUND, self.exchange(&request)).await?
    }

    /// The status of a page that needs no body.
    pub(crate) async fn get(&mut self, path: &str) -> io::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        tokio::time::timeout(BOUND, self.exchange(&request)).await?.map(|(status, _)| status)
    }

    /// Leaves in the middle of a request.
    pub(crate) async fn leave(&mut self) -> io::Result<()> {
        self.stream.write_all(b"POST /v1/checks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n{").await?;
        self.stream.shutdown().await
    }

    async fn exchange(&mut self, request: &str) -> io::Result<(u16, Value)> {
        self.stream.write_all(request.as_bytes()).await?;
        let mut status = None;
        let mut length = 0;
        self.retry_after = None;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            match (status, line.split_once(':')) {
                (None, _) => status = line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()),
                (Some(_), Some((name, value))) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse::<usize>().map_err(io::Error::other)?;
                }
                (Some(_), Some((name, value))) if name.eq_ignore_ascii_case("retry-after") => {
                    self.retry_after = value.trim().parse().ok();
                }
                (Some(_), _) => {}
            }
        }
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        if length > MAX_BODY {
            return Err(io::Error::other(format!("a body of {length} bytes, expected at most {MAX_BODY}")));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        if body.is_empty() {
            return Ok((status, Value::Null));
        }
        // A page is none.
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}
