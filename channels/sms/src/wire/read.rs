//! Octets read one field after another, never beyond their end.

use std::ops::Range;

use super::pdu::MOST_STRING;

/// What is left of a frame to read.
#[derive(Debug)]
pub(super) struct Octets<'a> {
    all: &'a [u8],
    at: usize,
    cut: Option<u16>,
}

impl<'a> Octets<'a> {
    pub(super) const fn of(all: &'a [u8]) -> Self {
        Self { all, at: 0, cut: None }
    }

    pub(super) fn skip(&mut self, octets: usize) {
        self.at = self.at.saturating_add(octets).min(self.all.len());
    }

    fn rest(&self) -> &'a [u8] {
        self.all.get(self.at..).unwrap_or_default()
    }

    /// The octets at a range that [`Octets::take`] or [`Octets::tlv`] gave.
    pub(super) fn at(&self, range: Range<usize>) -> &'a [u8] {
        self.all.get(range).unwrap_or_default()
    }

    pub(super) fn take(&mut self, octets: usize) -> Option<Range<usize>> {
        if self.rest().len() < octets {
            return None;
        }
        let begin = self.at;
        self.at += octets;
        Some(begin..self.at)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        let value = *self.rest().first()?;
        self.at += 1;
        Some(value)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let value = *self.rest().first_chunk::<2>()?;
        self.at += 2;
        Some(u16::from_be_bytes(value))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let value = *self.rest().first_chunk::<4>()?;
        self.at += 4;
        Some(u32::from_be_bytes(value))
    }

    /// A string up to its NUL, or to the end of the frame where that is missing; `None` where nothing at all is left or
    /// it is longer than any. Octets are read as Latin-1, so that every one of them can be written back.
    pub(super) fn string(&mut self) -> Option<String> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|octet| *octet == 0).unwrap_or(rest.len());
        if end > MOST_STRING {
            return None;
        }
        self.skip(end + 1);
        Some(rest.iter().take(end).map(|octet| char::from(*octet)).collect())
    }

    /// The next optional parameter; `None` behind the last whole one.
    pub(super) fn tlv(&mut self) -> Option<(u16, Range<usize>)> {
        let (tag, length) = (self.u16()?, self.u16()?);
        let value = self.take(length.into());
        if value.is_none() {
            self.cut = Some(tag);
            self.at = self.all.len();
        }
        Some((tag, value?))
    }

    /// The tag of the parameter that ran beyond the end.
    pub(super) const fn cut(&self) -> Option<u16> {
        self.cut
    }
}
