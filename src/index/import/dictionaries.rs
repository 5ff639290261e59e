//! What the rows of a list name besides their numbers: what numbers share, and the boxes they lie in.
//!
//! Owns the numbering of both in the order of their coming, its bounds, and the way from there to the order of the file.
//! Does not read rows (`row.rs`).

use std::collections::HashMap;

use minicbor::{Decode, Encode};

use super::row::Mapped;
use super::{ImportError, MAX_BOXES};
use crate::index::sets::MAX_GROUPS;
use crate::index::sets::group::Group;

/// What the rows name, in the order of their coming.
#[derive(Debug, Default, Clone)]
pub(super) struct Dictionaries {
    /// By what the cells say, so that a row like the one before it is not read again.
    spoken: HashMap<String, u32>,
    last: Option<(String, u32)>,
    groups: HashMap<Group, u32>,
    boxes: HashMap<String, u32>,
}

/// Dictionaries as they are kept for an import that goes on later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Kept {
    #[n(0)]
    spoken: Vec<(String, u32)>,
    /// In the order of their coming.
    #[n(1)]
    groups: Vec<Group>,
    /// In the order of their coming.
    #[n(2)]
    boxes: Vec<String>,
}

/// From places in the order of coming to places in order.
pub(super) struct Ranks {
    pub(super) groups: Vec<Group>,
    pub(super) group: Vec<u32>,
    pub(super) boxes: Vec<String>,
    pub(super) parent: Vec<u32>,
}

impl Dictionaries {
    /// The group that was spoken of; `Ok(Err)` where the row is to be rejected.
    pub(super) fn group(
        &mut self,
        mapped: &Mapped,
        spoken: &str,
        line: u64,
    ) -> Result<Result<u32, String>, ImportError> {
        if let Some((last, group)) = &self.last
            && last == spoken
        {
            return Ok(Ok(*group));
        }
        let group = match self.spoken.get(spoken) {
            Some(group) => *group,
            None => {
                let group = match mapped.group(spoken) {
                    Ok(group) => group,
                    Err(reason) => return Ok(Err(reason)),
                };
                let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
                let place = *self.groups.entry(group).or_insert(next);
                if self.groups.len() > MAX_GROUPS || self.spoken.len() > 4 * MAX_GROUPS {
                    let what = "combinations of product, lot, days and level";
                    return Err(ImportError::TooMany { line, what, most: MAX_GROUPS });
                }
                self.spoken.insert(spoken.to_owned(), place);
                place
            }
        };
        self.last = Some((spoken.to_owned(), group));
        Ok(Ok(group))
    }

    /// The box that was named, counted from 1; 0 for none.
    pub(super) fn parent(&mut self, parent: Option<&str>, line: u64) -> Result<u32, ImportError> {
        let Some(text) = parent else { return Ok(0) };
        if let Some(place) = self.boxes.get(text) {
            return Ok(*place);
        }
        if self.boxes.len() >= MAX_BOXES {
            return Err(ImportError::TooMany { line, what: "boxes", most: MAX_BOXES });
        }
        let next = u32::try_from(self.boxes.len() + 1).unwrap_or(u32::MAX);
        self.boxes.insert(text.to_owned(), next);
        Ok(next)
    }

    pub(super) fn ranks(self) -> Ranks {
        let (groups, group) = ranked(self.groups);
        let (boxes, mut parent) = ranked(self.boxes.into_iter().map(|(text, place)| (text, place - 1)));
        parent.iter_mut().for_each(|rank| *rank += 1);
        parent.insert(0, 0);
        Ranks { groups, group, boxes, parent }
    }

    /// What has to be kept of them.
    pub(super) fn keep(&self) -> Kept {
        let mut spoken: Vec<(String, u32)> = self.spoken.iter().map(|(text, place)| (text.clone(), *place)).collect();
        spoken.sort_unstable();
        Kept { spoken, groups: in_order(&self.groups), boxes: in_order(&self.boxes) }
    }

    /// As they were when they were kept.
    pub(super) fn restore(kept: Kept) -> Self {
        Self {
            spoken: kept.spoken.into_iter().collect(),
            last: None,
            groups: kept.groups.into_iter().zip(0..).collect(),
            boxes: kept.boxes.into_iter().zip(1..).collect(),
        }
    }
}

fn in_order<T: Clone>(places: &HashMap<T, u32>) -> Vec<T> {
    let mut all: Vec<(&T, u32)> = places.iter().map(|(value, place)| (value, *place)).collect();
    all.sort_unstable_by_key(|(_, place)| *place);
    all.into_iter().map(|(value, _)| value.clone()).collect()
}

/// The values in order, and for each place the rank of its value.
fn ranked<T: Ord>(places: impl IntoIterator<Item = (T, u32)>) -> (Vec<T>, Vec<u32>) {
    let mut sorted: Vec<(T, u32)> = places.into_iter().collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for ((_, place), rank) in sorted.iter().zip(0..) {
        if let Some(known) = usize::try_from(*place).ok().and_then(|place| ranks.get_mut(place)) {
            *known = rank;
        }
    }
    (sorted.into_iter().map(|(value, _)| value).collect(), ranks)
}
