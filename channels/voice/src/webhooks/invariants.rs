//! What must hold of any octets that come as a webhook, for the fuzz target and the replay of its corpus.

use super::form::Body;
use super::signature::{Secret, Signed, verify};
use super::{Kind, LONGEST_ID, MOST_KEYS, read};

/// Reads octets as a request: the first names the platform, a line is its signature, the rest is its body.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_webhook(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let kinds = Kind::ALL;
    let Some(kind) = kinds.get(usize::from(*which) % kinds.len()) else { return };
    let end = rest.iter().position(|octet| *octet == b'\n').unwrap_or(0);
    let (line, octets) = rest.split_at(end);
    let Some(body) = (if kind.is_json() { Body::json(octets) } else { Some(Body::form(octets)) }) else { return };
    let line = String::from_utf8_lossy(line);
    let header = |_: &str| Some(line.clone().into_owned());
    let signed = Signed { url: "https://v.example.com/ivr/x?step=1&b=%20", header: &header, octets, body: &body };
    // Half of a digest is not guessed by a fuzzer.
    let secret = Secret { id: None, text: "0123456789abcdef0123456789abcdef".to_owned() };
    assert!(verify(*kind, &signed, &[secret], 1_795_000_000).is_err());
    if let Ok(event) = read(*kind, &body) {
        assert!((1..=LONGEST_ID).contains(&event.call.len()));
        assert!(event.keys.len() <= MOST_KEYS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_holds() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/webhooks");
        let mut replayed = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            hold_for_webhook(&std::fs::read(entry.unwrap().path()).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 7, "{replayed}");
    }
}
