//! Making one run of several, and which ones.
//!
//! Owns the order in which units of several runs come ([`Merged`]), the making of one run of them in steps, and the choice.
//! Runs are merged with those of about their size: where eight of a size stand beside each other they become one, of eight
//! times the size at most. So each past is written again once for every eightfold of a batch, and at most seven runs of a size
//! are looked into. The oldest run holds most units; where those above it come to half of it, all become one: nothing is kept
//! more than one and a half times, and filters are no larger than that. Over 4×10⁷ units with batches of 50,000 this makes two
//! writes in the sizes above and two in the oldest run, three while it grows, beside the first.
//!
//! A merge that takes long gives way to those of smaller runs, which are newer than any in it: `tend` of the store works on
//! the last begun. What a merge has made is nothing until the manifest names it.

use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, Place, cell};
use super::directory::{Entries, STRIDE};
use super::filter::Hashed;
use super::write::Writer;
use super::{Run, RunError, Runs, Wait, in_memory};

/// So many of a size become one.
const FAN: usize = 8;
/// So many at a time at most, unless all become one.
const MOST: usize = 16;
/// The bits in which a size differs from the next: 2³ is eight.
const SIZE_BITS: u32 = 3;
/// Below so many units, in bits, runs are of one size.
const SMALLEST_BITS: u32 = 9;
/// All become one only where there are so many.
const FEW: usize = 4;
/// Pages read at a time.
const AHEAD: u32 = 8;
/// Units of one step at most, and bytes of their pasts: some milliseconds, for as long a batch waits.
const STEP: usize = 10_000;
const STEP_BYTES: usize = 1 << 20;
/// Strides of a run whose blocks' first units are looked for in newer ones, to tell how many there are.
const SAMPLE: usize = 32;

/// The runs to merge next and the size of the largest, of those that no merge has yet: `free` are the newest, and whether
/// they are all there are.
pub(in crate::ledger::histories) fn choose(free: &[(u64, Arc<Run>)], are_all: bool) -> Option<(Range<usize>, u32)> {
    // An older run counts as large as the largest of the newer ones: sizes rise with age.
    let mut size = 0;
    let mut sizes = Vec::with_capacity(free.len());
    for (_, run) in free {
        let bits = (u64::BITS - run.units().leading_zeros()).saturating_sub(SMALLEST_BITS);
        size = size.max(bits / SIZE_BITS);
        sizes.push(size);
    }
    for alike in sizes.chunk_by(|one, next| one == next) {
        if let (true, Some(size)) = (alike.len() >= FAN, alike.first()) {
            // The oldest of them: the newer ones come to stand beside others of their size.
            let end = sizes.partition_point(|one| one <= size);
            return Some((end - alike.len().min(MOST)..end, *size));
        }
    }
    let (oldest, newer) = free.split_last()?;
    let above: u64 = newer.iter().map(|(_, run)| run.units()).sum();
    let is_half = above.saturating_mul(2) >= oldest.1.units();
    (are_all && free.len() >= FEW && is_half).then_some((0..free.len(), size))
}

/// About how many different units these runs hold, the newest first. The first units of blocks stand for all of a run: those
/// that a newer one has as well are not counted again. A filter made for fewer than come lets more through, and loses nothing.
///
/// # Errors
/// [`RunError`] where a directory cannot be read.
pub(in crate::ledger::histories) fn different(runs: &Runs) -> Result<u64, RunError> {
    let mut different = 0_u64;
    for (nth, (_, run)) in runs.iter().enumerate() {
        let newer = runs.get(..nth).unwrap_or_default();
        let (mut looked, mut new) = (0_u64, 0_u64);
        let strides = run.directory.strides();
        for stride in (0..strides).step_by(strides / SAMPLE + 1) {
            for (first, _) in run.entries(stride, Wait::ForDisk)?.iter() {
                let hashed = Hashed::of(first);
                looked += 1;
                new += u64::from(!newer.iter().any(|(_, newer)| newer.filter.may_hold(hashed)));
            }
        }
        different += run.units.saturating_mul(new).div_ceil(looked.max(1));
    }
    // For what filters take for known although it is not: one in two hundred each, where runs are small.
    let most = runs.iter().map(|(_, run)| run.units).max().unwrap_or(0);
    let all = runs.iter().map(|(_, run)| run.units).sum();
    Ok((different + different / 4).max(most).min(all))
}

/// One run in the making, of several.
#[derive(Debug)]
pub(in crate::ledger::histories) struct Merge {
    merged: Merged,
    out: Writer,
    inputs: Runs,
    size: u32,
}

impl Merge {
    /// Begins to merge these, the newest first, which are of this size at most.
    pub(in crate::ledger::histories) fn begin(inputs: Runs, size: u32, out: Writer) -> Self {
        Self { merged: Merged::of(&inputs), out, inputs, size }
    }

    /// What it merges, the newest first.
    pub(in crate::ledger::histories) const fn inputs(&self) -> &Runs {
        &self.inputs
    }

    /// The size of the largest.
    pub(in crate::ledger::histories) const fn size(&self) -> u32 {
        self.size
    }

    /// Goes on for a step; whether that was the last.
    ///
    /// # Errors
    /// [`RunError`]; it is to be begun again then.
    pub(in crate::ledger::histories) fn step(&mut self) -> Result<bool, RunError> {
        let (mut units, mut bytes) = (0, 0);
        while units < STEP && bytes < STEP_BYTES {
            let Some((key, past)) = self.merged.next()? else { return Ok(true) };
            self.out.put(key, past)?;
            units += 1;
            bytes += past.len();
        }
        Ok(false)
    }

    /// The run, on disk.
    ///
    /// # Errors
    /// [`RunError`].
    pub(in crate::ledger::histories) fn finish(self) -> Result<(Run, Runs), RunError> {
        Ok((self.out.finish()?, self.inputs))
    }
}

/// The units of several runs in order, each with its past in the newest.
#[derive(Debug)]
pub(in crate::ledger::histories) struct Merged {
    /// The newest first.
    cursors: Vec<Cursor>,
    /// The key that each is at.
    keys: Vec<Option<u128>>,
    /// Those that are at the unit that was given last, the newest first; at the beginning all.
    given: Vec<usize>,
}

impl Merged {
    /// Of these runs, the newest first.
    pub(in crate::ledger::histories) fn of(runs: &Runs) -> Self {
        let cursors = runs.iter().map(|(_, run)| Cursor::of(Arc::clone(run))).collect();
        Self { cursors, keys: vec![None; runs.len()], given: (0..runs.len()).collect() }
    }

    /// The next unit.
    ///
    /// # Errors
    /// [`RunError`].
    pub(in crate::ledger::histories) fn next(&mut self) -> Result<Option<(u128, &[u8])>, RunError> {
        // Older pasts of the unit that was given are passed over with it.
        for nth in self.given.drain(..) {
            if let (Some(cursor), Some(key)) = (self.cursors.get_mut(nth), self.keys.get_mut(nth)) {
                cursor.advance()?;
                *key = cursor.key;
            }
        }
        let mut least = u128::MAX;
        for (nth, key) in self.keys.iter().enumerate() {
            match key {
                Some(key) if *key < least || self.given.is_empty() => {
                    least = *key;
                    self.given.clear();
                    self.given.push(nth);
                }
                Some(key) if *key == least => self.given.push(nth),
                Some(_) | None => {}
            }
        }
        let newest = self.given.first().and_then(|nth| self.cursors.get(*nth));
        Ok(newest.map(|cursor| (least, cursor.past())))
    }
}

/// A way through a run from its first unit to its last.
#[derive(Debug)]
struct Cursor {
    run: Arc<Run>,
    key: Option<u128>,
    past: Range<usize>,
    /// The next block, and where those of its stride lie.
    block: usize,
    entries: Option<Entries>,
    /// Pages that were read, from this one on.
    pages: Vec<u8>,
    pages_at: u32,
    pages_len: u32,
    /// What is left of the block at hand: units, and where in the pages they begin and end.
    units: usize,
    cells: Range<usize>,
    common: ([u8; 16], usize),
    seen: u64,
}

impl Cursor {
    fn of(run: Arc<Run>) -> Self {
        Self {
            run,
            key: None,
            past: 0..0,
            block: 0,
            entries: None,
            pages: Vec::new(),
            pages_at: 0,
            pages_len: 0,
            units: 0,
            cells: 0..0,
            common: ([0; 16], 0),
            seen: 0,
        }
    }

    fn past(&self) -> &[u8] {
        self.pages.get(self.past.clone()).unwrap_or_default()
    }

    /// To the next unit, or to the end, where there is no key.
    fn advance(&mut self) -> Result<(), RunError> {
        if self.units == 0 && !self.open()? {
            self.key = None;
            // Every block was whole; that all are there is what the count says.
            return if self.seen == self.run.units { Ok(()) } else { Err(self.run.damaged(self.run.directory.pages)) };
        }
        let cells = self.pages.get(self.cells.clone()).unwrap_or_default();
        let Some((key, past, rest)) = cell(self.common, cells) else { return Err(self.run.damaged(self.pages_at)) };
        if self.key.is_some_and(|before| key <= before) {
            return Err(self.run.damaged(self.pages_at));
        }
        let end = self.cells.end - rest.len();
        self.past = end - past.len()..end;
        self.cells.start = end;
        self.key = Some(key);
        self.units -= 1;
        self.seen += 1;
        Ok(())
    }

    /// Opens the next block; `false` where there is none.
    fn open(&mut self) -> Result<bool, RunError> {
        let (stride, nth) = (self.block / STRIDE, self.block % STRIDE);
        if nth == 0 {
            let is_there = stride < self.run.directory.strides();
            self.entries = if is_there { Some(self.run.entries(stride, Wait::ForDisk)?) } else { None };
        }
        let Some((page, pages)) = self.entries.as_ref().and_then(|entries| entries.block(nth)) else {
            return Ok(false);
        };
        let is_read = page >= self.pages_at && page + pages <= self.pages_at + self.pages_len;
        if !is_read {
            let left = self.run.directory.pages.saturating_sub(page);
            self.pages_len = left.min(AHEAD.max(pages));
            self.pages_at = page;
            self.run.read_pages(page, self.pages_len, &mut self.pages, Wait::ForDisk)?;
        }
        let begin = in_memory(page - self.pages_at) * super::PAGE;
        let end = begin + in_memory(pages) * super::PAGE;
        let bytes = self.pages.get(begin..end).unwrap_or_default();
        let place = Place { run: self.run.number, page };
        let Some(block) = Block::open(place, bytes).filter(|block| block.units() > 0) else {
            return Err(self.run.damaged(page));
        };
        (self.units, self.common) = (block.units(), block.common());
        self.cells = begin + block.cells_at()..end;
        self.block += 1;
        Ok(true)
    }
}
