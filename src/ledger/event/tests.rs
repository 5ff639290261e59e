//! Events survive their bytes; what is no event is refused.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::index::Target;
use crate::verify::admit::{Alert, Subject};

fn asker() -> impl Strategy<Value = AskerHash> {
    (any::<u64>(), any::<Option<u64>>()).prop_map(|(current, previous)| AskerHash { current, previous })
}

fn id() -> impl Strategy<Value = Option<LoggedId>> {
    proptest::option::of((any::<[u8; 16]>(), any::<[u8; 8]>(), any::<i64>()).prop_map(|(id, digest, until)| LoggedId {
        id: id.into(),
        digest: digest.into(),
        until: Timestamp(until),
    }))
}

fn check() -> impl Strategy<Value = CheckEvent> {
    (contract::strategies::answer(), contract::strategies::number(), any::<Option<[u8; 16]>>(), any::<u32>()).prop_map(
        |(answer, number, unit, times_checked)| CheckEvent {
            unit: unit.map(UnitKey::from_bytes),
            given: Some(number),
            means: Means::Scanned,
            lot: answer.facts.lot.clone(),
            expiry: answer.facts.expiry,
            verdict: answer.verdict,
            colour: answer.colour,
            advisories: answer.advisories,
            wrong_region: times_checked % 2 == 0,
            evidence: None,
            times_checked,
            first_checked: answer.facts.first_checked,
            batch: unit.map(|unit| u64::from(unit[3])),
        },
    )
}

fn event() -> impl Strategy<Value = Event> {
    let inquiry =
        (id(), asker(), proptest::collection::vec(check(), 0..4), proptest::option::of(contract::strategies::place()))
            .prop_map(|(id, asker, checks, place)| {
                Event::Inquiry(InquiryEvent {
                    id,
                    channel: Channel::Sms,
                    language: Language::ZhHk,
                    asker,
                    role: Role::Trade,
                    asked: EventTime { at: Timestamp(asker.current.cast_signed()), error_ms: 5 },
                    place,
                    checks,
                    owed: None,
                    request: None,
                    silent: false,
                    tip: None,
                })
            });
    let life = (id(), any::<[u8; 16]>(), any::<bool>()).prop_map(|(id, unit, lifted)| {
        Event::Life(LifeRecorded {
            id,
            event: LifeEvent {
                target: Target::Units { units: vec![UnitKey::from_bytes(unit)] },
                life: contract::Life::Sold,
                lifted,
                at: EventTime::exact(Timestamp(7)),
                by: "till".to_owned(),
                place: None,
                reason: None,
            },
        })
    });
    let flagged = (any::<u64>(), any::<i64>())
        .prop_map(|(asker, until)| Event::Flagged(Flagged { asker, until: Timestamp(until) }));
    let forgotten = (proptest::collection::vec(any::<u64>(), 1..4), any::<u64>(), any::<bool>()).prop_map(
        |(names, anonymous, with_opt_out)| {
            let (by, reason) = ("op".to_owned(), with_opt_out.then(|| "asked".to_owned()));
            Event::Forgotten(Forgotten { names, anonymous, with_opt_out, by, reason })
        },
    );
    let reduced = (any::<u64>(), any::<[u8; 32]>(), any::<u64>()).prop_map(|(first, hash, kept)| {
        Event::Reduced(Reduced { first, last: first / 2, hash: hash.into(), kept, by: "policy".to_owned() })
    });
    let subject = prop_oneof![
        proptest::option::of("[a-z]{1,9}").prop_map(Subject::Product),
        "[0-9./]{1,18}".prop_map(Subject::Network),
        proptest::option::of("[a-z]{1,9}").prop_map(Subject::Terminal),
    ];
    let alarm = (subject, any::<bool>(), any::<i64>(), any::<(u32, u32)>(), any::<Option<u32>>()).prop_map(
        |(subject, over, since, (misses, known), usual)| {
            Event::Alarm(Alert { subject, over, since: Timestamp(since), misses, known, usual })
        },
    );
    prop_oneof![inquiry, life, flagged, forgotten, reduced, alarm]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_survives_its_bytes(event in event()) {
        prop_assert_eq!(Event::from_bytes(event.kind() as u8, &event.to_bytes()).unwrap(), event);
    }

    #[test]
    fn every_shortened_body_is_refused(event in event(), cut in any::<prop::sample::Index>()) {
        let bytes = event.to_bytes();
        let shorter = &bytes[..cut.index(bytes.len())];
        prop_assert!(Event::from_bytes(event.kind() as u8, shorter).is_err());
    }

    #[test]
    fn anything_else_is_an_event_or_refused(kind in any::<u8>(), body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(event) = Event::from_bytes(kind, &body) {
            prop_assert_eq!(Event::from_bytes(event.kind() as u8, &event.to_bytes()).unwrap(), event);
        }
    }
}

#[test]
fn an_alarm_is_written_as_it_always_was() {
    let alert = Alert {
        subject: Subject::Product(Some("tea".to_owned())),
        over: false,
        since: Timestamp(1_795_435_200_000),
        misses: 12,
        known: 3,
        usual: Some(12),
    };
    let event = Event::Alarm(alert);
    let bytes = event.to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((event.kind() as u8, hex.as_str()), (23, "8682008163746561f41b000001a20846fe000c030c"));
    assert_eq!(Event::from_bytes(23, &bytes).unwrap(), event);
}

#[test]
fn the_corpora_of_the_fuzz_targets_hold() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut replayed = 0;
    for entry in fs::read_dir(corpora.join("event")).unwrap() {
        let data = fs::read(entry.unwrap().path()).unwrap();
        if let Some((kind, body)) = data.split_first()
            && let Ok(event) = Event::from_bytes(*kind, body)
        {
            assert_eq!(Event::from_bytes(event.kind() as u8, &event.to_bytes()).unwrap(), event);
        }
        replayed += 1;
    }
    for entry in fs::read_dir(corpora.join("config")).unwrap() {
        let data = fs::read(entry.unwrap().path()).unwrap();
        if let Ok(text) = std::str::from_utf8(&data)
            && let Err(error) = crate::config::parse::<crate::config::CoreConfig>(text, Path::new("corpus.toml"))
        {
            assert!(!error.to_string().is_empty());
        }
        replayed += 1;
    }
    assert!(replayed >= 20, "{replayed} inputs");
}
