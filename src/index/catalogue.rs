//! The catalogue: makers, products and batches of our own numbers, and the index over them.
//!
//! Owns what was issued, in memory, folded from the log's catalogue changes, batches and life events. Does not hold
//! single units or their events (histories do), counts nothing and writes nothing.
//!
//! **What is kept.** One entry for each maker, product and batch; for each resource a sorted map of the runs of serials
//! in use and one of the ranges that something happened to. A billion numbers in a thousand batches are a thousand
//! entries. Finding is two steps in hash maps and two in sorted maps.
//!
//! **How a change becomes visible.** The ledger's one writer commits an event and then folds it in here; readers see
//! all of it or nothing, since it happens under the write lock. The generation is raised last, so a reader who took
//! generation g and then finds sees at least what g stands for.
//!
//! **What a crash leaves.** Nothing is stored: the next start folds the log again.
//!
//! **What will not scale.** All batches stand in memory, packed; see `packed` for what that takes.

mod check;
mod packed;
mod plan;
mod runs;
pub(crate) mod select;
mod shelf;
pub mod source;
mod spans;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use contract::answer::Facts;
use contract::{Number, Timestamp};

use crate::code::{Codes, ReadCode};
use crate::index::{
    Batch, CatalogueChange, Evidence, Found, Index, LifeEvent, Maker, Product, Target, UnitKey, UnitRecord,
};
pub use check::{CatalogueError, MAX_ENTRIES, MAX_UNITS};
pub use plan::{BatchOrder, IssueError, MAX_COUNT};
pub use select::Selector;
use shelf::Shelf;

/// What was issued: many readers, one writer.
#[derive(Debug)]
pub struct Catalogue {
    codes: Codes,
    shelf: RwLock<Shelf>,
    generation: AtomicU64,
}

/// What a number claims to be by its digits.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its resource.
    pub resource: u64,
    /// Its serial.
    pub serial: u64,
    /// The product that the resource was given to.
    pub product: Option<Arc<Product>>,
}

impl Catalogue {
    /// An empty catalogue over these layouts and keys.
    #[must_use]
    pub fn new(codes: Codes) -> Self {
        Self { codes, shelf: RwLock::default(), generation: AtomicU64::new(0) }
    }

    /// The layouts and keys.
    #[must_use]
    pub const fn codes(&self) -> &Codes {
        &self.codes
    }

    /// Takes in a committed change of makers and products.
    pub fn change(&self, sequence: u64, change: &CatalogueChange) {
        self.fold(sequence, |shelf| shelf.change(change, &self.codes));
    }

    /// Takes in a committed batch.
    pub fn issue(&self, sequence: u64, batch: &Batch) {
        self.fold(sequence, |shelf| shelf.issue(sequence, batch));
    }

    /// Takes in a committed life event. One of single units changes nothing here, the generation included: it lives in
    /// their histories, and a sale must not make everything else be found again.
    pub fn live(&self, sequence: u64, event: &LifeEvent) {
        match event.target {
            Target::Units { .. } | Target::Set { .. } => {}
            Target::Product { .. } | Target::Batch { .. } | Target::Range { .. } => {
                self.fold(sequence, |shelf| shelf.live(sequence, event));
            }
        }
    }

    /// Whether a change may be committed.
    ///
    /// # Errors
    /// [`CatalogueError`], by the first entry that breaks a rule.
    pub fn check_change(&self, change: &CatalogueChange) -> Result<(), CatalogueError> {
        check::change(&self.shelf(), &self.codes, change)
    }

    /// Whether a life event with this target may be committed.
    ///
    /// # Errors
    /// [`CatalogueError`] where nothing issued is covered.
    pub fn check_target(&self, target: &Target) -> Result<(), CatalogueError> {
        check::target(&self.shelf(), &self.codes, target)
    }

    /// The batch that an order amounts to, to be committed as it is: serials at random free places of the product's
    /// resources, the next id, the expiry by the shelf life where none is given. `random(below)` gives a number below
    /// its argument, each as likely, from a source that cannot be foreseen.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn plan(
        &self,
        order: &BatchOrder,
        issued_at: Timestamp,
        random: &mut dyn FnMut(u64) -> u64,
    ) -> Result<Batch, IssueError> {
        plan::plan(&self.shelf(), &self.codes, order, issued_at, random)
    }

    /// A batch's numbers from the `from`-th (counted from 0) on, in the order of their serials: the same each time, so
    /// that an interrupted print can go on. Nothing is held in memory.
    pub fn numbers<'a>(&'a self, batch: &'a Batch, from: u64) -> impl Iterator<Item = String> + use<'a> {
        let mut skip = from;
        let runs = batch.serials.iter().map(move |run| {
            let cut = skip.min(run.len);
            skip -= cut;
            run.start.saturating_add(cut)..run.start.saturating_add(run.len)
        });
        runs.flatten().filter_map(|serial| self.codes.mint(batch.layout, batch.resource, batch.epoch, serial))
    }

    /// The number of one issued unit, as it was printed.
    #[must_use]
    pub fn number(&self, key: &UnitKey) -> Option<String> {
        let (layout, resource, serial) = key.as_native()?;
        let batch = self.record(key)?.batch;
        self.codes.mint(layout, resource, batch.epoch, serial)
    }

    /// The number of the box that a unit (or box) was packed into, where its batch has boxes.
    #[must_use]
    pub fn box_of(&self, key: &UnitKey) -> Option<String> {
        let (_, _, serial) = key.as_native()?;
        let batch = self.record(key)?.batch;
        let boxes = self.batch(batch.parent?)?;
        let ordinal = ordinal_of(&batch, serial)? / u64::from(boxes.holds.max(1));
        self.codes.mint(boxes.layout, boxes.resource, boxes.epoch, serial_at(&boxes, ordinal)?)
    }

    /// The record of a listed unit of a batch.
    #[must_use]
    pub fn listed(&self, batch: u64, key: UnitKey) -> Option<UnitRecord> {
        self.shelf().listed(batch, key)
    }

    /// The number that the next batch will have.
    #[must_use]
    pub fn next_batch(&self) -> u64 {
        self.shelf().next_batch()
    }

    /// One product.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<Arc<Product>> {
        self.shelf().product(id).map(|slot| Arc::clone(&slot.product))
    }

    /// One batch.
    #[must_use]
    pub fn batch(&self, id: u64) -> Option<Arc<Batch>> {
        self.shelf().batch(id)
    }

    /// Every maker, in the order they came.
    #[must_use]
    pub fn makers(&self) -> Vec<Arc<Maker>> {
        self.shelf().makers()
    }

    /// Every product, in the order they came.
    #[must_use]
    pub fn products(&self) -> Vec<Arc<Product>> {
        self.shelf().products()
    }

    /// Every batch, in the order they were issued.
    #[must_use]
    pub fn batches(&self) -> Vec<Arc<Batch>> {
        self.shelf().batches()
    }

    /// Products from the `skip`-th on, at most `most`, with their makers, and how many there are in all.
    #[must_use]
    pub fn products_from(&self, skip: usize, most: usize) -> (Vec<Arc<Product>>, Vec<Arc<Maker>>, usize) {
        self.shelf().products_from(skip, most)
    }

    /// Batches from the `skip`-th on, at most `most`, and how many there are in all.
    #[must_use]
    pub fn batches_from(&self, skip: usize, most: usize) -> (Vec<Arc<Batch>>, usize) {
        self.shelf().batches_from(skip, most)
    }

    /// How many numbers all batches have.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.shelf().count()
    }

    /// The product that was given the resource code of a number.
    #[must_use]
    pub fn owner_of(&self, number: &Number) -> Option<String> {
        self.claim(number)?.product.map(|product| product.id.clone())
    }

    /// What a number of one of our layouts claims to be, issued or not.
    #[must_use]
    pub fn claim(&self, number: &Number) -> Option<Claim> {
        let ReadCode::Own(code) = self.codes.read(number) else { return None };
        let product = self.shelf().owner(code.layout(), code.resource()).map(Arc::clone);
        Some(Claim { resource: code.resource(), serial: code.serial(), product })
    }

    fn fold(&self, sequence: u64, fold: impl FnOnce(&mut Shelf)) {
        let mut shelf: RwLockWriteGuard<'_, Shelf> = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        fold(&mut shelf);
        self.generation.fetch_max(sequence, Ordering::Release);
    }

    /// Held for a lookup, never over a tag.
    fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index for Catalogue {
    fn find(&self, number: &Number) -> Found {
        let found = match self.codes.read(number) {
            ReadCode::Malformed { read, expected } => Found::Malformed { read, expected },
            ReadCode::Typo => Found::Typo,
            ReadCode::NotUnitCode(item) => Found::NotUnitCode(item),
            ReadCode::Gs1 { .. } => Found::Unknown(Evidence::NeverIssued),
            ReadCode::Own(code) => match self.record(&code.key()) {
                None => Found::Unknown(Evidence::NeverIssued),
                Some(record) if self.codes.tag_matches(&code, record.batch.epoch) => Found::Unit(Box::new(record)),
                Some(_) => Found::Unknown(Evidence::WrongTag),
            },
        };
        // Other makers' serials may have our length by chance; red is for goods that claim to be ours. A serial that we
        // did issue is such a claim whatever the GTIN.
        if let Number::Gs1 { gtin, serial: Some(_) } = number
            && matches!(found, Found::Typo | Found::Unknown(Evidence::NeverIssued))
            && !self.shelf().knows_gtin(gtin)
        {
            return Found::NotCovered;
        }
        found
    }

    fn record(&self, key: &UnitKey) -> Option<UnitRecord> {
        let (layout, resource, serial) = key.as_native()?;
        self.shelf().unit(layout, resource, serial)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

/// Which number of its batch a serial is, counted from 0; `None` where it is not of this batch.
#[must_use]
pub fn ordinal_of(batch: &Batch, serial: u64) -> Option<u64> {
    let mut before = 0_u64;
    for run in &batch.serials {
        if serial >= run.start && serial - run.start < run.len {
            return Some(before + (serial - run.start));
        }
        before = before.saturating_add(run.len);
    }
    None
}

/// The serial of a batch's n-th number, counted from 0.
#[must_use]
pub fn serial_at(batch: &Batch, ordinal: u64) -> Option<u64> {
    let mut left = ordinal;
    for run in &batch.serials {
        if left < run.len {
            return run.start.checked_add(left);
        }
        left -= run.len;
    }
    None
}

/// What a record says of a unit to anyone; how often it was asked about is the history's to add.
#[must_use]
pub fn product_facts(record: &UnitRecord) -> Facts {
    let UnitRecord { maker, product, batch, .. } = record;
    Facts {
        product: Some(contract::Product {
            name: product.name.clone(),
            maker: maker.name.clone(),
            spec: product.spec.clone(),
            licence: product.licence.clone(),
            category: product.category.clone(),
        }),
        lot: Some(batch.lot.clone()).filter(|lot| !lot.is_empty()),
        made: batch.made,
        expiry: batch.expiry,
        times_checked: None,
        first_checked: None,
    }
}

#[cfg(test)]
mod tests;
