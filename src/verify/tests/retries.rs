//! A message that comes again.

use super::*;

#[test]
fn a_message_that_comes_many_times_at_once_is_recorded_once() {
    let bench = Bench::new(None);
    for round in 0..40 {
        let key = format!("k{round}");
        let ask = || bench.gateway().verify(bench.inquiry(0, "861", Some(&key)));
        let asked = async { tokio::join!(ask(), ask(), ask(), ask(), ask(), ask(), ask(), ask()) };
        let replies: [_; 8] = bench.runtime.block_on(asked).into();
        let replies = replies.map(Result::unwrap);
        assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1, "round {round}");
        assert!(replies.iter().all(|reply| reply.position == replies[0].position), "round {round}");
    }
}
