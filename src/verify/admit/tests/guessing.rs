//! What is taken for guessing, and what is not.

use contract::VerdictKind;

use super::*;
use crate::index::Evidence;

fn at(place: u32, tag: u32, sight: Sight) -> Outcome {
    Outcome { number: place.wrapping_mul(100_003).wrapping_add(tag), place, sight, product: None }
}

fn rule(outcomes: &[Outcome]) -> Option<Rule> {
    // One after the other, as they are asked.
    let admission = admission("");
    outcomes.iter().find_map(|outcome| learn(&admission, std::slice::from_ref(outcome), 0)).map(|flag| flag.rule)
}

#[test]
fn a_typo_is_neither_a_guess_nor_a_success() {
    let is_miss = |verdict| Sight::of(verdict, None).map(Sight::is_miss);
    assert_eq!(is_miss(VerdictKind::Unknown), Some(true));
    assert_eq!(is_miss(VerdictKind::GenuineFirst), Some(false));
    assert_eq!(is_miss(VerdictKind::Recalled), Some(false));
    let looked_up = VerdictKind::ALL.into_iter().filter(|verdict| is_miss(*verdict).is_some()).count();
    assert_eq!(looked_up, VerdictKind::ALL.len() - 6);
    assert_eq!(is_miss(VerdictKind::Typo), None);
    assert_eq!(Sight::of(VerdictKind::Unknown, Some(Evidence::WrongTag)), Some(Sight::WrongTag));
}

#[test]
fn five_numbers_in_a_row_make_a_guesser_however_many_are_known() {
    let row = |steps: &[u32]| -> Vec<Outcome> {
        let mut place = 7_000_000;
        let known = (0..20).map(|n| at(1 + n * 1_000, 0, Sight::Known));
        known
            .chain(steps.iter().map(|step| {
                place += step;
                at(place, 5, Sight::Unknown)
            }))
            .collect()
    };
    assert_eq!(rule(&row(&[0, 1, 1, 1])), None, "four in a row: a buyer tries most of a carton");
    assert_eq!(rule(&row(&[0, 1, 1, 1, 1])), Some(Rule::Run));
    assert_eq!(rule(&row(&[0, 8, 3, 1, 8])), Some(Rule::Run), "one who leaves some out");
    assert_eq!(rule(&row(&[0, 9, 9, 9, 9])), None, "too far apart for a row");
    assert_eq!(rule(&row(&[0, 1, 1, 0, 0])), None, "three serials are no row of five");
}

#[test]
fn the_same_number_again_is_no_row() {
    let same = vec![at(7, 1, Sight::Unknown); 30];
    assert_eq!(rule(&same), None);
}

#[test]
fn tags_tried_on_one_serial_make_a_guesser() {
    let tries = |count: u32| (0..count).map(|tag| at(500, tag, Sight::WrongTag)).collect::<Vec<_>>();
    assert_eq!(rule(&tries(2)), None);
    assert_eq!(rule(&tries(3)), Some(Rule::Neighbours));
}

#[test]
fn neighbours_of_a_number_that_the_asker_has_make_a_guesser_and_others_do_not() {
    let beside = |known: Option<u32>, sight| -> Vec<Outcome> {
        let wrong = [502, 504, 497].map(|place| at(place, 1, sight));
        known.map(|place| at(place, 0, Sight::Known)).into_iter().chain(wrong).collect()
    };
    assert_eq!(rule(&beside(Some(500), Sight::WrongTag)), Some(Rule::Neighbours));
    assert_eq!(rule(&beside(Some(9_000), Sight::WrongTag)), None, "of another carton");
    assert_eq!(rule(&beside(None, Sight::WrongTag)), None);
    assert_eq!(rule(&beside(Some(500), Sight::Unknown)), None, "never issued: a made-up number, no tag was tried");
}

#[test]
fn known_numbers_mixed_in_help_up_to_sixteen_unknown_ones() {
    let admission = admission("");
    for n in 0..15 {
        let known = hits(1_000 + 2 * n..1_002 + 2 * n);
        assert_eq!(learn(&admission, &known, 0), None);
        assert_eq!(learn(&admission, &misses(n..n + 1), 0), None, "{n}");
    }
    assert!(learn(&admission, &misses(15..16), 0).is_some());
}

#[test]
fn places_of_neighbours_are_neighbours() {
    let digits = |text: &str| place_of_number(&contract::Number::Digits(text.to_owned()), 1);
    assert_eq!(digits("8412345678901235") - digits("8412345678901234"), 1);
    assert_eq!(place_of_unit(1_234_567, 43) - place_of_unit(1_234_567, 42), 1);
    assert!(place_of_unit(1_234_568, 42).abs_diff(place_of_unit(1_234_567, 42)) > 1_000);
    let serial = |gtin: &str, serial: &str| {
        place_of_number(&contract::Number::Gs1 { gtin: gtin.to_owned(), serial: Some(serial.to_owned()) }, 1)
    };
    assert_eq!(serial("09520000001025", "101") - serial("09520000001025", "100"), 1);
    assert!(serial("09520000001032", "100").abs_diff(serial("09520000001025", "100")) > 1_000);
    for odd in ["", "٣", "12a"] {
        assert_eq!(digits(odd), 1, "its hash");
    }
}

#[test]
fn a_terminal_is_told_of_and_never_limited_for_what_its_shoppers_ask() {
    let admission = admission("");
    let terminal = by(7, AskerKind::Terminal);
    let mut told = Vec::new();
    for n in 0..200 {
        let at = after(i64::try_from(n).unwrap() * 20_000);
        let learned = admission.learned(&terminal, &misses(n * 100..n * 100 + 1), at);
        assert_eq!(learned.flag, None);
        told.extend(learned.alerts.into_iter().filter(|alert| matches!(alert.subject, Subject::Terminal(_))));
        assert_eq!(admission.admit(&terminal, 1, at), Admitted::Yes, "the {n}th shopper is answered");
    }
    assert_eq!(told.len(), 1, "once an hour: {told:?}");
    assert_eq!((told[0].misses, told[0].known), (32, 0));
}

#[test]
fn who_tries_numbers_at_a_terminal_comes_to_ten_a_minute_once_it_is_told_of() {
    let admission = admission("");
    let terminal = by(7, AskerKind::Terminal);
    let mut evaluated = [0; 3];
    for second in 0..180_u64 {
        let at = after(i64::try_from(second).unwrap() * 1_000);
        for _ in 0..2 {
            if admission.admit(&terminal, 1, at) == Admitted::Yes {
                let number = u64::try_from(evaluated.iter().sum::<i32>()).unwrap();
                drop(admission.learned(&terminal, &misses(number..number + 1), at));
                evaluated[usize::try_from(second / 60).unwrap()] += 1;
            }
        }
    }
    assert!(evaluated[0] >= 32 && evaluated[2] <= 11, "{evaluated:?}");
    // Whoever stands there next has no more to bear than that.
    let shopper = after(180_000 + 20_000);
    assert_eq!(admission.admit(&terminal, 1, shopper), Admitted::Yes);
}

#[test]
fn a_terminal_with_honest_shoppers_is_not_told_of() {
    let admission = admission("");
    let terminal = by(7, AskerKind::Terminal);
    for n in 0..2_000_u64 {
        let at = after(i64::try_from(n).unwrap() * 9_000);
        let outcome = if n % 20 == 0 { misses(n..n + 1) } else { hits(n..n + 1) };
        assert_eq!(admission.admit(&terminal, 1, at), Admitted::Yes);
        let alerts = admission.learned(&terminal, &outcome, at).alerts;
        assert!(alerts.iter().all(|alert| !matches!(alert.subject, Subject::Terminal(_))), "{alerts:?}");
    }
}

#[test]
fn registered_askers_are_never_guessers_and_persons_and_addresses_are() {
    for (kind, guesses) in [
        (AskerKind::Registered, false),
        (AskerKind::Person, true),
        (AskerKind::Address, true),
        (AskerKind::Terminal, false),
    ] {
        let learned = admission("").learned(&by(1, kind), &misses(0..60), after(0));
        assert_eq!(learned.flag.is_some(), guesses, "{kind:?}");
    }
    let inspector = admission("").learned(&by(1, AskerKind::Registered), &misses(0..60), after(0));
    assert_eq!(inspector, Learned::default(), "a store-room full of copies is no alarm either");
}

#[test]
fn what_phones_used_and_missed_is_taken_from_the_log() {
    let admission = admission("");
    for n in 0..7 {
        admission.restore(&person(1), (1, &misses(n..n + 1)), after(0));
    }
    for _ in 7..20 {
        admission.restore(&person(1), (1, &hits(90..91)), after(0));
    }
    assert_eq!(ask(&admission, 1, 1_000), limited(3, true), "twenty were answered before");
    assert_eq!(ask(&admission, 1, 3 * MINUTE), Admitted::Yes);
    assert!(learn(&admission, &misses(7..8), 3 * MINUTE).is_some(), "the eighth of eight, one of nine known");
}
