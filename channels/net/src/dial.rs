//! Connections that we open: by name or address, in the clear or by TLS, within a time.
//!
//! Tries every address of a name in turn. Does not try again and keeps no count of failures: when to dial is the
//! channel's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::config::TlsClient;
use crate::socket::Stream;
use crate::tls::{self, TlsError};

/// Why a connection did not come about.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The host is not known, not there, or does not let us in.
    #[error("cannot connect to {address}")]
    Connect {
        /// Host and port.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// It is there and its TLS is not as it should be.
    #[error("no tls with {address}")]
    Handshake {
        /// Host and port.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// It took too long.
    #[error("no connection to {address} in time")]
    TooLong {
        /// Host and port.
        address: String,
    },
    /// The name that its certificate should have is none.
    #[error("{name:?} is no name for a certificate")]
    Name {
        /// The name.
        name: String,
    },
}

/// Opens connections of one kind.
#[derive(Debug, Clone)]
pub struct Dialler {
    tls: Option<(Arc<ClientConfig>, Option<String>)>,
    patience: Duration,
}

impl Dialler {
    /// Connections by TLS, where that is given, each within `patience`.
    ///
    /// # Errors
    /// [`TlsError`], by what is wrong with the files.
    pub fn new(tls: Option<&TlsClient>, patience: Duration) -> Result<Self, TlsError> {
        let tls = match tls {
            None => None,
            Some(files) => Some((tls::client(files)?, files.name.clone())),
        };
        Ok(Self { tls, patience })
    }

    /// Opens one, to `host:port`.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, address: &str) -> Result<Stream, DialError> {
        let opened = tokio::time::timeout(self.patience, self.open(address)).await;
        opened.unwrap_or_else(|_| Err(DialError::TooLong { address: address.to_owned() }))
    }

    async fn open(&self, address: &str) -> Result<Stream, DialError> {
        let fault = |source| DialError::Connect { address: address.to_owned(), source };
        let stream = Stream::connect(address).await.map_err(fault)?;
        let Some((config, name)) = &self.tls else { return Ok(stream) };
        let Stream::Plain(stream) = stream else { return Err(fault(io::ErrorKind::Unsupported.into())) };
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let name = name.as_deref().unwrap_or(host).trim_matches(['[', ']']);
        let server = ServerName::try_from(name.to_owned()).map_err(|_| DialError::Name { name: name.to_owned() })?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(server, stream)
            .await
            .map_err(|source| DialError::Handshake { address: address.to_owned(), source })?;
        Ok(Stream::Tls(Box::new(stream.into())))
    }
}

/// The two ends of one connection inside this program, over the loopback: who measures a channel by it goes the way of
/// everybody's octets. Whoever else dials the address meanwhile is turned away.
///
/// # Errors
/// What the system says.
pub async fn pair() -> io::Result<(Stream, Stream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let ours = TcpStream::connect(listener.local_addr()?).await?;
    let theirs = loop {
        let (stream, peer) = listener.accept().await?;
        if peer == ours.local_addr()? {
            break stream;
        }
    };
    ours.set_nodelay(true)?;
    theirs.set_nodelay(true)?;
    Ok((Stream::Plain(ours), Stream::Plain(theirs)))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{Connection, Drain, Limits, Listener, TlsFiles};

    fn files() -> TlsFiles {
        let at = |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        TlsFiles { certificates: at("localhost.pem"), key: at("localhost.key"), clients: None }
    }

    async fn echoing(files: TlsFiles) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind("test", any, Limits::default()).await.unwrap().with_tls(&files, &[]).unwrap();
        let (address, stop) = (listener.address(), CancellationToken::new());
        let drain = Drain::new(stop.clone(), Duration::from_secs(5));
        #[expect(clippy::disallowed_methods, reason = "a test's own server")]
        let served = tokio::spawn(async move {
            let echo = |connection: Connection| async move {
                let mut stream = connection.stream;
                let mut octets = [0; 5];
                if stream.read_exact(&mut octets).await.is_ok() {
                    drop(stream.write_all(&octets).await);
                    drop(stream.shutdown().await);
                }
            };
            listener.serve(&drain, echo).await;
            drain.finish().await;
        });
        (address, stop, served)
    }

    async fn said(dialler: &Dialler, address: SocketAddr) -> Result<String, String> {
        let mut stream = dialler.dial(&address.to_string()).await.map_err(|error| error.to_string())?;
        stream.write_all(b"hello").await.map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
        Ok(answer)
    }

    fn trusting(own: Option<TlsFiles>) -> Dialler {
        let tls = TlsClient { authorities: files().certificates, name: Some("localhost".to_owned()), own };
        Dialler::new(Some(&tls), Duration::from_secs(10)).unwrap()
    }

    #[tokio::test]
    async fn a_server_is_trusted_by_its_authority_and_name() {
        let (address, stop, served) = echoing(files()).await;
        assert_eq!(said(&trusting(None), address).await.unwrap(), "hello");
        let other = TlsClient { authorities: files().certificates, name: Some("other.example".to_owned()), own: None };
        let dialler = Dialler::new(Some(&other), Duration::from_secs(10)).unwrap();
        assert!(said(&dialler, address).await.unwrap_err().starts_with("no tls with"));
        stop.cancel();
        served.await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_wants_certificates_lets_nobody_in_without() {
        let demanding = TlsFiles { clients: Some(files().certificates), ..files() };
        let (address, stop, served) = echoing(demanding).await;
        assert_eq!(said(&trusting(Some(files())), address).await.unwrap(), "hello");
        assert!(said(&trusting(None), address).await.is_err());
        stop.cancel();
        served.await.unwrap();
    }
}
