//! Voice: callers key the number, and hear what is known of it.
//!
//! Owns everything between keys pressed in a call and a [`contract::Inquiry`]. Does not judge a number and keeps no
//! record: the core answers. One [`dialogue`] decides what is said and what is awaited; it knows no medium. What it says
//! is turned into recordings by [`prompts`] where we play them ourselves, and into text where a platform speaks it.
//!
//! ```text
//! keys ─▶ dialogue ─▶ Inquiry ─▶ core
//! sound or text ◀─ Phrase ◀─ dialogue ◀─ Reply ◀─ core
//! ```

pub mod caller;
pub mod calls;
pub mod config;
pub mod dialogue;
#[cfg(any(test, feature = "invariants"))]
pub mod invariants;
pub mod languages;
pub mod media;
pub mod prompts;
pub mod run;
pub mod sip;
pub mod webhooks;

pub use config::{ConfigError, VoiceConfig};
pub use dialogue::Dialogue;
