//! How long what is kept of askers is kept: the policy, and which segments of the log are too old by it.
//!
//! Decided 2026-11-26. A segment that is too old is not deleted but *reduced* ([`reduce`]): what askers did (their
//! inquiries and the deliveries of replies) leaves it; what was issued, imported, recalled, sold, flagged or opted out of
//! stays, and so does the past of every unit that it touched, as it was at the segment's end. So no rule ever loses a
//! first check: every count that a verdict needs stands in those pasts, and a rebuild from a reduced log gives the same
//! histories as one from the whole. Rules look at a unit's whole past (five sessions in ten years are as many as in one),
//! therefore histories are never thinned by age; they hold of a place what rules look at and no more (`Past::check`), and
//! name nobody once the peppers that their hashes were made under are destroyed. A signed note in the reduced segment says
//! what was dropped and binds what stays, so that `ledger verify` still proves every other segment against the chain, and an
//! event in the log says when it was done.
//!
//! Never reduced: the last segment, and any whose last event is younger than [`Retention::LEAST_DAYS`], which is longer than
//! a reply is owed, a message's id is valid, or the guard looks back. What goes with it for good: replies to receipts that
//! old ("not kept any more"), what was written in tips, places and lots of single checks, and their rows in exports. Does not
//! age backups, exports or archives: they are the operator's.

pub mod reduce;
pub mod whole;

use std::path::PathBuf;
use std::time::Duration;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::bound::within;

/// `[retention]`: how long what is kept of askers is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Segments of the log whose last event is so many days old are reduced; 62 to 36,500. Default none: for good.
    #[serde(deserialize_with = "log_days", skip_serializing_if = "Option::is_none")]
    pub log_days: Option<u64>,
    /// A folder on other storage into which a segment is copied whole before it is reduced. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<PathBuf>,
    /// A pepper serves so many days, and as many again to recognise who asked under it; then it is destroyed and nobody
    /// can be told from what was logged under it. 31 to 366, default 183.
    #[serde(deserialize_with = "within::<31, 366, _>")]
    pub pepper_days: u64,
    /// What tips say can be read for so many days; then the key of their day is destroyed. 31 to 36,500, default 366.
    #[serde(deserialize_with = "within::<31, 36_500, _>")]
    pub tip_days: u64,
    /// An opt-out lasts so many days; 31 to 36,500. Default none: as long as its phone can be recognised.
    #[serde(deserialize_with = "opt_out_days", skip_serializing_if = "Option::is_none")]
    pub opt_out_days: Option<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { log_days: None, archive: None, pepper_days: 183, tip_days: 366, opt_out_days: None }
    }
}

impl Retention {
    /// No segment younger than this is reduced.
    pub const LEAST_DAYS: u64 = 62;

    /// How old a segment's last event is when it is reduced.
    #[must_use]
    pub fn log(&self) -> Option<Duration> {
        self.log_days.map(|days| days_of(days.max(Self::LEAST_DAYS)))
    }

    /// How long a pepper is in force.
    #[must_use]
    pub const fn pepper(&self) -> Duration {
        days_of(self.pepper_days)
    }

    /// How long what tips say can be read.
    #[must_use]
    pub const fn tips(&self) -> Duration {
        days_of(self.tip_days)
    }

    /// How long an opt-out lasts.
    #[must_use]
    pub fn opt_out(&self) -> Option<Duration> {
        self.opt_out_days.map(days_of)
    }
}

const fn days_of(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 60 * 60))
}

fn log_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within::<{ Retention::LEAST_DAYS }, 36_500, D>(deserializer).map(Some)
}

fn opt_out_days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    within::<31, 36_500, D>(deserializer).map(Some)
}

/// What askers did was dropped from a segment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reduced {
    /// The first event of the segment.
    #[n(0)]
    pub first: u64,
    /// The last.
    #[n(1)]
    pub last: u64,
    /// Its hash.
    #[n(2)]
    pub hash: ByteArray<32>,
    /// So many events of it are kept.
    #[n(3)]
    pub kept: u64,
    /// Who ordered it: `policy` where the gateway did it by itself.
    #[n(4)]
    pub by: String,
}

#[cfg(test)]
mod tests;
