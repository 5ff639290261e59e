//! What stands before the SIP stack: which octets reach it at all, in which form, and which requests we do not serve.
//!
//! The stack (`rsipstack`) parses and keeps transactions and dialogs. It truncates the headers of a message at the first
//! octet that is not UTF-8, answers scanners, and lets through what RFC 3261 wants refused; all of that is mended here,
//! before and behind its parser. Pure: sockets and tasks are in `channels/voice/src/run/sip.rs`.

pub mod admission;
pub mod clean;
pub mod framing;
pub mod headers;
pub mod timers;
