//! The wire against its own writing, against rusmpp, and against octets that carriers really send.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test names what it waits for")]

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use rusmpp::decode::DecodeWithLength as _;
use rusmpp::encode::{Encode as _, Length as _};

use super::frame::split;
use super::pdu::Secret;
use super::*;
use crate::message::{Address, DeliveryState, Incoming, Link, MoKind, ReportSource, Tlv};

fn link() -> Link {
    Link { name: "a".into(), group: "a".into() }
}

fn octets(pdu: &Pdu) -> Bytes {
    let mut out = Vec::new();
    pdu.write(&mut out);
    out.into()
}

fn address() -> impl Strategy<Value = Address> {
    ("[0-9]{0,20}", 0_u8..7, 0_u8..2).prop_map(|(text, ton, npi)| Address { text, ton, npi })
}

fn message() -> impl Strategy<Value = ShortMessage> {
    let body = prop::collection::vec(any::<u8>(), 0..=254);
    ("[A-Z]{0,5}", address(), address(), any::<u8>(), any::<u8>(), body).prop_map(
        |(service_type, from, to, data_coding, registered_delivery, body)| ShortMessage {
            service_type,
            from,
            to,
            data_coding,
            registered_delivery,
            short_message: body.into(),
            ..ShortMessage::default()
        },
    )
}

fn pdu() -> impl Strategy<Value = Pdu> {
    let carrier = prop_oneof![Just(Carrier::Submit), Just(Carrier::Deliver)];
    let bind = ("[a-z]{1,15}", "[a-z]{0,8}", address());
    let kind = prop_oneof![Just(BindKind::Transmitter), Just(BindKind::Receiver), Just(BindKind::Transceiver)];
    prop_oneof![
        (carrier.clone(), message(), 1_u32..=0x7fff_ffff).prop_map(|(carrier, message, sequence)| {
            Pdu::request(Command::Message(carrier), sequence, Body::Message(Box::new(message)))
        }),
        (message(), prop::collection::vec(any::<u8>(), 0..600), any::<u32>()).prop_map(
            |(message, payload, sequence)| {
                let tlvs = vec![Tlv { tag: tlv::MESSAGE_PAYLOAD, value: payload.into() }];
                let message = ShortMessage { short_message: Bytes::new(), tlvs, ..message };
                Pdu::request(Command::Message(Carrier::Data), sequence, Body::Message(Box::new(message)))
            }
        ),
        (carrier, "[0-9a-f]{0,64}", any::<u32>()).prop_map(|(carrier, id, sequence)| {
            Pdu::response(Command::Message(carrier), Status::OK, sequence, Body::Accepted { id })
        }),
        (kind.clone(), bind).prop_map(|(kind, (system_id, password, range))| {
            let bind = Bind { system_id, password: Secret(password), version: 0x34, range, ..Bind::default() };
            Pdu::request(Command::Bind(kind), 1, Body::Bind(bind))
        }),
        (kind, "[a-z]{0,15}", prop::option::of(Just(0x34_u8))).prop_map(|(kind, system_id, version)| {
            Pdu::response(Command::Bind(kind), Status::OK, 1, Body::Bound { system_id, version })
        }),
        prop_oneof![Just(Command::Unbind), Just(Command::EnquireLink)].prop_map(|command| Pdu::request(
            command,
            7,
            Body::None
        )),
    ]
}

/// What rusmpp makes of a frame, written again by it.
fn by_rusmpp(frame: &Bytes) -> Result<Vec<u8>, String> {
    let mut rest = BytesMut::from(&frame[4..]);
    let (command, _) = rusmpp::Command::decode(&mut rest, frame.len() - 4).map_err(|error| format!("{error:?}"))?;
    let mut out = BytesMut::zeroed(command.length());
    let written = command.encode(&mut out);
    let length = u32::try_from(written + 4).map_err(|error| error.to_string())?;
    Ok([&length.to_be_bytes()[..], &out[..written]].concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_rusmpp_reads_the_same(pdu in pdu()) {
        let frame = octets(&pdu);
        prop_assert_eq!(Pdu::read(&frame).unwrap(), pdu.clone());
        // rusmpp keeps only values that the specification lists in these two octets.
        prop_assert_eq!(by_rusmpp(&frame).map(Bytes::from), Ok(frame));
    }

    #[test]
    fn a_stream_comes_apart_into_its_pdus_however_it_is_cut(
        pdus in prop::collection::vec(pdu(), 1..8),
        cuts in prop::collection::vec(1_usize..200, 1..40),
    ) {
        let stream: Vec<u8> = pdus.iter().flat_map(|pdu| octets(pdu).to_vec()).collect();
        let (mut received, mut read, mut at) = (BytesMut::new(), Vec::new(), 0);
        for cut in cuts.iter().cycle() {
            let next = (at + cut).min(stream.len());
            received.extend_from_slice(&stream[at..next]);
            at = next;
            while let Some(frame) = split(&mut received).unwrap() {
                read.push(Pdu::read(&frame).unwrap());
            }
            if at == stream.len() {
                break;
            }
        }
        prop_assert_eq!(read, pdus);
        prop_assert!(received.is_empty());
    }

    #[test]
    fn no_octets_do_harm_and_none_beyond_the_frame_are_read(
        command in prop_oneof![0_u32..0x16, Just(0x103_u32), any::<u32>()],
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let length = u32::try_from(16 + body.len()).unwrap();
        let head: Vec<u8> = [length, command, 0, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        let frame: Bytes = [head, body].concat().into();
        if let Ok(Pdu { body: Body::Message(message), .. }) = Pdu::read(&frame) {
            prop_assert!(message.short_message.len() <= frame.len());
            match message.into_incoming(link()) {
                Incoming::Mo(mo) => prop_assert!(mo.body.len() <= frame.len()),
                Incoming::Report(report) => prop_assert!(report.id.len() <= 128),
            }
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_refused_or_loses_only_what_is_optional(message in message(), cut in 0_usize..400) {
        let whole = octets(&Pdu::request(Command::Message(Carrier::Deliver), 1, Body::Message(Box::new(message.clone()))));
        let cut = cut.min(whole.len() - 16);
        let frame = whole.slice(..whole.len() - cut);
        match Pdu::read(&frame) {
            Ok(Pdu { body: Body::Message(read), .. }) => prop_assert_eq!((cut, *read), (0, message)),
            Ok(_) => prop_assert!(false, "another body"),
            Err(fault) => prop_assert!(fault.status.is_error()),
        }
    }
}

/// A `deliver_sm` as octets, with its body and what stands behind it.
fn deliver(from: &[u8], esm_class: u8, body: &[u8], behind: &[u8]) -> Bytes {
    let length = u8::try_from(body.len()).unwrap();
    let fields: [&[u8]; 9] =
        [b"\0\x01\x01", from, b"\0\x01", b"12365\0", &[esm_class, 0, 0], b"\0\0", &[0, 0, 0, 0, length], body, behind];
    let body = fields.concat();
    let head: Vec<u8> =
        [16 + u32::try_from(body.len()).unwrap(), 5, 0, 9].iter().flat_map(|word| word.to_be_bytes()).collect();
    [head, body].concat().into()
}

fn incoming(frame: &Bytes) -> Incoming {
    match Pdu::read(frame).unwrap().body {
        Body::Message(message) => message.into_incoming(link()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_with_a_carrier_s_quirks_is_still_a_text() {
    let mut refused = 0;
    let digits = [b"8".repeat(21), vec![0]].concat();
    for (name, frame) in [
        ("an address of 21 digits", deliver(&digits, 0, b"V 4711", b"")),
        ("a name in Latin-1", deliver(b"Caf\xe9\0", 0, b"V 4711", b"")),
        ("octets behind the end", deliver(b"8613800138000\0", 0, b"V 4711", b"\0\0\0")),
        ("a parameter cut short", deliver(b"8613800138000\0", 0, b"V 4711", b"\x04\x27\0\x09\x02")),
        ("a state of two octets", deliver(b"8613800138000\0", 0, b"V 4711", b"\x04\x27\0\x02\0\x02")),
        ("a reference of one octet", deliver(b"8613800138000\0", 0, b"V 4711", b"\x02\x04\0\x01\x07")),
        ("a vendor's parameter", deliver(b"8613800138000\0", 0, b"V 4711", b"\x14\x01\0\x02\x01\x02")),
    ] {
        let Incoming::Mo(mo) = incoming(&frame) else { panic!("{name}: a receipt") };
        assert_eq!((&mo.body[..], mo.kind, &*mo.to.text), (&b"V 4711"[..], MoKind::Text, "12365"), "{name}");
        refused += usize::from(by_rusmpp(&frame).is_err());
    }
    assert!(refused >= 4, "rusmpp refuses only {refused} of them: would it do by now?");
}

#[test]
fn a_body_that_lies_about_its_length_is_refused_with_the_status_for_that() {
    let frame = deliver(b"8613800138000\0", 0, b"V 4711", b"");
    for (at, value, status) in
        [(frame.len() - 7, 200, Status::INVALID_MESSAGE_LENGTH), (frame.len() - 7, 7, Status::INVALID_MESSAGE_LENGTH)]
    {
        let mut lying = frame.to_vec();
        lying[at] = value;
        assert_eq!(Pdu::read(&lying.into()).unwrap_err().status, status);
    }
    let payload = deliver(b"8613800138000\0", 0, b"", b"\x04\x24\0\x09V 4711");
    assert_eq!(Pdu::read(&payload).unwrap_err().status, Status::INVALID_TLVS);
    let no_nul = deliver(&b"8".repeat(40), 0, b"", b"");
    assert!(Pdu::read(&no_nul).unwrap_err().status.is_error());
}

#[test]
fn a_response_may_lack_everything_behind_its_header() {
    for (id, status) in [(0x8000_0005_u32, 0x58_u32), (0x8000_0004, 0), (0x8000_0009, 0x0d)] {
        let frame: Bytes = [16_u32, id, status, 3].iter().flat_map(|word| word.to_be_bytes()).collect();
        let pdu = Pdu::read(&frame).unwrap();
        assert!(pdu.header.response);
        assert_eq!((pdu.header.status, pdu.header.sequence), (Status(status), 3));
    }
    let without_nul: Bytes =
        [[20_u32, 0x8000_0004, 0, 3].iter().flat_map(|word| word.to_be_bytes()).collect(), b"4711".to_vec()]
            .concat()
            .into();
    assert_eq!(Pdu::read(&without_nul).unwrap().body, Body::Accepted { id: "4711".to_owned() });
}

#[test]
fn receipts_are_read_in_both_their_forms() {
    let text =
        b"id:0e999f21 sub:001 dlvrd:001 submit date:2611261200 done date:2611261201 stat:DELIVRD err:000 text:hi";
    let tlvs = b"\0\x1e\0\x09E999F21\0\0\x04\x27\0\x01\x05\x04\x23\0\x03\x03\0\x0b";
    for (name, frame, id, state, error, source) in [
        ("text", deliver(b"86138\0", 4, text, b""), "0e999f21", DeliveryState::Delivered, None, ReportSource::Text),
        (
            "text of no type",
            deliver(b"86138\0", 0, text, b""),
            "0e999f21",
            DeliveryState::Delivered,
            None,
            ReportSource::Text,
        ),
        (
            "parameters",
            deliver(b"86138\0", 4, b"", tlvs),
            "E999F21",
            DeliveryState::Failed,
            Some("11"),
            ReportSource::Tlv,
        ),
        ("both", deliver(b"86138\0", 4, text, tlvs), "E999F21", DeliveryState::Failed, Some("11"), ReportSource::Tlv),
        (
            "short and in capitals",
            deliver(b"86138\0", 4, b"ID:7 STAT:UNDELIV ERR:12A TEXT:stat:DELIVRD", b""),
            "7",
            DeliveryState::Failed,
            Some("12A"),
            ReportSource::Text,
        ),
        ("nothing", deliver(b"86138\0", 4, b"", b""), "", DeliveryState::Unknown, None, ReportSource::Text),
    ] {
        let Incoming::Report(report) = incoming(&frame) else { panic!("{name}: a text") };
        assert_eq!(
            (&*report.id, report.state, report.error.as_deref(), report.source),
            (id, state, error, source),
            "{name}"
        );
    }
    for text in [&b"id:4711 is this genuine?"[..], b"stat: 4711", b"V 4711"] {
        assert!(matches!(incoming(&deliver(b"86138\0", 0, text, b"")), Incoming::Mo(_)));
    }
}

#[test]
fn a_length_that_no_pdu_has_is_found_at_once() {
    for length in [0_u32, 15, 0x0100_0000, u32::MAX] {
        let mut received = BytesMut::from(&length.to_be_bytes()[..]);
        assert_eq!(split(&mut received), Err(BadLength { got: length }));
    }
}
