//! What an operator may see of a number without asking about it: nothing here counts, logs or replays.

use std::time::Duration;

use contract::{Answer, Channel, Day, EventTime, Given, Identity, InquiryId, Number, Refusal, Role, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::Gateway;
use super::decide::{Considered, PastView, Question, Recorded, decide, explain};
use super::history::{Past, Session};
use crate::index::catalogue::{ordinal_of, product_facts};
use crate::index::{Evidence, Found, Index as _, Maker, Product, Stamp, UnitKey, UnitRecord};
use crate::ledger::writer::Job;

/// All that is known of a number, and why it would get its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// The number as it was read: in groups, or as an element string.
    pub number: String,
    /// The verdict a first-time shopper would get.
    pub verdict: String,
    /// In which colour.
    pub colour: String,
    /// What would be said besides.
    pub advisories: Vec<String>,
    /// Why it is that verdict, where it is no issued unit's number.
    pub because: Option<String>,
    /// Why a number is unknown, which no shopper hears.
    pub evidence: Option<Evidence>,
    /// The unit, if one was issued.
    pub unit: Option<Unit>,
    /// Each rule for an issued unit, in order of precedence, and what it looked at.
    pub rules: Vec<Considered>,
}

/// An issued unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its identity in the ledger, 32 hexadecimal digits.
    pub key: String,
    /// Its product.
    pub product: Product,
    /// Its maker.
    pub maker: Maker,
    /// Its batch.
    pub batch: InBatch,
    /// The box it was packed into has this number.
    pub boxed_in: Option<String>,
    /// The imported sets that list it, the one that came first at the front.
    pub sets: Vec<u64>,
    /// Its life: for each kind the latest event that stands or was lifted.
    pub life: Vec<Lived>,
    /// Sessions by shoppers, the first and the latest.
    pub sessions: Vec<Asked>,
    /// Sessions no longer listed.
    pub unlisted: u32,
    /// Checks by trade, inspectors and makers.
    pub uncounted: u32,
}

/// A batch, and where in it the unit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InBatch {
    /// Its number.
    pub id: u64,
    /// Lot.
    pub lot: String,
    /// The unit is so many-th of it, from 1.
    pub nth: Option<u64>,
    /// How many numbers it has.
    pub count: u64,
    /// Packaging level.
    pub level: u8,
    /// How many of the level below one holds.
    pub holds: u32,
    /// The batch of boxes it was packed into.
    pub parent: Option<u64>,
    /// Made.
    pub made: Option<Day>,
    /// Expiry.
    pub expiry: Option<Day>,
    /// The first day of sale.
    pub on_sale_from: Option<Day>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub issued_by: String,
    /// The epoch of the key of its tags.
    pub epoch: u32,
    /// The imported set that its numbers came in with; they were not minted here.
    pub set: Option<u64>,
}

/// One event of a unit's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lived {
    /// What.
    pub life: String,
    /// It was lifted.
    pub lifted: bool,
    /// It is this unit's own, not its range's, batch's or product's.
    pub own: bool,
    /// When.
    pub at: Timestamp,
    /// Who said so.
    pub by: String,
    /// Where.
    pub city: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The event's sequence in the ledger.
    pub sequence: u64,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its first check.
    pub first_at: Timestamp,
    /// Its last.
    pub last_at: Timestamp,
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
        let found = self.shared.register.find(&given.number);
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
        let asker = super::Asker::new(Identity::Unknown, Role::Shopper);
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
        let rules = &self.shared.rules;
        let decision = decide(&found, PastView::Known(&past), &question, rules, now);
        let considered = found.unit().map(|record| explain(record, &past, (&question, &decision), rules, now));
        let inspected = Inspected {
            number: self.written(&given.number),
            verdict: decision.verdict().kind().name().to_owned(),
            colour: decision.colour().name().to_owned(),
            advisories: decision.advisories().iter().map(|advisory| advisory.kind().name().to_owned()).collect(),
            because: self.because(&given.number, &found),
            evidence: found.evidence(),
            unit: found.unit().map(|record| self.unit(&given.number, record, &past)),
            rules: considered.unwrap_or_default(),
        };
        let facts = found.unit().map(product_facts).unwrap_or_default();
        // A preview is told to nobody who asked: it is an operator's view of what would be said.
        let answer = decision.release(&Recorded::by_commit(), facts);
        Ok((inspected, answer))
    }

    /// A number as it is printed.
    fn written(&self, number: &Number) -> String {
        match number {
            Number::Digits(text) | Number::Mixed(text) => self.shared.register.catalogue().codes().grouped(text),
            Number::Gs1 { gtin, serial: Some(serial) } => format!("(01){gtin}(21){serial}"),
            Number::Gs1 { gtin, serial: None } => format!("(01){gtin}"),
            Number::Unreadable { .. } => String::new(),
        }
    }

    /// Why a number that is no issued unit's is what it is; for operators, who may know which half was right.
    fn because(&self, number: &Number, found: &Found) -> Option<String> {
        let owner = || {
            let owner = self.shared.register.catalogue().owner_of(number);
            owner.map_or_else(
                || "no product has its resource code".to_owned(),
                |product| format!("its resource code is product {product}'s"),
            )
        };
        Some(match found {
            Found::Unit(_) => return None,
            Found::Unavailable => self.unreadable(),
            Found::Malformed { read: 0, .. } => "there is no digit or letter in it".to_owned(),
            Found::Malformed { read, expected } if matches!(number, Number::Unreadable { .. }) => {
                format!(
                    "nothing in it is a number, or GS1 data in it break their rules (a check digit, a date, a length, \
                     a character); {read} characters read, our own numbers have {expected} digits"
                )
            }
            Found::Malformed { read, expected } => {
                format!("{read} characters read, our own numbers have {expected} digits; it is on no imported list")
            }
            Found::Typo => "its check digit is wrong: one or more digits are mistyped".to_owned(),
            Found::NotUnitCode(_) => "it names a kind of goods or a licence, not one unit".to_owned(),
            Found::NotCovered => {
                "no product in the catalogue has its GTIN, and the serial was not issued by us".to_owned()
            }
            Found::Unknown(Evidence::NeverIssued) => format!("it was never issued; {}", owner()),
            Found::Unknown(Evidence::WrongTag) => {
                format!("its serial was issued, its tag is wrong: whoever made it does not have the key; {}", owner())
            }
        })
    }

    /// Why nothing can be said of a number.
    fn unreadable(&self) -> String {
        let sets = self.shared.register.sets().snapshot();
        let lost: Vec<String> =
            sets.sets.iter().filter(|set| set.file().is_none()).map(|set| set.set.to_string()).collect();
        if lost.is_empty() {
            return "it cannot be looked up now".to_owned();
        }
        let (sets, files) = if lost.len() == 1 { ("set", "file") } else { ("sets", "files") };
        format!(
            "it may stand in {sets} {}, whose {files} cannot be read: `verigate doctor` says why, importing the same \
             list again mends it",
            lost.join(", ")
        )
    }

    fn unit(&self, number: &Number, record: &UnitRecord, past: &Past) -> Unit {
        let UnitRecord { key, maker, product, batch, .. } = record;
        let mut life = record.life.clone();
        life.merge(&past.life);
        let lived = |(life, stamp): (contract::Life, &Stamp)| Lived {
            life: life.name().to_owned(),
            lifted: stamp.lifted,
            own: past.life.latest(life).is_some_and(|own| own.sequence == stamp.sequence),
            at: stamp.at,
            by: stamp.by.clone(),
            city: stamp.city.clone(),
            reason: stamp.reason.clone(),
            sequence: stamp.sequence,
        };
        let asked = |session: &Session| Asked {
            first_at: session.first_at,
            last_at: session.last_at,
            checks: session.checks,
            channel: session.channel,
            city: session.place.as_ref().map(|place| place.city.clone()),
            flagged: session.is_flagged(&|asker| self.shared.flags.contains(asker)),
        };
        Unit {
            key: key.to_string(),
            product: Product::clone(product),
            maker: Maker::clone(maker),
            batch: InBatch {
                id: batch.id,
                lot: batch.lot.clone(),
                nth: nth(key, record),
                count: batch.count(),
                level: batch.level,
                holds: batch.holds,
                parent: batch.parent,
                made: batch.made,
                expiry: batch.expiry,
                on_sale_from: batch.on_sale_from,
                issued_at: batch.issued_at,
                issued_by: batch.issued_by.clone(),
                epoch: batch.epoch,
                set: batch.listed.map(|listed| listed.set),
            },
            boxed_in: self.shared.register.box_of(number, key),
            sets: self.shared.register.sets_of(number),
            life: life.iter().map(lived).collect(),
            sessions: past.sessions.iter().map(asked).collect(),
            unlisted: past.unlisted,
            uncounted: past.uncounted,
        }
    }
}

fn nth(key: &UnitKey, record: &UnitRecord) -> Option<u64> {
    let (_, _, serial) = key.as_native()?;
    ordinal_of(&record.batch, serial).map(|before| before + 1)
}
