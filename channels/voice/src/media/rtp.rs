//! RTP (RFC 3550): the packet, read from and written to octets.
//!
//! Owns the header and where the payload lies. Keeps no state; statistics are in `stats.rs`.

/// Octets of the header without extensions.
pub const HEADER: usize = 12;

/// The longest packet we read: a payload of 60 ms and every optional part fit many times.
pub const LONGEST: usize = 1_500;

/// One packet, with its payload where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The payload type, 0 to 127.
    pub payload_type: u8,
    /// The marker bit: no decision is ever based on it, since half of the world does not set it.
    pub marker: bool,
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp, in the payload type's clock.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
    /// The payload, without padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads one packet. `None` for what is no RTP: another version, RTCP (RFC 5761 §4), lengths that lie.
    #[must_use]
    pub fn read(octets: &'a [u8]) -> Option<Self> {
        let (header, rest) = octets.split_first_chunk::<HEADER>()?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *header;
        if first >> 6 != 2 || (192..=223).contains(&second) {
            return None;
        }
        let mut rest = rest.get(usize::from(first & 0x0F) * 4..)?;
        if first & 0x10 != 0 {
            let (&[_, _, l0, l1], behind) = rest.split_first_chunk::<4>()?;
            rest = behind.get(usize::from(u16::from_be_bytes([l0, l1])) * 4..)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            let kept = rest.len().checked_sub(padding).filter(|_| padding > 0)?;
            rest = rest.get(..kept)?;
        }
        Some(Self {
            payload_type: second & 0x7F,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            payload: rest,
        })
    }

    /// Appends the packet to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.reserve(HEADER + self.payload.len());
        out.push(0x80);
        out.push((self.payload_type & 0x7F) | if self.marker { 0x80 } else { 0 });
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extension_sources_and_padding_are_skipped() {
        let octets = [
            0xB1, 0x88, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4, // header: padding, extension, one source; marker, type 8
            9, 9, 9, 9, // the source
            0xBE, 0xDE, 0, 1, 1, 2, 3, 4, // the extension
            0xD5, 0xD4, 0, 0, 3, // payload and padding
        ];
        let packet = Packet::read(&octets).unwrap();
        assert_eq!((packet.payload_type, packet.marker, packet.sequence), (8, true, 7));
        assert_eq!((packet.timestamp, packet.ssrc, packet.payload), (160, 0x0102_0304, &[0xD5, 0xD4][..]));
    }

    #[test]
    fn lengths_that_lie_and_other_protocols_are_no_packet() {
        let mut whole = Vec::new();
        Packet { payload_type: 0, marker: false, sequence: 1, timestamp: 2, ssrc: 3, payload: &[] }.write(&mut whole);
        for cut in 0..whole.len() {
            assert_eq!(Packet::read(&whole[..cut]), None);
        }
        for (place, value) in [(0, 0x81), (0, 0x90), (0, 0xA0), (0, 0x40), (1, 200), (1, 201)] {
            let mut broken = whole.clone();
            broken[place] = value;
            assert_eq!(Packet::read(&broken), None, "octet {place} is {value:#x}");
        }
        let mut all_padding = whole;
        all_padding[0] = 0xA0;
        all_padding.push(0);
        assert_eq!(Packet::read(&all_padding), None, "padding of no octets");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(kind in 0_u8..64, marker: bool, sequence: u16, timestamp: u32, ssrc: u32,
                                   payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let packet = Packet { payload_type: kind, marker, sequence, timestamp, ssrc, payload: &payload };
            let mut octets = Vec::new();
            packet.write(&mut octets);
            prop_assert_eq!(Packet::read(&octets), Some(packet));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(Packet::read(&octets).is_none_or(|packet| packet.payload.len() + HEADER <= octets.len()));
        }
    }
}
