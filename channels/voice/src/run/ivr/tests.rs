//! Calls by webhook, from the first request to the last, over the service as the web listener mounts it.

use contract::{Number, Verdict};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use support::ScriptedCore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::*;
use crate::config::webhooks::{PlatformConfig, SecretPlace, WebhooksConfig};
use crate::dialogue::tests::number;
use crate::webhooks::Kind;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Platforms {
    ivr: Ivr,
    core: Arc<ScriptedCore>,
}

fn platform(kind: Kind, unsigned: bool) -> PlatformConfig {
    PlatformConfig {
        kind,
        name: None,
        secret: if unsigned { Vec::new() } else { vec![SecretPlace::default()] },
        from: if unsigned { vec!["127.0.0.1".to_owned()] } else { Vec::new() },
        unsigned,
        speech: None,
        voice: std::collections::BTreeMap::new(),
        person: Some("+8675512345678".to_owned()),
    }
}

impl Platforms {
    fn new() -> Self {
        let core = ScriptedCore::new();
        let config = WebhooksConfig {
            public: Some("https://v.example.com".to_owned()),
            line: vec![crate::config::webhooks::LineConfig {
                number: "12365".to_owned(),
                language: Some(Language::En),
            }],
            platform: Kind::ALL.into_iter().map(|kind| platform(kind, kind != Kind::SignalWire)).collect(),
            ..WebhooksConfig::default()
        };
        let settings = config.check(&|_| Ok(SECRET.to_owned())).unwrap().unwrap();
        let ports = Ports {
            verify: Arc::clone(&core) as Arc<dyn Verify>,
            words: Arc::new(Words::load(None, TimeZone::UTC).unwrap()),
            prompts: Arc::new(Prompts::shipped().unwrap()),
            dialogue: Arc::new(dialogue::Settings::default()),
            choices: Arc::default(),
            tasks: Drain::new(CancellationToken::new(), Duration::from_secs(1)),
        };
        Self { ivr: Ivr::new(settings, ports), core }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> (StatusCode, String) {
        let answer = self.ivr.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn post(&self, kind: Kind, step: u32, body: &str) -> String {
        let (status, text) = self.send(request(kind, step, body)).await;
        assert_eq!(status, StatusCode::OK, "{kind:?} {body}");
        text
    }
}

fn request(kind: Kind, step: u32, body: &str) -> Request<Full<Bytes>> {
    let content = if kind.is_json() { "application/json" } else { "application/x-www-form-urlencoded; charset=UTF-8" };
    let mut request = Request::post(format!("/ivr/{}?step={step}", kind.name()))
        .header(header::CONTENT_TYPE, content)
        .body(Full::from(body.to_owned()))
        .unwrap();
    let peer = Peer { address: [127, 0, 0, 1].into(), reached_loopback: true, by_tls: false };
    request.extensions_mut().insert(peer);
    request
}

/// A request of a platform in which these keys were pressed.
fn keyed(kind: Kind, digits: &str) -> String {
    match kind {
        Kind::Twilio | Kind::SignalWire | Kind::Telnyx => {
            format!("CallSid=c1&From=%2B8613800138000&To=12365&Digits={digits}")
        }
        Kind::Plivo => format!("CallUUID=c1&From=8613800138000&To=12365&Digits={digits}"),
        Kind::Vonage => format!(
            r#"{{"uuid":"c1","from":"8613800138000","to":"12365","dtmf":{{"digits":"{digits}","timed_out":false}}}}"#
        ),
        Kind::Jambonz => format!(
            r#"{{"call_sid":"c1","from":"+8613800138000","to":"12365","digits":"{digits}","reason":"dtmfDetected"}}"#
        ),
        Kind::FreeSwitch => format!(
            "session_id=c1&Caller-Caller-ID-Number=8613800138000&Caller-Destination-Number=12365&digits={digits}"
        ),
    }
}

#[tokio::test]
async fn a_call_goes_its_way_on_every_platform_and_a_retry_counts_nothing() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::SignalWire) {
        let all = Platforms::new();
        all.core.answer(Number::Digits(number()), Verdict::Unknown);
        let first = all.post(kind, 0, &keyed(kind, "")).await;
        assert!(first.contains("step=1"), "{first}");
        let verdict = all.post(kind, 1, &keyed(kind, &number())).await;
        let again = all.post(kind, 1, &keyed(kind, &number())).await;
        assert_eq!(verdict, again, "{kind:?}");
        assert_eq!(all.core.asked().len(), 1, "{kind:?}");
        assert_eq!(all.core.asked()[0].id.key, "c1/0");
        assert_eq!(all.core.asked()[0].language, Language::En);
        if kind == Kind::FreeSwitch {
            let wav =
                verdict.split("file=\"https://v.example.com").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            let (status, sound) = all.send(Request::get(wav).body(Full::default()).unwrap()).await;
            assert!(status.is_success() && sound.len() > 20_000 && sound.starts_with("RIFF"));
        } else {
            assert!(verdict.contains("There is no such number in this network"), "{verdict}");
            let menu = all.post(kind, 2, &keyed(kind, "4")).await;
            assert!(menu.contains("You keyed one two three four, five six seven zero"), "{menu}");
            let person = all.post(kind, 3, &keyed(kind, "0")).await;
            assert!(person.contains("8675512345678"), "{person}");
        }
    }
}

#[tokio::test]
async fn a_person_who_does_not_answer_gives_the_caller_back() {
    for (kind, failed) in [
        (Kind::Twilio, "CallSid=c1&From=%2B8613800138000&To=12365&DialCallStatus=no-answer"),
        (Kind::Telnyx, "CallSid=c1&From=%2B8613800138000&To=12365&DialCallStatus=busy"),
        (Kind::Plivo, "CallUUID=c1&From=8613800138000&To=12365&DialStatus=busy"),
        (Kind::Vonage, r#"{"uuid":"c1","from":"8613800138000","to":"12365","status":"unanswered"}"#),
        (Kind::Jambonz, r#"{"call_sid":"c1","from":"+8613800138000","to":"12365","dial_call_status":"no-answer"}"#),
    ] {
        let all = Platforms::new();
        all.post(kind, 0, &keyed(kind, "")).await;
        all.post(kind, 1, &keyed(kind, &number())).await;
        let handed = all.post(kind, 2, &keyed(kind, "0")).await;
        assert!(handed.contains("8675512345678"), "{handed}");
        let back = all.post(kind, 3, failed).await;
        assert!(back.contains("Nobody can take your call now") && back.contains("press one"), "{kind:?} {back}");
        assert!(all.post(kind, 4, &keyed(kind, "1")).await.contains("this is its first check"), "{kind:?}");
        assert_eq!(all.core.asked().len(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_step_that_was_taken_long_ago_is_not_taken_again() {
    let all = Platforms::new();
    all.post(Kind::Twilio, 0, &keyed(Kind::Twilio, "")).await;
    all.post(Kind::Twilio, 1, &keyed(Kind::Twilio, &number())).await;
    for step in 2..6 {
        all.post(Kind::Twilio, step, &keyed(Kind::Twilio, "2")).await;
    }
    let (status, _) = all.send(request(Kind::Twilio, 1, &keyed(Kind::Twilio, &number()))).await;
    assert_eq!((status, all.core.asked().len()), (StatusCode::FORBIDDEN, 1));
    all.post(Kind::Twilio, 5, &keyed(Kind::Twilio, "2")).await;
}

#[tokio::test]
async fn what_is_no_request_of_a_platform_gets_the_code_for_it() {
    let all = Platforms::new();
    let status = |request| async { all.send(request).await.0 };
    let mut nowhere = request(Kind::Twilio, 0, "");
    *nowhere.uri_mut() = "/ivr/nobody".parse().unwrap();
    assert_eq!(status(nowhere).await, StatusCode::NOT_FOUND);
    let mut get = request(Kind::Twilio, 0, "");
    *get.method_mut() = Method::GET;
    assert_eq!(status(get).await, StatusCode::METHOD_NOT_ALLOWED);
    let mut json = request(Kind::Twilio, 0, "{}");
    json.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    assert_eq!(status(json).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let mut stranger = request(Kind::Twilio, 0, &keyed(Kind::Twilio, ""));
    let peer = Peer { address: [192, 0, 2, 1].into(), reached_loopback: false, by_tls: false };
    stranger.extensions_mut().insert(peer);
    assert_eq!(status(stranger).await, StatusCode::FORBIDDEN);
    assert_eq!(status(request(Kind::SignalWire, 0, &keyed(Kind::SignalWire, ""))).await, StatusCode::FORBIDDEN);
    assert_eq!(status(request(Kind::Vonage, 0, "{")).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(request(Kind::Twilio, 0, "CallSid=")).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(request(Kind::Twilio, 0, &"x".repeat(70_000))).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(all.core.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_core_that_takes_long_is_spoken_over_and_the_answer_is_not_lost() {
    let all = Platforms::new();
    all.core.hold();
    all.post(Kind::Twilio, 0, &keyed(Kind::Twilio, "")).await;
    let begun = tokio::time::Instant::now();
    let moment = all.post(Kind::Twilio, 1, &keyed(Kind::Twilio, &number())).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(moment.contains("One moment") && moment.contains("<Redirect") && !moment.contains("<Gather"), "{moment}");
    all.core.release();
    let verdict = all.post(Kind::Twilio, 2, &keyed(Kind::Twilio, "")).await;
    assert!(verdict.contains("this is its first check"), "{verdict}");
    assert_eq!(all.core.recorded(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_the_core_is_asked_has_one_check() {
    let all = Platforms::new();
    all.core.hold();
    all.post(Kind::Jambonz, 0, &keyed(Kind::Jambonz, "")).await;
    let asking = tokio::time::timeout(
        Duration::from_millis(50),
        all.send(request(Kind::Jambonz, 1, &keyed(Kind::Jambonz, &number()))),
    );
    assert!(asking.await.is_err(), "the platform's connection broke");
    let over = r#"{"call_sid":"c1","call_status":"completed"}"#;
    all.post(Kind::Jambonz, 2, over).await;
    all.core.release();
    for _ in 0..200 {
        if all.core.recorded() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the check was not recorded");
}
