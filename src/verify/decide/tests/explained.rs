//! What is said of a decision agrees with it, and tells the figures.

use proptest::prelude::*;

use super::properties::any_scene;
use super::*;

fn why(scene: &Scene, kind: VerdictKind) -> (Outcome, String) {
    let considered = scene.explained().into_iter().find(|considered| considered.rule == kind.name()).unwrap();
    (considered.outcome, considered.why)
}

#[test]
fn a_rule_says_what_it_looked_at() {
    let crowd = scene(|scene| (2..6).for_each(|asker| scene.seen_by(asker, HOUR)));
    let (outcome, said) = why(&crowd, VerdictKind::Overchecked);
    assert_eq!(outcome, Outcome::Near);
    assert!(said.starts_with("4 sessions of others, 5 are too many (openly printed)"), "{said}");
    assert_eq!(why(&crowd, VerdictKind::GenuineSeen).0, Outcome::Verdict);

    let travelled = scene(|scene| {
        let (here, there) = (east(0.0, 0), east(400.0, 10));
        scene.seen_at(2, before(2 * HOUR), Some(&here));
        scene.seen_at(3, before(HOUR), Some(&there));
    });
    let (outcome, said) = why(&travelled, VerdictKind::ImpossibleTravel);
    assert_eq!(outcome, Outcome::Near);
    assert!(said.starts_with("390 km in 60 min from 0 km to 400 km"), "{said}");

    let lifted = scene(|scene| scene.batch_is(Life::Recalled, 3, true));
    assert_eq!(
        why(&lifted, VerdictKind::Recalled),
        (Outcome::Near, "lifted on 2026-11-22 by shop".to_owned()),
        "a recall that is over is told to the operator"
    );
    let recalled = scene(|scene| {
        scene.unit_is(Life::Recalled, 3, false);
        scene.batch.level = 2;
    });
    let (outcome, said) = why(&recalled, VerdictKind::Recalled);
    assert_eq!((outcome, said.as_str()), (Outcome::Verdict, "since 2026-11-22 by shop"));
    let (outcome, said) = why(&scene(|_| {}), VerdictKind::NotActivated);
    assert_eq!((outcome, said.as_str()), (Outcome::Clear, "activated on 2026-08-25 by shop"));
    assert_eq!(why(&recalled, VerdictKind::CartonCode).0, Outcome::Besides);

    let (outcome, said) = why(&scene(|scene| scene.batch.expiry = Some(day("2026-11-30"))), VerdictKind::Expired);
    assert_eq!((outcome, said.as_str()), (Outcome::Near, "good until 2026-11-30, 7 days left"));
    let (_, said) = why(&scene(|scene| scene.lot = Some("X")), VerdictKind::DataMismatch);
    assert!(said.starts_with("lot L2407-A on record, X given"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_explanation_names_the_verdict_once_and_the_advisories_as_they_stand((scene, _) in any_scene()) {
        let decision = scene.decision();
        let considered = scene.explained();
        let of = |outcome| -> Vec<&str> {
            considered.iter().filter(|one| one.outcome == outcome).map(|one| one.rule.as_str()).collect()
        };
        prop_assert_eq!(of(Outcome::Verdict), [decision.verdict().kind().name()]);
        let advisories: Vec<&str> = decision.advisories().iter().map(|advisory| advisory.kind().name()).collect();
        prop_assert_eq!(of(Outcome::Besides), advisories);
        prop_assert!(considered.iter().all(|one| !one.why.is_empty()));
    }
}

/// Every rule's outcome and what is said of it, those that have nothing to say left out.
fn told(scene: &Scene) -> Vec<String> {
    let silent = ["no such mark", "no sale on record"];
    let considered = scene.explained().into_iter().filter(|one| !silent.contains(&one.why.as_str()));
    considered.map(|one| format!("{} {:?}: {}", one.rule, one.outcome, one.why)).collect()
}

#[test]
fn every_rule_tells_its_figures() {
    let all_at_once = scene(|scene| {
        scene.batch.expiry = Some(day("2026-11-20"));
        scene.batch.on_sale_from = Some(day("2026-11-24"));
        scene.batch.level = 3;
        scene.product.tracks_shipping = true;
        scene.lot = Some("X");
        scene.expiry = Some(day("2027-01-01"));
        scene.covering = Timeline::default();
        scene.unit_is(Life::Shipped, 4, false);
        scene.sold(3 * HOUR);
        scene.seen_by(2, HOUR);
        scene.rules =
            toml::from_str("[category.tea]\nactivation_grace_hours = 12\nsale_settles_minutes = 20\ntravel_max_kmh = 500\noverchecked_days = 9")
                .unwrap();
    });
    assert_eq!(
        told(&all_at_once),
        [
            "expired Verdict: good until 2026-11-20, 3 days ago",
            "not_activated Besides: never activated; issued or printed 2400 h ago, amber for 12 h and red then",
            "not_yet_on_sale Clear: on sale from 2026-11-24; at a shop since 2026-11-22 by shop",
            "impossible_travel Clear: no two askers at places that are sure; limit 500 km/h from 300 km on",
            "sold_before Besides: sold on 2026-11-23 in Wuhan by shop; who asked around it, to 20 min after, is the buyer",
            "overchecked Clear: 1 session of others, 5 are too many (openly printed); cities in 9 days: 0, 3 are too many",
            "data_mismatch Besides: lot L2407-A on record, X given; last day 2026-11-20 on record, 2027-01-01 given; \
             GTIN: none on record",
            "carton_code Besides: level 3: a box that holds 1",
        ]
    );
    let taken_back = scene(|scene| {
        scene.product.tracks_shipping = true;
        scene.unit_is(Life::Activated, 4, true);
        scene.unit_is(Life::Sold, 5, true);
        scene.batch.concealment = Concealment::Hidden;
    });
    assert_eq!(
        told(&taken_back),
        [
            "expired Clear: good until 2027-06-30, 219 days left",
            "not_activated Verdict: its activation was lifted; issued or printed 2400 h ago, amber for 48 h and red then",
            "not_yet_on_sale Clear: no first day of sale; not recorded at any shop",
            "impossible_travel Clear: no two askers at places that are sure; limit 900 km/h from 300 km on",
            "sold_before Near: returned on 2026-11-22 by shop",
            "overchecked Clear: 0 sessions of others, 2 are too many (under a coating); cities in 30 days: 0, 3 are too many",
            "data_mismatch Clear: lot L2407-A on record, nothing given; last day 2027-06-30 on record, nothing given; \
             GTIN: none on record",
            "carton_code Clear: level 1: the unit that is sold",
        ]
    );
    let asked_often = scene(|scene| {
        scene.seen_by(1, HOUR);
        (scene.past.unlisted, scene.past.uncounted) = (7, 2);
    });
    let last_of = |scene: &Scene| told(scene).pop().unwrap();
    let said = last_of(&asked_often);
    assert!(said.ends_with("1 session listed and 7 no longer listed, 2 checks that do not count"), "{said}");
    let said = last_of(&scene(|scene| scene.seen_by(1, HOUR)));
    assert!(said.ends_with("1 session listed, 0 checks that do not count"), "{said}");
    let said = last_of(&scene(|scene| scene.past.uncounted = 1));
    assert!(said.ends_with("0 sessions listed, 1 check that does not count"), "{said}");
}
