//! Marks, expiry, release, what the pack says, returns.

use super::*;

#[test]
fn a_mark_stands_until_a_later_event_lifts_it_wherever_either_was_set() {
    for (life, kind) in [
        (Life::Compromised, VerdictKind::Compromised),
        (Life::Stolen, VerdictKind::Stolen),
        (Life::Recalled, VerdictKind::Recalled),
        (Life::Withdrawn, VerdictKind::Withdrawn),
    ] {
        let of = |batch: Option<(u64, bool)>, unit: Option<(u64, bool)>| {
            scene(|scene| {
                batch.into_iter().for_each(|(sequence, lifted)| scene.batch_is(life, sequence, lifted));
                unit.into_iter().for_each(|(sequence, lifted)| scene.unit_is(life, sequence, lifted));
            })
            .kind()
        };
        assert_eq!(of(Some((5, false)), None), kind);
        assert_eq!(of(None, Some((5, false))), kind);
        assert_eq!(of(None, Some((5, true))), VerdictKind::GenuineFirst);
        assert_eq!(of(Some((5, false)), Some((5, true))), VerdictKind::GenuineFirst, "as a merge would have it");
        assert_eq!(of(Some((5, false)), Some((6, true))), VerdictKind::GenuineFirst, "the unit's own lift is later");
        assert_eq!(of(Some((7, false)), Some((6, true))), kind, "the batch's mark is later");
        assert_eq!(of(Some((7, true)), Some((6, false))), VerdictKind::GenuineFirst);
        assert_eq!(of(Some((5, true)), Some((6, false))), kind);
    }
}

#[test]
fn a_recall_gives_its_reason() {
    let recalled = scene(|scene| {
        let stamp = stamp(9, before(DAY), false).as_ref().clone();
        scene.covering.put(Life::Recalled, Arc::new(Stamp { reason: Some("glass".to_owned()), ..stamp }));
    });
    assert_eq!(recalled.verdict(), Verdict::Recalled { reason: Some("glass".to_owned()) });
}

#[test]
fn goods_are_good_to_the_last_millisecond_of_their_last_day_in_the_zone() {
    let of = |now: &str, zone: &str| {
        scene(|scene| {
            scene.batch.expiry = Some(day("2026-11-23"));
            scene.rules = toml::from_str(&format!("zone = {zone:?}")).unwrap();
            scene.now = at(now);
        })
        .verdict()
    };
    assert_eq!(of("2026-11-23T15:59:59.999Z", "Asia/Shanghai"), Verdict::GenuineFirst);
    let expired = Verdict::Expired { on: day("2026-11-23") };
    assert_eq!(of("2026-11-23T16:00:00Z", "Asia/Shanghai"), expired);
    assert_eq!(of("2026-11-23T16:00:00Z", "UTC"), Verdict::GenuineFirst);
    assert_eq!(scene(|scene| scene.batch.expiry = None).verdict(), Verdict::GenuineFirst);
}

#[test]
fn a_unit_not_released_is_amber_for_two_days_and_red_after() {
    let of = |ago: i64| {
        scene(|scene| {
            scene.covering = Timeline::default();
            scene.batch.issued_at = before(ago);
        })
    };
    assert_eq!(of(48 * HOUR).verdict(), Verdict::NotActivated { fresh: true });
    assert_eq!(of(48 * HOUR).decision().colour(), Colour::Amber);
    assert_eq!(of(48 * HOUR + 1).verdict(), Verdict::NotActivated { fresh: false });
    assert_eq!(of(48 * HOUR + 1).decision().colour(), Colour::Red);
}

#[test]
fn freshness_runs_from_the_later_of_issue_and_printing() {
    let of = |printed: i64, lifted: bool, issued: i64| {
        scene(|scene| {
            scene.covering = Timeline::default();
            scene.covering.put(Life::Printed, stamp(2, before(printed), lifted));
            scene.batch.issued_at = before(issued);
        })
        .verdict()
    };
    assert_eq!(of(DAY, false, 30 * DAY), Verdict::NotActivated { fresh: true });
    assert_eq!(of(30 * DAY, false, DAY), Verdict::NotActivated { fresh: true });
    assert_eq!(of(DAY, true, 30 * DAY), Verdict::NotActivated { fresh: false });
}

#[test]
fn activation_counts_for_batch_or_unit_and_not_when_lifted() {
    let of = |change: fn(&mut Scene)| {
        scene(|scene| {
            scene.covering = Timeline::default();
            change(scene);
        })
        .kind()
    };
    assert_eq!(of(|scene| scene.unit_is(Life::Activated, 3, false)), VerdictKind::GenuineFirst);
    assert_eq!(of(|scene| scene.batch_is(Life::Activated, 3, false)), VerdictKind::GenuineFirst);
    assert_eq!(of(|scene| scene.unit_is(Life::Activated, 3, true)), VerdictKind::NotActivated);
    assert_eq!(of(|scene| scene.unit_is(Life::Applied, 3, false)), VerdictKind::NotActivated);
}

#[test]
fn released_goods_are_not_on_sale_before_they_arrive_where_arrivals_are_recorded() {
    let of = |tracks: bool, change: fn(&mut Scene)| {
        scene(|scene| {
            scene.product.tracks_shipping = tracks;
            change(scene);
        })
        .verdict()
    };
    assert_eq!(of(true, |_| ()), Verdict::NotYetOnSale { from: None });
    assert_eq!(of(false, |_| ()), Verdict::GenuineFirst);
    assert_eq!(of(true, |scene| scene.batch_is(Life::Shipped, 3, false)), Verdict::GenuineFirst);
    assert_eq!(of(true, |scene| scene.unit_is(Life::Shipped, 3, true)), Verdict::NotYetOnSale { from: None });
    let past_day = |scene: &mut Scene| scene.batch.on_sale_from = Some(day("2026-11-01"));
    assert_eq!(of(true, past_day), Verdict::NotYetOnSale { from: None }, "no day is named that is over");
    let idle = |scene: &mut Scene| scene.covering = Timeline::default();
    assert_eq!(of(true, idle).kind(), VerdictKind::NotActivated);
    let both = scene(|scene| {
        scene.product.tracks_shipping = true;
        idle(scene);
    });
    assert!(both.decision().advisories().is_empty(), "what is not released need not be told that it has not arrived");
}

#[test]
fn goods_are_on_sale_from_the_first_millisecond_of_their_first_day() {
    let of = |now: &str| {
        scene(|scene| {
            scene.batch.on_sale_from = Some(day("2026-11-23"));
            scene.now = at(now);
        })
        .verdict()
    };
    assert_eq!(of("2026-11-22T15:59:59.999Z"), Verdict::NotYetOnSale { from: Some(day("2026-11-23")) });
    assert_eq!(of("2026-11-22T16:00:00Z"), Verdict::GenuineFirst);
}

#[test]
fn what_the_pack_says_is_compared_as_it_is_meant_and_only_where_both_sides_say_something() {
    let of = |lot: Option<&'static str>, expiry: Option<&str>| {
        scene(|scene| {
            scene.lot = lot;
            scene.expiry = expiry.map(day);
        })
        .verdict()
    };
    assert_eq!(of(Some("l2407 a"), Some("2027-06-30")), Verdict::GenuineFirst);
    assert_eq!(of(Some("L2407-B"), None), Verdict::DataMismatch { lot: true, expiry: false, product: false });
    assert_eq!(of(None, Some("2027-06-29")), Verdict::DataMismatch { lot: false, expiry: true, product: false });
    assert_eq!(of(Some("X"), Some("2027-06-29")), Verdict::DataMismatch { lot: true, expiry: true, product: false });
    assert_eq!(of(Some(" - "), None), Verdict::GenuineFirst);
    let silent = scene(|scene| {
        scene.batch.lot = String::new();
        scene.batch.expiry = None;
        scene.lot = Some("L1");
        scene.expiry = Some(day("2027-06-29"));
    });
    assert_eq!(silent.verdict(), Verdict::GenuineFirst);
}

#[test]
fn a_number_under_another_products_barcode_does_not_match() {
    let of = |recorded: Option<&str>, given| {
        scene(|scene| {
            scene.product.gtin = recorded.map(str::to_owned);
            scene.gtin = given;
        })
        .verdict()
    };
    let (own, boxed, other) = ("06901234567892", "16901234567899", "09520000001018");
    assert_eq!(of(Some(own), Some(own)), Verdict::GenuineFirst);
    assert_eq!(of(Some(own), Some(boxed)), Verdict::GenuineFirst, "the box of the same goods");
    assert_eq!(of(Some(own), Some(other)), Verdict::DataMismatch { lot: false, expiry: false, product: true });
    assert_eq!(of(Some(own), None), Verdict::GenuineFirst);
    assert_eq!(of(None, Some(other)), Verdict::GenuineFirst, "the record says nothing of a barcode");
}

#[test]
fn the_number_of_a_box_is_said_to_be_one() {
    let of = |level| {
        scene(|scene| {
            scene.batch.level = level;
            scene.batch.holds = 12;
        })
        .verdict()
    };
    assert_eq!(of(1), Verdict::GenuineFirst);
    assert_eq!(of(2), Verdict::CartonCode { holds: 12 });
    assert_eq!(of(4), Verdict::CartonCode { holds: 12 });
}

#[test]
fn a_sale_is_taken_back_by_its_own_shop_within_ten_days_and_once() {
    let rules = Rules::default();
    let sale = Stamp { by: "shop".to_owned(), ..stamp(1, noon(), false).as_ref().clone() };
    let after = |millis: i64| Timestamp(noon().0 + millis);
    assert!(may_return(&sale, after(0), "shop", &rules));
    assert!(may_return(&sale, after(10 * DAY), "shop", &rules));
    assert!(!may_return(&sale, after(10 * DAY + 1), "shop", &rules));
    assert!(!may_return(&sale, after(-1), "shop", &rules), "not before it was sold");
    assert!(!may_return(&sale, after(DAY), "other shop", &rules));
    assert!(!may_return(&Stamp { lifted: true, ..sale }, after(DAY), "shop", &rules));
}
