//! The endpoints for programs.

use contract::{
    Answer, Channel as Medium, Colour, Confidence, Facts, Identity, Language, Life, Number, Receipt, ReceiptView,
    Refusal, Role, Seen, Timestamp, Verdict, VerdictKind,
};
use hyper::Request;
use serde_json::json;
use support::http::send;

use crate::{CODE, Channel, assert_problem};

fn number() -> Number {
    Number::Digits("12345678901234567890".to_owned())
}

#[tokio::test]
async fn a_check_is_answered_with_verdict_receipt_and_words() {
    let channel = Channel::up().await;
    let answered = channel.check(CODE).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let framed = answered.header("content-security-policy").contains("frame-ancestors 'none'");
    assert!(
        framed
            && answered.header("x-content-type-options") == "nosniff"
            && answered.header("cache-control") == "no-store"
    );
    let body = answered.json();
    assert_eq!((&body["verdict"], &body["colour"]), (&json!("genuine_first"), &json!("green")));
    assert_eq!(body["receipt"], Receipt::from_body(1).unwrap().to_string());
    assert_eq!(body["recorded_at"], "2026-11-23T02:14:01.5Z");
    assert_eq!(body["replayed"], false);
    assert!(!body["text"]["verdict"].as_str().unwrap().is_empty());
    assert!(body.get("detail").is_none());
    let asked = channel.core.asked().remove(0);
    assert_eq!((asked.channel, asked.language, asked.asker.role), (Medium::Api, Language::En, Role::Shopper));
    assert_eq!(asked.checks[0].number, number());
    assert!(matches!(asked.asker.identity, Identity::Network(address) if address.is_loopback()));
    assert_eq!(channel.down().await, 0);
}

#[tokio::test]
async fn an_earlier_check_is_told_to_the_minute_with_its_facts() {
    let channel = Channel::up().await;
    let first = Seen { at: Timestamp(1_795_400_099_999), city: Some("深圳".to_owned()), channel: Some(Medium::Sms) };
    let verdict = Verdict::GenuineSeen { times: 2, first: first.clone() };
    let facts = Facts { times_checked: Some(2), first_checked: Some(first), ..Facts::default() };
    let advisory = Verdict::DataMismatch { lot: true, expiry: false, product: false };
    let answer = Answer { colour: Colour::Amber, verdict, advisories: vec![advisory], facts };
    channel.core.answer_all(number(), answer);
    let body = channel.check(CODE).await.json();
    assert_eq!(body["detail"], json!({"times":2,"first":{"at":"2026-11-23T02:14:00Z","city":"深圳","channel":"sms"}}));
    assert_eq!(body["facts"]["first_checked"]["at"], "2026-11-23T02:14:00Z");
    assert_eq!(body["advisories"], json!(["data_mismatch"]));
}

#[tokio::test]
async fn too_many_checks_are_an_answer_with_a_time_to_come_back() {
    let channel = Channel::up().await;
    channel.core.answer(number(), Verdict::RateLimited { minutes: 12 });
    let answered = channel.check(CODE).await;
    assert_eq!((answered.status.as_u16(), answered.header("retry-after")), (200, "720"));
    assert_eq!(answered.json()["detail"]["retry_after_minutes"], 12);
}

#[tokio::test]
async fn the_language_is_the_bodys_then_the_clients_then_simplified_chinese() {
    let channel = Channel::up().await;
    channel.post("/v1/checks", r#"{"code":"1"}"#, &[("accept-language", "zh-TW, en;q=0.5")]).await;
    channel.check(r#"{"code":"1"}"#).await;
    channel.post("/v1/checks", r#"{"code":"1","language":"en"}"#, &[("accept-language", "zh-TW")]).await;
    let languages: Vec<Language> = channel.core.asked().iter().map(|asked| asked.language).collect();
    assert_eq!(languages, [Language::ZhHk, Language::ZhHans, Language::En]);
    let refused = channel.check(r#"{"code":"1","language":"fr"}"#).await;
    assert_problem(&refused, 400, "bad-request");
    assert!(refused.body.contains("zh-Hans, zh-HK, en"), "{}", refused.body);
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_other_content_a_conflict() {
    let channel = Channel::up().await;
    let key = [("idempotency-key", "a-1")];
    let first = channel.post("/v1/checks", CODE, &key).await.json();
    let again = channel.post("/v1/checks", CODE, &key).await.json();
    assert_eq!((&again["receipt"], &again["replayed"]), (&first["receipt"], &json!(true)));
    assert_eq!(channel.core.recorded(), 1);
    assert_problem(&channel.post("/v1/checks", r#"{"code":"2"}"#, &key).await, 409, "conflict");
    let own = channel.post("/v1/checks", CODE, &[key[0], ("authorization", "Bearer secret")]).await.json();
    assert_eq!(own["replayed"], false, "another asker's key is another key");
    for bad in ["", "a b", &"x".repeat(256)] {
        assert_problem(&channel.post("/v1/checks", CODE, &[("idempotency-key", bad)]).await, 400, "bad-request");
    }
}

#[tokio::test]
async fn a_check_without_a_key_is_never_a_replay() {
    let channel = Channel::up().await;
    channel.check(CODE).await;
    assert_eq!(channel.check(CODE).await.json()["replayed"], false);
    assert_eq!(channel.core.recorded(), 2);
}

#[tokio::test]
async fn a_registered_client_is_known_by_its_key_and_its_place_wins() {
    let channel = Channel::up().await;
    let body = r#"{"code":"1","place":"Guangzhou"}"#;
    let answered = channel.post("/v1/checks", body, &[("authorization", "Bearer secret")]).await;
    assert_eq!(answered.status, 200);
    channel.check(body).await;
    let asked = channel.core.asked();
    assert_eq!(asked[0].asker.identity, Identity::Client("shop".to_owned()));
    assert_eq!(asked[0].asker.role, Role::Trade);
    let places: Vec<(&str, Confidence)> =
        asked.iter().filter_map(|asked| asked.place.as_ref()).map(|place| (&*place.city, place.confidence)).collect();
    assert_eq!(places, [("Shenzhen", Confidence::High), ("Guangzhou", Confidence::Low)]);
    for wrong in ["Bearer Secret", "Basic secret", "Bearer", "secret"] {
        let refused = channel.post("/v1/checks", CODE, &[("authorization", wrong)]).await;
        assert_problem(&refused, 401, "unknown-key");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn every_refusal_of_the_core_has_its_status() {
    let channel = Channel::up().await;
    for (refusal, status, kind, retry) in [
        (Refusal::Overloaded, 503, "overloaded", "1"),
        (Refusal::Unavailable("disk full"), 503, "unavailable", "5"),
        (Refusal::Unauthorised("no"), 403, "not-permitted", ""),
        (Refusal::BadRequest("no".to_owned()), 400, "bad-request", ""),
        (Refusal::Conflict, 409, "conflict", ""),
        (Refusal::Internal, 500, "internal", ""),
    ] {
        channel.core.refuse_next(refusal);
        let answered = channel.check(CODE).await;
        assert_problem(&answered, status, kind);
        assert_eq!(answered.header("retry-after"), retry);
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_its_place() {
    let channel = Channel::up().await;
    let bad = channel.check("{\"code\":\n 7}").await;
    assert_problem(&bad, 400, "bad-request");
    assert_eq!(bad.json()["at"], json!({"field":"code","line":2,"column":2}));
    assert_problem(&channel.check(r#"{"code":"1","extra":1}"#).await, 400, "bad-request");
    assert_problem(&channel.check(&"[".repeat(60_000)).await, 400, "bad-request");
    let head = || Request::post("/v1/checks").header("content-type", "application/json");
    assert_problem(&send(channel.address, head(), b"{\"code\":\"\xff\"}".to_vec()).await, 400, "bad-request");
    let text = Request::post("/v1/checks").header("content-type", "text/plain");
    assert_problem(&send(channel.address, text, CODE).await, 415, "unsupported-media-type");
    let large = send(channel.address, head(), vec![b' '; 10 * 1024 * 1024]).await;
    assert_problem(&large, 413, "too-large");
    let wrong = channel.get("/v1/checks").await;
    assert_problem(&wrong, 405, "method-not-allowed");
    assert_eq!(wrong.header("allow"), "POST");
    assert_problem(&channel.get("/v1/nothing").await, 404, "not-found");
    assert_eq!(channel.core.recorded(), 0);
}

#[tokio::test]
async fn events_are_for_clients_that_may_report_them() {
    let channel = Channel::up().await;
    let sold = r#"{"event":"sold","codes":["1234","5678"],"at":"2026-11-23T01:00:00Z"}"#;
    assert_problem(&channel.post("/v1/events", sold, &[]).await, 401, "unknown-key");
    let key = [("authorization", "Bearer secret"), ("idempotency-key", "till-4-17")];
    let answered = channel.post("/v1/events", sold, &key).await;
    assert_eq!(answered.json(), json!({"position":"0-1","units":2,"replayed":false}));
    let report = channel.core.reports().remove(0);
    assert_eq!((report.life, report.client.as_str(), report.role), (Life::Sold, "shop", Role::Trade));
    assert_eq!(report.place.unwrap().confidence, Confidence::High);
    let recalled = r#"{"event":"recalled","codes":["1234"]}"#;
    assert_problem(&channel.post("/v1/events", recalled, &key).await, 403, "not-permitted");
    channel.core.refuse_next(Refusal::BadRequest("1234 was not issued".to_owned()));
    assert_problem(&channel.post("/v1/events", sold, &key).await, 400, "bad-request");
}

#[tokio::test]
async fn a_receipt_shows_verdict_and_minute_and_a_slip_is_no_guess() {
    let channel = Channel::up().await;
    let receipt = Receipt::from_body(77).unwrap();
    let verdicts = vec![(VerdictKind::Unknown, Colour::Red)];
    channel.core.know_receipt(ReceiptView { receipt, at: Timestamp(1_795_400_040_000), verdicts });
    let found = channel.get(&format!("/v1/receipts/{receipt}")).await;
    let expected = json!({
        "receipt": receipt.to_string(), "at": "2026-11-23T02:14:00Z",
        "verdicts": [{"verdict":"unknown","colour":"red"}],
    });
    assert_eq!(found.json(), expected);
    let missing = format!("/v1/receipts/{}", Receipt::from_body(78).unwrap());
    assert_problem(&channel.get(&missing).await, 404, "not-found");
    assert_eq!(channel.core.receipt_askers().len(), 2);
    assert_problem(&channel.get("/v1/receipts/123").await, 404, "not-found");
    assert_eq!(channel.core.receipt_askers().len(), 2, "what cannot be a receipt does not reach the core");
}

#[tokio::test]
async fn health_and_metrics_are_there_for_those_who_watch() {
    let channel = Channel::up().await;
    assert_eq!(channel.get("/healthz").await.status, 200);
    assert_eq!(channel.get("/readyz").await.json()["ready"], true);
    channel.core.be_not_ready();
    let not_ready = channel.get("/readyz").await;
    assert_eq!((not_ready.status.as_u16(), &not_ready.json()["fault"]), (503, &json!("disk full")));
    assert!(channel.get("/metrics").await.body.contains("verigate_inquiries_total"));
    assert_eq!(channel.get("/openapi.json").await.json()["openapi"], "3.1.0");
    assert_eq!(channel.get("/problems/overloaded").await.status, 200);
    let closed = Channel::with("metrics = \"never\"").await;
    assert_eq!(closed.get("/metrics").await.status, 404);
}
