//! From what an operator or client names to the target of a life event.
//!
//! Owns the ways to name units and the looking up. A number counts only whole: with its check digit, issued, and with
//! the right tag, so that nobody can recall or sell a unit by its serial alone.

use std::collections::BTreeSet;

use contract::Number;
use contract::reading::read_one;
use serde::{Deserialize, Serialize};

use super::check::{CatalogueError, MAX_UNITS};
use super::{Catalogue, check};
use crate::index::{Found, Index, Serials, Target, UnitKey};

/// What a command covers. Numbers are given as printed: digits, with any spaces and dashes between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Selector {
    /// One unit.
    Unit {
        /// Its number.
        number: String,
    },
    /// Several units.
    Units {
        /// Their numbers, 1 to [`MAX_UNITS`].
        numbers: Vec<String>,
    },
    /// All units from one to another, both included, of one batch.
    Range {
        /// The first number.
        first: String,
        /// The last number.
        last: String,
    },
    /// A batch.
    Batch {
        /// Its number.
        batch: u64,
    },
    /// A product.
    Product {
        /// Its id.
        product: String,
    },
    /// An imported set.
    Set {
        /// Its number.
        set: u64,
    },
}

impl Catalogue {
    /// The target that a selector names.
    ///
    /// # Errors
    /// [`CatalogueError`] where something it names is not known or not issued.
    pub fn select(&self, selector: &Selector) -> Result<Target, CatalogueError> {
        match selector {
            Selector::Unit { number } => self.units(&typed(std::slice::from_ref(number))),
            Selector::Units { numbers } => self.units(&typed(numbers)),
            Selector::Range { first, last } => self.range(first, last),
            Selector::Batch { batch } => self.checked(Target::Batch { batch: *batch }),
            Selector::Product { product } => self.checked(Target::Product { product: product.clone() }),
            Selector::Set { set } => self.checked(Target::Set { set: *set }),
        }
    }

    /// The units that these are the numbers of; one that is given twice is taken once.
    ///
    /// # Errors
    /// [`CatalogueError::NotIssued`] for the first that is not an issued unit's, [`CatalogueError::Empty`],
    /// [`CatalogueError::TooMany`].
    pub fn units(&self, numbers: &[Number]) -> Result<Target, CatalogueError> {
        units(self, numbers)
    }

    fn range(&self, first: &str, last: &str) -> Result<Target, CatalogueError> {
        let first = self.issued(first).ok_or(CatalogueError::NotIssued { position: 1 })?;
        let last = self.issued(last).ok_or(CatalogueError::NotIssued { position: 2 })?;
        let ((layout, resource, start), (_, _, end)) = (first, last);
        if (layout, resource) != (last.0, last.1) || end < start {
            return Err(CatalogueError::RangeEnds);
        }
        let serials = Serials { start, len: end - start + 1 };
        // Batches lie at random places: what is between two numbers of different batches may be anybody's.
        if self.shelf().sole_batch(layout, resource, serials).is_err() {
            return Err(CatalogueError::RangeMixed);
        }
        Ok(Target::Range { layout, resource, serials })
    }

    /// Layout, resource and serial of an issued number with the right tag.
    fn issued(&self, text: &str) -> Option<(u8, u64, u64)> {
        match self.find(&one(text)) {
            Found::Unit(record) => record.key.as_native(),
            Found::Unavailable
            | Found::Malformed { .. }
            | Found::Typo
            | Found::NotUnitCode(_)
            | Found::NotCovered
            | Found::Unknown(_) => None,
        }
    }

    fn checked(&self, target: Target) -> Result<Target, CatalogueError> {
        check::target(&self.shelf(), self.codes(), &target)?;
        Ok(target)
    }
}

/// The units of an index that these are the numbers of; one that is given twice is taken once.
///
/// # Errors
/// As [`Catalogue::units`].
pub(crate) fn units(index: &dyn Index, numbers: &[Number]) -> Result<Target, CatalogueError> {
    if numbers.is_empty() {
        return Err(CatalogueError::Empty);
    }
    if numbers.len() > MAX_UNITS {
        return Err(CatalogueError::TooMany { what: "units", most: MAX_UNITS, got: numbers.len() });
    }
    let mut units: BTreeSet<UnitKey> = BTreeSet::new();
    for (number, position) in numbers.iter().zip(1..) {
        match index.find(number) {
            Found::Unit(record) => units.insert(record.key),
            Found::Unavailable
            | Found::Malformed { .. }
            | Found::Typo
            | Found::NotUnitCode(_)
            | Found::NotCovered
            | Found::Unknown(_) => return Err(CatalogueError::NotIssued { position }),
        };
    }
    Ok(Target::Units { units: units.into_iter().collect() })
}

/// Numbers as an operator types, scans or copies them, one more at most than a target may name. What is no number at all
/// is left to be found malformed.
pub(crate) fn typed(numbers: &[String]) -> Vec<Number> {
    numbers.iter().take(MAX_UNITS + 1).map(|text| one(text)).collect()
}

fn one(text: &str) -> Number {
    read_one(text).number
}
