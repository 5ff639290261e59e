//! From an order to a batch: its place among the free serials, its id and its dates.
//!
//! Owns the choice of places. Writes nothing: the batch that comes out is committed by the ledger's writer, of which
//! there is one, so that two plans never meet.
//!
//! A batch lies in one run where one is free, else in several of one resource. Each free starting place is as likely
//! as any other: how many numbers a maker ordered, and which come next, is nobody's business.

use contract::{Day, Timestamp};
use jiff::ToSpan as _;
use serde::{Deserialize, Serialize};

use super::check::{CatalogueError, text};
use super::shelf::Shelf;
use crate::code::Codes;
use crate::code::layout::LayoutError;
use crate::index::{Batch, Concealment, Product, Serials};

/// The most numbers in one batch; an order for more is a slip of the finger.
pub const MAX_COUNT: u64 = 1_000_000_000;
/// The most runs a batch may lie in: it is one event of the log and one row in memory.
const MAX_RUNS: usize = 4_096;
/// The highest packaging level.
const MAX_LEVEL: u8 = 4;
const MAX_LOT: usize = 64;

/// An order for numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchOrder {
    /// The product's id.
    pub product: String,
    /// How many numbers, 1 to [`MAX_COUNT`].
    pub count: u64,
    /// The lot as printed on the pack, 1 to 64 characters.
    pub lot: String,
    /// Packaging level, 1 (the unit that is sold, the default) to 4.
    #[serde(default = "one_level")]
    pub level: u8,
    /// How many of the level below one number holds: 1 (the default) at level 1, at least 2 above.
    #[serde(default = "one_unit")]
    pub holds: u32,
    /// The batch of boxes that these are packed into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The day it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Day>,
    /// The last day it is good; by default the product's shelf life after the day it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Day>,
    /// The first day of sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_sale_from: Option<Day>,
    /// How the numbers are put on the pack; by default as the product's are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concealment: Option<Concealment>,
    /// Who orders.
    pub by: String,
}

const fn one_level() -> u8 {
    1
}

const fn one_unit() -> u32 {
    1
}

/// Why an order is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// There is no such product.
    #[error("there is no product {product}")]
    UnknownProduct {
        /// Its id.
        product: String,
    },
    /// The product has no layout.
    #[error(
        "the numbers of product {product} are imported, none are issued: give it a layout and a resource code first"
    )]
    ListedAlone {
        /// The product.
        product: String,
    },
    /// The product's layout may not be issued, or is configured no longer.
    #[error("numbers of this layout are not issued")]
    Layout(#[source] LayoutError),
    /// The count is out of its range.
    #[error("{got} numbers ordered, expected 1 to {MAX_COUNT}")]
    Count {
        /// How many were ordered.
        got: u64,
    },
    /// A text of the order is out of its bounds.
    #[error("a text of the order is out of bounds")]
    Text(#[source] CatalogueError),
    /// The level is out of its range.
    #[error("packaging level {got}, expected 1 to {MAX_LEVEL}")]
    Level {
        /// What was ordered.
        got: u8,
    },
    /// A unit holds one, a box at least two.
    #[error("a number of level {level} holds {got}, expected {expected}")]
    Holds {
        /// The level.
        level: u8,
        /// What was ordered.
        got: u32,
        /// What it may be.
        expected: &'static str,
    },
    /// There is no such batch of boxes.
    #[error("there is no batch {parent} to pack into")]
    UnknownParent {
        /// Its number.
        parent: u64,
    },
    /// The boxes are another product's or of no higher level.
    #[error(
        "batch {parent} is of product {product} and level {level}, expected the same product and a level above {below}"
    )]
    WrongParent {
        /// The boxes' batch.
        parent: u64,
        /// Its product.
        product: String,
        /// Its level.
        level: u8,
        /// The level of what is ordered.
        below: u8,
    },
    /// The boxes were filled by another batch.
    #[error("the boxes of batch {parent} are filled already, expected a batch of boxes of its own")]
    PackedParent {
        /// The boxes' batch.
        parent: u64,
    },
    /// The boxes do not hold so many.
    #[error("the boxes of batch {parent} hold {room}, expected room for {count}")]
    FullParent {
        /// The boxes' batch.
        parent: u64,
        /// How many they hold.
        room: u64,
        /// How many were ordered.
        count: u64,
    },
    /// It would expire before it was made.
    #[error("it would expire on {expiry}, before it was made on {made}")]
    Dates {
        /// The day made.
        made: Day,
        /// The last day good.
        expiry: Day,
    },
    /// The product's resources have no room for so many.
    #[error(
        "{count} numbers ordered, {free} free in the roomiest resource of product {product}: add a resource code to it"
    )]
    Exhausted {
        /// The product.
        product: String,
        /// How many were ordered.
        count: u64,
        /// The most that one resource could still take in one batch.
        free: u64,
    },
}

/// The serials that are free in one resource.
struct Free {
    resource: u64,
    gaps: Vec<Serials>,
}

pub(super) fn plan(
    shelf: &Shelf,
    codes: &Codes,
    order: &BatchOrder,
    issued_at: Timestamp,
    random: &mut dyn FnMut(u64) -> u64,
) -> Result<Batch, IssueError> {
    let known = shelf.product(&order.product);
    let known = known.ok_or_else(|| IssueError::UnknownProduct { product: order.product.clone() })?;
    let product = &known.product;
    let id = known.layout.ok_or_else(|| IssueError::ListedAlone { product: order.product.clone() })?;
    let layout = codes.layouts().with_id(id).ok_or(IssueError::Layout(LayoutError::None))?;
    layout.issuable().map_err(IssueError::Layout)?;
    if !(1..=MAX_COUNT).contains(&order.count) {
        return Err(IssueError::Count { got: order.count });
    }
    text("lot", "the order", &order.lot, MAX_LOT).map_err(IssueError::Text)?;
    text("author", "the order", &order.by, 200).map_err(IssueError::Text)?;
    packaging(shelf, order)?;
    let expiry = expiry(order, product)?;
    let free: Vec<Free> = product
        .resources
        .iter()
        .map(|resource| Free { resource: *resource, gaps: shelf.free(id, *resource, layout.serials()) })
        .collect();
    let (resource, serials) = place(&free, order.count, random).ok_or_else(|| IssueError::Exhausted {
        product: product.id.clone(),
        count: order.count,
        free: free.iter().map(Free::room).max().unwrap_or(0),
    })?;
    Ok(Batch {
        id: shelf.next_batch(),
        product: product.id.clone(),
        layout: id,
        resource,
        serials,
        epoch: codes.epoch(),
        lot: order.lot.clone(),
        level: order.level,
        holds: order.holds,
        parent: order.parent,
        made: order.made,
        expiry,
        on_sale_from: order.on_sale_from,
        concealment: order.concealment.unwrap_or(product.concealment),
        issued_at,
        issued_by: order.by.clone(),
        listed: None,
    })
}

fn packaging(shelf: &Shelf, order: &BatchOrder) -> Result<(), IssueError> {
    let BatchOrder { level, holds, count, .. } = *order;
    if !(1..=MAX_LEVEL).contains(&level) {
        return Err(IssueError::Level { got: level });
    }
    if level == 1 && holds != 1 {
        return Err(IssueError::Holds { level, got: holds, expected: "1" });
    }
    if level > 1 && holds < 2 {
        return Err(IssueError::Holds { level, got: holds, expected: "at least 2" });
    }
    let Some(parent) = order.parent else { return Ok(()) };
    let boxes = shelf.batch(parent).ok_or(IssueError::UnknownParent { parent })?;
    if boxes.product != order.product || boxes.level <= level {
        let product = boxes.product.clone();
        return Err(IssueError::WrongParent { parent, product, level: boxes.level, below: level });
    }
    // The n-th number lies in the (n / holds)-th box: a second batch would begin in the first box again.
    if shelf.is_filled(parent) {
        return Err(IssueError::PackedParent { parent });
    }
    let room = boxes.count().saturating_mul(u64::from(boxes.holds));
    if room < count {
        return Err(IssueError::FullParent { parent, room, count });
    }
    Ok(())
}

fn expiry(order: &BatchOrder, product: &Product) -> Result<Option<Day>, IssueError> {
    let kept = || {
        let days = i64::from(product.shelf_life_days?);
        Some(Day::from_civil(order.made?.to_civil().saturating_add(days.days())))
    };
    let expiry = order.expiry.or_else(kept);
    match (order.made, expiry) {
        (Some(made), Some(expiry)) if expiry < made => Err(IssueError::Dates { made, expiry }),
        _ => Ok(expiry),
    }
}

/// A resource and the runs in it, sorted.
fn place(free: &[Free], count: u64, random: &mut dyn FnMut(u64) -> u64) -> Option<(u64, Vec<Serials>)> {
    let gaps = free.iter().flat_map(|free| free.gaps.iter().map(|gap| (free.resource, *gap)));
    if let Some((resource, start)) = pick(gaps, count, random) {
        return Some((resource, vec![Serials { start, len: count }]));
    }
    let roomy = || free.iter().filter(|free| free.room() >= count);
    let fitting = u64::try_from(roomy().count()).ok().filter(|fitting| *fitting > 0)?;
    let chosen = usize::try_from(random(fitting).min(fitting - 1)).ok()?;
    let Free { resource, gaps } = roomy().nth(chosen)?;
    let mut gaps = gaps.clone();
    gaps.sort_unstable_by_key(|gap| gap.len);
    let mut runs = Vec::new();
    let mut left = count;
    // The largest gaps whole, so that runs stay few, until the rest fits into one of those that remain.
    while left > 0 {
        if let Some((_, start)) = pick(gaps.iter().map(|gap| (*resource, *gap)), left, random) {
            runs.push(Serials { start, len: left });
            break;
        }
        let largest = gaps.pop()?;
        left -= largest.len;
        runs.push(largest);
    }
    runs.sort_unstable();
    Some((*resource, runs))
}

/// One of all places where a run of `count` can begin, each as likely as any other.
fn pick(
    gaps: impl Iterator<Item = (u64, Serials)> + Clone,
    count: u64,
    random: &mut dyn FnMut(u64) -> u64,
) -> Option<(u64, u64)> {
    let places = |gap: &Serials| (gap.len + 1).saturating_sub(count);
    let all = gaps.clone().fold(0_u64, |all, (_, gap)| all.saturating_add(places(&gap)));
    if all == 0 {
        return None;
    }
    let mut chosen = random(all).min(all - 1);
    for (resource, gap) in gaps {
        if chosen < places(&gap) {
            return Some((resource, gap.start + chosen));
        }
        chosen -= places(&gap);
    }
    None
}

impl Free {
    /// How many one batch can still have here.
    fn room(&self) -> u64 {
        let mut lengths: Vec<u64> = self.gaps.iter().map(|gap| gap.len).collect();
        if lengths.len() > MAX_RUNS {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
        }
        lengths.iter().take(MAX_RUNS).sum()
    }
}
