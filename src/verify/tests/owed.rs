//! Replies that are owed, and what became of them.

use super::*;
use crate::ledger::event::Event;

const DAY: i64 = 24 * 60 * 60 * 1_000;

#[test]
fn an_owed_reply_survives_a_restart_and_is_gone_once_delivered() {
    let mut bench = Bench::new(None);
    let route = ReturnRoute(b"861 on link a".to_vec());
    let asked = Inquiry { route: Some(route.clone()), ..bench.inquiry(0, "861", Some("k")) };
    let reply = bench.ask(asked).unwrap();
    bench.open();
    let owed = bench.runtime.block_on(bench.gateway().owed(Channel::Sms, 10)).unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].route, route);
    assert_eq!(owed[0].reply, reply);
    assert!(bench.runtime.block_on(bench.gateway().owed(Channel::Voice, 10)).unwrap().is_empty());
    for _ in 0..2 {
        let delivered = bench.gateway().delivered(owed[0].position, Delivery::Delivered);
        bench.runtime.block_on(delivered).unwrap();
    }
    bench.open();
    assert!(bench.runtime.block_on(bench.gateway().owed(Channel::Sms, 10)).unwrap().is_empty());
}

#[test]
fn the_key_of_a_day_goes_once_no_reply_of_that_day_is_owed_though_one_of_another_is() {
    let mut bench = Bench::new(None);
    let keys = |bench: &Bench| {
        let names = std::fs::read_dir(bench.dir.path().join("keys")).unwrap();
        names.filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with("route-")).count()
    };
    let text = |bench: &Bench, key| {
        let route = Some(ReturnRoute(b"861 on link a".to_vec()));
        bench.ask(Inquiry { route, ..bench.inquiry(0, "861", Some(key)) }).unwrap().position.unwrap()
    };
    let first = text(&bench, "k");
    bench.pass(DAY);
    let second = text(&bench, "l");
    assert_eq!(keys(&bench), 2);
    bench.runtime.block_on(bench.gateway().delivered(first, Delivery::Delivered)).unwrap();
    bench.pass(DAY);
    bench.order(Order::TidyKeys);
    assert_eq!(keys(&bench), 1, "what is owed of another day does not keep it");
    bench.open();
    let owed = bench.runtime.block_on(bench.gateway().owed(Channel::Sms, 10)).unwrap();
    assert_eq!(owed.iter().map(|owed| owed.position).collect::<Vec<_>>(), [second]);
}

#[test]
fn what_never_arrived_is_written_down_behind_what_was_taken() {
    let log = MemoryLog::default();
    let bench = Bench::new(Some(log.clone()));
    let asked = Inquiry { route: Some(ReturnRoute(b"861 on link a".to_vec())), ..bench.inquiry(0, "861", Some("k")) };
    let position = bench.ask(asked).unwrap().position.unwrap();
    for delivery in [Delivery::Delivered, Delivery::Delivered, Delivery::Undelivered] {
        bench.runtime.block_on(bench.gateway().delivered(position, delivery)).unwrap();
    }
    let rows = log.reader().unwrap().after(position.sequence, false, 10).unwrap();
    let mut written = Vec::new();
    for row in &rows {
        if let Event::Delivered(event) = row.event().unwrap() {
            written.push((event.inquiry, event.delivery));
        }
    }
    let of = |delivery| (position.sequence, delivery);
    assert_eq!(written, [of(Delivery::Delivered), of(Delivery::Undelivered)]);
}

#[test]
fn a_reply_of_which_a_part_never_arrived_is_still_owed() {
    let mut bench = Bench::new(None);
    let asked = Inquiry { route: Some(ReturnRoute(b"861 on link a".to_vec())), ..bench.inquiry(0, "861", Some("k")) };
    let position = bench.ask(asked).unwrap().position.unwrap();
    bench.runtime.block_on(bench.gateway().delivered(position, Delivery::Undelivered)).unwrap();
    bench.open();
    assert_eq!(bench.runtime.block_on(bench.gateway().owed(Channel::Sms, 10)).unwrap().len(), 1);
}
