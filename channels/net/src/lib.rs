//! Sockets, written once for every channel that has them: binding, accepting within limits, dialling, TLS, draining.
//!
//! Does not know what is spoken on a connection: a channel hands in what to do with each.

pub mod config;
pub mod dial;
pub mod drain;
mod peer;
mod places;
mod range;
pub mod run;
mod socket;
pub mod tls;

pub use config::{Limits, TlsClient, TlsFiles};
pub use dial::{DialError, Dialler, pair};
pub use drain::{Drain, Outliving, Panicked};
pub use peer::Peer;
pub use range::{NoRange, Range};
pub use run::{BindError, Connection, Listener};
pub use socket::Stream;
pub use tls::{Certificates, FreshCertificates, TlsError};
