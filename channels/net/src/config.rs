//! The settings of a listener that every channel shares.
//!
//! Does not hold addresses: each channel has its own key `listen`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How many connections a listener holds open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections open at once, at least 1. The next one is closed at once. Default 4,096.
    pub connections: u32,
    /// Connections open at once from one address, at least 1; IPv6 counts by its /64, the smallest network a subscriber is
    /// given (RFC 6177). Behind a proxy that is the proxy's address. Default 1,024.
    pub connections_per_address: u32,
    /// Seconds for the TLS handshake, at least 1. Default 10.
    pub handshake_timeout_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4_096, connections_per_address: 1_024, handshake_timeout_s: 10 }
    }
}

/// Certificate and key for TLS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM file with the certificate chain, the server's own certificate first.
    pub certificates: PathBuf,
    /// PEM file with the private key (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// PEM file with the authorities whose certificates a client must show. Default none, and no client shows any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<PathBuf>,
}

/// TLS to a server that we dial.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsClient {
    /// PEM file with the authorities one of which must have signed the server's certificate.
    pub authorities: PathBuf,
    /// The name in the server's certificate. Default the host that is dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Our own certificate and key, where the server wants one. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<TlsFiles>,
}
