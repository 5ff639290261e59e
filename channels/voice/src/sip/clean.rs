//! Makes the headers of a message UTF-8, so that no caller is lost to a display name in GBK.
//!
//! Looks at bytes alone, before any parser. The body is left as it came.

use std::borrow::Cow;

use encoding_rs::GB18030;

/// The headers as UTF-8 without control characters: lines that are something else are read as GB 18030 where they are
/// that, and have a `?` in place of each odd octet where they are not. Never longer than `longest`: where the characters
/// would not fit, the question marks stand in.
#[must_use]
pub fn clean(message: &[u8], longest: usize) -> Cow<'_, [u8]> {
    let end = body_at(message).unwrap_or(message.len());
    let Some((headers, body)) = message.split_at_checked(end) else { return Cow::Borrowed(message) };
    let odd = |octet: &u8| *octet < b' ' && !matches!(octet, b'\r' | b'\n' | b'\t');
    if std::str::from_utf8(headers).is_ok() && !headers.iter().any(odd) {
        return Cow::Borrowed(message);
    }
    let mut cleaned = Vec::with_capacity(message.len() + message.len() / 2);
    for line in headers.split_inclusive(|octet| *octet == b'\n') {
        match std::str::from_utf8(line) {
            Ok(line) => cleaned.extend_from_slice(line.as_bytes()),
            Err(_) => match GB18030.decode_without_bom_handling_and_without_replacement(line) {
                Some(line) => cleaned.extend_from_slice(line.as_bytes()),
                None => cleaned.extend(line.iter().map(ascii)),
            },
        }
    }
    if cleaned.len() + body.len() > longest {
        cleaned = headers.iter().map(ascii).collect();
    }
    cleaned.iter_mut().filter(|octet| odd(octet)).for_each(|octet| *octet = b' ');
    cleaned.extend_from_slice(body);
    Cow::Owned(cleaned)
}

/// Where the body begins.
#[must_use]
pub fn body_at(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

const fn ascii(octet: &u8) -> u8 {
    if octet.is_ascii() { *octet } else { b'?' }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_in_gbk_becomes_readable_and_the_body_stays() {
        // "张三" in GBK.
        let message = b"INVITE sip:1@x SIP/2.0\r\nFrom: \"\xd5\xc5\xc8\xfd\" <sip:2@y>;tag=1\r\n\r\n\xff\x00body";
        let cleaned = clean(message, 65_535);
        let text = "INVITE sip:1@x SIP/2.0\r\nFrom: \"张三\" <sip:2@y>;tag=1\r\n\r\n".as_bytes();
        assert_eq!(&*cleaned, [text, b"\xff\x00body"].concat());
    }

    #[test]
    fn what_is_no_known_text_loses_only_its_odd_octets() {
        assert_eq!(&*clean(b"A: b\xff\xffc\x00d\r\n\r\n", 100), b"A: b??c d\r\n\r\n");
        assert_eq!(&*clean(b"A: \xd5\xc5\r\n\r\n", 9), b"A: ??\r\n\r\n", "where three octets would not fit");
        assert!(matches!(clean("A: é\r\n\r\n\u{0}".as_bytes(), 100), Cow::Borrowed(_)), "fit as it is");
    }

    proptest! {
        #[test]
        fn headers_are_text_afterwards_and_no_longer_than_allowed(
            message in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n')], 0..300),
        ) {
            let cleaned = clean(&message, message.len() + 4);
            prop_assert!(cleaned.len() <= message.len() + 4);
            let end = body_at(&cleaned).unwrap_or(cleaned.len());
            prop_assert!(std::str::from_utf8(&cleaned[..end]).is_ok());
        }
    }
}
