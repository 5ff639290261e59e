//! Calls by SIP against the running endpoint, on loopback: whole calls by a caller of our own, and single messages as
//! they stand in the standard.
#![expect(clippy::disallowed_methods, reason = "tests run in real time")]

mod calls;
mod messages;
mod scene;
