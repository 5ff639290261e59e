//! What the log holds: the events and their bytes.
//!
//! Bodies are CBOR with integer keys (RFC 8949), so that a later version can add a field and an older export still
//! reads. Nothing here judges or stores; the chain over the rows is `log.rs`.

use contract::{
    Channel, Colour, Day, Delivery, Digest, EventTime, Language, Means, Number, Place, Request, Role, Seen, Timestamp,
    Verdict,
};
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::forgotten::Forgotten;
use super::retention::Reduced;
use crate::index::sets::{Imported, Removed};
use crate::index::{Batch, CatalogueChange, Evidence, LifeEvent, UnitKey};
use crate::verify::admit::Alert;
use crate::verify::history::AskerHash;

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked and was answered.
    Inquiry(InquiryEvent),
    /// An owed reply came to its end, or one that the carrier took turned out never to have arrived.
    Delivered(DeliveredEvent),
    /// Something happened to units.
    Life(LifeRecorded),
    /// The catalogue changed.
    Catalogue(CatalogueChange),
    /// Numbers were issued.
    Issued(Batch),
    /// An asker was found guessing; its checks leave every history.
    Flagged(Flagged),
    /// A list was taken in.
    Imported(Imported),
    /// A list was taken out.
    Removed(Removed),
    /// An asker was forgotten.
    Forgotten(Forgotten),
    /// What askers did was dropped from a segment that is too old.
    Reduced(Reduced),
    /// Unknown numbers came too thick, or no longer.
    Alarm(Alert),
}

/// The kind of an event, as the column beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// [`Event::Inquiry`]: the only kind there are many of.
    Inquiry = 1,
    /// [`Event::Delivered`].
    Delivered = 2,
    /// [`Event::Life`] of single units, as tills report them by the million.
    UnitLife = 3,
    /// [`Event::Life`] of a range, batch, product or set.
    Life = 16,
    /// [`Event::Catalogue`].
    Catalogue = 17,
    /// [`Event::Issued`].
    Issued = 18,
    /// [`Event::Flagged`].
    Flagged = 19,
    /// [`Event::Inquiry`] that wants no replies any more, or wants them again.
    Subscription = 20,
    /// [`Event::Imported`].
    Imported = 21,
    /// [`Event::Removed`].
    Removed = 22,
    /// [`Event::Forgotten`].
    Forgotten = 24,
    /// [`Event::Reduced`].
    Reduced = 25,
    /// [`Event::Alarm`].
    Alarm = 23,
}

impl Kind {
    /// From this kind's number on events are few and are read as a whole when the gateway comes up.
    pub const RARE: u8 = 16;

    const ALL: [Self; 13] = [
        Self::Inquiry,
        Self::Delivered,
        Self::UnitLife,
        Self::Life,
        Self::Catalogue,
        Self::Issued,
        Self::Flagged,
        Self::Subscription,
        Self::Imported,
        Self::Removed,
        Self::Forgotten,
        Self::Reduced,
        Self::Alarm,
    ];

    /// From its column.
    #[must_use]
    pub fn from_column(column: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == column)
    }

    /// The name used in exports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Delivered => "delivered",
            Self::UnitLife => "unit_life",
            Self::Life => "life",
            Self::Catalogue => "catalogue",
            Self::Issued => "issued",
            Self::Flagged => "flagged",
            Self::Subscription => "subscription",
            Self::Imported => "imported",
            Self::Removed => "removed",
            Self::Forgotten => "forgotten",
            Self::Reduced => "reduced",
            Self::Alarm => "alarm",
        }
    }
}

/// A message's id as the log keeps it: which retransmission it answers to, and with what content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct LoggedId {
    /// Keyed hash of scope and key.
    #[n(0)]
    pub id: ByteArray<16>,
    /// Hash of the content that decides the answer.
    #[n(1)]
    pub digest: ByteArray<8>,
    /// Until then the id means this message.
    #[n(2)]
    pub until: Timestamp,
}

impl LoggedId {
    /// Whether another content came under the same id.
    #[must_use]
    pub fn conflicts(&self, digest: &Digest) -> bool {
        *self.digest != *digest
    }
}

/// Somebody asked and was answered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct InquiryEvent {
    /// Its id; `None` where a message can never come twice.
    #[n(0)]
    pub id: Option<LoggedId>,
    /// The medium.
    #[n(1)]
    pub channel: Channel,
    /// The language of the reply.
    #[n(2)]
    pub language: Language,
    /// Who, hashed.
    #[n(3)]
    pub asker: AskerHash,
    /// In which role.
    #[n(4)]
    pub role: Role,
    /// When the asker asked.
    #[n(5)]
    pub asked: EventTime,
    /// From where.
    #[n(6)]
    pub place: Option<Place>,
    /// The numbers and what was said of them.
    #[n(7)]
    pub checks: Vec<CheckEvent>,
    /// The way back, where the reply goes out later.
    #[n(8)]
    pub owed: Option<SealedRoute>,
    /// What was wanted; `None` where it was to know of numbers, so that the many rows stay short.
    #[n(9)]
    pub request: Option<Request>,
    /// It is not replied to: the asker has opted out.
    #[cbor(n(10), skip_if = "is_false")]
    pub silent: bool,
    /// What a tip says, encrypted: its text in `request` is empty then. Earlier builds left it in the clear there.
    #[cbor(n(11), skip_if = "Option::is_none")]
    pub tip: Option<SealedRoute>,
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One number and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CheckEvent {
    /// Which unit, where there is one.
    #[n(0)]
    pub unit: Option<UnitKey>,
    /// The number as given, where it is no issued unit's.
    #[n(1)]
    pub given: Option<Number>,
    /// How it was entered.
    #[n(2)]
    pub means: Means,
    /// The lot read on the pack.
    #[n(3)]
    pub lot: Option<String>,
    /// The expiry read on the pack.
    #[n(4)]
    pub expiry: Option<Day>,
    /// What was said.
    #[n(5)]
    pub verdict: Verdict,
    /// In which colour.
    #[n(6)]
    pub colour: Colour,
    /// What was said besides.
    #[n(7)]
    pub advisories: Vec<Verdict>,
    /// Checked outside its sales region; the maker's to know.
    #[n(8)]
    pub wrong_region: bool,
    /// Why an unknown number is unknown.
    #[n(9)]
    pub evidence: Option<Evidence>,
    /// Sessions before this one, as said to the asker.
    #[n(10)]
    pub times_checked: u32,
    /// The first of them.
    #[n(11)]
    pub first_checked: Option<Seen>,
    /// The batch of a listed unit, whose key does not tell it.
    #[n(12)]
    pub batch: Option<u64>,
}

/// A return route, or what a tip says, encrypted (ChaCha20-Poly1305, RFC 8439) under the key of one day, which is destroyed
/// afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SealedRoute {
    /// The day of the key.
    #[n(0)]
    pub day: Day,
    /// The nonce.
    #[n(1)]
    pub nonce: ByteArray<12>,
    /// The message and its tag.
    #[n(2)]
    pub sealed: ByteVec,
    /// After this the reply is of no use, or the tip not kept any more.
    #[n(3)]
    pub until: Timestamp,
}

/// An owed reply came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct DeliveredEvent {
    /// The sequence of its inquiry.
    #[n(0)]
    pub inquiry: u64,
    /// How.
    #[n(1)]
    pub delivery: Delivery,
}

/// A life event with the id of the report that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LifeRecorded {
    /// The report's id, where it came as a message.
    #[n(0)]
    pub id: Option<LoggedId>,
    /// The event.
    #[n(1)]
    pub event: LifeEvent,
}

/// An asker was found guessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Flagged {
    /// Who, hashed.
    #[n(0)]
    pub asker: u64,
    /// Until then it hears the rate-limit text.
    #[n(1)]
    pub until: Timestamp,
}

/// A body that is not what its kind says: the row is damaged or from a newer version.
#[derive(Debug, thiserror::Error)]
#[error("event body of kind {kind} cannot be read")]
pub struct Unreadable {
    /// The kind's column.
    pub kind: u8,
    /// Why.
    #[source]
    pub source: Option<minicbor::decode::Error>,
}

impl Event {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Inquiry(inquiry) => match inquiry.request {
                Some(Request::Stop | Request::Start) => Kind::Subscription,
                None | Some(Request::Check | Request::Help | Request::Tip(_)) => Kind::Inquiry,
            },
            Self::Delivered(_) => Kind::Delivered,
            Self::Life(life) => match life.event.target {
                crate::index::Target::Units { .. } => Kind::UnitLife,
                crate::index::Target::Product { .. }
                | crate::index::Target::Batch { .. }
                | crate::index::Target::Range { .. }
                | crate::index::Target::Set { .. } => Kind::Life,
            },
            Self::Catalogue(_) => Kind::Catalogue,
            Self::Issued(_) => Kind::Issued,
            Self::Flagged(_) => Kind::Flagged,
            Self::Imported(_) => Kind::Imported,
            Self::Removed(_) => Kind::Removed,
            Self::Forgotten(_) => Kind::Forgotten,
            Self::Reduced(_) => Kind::Reduced,
            Self::Alarm(_) => Kind::Alarm,
        }
    }

    /// The flag that it sets, if it does.
    #[must_use]
    pub const fn flagged(&self) -> Option<Flagged> {
        if let Self::Flagged(flagged) = self { Some(*flagged) } else { None }
    }

    /// Its body.
    ///
    /// # Panics
    /// Never: encoding into memory cannot fail.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Inquiry(event) => minicbor::to_vec(event),
            Self::Delivered(event) => minicbor::to_vec(event),
            Self::Life(event) => minicbor::to_vec(event),
            Self::Catalogue(event) => minicbor::to_vec(event),
            Self::Issued(event) => minicbor::to_vec(event),
            Self::Flagged(event) => minicbor::to_vec(event),
            Self::Imported(event) => minicbor::to_vec(event),
            Self::Removed(event) => minicbor::to_vec(event),
            Self::Forgotten(event) => minicbor::to_vec(event),
            Self::Reduced(event) => minicbor::to_vec(event),
            Self::Alarm(event) => minicbor::to_vec(event),
        }
        .expect("encoding into memory cannot fail")
    }

    /// From its kind and body.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_bytes(kind: u8, body: &[u8]) -> Result<Self, Unreadable> {
        let known = Kind::from_column(kind).ok_or(Unreadable { kind, source: None })?;
        match known {
            Kind::Inquiry | Kind::Subscription => minicbor::decode(body).map(Self::Inquiry),
            Kind::Delivered => minicbor::decode(body).map(Self::Delivered),
            Kind::Life | Kind::UnitLife => minicbor::decode(body).map(Self::Life),
            Kind::Catalogue => minicbor::decode(body).map(Self::Catalogue),
            Kind::Issued => minicbor::decode(body).map(Self::Issued),
            Kind::Flagged => minicbor::decode(body).map(Self::Flagged),
            Kind::Imported => minicbor::decode(body).map(Self::Imported),
            Kind::Removed => minicbor::decode(body).map(Self::Removed),
            Kind::Forgotten => minicbor::decode(body).map(Self::Forgotten),
            Kind::Reduced => minicbor::decode(body).map(Self::Reduced),
            Kind::Alarm => minicbor::decode(body).map(Self::Alarm),
        }
        .map_err(|source| Unreadable { kind, source: Some(source) })
    }
}

#[cfg(test)]
mod tests;
