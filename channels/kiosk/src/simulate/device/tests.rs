//! What the gateway writes for a device is what that device shows, however it comes in pieces.

use std::sync::Arc;

use contract::{Language, Verdict};

use super::*;
use crate::config::{DeviceConfig, Profile};
use crate::render::tests::{device as of, reply, words};
use crate::render::{About, Said, Voice};

fn voice(output: &[Profile], encoding: Encoding) -> Voice {
    let config = DeviceConfig {
        output: output.to_vec(),
        encoding,
        bell: true,
        language: Language::En,
        ..DeviceConfig::default()
    };
    Voice::new(words(), Arc::clone(&of(config)))
}

fn said(voice: &Voice, verdict: Verdict, language: Language) -> Said {
    voice.answer(&reply(verdict), &About { tail: "4242".to_owned(), print: true }, language)
}

/// As the octets come in pieces of so many.
fn in_pieces(device: &mut Device, octets: &[u8], of: usize) -> Vec<u8> {
    octets.chunks(of).flat_map(|piece| device.handle_octets(piece)).collect()
}

#[test]
fn both_kinds_of_display_show_each_page_in_every_set() {
    for encoding in [Encoding::Utf8, Encoding::Gbk, Encoding::Gb18030, Encoding::Big5] {
        for profile in [Profile::Cd5220, Profile::Dmd] {
            let voice = voice(&[profile], encoding);
            for pieces in [1, 2, 3, 1_000] {
                let mut device = Device::new(Some(encoding), 20, 2);
                let said = said(&voice, Verdict::GenuineFirst, Language::ZhHk);
                let pages = voice.pages(&reply(Verdict::GenuineFirst), Language::ZhHk);
                for (screen, page) in said.screens.iter().zip(&pages) {
                    assert!(in_pieces(&mut device, screen, pieces).is_empty());
                    let shown: Vec<&String> = device.display().iter().filter(|row| !row.is_empty()).collect();
                    assert_eq!(
                        shown,
                        page.iter().collect::<Vec<_>>(),
                        "{profile:?} {encoding:?} in pieces of {pieces}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_receipt_is_printed_with_its_code_and_cut() {
    let voice = voice(&[Profile::Ack, Profile::Cd5220, Profile::Escpos], Encoding::Gbk);
    let mut device = Device::new(None, 20, 2);
    let said = said(&voice, Verdict::Unknown, Language::ZhHans);
    in_pieces(&mut device, &said.now, 1);
    in_pieces(&mut device, &said.screens[0], 1);
    assert_eq!(device.told(), Some(Told::Taken { beeps: 3 }));
    let paper: Vec<&Paper> = device.paper().iter().collect();
    assert!(
        paper.iter().any(|paper| matches!(paper, Paper::Line { text, large: true, centred: true } if !text.is_empty()))
    );
    assert!(paper.iter().any(|paper| matches!(paper, Paper::Line { text, .. } if text == "1234 5678 9018")));
    assert!(paper.contains(&&Paper::Code("123456789018".to_owned())));
    assert_eq!(paper.last(), Some(&&Paper::Cut));
    assert_eq!(device.display(), ["本网没有这个编号", "谨防假冒"]);
}

#[test]
fn without_paper_nothing_is_printed_and_the_printer_says_so() {
    let voice = voice(&[Profile::Escpos], Encoding::Gbk);
    let mut device = Device::new(None, 20, 2);
    device.load(false);
    in_pieces(&mut device, &said(&voice, Verdict::Unknown, Language::En).now, 7);
    assert!(device.paper().is_empty());
    assert_eq!(in_pieces(&mut device, &[0x10, 4, 1, 0x10, 4, 4], 1), [0x12, 0x72]);
    device.load(true);
    assert_eq!(in_pieces(&mut device, &[0x10, 4, 1, 0x10, 4, 4], 6), [0x12, 0x12]);
}

#[test]
fn a_block_is_acknowledged_where_its_check_holds() {
    let voice = voice(&[Profile::StxLrc], Encoding::Gbk);
    let mut block = said(&voice, Verdict::Unknown, Language::En).block.unwrap();
    let mut device = Device::new(None, 20, 2);
    assert_eq!(in_pieces(&mut device, &block, 1), [ACK]);
    assert!(device.text().iter().any(|line| line == "No such number"));
    block[3] ^= 1;
    assert_eq!(in_pieces(&mut device, &block, 5), [NAK]);
    assert_eq!(in_pieces(&mut device, &[ENQ], 1), [ACK]);
}

#[test]
fn a_line_terminal_shows_lines() {
    let voice = voice(&[Profile::Plain], Encoding::Utf8);
    let mut device = Device::new(None, 20, 2);
    in_pieces(&mut device, &said(&voice, Verdict::GenuineFirst, Language::ZhHans).now, 1);
    assert!(device.text()[0].starts_with("编号有效"), "{:?}", device.text());
}

#[test]
fn what_never_ends_takes_no_memory() {
    let mut device = Device::new(None, 20, 2);
    for start in [&b"\x02"[..], b"\x1bQA", b"\x1d(k\xff\xff", b"x", b"\x1b@", b"\x1f$\x01\x01"] {
        device.handle_octets(start);
        for _ in 0..100 {
            device.handle_octets(&[b'y'; 1_000]);
        }
        assert!(device.pending.len() <= LONGEST && device.run.len() <= LONGEST);
        device.handle_octets(b"\x03\x03\r");
    }
    for _ in 0..10_000 {
        device.handle_octets(b"a\n\x1b@b\n\x1dVB\0");
    }
    assert!(device.text().len() <= KEPT && device.paper().len() <= KEPT);
}
