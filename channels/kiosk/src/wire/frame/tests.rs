//! Frames survive what lines do to them, or are not taken at all.

use proptest::prelude::*;

use super::*;

fn written(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(write(body, &mut out));
    out
}

fn read(octets: &[u8]) -> Vec<Token> {
    let mut frames = Frames::default();
    octets.iter().filter_map(|octet| frames.push(*octet)).collect()
}

fn bodies(octets: &[u8]) -> Vec<Vec<u8>> {
    read(octets).into_iter().filter_map(|token| if let Token::Body(body) = token { Some(body) } else { None }).collect()
}

#[test]
fn the_check_is_the_published_one() {
    assert_eq!(check(b"123456789"), 0x906e);
}

#[test]
fn a_frame_is_written_like_this() {
    assert_eq!(written(&[0x11, 0x00, 0x22]), [0, 2, 0x11, 4, 0x22, 0x95, 0x1b, 0]);
}

#[test]
fn what_is_too_long_is_neither_written_nor_kept() {
    assert!(!write(&[1; LONGEST + 1], &mut Vec::new()));
    assert_eq!(bodies(&written(&[7; LONGEST])), [vec![7; LONGEST]]);
    let mut frames = Frames::default();
    assert!((0..1_000_000).all(|_| frames.push(7).is_none()));
    assert!(frames.buffer.capacity() <= LONGEST_ENCODED * 2);
    assert_eq!(frames.push(0), Some(Token::Damaged));
    let after: Vec<Token> = written(b"next").iter().filter_map(|octet| frames.push(*octet)).collect();
    assert_eq!(after, [Token::Body(b"next".to_vec())]);
}

#[test]
fn every_beginning_of_a_frame_is_incomplete_and_never_a_frame() {
    let frame = written(&[1, 0, 2, 0, 0, 3]);
    for end in 0..frame.len() {
        assert!(read(&frame[..end]).is_empty(), "{end}");
    }
}

proptest! {
    #[test]
    fn a_body_comes_back_as_it_was(body in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 1..=LONGEST)) {
        let frame = written(&body);
        prop_assert!(frame[1..frame.len() - 1].iter().all(|octet| *octet != 0));
        prop_assert!(frame.len() <= LONGEST_ENCODED + 2);
        prop_assert_eq!(bodies(&frame), [body]);
    }

    #[test]
    fn after_any_damage_the_next_frame_is_read(
        sent in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 1..8),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut line: Vec<u8> = sent.iter().flat_map(|body| written(body)).collect();
        for (at, octet, kind) in damage {
            let at = at.index(line.len());
            match kind {
                0 => line[at] ^= octet,
                1 => line.insert(at, octet),
                _ => drop(line.remove(at)),
            }
            if line.is_empty() {
                line.push(octet);
            }
        }
        line.extend(written(b"the next one"));
        prop_assert_eq!(bodies(&line).pop(), Some(b"the next one".to_vec()));
    }
}

/// Frames that were damaged in one place; the same ones at every run.
#[test]
fn no_damaged_frame_is_taken_for_another() {
    let mut state = 20_060_425_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut damaged = 0;
    for _ in 0..20_000 {
        let body: Vec<u8> = (0..20 + random(40)).map(|_| u8::try_from(random(256)).unwrap()).collect();
        let mut line = written(&body);
        let at = random(line.len());
        match random(3) {
            0 => line[at] ^= u8::try_from(1 + random(255)).unwrap(),
            1 => line.insert(at, u8::try_from(random(256)).unwrap()),
            _ => drop(line.remove(at)),
        }
        let taken = bodies(&line);
        assert!(taken.iter().all(|taken| *taken == body), "{taken:?} was never sent");
        damaged += usize::from(taken.is_empty());
    }
    assert!(damaged > 15_000, "{damaged}");
}
