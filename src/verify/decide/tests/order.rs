//! Which match is the verdict, what becomes of the others, and how a decision becomes an answer.

use super::*;

#[test]
fn a_number_that_is_no_units_has_its_one_verdict_and_nothing_else() {
    let recalled = scene(|scene| scene.unit_is(Life::Recalled, 9, false));
    for (found, verdict) in [
        (Found::Unavailable, Verdict::Unavailable),
        (Found::Malformed { read: 19, expected: 20 }, Verdict::Malformed { read: 19, expected: 20 }),
        (Found::Typo, Verdict::Typo),
        (Found::NotUnitCode(contract::TradeItem::Gtin), Verdict::NotUnitCode { item: contract::TradeItem::Gtin }),
        (Found::NotCovered, Verdict::NotCovered),
        (Found::Unknown(Evidence::NeverIssued), Verdict::Unknown),
    ] {
        for past in [PastView::Known(&recalled.past), PastView::Unreadable] {
            let decision = recalled.of(&found, past);
            assert_eq!(decision.verdict(), &verdict);
            assert_eq!(decision.colour(), verdict.colour());
            assert!(decision.advisories().is_empty());
            assert_eq!((decision.times_checked(), decision.first_checked()), (0, None));
        }
    }
}

#[test]
fn a_wrong_tag_and_a_number_never_issued_read_the_same_whatever_the_facts() {
    let scene = Scene::new();
    let answer = |evidence, lot: &str| {
        let facts = Facts { lot: Some(lot.to_owned()), ..Facts::default() };
        scene.of(&Found::Unknown(evidence), PastView::Known(&scene.past)).release(&Recorded::by_commit(), facts)
    };
    let never = answer(Evidence::NeverIssued, "L1");
    assert_eq!(never, answer(Evidence::WrongTag, "L2"));
    assert_eq!(never.facts, Facts::default());
}

#[test]
fn everything_at_once_is_told_in_order_of_precedence() {
    let all = scene(|scene| {
        for life in [Life::Withdrawn, Life::Stolen, Life::Compromised, Life::Recalled] {
            scene.unit_is(life, 10, false);
        }
        scene.batch.expiry = Some(day("2026-11-01"));
        scene.batch.on_sale_from = Some(day("2026-12-01"));
        scene.batch.level = 2;
        scene.lot = Some("other");
        scene.seen_at(2, before(2 * HOUR), Some(&east(0.0, 0)));
        scene.seen_at(3, before(HOUR), Some(&east(5_000.0, 0)));
        (4..8).for_each(|asker| scene.seen_by(asker, HOUR));
        scene.sold(3 * HOUR);
    });
    let decision = all.decision();
    assert_eq!(decision.verdict(), &Verdict::Compromised);
    let expected = [
        VerdictKind::Stolen,
        VerdictKind::Recalled,
        VerdictKind::Withdrawn,
        VerdictKind::Expired,
        VerdictKind::NotYetOnSale,
        VerdictKind::ImpossibleTravel,
        VerdictKind::SoldBefore,
        VerdictKind::Overchecked,
        VerdictKind::DataMismatch,
        VerdictKind::CartonCode,
    ];
    assert_eq!(kinds(decision.advisories()), expected);
    assert_eq!(decision.colour(), Colour::Red);
}

#[test]
fn the_colour_is_the_worst_even_where_the_verdict_is_milder() {
    let late = scene(|scene| {
        scene.batch.on_sale_from = Some(day("2026-12-01"));
        scene.sold(3 * HOUR);
    });
    let decision = late.decision();
    assert_eq!(decision.verdict().colour(), Colour::Amber);
    assert_eq!(kinds(decision.advisories()), [VerdictKind::SoldBefore]);
    assert_eq!(decision.colour(), Colour::Red);
}

#[test]
fn green_is_never_an_advisory_and_an_earlier_check_is_one_only_below_amber_data() {
    let first = scene(|scene| scene.lot = Some("other"));
    assert!(first.decision().advisories().is_empty());
    assert_eq!(first.decision().colour(), Colour::Amber);
    let seen = scene(|scene| {
        scene.lot = Some("other");
        scene.seen_by(2, HOUR);
    });
    assert_eq!(seen.kind(), VerdictKind::DataMismatch);
    assert_eq!(kinds(seen.decision().advisories()), [VerdictKind::GenuineSeen]);
    let recalled = scene(|scene| {
        scene.unit_is(Life::Recalled, 9, false);
        scene.seen_by(2, HOUR);
    });
    assert!(recalled.decision().advisories().is_empty(), "nobody vouches for a recalled unit");
}

#[test]
fn an_unreadable_past_says_so_and_still_warns_of_what_the_record_shows() {
    let mut plain = scene(|scene| {
        scene.covering = Timeline::default();
        scene.seen_by(2, HOUR);
    });
    let decision = plain.of(&plain.found(), PastView::Unreadable);
    assert_eq!(decision.verdict(), &Verdict::Degraded);
    assert_eq!((decision.colour(), decision.advisories()), (Colour::Grey, &[][..]), "activation may be the unit's own");
    plain.batch_is(Life::Recalled, 9, false);
    plain.batch.expiry = Some(day("2026-11-22"));
    plain.batch.on_sale_from = Some(day("2026-11-24"));
    plain.batch.level = 3;
    plain.expiry = Some(day("2027-01-01"));
    let decision = plain.of(&plain.found(), PastView::Unreadable);
    let expected = [
        VerdictKind::Recalled,
        VerdictKind::Expired,
        VerdictKind::NotYetOnSale,
        VerdictKind::DataMismatch,
        VerdictKind::CartonCode,
    ];
    assert_eq!(decision.verdict(), &Verdict::Degraded);
    assert_eq!(kinds(decision.advisories()), expected);
    assert_eq!(decision.colour(), Colour::Red);
}

#[test]
fn a_released_answer_carries_the_decisions_own_counts() {
    let stale = Seen { at: before(9 * DAY), channel: Some(Channel::Web), city: None };
    let facts = || Facts {
        lot: Some("L".to_owned()),
        times_checked: Some(99),
        first_checked: Some(stale.clone()),
        ..Facts::default()
    };
    let seen = scene(|scene| {
        scene.seen_by(1, 3 * DAY);
        scene.seen_by(2, 2 * DAY);
    });
    let answer = seen.decision().release(&Recorded::by_commit(), facts());
    assert_eq!(answer.verdict.kind(), VerdictKind::GenuineSeen);
    assert_eq!((answer.facts.lot.as_deref(), answer.facts.times_checked), (Some("L"), Some(2)));
    assert_eq!(answer.facts.first_checked.map(|first| first.at), Some(before(3 * DAY)));
    let degraded = seen.of(&seen.found(), PastView::Unreadable).release(&Recorded::by_commit(), facts());
    assert_eq!((degraded.facts.lot.as_deref(), degraded.facts.times_checked), (Some("L"), None));
    assert_eq!(degraded.facts.first_checked, None);
}

#[test]
fn a_sure_place_outside_the_sales_region_is_for_the_maker_alone() {
    let region = |city: &str, confidence| {
        scene(|scene| {
            scene.product.sales_region = vec!["Wuhan".to_owned(), "Yichang".to_owned()];
            scene.place = Some(place(city, confidence));
        })
        .decision()
    };
    let outside = region("Chengdu", Confidence::High);
    assert!(outside.wrong_region());
    assert_eq!((outside.verdict(), outside.advisories().len()), (&Verdict::GenuineFirst, 0));
    assert!(!region("yichang ", Confidence::High).wrong_region());
    assert!(!region("Chengdu", Confidence::Medium).wrong_region());
    assert!(!region("", Confidence::High).wrong_region());
    let everywhere = scene(|scene| scene.place = Some(place("Chengdu", Confidence::High)));
    assert!(!everywhere.decision().wrong_region());
    let unmarked = scene(|scene| scene.product.sales_region = vec!["Wuhan".to_owned()]);
    assert!(!unmarked.decision().wrong_region());
}

#[test]
fn a_question_is_shown_without_where_its_asker_is() {
    let asked = scene(|scene| scene.place = Some(place("Chengdu", Confidence::High)));
    let shown = asked.asking(|question| format!("{question:?}"));
    assert!(shown.contains("asker") && !shown.contains("Chengdu"), "{shown}");
}
