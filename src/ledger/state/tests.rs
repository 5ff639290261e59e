//! What the state believes of what was read ahead of its use.

use contract::{Channel, Day, EventTime};

use super::*;
use crate::ledger::log::Log as _;
use crate::ledger::memory::{MemoryHistories, MemoryLog};
use crate::verify::history::{AskerHash, Checked};

/// Of an empty log, with room for a thousand units and ids.
fn empty() -> State {
    let log = MemoryLog::default();
    let mut reader = log.reader().unwrap();
    let histories = Box::new(MemoryHistories::default());
    State::open(histories, reader.as_mut(), log.head(), (1_000, 1_000), Arc::default()).unwrap()
}

fn ask(state: &mut State, key: UnitKey, position: u64) {
    let mut overlay = Overlay::default();
    let asker = AskerHash { current: position, previous: None };
    let at = Timestamp(1_790_000_000_000 + i64::try_from(position).unwrap());
    let asked = EventTime::exact(at);
    let checked = Checked { asker, counts: true, at, channel: Channel::Api, asked, place: None };
    state.group(&mut overlay).past(&key).unwrap().check(&checked);
    state.publish(overlay, position, at);
}

fn check(state: &mut State, key: UnitKey, position: u64) {
    ask(state, key, position);
    state.settle().unwrap();
}

fn sessions(state: &mut State, key: UnitKey, read: Read) -> usize {
    let mut overlay = Overlay::default();
    state.offer(&mut overlay, vec![read]);
    state.group(&mut overlay).view(&key).unwrap().sessions.len()
}

#[test]
fn a_past_that_was_read_ahead_is_not_believed_where_a_batch_may_be_missing_in_it() {
    let mut state = empty();
    let (asked, other) = (UnitKey::native(1, 1, 1), UnitKey::native(1, 1, 2));
    let nothing = || Read { key: asked, past: Past::default(), as_of: 0 };
    check(&mut state, asked, 1);
    assert_eq!(sessions(&mut state, asked, nothing()), 1, "the batch is still in memory");
    check(&mut state, other, 2);
    assert_eq!(sessions(&mut state, asked, nothing()), 1, "the batch has left memory");
    let read = Read { past: state.load(&asked).unwrap(), as_of: 1, ..nothing() };
    assert_eq!(sessions(&mut state, asked, read), 1, "one that is true is used");
    let marked_key = UnitKey::native(1, 1, 3);
    let marked = Read { key: marked_key, past: state.load(&asked).unwrap(), as_of: 1 };
    assert_eq!(sessions(&mut state, marked_key, marked), 1, "without reading again");
}

#[test]
fn ids_of_messages_fill_a_batch_as_units_do() {
    let mut state = empty();
    let mut remembered = |count: u64| {
        let mut overlay = Overlay::default();
        for n in 0..count {
            let id = LoggedId { id: u128::from(n).to_be_bytes().into(), digest: [0; 8].into(), until: Timestamp(9) };
            state.group(&mut overlay).remember(&id, n + 1, Timestamp(1));
        }
        state.publish(overlay, count, Timestamp(1));
        state.flush(false).unwrap();
        state.pending.replays.len()
    };
    assert_eq!(remembered(1_999), 1_999, "of 2,000 that are a batch");
    assert_eq!(remembered(1), 0);
}

#[test]
fn a_group_knows_what_it_owes_and_what_it_has_settled() {
    let mut state = empty();
    let entry = OwedEntry { channel: Channel::Sms, until: Timestamp(9), day: Day::new(2026, 11, 23).unwrap() };
    let mut overlay = Overlay::default();
    state.group(&mut overlay).owe(7, entry);
    assert_eq!((overlay.owed(7), overlay.owed(8)), (Some(Some(entry)), None));
    state.publish(overlay, 7, Timestamp(1));
    assert_eq!(state.owed().get(&7), Some(&entry));
    let mut overlay = Overlay::default();
    state.group(&mut overlay).settled(7);
    assert_eq!(overlay.owed(7), Some(None));
    assert_eq!(state.owed().len(), 1, "not before it is committed");
    state.publish(overlay, 8, Timestamp(2));
    assert!(state.owed().is_empty());
}

#[test]
fn units_with_long_pasts_are_handed_over_earlier() {
    let mut state = empty();
    let mut position = 0;
    for sessions in 1..=32 {
        for unit in 0..30 {
            position += 1;
            ask(&mut state, UnitKey::native(1, 1, unit), position);
        }
        if sessions == 1 {
            state.flush(false).unwrap();
            assert_eq!(state.young.len(), 30, "of 250 that are a batch");
        }
    }
    state.flush(false).unwrap();
    assert_eq!((state.young.len(), state.weight), (0, 0));
    assert!(state.flushing.as_ref().is_some_and(|changes| changes.units.len() == 30));
}

#[test]
fn what_was_written_leaves_memory_where_what_was_not_needs_the_room() {
    let mut state = empty();
    let mut position = 0;
    let mut ask_some = |state: &mut State, units: std::ops::Range<u64>| {
        for unit in units {
            position += 1;
            ask(state, UnitKey::native(1, 1, unit), position);
        }
    };
    ask_some(&mut state, 0..300);
    assert_eq!(state.sizes(), (300, 300), "units in memory, and not on disk yet");
    state.settle().unwrap();
    assert_eq!(state.clean.len(), 300);
    assert_eq!(state.sizes(), (300, 0));
    let asked = UnitKey::native(1, 1, 7);
    let nothing = || Read { key: asked, past: Past::default(), as_of: 0 };
    assert_eq!(sessions(&mut state, asked, nothing()), 1, "the batch is still in memory");
    // A batch that takes long.
    state.flushing = Some(Arc::default());
    ask_some(&mut state, 300..500);
    state.flush(false).unwrap();
    assert_eq!((state.clean.len(), state.young.len()), (300, 200), "there is room for both");
    ask_some(&mut state, 500..510);
    state.flush(false).unwrap();
    assert_eq!((state.clean.len(), state.young.len()), (0, 210));
    assert_eq!(sessions(&mut state, asked, nothing()), 1, "what was read before the batch is not believed");
}
