//! The UDP door: what reaches the stack's parser, and in which form.
//!
//! Stands in the place of the stack's own socket. A datagram that is not let in is read and forgotten here: it costs a
//! look at its sender's address, and nobody gets an answer.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::sip::admission::{Admission, Dropped, Rules, Sender};
use crate::sip::clean::clean;

/// Octets that the kernel holds for us: a burst of some thousand messages while every core is busy.
const BUFFER: usize = 4 << 20;

/// After an error of the socket, before it is read again.
const PAUSE: Duration = Duration::from_millis(10);

/// Transactions for each call that may be: beyond this, new calls are dropped, and their senders try again.
const TRANSACTIONS_PER_CALL: usize = 4;

/// Binds the socket with a buffer for bursts.
pub(super) fn bind(listen: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(listen), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // The kernel gives what it may.
    socket.set_recv_buffer_size(BUFFER)?;
    socket.bind(&listen.into())?;
    UdpSocket::from_std(socket.into())
}

/// Who is let in, over all doors.
pub(super) struct Guard {
    admission: Mutex<Admission>,
    most: usize,
    endpoint: OnceLock<EndpointInnerRef>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    pub(super) fn new(rules: Rules, calls: usize, now: Instant) -> Self {
        let most = calls.saturating_mul(TRANSACTIONS_PER_CALL).max(1_000);
        Self { admission: Mutex::new(Admission::new(rules, now)), most, endpoint: OnceLock::new() }
    }

    /// Watches how much the stack has to do.
    pub(super) fn watch(&self, endpoint: EndpointInnerRef) {
        drop(self.endpoint.set(endpoint));
    }

    fn admission(&self) -> std::sync::MutexGuard<'_, Admission> {
        self.admission.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who sent a message, if it is let in.
    pub(super) fn admit(&self, from: IpAddr, message: &[u8]) -> Option<Sender> {
        let sender = self.admission().admit(from, Instant::now())?;
        let busy = || self.endpoint.get().is_some_and(|stack| stack.transactions.len() > self.most);
        (!(message.starts_with(b"INVITE ") && busy())).then_some(sender)
    }

    /// The trunk that an address belongs to.
    pub(super) fn trunk(&self, address: IpAddr) -> Option<usize> {
        self.admission().trunk(address)
    }

    pub(super) fn dropped(&self) -> Dropped {
        self.admission().dropped()
    }
}

/// Whether a message is SIP by its first line.
pub(super) fn is_sip(message: &[u8]) -> bool {
    let line = message.split(|octet| *octet == b'\n').next().unwrap_or_default().trim_ascii_end();
    line.starts_with(b"SIP/2.0 ") || line.windows(5).any(|five| five == b" SIP/")
}

/// The socket that the stack reads.
pub(super) struct Door {
    socket: UdpSocket,
    guard: Arc<Guard>,
}

impl Door {
    pub(super) const fn new(socket: UdpSocket, guard: Arc<Guard>) -> Self {
        Self { socket, guard }
    }
}

#[async_trait::async_trait]
impl StackSocket for Door {
    async fn recv_from(&self, buffer: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        loop {
            let (length, from) = match self.socket.recv_from(buffer).await {
                Ok(received) => received,
                Err(error) => {
                    tracing::debug!(%error, "the SIP socket cannot be read");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let longest = buffer.len();
            let message = buffer.get(..length).unwrap_or_default();
            if !is_sip(message) || self.guard.admit(from.ip(), message).is_none() {
                continue;
            }
            let cleaned = match clean(message, longest) {
                Cow::Borrowed(_) => return Ok((length, from)),
                Cow::Owned(cleaned) => cleaned,
            };
            if let Some(place) = buffer.get_mut(..cleaned.len()) {
                place.copy_from_slice(&cleaned);
                return Ok((cleaned.len(), from));
            }
        }
    }

    async fn send_to(&self, octets: &[u8], to: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(octets, to).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sip_is_told_from_noise_by_its_first_line() {
        for message in [&b"INVITE sip:x SIP/2.0\r\n"[..], b"SIP/2.0 200 OK\r\n", b"OPTIONS sip:x SIP/3.0\r\n\r\n"] {
            assert!(is_sip(message));
        }
        for noise in [&b""[..], b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"\x00\x01SIP", b"x\nINVITE sip:x SIP/2.0"] {
            assert!(!is_sip(noise));
        }
    }
}
