//! The messages of short messages that are no verdict, as `message.rs` lists the others.

use fluent_bundle::FluentArgs;

#[cfg(test)]
use super::Sample;

messages! {
    /// What a short message says around an answer, and in place of one.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum ShortText {
        /// What the goods should be.
        Product {
            /// Its name, cut to the room there is.
            name: String
        } => "sms-product",
        /// The receipt, without spaces.
        Receipt {
            /// Twelve digits.
            receipt: String
        } => "sms-receipt",
        /// One number of several.
        Line {
            /// Its last characters.
            tail: String,
            /// From [`crate::Words::word`].
            word: String
        } => "sms-line",
        /// There were more numbers than are answered.
        Rest {
            /// How many more.
            count: u32
        } => "sms-rest",
        /// How to hear more than a word of each.
        Several => "sms-several",
        /// How it works, how to report, how to stop.
        Help => "sms-help",
        /// There was no number in the text.
        NoNumber => "sms-no-number",
        /// Parts of the text never came, and what came holds no whole number.
        Cut => "sms-cut",
        /// No more replies.
        Stopped => "sms-stopped",
        /// Replies again.
        Started => "sms-started",
        /// A report of goods or a seller was taken down.
        Tip => "sms-tip",
    }
}
