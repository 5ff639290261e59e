//! Settling one inquiry or report into the group: replay, find again, decide, append, and what is released afterwards.

use contract::{
    Answer, Delivery, Life, Number, Position, Refusal, Reply, Reported, Request, RequestKind, Timestamp, Tip, Verdict,
    VerdictKind,
};
use minicbor::bytes::ByteArray;
use tokio::sync::oneshot;

use super::{Fresh, InquiryJob, Pending, ReportJob, Settled, Writer, opts_out};
use crate::index::catalogue::product_facts;
use crate::index::register::Register;
use crate::index::{Found, Index as _, LifeEvent, Target};
use crate::ledger::event::{CheckEvent, DeliveredEvent, Event, InquiryEvent, LifeRecorded, LoggedId, SealedRoute};
use crate::ledger::receipts::Receipts;
use crate::ledger::replay::Replayed;
use crate::verify::decide::{Decision, PastView, Question, decide, may_return};
use crate::verify::history::AskerHash;

/// A reply that cannot go out within this is of no use; the return route's key is kept as long.
const OWED_FOR: std::time::Duration = std::time::Duration::from_secs(48 * 60 * 60);

impl Writer {
    fn replayed(&self, pending: &Pending, id: Option<&LoggedId>) -> Result<Option<Replayed>, Refusal> {
        let Some(id) = id else { return Ok(None) };
        let known = pending.overlay.find(&id.id).or_else(|| {
            let replays = self.state.replays().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            replays.find(&id.id, pending.now)
        });
        match known {
            Some(known) if id.conflicts(&known.digest) => Err(Refusal::Conflict),
            known => Ok(known),
        }
    }

    pub(super) fn inquiry(&mut self, pending: &mut Pending, job: InquiryJob) {
        match self.replayed(pending, job.id.as_ref()) {
            Err(refusal) => return drop(job.reply.send(Err(refusal))),
            // It may have been settled in this very group: the answer is read once that is on disk.
            Ok(Some(known)) => {
                return pending.releases.push(Box::new(move |recorded| {
                    drop(job.reply.send(recorded.map(|_| Settled::Before(known.sequence))));
                }));
            }
            Ok(None) => {}
        }
        let InquiryJob { inquiry, id, asker, mut found, generation, limited, read, reply } = job;
        self.state.offer(&mut pending.overlay, read);
        if generation < self.shared.register.generation() {
            found = inquiry.checks.iter().map(|check| self.shared.register.find(&check.number)).collect();
        }
        self.shared.flags.follow(&asker);
        let (checks, decisions) = self.checks(pending, &inquiry, asker, (&found, limited));
        let next = Position { stream: pending.head.stream, sequence: pending.head.sequence + 1 };
        let silent = inquiry.route.is_some() && self.is_silent(pending, &inquiry.request, &asker);
        pending.subscriptions.extend(opts_out(&inquiry.request).map(|is_out| (asker, is_out)));
        let owed = match &inquiry.route {
            Some(route) if !silent => {
                let mut keys = self.shared.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                match keys.seal(route, next, pending.now, pending.now.plus(OWED_FOR)) {
                    Ok(sealed) => Some(sealed),
                    Err(error) => {
                        tracing::error!(cause = %super::chain(&error), "a return route cannot be sealed");
                        return drop(reply.send(Err(Refusal::Unavailable("a return route cannot be kept"))));
                    }
                }
            }
            None | Some(_) => None,
        };
        let about = inquiry.request.kind();
        let (request, tip) = match self.tip(inquiry.request, next, pending.now) {
            Ok(parted) => parted,
            Err(refusal) => return drop(reply.send(Err(refusal))),
        };
        let receipted = limited.is_none() && (!checks.is_empty() || about == RequestKind::Tip);
        let event = Event::Inquiry(InquiryEvent {
            id,
            channel: inquiry.channel,
            language: inquiry.language,
            asker,
            role: inquiry.asker.role,
            asked: inquiry.asked,
            place: inquiry.place,
            checks,
            owed,
            request: (about != RequestKind::Check).then_some(request),
            silent,
            tip,
        });
        let position = self.append(pending, &event, receipted);
        let receipt = receipted.then_some(pending.head.receipts);
        let at = pending.head.at;
        pending.releases.push(Box::new(move |recorded| {
            let fresh = |recorded| Fresh { recorded, about, decisions, found, receipt, at, position, silent };
            drop(reply.send(recorded.map(|recorded| Settled::Fresh(fresh(recorded)))));
        }));
    }

    /// What a tip says leaves the request, encrypted under a key that goes when tips are kept no longer.
    fn tip(&self, request: Request, next: Position, now: Timestamp) -> Result<(Request, Option<SealedRoute>), Refusal> {
        let Request::Tip(Tip { receipt, text }) = request else { return Ok((request, None)) };
        let until = now.plus(self.shared.retention.tips());
        let mut keys = self.shared.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match keys.seal_tip(&text, next, now, until) {
            Ok(sealed) => Ok((Request::Tip(Tip { receipt, text: String::new() }), Some(sealed))),
            Err(error) => {
                tracing::error!(cause = %super::chain(&error), "a tip cannot be sealed");
                Err(Refusal::Unavailable("a tip cannot be kept"))
            }
        }
    }

    /// Whether an asker who opted out hears nothing of this. Help is given to everyone, and so is the word that replies
    /// are on again; an opt-out is confirmed once.
    fn is_silent(&self, pending: &Pending, request: &Request, asker: &AskerHash) -> bool {
        match request {
            Request::Help | Request::Start => false,
            Request::Check | Request::Stop | Request::Tip(_) => {
                let known = &self.shared.opted_out;
                known.follow(asker);
                let in_group = pending.subscriptions.iter().rev().find(|(one, _)| one.current == asker.current);
                let lasts = self.shared.retention.opt_out();
                let stands = |since: Timestamp| lasts.is_none_or(|lasts| pending.now < since.plus(lasts));
                in_group.map_or_else(|| known.until(asker).is_some_and(stands), |(_, is_out)| *is_out)
            }
        }
    }

    /// Decides every check; a later check of the same inquiry sees the earlier ones.
    fn checks(
        &mut self,
        pending: &mut Pending,
        inquiry: &contract::Inquiry,
        asker: AskerHash,
        (found, limited): (&[Found], Option<u32>),
    ) -> (Vec<CheckEvent>, Vec<Decision>) {
        let at = pending.at();
        let flags = std::sync::Arc::clone(&self.shared.flags);
        let rules = &self.shared.rules;
        let mut group = self.state.group(&mut pending.overlay);
        let mut events = Vec::with_capacity(found.len());
        let mut decisions = Vec::with_capacity(found.len());
        let mut asked = Vec::new();
        for (check, found) in inquiry.checks.iter().zip(found) {
            let question = Question {
                asker,
                is_you: inquiry.asker.identity.is_you(),
                role: inquiry.asker.role,
                channel: inquiry.channel,
                place: inquiry.place.as_ref(),
                asked: inquiry.asked,
                lot: check.lot.as_deref(),
                expiry: check.expiry,
                gtin: check.number.gtin(),
                flagged: &|asker| flags.contains(asker),
            };
            let decision = match (limited, found) {
                (Some(minutes), _) => Decision::limited(minutes),
                (None, Found::Unit(record)) => match group.view(&record.key) {
                    // The same number again in one message is asked again, not asked first.
                    Ok(past) if asked.contains(&record.key) => {
                        let mut past = past.clone();
                        past.check(&question.checked(at));
                        decide(found, PastView::Known(&past), &question, rules, at)
                    }
                    Ok(past) => decide(found, PastView::Known(past), &question, rules, at),
                    Err(_) => decide(found, PastView::Unreadable, &question, rules, at),
                },
                (None, _) => decide(found, PastView::Unreadable, &question, rules, at),
            };
            let record = found.unit().filter(|_| limited.is_none());
            let unit = record.map(|record| record.key);
            asked.extend(unit);
            events.push(CheckEvent {
                unit,
                given: if unit.is_none() { Some(check.number.clone()) } else { None },
                means: check.means,
                lot: check.lot.clone(),
                expiry: check.expiry,
                verdict: decision.verdict().clone(),
                colour: decision.colour(),
                advisories: decision.advisories().to_vec(),
                wrong_region: decision.wrong_region(),
                evidence: found.evidence(),
                times_checked: decision.times_checked(),
                first_checked: decision.first_checked().cloned(),
                batch: record.filter(|record| record.key.as_native().is_none()).map(|record| record.batch.id),
            });
            decisions.push(decision);
        }
        (events, decisions)
    }

    pub(super) fn report(&mut self, pending: &mut Pending, job: ReportJob) {
        let ReportJob { report, id, target, reply } = job;
        let units = match &target {
            Target::Units { units } => units.clone(),
            Target::Product { .. } | Target::Batch { .. } | Target::Range { .. } | Target::Set { .. } => Vec::new(),
        };
        let count = units.len();
        match self.replayed(pending, id.as_ref()) {
            Err(refusal) => return drop(reply.send(Err(refusal))),
            Ok(Some(known)) => {
                let position = Position { stream: pending.head.stream, sequence: known.sequence };
                return pending.releases.push(Box::new(move |recorded| {
                    drop(reply.send(recorded.map(|_| Reported { position, units: count, replayed: true })));
                }));
            }
            Ok(None) => {}
        }
        if report.life == Life::Sold && report.lifted {
            let mut group = self.state.group(&mut pending.overlay);
            for (key, nth) in units.iter().zip(1..) {
                let may = group.view(key).map(|past| {
                    let sale = past.life.standing(Life::Sold);
                    sale.is_some_and(|sale| may_return(sale, report.at.at, &report.client, &self.shared.rules))
                });
                match may {
                    Ok(true) => {}
                    Ok(false) => {
                        let why = format!("code {nth} was not sold by this client within the days for returns");
                        return drop(reply.send(Err(Refusal::BadRequest(why))));
                    }
                    Err(_) => return drop(reply.send(Err(Refusal::Unavailable("the histories cannot be read")))),
                }
            }
        }
        let event = LifeEvent {
            target,
            life: report.life,
            lifted: report.lifted,
            at: report.at,
            by: report.client,
            place: report.place,
            reason: report.reason,
        };
        let position = self.append(pending, &Event::Life(LifeRecorded { id, event }), false);
        pending.releases.push(Box::new(move |recorded| {
            drop(reply.send(recorded.map(|_| Reported { position, units: count, replayed: false })));
        }));
    }

    pub(super) fn delivered(
        &mut self,
        pending: &mut Pending,
        sequence: u64,
        delivery: Delivery,
        reply: oneshot::Sender<Result<(), Refusal>>,
    ) {
        let owed = pending.overlay.owed(sequence).unwrap_or_else(|| self.state.owed().get(&sequence).copied());
        if owed.is_some() || !delivery.ends() {
            let event = Event::Delivered(DeliveredEvent { inquiry: sequence, delivery });
            self.append(pending, &event, false);
        }
        pending.releases.push(Box::new(move |recorded| drop(reply.send(recorded.map(|_| ())))));
    }
}

impl Fresh {
    /// The reply.
    pub(crate) fn reply(self, receipts: &Receipts) -> Reply {
        let Self { recorded, about, decisions, found, receipt, at, position, silent } = self;
        let released = decisions.into_iter().zip(&found).map(|(decision, found)| {
            let facts = found.unit().map(product_facts).unwrap_or_default();
            decision.release(&recorded, facts)
        });
        Reply {
            about,
            answers: released.collect(),
            receipt: receipt.map(|nth| receipts.of(nth)),
            at,
            position: Some(position),
            silent,
            replayed: false,
        }
    }
}

/// The answers that a logged inquiry was given.
pub(crate) fn answers_of(event: &InquiryEvent, register: &Register) -> Vec<Answer> {
    let recorded = crate::verify::decide::Recorded::by_commit();
    let answer = |check: &CheckEvent| {
        let known = |key| register.record(&key).or_else(|| register.listed(check.batch?, key));
        let record = check.unit.and_then(known);
        let facts = record.map(|record| product_facts(&record)).unwrap_or_default();
        Decision::of_log(check).release(&recorded, facts)
    };
    event.checks.iter().map(answer).collect()
}

/// A short hash of a number, for telling different ones apart.
pub(crate) fn number_hash(number: &Number) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}

/// What a receipted inquiry shows to whoever has the receipt.
pub(crate) fn verdicts_of(event: &InquiryEvent) -> Vec<(VerdictKind, contract::Colour)> {
    event.checks.iter().map(|check| (Verdict::kind(&check.verdict), check.colour)).collect()
}

/// The digest of what decides an inquiry's answer.
pub(crate) fn digest(parts: &[u8]) -> ByteArray<8> {
    use sha2::{Digest as _, Sha256};
    let mut short = [0; 8];
    short.iter_mut().zip(Sha256::digest(parts)).for_each(|(to, from)| *to = from);
    ByteArray::from(short)
}
