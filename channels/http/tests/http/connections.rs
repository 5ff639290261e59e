//! Connections that behave badly, and the end of the channel.

use std::convert::Infallible;

use channel_http::{Body, Mount};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::http::{raw, send_h2};
use support::wait_for;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::Channel;

const REQUEST: &str = "POST /v1/checks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"code\":\"1\"}";

#[tokio::test]
async fn a_check_is_recorded_although_the_asker_hung_up() {
    let channel = Channel::up().await;
    channel.core.hold();
    let mut stream = TcpStream::connect(channel.address).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    wait_for("the core is asked", || channel.core.asked().len() == 1).await;
    drop(stream);
    assert_eq!(channel.core.recorded(), 0);
    channel.core.release();
    wait_for("the check is recorded", || channel.core.recorded() == 1).await;
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn stopping_lets_a_running_request_finish() {
    let channel = Channel::up().await;
    channel.core.hold();
    let (address, core) = (channel.address, channel.core.clone());
    let asking = tokio::spawn(async move { raw(address, REQUEST.as_bytes()).await });
    wait_for("the core is asked", || core.asked().len() == 1).await;
    channel.shutdown.cancel();
    core.release();
    assert!(asking.await.unwrap().starts_with("HTTP/1.1 200 OK"));
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_is_cut_and_counted() {
    let channel = Channel::with("[requests]\ndrain_s = 0").await;
    channel.core.hold();
    let mut stream = TcpStream::connect(channel.address).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    wait_for("the core is asked", || channel.core.asked().len() == 1).await;
    assert!(channel.down().await >= 1);
}

#[tokio::test]
async fn a_request_over_http_2_that_outlasts_the_drain_is_cut_too() {
    let channel = Channel::with("[requests]\ndrain_s = 0").await;
    channel.core.hold();
    let asking = tokio::spawn(send_h2(channel.address, check_by_h2(channel.address)));
    wait_for("the core is asked", || channel.core.asked().len() == 1).await;
    assert!(channel.down().await >= 2, "the connection and the stream are counted");
    asking.abort();
}

#[tokio::test]
async fn a_connection_whose_streams_were_all_reset_is_idle_and_cut() {
    let channel = Channel::with("[requests]\nheader_timeout_s = 1").await;
    channel.core.hold();
    let stream = TcpStream::connect(channel.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connected = tokio::spawn(connection);
    let asking = tokio::spawn(sender.send_request(check_by_h2(channel.address)));
    wait_for("the core is asked", || channel.core.asked().len() == 1).await;
    asking.abort();
    let gone = tokio::time::timeout(std::time::Duration::from_secs(30), connected).await;
    assert!(gone.is_ok(), "the connection is cut though its client holds it");
    drop(sender);
    channel.core.release();
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut() {
    let channel = Channel::with("[requests]\nheader_timeout_s = 1").await;
    let mut stream = TcpStream::connect(channel.address).await.unwrap();
    // One request is answered; the next never ends.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /healthz HTTP/1.1\r\nx-slow: ").await.unwrap();
    let trickle = async {
        while stream.write_all(b"a").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), trickle).await.expect("the connection is cut");
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn a_client_that_says_nothing_or_stops_midway_is_cut() {
    let channel = Channel::with("[requests]\nheader_timeout_s = 1\nrequest_timeout_s = 1").await;
    let address = channel.address;
    let late = raw(
        address,
        b"POST /v1/checks HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{",
    )
    .await;
    assert!(late.starts_with("HTTP/1.1 408") && late.contains("/problems/too-slow"), "{late}");
    for start in [&b""[..], b"PRI * HTTP/2", b"GET / HTTP/1.1\r\nhost:"] {
        let heard = raw(address, start).await;
        assert!(!heard.contains("200 OK"), "{heard}");
    }
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let channel = Channel::up().await;
    let bomb = format!("GET / HTTP/1.1\r\nhost: x\r\nx-bomb: {}\r\n\r\n", "a".repeat(100_000));
    assert!(raw(channel.address, bomb.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500));
    assert!(raw(channel.address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    assert_eq!(channel.get("/healthz").await.status, 200, "the others are served on");
}

#[tokio::test]
async fn too_many_requests_at_once_are_told_to_come_back() {
    let channel = Channel::with("[requests]\nrunning = 1").await;
    channel.core.hold();
    let mut stream = TcpStream::connect(channel.address).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    wait_for("the core is asked", || channel.core.asked().len() == 1).await;
    let refused = channel.check(r#"{"code":"1"}"#).await;
    crate::assert_problem(&refused, 503, "overloaded");
    channel.core.release();
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn http_2_is_spoken_with_prior_knowledge() {
    let channel = Channel::up().await;
    let answered = send_h2(channel.address, check_by_h2(channel.address)).await;
    assert_eq!((answered.status.as_u16(), &answered.json()["verdict"]), (200, &"genuine_first".into()));
}

fn check_by_h2(address: std::net::SocketAddr) -> Request<Full<bytes::Bytes>> {
    Request::post(format!("http://{address}/v1/checks"))
        .header("content-type", "application/json")
        .body(Full::from(r#"{"code":"1"}"#))
        .unwrap()
}

#[tokio::test]
async fn a_mounted_service_answers_below_its_path_and_is_held_to_the_same_limits() {
    let echo = tower::service_fn(async |request: Request<Body>| {
        let (parts, body) = request.into_parts();
        let from = parts.extensions.get::<net::Peer>().unwrap().address;
        let said = match body.collect().await {
            Ok(body) => format!("{} {from} {}", parts.uri, body.to_bytes().len()),
            Err(_) => "too long".to_owned(),
        };
        Ok::<_, Infallible>(Response::new(Full::from(said)))
    });
    let channel = Channel::with_mounts("[requests]\nbody_bytes = 1024", vec![Mount::new("/ivr", echo)]).await;
    let answered = channel.post("/ivr/acme/turn?x=1", "digits", &[]).await;
    assert_eq!(answered.body, "/ivr/acme/turn?x=1 127.0.0.1 6");
    assert_eq!(answered.header("x-content-type-options"), "nosniff", "what every response carries");
    assert_eq!(channel.post("/ivr/acme", &"1".repeat(1_025), &[]).await.body, "too long");
    crate::assert_problem(&channel.get("/ivr").await, 404, "not-found");
    assert_eq!(channel.get("/healthz").await.status, 200);
}
