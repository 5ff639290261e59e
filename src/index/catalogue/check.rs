//! What may be written to the log: catalogue changes and targets, checked against what is known.
//!
//! Owns the bounds on texts and counts and the rules between entries. Changes nothing. The rules let entries grow and
//! never shrink: goods outlive entries, so a product keeps its layout and every resource it ever had.

use std::collections::{HashMap, HashSet};

use contract::answer::Names;
use contract::reading::gtin14;

use super::shelf::Shelf;
use crate::code::Codes;
use crate::code::layout::Layout;
use crate::index::{CatalogueChange, Maker, Product, Target};

/// The most makers and products together in one change, which is one event of the log.
pub const MAX_ENTRIES: usize = 200_000;
/// The most units one target may name.
pub const MAX_UNITS: usize = 10_000;
/// The longest a shelf life may be: a hundred years.
const MAX_SHELF_LIFE: u32 = 36_525;
const MAX_ID: usize = 64;
const MAX_NAME: usize = 200;
const MAX_TEXT: usize = 200;
const MAX_RESOURCES: usize = 1_000;
const MAX_CITIES: usize = 1_000;

/// Why a change or a target is refused. Numbers are named by their place, never by their digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Nothing is in it.
    #[error("nothing is named, expected at least one")]
    Empty,
    /// There is too much of something.
    #[error("{got} {what}, expected at most {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most there may be.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// A text is empty, too long or holds control characters.
    #[error("the {field} of {of} has {got} characters or unprintable ones, expected 1 to {most} printable")]
    Text {
        /// Which text.
        field: &'static str,
        /// The entry's id.
        of: String,
        /// How long it may be.
        most: usize,
        /// How long it is.
        got: usize,
    },
    /// A number is out of its range.
    #[error("the {field} of {of} is {got}, expected {expected}")]
    Value {
        /// Which.
        field: &'static str,
        /// The entry's id.
        of: String,
        /// What it is.
        got: String,
        /// What it may be.
        expected: String,
    },
    /// One id stands twice in a change.
    #[error("{of} is there twice")]
    Twice {
        /// The id or resource.
        of: String,
    },
    /// There is no such maker.
    #[error("product {product} names the maker {maker}, which is not known")]
    UnknownMaker {
        /// The product.
        product: String,
        /// The maker's id.
        maker: String,
    },
    /// There is no such layout.
    #[error("product {product} names the layout {layout}, which is not configured")]
    UnknownLayout {
        /// The product.
        product: String,
        /// The layout's name.
        layout: String,
    },
    /// A product's numbers cannot change their layout.
    #[error("product {product} would change its layout to {layout}; add a product instead")]
    LayoutChanged {
        /// The product.
        product: String,
        /// The layout it would have.
        layout: String,
    },
    /// The resource is another product's.
    #[error("product {product} names the resource {resource}, which is {owner}'s")]
    ResourceTaken {
        /// The product.
        product: String,
        /// The resource.
        resource: u64,
        /// Whose it is.
        owner: String,
    },
    /// A product would lose a resource.
    #[error("product {product} would lose the resource {resource}, whose numbers may be on goods")]
    ResourceLost {
        /// The product.
        product: String,
        /// The resource.
        resource: u64,
    },
    /// There is no such product.
    #[error("there is no product {product}")]
    UnknownProduct {
        /// Its id.
        product: String,
    },
    /// There is no such batch.
    #[error("there is no batch {batch}")]
    UnknownBatch {
        /// Its number.
        batch: u64,
    },
    /// There is no such set.
    #[error("there is no set {set}")]
    UnknownSet {
        /// Its number.
        set: u64,
    },
    /// A number is not an issued unit's.
    #[error("number {position} of those given is not an issued unit's")]
    NotIssued {
        /// Its place among those given, from 1.
        position: usize,
    },
    /// The two ends of a range do not go together.
    #[error("the range does not run upwards within one resource of one product")]
    RangeEnds,
    /// A range reaches over other batches' units.
    #[error("the range reaches over units of several batches, expected those of one; name the batches instead")]
    RangeMixed,
    /// A range holds no issued unit.
    #[error("no unit of the range was issued")]
    RangeEmpty,
}

pub(super) fn change(shelf: &Shelf, codes: &Codes, change: &CatalogueChange) -> Result<(), CatalogueError> {
    let entries = change.makers.len() + change.products.len();
    if entries == 0 {
        return Err(CatalogueError::Empty);
    }
    at_most("makers and products", entries, MAX_ENTRIES)?;
    text("author", "the change", &change.by, MAX_NAME)?;
    let mut makers = HashSet::new();
    for entry in &change.makers {
        maker(entry)?;
        if !makers.insert(entry.id.as_str()) {
            return Err(CatalogueError::Twice { of: entry.id.clone() });
        }
    }
    let mut products = HashSet::new();
    let mut resources: HashMap<(u8, u64), &str> = HashMap::new();
    for entry in &change.products {
        product(entry)?;
        if !products.insert(entry.id.as_str()) {
            return Err(CatalogueError::Twice { of: entry.id.clone() });
        }
        if !makers.contains(entry.maker.as_str()) && shelf.maker(&entry.maker).is_none() {
            return Err(CatalogueError::UnknownMaker { product: entry.id.clone(), maker: entry.maker.clone() });
        }
        let layout = match entry.layout.as_str() {
            "" => None,
            name => Some(codes.layouts().named(name).ok_or_else(|| CatalogueError::UnknownLayout {
                product: entry.id.clone(),
                layout: entry.layout.clone(),
            })?),
        };
        kept(shelf, entry, layout)?;
        let Some(layout) = layout else { continue };
        for resource in &entry.resources {
            let owner = resources.insert((layout.id(), *resource), &entry.id);
            given(shelf, entry, layout, *resource, owner)?;
        }
    }
    Ok(())
}

/// The resource is in the layout and nobody else's; `owner` is who else claims it in the same change.
fn given(
    shelf: &Shelf,
    entry: &Product,
    layout: &Layout,
    resource: u64,
    owner: Option<&str>,
) -> Result<(), CatalogueError> {
    if resource >= layout.resources() {
        return Err(CatalogueError::Value {
            field: "resource",
            of: entry.id.clone(),
            got: resource.to_string(),
            expected: format!("below {}", layout.resources()),
        });
    }
    if owner == Some(entry.id.as_str()) {
        return Err(CatalogueError::Twice { of: format!("resource {resource} of {}", entry.id) });
    }
    match owner.or_else(|| shelf.owner(layout.id(), resource).map(|product| product.id.as_str())) {
        Some(owner) if owner != entry.id => {
            Err(CatalogueError::ResourceTaken { product: entry.id.clone(), resource, owner: owner.to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

/// A known product keeps what its numbers depend on; one whose numbers were listed alone may be given a layout.
fn kept(shelf: &Shelf, entry: &Product, layout: Option<&Layout>) -> Result<(), CatalogueError> {
    let Some(known) = shelf.product(&entry.id) else { return Ok(()) };
    if known.layout.is_some() && known.layout != layout.map(Layout::id) {
        return Err(CatalogueError::LayoutChanged { product: entry.id.clone(), layout: entry.layout.clone() });
    }
    let named: HashSet<u64> = entry.resources.iter().copied().collect();
    match known.product.resources.iter().find(|resource| !named.contains(resource)) {
        Some(lost) => Err(CatalogueError::ResourceLost { product: entry.id.clone(), resource: *lost }),
        None => Ok(()),
    }
}

pub(super) fn target(shelf: &Shelf, codes: &Codes, target: &Target) -> Result<(), CatalogueError> {
    match target {
        Target::Product { product } => shelf
            .product(product)
            .map(|_| ())
            .ok_or_else(|| CatalogueError::UnknownProduct { product: product.clone() }),
        Target::Batch { batch } => {
            shelf.batch(*batch).map(|_| ()).ok_or(CatalogueError::UnknownBatch { batch: *batch })
        }
        Target::Range { layout, resource, serials } => {
            let room = codes.layouts().with_id(*layout).map_or(0, Layout::serials);
            let fits = serials.start.checked_add(serials.len).is_some_and(|end| end <= room) && serials.len > 0;
            if fits && shelf.holds_any(*layout, *resource, *serials) { Ok(()) } else { Err(CatalogueError::RangeEmpty) }
        }
        Target::Set { set } => Err(CatalogueError::UnknownSet { set: *set }),
        Target::Units { units } => {
            if units.is_empty() {
                return Err(CatalogueError::Empty);
            }
            at_most("units", units.len(), MAX_UNITS)?;
            let known = |key: &crate::index::UnitKey| {
                key.as_native().is_some_and(|(layout, resource, serial)| {
                    let one = crate::index::Serials { start: serial, len: 1 };
                    shelf.holds_any(layout, resource, one)
                })
            };
            match units.iter().position(|key| !known(key)) {
                Some(at) => Err(CatalogueError::NotIssued { position: at + 1 }),
                None => Ok(()),
            }
        }
    }
}

fn maker(entry: &Maker) -> Result<(), CatalogueError> {
    id(&entry.id)?;
    names(&entry.id, &entry.name)?;
    optional("hotline", &entry.id, entry.hotline.as_deref(), 32)
}

fn product(entry: &Product) -> Result<(), CatalogueError> {
    id(&entry.id)?;
    names(&entry.id, &entry.name)?;
    text("category", &entry.id, &entry.category, MAX_ID)?;
    optional("spec", &entry.id, entry.spec.as_deref(), MAX_TEXT)?;
    optional("licence", &entry.id, entry.licence.as_deref(), MAX_TEXT)?;
    at_most("cities of sale", entry.sales_region.len(), MAX_CITIES)?;
    for city in &entry.sales_region {
        text("city of sale", &entry.id, city, 64)?;
    }
    at_most("resources of one product", entry.resources.len(), MAX_RESOURCES)?;
    let value = |field, got: String, expected: &str| {
        Err(CatalogueError::Value { field, of: entry.id.clone(), got, expected: expected.to_owned() })
    };
    if entry.resources.is_empty() != entry.layout.is_empty() {
        let count = entry.resources.len().to_string();
        return value("count of resources", count, "at least 1 with a layout, none without");
    }
    match entry.shelf_life_days {
        Some(days) if !(1..=MAX_SHELF_LIFE).contains(&days) => {
            return value("shelf life", days.to_string(), "1 to 36525 days");
        }
        Some(_) | None => {}
    }
    match &entry.gtin {
        Some(gtin) if gtin.len() != 14 || gtin14(gtin).is_none() => {
            value("GTIN", gtin.chars().take(20).collect(), "14 digits with the right check digit")
        }
        Some(_) | None => Ok(()),
    }
}

fn names(of: &str, names: &Names) -> Result<(), CatalogueError> {
    text("name", of, &names.zh_hans, MAX_NAME)?;
    optional("name in the Chinese of Hong Kong", of, names.zh_hk.as_deref(), MAX_NAME)?;
    optional("name in English", of, names.en.as_deref(), MAX_NAME)
}

/// Ids are typed in commands: no spaces in them.
fn id(id: &str) -> Result<(), CatalogueError> {
    text("id", "an entry", id, MAX_ID)?;
    if id.contains(char::is_whitespace) {
        let expected = "no spaces".to_owned();
        return Err(CatalogueError::Value { field: "id", of: "an entry".to_owned(), got: id.to_owned(), expected });
    }
    Ok(())
}

fn optional(field: &'static str, of: &str, given: Option<&str>, most: usize) -> Result<(), CatalogueError> {
    given.map_or(Ok(()), |given| text(field, of, given, most))
}

/// 1 to `most` printable characters, not all of them spaces.
pub(super) fn text(field: &'static str, of: &str, given: &str, most: usize) -> Result<(), CatalogueError> {
    let got = given.chars().count();
    if given.trim().is_empty() || got > most || given.chars().any(char::is_control) {
        return Err(CatalogueError::Text { field, of: of.chars().take(MAX_ID).collect(), most, got });
    }
    Ok(())
}

fn at_most(what: &'static str, got: usize, most: usize) -> Result<(), CatalogueError> {
    if got > most { Err(CatalogueError::TooMany { what, most, got }) } else { Ok(()) }
}
