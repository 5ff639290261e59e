//! Sound on the wire: G.711.
//!
//! Pure: octets in, values out. Holds no socket and no clock.

pub mod law;

pub use self::law::Law;
