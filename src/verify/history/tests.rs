//! Tests of the fold over a unit's past.
//!
//! Examples first, then what holds for every log.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3_600_000;

fn asker(current: u64) -> AskerHash {
    AskerHash { current, previous: None }
}

fn by(asker: AskerHash, hours: i64) -> Checked<'static> {
    let at = Timestamp(hours * HOUR);
    Checked { asker, counts: true, at, channel: Channel::Sms, asked: EventTime::exact(at), place: None }
}

fn fold<'a>(checks: impl IntoIterator<Item = Checked<'a>>) -> Past {
    let mut past = Past::default();
    checks.into_iter().for_each(|check| past.check(&check));
    past
}

#[test]
fn a_session_lasts_a_day_from_its_first_check_and_not_a_moment_longer() {
    let mut last = by(asker(1), 0);
    last.at = Timestamp(24 * HOUR - 1);
    let mut past = fold([by(asker(1), 0), by(asker(1), 23), last]);
    assert_eq!(past.sessions.len(), 1);
    assert_eq!((past.sessions[0].checks, past.sessions[0].last_at), (3, Timestamp(24 * HOUR - 1)));
    past.check(&by(asker(1), 24));
    assert_eq!(past.sessions.len(), 2, "a session does not grow with every check");
}

#[test]
fn an_asker_under_a_new_pepper_goes_on_with_its_session() {
    let past = fold([by(asker(1), 0), by(AskerHash { current: 2, previous: Some(1) }, 1)]);
    assert_eq!(past.sessions.len(), 1);
    assert_eq!((past.sessions[0].asker, past.sessions[0].who()), (1, 2));
}

#[test]
fn an_asker_keeps_all_its_sessions_over_many_peppers() {
    let named = |n: u64| AskerHash { current: n, previous: Some(n - 1) };
    let past = fold((1..=6).map(|n| by(named(n), i64::try_from(n).unwrap() * 100)));
    assert_eq!(past.sessions.len(), 6);
    assert!(past.sessions.iter().all(|session| session.is_by(&named(7))), "known under the pepper before");
    assert!(past.sessions.iter().all(|session| session.who() == 6));
    assert!(!past.sessions[0].is_by(&named(8)), "a pepper that was skipped hides the asker");
}

#[test]
fn a_flag_on_any_name_of_an_asker_covers_its_session() {
    let past = fold([by(asker(1), 0), by(AskerHash { current: 2, previous: Some(1) }, 1)]);
    for name in [1, 2] {
        assert!(past.sessions[0].is_flagged(&|asker| asker == name), "{name}");
    }
    assert!(!past.sessions[0].is_flagged(&|asker| asker == 3));
    assert!(AskerHash { current: 2, previous: Some(1) }.is_flagged(&|asker| asker == 1));
}

#[test]
fn an_owner_who_asks_every_day_for_a_year_is_never_counted_as_somebody_else() {
    let past = fold((0..365).map(|day| by(asker(1), day * 24)));
    assert_eq!(past.unlisted, 0);
    assert!(past.sessions.iter().all(|session| session.who() == 1));
    assert_eq!(past.sessions.iter().map(Session::weight).sum::<u32>(), 365);
    assert_eq!(past.sessions[0].first_at, Timestamp(0));
    assert_eq!(past.sessions.last().unwrap().first_at, Timestamp(364 * 24 * HOUR));
}

#[test]
fn one_busy_asker_does_not_push_others_off_the_list() {
    let others = (2..=9).map(|n| by(asker(n), 0));
    let busy = (0..200).map(|day| by(asker(1), day * 24));
    let past = fold(others.chain(busy));
    assert_eq!(past.unlisted, 0);
    for n in 2..=9 {
        assert!(past.sessions.iter().any(|session| session.who() == n), "asker {n} is gone");
    }
    let mine: Vec<&Session> = past.sessions.iter().filter(|session| session.who() == 1).collect();
    assert_eq!(mine.first().unwrap().first_at, Timestamp(0), "the start of a run stays");
    assert_eq!(mine.iter().map(|session| session.weight()).sum::<u32>(), 200);
}

#[test]
fn two_askers_in_turns_fold_into_themselves() {
    let turns = (0..60_u64).map(|n| by(asker(2 + n % 2), i64::try_from(n).unwrap() * 24));
    let past = fold([by(asker(1), 0)].into_iter().chain(turns));
    assert_eq!((past.sessions.len(), past.unlisted), (Past::LISTED, 0));
    let of = |name| past.sessions.iter().filter(|session| session.who() == name).map(Session::weight).sum::<u32>();
    assert_eq!([of(1), of(2), of(3)], [1, 30, 30]);
    assert_eq!(past.sessions.last().unwrap().first_at, Timestamp(59 * 24 * HOUR));
}

#[test]
fn a_session_of_an_asker_who_is_only_first_of_all_is_counted_there() {
    let all = [0_u64, 1].into_iter().map(|day| by(asker(1), i64::try_from(day).unwrap() * 24));
    // The first asker's second session stands at place 1 and is followed by thirty-one different askers.
    let past = fold(all.chain((2..=32).map(|n| by(asker(n), 48))));
    assert_eq!(past.sessions.len(), Past::LISTED);
    assert_eq!((past.sessions[0].folded, past.unlisted), (1, 0));
}

#[test]
fn where_all_are_different_the_second_oldest_becomes_a_number() {
    let past = fold((0..40).map(|n| by(asker(n), 0)));
    assert_eq!((past.sessions.len(), past.unlisted), (Past::LISTED, 8));
    assert_eq!(past.sessions[0].asker, 0);
    assert_eq!(past.sessions[1].asker, 9);
}

#[test]
fn what_is_counted_in_a_session_moves_on_with_it() {
    // Thirty-two days of one asker fold, then forty others push it out: all of its days are still counted.
    let days = (0..34).map(|day| by(asker(1), day * 24));
    let past = fold([by(asker(9_999), 0)].into_iter().chain(days).chain((2..60).map(|n| by(asker(n), 2_000))));
    let listed: u32 = past.sessions.iter().map(Session::weight).sum();
    assert_eq!(listed + past.unlisted, 1 + 34 + 58);
}

#[derive(Debug, Clone)]
struct Step {
    asker: u64,
    pepper: bool,
    counts: bool,
    hours: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..50_u64, any::<bool>(), prop::bool::weighted(0.8), 0..40_i64)
        .prop_map(|(asker, pepper, counts, hours)| Step { asker, pepper, counts, hours });
    prop::collection::vec(step, 0..150)
}

fn run(steps: &[Step]) -> Past {
    let mut now = 0;
    let mut past = Past::default();
    for step in steps {
        now += step.hours;
        let asker = if step.pepper {
            AskerHash { current: step.asker + 1_000, previous: Some(step.asker) }
        } else {
            asker(step.asker)
        };
        past.check(&Checked { counts: step.counts, ..by(asker, now) });
    }
    past
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_fold_is_bounded_repeatable_and_keeps_the_first(steps in steps()) {
        let past = run(&steps);
        prop_assert_eq!(&past, &run(&steps), "the same log gives the same past");
        prop_assert!(past.sessions.len() <= Past::LISTED);
        prop_assert!(past.sessions.is_sorted_by_key(|session| session.first_at), "in order of log time");
        let uncounted = steps.iter().filter(|step| !step.counts).count();
        prop_assert_eq!(usize::try_from(past.uncounted).unwrap(), uncounted);
        let mut now = 0;
        let first = steps.iter().find_map(|step| {
            now += step.hours;
            step.counts.then_some(Timestamp(now * HOUR))
        });
        prop_assert_eq!(past.sessions.first().map(|session| session.first_at), first);
    }

    #[test]
    fn checks_that_do_not_count_leave_the_list_as_it_was(steps in steps()) {
        let mut now = 0;
        let mut counted = Past::default();
        for step in &steps {
            now += step.hours;
            if step.counts {
                let hash = AskerHash { current: step.asker + 1_000, previous: Some(step.asker) };
                counted.check(&by(if step.pepper { hash } else { asker(step.asker) }, now));
            }
        }
        let past = run(&steps);
        prop_assert_eq!(past.sessions, counted.sessions);
        prop_assert_eq!(past.unlisted, counted.unlisted);
    }

    #[test]
    fn a_past_survives_its_bytes_and_the_same_past_has_the_same_bytes(steps in steps(), sequence in any::<u64>()) {
        let mut past = run(&steps);
        if let Some(first) = past.sessions.first_mut() {
            let point = Some(contract::Point { lat_e5: -1, lon_e5: 2, radius_km: 3 });
            let confidence = Confidence::High;
            first.place = Some(Place { city: "上海".to_owned(), district: None, point, confidence });
        }
        let stamp =
            Stamp { sequence, at: Timestamp(5), lifted: false, by: "m".to_owned(), city: None, reason: None };
        past.live(Life::Activated, Arc::new(stamp));
        let bytes = minicbor::to_vec(&past).unwrap();
        prop_assert_eq!(&minicbor::decode::<Past>(&bytes).unwrap(), &past);
        prop_assert_eq!(minicbor::to_vec(past.clone()).unwrap(), bytes);
    }
}

#[test]
fn of_a_place_only_what_rules_look_at_is_kept() {
    let point = Some(contract::Point { lat_e5: 2_254_321, lon_e5: 11_406_789, radius_km: 0 });
    let place =
        |confidence| Place { city: "Shenzhen".to_owned(), district: Some("Futian".to_owned()), point, confidence };
    let kept = |place: &Place| fold([Checked { place: Some(place), ..by(asker(1), 0) }]).sessions[0].place.clone();
    let bare = |confidence, point| Place { district: None, point, ..place(confidence) };
    assert_eq!(kept(&place(Confidence::Low)), None, "what an asker claims");
    assert_eq!(kept(&place(Confidence::Medium)), Some(bare(Confidence::Medium, None)));
    assert_eq!(
        kept(&place(Confidence::High)),
        Some(bare(Confidence::High, point)),
        "a terminal stands where it stands"
    );
}
