//! Requests that no well-meaning client sends, against the real binary: each is told what is wrong, none is recorded.
//!
//! Verdicts about unreadable numbers are answers and so here too; what the numbers mean is the demo's test.

use hyper::Request;
use serde_json::json;
use support::http::send;

use crate::demo::{Demo, ask};

#[tokio::test]
async fn bad_input_gets_an_answer_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    for (code, verdict) in [
        ("hello there", "malformed"),
        ("1234567890123456789", "malformed"),
        ("123456789012345678901", "malformed"),
        ("9520000001018", "not_unit_code"),
    ] {
        let answer = ask(demo.address, &json!({ "code": code }), None).await;
        assert_eq!(answer.status, 200, "{code}: {}", answer.body);
        assert_eq!(answer.json()["verdict"], verdict, "{code}: {}", answer.body);
        assert_eq!(answer.json()["colour"], "grey", "{code}");
    }
    let mebibytes = vec![b' '; 10 << 20];
    for (what, body, status) in [
        ("nothing", Vec::new(), 400),
        ("ten megabytes", mebibytes, 413),
        ("no UTF-8", b"{\"code\":\"\xff\xfe\"}".to_vec(), 400),
        ("no JSON", b"{\"code\":".to_vec(), 400),
        ("an unknown field", b"{\"code\":\"1\",\"cod\":1}".to_vec(), 400),
        ("an unknown language", b"{\"code\":\"1\",\"language\":\"tlh\"}".to_vec(), 400),
    ] {
        let head = Request::post("/v1/checks").header("content-type", "application/json");
        let answer = send(demo.address, head, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
        assert!(answer.header("content-type").starts_with("application/problem+json"), "{what}");
    }
}

#[tokio::test]
async fn a_key_that_comes_back_with_another_number_is_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let codes = demo.sample("recalled")["codes"].clone();
    let first = ask(demo.address, &json!({ "code": codes[0] }), Some("k")).await;
    assert_eq!(first.json()["verdict"], "recalled");
    let second = ask(demo.address, &json!({ "code": codes[1] }), Some("k")).await;
    assert_eq!(second.status, 409, "{}", second.body);
    let same = ask(demo.address, &json!({ "code": codes[0] }), Some("k")).await;
    assert_eq!(same.json()["receipt"], first.json()["receipt"], "the first answer stands");
}
