//! The language of an answer, from what a client says of itself.
//!
//! Does not translate.

use axum::http::{HeaderMap, header};
use contract::Language;

/// More entries than anyone sends; the rest is not read.
const MOST: usize = 32;

/// The first of the three languages in the client's order of preference (RFC 9110 §12.5.4), else Simplified Chinese.
pub(crate) fn accepted(headers: &HeaderMap) -> Language {
    let entries = headers.get_all(header::ACCEPT_LANGUAGE).into_iter().filter_map(|value| value.to_str().ok());
    let mut best: Option<(u16, Language)> = None;
    for entry in entries.flat_map(|value| value.split(',')).take(MOST) {
        let mut parts = entry.split(';');
        let Some(language) = parts.next().and_then(Language::for_tag) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1_000, weight);
        if weight > 0 && best.is_none_or(|(held, _)| weight > held) {
            best = Some((weight, language));
        }
    }
    best.map_or_else(Language::default, |(_, language)| language)
}

/// A weight in thousandths; what is none counts as unwanted.
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or_else(|| (text.trim(), ""));
    if fraction.len() > 3 {
        return 0;
    }
    match (whole, format!("{fraction:0<3}").parse::<u16>()) {
        ("0", Ok(thousandths)) => thousandths,
        ("1", Ok(0)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_weighted_language_that_is_spoken_wins() {
        for (header, language) in [
            ("fr, en;q=0.8, zh-CN;q=0.9", Language::ZhHans),
            ("zh-TW,zh;q=0.8,en;q=0.5", Language::ZhHk),
            ("en;q=0, zh-HK;q=0.001", Language::ZhHk),
            ("en;q=nonsense", Language::ZhHans),
            ("de", Language::ZhHans),
            ("", Language::ZhHans),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(accepted(&headers), language, "{header}");
        }
    }
}
