//! When the end of the log is signed.

use super::*;
use crate::ledger::checkpoint::{Checkpoint, read_all, verifying_key};

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
