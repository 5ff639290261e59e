//! What an asker is told by quota and guard, what a restart leaves of both, and what enforcement hears.

use contract::receipt::damm_step;

use super::*;
use crate::ledger::event::Event;
use crate::ledger::log::LogReader as _;
use crate::ledger::segments::SegmentReader;
use crate::verify::admit::{Alert, Subject};

const MINUTE: i64 = 60_000;

/// A gateway with the quotas that a mall has.
fn bench() -> Bench {
    let mut bench = Bench::new(None);
    bench.quotas = Quotas::default();
    bench.open();
    bench
}

/// A number with the right check digit that nobody issued: of the product's own resource, or of nobody's.
fn made_up(resource: u32, nth: u32) -> String {
    let digits = format!("{resource:07}{:07}{:05}", nth * 1_000 % 10_000_000, nth % 100_000);
    let sum = digits.bytes().fold(0, |sum, digit| damm_step(sum, digit - b'0'));
    format!("{digits}{}", (0..10).find(|check| damm_step(sum, *check) == 0).unwrap())
}

fn by(bench: &Bench, identity: Identity, number: &str) -> Reply {
    let mut inquiry = bench.inquiry(0, "", None);
    inquiry.asker = Asker::new(identity, Role::Shopper);
    inquiry.checks[0].number = Number::Digits(number.to_owned());
    bench.ask(inquiry).unwrap()
}

fn text(bench: &Bench, phone: &str, number: &str) -> Reply {
    by(bench, Identity::Phone(phone.to_owned()), number)
}

fn is_limited(reply: &Reply) -> bool {
    reply.answers[0].verdict.kind() == VerdictKind::RateLimited
}

/// A refusal without what differs from one minute and one place in the log to the next.
fn shape(reply: &Reply) -> Reply {
    let mut reply = reply.clone();
    reply.at = Timestamp(0);
    reply.position = reply.position.map(|position| Position { sequence: 0, ..position });
    for answer in &mut reply.answers {
        let contract::Verdict::RateLimited { minutes } = &mut answer.verdict else { panic!("{answer:?}") };
        assert!((1..=24).contains(minutes), "{minutes}");
        *minutes = 1;
    }
    reply
}

fn head(bench: &Bench) -> u64 {
    SegmentReader::new(&Folder::all_in(bench.dir.path()).log(), 0).last().unwrap().unwrap()
}

/// Every alarm in the log.
fn alarms(bench: &Bench) -> Vec<Alert> {
    // What nobody waits for is on disk once the gateway is closed.
    bench.gateway().close();
    let rows = SegmentReader::new(&Folder::all_in(bench.dir.path()).log(), 0).after(0, true, 10_000).unwrap();
    let alert = |event| if let Event::Alarm(alert) = event { Some(alert) } else { None };
    rows.iter().filter_map(|row| alert(row.event().unwrap())).collect()
}

#[test]
fn a_guesser_hears_and_leaves_in_the_log_what_a_spent_quota_does_whatever_it_asks() {
    let bench = bench();
    let number = bench.numbers[0].clone();
    for _ in 0..20 {
        assert!(!is_limited(&text(&bench, "861", &number)));
    }
    for nth in 0..8 {
        assert!(!is_limited(&text(&bench, "862", &made_up(7_654_321, nth))));
    }
    let unknown = made_up(7_654_321, 99);
    // The flag itself is noted by one who waits for nothing: an answer after it has it before it.
    assert!(!is_limited(&text(&bench, "863", &number)));
    let mut before = head(&bench);
    let mut told = Vec::new();
    for (phone, number) in [("861", &number), ("862", &number), ("861", &number), ("862", &number), ("862", &unknown)] {
        let reply = text(&bench, phone, number);
        let after = head(&bench);
        told.push((shape(&reply), after - before));
        before = after;
    }
    let [spent, guesser, spent_again, guesser_again, guesser_unknown] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(spent, guesser, "the first refusal is logged");
    assert_eq!(spent_again, guesser_again, "further ones are not");
    assert_eq!(guesser_again, guesser_unknown, "and do not tell a genuine number from any other");
    assert_eq!((spent.1, spent_again.1), (1, 0));
    assert_eq!((spent.0.receipt, spent_again.0.receipt), (None, None));
}

#[test]
fn help_is_given_to_whoever_has_spent_its_checks_and_has_a_bound_of_its_own() {
    let bench = bench();
    let number = bench.numbers[0].clone();
    for _ in 0..21 {
        text(&bench, "861", &number);
    }
    assert!(is_limited(&text(&bench, "861", &number)));
    let mut help = bench.inquiry(0, "861", None);
    help.checks.clear();
    help.request = Request::Help;
    for _ in 0..60 {
        assert!(!bench.ask(help.clone()).unwrap().silent);
    }
    assert!(bench.ask(help).unwrap().silent, "sixty an hour");
}

#[test]
fn a_restart_gives_a_phone_no_new_quota_and_no_clean_sheet() {
    let mut bench = bench();
    let number = bench.numbers[0].clone();
    for _ in 0..15 {
        text(&bench, "861", &number);
    }
    for nth in 0..7 {
        text(&bench, "862", &made_up(7_654_321, nth));
    }
    bench.pass(MINUTE);
    bench.open();
    for _ in 0..5 {
        assert!(!is_limited(&text(&bench, "861", &number)));
    }
    assert!(is_limited(&text(&bench, "861", &number)), "twenty an hour, restarts or not");
    assert!(!is_limited(&text(&bench, "862", &made_up(7_654_321, 6))), "the seventh again is no eighth");
    assert!(!is_limited(&text(&bench, "862", &made_up(7_654_321, 7))));
    assert!(is_limited(&text(&bench, "862", &number)), "eight unknown numbers, restarts or not");
    bench.pass(2 * DAY);
    bench.open();
    assert!(!is_limited(&text(&bench, "861", &number)), "what is older than a day is not looked at");
}

#[test]
fn what_was_refused_before_a_restart_costs_nothing_after_it() {
    let mut bench = bench();
    let number = bench.numbers[0].clone();
    for _ in 0..25 {
        text(&bench, "861", &number);
    }
    bench.open();
    bench.pass(3 * MINUTE);
    assert!(!is_limited(&text(&bench, "861", &number)));
    assert!(is_limited(&text(&bench, "861", &number)));
}

#[test]
fn guesses_from_many_phones_are_an_alarm_in_the_ledger_that_names_the_product() {
    let mut bench = bench();
    for nth in 0..24 {
        assert!(!is_limited(&text(&bench, &format!("86{nth}"), &made_up(1_234_567, nth))));
        bench.pass(1_000);
    }
    let told = alarms(&bench);
    let [alert] = told.as_slice() else { panic!("one alarm, not {told:?}") };
    assert_eq!(alert.subject, Subject::Product(Some("p".to_owned())));
    assert!(!alert.over && alert.misses >= 12, "{alert:?}");
    bench.open();
    assert_eq!(bench.kind(0, "869"), VerdictKind::GenuineFirst, "a log with alarms opens");
    let verified = crate::ledger::audit::verify(&Folder::all_in(bench.dir.path()).log(), 0, &[], None, &mut |_, _| ());
    assert!(verified.is_ok(), "{verified:?}");
}

#[test]
fn a_terminal_full_of_unknown_numbers_is_named_to_enforcement_and_stays_open() {
    let bench = bench();
    for nth in 0..40 {
        let reply = by(&bench, Identity::Terminal("mall-7".to_owned()), &made_up(7_654_321, nth));
        assert!(!is_limited(&reply), "{nth}");
        bench.pass(20_000);
    }
    let told = alarms(&bench);
    assert!(told.iter().any(|alert| alert.subject == Subject::Terminal(Some("mall-7".to_owned()))), "{told:?}");
}

#[test]
fn a_network_that_is_closed_is_told_by_its_prefix_alone() {
    let bench = bench();
    for nth in 0..70_u32 {
        let mut inquiry = bench.inquiry(0, "", None);
        let address = std::net::IpAddr::from([203, 0, 113, u8::try_from(nth).unwrap()]);
        inquiry.asker = Asker::new(Identity::Cookie(format!("c{nth}")), Role::Shopper).from_address(address);
        inquiry.checks[0].number = Number::Digits(made_up(7_654_321, nth));
        bench.ask(inquiry).unwrap();
    }
    let told: Vec<Alert> = alarms(&bench).into_iter().filter(|it| matches!(it.subject, Subject::Network(_))).collect();
    let [alert] = told.as_slice() else { panic!("one network, not {told:?}") };
    assert_eq!(alert.subject, Subject::Network("203.0.113.0/24".to_owned()));
}
