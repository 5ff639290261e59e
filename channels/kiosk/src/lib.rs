//! Kiosks: what shoppers scan or key at a terminal in a mall, answered on its display, its printer and its beeper.
//!
//! Owns everything between octets on a terminal's line and a [`contract::Inquiry`]. Does not judge a number and keeps no
//! record: the core answers, and an answer is on disk before the terminal hears of it.
//!
//! ```text
//! octets ─ wire ─ session ─▶ Ask ─────▶ Inquiry ─▶ core
//! octets ◀─────── session ◀─ render ◀── Reply ◀─── core
//! ```

pub mod config;
#[cfg(any(test, feature = "invariants"))]
pub mod invariants;
pub mod render;
pub mod run;
pub mod session;
pub mod simulate;
pub mod terminal;
pub mod wire;

pub use config::{ConfigError, KioskConfig, SecretPlace, ServerConfig};
pub use run::{Ask, Bound, KioskError, Operator, OperatorError, Ports, Prepared};
