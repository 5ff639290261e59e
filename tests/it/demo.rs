//! The demo as its user meets it: the real binary, its samples, a kill, a restart, a second one, a stop.
//!
//! Looks from outside only: standard output, `samples.json`, HTTP, exit codes.
#![expect(clippy::disallowed_methods, reason = "a child that says nothing must not hang the tests")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

use hyper::Request;
use serde_json::{Value, json};
use support::BOUND;
use support::http::{Answered, send};

/// A running demo; killed when the test is over.
pub(crate) struct Demo {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its `samples.json`.
    pub(crate) samples: Value,
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verigate"));
    command.arg("demo").arg("--dir").arg(dir).args([
        "--http",
        "127.0.0.1:0",
        "--smpp",
        "127.0.0.1:0",
        "--kiosk",
        "127.0.0.1:0",
        "--sip",
        "127.0.0.1:0",
    ]);
    command
}

impl Demo {
    /// Starts it and waits for `ready`.
    pub(crate) fn start(dir: &Path) -> Self {
        let mut child = command(dir).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, heard) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        while heard.recv_timeout(BOUND * 3).expect("the demo says ready") != "ready" {}
        let samples: Value = serde_json::from_str(&std::fs::read_to_string(dir.join("samples.json")).unwrap()).unwrap();
        let address = samples["listen"]["http"].as_str().unwrap().parse().unwrap();
        Self { child, address, samples }
    }

    /// The first entry of a verdict.
    pub(crate) fn sample(&self, verdict: &str) -> &Value {
        self.samples["samples"].as_array().unwrap().iter().find(|sample| sample["verdict"] == verdict).unwrap()
    }

    fn code(&self, verdict: &str, nth: usize) -> String {
        self.sample(verdict)["codes"][nth].as_str().unwrap().to_owned()
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < BOUND, "it does not stop");
            std::thread::yield_now();
        }
    }
}

/// Asks as a program does.
pub(crate) async fn ask(address: SocketAddr, body: &Value, key: Option<&str>) -> Answered {
    let mut head = Request::post("/v1/checks").header("content-type", "application/json");
    if let Some(key) = key {
        head = head.header("idempotency-key", key);
    }
    send(address, head, body.to_string()).await
}

fn body(sample: &Value, code: &Value) -> Value {
    let mut body = sample["request"].clone();
    body["code"] = code.clone();
    body
}

#[tokio::test]
async fn every_sample_shows_its_verdict_by_a_plain_request() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    assert_eq!(demo.samples["schema"], 1);
    let mut wrong = Vec::new();
    let mut verdicts = std::collections::BTreeSet::new();
    for sample in demo.samples["samples"].as_array().unwrap() {
        let codes = sample["codes"].as_array().unwrap();
        verdicts.insert(sample["verdict"].as_str().unwrap());
        let is_reusable = sample["reusable"].as_bool().unwrap();
        assert!(is_reusable || codes.len() == 50, "{sample}");
        for time in 0..if is_reusable { 3 } else { 1 } {
            let answer = ask(demo.address, &body(sample, &codes[0]), None).await;
            let said = answer.json();
            if (&said["verdict"], &said["colour"]) != (&sample["verdict"], &sample["colour"]) {
                wrong.push(format!("time {time}: {} {}: {}", sample["verdict"], sample["colour"], answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(verdicts.len(), 19, "{verdicts:?}");
}

#[tokio::test]
async fn the_page_gives_the_verdict_too() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let page = send(demo.address, Request::get("/?lang=en"), "").await;
    let once = page.body.split("name=\"once\"").nth(1).and_then(|rest| rest.split("value=\"").nth(1));
    let once = once.and_then(|rest| rest.split('"').next()).expect("the form has its id");
    let form = format!("once={once}&lang=en&code={}", demo.code("stolen", 0));
    let head = Request::post("/check").header("content-type", "application/x-www-form-urlencoded");
    let posted = send(demo.address, head, form).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    let cookie = posted.header("set-cookie").split(';').next().unwrap().to_owned();
    let head = Request::get(posted.header("location")).header("cookie", cookie);
    let answer = send(demo.address, head, "").await;
    assert!(answer.body.to_lowercase().contains("stolen"), "{}", answer.body);
}

#[test]
fn an_operator_reads_all_that_is_known_of_a_number() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verigate"));
        let Output { status, stdout, stderr } = command.arg("--dir").arg(dir.path()).args(words).output().unwrap();
        assert!(status.success(), "{words:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    };
    let recalled = demo.code("recalled", 0);
    let told = run(&["codes", "inspect", &recalled]);
    for part in [
        "would be told recalled [red]",
        "shoal-lychee-wine",
        "by demo",
        "=> recalled",
        "faulty seal",
        "Life",
        "Asked about",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains('\x1b'), "no colours where nobody looks");
    assert!(told.is_ascii() || told.lines().all(|line| line.chars().count() <= 80), "{told}");
    let known: Value = serde_json::from_str(&run(&["codes", "inspect", "--json", &recalled])).unwrap();
    assert_eq!((&known["verdict"], &known["unit"]["product"]["id"]), (&json!("recalled"), &json!("shoal-lychee-wine")));
    let fired = known["rules"].as_array().unwrap().iter().find(|rule| rule["outcome"] == "verdict").unwrap();
    assert_eq!(fired["rule"], "recalled");
    let forged = run(&["codes", "inspect", &demo.code("unknown", 0)]);
    assert!(forged.contains("its tag is wrong") && forged.contains("wrong_tag"), "{forged}");

    let list = dir.path().join("numbers.txt");
    let issue = ["codes", "issue", "--product", "ridge-oolong", "--count", "2", "--lot", "A1", "--form", "link"];
    let issued =
        run(&[&issue[..], &["--site", "https://id.example/", "--out", list.to_str().unwrap(), "--json"]].concat());
    let issued: Value = serde_json::from_str(&issued).unwrap();
    assert_eq!((&issued["count"], &issued["product"]), (&json!(2), &json!("ridge-oolong")));
    let numbers = std::fs::read_to_string(&list).unwrap();
    assert!(numbers.lines().all(|line| line.starts_with("https://id.example/01/09520000002015/21/")), "{numbers}");
    let batch = issued["batch"].to_string();
    assert!(run(&["codes", "activate", "--batch", &batch]).contains("recorded as event"));
    let link = numbers.lines().next().unwrap();
    assert!(run(&["check", "--language", "en", link]).contains("first check"), "a link is read as it was written");
    let element = dir.path().join("elements.txt");
    let told = run(&["codes", "export", &batch, "--form", "element", "--out", element.to_str().unwrap()]);
    assert!(told.contains("2 numbers of ridge-oolong") && told.contains("sha256"), "{told}");
    assert!(std::fs::read_to_string(&element).unwrap().starts_with("(01)09520000002015(21)"));

    let file = dir.path().join("more.csv");
    std::fs::write(
        &file,
        "kind,id,maker,name,category,gtin\nproduct,bay-soap,goose-bay,海雁皂,cosmetics,09520000003036\n",
    )
    .unwrap();
    assert!(run(&["codes", "catalogue", file.to_str().unwrap()]).contains("0 makers, 1 products"));
    let soap = run(&["codes", "inspect", "(01)09520000003036(21)S1"]);
    assert!(soap.contains("unknown [red]") && soap.contains("never_issued"), "{soap}");
    assert!(run(&["codes", "list"]).contains("bay-soap  海雁皂  (maker goose-bay, numbers by import)"));
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let (first, other) = (demo.code("genuine_first", 0), demo.code("genuine_first", 1));
    let before = ask(demo.address, &json!({ "code": first }), Some("the-same")).await.json();
    assert_eq!(before["verdict"], "genuine_first");
    // Dropping kills it without a word.
    drop(demo);

    let demo = Demo::start(dir.path());
    let replayed = ask(demo.address, &json!({ "code": first }), Some("the-same")).await.json();
    assert_eq!((&replayed["receipt"], &replayed["replayed"]), (&before["receipt"], &json!(true)));
    assert_eq!(replayed["verdict"], "genuine_first", "the same message gets the same answer");
    let again = ask(demo.address, &json!({ "code": first }), None).await.json();
    assert_eq!(again["verdict"], "genuine_seen", "{again}");
    let still = ask(demo.address, &json!({ "code": other }), None).await.json();
    assert_eq!(still["verdict"], "genuine_first", "numbers of the start before are still good");
}

#[tokio::test]
async fn a_second_demo_on_the_folder_is_told_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let Output { status, stderr, stdout } = command(dir.path()).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(69), "{said}");
    assert!(said.contains("stop that one, or use another folder"), "{said}");
    assert!(!String::from_utf8(stdout).unwrap().contains("ready"));
    assert_eq!(demo.stop(), Some(0), "a stop that was asked for is no failure");
}

#[test]
fn serve_refuses_a_folder_without_a_key_and_init_makes_one() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("verigate.toml");
    std::fs::write(&config, format!("[data]\ndir = \"{}\"\n", dir.path().join("data").display())).unwrap();
    let run = |word: &str| {
        Command::new(env!("CARGO_BIN_EXE_verigate")).arg(word).arg("--config").arg(&config).output().unwrap()
    };
    let refused = run("serve");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(64), "{said}");
    assert!(said.contains("verigate init"), "{said}");
    let made = run("init");
    assert!(made.status.success());
    assert!(dir.path().join("data/keys/master.key").exists());
    assert!(run("init").status.success(), "a second time changes nothing");
}
