//! The listener: binds, accepts within its limits, hands each connection to the channel's own task.
//!
//! An accept error never ends it: out of descriptors (EMFILE) it pauses and carries on. Does not read a byte of what is
//! spoken but the TLS handshake.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use contract::signal::{ConnectionRefused, Signal};
use tokio_rustls::TlsAcceptor;

use crate::config::{Limits, TlsFiles};
use crate::drain::Drain;
use crate::places::{Place, Places};
use crate::socket::{Socket, Stream};
use crate::tls::{Certificates, TlsError};

/// The pause after an accept error: long enough for a descriptor to come free, short enough for a shopper not to notice.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a listener cannot come up.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken, not ours or not permitted.
    #[error("cannot listen on {listen}")]
    Bind {
        /// The address asked for.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot serve TLS on {listen}")]
    Tls {
        /// The address asked for.
        listen: SocketAddr,
        /// Why.
        source: TlsError,
    },
}

/// A bound socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    socket: Socket,
    address: SocketAddr,
    limits: Limits,
    tls: Option<Certificates>,
}

/// An accepted connection; it holds its place among the listener's until it is dropped.
#[derive(Debug)]
pub struct Connection {
    /// Its bytes.
    pub stream: Stream,
    /// The other end.
    pub peer: SocketAddr,
    /// Keeps the connection counted: hold it for as long as the stream is open.
    pub held: Held,
}

/// A connection's place among the listener's.
#[derive(Debug)]
pub struct Held {
    _place: Place,
}

impl Listener {
    /// Binds in the clear. `name` is the listener's name in metrics; port 0 takes a free one.
    ///
    /// # Errors
    /// [`BindError::Bind`].
    pub async fn bind(name: &'static str, listen: SocketAddr, limits: Limits) -> Result<Self, BindError> {
        let error = |source| BindError::Bind { listen, source };
        let socket = Socket::bind(listen).await.map_err(error)?;
        let address = socket.local_addr().map_err(error)?;
        Ok(Self { name, socket, address, limits, tls: None })
    }

    /// Speaks TLS only on this listener; `protocols` are the ALPN names to offer, best first.
    ///
    /// # Errors
    /// [`BindError::Tls`].
    pub fn with_tls(mut self, files: &TlsFiles, protocols: &[&str]) -> Result<Self, BindError> {
        let fault = |source| BindError::Tls { listen: self.address, source };
        self.tls = Some(Certificates::load(files, protocols).map_err(fault)?);
        Ok(self)
    }

    /// The certificates that it shows, to be changed while it serves; `None` in the clear.
    #[must_use]
    pub fn certificates(&self) -> Option<Certificates> {
        self.tls.clone()
    }

    /// The address bound, with the port that was free where 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until the drain is stopping, then closes the socket. Every connection runs as a task of the drain, so
    /// [`Drain::finish`] waits for it.
    pub async fn serve<F, Fut>(self, drain: &Drain, converse: F)
    where
        F: Fn(Connection) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let converse = Arc::new(converse);
        let places = Places::new(self.name, self.limits);
        let patience = Duration::from_secs(self.limits.handshake_timeout_s.max(1).into());
        while let Some(accepted) = drain.stopping().run_until_cancelled(self.socket.accept()).await {
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if is_ours(&error) {
                        tracing::warn!(listener = self.name, %error, "accepting a connection failed");
                        tokio::time::sleep(PAUSE).await;
                    }
                    continue;
                }
            };
            let Some(place) = places.take(peer.ip()) else {
                ConnectionRefused { listener: self.name }.emit();
                continue;
            };
            let (tls, converse) =
                (self.tls.as_ref().map(|tls| TlsAcceptor::from(tls.current())), Arc::clone(&converse));
            drop(drain.spawn(async move {
                let Some(stream) = open(stream, tls, patience).await else { return };
                converse(Connection { stream, peer, held: Held { _place: place } }).await;
            }));
        }
    }
}

/// Errors of the connection that was about to be accepted are the peer's and need no pause (accept(2)).
fn is_ours(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

async fn open(stream: Stream, tls: Option<TlsAcceptor>, patience: Duration) -> Option<Stream> {
    // Replies are small and whole: waiting to fill a segment only delays them.
    if let Stream::Plain(socket) = &stream
        && let Err(error) = socket.set_nodelay(true)
    {
        tracing::debug!(%error, "a connection was gone before it was served");
        return None;
    }
    let Some(tls) = tls else { return Some(stream) };
    let Stream::Plain(stream) = stream else { return None };
    // In memory of its own: a connection in the clear would carry the room for a handshake for as long as it lasts.
    match tokio::time::timeout(patience, Box::pin(tls.accept(stream))).await {
        Ok(Ok(stream)) => Some(Stream::Tls(Box::new(stream.into()))),
        Ok(Err(error)) => {
            tracing::debug!(%error, "tls handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("tls handshake timed out");
            None
        }
    }
}

#[cfg(test)]
mod tests;
