//! Tests of quotas, the guard and the flags, with time handed in.

mod apart;
mod fleet;
mod guessing;
mod networks;

use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An ordinary morning.
const START: i64 = 1_795_406_400_000;

fn after(millis: i64) -> Timestamp {
    Timestamp(START + millis)
}

fn by(n: u64, kind: AskerKind) -> Asking {
    let channel = if kind == AskerKind::Terminal { Channel::Kiosk } else { Channel::Sms };
    Asking { asker: AskerHash { current: n, previous: None }, kind, channel, origin: None }
}

fn person(n: u64) -> Asking {
    by(n, AskerKind::Person)
}

fn admission(text: &str) -> Admission {
    Admission::new(toml::from_str(text).unwrap(), Arc::default())
}

fn ask(admission: &Admission, asker: u64, at: i64) -> Admitted {
    admission.admit(&person(asker), 1, after(at))
}

fn limited(minutes: u32, log: bool) -> Admitted {
    Admitted::Limited { minutes, log, cause: Cause::Quota }
}

fn is_limited(admitted: Admitted) -> bool {
    matches!(admitted, Admitted::Limited { .. })
}

/// Numbers far apart from one another.
fn outcomes(numbers: std::ops::Range<u64>, sight: Sight) -> Vec<Outcome> {
    let outcome = |n: u64| Outcome { number: short(n) + 1, place: short(n) * 1_000 + 1, sight, product: None };
    numbers.map(outcome).collect()
}

fn misses(numbers: std::ops::Range<u64>) -> Vec<Outcome> {
    outcomes(numbers, Sight::Unknown)
}

fn hits(numbers: std::ops::Range<u64>) -> Vec<Outcome> {
    outcomes(numbers, Sight::Known)
}

/// Whether that made a guesser of asker 1.
fn learn(admission: &Admission, outcomes: &[Outcome], at: i64) -> Option<Flag> {
    admission.learned(&person(1), outcomes, after(at)).flag
}

#[test]
fn a_person_has_twenty_checks_an_hour_and_is_told_when_the_next_comes_back() {
    let admission = admission("");
    for _ in 0..20 {
        assert_eq!(ask(&admission, 1, 0), Admitted::Yes);
    }
    assert_eq!(ask(&admission, 1, 0), limited(3, true));
    assert_eq!(ask(&admission, 1, MINUTE), limited(2, false));
    assert_eq!(ask(&admission, 1, MINUTE + 1_000), limited(2, false));
    assert_eq!(ask(&admission, 1, 3 * MINUTE - 1), limited(1, false));
    assert_eq!(ask(&admission, 1, 3 * MINUTE), Admitted::Yes);
    assert!(is_limited(ask(&admission, 1, 3 * MINUTE)));
    assert_eq!(ask(&admission, 2, 3 * MINUTE), Admitted::Yes, "another asker has its own quota");
}

#[test]
fn a_person_has_sixty_checks_a_day() {
    let admission = admission("person = { day = 60 }");
    for _ in 0..60 {
        assert_eq!(ask(&admission, 1, 0), Admitted::Yes);
    }
    assert_eq!(ask(&admission, 1, 0), limited(24, true));
    assert_eq!(ask(&admission, 1, 24 * MINUTE), Admitted::Yes);
    // By default both limits hold, whichever is spent first.
    let both = self::admission("");
    let answered = (0..12 * 60).filter(|minute| ask(&both, 1, minute * MINUTE) == Admitted::Yes).count();
    assert_eq!(answered, 60 + 29, "sixty at once and one every 24 minutes");
}

#[test]
fn each_kind_of_asker_has_its_own_quota() {
    for (kind, burst) in
        [(AskerKind::Person, 20), (AskerKind::Address, 60), (AskerKind::Terminal, 30), (AskerKind::Registered, 6_000)]
    {
        let admission = admission("");
        for _ in 0..burst {
            assert_eq!(admission.admit(&by(1, kind), 1, after(0)), Admitted::Yes, "{kind:?}");
        }
        assert!(is_limited(admission.admit(&by(1, kind), 1, after(0))), "{kind:?}");
    }
    let terminal = admission("");
    assert_eq!(terminal.admit(&by(1, AskerKind::Terminal), 30, after(0)), Admitted::Yes);
    assert!(is_limited(terminal.admit(&by(1, AskerKind::Terminal), 1, after(1_999))));
    assert_eq!(terminal.admit(&by(1, AskerKind::Terminal), 1, after(2_000)), Admitted::Yes);
}

#[test]
fn an_inquiry_costs_as_much_as_it_has_numbers() {
    let admission = admission("");
    assert_eq!(admission.admit(&by(1, AskerKind::Person), 16, after(0)), Admitted::Yes);
    let refused = admission.admit(&by(1, AskerKind::Person), 5, after(0));
    assert_eq!(refused, limited(3, true));
    assert_eq!(admission.admit(&by(1, AskerKind::Person), 4, after(0)), Admitted::Yes, "a refusal costs nothing");
}

#[test]
fn an_inquiry_above_the_whole_quota_is_answered_once_and_paid_for_after() {
    let admission = admission("person = { hour = 4 }");
    let many = |at| admission.admit(&by(1, AskerKind::Person), 16, after(at));
    assert_eq!(many(0), Admitted::Yes);
    assert_eq!(ask(&admission, 1, 3 * HOUR), limited(15, true));
    assert_eq!(ask(&admission, 1, 3 * HOUR + 15 * MINUTE), Admitted::Yes);
    assert!(is_limited(many(4 * HOUR + 15 * MINUTE - 1)));
    assert_eq!(many(4 * HOUR + 15 * MINUTE), Admitted::Yes);
}

#[test]
fn one_refusal_an_hour_is_logged() {
    let admission = admission("person = { day = 1 }");
    assert_eq!(ask(&admission, 1, 0), Admitted::Yes);
    let logged = |at| matches!(ask(&admission, 1, at), Admitted::Limited { log: true, .. });
    assert!(logged(0));
    assert!(!logged(0));
    assert!(!logged(HOUR - 1));
    assert!(logged(HOUR));
    assert!(!logged(HOUR + 1));
}

#[test]
fn a_request_for_help_costs_no_check_and_is_bounded_on_its_own() {
    let admission = admission("");
    let help = |at| admission.admit(&by(1, AskerKind::Person), 0, after(at));
    for _ in 0..60 {
        assert_eq!(help(0), Admitted::Yes);
    }
    assert_eq!(help(0), limited(1, true));
    for _ in 0..20 {
        assert_eq!(ask(&admission, 1, 0), Admitted::Yes);
    }
    assert_eq!(help(MINUTE), Admitted::Yes);
}

#[test]
fn eight_different_unknown_numbers_make_a_guesser() {
    let seven = admission("");
    assert_eq!(learn(&seven, &misses(0..7), 0), None);
    assert_eq!(ask(&seven, 1, 0), Admitted::Yes);
    assert_eq!(learn(&seven, &misses(0..7), 0), None, "the same numbers again are no more");
    let flag = Flag { asker: 1, until: after(MINUTE + DAY), rule: Rule::Misses };
    assert_eq!(learn(&seven, &misses(7..8), MINUTE), Some(flag));
}

#[test]
fn every_fifth_number_known_is_still_guessing_and_more_is_not() {
    let fifth = admission("");
    assert_eq!(learn(&fifth, &hits(100..102), 0), None);
    assert!(learn(&fifth, &misses(0..8), 0).is_some(), "two of ten");
    let quarter = admission("");
    assert_eq!(learn(&quarter, &hits(100..103), 0), None);
    assert_eq!(learn(&quarter, &misses(0..8), 0), None, "three of eleven");
    assert_eq!(learn(&quarter, &hits(100..103), 0), None);
    assert_eq!(learn(&quarter, &misses(8..11), 0), None, "three of fourteen");
    assert!(learn(&quarter, &misses(11..12), 0).is_some(), "three of fifteen; the same three asked twice are three");
}

#[test]
fn misses_are_forgotten_after_an_hour() {
    let slow = admission("");
    assert_eq!(learn(&slow, &misses(0..7), 0), None);
    assert_eq!(learn(&slow, &misses(7..8), HOUR), None);
    let quick = admission("");
    assert_eq!(learn(&quick, &misses(0..7), 0), None);
    assert!(learn(&quick, &misses(7..8), HOUR - 1).is_some());
}

#[test]
fn a_guesser_hears_what_a_spent_quota_says_until_it_has_cooled() {
    let admission = admission("");
    assert_eq!(ask(&admission, 1, 0), Admitted::Yes);
    let flag = learn(&admission, &misses(0..8), 0).unwrap();
    let mut last = 0;
    for minute in 0..24 * 60 {
        let Admitted::Limited { minutes, log, cause: Cause::Guessing } = ask(&admission, 1, minute * MINUTE) else {
            panic!("a guesser was answered in minute {minute}");
        };
        assert!((1..=24).contains(&minutes), "{minutes} minutes are none that sixty a day can give");
        assert!(minutes + 1 == last || minutes == 24, "{last} then {minutes}: counted down as a quota would");
        assert_eq!(log, minute % 60 == 0);
        last = minutes;
    }
    assert_eq!(flag.until, after(DAY));
    assert_eq!(ask(&admission, 1, DAY), Admitted::Yes);
    assert_eq!(ask(&admission, 2, 0), Admitted::Yes);
    assert_eq!(admission.admit(&by(1, AskerKind::Person), 0, after(1)), Admitted::Yes, "help is given to anyone");
}

#[test]
fn a_guesser_is_reported_once_per_cooling_time() {
    let admission = admission("");
    assert!(learn(&admission, &misses(0..8), 0).is_some());
    assert_eq!(learn(&admission, &misses(10..30), HOUR), None);
    assert_eq!(learn(&admission, &misses(30..37), DAY), None, "it starts with a clean sheet");
    assert!(learn(&admission, &misses(37..38), DAY).is_some());
}

#[test]
fn what_made_a_guesser_is_not_held_against_it_twice() {
    let admission = admission("guard = { minutes = 1440, cooling_hours = 1 }");
    assert!(learn(&admission, &misses(0..8), 0).is_some());
    assert_eq!(learn(&admission, &misses(8..9), 2 * HOUR), None);
}

#[test]
fn a_flag_from_the_log_limits_after_a_restart_and_under_the_next_pepper() {
    let flags = Arc::new(Flags::default());
    flags.insert(1, after(DAY));
    let admission = Admission::new(Quotas::default(), Arc::clone(&flags));
    assert!(is_limited(ask(&admission, 1, 0)));
    let renamed = Asking { asker: AskerHash { current: 2, previous: Some(1) }, ..person(2) };
    let admit = |at| admission.admit(&renamed, 1, after(at));
    assert!(is_limited(admit(DAY - 1)));
    assert_eq!(admission.learned(&renamed, &misses(0..9), after(0)), Learned::default());
    assert_eq!(admit(DAY), Admitted::Yes);
    assert!(flags.contains(1), "its sessions stay out of histories");
    assert!(Arc::ptr_eq(admission.flags(), &flags));
}

#[test]
fn a_local_gateway_limits_nobody() {
    for kind in [AskerKind::Person, AskerKind::Address, AskerKind::Terminal, AskerKind::Registered] {
        let admission = Admission::new(Quotas::wide(), Arc::default());
        assert_eq!(admission.admit(&by(1, kind), 500_000, after(0)), Admitted::Yes);
        assert_eq!(admission.admit(&by(1, kind), 0, after(0)), Admitted::Yes);
        assert_eq!(admission.learned(&by(1, kind), &misses(0..10_000), after(0)), Learned::default());
    }
}

#[test]
fn the_kind_of_an_asker_follows_its_identity_and_role() {
    let address = Identity::Network("192.0.2.1".parse().unwrap());
    let phone = || Identity::Phone("1".to_owned());
    for (identity, role, kind) in [
        (phone(), Role::Shopper, AskerKind::Person),
        (Identity::Cookie("c".to_owned()), Role::Shopper, AskerKind::Person),
        (Identity::Terminal("t".to_owned()), Role::Shopper, AskerKind::Terminal),
        (address, Role::Shopper, AskerKind::Address),
        (Identity::Unknown, Role::Shopper, AskerKind::Address),
        (Identity::Client("p".to_owned()), Role::Shopper, AskerKind::Registered),
        (phone(), Role::Inspector, AskerKind::Registered),
        (phone(), Role::Trade, AskerKind::Registered),
        (phone(), Role::Maker, AskerKind::Registered),
    ] {
        assert_eq!(AskerKind::of(&identity, role), kind, "{identity:?} {role:?}");
    }
}

#[test]
fn what_is_remembered_is_bounded_and_a_busy_asker_stays() {
    let admission = admission("askers = 1000\nperson = { day = 2 }");
    assert_eq!(ask(&admission, 0, 0), Admitted::Yes);
    assert_eq!(ask(&admission, 0, 0), Admitted::Yes);
    for asker in 1..20_000 {
        assert_eq!(ask(&admission, asker, 0), Admitted::Yes);
        assert!(admission.askers.len() <= 1_000, "{} after {asker}", admission.askers.len());
        if asker % 100 == 0 {
            assert!(is_limited(ask(&admission, 0, 0)), "forgotten after {asker} others");
        }
    }
    for asker in 20_000..30_000 {
        assert_eq!(ask(&admission, asker, 0), Admitted::Yes);
    }
    assert_eq!(ask(&admission, 0, 0), Admitted::Yes, "who stays away is forgotten for others");
}

#[test]
fn who_was_not_seen_for_two_days_is_not_remembered() {
    let admission = admission("");
    (0..100).for_each(|asker| assert_eq!(ask(&admission, asker, 0), Admitted::Yes));
    assert_eq!(admission.askers.len(), 100);
    for days in 1..=2 {
        (1_000..1_400).for_each(|asker| assert_eq!(ask(&admission, asker, days * (DAY + 1)), Admitted::Yes));
    }
    assert_eq!(admission.askers.len(), 400);
}

#[test]
fn a_flag_stays_when_it_is_over_and_the_longer_of_two_counts() {
    let flags = Flags::default();
    assert!(flags.is_empty());
    flags.insert(1, after(2 * HOUR));
    flags.insert(1, after(HOUR));
    assert_eq!(flags.until(&person(1).asker), Some(after(2 * HOUR)));
    flags.insert(1, after(3 * HOUR));
    assert_eq!(flags.until(&person(1).asker), Some(after(3 * HOUR)));
    assert_eq!((flags.len(), flags.contains(1), flags.contains(2)), (1, true, false));
    assert_eq!(flags.until(&person(2).asker), None);
}

#[test]
fn a_full_set_forgets_the_flag_that_ended_first() {
    let flags = Flags::holding(3);
    for (asker, until) in [(1, 30), (2, 10), (3, 20)] {
        flags.insert(asker, after(until));
    }
    flags.insert(2, after(40));
    flags.insert(4, after(25));
    assert_eq!([1, 2, 3, 4].map(|asker| flags.contains(asker)), [true, true, false, true]);
    assert_eq!(flags.len(), 3);
}

#[test]
fn a_flag_follows_its_asker_from_pepper_to_pepper() {
    let flags = Flags::default();
    flags.insert(1, after(HOUR));
    flags.follow(&AskerHash { current: 2, previous: Some(1) });
    flags.follow(&AskerHash { current: 3, previous: Some(2) });
    flags.follow(&AskerHash { current: 9, previous: Some(8) });
    assert_eq!([1, 2, 3, 9].map(|asker| flags.contains(asker)), [true, true, true, false]);
    assert_eq!(flags.until(&AskerHash { current: 4, previous: Some(3) }), Some(after(HOUR)));
}

#[test]
fn quotas_that_cannot_be_meant_are_refused_with_their_place() {
    for (text, message) in [
        ("person = { hour = 0 }", "quotas.person: expected 1 to 1000000, got 0"),
        ("help = { day = 1000001 }", "quotas.help: expected 1 to 1000000, got 1000001"),
        ("askers = 10", "quotas.askers: expected 1000 to 10000000, got 10"),
        ("guard = { misses = 65 }", "quotas.guard.misses: expected 1 to 64, got 65"),
        ("channel = { sms = { day = 0 } }", "quotas.channel.sms: expected 1 to 1000000, got 0"),
        ("prefix = { v6 = 65 }", "quotas.prefix.v6: expected 16 to 64, got 65"),
        ("alarm = { times = 1 }", "quotas.alarm.times: expected 2 to 100, got 1"),
        ("guard = { success_percent = 100 }", "quotas.guard.success_percent: expected 0 to 99, got 100"),
        ("persons = {}", "unknown field `persons`"),
        ("person = { week = 1 }", "unknown field `week`"),
    ] {
        let error = toml::from_str::<Quotas>(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
    let quotas = Quotas::default();
    assert_eq!(toml::from_str::<Quotas>(&toml::to_string(&quotas).unwrap()).unwrap(), quotas);
    assert_eq!(toml::from_str::<Quotas>("").unwrap(), quotas);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_asker_ever_gets_more_than_its_quota_and_what_comes_back(
        steps in prop::collection::vec((0..30 * MINUTE, 1..6_u32), 1..200),
    ) {
        let admission = admission("");
        let mut now = 0;
        let mut answered: Vec<(i64, i64)> = Vec::new();
        for (wait, checks) in steps {
            now += wait;
            if admission.admit(&by(1, AskerKind::Person), checks, after(now)) == Admitted::Yes {
                answered.push((now, i64::from(checks)));
            }
        }
        for (n, (from, _)) in answered.iter().enumerate() {
            let mut sum = 0;
            for (at, checks) in answered.iter().skip(n) {
                sum += checks;
                let span = at - from;
                prop_assert!(sum <= 20 + span * 20 / HOUR + 1, "{sum} within {span} ms");
                prop_assert!(sum <= 60 + span * 60 / DAY + 1, "{sum} within {span} ms");
            }
        }
    }

    #[test]
    fn who_waits_as_it_was_told_is_answered(spent in 1..40_u32, checks in 1..20_u32) {
        let admission = admission("");
        (0..spent).for_each(|_| { let _first = ask(&admission, 1, 0); });
        if let Admitted::Limited { minutes, .. } = admission.admit(&by(1, AskerKind::Person), checks, after(0)) {
            let later = after(i64::from(minutes) * MINUTE);
            prop_assert_eq!(admission.admit(&by(1, AskerKind::Person), checks, later), Admitted::Yes);
        }
    }

    #[test]
    fn no_instant_and_no_count_make_it_panic(
        instants in prop::collection::vec(any::<i64>(), 1..8), checks in any::<u32>(),
    ) {
        let admission = admission("");
        for instant in instants {
            let now = Timestamp(instant);
            if let Admitted::Limited { minutes, .. } = admission.admit(&by(1, AskerKind::Person), checks, now) {
                prop_assert!(minutes >= 1);
            }
            let _learned = admission.learned(&person(1), &misses(0..9), now);
        }
    }
}
