//! Offers of real equipment, and what becomes of them.

use proptest::prelude::*;

use super::*;

fn ours(policy: Policy) -> Ours {
    Ours {
        address: "192.0.2.9:20000".parse().unwrap(),
        session: 77,
        version: 1,
        master: Master::of(&[7; 30]).unwrap(),
        policy,
    }
}

fn answered(offer: &str) -> (Agreed, String) {
    answer(&read(offer.as_bytes()).unwrap(), &ours(Policy::Offered)).unwrap()
}

const PLAIN: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
                     m=audio 4000 RTP/AVP 18 8 0 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:8 PCMA/8000\r\n\
                     a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

#[test]
fn the_peer_s_first_codec_that_we_speak_is_taken() {
    let (agreed, text) = answered(PLAIN);
    assert_eq!((agreed.law, agreed.events), (Law::A, Some(101)));
    assert_eq!(agreed.remote, Some("198.51.100.1:4000".parse().unwrap()));
    assert_eq!((agreed.direction, agreed.held()), (Direction::SendRecv, false));
    assert_eq!(
        text,
        "v=0\r\no=- 77 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn our_answer_reads_as_what_was_agreed() {
    let (agreed, text) = answered(PLAIN);
    let again = accept(&read(text.as_bytes()).unwrap(), &ours(Policy::Never)).unwrap();
    assert_eq!((again.law, again.events, again.remote), (agreed.law, agreed.events, "192.0.2.9:20000".parse().ok()));
    let offered = offer(&ours(Policy::Never), Law::Mu);
    let (taken, _) = answered(&offered);
    assert_eq!((taken.law, taken.events), (Law::Mu, Some(OUR_EVENTS)));
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let video = PLAIN.replace("m=audio", "m=video 5000 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\nm=audio");
    let text = answered(&format!("{video}m=application 9 UDP/BFCP *\r\n")).1;
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 96 97", "m=audio 20000 RTP/AVP 8 101", "m=application 0 UDP/BFCP *"]);
}

#[test]
fn what_has_no_codec_of_ours_is_unfit() {
    for offer in [
        PLAIN.replace("18 8 0 101", "18 101"),
        PLAIN.replace("m=audio 4000", "m=audio 0"),
        PLAIN.replace("m=audio", "m=video"),
        PLAIN.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF"),
        PLAIN.replace("RTP/AVP", "RTP/SAVP"),
        PLAIN.replace("18 8 0 101", "8").replace("PCMA/8000", "PCMA/16000"),
        PLAIN.split("m=").next().unwrap().to_owned(),
    ] {
        assert_eq!(answer(&read(offer.as_bytes()).unwrap(), &ours(Policy::Offered)), Err(Unfit), "{offer}");
    }
    assert_eq!(answer(&read(PLAIN.as_bytes()).unwrap(), &ours(Policy::Required)), Err(Unfit), "in the clear");
}

#[test]
fn hold_is_seen_in_each_of_its_forms() {
    for (from, to) in [
        ("a=sendrecv", "a=sendonly"),
        ("a=sendrecv", "a=inactive"),
        ("c=IN IP4 198.51.100.1", "c=IN IP4 0.0.0.0"),
        ("t=0 0\r\n", "t=0 0\r\na=inactive\r\n"),
    ] {
        let mut offer = PLAIN.replace(from, to);
        if from.starts_with('t') {
            offer = offer.replace("a=sendrecv\r\n", "");
        }
        let (agreed, text) = answered(&offer);
        assert!(agreed.held(), "{to}");
        let answered = if to.contains("inactive") {
            "a=inactive"
        } else if to.contains("sendonly") {
            "a=recvonly"
        } else {
            "a=sendrecv"
        };
        assert!(text.contains(answered), "{to}: {text}");
    }
}

#[test]
fn keys_are_agreed_at_any_clock_and_the_codec_s_is_preferred() {
    let wide = PLAIN.replace("101 telephone-event/8000", "101 telephone-event/48000");
    assert_eq!(answered(&wide).0.events, Some(101));
    let both =
        wide.replace("18 8 0 101", "8 101 110").replace("a=ptime", "a=rtpmap:110 TELEPHONE-EVENT/8000\r\na=ptime");
    assert_eq!(answered(&both).0.events, Some(110));
    let none = PLAIN.replace("18 8 0 101", "8 0");
    assert_eq!(answered(&none).0.events, None, "mapped and not listed");
}

#[test]
fn keys_for_srtp_are_exchanged() {
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [9; 30]);
    let crypto = format!(
        "a=crypto:1 AEAD_AES_256_GCM inline:{key}\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^31|1:4\r\n\
         a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:{key}|2^31\r\na=sendrecv"
    );
    let offer = PLAIN.replace("RTP/AVP", "RTP/SAVP").replace("a=sendrecv", &crypto);
    let (agreed, text) = answered(&offer);
    let secure = agreed.secure.unwrap();
    assert_eq!((secure.tag, secure.suite), (3, Suite::Sha1_32));
    assert_eq!((secure.ours.octets(), secure.theirs.octets()), (&[7; 30], &[9; 30]));
    assert!(text.contains("m=audio 20000 RTP/SAVP 8 101\r\n"), "{text}");
    assert!(text.contains("a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:"), "{text}");
    assert_eq!(answer(&read(offer.as_bytes()).unwrap(), &ours(Policy::Never)), Err(Unfit));
    let required = super::offer(&ours(Policy::Required), Law::A);
    assert!(required.contains("RTP/SAVP 8 0 101") && required.contains("a=crypto:1 "), "{required}");
}

#[test]
fn what_is_no_description_says_why() {
    assert_eq!(read(b""), Err(SdpError::Version));
    assert_eq!(read(b"v=1\r\n"), Err(SdpError::Version));
    assert_eq!(read(b"v=0\r\nm=audio x RTP/AVP 0\r\n"), Err(SdpError::Stream));
    assert_eq!(read(b"v=0\r\nm=audio 99999 RTP/AVP 0\r\n"), Err(SdpError::Stream));
    assert_eq!(read(b"v=0\n\xff"), Err(SdpError::NotText));
    assert_eq!(read(&vec![b'v'; LONGEST + 1]), Err(SdpError::TooLong));
    let many = format!("v=0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(17));
    assert_eq!(read(many.as_bytes()), Err(SdpError::TooMany));
    let formats = format!("v=0\r\nm=audio 1 RTP/AVP{}\r\n", " 0".repeat(65));
    assert_eq!(read(formats.as_bytes()), Err(SdpError::TooMany));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_an_answer_reads_again(
        lines in proptest::collection::vec(
            prop_oneof![
                "[mcaosbt]=[ -~]{0,40}",
                Just("m=audio 4000 RTP/AVP 0 8 101".to_owned()),
                Just("a=rtpmap:101 telephone-event/8000".to_owned()),
                Just("c=IN IP6 2001:db8::1".to_owned()),
                Just("a=inactive".to_owned()),
            ],
            0..30,
        ),
    ) {
        let text = format!("v=0\r\n{}\r\n", lines.join("\r\n"));
        if let Ok(description) = read(text.as_bytes())
            && let Ok((_, answer)) = answer(&description, &ours(Policy::Offered))
        {
            let again = read(answer.as_bytes()).unwrap();
            prop_assert_eq!(again.streams.len(), description.streams.len());
        }
    }
}
