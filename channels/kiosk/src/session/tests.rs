//! A terminal by hand: octets in, octets out, and a clock that stands where it is put.

use contract::{Colour, Verdict};
use proptest::prelude::*;

use super::*;
use crate::config::{Device, DeviceConfig, OnConnect};
use crate::render::tests::{device, reply, words};

const NUMBER: &[u8] = b"20060425000000000000\r";
const PATIENCE: Patience =
    Patience { wait_after: Duration::from_millis(1_500), give_up_after: Duration::from_millis(3_000) };

struct Bench {
    session: Session,
    now: Instant,
    asks: Vec<(u64, Scan)>,
    noticed: Vec<Noticed>,
    forgotten: Vec<u64>,
    reached: Vec<Reached>,
}

fn config(output: &[Profile]) -> DeviceConfig {
    DeviceConfig {
        output: output.to_vec(),
        language: Language::En,
        on_connect: OnConnect::Process,
        ..DeviceConfig::default()
    }
}

impl Bench {
    fn of(device: Arc<Device>, registration: &[u8]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test needs an instant to begin with")]
        let now = Instant::now();
        let session = Session::new(Voice::new(words(), device), PATIENCE, registration.into(), now);
        Self { session, now, asks: Vec::new(), noticed: Vec::new(), forgotten: Vec::new(), reached: Vec::new() }
    }

    fn new(output: &[Profile]) -> Self {
        let mut bench = Self::of(device(config(output)), b"");
        bench.heard();
        bench
    }

    fn send(&mut self, octets: &[u8]) {
        self.session.handle_octets(octets, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Ask { ticket, scan, .. } => self.asks.push((ticket, *scan)),
                Event::Forget { ticket } => self.forgotten.push(ticket),
                Event::Noticed(noticed) => self.noticed.push(noticed),
                Event::Reached(reached) => self.reached.push(reached),
                Event::Proved(_) | Event::Status(_) | Event::Over => panic!("a stock device proves nothing"),
            }
        }
    }

    fn answer(&mut self, verdict: Verdict) {
        let ticket = self.asks.last().expect("something was asked").0;
        self.session.handle_answer(ticket, Ok(&reply(verdict)), self.now);
        self.drain();
    }

    /// Lets time pass, minding every timer on the way.
    fn pass(&mut self, by: Duration) {
        let until = self.now + by;
        while let Some((due, _)) = self.session.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    fn heard(&mut self) -> Vec<u8> {
        self.session.poll_transmit()
    }
}

#[test]
fn a_scan_is_acknowledged_when_it_is_answered_and_not_before() {
    let mut bench = Bench::new(&[Profile::Ack]);
    bench.send(NUMBER);
    bench.pass(Duration::from_secs(1));
    assert_eq!((bench.asks.len(), bench.heard()), (1, Vec::new()));
    bench.answer(Verdict::GenuineFirst);
    assert_eq!(bench.heard(), [ACK]);
}

#[test]
fn a_printer_is_asked_how_it_is_and_a_scan_meanwhile_is_whole() {
    let mut bench = Bench::new(&[Profile::Ack, Profile::Escpos]);
    assert_eq!((bench.session.probe(), bench.heard()), (Probe::Printer, vec![0x10, 4, 1, 0x10, 4, 4]));
    bench.send(b"\x12");
    bench.send(NUMBER);
    assert_eq!((bench.asks.len(), bench.asks[0].1.tail().as_str()), (1, "0000"));
    bench.send(b"\x72");
    assert_eq!(bench.reached, [Reached::Printer { ready: true, paper: false }]);
    // Nobody asks any longer: the same octets are noise, and a number may begin with them.
    bench.send(b"\x12r2006\r");
    assert_eq!((bench.reached.len(), bench.asks.len()), (1, 1));
}

#[test]
fn a_block_device_is_asked_by_enquiry_and_a_scanner_cannot_be_asked() {
    let mut bench = Bench::new(&[Profile::StxLrc]);
    assert_eq!((bench.session.probe(), bench.heard()), (Probe::Enquiry, vec![ENQ]));
    bench.send(&[ACK, ACK]);
    assert_eq!(bench.reached, [Reached::Enquiry { ready: true }]);
    bench.session.probe();
    bench.session.give_up_probe();
    bench.send(&[NAK]);
    assert_eq!(bench.reached.len(), 1, "too late");
    assert_eq!(Bench::new(&[Profile::Ack, Profile::Cd5220]).session.probe(), Probe::Nothing);
}

#[test]
fn the_same_scan_while_its_answer_is_on_the_way_is_asked_once() {
    let mut bench = Bench::new(&[Profile::Ack]);
    bench.send(NUMBER);
    bench.send(NUMBER);
    assert_eq!((bench.asks.len(), &bench.noticed[..]), (1, &[Noticed::Repeated][..]));
    bench.answer(Verdict::GenuineFirst);
    bench.send(NUMBER);
    assert_eq!(bench.asks[0].1.key(), bench.asks[1].1.key(), "the core sees the same id");
}

#[test]
fn a_shopper_who_waits_is_told_so_and_then_asked_to_scan_again() {
    let mut bench = Bench::new(&[Profile::Ack, Profile::Plain]);
    bench.send(NUMBER);
    bench.pass(Duration::from_millis(1_499));
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.heard(), b"One moment, please\r\n");
    bench.pass(Duration::from_millis(1_500));
    assert_eq!(bench.heard(), b"\x15Please scan again\r\n");
    assert_eq!((&bench.forgotten[..], &bench.noticed[..]), (&[1][..], &[Noticed::LateAnswer][..]));
    bench.answer(Verdict::GenuineFirst);
    assert!(bench.heard().is_empty(), "an answer nobody waits for is not shown");
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    assert_eq!(bench.heard()[0], ACK);
}

#[test]
fn scans_wait_their_turn_and_what_is_too_much_is_refused() {
    let mut bench = Bench::new(&[Profile::Ack]);
    for nth in 0..=9 {
        bench.send(format!("2006042500000000000{nth}\r").as_bytes());
    }
    assert_eq!((bench.asks.len(), &bench.noticed[..]), (1, &[Noticed::Overrun][..]));
    assert_eq!(bench.heard(), [NAK]);
    for asked in 1..=9 {
        assert_eq!(bench.asks.len(), asked);
        bench.answer(Verdict::GenuineFirst);
    }
    assert_eq!(bench.heard(), [ACK; 9]);
}

#[test]
fn pages_follow_one_another_and_the_idle_text_comes_back() {
    let mut bench = Bench::of(device(config(&[Profile::Cd5220])), b"");
    assert!(bench.heard().ends_with(b"Please scan the pack\r"));
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    assert!(bench.heard().ends_with(b"First check\r"));
    bench.pass(Duration::from_millis(2_999));
    assert!(bench.heard().is_empty());
    bench.pass(Duration::from_millis(1));
    assert!(bench.heard().starts_with(b"\x0c\x1bQAPlease compare the\r"));
    bench.pass(Duration::from_secs(30));
    assert!(bench.heard().ends_with(b"\x0c\x1bQAPlease scan the pack\r"));
    assert_eq!(bench.session.poll_timeout(), None);
}

#[test]
fn the_next_scan_takes_the_display_at_once() {
    let mut bench = Bench::new(&[Profile::Cd5220]);
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    bench.heard();
    bench.send(b"20060425000000000001\r");
    bench.answer(Verdict::Unknown);
    let heard = bench.heard();
    assert!(heard.starts_with(b"\x0c\x1bQANo such number\r"), "{heard:?}");
}

#[test]
fn what_came_while_nobody_was_there_is_dropped_and_told_of() {
    let mut bench = Bench::of(device(DeviceConfig { on_connect: OnConnect::Discard, ..config(&[Profile::Ack]) }), b"");
    bench.send(NUMBER);
    assert_eq!((bench.asks.len(), &bench.noticed[..]), (0, &[Noticed::Stale][..]));
    bench.pass(STALE);
    bench.send(NUMBER);
    assert_eq!(bench.asks.len(), 1);
}

#[test]
fn noise_gets_a_sentence_and_no_inquiry_and_the_next_scan_works() {
    let mut bench = Bench::new(&[Profile::Ack, Profile::Plain]);
    bench.send(b"\xf8\x80\xfe\xfc\xe0\x80\xf8\xf8\xf8\r");
    assert_eq!(bench.heard(), b"\x15No number was read\r\n");
    bench.send(&[b'1'; 5_000]);
    bench.send(b"\r");
    assert_eq!(bench.heard(), b"\x15No number was read\r\n");
    assert_eq!(bench.noticed, [Noticed::Unreadable, Noticed::TooLong]);
    assert!(bench.asks.is_empty());
    bench.send(NUMBER);
    assert_eq!(bench.asks.len(), 1);
}

#[test]
fn what_a_serial_server_says_of_its_own_is_swallowed() {
    let with = DeviceConfig { heartbeat: "HB".to_owned(), ..config(&[Profile::Ack]) };
    let mut bench = Bench::of(device(with), b"D4AD20A1");
    bench.send(b"HB");
    bench.pass(Duration::from_millis(60));
    bench.send(b"HBHB\r");
    bench.send(b"D4AD20A1HBD4AD20A120060425000000000000\r");
    assert!(bench.heard().is_empty());
    assert_eq!((bench.asks.len(), bench.asks[0].1.tail().as_str()), (1, "0000"));
}

#[test]
fn a_language_is_chosen_for_a_minute() {
    let mut bench = Bench::new(&[Profile::Plain]);
    bench.send(b"LANG=zh-HK\r");
    assert_eq!(String::from_utf8(bench.heard()).unwrap(), "繁體中文\r\n");
    bench.send(b"!!!!!!!!!\r");
    assert_eq!(String::from_utf8(bench.heard()).unwrap(), "沒有讀到編號\r\n");
    bench.pass(CHOSEN);
    bench.send(b"!!!!!!!!!\r");
    assert_eq!(bench.heard(), b"No number was read\r\n");
}

#[test]
fn a_block_goes_out_until_it_is_acknowledged_and_three_times_at_most() {
    let mut bench = Bench::new(&[Profile::StxLrc]);
    bench.send(b"\x05");
    assert_eq!(bench.heard(), [ACK]);
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    let block = bench.heard();
    bench.send(&[NAK]);
    assert_eq!(bench.heard(), block);
    bench.send(&[ACK]);
    bench.pass(Duration::from_secs(10));
    assert!(bench.heard().is_empty());
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.heard(), block.repeat(3));
    assert_eq!(bench.noticed, [Noticed::Unacknowledged]);
}

#[test]
fn a_device_that_never_reads_is_owed_a_bounded_amount() {
    let mut bench = Bench::new(&[Profile::Plain]);
    for _ in 0..20_000 {
        bench.send(b"!!!!!!!!!\r");
    }
    assert!(bench.noticed.contains(&Noticed::Unsaid));
    assert!(bench.heard().len() <= MOST_OUT);
}

#[test]
fn a_receipt_is_printed_once_for_a_scan_that_comes_twice() {
    let mut bench = Bench::new(&[Profile::Escpos]);
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    assert!(!bench.heard().is_empty());
    bench.send(NUMBER);
    bench.answer(Verdict::GenuineFirst);
    assert!(bench.heard().is_empty());
}

#[test]
fn a_refusal_is_said_in_the_words_of_a_refusal() {
    let mut bench = Bench::new(&[Profile::Ack, Profile::Plain]);
    bench.send(NUMBER);
    let refusal = Refusal::Unavailable("disk full");
    bench.session.handle_answer(1, Err(&refusal), bench.now);
    let heard = String::from_utf8(bench.heard()).unwrap();
    assert!(heard.starts_with('\u{15}') && heard.contains("nothing about the goods"), "{heard}");
    assert_eq!(Verdict::Unavailable.colour(), Colour::Grey);
}

proptest! {
    #[test]
    fn no_octets_leave_a_session_stuck(
        steps in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), 0_u64..400), 0..40)
    ) {
        let mut bench = Bench::new(&[Profile::Ack, Profile::Cd5220, Profile::StxLrc]);
        for (octets, pause) in steps {
            bench.send(&octets);
            bench.pass(Duration::from_millis(pause));
        }
        bench.pass(Duration::from_secs(60));
        while bench.session.is_waiting() {
            bench.pass(Duration::from_secs(60));
        }
        prop_assert!(bench.session.out.len() <= MOST_OUT && bench.session.queue.is_empty());
        // A terminator ends what was left of the noise, a check octet included.
        bench.send(b"\r\r");
        bench.pass(Duration::from_secs(60));
        let before = bench.asks.len();
        bench.send(NUMBER);
        prop_assert_eq!(bench.asks.len(), before + 1);
    }
}
