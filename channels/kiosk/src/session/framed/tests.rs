//! A gateway's session and the reference terminal, with a line between them that does as it is told.

use contract::Verdict;
use proptest::prelude::*;

use super::*;
use crate::config::DeviceConfig;
use crate::render::tests::{device, reply, words};
use crate::terminal::{Event as Shown, Identity, Terminal};

const KEY: Key = Key([7; 32]);
const NUMBER: &str = "20060425000000000000";
const CLOCK: Timestamp = Timestamp(1_795_400_041_500);
const PATIENCE: Patience =
    Patience { wait_after: Duration::from_millis(1_500), give_up_after: Duration::from_millis(3_000) };

/// Both ends, by hand.
struct Pair {
    gateway: Framed,
    terminal: Terminal,
    now: Instant,
    asks: Vec<(u64, Scan, Language)>,
    noticed: Vec<Noticed>,
    proved: Vec<String>,
    statuses: Vec<Status>,
    reached: Vec<Reached>,
    shown: Vec<Shown>,
    over: bool,
}

impl Pair {
    fn new(key: Key) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test needs an instant to begin with")]
        let now = Instant::now();
        let device = device(DeviceConfig { language: Language::En, ..DeviceConfig::default() });
        let keys = Keys::from([("mall-7-a".into(), (KEY, Arc::clone(&device)))]);
        let voice = Voice::new(words(), device);
        let gateway = Framed::new(voice, PATIENCE, Arc::new(keys), [3; 32], now);
        let identity = Identity { name: "mall-7-a".to_owned(), key, columns: 20, language: "en".to_owned() };
        Self {
            gateway,
            terminal: Terminal::new(identity, now),
            now,
            asks: Vec::new(),
            noticed: Vec::new(),
            proved: Vec::new(),
            statuses: Vec::new(),
            reached: Vec::new(),
            shown: Vec::new(),
            over: false,
        }
    }

    fn up() -> Self {
        let mut pair = Self::new(KEY);
        pair.terminal.handle_up([1; 16], pair.now);
        pair.settle();
        assert!(matches!(pair.shown.remove(0), Shown::Welcome(_)));
        pair
    }

    /// Carries octets both ways until nobody has any.
    fn settle(&mut self) {
        loop {
            let (to_gateway, to_terminal) = (self.terminal.poll_transmit(), self.gateway.poll_transmit());
            if to_gateway.is_empty() && to_terminal.is_empty() {
                break;
            }
            self.gateway.handle_octets(&to_gateway, (self.now, CLOCK));
            self.terminal.handle_octets(&to_terminal, self.now);
        }
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.gateway.poll_event() {
            match event {
                Event::Ask { ticket, scan, language } => self.asks.push((ticket, *scan, language)),
                Event::Noticed(noticed) => self.noticed.push(noticed),
                Event::Proved(proved) => self.proved.push(proved.terminal),
                Event::Status(status) => self.statuses.push(*status),
                Event::Reached(reached) => self.reached.push(reached),
                Event::Over => self.over = true,
                Event::Forget { .. } => {}
            }
        }
        while let Some(event) = self.terminal.poll_event() {
            self.shown.push(event);
        }
    }

    fn answer(&mut self, verdict: Verdict) {
        let ticket = self.asks.last().expect("something was asked").0;
        self.gateway.handle_answer(ticket, Ok(&reply(verdict)), self.now);
        self.settle();
    }

    fn pass(&mut self, by: Duration) {
        let until = self.now + by;
        loop {
            let gateway = self.gateway.poll_timeout().map(|(due, _)| due);
            let due = [gateway, self.terminal.poll_timeout()].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= until) else { break };
            self.now = self.now.max(due);
            self.gateway.handle_timeout(self.now);
            self.terminal.handle_timeout(self.now);
            self.settle();
        }
        self.now = until;
    }
}

#[test]
fn a_terminal_that_has_the_key_asks_and_is_answered_in_pages_that_fit() {
    let mut pair = Pair::up();
    assert_eq!(pair.proved, ["mall-7-a"]);
    pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
    pair.settle();
    assert_eq!((pair.asks.len(), pair.asks[0].2), (1, Language::En));
    pair.answer(Verdict::GenuineFirst);
    let Shown::Answer(answer) = &pair.shown[0] else { panic!("{:?}", pair.shown) };
    assert_eq!((answer.verdict.as_str(), answer.colour.as_str()), ("genuine_first", "green"));
    assert_eq!(answer.pages[0], ["Valid number", "First check"]);
    assert!(answer.recorded && !answer.replayed && answer.receipt.as_ref().is_some_and(|receipt| receipt.len() == 12));
}

#[test]
fn a_wrong_key_and_a_wrong_name_read_the_same_and_ask_nothing() {
    let refused = |name: &str, key: Key| {
        let mut pair = Pair::new(key.clone());
        let identity = Identity { name: name.to_owned(), key, columns: 20, language: "en".to_owned() };
        pair.terminal = Terminal::new(identity, pair.now);
        pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
        pair.terminal.handle_up([1; 16], pair.now);
        pair.settle();
        assert_eq!((pair.asks.len(), pair.proved.len()), (0, 0));
        assert_eq!(pair.noticed, [Noticed::Unproved]);
        pair.shown.remove(1)
    };
    let wrong_key = refused("mall-7-a", Key([8; 32]));
    assert!(matches!(&wrong_key, Shown::Refused(Reason::Unknown, _)));
    assert_eq!(refused("mall-7-b", KEY), wrong_key);
}

#[test]
fn a_proof_is_good_for_its_own_challenge_alone() {
    let mut pair = Pair::new(KEY);
    pair.terminal.handle_up([1; 16], pair.now);
    let mut heard = pair.terminal.poll_transmit();
    pair.gateway.handle_octets(&heard, (pair.now, CLOCK));
    pair.terminal.handle_octets(&pair.gateway.poll_transmit(), pair.now);
    heard.extend(pair.terminal.poll_transmit());
    // Somebody who listened sends the same again on a line of his own.
    let mut later = Pair::new(KEY);
    later.gateway.seed = [4; 32];
    later.gateway.handle_octets(&heard, (later.now, CLOCK));
    later.drain();
    assert_eq!((later.proved.len(), &later.noticed[..]), (0, &[Noticed::Unproved][..]));
}

#[test]
fn a_terminal_does_not_believe_a_gateway_without_its_key() {
    let mut pair = Pair::new(KEY);
    pair.terminal.handle_up([1; 16], pair.now);
    let hello = pair.terminal.poll_transmit();
    pair.gateway.handle_octets(&hello, (pair.now, CLOCK));
    pair.terminal.handle_octets(&pair.gateway.poll_transmit(), pair.now);
    pair.terminal.poll_transmit();
    let mut body = Vec::new();
    let welcome =
        Welcome { mac: [0; 32].into(), clock_ms: 0, window: 1, ping_s: 15, idle: Vec::new(), notices: Vec::new() };
    Message { sequence: 2, says: Says::Welcome(welcome) }.write_summed(&mut body);
    let mut octets = Vec::new();
    frame::write(&body, &mut octets);
    pair.terminal.handle_octets(&octets, pair.now);
    assert_eq!(pair.terminal.poll_event(), Some(Shown::Lost("the gateway does not have our key")));
}

#[test]
fn whoever_asks_before_it_is_let_in_is_refused_and_cut_off_in_time() {
    let mut pair = Pair::new(KEY);
    let check = Check { id: [9; 16].into(), code: NUMBER.to_owned(), language: None, age_ms: None, keyed: None };
    let mut body = Vec::new();
    Message { sequence: 5, says: Says::Check(check) }.write(&mut body);
    let mut octets = Vec::new();
    frame::write(&body, &mut octets);
    pair.gateway.handle_octets(&octets, (pair.now, CLOCK));
    pair.drain();
    assert!(pair.asks.is_empty() && !pair.gateway.poll_transmit().is_empty());
    pair.pass(PROVING);
    assert!(pair.over);
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again_with_the_same_id() {
    let mut pair = Pair::up();
    pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
    pair.settle();
    let ticket = pair.asks[0].0;
    pair.gateway.handle_answer(ticket, Ok(&reply(Verdict::GenuineFirst)), pair.now);
    pair.gateway.poll_transmit();
    pair.pass(Duration::from_secs(1));
    assert_eq!((pair.asks.len(), pair.asks[0].1.key()), (2, pair.asks[1].1.key()));
    pair.answer(Verdict::GenuineFirst);
    assert_eq!(pair.shown.len(), 1);
    // Once more while it is under way changes nothing.
    pair.terminal.scan(NUMBER, [10; 16], false, pair.now);
    pair.settle();
    pair.pass(Duration::from_secs(1));
    assert_eq!((pair.asks.len(), &pair.noticed[..]), (3, &[Noticed::Repeated][..]));
}

#[test]
fn scans_of_a_terminal_that_was_cut_off_come_with_their_age_and_in_order() {
    let mut pair = Pair::new(KEY);
    pair.terminal.scan(NUMBER, [1; 16], false, pair.now);
    pair.terminal.scan("20060425000000000001", [2; 16], true, pair.now);
    pair.now += Duration::from_secs(3_600);
    pair.gateway.due = pair.now + PROVING;
    pair.terminal.handle_up([1; 16], pair.now);
    pair.settle();
    assert_eq!(pair.asks.len(), 1, "one after another");
    assert_eq!(pair.asks[0].1.age(), Duration::from_secs(3_600));
    pair.answer(Verdict::GenuineFirst);
    assert_eq!(pair.asks.len(), 2);
    pair.answer(Verdict::GenuineFirst);
    assert_eq!(pair.terminal.kept(), 0);
}

#[test]
fn a_terminal_that_says_nothing_is_gone_and_one_that_pings_stays() {
    let mut pair = Pair::up();
    pair.pass(Duration::from_secs(600));
    assert!(!pair.over, "it pings");
    pair.terminal.handle_down();
    pair.pass(DEAD);
    assert!(pair.over);
}

#[test]
fn what_a_terminal_says_of_itself_is_passed_on_within_bounds() {
    let mut pair = Pair::up();
    let status = Status { paper: Some(false), fault: Some("p\u{1b}".repeat(400)), ..Status::default() };
    pair.terminal.tell(status, pair.now);
    pair.settle();
    assert_eq!(pair.statuses[0].paper, Some(false));
    assert_eq!(pair.statuses[0].fault.as_ref().unwrap(), &"p".repeat(200));
}

#[test]
fn a_terminal_that_is_asked_how_it_is_says_so_and_goes_on() {
    let mut pair = Pair::new(KEY);
    assert_eq!(pair.gateway.probe(1), Probe::Nothing, "nobody is asked who has not proved anything");
    pair.terminal.handle_up([1; 16], pair.now);
    pair.settle();
    pair.terminal.tell(Status { paper: Some(false), ..Status::default() }, pair.now);
    pair.settle();
    pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
    assert_eq!(pair.gateway.probe(7), Probe::How);
    pair.settle();
    assert!(pair.reached.is_empty(), "its scan comes first");
    pair.answer(Verdict::GenuineFirst);
    assert_eq!(pair.reached, [Reached::How(7)]);
    assert_eq!(pair.statuses.last().unwrap().paper, Some(false));
}

#[test]
fn a_core_that_is_busy_is_asked_again_and_noise_is_told_not_to_be_a_number() {
    let mut pair = Pair::up();
    pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
    pair.settle();
    pair.gateway.handle_answer(pair.asks[0].0, Err(&Refusal::Overloaded), pair.now);
    pair.settle();
    assert_eq!(pair.shown, [Shown::Refused(Reason::Busy, vec!["Please scan again".to_owned()])]);
    pair.pass(Duration::from_secs(1));
    pair.answer(Verdict::GenuineFirst);
    assert!(matches!(pair.shown[1], Shown::Answer(_)));
    pair.terminal.scan("!!", [10; 16], false, pair.now);
    pair.settle();
    assert!(matches!(&pair.shown[2], Shown::Refused(Reason::Unreadable, _)));
    assert_eq!(pair.terminal.kept(), 0);
}

proptest! {
    #[test]
    fn no_octets_bring_a_stranger_in_or_a_session_down(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut pair = Pair::new(KEY);
        pair.gateway.handle_octets(&octets, (pair.now, CLOCK));
        pair.drain();
        prop_assert!(pair.asks.is_empty() && pair.proved.is_empty());
        pair.gateway.poll_transmit();
        pair.gateway.handle_octets(&[0], (pair.now, CLOCK));
        pair.terminal.handle_up([1; 16], pair.now);
        pair.settle();
        prop_assert_eq!(&pair.proved, &["mall-7-a"]);
    }

    #[test]
    fn every_scan_is_answered_over_a_line_that_loses_and_damages(
        faults in proptest::collection::vec((0_u8..8, any::<proptest::sample::Index>()), 0..30)
    ) {
        let mut pair = Pair::up();
        pair.terminal.scan(NUMBER, [9; 16], false, pair.now);
        let mut faults = faults.into_iter();
        for round in 0..200_u8 {
            let mut octets = [pair.terminal.poll_transmit(), pair.gateway.poll_transmit()];
            for octets in &mut octets {
                if let Some((fault, at)) = faults.next().filter(|_| !octets.is_empty()) {
                    let at = at.index(octets.len());
                    match fault {
                        0 => octets.clear(),
                        1 => octets[at] ^= 0x55,
                        2 => drop(octets.remove(at)),
                        _ => {}
                    }
                }
            }
            let [to_gateway, to_terminal] = octets;
            pair.gateway.handle_octets(&to_gateway, (pair.now, CLOCK));
            pair.terminal.handle_octets(&to_terminal, pair.now);
            pair.drain();
            if let Some((ticket, ..)) = pair.asks.last().filter(|_| pair.gateway.is_waiting()) {
                pair.gateway.handle_answer(*ticket, Ok(&reply(Verdict::GenuineFirst)), pair.now);
            }
            if pair.shown.iter().any(|shown| matches!(shown, Shown::Lost(_))) {
                pair.shown.clear();
                pair.terminal.handle_up([round; 16], pair.now);
            }
            pair.now += Duration::from_millis(500);
            pair.gateway.handle_timeout(pair.now);
            pair.terminal.handle_timeout(pair.now);
        }
        prop_assert_eq!(pair.terminal.kept(), 0);
        let keys: std::collections::BTreeSet<&str> = pair.asks.iter().map(|(_, scan, _)| scan.key()).collect();
        prop_assert_eq!(keys.len(), 1, "one scan, however often it was sent");
    }
}
