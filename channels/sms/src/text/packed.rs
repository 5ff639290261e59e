//! Septets packed into octets, as on the air (3GPP TS 23.038 §6.1.2): some carriers send them so by SMPP too.
//!
//! Knows no alphabet.

/// Unpacks all septets there are behind `fill` bits (0 to 6). Seven bits that are left over at the end are padding where
/// they are zero, and so is a carriage return that ends on an octet: both stand where a sender had nothing to say.
#[must_use]
pub(super) fn unpack(octets: &[u8], fill: u8) -> Vec<u8> {
    let fill = u32::from(fill % 7);
    let mut septets = Vec::with_capacity(octets.len() + octets.len() / 7);
    let mut held: u32 = 0;
    let mut bits: u32 = 0;
    let mut skip = fill;
    for &octet in octets {
        held |= u32::from(octet) << bits;
        bits += 8;
        if skip > 0 {
            held >>= skip;
            bits -= skip;
            skip = 0;
        }
        while bits >= 7 {
            septets.push(u8::try_from(held & 0x7f).unwrap_or(0));
            held >>= 7;
            bits -= 7;
        }
    }
    let whole = bits == 0;
    if whole && matches!(septets.last(), Some(0 | b'\r')) {
        septets.pop();
    }
    septets
}

/// Packs septets behind `fill` zero bits (0 to 6). Seven bits that would be left over carry a carriage return
/// (§6.1.2.3.1), lest they be read as `@`.
#[must_use]
pub(super) fn pack(septets: &[u8], fill: u8) -> Vec<u8> {
    let mut octets = Vec::with_capacity(septets.len() - septets.len() / 8 + 1);
    let mut held: u32 = 0;
    let mut bits = u32::from(fill % 7);
    let mut take = |septet: u8, octets: &mut Vec<u8>| {
        held |= u32::from(septet & 0x7f) << bits;
        bits += 7;
        while bits >= 8 {
            octets.push(u8::try_from(held & 0xff).unwrap_or(0));
            held >>= 8;
            bits -= 8;
        }
        bits
    };
    let mut left = u32::from(fill % 7);
    for &septet in septets {
        left = take(septet, &mut octets);
    }
    if left == 1 {
        left = take(b'\r', &mut octets);
    }
    if left > 0 {
        take(0, &mut octets);
    }
    octets
}

/// The bits between a header of so many octets and the septet behind it.
#[must_use]
pub(super) fn fill_bits(header: usize) -> u8 {
    u8::try_from((7 - header * 8 % 7) % 7).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_word_of_every_textbook_packs_as_there() {
        let packed = [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        assert_eq!(pack(b"hellohello", 0), packed);
        assert_eq!(unpack(&packed, 0), b"hellohello");
    }

    #[test]
    fn the_header_of_a_part_leaves_one_bit_to_fill_and_a_longer_one_none() {
        assert_eq!((fill_bits(6), fill_bits(7), fill_bits(0)), (1, 0, 0));
        assert_eq!(pack(b"A", 1), [0x82]);
        assert_eq!(unpack(&[0x82], 1), b"A");
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(mut septets in prop::collection::vec(0_u8..128, 0..200), fill in 0_u8..7) {
            let packed = pack(&septets, fill);
            // An `@` or a return that fills the last octet cannot be told from padding.
            let bits = usize::from(fill) + septets.len() * 7;
            if bits.is_multiple_of(8) && matches!(septets.last(), Some(0 | b'\r')) {
                septets.pop();
            }
            prop_assert_eq!(unpack(&packed, fill), septets);
        }

        #[test]
        fn any_octets_unpack(octets in prop::collection::vec(any::<u8>(), 0..300), fill in any::<u8>()) {
            prop_assert!(unpack(&octets, fill).len() <= octets.len() * 8 / 7);
        }
    }
}
