//! Two sessions talking to each other in simulated time, and one talking to a hand that does as it likes.
#![expect(
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "tests begin time and name what they want"
)]

mod outbind;
mod silence;

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::wire::{frame::split, pdu::Secret};

fn bind(version: u8) -> Bind {
    Bind { system_id: "esme".to_owned(), password: Secret("secret".to_owned()), version, ..Bind::default() }
}

fn text(body: &str) -> ShortMessage {
    ShortMessage { short_message: Bytes::copy_from_slice(body.as_bytes()), ..ShortMessage::default() }
}

fn limits() -> Limits {
    Limits { window_out: 4, window_in: 6, ..Limits::default() }
}

struct Side {
    session: Session,
    received: BytesMut,
    events: Vec<Event>,
}

impl Side {
    fn new(session: Session) -> Self {
        Self { session, received: BytesMut::new(), events: Vec::new() }
    }

    fn read(&mut self, now: Instant) {
        loop {
            while let Some(event) = self.session.poll_event() {
                self.events.push(event);
            }
            if !self.session.wants_input() {
                return;
            }
            match split(&mut self.received) {
                Ok(Some(frame)) => self.session.handle_frame(&frame, now),
                Ok(None) => return,
                Err(bad) => self.session.handle_bad_length(bad),
            }
        }
    }

    /// Writes at most so many octets to the other end.
    fn write(&mut self, to: &mut Self, most: usize, now: Instant) {
        let octets = self.session.output().len().min(most);
        to.received.extend_from_slice(&self.session.output()[..octets]);
        self.session.written(octets, now);
    }

    fn settled(&mut self) -> Vec<(u64, Outcome)> {
        let (settled, rest) =
            std::mem::take(&mut self.events).into_iter().partition(|event| matches!(event, Event::Settled { .. }));
        self.events = rest;
        let outcome = |event| if let Event::Settled { key, outcome } = event { Some((key, outcome)) } else { None };
        Vec::into_iter(settled).filter_map(outcome).collect()
    }

    fn tickets(&mut self) -> Vec<Ticket> {
        let (messages, rest) =
            std::mem::take(&mut self.events).into_iter().partition(|event| matches!(event, Event::Message { .. }));
        self.events = rest;
        let ticket = |event| if let Event::Message { ticket, .. } = event { Some(ticket) } else { None };
        Vec::into_iter(messages).filter_map(ticket).collect()
    }

    fn over(&self) -> Option<Over> {
        self.events.iter().find_map(|event| match event {
            Event::Over(over) => Some(*over),
            _ => None,
        })
    }
}

struct Pair {
    esme: Side,
    smsc: Side,
    now: Instant,
}

impl Pair {
    fn bound(kind: BindKind) -> Self {
        let now = Instant::now();
        let esme = Side::new(Session::binding(limits(), kind, bind(0x34), now));
        let mut pair = Self { esme, smsc: Side::new(Session::accepting(limits(), now)), now };
        pair.pass();
        assert!(matches!(pair.smsc.events.pop(), Some(Event::BindAsked { .. })));
        pair.smsc.session.admit("smsc", 0x34);
        pair.pass();
        assert!(matches!(pair.esme.events.pop(), Some(Event::Bound { .. })));
        assert!(matches!(pair.smsc.events.pop(), Some(Event::Bound { .. })));
        pair
    }

    fn pass(&mut self) {
        for _ in 0..4 {
            self.esme.write(&mut self.smsc, usize::MAX, self.now);
            self.smsc.read(self.now);
            self.smsc.write(&mut self.esme, usize::MAX, self.now);
            self.esme.read(self.now);
        }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.esme.session.handle_timeout(self.now);
        self.smsc.session.handle_timeout(self.now);
        for side in [&mut self.esme, &mut self.smsc] {
            side.read(self.now);
        }
    }
}

#[test]
fn a_message_goes_out_and_its_answer_comes_back() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.send(7, Carrier::Submit, text("hello"), pair.now);
    pair.smsc.session.send(9, Carrier::Deliver, text("V 4711"), pair.now);
    pair.pass();
    let [ticket] = pair.smsc.tickets()[..] else { panic!("one message") };
    assert!(pair.smsc.session.answer(ticket, Status::OK, "4711"));
    assert!(!pair.smsc.session.answer(ticket, Status::OK, "4711"), "answered once");
    let [ticket] = pair.esme.tickets()[..] else { panic!("one message") };
    pair.esme.session.answer(ticket, Status::OK, "ignored");
    pair.pass();
    assert_eq!(pair.esme.settled(), [(7, Outcome::Taken { id: "4711".to_owned() })]);
    assert_eq!(pair.smsc.settled(), [(9, Outcome::Taken { id: String::new() })]);
}

#[test]
fn the_window_out_is_never_passed_and_the_window_in_stops_the_reading() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    for key in 0..4 {
        assert_eq!(pair.esme.session.room(), 4 - usize::try_from(key).unwrap());
        pair.esme.session.send(key, Carrier::Submit, text("hello"), pair.now);
    }
    assert_eq!(pair.esme.session.room(), 0);

    // A peer that has another window than we: what is beyond ours stays unread.
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.limits.window_out = 100;
    for key in 0..10 {
        pair.esme.session.send(key, Carrier::Submit, text("hello"), pair.now);
    }
    pair.pass();
    assert_eq!((pair.smsc.session.asked(), pair.smsc.session.wants_input()), (6, false));
    assert!(!pair.smsc.received.is_empty());
    for ticket in pair.smsc.tickets() {
        pair.smsc.session.answer(ticket, Status::OK, "1");
    }
    pair.pass();
    assert_eq!(pair.smsc.session.asked(), 4);
}

#[test]
fn a_message_that_is_not_answered_in_time_is_throttled_and_a_late_answer_is_dropped() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.smsc.session.send(1, Carrier::Deliver, text("V 4711"), pair.now);
    pair.pass();
    let [ticket] = pair.esme.tickets()[..] else { panic!("one message") };
    pair.later(8);
    assert!(!pair.esme.session.answer(ticket, Status::OK, ""));
    pair.pass();
    let treatment = Treatment::Pause;
    assert_eq!(pair.smsc.settled(), [(1, Outcome::Answered { status: Status::THROTTLED, treatment })]);
}

#[test]
fn no_answer_in_time_is_said_so_and_a_late_one_still_tells() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.smsc.session.limits.answer = Duration::from_secs(1_000);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    pair.pass();
    let [ticket] = pair.smsc.tickets()[..] else { panic!("one message") };
    // Both enquire meanwhile, so that neither is taken for dead.
    for _ in 0..4 {
        pair.later(25);
        pair.pass();
    }
    assert_eq!(pair.esme.settled(), [(1, Outcome::Unanswered)]);
    assert_eq!(pair.esme.session.room(), 4, "its place is free again");
    pair.smsc.session.answer(ticket, Status::OK, "4711");
    pair.pass();
    assert_eq!(pair.esme.settled(), [(1, Outcome::Taken { id: "4711".to_owned() })]);
}

#[test]
fn a_silent_peer_is_asked_and_a_dead_one_given_up() {
    let mut pair = Pair::bound(BindKind::Receiver);
    pair.later(30);
    pair.pass();
    assert!(pair.esme.over().is_none() && pair.smsc.over().is_none());
    // From here on nothing arrives.
    pair.later(30);
    pair.esme.session.written(usize::MAX, pair.now);
    pair.later(75);
    assert_eq!(pair.esme.over(), Some(Over::Dead));
}

#[test]
fn a_peer_that_talks_and_answers_nothing_is_asked_whether_it_reads() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    // What we send is lost from here on; what the peer sends arrives.
    pair.esme.session.written(usize::MAX, pair.now);
    for _ in 0..5 {
        pair.smsc.session.send(2, Carrier::Deliver, text("V 4711"), pair.now);
        pair.pass();
        pair.esme.session.written(usize::MAX, pair.now);
        pair.later(15);
    }
    assert!(pair.esme.settled().is_empty() && pair.esme.over().is_none(), "it may yet have it");
    assert!(!pair.esme.session.output().is_empty(), "it is asked");
    pair.esme.session.written(usize::MAX, pair.now);
    pair.later(75);
    assert_eq!(pair.esme.over(), Some(Over::Dead));
}

#[test]
fn a_peer_that_does_not_read_is_given_up_when_nothing_moves_and_not_before() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    let mut sink = Side::new(Session::accepting(limits(), pair.now));
    pair.esme.write(&mut sink, 3, pair.now);
    for _ in 0..5 {
        pair.later(35);
        assert!(pair.esme.settled().is_empty(), "nothing is late while it waits to be written");
        assert!(pair.esme.over().is_none());
    }
    pair.later(35);
    assert_eq!(pair.esme.over(), Some(Over::Dead));
    assert_eq!(pair.esme.settled(), [(1, Outcome::Unanswered)]);
}

#[test]
fn leaving_waits_for_what_is_under_way() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.send(1, Carrier::Submit, text("hello"), pair.now);
    pair.smsc.session.send(2, Carrier::Deliver, text("V 4711"), pair.now);
    pair.pass();
    pair.esme.session.leave(pair.now);
    assert_eq!(pair.esme.session.room(), 0);
    pair.smsc.session.send(3, Carrier::Deliver, text("too late"), pair.now);
    pair.pass();
    assert!(pair.esme.over().is_none());
    for side in [&mut pair.esme, &mut pair.smsc] {
        for ticket in side.tickets() {
            side.session.answer(ticket, Status::OK, "1");
        }
    }
    pair.pass();
    pair.later(0);
    pair.pass();
    assert_eq!((pair.esme.over(), pair.smsc.over()), (Some(Over::WeLeft), Some(Over::PeerLeft)));
    let late = Outcome::Answered { status: Status::THROTTLED, treatment: Treatment::Pause };
    assert!(pair.smsc.settled().contains(&(3, late)), "the carrier keeps what came too late");
}

#[test]
fn nobody_binds_for_ever() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.smsc = Side::new(Session::accepting(limits(), pair.now));
    pair.later(10);
    assert_eq!(pair.smsc.over(), Some(Over::NotBound));
}

#[test]
fn version_3_3_gets_no_optional_parameters() {
    let now = Instant::now();
    let mut esme = Side::new(Session::binding(limits(), BindKind::Receiver, bind(0x33), now));
    let mut smsc = Side::new(Session::accepting(limits(), now));
    esme.write(&mut smsc, usize::MAX, now);
    smsc.read(now);
    smsc.session.admit("smsc", 0x33);
    let answer = Bytes::copy_from_slice(smsc.session.output());
    assert_eq!(Pdu::read(&answer).unwrap().body, Body::Bound { system_id: "smsc".to_owned(), version: None });
    smsc.write(&mut esme, usize::MAX, now);
    esme.read(now);
    assert!(!esme.session.has_tlvs() && !smsc.session.has_tlvs());
}

fn said_to(pdu: &Pdu) -> (Option<(Command, Status)>, Option<Over>) {
    let mut pair = Pair::bound(BindKind::Receiver);
    let mut frame = Vec::new();
    pdu.write(&mut frame);
    pair.smsc.session.handle_frame(&frame.into(), pair.now);
    pair.smsc.read(pair.now);
    let output = Bytes::copy_from_slice(pair.smsc.session.output());
    let said = (!output.is_empty()).then(|| Pdu::read(&output).unwrap().header);
    (said.map(|header| (header.command, header.status)), pair.smsc.over())
}

#[test]
fn what_is_out_of_order_gets_the_status_for_it_and_the_session_goes_on() {
    let message = Body::Message(Box::new(text("hello")));
    let (submit, bind_again) = (Command::Message(Carrier::Submit), Command::Bind(BindKind::Transmitter));
    for (pdu, said) in [
        (Pdu::request(submit, 5, message), (submit, Status::INVALID_STATE)),
        (Pdu::request(bind_again, 5, Body::Bind(bind(0x34))), (bind_again, Status::ALREADY_BOUND)),
        (Pdu::request(Command::Outbind, 5, Body::None), (Command::Outbind, Status::OK)),
        (Pdu::request(Command::Other(3), 5, Body::None), (Command::Other(3), Status::INVALID_COMMAND)),
        (Pdu::request(Command::Other(0x113), 5, Body::None), (Command::Other(0x113), Status::INVALID_COMMAND)),
        (Pdu::request(Command::Other(0x7777), 5, Body::None), (Command::GenericNack, Status::INVALID_COMMAND)),
        (Pdu::request(Command::EnquireLink, 5, Body::None), (Command::EnquireLink, Status::OK)),
        (Pdu::request(submit, 5, Body::None), (submit, Status::INVALID_COMMAND_LENGTH)),
    ] {
        let (answer, over) = said_to(&pdu);
        assert_eq!(over, None, "{pdu:?}");
        if pdu.header.command == Command::Outbind {
            assert_eq!(answer, Some((Command::GenericNack, Status::INVALID_COMMAND_LENGTH)));
        } else {
            assert_eq!(answer, Some(said), "{pdu:?}");
        }
    }
    let stray = Pdu::response(submit, Status::OK, 77, Body::Accepted { id: "1".to_owned() });
    assert_eq!(said_to(&stray), (None, None), "a response to nothing is dropped");
    assert_eq!(said_to(&Pdu::request(Command::Unbind, 5, Body::None)).1, Some(Over::PeerLeft));
}

#[test]
fn sequence_numbers_wrap_within_their_range() {
    let mut pair = Pair::bound(BindKind::Transceiver);
    pair.esme.session.sequence = 0x7fff_fffe;
    let mut numbers = Vec::new();
    for key in 0..3 {
        let from = pair.esme.session.output().len();
        pair.esme.session.send(key, Carrier::Submit, text("x"), pair.now);
        numbers.push(Header::read(&pair.esme.session.output()[from..]).unwrap().sequence);
    }
    assert_eq!(numbers, [0x7fff_ffff, 1, 2]);
}

/// One step of a simulated conversation.
#[derive(Debug, Clone)]
enum Step {
    Send {
        by_esme: bool,
    },
    /// So many octets travel.
    Travel {
        from_esme: bool,
        octets: usize,
    },
    /// The nth unanswered message is answered.
    Answer {
        by_esme: bool,
        nth: usize,
        status: u32,
    },
    Wait {
        milliseconds: u64,
    },
    Leave {
        by_esme: bool,
    },
    Break,
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![4 => Just(0_u32), 1 => Just(0x58), 1 => Just(0x0b), 1 => any::<u32>()];
    prop_oneof![
        6 => any::<bool>().prop_map(|by_esme| Step::Send { by_esme }),
        8 => (any::<bool>(), 1_usize..200).prop_map(|(from_esme, octets)| Step::Travel { from_esme, octets }),
        5 => (any::<bool>(), any::<usize>(), status)
            .prop_map(|(by_esme, nth, status)| Step::Answer { by_esme, nth, status }),
        3 => (1_u64..40_000).prop_map(|milliseconds| Step::Wait { milliseconds }),
        1 => prop_oneof![any::<bool>().prop_map(|by_esme| Step::Leave { by_esme }), Just(Step::Break)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_happens_every_message_comes_to_one_end_and_no_window_is_passed(steps in prop::collection::vec(step(), 1..150)) {
        let mut pair = Pair::bound(BindKind::Transceiver);
        let mut open: [Vec<Ticket>; 2] = [Vec::new(), Vec::new()];
        let mut sent = [0_u64; 2];
        let mut ends: [HashMap<u64, Vec<Outcome>>; 2] = [HashMap::new(), HashMap::new()];
        for step in steps {
            let Pair { esme, smsc, now } = &mut pair;
            match step {
                Step::Send { by_esme } => {
                    let (side, carrier) = if by_esme { (esme, Carrier::Submit) } else { (smsc, Carrier::Deliver) };
                    if side.session.room() > 0 {
                        side.session.send(sent[usize::from(by_esme)], carrier, text("V 4711"), *now);
                        sent[usize::from(by_esme)] += 1;
                    }
                }
                Step::Travel { from_esme: true, octets } => esme.write(smsc, octets, *now),
                Step::Travel { from_esme: false, octets } => smsc.write(esme, octets, *now),
                Step::Answer { by_esme, nth, status } => {
                    let (side, open) = (if by_esme { esme } else { smsc }, &mut open[usize::from(by_esme)]);
                    if !open.is_empty() {
                        let ticket = open.swap_remove(nth % open.len());
                        side.session.answer(ticket, Status(status), "1");
                    }
                }
                Step::Wait { milliseconds } => {
                    *now += Duration::from_millis(milliseconds);
                    esme.session.handle_timeout(*now);
                    smsc.session.handle_timeout(*now);
                }
                Step::Leave { by_esme: true } => esme.session.leave(*now),
                Step::Leave { by_esme: false } => smsc.session.leave(*now),
                Step::Break => {
                    esme.session.handle_broken();
                    smsc.session.handle_broken();
                }
            }
            let now = pair.now;
            for (nth, side) in [&mut pair.smsc, &mut pair.esme].into_iter().enumerate() {
                side.read(now);
                // What was heard makes late what nobody could call so before.
                side.session.handle_timeout(now);
                side.read(now);
                open[nth].extend(side.tickets());
                for (key, outcome) in side.settled() {
                    ends[nth].entry(key).or_default().push(outcome);
                }
                prop_assert!(side.session.unanswered() <= 4 && side.session.asked() <= 6);
                prop_assert!(side.session.timeout().is_none_or(|at| at > now), "something due was left undone");
            }
        }
        for (nth, side) in [&mut pair.smsc, &mut pair.esme].into_iter().enumerate() {
            side.session.handle_broken();
            side.read(pair.now);
            for (key, outcome) in side.settled() {
                ends[nth].entry(key).or_default().push(outcome);
            }
            for key in 0..sent[nth] {
                let ends = ends[nth].remove(&key).unwrap_or_default();
                // A second one only where the first was that no answer came.
                let once = ends.len() == 1 || ends.len() == 2 && ends[0] == Outcome::Unanswered;
                prop_assert!(once, "{key}: {ends:?}");
            }
        }
    }
}
