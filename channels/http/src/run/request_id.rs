//! The name of a request: the client's own in `X-Request-Id`, or one of ours; echoed in the answer and in every line of the log
//! about it.
//!
//! It names and proves nothing: two clients may use the same.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest of others that is taken.
const LONGEST: usize = 64;

/// Gives out names that no other process and no other request has.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    /// `process` tells this process's names from those of any other.
    pub(crate) const fn new(process: String) -> Self {
        Self { process, next: AtomicU64::new(1) }
    }

    /// The client's, if it is short and of letters, digits, `.`, `_` and `-`; else a fresh one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let proper = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if let Some(own) = headers.get(HEADER)
            && (1..=LONGEST).contains(&own.len())
            && own.as_bytes().iter().all(proper)
        {
            return own.clone();
        }
        HeaderValue::try_from(self.fresh()).unwrap_or(HeaderValue::from_static("none"))
    }

    /// A fresh one.
    pub(crate) fn fresh(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number:x}", self.process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_name_is_kept_and_a_strange_one_is_replaced() {
        let ids = RequestIds::new("abc".to_owned());
        let of = |name: &str| {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::try_from(name).unwrap())]);
            ids.of(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(of("order-7.a_b"), "order-7.a_b");
        assert_eq!([of(""), of("a b"), of(&"a".repeat(65)), of("a\"b")], ["abc-1", "abc-2", "abc-3", "abc-4"]);
        assert_eq!(ids.of(&HeaderMap::new()), "abc-5");
    }
}
