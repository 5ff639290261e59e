//! How long and how much of unfinished texts is kept.
//!
//! Owns the bounds and their defaults alone; what happens at a bound is `reassembly.rs`'s.

use std::time::Duration;

/// Bounds in time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A text whose next part does not come for so long is overdue.
    pub wait: Duration,
    /// A part waits so long for the others to be acknowledged with them.
    pub hold: Duration,
    /// So many parts do.
    pub held: usize,
    /// A text that is done is kept for so long.
    pub keep: Duration,
    /// The most parts of one text that are read.
    pub parts: u8,
    /// The most texts at a time.
    pub texts: usize,
    /// The most memory of all texts, in octets.
    pub octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wait: Duration::from_mins(5),
            hold: Duration::from_secs(2),
            held: 64,
            keep: Duration::from_mins(10),
            parts: 16,
            texts: 10_000,
            octets: 16 * 1024 * 1024,
        }
    }
}
