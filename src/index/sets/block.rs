//! A block of a set file: at most 128 numbers in order, with what is said of each.
//!
//! Owns the form of a block. Where blocks lie is `file.rs`'s. Numbers are gaps in Rice's code (one less than the
//! difference; the quotient by 2^k as zeros and a one, then k bits), for which 2^k is near the mean gap of the block:
//! random numbers come to within a few hundredths of a bit of what is possible. The first number stands in the directory. A batch and a box that all numbers
//! of a block share cost four bytes each; where they differ, each number has as many bits as the largest difference.
//!
//! ```text
//! 0  CRC-32 of the first number (16 bytes, little-endian) and of all that follows
//! 4  how many numbers, less one     5  k     6  bits of a batch     7  bits of a box
//! 8  the least batch                12 the least box      (32 bits, little-endian)
//! 16 batches, boxes, gaps: bits in a row
//! ```

use super::bits::{Reader, Writer};

/// Numbers in a block, but for the last of a section.
pub(super) const ROWS: usize = 128;
/// More than any block has.
pub(super) const MOST_BYTES: usize = 4_096;
const HEAD: usize = 16;

/// A number of a section with what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The number as an integer.
    pub value: u128,
    /// Which of the file's groups it is in.
    pub group: u32,
    /// Which of the file's boxes it was packed into, from 1; 0 where none is named.
    pub parent: u32,
}

/// The bytes of 1 to [`ROWS`] rows that rise.
pub(super) fn encode(rows: &[Row]) -> Vec<u8> {
    let Some(first) = rows.first() else { return Vec::new() };
    let gaps = || rows.iter().zip(rows.iter().skip(1)).map(|(one, next)| (next.value - one.value).saturating_sub(1));
    let k = rice(rows, gaps);
    let column = |of: fn(&Row) -> u32| {
        let least = rows.iter().map(of).min().unwrap_or(0);
        let most = rows.iter().map(of).max().unwrap_or(0);
        (least, u32::BITS - (most - least).leading_zeros())
    };
    let (group, group_bits) = column(|row| row.group);
    let (parent, parent_bits) = column(|row| row.parent);
    let mut bits = Writer::default();
    rows.iter().for_each(|row| bits.put(u128::from(row.group - group), group_bits));
    rows.iter().for_each(|row| bits.put(u128::from(row.parent - parent), parent_bits));
    for gap in gaps() {
        bits.unary(gap >> k);
        bits.put(gap, k);
    }
    let narrow = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
    let mut body = vec![0; 4];
    body.extend([u8::try_from(rows.len() - 1).unwrap_or(u8::MAX), narrow(k), narrow(group_bits), narrow(parent_bits)]);
    body.extend(group.to_le_bytes());
    body.extend(parent.to_le_bytes());
    body.extend(bits.finish());
    let sum = checksum(first.value, &body).to_le_bytes();
    body.iter_mut().zip(sum).for_each(|(byte, sum)| *byte = sum);
    body
}

/// The k that costs the least. Near the mean gap it is at most a bit from the best, and quotients stay short whatever
/// the gaps are.
fn rice<I: Iterator<Item = u128>>(rows: &[Row], gaps: impl Fn() -> I) -> u32 {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return 0 };
    let count = u128::try_from(rows.len() - 1).unwrap_or(0);
    if count == 0 {
        return 0;
    }
    let mean = (last.value - first.value - count) / count;
    let near = mean.checked_ilog2().unwrap_or(0);
    let cost = |k: &u32| gaps().map(|gap| gap >> k).sum::<u128>().saturating_add(count * u128::from(*k));
    (near.saturating_sub(1)..=(near + 1).min(126)).min_by_key(cost).unwrap_or(near)
}

fn checksum(first: u128, body: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&first.to_le_bytes());
    sum.update(body.get(4..).unwrap_or_default());
    sum.finalize()
}

/// A block that holds what was written.
#[derive(Debug)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    first: u128,
    count: usize,
    k: u32,
    group: (u32, u32),
    parent: (u32, u32),
}

impl<'a> Block<'a> {
    /// Checks and opens a block whose first number is known; `None` where it is damaged. What stands behind its end is
    /// not looked at.
    pub(super) fn open(first: u128, bytes: &'a [u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD>()?;
        let [a, b, c, d, count, k, group_bits, parent_bits, g0, g1, g2, g3, p0, p1, p2, p3] = *head;
        if u32::from_le_bytes([a, b, c, d]) != checksum(first, bytes) || k > 126 || group_bits > 32 || parent_bits > 32
        {
            return None;
        }
        Some(Self {
            bytes,
            first,
            count: usize::from(count) + 1,
            k: u32::from(k),
            group: (u32::from_le_bytes([g0, g1, g2, g3]), u32::from(group_bits)),
            parent: (u32::from_le_bytes([p0, p1, p2, p3]), u32::from(parent_bits)),
        })
    }

    fn gaps(&self) -> Reader<'a> {
        let bits = self.count * usize::try_from(self.group.1 + self.parent.1).unwrap_or(0);
        Reader::at(self.bytes, HEAD * 8 + bits)
    }

    fn row(&self, nth: usize, value: u128) -> Row {
        let cell = |before: usize, (least, bits): (u32, u32)| {
            let at = HEAD * 8 + before + nth * usize::try_from(bits).unwrap_or(0);
            let more = u32::try_from(Reader::at(self.bytes, at).take(bits)).unwrap_or(0);
            least.saturating_add(more)
        };
        let before = self.count * usize::try_from(self.group.1).unwrap_or(0);
        Row { value, group: cell(0, self.group), parent: cell(before, self.parent) }
    }

    /// The row of a number.
    pub(super) fn find(&self, sought: u128) -> Option<Row> {
        let mut value = self.first;
        let mut gaps = self.gaps();
        for nth in 0..self.count {
            if value >= sought {
                return (value == sought).then(|| self.row(nth, value));
            }
            value = value.saturating_add(gaps.rice(self.k)).saturating_add(1);
        }
        None
    }

    /// Every row in order; `None` where there are fewer bits than rows.
    pub(super) fn rows(&self) -> Option<Vec<Row>> {
        let mut rows = Vec::with_capacity(self.count);
        let mut value = self.first;
        let mut gaps = self.gaps();
        for nth in 0..self.count {
            rows.push(self.row(nth, value));
            if nth + 1 < self.count {
                value = value.saturating_add(gaps.rice(self.k)).saturating_add(1);
            }
        }
        (!gaps.is_beyond()).then_some(rows)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        let value = prop_oneof![0_u128..300, any::<u128>(), (0_u128..1 << 60).prop_map(|low| u128::MAX - low)];
        let cell = prop_oneof![Just(7_u32), 0_u32..9, any::<u32>()];
        prop::collection::btree_map(value, (cell.clone(), cell), 1..=ROWS).prop_map(|rows: BTreeMap<_, _>| {
            rows.into_iter().map(|(value, (group, parent))| Row { value, group, parent }).collect()
        })
    }

    proptest! {
        #[test]
        fn a_block_holds_what_was_written_and_nothing_else(rows in rows(), others in prop::collection::vec(any::<u128>(), 8)) {
            let bytes = encode(&rows);
            prop_assert!(bytes.len() <= MOST_BYTES);
            let block = Block::open(rows[0].value, &bytes).unwrap();
            prop_assert_eq!(block.rows().unwrap(), rows.clone());
            for row in &rows {
                prop_assert_eq!(block.find(row.value), Some(*row));
                for near in [row.value.wrapping_sub(1), row.value.wrapping_add(1)] {
                    prop_assert_eq!(block.find(near), rows.iter().find(|row| row.value == near).copied());
                }
            }
            for other in others {
                prop_assert_eq!(block.find(other), rows.iter().find(|row| row.value == other).copied());
            }
        }

        #[test]
        fn a_flipped_bit_is_found(rows in rows(), at in any::<prop::sample::Index>()) {
            let mut bytes = encode(&rows);
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Block::open(rows[0].value, &bytes).is_none());
            prop_assert!(Block::open(rows[0].value ^ 1, &encode(&rows)).is_none(), "a block of another place");
        }

        #[test]
        fn any_bytes_are_a_block_or_none(first in any::<u128>(), mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let sum = checksum(first, &bytes).to_le_bytes();
            bytes.iter_mut().zip(sum).for_each(|(byte, sum)| *byte = sum);
            if let Some(block) = Block::open(first, &bytes) {
                block.rows();
                block.find(first.wrapping_add(99));
            }
        }
    }
}
