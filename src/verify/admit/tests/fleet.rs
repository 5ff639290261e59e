//! Guessing that no single asker shows.

use contract::answer::Names;

use super::*;
use crate::index::{Concealment, Product};

fn product(id: &str) -> Arc<Product> {
    Arc::new(Product {
        id: id.to_owned(),
        maker: "m".to_owned(),
        name: Names { zh_hans: "货".to_owned(), zh_hk: None, en: None },
        category: "food".to_owned(),
        layout: String::new(),
        resources: Vec::new(),
        spec: None,
        licence: None,
        shelf_life_days: None,
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    })
}

fn of(product: &Arc<Product>, n: u64, sight: Sight) -> Outcome {
    Outcome { product: Some(Arc::clone(product)), ..outcomes(n..n + 1, sight).remove(0) }
}

/// An asker for each number: nobody is a guesser by itself.
fn each(admission: &Admission, outcome: Outcome, at: i64) -> Vec<Alert> {
    let learned = admission.learned(&person(1_000_000 + u64::from(outcome.number)), &[outcome], after(at));
    assert_eq!(learned.flag, None);
    learned.alerts
}

#[test]
fn guesses_from_ever_new_askers_raise_an_alarm_within_a_minute_that_names_the_product() {
    let admission = admission("");
    let tea = product("tea");
    let alerts: Vec<(i64, Alert)> = (0..60_i64)
        .flat_map(|second| {
            let number = u64::try_from(second).unwrap();
            each(&admission, of(&tea, number, Sight::WrongTag), second * 1_000).into_iter().map(move |it| (second, it))
        })
        .collect();
    let [(second, alert)] = alerts.as_slice() else { panic!("one alarm, not {alerts:?}") };
    assert!(*second < 20, "after {second} s");
    assert_eq!(alert.subject, Subject::Product(Some("tea".to_owned())));
    assert_eq!((alert.over, alert.usual, alert.since), (false, Some(12), after(0)));
    assert_eq!(admission.alarms(), 1);
}

#[test]
fn an_alarm_ends_when_the_guessing_has_and_says_how_much_there_was() {
    let admission = admission("");
    let tea = product("tea");
    for n in 0..100 {
        each(&admission, of(&tea, n, Sight::Unknown), 1_000);
    }
    // The sum drains at some 26 an hour from at most 24.
    let mut ended = Vec::new();
    for minute in 1..120_i64 {
        let other = of(&product("rice"), 10_000 + u64::try_from(minute).unwrap(), Sight::Known);
        ended.extend(each(&admission, other, minute * MINUTE).into_iter().map(|alert| (minute, alert)));
    }
    let [(minute, alert)] = ended.as_slice() else { panic!("one end, not {ended:?}") };
    assert!((50..60).contains(minute), "{minute}");
    assert_eq!((alert.over, alert.misses), (true, 100));
    assert_eq!(admission.alarms(), 0);
}

#[test]
fn what_is_usual_for_a_product_is_no_alarm_and_four_times_as_much_is() {
    let admission = admission("");
    let tea = product("tea");
    let mut number = 0;
    let mut run = |days: i64, from: i64, per_hour: i64| -> usize {
        let gap = HOUR / per_hour;
        let mut alerts = 0;
        for nth in 0..days * 24 * per_hour {
            number += 1;
            alerts += each(&admission, of(&tea, number, Sight::Unknown), from + nth * gap).len();
        }
        alerts
    };
    // Twice what is supposed, every day: below the reference rate from the first hour on.
    assert_eq!(run(4, 0, 24), 0);
    assert_eq!(run(1, 4 * DAY, 24), 0);
    assert!(run(1, 5 * DAY, 240) > 0);
}

#[test]
fn a_day_when_ten_times_as_many_ask_is_no_alarm() {
    let admission = admission("");
    let tea = product("tea");
    let (mut number, mut now) = (0, 0);
    let mut alerts = 0;
    // One in fifty holds a copy: 20 an hour among 1,000, and then 200 among 10,000 as the day goes on.
    for (hours, gap) in [(24, 3_600), (2, 1_800), (2, 720), (4, 360)] {
        for _ in 0..hours * HOUR / gap {
            (number, now) = (number + 1, now + gap);
            let sight = if number % 50 == 0 { Sight::Unknown } else { Sight::Known };
            alerts += each(&admission, of(&tea, number, sight), now).len();
        }
    }
    assert_eq!(alerts, 0);
}

#[test]
fn while_there_is_an_alarm_four_unknown_numbers_of_that_product_are_guesses() {
    let admission = admission("");
    let (tea, rice) = (product("tea"), product("rice"));
    for n in 0..20 {
        each(&admission, of(&tea, n, Sight::Unknown), 0);
    }
    let tries = |asker: u64, of_what: &Arc<Product>, known: u64| {
        let who = person(asker);
        let numbers = (0..known).map(|n| of(of_what, 5_000 + asker * 100 + n, Sight::Known));
        let numbers = numbers.chain((0..4).map(|n| of(of_what, asker * 100 + n, Sight::Unknown)));
        numbers.map(|outcome| admission.learned(&who, &[outcome], after(1_000)).flag).find(Option::is_some).is_some()
    };
    assert!(tries(1, &tea, 0));
    assert!(tries(2, &tea, 2), "two of six known");
    assert!(!tries(3, &tea, 3), "three of seven known");
    assert!(!tries(4, &rice, 0), "of another product");
}

#[test]
fn numbers_of_no_product_are_watched_together() {
    let admission = admission("");
    let told: Vec<Alert> = (0..30).flat_map(|n| each(&admission, misses(n..n + 1).remove(0), 0)).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, Subject::Product(None));
}

#[test]
fn one_asker_who_asks_the_same_again_and_again_is_no_alarm() {
    let admission = admission("");
    for at in 0..200 {
        assert_eq!(admission.learned(&person(1), &misses(7..8), after(at)), Learned::default());
    }
}

#[test]
fn so_many_alarms_an_hour_are_logged() {
    let admission = admission("");
    let logged = (0..1_000).filter(|_| admission.tells(after(0))).count();
    assert_eq!(u32::try_from(logged).unwrap(), ALARMS_LOGGED);
    assert!(admission.tells(after(MINUTE)));
}
