//! Texts as other programs encode them, texts of ours taken apart and put together again, and where they may be cut.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::invariants::{mo, returned};

/// A line of `fixtures/sms/text`.
#[derive(Deserialize)]
struct Encoded {
    text: String,
    data_coding: u8,
    udh: bool,
    bodies: Vec<String>,
}

fn lines(file: &str) -> Vec<Encoded> {
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SMPPLIB: &str = include_str!("../../../../fixtures/sms/text/smpplib.jsonl");
const NODE: &str = include_str!("../../../../fixtures/sms/text/node-smpp.jsonl");
const KANNEL: &str = include_str!("../../../../fixtures/sms/text/kannel.jsonl");

fn octets(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.as_bytes().chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

/// Parts in order of their places; without places in the order given.
fn read_all(messages: &[Mo], settings: &Settings) -> String {
    let mut parts: Vec<_> = messages.iter().map(|mo| Part::read(mo, settings).unwrap()).collect();
    parts.sort_by_key(|(_, place)| place.map(|place| place.part));
    join(parts.iter().map(|(part, _)| part)).unwrap()
}

#[test]
fn what_other_programs_encode_is_read_as_it_was_written() {
    for file in [SMPPLIB, NODE, KANNEL] {
        for line in lines(file) {
            let mut messages: Vec<Mo> =
                line.bodies.iter().map(|body| mo(line.data_coding, line.udh, octets(body))).collect();
            messages.reverse();
            assert_eq!(read_all(&messages, &Settings::default()), line.text);
        }
    }
}

#[test]
fn a_short_text_of_ours_has_the_octets_that_other_programs_give_it() {
    let mut compared = 0;
    for file in [SMPPLIB, NODE, KANNEL] {
        for line in lines(file).iter().filter(|line| line.bodies.len() == 1 && !line.udh) {
            let ours = segments(&line.text, &Settings::default(), 0).unwrap();
            if ours[0].data_coding == line.data_coding {
                assert_eq!(ours.len(), 1);
                assert_eq!(ours[0].payload, octets(&line.bodies[0]), "{}", line.text);
                compared += 1;
            }
        }
    }
    assert!(compared >= 16, "{compared}");
}

#[test]
fn a_long_text_of_ours_takes_as_many_segments_as_kannel_s() {
    for line in lines(KANNEL).iter().filter(|line| line.bodies.len() > 1) {
        let ours = segments(&line.text, &Settings::default(), 0).unwrap();
        if ours[0].data_coding == line.data_coding {
            assert_eq!(ours.len(), line.bodies.len(), "{}", line.text);
        }
    }
}

#[test]
fn a_text_that_fills_one_segment_stays_in_one_and_the_next_character_needs_two() {
    for (c, most, units) in [('a', 160, 1), ('€', 80, 2), ('查', 70, 1), ('😀', 35, 2)] {
        let text = |count: usize| c.to_string().repeat(count);
        let settings = Settings::default();
        assert_eq!(segments(&text(most), &settings, 0).unwrap().len(), 1, "{c}");
        assert_eq!(segments(&text(most + 1), &settings, 0).unwrap().len(), 2, "{c}");
        assert_eq!(Writing::of(&text(1), &settings).units(&text(1)), units, "{c}");
    }
}

#[test]
fn a_long_text_is_marked_as_the_link_says() {
    let text = "查".repeat(140);
    let split = |long| segments(&text, &Settings { long, ..Settings::default() }, 0x1234).unwrap();
    let udh8 = split(LongText::Udh8);
    assert_eq!(udh8[2].udh, [5, 0, 3, 0x34, 3, 3][..]);
    assert_eq!(udh8.iter().map(|part| part.payload.len()).collect::<Vec<_>>(), [134, 134, 12]);
    let udh16 = split(LongText::Udh16);
    assert_eq!(udh16[0].udh, [6, 8, 4, 0x12, 0x34, 3, 1][..]);
    assert_eq!(udh16[0].payload.len(), 132);
    let sar = split(LongText::Sar);
    assert!(sar.iter().all(|part| part.udh.is_empty()));
    assert_eq!(sar[1].sar, Some(Sar { reference: 0x1234, total: 3, part: 2 }));
    let payload = split(LongText::Payload);
    assert_eq!((payload.len(), payload[0].payload.len(), payload[0].sar), (1, 280, None));
}

#[test]
fn nothing_is_cut_that_readers_see_as_one() {
    // The cut would fall behind the 153rd septet, the 67th unit.
    let settings = Settings::default();
    let euro = segments(&format!("{}€{}", "a".repeat(152), "b".repeat(20)), &settings, 0).unwrap();
    assert_eq!(euro[0].payload.len(), 152, "an escape stays with its septet");
    for cluster in ["😀", "👩‍👩‍👧", "é\u{301}", "🇭🇰"] {
        let text = format!("{}{cluster}{}", "查".repeat(66), "询".repeat(20));
        let parts = segments(&text, &settings, 0).unwrap();
        let first = read_all(&[returned(&parts[0])], &settings);
        assert_eq!(first, "查".repeat(66), "{cluster}");
    }
    let stacked = format!("e{}", "\u{301}".repeat(300));
    let parts = segments(&stacked, &settings, 0).unwrap();
    assert!(parts.iter().all(|part| part.payload.len() <= 134), "what fills a segment by itself is cut all the same");
}

#[test]
fn typographic_marks_do_not_make_a_text_wide() {
    let parts = segments("It’s “valid” – see…", &Settings::default(), 0).unwrap();
    assert_eq!((parts.len(), parts[0].data_coding), (1, 0));
    assert_eq!(parts[0].payload, b"It's \"valid\" - see..."[..]);
}

#[test]
fn gbk_is_sent_where_the_link_wants_it_and_has_it_all() {
    let settings = Settings { wide: Wide::Gbk, ..Settings::default() };
    let parts = segments("编号有效，這是首次查詢。", &settings, 0).unwrap();
    assert_eq!((parts[0].data_coding, parts[0].payload.len()), (15, 24));
    let emoji = segments("编号😀有效", &settings, 0).unwrap();
    assert_eq!(emoji[0].data_coding, 8, "and no &#128512; ever");
    assert_eq!(segments("valid", &settings, 0).unwrap()[0].data_coding, 0);
}

#[test]
fn a_text_beyond_what_can_be_counted_is_refused() {
    let text = "查".repeat(67 * 255);
    assert_eq!(segments(&text, &Settings::default(), 0).unwrap().len(), 255);
    let error = segments(&format!("{text}查"), &Settings::default(), 0).unwrap_err();
    assert_eq!(error.to_string(), "a text of 256 segments, the most are 255");
}

#[test]
fn what_is_no_text_is_told_apart() {
    let read = |mo: &Mo| Part::read(mo, &Settings::default()).and_then(|(part, _)| join([&part]));
    assert_eq!(read(&mo(0x20, false, vec![1])), Err(Unreadable::Compressed));
    assert_eq!(read(&mo(4, false, vec![1])), Err(Unreadable::Binary));
    let ports = vec![6, 5, 4, 0x0b, 0x84, 0x23, 0xf0, b'x'];
    assert_eq!(read(&mo(0, true, ports)), Err(Unreadable::Application));
    assert_eq!(read(&mo(0, false, Vec::new())).as_deref(), Ok(""));
}

#[test]
fn a_header_that_cannot_be_is_read_as_text() {
    let read = |body: &[u8]| read_all(&[mo(0, true, body.to_vec())], &Settings::default());
    assert_eq!(read(b"V 4711"), "V 4711", "the first octet says 86");
    assert_eq!(read(&[]), "");
}

#[test]
fn a_place_that_cannot_be_is_none() {
    for (total, part) in [(0, 0), (2, 0), (2, 3), (1, 1)] {
        let body = vec![5, 0, 3, 9, total, part, b'x'];
        let (_, place) = Part::read(&mo(0, true, body), &Settings::default()).unwrap();
        assert_eq!(place, None, "{part} of {total}");
    }
    let mut both = mo(0, true, vec![5, 0, 3, 9, 2, 1, b'x']);
    both.sar = Some(Sar { reference: 7, total: 3, part: 2 });
    let (_, place) = Part::read(&both, &Settings::default()).unwrap();
    assert_eq!(place.map(|place| place.total), Some(2), "the sender's own header comes before the carrier's word");
}

#[test]
fn a_packed_part_begins_behind_its_fill_bits() {
    let settings = Settings { default_alphabet: SmscAlphabet::GsmPacked, ..Settings::default() };
    let text = "12345 67890 ".repeat(20);
    for long in [LongText::Udh8, LongText::Udh16, LongText::Sar] {
        let parts = segments(&text, &Settings { long, ..settings }, 1).unwrap();
        assert!(parts.iter().all(|part| part.udh.len() + part.payload.len() <= 140));
        let back: Vec<Mo> = parts.iter().map(returned).collect();
        assert_eq!(read_all(&back, &settings), text);
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    use SmscAlphabet::{Ascii, Gbk, Gsm, GsmPacked, Latin1, Utf8};
    let alphabet = prop::sample::select(vec![Gsm, GsmPacked, Ascii, Latin1, Gbk, Utf8]);
    let long = prop::sample::select(vec![LongText::Udh8, LongText::Udh16, LongText::Sar, LongText::Payload]);
    let wide = prop::sample::select(vec![Wide::Ucs2, Wide::Gbk]);
    (alphabet, wide, long).prop_map(|(default_alphabet, wide, long)| Settings { default_alphabet, wide, long })
}

/// Texts of one alphabet and of all, short and long. Marks that have a twin are not among them.
fn text() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        "[a-zA-Z0-9 ,.]",
        "[€\\[\\]{}^~|@£$Δñà§]",
        "[\u{4e00}-\u{9fa5}，。]",
        "[\u{1f600}-\u{1f64f}]",
        Just("e\u{301}".to_owned()),
    ];
    prop_oneof![
        prop::collection::vec(c, 0..300).prop_map(|all| all.concat()),
        "[a-zA-Z0-9€\\[\\]{} ]{0,700}[a-z]",
        "[\u{4e00}-\u{9fa5}]{0,300}",
    ]
}

proptest! {
    #[test]
    fn a_text_reads_back_from_its_segments_in_any_order(
        text in text(), settings in settings(), reference: u16, shuffle in any::<prop::sample::Index>(),
    ) {
        let parts = segments(&text, &settings, reference).unwrap();
        let one = parts.len() == 1;
        for part in &parts {
            let octets = part.udh.len() + part.payload.len();
            let limit = match (settings.long, settings.default_alphabet, part.data_coding) {
                (LongText::Payload, ..) => usize::MAX,
                (_, SmscAlphabet::GsmPacked, 0) => 140,
                (_, _, 0) if one => 160,
                (_, _, 0) => 153 + part.udh.len(),
                _ => 140,
            };
            prop_assert!(octets <= limit, "{octets} octets");
        }
        let mut back: Vec<Mo> = parts.iter().map(returned).collect();
        let count = back.len();
        back.rotate_left(shuffle.index(count));
        back.reverse();
        prop_assert_eq!(read_all(&back, &settings), text);
    }

    #[test]
    fn anything_is_read_without_harm(
        data_coding: u8, udh: bool, settings in settings(),
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
    ) {
        let parts: Vec<Part> = bodies
            .into_iter()
            .filter_map(|body| Part::read(&mo(data_coding, udh, body), &settings).ok())
            .map(|(part, _)| part.detached())
            .collect();
        let octets: usize = parts.iter().map(Part::len).sum();
        if let Ok(text) = join(&parts) {
            prop_assert!(text.len() <= octets * 4 + 8);
        }
    }
}
