//! What must hold of any octets: one function for each fuzz target, and the replay of its corpus.
//!
//! Reads its input as it would come by the network; knows no fuzzer.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use rsipstack::sip::SipMessage;

use crate::media::FRAME;
use crate::media::info::{self, Content};
use crate::media::law::Law;
use crate::media::line::{Heard, Line};
use crate::media::rtp::HEADER;
use crate::media::sdp::{Agreed, Direction, Ours, Policy, answer, read};
use crate::media::srtp::{MASTER, Master, Opener, Suite};
use crate::sip::clean::{body_at, clean};
use crate::sip::framing::{LONGEST, split};
use crate::sip::headers;
use crate::sip::timers;

/// Cleans, cuts and parses octets as the doors do, and reads what a call reads of a request.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_datagram(data: &[u8]) {
    let cleaned = clean(data, LONGEST);
    assert!(cleaned.len() <= data.len().max(LONGEST));
    let end = body_at(&cleaned).unwrap_or(cleaned.len());
    assert!(cleaned.get(..end).is_some_and(|headers| std::str::from_utf8(headers).is_ok()));
    let mut stream = BytesMut::from(data);
    while let Ok(Some(_)) = split(&mut stream) {}
    assert!(stream.len() <= data.len());
    let Ok(SipMessage::Request(request)) = SipMessage::try_from(&*cleaned) else { return };
    if headers::check(&request).is_ok() {
        assert!(headers::value(&request, "CSeq").is_some());
    }
    drop(headers::caller(&request, "86", true));
    let expires = headers::value(&request, "Session-Expires");
    if let Ok(Some(interval)) = timers::agree(expires, headers::lists(&request, "Supported", "timer")) {
        assert!(interval.seconds >= timers::LEAST);
    }
    let key = info::read(headers::value(&request, "Content-Type").unwrap_or_default(), &request.body);
    assert!(!matches!(key, Content::Key(_)) || !request.body.is_empty());
    hold_for_description(&request.body);
}

/// Answers octets as an offer.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_description(data: &[u8]) {
    let Ok(description) = read(data) else { return };
    let Some(master) = Master::of(&[1; MASTER]) else { return };
    let address = std::net::SocketAddr::from(([192, 0, 2, 1], 20_000));
    let ours = Ours { address, session: 1, version: 1, master, policy: Policy::Offered };
    let Ok((agreed, text)) = answer(&description, &ours) else { return };
    let again = read(text.as_bytes()).expect("our own description is read");
    assert_eq!(again.streams.len(), description.streams.len());
    assert_eq!(again.streams.iter().filter(|stream| stream.port != 0).count(), 1);
    // What an offer names in place of a format is said again in its own line.
    assert_eq!(agreed.secure.is_some(), text.lines().any(|line| line.starts_with("a=crypto:")));
}

/// Takes octets as packets of a call: each begins with its length.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_packets(data: &[u8], now: Instant) {
    let agreed = Agreed {
        law: Law::A,
        events: Some(101),
        remote: Some(std::net::SocketAddr::from(([192, 0, 2, 1], 4_000))),
        direction: Direction::SendRecv,
        secure: None,
    };
    let mut line = Line::new(agreed, [0; 10], Duration::from_secs(30), now);
    let mut opener = Master::of(&[2; MASTER]).map(|master| Opener::new(Suite::Sha1_80, &master));
    let (mut rest, mut keys, mut packets) = (data, 0_u32, 0_u32);
    while let Some((&length, behind)) = rest.split_first() {
        let (packet, next) = behind.split_at_checked(usize::from(length)).unwrap_or((behind, &[]));
        let from = std::net::SocketAddr::from(([192, 0, 2, 1], 4_000 + u16::from(length & 1)));
        packets += 1;
        if let Some(Heard::Key(..)) = line.handle(packet, from, now + Duration::from_millis(20) * packets) {
            keys += 1;
        }
        if let Some(opener) = &mut opener {
            assert!(!opener.open(&mut packet.to_vec()), "nobody knows the key");
        }
        rest = next;
    }
    assert!(keys <= packets);
    let (sent, _) = line.tick(now);
    assert!(sent.is_some_and(|(octets, _)| octets.len() == HEADER + FRAME), "the sound goes on");
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use super::*;

    fn replay(target: &str, hold: impl Fn(&[u8])) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            hold(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 4, "{target} has a corpus of {count}");
    }

    #[test]
    fn the_corpus_of_every_target_holds() {
        replay("datagram", hold_for_datagram);
        replay("description", hold_for_description);
        let now = Instant::now();
        replay("packets", |data| hold_for_packets(data, now));
    }
}
