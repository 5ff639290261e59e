//! A message under way when the network goes silent, and one to a peer that is there and does not answer it.

use super::*;

#[test]
fn in_silence_a_message_is_not_late_before_the_connection_is_dead() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    // From here on nothing arrives.
    for _ in 0..20 {
        pair.esme.session.written(usize::MAX, pair.now);
        pair.later(5);
    }
    assert_eq!((pair.esme.settled(), pair.esme.over()), (vec![], None), "after 100 s");
    pair.later(5);
    assert_eq!(pair.esme.over(), Some(Over::Dead));
    assert_eq!(pair.esme.settled(), [(1, Outcome::Unanswered)]);
}

#[test]
fn in_doubt_the_peer_is_asked_before_its_time_is_up() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.limits.enquire = Duration::from_secs(3_600);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    pair.esme.session.written(usize::MAX, pair.now);
    pair.later(75);
    assert!(pair.esme.settled().is_empty());
    // It is there: it answers that and not the message.
    pair.pass();
    pair.later(1);
    assert_eq!((pair.esme.settled(), pair.esme.over()), (vec![(1, Outcome::Unanswered)], None));
}
