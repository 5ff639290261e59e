//! One file as the process sees it and as the platter holds it, in sectors of 512 bytes.
//!
//! A sync that fails leaves the file as Linux leaves it: the process reads what it wrote, the sectors count as clean, and
//! only some of them are on the platter. Knows no names.

use std::collections::BTreeSet;

use super::Luck;

/// The smallest piece that a disk writes whole.
pub(super) const SECTOR: usize = 512;

/// The file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    now: Vec<u8>,
    kept: Vec<u8>,
    kept_length: usize,
    /// Sectors written since they were last clean.
    dirty: BTreeSet<usize>,
}

fn sectors(from: usize, to: usize) -> std::ops::Range<usize> {
    from / SECTOR..to.div_ceil(SECTOR)
}

impl File {
    /// A file that was there before.
    pub(super) fn settled(content: Vec<u8>) -> Self {
        Self { kept: content.clone(), kept_length: content.len(), now: content, dirty: BTreeSet::new() }
    }

    pub(super) fn now(&self) -> &[u8] {
        &self.now
    }

    pub(super) fn length(&self) -> usize {
        self.now.len()
    }

    pub(super) fn read(&self, at: usize, length: usize) -> &[u8] {
        let end = self.now.len().min(at.saturating_add(length));
        self.now.get(at..end).unwrap_or_default()
    }

    pub(super) fn write(&mut self, at: usize, data: &[u8]) {
        let end = at + data.len();
        if end > self.now.len() {
            self.resize(end);
        }
        if let Some(into) = self.now.get_mut(at..end) {
            into.copy_from_slice(data);
        }
        self.dirty.extend(sectors(at, end));
    }

    pub(super) fn resize(&mut self, length: usize) {
        let before = self.now.len();
        self.now.resize(length, 0);
        if length > before {
            self.dirty.extend(sectors(before, length));
        } else {
            drop(self.dirty.split_off(&length.div_ceil(SECTOR)));
        }
    }

    pub(super) fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.keep(sector);
        }
        self.kept_length = self.now.len();
        self.kept.resize(self.kept_length, 0);
    }

    /// A sync that fails half-way.
    pub(super) fn sync_in_vain(&mut self, luck: &mut Luck) {
        for sector in std::mem::take(&mut self.dirty) {
            if luck.half() {
                self.keep(sector);
            }
        }
    }

    /// What a power cut leaves; `share` of 2 is how much of what was not synced reached the platter.
    pub(super) fn cut(mut self, luck: &mut Luck, share: usize) -> Self {
        let (low, high) = (self.kept_length.min(self.now.len()), self.kept_length.max(self.now.len()));
        let length = match luck.below(3) {
            0 => self.kept_length,
            1 => self.now.len(),
            _ => low + luck.below(high - low + 1),
        };
        for sector in std::mem::take(&mut self.dirty) {
            if luck.share(share) {
                self.keep(sector);
            }
        }
        let mut left = std::mem::take(&mut self.kept);
        left.truncate(length.max(self.kept_length));
        left.resize(length, 0);
        Self::settled(left)
    }

    fn keep(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let end = self.now.len().min(from + SECTOR);
        let Some(content) = self.now.get(from..end) else { return };
        if self.kept.len() < end {
            self.kept.resize(end, 0);
        }
        if let Some(into) = self.kept.get_mut(from..end) {
            into.copy_from_slice(content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_survives_and_the_rest_is_old_or_new_by_the_sector() {
        for seed in 0..200 {
            let mut luck = Luck::new(seed);
            let mut file = File::default();
            file.write(0, &[1; 2048]);
            file.sync();
            file.write(512, &[2; 1024]);
            let left = file.cut(&mut luck, 1);
            assert_eq!(left.length(), 2048);
            assert_eq!((left.read(0, 512), left.read(1536, 512)), (&[1; 512][..], &[1; 512][..]));
            for sector in [512, 1024] {
                let sector = left.read(sector, 512);
                assert!(sector == [1; 512] || sector == [2; 512]);
            }
        }
    }

    #[test]
    fn after_a_failed_sync_the_next_says_good_and_the_disk_never_saw_it() {
        let mut is_lost = false;
        for seed in 0..50 {
            let mut luck = Luck::new(seed);
            let mut file = File::settled(vec![1; 4096]);
            file.write(0, &[2; 4096]);
            file.sync_in_vain(&mut luck);
            file.sync();
            assert_eq!(file.now(), [2; 4096]);
            is_lost |= file.clone().cut(&mut luck, 1).now() != [2; 4096];
            file.write(0, &[2; 4096]);
            file.sync();
            assert_eq!(file.cut(&mut luck, 1).now(), [2; 4096], "written again, it is there");
        }
        assert!(is_lost);
    }

    #[test]
    fn a_length_is_old_or_new_or_between_until_it_is_synced() {
        for seed in 0..200 {
            let mut luck = Luck::new(seed);
            let mut file = File::settled(vec![1; 1000]);
            file.write(1000, &[1; 1000]);
            assert!((1000..=2000).contains(&file.clone().cut(&mut luck, 1).length()));
            file.sync();
            file.resize(10);
            assert!((10..=2000).contains(&file.cut(&mut luck, 1).length()));
        }
    }
}
