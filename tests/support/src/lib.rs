//! Test support: a core that answers by script, an HTTP client, raw bytes over TCP, and waiting for a condition.
//!
//! Holds only what tests use. Nothing of it is ever in the program.
#![expect(
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "tests may panic, spawn and read the clock"
)]

#[cfg(feature = "drivers")]
pub mod admitting;
#[cfg(feature = "drivers")]
pub mod drive;
pub mod http;
mod scripted;
pub mod smpp;

use std::time::Duration;

pub use scripted::ScriptedCore;

/// The bound on every wait in tests.
pub const BOUND: Duration = Duration::from_secs(20);

/// Waits until a condition holds; panics with `what` when it does not within [`BOUND`].
pub async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(BOUND, waiting).await.is_ok(), "waited in vain: {what}");
}
