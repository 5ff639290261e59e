//! Where the blocks of a run lie, as it is held in memory.
//!
//! Keys rise, and those of neighbouring blocks lie close together: each block is held as what its first key and its first page
//! are above those of the block before it, and every sixteenth whole besides. Finding one is a search among the whole ones and
//! at most sixteen additions, and takes a third of the memory of whole keys. Owns nothing on disk: there every entry is whole
//! (`write.rs`).

/// Every so many blocks one is held whole.
const STRIDE: usize = 16;

/// A block that is held whole, and where what follows it begins in `steps`.
#[derive(Debug, Clone, Copy)]
struct Whole {
    first: u128,
    start: u32,
    at: usize,
}

/// The directory of a run.
#[derive(Debug, Default)]
pub(super) struct Directory {
    whole: Vec<Whole>,
    /// Of every block, how far its first key and its first page are above those of the one before, each as LEB128.
    steps: Vec<u8>,
    blocks: usize,
    /// The newest block's first key and first page.
    newest: (u128, u32),
    /// Pages of all blocks.
    pub(super) pages: u32,
    /// The last key of the run.
    pub(super) last: u128,
}

impl Directory {
    /// Takes the next block; whether its first key and its first page are above those of the one before.
    pub(super) fn push(&mut self, first: u128, start: u32) -> bool {
        let is_above = self.blocks == 0 || (first > self.newest.0 && start > self.newest.1);
        put(first.wrapping_sub(self.newest.0), &mut self.steps);
        put(u128::from(start.wrapping_sub(self.newest.1)), &mut self.steps);
        if self.blocks.is_multiple_of(STRIDE) {
            self.whole.push(Whole { first, start, at: self.steps.len() });
        }
        self.blocks += 1;
        self.newest = (first, start);
        is_above
    }

    /// Gives back what was reserved for more blocks.
    pub(super) fn close(&mut self) {
        self.whole.shrink_to_fit();
        self.steps.shrink_to_fit();
    }

    /// How many blocks.
    pub(super) const fn len(&self) -> usize {
        self.blocks
    }

    /// First key and first page of the last block.
    pub(super) const fn newest(&self) -> (u128, u32) {
        self.newest
    }

    /// First key and first page of every block.
    pub(super) fn entries(&self) -> Entries<'_> {
        self.entries_from(0)
    }

    fn entries_from(&self, stride: usize) -> Entries<'_> {
        let whole = self.whole.get(stride);
        let steps = whole.and_then(|whole| self.steps.get(whole.at..)).unwrap_or_default();
        Entries { next: whole.map(|whole| (whole.first, whole.start)), steps }
    }

    /// First page and pages of a block.
    pub(super) fn block(&self, nth: usize) -> Option<(u32, u32)> {
        let mut entries = self.entries_from(nth / STRIDE).skip(nth % STRIDE);
        let (_, start) = entries.next()?;
        let end = entries.next().map_or(self.pages, |(_, start)| start);
        Some((start, end.checked_sub(start)?))
    }

    /// First page and pages of the one block that can hold a key.
    pub(super) fn of(&self, key: u128) -> Option<(u32, u32)> {
        if key > self.last {
            return None;
        }
        let stride = self.whole.partition_point(|whole| whole.first <= key).checked_sub(1)?;
        let (mut found, mut end) = (None, self.pages);
        for (first, start) in self.entries_from(stride) {
            if first > key {
                end = start;
                break;
            }
            found = Some(start);
        }
        let start = found?;
        Some((start, end.checked_sub(start)?))
    }
}

/// The blocks of a directory from one on.
#[derive(Debug, Clone)]
pub(super) struct Entries<'a> {
    next: Option<(u128, u32)>,
    steps: &'a [u8],
}

impl Iterator for Entries<'_> {
    type Item = (u128, u32);

    fn next(&mut self) -> Option<(u128, u32)> {
        let (first, start) = self.next?;
        let mut step = || take(&mut self.steps);
        self.next = step().zip(step()).and_then(|(above, pages)| {
            let start = start.checked_add(u32::try_from(pages).ok()?)?;
            Some((first.checked_add(above)?, start))
        });
        Some((first, start))
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

    proptest! {
        #[test]
        fn a_directory_says_what_a_list_would(blocks in blocks(), beyond in any::<u64>(), others in prop::collection::vec(any::<u128>(), 8)) {
            let mut directory = Directory::default();
            let mut list = Vec::new();
            for (first, pages) in &blocks {
                prop_assert!(directory.push(*first, directory.pages));
                list.push((*first, directory.pages, *pages));
                directory.pages += pages;
            }
            directory.last = list[list.len() - 1].0.saturating_add(u128::from(beyond));
            directory.close();
            prop_assert_eq!(directory.len(), list.len());
            prop_assert!(directory.entries().eq(list.iter().map(|(first, start, _)| (*first, *start))));
            for (nth, (_, start, pages)) in list.iter().enumerate() {
                prop_assert_eq!(directory.block(nth), Some((*start, *pages)));
            }
            prop_assert_eq!(directory.block(list.len()), None);
            let near = list.iter().flat_map(|(first, ..)| [*first, first.wrapping_sub(1), first.wrapping_add(1)]);
            for key in near.chain(others).chain([0, u128::MAX, directory.last]) {
                let holds = list.iter().rev().find(|(first, ..)| *first <= key).filter(|_| key <= directory.last);
                prop_assert_eq!(directory.of(key), holds.map(|(_, start, pages)| (*start, *pages)));
            }
        }
    }

    #[test]
    fn blocks_out_of_order_are_told() {
        for second in [(7, 1), (6, 1), (8, 0)] {
            let mut directory = Directory::default();
            assert!(directory.push(7, 0));
            assert!(!directory.push(second.0, second.1), "{second:?}");
        }
    }
}
