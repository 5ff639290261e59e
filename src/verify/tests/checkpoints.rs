//! When the end of the log is signed.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, read_all, verifying_key};

#[test]
fn the_end_of_the_log_is_signed_when_the_gateway_closes_if_something_was_written() {
    let mut bench = Bench::new(None);
    let position = bench.ask(bench.inquiry(0, "861", None)).unwrap().position.unwrap();
    for _ in 0..2 {
        bench.gateway = None;
        let folder = Folder::all_in(bench.dir.path());
        let key = verifying_key(&Secret::load(&folder.master()).unwrap());
        let all = read_all(&folder.checkpoints, 0, &key).unwrap();
        assert_eq!(all.iter().filter(|signed| signed.sequence == position.sequence).count(), 1);
        assert_eq!(all.last().unwrap().sequence, position.sequence);
        bench.open();
    }
}

/// What is signed once all that was asked is settled and the writer has looked round.
fn signed(bench: &Bench) -> Vec<Checkpoint> {
    bench.order(Order::TidyKeys);
    let folder = bench.gateway().folder();
    let master = Secret::load(&folder.master()).unwrap();
    read_all(&folder.checkpoints, 0, &verifying_key(&master)).unwrap()
}

#[test]
fn the_end_of_the_log_is_signed_once_it_is_time_and_something_was_written_and_no_sooner() {
    const EVERY: i64 = 300_000;
    let bench = Bench::new(None);
    let before = signed(&bench);
    let counted = |nth| {
        bench.kind(nth, "861");
        signed(&bench).len() - before.len()
    };
    assert_eq!(counted(0), 0);
    bench.pass(EVERY - 1);
    assert_eq!(counted(1), 0);
    bench.pass(1);
    assert_eq!(counted(2), 1);
    assert_eq!(counted(3), 1);
    let position = bench.ask(bench.inquiry(4, "861", None)).unwrap().position.unwrap();
    bench.pass(EVERY);
    // It is the writer that looks round, after it has worked.
    signed(&bench);
    let last = signed(&bench).pop().unwrap();
    assert_eq!((last.sequence, signed(&bench).len()), (position.sequence, before.len() + 2));
    bench.pass(EVERY);
    signed(&bench);
    assert_eq!(signed(&bench).len(), before.len() + 2, "nothing was written since");
}

#[test]
fn the_end_of_the_log_is_signed_after_so_many_events_though_it_is_not_time() {
    let mut bench = Bench::new(None);
    bench.gateway = None;
    let time = Arc::clone(&bench.time);
    let clock: Clock = Arc::new(move || Timestamp(time.load(Ordering::SeqCst)));
    let settings = Settings { quotas: Quotas::wide(), checkpoint_events: 3, ..Settings::default() };
    bench.gateway = Some(Gateway::open(Folder::all_in(bench.dir.path()), settings, clock).unwrap());
    let before = signed(&bench).len();
    let more: Vec<usize> = (0..7)
        .map(|nth| {
            bench.kind(nth, "861");
            signed(&bench).len() - before
        })
        .collect();
    assert_eq!(more, [0, 0, 1, 1, 1, 2, 2]);
}
