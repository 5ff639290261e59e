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
    assert_eq!(why(&recalled, VerdictKind::Recalled).0, Outcome::Verdict);
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
