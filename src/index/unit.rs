//! The identity of one unit.
//!
//! Owns the sixteen bytes that histories are kept by. Does not know whether the unit was issued.

use std::fmt;

use contract::Number;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The identity of one unit, in 16 bytes that sort by resource and serial: what histories are kept by. The tag and the
/// check digit are no part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct UnitKey(#[n(0)] ByteArray<16>);

impl UnitKey {
    /// A unit of a layout of our own: byte 0 is 1, byte 1 the layout, bytes 2 to 7 the resource, 8 to 15 the serial, all
    /// big-endian.
    #[must_use]
    pub fn native(layout: u8, resource: u64, serial: u64) -> Self {
        let mut bytes = [0; 16];
        let packed = (1_u128 << 120)
            | (u128::from(layout) << 112)
            | (u128::from(resource & 0xffff_ffff_ffff) << 64)
            | u128::from(serial);
        bytes.copy_from_slice(&packed.to_be_bytes());
        Self(ByteArray::from(bytes))
    }

    /// A unit that is known by a text: a listed number (`kind` 2) or a GS1 item (`kind` 3); 15 bytes of its SHA-256.
    #[must_use]
    pub fn named(kind: u8, text: &str) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().skip(1).zip(Sha256::digest(text.as_bytes())) {
            *to = from;
        }
        bytes[0] = kind;
        Self(ByteArray::from(bytes))
    }

    /// A unit that is known by its number alone: a listed number or a GS1 item. `None` for what is no unit's number.
    #[must_use]
    pub fn listed(number: &Number) -> Option<Self> {
        match number {
            Number::Digits(text) | Number::Mixed(text) => Some(Self::named(2, text)),
            Number::Gs1 { gtin, serial: Some(serial) } => Some(Self::named(3, &format!("{gtin}{serial}"))),
            Number::Gs1 { serial: None, .. } | Number::Unreadable { .. } => None,
        }
    }

    /// All but the kind, of a unit that is known by a text.
    pub(crate) fn hashed(&self) -> u128 {
        u128::from_be_bytes(*self.as_bytes()) & ((1 << 120) - 1)
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From sixteen bytes out of a store.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(ByteArray::from(bytes))
    }

    /// Layout, resource and serial of a unit of our own.
    #[must_use]
    pub fn as_native(&self) -> Option<(u8, u64, u64)> {
        let packed = u128::from_be_bytes(*self.as_bytes());
        let part = |shift: u32, bits: u32| u64::try_from((packed >> shift) & ((1 << bits) - 1)).unwrap_or(0);
        (part(120, 8) == 1).then(|| (u8::try_from(part(112, 8)).unwrap_or(0), part(64, 48), part(0, 64)))
    }
}

impl fmt::Display for UnitKey {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for UnitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UnitKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_key_gives_back_what_it_was_made_of_and_sorts_by_it() {
        let key = UnitKey::native(3, 1_234_567, 9_999_999);
        assert_eq!(key.as_native(), Some((3, 1_234_567, 9_999_999)));
        assert!(UnitKey::native(3, 1, 2) < UnitKey::native(3, 1, 3));
        assert!(UnitKey::native(3, 1, u64::MAX) < UnitKey::native(3, 2, 0));
        assert_eq!(UnitKey::named(2, "A1").as_native(), None);
    }
}
