//! The GSM 7 bit alphabet (3GPP TS 23.038 §6.2.1): septets to characters and back.
//!
//! Owns what a septet means under the national shift tables that a header may call for (§6.2.1.2), and what a character
//! costs in a message of ours. Takes one octet per septet; packing is for `packed`.

mod india;
mod tables;

use std::sync::LazyLock;

use self::india::Tables;
use self::tables::{BASIC, EXTENSION, PORTUGUESE, PORTUGUESE_SHIFT, SPANISH_SHIFT, TURKISH, TURKISH_SHIFT};

/// Announces a character of the extension table.
pub(super) const ESCAPE: u8 = 0x1b;

/// A national language of the shift tables (3GPP TS 23.038 §6.2.1.2.4).
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
    /// Bengali.
    Bengali,
    /// Gujarati.
    Gujarati,
    /// Hindi.
    Hindi,
    /// Kannada.
    Kannada,
    /// Malayalam.
    Malayalam,
    /// Oriya.
    Oriya,
    /// Punjabi.
    Punjabi,
    /// Tamil.
    Tamil,
    /// Telugu.
    Telugu,
    /// Urdu.
    Urdu,
}

impl National {
    /// By the identifier in a header; a language whose tables are not kept is read by the default ones.
    #[must_use]
    pub(super) const fn from_identifier(identifier: u8) -> Self {
        match identifier {
            1 => Self::Turkish,
            2 => Self::Spanish,
            3 => Self::Portuguese,
            4 => Self::Bengali,
            5 => Self::Gujarati,
            6 => Self::Hindi,
            7 => Self::Kannada,
            8 => Self::Malayalam,
            9 => Self::Oriya,
            10 => Self::Punjabi,
            11 => Self::Tamil,
            12 => Self::Telugu,
            13 => Self::Urdu,
            _ => Self::Basic,
        }
    }

    /// What stands in place of the default table.
    const fn locking(self) -> Table {
        match self {
            Self::Basic | Self::Spanish => Table::Letters(&BASIC),
            Self::Turkish => Table::Letters(&TURKISH),
            Self::Portuguese => Table::Letters(&PORTUGUESE),
            Self::Bengali => Table::Points(&india::BENGALI),
            Self::Gujarati => Table::Points(&india::GUJARATI),
            Self::Hindi => Table::Points(&india::HINDI),
            Self::Kannada => Table::Points(&india::KANNADA),
            Self::Malayalam => Table::Points(&india::MALAYALAM),
            Self::Oriya => Table::Points(&india::ORIYA),
            Self::Punjabi => Table::Points(&india::PUNJABI),
            Self::Tamil => Table::Points(&india::TAMIL),
            Self::Telugu => Table::Points(&india::TELUGU),
            Self::Urdu => Table::Points(&india::URDU),
        }
    }
}

/// The two forms in which tables are kept.
enum Table {
    Letters(&'static [char; 128]),
    Points(&'static Tables),
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
    /// The character of a septet that nothing announces; `None` for an octet that is none.
    fn main(self, octet: u8) -> Option<char> {
        match self.locking.locking() {
            Table::Letters(letters) => letters.get(usize::from(octet)).copied(),
            Table::Points(tables) => tables.locking.get(usize::from(octet)).map(|point| letter(*point)),
        }
    }

    /// The character of a septet behind an escape.
    fn shifted(self, octet: u8) -> Option<char> {
        let letters = match self.single {
            National::Basic => EXTENSION,
            National::Turkish => TURKISH_SHIFT,
            National::Spanish => SPANISH_SHIFT,
            National::Portuguese => PORTUGUESE_SHIFT,
            National::Bengali
            | National::Gujarati
            | National::Hindi
            | National::Kannada
            | National::Malayalam
            | National::Oriya
            | National::Punjabi
            | National::Tamil
            | National::Telugu
            | National::Urdu => {
                let Table::Points(tables) = self.single.locking() else { return None };
                return tables.single.iter().find(|(septet, _)| *septet == octet).map(|(_, point)| letter(*point));
            }
        };
        letters.iter().find(|(septet, _)| *septet == octet).map(|(_, letter)| *letter)
    }
}

fn letter(point: u16) -> char {
    char::from_u32(point.into()).unwrap_or(' ')
}

/// Reads septets, one in each octet. What the extension table does not hold is read by the main one, an escape behind an
/// escape is a space, both as §6.2.1 has it. An octet that is no septet is read as Windows-1252: a carrier that sends one
/// sends Latin letters and calls them its default alphabet.
#[must_use]
pub(super) fn decode(octets: &[u8], shifts: Shifts) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut escaped = false;
    for &octet in octets {
        let Some(main) = shifts.main(octet) else {
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
            text.push(shifts.shifted(octet).unwrap_or(main));
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
        for identifier in 0..=14 {
            let locking = National::from_identifier(identifier);
            assert_eq!(decode(b"0123456789", Shifts { locking, single: National::Basic }), "0123456789", "{locking:?}");
        }
    }

    /// Words as another implementation of the standard writes them (gsmcodecs 1.0).
    const INDIAN: &[(u8, &[u8], &str)] = &[
        (4, b"\x40\x50\x01\x46\x50\x20\x1b\x1f", "বাংলা ৫"),
        (5, b"\x17\x53\x1d\x44\x50\x27\x52", "ગુજરાતી"),
        (6, b"\x4d\x51\x2f\x5f\x2b\x52\x20\x1b\x1d\x1b\x1e\x1b\x1f", "हिन्दी १२३"),
        (7, b"\x15\x2f\x5f\x2f\x50", "ಕನ್ನಾ"),
        (8, b"\x42\x46\x43\x50\x47\x01", "മലയാളം"),
        (9, b"\x13\x24\x51\x04", "ଓଡିଆ"),
        (10, b"\x3d\x7b\x1d\x50\x40\x52", "ਪੰਜਾਬੀ"),
        (11, b"\x27\x42\x51\x48\x5f", "தமிழ்"),
        (12, b"\x27\x58\x46\x53\x17\x53", "తెలుగు"),
        (13, b"\x00\x25\x1a\x53\x20\x1b\x1d\x1b\x1e\x20\x1b\x56\x37", "اردو ۱۲ V7"),
    ];

    #[test]
    fn the_languages_of_india_and_pakistan_are_read_by_both_their_tables() {
        for (identifier, octets, text) in INDIAN {
            let national = National::from_identifier(*identifier);
            assert_eq!(decode(octets, Shifts { locking: national, single: national }), *text);
        }
        let every = |national: National, octet: u8| {
            let both = Shifts { locking: national, single: national };
            (both.main(octet), both.shifted(octet))
        };
        for national in (4..14).map(National::from_identifier) {
            assert_eq!(every(national, 0x2c).0, Some(','), "{national:?}");
            assert_eq!(every(national, b'A').1, Some('A'), "Latin capitals stand behind the escape");
            assert_eq!((every(national, 0x7f).0.is_some(), every(national, 0x80)), (true, (None, None)));
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
