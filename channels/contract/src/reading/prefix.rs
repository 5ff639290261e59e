//! The words people put in front of a number.
//!
//! Owns the list of ASCII key words. Words in other scripts need no list: they are never part of a number.

/// Words that may stand before a number; `CX`, `FW`, `FWM`, `JGM` and `YZ` are the initials of 查询, 防伪, 防伪码, 监管码
/// and 验证. Longer ones before those that they begin with.
const WORDS: [&str; 16] = [
    "VERIFY", "NUMBER", "SERIAL", "CHECK", "QUERY", "CODE", "FWM", "JGM", "CX", "FW", "ID", "IS", "NO", "SN", "YZ", "V",
];

/// The fewest digits behind a word that is not set apart: `V12345678901234567890`. A shorter one may be a number that
/// has letters.
const GLUED: usize = 16;

/// Takes key words that are set apart off the front ("V 1234", "code: 1234", "Serial No. 1234").
pub(super) fn strip_words(text: &str) -> &str {
    let mut rest = text;
    loop {
        let start = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let end = start.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(start.len());
        let Some((word, behind)) = start.split_at_checked(end) else { return rest };
        let known = WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
        if !known || !behind.bytes().any(|byte| byte.is_ascii_digit()) {
            return rest;
        }
        rest = behind;
    }
}

/// Takes key words off the front of letters and digits without anything between, where all the rest are digits enough.
pub(super) fn strip_glued(compact: &str) -> &str {
    match glued(compact) {
        Some(digits) if digits.len() >= GLUED => digits,
        Some(_) | None => compact,
    }
}

/// The digits behind one or more key words and nothing else.
pub(super) fn glued(compact: &str) -> Option<&str> {
    let start = compact.find(|c: char| c.is_ascii_digit())?;
    let (mut words, digits) = compact.split_at_checked(start)?;
    if words.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    while !words.is_empty() {
        words = WORDS.iter().find_map(|known| {
            let (front, behind) = words.split_at_checked(known.len())?;
            front.eq_ignore_ascii_case(known).then_some(behind)
        })?;
    }
    Some(digits)
}
