//! Tags of optional parameters that mean something to us (§5.3.2).
//!
//! All others are kept and passed on unread.

/// `message_payload`: the body, where it is not in `short_message`.
pub const MESSAGE_PAYLOAD: u16 = 0x0424;
/// `receipted_message_id`: of which message a receipt is.
pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
/// `message_state`: what became of it.
pub const MESSAGE_STATE: u16 = 0x0427;
/// `network_error_code`: the network, and its own error.
pub const NETWORK_ERROR_CODE: u16 = 0x0423;
/// `sar_msg_ref_num`: a long message's reference.
pub const SAR_REFERENCE: u16 = 0x020c;
/// `sar_total_segments`: its parts.
pub const SAR_TOTAL: u16 = 0x020e;
/// `sar_segment_seqnum`: which part.
pub const SAR_PART: u16 = 0x020f;
/// `user_message_reference`: the sender's own number for it.
pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
/// `sc_interface_version`: which version the SMSC speaks.
pub const SC_INTERFACE_VERSION: u16 = 0x0210;
