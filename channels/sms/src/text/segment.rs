//! A text of ours as the segments of a short message.
//!
//! Owns which alphabet a text is sent in, how much of it one segment holds and where it may be cut: between what readers
//! see as characters where that can be, never within an escape or a surrogate pair. Knows no words.
//!
//! | | one segment | of several, 8-bit reference | of several, 16-bit reference or parameters |
//! |---|---|---|---|
//! | septets | 160 | 153 | 152 |
//! | UTF-16 | 70 | 67 | 66 |
//! | GBK octets | 140 | 134 | 133 |
//!
//! Where the carrier's default alphabet is ASCII or Latin-1 it still goes on the air as GSM 7 bit: such a text may hold
//! only what both have, and is counted in septets.

use bytes::Bytes;
use unicode_segmentation::UnicodeSegmentation;

use super::gsm;
use super::{LongText, Settings, SmscAlphabet, Wide, header, packed};
use crate::message::{Sar, Segment};

/// The most segments that a text can have: their count is one octet.
const MOST: usize = 255;

/// The longest text in octets that goes out at once where the carrier splits it: as much as the segments of a long text
/// could hold and well below what a parameter can.
const MOST_PAYLOAD: usize = MOST * 133;

/// Coding schemes: the carrier's default, UTF-16, GBK.
const DEFAULT_CODING: u8 = 0;
const UCS2_CODING: u8 = 8;
const GBK_CODING: u8 = 15;

/// A text of more segments than there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text of {segments} segments, the most are {MOST}")]
pub struct TooLong {
    /// How many it would take.
    pub segments: usize,
}

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Septets.
    Gsm,
    /// UTF-16.
    Ucs2,
    /// GBK.
    Gbk,
}

impl Writing {
    /// What a text is sent in on a link: the default alphabet where that has all of it, else the wide one.
    #[must_use]
    pub fn of(text: &str, settings: &Settings) -> Self {
        if text.chars().all(|c| in_default(c, settings.default_alphabet)) {
            Self::Gsm
        } else if settings.wide == Wide::Gbk && gbk(text).is_some() {
            Self::Gbk
        } else {
            Self::Ucs2
        }
    }

    /// How many units one segment holds that is alone.
    #[must_use]
    pub const fn alone(self) -> usize {
        match self {
            Self::Gsm => 160,
            Self::Ucs2 => 70,
            Self::Gbk => 140,
        }
    }

    /// How many units one segment of several holds.
    const fn of_several(self, long: LongText) -> usize {
        let narrow = matches!(long, LongText::Udh8);
        match self {
            Self::Gsm => 152 + narrow as usize,
            Self::Ucs2 => 66 + narrow as usize,
            Self::Gbk => 133 + narrow as usize,
        }
    }

    /// How many units a text takes.
    #[must_use]
    pub fn units(self, text: &str) -> usize {
        match self {
            Self::Gsm => text.chars().map(gsm_units).sum(),
            Self::Ucs2 => text.encode_utf16().count(),
            Self::Gbk => text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum(),
        }
    }
}

/// The segments of a text on a link, in order, at least one. `reference` tells this text from others to the same
/// handset.
///
/// # Errors
/// [`TooLong`] where there would be more than 255.
pub fn segments(text: &str, settings: &Settings, reference: u16) -> Result<Vec<Segment>, TooLong> {
    let writing = Writing::of(text, settings);
    let units = writing.units(text);
    if units <= writing.alone() {
        return Ok(vec![segment(text, writing, settings, None)]);
    }
    if settings.long == LongText::Payload {
        let whole = segment(text, writing, settings, None);
        let octets = whole.payload.len();
        return if octets > MOST_PAYLOAD { Err(TooLong { segments: octets.div_ceil(133) }) } else { Ok(vec![whole]) };
    }
    let pieces = pieces(text, writing, writing.of_several(settings.long));
    let count = pieces.len();
    let total = u8::try_from(count).map_err(|_| TooLong { segments: count })?;
    let place = |part| Sar { reference, total, part };
    Ok((1..=total).zip(pieces).map(|(part, piece)| segment(piece, writing, settings, Some(place(part)))).collect())
}

/// Cuts a text into pieces of at most so many units: between graphemes, and between characters where one grapheme
/// alone is longer than a piece.
fn pieces(text: &str, writing: Writing, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut held) = (0, 0);
    let mut cut_before = |at: usize, units: usize| {
        if held + units > most && held > 0 {
            pieces.extend(text.get(start..at));
            (start, held) = (at, 0);
        }
        held += units;
    };
    for (at, grapheme) in text.grapheme_indices(true) {
        let units = writing.units(grapheme);
        if units <= most {
            cut_before(at, units);
        } else {
            for (within, c) in grapheme.char_indices() {
                cut_before(at + within, writing.units(c.encode_utf8(&mut [0; 4])));
            }
        }
    }
    pieces.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    pieces
}

/// One segment: the only place where a body and its coding scheme are made.
fn segment(text: &str, writing: Writing, settings: &Settings, place: Option<Sar>) -> Segment {
    let (udh, sar) = match (place, settings.long) {
        (Some(place), LongText::Udh8) => (header::concatenated_8(place), None),
        (Some(place), LongText::Udh16) => (header::concatenated_16(place), None),
        (Some(place), LongText::Sar) => (Bytes::new(), Some(place)),
        (Some(_), LongText::Payload) | (None, _) => (Bytes::new(), None),
    };
    let (data_coding, payload) = match writing {
        Writing::Gsm => (DEFAULT_CODING, default_octets(text, settings.default_alphabet, udh.len())),
        Writing::Ucs2 => (UCS2_CODING, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        Writing::Gbk => (GBK_CODING, gbk(text).unwrap_or_default()),
    };
    Segment { data_coding, udh, payload: payload.into(), sar }
}

/// Octets of the carrier's default alphabet, behind a header of so many.
fn default_octets(text: &str, alphabet: SmscAlphabet, header: usize) -> Vec<u8> {
    let plain = |c: char| -> Box<dyn Iterator<Item = char>> {
        match gsm::twin(c) {
            Some(twin) if !held(c, alphabet) => Box::new(twin.chars()),
            Some(_) | None => Box::new(std::iter::once(c)),
        }
    };
    let chars = text.chars().flat_map(plain);
    match alphabet {
        SmscAlphabet::Gsm => chars.flat_map(septets).collect(),
        SmscAlphabet::GsmPacked => {
            packed::pack(&chars.flat_map(septets).collect::<Vec<u8>>(), packed::fill_bits(header))
        }
        // Latin-1 is the first 256 characters of Unicode; the others here are ASCII.
        SmscAlphabet::Ascii | SmscAlphabet::Latin1 | SmscAlphabet::Gbk | SmscAlphabet::Utf8 => {
            chars.filter_map(|c| u8::try_from(c).ok()).collect()
        }
    }
}

fn septets(c: char) -> impl Iterator<Item = u8> {
    let septets = gsm::septets(c);
    septets.and_then(|(escape, _)| escape).into_iter().chain(septets.map(|(_, septet)| septet))
}

/// Whether the default alphabet can say a character, by itself or by its twin.
fn in_default(c: char, alphabet: SmscAlphabet) -> bool {
    held(c, alphabet) || gsm::twin(c).is_some()
}

/// Whether the default alphabet holds a character itself.
fn held(c: char, alphabet: SmscAlphabet) -> bool {
    let within = match alphabet {
        SmscAlphabet::Gsm | SmscAlphabet::GsmPacked => true,
        SmscAlphabet::Latin1 => u32::from(c) < 0x100,
        SmscAlphabet::Ascii | SmscAlphabet::Gbk | SmscAlphabet::Utf8 => c.is_ascii(),
    };
    within && gsm::septets(c).is_some()
}

fn gsm_units(c: char) -> usize {
    match gsm::septets(c) {
        Some((escape, _)) => 1 + usize::from(escape.is_some()),
        None => gsm::twin(c).map_or(0, str::len),
    }
}

/// Octets of GBK; `None` where it lacks a character. An encoder that may replace would write `&#128512;`.
fn gbk(text: &str) -> Option<Vec<u8>> {
    let mut encoder = encoding_rs::GBK.new_encoder();
    let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
    let mut octets = Vec::with_capacity(most);
    let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut octets, true);
    (matches!(result, encoding_rs::EncoderResult::InputEmpty) && read == text.len()).then_some(octets)
}
