//! What the gateway asks of others by itself: to take a caller over, to know it, to hang up; and what it makes of answers.

use std::time::Duration;

use channel_voice::config::SipConfig;
use channel_voice::config::sip::{PasswordPlace, RegisterConfig, TrunkConfig};
use channel_voice::dialogue::Phrase;
use support::wait_for;

use crate::scene::{OFFER, Peer, Scene, config, header};

const NUMBER: &str = "12345678901234567890";

fn trunk(register: Option<RegisterConfig>) -> TrunkConfig {
    let person = Some("sip:operator@192.0.2.7".to_owned());
    TrunkConfig { name: "pbx".to_owned(), from: vec!["127.0.0.2".to_owned()], person, register }
}

/// The answer to a request of the gateway's.
fn answer(request: &str, status: &str, more: &str) -> String {
    let copied = |name| format!("{name}: {}\r\n", header(request, name));
    let mut to = header(request, "To");
    if !to.contains(";tag=") {
        to.push_str(";tag=t");
    }
    let same = ["From", "Call-ID", "CSeq"].map(copied).concat();
    let via = header(request, "Via");
    format!("SIP/2.0 {status}\r\nVia: {via};received=127.0.0.1\r\n{same}To: {to}\r\n{more}Content-Length: 0\r\n\r\n")
}

/// A call that is up, and the count of its requests.
struct Up<'a> {
    peer: &'a Peer,
    id: &'a str,
    to: String,
    count: u32,
}

impl<'a> Up<'a> {
    /// With the greeting begun: what comes before the acknowledgement was seen would have to be sent again.
    async fn begin(scene: &Scene, peer: &'a Peer, id: &'a str, offer: &str) -> Self {
        let before = scene.recordings.said().len();
        let answer = peer.ask(peer.request("INVITE", id, "", offer)).await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        let to = header(&answer, "To");
        peer.send(peer.request("ACK", id, &format!("To: {to}\r\n"), "")).await;
        wait_for("the caller is greeted", || scene.recordings.said().len() > before).await;
        Self { peer, id, to, count: 1 }
    }

    fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        self.count += 1;
        let (count, to) = (self.count, &self.to);
        let request =
            self.peer.request(method, self.id, &format!("To: {to}\r\nCSeq: {count} {method}\r\n{more}"), body);
        request.replace(&format!("bK{method}"), &format!("bK{count}{method}"))
    }

    async fn ask(&mut self, method: &str, more: &str, body: &str) -> String {
        let request = self.request(method, more, body);
        self.peer.ask(request).await
    }

    async fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            let answer = self.ask("INFO", "Content-Type: application/dtmf\r\n", &key.to_string()).await;
            assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        }
    }

    async fn tell(&mut self, status: &str) {
        let more = "Event: refer\r\nSubscription-State: active\r\nContent-Type: message/sipfrag\r\n";
        let answer = self.ask("NOTIFY", more, &format!("SIP/2.0 {status}\r\n")).await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_wants_a_person_is_referred_there_or_given_back() {
    let config = SipConfig { strangers: false, trunk: vec![trunk(None)], ..config() };
    let scene = Scene::patient(&config, Duration::from_secs(30)).await;
    let peer = Peer::at("127.0.0.2", scene.address).await;
    for (id, first, then, taken) in [
        ("taken", "202 Accepted", "200 OK", true),
        ("busy", "202 Accepted", "486 Busy Here", false),
        ("declined", "603 Decline", "", false),
    ] {
        let before = scene.recordings.said().len();
        let said = |what: fn(&Phrase) -> bool| {
            let said = scene.recordings.said();
            said[before..].iter().filter(|(play, _)| play.phrases.first().is_some_and(what)).count()
        };
        let verdict: fn(&Phrase) -> bool = |phrase| matches!(phrase, Phrase::Answer(_));
        let mut call = Up::begin(&scene, &peer, id, OFFER).await;
        call.press(NUMBER).await;
        wait_for("the verdict is said", || said(verdict) == 1).await;
        call.press("0").await;
        let refer = peer.expect("REFER ").await;
        assert_eq!(header(&refer, "Refer-To"), "<sip:operator@192.0.2.7>");
        peer.send(answer(&refer, first, "")).await;
        if !then.is_empty() {
            call.tell("100 Trying").await;
            call.tell(then).await;
        }
        if taken {
            let bye = peer.expect("BYE ").await;
            peer.send(answer(&bye, "200 OK", "")).await;
            continue;
        }
        wait_for("nobody is there", || said(|phrase| *phrase == Phrase::NobodyThere) == 1).await;
        call.press("1").await;
        wait_for("the call goes on", || said(verdict) == 2).await;
        assert!(call.ask("BYE", "", "").await.starts_with("SIP/2.0 200"));
    }
    assert_eq!(scene.core.asked().len(), 3);
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_is_made_with_a_password_and_the_registrar_s_time_and_is_refreshed() {
    let registrar = Peer::at("127.0.0.2", "127.0.0.1:9".parse().unwrap()).await;
    let register = RegisterConfig {
        registrar: format!("sip:{}", registrar.address),
        user: "u".to_owned(),
        password: PasswordPlace::default(),
        expires_s: 60,
    };
    // On every interface, as most are: what is registered is the one on the way to the registrar.
    let listen = Some("0.0.0.0:0".parse().unwrap());
    let scene = Scene::begin(&SipConfig { listen, trunk: vec![trunk(Some(register))], ..config() }).await;
    let registrar = registrar.towards(scene.address);
    let mut asked = Vec::new();
    let mut granted = 0;
    while granted < 3 {
        let request = registrar.expect("REGISTER ").await;
        let expires = header(&request, "Expires");
        let contact = format!("<sip:u@127.0.0.1:{}>", scene.address.port());
        assert_eq!(header(&request, "Contact"), contact);
        if !request.contains("Authorization: Digest") {
            let challenge = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"8a3f\", algorithm=MD5, qop=\"auth\"\r\n";
            registrar.send(answer(&request, "401 Unauthorized", challenge)).await;
        } else if expires == "60" {
            registrar.send(answer(&request, "423 Interval Too Brief", "Min-Expires: 1800\r\n")).await;
        } else {
            registrar.send(answer(&request, "200 OK", &format!("Contact: {contact};expires=2\r\n"))).await;
            granted += 1;
            if granted == 2 {
                scene.stop();
            }
        }
        asked.push(expires);
    }
    asked.dedup();
    assert_eq!(asked, ["60", "1800", "0"], "at first, the least that is taken, and back at the end");
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_from_whom_nothing_comes_is_hung_up_on() {
    let scene = Scene::begin(&SipConfig { media_timeout_s: 5, ..config() }).await;
    let peer = Peer::new(scene.address).await;
    peer.call("silent").await;
    let bye = peer.expect("BYE ").await;
    peer.send(answer(&bye, "200 OK", "")).await;
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_older_than_one_before_it_is_refused() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let mut call = Up::begin(&scene, &peer, "old", OFFER).await;
    call.count = 10;
    call.press("1").await;
    call.count = 4;
    let answer = call.ask("INFO", "Content-Type: application/dtmf\r\n", "2").await;
    assert!(answer.starts_with("SIP/2.0 500"), "{answer}");
    call.count = 20;
    assert!(call.ask("BYE", "", "").await.starts_with("SIP/2.0 200"));
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_between_our_offer_and_its_answer_does_not_end_the_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let mut call = Up::begin(&scene, &peer, "cross", OFFER).await;
    let offered = call.ask("INVITE", "", "").await;
    assert!(offered.starts_with("SIP/2.0 200") && offered.contains("m=audio"), "{offered}");
    let sequence = call.count;
    call.press("1").await;
    let ack = peer.request("ACK", "cross", &format!("To: {}\r\nCSeq: {sequence} ACK\r\n", call.to), OFFER);
    peer.send(ack).await;
    call.press("2").await;
    assert!(call.ask("OPTIONS", "", "").await.starts_with("SIP/2.0 200"));
    assert!(call.ask("BYE", "", "").await.starts_with("SIP/2.0 200"), "it is we who hang up");
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_call_ends_its_port_is_free_for_the_next() {
    // An address of its own, and a single port.
    let one = SipConfig { listen: Some("127.0.0.77:0".parse().unwrap()), media_ports: (20_000, 20_000), ..config() };
    let scene = Scene::begin(&one).await;
    let peer = Peer::new(scene.address).await;
    for (nth, way) in ["unfit", "cancel", "bye", "unacknowledged", "bye"].into_iter().enumerate() {
        for round in 0.. {
            let id = format!("{way}{nth}-{round}");
            let offer = if way == "unfit" { OFFER.replace("8 0 101", "18") } else { OFFER.to_owned() };
            peer.send(peer.request("INVITE", &id, "", &offer)).await;
            if way == "cancel" {
                peer.send(peer.request("CANCEL", &id, "", "").replace("bKCANCEL", "bKINVITE")).await;
            }
            let last = loop {
                let message = peer.next().await;
                if message.contains(&id) && message.contains(" INVITE\r\n") && !message.starts_with("SIP/2.0 1") {
                    break message;
                }
            };
            let to = format!("To: {}\r\n", header(&last, "To"));
            let answered = last.starts_with("SIP/2.0 200");
            if answered && way != "unacknowledged" {
                peer.send(peer.request("ACK", &id, &to, "")).await;
            } else if !answered {
                peer.send(peer.request("ACK", &id, &to, "").replace("bKACK", "bKINVITE")).await;
            }
            if answered {
                peer.send(peer.request("BYE", &id, &format!("{to}CSeq: 2 BYE\r\n"), "")).await;
            }
            if !last.starts_with("SIP/2.0 503") {
                break;
            }
            assert!(round < 100, "the port is not given back before {way}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_comes_again_is_the_same_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let invite = peer.request("INVITE", "again", "", OFFER);
    for _ in 0..3 {
        peer.send(&invite).await;
    }
    let first = peer.expect("SIP/2.0 200").await;
    let to = header(&first, "To");
    for _ in 0..2 {
        assert_eq!(header(&peer.expect("SIP/2.0 200").await, "To"), to);
    }
    peer.send(peer.request("ACK", "again", &format!("To: {to}\r\n"), "")).await;
    wait_for("the caller is greeted", || !scene.recordings.said().is_empty()).await;
    peer.send(&invite).await;
    peer.send(peer.request("BYE", "again", &format!("To: {to}\r\nCSeq: 2 BYE\r\n"), "")).await;
    let bye = loop {
        let message = peer.expect("SIP/2.0 200").await;
        if message.contains(" BYE\r\n") {
            break message;
        }
    };
    assert_eq!((header(&bye, "To"), scene.recordings.said().len()), (to, 1));
    assert_eq!(scene.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_is_offered_so_within_the_call() {
    let scene = Scene::begin(&config()).await;
    let peer = Peer::new(scene.address).await;
    let crypto = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\r\n", "CQkJ".repeat(10));
    let secure = format!("{}{crypto}", OFFER.replace("RTP/AVP", "RTP/SAVP"));
    let mut call = Up::begin(&scene, &peer, "secure", &secure).await;
    let offered = call.ask("INVITE", "", "").await;
    assert!(offered.contains(" RTP/SAVP ") && offered.contains("a=crypto:1 "), "{offered}");
    let sequence = call.count;
    peer.send(peer.request("ACK", "secure", &format!("To: {}\r\nCSeq: {sequence} ACK\r\n", call.to), &secure)).await;
    assert!(call.ask("OPTIONS", "", "").await.starts_with("SIP/2.0 200"));
    assert!(call.ask("BYE", "", "").await.starts_with("SIP/2.0 200"));
    assert_eq!(scene.end().await, 0);
}
