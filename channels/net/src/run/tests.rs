//! The listener over real sockets on the loopback.
#![expect(clippy::disallowed_methods, reason = "a test is the root of its own tasks")]

use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::*;

const BOUND: Duration = Duration::from_secs(10);

async fn up(limits: Limits, grace: Duration) -> (SocketAddr, Drain, tokio::task::JoinHandle<()>) {
    let listener = Listener::bind("test", "127.0.0.1:0".parse().unwrap(), limits).await.unwrap();
    let address = listener.address();
    let drain = Drain::new(CancellationToken::new(), grace);
    let serving = drain.clone();
    let task = tokio::spawn(async move { listener.serve(&serving, echo).await });
    (address, drain, task)
}

async fn echo(mut connection: Connection) {
    let mut buffer = [0; 64];
    while let Ok(count @ 1..) = connection.stream.read(&mut buffer).await {
        if connection.stream.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn echoes(stream: &mut TcpStream) -> bool {
    if stream.write_all(b"x").await.is_err() {
        return false;
    }
    let mut byte = [0];
    matches!(tokio::time::timeout(BOUND, stream.read(&mut byte)).await.unwrap(), Ok(1))
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_closed_and_the_others_live_on() {
    let limits = Limits { connections_per_address: 1, ..Limits::default() };
    let (address, drain, serving) = up(limits, BOUND).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    assert!(echoes(&mut first).await);
    let mut second = TcpStream::connect(address).await.unwrap();
    assert!(!echoes(&mut second).await, "the second connection of the same address is closed");
    assert!(echoes(&mut first).await);
    drop((first, second));
    drain.stopping().cancel();
    serving.await.unwrap();
    assert_eq!(drain.finish().await, 0);
}

#[tokio::test]
async fn stopping_closes_the_socket_at_once_and_cuts_who_stays_after_the_grace() {
    let (address, drain, serving) = up(Limits::default(), Duration::from_millis(50)).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(echoes(&mut client).await);
    drain.stopping().cancel();
    tokio::time::timeout(BOUND, serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    assert!(echoes(&mut client).await, "the open connection is served during the grace");
    assert_eq!(drain.finish().await, 1);
    assert!(!echoes(&mut client).await);
}

#[tokio::test]
async fn an_address_in_use_is_named_in_the_error() {
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = held.local_addr().unwrap();
    let error = Listener::bind("test", listen, Limits::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {listen}"));
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let files = pem_files(dir.path());
    let limits = Limits { handshake_timeout_s: 1, ..Limits::default() };
    let listener =
        Listener::bind("test", "127.0.0.1:0".parse().unwrap(), limits).await.unwrap().with_tls(&files, &[]).unwrap();
    let address = listener.address();
    let drain = Drain::new(CancellationToken::new(), BOUND);
    let conversations = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&conversations);
    let serving = drain.clone();
    let task = tokio::spawn(async move {
        let converse = move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        };
        listener.serve(&serving, converse).await;
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    let mut bytes = Vec::new();
    let ended = tokio::time::timeout(BOUND, client.read_to_end(&mut bytes)).await;
    assert!(ended.is_ok(), "the silent client is cut");
    assert_eq!(conversations.load(Ordering::Relaxed), 0);
    drain.stopping().cancel();
    task.await.unwrap();
    assert_eq!(drain.finish().await, 0);
}

#[tokio::test]
async fn tls_carries_what_the_channel_says() {
    let dir = tempfile::tempdir().unwrap();
    let files = pem_files(dir.path());
    let listener = Listener::bind("test", "127.0.0.1:0".parse().unwrap(), Limits::default()).await.unwrap();
    let listener = listener.with_tls(&files, &["http/1.1"]).unwrap();
    let address = listener.address();
    let drain = Drain::new(CancellationToken::new(), BOUND);
    let serving = drain.clone();
    let task = tokio::spawn(async move { listener.serve(&serving, echo).await });

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.certificates).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    tokio::time::timeout(BOUND, stream.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(&heard, b"hello");
    drop(stream);
    drain.stopping().cancel();
    task.await.unwrap();
    assert_eq!(drain.finish().await, 0);
}

#[tokio::test]
async fn a_pem_file_without_a_certificate_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let files = pem_files(dir.path());
    std::fs::write(&files.certificates, "nothing here").unwrap();
    let listener = Listener::bind("test", "127.0.0.1:0".parse().unwrap(), Limits::default()).await.unwrap();
    let BindError::Tls { source, .. } = listener.with_tls(&files, &[]).unwrap_err() else { panic!("not a TLS error") };
    assert!(source.to_string().contains("cert.pem"), "{source}");
}

/// A self-signed certificate for `localhost`, valid to 2126, made for these tests alone (`fixtures/localhost.*`).
fn pem_files(dir: &std::path::Path) -> TlsFiles {
    let files = TlsFiles { certificates: dir.join("cert.pem"), key: dir.join("key.pem"), clients: None };
    std::fs::write(&files.certificates, include_str!("../../fixtures/localhost.pem")).unwrap();
    std::fs::write(&files.key, include_str!("../../fixtures/localhost.key")).unwrap();
    files
}
