//! Bits in a row: writing and reading them, the lowest first.
//!
//! Owns nothing else. Reading beyond the end gives zeros and is found by [`Reader::is_beyond`].

/// Bits that one look takes in at least: eight bytes less the seven bits that may be passed over in the first.
const LOOK: u32 = 57;

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    pending: u64,
    held: u32,
}

impl Writer {
    /// The lowest `width` bits of a value, at most 128.
    pub(super) fn put(&mut self, value: u128, width: u32) {
        let mut left = width;
        let mut value = value;
        while left > 0 {
            let now = left.min(56 - self.held.min(55));
            let part = u64::try_from(value & ((1_u128 << now) - 1)).unwrap_or(0);
            self.pending |= part << self.held;
            self.held += now;
            while self.held >= 8 {
                self.bytes.push(u8::try_from(self.pending & 0xff).unwrap_or(0));
                self.pending >>= 8;
                self.held -= 8;
            }
            value = if now >= 128 { 0 } else { value >> now };
            left -= now;
        }
    }

    /// So many zeros and a one.
    pub(super) fn unary(&mut self, zeros: u128) {
        let mut left = zeros;
        while left >= 48 {
            self.put(0, 48);
            left -= 48;
        }
        let zeros = u32::try_from(left).unwrap_or(0);
        self.put(1 << zeros, zeros + 1);
    }

    /// The bytes, the last filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.held > 0 {
            self.put(0, 8 - self.held);
        }
        self.bytes
    }
}

/// Reads bits.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From a bit on.
    pub(super) const fn at(bytes: &'a [u8], bit: usize) -> Self {
        Self { bytes, at: bit }
    }

    fn look(&self) -> u64 {
        let from = self.at / 8;
        let word = match self.bytes.get(from..from + 8).and_then(|eight| eight.first_chunk()) {
            Some(eight) => u64::from_le_bytes(*eight),
            None => {
                let rest = self.bytes.get(from..).unwrap_or_default();
                rest.iter().take(8).rev().fold(0, |word, byte| (word << 8) | u64::from(*byte))
            }
        };
        word >> (self.at % 8)
    }

    /// The next `width` bits, at most 128.
    pub(super) fn take(&mut self, width: u32) -> u128 {
        let mut value = 0;
        let mut got = 0;
        while got < width {
            let now = (width - got).min(LOOK);
            let part = self.look() & ((1 << now) - 1);
            value |= u128::from(part) << got;
            got += now;
            self.at += usize::try_from(now).unwrap_or(0);
        }
        value
    }

    /// How many zeros come before the next one, and the `width` bits behind it as `zeros << width | bits`.
    pub(super) fn rice(&mut self, width: u32) -> u128 {
        let word = self.look();
        let zeros = word.trailing_zeros();
        if zeros + 1 + width <= LOOK {
            let low = (word >> (zeros + 1)) & ((1 << width) - 1);
            self.at += usize::try_from(zeros + 1 + width).unwrap_or(0);
            return (u128::from(zeros) << width) | u128::from(low);
        }
        let zeros = u128::from(self.zeros());
        let low = self.take(width);
        zeros.checked_shl(width).unwrap_or(0) | low
    }

    fn zeros(&mut self) -> u32 {
        let mut zeros = 0;
        loop {
            let found = self.look().trailing_zeros();
            if found < LOOK {
                self.at += usize::try_from(found + 1).unwrap_or(0);
                return zeros + found;
            }
            zeros = u32::saturating_add(zeros, LOOK);
            self.at += usize::try_from(LOOK).unwrap_or(0);
            if self.is_beyond() {
                return zeros;
            }
        }
    }

    /// More was read than there is.
    pub(super) const fn is_beyond(&self) -> bool {
        self.at > self.bytes.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back_as_they_were_written(parts in prop::collection::vec((any::<u128>(), 0_u32..=128, 0_u32..200), 0..60)) {
            let low = |value: u128, width: u32| if width == 128 { value } else { value & ((1 << width) - 1) };
            let mut writer = Writer::default();
            for (value, width, zeros) in &parts {
                writer.put(*value, *width);
                writer.unary(u128::from(*zeros));
                writer.put(*value, width / 3);
            }
            let bytes = writer.finish();
            let mut reader = Reader::at(&bytes, 0);
            for (value, width, zeros) in &parts {
                prop_assert_eq!(reader.take(*width), low(*value, *width));
                let both = reader.rice(width / 3);
                prop_assert_eq!(both, (u128::from(*zeros) << (width / 3)) | low(*value, width / 3));
            }
            prop_assert!(!reader.is_beyond());
        }

        #[test]
        fn reading_anything_ends(bytes in prop::collection::vec(any::<u8>(), 0..40), widths in prop::collection::vec(0_u32..=127, 0..40)) {
            let mut reader = Reader::at(&bytes, 0);
            for width in widths {
                reader.rice(width);
            }
        }
    }
}
