//! Sound and keys on the wire: session descriptions, RTP, G.711, keys by event, message and tone, SRTP.
//!
//! Pure: octets and instants in, values out. Holds no socket and no clock; the running endpoint
//! (`channels/voice/src/run/sip.rs`) has both.

pub mod events;
pub mod info;
pub mod keypad;
pub mod law;
pub mod line;
pub mod rtp;
pub mod sdp;
pub mod srtp;
pub mod stats;
pub mod tones;

pub use self::events::Key;
pub use self::law::Law;

/// Samples in one packet: 20 ms at 8,000 per second.
pub const FRAME: usize = 160;

/// Samples per second of both codecs.
pub const RATE: u32 = 8_000;

/// Milliseconds in one packet.
pub const FRAME_MS: u32 = 20;
