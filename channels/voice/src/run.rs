//! The running channel: sockets, tasks, the clock.
//!
//! The webhooks of platforms are in [`ivr`], Asterisk's FastAGI in [`fastagi`].

mod ask;
pub mod fastagi;
pub mod ivr;
