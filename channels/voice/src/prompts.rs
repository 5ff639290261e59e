//! What is said, as pieces: each a recording by its name and a text at once.
//!
//! Owns the way from a [`crate::dialogue::Phrase`] to pieces ([`mod@script`]), the grammar of numbers and days in three languages
//! ([`grammar`]), and the recordings ([`pack`], of names from outside [`names`]). Where we play, [`Prompts::sounds`] gives the octets; where a platform
//! speaks, [`text`] gives the words. Both come from the same pieces, so they say the same.

pub mod grammar;
pub mod names;
pub mod pack;
pub mod script;
pub mod speech;

use contract::Language;

pub use self::pack::{Missing, PackError, Prompts};
pub use self::script::{catalogue, script};
use crate::webhooks::Said;

/// A piece of what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A recording, and its words with the spaces and marks around them.
    Clip {
        /// In which language.
        language: Language,
        /// Its name within the language, as `greeting.0` or `day.22`.
        clip: String,
        /// What it says.
        text: String,
    },
    /// A text from outside (a product, a city, a reason): there may be a recording of it by its words.
    Name {
        /// In which language.
        language: Language,
        /// The text.
        text: String,
    },
    /// Nothing is said; so many milliseconds, written as this mark.
    Pause {
        /// How long.
        millis: u16,
        /// The mark.
        text: &'static str,
    },
    /// Said whole or, where a recording of its name is missing, not at all.
    Aside(Vec<Self>),
}

/// The pieces as a text to be spoken.
#[must_use]
pub fn text(pieces: &[Piece]) -> String {
    let mut whole = String::new();
    append(pieces, &mut whole);
    whole.trim().to_owned()
}

/// The pieces as texts, a new one wherever the language changes.
#[must_use]
pub fn by_language(pieces: &[Piece]) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    divide(pieces, &mut all);
    for said in &mut all {
        said.text = said.text.trim().to_owned();
    }
    all.retain(|said| !said.text.is_empty());
    all
}

fn divide(pieces: &[Piece], all: &mut Vec<Said>) {
    for piece in pieces {
        match piece {
            Piece::Clip { language, text, .. } | Piece::Name { language, text } => match all.last_mut() {
                Some(last) if last.language == *language => last.text.push_str(text),
                Some(_) | None => all.push(Said { language: *language, text: text.clone() }),
            },
            Piece::Pause { text, .. } => {
                if let Some(last) = all.last_mut() {
                    last.text.push_str(text);
                }
            }
            Piece::Aside(inner) => divide(inner, all),
        }
    }
}

fn append(pieces: &[Piece], whole: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Clip { text, .. } | Piece::Name { text, .. } => whole.push_str(text),
            Piece::Pause { text, .. } => whole.push_str(text),
            Piece::Aside(inner) => append(inner, whole),
        }
    }
}
