//! Replies through an outbox, in made-up time.
#![expect(clippy::disallowed_methods, reason = "any instant serves as the beginning of time")]

use bytes::Bytes;

use super::*;
use crate::message::{Address, Receipting};

fn item(sequence: u64, segments: usize) -> Arc<Item> {
    let segment = Segment { data_coding: 8, udh: Bytes::new(), payload: Bytes::from_static(b"hi"), sar: None };
    let reply = Reply {
        owed: Some(Position { stream: 0, sequence }),
        to: Address::default(),
        from: Address::default(),
        segments: vec![segment; segments],
        service_type: String::new(),
        receipting: Receipting::Never,
        valid_until: Timestamp(1_000),
    };
    Item::new(reply, Carrier::Deliver)
}

fn taken() -> Outcome {
    Outcome::Taken { id: "1".to_owned() }
}

fn answered(status: Status) -> Outcome {
    Outcome::Answered { status, treatment: status.treatment() }
}

fn pull(outbox: &mut Outbox, now: Instant) -> Option<Out> {
    let mut ended = Vec::new();
    let out = outbox.pull(now, Timestamp(0), &mut ended);
    assert!(ended.is_empty());
    out
}

#[test]
fn a_reply_is_delivered_when_its_last_segment_is_taken() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 2));
    let (first, second) = (pull(&mut outbox, now).unwrap(), pull(&mut outbox, now).unwrap());
    assert_eq!(outbox.settle(second, &taken(), now), None);
    let settled = outbox.settle(first, &taken(), now).unwrap();
    assert_eq!((settled.owed.unwrap().sequence, settled.delivery), (1, Delivery::Delivered));
}

#[test]
fn one_segment_refused_ends_the_whole_reply_once() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 3));
    let (first, second) = (pull(&mut outbox, now).unwrap(), pull(&mut outbox, now).unwrap());
    let settled = outbox.settle(first, &answered(Status::INVALID_DESTINATION), now).unwrap();
    assert_eq!(settled.why, Some(Why::Refused(Status::INVALID_DESTINATION)));
    assert_eq!(outbox.settle(second, &answered(Status::INVALID_DESTINATION), now), None);
    assert!(pull(&mut outbox, now).is_none(), "the third is not sent");
}

#[test]
fn without_an_answer_it_goes_out_twice_and_never_again() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 1));
    let out = pull(&mut outbox, now).unwrap();
    assert!(!out.may_be_double());
    assert_eq!(outbox.settle(out, &Outcome::Unanswered, now), None);
    let out = pull(&mut outbox, now).unwrap();
    assert!(out.may_be_double());
    assert_eq!(outbox.settle(out, &Outcome::Unanswered, now).unwrap().why, Some(Why::Unanswered));
    assert!(outbox.is_empty());
}

#[test]
fn later_means_later_and_not_for_ever() {
    let (mut outbox, mut now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 1));
    for wait in LATER {
        let out = pull(&mut outbox, now).unwrap();
        assert_eq!(outbox.settle(out, &answered(Status::SYSTEM_ERROR), now), None);
        assert!(pull(&mut outbox, now).is_none());
        now += wait;
    }
    let out = pull(&mut outbox, now).unwrap();
    let settled = outbox.settle(out, &answered(Status::SYSTEM_ERROR), now).unwrap();
    assert_eq!(settled.why, Some(Why::TooOften(Status::SYSTEM_ERROR)));
}

#[test]
fn a_full_peer_gets_it_again_at_the_head_of_the_queue() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 1));
    outbox.push(&item(2, 1));
    let out = pull(&mut outbox, now).unwrap();
    assert_eq!(outbox.settle(out, &answered(Status::THROTTLED), now), None);
    assert_eq!(pull(&mut outbox, now).unwrap().item.reply.owed.unwrap().sequence, 1);
}

#[test]
fn what_is_of_no_use_any_more_is_not_sent() {
    let (mut outbox, now) = (Outbox::default(), Instant::now());
    outbox.push(&item(1, 2));
    let mut ended = Vec::new();
    assert!(outbox.pull(now, Timestamp(1_000), &mut ended).is_none());
    let [settled] = ended[..] else { panic!("it ended once, not {}", ended.len()) };
    assert_eq!(settled.delivery, Delivery::Expired);
}
