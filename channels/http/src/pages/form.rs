//! What comes with the page's own requests: form fields, query, and whether another site sent them.
//!
//! Pure. Does not answer.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use contract::{Language, Number};
use serde::Deserialize;

use crate::{language, wire};

/// The most characters a number may have on the page: a GS1 string with lot and dates, or a link, has fewer.
pub(super) const LONGEST: u32 = 256;

/// The index of the first character too many.
const LONGEST_INDEX: usize = 256;

/// The fields of the form. Browsers and their add-ons send more; it is not read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CheckForm {
    #[serde(default)]
    pub(super) once: String,
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) lot: String,
    #[serde(default)]
    pub(super) expiry: String,
    #[serde(default)]
    pub(super) lang: Option<String>,
}

/// What the page's addresses may carry.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    #[serde(default)]
    pub(super) lang: Option<String>,
    #[serde(default)]
    pub(super) number: Option<String>,
    #[serde(default)]
    pub(super) receipt: Option<String>,
    #[serde(default)]
    pub(super) proof: Option<String>,
}

/// What is wrong with a form, in the words' own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    TooLong,
    BadExpiry,
}

impl CheckForm {
    pub(super) fn check(&self) -> Result<contract::Check, Fault> {
        if self.code.trim().is_empty() {
            return Err(Fault::Empty);
        }
        if self.code.chars().nth(LONGEST_INDEX).is_some() || self.lot.chars().count() > 64 {
            return Err(Fault::TooLong);
        }
        wire::check(&self.code, Some(&self.lot), Some(&self.expiry)).map_err(|_| Fault::BadExpiry)
    }
}

/// The content of a form, for telling one message from another: what was read, not how it was typed.
pub(super) fn content(check: &contract::Check) -> [String; 3] {
    let number = match &check.number {
        Number::Digits(digits) => format!("d{digits}"),
        Number::Mixed(text) => format!("m{text}"),
        Number::Gs1 { gtin, serial } => format!("g{gtin}/{}", serial.as_deref().unwrap_or_default()),
        Number::Unreadable { read } => format!("u{read}"),
    };
    [number, check.lot.clone().unwrap_or_default(), check.expiry.map(|day| day.to_string()).unwrap_or_default()]
}

/// The language of a page: what its address or form says, else what was chosen before, else what the browser asks for.
pub(super) fn page_language(named: Option<&str>, headers: &HeaderMap) -> Language {
    named
        .and_then(wire::named_language)
        .or_else(|| kept_language(headers))
        .unwrap_or_else(|| language::accepted(headers))
}

/// The language in the cookie that [`super::remember`] sets; whatever else stands there is none.
pub(super) fn kept_language(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().strip_prefix(super::LANGUAGE)?.strip_prefix('=')).find_map(wire::named_language)
}

/// Whether the form came from this site. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`; what says neither is
/// no browser that could be tricked.
pub(super) fn is_from_here(parts: &Parts) -> bool {
    if let Some(site) = parts.headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return true };
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn from_here(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri("/check").header("host", "verify.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_from_here(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_form_of_another_site_is_told_apart() {
        assert!(from_here(&[("sec-fetch-site", "same-origin")]));
        assert!(!from_here(&[("sec-fetch-site", "cross-site")]));
        assert!(!from_here(&[("sec-fetch-site", "same-site")]));
        assert!(from_here(&[("origin", "https://verify.example")]));
        assert!(!from_here(&[("origin", "https://evil.example")]));
        assert!(!from_here(&[("origin", "null")]));
        assert!(from_here(&[]));
    }

    #[test]
    fn the_same_number_typed_otherwise_is_the_same_content() {
        let form = |code: &str| CheckForm { code: code.to_owned(), ..CheckForm::default() }.check().unwrap();
        assert_eq!(content(&form("1234 5678")), content(&form("12345678")));
        assert_ne!(content(&form("1234 5678")), content(&form("12345679")));
    }

    #[test]
    fn faults_are_named() {
        let fault = |code: &str, expiry: &str| {
            CheckForm { code: code.to_owned(), expiry: expiry.to_owned(), ..CheckForm::default() }.check().unwrap_err()
        };
        assert_eq!(fault("  ", ""), Fault::Empty);
        assert_eq!(fault(&"1".repeat(LONGEST_INDEX + 1), ""), Fault::TooLong);
        assert_eq!(fault("1", "soon"), Fault::BadExpiry);
    }
}
