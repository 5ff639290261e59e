//! Frames survive what lines do to them, or are not taken at all.

use proptest::prelude::*;

use super::*;
use crate::wire::message::{Check, Message, Says};

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

/// Checks with their sums, damaged in one place, in up to six, by noise on three octets in two hundred, and by up to three
/// flipped bits; the same ones at every run. `VERIGATE_DAMAGED_FRAMES` says how many of each kind, 5,000 without it. Without
/// the sum a dozen of 10⁷ would be taken wrong.
#[test]
fn no_damaged_frame_is_taken_for_another() {
    #[expect(clippy::disallowed_methods, reason = "how long a test takes is for whoever runs it to say")]
    let wanted = std::env::var("VERIGATE_DAMAGED_FRAMES").map_or(5_000, |count| count.parse().unwrap());
    let mut random = Random(20_060_425);
    let kinds: [(&str, Damage); 4] =
        [("one place", in_one_place), ("some places", in_some_places), ("noise", by_noise), ("flipped bits", by_bits)];
    let mut passed = 0_u64;
    for (kind, damage) in kinds {
        let mut damaged = 0;
        while damaged < wanted {
            let sent = random.check();
            let mut body = Vec::new();
            sent.write_summed(&mut body);
            let mut line = damage(&written(&body), &mut random);
            // Where its end is damaged the next one ends it.
            line.push(0);
            let mut right = false;
            for taken in bodies(&line) {
                // By the terminal's first message the gateway knows that it writes sums.
                match Message::read_summed(&taken) {
                    Ok((message, true)) => {
                        assert_eq!(message, sent, "{kind}: never sent");
                        right = true;
                    }
                    Ok((_, false)) | Err(_) => passed += 1,
                }
            }
            damaged += u64::from(!right);
        }
    }
    // What the check of a frame let pass; seen by --no-capture.
    println!("{passed} damaged frames passed the check of 16 bits and not the sum");
}

/// What a line does to a frame.
type Damage = fn(&[u8], &mut Random) -> Vec<u8>;

struct Random(u64);

impl Random {
    /// A check, as a terminal sends it.
    fn check(&mut self) -> Message {
        let id: [u8; 16] = std::array::from_fn(|_| self.octet());
        let code = (0..20).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect();
        let age_ms = Some(u64::try_from(self.below(100_000)).unwrap());
        let check = Check { id: id.into(), code, language: Some("zh-Hans".to_owned()), age_ms, keyed: None };
        Message { sequence: u16::try_from(self.below(65_536)).unwrap(), says: Says::Check(check) }
    }

    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// An octet is changed, another one comes before it, or it is lost.
    fn spoil(&mut self, octet: u8, line: &mut Vec<u8>) {
        match self.below(3) {
            0 => line.push(octet ^ u8::try_from(1 + self.below(255)).unwrap()),
            1 => line.extend([self.octet(), octet]),
            _ => {}
        }
    }
}

fn in_one_place(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let place = random.below(frame.len());
    let mut line = frame[..place].to_vec();
    random.spoil(frame[place], &mut line);
    line.extend(&frame[place + 1..]);
    line
}

fn in_some_places(frame: &[u8], random: &mut Random) -> Vec<u8> {
    (0..random.below(6)).fold(in_one_place(frame, random), |line, _| in_one_place(&line, random))
}

fn by_noise(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let mut line = Vec::new();
    for octet in frame {
        if random.below(1_000) < 15 { random.spoil(*octet, &mut line) } else { line.push(*octet) }
    }
    line
}

fn by_bits(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let mut line = frame.to_vec();
    for _ in 0..=random.below(3) {
        let place = random.below(line.len());
        line[place] ^= 1 << random.below(8);
    }
    line
}
