//! Calls step by step, whatever platforms send.

use contract::{Identity, Timestamp, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::dialogue::tests::{number, reply};

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an origin for distances")]
    Instant::now()
}

fn held(began: Instant) -> Held {
    let call = Call {
        scope: "voice/test".to_owned(),
        key: "c".to_owned(),
        valid_for: Duration::from_secs(60),
        asked: 0,
        caller: Identity::Unknown,
        language: None,
        person: Some("+1".to_owned()),
        began,
        began_at: Timestamp(0),
    };
    Held::new(Arc::new(Settings::default()), call, 0)
}

fn event(keys: &str, collected: Collected) -> Event {
    Event {
        call: "c".to_owned(),
        caller: None,
        called: None,
        keys: keys.chars().filter_map(Key::from_char).collect(),
        collected,
        over: false,
        transferred: None,
    }
}

/// Until there is something to say; how often the core was asked.
fn turn(held: &mut Held, now: &mut Instant, answers: bool) -> (Vec<Play>, Then, u32) {
    let mut asked = 0;
    for _ in 0..20 {
        match held.take(*now) {
            Step::Turn(plays, then) => return (plays, then, asked),
            Step::Ask(_) => asked += 1,
            Step::Wait(_) if answers => held.answered(Ok(reply(Verdict::Unknown)), *now),
            Step::Wait(until) => {
                *now = (*now).max(until);
                held.waited(*now);
            }
        }
    }
    panic!("it goes on without end");
}

#[test]
fn sixteen_digits_are_looked_up_only_after_the_caller_was_told_where_a_platform_hides_the_hash() {
    let mut at = now();
    let mut held = held(at);
    let mut step = |event: Event| {
        held.handle(&event, at);
        let turn = turn(&mut held, &mut at, true);
        held.keep(String::new());
        turn
    };
    step(event("", Collected::Unsaid));
    let (plays, _, asked) = step(event("1234567890123456", Collected::Unsaid));
    assert!(asked == 0 && matches!(plays[0].phrases[..], [crate::dialogue::Phrase::Partial(16, _)]), "{plays:?}");
    assert_eq!(step(event("", Collected::Unsaid)).2, 1);
}

#[test]
fn the_last_answers_are_kept_and_older_ones_forgotten() {
    let mut held = held(now());
    for text in ["a", "b", "c", "d", "e"] {
        held.keep(text.to_owned());
    }
    assert_eq!((held.again(0), held.again(1), held.again(4), held.again(5)), (None, Some("b"), Some("e"), None));
}

#[test]
fn a_full_table_takes_no_call_until_one_is_over() {
    let calls = Calls::new(1);
    let at = now();
    assert!(calls.of("a", "1", at, || held(at)).is_some());
    assert!(calls.of("a", "1", at, || held(at)).is_some(), "the same call");
    assert!(calls.of("a", "2", at, || held(at)).is_none());
    assert!(calls.of("a", "2", at + FORGOTTEN, || held(at)).is_some());
}

proptest! {
    #[test]
    fn every_request_is_answered_and_the_core_asked_once_at_a_time(
        requests in vec(
            (
                prop_oneof![Just(number()), "[0-9*#]{0,22}", "[0-9]"],
                prop_oneof![Just(Collected::Hash), Just(Collected::Quiet), Just(Collected::Unsaid)],
                any::<bool>(),
                prop_oneof![6 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))],
                0_u64..40,
            ),
            1..40,
        ),
    ) {
        let mut at = now();
        let mut held = held(at);
        for (keys, collected, answers, transferred, passes) in requests {
            at += Duration::from_secs(passes);
            held.handle(&Event { transferred, ..event(&keys, collected) }, at);
            let (plays, then, asked) = turn(&mut held, &mut at, answers);
            prop_assert!(asked <= 1);
            held.keep(String::new());
            if held.is_over() {
                prop_assert_eq!(then, Then::HangUp);
                break;
            }
            if then == Then::Go {
                prop_assert!(!plays.is_empty());
            }
        }
    }
}
