//! What stands between us and the client: proxies, other sites' scripts, names of requests, certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::Identity;
use hyper::Request;
use net::{Dialler, TlsClient, TlsFiles};
use support::http::{raw, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{CODE, Channel};

#[tokio::test]
async fn a_proxy_is_believed_where_it_is_ours_and_only_in_its_own_header() {
    let trusting = Channel::with("[proxies]\ntrusted = [\"127.0.0.0/8\"]").await;
    let plain = Channel::up().await;
    let headers = [("x-forwarded-for", "1.1.1.1, 203.0.113.7"), ("forwarded", "for=9.9.9.9")];
    for (channel, address) in [(&trusting, "203.0.113.7"), (&plain, "127.0.0.1")] {
        assert_eq!(channel.post("/v1/checks", CODE, &headers).await.status, 200);
        let asker = channel.core.asked().remove(0).asker.identity;
        assert!(matches!(asker, Identity::Network(from) if from.to_string() == address), "{address}: {asker:?}");
    }
    assert_eq!(plain.get("/metrics").await.status, 200);
    assert_eq!(trusting.get("/metrics").await.status, 404, "who comes through a proxy is not on this machine");
}

#[tokio::test]
async fn a_request_is_named_by_its_client_or_by_us() {
    let channel = Channel::up().await;
    let named = channel.post("/v1/checks", CODE, &[("x-request-id", "till-7.42")]).await;
    assert_eq!(named.header("x-request-id"), "till-7.42");
    let (one, two) = (channel.get("/healthz").await, channel.get("/nowhere").await);
    assert!(!one.header("x-request-id").is_empty());
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    let strange = channel.post("/v1/checks", "{", &[("x-request-id", "a b")]).await;
    assert!(strange.status == 400 && strange.header("x-request-id") != "a b");
}

#[tokio::test]
async fn scripts_of_other_sites_are_let_in_by_name_and_not_by_default() {
    let ask = |origin: &'static str| {
        Request::options("/v1/checks")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type,idempotency-key")
    };
    let closed = Channel::up().await;
    let refused = send(closed.address, ask("https://shop.example"), "").await;
    assert_eq!((refused.status.as_u16(), refused.header("access-control-allow-origin")), (405, ""));
    let answered = closed.post("/v1/checks", CODE, &[("origin", "https://shop.example")]).await;
    assert_eq!(answered.header("access-control-allow-origin"), "");

    let open = Channel::with("cors_origins = [\"https://shop.example\"]").await;
    let allowed = send(open.address, ask("https://shop.example"), "").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://shop.example");
    assert!(allowed.header("access-control-allow-headers").contains("idempotency-key"));
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    assert_eq!(send(open.address, ask("https://evil.example"), "").await.header("access-control-allow-origin"), "");
    let answered = open.post("/v1/checks", CODE, &[("origin", "https://shop.example")]).await;
    assert_eq!(answered.header("access-control-allow-origin"), "https://shop.example");
    assert!(answered.header("access-control-expose-headers").contains("x-request-id"));
    let page = send(open.address, Request::get("/").header("origin", "https://shop.example"), "").await;
    assert_eq!(page.header("access-control-allow-origin"), "", "the pages are nobody else's");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../net/fixtures").join(name)
}

#[tokio::test]
async fn a_certificate_is_changed_under_way_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (pem, key) = (dir.path().join("tls.pem"), dir.path().join("tls.key"));
    std::fs::copy(fixture("localhost.pem"), &pem).unwrap();
    std::fs::copy(fixture("localhost.key"), &key).unwrap();
    let tls = format!("tls = {{ certificates = {pem:?}, key = {key:?} }}");
    let channel = Channel::with(&tls).await;
    let trusting = |authorities: PathBuf| {
        let tls = TlsClient { authorities, name: Some("localhost".to_owned()), own: None };
        Dialler::new(Some(&tls), Duration::from_secs(10)).unwrap()
    };
    let said = async |dialler: &Dialler| -> Result<String, net::DialError> {
        let mut stream = dialler.dial(&channel.address.to_string()).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        Ok(text.to_ascii_lowercase())
    };
    let old = trusting(fixture("localhost.pem"));
    let first = said(&old).await.unwrap();
    assert!(first.starts_with("http/1.1 200") && first.contains("strict-transport-security: max-age="), "{first}");

    let mut config = channel.config.clone();
    std::fs::write(&pem, "not a certificate").unwrap();
    assert!(channel.operator.prepare(&config).is_err());
    assert!(said(&old).await.is_ok(), "the old one is still shown");
    std::fs::copy(fixture("renewed.pem"), &pem).unwrap();
    std::fs::copy(fixture("renewed.key"), &key).unwrap();
    channel.operator.prepare(&config).unwrap().apply();
    assert!(said(&trusting(fixture("renewed.pem"))).await.is_ok(), "the new one is shown");
    assert!(said(&old).await.is_err());
    config.tls = None;
    assert!(channel.operator.prepare(&config).is_err(), "tls is not switched off under way");
    let files: Option<TlsFiles> = config.tls;
    assert!(files.is_none());
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_not_kept_and_one_taken_slowly_is() {
    let channel = Channel::with("[requests]\nheader_timeout_s = 1").await;
    let ask = b"GET /scan/zxing-reader-3.1.4.wasm HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let whole = raw_bytes(&channel, ask, Duration::ZERO).await;
    let slow = raw_bytes(&channel, ask, Duration::from_millis(100)).await;
    assert_eq!(slow, whole, "four seconds of taking it are four time-outs long");
    assert!(
        raw(channel.address, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.contains("200 OK")
    );
    assert_eq!(channel.down().await, 0);
}

/// How many bytes come back, taken 10 KiB at a time with this pause between.
async fn raw_bytes(channel: &Channel, ask: &[u8], pause: Duration) -> usize {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // A small window, or the kernel takes all of it for us.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let mut stream: TcpStream = socket.connect(channel.address).await.unwrap();
    stream.write_all(ask).await.unwrap();
    let (mut taken, mut buffer) = (0, vec![0; 10 * 1024]);
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return taken,
            Ok(count) => taken += count,
        }
        tokio::time::sleep(pause).await;
    }
}
