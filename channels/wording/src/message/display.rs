//! The messages of two-line displays and receipt printers, as `message.rs` lists the others.

use contract::VerdictKind;
use fluent_bundle::FluentArgs;

#[cfg(test)]
use super::Sample;
use super::{Part, Shape, verdict_variables};

/// The message of a verdict on a display: `kiosk-genuine-first`.
pub(crate) fn display_id(kind: VerdictKind) -> String {
    format!("kiosk-{}", kind.name().replace('_', "-"))
}

/// A heading, the fact below it, what to do.
pub(super) fn shape(kind: VerdictKind) -> Shape {
    Shape { id: display_id(kind), parts: &[Part::Value, Part::Fact, Part::Advice], variables: verdict_variables(kind) }
}

messages! {
    /// What a terminal shows around an answer, and in place of one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum DisplayText {
        /// Nobody is asking: what to do here.
        Idle => "kiosk-idle",
        /// The answer is on its way.
        Wait => "kiosk-wait",
        /// No answer in time, or no room: the same again.
        Again => "kiosk-again",
        /// The line of the terminal is not one that the gateway knows.
        Unknown => "kiosk-unregistered",
        /// There was no number in what came.
        NotRead => "kiosk-not-read",
        /// Several numbers came at once; the first was answered.
        OneByOne => "kiosk-one-by-one",
        /// The language was changed to this one.
        Language => "kiosk-language",
        /// The heading above the number of a receipt.
        Receipt => "kiosk-receipt",
        /// The heading of a printed receipt.
        Title => "kiosk-title",
        /// Which number it is about.
        Tail {
            /// Its last characters.
            tail: String
        } => "kiosk-tail",
    }
}
