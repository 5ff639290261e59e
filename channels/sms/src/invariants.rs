//! What must hold of any octets: one function for each fuzz target, the replay of its corpus and the properties.
//!
//! Reads its input as a script; knows no fuzzer.

pub mod link;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::message::{Address, Link, Mo, MoKind, Sar, Segment};
use crate::reading::{self, Reading};
use crate::reassembly::{Fragment, Key, Limits, Offered, Reassembly};
use crate::text::{LongText, Part, Settings, SmscAlphabet, Wide, Writing, join, segments};

/// A message from a handset with nothing to tell it from others.
#[must_use]
pub fn mo(data_coding: u8, udh: bool, body: Vec<u8>) -> Mo {
    Mo {
        link: Link { name: "a".into(), group: "a".into() },
        from: Address { text: "8613800138000".to_owned(), ton: 1, npi: 1 },
        to: Address { text: "12365".to_owned(), ton: 0, npi: 1 },
        kind: MoKind::Text,
        data_coding,
        body: body.into(),
        udh,
        sar: None,
        service_type: String::new(),
        reference: None,
        tlvs: Vec::new(),
    }
}

/// A segment of ours as it would come back from a handset.
#[must_use]
pub fn returned(segment: &Segment) -> Mo {
    let mut back = mo(segment.data_coding, !segment.udh.is_empty(), [&segment.udh[..], &segment.payload[..]].concat());
    back.sar = segment.sar;
    back
}

fn settings(choice: u8) -> Settings {
    use SmscAlphabet::{Ascii, Gbk, Gsm, GsmPacked, Latin1, Utf8};
    let of = |from: &[SmscAlphabet], at: u8| from.get(usize::from(at) % from.len()).copied().unwrap_or_default();
    let long = [LongText::Udh8, LongText::Udh16, LongText::Sar, LongText::Payload];
    Settings {
        default_alphabet: of(&[Gsm, GsmPacked, Ascii, Latin1, Gbk, Utf8], choice & 7),
        wide: if choice & 8 == 0 { Wide::Ucs2 } else { Wide::Gbk },
        long: long.get(usize::from(choice >> 4 & 3)).copied().unwrap_or_default(),
    }
}

/// Reads octets as a text in two parts, reads what it asks, sends it back and reads it again.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_text(data: &[u8]) {
    let [data_coding, choice, cut, body @ ..] = data else { return };
    let settings = settings(*choice);
    let udh = choice & 0x80 != 0;
    let (first, second) = body.split_at_checked(usize::from(*cut)).unwrap_or((body, &[]));
    let parts: Vec<Part> = [first, second]
        .into_iter()
        .filter_map(|body| Part::read(&mo(*data_coding, udh, body.to_vec()), &settings).ok())
        .map(|(part, place)| {
            assert!(place.is_none_or(|place| (1..=place.total).contains(&place.part) && place.total > 1));
            part.detached()
        })
        .collect();
    let Ok(text) = join(&parts) else { return };
    assert!(text.len() <= body.len() * 4 + 8, "{} octets became {}", body.len(), text.len());
    let asked = mo(0, false, Vec::new());
    let question = reading::Text { from: &asked.from, to: &asked.to, kind: MoKind::Text, words: Ok(&text) };
    if let Reading::Asks(question) = reading::read(&question, &reading::Settings::default()) {
        assert_eq!(question.checks.is_empty(), question.request != contract::Request::Check);
        assert!(question.checks.len() <= contract::inquiry::MAX_CHECKS);
    }
    let Ok(sent) = segments(&text, &settings, 7) else { return };
    assert!(!sent.is_empty());
    let again = join(
        &sent.iter().map(|segment| Part::read(&returned(segment), &settings).expect("ours").0).collect::<Vec<_>>(),
    )
    .expect("text");
    // Typographic marks are sent by their twins; a mark of the order of octets and padding are no text.
    let exact = Writing::of(&text, &settings) == Writing::Ucs2 && !text.starts_with(['\u{feff}', '\u{fffe}']);
    if exact {
        assert_eq!(again, text);
    }
}

/// Offers parts as a script of four octets each says, in whole and half minutes, and checks what must hold after each.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_reassembly(data: &[u8], start: Instant) {
    let limits = Limits { texts: 8, octets: 8 * 1024, held: 4, parts: 6, ..Limits::default() };
    let mut reassembly: Reassembly<usize, ()> = Reassembly::new(limits);
    let mut out: BTreeSet<usize> = BTreeSet::new();
    let mut now = start;
    let give = |tickets: Vec<usize>, out: &mut BTreeSet<usize>| {
        for ticket in tickets {
            assert!(out.insert(ticket), "ticket {ticket} came back twice");
        }
    };
    let mut taken = 0_usize;
    for (ticket, step) in data.chunks_exact(4).enumerate() {
        let &[who, place, length, wait] = step else { break };
        now += Duration::from_millis(u64::from(wait & 0x7f) * 500);
        let total = 2 + (who >> 4);
        let sar = Sar { reference: u16::from(who & 3), total, part: 1 + place % total };
        let body = vec![b'a' + (length & 1); usize::from(length)];
        let message = mo(0, false, body);
        let (part, _) = Part::read(&message, &Settings::default()).expect("text");
        let (key, place) = (Key::of(&message, sar), sar.part);
        taken += 1;
        match reassembly.offer(Fragment { key, place, part, ticket, sample: () }, now) {
            Offered::Waits => {}
            Offered::Whole { words, tickets } => {
                assert!(words.is_ok());
                give(tickets, &mut out);
            }
            Offered::Spare(ticket) | Offered::Full(ticket) => give(vec![ticket], &mut out),
        }
        give(reassembly.release(now), &mut out);
        for overdue in reassembly.expire(now) {
            assert!(overdue.words.is_ok_and(|words| words.contains(reading::GAP)));
            if wait & 0x80 == 0 {
                reassembly.settle(overdue.id, now);
            }
        }
        assert!(reassembly.texts() <= limits.texts && reassembly.octets() <= limits.octets);
        assert!(taken - out.len() <= limits.held, "{} tickets are held", taken - out.len());
        assert!(reassembly.poll_timeout().is_none_or(|at| at > now));
    }
    now += limits.hold + Duration::from_millis(1);
    give(reassembly.release(now), &mut out);
    assert_eq!(out.len(), taken, "every part is acknowledged or refused in the end");
    for _ in 0..3 {
        now += limits.wait + limits.keep;
        for overdue in reassembly.expire(now) {
            reassembly.settle(overdue.id, now);
        }
    }
    assert_eq!((reassembly.texts(), reassembly.octets(), reassembly.poll_timeout()), (0, 0, None));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn the_corpus_of_the_fuzz_target_text_holds() {
        let corpus = corpus("text");
        assert!(corpus.len() >= 10, "{}", corpus.len());
        corpus.iter().for_each(|data| hold_for_text(data));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn the_corpus_of_the_fuzz_target_reassembly_holds() {
        let corpus = corpus("reassembly");
        assert!(corpus.len() >= 5, "{}", corpus.len());
        corpus.iter().for_each(|data| hold_for_reassembly(data, Instant::now()));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn the_corpus_of_the_fuzz_target_link_holds() {
        let corpus = corpus("link");
        assert!(corpus.len() >= 10, "{}", corpus.len());
        corpus.iter().for_each(|data| link::hold_for_link(data, Instant::now()));
    }

    proptest::proptest! {
        #[test]
        #[expect(clippy::disallowed_methods, reason = "any moment will do")]
        fn whatever_the_other_end_sends_a_link_holds(
            data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600),
        ) {
            link::hold_for_link(&data, Instant::now());
        }

        #[test]
        fn any_octets_are_read_and_sent_back(data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            hold_for_text(&data);
        }

        #[test]
        #[expect(clippy::disallowed_methods, reason = "any moment will do")]
        fn any_order_of_parts_ends_with_nothing_held(
            data in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..800),
        ) {
            hold_for_reassembly(&data, Instant::now());
        }
    }
}
