//! Why an inquiry was not answered at all: of the transport only. Every answer about a number is a verdict.

/// A refusal; each channel maps it once to its own manner (HTTP problem, SMPP status, SIP code, kiosk frame).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The queue is full; nothing was recorded, the same message may be sent again.
    #[error("too busy, nothing was recorded")]
    Overloaded,
    /// The record cannot be written now (disk full, stopping); nothing was recorded.
    #[error("unavailable, nothing was recorded: {0}")]
    Unavailable(&'static str),
    /// The caller may not do this.
    #[error("not permitted: {0}")]
    Unauthorised(&'static str),
    /// The request cannot be read.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// The same id was used before with other content.
    #[error("this id was used before with other content")]
    Conflict,
    /// Our fault; the log says more.
    #[error("internal error")]
    Internal,
}
