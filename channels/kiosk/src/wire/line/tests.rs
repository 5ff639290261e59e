//! Lines come out whole whatever ends them and however they are cut on the way.

use proptest::prelude::*;

use super::*;

const GAP: Duration = Duration::from_millis(60);

fn lines(check: bool) -> Lines {
    Lines::new(Settings { gap: Some(GAP), check })
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a test needs an instant to begin with")]
    Instant::now()
}

fn fed(lines: &mut Lines, octets: &[u8], at: Instant) -> Vec<Token> {
    octets.iter().filter_map(|octet| lines.push(*octet, at)).collect()
}

fn line(text: &str) -> Token {
    Token::Line(text.as_bytes().to_vec())
}

#[test]
fn every_terminator_ends_a_line_once() {
    for end in ["\r", "\n", "\r\n", "\n\r", "\t", "\0", "\x03", "\x04", "\x03\r\n"] {
        let text = format!("12345678{end}87654321{end}");
        assert_eq!(fed(&mut lines(false), text.as_bytes(), now()), [line("12345678"), line("87654321")], "{end:?}");
    }
    assert_eq!(fed(&mut lines(false), b"\x02123\x0212345678\x04", now()), [line("123"), line("12345678")]);
}

#[test]
fn a_pause_ends_a_burst_and_not_what_is_keyed() {
    let (mut lines, at) = (lines(false), now());
    assert!(fed(&mut lines, b"12345678", at).is_empty());
    assert_eq!(lines.handle_timeout(at + GAP / 2), None);
    assert_eq!(lines.handle_timeout(at + GAP), Some(line("12345678")));
    assert_eq!(lines.poll_timeout(), None);
    let mut at = at;
    for key in b"20060425" {
        at += Duration::from_millis(400);
        assert!(fed(&mut lines, &[*key], at).is_empty());
        assert_eq!(lines.handle_timeout(at + Duration::from_millis(399)), None);
    }
    assert_eq!(lines.push(b'\r', at), Some(line("20060425")));
}

#[test]
fn half_a_number_of_a_device_that_sends_terminators_is_never_a_line() {
    let (mut lines, at) = (lines(false), now());
    assert_eq!(fed(&mut lines, b"12345678\r", at), [line("12345678")]);
    assert!(fed(&mut lines, b"1234567890", at).is_empty());
    assert_eq!(lines.handle_timeout(at + GAP), None);
    assert_eq!(fed(&mut lines, b"1234567890\r", at + Duration::from_secs(1)), [line("12345678901234567890")]);
    assert!(fed(&mut lines, b"1234567890", at).is_empty());
    assert_eq!(lines.handle_timeout(at + STUCK), Some(Token::Unfinished));
    assert_eq!(fed(&mut lines, b"12345678\r", at + STUCK), [line("12345678")]);
}

#[test]
fn an_endless_line_is_told_of_once_and_the_next_one_is_read() {
    let (mut lines, at) = (lines(false), now());
    let mut endless = vec![b'1'; LONGEST * 3];
    endless.extend(b"\r12345678\r");
    assert_eq!(fed(&mut lines, &endless, at), [Token::TooLong, line("12345678")]);
    assert_eq!(fed(&mut lines, &vec![b'1'; LONGEST], at), []);
    assert!(lines.buffer.capacity() <= LONGEST * 2);
}

#[test]
fn signals_stand_anywhere_and_noise_is_left_out() {
    let (mut lines, at) = (lines(false), now());
    let got = fed(&mut lines, b"\x0512\x0634\x155\x1b\x116\x1d78\r", at);
    assert_eq!(got, [Token::Enquiry, Token::Taken, Token::NotTaken, line("123456\u{1d}78")]);
}

#[test]
fn a_checked_line_is_taken_where_its_check_holds() {
    let (mut lines, at) = (lines(true), now());
    let mut good = b"\x02123456".to_vec();
    good.push(ETX);
    good.push(super::super::longitudinal(b"123456") ^ ETX);
    assert_eq!(fed(&mut lines, &good, at), [line("123456")]);
    if let Some(last) = good.last_mut() {
        *last ^= 0x40;
    }
    assert_eq!(fed(&mut lines, &good, at), [Token::BadCheck]);
    assert!(fed(&mut lines, &good[..good.len() - 1], at).is_empty());
    assert_eq!(lines.handle_timeout(at + STUCK), Some(Token::BadCheck));
}

proptest! {
    #[test]
    fn how_octets_are_cut_into_reads_does_not_matter(octets in proptest::collection::vec(any::<u8>(), 0..400), check: bool) {
        let at = now();
        let whole = fed(&mut lines(check), &octets, at);
        let mut one = lines(check);
        let mut later = Vec::new();
        for (nth, octet) in (0_u32..).zip(&octets) {
            // Reads a little apart, and timers that look in between.
            let at = at + Duration::from_micros(100) * nth;
            later.extend(one.handle_timeout(at));
            later.extend(one.push(*octet, at));
        }
        prop_assert_eq!(whole, later);
    }

    #[test]
    fn after_any_noise_the_second_scan_is_read_as_it_is(noise in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let at = now();
        let mut one = lines(false);
        fed(&mut one, &noise, at);
        fed(&mut one, b"\r", at);
        prop_assert_eq!(fed(&mut one, b"20060425000000000000\r", at), [line("20060425000000000000")]);
    }
}
