//! What happened: the log of everything asked and reported, and what it amounts to.
//!
//! Owns the append-only log ([`log`], [`segments`]), its projections on disk ([`histories`]) and in memory, the keys that
//! are made to be destroyed ([`keys`]), receipts, and the one thread that writes it all. Decides nothing: verdicts are
//! `verify::decide`'s.

pub(crate) mod ahead;
pub mod audit;
pub mod backup;
#[cfg(test)]
mod battery;
pub mod checkpoint;
pub mod event;
pub mod export;
pub mod fold;
pub mod folder;
pub mod forgotten;
pub mod histories;
pub mod keys;
pub mod log;
#[cfg(test)]
pub(crate) mod memory;
pub mod privacy;
pub mod receipts;
pub mod reindex;
pub mod replay;
pub mod retention;
pub mod segments;
mod sqlite;
pub(crate) mod state;
pub mod writer;
