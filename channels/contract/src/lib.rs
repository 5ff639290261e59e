//! What the core and the channels agree on: an inquiry comes in, a reply or a refusal goes out.
//!
//! Owns the types that cross the line between a channel and the core, and the reading of a number out of what people
//! type. Does no IO, reads no clock, decides nothing and holds no words: verdicts are decided in the core, worded in
//! `wording`, carried by channels.

pub mod answer;
pub mod inquiry;
pub mod life;
pub mod phone;
pub mod reading;
pub mod receipt;
pub mod refusal;
pub mod signal;
#[cfg(any(test, feature = "strategies"))]
pub mod strategies;
pub mod time;
pub mod verdict;
pub mod verify;

pub use answer::{Answer, Facts, Product, Reply};
pub use inquiry::{
    Asker, Channel, Check, Confidence, Digest, EventTime, Identity, Inquiry, InquiryId, Language, Means, Place, Point,
    Request, RequestKind, ReturnRoute, Role, Tip,
};
pub use life::{Life, LifeReport, Reported};
pub use reading::{Given, Number};
pub use receipt::{Receipt, ReceiptView};
pub use refusal::Refusal;
pub use time::{Day, Timestamp};
pub use verdict::{Colour, Seen, TradeItem, Verdict, VerdictKind};
pub use verify::{BoxFuture, Delivery, Health, Owed, Position, Verify};
