//! What the log amounts to right now: lately asked units in memory over the histories on disk.
//!
//! Three maps: `young` holds what changed since the last batch was handed over, `flushing` the batch that the second
//! thread is writing, `clean` the batch before it, so that what is asked again soon is found in memory. All together are
//! bounded by the configured units, of which one with a long past is several ([`Packed::weight`]): by half each, where
//! `clean` makes room for `young`; when `young` is full and the batch before is not on disk yet, the writer waits, it never
//! grows. Half of that is handed over as soon as the thread is free: the more units a batch has, the more of them share a
//! page, and it is pages that are written. Pasts are kept in the bytes they are stored in.
//!
//! A crash loses all of it and nothing: the histories stand at a position, the log's tail refills `young`. Where a past
//! cannot be read, the projections stop moving: the log still takes every check, and coming up
//! again, or a rebuild, folds what was left out.

mod projector;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::TryRecvError;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use contract::Timestamp;

use self::projector::Projector;
use super::event::{Event, LoggedId};
use super::fold::{Projection, fold};
use super::forgotten::ForgottenAskers;
use super::histories::{Changes, Histories, OwedEntry, Packed, Units};
use super::log::{Chain, Head, LogError, LogReader, Row};
use super::replay::{Replayed, Replays};
use crate::index::UnitKey;
use crate::verify::history::Past;

/// Rows folded at a time when coming up.
const CHUNK: usize = 10_000;

/// So many ids of messages take as much memory, and as much of a batch's time, as one unit.
const IDS_PER_UNIT: usize = 8;

/// What stands, as the writer sees it.
#[derive(Debug)]
pub(crate) struct State {
    histories: Histories_,
    young: Units<Packed>,
    /// What `young` weighs.
    weight: usize,
    flushing: Option<Arc<Changes>>,
    clean: Units<Packed>,
    /// What the last batch that was handed over weighs, and what `clean` does.
    weights: (usize, usize),
    /// An empty map that has grown already.
    spare: Units<Packed>,
    half: usize,
    /// Batches that were written and became `clean` so far, and those that left it before the next did.
    collected: Arc<AtomicU64>,
    replays: Arc<Mutex<Replays>>,
    owed: BTreeMap<u64, OwedEntry>,
    pending: Changes,
    projector: Option<Projector>,
    /// Whose sessions are renamed whenever a past is read.
    forgotten: Arc<RwLock<ForgottenAskers>>,
    position: u64,
    stalled: bool,
}

/// A store that can be shown in debug output without its content.
struct Histories_(Box<dyn Histories>);

impl std::fmt::Debug for Histories_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Histories")
    }
}

/// What one group changes, until it is committed.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    units: Units<Touched>,
    ids: HashMap<[u8; 16], (LoggedId, u64, Timestamp), foldhash::fast::RandomState>,
    owed: BTreeMap<u64, Option<OwedEntry>>,
}

/// A past that was read from the store ahead of its use.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) key: UnitKey,
    pub(crate) past: Past,
    /// Batches that were surely in the store when it was read.
    pub(crate) as_of: u64,
}

/// A past that a group has seen. One that was only looked at is not written: what nobody asked about has no row.
#[derive(Debug, Default)]
struct Touched {
    past: Past,
    is_changed: bool,
}

impl Overlay {
    /// Where a message of this same group is answered.
    pub(super) fn find(&self, id: &[u8; 16]) -> Option<Replayed> {
        self.ids.get(id).map(|(id, sequence, _)| Replayed { sequence: *sequence, digest: *id.digest, until: id.until })
    }

    /// What this group says of an owed reply.
    pub(super) fn owed(&self, sequence: u64) -> Option<Option<OwedEntry>> {
        self.owed.get(&sequence).copied()
    }
}

/// A group's overlay over the state.
pub(super) struct Group<'a> {
    state: &'a mut State,
    overlay: &'a mut Overlay,
    unread: Past,
}

impl State {
    /// Stands at the log's head: loads what the projections hold and folds the tail.
    pub(crate) fn open(
        mut histories: Box<dyn Histories>,
        reader: &mut dyn LogReader,
        head: Head,
        bounds: (usize, usize),
        forgotten: Arc<RwLock<ForgottenAskers>>,
    ) -> Result<Self, LogError> {
        let position = histories.position()?;
        if position > head.sequence {
            return Err(LogError::Damaged {
                sequence: position,
                what: format!(
                    "the histories stand at it, the log ends at {}; run `verigate ledger rebuild`",
                    head.sequence
                ),
            });
        }
        let first = reader.first()?;
        if position + 1 < first {
            let what = format!("the histories stand at event {position}, and what follows was reduced up to {first}");
            let source = format!("{what}; run `verigate ledger rebuild`").into();
            return Err(LogError::Store { doing: "folded", source });
        }
        let (hot_units, replay_ids) = bounds;
        let standing = histories.standing()?;
        let mut replays = Replays::new(replay_ids);
        for (id, known) in standing.replays {
            let logged = LoggedId { id: id.into(), digest: known.digest.into(), until: known.until };
            replays.put(&logged, known.sequence, Timestamp(i64::MIN));
        }
        let projector = Projector::start(histories.another()?)?;
        let mut state = Self {
            histories: Histories_(histories),
            young: Units::default(),
            weight: 0,
            flushing: None,
            clean: Units::default(),
            weights: (0, 0),
            spare: Units::default(),
            half: hot_units / 2,
            collected: Arc::default(),
            replays: Arc::new(Mutex::new(replays)),
            owed: standing.owed,
            pending: Changes { position, ..Changes::default() },
            projector: Some(projector),
            forgotten,
            position,
            stalled: false,
        };
        state.catch_up(reader)?;
        Ok(state)
    }

    /// Folds every committed row after the position.
    pub(super) fn catch_up(&mut self, reader: &mut dyn LogReader) -> Result<(), LogError> {
        let mut chain: Option<Chain> = None;
        loop {
            let rows = reader.after(self.position, false, CHUNK)?;
            let Some(last) = rows.last() else { return Ok(()) };
            let last = (last.sequence, last.at);
            let mut overlay = Overlay::default();
            for row in &rows {
                match chain.as_mut() {
                    Some(chain) => chain.follow(row)?,
                    None => chain = Some(Chain::from(Head::of(0, row))),
                }
                let event = row
                    .event()
                    .map_err(|source| LogError::Damaged { sequence: row.sequence, what: source.to_string() })?;
                self.take(&mut overlay, row, &event)?;
                if matches!(event, Event::Forgotten(_)) {
                    // What was read before it has its old names.
                    self.publish(std::mem::take(&mut overlay), row.sequence, row.at);
                }
            }
            self.publish(overlay, last.0, last.1);
            self.flush(false)?;
        }
    }

    /// Folds one row into a group's overlay.
    pub(super) fn take(&mut self, overlay: &mut Overlay, row: &Row, event: &Event) -> Result<(), LogError> {
        fold(row, event, &mut self.group(overlay))
    }

    /// The state as a group sees it.
    pub(super) fn group<'a>(&'a mut self, overlay: &'a mut Overlay) -> Group<'a> {
        Group { state: self, overlay, unread: Past::default() }
    }

    /// Takes in what a committed group changed.
    pub(super) fn publish(&mut self, overlay: Overlay, position: u64, at: Timestamp) {
        for (key, touched) in overlay.units.into_iter().filter(|(_, touched)| touched.is_changed) {
            let past = Packed::of(&touched.past);
            self.weight += past.weight();
            self.weight -= self.young.insert(key, past).map_or(0, |before| before.weight());
        }
        let mut replays = self.replays.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, (id, sequence, at)) in overlay.ids {
            replays.put(&id, sequence, at);
            self.pending.replays.push((key, Replayed { sequence, digest: *id.digest, until: id.until }));
        }
        drop(replays);
        for (sequence, entry) in overlay.owed {
            match entry {
                Some(entry) => self.owed.insert(sequence, entry),
                None => self.owed.remove(&sequence),
            };
            self.pending.owed.insert(sequence, entry);
        }
        self.position = position;
        self.pending.position = position;
        self.pending.at = at;
    }

    /// Hands a batch to the second thread when there is enough of it, or at once if `now`. Waits only where memory would
    /// grow beyond its bound.
    pub(super) fn flush(&mut self, now: bool) -> Result<(), LogError> {
        // Before a batch leaves memory: what is read from here on must hold it.
        self.histories.0.refresh()?;
        self.collect(false)?;
        let weight = self.weight + self.pending.replays.len() / IDS_PER_UNIT;
        let full = weight >= self.half;
        let enough = weight >= self.half / 2;
        if self.stalled {
            return if full {
                Err(LogError::Store { doing: "read", source: "the histories cannot be read".into() })
            } else {
                Ok(())
            };
        }
        if self.flushing.is_some() && (full || now) {
            self.collect(true)?;
        }
        if self.flushing.is_none() && (enough || now) && self.pending.position > 0 {
            let mut changes = std::mem::take(&mut self.pending);
            changes.units = std::mem::replace(&mut self.young, std::mem::take(&mut self.spare));
            self.weights.0 = std::mem::take(&mut self.weight);
            self.pending.position = changes.position;
            self.flushing = Some(Arc::new(changes));
            self.send()?;
        }
        if self.weight + self.weights.1 > self.half && !self.clean.is_empty() {
            self.clean.clear();
            self.weights.1 = 0;
            // What was read before this batch was written misses it from now on.
            self.collected.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    /// Waits until everything is on disk.
    pub(super) fn settle(&mut self) -> Result<(), LogError> {
        if self.stalled {
            return Ok(());
        }
        self.flush(true)?;
        self.collect(true)
    }

    fn send(&self) -> Result<(), LogError> {
        let (Some(projector), Some(changes)) = (&self.projector, &self.flushing) else { return Ok(()) };
        let gone = || LogError::Store { doing: "projected", source: "the thread that writes histories is gone".into() };
        projector.work.send(Arc::clone(changes)).map_err(|_| gone())
    }

    /// Takes the second thread's result, waiting for it if asked. A batch that failed is handed over again.
    fn collect(&mut self, wait: bool) -> Result<(), LogError> {
        let (Some(projector), true) = (&self.projector, self.flushing.is_some()) else { return Ok(()) };
        let gone = || LogError::Store { doing: "projected", source: "the thread that writes histories is gone".into() };
        let result = if wait {
            projector.done.recv().map_err(|_| gone())?
        } else {
            match projector.done.try_recv() {
                Ok(result) => result,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(gone()),
            }
        };
        match result {
            Ok(()) => {
                if let Some(flushed) = self.flushing.take() {
                    let flushed = Arc::try_unwrap(flushed).map_or_else(|shared| shared.units.clone(), |own| own.units);
                    self.spare = std::mem::replace(&mut self.clean, flushed);
                    self.spare.clear();
                    self.weights.1 = self.weights.0;
                    self.collected.fetch_add(1, Ordering::Release);
                }
                Ok(())
            }
            Err(error) => {
                tracing::error!(cause = %error, "histories could not be written, trying again");
                self.send()?;
                if wait { Err(error) } else { Ok(()) }
            }
        }
    }

    fn hot(&self, key: &UnitKey) -> Option<&Packed> {
        let flushing = self.flushing.as_ref().and_then(|changes| changes.units.get(key));
        self.young.get(key).or(flushing).or_else(|| self.clean.get(key))
    }

    fn load(&mut self, key: &UnitKey) -> Result<Past, LogError> {
        let mut past = match self.hot(key) {
            Some(past) => past.past(key)?,
            None => self.histories.0.past(key)?.unwrap_or_default(),
        };
        self.rename(&mut past);
        Ok(past)
    }

    fn rename(&self, past: &mut Past) {
        self.forgotten.read().unwrap_or_else(PoisonError::into_inner).rename(past, self.position);
    }

    /// Takes in pasts that were read ahead. One is true where the unit is not in memory and no two batches were written
    /// since: what the latest batch changed is still in memory, what the one before it changed may be missing.
    pub(super) fn offer(&self, overlay: &mut Overlay, read: Vec<Read>) {
        let collected = self.collected.load(Ordering::Relaxed);
        for Read { key, mut past, as_of } in read {
            let is_true = collected.saturating_sub(as_of) <= 1 && self.hot(&key).is_none();
            if is_true && !overlay.units.contains_key(&key) {
                self.rename(&mut past);
                overlay.units.insert(key, Touched { past, is_changed: false });
            }
        }
    }

    /// How many batches are surely in the store; shared with those who read ahead.
    pub(crate) fn collected(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.collected)
    }

    /// Which message was answered where; shared with those who ask before they queue.
    pub(crate) const fn replays(&self) -> &Arc<Mutex<Replays>> {
        &self.replays
    }

    /// The replies owed.
    pub(super) const fn owed(&self) -> &BTreeMap<u64, OwedEntry> {
        &self.owed
    }

    /// Units in memory, and events by which the histories on disk lag.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let flushing = self.flushing.as_ref().map_or(0, |changes| changes.units.len());
        (self.young.len() + flushing + self.clean.len(), self.young.len() + flushing)
    }

    /// Everything on disk, and the second thread ended.
    pub(super) fn close(mut self) -> Result<(), LogError> {
        let settled = self.settle();
        if let Some(projector) = self.projector.take() {
            projector.stop();
        }
        settled
    }
}

impl Group<'_> {
    /// A unit's past with this group's changes; an error where it cannot be read.
    pub(super) fn view(&mut self, key: &UnitKey) -> Result<&Past, LogError> {
        if !self.overlay.units.contains_key(key) {
            let past = self.state.load(key)?;
            self.overlay.units.insert(*key, Touched { past, is_changed: false });
        }
        Ok(&self.overlay.units.entry(*key).or_default().past)
    }
}

impl Projection for Group<'_> {
    fn past(&mut self, key: &UnitKey) -> Result<&mut Past, LogError> {
        if !self.overlay.units.contains_key(key) {
            match self.state.load(key) {
                Ok(past) => {
                    self.overlay.units.insert(*key, Touched { past, is_changed: true });
                }
                Err(error) => {
                    if !self.state.stalled {
                        tracing::error!(cause = %error, "a history cannot be read; restart, or run `verigate ledger rebuild`");
                    }
                    self.state.stalled = true;
                    self.unread = Past::default();
                    return Ok(&mut self.unread);
                }
            }
        }
        let touched = self.overlay.units.entry(*key).or_default();
        touched.is_changed = true;
        Ok(&mut touched.past)
    }

    fn remember(&mut self, id: &LoggedId, sequence: u64, at: Timestamp) {
        self.overlay.ids.insert(*id.id, (*id, sequence, at));
    }

    fn owe(&mut self, sequence: u64, entry: OwedEntry) {
        self.overlay.owed.insert(sequence, Some(entry));
    }

    fn settled(&mut self, sequence: u64) {
        self.overlay.owed.insert(sequence, None);
    }
}

#[cfg(test)]
mod tests;
