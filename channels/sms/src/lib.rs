//! SMS: links to carriers, texts in, exactly one reply out for each.
//!
//! Owns everything between octets on a carrier's link and a [`contract::Inquiry`]. Does not judge a number and keeps no
//! record: the core answers, and what is owed stands in its log. What lies between the links and the texts
//! ([`message`]) knows no protocol, so that other dialects can use the same links and the same words.
//!
//! ```text
//! octets ─ wire ─ session ─▶ Mo ─ text ─ reading ─▶ Inquiry ─▶ core
//! octets ◀ wire ─ session ◀─ Reply ◀─── render ◀─── Reply ◀──── core
//! ```

pub mod config;
pub mod handset;
#[cfg(any(test, feature = "invariants"))]
pub mod invariants;
pub mod message;
pub mod outbox;
pub mod reading;
pub mod reassembly;
pub mod receipts;
pub mod render;
pub mod route;
pub mod run;
pub mod session;
pub mod text;
pub mod wire;

pub use config::{AccountConfig, ConfigError, LinkConfig, PasswordPlace, ServerConfig, SmsConfig};
pub use handset::{Handset, HandsetError, Replied};
pub use run::{Ask, Bound, Operator, OperatorError, Ports, SmsError};
pub use wire::pdu::Secret;
