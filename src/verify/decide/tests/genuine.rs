//! What is said of a unit that nothing speaks against.

use super::*;

fn first(ago: i64) -> Seen {
    Seen { at: before(ago), city: None, channel: Some(Channel::Sms) }
}

#[test]
fn the_first_asker_hears_that_it_is_the_first() {
    let decision = Scene::new().decision();
    assert_eq!(decision.verdict(), &Verdict::GenuineFirst);
    assert_eq!((decision.colour(), decision.times_checked()), (Colour::Green, 0));
}

#[test]
fn who_alone_asked_before_hears_when_it_first_did() {
    let again = scene(|scene| {
        scene.seen_by(1, 9 * DAY);
        scene.seen_by(1, 3 * DAY);
        scene.seen_by(1, HOUR);
    });
    let decision = again.decision();
    assert_eq!(decision.verdict(), &Verdict::GenuineAgain { first: first(9 * DAY) });
    assert_eq!((decision.colour(), decision.times_checked()), (Colour::Green, 3));
    assert_eq!(decision.first_checked(), Some(&first(9 * DAY)));
}

#[test]
fn others_before_are_counted_without_this_askers_own() {
    let seen = scene(|scene| {
        scene.seen_by(1, 9 * DAY);
        scene.seen_by(2, 5 * DAY);
        scene.seen_by(3, 4 * DAY);
    });
    let decision = seen.decision();
    assert_eq!(decision.verdict(), &Verdict::GenuineSeen { times: 2, first: first(5 * DAY) });
    assert_eq!((decision.colour(), decision.times_checked()), (Colour::Amber, 3));
    assert_eq!(decision.first_checked(), Some(&first(9 * DAY)));
}

#[test]
fn an_address_or_a_terminal_is_never_told_that_it_asked_before_nor_that_it_is_first() {
    let shared = scene(|scene| {
        scene.is_you = false;
        scene.seen_by(1, 9 * DAY);
        scene.seen_by(1, 5 * DAY);
    });
    assert_eq!(shared.verdict(), Verdict::GenuineSeen { times: 2, first: first(9 * DAY) });
    let with_others = scene(|scene| {
        scene.is_you = false;
        scene.seen_by(1, 9 * DAY);
        scene.seen_by(2, 5 * DAY);
    });
    assert_eq!(with_others.verdict(), Verdict::GenuineSeen { times: 2, first: first(9 * DAY) });
    assert_eq!(scene(|scene| scene.is_you = false).verdict(), Verdict::GenuineFirst);
}

#[test]
fn a_terminals_own_sessions_are_not_others() {
    let shelf = scene(|scene| {
        scene.is_you = false;
        scene.batch.concealment = Concealment::Hidden;
        (0..9).for_each(|day| scene.seen_by(1, 9 * DAY - day * DAY));
    });
    assert_eq!(shelf.kind(), VerdictKind::GenuineSeen);
}

#[test]
fn an_inspector_hears_what_a_shopper_hears_and_leaves_no_trace() {
    for role in [Role::Trade, Role::Inspector, Role::Maker] {
        let mut visit = scene(|scene| scene.role = role);
        assert_eq!(visit.verdict(), Verdict::GenuineFirst);
        let question = Question {
            asker: phone(8),
            is_you: true,
            role,
            channel: Channel::Api,
            place: None,
            asked: EventTime::exact(before(HOUR)),
            lot: None,
            expiry: None,
            gtin: None,
            flagged: &|_| false,
        };
        visit.past.check(&question.checked(before(HOUR)));
        visit.role = Role::Shopper;
        assert_eq!(visit.verdict(), Verdict::GenuineFirst);
        assert_eq!(visit.past.uncounted, 1);
    }
    let counted = scene(|scene| {
        scene.role = Role::Trade;
        scene.seen_by(2, DAY);
    });
    assert_eq!(counted.kind(), VerdictKind::GenuineSeen);
}

#[test]
fn a_city_is_named_only_where_the_place_was_known_to_the_city() {
    let of = |confidence| {
        let seen = scene(|scene| scene.seen_at(2, before(DAY), Some(&place("Wuhan", confidence))));
        seen.decision().first_checked().and_then(|first| first.city.clone())
    };
    assert_eq!(of(Confidence::Low), None);
    assert_eq!(of(Confidence::Medium).as_deref(), Some("Wuhan"));
}
