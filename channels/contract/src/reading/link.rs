//! Numbers in links: the QR code on a pack, pasted or scanned.
//!
//! Owns finding a link in a text and the number in a link. Never follows one, and does not care whose host it names: who
//! may say what of a number is decided by the number.
//!
//! GS1 Digital Links are read in their uncompressed form (GS1 Digital Link Standard: URI Syntax, 1.6): a key and its
//! qualifiers in the path behind any host and folder, further fields in the query, by number or by the short names of
//! earlier versions. Their order does not matter, and what is no identifier is passed over; a value that is not what its
//! identifier says makes the link unreadable. The compressed form is read as any other link: it holds no number.

use super::gs1::{self, Fields};
use super::{Given, characters};

/// Names of query fields that carry a number, in makers' links seen in use: the code, its initials, a serial.
const NAMES: [&str; 16] =
    ["c", "code", "sn", "serial", "ser", "number", "no", "n", "num", "id", "q", "uid", "fw", "fwm", "jgm", "m"];

/// The fewest letters and digits that a named query field has to carry to be preferred.
const SHORTEST: usize = 8;

/// Last labels of a host by which a link without a scheme is known.
const ENDINGS: [&str; 22] = [
    "cn", "com", "net", "org", "hk", "mo", "tw", "cc", "top", "vip", "xin", "shop", "info", "biz", "gov", "edu", "app",
    "io", "me", "co", "example", "test",
];

/// A link with what stands around it.
pub(super) struct Found<'a> {
    pub(super) before: &'a str,
    pub(super) link: &'a str,
    pub(super) after: &'a str,
}

/// The first link of a folded text.
pub(super) fn find(text: &str) -> Option<Found<'_>> {
    let mut at = 0;
    for token in text.split(|c: char| c.is_whitespace() || !c.is_ascii_graphic() || "<>\"|\\^`{}()[],;".contains(c)) {
        // `split` gives slices of the text in order, and every separator is skipped by its own length.
        let start = at + text.get(at..)?.find(token)?;
        at = start + token.len();
        let Some(link) = link_in(token) else { continue };
        let end = start + token.len();
        let (before, after) = (text.get(..end - link.len())?, text.get(end..)?);
        return Some(Found { before, link: link.trim_end_matches(['.', '!', '?', '\'']), after });
    }
    None
}

/// The number in a link: a GS1 Digital Link's item; else what a query field of a known name carries; else the part with
/// the most digits. `None` where no part has a digit.
pub(super) fn read(link: &str) -> Option<Given> {
    if let Some(given) = read_digital(link) {
        return Some(given);
    }
    let Parts { segments, pairs, fragment } = Parts::of(link);
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), decode(&value.replace('+', " ")))).collect();
    let named = NAMES.iter().find_map(|known| {
        pairs
            .iter()
            .filter(|(name, _)| name == known)
            .map(|(_, value)| value)
            .find(|value| super::compact(value).len() >= SHORTEST && has_number(value))
    });
    let value = named.cloned().or_else(|| {
        let fragment = decode(fragment);
        let parts = segments.iter().rev().chain(pairs.iter().map(|(_, value)| value)).chain([&fragment]);
        let mut best: Option<&String> = None;
        for part in parts.filter(|part| has_number(part)) {
            if best.is_none_or(|known| super::digits(part) > super::digits(known)) {
                best = Some(part);
            }
        }
        best.cloned()
    })?;
    Some(super::read_value(value.trim(), gs1::Symbol::Plain))
}

/// A text that is one GS1 Digital Link from its first character to its last: signs that end a link within a sentence are
/// part of its values. `exact` where a scanner gave it; otherwise a full stop or bracket at its end is the writer's.
pub(super) fn read_whole(text: &str, exact: bool) -> Option<Given> {
    let is_link = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme)));
    if !is_link || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    read_digital(if exact { text } else { text.trim_end_matches(|c: char| ".,;:!?'\")]}>".contains(c)) })
}

/// A link taken apart: the decoded folders of its path, its query as it is written, its fragment.
struct Parts<'a> {
    segments: Vec<String>,
    pairs: Vec<(&'a str, &'a str)>,
    fragment: &'a str,
}

impl<'a> Parts<'a> {
    fn of(link: &'a str) -> Self {
        let behind = link.split_once("://").map_or(link, |(_, behind)| behind);
        let (behind, fragment) = behind.split_once('#').unwrap_or((behind, ""));
        let (place, query) = behind.split_once('?').unwrap_or((behind, ""));
        let segments = place.split('/').skip(1).map(decode).collect();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or(("", pair))).collect();
        Self { segments, pairs, fragment }
    }
}

/// The item of a GS1 Digital Link (`/01/{gtin}/10/{lot}/21/{serial}?17=yymmdd`); `None` where the path has no key.
/// Unreadable where a value is not what its identifier says, or the key names no goods.
fn read_digital(link: &str) -> Option<Given> {
    let Parts { segments, pairs, .. } = Parts::of(link);
    let is_key = |pair: &[String]| matches!(pair, [name, value] if identifier(name).is_some_and(|ai| gs1::is_link_key(&ai, value)));
    let start = segments.windows(2).position(is_key)?;
    let path = segments.get(start..)?.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((identifier(name)?, value.clone())),
        _ => None,
    });
    let query = pairs.iter().filter_map(|(name, value)| Some((identifier(name)?, decode(value))));
    let found: Vec<(String, String)> = path.chain(query).collect();
    let mut fields = Fields::default();
    let whole = found.iter().all(|(ai, value)| fields.put(ai, value).is_some());
    let values = || found.iter().map(|(_, value)| value.as_str()).collect::<String>();
    Some(whole.then(|| fields.into_given()).flatten().unwrap_or_else(|| gs1::broken(&values())))
}

/// The identifier that a name in a link stands for.
fn identifier(name: &str) -> Option<String> {
    let ai = match name.to_ascii_lowercase().as_str() {
        "gtin" => "01",
        "itip" => "8006",
        "sscc" => "00",
        "cpv" => "22",
        "lot" => "10",
        "ser" => "21",
        "exp" => "17",
        _ => name,
    };
    gs1::is_identifier(ai).then(|| ai.to_owned())
}

/// Where in a token without spaces a link begins, to the token's end.
fn link_in(token: &str) -> Option<&str> {
    if let Some(at) = token.find("://") {
        let (front, _) = token.split_at_checked(at)?;
        let scheme = front.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let scheme = scheme.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
        let start = at.checked_sub(scheme.len())?;
        return if scheme.is_empty() { None } else { token.get(start..) };
    }
    let start = token.find(|c: char| c.is_ascii_alphanumeric())?;
    let link = token.get(start..)?;
    let end = link.find(['/', '?'])?;
    let (host, _) = link.split_at_checked(end)?;
    let host = host.split_once(':').map_or(host, |(name, _)| name);
    let (front, last) = host.rsplit_once('.')?;
    let well_formed = front
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    (well_formed && ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(last))).then_some(link)
}

fn has_number(part: &str) -> bool {
    super::digits(part) > 0 && super::compact(part).len() <= super::MAX_NUMBER + 32
}

/// Undoes percent-encoding; an escape that is none stays as it is, and bytes that are not UTF-8 become U+FFFD.
fn decode(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let escape = behind.split_at_checked(2).filter(|(hex, _)| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match escape.and_then(|(hex, next)| Some((u8::from_str_radix(hex, 16).ok()?, next))) {
            Some((byte, next)) => {
                bytes.push(byte);
                rest = next;
            }
            None => {
                bytes.push(b'%');
                rest = behind;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    characters::fold(&String::from_utf8_lossy(&bytes))
}
