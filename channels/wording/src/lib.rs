//! Answers as sentences in Simplified Chinese, the Chinese of Hong Kong, and English.
//!
//! Owns the catalogues (Fluent, embedded, with an operator's folder over them), and how dates, counts and receipts are
//! written. Decides nothing, knows no medium: channels lay the sentences out, escape them and cut them to length.
//!
//! The words say what is known and no more: a mistyped digit is not a counterfeit, a date that has passed is not one
//! either, an unavailable service says nothing about the goods. Of an earlier check they name time and city, never who
//! and never by which medium. They say "beware", and a list of words never used is enforced on the operator's too.

use std::fmt;
use std::path::Path;

use contract::{Colour, Language, Receipt, ReceiptView, Refusal, VerdictKind};
use jiff::tz::TimeZone;

mod answer;
mod brief;
mod catalogue;
mod dates;
mod display;
mod message;
mod voice;

pub use self::answer::plain;
pub use self::brief::Brief;
pub use self::catalogue::{Fault, WordsError};
pub use self::display::Shown;
pub use self::message::{DisplayText, MessageId, ShortText};
pub use self::voice::{VoicePart, VoiceText};

use self::catalogue::{Catalogue, Overrides};
use self::message::{Part, Phrase, verdict_id};

/// One answer as sentences. They are plain text from outside in part (names, lots, reasons): escape them for the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentences {
    /// The verdict in one or two words.
    pub word: String,
    /// The verdict with the fact that it rests on.
    pub verdict: String,
    /// What is on record, one line each; what the verdict says already is left out. May be empty.
    pub facts: Vec<String>,
    /// What to do.
    pub advice: String,
    /// The further verdicts, most weighty first. May be empty.
    pub advisories: Vec<String>,
}

/// A receipt that was looked up, as sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptSentences {
    /// The receipt in groups of four digits.
    pub receipt: String,
    /// When the answer was given, to the minute.
    pub at: String,
    /// What was said of each number, in the order asked.
    pub verdicts: Vec<String>,
}

/// The words of all languages, for one time zone.
pub struct Words {
    zone: TimeZone,
    zh_hans: Catalogue,
    zh_hk: Catalogue,
    en: Catalogue,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("zone", &self.zone).finish_non_exhaustive()
    }
}

impl Words {
    /// Loads the catalogues, with the operator's folder (`DIR/{en,zh-Hans,zh-Hant,zh-HK}/*.ftl`) over them: a message
    /// given there replaces ours, part by part. Times are said in `zone`.
    ///
    /// # Errors
    /// [`WordsError`] where the folder cannot be read or one of its entries cannot be used; nothing is used then.
    pub fn load(overrides: Option<&Path>, zone: TimeZone) -> Result<Self, WordsError> {
        let overrides = overrides.map_or_else(|| Ok(Overrides::default()), Overrides::read)?;
        Ok(Self {
            zone,
            zh_hans: Catalogue::build(Language::ZhHans, &overrides)?,
            zh_hk: Catalogue::build(Language::ZhHk, &overrides)?,
            en: Catalogue::build(Language::En, &overrides)?,
        })
    }

    /// What the page says around an answer.
    #[must_use]
    pub fn text(&self, message: &MessageId, language: Language) -> String {
        self.catalogue(language).say(message.id(), Part::Value, &message.arguments())
    }

    /// A verdict in one or two words, without its facts.
    #[must_use]
    pub fn word(&self, kind: VerdictKind, language: Language) -> String {
        self.catalogue(language).say(&verdict_id(kind), Part::Word, &fluent_bundle::FluentArgs::new())
    }

    /// Why an inquiry was not answered, and what to do. Says nothing of our insides.
    #[must_use]
    pub fn refusal(&self, refusal: &Refusal, language: Language) -> String {
        let phrase = match refusal {
            Refusal::Overloaded => Phrase::RefusedOverloaded,
            Refusal::Unavailable(_) => Phrase::RefusedUnavailable,
            Refusal::Unauthorised(_) => Phrase::RefusedUnauthorised,
            Refusal::BadRequest(_) => Phrase::RefusedBadRequest,
            Refusal::Conflict => Phrase::RefusedConflict,
            Refusal::Internal => Phrase::RefusedInternal,
        };
        self.phrase(&phrase, language)
    }

    /// How to ask and what an answer tells.
    #[must_use]
    pub fn help(&self, language: Language) -> String {
        self.phrase(&Phrase::Help, language)
    }

    /// The name of a colour.
    #[must_use]
    pub fn colour(&self, colour: Colour, language: Language) -> String {
        let phrase = match colour {
            Colour::Grey => Phrase::ColourGrey,
            Colour::Green => Phrase::ColourGreen,
            Colour::Amber => Phrase::ColourAmber,
            Colour::Red => Phrase::ColourRed,
        };
        self.phrase(&phrase, language)
    }

    /// What a colour means, to stand by the sign: a colour is never the only sign.
    #[must_use]
    pub fn sign(&self, colour: Colour, language: Language) -> String {
        let phrase = match colour {
            Colour::Grey => Phrase::SignGrey,
            Colour::Green => Phrase::SignGreen,
            Colour::Amber => Phrase::SignAmber,
            Colour::Red => Phrase::SignRed,
        };
        self.phrase(&phrase, language)
    }

    /// What looking up a receipt shows.
    #[must_use]
    pub fn receipt_view(&self, view: &ReceiptView, language: Language) -> ReceiptSentences {
        let several = view.verdicts.len() > 1;
        let line = |(position, (kind, colour)): (u32, &(VerdictKind, Colour))| {
            let word = self.word(*kind, language);
            let (colour, sign) = (self.colour(*colour, language), self.sign(*colour, language));
            let phrase = if several {
                Phrase::ReceiptVerdictOf { position, word, colour, sign }
            } else {
                Phrase::ReceiptVerdict { word, colour, sign }
            };
            self.phrase(&phrase, language)
        };
        ReceiptSentences {
            receipt: grouped(view.receipt),
            at: self.phrase(&Phrase::ReceiptAt { minute: self.minute(view.at, language) }, language),
            verdicts: (1..).zip(&view.verdicts).map(line).collect(),
        }
    }

    fn phrase(&self, phrase: &Phrase, language: Language) -> String {
        self.catalogue(language).say(phrase.id(), Part::Value, &phrase.arguments())
    }

    const fn catalogue(&self, language: Language) -> &Catalogue {
        match language {
            Language::ZhHans => &self.zh_hans,
            Language::ZhHk => &self.zh_hk,
            Language::En => &self.en,
        }
    }
}

/// A language by its own name, which is the same whatever language the page is in.
#[must_use]
pub const fn own_name(language: Language) -> &'static str {
    match language {
        Language::ZhHans => "简体中文",
        Language::ZhHk => "繁體中文（香港）",
        Language::En => "English",
    }
}

/// A receipt in groups of four digits: `1234 5678 9012`.
#[must_use]
pub fn grouped(receipt: Receipt) -> String {
    let mut text = String::with_capacity(Receipt::DIGITS + 2);
    for (at, digit) in receipt.to_string().chars().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
