//! Which alphabet a coding scheme means (3GPP TS 23.038 §4; SMPP 3.4 §5.2.19), and the text in octets of it.
//!
//! The values 0 to 15 are SMPP's own, where they say more than 23.038 does; the rest is 23.038's groups. What zero means
//! differs by carrier and is a setting. Knows no headers and no parts.

use encoding_rs::Encoding;

use super::gsm::{self, Shifts};
use super::{Settings, SmscAlphabet, Unreadable};

/// An alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// GSM 7 bit, one septet in an octet.
    Gsm,
    /// GSM 7 bit, packed.
    GsmPacked,
    /// UTF-16, high octet first unless a byte order mark says otherwise.
    Ucs2,
    /// UTF-8.
    Utf8,
    /// One of the alphabets before Unicode.
    Legacy(&'static Encoding),
    /// No text.
    Binary,
}

/// The alphabet of a coding scheme on a link.
///
/// # Errors
/// [`Unreadable::Compressed`] for the compressed groups: nobody sends them, and no decompressor is kept.
pub(super) fn alphabet(data_coding: u8, settings: &Settings) -> Result<Alphabet, Unreadable> {
    let default = settings.default_alphabet.alphabet();
    Ok(match data_coding {
        0 => default,
        // IA5; carriers send Latin-1 under it too, which begins with the same 128.
        1 | 3 => Alphabet::Legacy(encoding_rs::WINDOWS_1252),
        2 | 4 | 9 => Alphabet::Binary,
        5 => Alphabet::Legacy(encoding_rs::SHIFT_JIS),
        6 => Alphabet::Legacy(encoding_rs::ISO_8859_5),
        7 => Alphabet::Legacy(encoding_rs::ISO_8859_8),
        8 => Alphabet::Ucs2,
        10 => Alphabet::Legacy(encoding_rs::ISO_2022_JP),
        13 => Alphabet::Legacy(encoding_rs::EUC_JP),
        14 => Alphabet::Legacy(encoding_rs::EUC_KR),
        // GB 18030 contains GBK.
        15 => Alphabet::Legacy(encoding_rs::GB18030),
        // General groups, with and without automatic deletion: bit 5 compressed, bits 3 and 2 the alphabet.
        0x10..=0x1f | 0x40..=0x5f => match data_coding & 0x0c {
            0x04 => Alphabet::Binary,
            0x08 => Alphabet::Ucs2,
            _ => default,
        },
        0x20..=0x3f | 0x60..=0x7f => return Err(Unreadable::Compressed),
        // Message waiting, stored, in UCS-2.
        0xe0..=0xef => Alphabet::Ucs2,
        // Message class: bit 2 the alphabet.
        0xf0..=0xff if data_coding & 0x04 != 0 => Alphabet::Binary,
        // Message waiting in 7 bits, and what is reserved: to be read as the default alphabet (§4).
        _ => default,
    })
}

impl SmscAlphabet {
    /// How it is read.
    pub(super) const fn alphabet(self) -> Alphabet {
        match self {
            Self::Gsm => Alphabet::Gsm,
            Self::GsmPacked => Alphabet::GsmPacked,
            Self::Ascii | Self::Latin1 => Alphabet::Legacy(encoding_rs::WINDOWS_1252),
            Self::Gbk => Alphabet::Legacy(encoding_rs::GB18030),
            Self::Utf8 => Alphabet::Utf8,
        }
    }
}

impl Alphabet {
    /// Reads octets of it; packed septets have been unpacked. What stands for no character becomes U+FFFD.
    ///
    /// # Errors
    /// [`Unreadable::Binary`] for octets that are no text: eight-bit data other than printable ASCII.
    pub(super) fn decode(self, octets: &[u8], shifts: Shifts) -> Result<String, Unreadable> {
        Ok(match self {
            Self::Gsm | Self::GsmPacked => gsm::decode(octets, shifts),
            Self::Ucs2 => utf16(octets),
            Self::Utf8 => String::from_utf8_lossy(octets).into_owned(),
            Self::Legacy(encoding) => encoding.decode_without_bom_handling(octets).0.into_owned(),
            Self::Binary => {
                let printable = |octet: &u8| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t');
                if octets.iter().all(printable) {
                    String::from_utf8_lossy(octets).into_owned()
                } else {
                    return Err(Unreadable::Binary);
                }
            }
        })
    }
}

/// UTF-16 with the high octet first. A mark in front is not part of the text and may turn the order; half a character at
/// the end is left out, half a pair becomes U+FFFD.
fn utf16(octets: &[u8]) -> String {
    let (octets, little) = match octets {
        [0xfe, 0xff, rest @ ..] => (rest, false),
        [0xff, 0xfe, rest @ ..] => (rest, true),
        _ => (octets, false),
    };
    let (units, _) = octets.as_chunks::<2>();
    let units = units.iter().map(|unit| if little { u16::from_le_bytes(*unit) } else { u16::from_be_bytes(*unit) });
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data_coding: u8, octets: &[u8]) -> Result<String, Unreadable> {
        alphabet(data_coding, &Settings::default())?.decode(octets, Shifts::default())
    }

    #[test]
    fn every_group_of_coding_schemes_is_read_as_the_standards_say() {
        let shanghai = [0x4e, 0x0a, 0x6d, 0x77];
        for ucs2 in [0x08, 0x18, 0x1b, 0x48, 0x58, 0xe0, 0xef] {
            assert_eq!(read(ucs2, &shanghai).as_deref(), Ok("上海"), "{ucs2:#x}");
        }
        for gsm in [0x00, 0x10, 0x13, 0x1c, 0x40, 0x80, 0xbf, 0xc0, 0xd8, 0xf0, 0xf3] {
            assert_eq!(read(gsm, b"\x00\x02\x1be").as_deref(), Ok("@$€"), "{gsm:#x}");
        }
        for binary in [0x02, 0x04, 0x14, 0x54, 0xf4, 0xf6] {
            assert_eq!(read(binary, b"V 4711\r\n").as_deref(), Ok("V 4711\r\n"), "{binary:#x}");
            assert_eq!(read(binary, b"\x01\x02"), Err(Unreadable::Binary), "{binary:#x}");
        }
        for compressed in [0x20, 0x3f, 0x60, 0x7f] {
            assert_eq!(read(compressed, b"x"), Err(Unreadable::Compressed), "{compressed:#x}");
        }
    }

    #[test]
    fn the_alphabets_before_unicode_are_read() {
        for (data_coding, octets, text) in [
            (1, &b"@$"[..], "@$"),
            (3, b"\xe9\x80", "é€"),
            (6, b"\xbf\xe0", "Пр"),
            (7, b"\xf9", "ש"),
            (15, b"\xb2\xe9\xd1\xaf 1", "查询 1"),
            (15, b"\xb7\xc0\xce\xb1", "防伪"),
        ] {
            assert_eq!(read(data_coding, octets).as_deref(), Ok(text), "{data_coding}");
        }
    }

    #[test]
    fn zero_means_what_the_link_s_carrier_says() {
        for (default_alphabet, octets, text) in [
            (SmscAlphabet::Gsm, &b"\x00"[..], "@"),
            (SmscAlphabet::Ascii, b"@", "@"),
            (SmscAlphabet::Latin1, b"\xa3", "£"),
            (SmscAlphabet::Gbk, b"\xb2\xe9", "查"),
            (SmscAlphabet::Utf8, "查".as_bytes(), "查"),
        ] {
            let settings = Settings { default_alphabet, ..Settings::default() };
            let said = alphabet(0, &settings).unwrap().decode(octets, Shifts::default());
            assert_eq!(said.as_deref(), Ok(text), "{default_alphabet:?}");
        }
    }

    #[test]
    fn wide_characters_survive_marks_halves_and_broken_pairs() {
        for (octets, text) in [
            (&[0xd8, 0x3d, 0xde, 0x00][..], "😀"),
            (&[0xd8, 0x3d, 0x00, 0x31], "\u{fffd}1"),
            (&[0xde, 0x00], "\u{fffd}"),
            (&[0x00, 0x31, 0x00], "1"),
            (&[0xfe, 0xff, 0x00, 0x31], "1"),
            (&[0xff, 0xfe, 0x31, 0x00], "1"),
            (&[], ""),
        ] {
            assert_eq!(utf16(octets), text, "{octets:02x?}");
        }
    }
}
