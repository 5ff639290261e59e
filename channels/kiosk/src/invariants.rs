//! What must hold of any octets: one function for each fuzz target, and the replay of its corpus.
//!
//! Reads its input as a script of octets and pauses; knows no fuzzer.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use contract::answer::Facts;
use contract::{Answer, Language, Position, Receipt, Refusal, Reply, RequestKind, Timestamp, Verdict};
use jiff::tz::TimeZone;
use wording::Words;

use crate::config::{Device, Profile};
use crate::render::{Encoding, Voice};
use crate::session::framed::{Framed, Key, Keys};
use crate::session::{Event, MOST_OUT, Patience, QUEUE, Session};
use crate::terminal::{Identity, Terminal};
use crate::wire::frame::{self, LONGEST};
use crate::wire::message::{VERSION, sum};
use crate::wire::telnet::{Port, Telnet};

static WORDS: LazyLock<Arc<Words>> =
    LazyLock::new(|| Arc::new(Words::load(None, TimeZone::UTC).unwrap_or_else(|error| unreachable!("{error}"))));

const PATIENCE: Patience =
    Patience { wait_after: Duration::from_millis(1_500), give_up_after: Duration::from_millis(3_000) };

fn device(choice: u8) -> Arc<Device> {
    let all = [
        Profile::Ack,
        Profile::Plain,
        Profile::Cd5220,
        Profile::Dmd,
        Profile::Escpos,
        Profile::StxLrc,
        Profile::JsonLines,
    ];
    let chosen = all.into_iter().enumerate().filter(|(nth, _)| choice >> nth & 1 == 1).map(|(_, profile)| profile);
    Arc::new(Device {
        output: chosen.collect(),
        encoding: if choice & 0x80 == 0 { Encoding::Gbk } else { Encoding::Utf8 },
        columns: 20,
        rows: 2,
        paper_columns: 32,
        page: Duration::from_secs(3),
        bell: choice & 1 == 1,
        receipt_link: "https://verify.example/receipt?number=".to_owned(),
        language: Language::En,
        gap: (choice & 2 == 0).then_some(Duration::from_millis(60)),
        discards: false,
        heartbeat: b"HB".to_vec(),
        notices: Vec::new(),
    })
}

fn reply(choice: u8) -> Result<Reply, Refusal> {
    let verdict = match choice & 3 {
        0 => Verdict::GenuineFirst,
        1 => Verdict::Unknown,
        2 => Verdict::Recalled { reason: Some("瓶盖\u{1b}".repeat(50)) },
        _ => return Err(Refusal::Overloaded),
    };
    Ok(Reply {
        about: RequestKind::Check,
        answers: vec![Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts: Facts::default() }],
        receipt: Receipt::from_body(choice.into()),
        at: Timestamp(1_795_400_041_500),
        position: Some(Position { stream: 0, sequence: 7 }),
        silent: false,
        replayed: choice & 4 == 4,
    })
}

/// The script's steps: how long to wait before, and what comes then.
fn steps(data: &[u8]) -> Vec<(u8, &[u8])> {
    let mut steps = Vec::new();
    let mut rest = data;
    while let [pause, length, behind @ ..] = rest {
        let (octets, behind) = behind.split_at_checked(usize::from(*length)).unwrap_or((behind, &[]));
        steps.push((*pause, octets));
        rest = behind;
    }
    steps
}

/// A device's octets through telnet and a session: nothing panics, what waits is bounded, time never stands still, and
/// what is sent to the device is answered to a scan that comes after all of it.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_line(data: &[u8], now: Instant) {
    let [choice, script @ ..] = data else { return };
    let voice = Voice::new(Arc::clone(&WORDS), device(*choice));
    let mut session = Session::new(voice, PATIENCE, b"REG1".as_slice().into(), now);
    let mut telnet = Telnet::new(Port { baud: 9_600, data_bits: 8, parity: 1, stop_bits: 1, flow: 1 });
    let mut now = now;
    let mut asked = Vec::new();
    for (pause, octets) in steps(script) {
        now += Duration::from_millis(u64::from(pause) * 20);
        let mut timers = 0;
        while session.poll_timeout().is_some_and(|(due, _)| due <= now) {
            session.handle_timeout(now);
            timers += 1;
            assert!(timers < 100, "a timer that is always due");
        }
        let mut port = Vec::new();
        telnet.unwrap(octets, &mut port);
        assert!(port.len() <= octets.len());
        session.handle_octets(&port, now);
        while let Some(event) = session.poll_event() {
            if let Event::Ask { ticket, .. } = event {
                asked.push(ticket);
            }
        }
        if let Some(ticket) = asked.pop().filter(|_| pause & 1 == 1) {
            session.handle_answer(ticket, reply(pause).as_ref(), now);
        }
        if pause & 2 == 2 {
            assert!(session.poll_transmit().len() <= MOST_OUT);
        }
    }
    for _ in 0..=QUEUE {
        now += Duration::from_secs(60);
        for _ in 0..8 {
            session.handle_timeout(now);
        }
        while session.poll_event().is_some() {}
    }
    assert!(!session.is_waiting(), "a scan that waits for ever");
    session.handle_octets(b"\r\r20060425000000000000\r", now);
    let mut last = false;
    while let Some(event) = session.poll_event() {
        last |= matches!(event, Event::Ask { .. });
    }
    assert!(last, "the next scan is not asked about");
}

/// A stranger's octets through frames, messages and a session: nothing panics, a stranger asks nothing, and a terminal
/// that comes after it is let in.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_framed(data: &[u8], now: Instant) {
    let device = device(0x02);
    let keys = Keys::from([("a".into(), (Key([7; 32]), Arc::clone(&device)))]);
    let voice = Voice::new(Arc::clone(&WORDS), device);
    let clock = Timestamp(1_795_400_041_500);
    let mut gateway = Framed::new(voice, PATIENCE, Arc::new(keys), [3; 32], now);
    let identity = Identity { name: "a".to_owned(), key: Key([7; 32]), columns: 20, language: "en".to_owned() };
    let mut terminal = Terminal::new(identity, now);
    for (_, octets) in steps(data) {
        gateway.handle_octets(octets, (now, clock));
        // The same to the terminal, which nobody is connected to.
        terminal.handle_octets(octets, now);
        while let Some(event) = gateway.poll_event() {
            assert!(!matches!(event, Event::Ask { .. } | Event::Proved(_)), "a stranger was let in");
        }
        gateway.poll_transmit();
    }
    gateway.handle_octets(&[0], (now, clock));
    assert!(lets_in(&mut gateway, &mut terminal, (now, clock)), "the terminal behind it is not let in");
}

/// A body of a kind, a number and a map as they come, with its version and its sum.
fn summed(octets: &[u8]) -> Vec<u8> {
    let mut body = vec![VERSION];
    body.extend(octets);
    let sum = sum(&body).to_le_bytes();
    body.extend(sum);
    let mut framed = Vec::new();
    frame::write(&body, &mut framed);
    framed
}

/// Octets go back and forth between the two until the terminal is let in, or not.
fn lets_in(gateway: &mut Framed, terminal: &mut Terminal, (now, clock): (Instant, Timestamp)) -> bool {
    terminal.handle_up([1; 16], now);
    let mut proved = false;
    for _ in 0..4 {
        gateway.handle_octets(&terminal.poll_transmit(), (now, clock));
        terminal.handle_octets(&gateway.poll_transmit(), now);
        while let Some(event) = gateway.poll_event() {
            proved |= matches!(event, Event::Proved(_));
        }
    }
    proved
}

/// What a terminal says that was let in, and what a gateway says to it, whole in its frames or not and of any content:
/// nothing panics, what waits is bounded, time never stands still, one check is asked about at a time and none for ever, and
/// the terminal is let in again on a line of its own.
///
/// # Panics
/// Where what must hold does not.
pub fn hold_for_inside(data: &[u8], now: Instant) {
    let device = device(0x02);
    let keys = Arc::new(Keys::from([("a".into(), (Key([7; 32]), Arc::clone(&device)))]));
    let clock = Timestamp(1_795_400_041_500);
    let fresh = |now| {
        let voice = Voice::new(Arc::clone(&WORDS), Arc::clone(&device));
        Framed::new(voice, PATIENCE, Arc::clone(&keys), [3; 32], now)
    };
    let identity = Identity { name: "a".to_owned(), key: Key([7; 32]), columns: 20, language: "en".to_owned() };
    let (mut gateway, mut terminal) = (fresh(now), Terminal::new(identity, now));
    assert!(lets_in(&mut gateway, &mut terminal, (now, clock)), "nobody is let in");
    terminal.scan("20060425000000000000", [5; 16], false, now);
    let (mut now, mut asked) = (now, None);
    for (how, octets) in steps(data) {
        now += Duration::from_millis(u64::from(how >> 3) * 250);
        let mut timers = 0;
        while gateway.poll_timeout().is_some_and(|(due, _)| due <= now)
            || terminal.poll_timeout().is_some_and(|due| due <= now)
        {
            gateway.handle_timeout(now);
            terminal.handle_timeout(now);
            timers += 1;
            assert!(timers < 100, "a timer that is always due");
        }
        let sent = if how & 1 == 0 { summed(octets) } else { octets.to_vec() };
        if how & 2 == 0 {
            gateway.handle_octets(&sent, (now, clock));
        } else {
            terminal.handle_octets(&sent, now);
        }
        while let Some(event) = gateway.poll_event() {
            match event {
                Event::Ask { ticket, .. } => assert_eq!(asked.replace(ticket), None, "two at a time"),
                Event::Forget { .. } => asked = None,
                Event::Noticed(_) | Event::Proved(_) | Event::Status(_) | Event::Reached(_) | Event::Over => {}
            }
        }
        if let Some(ticket) = asked.take_if(|_| how & 4 == 4) {
            gateway.handle_answer(ticket, reply(how >> 3).as_ref(), now);
        }
        assert!(gateway.poll_transmit().len() <= MOST_OUT + 2 * LONGEST);
        assert!(terminal.poll_transmit().len() <= MOST_OUT + 2 * LONGEST);
        while terminal.poll_event().is_some() {}
    }
    for _ in 0..=QUEUE {
        now += Duration::from_secs(60);
        gateway.handle_timeout(now);
        terminal.handle_timeout(now);
    }
    assert!(!gateway.is_waiting(), "a check that waits for ever");
    assert!(lets_in(&mut fresh(now), &mut terminal, (now, clock)), "it is not let in again");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(target: &str, hold: fn(&[u8], Instant)) {
        let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut replayed = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test needs an instant to begin with")]
            hold(&data, Instant::now());
            replayed += 1;
        }
        assert!(replayed >= 5, "{replayed}");
    }

    #[test]
    fn the_corpus_of_lines_holds() {
        replay("line", hold_for_line);
    }

    #[test]
    fn the_corpus_of_frames_holds() {
        replay("framed", hold_for_framed);
    }

    #[test]
    fn the_corpus_of_those_let_in_holds() {
        replay("inside", hold_for_inside);
    }
}
