//! Requests that RFC 3261 wants refused and the stack lets through, and what a call's headers say.
//!
//! Pure over the stack's parsed requests. Admission by address came before; limits on calls come after.

use contract::Identity;
use rsipstack::sip::{Method, Request, Version};

/// What we understand of what a peer may require.
const UNDERSTOOD: [&str; 1] = ["timer"];

/// Why a request is not served, with the answer that the standard prescribes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// 400, with what is wrong.
    Bad(&'static str),
    /// 420, with what we do not do.
    Extension(String),
    /// 483: it went round in circles.
    TooManyHops,
    /// 505.
    Version,
}

/// The first header of this name, or of its compact form.
#[must_use]
pub fn value<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    values(request, name).next()
}

/// Every header of this name, or of its compact form.
pub fn values<'a>(request: &'a Request, name: &str) -> impl Iterator<Item = &'a str> {
    let compact = match name {
        "Supported" => "k",
        "Session-Expires" => "x",
        "Content-Type" => "c",
        "Content-Length" => "l",
        _ => "",
    };
    let name = name.to_owned();
    request.headers.iter().filter_map(move |header| {
        let this = header.name();
        let wanted = this.eq_ignore_ascii_case(&name) || (!compact.is_empty() && this.eq_ignore_ascii_case(compact));
        wanted.then(|| header.value().trim())
    })
}

/// Whether a list of tokens, over all headers of this name, has this one.
#[must_use]
pub fn lists(request: &Request, name: &str, token: &str) -> bool {
    values(request, name).flat_map(|value| value.split(',')).any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

/// Checks a request; the stack has parsed its Via, From, To, Call-ID and CSeq.
///
/// # Errors
/// [`Objection`], the first.
pub fn check(request: &Request) -> Result<(), Objection> {
    if request.version != Version::V2 {
        return Err(Objection::Version);
    }
    let sequence = value(request, "CSeq").ok_or(Objection::Bad("no CSeq"))?;
    let mut parts = sequence.split_ascii_whitespace();
    let number = parts.next().and_then(|number| number.parse::<u32>().ok());
    // RFC 3261 §8.1.1.5: below 2^31.
    if number.is_none_or(|number| number > i32::MAX.unsigned_abs()) {
        return Err(Objection::Bad("a CSeq without a number"));
    }
    if parts.next() != Some(request.method.to_string().as_str()) {
        return Err(Objection::Bad("a CSeq of another method"));
    }
    if let Some(length) = value(request, "Content-Length")
        && length.parse::<usize>().ok() != Some(request.body.len())
    {
        return Err(Objection::Bad("a Content-Length that is not the body's"));
    }
    match value(request, "Max-Forwards").map(str::parse::<u32>) {
        Some(Ok(0)) if request.method != Method::Options => return Err(Objection::TooManyHops),
        Some(Err(_)) => return Err(Objection::Bad("a Max-Forwards that is no number")),
        Some(Ok(_)) | None => {}
    }
    let required = values(request, "Require").flat_map(|value| value.split(',')).map(str::trim);
    let strange: Vec<&str> = required
        .filter(|option| !option.is_empty() && !UNDERSTOOD.iter().any(|known| option.eq_ignore_ascii_case(known)))
        .collect();
    // RFC 3261 §8.2.2.3: not in ACK and CANCEL.
    if !strange.is_empty() && !matches!(request.method, Method::Ack | Method::Cancel) {
        return Err(Objection::Extension(strange.join(", ")));
    }
    if request.method == Method::Invite && value(request, "Contact").is_none() {
        return Err(Objection::Bad("no Contact"));
    }
    Ok(())
}

/// Who calls: the number that the network vouches for (RFC 3325), from a trunk, else the one in From. An anonymous caller
/// and one without a number are unknown.
#[must_use]
pub fn caller(request: &Request, country: &str, trusted: bool) -> Identity {
    let asserted = value(request, "P-Asserted-Identity").filter(|_| trusted);
    let from = value(request, "From");
    [asserted, from]
        .into_iter()
        .flatten()
        .find_map(|header| number(header, country))
        .map_or(Identity::Unknown, Identity::Phone)
}

/// The number in E.164 of a name-addr.
fn number(header: &str, country: &str) -> Option<String> {
    contract::phone::e164(user(header)?, false, country)
}

/// The user of the address in a header, without parameters: `tel:` and `sip:` alike.
#[must_use]
pub fn user(header: &str) -> Option<&str> {
    let address = match header.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => header,
    };
    let (scheme, rest) = address.trim().split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "tel" => rest,
        "sip" | "sips" => rest.split_once('@')?.0,
        _ => return None,
    };
    user.split([';', ':']).next().filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(more: &str) -> Request {
        let text = format!(
            "INVITE sip:12365@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx\r\n\
             From: <sip:+8613800138000@192.0.2.2>;tag=1\r\nTo: <sip:12365@192.0.2.1>\r\nCall-ID: c\r\n\
             Contact: <sip:a@192.0.2.2>\r\n{more}\r\n"
        );
        Request::try_from(text.as_bytes()).unwrap()
    }

    const GOOD: &str = "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n";

    #[test]
    fn a_good_request_passes() {
        assert_eq!(check(&invite(GOOD)), Ok(()));
        assert_eq!(check(&invite(&format!("{GOOD}Require: timer\r\n"))), Ok(()));
        assert_eq!(check(&invite("CSeq: 1 INVITE\r\n")), Ok(()));
    }

    #[test]
    fn what_the_standard_wants_refused_is_refused() {
        for (more, objection) in [
            ("CSeq: 1 BYE\r\n".to_owned(), Objection::Bad("a CSeq of another method")),
            ("CSeq: x INVITE\r\n".to_owned(), Objection::Bad("a CSeq without a number")),
            ("CSeq: 4294967295 INVITE\r\n".to_owned(), Objection::Bad("a CSeq without a number")),
            (GOOD.replace("Length: 0", "Length: 9"), Objection::Bad("a Content-Length that is not the body's")),
            (GOOD.replace("70", "0"), Objection::TooManyHops),
            (GOOD.replace("70", "many"), Objection::Bad("a Max-Forwards that is no number")),
            (format!("{GOOD}Require: 100rel, timer\r\n"), Objection::Extension("100rel".to_owned())),
            (format!("{GOOD}Require: foo\r\nRequire: bar\r\n"), Objection::Extension("foo, bar".to_owned())),
        ] {
            assert_eq!(check(&invite(&more)), Err(objection), "{more}");
        }
        let newer = Request { version: Version::V(3, 0), ..invite(GOOD) };
        assert_eq!(check(&newer), Err(Objection::Version));
    }

    #[test]
    fn the_caller_is_who_the_network_says_and_else_who_it_says_it_is() {
        let phone = |number: &str| Identity::Phone(number.to_owned());
        let plain = invite(GOOD);
        assert_eq!(caller(&plain, "86", true), phone("8613800138000"));
        let asserted = invite(&format!("{GOOD}P-Asserted-Identity: \"A\" <tel:+85291234567;phone-context=x>\r\n"));
        assert_eq!(caller(&asserted, "86", true), phone("85291234567"));
        assert_eq!(caller(&asserted, "86", false), phone("8613800138000"), "not from a trunk");
        for (header, user_of) in [
            ("\"x <y>\" <sip:anonymous@anonymous.invalid>;tag=1", None),
            ("sip:13800138000:secret@x;tag=1", Some("13800138000")),
            ("<SIP:13800138000;phone-context=+86@x>", Some("13800138000")),
            ("<mailto:a@b>", None),
            ("", None),
        ] {
            if let Some(expected) = user_of {
                assert_eq!(user(header), Some(expected), "{header}");
                assert_eq!(number(header, "86").as_deref(), Some("8613800138000"));
            } else {
                assert_eq!(number(header, "86"), None, "{header}");
            }
        }
    }

    #[test]
    fn lists_are_read_over_headers_and_compact_names() {
        let request = invite(&format!("{GOOD}k: replaces, timer\r\nx: 600\r\n"));
        assert!(lists(&request, "Supported", "timer") && !lists(&request, "Supported", "100rel"));
        assert_eq!(value(&request, "Session-Expires"), Some("600"));
    }
}
