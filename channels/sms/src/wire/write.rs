//! Octets of one PDU appended to a buffer, its length filled in at the end.

use super::pdu::MOST_SHORT;
use super::status::Status;

/// A PDU being written.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>, id: u32, status: Status, sequence: u32) -> Self {
        let begin = out.len();
        for word in [0, id, status.0, sequence] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        Self { out, begin }
    }

    pub(super) fn octets(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    /// A string of at most so many octets, and its NUL. What Latin-1 has not is written as `?`.
    pub(super) fn string(&mut self, text: &str, most: usize) {
        let octets = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
        self.out.extend(octets.take_while(|octet| *octet != 0).take(most));
        self.out.push(0);
    }

    /// `sm_length` and `short_message`.
    pub(super) fn short(&mut self, body: &[u8]) {
        let body = body.get(..MOST_SHORT).unwrap_or(body);
        self.out.push(u8::try_from(body.len()).unwrap_or(0));
        self.octets(body);
    }

    /// An optional parameter; one that is longer than its length can say is left out.
    pub(super) fn tlv(&mut self, tag: u16, value: &[u8]) {
        let Ok(length) = u16::try_from(value.len()) else { return };
        self.octets(&tag.to_be_bytes());
        self.octets(&length.to_be_bytes());
        self.octets(value);
    }

    pub(super) fn end(self) {
        let length = u32::try_from(self.out.len().saturating_sub(self.begin)).unwrap_or(u32::MAX);
        if let Some(place) = self.out.get_mut(self.begin..).and_then(|pdu| pdu.first_chunk_mut::<4>()) {
            *place = length.to_be_bytes();
        }
    }
}
