//! The core of Verigate: what was issued, what was asked, and what may be said about it.
//!
//! Owns codes, the index of issued codes, the ledger and the verdicts. Knows no channel: an inquiry comes in as a
//! [`contract::Inquiry`] and leaves as a [`contract::Reply`]; sockets, words and the terminal belong to others.

pub mod code;
pub mod config;
pub mod control;
pub mod index;
pub mod ledger;
pub mod observe;
pub mod secret;
pub mod verify;
