//! What happens to a unit between issue and end, as registered clients and operators report it.
//!
//! Owns the names of the events and the report; who may report what is decided by the channel's registration and the core.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::inquiry::{EventTime, InquiryId, Place, Role};
use crate::reading::Number;
use crate::verify::Position;

/// An event in the life of a unit, range, batch or product. Each can be set or lifted, and the latest that covers a
/// unit counts: a lifted recall is no recall, a lifted sale is a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Numbers handed to the printer.
    #[n(0)]
    Printed,
    /// Applied to goods.
    #[n(1)]
    Applied,
    /// Released for sale by the maker.
    #[n(2)]
    Activated,
    /// Received by a place of retail sale.
    #[n(3)]
    Shipped,
    /// Sold; lifted by a return.
    #[n(4)]
    Sold,
    /// Recalled.
    #[n(5)]
    Recalled,
    /// Taken off the market: void, destroyed, licence revoked, sample.
    #[n(6)]
    Withdrawn,
    /// Stolen.
    #[n(7)]
    Stolen,
    /// Known to have been copied or published.
    #[n(8)]
    Compromised,
}

impl Life {
    /// Every event, in order.
    pub const ALL: [Self; 9] = [
        Self::Printed,
        Self::Applied,
        Self::Activated,
        Self::Shipped,
        Self::Sold,
        Self::Recalled,
        Self::Withdrawn,
        Self::Stolen,
        Self::Compromised,
    ];

    /// The name used in JSON, exports and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Applied => "applied",
            Self::Activated => "activated",
            Self::Shipped => "shipped",
            Self::Sold => "sold",
            Self::Recalled => "recalled",
            Self::Withdrawn => "withdrawn",
            Self::Stolen => "stolen",
            Self::Compromised => "compromised",
        }
    }
}

/// The most units one report may name.
pub const MAX_REPORTED: usize = 1_000;

/// A registered client reports what happened to units (`POST /v1/events`).
#[derive(Debug, Clone)]
pub struct LifeReport {
    /// What makes a retry the same report.
    pub id: InquiryId,
    /// The registered client's name: the "who" of the event.
    pub client: String,
    /// The client's role.
    pub role: Role,
    /// What happened.
    pub life: Life,
    /// The event is lifted, not set: a return, the end of a recall.
    pub lifted: bool,
    /// The units, at most [`MAX_REPORTED`].
    pub numbers: Vec<Number>,
    /// When it happened.
    pub at: EventTime,
    /// Where it happened.
    pub place: Option<Place>,
    /// Why, in the reporter's words, at most 500 characters.
    pub reason: Option<String>,
}

/// What became of a report: all of its units or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Where it was recorded.
    pub position: Position,
    /// How many units it was recorded for.
    pub units: usize,
    /// The same report was recorded before.
    pub replayed: bool,
}
