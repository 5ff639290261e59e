//! Octets of short messages to text and back: alphabets, headers of parts, what of a text goes into which segment.
//!
//! Pure: reads no clock and knows no protocol but the coding schemes, which every dialect inherits from GSM. Does not put
//! the parts of a long message together (`reassembly`) and does not know what a text says (`reading`).
//!
//! Body and coding scheme of what we send are made together, in [`segments`], and by nothing else: a body in one alphabet
//! under the scheme of another is what makes texts arrive as garbage.

mod coding;
mod gsm;
mod header;
mod packed;
mod segment;

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::coding::Alphabet;
use self::gsm::Shifts;
use crate::message::{Mo, Sar};

pub use self::segment::{TooLong, Writing, segments};

/// How one link writes texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What coding scheme 0 means: carriers differ.
    pub default_alphabet: SmscAlphabet,
    /// What is sent where the default alphabet has not all the characters.
    pub wide: Wide,
    /// How a text of several segments is marked.
    pub long: LongText,
}

/// What a carrier calls its default alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmscAlphabet {
    /// GSM 7 bit, one septet in an octet.
    #[default]
    Gsm,
    /// GSM 7 bit, packed as on the air.
    GsmPacked,
    /// ASCII.
    Ascii,
    /// Latin-1.
    Latin1,
    /// GBK.
    Gbk,
    /// UTF-8.
    Utf8,
}

/// The alphabet of texts that need more than the default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wide {
    /// UTF-16 under coding scheme 8.
    #[default]
    Ucs2,
    /// GBK under coding scheme 15, as in mainland China; UTF-16 for what GBK has not.
    Gbk,
}

/// How the segments of one text are marked as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LongText {
    /// By a header with a reference of 8 bits.
    #[default]
    Udh8,
    /// By a header with a reference of 16 bits.
    Udh16,
    /// By parameters beside the body.
    Sar,
    /// Not at all: the whole text goes out at once, and the carrier splits it.
    Payload,
}

/// Why octets are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The coding scheme says compressed.
    #[error("the text is compressed")]
    Compressed,
    /// Eight-bit data.
    #[error("eight-bit data, not text")]
    Binary,
    /// A header says that it is for an application.
    #[error("a message for an application, not for people")]
    Application,
}

/// The text of one message or one part, still in octets: a character may be cut between two parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    alphabet: Alphabet,
    shifts: Shifts,
    octets: Bytes,
}

impl fmt::Debug for Part {
    /// Without its words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("alphabet", &self.alphabet)
            .field("shifts", &self.shifts)
            .field("octets", &self.octets.len())
            .finish()
    }
}

impl Part {
    /// Finds the text in a message, and its place in a long one: said by a header, else beside the body. A place that
    /// cannot be (part 0, part 3 of 2) is none, as 3GPP TS 23.040 §9.2.3.24.1 has it, and so is part 1 of 1.
    ///
    /// # Errors
    /// [`Unreadable`] where it is no text. Eight-bit data is found out by [`join`].
    pub fn read(mo: &Mo, settings: &Settings) -> Result<(Self, Option<Sar>), Unreadable> {
        let alphabet = coding::alphabet(mo.data_coding, settings)?;
        // A header that cannot be is text that somebody marked wrongly: the number may stand in it.
        let header = if mo.udh { header::read(&mo.body) } else { None }.unwrap_or_default();
        if header.application {
            return Err(Unreadable::Application);
        }
        let octets = mo.body.slice(header.octets.min(mo.body.len())..);
        let octets = match alphabet {
            Alphabet::GsmPacked => packed::unpack(&octets, packed::fill_bits(header.octets)).into(),
            Alphabet::Gsm | Alphabet::Ucs2 | Alphabet::Utf8 | Alphabet::Legacy(_) | Alphabet::Binary => octets,
        };
        let place = header.place.or(mo.sar).filter(|place| place.total > 1 && (1..=place.total).contains(&place.part));
        Ok((Self { alphabet, shifts: header.shifts, octets }, place))
    }

    /// How many octets it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.octets.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// With octets of its own: those of a message share memory with whatever was received together with it.
    #[must_use]
    pub fn detached(self) -> Self {
        Self { octets: Bytes::copy_from_slice(&self.octets), ..self }
    }
}

/// The text of parts in their order. Neighbours in one alphabet are read as one, so that a character that was cut
/// between them is whole again.
///
/// # Errors
/// [`Unreadable::Binary`] where all of them are eight-bit data that is no text.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Result<String, Unreadable> {
    let parts: Vec<&Part> = parts.into_iter().collect();
    let mut text = String::new();
    let mut failed = None;
    for run in parts.chunk_by(|a, b| a.alphabet == b.alphabet && a.shifts == b.shifts) {
        let decoded = match run {
            [one] => one.alphabet.decode(&one.octets, one.shifts),
            [first, ..] => {
                let octets: Vec<u8> = run.iter().flat_map(|part| part.octets.iter().copied()).collect();
                first.alphabet.decode(&octets, first.shifts)
            }
            [] => continue,
        };
        match decoded {
            Ok(run) => text.push_str(&run),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if text.is_empty() => Err(error),
        Some(_) | None => Ok(text),
    }
}

#[cfg(test)]
mod tests;
