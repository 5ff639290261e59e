//! The user data header in front of a part (3GPP TS 23.040 §9.2.3.24): where it ends and what of it matters here.
//!
//! Reads the place in a long message, the national tables and whether an application is meant; skips everything else.
//! Makes the headers of our own parts.

use bytes::Bytes;

use super::gsm::{National, Shifts};
use crate::message::Sar;

/// Concatenation with a reference of 8 bits (§9.2.3.24.1).
const CONCATENATED_8: u8 = 0x00;
/// Ports of 8 and of 16 bits (§9.2.3.24.3, .4): the message is for an application and not for people.
const PORTS: [u8; 2] = [0x04, 0x05];
/// Concatenation with a reference of 16 bits (§9.2.3.24.8).
const CONCATENATED_16: u8 = 0x08;
/// National single shift (§9.2.3.24.15).
const SINGLE_SHIFT: u8 = 0x24;
/// National locking shift (§9.2.3.24.16).
const LOCKING_SHIFT: u8 = 0x25;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Header {
    /// Its octets, the length octet included.
    pub(super) octets: usize,
    /// Where the part stands in a long message. As said; whether it can be is for the reader.
    pub(super) place: Option<Sar>,
    /// The tables of its septets.
    pub(super) shifts: Shifts,
    /// It is meant for an application.
    pub(super) application: bool,
}

/// Reads the header in front of a body. `None` where its length octet reaches beyond the body: then there is none, and
/// the sender only said so. An element that reaches beyond the header ends the reading, not the message.
#[must_use]
pub(super) fn read(body: &[u8]) -> Option<Header> {
    let (&length, rest) = body.split_first()?;
    let mut elements = rest.get(..usize::from(length))?;
    let mut header = Header { octets: usize::from(length) + 1, ..Header::default() };
    while let [identifier, length, rest @ ..] = elements {
        let Some((value, behind)) = rest.split_at_checked(usize::from(*length)) else { break };
        match (*identifier, value) {
            (CONCATENATED_8, &[reference, total, part]) => {
                header.place = Some(Sar { reference: u16::from(reference), total, part });
            }
            (CONCATENATED_16, &[high, low, total, part]) => {
                header.place = Some(Sar { reference: u16::from_be_bytes([high, low]), total, part });
            }
            (SINGLE_SHIFT, &[language]) => header.shifts.single = National::from_identifier(language),
            (LOCKING_SHIFT, &[language]) => header.shifts.locking = National::from_identifier(language),
            (identifier, _) if PORTS.contains(&identifier) => header.application = true,
            _ => {}
        }
        elements = behind;
    }
    Some(header)
}

/// The header of a part whose reference has 8 bits.
#[must_use]
pub(super) fn concatenated_8(place: Sar) -> Bytes {
    let [_, reference] = place.reference.to_be_bytes();
    Bytes::copy_from_slice(&[5, CONCATENATED_8, 3, reference, place.total, place.part])
}

/// The header of a part whose reference has 16 bits.
#[must_use]
pub(super) fn concatenated_16(place: Sar) -> Bytes {
    let [high, low] = place.reference.to_be_bytes();
    Bytes::copy_from_slice(&[6, CONCATENATED_16, 4, high, low, place.total, place.part])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_references_are_read_and_what_is_not_known_is_skipped() {
        let place = Sar { reference: 0x1234, total: 3, part: 2 };
        let header = read(&concatenated_16(place)).unwrap();
        assert_eq!((header.octets, header.place), (7, Some(place)));
        let header = read(&concatenated_8(place)).unwrap();
        assert_eq!((header.octets, header.place), (6, Some(Sar { reference: 0x34, ..place })));
        let header = read(&[0x0d, 0x70, 0x02, 1, 2, 0x00, 0x03, 9, 2, 1, 0x25, 0x01, 0x01, 0x24, b'x']).unwrap();
        assert_eq!(header.place, Some(Sar { reference: 9, total: 2, part: 1 }));
        assert_eq!(header.shifts, Shifts { locking: National::Turkish, single: National::Basic });
    }

    #[test]
    fn a_length_that_lies_makes_no_header_and_an_element_that_lies_is_not_read() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[5, 0, 3, 1, 2]), None);
        let header = read(&[5, 0, 9, 1, 2, 1, b'x']).unwrap();
        assert_eq!((header.octets, header.place), (6, None));
        let header = read(&[3, 0, 1, 9, b'x']).unwrap();
        assert_eq!(header.place, None, "an element of the wrong length");
    }

    #[test]
    fn ports_mean_an_application() {
        assert!(read(&[6, 5, 4, 0x0b, 0x84, 0x23, 0xf0]).unwrap().application);
    }

    proptest! {
        #[test]
        fn a_header_never_reaches_beyond_the_body(body in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(header) = read(&body) {
                prop_assert!(header.octets <= body.len());
            }
        }
    }
}
