//! IMA ADPCM (Interactive Multimedia Association, Recommended Practices, 1992): four bits a sample, low nibble first.
//!
//! Decodes alone; `scripts/prompts` encodes.

const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107,
    118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963,
    1_060, 1_166, 1_282, 1_411, 1_552, 1_707, 1_878, 2_066, 2_272, 2_499, 2_749, 3_024, 3_327, 3_660, 4_026, 4_428,
    4_871, 5_358, 5_894, 6_484, 7_132, 7_845, 8_630, 9_493, 10_442, 11_487, 12_635, 13_899, 15_289, 16_818, 18_500,
    20_350, 22_385, 24_623, 27_086, 29_794, 32_767,
];

const CHANGES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// At most `samples` samples.
pub(super) fn decode(coded: &[u8], samples: usize) -> Vec<i16> {
    let (mut value, mut index) = (0_i32, 0_i32);
    let nibbles = coded.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]).take(samples);
    nibbles
        .map(|nibble| {
            let at = |table: &[i32], index: usize| table.get(index).copied().unwrap_or_default();
            let step = at(&STEPS, usize::try_from(index).unwrap_or_default());
            let size = i32::from(nibble & 0x07);
            let change = (2 * size + 1) * step / 8;
            value += if nibble & 0x08 == 0 { change } else { -change };
            value = value.clamp(i16::MIN.into(), i16::MAX.into());
            index = (index + at(&CHANGES, usize::from(nibble & 0x07))).clamp(0, 88);
            i16::try_from(value).unwrap_or_default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_octets_are_some_sound_of_the_length_asked_for() {
        let coded: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(decode(&coded, 300).len(), 300);
        assert_eq!(decode(&coded, 10_000).len(), 512);
        assert_eq!(decode(&[0x00, 0x80], 3), [0, 0, 0]);
        assert_eq!(decode(&[0x77; 20], 40).last(), Some(&i16::MAX));
    }
}
