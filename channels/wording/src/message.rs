//! Every message the catalogues hold: its id, its parts and the variables it may use.
//!
//! The lists are closed and the variables are fields, so that a text cannot be asked for without what it needs, and a
//! test compares them with every catalogue. Holds no words and formats nothing.

use contract::VerdictKind;
use fluent_bundle::FluentArgs;

/// A part of a message: its value or one of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The value; of a verdict, the verdict and its fact.
    Value,
    /// The verdict in one or two words.
    Word,
    /// What to do.
    Advice,
    /// The verdict as it is said beside another one.
    Note,
    /// Why goods were recalled.
    Reason,
    /// The fact that a heading of two words rests on.
    Fact,
}

impl Part {
    /// The attribute's name in the catalogues; `None` for the value.
    pub(crate) const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Value => None,
            Self::Word => Some("word"),
            Self::Advice => Some("advice"),
            Self::Note => Some("note"),
            Self::Reason => Some("reason"),
            Self::Fact => Some("fact"),
        }
    }
}

/// What a message must look like in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its id.
    pub(crate) id: String,
    /// All of its parts.
    pub(crate) parts: &'static [Part],
    /// The variables that are there to be used.
    pub(crate) variables: &'static [&'static str],
}

/// The shapes of all messages, in no order that matters.
pub(crate) fn shapes() -> Vec<Shape> {
    let plain = |&(id, variables): &(&str, &'static [&'static str])| Shape {
        id: id.to_owned(),
        parts: &[Part::Value],
        variables,
    };
    let verdict = |kind| Shape { id: verdict_id(kind), parts: verdict_parts(kind), variables: verdict_variables(kind) };
    let brief = |kind| Shape { id: brief_id(kind), parts: brief_parts(kind), variables: verdict_variables(kind) };
    VerdictKind::ALL
        .into_iter()
        .map(verdict)
        .chain(Phrase::SHAPES.iter().map(plain))
        .chain(MessageId::SHAPES.iter().map(plain))
        .chain(VerdictKind::ALL.into_iter().map(brief))
        .chain(ShortText::SHAPES.iter().map(plain))
        .chain(crate::voice::VoiceText::SHAPES.iter().map(plain))
        .chain(VerdictKind::ALL.into_iter().map(display::shape))
        .chain(DisplayText::SHAPES.iter().map(plain))
        .collect()
}

/// The message of a verdict: `verdict-genuine-first`.
pub(crate) fn verdict_id(kind: VerdictKind) -> String {
    format!("verdict-{}", kind.name().replace('_', "-"))
}

/// The message of a verdict in a short message: `sms-genuine-first`.
pub(crate) fn brief_id(kind: VerdictKind) -> String {
    format!("sms-{}", kind.name().replace('_', "-"))
}

/// As [`verdict_parts`], without the word: a short message uses the long form's.
const fn brief_parts(kind: VerdictKind) -> &'static [Part] {
    match verdict_parts(kind) {
        [Part::Value, Part::Word, Part::Advice] => &[Part::Value, Part::Advice],
        [Part::Value, Part::Word, Part::Advice, Part::Note] => &[Part::Value, Part::Advice, Part::Note],
        _ => &[Part::Value, Part::Advice, Part::Note, Part::Reason],
    }
}

/// Red and amber verdicts can stand beside another one and need a note; grey and green ones cannot.
const fn verdict_parts(kind: VerdictKind) -> &'static [Part] {
    match kind {
        VerdictKind::Unavailable
        | VerdictKind::Degraded
        | VerdictKind::RateLimited
        | VerdictKind::Malformed
        | VerdictKind::Typo
        | VerdictKind::NotUnitCode
        | VerdictKind::NotCovered
        | VerdictKind::GenuineAgain
        | VerdictKind::GenuineFirst => &[Part::Value, Part::Word, Part::Advice],
        VerdictKind::Recalled => &[Part::Value, Part::Word, Part::Advice, Part::Note, Part::Reason],
        VerdictKind::Unknown
        | VerdictKind::Compromised
        | VerdictKind::Stolen
        | VerdictKind::Withdrawn
        | VerdictKind::Expired
        | VerdictKind::NotActivated
        | VerdictKind::NotYetOnSale
        | VerdictKind::ImpossibleTravel
        | VerdictKind::SoldBefore
        | VerdictKind::Overchecked
        | VerdictKind::DataMismatch
        | VerdictKind::CartonCode
        | VerdictKind::GenuineSeen => &[Part::Value, Part::Word, Part::Advice, Part::Note],
    }
}

/// The variables of a verdict's message; `answer.rs` fills them in. A `.word` uses none: a receipt shows it without facts.
const fn verdict_variables(kind: VerdictKind) -> &'static [&'static str] {
    match kind {
        VerdictKind::RateLimited => &["minutes"],
        VerdictKind::Malformed => &["read", "expected"],
        VerdictKind::NotUnitCode => &["item"],
        VerdictKind::Recalled => &["reason"],
        VerdictKind::Expired => &["on"],
        VerdictKind::NotActivated => &["fresh"],
        VerdictKind::NotYetOnSale => &["from"],
        VerdictKind::ImpossibleTravel | VerdictKind::SoldBefore | VerdictKind::GenuineAgain => &["seen"],
        VerdictKind::Overchecked | VerdictKind::GenuineSeen => &["times", "seen"],
        VerdictKind::DataMismatch => &["differs"],
        VerdictKind::CartonCode => &["holds"],
        VerdictKind::Unavailable
        | VerdictKind::Degraded
        | VerdictKind::Typo
        | VerdictKind::NotCovered
        | VerdictKind::Unknown
        | VerdictKind::Compromised
        | VerdictKind::Stolen
        | VerdictKind::Withdrawn
        | VerdictKind::GenuineFirst => &[],
    }
}

/// A value for a variable in a test.
#[cfg(test)]
trait Sample {
    fn sample() -> Self;
}

#[cfg(test)]
impl Sample for u32 {
    fn sample() -> Self {
        12
    }
}

#[cfg(test)]
impl Sample for String {
    fn sample() -> Self {
        "12".to_owned()
    }
}

/// Declares a closed list of messages; the fields of a variant are the variables of its message, by name.
macro_rules! messages {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$doc:meta])* $variant:ident $({ $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ })? => $id:literal,)+
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$doc])* $variant $({ $($(#[$field_doc])* $field: $kind),+ })?,)+
        }

        impl $name {
            /// Id and variables of each.
            pub(crate) const SHAPES: &'static [(&'static str, &'static [&'static str])] =
                &[$(($id, &[$($(stringify!($field)),+)?])),+];

            /// The id in the catalogues.
            #[must_use]
            $vis const fn id(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $id,)+ }
            }

            /// The values of its variables.
            pub(crate) fn arguments(&self) -> FluentArgs<'_> {
                let mut arguments = FluentArgs::new();
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        $($(arguments.set(stringify!($field), $field.clone());)+)?
                    })+
                }
                arguments
            }

            /// One of each.
            #[cfg(test)]
            pub(crate) fn samples() -> Vec<Self> {
                vec![$(Self::$variant $({ $($field: Sample::sample()),+ })?),+]
            }
        }
    };
}

mod display;
mod short;

pub use self::display::DisplayText;
pub(crate) use self::display::display_id;
pub use self::short::ShortText;

messages! {
    /// The pieces that answers are put together from.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Phrase {
        Day { year: String, month: u32, day: u32 } => "date-day",
        Minute { day: String, time: String } => "date-minute",
        Seen { minute: String } => "seen",
        SeenIn { minute: String, city: String } => "seen-in",
        Product { name: String } => "fact-product",
        ProductSpec { name: String, spec: String } => "fact-product-spec",
        Maker { name: String } => "fact-maker",
        Licence { licence: String } => "fact-licence",
        Lot { lot: String } => "fact-lot",
        Made { day: String } => "fact-made",
        Expiry { day: String } => "fact-expiry",
        Checked { times: u32, seen: String } => "fact-checked",
        CheckedTimes { times: u32 } => "fact-checked-times",
        FirstChecked { seen: String } => "fact-first-checked",
        BriefDay { year: String, month: u32, day: u32 } => "sms-day",
        BriefDayThisYear { month: u32, day: u32 } => "sms-day-this-year",
        BriefSeenOn { day: String } => "sms-seen-on",
        BriefSeenAt { day: String, time: String } => "sms-seen-at",
        BriefSeenIn { when: String, city: String } => "sms-seen-in",
        DisplaySeenAt { day: String, time: String } => "kiosk-seen-at",
        RefusedOverloaded => "refusal-overloaded",
        RefusedUnavailable => "refusal-unavailable",
        RefusedUnauthorised => "refusal-unauthorised",
        RefusedBadRequest => "refusal-bad-request",
        RefusedConflict => "refusal-conflict",
        RefusedInternal => "refusal-internal",
        Help => "help",
        ColourGrey => "colour-grey",
        ColourGreen => "colour-green",
        ColourAmber => "colour-amber",
        ColourRed => "colour-red",
        SignGrey => "sign-grey",
        SignGreen => "sign-green",
        SignAmber => "sign-amber",
        SignRed => "sign-red",
        ReceiptAt { minute: String } => "receipt-at",
        ReceiptVerdict { word: String, colour: String, sign: String } => "receipt-verdict",
        ReceiptVerdictOf { position: u32, word: String, colour: String, sign: String } => "receipt-verdict-of",
    }
}

messages! {
    /// What the web page says around an answer. Every variant has words in every language.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum MessageId {
        /// The page's title.
        Title => "page-title",
        /// The heading above the form.
        Heading => "page-heading",
        /// The label of the field for the number.
        Prompt => "page-prompt",
        /// An example of a number within the empty field.
        Placeholder => "page-placeholder",
        /// Which number is meant, below the field.
        Hint => "page-hint",
        /// The button that asks.
        Button => "page-button",
        /// The heading of the optional fields.
        More => "page-more",
        /// The label of the optional lot.
        Lot => "page-lot",
        /// The label of the optional expiry date.
        Expiry => "page-expiry",
        /// The link back to an empty form.
        Another => "page-another",
        /// Names the choice of languages for screen readers; their own names are [`crate::own_name`].
        Languages => "page-languages",
        /// Names the result for screen readers.
        Result => "page-result",
        /// Describes the coloured sign for screen readers.
        ColourLabel {
            /// From [`crate::Words::colour`].
            colour: String,
            /// From [`crate::Words::sign`].
            sign: String
        } => "page-colour",
        /// The heading over what is on record.
        Facts => "page-facts",
        /// The heading over what to do.
        Advice => "page-advice",
        /// The heading over the further verdicts.
        Advisories => "page-advisories",
        /// The heading of one answer of several.
        NumberOf {
            /// Counted from 1.
            position: u32
        } => "page-number",
        /// When the answer was given.
        AnsweredAt {
            /// From [`crate::Words::minute`].
            minute: String
        } => "page-answered-at",
        /// The same message was answered before.
        Replayed => "page-replayed",
        /// More numbers were given than are answered at once.
        OnlyFirst {
            /// How many are.
            limit: u32
        } => "page-only-first",
        /// The label of the receipt.
        Receipt => "page-receipt",
        /// What a receipt is for.
        ReceiptPurpose => "page-receipt-purpose",
        /// The answer was not recorded and has no receipt.
        ReceiptNone => "page-receipt-none",
        /// The title of the page that checks a receipt.
        ReceiptTitle => "page-receipt-title",
        /// The label of its field.
        ReceiptPrompt => "page-receipt-prompt",
        /// Its button.
        ReceiptButton => "page-receipt-button",
        /// The receipt is ours.
        ReceiptFound => "page-receipt-found",
        /// The receipt is not ours.
        ReceiptNotFound => "page-receipt-not-found",
        /// What was entered is no receipt.
        ReceiptMalformed => "page-receipt-malformed",
        /// What a receipt does not show.
        ReceiptLimits => "page-receipt-limits",
        /// The link from an answer to the page that takes a report.
        Report => "page-report",
        /// The title of that page.
        ReportTitle => "page-report-title",
        /// The label of its field.
        ReportPrompt {
            /// The most characters, [`contract::inquiry::MAX_TIP`].
            limit: u32
        } => "page-report-prompt",
        /// What becomes of a report and what does not.
        ReportPurpose => "page-report-purpose",
        /// Its button.
        ReportButton => "page-report-button",
        /// The title of the page that says a report was recorded.
        ReportedTitle => "page-reported-title",
        /// A report was recorded; its receipt follows.
        Reported => "page-reported",
        /// A report was not recorded: there were too many.
        ReportLimited => "page-report-limited",
        /// The button that opens the camera.
        Scan => "page-scan",
        /// The button that takes a photo of the code.
        ScanPhoto => "page-scan-photo",
        /// The button that closes the camera.
        ScanStop => "page-scan-stop",
        /// The reader is being loaded.
        ScanLoading => "page-scan-loading",
        /// The camera is open: how to hold it.
        ScanAim => "page-scan-aim",
        /// A code was read and is being checked.
        ScanRead => "page-scan-read",
        /// There is no camera, or the page may not use it.
        ScanRefused => "page-scan-refused",
        /// There is no code in the photo.
        ScanNothing => "page-scan-nothing",
        /// The code that was read cannot be one unit's.
        ScanOther => "page-scan-other",
        /// The reader could not be loaded.
        ScanFailed => "page-scan-failed",
        /// The title of the page that a GS1 link leads to.
        LandingTitle => "page-landing-title",
        /// On that page: nothing is recorded until the button is pressed.
        LandingPrompt => "page-landing-prompt",
        /// On that page: the label of the GTIN.
        LandingGtin => "page-landing-gtin",
        /// On that page: the label of the serial number.
        LandingSerial => "page-landing-serial",
        /// A link of a kind of goods and not of one article.
        LandingNoSerial => "page-landing-no-serial",
        /// A link whose GTIN, serial number or date cannot be right.
        LandingBroken => "page-landing-broken",
        /// Nothing was entered.
        Empty => "page-empty",
        /// Too much was entered.
        TooLong {
            /// The most characters there may be.
            limit: u32
        } => "page-too-long",
        /// The expiry date cannot be read.
        BadExpiry => "page-bad-expiry",
        /// The form was opened too long ago.
        FormExpired => "page-form-expired",
        /// There is no such page.
        NotFound => "page-not-found",
        /// Too busy.
        Busy => "page-busy",
        /// Something went wrong.
        Error => "page-error",
        /// The title of a page that says what went wrong.
        ErrorTitle => "page-error-title",
        /// The link to the first page.
        Home => "page-home",
        /// What a result does not say.
        Footer => "page-footer",
    }
}
