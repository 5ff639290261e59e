//! Octets on a terminal's line: lines of stock devices, frames of those with firmware of their own, and telnet's remote
//! port control around either.
//!
//! Pure: nothing here reads a clock, waits or knows what a line means.

pub mod frame;
pub mod line;
pub mod message;
pub mod telnet;

/// Start of a framed text.
pub const STX: u8 = 0x02;
/// End of a framed text.
pub const ETX: u8 = 0x03;
/// End of a transmission.
pub const EOT: u8 = 0x04;
/// "Are you there?"
pub const ENQ: u8 = 0x05;
/// Taken.
pub const ACK: u8 = 0x06;
/// A beep.
pub const BEL: u8 = 0x07;
/// Not taken.
pub const NAK: u8 = 0x15;
/// Parts the fields of a framed text.
pub const FS: u8 = 0x1c;
/// Parts the fields of a GS1 element string.
pub const GS: u8 = 0x1d;

/// The longitudinal check of ISO 1155: the exclusive or of everything after STX, ETX included.
#[must_use]
pub fn longitudinal(octets: &[u8]) -> u8 {
    octets.iter().fold(0, |check, octet| check ^ octet)
}
