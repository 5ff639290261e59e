//! The catalogue in memory: makers, products, batches and where every serial lies.
//!
//! Owns the maps and the folding of committed events into them. Checks nothing: what is in the log was checked before
//! it was written, and an event that names something unknown here (a layout that was taken out of the configuration)
//! is passed over with a line in the log, so that a rebuild always ends.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use contract::Life;

use super::packed::{Packed, Place};
use super::runs::{Run, Runs};
use super::spans::Spans;
use crate::code::layout::Layout;
use crate::code::{Codes, item_reference};
use crate::index::{
    Batch, CatalogueChange, LifeEvent, Maker, Product, Serials, Stamp, Target, Timeline, UnitKey, UnitRecord,
};

/// Everything that stands in the catalogue. Entries name each other by their place in a vector, which is cheaper to
/// follow than their ids and never changes, since nothing is ever taken out.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    makers: Vec<Arc<Maker>>,
    maker_slots: HashMap<String, usize>,
    products: Vec<ProductSlot>,
    product_slots: HashMap<String, usize>,
    resources: HashMap<(u8, u64), Resource>,
    /// By their ids: batches are counted up, and come in that order.
    batches: Vec<BatchSlot>,
    packed: Packed,
    /// The goods that GTINs name, whatever the packaging.
    gtins: HashSet<String>,
    /// Batches of boxes that units were already put into.
    filled: HashSet<u64>,
}

#[derive(Debug)]
pub(super) struct ProductSlot {
    pub(super) product: Arc<Product>,
    maker: usize,
    /// The layout that its numbers are issued in; `None` where they are listed alone.
    pub(super) layout: Option<u8>,
    life: Timeline,
}

/// What is asked of a batch in its millions; the rest is packed.
#[derive(Debug)]
struct BatchSlot {
    id: u64,
    /// When it was issued, as a sequence of the log.
    sequence: u64,
    place: Place,
    product: u32,
    /// Most batches are released with their product or never.
    life: Option<Box<Timeline>>,
}

/// The serials of one resource.
#[derive(Debug)]
struct Resource {
    product: usize,
    runs: Runs,
    spans: Spans,
}

impl Shelf {
    pub(super) fn change(&mut self, change: &CatalogueChange, codes: &Codes) {
        for maker in &change.makers {
            let next = self.makers.len();
            let slot = *self.maker_slots.entry(maker.id.clone()).or_insert(next);
            put(&mut self.makers, slot, Arc::new(maker.clone()));
        }
        for product in &change.products {
            let layout = codes.layouts().named(&product.layout).map(Layout::id);
            let is_known = layout.is_some() || product.layout.is_empty();
            let (true, Some(maker)) = (is_known, self.maker_slots.get(&product.maker)) else {
                tracing::error!(product = product.id, "a product of an unknown maker or layout is passed over");
                continue;
            };
            let next = self.products.len();
            let slot = *self.product_slots.entry(product.id.clone()).or_insert(next);
            let life = self.products.get(slot).map(|known| known.life.clone()).unwrap_or_default();
            let shelved = ProductSlot { product: Arc::new(product.clone()), maker: *maker, layout, life };
            put(&mut self.products, slot, shelved);
            for (layout, resource) in
                layout.into_iter().flat_map(|id| product.resources.iter().map(move |code| (id, *code)))
            {
                let new = || Resource { product: slot, runs: Runs::default(), spans: Spans::default() };
                self.resources.entry((layout, resource)).or_insert_with(new);
            }
            self.gtins.extend(product.gtin.as_deref().map(item_reference).map(str::to_owned));
        }
    }

    pub(super) fn issue(&mut self, sequence: u64, batch: &Batch) {
        let resource = self.resources.get_mut(&(batch.layout, batch.resource));
        let (Some(product), true) =
            (self.product_slots.get(&batch.product), resource.is_some() || batch.listed.is_some())
        else {
            tracing::error!(batch = batch.id, "a batch of an unknown product or resource is passed over");
            return;
        };
        if self.batches.last().is_some_and(|last| last.id >= batch.id) {
            tracing::error!(batch = batch.id, "a batch that is known already is passed over");
            return;
        }
        let places = (u32::try_from(self.batches.len()), u32::try_from(*product), self.packed.put(batch));
        let (Ok(slot), Ok(product), Some(place)) = places else {
            tracing::error!(batch = batch.id, "a batch beyond the four billion that there is room for is passed over");
            return;
        };
        self.batches.push(BatchSlot { id: batch.id, sequence, place, product, life: None });
        self.filled.extend(batch.parent);
        if let (Some(resource), None) = (resource, batch.listed) {
            for run in batch.serials.iter().filter(|run| run.len > 0) {
                resource.runs.put(run.start, Run { len: run.len, batch: slot });
            }
        }
    }

    pub(super) fn live(&mut self, sequence: u64, event: &LifeEvent) {
        let stamp = event.stamp(sequence);
        match &event.target {
            Target::Product { product } => {
                let slot = self.product_slots.get(product).and_then(|slot| self.products.get_mut(*slot));
                if let Some(known) = slot {
                    known.life.put(event.life, stamp);
                    return;
                }
            }
            Target::Batch { batch } => {
                let slot = self.batches.binary_search_by_key(batch, |slot| slot.id);
                if let Some(known) = slot.ok().and_then(|slot| self.batches.get_mut(slot)) {
                    known.life.get_or_insert_default().put(event.life, stamp);
                    return;
                }
            }
            Target::Range { layout, resource, serials } => {
                if let Some(known) = self.resources.get_mut(&(*layout, *resource)) {
                    known.spans.put(*serials, event.life, &stamp);
                    return;
                }
            }
            Target::Units { .. } | Target::Set { .. } => return,
        }
        tracing::error!(sequence, "a life event of something unknown is passed over");
    }

    /// The record of a serial, if it was issued.
    pub(super) fn unit(&self, layout: u8, resource: u64, serial: u64) -> Option<UnitRecord> {
        let shelved = self.resources.get(&(layout, resource))?;
        let slot = self.batches.get(usize::try_from(shelved.runs.holder(serial)?).ok()?)?;
        let mut record = self.of_batch(slot, UnitKey::native(layout, resource, serial))?;
        if let Some(ranged) = shelved.spans.at(serial) {
            record.life.merge_where(ranged, |_, stamp| slot.is_before(stamp));
        }
        Some(record)
    }

    /// The record of a listed unit of a batch.
    pub(super) fn listed(&self, batch: u64, key: UnitKey) -> Option<UnitRecord> {
        self.of_batch(self.slot(batch)?, key)
    }

    /// What every unit of a batch has in common.
    fn of_batch(&self, slot: &BatchSlot, key: UnitKey) -> Option<UnitRecord> {
        let product = self.products.get(usize::try_from(slot.product).ok()?)?;
        let mut life = slot.life.as_deref().cloned().unwrap_or_default();
        life.merge_where(&product.life, |kind, stamp| outlives(kind) || slot.is_before(stamp));
        Some(UnitRecord {
            key,
            maker: Arc::clone(self.makers.get(product.maker)?),
            product: Arc::clone(&product.product),
            batch: self.packed.get(slot.place)?,
            life,
        })
    }

    /// The batches that hold a serial of a range: none, one (`Ok`) or several (`Err`).
    pub(super) fn sole_batch(&self, layout: u8, resource: u64, serials: Serials) -> Result<Option<u64>, ()> {
        let Some(shelved) = self.resources.get(&(layout, resource)) else { return Ok(None) };
        let end = serials.start.saturating_add(serials.len);
        let before = shelved.runs.holder(serials.start);
        let inside = shelved.runs.within(serials.start, end).map(|(_, run)| run.batch);
        let mut holders = before.into_iter().chain(inside);
        let Some(first) = holders.next() else { return Ok(None) };
        if holders.any(|holder| holder != first) {
            return Err(());
        }
        Ok(usize::try_from(first).ok().and_then(|first| self.batches.get(first)).map(|slot| slot.id))
    }

    /// Whether any serial of a range was issued.
    pub(super) fn holds_any(&self, layout: u8, resource: u64, serials: Serials) -> bool {
        !matches!(self.sole_batch(layout, resource, serials), Ok(None))
    }

    /// The runs of serials that are free in a resource below `limit`, in order.
    pub(super) fn free(&self, layout: u8, resource: u64, limit: u64) -> Vec<Serials> {
        match self.resources.get(&(layout, resource)) {
            Some(shelved) => shelved.runs.free(limit),
            None => Runs::default().free(limit),
        }
    }

    /// The product that a resource was given to.
    pub(super) fn owner(&self, layout: u8, resource: u64) -> Option<&Arc<Product>> {
        let shelved = self.resources.get(&(layout, resource))?;
        self.products.get(shelved.product).map(|slot| &slot.product)
    }

    pub(super) fn maker(&self, id: &str) -> Option<&Arc<Maker>> {
        self.makers.get(*self.maker_slots.get(id)?)
    }

    pub(super) fn product(&self, id: &str) -> Option<&ProductSlot> {
        self.products.get(*self.product_slots.get(id)?)
    }

    pub(super) fn batch(&self, id: u64) -> Option<Arc<Batch>> {
        self.packed.get(self.slot(id)?.place)
    }

    fn slot(&self, id: u64) -> Option<&BatchSlot> {
        self.batches.get(self.batches.binary_search_by_key(&id, |slot| slot.id).ok()?)
    }

    pub(super) fn knows_gtin(&self, gtin: &str) -> bool {
        self.gtins.contains(item_reference(gtin))
    }

    pub(super) fn is_filled(&self, batch: u64) -> bool {
        self.filled.contains(&batch)
    }

    pub(super) fn next_batch(&self) -> u64 {
        self.batches.last().map_or(0, |last| last.id).saturating_add(1)
    }

    pub(super) fn makers(&self) -> Vec<Arc<Maker>> {
        self.makers.clone()
    }

    pub(super) fn products(&self) -> Vec<Arc<Product>> {
        self.products.iter().map(|slot| Arc::clone(&slot.product)).collect()
    }

    pub(super) fn products_from(&self, skip: usize, most: usize) -> (Vec<Arc<Product>>, Vec<Arc<Maker>>, usize) {
        let page = self.products.iter().skip(skip).take(most);
        let makers: BTreeSet<usize> = page.clone().map(|slot| slot.maker).collect();
        let makers = makers.into_iter().filter_map(|maker| self.makers.get(maker).map(Arc::clone)).collect();
        (page.map(|slot| Arc::clone(&slot.product)).collect(), makers, self.products.len())
    }

    pub(super) fn batches_from(&self, skip: usize, most: usize) -> (Vec<Arc<Batch>>, usize) {
        let page = self.batches.iter().skip(skip).take(most);
        (page.filter_map(|slot| self.packed.get(slot.place)).collect(), self.batches.len())
    }

    pub(super) fn count(&self) -> u64 {
        self.batches.iter().filter_map(|slot| self.packed.get(slot.place)).map(|batch| batch.count()).sum()
    }

    pub(super) fn batches(&self) -> Vec<Arc<Batch>> {
        self.batches.iter().filter_map(|slot| self.packed.get(slot.place)).collect()
    }
}

impl BatchSlot {
    /// It was issued before this happened. A range's event does not reach serials that lay free in it then, nor does a
    /// product's release or sale reach numbers that were not even printed: they would be born activated.
    const fn is_before(&self, stamp: &Stamp) -> bool {
        self.sequence < stamp.sequence
    }
}

/// Whether an event of a product also covers batches issued after it: what keeps goods off the market does, until it is
/// lifted; what lets them onto it does not.
const fn outlives(life: Life) -> bool {
    match life {
        Life::Recalled | Life::Withdrawn | Life::Stolen | Life::Compromised => true,
        Life::Printed | Life::Applied | Life::Activated | Life::Shipped | Life::Sold => false,
    }
}

/// Replaces the entry at a place, or adds it at the end.
fn put<T>(entries: &mut Vec<T>, slot: usize, entry: T) {
    match entries.get_mut(slot) {
        Some(known) => *known = entry,
        None => entries.push(entry),
    }
}
