//! What passes between the driver and the core that it kills: one JSON line for everything that was acknowledged.
//!
//! Owns the lines and the book that the driver keeps of them outside the disk whose power is cut. What is in the book
//! must be there after every cut.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::disk::Luck;

/// Something that was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) key: String,
    pub(crate) code: String,
    pub(crate) asker: u16,
    /// The reply goes out later.
    pub(crate) is_routed: bool,
}

/// What was answered, as far as it must never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) verdict: String,
    pub(crate) receipt: String,
    pub(crate) at: i64,
    pub(crate) sequence: u64,
}

/// A line of the core's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The folder was opened, and the book and the log hold.
    Proven {
        /// Events in the log.
        events: u64,
        /// Checkpoints that were seen.
        checkpoints: usize,
        /// Acknowledged things that were looked for.
        looked_for: u64,
    },
    /// Something of the book is not there.
    Lost(String),
    /// Something happened twice.
    Doubled(String),
    /// A number has a second first.
    TwoFirsts(String),
    /// Anything else that must not be.
    Fault(String),
    /// Sent.
    Asked(Question),
    /// Answered.
    Told(Question, Told),
    /// A batch was issued and activated.
    Issued {
        /// Which.
        batch: u64,
        /// Its numbers.
        numbers: Vec<String>,
    },
    /// A batch was recalled.
    Recalled(u64),
    /// A list was taken in as a set.
    Imported {
        /// Which.
        set: u64,
        /// Its numbers.
        numbers: Vec<String>,
    },
    /// A set was recalled.
    SetRecalled(u64),
    /// A set is being taken out.
    Removing(u64),
    /// A set was taken out.
    Removed(u64),
    /// The histories were taken back to an older schema, and brought forward again.
    Migrated,
    /// A sale was recorded there.
    Sold {
        /// The report's key.
        key: String,
        /// The number.
        code: String,
        /// When, as reported.
        at: i64,
        /// Where in the log.
        sequence: u64,
    },
    /// An owed reply is being delivered.
    Delivering(u64),
    /// An owed reply was delivered.
    Delivered(u64),
    /// A product was added to the catalogue.
    Product(String),
    /// Signed and projected up to there.
    Checkpointed(u64),
    /// Backed up, in this folder beside the data.
    BackedUp {
        /// The folder's name.
        name: String,
        /// The last event in it.
        head: u64,
    },
    /// The core's clock was here.
    Clock(i64),
    /// A refusal, which acknowledges nothing.
    Refused,
}

/// All that was acknowledged on one disk.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) told: Vec<(Question, Told)>,
    pub(crate) open: BTreeMap<String, Question>,
    pub(crate) batches: BTreeMap<u64, Vec<String>>,
    pub(crate) recalled: Vec<u64>,
    pub(crate) sets: BTreeMap<u64, Vec<String>>,
    pub(crate) recalled_sets: Vec<u64>,
    pub(crate) removing: Vec<u64>,
    pub(crate) removed: Vec<u64>,
    pub(crate) sold: Vec<(String, String, i64, u64)>,
    pub(crate) delivering: Vec<u64>,
    pub(crate) delivered: Vec<u64>,
    pub(crate) products: Vec<String>,
    pub(crate) checkpointed: u64,
    pub(crate) backups: Vec<(String, u64)>,
    pub(crate) clock: i64,
}

/// What was counted over all cuts, and what was found wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count {
    pub(crate) acknowledged: u64,
    pub(crate) looked_for: u64,
    pub(crate) refused: u64,
    pub(crate) proven: u64,
    pub(crate) events: u64,
    pub(crate) checkpoints: usize,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) two_firsts: u64,
    pub(crate) backups: u64,
    pub(crate) imports: u64,
    pub(crate) migrations: u64,
    pub(crate) faults: Vec<String>,
}

impl Count {
    pub(crate) fn is_good(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Book {
    /// Takes a line down.
    pub(crate) fn take(&mut self, line: Line, count: &mut Count) {
        let mut acknowledged = 1;
        match line {
            Line::Told(question, told) => {
                self.open.remove(&question.key);
                self.told.push((question, told));
            }
            Line::Issued { batch, numbers } => drop(self.batches.insert(batch, numbers)),
            Line::Recalled(batch) => self.recalled.push(batch),
            Line::Imported { set, numbers } => {
                count.imports += 1;
                self.sets.insert(set, numbers);
            }
            Line::SetRecalled(set) => self.recalled_sets.push(set),
            Line::Removing(set) => {
                self.removing.push(set);
                acknowledged = 0;
            }
            Line::Removed(set) => self.removed.push(set),
            Line::Migrated => {
                count.migrations += 1;
                acknowledged = 0;
            }
            Line::Sold { key, code, at, sequence } => self.sold.push((key, code, at, sequence)),
            Line::Delivering(sequence) => {
                self.delivering.push(sequence);
                acknowledged = 0;
            }
            Line::Delivered(sequence) => self.delivered.push(sequence),
            Line::Product(id) => self.products.push(id),
            Line::Checkpointed(sequence) => self.checkpointed = sequence,
            Line::BackedUp { name, head } => {
                self.backups.push((name, head));
                count.backups += 1;
            }
            Line::Clock(at) => {
                self.clock = self.clock.max(at);
                acknowledged = 0;
            }
            Line::Asked(question) => {
                self.open.insert(question.key.clone(), question);
                acknowledged = 0;
            }
            Line::Refused => {
                count.refused += 1;
                acknowledged = 0;
            }
            Line::Proven { events, checkpoints, looked_for } => {
                count.proven += 1;
                count.looked_for += looked_for;
                count.events = events;
                count.checkpoints = checkpoints;
                acknowledged = 0;
            }
            wrong @ (Line::Lost(_) | Line::Doubled(_) | Line::TwoFirsts(_) | Line::Fault(_)) => {
                acknowledged = 0;
                count.wrong(wrong);
            }
        }
        count.acknowledged += acknowledged;
    }

    /// Whether a delivery was begun, acknowledged or not.
    pub(crate) fn is_delivering(&self, sequence: u64) -> bool {
        self.delivering.contains(&sequence)
    }

    /// What the core is to look for after a cut: all that is lately said, and so many of the older answers and sales.
    pub(crate) fn excerpt(&self, lately: usize, older: usize, luck: &mut Luck) -> Self {
        let pick = |all: usize, luck: &mut Luck| -> Vec<usize> {
            let old = all.saturating_sub(lately);
            let mut picked: Vec<usize> = (0..older.min(old)).map(|_| luck.below(old)).collect();
            picked.extend(old..all);
            picked
        };
        let told = pick(self.told.len(), luck).into_iter().filter_map(|nth| self.told.get(nth).cloned()).collect();
        let sold = pick(self.sold.len(), luck).into_iter().filter_map(|nth| self.sold.get(nth).cloned()).collect();
        Self { told, sold, ..self.clone() }
    }
}

impl Count {
    fn wrong(&mut self, line: Line) {
        let (kind, text) = match line {
            Line::Lost(text) => {
                self.lost += 1;
                ("lost", text)
            }
            Line::Doubled(text) => {
                self.doubled += 1;
                ("doubled", text)
            }
            Line::TwoFirsts(text) => {
                self.two_firsts += 1;
                ("two firsts", text)
            }
            Line::Fault(text) => ("fault", text),
            Line::Proven { .. }
            | Line::Asked(_)
            | Line::Told(..)
            | Line::Issued { .. }
            | Line::Recalled(_)
            | Line::Imported { .. }
            | Line::SetRecalled(_)
            | Line::Removing(_)
            | Line::Removed(_)
            | Line::Migrated
            | Line::Sold { .. }
            | Line::Delivering(_)
            | Line::Delivered(_)
            | Line::Product(_)
            | Line::Checkpointed(_)
            | Line::BackedUp { .. }
            | Line::Clock(_)
            | Line::Refused => return,
        };
        self.faults.push(format!("{kind}: {text}"));
    }
}
