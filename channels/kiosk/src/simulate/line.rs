//! The line of a simulated terminal: dialled, waited for as a terminal server does, or a tty.
//!
//! Opens it again as often as it is asked. Does not know what goes over it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use net::{Dialler, TlsClient};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_serial::SerialPortBuilderExt as _;

use crate::wire::telnet::Telnet;

/// The gateway is there within so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Host and port, where it lets terminals dial in; by TLS where that is given.
    Tcp(String, Option<TlsClient>),
    /// A serial line, at so many bits per second.
    Tty(String, u32),
    /// An address at which the gateway dials us, as it dials a terminal server.
    Listen {
        /// Host and port.
        address: String,
        /// By telnet with remote port control (RFC 2217), and not raw.
        remote: bool,
    },
}

trait Octets: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Octets for T {}

/// Opens a line.
pub(super) enum Opener {
    Dial(String, Dialler),
    Tty(String, u32),
    Listen(TcpListener, bool),
}

/// A line that is open.
pub(super) struct Wire {
    stream: Box<dyn Octets>,
    telnet: Option<Telnet>,
    /// Of telnet's own, still to be sent.
    owed: Vec<u8>,
}

impl Opener {
    pub(super) async fn new(line: &Line) -> Result<Self, String> {
        match line {
            Line::Tcp(address, tls) => {
                let dialler = Dialler::new(tls.as_ref(), PATIENCE).map_err(|error| chain(&error))?;
                Ok(Self::Dial(address.clone(), dialler))
            }
            Line::Tty(path, baud) => Ok(Self::Tty(path.clone(), *baud)),
            Line::Listen { address, remote } => {
                let listener = TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
                Ok(Self::Listen(listener, *remote))
            }
        }
    }

    pub(super) async fn open(self: Arc<Self>) -> Result<Wire, String> {
        let plain = |stream| Wire { stream, telnet: None, owed: Vec::new() };
        match &*self {
            Self::Dial(address, dialler) => {
                Ok(plain(Box::new(dialler.dial(address).await.map_err(|error| chain(&error))?)))
            }
            Self::Tty(path, baud) => {
                let stream = tokio_serial::new(path, *baud).open_native_async().map_err(|error| error.to_string())?;
                Ok(plain(Box::new(stream)))
            }
            Self::Listen(listener, remote) => {
                let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                Ok(Wire { telnet: remote.then(Telnet::server), ..plain(Box::new(stream)) })
            }
        }
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Wire {
    /// Reads some octets of the terminal's; none at the end of the line. What was read is not lost where nobody waits any
    /// longer.
    pub(super) async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 2_048];
        loop {
            while !self.owed.is_empty() {
                let sent = self.stream.write(&self.owed).await?;
                self.owed.drain(..sent);
            }
            let read = self.stream.read(&mut buffer).await?;
            let octets = buffer.get(..read).unwrap_or_default();
            let Some(telnet) = &mut self.telnet else { return Ok(octets.to_vec()) };
            let mut data = Vec::new();
            telnet.unwrap(octets, &mut data);
            self.owed.extend(telnet.take_out());
            if read == 0 || !data.is_empty() {
                return Ok(data);
            }
        }
    }

    /// Writes octets of the terminal's.
    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut out = std::mem::take(&mut self.owed);
        match &self.telnet {
            None => out.extend(octets),
            Some(_) => Telnet::wrap(octets, &mut out),
        }
        self.stream.write_all(&out).await
    }
}
