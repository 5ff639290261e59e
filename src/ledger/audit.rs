//! Proving the log whole, and making its projections anew.
//!
//! [`verify`] walks every row of every segment: numbers without gaps, times that never go back, the chain, the seams
//! between segments, bodies that can be read, receipts that are counted rightly, and every signed checkpoint. What it
//! cannot see: a change of rows that no checkpoint covers yet, by one who computes the chain anew. Of a reduced segment it
//! proves that what is kept is what was signed and stands between its neighbours; what left it is gone. [`rebuild`] folds
//! the log into a fresh file of histories. Both hold a few hundred rows at a time; neither changes the log.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use contract::Timestamp;
use ed25519_dalek::VerifyingKey;

use super::checkpoint::{Checkpoint, check_head};
use super::event::{Event, Kind, LoggedId};
use super::fold::{Projection, fold};
use super::forgotten::ForgottenAskers;
use super::histories::{Changes, Histories, OwedEntry, Packed, SqliteHistories, runs_beside};
use super::log::{Chain, GENESIS, Hash, Head, LogError, LogReader, Row};
use super::replay::Replayed;
use super::retention::reduce::ReducedSegment;
use super::segments::{Segment, SegmentReader, segments};
use super::sqlite;
use crate::index::UnitKey;
use crate::verify::history::Past;

/// Rows read at a time.
const CHUNK: usize = 512;
/// Units folded before they are written.
const BATCH: usize = 50_000;

/// Called with the events done and how many there are in all.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// What was found to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many events.
    pub events: u64,
    /// In how many segments.
    pub segments: usize,
    /// Checkpoints that name an event that was seen, and its hash.
    pub checkpoints: usize,
    /// The first event that is kept; above 1 the events before were dropped, and the chain starts at the hash that the
    /// first segment names as its predecessor's.
    pub from: u64,
    /// Segments that were reduced, proven by their signed notes, and how many events left them.
    pub reduced: (usize, u64),
    /// The end.
    pub head: Head,
}

/// Walks the whole log. Without a key the signatures of reduced segments' notes are not checked, all else is.
///
/// # Errors
/// [`LogError::Damaged`] with the first event that is wrong, [`LogError::Store`].
pub fn verify(
    folder: &Path,
    stream: u32,
    checkpoints: &[Checkpoint],
    key: Option<&VerifyingKey>,
    progress: Progress<'_>,
) -> Result<Verified, LogError> {
    let mut signed: BTreeMap<u64, Vec<&Checkpoint>> = BTreeMap::new();
    for checkpoint in checkpoints {
        signed.entry(checkpoint.sequence).or_default().push(checkpoint);
    }
    let mut seen = 0;
    let mut check = |sequence: u64, hash: &Hash| {
        for checkpoint in signed.get(&sequence).into_iter().flatten() {
            if checkpoint.stream != stream || checkpoint.hash != *hash {
                let what = format!("its hash is not the one that was signed on {}", checkpoint.at);
                return Err(LogError::Damaged { sequence, what });
            }
            seen += 1;
        }
        Ok(())
    };
    let mut walk = Walk::open(folder, stream, key)?;
    let from = walk.from;
    check(from - 1, &walk.chain.head().hash)?;
    walk.run(progress, &mut |seen| match seen {
        Seen::Row(row, _) | Seen::Kept(row, _) => check(row.sequence, &row.hash),
        Seen::Past(..) => Ok(()),
        Seen::End(head) => check(head.sequence, &head.hash),
    })?;
    let head = walk.chain.head();
    check_head(&head, checkpoints.iter().max_by_key(|checkpoint| checkpoint.sequence))?;
    let (events, segments) = (head.sequence + 1 - from, walk.firsts.len());
    Ok(Verified { events, segments, checkpoints: seen, from, reduced: walk.reduced, head })
}

/// Folds the whole log into fresh histories, whose manifest takes the old one's place once they are complete. Nobody else
/// may have the old one open: the caller holds the folder's lock. A power cut leaves the old file, or none, or the new
/// one, and none is made anew from the log like one that is behind. Returns the last event folded.
///
/// # Errors
/// [`LogError::Damaged`]; [`LogError::Store`], also where the log's beginning is no longer kept.
pub fn rebuild(folder: &Path, stream: u32, into: &Path, progress: Progress<'_>) -> Result<u64, LogError> {
    let io = |source: io::Error| LogError::Store { doing: "rebuilt from", source: Box::new(source) };
    let mut name = into.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    sqlite::remove(&fresh).map_err(io)?;
    let mut walk = Walk::open(folder, stream, None)?;
    if walk.from > 1 {
        let source = format!("it begins with event {}, and histories need every one", walk.from).into();
        return Err(LogError::Store { doing: "rebuilt from", source });
    }
    // Beside the runs of the old one, under numbers of their own: until the manifest takes its place, nothing names them.
    let runs = runs_beside(into);
    let first = SqliteHistories::unused(&runs)?;
    if let Err(error) = fold_into(&mut walk, &fresh, runs.clone(), progress) {
        SqliteHistories::discard(&runs, first);
        return Err(error);
    }
    fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(io)?;
    sqlite::remove(into).map_err(io)?;
    fs::rename(&fresh, into).map_err(io)?;
    if let Some(parent) = into.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(io)?;
    }
    SqliteHistories::open(into)?.tidy()?;
    Ok(walk.chain.head().sequence)
}

fn fold_into(walk: &mut Walk<'_>, manifest: &Path, runs: PathBuf, progress: Progress<'_>) -> Result<(), LogError> {
    let store = SqliteHistories::open_in(manifest, runs)?;
    let mut target = Rebuilt {
        store,
        changes: Changes::default(),
        units: HashMap::new(),
        kept: HashMap::new(),
        forgotten: ForgottenAskers::default(),
    };
    walk.run(progress, &mut |seen| target.see(seen))?;
    target.flush()?;
    target.store.finish()
}

/// What a walk comes by, in order.
enum Seen<'a> {
    /// A row and its event.
    Row(&'a Row, &'a Event),
    /// A row that is kept of a reduced segment.
    Kept(&'a Row, &'a Event),
    /// A unit's past at the end of a reduced segment.
    Past(UnitKey, Packed),
    /// The end of a reduced segment.
    End(Head),
}

/// Is handed what a walk comes by.
type Take<'a> = &'a mut dyn FnMut(Seen<'_>) -> Result<(), LogError>;

/// A walk over every row, checking each.
struct Walk<'a> {
    reader: SegmentReader,
    segments: Vec<Segment>,
    firsts: Vec<u64>,
    from: u64,
    chain: Chain,
    key: Option<&'a VerifyingKey>,
    reduced: (usize, u64),
}

impl<'a> Walk<'a> {
    fn open(folder: &Path, stream: u32, key: Option<&'a VerifyingKey>) -> Result<Self, LogError> {
        let segments = segments(folder, stream)?;
        let firsts: Vec<u64> = segments.iter().map(|segment| segment.first).collect();
        for (one, next) in firsts.iter().zip(firsts.iter().skip(1)) {
            if one == next {
                return Err(LogError::Damaged { sequence: *one, what: "two segments begin with it".to_owned() });
            }
        }
        let mut reader = SegmentReader::new(folder, stream);
        let from = firsts.first().copied().unwrap_or(1);
        if from == 0 {
            return Err(LogError::Damaged { sequence: 0, what: "events count from 1".to_owned() });
        }
        let hash = if from == 1 { GENESIS } else { reader.predecessor(from)? };
        let chain = Chain::from(Head { sequence: from - 1, hash, ..Head::genesis(stream) });
        Ok(Self { reader, segments, firsts, from, chain, key, reduced: (0, 0) })
    }

    fn run(&mut self, progress: Progress<'_>, take: Take<'_>) -> Result<(), LogError> {
        // What is appended meanwhile is left for the next time, or a busy log would never end.
        let last = self.reader.last()?.unwrap_or(0);
        let total = (last + 1).saturating_sub(self.from);
        self.kept(take)?;
        loop {
            let rows = self.reader.after(self.chain.head().sequence, false, CHUNK)?;
            for row in rows.iter().take_while(|row| row.sequence <= last) {
                self.seam()?;
                self.step(row, take)?;
            }
            progress((self.chain.head().sequence + 1).saturating_sub(self.from), total);
            if rows.is_empty() || self.chain.head().sequence >= last {
                break;
            }
        }
        self.seam()
    }

    /// Reads the reduced segments, all of which stand before any whole one.
    fn kept(&mut self, take: Take<'_>) -> Result<(), LogError> {
        for segment in std::mem::take(&mut self.segments).iter().take_while(|segment| segment.is_reduced()) {
            self.seam()?;
            let head = self.chain.head();
            let reduced = ReducedSegment::open(segment, head.stream, self.key)?;
            let mut next = head.sequence + 1;
            let taken = RefCell::new(&mut *take);
            let end = reduced.read(
                head,
                &mut |row| {
                    if row.sequence < next || row.sequence > reduced.note().last {
                        return Err(LogError::Damaged { sequence: next, what: "a kept event is another's".to_owned() });
                    }
                    next = row.sequence + 1;
                    taken.borrow_mut()(Seen::Kept(row, &event_of(row)?))
                },
                &mut |key, past| taken.borrow_mut()(Seen::Past(key, past)),
            )?;
            take(Seen::End(end))?;
            self.chain = Chain::from(end);
            self.reduced.0 += 1;
            self.reduced.1 += end.sequence - head.sequence - reduced.note().kept;
        }
        Ok(())
    }

    /// Where the next event begins a segment, that segment must name the hash so far.
    fn seam(&mut self) -> Result<(), LogError> {
        let head = self.chain.head();
        let next = head.sequence + 1;
        if self.firsts.binary_search(&next).is_ok() && self.reader.predecessor(next)? != head.hash {
            let what = "its segment names another predecessor than the event before".to_owned();
            return Err(LogError::Damaged { sequence: next, what });
        }
        Ok(())
    }

    fn step(&mut self, row: &Row, take: Take<'_>) -> Result<(), LogError> {
        let before = self.chain.head();
        self.chain.follow(row)?;
        let damaged = |what: String| LogError::Damaged { sequence: row.sequence, what };
        let event = event_of(row)?;
        // The count before the first event that is kept is not known where earlier ones were dropped.
        let known = before.sequence + 1 > self.from || self.from == 1;
        let risen = row.receipts.checked_sub(before.receipts);
        let right = match risen {
            Some(0) => true,
            Some(1) => row.kind == Kind::Inquiry as u8,
            Some(_) | None => false,
        };
        if known && !right {
            return Err(damaged(format!("its count of receipts is {}, after {}", row.receipts, before.receipts)));
        }
        take(Seen::Row(row, &event))
    }
}

fn event_of(row: &Row) -> Result<Event, LogError> {
    let damaged = |what: String| LogError::Damaged { sequence: row.sequence, what };
    let event = row.event().map_err(|error| damaged(error.to_string()))?;
    if event.kind() as u8 != row.kind {
        return Err(damaged("its kind is not its body's".to_owned()));
    }
    Ok(event)
}

/// The projection that a rebuild folds into.
struct Rebuilt {
    store: SqliteHistories,
    changes: Changes,
    units: HashMap<UnitKey, Past>,
    /// Pasts of reduced segments, as they are.
    kept: HashMap<UnitKey, Packed>,
    forgotten: ForgottenAskers,
}

impl Rebuilt {
    fn see(&mut self, seen: Seen<'_>) -> Result<(), LogError> {
        match seen {
            Seen::Row(row, event) => return self.take(row, event),
            // What it did to units stands in the pasts.
            Seen::Kept(row, Event::Forgotten(event)) => self.forgotten.insert(row.sequence, row.at, event),
            Seen::Kept(..) => {}
            Seen::Past(key, past) => {
                self.kept.insert(key, past);
                if self.kept.len() >= BATCH {
                    self.flush()?;
                }
            }
            Seen::End(head) => {
                (self.changes.position, self.changes.at) = (head.sequence, head.at);
                self.flush()?;
            }
        }
        Ok(())
    }

    fn take(&mut self, row: &Row, event: &Event) -> Result<(), LogError> {
        fold(row, event, self)?;
        (self.changes.position, self.changes.at) = (row.sequence, row.at);
        if let Event::Forgotten(event) = event {
            // What was read before it has its old names.
            self.flush()?;
            self.forgotten.insert(row.sequence, row.at, event);
        }
        if self.units.len() + self.changes.replays.len() + self.changes.owed.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LogError> {
        self.changes.units = self.units.drain().map(|(key, past)| (key, Packed::of(&past))).collect();
        self.changes.units.extend(self.kept.drain());
        self.store.apply(&self.changes)?;
        // What cannot be merged for want of room is rebuilt all the same.
        while self.store.tend().unwrap_or(false) {}
        self.changes = Changes { position: self.changes.position, at: self.changes.at, ..Changes::default() };
        Ok(())
    }
}

impl Projection for Rebuilt {
    fn past(&mut self, key: &UnitKey) -> Result<&mut Past, LogError> {
        let past = match self.units.remove(key) {
            Some(past) => past,
            None => {
                let mut past = self.store.past(key)?.unwrap_or_default();
                self.forgotten.rename(&mut past, u64::MAX);
                past
            }
        };
        Ok(self.units.entry(*key).or_insert(past))
    }

    fn remember(&mut self, id: &LoggedId, sequence: u64, _at: Timestamp) {
        self.changes.replays.push((*id.id, Replayed { sequence, digest: *id.digest, until: id.until }));
    }

    fn owe(&mut self, sequence: u64, entry: OwedEntry) {
        self.changes.owed.insert(sequence, Some(entry));
    }

    fn settled(&mut self, sequence: u64) {
        self.changes.owed.insert(sequence, None);
    }
}

#[cfg(test)]
mod tests;
