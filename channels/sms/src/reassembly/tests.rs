//! Long texts as they come: shuffled, doubled, late, mixed, never whole.

#![expect(clippy::disallowed_methods, reason = "any moment will do as the first")]

use proptest::prelude::*;

use super::*;
use crate::invariants::{mo, returned};
use crate::message::Segment;
use crate::text::{LongText, Settings, segments};

type Parts = Reassembly<u32, &'static str>;

const TEXT: &str = "我在街口的小店买了一瓶酱油，瓶身上的编号刮开以后是 12345 67890 12345 67890，麻烦帮我查一下有没有登记，是不是已经被别人查过了，谢谢！😀 \
                    我在街口的小店买了一瓶酱油，瓶身上的编号刮开以后是 09876 54321 09876 54321，再帮我查一下这一瓶，谢谢！";

fn split(text: &str, reference: u16) -> Vec<Segment> {
    let parts = segments(text, &Settings::default(), reference).unwrap();
    assert!(parts.len() > 1);
    parts
}

fn fragment(segment: &Segment, ticket: u32) -> Fragment<u32, &'static str> {
    let mo = returned(segment);
    let (part, place) = Part::read(&mo, &Settings::default()).unwrap();
    let place = place.unwrap();
    Fragment { key: Key::of(&mo, place), place: place.part, part, ticket, sample: "sample" }
}

fn whole(text: &str, tickets: &[u32]) -> Offered<u32> {
    Offered::Whole { words: Ok(text.to_owned()), tickets: tickets.to_vec() }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn parts_in_any_order_are_acknowledged_with_the_whole() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let [one, two, three] = &split(TEXT, 7)[..] else { panic!("not three") };
    assert_eq!(parts.offer(fragment(three, 3), now), Offered::Waits);
    assert_eq!(parts.offer(fragment(one, 1), now + SECOND), Offered::Waits);
    assert_eq!(parts.release(now + SECOND), [0; 0]);
    assert_eq!(parts.offer(fragment(two, 2), now + SECOND), whole(TEXT, &[1, 3, 2]));
    assert_eq!(parts.release(now + 60 * SECOND), [0; 0], "no ticket twice");
}

#[test]
fn a_part_that_waits_too_long_or_is_one_too_many_is_acknowledged_by_itself() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits { held: 2, ..Limits::default() });
    for reference in 0..3 {
        let one = &split(TEXT, reference)[0];
        assert_eq!(parts.offer(fragment(one, u32::from(reference)), now), Offered::Waits);
    }
    assert_eq!(parts.release(now), [0], "the oldest of three where two may wait");
    assert_eq!(parts.poll_timeout(), Some(now + 2 * SECOND));
    assert_eq!(parts.release(now + 2 * SECOND), [1, 2]);
    let rest = split(TEXT, 1);
    assert_eq!(parts.offer(fragment(&rest[1], 11), now + 200 * SECOND), Offered::Waits);
    assert_eq!(parts.offer(fragment(&rest[2], 12), now + 400 * SECOND), whole(TEXT, &[11, 12]), "minutes apart");
}

#[test]
fn a_part_sent_again_gives_the_same_whole_again() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let sent = split(TEXT, 7);
    assert_eq!(parts.offer(fragment(&sent[0], 1), now), Offered::Waits);
    assert_eq!(parts.offer(fragment(&sent[0], 2), now), Offered::Spare(1), "the newer ticket is held");
    assert_eq!(parts.offer(fragment(&sent[1], 3), now), Offered::Waits);
    assert_eq!(parts.offer(fragment(&sent[2], 4), now), whole(TEXT, &[2, 3, 4]));
    assert_eq!(
        parts.offer(fragment(&sent[1], 5), now + 60 * SECOND),
        whole(TEXT, &[5]),
        "its acknowledgement was lost"
    );
    assert!(parts.expire(now + 5 * 60 * SECOND).is_empty(), "a whole text is never overdue");
    parts.expire(now + 11 * 60 * SECOND);
    assert_eq!(parts.texts(), 0);
}

#[test]
fn a_text_whose_rest_never_comes_is_read_as_far_as_it_goes() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let sent = split(TEXT, 7);
    parts.offer(fragment(&sent[1], 1), now);
    parts.release(now + 2 * SECOND);
    assert!(parts.expire(now + 299 * SECOND).is_empty());
    let overdue = parts.expire(now + 300 * SECOND);
    let words = overdue[0].words.clone().unwrap();
    assert!(words.starts_with(GAP) && words.ends_with(GAP) && words.chars().count() > 60, "{words}");
    assert_eq!(overdue[0].sample, "sample");
    let again = parts.expire(now + 305 * SECOND);
    assert_eq!(again[0].id, overdue[0].id, "nobody said that it was answered");
    parts.settle(again[0].id, now + 305 * SECOND);
    assert!(parts.expire(now + 900 * SECOND).is_empty());
    // Even later the rest comes after all.
    assert_eq!(parts.offer(fragment(&sent[0], 2), now + 900 * SECOND), Offered::Waits);
    assert_eq!(parts.offer(fragment(&sent[2], 3), now + 900 * SECOND), whole(TEXT, &[2, 3]));
}

#[test]
fn a_text_sent_again_after_it_was_asked_for_is_another_even_under_the_same_reference() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let sent = split(TEXT, 1);
    parts.offer(fragment(&sent[0], 1), now);
    let overdue = parts.expire(now + 300 * SECOND);
    parts.settle(overdue[0].id, now + 300 * SECOND);
    let later = now + 330 * SECOND;
    assert_eq!(parts.offer(fragment(&sent[0], 2), later), Offered::Waits);
    assert_eq!(parts.offer(fragment(&sent[1], 3), later), Offered::Waits);
    assert_eq!(parts.offer(fragment(&sent[2], 4), later), whole(TEXT, &[2, 3, 4]));
}

#[test]
fn texts_that_share_a_reference_do_not_mix() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let other = TEXT.replace("酱油", "米醋");
    let (one, two) = (split(TEXT, 7), split(&other, 7));
    parts.offer(fragment(&one[0], 1), now);
    assert_eq!(parts.offer(fragment(&two[0], 2), now), Offered::Waits);
    let overdue = parts.expire(now);
    assert_eq!(overdue.len(), 1, "the first is read as far as it goes");
    assert!(overdue[0].words.as_ref().unwrap().contains("酱油"));
    parts.offer(fragment(&two[1], 3), now);
    assert_eq!(parts.offer(fragment(&two[2], 4), now), whole(&other, &[2, 3, 4]));
    // Another total, another text.
    let short = split(&"查".repeat(80), 7);
    assert_eq!(parts.offer(fragment(&short[0], 5), now), Offered::Waits);
    assert_eq!(parts.offer(fragment(&short[1], 6), now), whole(&"查".repeat(80), &[5, 6]));
}

#[test]
fn where_there_is_no_room_the_carrier_keeps_the_part() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits { texts: 2, ..Limits::default() });
    for reference in 0..2 {
        assert_eq!(parts.offer(fragment(&split(TEXT, reference)[0], 0), now), Offered::Waits);
    }
    assert_eq!(parts.offer(fragment(&split(TEXT, 2)[0], 9), now), Offered::Full(9));
    let overdue = parts.expire(now);
    assert_eq!(overdue.len(), 1, "the oldest makes way");
    parts.settle(overdue[0].id, now);
    assert_eq!(parts.offer(fragment(&split(TEXT, 2)[0], 9), now), Offered::Waits);
    assert_eq!(parts.texts(), 2);
}

#[test]
fn of_an_endless_text_only_the_first_parts_are_read() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits { parts: 2, ..Limits::default() });
    let sent = split(TEXT, 7);
    assert_eq!(parts.offer(fragment(&sent[2], 3), now), Offered::Spare(3));
    parts.offer(fragment(&sent[0], 1), now);
    let Offered::Whole { words, .. } = parts.offer(fragment(&sent[1], 2), now) else { panic!("not whole") };
    assert!(TEXT.starts_with(&words.unwrap()));
}

#[test]
fn a_character_cut_between_parts_is_whole_again() {
    let now = Instant::now();
    let mut parts = Parts::new(Limits::default());
    let units: Vec<u8> = "查😀询".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let (front, back) = units.split_at(4);
    let message = |part: u8, body: &[u8]| {
        let mo = mo(8, true, [&[5, 0, 3, 1, 2, part], body].concat());
        let (octets, place) = Part::read(&mo, &Settings::default()).unwrap();
        Fragment { key: Key::of(&mo, place.unwrap()), place: part, part: octets, ticket: u32::from(part), sample: "" }
    };
    parts.offer(message(2, back), now);
    assert_eq!(parts.offer(message(1, front), now), whole("查😀询", &[2, 1]));
}

proptest! {
    #[test]
    fn a_text_comes_out_whole_whatever_the_order_and_however_often_each_part_comes(
        text in "[\u{4e00}-\u{9fa5}0-9😀]{71,400}|[a-z0-9€{} ]{161,600}[a-z]",
        long in prop::sample::select(vec![LongText::Udh8, LongText::Udh16, LongText::Sar]),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
        pause in 0_u64..200,
    ) {
        let settings = Settings { long, ..Settings::default() };
        let sent = segments(&text, &settings, 300).unwrap();
        prop_assume!(sent.len() > 1);
        let mut parts = Parts::new(Limits { parts: 255, ..Limits::default() });
        let mut now = Instant::now();
        let mut acknowledged = 0;
        let mut wholes = 0;
        let shuffled = order.iter().map(|index| index.get(&sent));
        let all: Vec<&Segment> = shuffled.chain(&sent).collect();
        for segment in &all {
            now += Duration::from_secs(pause);
            match parts.offer(fragment(segment, 0), now) {
                Offered::Whole { words, tickets } => {
                    prop_assert_eq!(words.as_deref(), Ok(text.as_str()));
                    acknowledged += tickets.len();
                    wholes += 1;
                }
                Offered::Spare(_) => acknowledged += 1,
                Offered::Waits => {}
                Offered::Full(_) => prop_assert!(false, "there is room"),
            }
            acknowledged += parts.release(now).len();
            prop_assert!(parts.expire(now).is_empty());
        }
        prop_assert!(wholes > 0);
        acknowledged += parts.release(now + Duration::from_secs(3)).len();
        prop_assert_eq!(acknowledged, all.len());
    }
}
