//! The platforms' forms, read and written.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn collect() -> Collect {
    Collect { most: 20, hash_ends: true, first: Duration::from_secs(8), between: Duration::from_secs(8) }
}

fn turn(next: Next) -> Turn {
    let said = Said { language: Language::ZhHans, text: "请输入“<编号>”&".to_owned() };
    Turn { speech: Speech::Words(vec![said]), barge_in: true, next }
}

const HERE: &str = "https://v.example.com/ivr/x?step=1&token=a";

#[test]
fn each_platform_names_the_call_and_the_keys_in_its_own_way() {
    for (kind, body) in [
        (Kind::Twilio, "CallSid=c1&From=%2B8613800138000&To=%2B12365&Digits=12*&FinishedOnKey=%23"),
        (Kind::Plivo, "CallUUID=c1&From=%2B8613800138000&To=%2B12365&Digits=12*"),
        (
            Kind::Vonage,
            r#"{"uuid":"c1","from":"+8613800138000","to":"+12365","dtmf":{"digits":"12*","timed_out":false}}"#,
        ),
        (
            Kind::Jambonz,
            r#"{"call_sid":"c1","from":"+8613800138000","to":"+12365","digits":"12*","reason":"dtmfDetected"}"#,
        ),
        (
            Kind::FreeSwitch,
            "session_id=c1&Caller-Caller-ID-Number=%2B8613800138000&Caller-Destination-Number=%2B12365&digits=12*%23",
        ),
    ] {
        let octets = body.as_bytes();
        let body = if kind.is_json() { Body::json(octets).unwrap() } else { Body::form(octets) };
        let event = read(kind, &body).unwrap();
        assert_eq!(event.call, "c1", "{kind:?}");
        assert_eq!(event.keys, [Key::Digit(1), Key::Digit(2), Key::Star], "{kind:?}");
        assert_eq!((event.called.as_deref(), event.over), (Some("+12365"), false), "{kind:?}");
        assert_eq!(identity(event.caller.as_deref(), "86"), Identity::Phone("8613800138000".to_owned()), "{kind:?}");
        assert_eq!(event.collected == Collected::Hash, kind != Kind::Plivo, "{kind:?}");
    }
}

#[test]
fn a_request_without_a_call_is_unreadable() {
    for kind in Kind::ALL {
        let body = if kind.is_json() { Body::json(b"{}").unwrap() } else { Body::form(b"x=y") };
        assert!(read(kind, &body).is_err(), "{kind:?}");
    }
    let long = format!("CallSid={}", "a".repeat(200));
    for bad in ["CallSid=", "CallSid=a%20b", "CallSid=%E4%B8%AD", long.as_str()] {
        assert!(read(Kind::Twilio, &Body::form(bad.as_bytes())).is_err(), "{bad}");
    }
}

#[test]
fn who_calls_is_found_in_what_platforms_write() {
    for (caller, phone) in [
        ("+86 138-0013-8000", Some("8613800138000")),
        ("sip:+8613800138000@pbx.example.com;user=phone", Some("8613800138000")),
        ("13800138000", Some("8613800138000")),
        ("anonymous", None),
        ("sip:alice@example.com", None),
        ("", None),
    ] {
        let expected = phone.map_or(Identity::Unknown, |phone| Identity::Phone(phone.to_owned()));
        assert_eq!(identity(Some(caller), "86"), expected, "{caller}");
    }
}

#[test]
fn twiml_gathers_with_what_is_said_inside_and_asks_again_where_nothing_came() {
    let written =
        write(Kind::Twilio, &turn(Next::Collect(collect(), HERE.to_owned())), &|_| Some("Polly.Zhiyu".to_owned()));
    assert_eq!(
        written,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather \
         action=\"https://v.example.com/ivr/x?step=1&amp;token=a\" method=\"POST\" numDigits=\"20\" input=\"dtmf\" \
         finishOnKey=\"#\" timeout=\"8\" actionOnEmptyResult=\"true\"><Say language=\"zh-CN\" voice=\"Polly.Zhiyu\">请输入“&lt;编号&gt;”\
         &amp;</Say></Gather><Redirect method=\"POST\">https://v.example.com/ivr/x?step=1&amp;token=a</Redirect></Response>"
    );
}

#[test]
fn every_platform_is_told_to_collect_to_hand_on_and_to_hang_up() {
    let none = |_: Language| None;
    for (kind, gather, hand_on, end) in [
        (Kind::Telnyx, "<Gather ", "<Dial ", "<Hangup/>"),
        (Kind::Plivo, "log=\"false\"", "<Dial ", "<Hangup/>"),
        (Kind::Vonage, "\"submitOnHash\":true", "\"connect\"", "\"talk\""),
        (Kind::Jambonz, "\"actionHook\":", "\"dial\"", "\"hangup\""),
        (Kind::FreeSwitch, "<bind>~[0-9*]{0,20}#</bind>", "bridge", "<hangup/>"),
    ] {
        let of = |next| write(kind, &turn(next), &none);
        let collecting = of(Next::Collect(collect(), HERE.to_owned()));
        assert!(collecting.contains(gather), "{collecting}");
        let handing = of(Next::Transfer("+8675512345678".to_owned(), HERE.to_owned()));
        assert!(handing.contains(hand_on) && handing.contains("8675512345678"), "{handing}");
        let ending = of(Next::HangUp);
        assert!(ending.contains(end), "{ending}");
        assert!(of(Next::Go(HERE.to_owned())).contains("step=1"));
        for written in [collecting, handing, ending] {
            if kind.is_json() {
                serde_json::from_str::<serde_json::Value>(&written).unwrap();
            } else {
                assert!(!written.contains("&token"), "{written}");
            }
        }
    }
}

#[test]
fn a_recording_is_played_by_its_address() {
    let address = "https://v.example.com/ivr/x/00ff.wav";
    for kind in Kind::ALL {
        let turn = Turn {
            speech: Speech::Recording(address.to_owned()),
            barge_in: true,
            next: Next::Collect(collect(), HERE.to_owned()),
        };
        assert!(write(kind, &turn, &|_| None).contains(address), "{kind:?}");
    }
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        for kind in Kind::ALL {
            let body = if kind.is_json() { Body::json(&octets) } else { Some(Body::form(&octets)) };
            if let Some(Ok(event)) = body.map(|body| read(kind, &body)) {
                prop_assert!(event.keys.len() <= MOST_KEYS && event.call.len() <= LONGEST_ID);
            }
        }
    }

    #[test]
    fn no_text_breaks_out_of_its_element(text in "\\PC*|[\\x00-\\x7f]*") {
        let said = Said { language: Language::En, text };
        let turn = Turn { speech: Speech::Words(vec![said]), barge_in: true, next: Next::HangUp };
        let written = write(Kind::Twilio, &turn, &|_| None);
        let inside = written.split("<Say language=\"en-GB\">").nth(1).and_then(|rest| rest.split("</Say>").next()).unwrap();
        prop_assert!(!inside.contains(['<', '>', '"']));
        for kind in [Kind::Vonage, Kind::Jambonz] {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&write(kind, &turn, &|_| None)).is_ok());
        }
    }
}
