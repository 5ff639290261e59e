//! Where the blocks of a run lie.
//!
//! On disk an entry for each block: its first key and its first page. In memory are all of them where they are few. Of more
//! it is one of every thirty-two, with a sum of those that follow it: a past costs one short read more then, and memory grows
//! with the units in runs, not with how long their pasts are. Owns the form of the entries and what is held of them; reads
//! and writes no file (`runs.rs`, `write.rs`).

use super::in_memory;

/// Every so many blocks one is held.
pub(super) const STRIDE: usize = 32;
/// Bytes of an entry: first key, big-endian, and first page, little-endian.
pub(super) const ENTRY: usize = 16 + 4;
/// Bytes of so many entries.
pub(super) const STRIDE_BYTES: usize = STRIDE * ENTRY;

/// Entries of so many blocks are all held, five megabytes of a run of some eighteen million units. Tests have no such runs,
/// and read both kinds.
const FEW: usize = if cfg!(test) { 64 } else { 1 << 18 };

/// The first of some blocks, and the sum of all their entries.
#[derive(Debug, Clone, Copy)]
struct Stride {
    first: [u8; 16],
    start: u32,
    sum: u32,
}

/// The directory of a run, as it is held in memory.
#[derive(Debug, Default)]
pub(super) struct Directory {
    strides: Vec<Stride>,
    /// The entries of all blocks, where they are few.
    all: Option<Vec<u8>>,
    blocks: usize,
    /// The last block's first key and first page.
    newest: Option<(u128, u32)>,
    /// Pages of all blocks.
    pub(super) pages: u32,
    /// The last key of the run.
    pub(super) last: u128,
}

impl Directory {
    /// Room for so many blocks.
    pub(super) fn of(blocks: u32, pages: u32, last: u128) -> Self {
        let blocks = in_memory(blocks);
        let strides = Vec::with_capacity(blocks.div_ceil(STRIDE));
        let all = (blocks <= FEW).then(|| Vec::with_capacity(blocks * ENTRY));
        Self { strides, all, blocks: 0, newest: None, pages, last }
    }

    /// Takes the entries of the next blocks: of a whole stride, or of the last; whether they may follow those before.
    pub(super) fn push(&mut self, entries: &[u8]) -> bool {
        let Some((first, start)) = entries.first_chunk::<ENTRY>().map(entry) else { return false };
        self.strides.push(Stride { first: first.to_be_bytes(), start, sum: crc32fast::hash(entries) });
        for (first, start) in entries.as_chunks::<ENTRY>().0.iter().map(entry) {
            let follows = self.newest.map_or(start == 0, |(before, at)| first > before && start > at);
            if !follows || start >= self.pages || first > self.last {
                return false;
            }
            self.newest = Some((first, start));
            self.blocks += 1;
        }
        if let Some(all) = &mut self.all {
            all.extend_from_slice(entries);
        }
        true
    }

    /// How many strides there are.
    pub(super) const fn strides(&self) -> usize {
        self.strides.len()
    }

    /// The one stride in whose blocks a key can be.
    pub(super) fn of_key(&self, key: u128) -> Option<usize> {
        if key > self.last {
            return None;
        }
        let key = key.to_be_bytes();
        self.strides.partition_point(|stride| stride.first <= key).checked_sub(1)
    }

    /// How many bytes the entries of a stride have; they begin at its number times [`STRIDE_BYTES`].
    pub(super) const fn bytes(&self, stride: usize) -> usize {
        let before = stride.saturating_mul(STRIDE);
        let left = self.blocks.saturating_sub(before);
        ENTRY * if left < STRIDE { left } else { STRIDE }
    }

    /// The entries of a stride, if they are held.
    pub(super) fn held(&self, stride: usize) -> Option<Entries> {
        let held = self.all.as_ref()?.chunks(STRIDE_BYTES).nth(stride)?;
        let mut bytes = [0; STRIDE_BYTES];
        bytes.get_mut(..held.len())?.copy_from_slice(held);
        Some(self.stride(stride, bytes))
    }

    /// The entries of a stride, from its bytes; `None` where they are not what was written.
    pub(super) fn entries(&self, stride: usize, bytes: [u8; STRIDE_BYTES]) -> Option<Entries> {
        let sum = self.strides.get(stride)?.sum;
        (crc32fast::hash(bytes.get(..self.bytes(stride))?) == sum).then(|| self.stride(stride, bytes))
    }

    fn stride(&self, stride: usize, bytes: [u8; STRIDE_BYTES]) -> Entries {
        let end = self.strides.get(stride + 1).map_or(self.pages, |next| next.start);
        Entries { bytes, len: self.bytes(stride) / ENTRY, end }
    }
}

/// An entry of a block.
pub(super) fn written(first: u128, start: u32) -> [u8; ENTRY] {
    let mut bytes = [0; ENTRY];
    let (key, page) = bytes.split_at_mut(16);
    key.copy_from_slice(&first.to_be_bytes());
    page.copy_from_slice(&start.to_le_bytes());
    bytes
}

fn entry(bytes: &[u8; ENTRY]) -> (u128, u32) {
    let [key @ .., a, b, c, d] = *bytes;
    (u128::from_be_bytes(key), u32::from_le_bytes([a, b, c, d]))
}

/// The entries of a stride.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entries {
    bytes: [u8; STRIDE_BYTES],
    len: usize,
    /// Where the last block ends.
    end: u32,
}

impl Entries {
    /// First key and first page of each block.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> {
        self.bytes.as_chunks::<ENTRY>().0.iter().take(self.len).map(entry)
    }

    /// First page and pages of a block.
    pub(super) fn block(&self, nth: usize) -> Option<(u32, u32)> {
        let mut entries = self.iter().skip(nth);
        let (_, start) = entries.next()?;
        let end = entries.next().map_or(self.end, |(_, start)| start);
        Some((start, end.checked_sub(start)?))
    }

    /// First page and pages of the one block that can hold a key.
    pub(super) fn of_key(&self, key: u128) -> Option<(u32, u32)> {
        self.block(self.iter().take_while(|(first, _)| *first <= key).count().checked_sub(1)?)
    }
}

/// The directory of a run in the making: of every block, how far its first key and its first page are above those of the one
/// before, each as LEB128. A fifth of the memory that the entries would take.
#[derive(Debug, Default)]
pub(super) struct Draft {
    steps: Vec<u8>,
    blocks: usize,
    newest: (u128, u32),
}

impl Draft {
    /// Takes the next block; first keys and first pages rise.
    pub(super) fn push(&mut self, first: u128, start: u32) {
        put(first.wrapping_sub(self.newest.0), &mut self.steps);
        put(u128::from(start.wrapping_sub(self.newest.1)), &mut self.steps);
        self.blocks += 1;
        self.newest = (first, start);
    }

    /// How many blocks.
    pub(super) const fn len(&self) -> usize {
        self.blocks
    }

    /// First key and first page of every block.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> {
        let mut steps = self.steps.as_slice();
        let mut newest = (0_u128, 0_u32);
        std::iter::from_fn(move || {
            let (above, pages) = (take(&mut steps)?, take(&mut steps)?);
            newest = (newest.0.wrapping_add(above), newest.1.wrapping_add(u32::try_from(pages).ok()?));
            Some(newest)
        })
    }
}

fn put(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
}

fn take(bytes: &mut &[u8]) -> Option<u128> {
    let (mut value, mut shift) = (0_u128, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u128::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn blocks() -> impl Strategy<Value = BTreeMap<u128, u32>> {
        let key = prop_oneof![any::<u128>(), 0_u128..5_000, (0_u128..1 << 40).prop_map(|low| (7 << 100) | low)];
        prop::collection::btree_map(key, 1_u32..4, 1..120)
    }

    fn bytes(list: &[(u128, u32, u32)]) -> Vec<u8> {
        list.iter().flat_map(|(first, start, _)| written(*first, *start)).collect()
    }

    proptest! {
        #[test]
        fn a_directory_says_what_a_list_would(blocks in blocks(), beyond in any::<u64>(), others in prop::collection::vec(any::<u128>(), 8)) {
            let (mut list, mut draft, mut pages) = (Vec::new(), Draft::default(), 0);
            for (first, of_block) in &blocks {
                draft.push(*first, pages);
                list.push((*first, pages, *of_block));
                pages += of_block;
            }
            prop_assert!(draft.iter().eq(list.iter().map(|(first, start, _)| (*first, *start))));
            let last = list[list.len() - 1].0.saturating_add(u128::from(beyond));
            let mut directory = Directory::of(u32::try_from(draft.len()).unwrap(), pages, last);
            let bytes = bytes(&list);
            prop_assert!(bytes.chunks(STRIDE_BYTES).all(|entries| directory.push(entries)));
            let entries = |stride: usize| {
                let mut read = [0; STRIDE_BYTES];
                let len = directory.bytes(stride);
                read[..len].copy_from_slice(&bytes[stride * STRIDE_BYTES..][..len]);
                let read = directory.entries(stride, read).unwrap();
                let held = directory.held(stride);
                assert_eq!(held, (list.len() <= FEW).then(|| read.clone()));
                read
            };
            for (nth, (_, start, pages)) in list.iter().enumerate() {
                prop_assert_eq!(entries(nth / STRIDE).block(nth % STRIDE), Some((*start, *pages)));
            }
            prop_assert_eq!(directory.strides(), list.len().div_ceil(STRIDE));
            let near = list.iter().flat_map(|(first, ..)| [*first, first.wrapping_sub(1), first.wrapping_add(1)]);
            for key in near.chain(others).chain([0, u128::MAX, last]) {
                let holds = list.iter().rev().find(|(first, ..)| *first <= key).filter(|_| key <= last);
                let found = directory.of_key(key).and_then(|stride| entries(stride).of_key(key));
                prop_assert_eq!(found, holds.map(|(_, start, pages)| (*start, *pages)));
            }
        }
    }

    #[test]
    fn entries_out_of_order_or_beyond_the_run_are_told() {
        for (second, pages) in [((7, 1), 2), ((6, 1), 2), ((8, 0), 2), ((8, 1), 1), ((10, 1), 2)] {
            let mut directory = Directory::of(2, pages, 9);
            let entries = [written(7, 0), written(second.0, second.1)].concat();
            assert!(!directory.push(&entries), "{second:?} of {pages}");
            let mut directory = Directory::of(2, pages, 9);
            assert!(directory.push(&written(7, 0)));
            assert!(!directory.push(&written(second.0, second.1)), "{second:?} of {pages}");
        }
        assert!(!Directory::of(1, 2, 9).push(&written(7, 1)), "the first block is the first page");
        assert!(!Directory::of(1, 2, 9).push(&[]));
    }

    #[test]
    fn entries_that_are_not_what_was_written_are_told() {
        let mut directory = Directory::of(2, 2, 9);
        let sound = [written(3, 0), written(7, 1)].concat();
        assert!(directory.push(&sound));
        let mut read = [0; STRIDE_BYTES];
        read[..sound.len()].copy_from_slice(&sound);
        assert!(directory.entries(0, read).is_some() && directory.entries(1, read).is_none());
        for at in 0..sound.len() * 8 {
            let mut broken = read;
            broken[at / 8] ^= 1 << (at % 8);
            assert!(directory.entries(0, broken).is_none(), "bit {at}");
        }
    }
}
