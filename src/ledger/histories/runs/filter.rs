//! The filter of a run: which units it surely does not hold.
//!
//! A Bloom filter in lines of 512 bits: all bits of a unit lie in one line, so that asking costs one access to memory.
//! With eight bits to a unit one in some forty asked about in vain is looked for all the same, with twelve one in some two
//! hundred. It is held in memory and has a check sum on disk: a bit that was lost would be a past that is missing.

/// Bits of a unit, six of nine bits each.
const PROBES: u32 = 6;
const PROBE_BITS: u32 = 9;
/// Bytes of a line.
pub(super) const LINE: usize = 64;
/// Up to so many units memory does not matter.
const SMALL: u64 = 2_000_000;

/// A line of the filter, and of the processor's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
struct Line([u64; 8]);

/// The filter.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Filter(Vec<Line>);

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Filter({} lines)", self.0.len())
    }
}

/// What a filter asks of a key: the same for all filters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed {
    line: u64,
    bits: u64,
}

impl Hashed {
    /// Of a key.
    pub(super) fn of(key: u128) -> Self {
        let half = |shift: u32| u64::try_from((key >> shift) & u128::from(u64::MAX)).unwrap_or(0);
        let line = mixed(half(0) ^ mixed(half(64)));
        Self { line, bits: mixed(line ^ 0x9e37_79b9_7f4a_7c15) }
    }
}

/// The last step of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Filter {
    /// An empty filter for so many units.
    pub(super) fn of(units: u64) -> Self {
        let bits = if units < SMALL { 12 } else { 8 };
        let lines = units.saturating_mul(bits).div_ceil(8 * LINE as u64).clamp(1, u64::from(u32::MAX));
        Self(vec![Line([0; 8]); usize::try_from(lines).unwrap_or(1)])
    }

    fn at(&self, hashed: Hashed) -> usize {
        usize::try_from(((hashed.line >> 32) * self.0.len() as u64) >> 32).unwrap_or(0)
    }

    /// Takes a unit.
    pub(super) fn put(&mut self, hashed: Hashed) {
        let at = self.at(hashed);
        if let Some(line) = self.0.get_mut(at) {
            for (word, bit) in probes(hashed) {
                if let Some(word) = line.0.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether it may have taken a unit.
    pub(super) fn may_hold(&self, hashed: Hashed) -> bool {
        let Some(line) = self.0.get(self.at(hashed)) else { return true };
        probes(hashed).all(|(word, bit)| line.0.get(word).is_none_or(|word| word & bit != 0))
    }

    /// How many lines.
    pub(super) const fn lines(&self) -> usize {
        self.0.len()
    }

    /// Its bytes, line after line.
    pub(super) fn bytes(&self) -> impl Iterator<Item = [u8; LINE]> {
        self.0.iter().map(|line| {
            let mut bytes = [0; LINE];
            bytes.chunks_exact_mut(8).zip(line.0).for_each(|(to, word)| to.copy_from_slice(&word.to_le_bytes()));
            bytes
        })
    }

    /// From its bytes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (lines, _) = bytes.as_chunks::<LINE>();
        let line = |bytes: &[u8; LINE]| {
            let mut words = [0; 8];
            let (eights, _) = bytes.as_chunks::<8>();
            words.iter_mut().zip(eights).for_each(|(word, eight)| *word = u64::from_le_bytes(*eight));
            Line(words)
        };
        Self(lines.iter().map(line).collect())
    }
}

fn probes(hashed: Hashed) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |nth| {
        let bit = (hashed.bits >> (nth * PROBE_BITS)) & 0x1ff;
        (usize::try_from(bit >> 6).unwrap_or(0), 1 << (bit & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::UnitKey;

    fn key(n: u64) -> u128 {
        u128::from_be_bytes(*UnitKey::native(1, 4_000 + n % 5, n * 3).as_bytes())
    }

    #[test]
    fn what_was_put_is_held_and_little_else() {
        for units in [1_u64, 1_000, 100_000] {
            let mut filter = Filter::of(units);
            (0..units).for_each(|n| filter.put(Hashed::of(key(n))));
            assert!((0..units).all(|n| filter.may_hold(Hashed::of(key(n)))));
            let wrong = (units..units + 100_000).filter(|n| filter.may_hold(Hashed::of(key(*n)))).count();
            assert!(wrong < 1_000, "{wrong} of 100,000 with {units}");
            let bytes: Vec<u8> = filter.bytes().flatten().collect();
            assert_eq!(bytes.len(), filter.lines() * LINE);
            assert_eq!(Filter::read(&bytes), filter);
        }
    }

    /// Runs that were written before are read with it.
    #[test]
    fn a_filter_stays_as_it_is_from_one_version_to_the_next() {
        let lines = [0, 1, 1_000, SMALL - 1, SMALL, 100_000].map(|units| Filter::of(units).lines());
        assert_eq!(lines, [1, 1, 24, 46_875, 31_250, 2_344]);
        let mut filter = Filter::of(1_000);
        (0..1_000).for_each(|n| filter.put(Hashed::of(key(n) << 64 | key(n + 7))));
        assert_eq!(crc32fast::hash(&filter.bytes().flatten().collect::<Vec<u8>>()), 2_823_654_748);
    }
}
