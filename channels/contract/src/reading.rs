//! Reading a number out of what people type, key or scan: the one place for all channels.

use minicbor::{Decode, Encode};

/// A number as it was given, normalised but not judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Number {
    /// ASCII digits only, 1 to 64 of them.
    #[n(0)]
    Digits(#[n(0)] String),
    /// ASCII upper-case letters and digits, 1 to 64 of them, at least one letter.
    #[n(1)]
    Mixed(#[n(0)] String),
    /// A GS1 item.
    #[n(2)]
    Gs1 {
        /// GTIN as 14 digits, check digit verified.
        #[n(0)]
        gtin: String,
        /// AI 21, 1 to 20 characters, case kept.
        #[n(1)]
        serial: Option<String>,
    },
    /// Nothing that could be a number: empty, or more than 64 digits and letters.
    #[n(3)]
    Unreadable {
        /// How many digits and letters there were.
        #[n(0)]
        read: u32,
    },
}

/// A number read from a longer input, with what came along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The number.
    pub number: Number,
    /// GS1 AI 10.
    pub lot: Option<String>,
    /// GS1 AI 17, `YYMMDD` as given (`YYMM00` is the end of the month).
    pub expiry: Option<crate::time::Day>,
}
