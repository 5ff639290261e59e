//! From a short message to an inquiry, and from the core's reply to a reply on its way.
//!
//! The one place where links meet texts. Decides when a message is acknowledged: a text when its inquiry is on disk, a
//! part of one with the whole or when [`Reassembly`] says so, what gets no answer at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::signal::{InquiryAnswered, InquiryReceived, RefusalSent, Signal, VerdictGiven};
use contract::{Channel, EventTime, Inquiry, InquiryId, Owed, Refusal, Reply, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use wording::Words;

use super::hub::{Hub, instant, time};
use super::line::{Line, count};
use crate::message::{self, Mo, Sar};
use crate::outbox::Item;
use crate::reading::{self, Question, Reading};
use crate::reassembly::{Fragment, Key, Limits, Offered, Overdue, Reassembly};
use crate::render;
use crate::route::{Route, fitting};
use crate::session::Ticket;
use crate::text::{self, Part, Unreadable};
use crate::wire::{Carrier, Status};

/// Texts and words.
pub(crate) struct Desk {
    words: Arc<Words>,
    parts: Mutex<Reassembly<Ack, Sample>>,
    /// A part came.
    offered: Notify,
}

/// What is needed of a text whose rest never comes: the link, and a message of it without its octets.
#[derive(Debug, Clone)]
struct Sample {
    line: Arc<Line>,
    mo: Mo,
    ticket: Ticket,
}

/// Where a connection takes acknowledgements for what came by it.
pub(super) type Acks = tokio::sync::mpsc::UnboundedSender<(Ticket, Status)>;

/// Names a message until it is acknowledged, on whichever connection it came.
#[derive(Debug, Clone)]
pub(super) struct Ack {
    pub(super) ticket: Ticket,
    pub(super) to: Acks,
}

/// What is to be done with a message.
pub(super) enum Step {
    /// It is answered now, and that is all.
    Now(Status),
    /// It is a part, and the rest has not come.
    Part,
    /// It makes a text whole that is to be answered.
    Ask(Box<Asking>),
}

/// A text to be answered.
pub(super) struct Asking {
    line: Arc<Line>,
    inquiry: Inquiry,
    route: Route,
    /// The parts that came before.
    others: Vec<Ack>,
}

/// A text that was answered, or not.
pub(super) struct Answered {
    pub(super) ticket: Ticket,
    pub(super) others: Vec<Ack>,
    pub(super) status: Status,
    /// What it is called in our response.
    pub(super) id: String,
    pub(super) line: Arc<Line>,
    pub(super) item: Option<Arc<Item>>,
}

impl Desk {
    pub(super) fn new(words: Arc<Words>) -> Self {
        Self { words, parts: Mutex::new(Reassembly::new(Limits::default())), offered: Notify::new() }
    }

    fn parts(&self) -> MutexGuard<'_, Reassembly<Ack, Sample>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message.
    pub(super) fn take(&self, hub: &Hub, line: &Arc<Line>, mo: Mo, (ack, now): (Ack, Instant)) -> Step {
        let ticket = ack.ticket;
        let (part, place) = match Part::read(&mo, &line.settings.text) {
            Ok(read) => read,
            Err(unreadable) => return asking(hub, line, &mo, ticket, (Err(unreadable), None)),
        };
        let Some(place) = place else { return asking(hub, line, &mo, ticket, (text::join([&part]), None)) };
        let sample =
            Sample { line: Arc::clone(line), mo: Mo { body: Bytes::new(), tlvs: Vec::new(), ..mo.clone() }, ticket };
        let key = Key::of(&mo, place);
        let fragment = Fragment { key, place: place.part, part: part.detached(), ticket: ack, sample };
        let offered = self.parts().offer(fragment, now);
        self.offered.notify_one();
        match offered {
            Offered::Waits => Step::Part,
            Offered::Whole { words, mut tickets } => match asking(hub, line, &mo, ticket, (words, Some(place))) {
                Step::Ask(asking) => {
                    // This part's own is the last; another connection's may have the same number.
                    tickets.pop();
                    Step::Ask(Box::new(Asking { others: tickets, ..*asking }))
                }
                Step::Now(status) => {
                    acknowledge(tickets, status);
                    Step::Now(status)
                }
                Step::Part => Step::Part,
            },
            // It may be another one than the part that came.
            Offered::Spare(other) => {
                acknowledge([other], Status::OK);
                Step::Part
            }
            Offered::Full(other) => {
                acknowledge([other], Status::THROTTLED);
                Step::Part
            }
        }
    }

    /// Asks the core; resolves when the answer is on disk.
    pub(super) async fn ask(hub: Arc<Hub>, ticket: Ticket, asking: Asking) -> Answered {
        let Asking { line, inquiry, route, others } = asking;
        let language = inquiry.language;
        InquiryReceived { channel: Channel::Sms }.emit();
        let begun = instant();
        let result = hub.verify.verify(inquiry).await;
        let (status, id, item) = match result {
            Ok(reply) => {
                for answer in &reply.answers {
                    let (verdict, colour) = (answer.verdict.kind(), answer.colour);
                    VerdictGiven { channel: Channel::Sms, verdict, colour }.emit();
                }
                let replayed = reply.replayed;
                InquiryAnswered { channel: Channel::Sms, took: begun.elapsed(), replayed }.emit();
                if replayed {
                    count(&line.counts.repeated);
                }
                let id = reply.position.map_or_else(String::new, |position| format!("{:x}", position.sequence));
                // The reply of a retransmission is on its way already, or has arrived.
                let item = if replayed {
                    None
                } else {
                    hub.desk.reply(&line, &route, &reply, (language, hub.settings().valid_for))
                };
                (Status::OK, id, item)
            }
            Err(refusal) => {
                RefusalSent { channel: Channel::Sms, refusal: &refusal }.emit();
                (status_of(&refusal, ticket.carrier), String::new(), None)
            }
        };
        Answered { ticket, others, status, id, line, item }
    }

    /// The reply that the core gave just now, on its way; `None` where nothing goes out.
    fn reply(
        &self,
        line: &Line,
        route: &Route,
        reply: &Reply,
        (language, valid_for): (contract::Language, Duration),
    ) -> Option<Arc<Item>> {
        reply.position?;
        self.item(line, route, reply, (language, time().plus(valid_for)))
    }

    /// A reply that is still owed, on its way again, with its group; `None` where it cannot be read or there is nothing
    /// to say.
    pub(super) fn again(&self, hub: &Hub, owed: &Owed) -> Option<(Arc<str>, Arc<Item>)> {
        let route = match Route::decode(&owed.route) {
            Ok(route) => route,
            Err(error) => {
                tracing::error!(position = ?owed.position, %error, "the way of an owed reply cannot be read");
                return None;
            }
        };
        // The link may have another name by now: any of its group does.
        let lines = hub.lines();
        let line = lines
            .iter()
            .find(|line| *line.link.name == *route.link)
            .or_else(|| lines.iter().find(|line| *line.link.group == *route.group))?;
        let until = owed.valid_until.min(owed.reply.at.plus(hub.settings().valid_for));
        let mut reply = owed.reply.clone();
        reply.position = Some(owed.position);
        let item = self.item(line, &route, &reply, (owed.language, until))?;
        Some((Arc::clone(&line.link.group), item))
    }

    fn item(
        &self,
        line: &Line,
        route: &Route,
        reply: &Reply,
        (language, valid_until): (contract::Language, Timestamp),
    ) -> Option<Arc<Item>> {
        let settings = &line.settings.text;
        let words = render::words(&self.words, reply, &route.memory, language, settings)?;
        let reference = reply.position.map_or(0, |position| position.sequence) & 0xffff;
        let segments = match text::segments(&words, settings, u16::try_from(reference).unwrap_or(0)) {
            Ok(segments) => segments,
            Err(error) => {
                tracing::error!(%error, "a reply is longer than any text");
                return None;
            }
        };
        let reply = message::Reply {
            owed: reply.position,
            to: route.handset.clone(),
            from: route.number.clone(),
            segments,
            service_type: route.service_type.clone(),
            receipting: line.settings.receipts,
            valid_until,
        };
        Some(Item::new(reply, route.carrier()))
    }
}

/// What makes a retransmission of a text the same text: who to whom, the words, and the sender's own number for it.
fn key(mo: &Mo, words: &str, place: Option<Sar>) -> String {
    let mut hash = Sha256::new();
    for part in [mo.from.text.as_bytes(), mo.to.text.as_bytes(), words.as_bytes()] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    match place {
        // Each part of a long text has a number of its own.
        Some(place) => hash.update(place.reference.to_be_bytes()),
        None => hash.update(mo.reference.as_deref().unwrap_or_default()),
    }
    hash.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

/// What a text comes to.
fn asking(
    hub: &Hub,
    line: &Arc<Line>,
    mo: &Mo,
    ticket: Ticket,
    (words, place): (Result<String, Unreadable>, Option<Sar>),
) -> Step {
    let text = reading::Text {
        from: &mo.from,
        to: &mo.to,
        kind: mo.kind,
        words: words.as_ref().map(String::as_str).map_err(|unreadable| *unreadable),
    };
    let settings = hub.settings();
    let reading = reading::Settings { country: line.settings.country.clone(), ..settings.reading.clone() };
    match reading::read(&text, &reading) {
        Reading::Silence(silence) => {
            count(&line.counts.silent);
            tracing::debug!(link = %line.link.name, why = silence.name(), "a text that gets no answer");
            Step::Now(Status::OK)
        }
        Reading::Asks(question) => {
            let key = key(mo, words.as_deref().unwrap_or_default(), place);
            match inquiry(line, mo, ticket.carrier, *question, (key, settings.same_for)) {
                None => Step::Now(Status::OK),
                Some((inquiry, route)) => {
                    Step::Ask(Box::new(Asking { line: Arc::clone(line), inquiry, route, others: Vec::new() }))
                }
            }
        }
    }
}

/// Acknowledges parts on whichever connections they came; one that is gone gets them again from its carrier.
pub(super) fn acknowledge(acks: impl IntoIterator<Item = Ack>, status: Status) {
    for Ack { ticket, to } in acks {
        to.send((ticket, status)).ok();
    }
}

/// Acknowledges parts that have waited long enough and answers texts whose rest did not come, until the gateway stops.
pub(super) async fn mind_parts(hub: Arc<Hub>) {
    let stopping = hub.tasks.stopping().clone();
    loop {
        let due = hub.desk.parts().poll_timeout();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => {}
            () = hub.desk.offered.notified() => {}
            () = stopping.cancelled() => return,
        }
        let now = instant();
        let (released, overdue) = {
            let mut parts = hub.desk.parts();
            (parts.release(now), parts.expire(now))
        };
        acknowledge(released, Status::OK);
        for Overdue { id, words, sample, .. } in overdue {
            answer_overdue(&hub, id, words, sample);
        }
    }
}

fn answer_overdue(hub: &Arc<Hub>, id: u64, words: Result<String, Unreadable>, sample: Sample) {
    let Sample { line, mo, ticket } = sample;
    let settle = move |hub: &Hub| hub.desk.parts().settle(id, instant());
    let Step::Ask(asking) = asking(hub, &line, &mo, ticket, (words, None)) else { return settle(hub) };
    let (hub, conversing) = (Arc::clone(hub), hub.conversing());
    let tasks = hub.tasks.clone();
    drop(tasks.spawn(async move {
        let Answered { status, line, item, .. } = Desk::ask(Arc::clone(&hub), ticket, *asking).await;
        if let Some(item) = item {
            hub.enqueue(&line.group, &item);
            line.group.ring(instant());
        }
        if !status.is_error() {
            settle(&hub);
        }
        drop(conversing);
    }));
}

fn inquiry(
    line: &Line,
    mo: &Mo,
    carrier: Carrier,
    question: Question,
    (key, valid_for): (String, Duration),
) -> Option<(Inquiry, Route)> {
    let Question { asker, language, request, checks, memory } = question;
    let route = Route {
        link: line.link.name.to_string(),
        group: line.link.group.to_string(),
        handset: mo.from.clone(),
        number: mo.to.clone(),
        service_type: mo.service_type.chars().take(6).collect(),
        form: fitting(carrier),
        memory,
    };
    let Some(way) = route.encode() else {
        tracing::error!(link = %line.link.name, "the way back of a text cannot be kept");
        return None;
    };
    let inquiry = Inquiry {
        id: InquiryId { scope: format!("sms/{}", line.link.group), key, valid_for },
        channel: Channel::Sms,
        asker,
        route: Some(way),
        language,
        place: None,
        asked: EventTime::exact(time()),
        request,
        checks,
    };
    Some((inquiry, route))
}

/// A refusal as an SMPP status: what may come again is told so in the way of its PDU (§5.1.3).
fn status_of(refusal: &Refusal, carrier: Carrier) -> Status {
    match (refusal, carrier) {
        (Refusal::Overloaded, _) => Status::THROTTLED,
        (Refusal::Unavailable(_) | Refusal::Internal, Carrier::Submit) => Status::SYSTEM_ERROR,
        (Refusal::Unavailable(_) | Refusal::Internal, Carrier::Deliver | Carrier::Data) => Status::RECEIVER_TEMPORARY,
        (Refusal::Unauthorised(_) | Refusal::BadRequest(_) | Refusal::Conflict, _) => Status::RECEIVER_PERMANENT,
    }
}
