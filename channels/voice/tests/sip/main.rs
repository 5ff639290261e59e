//! Calls by SIP against the running endpoint, on loopback: whole calls by a caller of our own, and single messages as
//! they stand in the standard.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "tests may panic, name what they wait for, and have a clock and tasks of their own"
)]

mod calls;
mod messages;
mod requests;
mod scene;
