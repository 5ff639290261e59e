//! The GSM 7 bit alphabet (3GPP TS 23.038 §6.2.1): septets to characters and back.
//!
//! Owns what a septet means under the national shift tables that a header may call for (§6.2.1.2), and what a character
//! costs in a message of ours. Takes one octet per septet; packing is for `packed`.

mod tables;

use std::sync::LazyLock;

use self::tables::{BASIC, EXTENSION, PORTUGUESE, PORTUGUESE_SHIFT, SPANISH_SHIFT, TURKISH, TURKISH_SHIFT};

/// Announces a character of the extension table.
pub(super) const ESCAPE: u8 = 0x1b;

/// A national language of the shift tables (3GPP TS 23.038 §6.2.1.2.4). The tables of the languages of India and
/// Pakistan are not kept: in all of them the octets 0x30 to 0x39 stay the ten digits, so that a number in such a text is
/// read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum National {
    /// The default tables.
    #[default]
    Basic,
    /// Turkish.
    Turkish,
    /// Spanish, which has no locking table.
    Spanish,
    /// Portuguese.
    Portuguese,
}

impl National {
    /// By the identifier in a header; a language whose tables are not kept is read by the default ones.
    #[must_use]
    pub(super) const fn from_identifier(identifier: u8) -> Self {
        match identifier {
            1 => Self::Turkish,
            2 => Self::Spanish,
            3 => Self::Portuguese,
            _ => Self::Basic,
        }
    }
}

/// The tables that a part of a message is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shifts {
    /// In place of the default table.
    pub(super) locking: National,
    /// In place of the extension table.
    pub(super) single: National,
}

impl Shifts {
    /// The table of the septets that nothing announces.
    const fn main(self) -> &'static [char; 128] {
        match self.locking {
            National::Basic | National::Spanish => &BASIC,
            National::Turkish => &TURKISH,
            National::Portuguese => &PORTUGUESE,
        }
    }

    /// The characters behind an escape.
    const fn extension(self) -> &'static [(u8, char)] {
        match self.single {
            National::Basic => EXTENSION,
            National::Turkish => TURKISH_SHIFT,
            National::Spanish => SPANISH_SHIFT,
            National::Portuguese => PORTUGUESE_SHIFT,
        }
    }
}

/// Reads septets, one in each octet. What the extension table does not hold is read by the main one, an escape behind an
/// escape is a space, both as §6.2.1 has it. An octet that is no septet is read as Windows-1252: a carrier that sends one
/// sends Latin letters and calls them its default alphabet.
#[must_use]
pub(super) fn decode(octets: &[u8], shifts: Shifts) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut escaped = false;
    for &octet in octets {
        let Some(&main) = shifts.main().get(usize::from(octet)) else {
            let (latin, ..) = encoding_rs::WINDOWS_1252.decode(std::slice::from_ref(&octet));
            text.push_str(&latin);
            escaped = false;
            continue;
        };
        if !std::mem::take(&mut escaped) {
            escaped = octet == ESCAPE;
            if !escaped {
                text.push(main);
            }
        } else if octet == ESCAPE {
            text.push(' ');
        } else {
            let shifted = shifts.extension().iter().find(|(septet, _)| *septet == octet);
            text.push(shifted.map_or(main, |(_, shifted)| *shifted));
        }
    }
    text
}

/// An escape, where there is one, and a septet.
pub(super) type Septets = (Option<u8>, u8);

/// The septets of a character in the default tables: itself, or an escape and its septet. `None` where it has none.
#[must_use]
pub(super) fn septets(c: char) -> Option<Septets> {
    // Every character of every text that is sent is asked for several times, and nearly all are ASCII.
    static ASCII: LazyLock<[Option<Septets>; 128]> =
        LazyLock::new(|| std::array::from_fn(|at| u8::try_from(at).ok().and_then(|at| search(char::from(at)))));
    match ASCII.get(usize::try_from(u32::from(c)).ok()?) {
        Some(held) => *held,
        // The letters beyond ASCII end with the euro sign.
        None if c > '\u{20ac}' => None,
        None => search(c),
    }
}

fn search(c: char) -> Option<Septets> {
    let position = |at: usize| u8::try_from(at).ok();
    if let Some(at) = BASIC.iter().position(|held| *held == c).filter(|at| *at != usize::from(ESCAPE)) {
        return Some((None, position(at)?));
    }
    EXTENSION.iter().find(|(_, held)| *held == c).map(|(septet, _)| (Some(ESCAPE), *septet))
}

/// The character of the alphabet that stands for a typographic one: quotation marks, dashes, spaces.
#[must_use]
pub(super) const fn twin(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{2032}' | '`' | '\u{b4}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' | '\u{2033}' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{3000}' | '\t' => " ",
        '\u{b7}' | '\u{2022}' => ".",
        '\u{d7}' => "x",
        '\u{200b}' | '\u{feff}' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_septet_of_the_default_tables_reads_back() {
        for septet in (0..128_u8).filter(|septet| *septet != ESCAPE) {
            let text = decode(&[septet], Shifts::default());
            let mut chars = text.chars();
            assert_eq!(chars.next().and_then(septets), Some((None, septet)), "{septet:#x}");
            assert_eq!(chars.next(), None);
        }
        for (septet, c) in EXTENSION {
            assert_eq!(decode(&[ESCAPE, *septet], Shifts::default()), c.to_string());
            assert_eq!(septets(*c), Some((Some(ESCAPE), *septet)));
        }
    }

    #[test]
    fn digits_stand_at_their_place_in_every_locking_table() {
        for locking in [National::Basic, National::Turkish, National::Spanish, National::Portuguese] {
            assert_eq!(decode(b"0123456789", Shifts { locking, single: National::Basic }), "0123456789");
        }
    }

    #[test]
    fn national_letters_are_read_by_the_tables_that_the_header_names() {
        for (octets, locking, single, text) in [
            (&b"\x1bSi\x1bse, \x1bgaz\x1bi"[..], National::Basic, National::Turkish, "Şişe, ğazı"),
            (b"\x40stanbul \x60a\x0c da \x04", National::Turkish, National::Basic, "İstanbul çağ da €"),
            (b"n\x1bumero \x1b\x09a \x1be", National::Basic, National::Spanish, "número ça €"),
            (b"\x1b{o \x1b\x0b \x1be", National::Basic, National::Portuguese, "ão Ô €"),
            (b"n\x7b \x18 \x60", National::Portuguese, National::Basic, "nã € ~"),
        ] {
            assert_eq!(decode(octets, Shifts { locking, single }), text);
        }
    }

    #[test]
    fn what_the_extension_table_lacks_is_shown_by_the_main_one() {
        let read = |octets: &[u8]| decode(octets, Shifts::default());
        assert_eq!(read(b"\x1b1\x1b\x1b2\x1b"), "1 2");
        assert_eq!(read(b"\x1bA"), "A");
        assert_eq!(read(&[0xe9, 0x31, 0x80]), "é1€", "eight bits are Latin letters");
    }
}
