//! Everything that was issued: the catalogue with our own numbers, the sets of listed ones, and the cache over these.
//!
//! Owns the order in which they are asked and the one generation over both. The catalogue is asked first: a number of our own is
//! never taken for a listed one. What it does not know is looked for on the lists, where it may be a unit whatever its
//! form: an old number of sixteen digits, another network's twenty with a check digit that is not ours, letters, a GS1
//! serial.
//!
//! The generation is raised last, when everything that an event changes can be seen: a reader who took generation g
//! and then finds sees at least what g stands for.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contract::{Number, Timestamp};
use minicbor::bytes::ByteArray;

use super::cached::{CACHE_BYTES, Cached};
use super::catalogue::{BatchOrder, Catalogue, CatalogueError, IssueError, Selector, select};
use super::sets::file::Hash;
use super::sets::form::Form;
use super::sets::{Hit, Imported, Removed, SetError, Sets, Snapshot, Sought, groups, shapes};
use super::{Batch, CatalogueChange, Found, Index, LifeEvent, Listed, Target, UnitKey, UnitRecord};

/// Everything that was issued or listed.
#[derive(Debug)]
pub struct Register {
    catalogue: Arc<Catalogue>,
    sets: Sets,
    cached: Cached,
    generation: AtomicU64,
}

/// What an import comes to.
#[derive(Debug)]
pub(crate) enum Planned {
    /// The same list stands already, as this set.
    Known(u64),
    /// It is to be committed as it is.
    New(Imported),
}

impl Register {
    /// A register over a catalogue, with set files in a folder.
    #[must_use]
    pub fn new(catalogue: Catalogue, sets: PathBuf) -> Self {
        Self {
            catalogue: Arc::new(catalogue),
            sets: Sets::new(sets),
            cached: Cached::new(CACHE_BYTES),
            generation: AtomicU64::new(0),
        }
    }

    /// Makers, products and batches.
    #[must_use]
    pub const fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The imported lists.
    #[must_use]
    pub const fn sets(&self) -> &Sets {
        &self.sets
    }

    /// Takes in a committed change of makers and products.
    pub fn change(&self, sequence: u64, change: &CatalogueChange) {
        self.catalogue.change(sequence, change);
        self.raise(sequence);
    }

    /// Takes in a committed batch.
    pub fn issue(&self, sequence: u64, batch: &Batch) {
        self.catalogue.issue(sequence, batch);
        self.raise(sequence);
    }

    /// Takes in a committed life event. One of single units changes nothing here: it lives in their histories.
    pub fn live(&self, sequence: u64, event: &LifeEvent) {
        match event.target {
            Target::Units { .. } => return,
            Target::Set { .. } => self.sets.live(sequence, event),
            Target::Product { .. } | Target::Batch { .. } | Target::Range { .. } => {
                self.catalogue.live(sequence, event);
            }
        }
        self.raise(sequence);
    }

    /// Takes in a committed import: its batches, then its numbers.
    pub fn import(&self, sequence: u64, imported: &Imported) {
        imported.batches.iter().for_each(|batch| self.catalogue.issue(sequence, batch));
        self.sets.import(imported);
        self.raise(sequence);
    }

    /// Takes in a committed removal of a set.
    pub fn remove(&self, sequence: u64, removed: &Removed) {
        self.sets.remove(removed);
        self.raise(sequence);
    }

    /// Whether a change may be committed.
    ///
    /// # Errors
    /// As [`Catalogue::check_change`].
    pub fn check_change(&self, change: &CatalogueChange) -> Result<(), CatalogueError> {
        self.catalogue.check_change(change)
    }

    /// As [`Catalogue::plan`].
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn plan(
        &self,
        order: &BatchOrder,
        issued_at: Timestamp,
        random: &mut dyn FnMut(u64) -> u64,
    ) -> Result<Batch, IssueError> {
        self.catalogue.plan(order, issued_at, random)
    }

    /// The target that a selector names.
    ///
    /// # Errors
    /// [`CatalogueError`] where something it names is not known, not issued and not listed.
    pub fn select(&self, selector: &Selector) -> Result<Target, CatalogueError> {
        match selector {
            Selector::Unit { number } => select::units(self, &select::typed(std::slice::from_ref(number))),
            Selector::Units { numbers } => select::units(self, &select::typed(numbers)),
            Selector::Set { set } if self.sets.snapshot().set(*set).is_some() => Ok(Target::Set { set: *set }),
            Selector::Set { set } => Err(CatalogueError::UnknownSet { set: *set }),
            Selector::Range { .. } | Selector::Batch { .. } | Selector::Product { .. } => {
                self.catalogue.select(selector)
            }
        }
    }

    /// The units that these are the numbers of.
    ///
    /// # Errors
    /// As [`Catalogue::units`].
    pub fn units(&self, numbers: &[Number]) -> Result<Target, CatalogueError> {
        select::units(self, numbers)
    }

    /// What taking a file in that was handed over would come to, at a time and by somebody: a batch for each of its
    /// groups. `against` is the last set that the list was compared with.
    ///
    /// # Errors
    /// [`SetError`]; [`CatalogueError`] where a group names a product that is not known.
    pub(crate) fn plan_import(
        &self,
        (hash, against): (&Hash, u64),
        (source, by): (String, String),
        at: Timestamp,
    ) -> Result<Planned, PlanError> {
        if let Some(set) = self.sets.known(hash) {
            return Ok(Planned::Known(set));
        }
        let last = self.sets.last();
        if last > against {
            return Err(SetError::Overtaken { set: last }.into());
        }
        let none = || SetError::NoFile { hash: super::sets::hex(hash) };
        let file = self.sets.handed(hash).ok_or_else(none)?;
        let set = last + 1;
        let mut batches = Vec::new();
        for (id, group) in (self.catalogue.next_batch()..).zip(groups(&file)?) {
            let product = self
                .catalogue
                .product(&group.product)
                .ok_or_else(|| CatalogueError::UnknownProduct { product: group.product.clone() })?;
            batches.push(Batch {
                id,
                product: group.product,
                layout: 0,
                resource: 0,
                serials: Vec::new(),
                epoch: 0,
                lot: group.lot,
                level: group.level,
                holds: group.holds,
                parent: None,
                made: group.made,
                expiry: group.expiry,
                on_sale_from: None,
                concealment: product.concealment,
                issued_at: at,
                issued_by: by.clone(),
                listed: Some(Listed { set, count: group.count }),
            });
        }
        let shapes = shapes(&file);
        let hash = ByteArray::from(*hash);
        Ok(Planned::New(Imported { set, hash, rows: file.rows(), shapes, batches, source, by }))
    }

    /// Whether a set can be removed.
    ///
    /// # Errors
    /// [`SetError::Unknown`].
    pub(crate) fn check_remove(&self, set: u64) -> Result<(), SetError> {
        self.sets.snapshot().set(set).map(drop).ok_or(SetError::Unknown { set })
    }

    /// The number of the box that a unit was packed into, where that is known.
    #[must_use]
    pub fn box_of(&self, number: &Number, key: &UnitKey) -> Option<String> {
        if key.as_native().is_some() {
            return self.catalogue.box_of(key);
        }
        let sets = self.sets.snapshot();
        self.hits(&sets, number).iter().filter(|hit| hit.parent > 0).find_map(|hit| {
            let file = sets.set(hit.set)?.file()?;
            file.parent(hit.parent).ok().flatten()
        })
    }

    /// The sets that list a number, the one that came first at the front.
    #[must_use]
    pub fn sets_of(&self, number: &Number) -> Vec<u64> {
        self.hits(&self.sets.snapshot(), number).iter().map(|hit| hit.set).collect()
    }

    /// A batch with its maker, product and life, as the record of any of its listed units.
    #[must_use]
    pub fn listed(&self, batch: u64, key: UnitKey) -> Option<UnitRecord> {
        self.catalogue.listed(batch, key)
    }

    /// A listed unit, by its number or, scanned as a GS1 item, by the number that stands as its serial: a maker who prints
    /// both lists one of them.
    fn listed_unit(&self, number: &Number) -> Option<Found> {
        let sets = self.sets.snapshot();
        if sets.sets.is_empty() {
            return None;
        }
        self.on_a_list(&sets, number).or_else(|| self.on_a_list(&sets, &serial_alone(number)?))
    }

    /// Where a number stands, or the one that stands as its serial.
    fn hits(&self, sets: &Snapshot, number: &Number) -> Vec<Hit> {
        let held = |number: &Number| match Form::of(number).map(|(form, value)| self.cached.find(sets, form, value)) {
            Some(Sought::Held(hits)) => Some(hits),
            Some(Sought::Absent | Sought::Unreadable) | None => None,
        };
        held(number).or_else(|| held(&serial_alone(number)?)).unwrap_or_default()
    }

    fn on_a_list(&self, sets: &Snapshot, number: &Number) -> Option<Found> {
        let (form, value) = Form::of(number)?;
        let hits = match self.cached.find(sets, form, value) {
            Sought::Absent => return None,
            Sought::Unreadable => return Some(Found::Unavailable),
            Sought::Held(hits) => hits,
        };
        let key = UnitKey::listed(number)?;
        let record = |hit: &Hit| {
            let mut record = self.catalogue.listed(hit.batch, key)?;
            record.life.merge(&sets.set(hit.set)?.life);
            Some(record)
        };
        let mut records = hits.iter().filter_map(record);
        let mut first = records.next()?;
        records.for_each(|other| first.life.merge(&other.life));
        Some(Found::Unit(Box::new(first)))
    }

    fn raise(&self, sequence: u64) {
        self.generation.fetch_max(sequence, Ordering::Release);
    }
}

/// The serial of a GS1 item where it is long enough to be a number by itself: shorter ones are counted up by every maker.
fn serial_alone(number: &Number) -> Option<Number> {
    match number {
        Number::Gs1 { serial: Some(serial), .. }
            if serial.len() >= 16 && serial.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Some(Number::Digits(serial.clone()))
        }
        Number::Gs1 { .. } | Number::Digits(_) | Number::Mixed(_) | Number::Unreadable { .. } => None,
    }
}

/// Why an import cannot be committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// Its file, or the sets that stand.
    #[error(transparent)]
    Set(#[from] SetError),
    /// What it names.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl Index for Register {
    fn find(&self, number: &Number) -> Found {
        let found = self.catalogue.find(number);
        match found {
            Found::Unit(_) | Found::Unavailable => found,
            Found::Malformed { .. } | Found::Typo | Found::NotUnitCode(_) | Found::NotCovered | Found::Unknown(_) => {
                self.listed_unit(number).unwrap_or(found)
            }
        }
    }

    fn record(&self, key: &UnitKey) -> Option<UnitRecord> {
        self.catalogue.record(key)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}
