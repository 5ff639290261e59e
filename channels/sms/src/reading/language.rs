//! The language of a reply, from the text it replies to.
//!
//! By script first, then by key word, then by the sender's country. Does not translate and does not guess between
//! dialects. Of a country that reads none of the gateway's languages nothing is known.

use std::cmp::Ordering;

use contract::Language;

use super::is_han;

/// Letters of the keywords printed on packs, and the initials that people type for Chinese words: they tell no English.
const CHINESE: &[&str] =
    &["cx", "fw", "fwm", "jgm", "yz", "bz", "td", "jb", "ts", "qx", "ks", "hf", "chaxun", "fangwei"];

/// Words on packs of every country, and letters that stand for nothing.
const NEUTRAL: &[&str] = &["sn", "no", "id", "code", "ok", "gs1", "exp", "lot"];

/// The language a text is to be answered in; `None` where nothing tells.
pub(super) fn of(text: &str, keywords: &[(String, Option<Language>)], phone: &str) -> Option<Language> {
    by_script(text)
        .or_else(|| by_keyword(text, keywords))
        .or_else(|| by_word(text, phone))
        .or_else(|| by_country(phone))
}

/// Characters that only one of the two Chinese scripts has tell which it is. What both have (查, 防) tells nothing here.
fn by_script(text: &str) -> Option<Language> {
    let (mut simplified, mut traditional) = (0_u32, 0_u32);
    for c in text.chars().filter(|c| is_han(*c)) {
        match (in_gb2312(c), in_big5(c)) {
            (true, false) => simplified += 1,
            (false, true) => traditional += 1,
            (true, true) | (false, false) => {}
        }
    }
    match simplified.cmp(&traditional) {
        Ordering::Greater => Some(Language::ZhHans),
        Ordering::Less => Some(Language::ZhHk),
        Ordering::Equal => None,
    }
}

/// A key word of the operator's that tells a language.
fn by_keyword(text: &str, keywords: &[(String, Option<Language>)]) -> Option<Language> {
    let lower = text.trim_start().to_lowercase();
    keywords.iter().find_map(|(word, language)| language.filter(|_| lower.starts_with(&word.to_lowercase())))
}

/// Any Chinese character, or the initials of a Chinese word, tell Chinese as it is read where the sender is; any other
/// word of Latin letters tells English.
fn by_word(text: &str, phone: &str) -> Option<Language> {
    let chinese = || chinese_of(phone).unwrap_or(Language::ZhHans);
    if text.chars().any(is_han) {
        return Some(chinese());
    }
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase()) && !NEUTRAL.contains(&word);
    let word = words.find(|word| is_word(word))?;
    Some(if CHINESE.contains(&word) { chinese() } else { Language::En })
}

/// Countries whose everyday language, or that of their offices and packs, is English: North America and the Caribbean, South
/// Africa, the British Isles, Australia, the Philippines, New Zealand, Singapore, India, Ghana, Nigeria, Kenya, Ireland,
/// Malta. No other country's code begins with one of these (ITU-T E.164, list of assigned codes).
const ENGLISH: &[&str] = &["1", "27", "44", "61", "63", "64", "65", "91", "233", "234", "254", "353", "356"];

/// What is read in a number's country.
fn by_country(phone: &str) -> Option<Language> {
    chinese_of(phone).or_else(|| begins(phone, ENGLISH).then_some(Language::En))
}

/// The Chinese that is read in a number's country: the mainland's, or that of Hong Kong, Macao and Taiwan.
fn chinese_of(phone: &str) -> Option<Language> {
    let hong_kong = begins(phone, &["852", "853", "886"]).then_some(Language::ZhHk);
    hong_kong.or_else(|| begins(phone, &["86"]).then_some(Language::ZhHans))
}

fn begins(phone: &str, codes: &[&str]) -> bool {
    codes.iter().any(|code| phone.starts_with(code))
}

/// Whether a character stands in GB 2312, which is Simplified Chinese: the part of GBK whose octets are 0xB0 to 0xF7 and
/// 0xA1 to 0xFE.
fn in_gb2312(c: char) -> bool {
    let mut held = [0; 4];
    let (octets, _, missing) = encoding_rs::GBK.encode(c.encode_utf8(&mut held));
    !missing && matches!(*octets, [0xb0..=0xf7, 0xa1..=0xfe])
}

/// Whether a character stands in Big5, which is Traditional Chinese.
fn in_big5(c: char) -> bool {
    let mut held = [0; 4];
    let (octets, _, missing) = encoding_rs::BIG5.encode(c.encode_utf8(&mut held));
    !missing && matches!(*octets, [0xa4..=0xf9, _])
}
