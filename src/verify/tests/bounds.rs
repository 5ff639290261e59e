//! Reports of what happened to units, and what is refused for breaking a bound.

use contract::{Confidence, LifeReport, Place};

use super::*;

fn report(bench: &Bench, key: &str, nth: usize) -> LifeReport {
    LifeReport {
        id: InquiryId { scope: "till".to_owned(), key: key.to_owned(), valid_for: Duration::from_secs(86_400) },
        client: "till-7".to_owned(),
        role: Role::Trade,
        life: Life::Sold,
        lifted: false,
        numbers: vec![Number::Digits(bench.numbers[nth].clone())],
        at: EventTime::exact(Timestamp(bench.time.load(Ordering::SeqCst))),
        place: None,
        reason: None,
    }
}

#[test]
fn a_sale_is_recorded_once_and_taken_back_by_its_own_till_alone() {
    let bench = Bench::new(None);
    let send = |report: LifeReport| bench.runtime.block_on(bench.gateway().report(report));
    let sold = send(report(&bench, "a", 0)).unwrap();
    assert_eq!((sold.units, sold.replayed), (1, false));
    let again = send(report(&bench, "a", 0)).unwrap();
    assert_eq!((again.position, again.replayed), (sold.position, true));
    let other = LifeReport { numbers: report(&bench, "a", 1).numbers, ..report(&bench, "a", 0) };
    assert_eq!(send(other), Err(Refusal::Conflict), "the key was used for another unit");
    let stranger = LifeReport { client: "till-8".to_owned(), lifted: true, ..report(&bench, "b", 0) };
    assert!(matches!(send(stranger), Err(Refusal::BadRequest(_))));
    let returned = send(LifeReport { lifted: true, ..report(&bench, "c", 0) }).unwrap();
    assert!(returned.position > sold.position);
    assert!(matches!(send(LifeReport { lifted: true, ..report(&bench, "d", 0) }), Err(Refusal::BadRequest(_))));
}

#[test]
fn a_report_that_names_nothing_too_much_or_a_stranger_is_refused() {
    let bench = Bench::new(None);
    let send = |report: LifeReport| bench.runtime.block_on(bench.gateway().report(report));
    let number = report(&bench, "a", 0).numbers.remove(0);
    for (what, wrong) in [
        ("no unit", LifeReport { numbers: Vec::new(), ..report(&bench, "a", 0) }),
        ("too many", LifeReport { numbers: vec![number; MAX_REPORTED + 1], ..report(&bench, "b", 0) }),
        ("a long reason", LifeReport { reason: Some("x".repeat(501)), ..report(&bench, "c", 0) }),
        ("no unit's number", LifeReport { numbers: vec![Number::Digits("1".repeat(20))], ..report(&bench, "d", 0) }),
    ] {
        assert!(matches!(send(wrong), Err(Refusal::BadRequest(_))), "{what}");
    }
}

#[test]
fn an_inquiry_beyond_its_bounds_is_refused_and_not_recorded() {
    let bench = Bench::new(None);
    let long = |count: usize| "x".repeat(count);
    let place = |city: String| Some(Place { city, district: None, point: None, confidence: Confidence::Low });
    let sound = || bench.inquiry(0, "861", Some("k"));
    let mut wrong = vec![sound(); 6];
    wrong[0].checks = vec![wrong[0].checks[0].clone(); MAX_CHECKS + 1];
    wrong[1].id.key = long(256);
    wrong[2].id.scope = long(129);
    wrong[3].route = Some(ReturnRoute(vec![0; 513]));
    wrong[4].checks[0].lot = Some(long(65));
    wrong[5].place = place(long(65));
    for (nth, inquiry) in wrong.into_iter().enumerate() {
        assert!(matches!(bench.ask(inquiry), Err(Refusal::BadRequest(_))), "{nth}");
    }
    assert_eq!(bench.kind(0, "862"), VerdictKind::GenuineFirst);
}
