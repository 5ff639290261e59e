//! The one door into the core, and what comes back through it later.
//!
//! Channels hold an `Arc<dyn Verify>` and know nothing behind it.

use std::future::Future;
use std::pin::Pin;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::answer::Reply;
use crate::inquiry::{Asker, Channel, Inquiry, Language, ReturnRoute};
use crate::life::{LifeReport, Reported};
use crate::receipt::{Receipt, ReceiptView};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// A future that a trait object can hand out.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Position {
    /// The stream; 0 while a ledger has one.
    #[n(0)]
    pub stream: u32,
    /// The number of the event in its stream, from 1.
    #[n(1)]
    pub sequence: u64,
}

/// A reply that was recorded and has not yet been delivered.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Names it in [`Verify::delivered`].
    pub position: Position,
    /// Where it goes.
    pub route: ReturnRoute,
    /// In which language.
    pub language: Language,
    /// After this it is of no use to anyone.
    pub valid_until: Timestamp,
    /// What to say.
    pub reply: Reply,
}

/// What became of an owed reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The peer took it.
    #[n(0)]
    Delivered,
    /// The peer refused it for good.
    #[n(1)]
    Refused,
    /// It was no longer of use.
    #[n(2)]
    Expired,
    /// The peer took it, and said later that it never arrived; once for each of its parts. It ends nothing: other parts may
    /// still be on their way.
    #[n(3)]
    Undelivered,
}

impl Delivery {
    /// Whether the reply is owed no longer.
    #[must_use]
    pub const fn ends(self) -> bool {
        !matches!(self, Self::Undelivered)
    }
}

/// How the gateway is, for `/readyz` and load balancers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// New inquiries are answered.
    pub ready: bool,
    /// Inquiries waiting for the ledger's writer.
    pub waiting: usize,
    /// The last commit failed with this, and nothing has succeeded since.
    pub fault: Option<&'static str>,
}

/// The core, as channels see it.
pub trait Verify: Send + Sync {
    /// Answers an inquiry. When this resolves to `Ok`, the answer is on disk. Dropping the future does not undo an
    /// inquiry that has been handed over.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] when the queue is full, [`Refusal::Unavailable`] when nothing can be recorded,
    /// [`Refusal::Conflict`] when the id was used with other content, [`Refusal::BadRequest`] when the inquiry breaks a
    /// bound of its types.
    fn verify(&self, inquiry: Inquiry) -> BoxFuture<'_, Result<Reply, Refusal>>;

    /// Looks up a receipt; `None` where there is none. A miss counts as a guess of this asker's.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] when this asker guessed too often or the reader is busy, [`Refusal::Unavailable`] when the
    /// log cannot be read.
    fn receipt(&self, receipt: Receipt, asker: Asker) -> BoxFuture<'_, Result<Option<ReceiptView>, Refusal>>;

    /// Records what happened to units, all of them or none.
    ///
    /// # Errors
    /// As [`Verify::verify`]; [`Refusal::BadRequest`] names the first number that is not an issued unit's;
    /// [`Refusal::Unauthorised`] where the role may not report this.
    fn report(&self, report: LifeReport) -> BoxFuture<'_, Result<Reported, Refusal>>;

    /// The owed replies of a channel, oldest first, at most `limit`; for a channel that comes up.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] when the log cannot be read.
    fn owed(&self, channel: Channel, limit: usize) -> BoxFuture<'_, Result<Vec<Owed>, Refusal>>;

    /// Records what became of an owed reply. Recording it again changes nothing, but for [`Delivery::Undelivered`], which may come
    /// when nothing is owed any more.
    ///
    /// # Errors
    /// As [`Verify::verify`].
    fn delivered(&self, position: Position, delivery: Delivery) -> BoxFuture<'_, Result<(), Refusal>>;

    /// How the gateway is.
    fn health(&self) -> Health;
}
