//! What holds of a call whatever its caller, its player and the core do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Identity, Language, Refusal, Timestamp, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::reply;
use super::*;

/// Something that happens to a call.
#[derive(Debug, Clone)]
enum Event {
    Key(u8),
    Number,
    Played,
    Timer,
    Quiet,
    Passes(u16),
    Reply(bool),
    TransferFailed,
    Hold(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0_u8..12).prop_map(Event::Key),
        2 => Just(Event::Number),
        3 => Just(Event::Played),
        3 => Just(Event::Timer),
        1 => Just(Event::Quiet),
        2 => (0_u16..20_000).prop_map(Event::Passes),
        2 => any::<bool>().prop_map(Event::Reply),
        1 => Just(Event::TransferFailed),
        1 => any::<bool>().prop_map(Event::Hold),
    ]
}

fn key(code: u8) -> Key {
    match code {
        10 => Key::Star,
        11 => Key::Hash,
        digit => Key::Digit(digit),
    }
}

proptest! {
    #[test]
    fn a_call_asks_once_at_a_time_and_ends_by_itself(
        events in vec(event(), 0..200),
        language in prop_oneof![Just(None), Just(Some(Language::En))],
        person in any::<bool>(),
    ) {
        #[expect(clippy::disallowed_methods, reason = "an origin for distances")]
        let began = Instant::now();
        let call = Call {
            scope: "voice/test".to_owned(),
            key: "c".to_owned(),
            valid_for: Duration::ZERO,
            asked: 0,
            caller: Identity::Unknown,
            language,
            person: person.then(|| "tel:1".to_owned()),
            began,
            began_at: Timestamp(0),
        };
        let mut now = began;
        let mut dialogue = Dialogue::new(Arc::new(Settings::default()), call);
        dialogue.handle_start(now);
        let (mut waiting, mut ids, mut ended) = (false, std::collections::HashSet::new(), 0);
        // After what was drawn, nothing happens any more but time.
        let events = events.into_iter().chain(std::iter::repeat_n(Event::Timer, 400));
        for event in events {
            match event {
                Event::Key(code) => dialogue.handle_key(key(code), now),
                Event::Number => {
                    for c in "1234567000000112345".chars().chain(['0']) {
                        dialogue.handle_key(Key::from_char(c).unwrap(), now);
                    }
                }
                Event::Played => dialogue.handle_played(now),
                Event::Timer => {
                    if let Some((at, _)) = dialogue.poll_timeout() {
                        now = now.max(at);
                        dialogue.handle_timeout(now);
                    }
                }
                Event::Quiet => dialogue.handle_quiet(now),
                Event::Passes(millis) => now += Duration::from_millis(millis.into()),
                Event::Reply(good) => {
                    let was_asking = dialogue.is_asking();
                    let result = if good { Ok(reply(Verdict::Unknown)) } else { Err(Refusal::Overloaded) };
                    dialogue.handle_reply(result, now);
                    waiting &= !was_asking;
                }
                Event::TransferFailed => dialogue.handle_transfer_failed(now),
                Event::Hold(held) => dialogue.handle_hold(held, now),
            }
            waiting &= dialogue.is_asking();
            while let Some(output) = dialogue.poll_output() {
                match output {
                    Output::Ask(inquiry) => {
                        prop_assert!(!waiting, "one question at a time");
                        waiting = true;
                        prop_assert!(ids.insert(inquiry.id.key.clone()), "an id of its own");
                    }
                    Output::HangUp(_) => ended += 1,
                    Output::Play(_) | Output::Stop | Output::Transfer(_) => prop_assert_eq!(ended, 0),
                }
            }
            prop_assert_eq!(dialogue.is_over(), dialogue.poll_timeout().is_none(), "a timer or the end");
            prop_assert!(dialogue.keyed.len() <= 20);
        }
        prop_assert_eq!(ended, 1);
    }
}
