//! SMPP as octets: frames, PDUs, and what of them is a short message.
//!
//! Pure: no socket, no clock, no state. Reads versions 3.3, 3.4 and 5.0 (section numbers are 3.4's, Issue 1.2); writes
//! what all three read, and optional parameters only where the peer has them.
//!
//! 2026-11: the decoder is our own and not `rusmpp`'s, which stands in the tests as a second opinion. Carriers send
//! addresses of 21 digits, optional parameters cut short, identifiers without their NUL, octets behind the end; rusmpp
//! refuses the whole PDU for any of these, and a shopper's text with it, so that a second, lenient decoder would be needed
//! beside it. One that is lenient from the start is the smaller whole. What it must not be lenient about is the frame:
//! nothing is ever read beyond `command_length`.

pub mod command;
pub mod frame;
pub mod pdu;
pub mod receipt;
pub mod status;
pub mod tlv;

mod read;
mod write;

pub use command::{BindKind, Carrier, Command};
pub use frame::{BadLength, HEADER, MOST_FRAME};
pub use pdu::{Bind, Body, Fault, Header, Pdu, ShortMessage};
pub use status::Status;

#[cfg(test)]
mod tests;
