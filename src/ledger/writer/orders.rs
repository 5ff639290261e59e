//! An operator's orders: what changes what was issued. Each is settled alone and is seen by every check after it.

use contract::{EventTime, Life, Place, Position, Refusal, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Pending, Writer, apply_rare};
use crate::index::catalogue::{BatchOrder, CatalogueError, IssueError, Selector};
use crate::index::{Batch, CatalogueChange, LifeEvent, Maker, Product, Target};
use crate::ledger::event::{Event, LifeRecorded};
use crate::ledger::state::Overlay;
use crate::verify::decide::Recorded;

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
    /// Sign a checkpoint and bring the projections up to it.
    Checkpoint,
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
    /// It cannot be recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
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
                self.shared.catalogue.check_change(&change)?;
                self.record(&Event::Catalogue(change), now).map(|position| Outcome::Recorded { position })
            }
            Order::Issue { order, at } => {
                let batch = self.shared.catalogue.plan(&order, at.unwrap_or(now), &mut random_below)?;
                let position = self.record(&Event::Issued(batch.clone()), now)?;
                Ok(Outcome::Issued { position, batch: Box::new(batch) })
            }
            Order::Live { target, life, lifted, at, by, city, reason } => {
                let target = self.shared.catalogue.select(&target)?;
                self.shared.catalogue.check_target(&target)?;
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
            Order::Checkpoint => {
                let head = self.log.head();
                self.checkpoint(head, now);
                self.state.settle().map_err(|error| OrderError::Refused(self.failed(&error)))?;
                Ok(Outcome::Recorded { position: Position { stream: head.stream, sequence: head.sequence } })
            }
        }
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
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        pending.releases.push(Box::new(move |recorded: Result<&Recorded, Refusal>| {
            drop(tell.send(recorded.map(|_| ())));
        }));
        self.commit(pending);
        told.recv().map_err(|_| OrderError::Refused(Refusal::Internal))??;
        if let Some(row) = &row {
            apply_rare(&self.shared, row).map_err(|error| OrderError::Refused(self.failed(&error)))?;
        }
        Ok(position)
    }
}

fn bounded(what: &'static str, text: String, most: usize) -> Result<String, OrderError> {
    let got = text.chars().count();
    if got > most { Err(OrderError::TooLong { what, got, most }) } else { Ok(text) }
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
