//! Messages of version 1, octet for octet: what is frozen in `fixtures/kiosk/v1` is what will be read and written for ever.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;

use super::*;

fn every_message() -> Vec<(&'static str, Says)> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    vec![
        (
            "hello",
            Says::Hello(Hello {
                least: 1,
                most: 1,
                terminal: "mall-7-a".to_owned(),
                nonce: [0x11; 16].into(),
                model: Some("K-100".to_owned()),
                firmware: Some("2.4.1".to_owned()),
                columns: Some(20),
                queued: Some(3),
                language: Some("zh-Hans".to_owned()),
                tells: None,
            }),
        ),
        ("proof", Says::Proof(Proof { mac: [0x22; 32].into() })),
        (
            "check",
            Says::Check(Check {
                id: [0x33; 16].into(),
                code: "20060425000000000000".to_owned(),
                language: Some("en".to_owned()),
                age_ms: Some(3_600_000),
                keyed: Some(true),
            }),
        ),
        ("ping", Says::Ping(Ping { clock_ms: Some(1_795_400_041_500) })),
        (
            "status",
            Says::Status(Status {
                paper: Some(false),
                door: Some(true),
                queued: Some(0),
                uptime_s: Some(86_400),
                fault: Some("scanner".to_owned()),
                how: None,
            }),
        ),
        ("bye", Says::Bye(Bye { why: Some("restart".to_owned()) })),
        ("challenge", Says::Challenge(Challenge { version: 1, nonce: [0x44; 16].into() })),
        (
            "welcome",
            Says::Welcome(Welcome {
                mac: [0x55; 32].into(),
                clock_ms: 1_795_400_041_500,
                window: 8,
                ping_s: 15,
                idle: lines(&["请扫描包装上的编号"]),
                notices: lines(&["12315"]),
            }),
        ),
        (
            "answer",
            Says::Answer(Answer {
                id: [0x33; 16].into(),
                verdict: "genuine_first".to_owned(),
                colour: "green".to_owned(),
                pages: vec![lines(&["编号有效", "这是首次查询"]), lines(&["回执号", "1234 5678 9018"])],
                receipt: Some("123456789018".to_owned()),
                replayed: false,
                recorded: true,
            }),
        ),
        ("pong", Says::Pong(Pong { clock_ms: 1_795_400_041_500 })),
        ("taken", Says::Taken(Taken {})),
        ("refused", Says::Refused(Refused { reason: Reason::Busy, lines: lines(&["请再扫描一次"]) })),
    ]
}

/// What version 1 learned later.
fn additions() -> Vec<(&'static str, Says)> {
    let hello = Hello {
        least: 1,
        most: 1,
        terminal: "mall-7-a".to_owned(),
        nonce: [0x11; 16].into(),
        model: None,
        firmware: None,
        columns: None,
        queued: None,
        language: None,
        tells: Some(true),
    };
    vec![
        ("hello-tells", Says::Hello(hello)),
        ("how", Says::How(How { number: 7 })),
        ("status-how", Says::Status(Status { paper: Some(true), how: Some(7), ..Status::default() })),
    ]
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        write!(text, "{octet:02x}").unwrap();
        text
    })
}

#[test]
fn frozen_frames_are_written_and_read_as_they_always_were() {
    for (file, messages) in [("frames.txt", every_message()), ("additions.txt", additions())] {
        frozen(file, messages);
    }
}

fn frozen(file: &str, messages: Vec<(&'static str, Says)>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/kiosk/v1").join(file);
    let mut written = String::new();
    for (nth, (name, says)) in (1_u16..).zip(messages) {
        let message = Message { sequence: nth * 257, says };
        let mut body = Vec::new();
        message.write(&mut body);
        assert_eq!(Message::read(&body).as_ref(), Ok(&message), "{name}");
        for end in 0..body.len() {
            assert!(Message::read(&body[..end]).is_err(), "{name} cut to {end}");
        }
        let mut frame = Vec::new();
        assert!(crate::wire::frame::write(&body, &mut frame));
        writeln!(written, "{name} {}", hex(&frame)).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), written, "version 1 is frozen: add another file, change none");
}

#[test]
fn a_sum_is_written_like_this_and_skipped_by_whoever_does_not_know_it() {
    assert_eq!(sum(b"123456789"), 0xe306_9283);
    let message = Message { sequence: 514, says: Says::How(How { number: 7 }) };
    let mut body = Vec::new();
    message.write_summed(&mut body);
    assert_eq!(body[..7], [1, 0x87, 2, 2, 0xa1, 1, 7]);
    assert_eq!((Message::read_summed(&body), body.len()), (Ok((message.clone(), true)), 11));
    assert_eq!(minicbor::decode::<How>(&body[4..]).unwrap().number, 7, "as a side reads it that knows no sum");
    body[6] = 8;
    assert_eq!(Message::read(&body), Err(Unreadable::Damaged));
}

#[test]
fn a_side_that_wrote_a_sum_is_held_to_it() {
    let message = Message { sequence: 1, says: Says::Ping(Ping { clock_ms: None }) };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    message.write_summed(&mut with);
    message.write(&mut without);
    let mut sums = Sums::default();
    assert_eq!(sums.read(&without), Ok(message.clone()));
    assert_eq!(sums.read(&with), Ok(message.clone()));
    assert_eq!(sums.read(&without), Err(Unreadable::Damaged));
    assert_eq!(sums.read(&[1, 0x40, 7, 1, 0xa0]), Err(Unreadable::Damaged));
    let mut unknown = vec![1, 0x40, 7, 1, 0xa0];
    unknown.extend(sum(&unknown).to_le_bytes());
    assert_eq!(sums.read(&unknown), Err(Unreadable::Kind { kind: 0x40, sequence: 263 }));
}

#[test]
fn what_a_later_version_adds_is_skipped_or_told_apart() {
    // {1: 5, 9: "x"}: a ping with a key that version 1 does not have.
    assert_eq!(
        Message::read(&[1, 0x04, 7, 0, 0xa2, 0x01, 0x05, 0x09, 0x61, b'x']),
        Ok(Message { sequence: 7, says: Says::Ping(Ping { clock_ms: Some(5) }) })
    );
    assert_eq!(Message::read(&[1, 0x40, 7, 1, 0xa0]), Err(Unreadable::Kind { kind: 0x40, sequence: 263 }));
    assert_eq!(Message::read(&[2, 0x04, 7, 0, 0xa0]), Err(Unreadable::Version { version: 2, sequence: 7 }));
    assert_eq!(Message::read(&[1, 0x03, 7, 0, 0xa0]), Err(Unreadable::Map { kind: 3, sequence: 7 }));
    assert_eq!(Message::read(&[1, 4, 0]), Err(Unreadable::Short(3)));
}

proptest! {
    #[test]
    fn no_octets_are_more_than_what_was_sent(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::read(&octets) {
            let mut again = Vec::new();
            message.write(&mut again);
            prop_assert_eq!(Message::read(&again), Ok(message));
        }
    }
}
