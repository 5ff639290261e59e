//! Messages that come again, or right behind one that bears on them.

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

#[test]
fn who_asks_right_behind_its_opt_out_is_not_replied_to_and_others_are() {
    let bench = Bench::new(None);
    for round in 0..40 {
        let send = |phone: String, request: Request| {
            let asker = Asker::new(Identity::Phone(phone.clone()), Role::Shopper);
            let key = format!("{request:?} of {phone}");
            let texted = texted(&bench, request, &key);
            bench.gateway().verify(Inquiry { asker, ..texted })
        };
        let one = |request| send(format!("86{round}"), request);
        let other = |request| send(format!("87{round}"), request);
        let sent = async {
            tokio::join!(other(Request::Check), one(Request::Stop), other(Request::Help), one(Request::Check))
        };
        let replies: [_; 4] = bench.runtime.block_on(sent).into();
        assert_eq!(replies.map(|reply| reply.unwrap().silent), [false, false, false, true], "round {round}");
    }
}
