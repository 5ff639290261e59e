//! Keys by event: what is lost, late, doubled or wrong, and is the same key all the same.
#![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

use proptest::prelude::*;

use super::*;

/// One packet on its way: when it is sent, and what it holds.
#[derive(Debug, Clone)]
struct Sent {
    at: Duration,
    sequence: u16,
    timestamp: u32,
    event: Event,
}

/// How an equipment sends events.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Timestamp units for a millisecond (8, 16, 48), or less where the clock is wrong.
    units: u32,
    /// Packets before the end.
    updates: u16,
    /// Copies of the end.
    ends: u16,
    /// Each copy of the end has a timestamp of its own.
    ends_move: bool,
    /// Milliseconds between two keys.
    pause: u32,
}

const PLAIN: Manner = Manner { units: 8, updates: 4, ends: 3, ends_move: false, pause: 80 };

fn send(keys: &str, manner: Manner) -> Vec<Vec<Sent>> {
    let (mut at, mut sequence, mut timestamp) = (0_u32, 65_000_u16, u32::MAX - 5_000);
    let mut all = Vec::new();
    for key in keys.chars() {
        let code = Key::of_char(key).unwrap().event();
        let mut packets = Vec::new();
        let mut put = |at: u32, timestamp: u32, end: bool, ms: u32| {
            let duration = u16::try_from(ms * manner.units).unwrap();
            let event = Event { code, end, duration };
            packets.push(Sent { at: Duration::from_millis(u64::from(at)), sequence, timestamp, event });
            sequence = sequence.wrapping_add(1);
        };
        let length = u32::from(manner.updates) * 20;
        for nth in 0..u32::from(manner.updates) {
            put(at + nth * 20, timestamp, false, nth * 20);
        }
        for nth in 0..u32::from(manner.ends) {
            let moved = if manner.ends_move { nth * 160 } else { 0 };
            put(at + length + nth, timestamp.wrapping_add(moved), true, length);
        }
        at += length + u32::from(manner.ends) + manner.pause;
        timestamp = timestamp.wrapping_add((length + manner.pause) * manner.units);
        all.push(packets);
    }
    all
}

fn hear<'a>(packets: impl IntoIterator<Item = &'a Sent>) -> String {
    let start = Instant::now();
    let mut events = Events::default();
    let mut heard = String::new();
    for sent in packets {
        let payload = sent.event.write();
        let packet = Packet {
            payload_type: 101,
            marker: false,
            sequence: sent.sequence,
            timestamp: sent.timestamp,
            ssrc: 9,
            payload: &payload,
        };
        heard.extend(events.handle(&packet, Some(101), start + sent.at).map(Key::as_char));
    }
    heard
}

#[test]
fn every_subset_of_a_key_s_packets_that_is_not_empty_is_that_key_once() {
    // Every subset for the middle key of three equal ones, while the others lose every subset of theirs but one packet.
    let keys = send("777", PLAIN);
    let count = keys[0].len();
    for middle in 1_u32..1 << count {
        for other in 1_u32..1 << count {
            let kept = |key: &Vec<Sent>, mask: u32| {
                let of = key.iter().enumerate().filter(move |(nth, _)| mask & (1 << nth) != 0);
                of.map(|(_, sent)| sent.clone()).collect::<Vec<_>>()
            };
            let all = [kept(&keys[0], other), kept(&keys[1], middle), kept(&keys[2], other)].concat();
            assert_eq!(hear(&all), "777", "{middle:b} and {other:b}");
        }
    }
}

#[test]
fn a_key_of_which_nothing_arrives_is_the_only_one_missing() {
    let keys = send("1233", PLAIN);
    let all: Vec<Sent> = [&keys[0], &keys[2], &keys[3]].into_iter().flatten().cloned().collect();
    assert_eq!(hear(&all), "133");
}

#[test]
fn ends_with_a_timestamp_each_are_one_key_and_the_next_press_is_another() {
    let manner = Manner { ends_move: true, ..PLAIN };
    assert_eq!(hear(send("112", manner).concat().iter()), "112");
    let only_ends = Manner { updates: 0, ..manner };
    assert_eq!(hear(send("112", only_ends).concat().iter()), "112");
}

#[test]
fn a_wrong_clock_is_no_matter() {
    for units in [1, 2, 16, 48] {
        assert_eq!(hear(send("0550*#", Manner { units, ..PLAIN }).concat().iter()), "0550*#", "{units} per ms");
    }
}

#[test]
fn a_press_of_half_a_minute_is_one_key_even_with_a_gap() {
    let mut packets = Vec::new();
    let (mut sequence, mut timestamp, mut duration) = (1_u16, 8_000_u32, 0_u32);
    for nth in 0..1_500_u64 {
        if duration + 160 > u32::from(FULL) {
            timestamp = timestamp.wrapping_add(duration);
            duration = 0;
        }
        duration += 160;
        // Half a second of updates is missing in the middle.
        if !(700..725).contains(&nth) {
            let event = Event { code: 4, end: nth == 1_499, duration: u16::try_from(duration).unwrap() };
            packets.push(Sent { at: Duration::from_millis(nth * 20), sequence, timestamp, event });
        }
        sequence += 1;
    }
    assert_eq!(hear(&packets), "4");
}

#[test]
fn a_recording_that_repeats_its_numbers_is_one_key_while_it_repeats() {
    // The shipped recordings of sipp: fixed source, sequence and timestamp for each key.
    let key = send("5", PLAIN).concat();
    let again: Vec<Sent> =
        key.iter().map(|sent| Sent { at: sent.at + Duration::from_secs(1), ..sent.clone() }).collect();
    assert_eq!(hear(key.iter().chain(&again)), "5");
}

#[test]
fn only_the_agreed_type_or_what_looks_like_an_event_is_one() {
    let payload = Event { code: 1, end: false, duration: 160 }.write();
    let packet =
        |payload_type| Packet { payload_type, marker: true, sequence: 1, timestamp: 1, ssrc: 1, payload: &payload };
    assert!(is_event(&packet(101), Some(101)));
    assert!(is_event(&packet(96), Some(101)), "sent under another type than agreed");
    assert!(is_event(&packet(110), None), "sent without being agreed");
    assert!(!is_event(&packet(0), Some(101)), "four octets of sound");
    assert!(!is_event(&Packet { payload: &[1, 2, 3, 4, 5], ..packet(97) }, Some(101)));
    assert!(!is_event(&Packet { payload: &[0; 4], ..packet(97) }, Some(101)), "a no-op");
    assert!(is_event(&Packet { payload: &[0; 4], ..packet(101) }, Some(101)), "the first packet of a soft zero");
    let mut events = Events::default();
    let now = Instant::now();
    assert_eq!(events.handle(&packet(96), Some(101), now), Some(Key::Digit(1)));
    let later = |kind, timestamp| Packet { timestamp, ..packet(kind) };
    assert_eq!(events.handle(&later(101, 9_000), Some(101), now), Some(Key::Digit(1)), "the agreed type takes over");
    assert_eq!(events.handle(&later(96, 18_000), Some(101), now), None, "and stays");
}

#[test]
fn a_key_is_not_written_where_it_might_be_logged() {
    assert_eq!(format!("{:?}", Key::Digit(7)), "Digit");
}

proptest! {
    #[test]
    fn order_and_doubles_within_a_key_s_time_change_nothing(
        keys in "[0-9*#]{1,20}",
        seed in proptest::collection::vec((any::<bool>(), 0_usize..7, any::<bool>()), 20),
        units in prop::sample::select(vec![2_u32, 8, 16, 48]),
    ) {
        let mut all = Vec::new();
        for (key, (lose, keep, double)) in send(&keys, Manner { units, ..PLAIN }).into_iter().zip(seed) {
            let mut kept: Vec<Sent> =
                key.iter().enumerate().filter(|(nth, _)| !lose || *nth == keep).map(|(_, sent)| sent.clone()).collect();
            if double {
                kept.extend(kept.clone());
                kept.reverse();
            }
            all.extend(kept);
        }
        prop_assert_eq!(hear(&all), keys);
    }

    #[test]
    fn any_payload_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..12), kind in 0_u8..128) {
        let packet = Packet { payload_type: kind, marker: false, sequence: 0, timestamp: 0, ssrc: 0, payload: &payload };
        if is_event(&packet, Some(101)) {
            prop_assert!(Events::default().handle(&packet, Some(101), Instant::now()).is_none_or(|key| key.event() < 16));
        }
    }
}
