//! The running channel: sockets, tasks, the clock.
//!
//! Calls by SIP are in [`sip`], the webhooks of platforms in [`ivr`], Asterisk's FastAGI in [`fastagi`]. Names are spoken by
//! [`speak`].

mod ask;
pub mod fastagi;
pub mod ivr;
pub mod sip;
pub mod speak;
