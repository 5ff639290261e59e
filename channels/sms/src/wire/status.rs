//! Statuses of responses, and what each means for a message of ours.
//!
//! Owns the numbers (§5.1.3) and the table of treatments. Does not count attempts and reads no clock.

use std::fmt;

/// A `command_status`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u32);

/// What to do with a message that was answered so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// The peer has it.
    Taken,
    /// The peer is full: the whole link pauses, and the message is sent again.
    Pause,
    /// Something is wrong for now: this message is sent again later, a few times.
    Later,
    /// It would be refused again.
    Refused,
}

macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident = $value:literal, $text:literal, $treatment:ident;)*) => {
        impl Status {
            $($(#[$meta])* pub const $name: Self = Self($value);)*

            /// As the specification calls it; `None` for a carrier's own.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// What to do with a message that was answered so. A carrier's own status says nothing about the message:
            /// it is tried again.
            #[must_use]
            pub const fn treatment(self) -> Treatment {
                match self.0 {
                    $($value => Treatment::$treatment,)*
                    _ => Treatment::Later,
                }
            }
        }
    };
}

statuses! {
    /// No error.
    OK = 0x00, "ESME_ROK", Taken;
    /// Message length is invalid.
    INVALID_MESSAGE_LENGTH = 0x01, "ESME_RINVMSGLEN", Refused;
    /// Command length is invalid.
    INVALID_COMMAND_LENGTH = 0x02, "ESME_RINVCMDLEN", Refused;
    /// Invalid command id.
    INVALID_COMMAND = 0x03, "ESME_RINVCMDID", Refused;
    /// Not in this bind state.
    INVALID_STATE = 0x04, "ESME_RINVBNDSTS", Later;
    /// Already bound.
    ALREADY_BOUND = 0x05, "ESME_RALYBND", Later;
    /// Invalid priority.
    INVALID_PRIORITY = 0x06, "ESME_RINVPRTFLG", Refused;
    /// Invalid registered delivery.
    INVALID_RECEIPTING = 0x07, "ESME_RINVREGDLVFLG", Refused;
    /// System error.
    SYSTEM_ERROR = 0x08, "ESME_RSYSERR", Later;
    /// Invalid source address.
    INVALID_SOURCE = 0x0a, "ESME_RINVSRCADR", Refused;
    /// Invalid destination address.
    INVALID_DESTINATION = 0x0b, "ESME_RINVDSTADR", Refused;
    /// Message id is invalid.
    INVALID_ID = 0x0c, "ESME_RINVMSGID", Refused;
    /// Bind failed.
    BIND_FAILED = 0x0d, "ESME_RBINDFAIL", Later;
    /// Invalid password.
    INVALID_PASSWORD = 0x0e, "ESME_RINVPASWD", Later;
    /// Invalid system id.
    INVALID_SYSTEM_ID = 0x0f, "ESME_RINVSYSID", Later;
    /// Cancelling failed.
    CANCEL_FAILED = 0x11, "ESME_RCANCELFAIL", Refused;
    /// Replacing failed.
    REPLACE_FAILED = 0x13, "ESME_RREPLACEFAIL", Refused;
    /// Message queue full.
    QUEUE_FULL = 0x14, "ESME_RMSGQFUL", Pause;
    /// Invalid service type.
    INVALID_SERVICE_TYPE = 0x15, "ESME_RINVSERTYP", Refused;
    /// Invalid number of destinations.
    INVALID_DESTINATION_COUNT = 0x33, "ESME_RINVNUMDESTS", Refused;
    /// Invalid name of a distribution list.
    INVALID_LIST_NAME = 0x34, "ESME_RINVDLNAME", Refused;
    /// Invalid destination flag.
    INVALID_DESTINATION_FLAG = 0x40, "ESME_RINVDESTFLAG", Refused;
    /// Replacing at submitting is not supported.
    INVALID_SUBMIT_REPLACE = 0x42, "ESME_RINVSUBREP", Refused;
    /// Invalid esm_class.
    INVALID_ESM_CLASS = 0x43, "ESME_RINVESMCLASS", Refused;
    /// Cannot submit to a distribution list.
    LIST_FAILED = 0x44, "ESME_RCNTSUBDL", Refused;
    /// Submitting failed.
    SUBMIT_FAILED = 0x45, "ESME_RSUBMITFAIL", Later;
    /// Invalid source type of number.
    INVALID_SOURCE_TON = 0x48, "ESME_RINVSRCTON", Refused;
    /// Invalid source numbering plan.
    INVALID_SOURCE_NPI = 0x49, "ESME_RINVSRCNPI", Refused;
    /// Invalid destination type of number.
    INVALID_DESTINATION_TON = 0x50, "ESME_RINVDSTTON", Refused;
    /// Invalid destination numbering plan.
    INVALID_DESTINATION_NPI = 0x51, "ESME_RINVDSTNPI", Refused;
    /// Invalid system type.
    INVALID_SYSTEM_TYPE = 0x53, "ESME_RINVSYSTYP", Later;
    /// Invalid replace-if-present flag.
    INVALID_REPLACE_FLAG = 0x54, "ESME_RINVREPFLAG", Refused;
    /// Invalid number of messages.
    INVALID_MESSAGE_COUNT = 0x55, "ESME_RINVNUMMSGS", Refused;
    /// Throttled.
    THROTTLED = 0x58, "ESME_RTHROTTLED", Pause;
    /// Invalid scheduled time.
    INVALID_SCHEDULE = 0x61, "ESME_RINVSCHED", Refused;
    /// Invalid validity period.
    INVALID_VALIDITY = 0x62, "ESME_RINVEXPIRY", Refused;
    /// Invalid predefined message.
    INVALID_PREDEFINED = 0x63, "ESME_RINVDFTMSGID", Refused;
    /// Temporary error of the application.
    RECEIVER_TEMPORARY = 0x64, "ESME_RX_T_APPN", Later;
    /// Permanent error of the application.
    RECEIVER_PERMANENT = 0x65, "ESME_RX_P_APPN", Refused;
    /// The application rejects it.
    RECEIVER_REJECTS = 0x66, "ESME_RX_R_APPN", Refused;
    /// Querying failed.
    QUERY_FAILED = 0x67, "ESME_RQUERYFAIL", Refused;
    /// Optional parameters cannot be read.
    INVALID_TLVS = 0xc0, "ESME_RINVOPTPARSTREAM", Refused;
    /// An optional parameter is not allowed.
    TLV_NOT_ALLOWED = 0xc1, "ESME_ROPTPARNOTALLWD", Refused;
    /// Invalid length of an optional parameter.
    INVALID_TLV_LENGTH = 0xc2, "ESME_RINVPARLEN", Refused;
    /// An optional parameter is missing.
    MISSING_TLV = 0xc3, "ESME_RMISSINGOPTPARAM", Refused;
    /// Invalid value of an optional parameter.
    INVALID_TLV_VALUE = 0xc4, "ESME_RINVOPTPARAMVAL", Refused;
    /// Delivery failed (`data_sm`).
    DELIVERY_FAILURE = 0xfe, "ESME_RDELIVERYFAILURE", Refused;
    /// Unknown error.
    UNKNOWN = 0xff, "ESME_RUNKNOWNERR", Later;
    /// Not authorised for the service type (5.0).
    SERVICE_UNAUTHORISED = 0x100, "ESME_RSERTYPUNAUTH", Refused;
    /// Not permitted (5.0).
    PROHIBITED = 0x101, "ESME_RPROHIBITED", Refused;
    /// The service is not there (5.0).
    SERVICE_UNAVAILABLE = 0x102, "ESME_RSERTYPUNAVAIL", Later;
    /// The service is denied (5.0).
    SERVICE_DENIED = 0x103, "ESME_RSERTYPDENIED", Refused;
    /// Invalid data coding (5.0).
    INVALID_CODING = 0x104, "ESME_RINVDCS", Refused;
    /// Invalid subunit of the source (5.0).
    INVALID_SOURCE_SUBUNIT = 0x105, "ESME_RINVSRCADDRSUBUNIT", Refused;
    /// Invalid subunit of the destination (5.0).
    INVALID_DESTINATION_SUBUNIT = 0x106, "ESME_RINVDSTADDRSUBUNIT", Refused;
}

impl Status {
    /// Whether it is an error.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_refused_again_ends_a_reply_and_what_may_pass_does_not() {
        for lasting in [0x01, 0x0b, 0x13, 0x33, 0x40, 0x54, 0x63, 0x65, 0x67, 0xc1, 0x106] {
            assert_eq!(Status(lasting).treatment(), Treatment::Refused, "{lasting:#x}");
        }
        for passing in [0x04, 0x08, 0x45, 0x64, 0xff, 0x102, 0x400] {
            assert_eq!(Status(passing).treatment(), Treatment::Later, "{passing:#x}");
        }
        assert_eq!([0x14, 0x58].map(|full| Status(full).treatment()), [Treatment::Pause; 2]);
    }
}
