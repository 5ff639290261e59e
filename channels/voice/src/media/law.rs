//! G.711: µ-law and A-law, eight bits to a sample.
//!
//! Owns both companding laws in both directions. Does not resample and knows nothing of packets.

use std::fmt;

/// The two companding laws (ITU-T G.711), by their static RTP payload types (RFC 3551 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// PCMU: North America, Japan, Hong Kong's older trunks.
    Mu,
    /// PCMA: everywhere else.
    A,
}

impl Law {
    /// Both laws.
    pub const ALL: [Self; 2] = [Self::Mu, Self::A];

    /// The static payload type.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Mu => 0,
            Self::A => 8,
        }
    }

    /// The name in session descriptions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mu => "PCMU",
            Self::A => "PCMA",
        }
    }

    /// The law of a name in a session description.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|law| name.eq_ignore_ascii_case(law.name()))
    }

    /// The octet that is silence.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// One octet as a linear sample of 16 bits.
    #[must_use]
    pub fn decode(self, octet: u8) -> i16 {
        let table = match self {
            Self::Mu => &MU,
            Self::A => &A,
        };
        table.get(usize::from(octet)).copied().unwrap_or_default()
    }

    /// A linear sample of 16 bits as one octet.
    #[must_use]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

static MU: [i16; 256] = table(true);
static A: [i16; 256] = table(false);

#[expect(clippy::indexing_slicing, reason = "an index below 256 into 256 values, while compiling")]
#[expect(clippy::cast_possible_truncation, reason = "an index below 256")]
const fn table(mu: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0_usize;
    while octet < 256 {
        table[octet] = if mu { decode_mu(octet as u8) } else { decode_a(octet as u8) };
        octet += 1;
    }
    table
}

/// The bias that makes every µ-law segment a power of two.
const BIAS: i16 = 0x84;

const fn decode_mu(octet: u8) -> i16 {
    let bits = !octet;
    let segment = (bits >> 4) & 0x07;
    let magnitude = ((((bits & 0x0F) as i16) << 3) + BIAS) << segment;
    if bits & 0x80 == 0 { magnitude - BIAS } else { BIAS - magnitude }
}

#[expect(clippy::cast_possible_truncation, reason = "three bits of segment and four of step")]
const fn encode_mu(sample: i16) -> u8 {
    let sign: u8 = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs();
    let magnitude = if magnitude > 32_635 { 32_635 } else { magnitude } + BIAS as u16;
    let segment = (15 - magnitude.leading_zeros()).saturating_sub(7);
    let step = (magnitude >> (segment + 3)) & 0x0F;
    !(sign | ((segment as u8) << 4) | step as u8)
}

const fn decode_a(octet: u8) -> i16 {
    let bits = octet ^ 0x55;
    let segment = (bits >> 4) & 0x07;
    let step = ((bits & 0x0F) as i16) << 4;
    let magnitude = match segment {
        0 => step + 8,
        1 => step + 0x108,
        _ => (step + 0x108) << (segment - 1),
    };
    if bits & 0x80 == 0 { -magnitude } else { magnitude }
}

#[expect(clippy::cast_possible_truncation, reason = "three bits of segment and four of step")]
const fn encode_a(sample: i16) -> u8 {
    // A negative sample is taken one's complement, so that -1 and 0 fall into the two smallest steps.
    let (sign, magnitude) = if sample < 0 { (0, !sample) } else { (0x80_u8, sample) };
    let magnitude = magnitude.unsigned_abs() >> 4;
    let octet = if magnitude < 16 {
        magnitude as u8
    } else {
        let segment = (15 - magnitude.leading_zeros()) - 3;
        let step = (magnitude >> (segment - 1)) & 0x0F;
        ((segment as u8) << 4) | step as u8
    };
    (sign | octet) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for law in Law::ALL {
            for octet in 0..=u8::MAX {
                let back = law.encode(law.decode(octet));
                // µ-law has two zeros, which are one sound.
                assert!(back == octet || law.decode(back) == law.decode(octet), "{law} {octet:#x} became {back:#x}");
            }
        }
    }

    #[test]
    fn values_of_the_standard_come_out() {
        assert_eq!(Law::Mu.decode(0x00), -32_124);
        assert_eq!(Law::Mu.decode(0x80), 32_124);
        assert_eq!(Law::Mu.decode(0xFF), 0);
        assert_eq!(Law::A.decode(0xD5), 8);
        assert_eq!(Law::A.decode(0x2A), -32_256);
        assert_eq!(Law::A.decode(0xAA), 32_256);
        assert_eq!(Law::Mu.encode(0), Law::Mu.silence());
        assert_eq!(Law::A.encode(0), Law::A.silence());
    }

    #[test]
    fn a_sample_comes_back_within_a_step_of_its_segment() {
        for law in Law::ALL {
            for sample in (i16::MIN..=i16::MAX).step_by(7) {
                let back = i32::from(law.decode(law.encode(sample)));
                let allowed = 16 + i32::from(sample).abs() / 16;
                assert!((back - i32::from(sample)).abs() <= allowed, "{law}: {sample} became {back}");
            }
        }
    }
}
