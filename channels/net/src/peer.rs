//! The other end of a connection, as those who answer its requests know it.
//!
//! Does not look at the requests themselves.

use std::net::IpAddr;

/// Who sent a request; the HTTP listener puts it into the extensions of every one, also for services mounted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The sender's address; behind a trusted proxy what the proxy says of it.
    pub address: IpAddr,
    /// The connection came by a loopback address of ours, and not through a trusted proxy.
    pub reached_loopback: bool,
    /// It came by TLS.
    pub by_tls: bool,
}
