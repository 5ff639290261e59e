//! Too far apart in too little time.

use super::*;

/// A check elsewhere by somebody else an hour ago, and this one here.
fn apart(km: f64, ago: i64) -> Scene {
    scene(|scene| {
        scene.seen_at(2, before(ago), Some(&east(0.0, 0)));
        scene.place = Some(east(km, 0));
    })
}

#[test]
fn nine_hundred_kilometres_an_hour_are_possible_and_a_little_more_is_not() {
    assert_eq!(apart(899.9, HOUR).kind(), VerdictKind::GenuineSeen);
    let elsewhere = Seen { at: before(HOUR), city: Some("0 km".to_owned()), channel: Some(Channel::Sms) };
    assert_eq!(apart(900.1, HOUR).verdict(), Verdict::ImpossibleTravel { elsewhere });
}

#[test]
fn three_hundred_kilometres_in_no_time_are_too_far_and_a_little_less_is_an_error_of_maps() {
    assert_eq!(apart(299.9, 0).kind(), VerdictKind::GenuineSeen);
    assert_eq!(apart(300.1, 0).kind(), VerdictKind::ImpossibleTravel);
}

#[test]
fn error_radii_shorten_the_way() {
    let of = |mine: u32, theirs: u32| {
        scene(|scene| {
            scene.seen_at(2, before(0), Some(&east(0.0, theirs)));
            scene.place = Some(east(500.05, mine));
        })
        .kind()
    };
    assert_eq!(of(100, 100), VerdictKind::ImpossibleTravel);
    assert_eq!(of(101, 100), VerdictKind::GenuineSeen);
    assert_eq!(of(100, 101), VerdictKind::GenuineSeen);
}

#[test]
fn errors_of_both_clocks_lengthen_the_time() {
    let of = |mine: u32, theirs: u32| {
        let mut scene = apart(1_800.5, HOUR);
        scene.past.sessions[0].asked.error_ms = theirs;
        scene.asked = Some(EventTime { at: noon(), error_ms: mine });
        scene.kind()
    };
    let half = 30 * 60_000;
    assert_eq!(of(half, half), VerdictKind::ImpossibleTravel);
    assert_eq!(of(half + 10_000, half), VerdictKind::GenuineSeen);
    assert_eq!(of(half, half + 10_000), VerdictKind::GenuineSeen);
}

#[test]
fn the_time_of_the_event_counts_and_not_its_arrival() {
    let mut stored = apart(5_000.0, 0);
    assert_eq!(stored.kind(), VerdictKind::ImpossibleTravel);
    stored.past.sessions[0].asked = EventTime::exact(before(10 * HOUR));
    assert_eq!(stored.kind(), VerdictKind::GenuineSeen, "a terminal was offline and sent it late");
}

#[test]
fn the_same_asker_and_places_that_are_not_sure_are_no_travel() {
    let mut same = apart(5_000.0, HOUR);
    same.asker = phone(2);
    assert_eq!(same.kind(), VerdictKind::GenuineAgain);
    same.asker = AskerHash { current: 9, previous: Some(2) };
    assert_eq!(same.kind(), VerdictKind::GenuineAgain, "nor under a new pepper");
    for confidence in [Confidence::Low, Confidence::Medium] {
        let mut here = apart(5_000.0, HOUR);
        here.place.as_mut().unwrap().confidence = confidence;
        assert_eq!(here.kind(), VerdictKind::GenuineSeen);
        let mut there = apart(5_000.0, HOUR);
        there.past.sessions[0].place.as_mut().unwrap().confidence = confidence;
        assert_eq!(there.kind(), VerdictKind::GenuineSeen);
    }
    let mut flagged = apart(5_000.0, HOUR);
    flagged.flagged = vec![2];
    assert_eq!(flagged.kind(), VerdictKind::GenuineFirst);
}

#[test]
fn a_copy_that_was_met_stays_known_whoever_asks_and_the_earlier_place_is_named() {
    let known = scene(|scene| {
        scene.seen_at(2, before(50 * DAY), Some(&east(0.0, 0)));
        scene.seen_at(3, before(50 * DAY - HOUR), Some(&east(5_000.0, 0)));
    });
    let elsewhere = Seen { at: before(50 * DAY), city: Some("0 km".to_owned()), channel: Some(Channel::Sms) };
    assert_eq!(known.verdict(), Verdict::ImpossibleTravel { elsewhere: elsewhere.clone() });
    let mut late = scene(|scene| {
        scene.seen_at(3, before(50 * DAY), Some(&east(5_000.0, 0)));
        scene.seen_at(2, before(50 * DAY), Some(&east(0.0, 0)));
    });
    late.past.sessions[0].asked = EventTime::exact(before(50 * DAY - HOUR));
    assert_eq!(late.verdict(), Verdict::ImpossibleTravel { elsewhere }, "by the time of the event");
}

/// A terminal that was cut off for eight hours hands its check over: the journey is reckoned by when it was asked, and the
/// sentence names the minute that the list of earlier checks names.
#[test]
fn a_late_check_is_told_by_one_time_everywhere() {
    let mut late = apart(5_000.0, HOUR);
    late.past.sessions[0].asked = EventTime::exact(before(3 * HOUR));
    let decision = late.decision();
    let Verdict::ImpossibleTravel { elsewhere } = decision.verdict() else { panic!("{:?}", decision.verdict()) };
    assert_eq!(decision.first_checked(), Some(elsewhere));
    assert_eq!(elsewhere.at, before(HOUR));
    let mut slow = apart(5_000.0, HOUR);
    slow.past.sessions[0].asked = EventTime::exact(before(8 * HOUR));
    assert_eq!(slow.kind(), VerdictKind::GenuineSeen, "there was time enough");
}

#[test]
fn one_of_the_pair_is_told_of_the_other() {
    let mut pair = scene(|scene| {
        scene.seen_at(2, before(50 * DAY), Some(&east(0.0, 0)));
        scene.seen_at(3, before(50 * DAY - HOUR), Some(&east(5_000.0, 0)));
    });
    let told = |scene: &Scene| {
        let verdict = scene.verdict();
        let Verdict::ImpossibleTravel { elsewhere } = verdict else { panic!("{verdict:?}") };
        elsewhere.city.unwrap()
    };
    pair.asker = phone(2);
    assert_eq!(told(&pair), "5000 km");
    pair.asker = phone(3);
    assert_eq!(told(&pair), "0 km");
}

#[test]
fn three_cities_within_a_day_are_too_many_at_medium_confidence() {
    let of = |last: i64, cities: [&str; 2], confidence| {
        scene(|scene| {
            scene.seen_at(2, before(last), Some(&place(cities[0], confidence)));
            scene.seen_at(3, before(last - HOUR), Some(&place(cities[1], confidence)));
            scene.place = Some(place("Jinan", Confidence::Medium));
        })
    };
    let two = ["Wuhan", "Xi'an"];
    let elsewhere = Seen { at: before(DAY), city: Some("Wuhan".to_owned()), channel: Some(Channel::Sms) };
    assert_eq!(of(DAY, two, Confidence::Medium).verdict(), Verdict::ImpossibleTravel { elsewhere });
    assert_eq!(of(DAY + 1, two, Confidence::Medium).kind(), VerdictKind::GenuineSeen);
    assert_eq!(of(DAY, two, Confidence::Low).kind(), VerdictKind::GenuineSeen);
    assert_eq!(of(DAY, ["Wuhan", "Jinan"], Confidence::Medium).kind(), VerdictKind::GenuineSeen);
    let mut late = of(DAY, two, Confidence::Medium);
    late.past.sessions[0].asked.error_ms = 1;
    assert_eq!(late.kind(), VerdictKind::GenuineSeen, "an error of a clock may make it more than a day");
    let mut mine = of(DAY, two, Confidence::Medium);
    mine.asker = phone(2);
    assert_eq!(mine.kind(), VerdictKind::GenuineSeen, "one of the three is this asker itself");
}

#[test]
fn the_city_that_is_named_is_not_the_askers_own() {
    let told = scene(|scene| {
        scene.seen_at(2, before(9 * HOUR), Some(&place("Jinan", Confidence::Medium)));
        scene.seen_at(3, before(8 * HOUR), Some(&place("Wuhan", Confidence::Medium)));
        scene.seen_at(4, before(7 * HOUR), Some(&place("Xi'an", Confidence::Medium)));
        scene.place = Some(place("Jinan", Confidence::Medium));
    });
    assert!(
        matches!(told.verdict(), Verdict::ImpossibleTravel { elsewhere } if elsewhere.city.as_deref() == Some("Wuhan"))
    );
}

#[test]
fn a_traveller_is_not_told_of_its_own_earlier_city() {
    let told = scene(|scene| {
        scene.seen_at(1, before(9 * HOUR), Some(&place("Jinan", Confidence::Medium)));
        scene.seen_at(2, before(8 * HOUR), Some(&place("Wuhan", Confidence::Medium)));
        scene.seen_at(3, before(7 * HOUR), Some(&place("Xi'an", Confidence::Medium)));
        scene.place = Some(place("Chengdu", Confidence::Medium));
    });
    let elsewhere = Seen { at: before(8 * HOUR), city: Some("Wuhan".to_owned()), channel: Some(Channel::Sms) };
    assert_eq!(told.verdict(), Verdict::ImpossibleTravel { elsewhere });
}

#[test]
fn thresholds_of_the_category_are_used() {
    let mut slow = apart(500.1, HOUR);
    assert_eq!(slow.kind(), VerdictKind::GenuineSeen);
    slow.rules = toml::from_str("[category.tea]\ntravel_max_kmh = 500").unwrap();
    assert_eq!(slow.kind(), VerdictKind::ImpossibleTravel);
}
