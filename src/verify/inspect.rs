//! What an operator may see of a number without asking about it: nothing here counts, logs or replays.

use std::time::Duration;

use contract::{Answer, Channel, Day, EventTime, Given, Identity, InquiryId, Refusal, Role};
use serde::Serialize;
use tokio::sync::oneshot;

use super::Gateway;
use super::decide::{PastView, Question, Recorded, decide};
use super::history::Past;
use crate::index::catalogue::product_facts;
use crate::index::{Index as _, UnitKey, UnitRecord};
use crate::ledger::writer::Job;

/// All that is known of a number, and why it would get its verdict.
#[derive(Debug, Clone, Serialize)]
pub struct Inspected {
    /// The verdict a first-time shopper would get.
    pub verdict: &'static str,
    /// In which colour.
    pub colour: &'static str,
    /// What would be said besides.
    pub advisories: Vec<&'static str>,
    /// Why a number is unknown, which no shopper hears.
    pub evidence: Option<crate::index::Evidence>,
    /// The unit, if one was issued.
    pub unit: Option<Unit>,
}

/// An issued unit.
#[derive(Debug, Clone, Serialize)]
pub struct Unit {
    /// Its identity in the ledger.
    pub key: UnitKey,
    /// Product id.
    pub product: String,
    /// Maker id.
    pub maker: String,
    /// Batch number.
    pub batch: u64,
    /// Lot.
    pub lot: String,
    /// Packaging level.
    pub level: u8,
    /// Made.
    pub made: Option<Day>,
    /// Expiry.
    pub expiry: Option<Day>,
    /// The box it was packed into has this number.
    pub boxed_in: Option<String>,
    /// Its life: every event that stands or was lifted.
    pub life: Vec<Lived>,
    /// Sessions by shoppers.
    pub sessions: Vec<Asked>,
    /// Sessions no longer listed.
    pub unlisted: u32,
    /// Checks by trade, inspectors and makers.
    pub uncounted: u32,
}

/// One event of a unit's life.
#[derive(Debug, Clone, Serialize)]
pub struct Lived {
    /// What.
    pub life: &'static str,
    /// It was lifted.
    pub lifted: bool,
    /// When.
    pub at: contract::Timestamp,
    /// Who said so.
    pub by: String,
    /// Where.
    pub city: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// One session.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// Its first check.
    pub first_at: contract::Timestamp,
    /// Its last.
    pub last_at: contract::Timestamp,
    /// Checks in it.
    pub checks: u32,
    /// The medium.
    pub channel: Channel,
    /// Where.
    pub city: Option<String>,
    /// The asker was found guessing: it does not count.
    pub flagged: bool,
}

impl Gateway {
    /// Everything that is known of a number, and what a shopper who asks for the first time would be told now.
    ///
    /// # Errors
    /// [`Refusal`] where the histories cannot be read.
    pub async fn inspect(&self, given: &Given) -> Result<(Inspected, Answer), Refusal> {
        let found = self.shared.catalogue.find(&given.number);
        let past = match found.unit() {
            Some(record) => {
                let (reply, answer) = oneshot::channel();
                self.jobs.send(Job::Look(record.key, reply))?;
                answer.await.map_err(|_| Refusal::Internal)??
            }
            None => Past::default(),
        };
        let now = (self.shared.clock)();
        let id = InquiryId { scope: "inspect".to_owned(), key: String::new(), valid_for: Duration::ZERO };
        let asker = super::Asker { identity: Identity::Unknown, role: Role::Shopper };
        let flags = std::sync::Arc::clone(&self.shared.flags);
        let question = Question {
            asker: self.asker(&asker, &id),
            is_you: false,
            role: Role::Shopper,
            channel: Channel::Api,
            place: None,
            asked: EventTime::exact(now),
            lot: given.lot.as_deref(),
            expiry: given.expiry,
            gtin: given.number.gtin(),
            flagged: &|asker| flags.contains(asker),
        };
        let decision = decide(&found, PastView::Known(&past), &question, &self.shared.rules, now);
        let inspected = Inspected {
            verdict: decision.verdict().kind().name(),
            colour: decision.colour().name(),
            advisories: decision.advisories().iter().map(|advisory| advisory.kind().name()).collect(),
            evidence: found.evidence(),
            unit: found.unit().map(|record| self.unit(record, &past)),
        };
        let facts = found.unit().map(product_facts).unwrap_or_default();
        // A preview is told to nobody who asked: it is an operator's view of what would be said.
        let answer = decision.release(&Recorded::by_commit(), facts);
        Ok((inspected, answer))
    }

    fn unit(&self, record: &UnitRecord, past: &Past) -> Unit {
        let mut life = record.life.clone();
        life.merge(&past.life);
        let lived = |(life, stamp): (contract::Life, &crate::index::Stamp)| Lived {
            life: life.name(),
            lifted: stamp.lifted,
            at: stamp.at,
            by: stamp.by.clone(),
            city: stamp.city.clone(),
            reason: stamp.reason.clone(),
        };
        let asked = |session: &super::history::Session| Asked {
            first_at: session.first_at,
            last_at: session.last_at,
            checks: session.checks,
            channel: session.channel,
            city: session.place.as_ref().map(|place| place.city.clone()),
            flagged: session.is_flagged(&|asker| self.shared.flags.contains(asker)),
        };
        Unit {
            key: record.key,
            product: record.product.id.clone(),
            maker: record.maker.id.clone(),
            batch: record.batch.id,
            lot: record.batch.lot.clone(),
            level: record.batch.level,
            made: record.batch.made,
            expiry: record.batch.expiry,
            boxed_in: self.shared.catalogue.box_of(&record.key),
            life: life.iter().map(lived).collect(),
            sessions: past.sessions.iter().map(asked).collect(),
            unlisted: past.unlisted,
            uncounted: past.uncounted,
        }
    }
}
