//! A block of a run: units in order of key, each with the bytes of its past.
//!
//! Owns the form of a block. Where blocks lie is the directory's (`runs.rs`). A block fills one page of 4,096 bytes; a past
//! that is longer has a block of its own, of as many pages as it needs. What all keys of a block begin with stands once.
//! The check sum covers every byte, padding too, and where the block belongs: one that was written to another place, or
//! stands in another run's file, is damage.
//!
//! ```text
//! 0  CRC-32 of the run's number (64 bits), the block's first page (32 bits) and all that follows
//! 4  bytes that are used    8  how many units, 16 bits    10  bytes that all keys begin with    11  0
//! 12 those bytes; for each unit the rest of its key, the length of its past (LEB128), its past
//! ```
//! All integers are little-endian, keys big-endian, so that they sort as they stand.

use std::cmp::Ordering;
use std::ops::Range;

/// Bytes of a page.
pub(super) const PAGE: usize = 4_096;
/// Bytes before the keys.
const HEAD: usize = 12;
/// Bytes of a key.
const KEY: usize = 16;
/// A length has as many bytes at most.
const LENGTH: usize = 5;

/// Where a block belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The run's number.
    pub(super) run: u64,
    /// The first page.
    pub(super) page: u32,
}

/// A block in the making.
#[derive(Debug, Default)]
pub(super) struct Builder {
    keys: Vec<u128>,
    lengths: Vec<u32>,
    pasts: Vec<u8>,
    /// Bytes of all lengths, as they will be written.
    lengths_bytes: usize,
}

impl Builder {
    /// Whether one more unit fits into the page; into an empty block anything does.
    pub(super) fn fits(&self, key: u128, past: &[u8]) -> bool {
        let Some(first) = self.keys.first() else { return true };
        let shared = shared(*first, key);
        let cells = (self.keys.len() + 1) * (KEY - shared);
        let past = LENGTH + past.len();
        HEAD + shared + cells + self.lengths_bytes + self.pasts.len() + past <= PAGE
    }

    /// Takes a unit whose key is above all before.
    pub(super) fn put(&mut self, key: u128, past: &[u8]) {
        let length = u32::try_from(past.len()).unwrap_or(u32::MAX);
        self.keys.push(key);
        self.lengths.push(length);
        self.lengths_bytes += length_bytes(length);
        self.pasts.extend_from_slice(past);
    }

    /// The first key; none where the block is empty.
    pub(super) fn first(&self) -> Option<u128> {
        self.keys.first().copied()
    }

    /// Appends the block and begins another; how many pages it has.
    pub(super) fn end(&mut self, place: Place, out: &mut Vec<u8>) -> usize {
        let (Some(first), Some(last)) = (self.keys.first(), self.keys.last()) else { return 0 };
        let common = if self.keys.len() == 1 { KEY } else { shared(*first, *last) };
        let begin = out.len();
        out.extend([0; 8]);
        out.extend(u16::try_from(self.keys.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend([u8::try_from(common).unwrap_or(u8::MAX), 0]);
        out.extend(first.to_be_bytes().iter().take(common));
        let mut pasts = self.pasts.as_slice();
        for (key, length) in self.keys.iter().zip(&self.lengths) {
            out.extend(key.to_be_bytes().iter().skip(common));
            put_length(*length, out);
            let (past, rest) = pasts.split_at_checked(usize::try_from(*length).unwrap_or(0)).unwrap_or_default();
            out.extend_from_slice(past);
            pasts = rest;
        }
        let used = out.len() - begin;
        let pages = used.div_ceil(PAGE);
        out.resize(begin + pages * PAGE, 0);
        let used = u32::try_from(used).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(at) = out.get_mut(begin + 4..begin + 8) {
            at.copy_from_slice(&used);
        }
        let sum = out.get(begin..).map_or(0, |block| checksum(place, block)).to_le_bytes();
        if let Some(at) = out.get_mut(begin..begin + 4) {
            at.copy_from_slice(&sum);
        }
        self.keys.clear();
        self.lengths.clear();
        self.pasts.clear();
        self.lengths_bytes = 0;
        pages
    }
}

/// How many bytes two keys begin with in common.
fn shared(one: u128, other: u128) -> usize {
    usize::try_from((one ^ other).leading_zeros() / 8).unwrap_or(0)
}

fn length_bytes(length: u32) -> usize {
    let bits = u32::BITS - length.leading_zeros();
    usize::try_from(bits.div_ceil(7).max(1)).unwrap_or(LENGTH)
}

fn put_length(length: u32, out: &mut Vec<u8>) {
    let mut left = length;
    while left >= 0x80 {
        out.push(u8::try_from(left & 0x7f).unwrap_or(0) | 0x80);
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap_or(0));
}

/// A length and what follows it.
fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0_u64;
    for (nth, byte) in bytes.iter().take(LENGTH).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(length).ok()?, bytes.get(nth + 1..)?));
        }
    }
    None
}

fn checksum(place: Place, block: &[u8]) -> u32 {
    let mut belongs = [0; 12];
    let (run, page) = belongs.split_at_mut(8);
    run.copy_from_slice(&place.run.to_le_bytes());
    page.copy_from_slice(&place.page.to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&belongs);
    sum.update(block.get(4..).unwrap_or_default());
    sum.finalize()
}

/// A block that holds what was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    common: &'a [u8],
    units: usize,
    cells: &'a [u8],
}

/// One unit's key and past, and the cells behind them.
type Cell<'a> = (u128, &'a [u8], &'a [u8]);

impl<'a> Block<'a> {
    /// Checks and opens the whole pages of a block; `None` where it is damaged.
    pub(super) fn open(place: Place, pages: &'a [u8]) -> Option<Self> {
        let (head, _) = pages.split_first_chunk::<HEAD>()?;
        let [a, b, c, d, u0, u1, u2, u3, n0, n1, common, zero] = *head;
        if u32::from_le_bytes([a, b, c, d]) != checksum(place, pages) || zero != 0 || usize::from(common) > KEY {
            return None;
        }
        let used = usize::try_from(u32::from_le_bytes([u0, u1, u2, u3])).ok()?;
        let (common, cells) = pages.get(HEAD..used)?.split_at_checked(usize::from(common))?;
        Some(Self { common, units: usize::from(u16::from_le_bytes([n0, n1])), cells })
    }

    /// How many units it holds.
    pub(super) const fn units(&self) -> usize {
        self.units
    }

    /// How many of its pages' bytes come before the cells.
    pub(super) const fn cells_at(&self) -> usize {
        HEAD + self.common.len()
    }

    /// What all its keys begin with, the rest zeros.
    pub(super) fn common(&self) -> ([u8; KEY], usize) {
        let mut key = [0; KEY];
        key.iter_mut().zip(self.common).for_each(|(byte, common)| *byte = *common);
        (key, self.common.len())
    }

    /// Where a unit's past lies in the block's pages, `Some(None)` where it is not here; `None` where the cells are not what
    /// a block has.
    pub(super) fn find(&self, key: u128) -> Option<Option<Range<usize>>> {
        let sought = key.to_be_bytes();
        let (common, rest) = sought.split_at_checked(self.common.len())?;
        if common != self.common {
            return Some(None);
        }
        let mut cells = self.cells;
        for _ in 0..self.units {
            let (found, after) = cells.split_at_checked(rest.len())?;
            let (length, after) = take_length(after)?;
            let (past, after) = after.split_at_checked(length)?;
            match found.cmp(rest) {
                Ordering::Less => cells = after,
                Ordering::Equal => {
                    let end = self.cells_at() + self.cells.len() - after.len();
                    return Some(Some(end - past.len()..end));
                }
                Ordering::Greater => return Some(None),
            }
        }
        Some(None)
    }
}

/// The first of some cells whose keys begin with `common`; `None` where they are not what a block has.
pub(super) fn cell<'a>((common, len): ([u8; KEY], usize), cells: &'a [u8]) -> Option<Cell<'a>> {
    let mut key = common;
    let (rest, after) = cells.split_at_checked(KEY.checked_sub(len)?)?;
    key.get_mut(len..)?.copy_from_slice(rest);
    let (length, after) = take_length(after)?;
    let (past, after) = after.split_at_checked(length)?;
    Some((u128::from_be_bytes(key), past, after))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const PLACE: Place = Place { run: 7, page: 3 };

    fn units() -> impl Strategy<Value = BTreeMap<u128, Vec<u8>>> {
        let key = prop_oneof![0_u128..300, any::<u128>(), (0_u128..1 << 20).prop_map(|low| (1 << 120) | low)];
        let past = prop_oneof![
            9 => prop::collection::vec(any::<u8>(), 0..140),
            1 => prop::collection::vec(any::<u8>(), 0..9_000)
        ];
        prop::collection::btree_map(key, past, 1..60)
    }

    /// As many of the units as fit, and their block.
    fn filled(units: &BTreeMap<u128, Vec<u8>>) -> (BTreeMap<u128, Vec<u8>>, Vec<u8>) {
        let mut builder = Builder::default();
        let mut taken = BTreeMap::new();
        for (key, past) in units {
            if !builder.fits(*key, past) {
                let mut fuller = Builder::default();
                taken.iter().chain([(key, past)]).for_each(|(key, past)| fuller.put(*key, past));
                let mut bytes = Vec::new();
                fuller.end(PLACE, &mut bytes);
                let used = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
                assert!(used + LENGTH > PAGE, "there was room for it: {used} bytes");
                break;
            }
            builder.put(*key, past);
            taken.insert(*key, past.clone());
        }
        let mut bytes = Vec::new();
        let pages = builder.end(PLACE, &mut bytes);
        assert!(bytes.len() == pages * PAGE && (pages == 1 || taken.len() == 1), "{pages} pages");
        (taken, bytes)
    }

    #[test]
    fn a_block_is_filled_to_its_page_and_not_beyond_whatever_the_length_of_its_pasts() {
        for length in 100..300 {
            let units = (0..60_u128).map(|key| (key, vec![7; length])).collect();
            let count = filled(&units).0.len();
            assert!(count >= (PAGE - 64) / (length + 5), "{count} of {length} bytes each, whose keys take a byte");
        }
    }

    proptest! {
        #[test]
        fn a_block_holds_what_was_written_and_nothing_else(units in units(), others in prop::collection::vec(any::<u128>(), 8)) {
            let (taken, bytes) = filled(&units);
            let block = Block::open(PLACE, &bytes).unwrap();
            prop_assert_eq!(block.units(), taken.len());
            for key in taken.keys().flat_map(|key| [*key, key.wrapping_sub(1), key.wrapping_add(1)]).chain(others) {
                let found = block.find(key).unwrap().map(|found| &bytes[found]);
                prop_assert_eq!(found, taken.get(&key).map(Vec::as_slice));
            }
            let mut cells = &bytes[block.cells_at()..];
            for (key, past) in &taken {
                let (found, bytes, after) = cell(block.common(), cells).unwrap();
                prop_assert_eq!((found, bytes), (*key, past.as_slice()));
                cells = after;
            }
        }

        #[test]
        fn a_flipped_bit_or_another_place_is_found(units in units(), at in any::<prop::sample::Index>()) {
            let (_, mut bytes) = filled(&units);
            for elsewhere in [Place { page: 4, ..PLACE }, Place { run: 8, ..PLACE }] {
                prop_assert!(Block::open(elsewhere, &bytes).is_none());
            }
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Block::open(PLACE, &bytes).is_none());
        }

        #[test]
        fn any_bytes_are_a_block_or_none(mut bytes in prop::collection::vec(any::<u8>(), 0..600), key in any::<u128>()) {
            let sum = checksum(PLACE, &bytes).to_le_bytes();
            bytes.iter_mut().zip(sum).for_each(|(byte, sum)| *byte = sum);
            if let Some(byte) = bytes.get_mut(11) {
                *byte = 0;
            }
            if let Some(block) = Block::open(PLACE, &bytes) {
                assert!(block.find(key).is_none_or(|found| found.is_none_or(|past| past.end <= bytes.len())));
                cell(block.common(), block.cells);
            }
        }
    }
}
