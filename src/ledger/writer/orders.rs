//! An operator's orders: what changes what was issued. Each is settled alone and is seen by every check after it.

use std::sync::PoisonError;

use contract::{EventTime, Life, Place, Position, Refusal, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Pending, Shared, Writer, opts_out, subscribe};
use crate::index::catalogue::{BatchOrder, CatalogueError, IssueError, Selector};
use crate::index::register::{PlanError, Planned};
use crate::index::sets::file::Hash;
use crate::index::sets::{Removed, SetError, unhex};
use crate::index::{Batch, CatalogueChange, LifeEvent, Maker, Product, Target};
use crate::ledger::event::{Event, LifeRecorded};
use crate::ledger::forgotten::{Forgotten, MOST_NAMES};
use crate::ledger::log::{LogError, Row};
use crate::ledger::reindex;
use crate::ledger::retention::Reduced;
use crate::ledger::state::Overlay;
use crate::verify::history::AskerHash;

/// What an operator orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Makers and products that are new or changed.
    Change {
        /// Makers.
        makers: Vec<Maker>,
        /// Products.
        products: Vec<Product>,
        /// Who orders.
        by: String,
    },
    /// Issue a batch.
    Issue {
        /// Of what.
        order: BatchOrder,
        /// When it was issued, if that was not now.
        at: Option<Timestamp>,
    },
    /// Record what happened to units.
    Live {
        /// To which.
        target: Selector,
        /// What.
        life: Life,
        /// It is lifted, not set.
        lifted: bool,
        /// When, if that was not now.
        at: Option<Timestamp>,
        /// Who says so.
        by: String,
        /// The city it happened in.
        city: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// Take a list in whose sorted file an import has left in the data folder.
    Import(ImportOrder),
    /// Take a list out again.
    Remove {
        /// The set's number.
        set: u64,
        /// Who orders.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Sign a checkpoint and bring the projections up to it.
    Checkpoint,
    /// Destroy keys that have served their time.
    TidyKeys,
    /// Forget an asker.
    Forget(ForgetOrder),
    /// Say that a segment was reduced; the one who did so orders it.
    #[serde(skip)]
    Reduced(Reduced),
}

/// An order to forget an asker.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetOrder {
    /// Its hashes, the latest first; 1 to 256.
    pub names: Vec<u64>,
    /// Its opt-out goes too.
    pub with_opt_out: bool,
    /// Who orders.
    pub by: String,
    /// Why. It stays in the log for good, so it must not hold the number.
    pub reason: Option<String>,
}

/// An order to take a list in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOrder {
    /// The hash of its sorted file, 64 hexadecimal digits.
    pub hash: String,
    /// The last set that it was compared with; 0 where there was none.
    pub against: u64,
    /// The name of the list.
    pub source: String,
    /// Who orders.
    pub by: String,
}

impl ImportOrder {
    /// The hash.
    ///
    /// # Errors
    /// [`SetError::NoFile`] where it is none.
    pub fn hash(&self) -> Result<Hash, SetError> {
        unhex(&self.hash).ok_or_else(|| SetError::NoFile { hash: self.hash.chars().take(64).collect() })
    }
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is recorded there.
    Recorded {
        /// Where.
        position: Position,
    },
    /// The batch that was issued.
    Issued {
        /// Where.
        position: Position,
        /// The batch.
        batch: Box<Batch>,
    },
    /// The list was taken in.
    Imported {
        /// Where.
        position: Position,
        /// The set it is now.
        set: u64,
        /// How many numbers it holds.
        rows: u64,
        /// Its first batch, and how many it has; they follow one another.
        batches: (u64, usize),
    },
    /// The same list stands already; nothing was recorded.
    Known {
        /// As this set.
        set: u64,
    },
}

/// Why an order was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OrderError {
    /// It does not fit what is known.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The batch cannot be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The list cannot be taken in or out.
    #[error(transparent)]
    Set(#[from] SetError),
    /// It cannot be recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An order to forget names nobody, or more than one asker can be.
    #[error("an asker has 1 to {MOST_NAMES} hashes, got {got}")]
    Nobody {
        /// How many.
        got: usize,
    },
    /// What is written would stay in the log, and looks like the number that is to be forgotten.
    #[error("{what} holds a number of seven digits or more; it stays in the log for good, write it without")]
    HoldsNumber {
        /// Which text.
        what: &'static str,
    },
    /// A text is too long.
    #[error("{what} has {got} characters, at most {most} are kept")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The bound.
        most: usize,
    },
}

impl Writer {
    pub(super) fn order(&mut self, order: Order) -> Result<Outcome, OrderError> {
        let now = (self.shared.clock)();
        match order {
            Order::Change { makers, products, by } => {
                let change = CatalogueChange { makers, products, by: bounded("the name of who orders", by, 128)? };
                self.shared.register.check_change(&change)?;
                self.record(&Event::Catalogue(change), now).map(|position| Outcome::Recorded { position })
            }
            Order::Issue { order, at } => {
                let batch = self.shared.register.plan(&order, at.unwrap_or(now), &mut random_below)?;
                let position = self.record(&Event::Issued(batch.clone()), now)?;
                Ok(Outcome::Issued { position, batch: Box::new(batch) })
            }
            Order::Live { target, life, lifted, at, by, city, reason } => {
                let target = self.shared.register.select(&target)?;
                let place = city.map(|city| bounded("the city", city, 64)).transpose()?.map(|city| Place {
                    city,
                    district: None,
                    point: None,
                    confidence: contract::Confidence::High,
                });
                let event = LifeEvent {
                    target,
                    life,
                    lifted,
                    at: EventTime::exact(at.unwrap_or(now)),
                    by: bounded("the name of who orders", by, 128)?,
                    place,
                    reason: reason.map(|reason| bounded("the reason", reason, 500)).transpose()?,
                };
                let is_rare = !matches!(event.target, Target::Units { .. });
                let event = Event::Life(LifeRecorded { id: None, event });
                tracing::info!(life = life.name(), lifted, is_rare, "life event ordered");
                self.record(&event, now).map(|position| Outcome::Recorded { position })
            }
            Order::Import(order) => self.import(order, now),
            Order::Remove { set, by, reason } => {
                self.shared.register.check_remove(set)?;
                let by = bounded("the name of who orders", by, 128)?;
                let reason = reason.map(|reason| bounded("the reason", reason, 500)).transpose()?;
                tracing::info!(set, "removal of a set ordered");
                self.record(&Event::Removed(Removed { set, by, reason }), now)
                    .map(|position| Outcome::Recorded { position })
            }
            Order::TidyKeys => {
                self.tidy_keys(now);
                let head = self.log.head();
                Ok(Outcome::Recorded { position: Position { stream: head.stream, sequence: head.sequence } })
            }
            Order::Forget(order) => self.forget(order, now),
            Order::Reduced(reduced) => {
                self.record(&Event::Reduced(reduced), now).map(|position| Outcome::Recorded { position })
            }
            Order::Checkpoint => {
                let head = self.log.head();
                self.checkpoint(head, now);
                self.state.settle().map_err(|error| OrderError::Refused(self.failed(&error)))?;
                Ok(Outcome::Recorded { position: Position { stream: head.stream, sequence: head.sequence } })
            }
        }
    }

    fn import(&mut self, order: ImportOrder, now: Timestamp) -> Result<Outcome, OrderError> {
        let hash = order.hash()?;
        let source = bounded("the name of the list", order.source, 200)?;
        let by = bounded("the name of who orders", order.by, 128)?;
        let planned = self.shared.register.plan_import((&hash, order.against), (source, by), now);
        let imported = match planned {
            Ok(Planned::Known(set)) => return Ok(Outcome::Known { set }),
            Ok(Planned::New(imported)) => imported,
            Err(PlanError::Set(error)) => return Err(error.into()),
            Err(PlanError::Catalogue(error)) => return Err(error.into()),
        };
        let (set, rows) = (imported.set, imported.rows);
        let batches = (imported.batches.first().map_or(0, |batch| batch.id), imported.batches.len());
        tracing::info!(set, rows, batches = batches.1, "import ordered");
        let position = self.record(&Event::Imported(imported), now)?;
        Ok(Outcome::Imported { position, set, rows, batches })
    }

    /// Rotates and destroys keys.
    pub(super) fn tidy_keys(&self, now: Timestamp) {
        let mut keys = self.shared.keys.write().unwrap_or_else(PoisonError::into_inner);
        let owed = self.state.owed();
        let forgotten = keys.forget_routes(now, |day| owed.values().any(|entry| entry.day == day && entry.until > now));
        let retention = &self.shared.retention;
        let tidied = forgotten
            .and_then(|_| keys.forget_tips(now, retention.tips()))
            .and_then(|_| keys.rotate(now, retention.pepper()));
        if let Err(error) = tidied {
            tracing::error!(cause = %super::chain(&error), "keys could not be rotated");
        }
    }

    fn forget(&mut self, order: ForgetOrder, now: Timestamp) -> Result<Outcome, OrderError> {
        let ForgetOrder { names, with_opt_out, by, reason } = order;
        if names.is_empty() || names.len() > MOST_NAMES {
            return Err(OrderError::Nobody { got: names.len() });
        }
        let by = numberless("the name of who orders", bounded("the name of who orders", by, 128)?)?;
        let reason = reason.map(|reason| numberless("the reason", bounded("the reason", reason, 500)?)).transpose()?;
        let anonymous = getrandom::u64().map_err(|_| OrderError::Refused(Refusal::Internal))?;
        tracing::info!("an asker is forgotten");
        self.record(&Event::Forgotten(Forgotten { names, anonymous, with_opt_out, by, reason }), now)
            .map(|position| Outcome::Recorded { position })
    }

    /// Commits one event alone and takes it in.
    fn record(&mut self, event: &Event, now: Timestamp) -> Result<Position, OrderError> {
        let mut pending = Pending {
            head: self.log.head(),
            now,
            rows: Vec::new(),
            overlay: Overlay::default(),
            flags: Vec::new(),
            subscriptions: Vec::new(),
            releases: Vec::new(),
        };
        let position = self.append(&mut pending, event, false);
        let row = pending.rows.last().cloned();
        self.commit(pending).outcome?;
        if let Some(row) = &row {
            apply_rare(&self.shared, row).map_err(|error| OrderError::Refused(self.failed(&error)))?;
        }
        Ok(position)
    }
}

/// Takes a committed event of a rare kind into the catalogue, the flags and the opt-outs.
pub(crate) fn apply_rare(shared: &Shared, row: &Row) -> Result<(), LogError> {
    let event = row.event().map_err(|source| LogError::Damaged { sequence: row.sequence, what: source.to_string() })?;
    if reindex::take(&shared.register, row.sequence, &event) {
        return Ok(());
    }
    match event {
        Event::Flagged(flagged) => shared.flags.insert(flagged.asker, flagged.until),
        Event::Inquiry(inquiry) => {
            if let Some(is_out) = inquiry.request.as_ref().and_then(opts_out) {
                subscribe(&shared.opted_out, &inquiry.asker, is_out, row.at);
            }
        }
        Event::Catalogue(_)
        | Event::Issued(_)
        | Event::Life(_)
        | Event::Imported(_)
        | Event::Removed(_)
        | Event::Reduced(_)
        | Event::Alarm(_)
        | Event::Delivered(_) => {}
        Event::Forgotten(forgotten) => forget(shared, row, &forgotten),
    }
    Ok(())
}

/// The anonymous name inherits a flag, so that what the flag took out of histories stays out of them.
fn forget(shared: &Shared, row: &Row, forgotten: &Forgotten) {
    for name in &forgotten.names {
        let asker = AskerHash { current: *name, previous: None };
        if let Some(until) = shared.flags.until(&asker) {
            shared.flags.insert(forgotten.anonymous, until);
        }
        if forgotten.with_opt_out {
            shared.opted_out.remove(&asker);
        }
    }
    shared.forgotten.write().unwrap_or_else(PoisonError::into_inner).insert(row.sequence, row.at, forgotten);
}

fn bounded(what: &'static str, text: String, most: usize) -> Result<String, OrderError> {
    let got = text.chars().count();
    if got > most { Err(OrderError::TooLong { what, got, most }) } else { Ok(text) }
}

/// A text without anything that could be a telephone number, whatever stands between its digits.
fn numberless(what: &'static str, text: String) -> Result<String, OrderError> {
    let mut digits = 0;
    for letter in text.chars() {
        digits = match letter {
            '0'..='9' | '０'..='９' => digits + 1,
            ' ' | '-' | '.' | '(' | ')' | '/' => digits,
            _ => 0,
        };
        if digits >= 7 {
            return Err(OrderError::HoldsNumber { what });
        }
    }
    Ok(text)
}

/// A number below `below`, each as likely, from the operating system; 0 where there is no randomness, which places a
/// batch at the first free place and harms nobody.
fn random_below(below: u64) -> u64 {
    if below == 0 {
        return 0;
    }
    let unbiased = u64::MAX - u64::MAX % below;
    for _ in 0..128 {
        match getrandom::u64() {
            Ok(value) if value < unbiased => return value % below,
            Ok(_) => {}
            Err(_) => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::random_below;

    #[test]
    fn a_place_is_drawn_from_all_that_are_free() {
        let drawn: BTreeSet<u64> = (0..2_000).map(|_| random_below(10)).collect();
        assert_eq!(drawn, (0..10).collect());
        assert_eq!((random_below(0), random_below(1)), (0, 0));
    }
}
