//! Sold before, and asked about by too many.

use super::*;

#[test]
fn a_sale_speaks_against_the_next_asker_only_after_half_an_hour() {
    let of = |ago: i64| scene(|scene| scene.sold(ago)).verdict();
    assert_eq!(of(30 * MINUTE), Verdict::GenuineFirst);
    let at = before(30 * MINUTE + 1);
    let sale = Seen { at, city: Some("Wuhan".to_owned()), channel: None };
    assert_eq!(of(30 * MINUTE + 1), Verdict::SoldBefore { sale });
    assert_eq!(scene(|scene| scene.sold(-DAY)).verdict(), Verdict::GenuineFirst, "a sale yet to come");
}

#[test]
fn who_asked_around_the_sale_is_the_buyer() {
    let sale = 5 * DAY;
    let of = |asker: u64, ago: i64| {
        scene(|scene| {
            scene.sold(sale);
            scene.seen_by(asker, ago);
        })
        .kind()
    };
    assert_eq!(of(1, sale + 24 * HOUR), VerdictKind::GenuineAgain);
    assert_eq!(of(1, sale + 24 * HOUR + 1), VerdictKind::SoldBefore);
    assert_eq!(of(1, sale - 30 * MINUTE), VerdictKind::GenuineAgain);
    assert_eq!(of(1, sale - 30 * MINUTE - 1), VerdictKind::SoldBefore);
    assert_eq!(of(2, sale), VerdictKind::SoldBefore, "somebody else asked");
}

#[test]
fn a_buyer_stays_the_buyer_over_a_change_of_pepper() {
    let moved = scene(|scene| {
        scene.sold(5 * DAY);
        scene.seen_by(1, 5 * DAY);
        scene.asker = AskerHash { current: 77, previous: Some(1) };
    });
    assert_eq!(moved.kind(), VerdictKind::GenuineAgain);
}

#[test]
fn a_returned_sale_is_none() {
    let returned = scene(|scene| {
        scene.sold(5 * DAY);
        scene.past.live(Life::Sold, stamp(51, before(4 * DAY), true));
    });
    assert_eq!(returned.kind(), VerdictKind::GenuineFirst);
}

#[test]
fn an_open_number_bears_four_others_and_a_hidden_one_bears_one() {
    let of = |concealment, others: u64| {
        scene(|scene| {
            scene.batch.concealment = concealment;
            scene.seen_by(1, 20 * DAY);
            (2..2 + others).for_each(|asker| scene.seen_by(asker, 10 * DAY));
        })
    };
    assert_eq!(of(Concealment::Printed, 4).kind(), VerdictKind::GenuineSeen);
    assert_eq!(of(Concealment::Hidden, 1).kind(), VerdictKind::GenuineSeen);
    let overchecked = |times| {
        let first = Seen { at: before(10 * DAY), city: None, channel: Some(Channel::Sms) };
        Verdict::Overchecked { times, first }
    };
    assert_eq!(of(Concealment::Printed, 5).verdict(), overchecked(5));
    assert_eq!(of(Concealment::Hidden, 2).verdict(), overchecked(2));
    assert_eq!(of(Concealment::Hidden, 2).decision().times_checked(), 3, "this asker's own included");
}

#[test]
fn a_category_bears_what_its_rules_say() {
    let liberal = scene(|scene| {
        scene.rules = toml::from_str("[category.tea]\noverchecked_printed = 6").unwrap();
        (2..7).for_each(|asker| scene.seen_by(asker, DAY));
    });
    assert_eq!(liberal.kind(), VerdictKind::GenuineSeen);
    let other = scene(|scene| {
        scene.rules = toml::from_str("[category.rice]\noverchecked_printed = 6").unwrap();
        (2..7).for_each(|asker| scene.seen_by(asker, DAY));
    });
    assert_eq!(other.kind(), VerdictKind::Overchecked);
}

#[test]
fn requests_within_a_session_are_one_and_a_flagged_askers_none() {
    let many = scene(|scene| (0..50).for_each(|minute| scene.seen_by(2, DAY - minute * MINUTE)));
    assert_eq!(many.decision().times_checked(), 1);
    assert_eq!(many.kind(), VerdictKind::GenuineSeen);
    let burnt = scene(|scene| {
        (2..12).for_each(|asker| scene.seen_by(asker, DAY));
        scene.flagged = (2..12).collect();
    });
    assert_eq!(burnt.verdict(), Verdict::GenuineFirst);
    assert_eq!((burnt.decision().times_checked(), burnt.decision().first_checked()), (0, None));
}

#[test]
fn sessions_that_are_counted_in_another_count_in_full() {
    let days = scene(|scene| (0..40).for_each(|day| scene.seen_by(2, (50 - day) * DAY)));
    let first = Seen { at: before(50 * DAY), city: None, channel: Some(Channel::Sms) };
    assert_eq!(days.verdict(), Verdict::Overchecked { times: 40, first });
    assert_eq!(days.decision().times_checked(), 40);
}

#[test]
fn sessions_no_longer_listed_count_as_others_unless_all_others_are_flagged() {
    let crowd = scene(|scene| (2..62).for_each(|asker| scene.seen_by(asker, DAY)));
    assert!(matches!(crowd.verdict(), Verdict::Overchecked { times: 60, .. }));
    let burnt = scene(|scene| {
        scene.seen_by(1, 2 * DAY);
        (2..62).for_each(|asker| scene.seen_by(asker, DAY));
        scene.flagged = (2..62).collect();
    });
    assert_eq!(burnt.kind(), VerdictKind::GenuineAgain);
    assert_eq!(burnt.decision().times_checked(), 1);
}

#[test]
fn others_in_three_cities_within_thirty_days_are_too_many() {
    let of = |oldest: i64, cities: [&str; 3], confidence| {
        scene(|scene| {
            for ((asker, ago), city) in [(2, oldest), (3, 20 * DAY), (4, 10 * DAY)].into_iter().zip(cities) {
                scene.seen_at(asker, before(ago), Some(&place(city, confidence)));
            }
        })
        .kind()
    };
    let three = ["Wuhan", "Xi'an", "Jinan"];
    assert_eq!(of(30 * DAY, three, Confidence::Medium), VerdictKind::Overchecked);
    assert_eq!(of(30 * DAY + 1, three, Confidence::Medium), VerdictKind::GenuineSeen);
    assert_eq!(of(30 * DAY, three, Confidence::Low), VerdictKind::GenuineSeen);
    assert_eq!(of(30 * DAY, ["Wuhan", "Xi'an", "wuhan"], Confidence::High), VerdictKind::GenuineSeen);
}

#[test]
fn one_traveller_and_this_asker_make_no_crowd_of_cities() {
    let traveller = scene(|scene| {
        for (ago, city) in [(20, "Wuhan"), (15, "Xi'an"), (10, "Jinan")] {
            scene.seen_at(2, before(ago * DAY), Some(&place(city, Confidence::High)));
        }
    });
    assert_eq!(traveller.kind(), VerdictKind::GenuineSeen);
    let own = scene(|scene| {
        scene.seen_at(1, before(20 * DAY), Some(&place("Wuhan", Confidence::High)));
        scene.seen_at(2, before(15 * DAY), Some(&place("Xi'an", Confidence::High)));
        scene.seen_at(3, before(10 * DAY), Some(&place("Jinan", Confidence::High)));
    });
    assert_eq!(own.kind(), VerdictKind::GenuineSeen);
}
