//! Single messages: what the standard prescribes, and silence where it is better.

use std::time::Duration;

use channel_voice::config::SipConfig;
use channel_voice::config::sip::TrunkConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scene::{OFFER, Peer, Scene, config, header};

/// Long enough for an answer that would come, short enough for a test.
const SILENCE: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn what_the_standard_wants_refused_is_refused() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let no_codec = OFFER.replace("8 0 101", "18");
    for (id, method, more, body, status) in [
        ("a", "INVITE", "Require: 100rel\r\n", OFFER, "420"),
        ("b", "INVITE", "Require: foo\r\n", OFFER, "420"),
        ("c", "INVITE", "Max-Forwards: 0\r\n", OFFER, "483"),
        ("d", "INVITE", "CSeq: 1 BYE\r\n", OFFER, "400"),
        ("e", "INVITE", "Content-Length: 9999\r\n", OFFER, "400"),
        ("f", "INVITE", "", &no_codec, "488"),
        ("g", "INVITE", "Content-Type: text/plain\r\n", "hello", "415"),
        ("h", "INVITE", "Session-Expires: 30\r\nSupported: timer\r\n", OFFER, "422"),
        ("i", "BYE", "", "", "481"),
        ("j", "INVITE", "To: <sip:12365@x>;tag=unknown\r\n", OFFER, "481"),
        ("k", "REGISTER", "", "", "405"),
        ("l", "OPTIONS", "", "", "200"),
        ("m", "INFO", "", "", "481"),
        ("n", "INVITE", "", "v=9", "400"),
    ] {
        let answer = peer.ask(peer.request(method, id, more, body)).await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{id}: {answer}");
        match status {
            "420" => assert!(answer.contains("Unsupported: "), "{answer}"),
            "422" => assert_eq!(header(&answer, "Min-SE"), "90"),
            _ if method == "OPTIONS" => assert!(header(&answer, "Allow").contains("INVITE"), "{answer}"),
            _ => {}
        }
        if method == "INVITE" {
            let to = header(&answer, "To");
            peer.send(peer.request("ACK", id, &format!("To: {to}\r\n"), "").replace("bKACK", "bKINVITE")).await;
        }
    }
    let newer = peer.request("OPTIONS", "v", "", "").replacen("SIP/2.0\r\n", "SIP/3.0\r\n", 1);
    let answer = peer.ask(newer).await;
    assert!(answer.starts_with("SIP/2.0 505"), "{answer}");
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_gbk_does_not_lose_the_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let invite = peer.request("INVITE", "gbk", "", OFFER);
    let at = invite.find("\"A\"").unwrap() + 1;
    let named = [&invite.as_bytes()[..at], b"\xd5\xc5\xc8\xfd", &invite.as_bytes()[at + 1..]].concat();
    let answer = peer.ask(named).await;
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert!(header(&answer, "From").contains("张三"));
    let to = header(&answer, "To");
    peer.send(peer.request("ACK", "gbk", &format!("To: {to}\r\n"), "")).await;
    let bye = peer.request("BYE", "gbk", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "");
    assert!(peer.ask(bye).await.starts_with("SIP/2.0 200"));
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_hear_nothing_and_trunks_are_served() {
    let trunk = TrunkConfig { name: "pbx".into(), from: vec!["127.0.0.2".into()], person: None, register: None };
    let scene = Scene::begin(&SipConfig { strangers: false, trunk: vec![trunk], ..config() }).await;
    let (stranger, pbx) = (Peer::new(scene.address).await, Peer::at("127.0.0.2", scene.address).await);
    for method in ["OPTIONS", "INVITE", "REGISTER"] {
        stranger.send(stranger.request(method, "s", "", "")).await;
    }
    stranger.send(b"\x00\xffgarbage").await;
    assert_eq!(stranger.within(SILENCE).await, None);
    assert!(pbx.ask(pbx.request("OPTIONS", "t", "", "")).await.starts_with("SIP/2.0 200"));
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_limits_are_told_so() {
    let scene = Scene::begin(&SipConfig { calls: 2, calls_per_caller: 1, ..config() }).await;
    let peer = Peer::new(scene.address).await;
    let (_, to) = peer.call("one").await;
    let busy = peer.ask(peer.request("INVITE", "two", "", OFFER)).await;
    assert!(busy.starts_with("SIP/2.0 486"), "{busy}");
    peer.send(peer.request("ACK", "two", &format!("To: {}\r\n", header(&busy, "To")), "").replace("bKACK", "bKINVITE"))
        .await;
    let other = |id: &str| format!("From: <sip:1390013800{id}@x>;tag=f{id}\r\n");
    let second = peer.ask(peer.request("INVITE", "3", &other("3"), OFFER)).await;
    assert!(second.starts_with("SIP/2.0 200"), "{second}");
    let full = peer.ask(peer.request("INVITE", "4", &other("4"), OFFER)).await;
    assert!(full.starts_with("SIP/2.0 503") && full.contains("Retry-After: "), "{full}");
    let bye = peer.request("BYE", "one", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "");
    peer.send(bye).await;
    peer.expect("SIP/2.0 200").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_wins_or_loses_and_leaves_nothing() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    for nth in 0..20 {
        let id = format!("c{nth}");
        peer.send(peer.request("INVITE", &id, "", OFFER)).await;
        let cancel = peer.request("CANCEL", &id, "", "").replace("bKCANCEL", "bKINVITE");
        peer.send(cancel).await;
        // Whichever came first: 487, or 200 and then we hang up as callers do.
        let last = loop {
            let message = peer.next().await;
            if message.contains(" INVITE\r\n") && !message.starts_with("SIP/2.0 1") {
                break message;
            }
        };
        let to = header(&last, "To");
        if last.starts_with("SIP/2.0 200") {
            peer.send(peer.request("ACK", &id, &format!("To: {to}\r\n"), "")).await;
            peer.send(peer.request("BYE", &id, &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "")).await;
            loop {
                let message = peer.next().await;
                if message.starts_with("SIP/2.0 200") && message.contains(" BYE\r\n") {
                    break;
                }
            }
        } else {
            assert!(last.starts_with("SIP/2.0 487"), "{last}");
            let ack = peer.request("ACK", &id, &format!("To: {to}\r\n"), "");
            peer.send(ack.replace("bKACK", "bKINVITE")).await;
        }
    }
    assert_eq!(scene.end().await, 0, "every call has ended by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_a_late_offer_and_a_refresh_are_answered_within_a_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    // Without an offer: ours comes with the answer, theirs with the acknowledgement.
    let answer = peer.ask(peer.request("INVITE", "late", "Supported: timer\r\nSession-Expires: 90\r\n", "")).await;
    assert!(
        answer.starts_with("SIP/2.0 200") && answer.contains("m=audio") && answer.contains("PCMU/8000"),
        "{answer}"
    );
    assert_eq!(header(&answer, "Session-Expires"), "90;refresher=uac");
    let to = header(&answer, "To");
    peer.send(peer.request("ACK", "late", &format!("To: {to}\r\n"), OFFER)).await;
    support::wait_for("the caller is greeted", || !scene.recordings.said().is_empty()).await;
    let within = |nth: u32, method: &str, more: &str, body: &str| {
        let more = format!("To: {to}\r\nCSeq: {nth} {method}\r\n{more}");
        peer.request(method, "late", &more, body).replace("bKINVITE", &format!("bK{nth}"))
    };
    let held = peer.ask(within(2, "INVITE", "", &format!("{OFFER}a=sendonly\r\n"))).await;
    assert!(held.starts_with("SIP/2.0 200") && held.contains("a=recvonly"), "{held}");
    peer.send(within(2, "ACK", "", "")).await;
    let resumed = peer.ask(within(3, "INVITE", "", OFFER)).await;
    assert!(resumed.contains("a=sendrecv"), "{resumed}");
    peer.send(within(3, "ACK", "", "")).await;
    let wrong = peer.ask(within(4, "INVITE", "", &OFFER.replace("8 0 101", "18"))).await;
    assert!(wrong.starts_with("SIP/2.0 488"), "{wrong}");
    peer.send(within(4, "ACK", "", "").replace("bKACK", "bK4")).await;
    for (nth, more, body, status) in [
        (5, "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\n", "200"),
        (6, "Content-Type: application/dtmf\r\n", "5", "200"),
        (7, "Content-Type: text/plain\r\n", "5", "415"),
    ] {
        let answer = peer.ask(within(nth, "INFO", more, body).replace("bKINFO", &format!("bKi{nth}"))).await;
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{answer}");
    }
    let refreshed =
        peer.ask(within(8, "UPDATE", "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n", "")).await;
    assert!(refreshed.starts_with("SIP/2.0 200"), "{refreshed}");
    assert_eq!(header(&refreshed, "Session-Expires"), "90;refresher=uac");
    let options = peer.ask(within(9, "OPTIONS", "", "")).await;
    assert!(options.starts_with("SIP/2.0 200"), "{options}");
    let bye = peer.ask(within(10, "BYE", "", "")).await;
    assert!(bye.starts_with("SIP/2.0 200"), "{bye}");
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_acknowledgement_is_lost_is_repeated() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let first = peer.ask(peer.request("INVITE", "lost", "", OFFER)).await;
    assert!(first.starts_with("SIP/2.0 200"));
    let again = peer.next().await;
    assert_eq!(header(&again, "To"), header(&first, "To"), "the same answer again");
    let to = header(&first, "To");
    // The caller gives up without ever having acknowledged.
    peer.send(peer.request("BYE", "lost", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "")).await;
    loop {
        let message = peer.next().await;
        if message.starts_with("SIP/2.0 200") && message.contains(" BYE\r\n") {
            break;
        }
    }
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_by_tcp_is_a_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    let by_tcp = |message: String| message.replace("SIP/2.0/UDP", "SIP/2.0/TCP").into_bytes();
    let invite = by_tcp(peer.request("INVITE", "tcp", "", OFFER));
    // In two pieces, after a ping.
    stream.write_all(b"\r\n\r\n").await.unwrap();
    stream.write_all(&invite[..100]).await.unwrap();
    stream.flush().await.unwrap();
    stream.write_all(&invite[100..]).await.unwrap();
    let mut text = String::new();
    let mut buffer = vec![0; 65_535];
    while !text.contains("SIP/2.0 200") || !text.contains("a=sendrecv") {
        let length = tokio::time::timeout(support::BOUND, stream.read(&mut buffer)).await.unwrap().unwrap();
        assert!(length > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    assert!(text.starts_with("\r\n"), "the ping is answered");
    let answer = &text[text.find("SIP/2.0 200").unwrap()..];
    assert!(header(answer, "Contact").to_lowercase().contains("transport=tcp"), "{answer}");
    let to = header(answer, "To");
    stream.write_all(&by_tcp(peer.request("ACK", "tcp", &format!("To: {to}\r\n"), ""))).await.unwrap();
    support::wait_for("the caller is greeted", || !scene.recordings.said().is_empty()).await;
    let bye = by_tcp(peer.request("BYE", "tcp", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), ""));
    stream.write_all(&bye).await.unwrap();
    let length = tokio::time::timeout(support::BOUND, stream.read(&mut buffer)).await.unwrap().unwrap();
    let bye = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(bye.starts_with("SIP/2.0 200"), "{bye}");
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_noise_change_nothing() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let whole = peer.request("INVITE", "noise", "Supported: timer\r\n", OFFER).into_bytes();
    let mut state = 20_060_425_u64;
    let mut dice = move |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    let rounds: u32 = std::env::var("VERIGATE_NOISE").map_or(3_000, |rounds| rounds.parse().unwrap());
    for _ in 0..rounds {
        let mut message = whole.clone();
        for _ in 0..=dice(4) {
            if message.is_empty() {
                break;
            }
            let at = dice(message.len());
            match dice(5) {
                0 => message[at] = u8::try_from(dice(256)).unwrap(),
                1 => drop(message.drain(at..(at + dice(40)).min(message.len()))),
                2 => message.truncate(at.max(1)),
                3 => message.insert(at, b'\n'),
                _ => message.splice(at..at, whole[..dice(whole.len())].to_vec()).for_each(drop),
            }
            message.truncate(8_000);
        }
        peer.send(&message).await;
        while peer.within(Duration::ZERO).await.is_some() {}
    }
    drop(peer);
    let peer = Peer::at("127.0.0.3", scene.address).await;
    let (_, to) = peer.call("after").await;
    let bye = peer.request("BYE", "after", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "");
    peer.send(bye).await;
    peer.expect("SIP/2.0 200").await;
    scene.end().await;
}
