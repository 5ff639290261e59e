//! What devices are sent: every verdict in every language on two lines, and some of it octet for octet.

use contract::answer::Facts;
use contract::{Position, Receipt, RequestKind, Timestamp, Verdict};
use jiff::tz::TimeZone;

use super::*;
use crate::config::{DeviceConfig, KioskConfig, SecretPlace, TerminalConfig, Way};

pub(crate) fn words() -> Arc<Words> {
    Arc::new(Words::load(None, TimeZone::get("Asia/Shanghai").unwrap()).unwrap())
}

pub(crate) fn device(config: DeviceConfig) -> Arc<Device> {
    let terminal: TerminalConfig = toml::from_str("name = \"a\"\ntty = \"/dev/null\"").unwrap();
    let section =
        KioskConfig { terminal: vec![TerminalConfig { device: config, ..terminal }], ..KioskConfig::default() };
    let settings = section.check(&|_: &SecretPlace| Ok(String::new())).unwrap();
    assert!(matches!(settings.terminals[0].way, Way::Tty { .. }));
    Arc::clone(&settings.terminals[0].device)
}

pub(crate) fn reply(verdict: Verdict) -> Reply {
    let answer = Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts: Facts::default() };
    Reply {
        about: RequestKind::Check,
        answers: vec![answer],
        receipt: Receipt::from_body(12_345_678_901),
        at: Timestamp(1_795_400_041_500),
        position: Some(Position { stream: 0, sequence: 7 }),
        silent: false,
        replayed: false,
    }
}

fn voice(output: &[Profile], encoding: Encoding) -> Voice {
    Voice::new(
        words(),
        device(DeviceConfig { output: output.to_vec(), encoding, language: Language::ZhHk, ..DeviceConfig::default() }),
    )
}

fn about() -> About {
    About { tail: "4242".to_owned(), print: true }
}

/// The two lines of a page of a CD5220, in octets.
fn lines(screen: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!(screen[0], 0x0c, "a page begins with a clear");
    screen[1..].split(|octet| *octet == b'\r').filter(|line| !line.is_empty()).map(|line| line[3..].to_vec()).collect()
}

fn samples() -> Vec<Verdict> {
    let at = Timestamp(1_790_000_000_000);
    let seen = contract::Seen { at, city: Some("深圳".to_owned()), channel: None };
    let day = contract::Day::new(2026, 12, 31).unwrap();
    vec![
        Verdict::Unavailable,
        Verdict::RateLimited { minutes: 59 },
        Verdict::Malformed { read: 19, expected: 20 },
        Verdict::Typo,
        Verdict::Unknown,
        Verdict::Recalled { reason: Some("瓶盖".repeat(80)) },
        Verdict::Expired { on: day },
        Verdict::NotActivated { fresh: true },
        Verdict::ImpossibleTravel { elsewhere: seen.clone() },
        Verdict::Overchecked { times: 12, first: seen.clone() },
        Verdict::GenuineSeen { times: 2, first: seen },
        Verdict::GenuineFirst,
    ]
}

#[test]
fn a_display_shows_no_line_beyond_its_columns_and_no_more_pages_than_one_waits_for() {
    for encoding in [Encoding::Gbk, Encoding::Gb18030] {
        let voice = voice(&[Profile::Cd5220], encoding);
        for language in Language::ALL {
            for verdict in samples() {
                let said = voice.answer(&reply(verdict.clone()), &about(), language);
                assert!((3..=7).contains(&said.screens.len()), "{verdict:?}: {} pages", said.screens.len());
                for screen in &said.screens {
                    let lines = lines(screen);
                    assert!((1..=2).contains(&lines.len()));
                    assert!(lines.iter().all(|line| line.len() <= 20), "{verdict:?}");
                }
            }
        }
    }
}

#[test]
fn a_cd5220_is_sent_this() {
    let said = voice(&[Profile::Cd5220], Encoding::Gbk).answer(&reply(Verdict::GenuineFirst), &about(), Language::En);
    assert_eq!(said.screens[0], b"\x0c\x1bQAValid number\r\x1bQBFirst check\r");
    assert_eq!(said.screens.last().unwrap(), b"\x0c\x1bQAReceipt number\r\x1bQB1234 5678 9018\r".as_slice());
    assert!(said.now.is_empty() && said.block.is_none());
}

#[test]
fn a_dm_d_is_sent_this() {
    let said = voice(&[Profile::Dmd], Encoding::Gbk).answer(&reply(Verdict::Unknown), &about(), Language::ZhHans);
    let mut expected = b"\x1b@\x0c\x1f$\x01\x01".to_vec();
    Encoding::Gbk.write("本网没有这个编号", &mut expected);
    expected.extend(b"\x1f$\x01\x02");
    Encoding::Gbk.write("谨防假冒", &mut expected);
    assert_eq!(said.screens[0], expected);
}

#[test]
fn only_what_is_on_disk_is_acknowledged() {
    let voice = voice(&[Profile::Plain, Profile::Ack], Encoding::Utf8);
    let said = |reply: &Reply| voice.answer(reply, &about(), Language::En).now[0];
    let recorded = reply(Verdict::GenuineFirst);
    assert_eq!(said(&recorded), ACK);
    assert_eq!(said(&Reply { position: None, receipt: None, ..reply(Verdict::RateLimited { minutes: 3 }) }), NAK);
    for notice in [Notice::Again, Notice::NotRead, Notice::OneByOne, Notice::Refused(Refusal::Overloaded)] {
        assert_eq!(voice.notice(&notice, Language::En).now[0], NAK);
    }
    assert!(voice.notice(&Notice::Idle, Language::En).now.is_empty());
}

#[test]
fn a_line_terminal_reads_this() {
    let voice = voice(&[Profile::Plain], Encoding::Utf8);
    let said = voice.answer(&reply(Verdict::GenuineFirst), &about(), Language::En);
    assert_eq!(
        String::from_utf8(said.now).unwrap(),
        "Valid number [valid]\r\nThe number is valid, and this is its first check.\r\nPlease compare the pack with the \
         record.\r\nReceipt number 1234 5678 9018\r\n\r\n"
    );
}

#[test]
fn a_program_reads_one_object_to_a_line() {
    let voice = voice(&[Profile::JsonLines], Encoding::Utf8);
    let said = voice.answer(&reply(Verdict::Typo), &about(), Language::En).now;
    assert!(said.ends_with(b"\r\n"));
    let value: Value = serde_json::from_slice(&said).unwrap();
    assert_eq!((value["verdict"].as_str(), value["colour"].as_str()), (Some("typo"), Some("grey")));
    assert_eq!((value["tail"].as_str(), value["receipt"].as_str()), (Some("4242"), Some("123456789018")));
}

#[test]
fn a_block_has_fields_and_a_check() {
    let said = voice(&[Profile::StxLrc], Encoding::Gbk).answer(&reply(Verdict::Unknown), &about(), Language::En);
    let block = said.block.unwrap();
    let text = b"\x02unknown\x1cred\x1c123456789018\x1cNo such number\x1cBeware counterfeits\x03";
    assert_eq!(block[..block.len() - 1], text[..]);
    assert_eq!(block[1..].iter().fold(0, |check, octet| check ^ octet), 0);
}

#[test]
fn a_receipt_is_printed_where_there_is_one_and_once() {
    let voice = voice(&[Profile::Escpos], Encoding::Gbk);
    let paper = voice.answer(&reply(Verdict::GenuineFirst), &about(), Language::ZhHans).now;
    let text = Encoding::Gbk.read(&paper);
    assert!(paper.starts_with(b"\x1b@\x1c&") && paper.ends_with(b"\x1dVB\0"));
    for part in ["编号有效", "尾号4242", "1234 5678 9018", "\u{1d}(k\u{f}\u{0}1P0123456789018"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(paper.len() < LONGEST);
    let again = About { print: false, ..about() };
    assert!(voice.answer(&reply(Verdict::GenuineFirst), &again, Language::ZhHans).now.is_empty());
    let none = Reply { receipt: None, position: None, ..reply(Verdict::RateLimited { minutes: 3 }) };
    assert!(voice.answer(&none, &about(), Language::ZhHans).now.is_empty());
}
