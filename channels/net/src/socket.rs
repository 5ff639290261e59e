//! The sockets that connections are made of: the system's, and in a simulation those of its network.
//!
//! Owns opening, accepting and a connection's bytes ([`Stream`]). The feature `simulation` is for tests: what runs inside a
//! `turmoil` simulation then meets its network, and all else the system's, as without the feature.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsStream;

/// A connection's bytes, in the clear or not.
#[derive(Debug)]
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// By TLS, handshake done.
    Tls(Box<TlsStream<TcpStream>>),
    /// In the clear, by the network of a simulation.
    #[cfg(feature = "simulation")]
    Simulated(turmoil::net::TcpStream),
}

/// What bytes come from and go to.
trait Octets: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Octets for T {}

impl Stream {
    /// Opens a connection to `host:port`, in the clear.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn connect(address: &str) -> io::Result<Self> {
        #[cfg(feature = "simulation")]
        if turmoil::in_simulation() {
            return turmoil::net::TcpStream::connect(address).await.map(Self::Simulated);
        }
        let stream = TcpStream::connect(address).await?;
        // A port of ours that nobody listens at may be given to the very connection that dials it, which is then with itself.
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        Ok(Self::Plain(stream))
    }

    /// Whether the peer's end is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The address of our end.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.local_addr(),
            Self::Tls(stream) => stream.get_ref().0.local_addr(),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.local_addr(),
        }
    }

    fn octets(self: Pin<&mut Self>) -> Pin<&mut dyn Octets> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => Pin::new(stream),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.octets().poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.octets().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.octets().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            #[cfg(feature = "simulation")]
            Self::Simulated(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.octets().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.octets().poll_shutdown(cx)
    }
}

/// What connections are accepted from.
pub(crate) enum Socket {
    /// The system's.
    System(TcpListener),
    /// One in the network of a simulation.
    #[cfg(feature = "simulation")]
    Simulated(turmoil::net::TcpListener),
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Socket({:?})", self.local_addr())
    }
}

impl Socket {
    /// Listens.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn bind(listen: SocketAddr) -> io::Result<Self> {
        #[cfg(feature = "simulation")]
        if turmoil::in_simulation() {
            return turmoil::net::TcpListener::bind(listen).await.map(Self::Simulated);
        }
        TcpListener::bind(listen).await.map(Self::System)
    }

    /// The address, with the port that was free where 0 was asked for.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::System(listener) => listener.local_addr(),
            #[cfg(feature = "simulation")]
            Self::Simulated(listener) => listener.local_addr(),
        }
    }

    /// The next connection, in the clear, and who opened it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::System(listener) => listener.accept().await.map(|(stream, peer)| (Stream::Plain(stream), peer)),
            #[cfg(feature = "simulation")]
            Self::Simulated(listener) => {
                listener.accept().await.map(|(stream, peer)| (Stream::Simulated(stream), peer))
            }
        }
    }
}
