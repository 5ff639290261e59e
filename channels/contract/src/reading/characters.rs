//! What one character counts as in a number.
//!
//! Owns the tables of digits, dashes, dots, spaces and invisible marks. Knows nothing of numbers.

use super::MAX_INPUT;

/// The separator of GS1 fields of varying length (FNC1) as scanners send it.
pub(super) const FNC1: char = '\u{1d}';

/// The zero of every set of ten decimal digits (general category Nd) of Unicode 16.0; the other nine follow it.
#[rustfmt::skip]
const ZEROES: [u32; 75] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
    0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
    0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0,
    0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50,
    0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140,
    0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// How scanners and people write FNC1 where a control character cannot be typed.
const FNC1_NAMES: [&str; 10] =
    ["<GS>", "{GS}", "[GS]", "<FNC1>", "{FNC1}", "<0x1D>", "\\x1d", "\\x1D", "^]", "\u{241d}"];

/// The input as [`twins`], with FNC1 where its name is written.
pub(super) fn fold(input: &str) -> String {
    let mut folded = twins(input);
    if folded.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return folded;
    }
    for name in FNC1_NAMES {
        if folded.contains(name) {
            folded = folded.replace(name, "\u{1d}");
        }
    }
    folded
}

/// Whether a text holds what [`fold`] takes for FNC1.
pub(super) fn holds_fnc1_name(text: &str) -> bool {
    FNC1_NAMES.iter().any(|name| text.contains(name))
}

/// The input, cut to [`MAX_INPUT`] at a character boundary, with every digit, letter, dash, dot, space and line break in
/// its ASCII form and without invisible marks. Never longer than the input.
pub(super) fn twins(input: &str) -> String {
    let cut = cut(input);
    let mut twins = String::with_capacity(cut.len());
    twins.extend(cut.chars().filter(|c| !is_invisible(*c)).map(fold_char));
    twins
}

/// The first [`MAX_INPUT`] bytes, cut back to a character boundary.
pub(super) fn cut(input: &str) -> &str {
    input.get(..input.floor_char_boundary(MAX_INPUT)).unwrap_or(input)
}

/// The ASCII twin of a character, or itself.
pub(super) fn fold_char(c: char) -> char {
    if c.is_ascii_graphic() {
        return c;
    }
    if let Some(digit) = digit(c) {
        return digit;
    }
    match c {
        '\t' | FNC1 => c,
        // The other characters of the full-width block stand in the order of ASCII.
        '\u{ff01}'..='\u{ff5e}' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{2800}' => ' ',
        _ if c.is_whitespace() || c.is_control() => ' ',
        _ if is_dash(c) => '-',
        _ if is_dot(c) => '.',
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        _ => c,
    }
}

/// Marks that take no room, and those that only change how the character before them looks.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0xAD | 0x34F
            | 0x61C
            | 0x115F
            | 0x1160
            | 0x17B4
            | 0x17B5
            | 0x180B..=0x180F
            | 0x200B..=0x200F
            | 0x202A..=0x202E
            | 0x2060..=0x206F
            | 0x3164
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFA0
            | 0xFFF9..=0xFFFB
            | 0x1BCA0..=0x1BCA3
            | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF
            // Combining marks: struck-through digits, keycaps.
            | 0x300..=0x36F
            | 0x20D0..=0x20F0
    )
}

/// A word of a script other than ASCII's: Chinese, Cyrillic, …
pub(super) fn is_text(c: char) -> bool {
    !c.is_ascii() && c.is_alphabetic()
}

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = match ZEROES.binary_search(&code) {
        Ok(at) => ZEROES.get(at),
        Err(after) => ZEROES.get(after.checked_sub(1)?),
    }?;
    char::from_digit(code.checked_sub(*zero).filter(|value| *value < 10)?, 10)
}

/// General category Pd of Unicode 16.0, the minus signs, and the long-vowel marks that Chinese and Japanese keyboards
/// give for a dash.
const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{58a}' | '\u{5be}' | '\u{1400}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{2e5d}'
                | '\u{2796}'
                | '\u{301c}'
                | '\u{3030}'
                | '\u{30a0}'
                | '\u{30fc}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff70}'
                | '\u{10d6e}'
                | '\u{10ead}'
                | '\u{1806}'
                | '\u{2d7}'
    )
}

/// Full stops and middle dots.
const fn is_dot(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{b7}'
            | '\u{387}'
            | '\u{2022}'
            | '\u{2024}'
            | '\u{2027}'
            | '\u{2219}'
            | '\u{22c5}'
            | '\u{3002}'
            | '\u{30fb}'
            | '\u{ff61}'
            | '\u{ff65}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_count_as_ascii_digits() {
        assert!(ZEROES.is_sorted());
        for (text, ascii) in [
            ("０１２３４５６７８９", "0123456789"),
            ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
            ("०१२३४५६७८९", "0123456789"),
            ("𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟘𝟡𝟶𝟿", "01234567890909"),
            ("1️⃣2️⃣", "12"),
        ] {
            assert_eq!(fold(text), ascii);
        }
    }

    #[test]
    fn what_only_looks_like_a_digit_is_none() {
        for c in ['①', '²', 'Ⅳ', '五', '½', '/', ':', '\u{66a}', '\u{970}'] {
            assert!(!fold_char(c).is_ascii_digit(), "{c}");
        }
    }

    #[test]
    fn an_input_is_cut_between_characters() {
        let long = "查".repeat(2_000);
        assert_eq!(fold(&long).len(), 4_095);
    }
}
