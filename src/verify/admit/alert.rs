//! What enforcement is to look at: the alarm as it is logged, exported and counted.
//!
//! Owns its form. Raises none. Names nobody: a network is told no narrower than a site, a terminal by its registered name.

use contract::Timestamp;
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::fleet::Told;
use super::limits::Guard;
use super::networks::{Closed, Origin};

/// Unknown numbers that came too thick, or came to an end.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Alert {
    /// Of what.
    #[n(0)]
    pub subject: Subject,
    /// It is back to what is usual.
    #[n(1)]
    pub over: bool,
    /// Since when they were counted.
    #[n(2)]
    pub since: Timestamp,
    /// Different unknown numbers since then.
    #[n(3)]
    pub misses: u32,
    /// Known numbers since then.
    #[n(4)]
    pub known: u32,
    /// Unknown numbers that are usual in an hour, where there is a past to tell.
    #[n(5)]
    pub usual: Option<u32>,
}

/// What an alarm is about.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A product by its id; `None` for numbers that name none.
    #[n(0)]
    Product(#[n(0)] Option<String>),
    /// A network that was closed to strangers: `203.0.113.0/24`, or `withheld` for callers who withhold their number.
    #[n(1)]
    Network(#[n(0)] String),
    /// A terminal by its name.
    #[n(2)]
    Terminal(#[n(0)] Option<String>),
}

impl Subject {
    /// The kind, as it is named in metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Network(_) => "network",
            Self::Terminal(_) => "terminal",
        }
    }
}

impl Alert {
    pub(super) fn of_product((product, risen): Told) -> Self {
        Self {
            subject: Subject::Product(product.map(|product| product.id.clone())),
            over: risen.over,
            since: risen.since,
            misses: risen.misses,
            known: risen.hits,
            usual: Some(risen.usual),
        }
    }

    pub(super) fn of_network(origin: &Origin, closed: &Closed, guard: &Guard, now: Timestamp) -> Self {
        Self {
            subject: Subject::Network(origin.to_string()),
            over: false,
            since: now.minus(guard.window()),
            misses: closed.misses,
            known: closed.hits,
            usual: None,
        }
    }

    /// The name is the caller's to give.
    pub(super) fn of_terminal((misses, known): (usize, usize), guard: &Guard, now: Timestamp) -> Self {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            subject: Subject::Terminal(None),
            over: false,
            since: now.minus(guard.window()),
            misses: count(misses),
            known: count(known),
            usual: None,
        }
    }
}
