//! What is kept of an asker and how it is forgotten, as an operator meets it: the real program beside a running demo, asked by
//! text message.
//!
//! Looks from outside only: texts, what the commands say, exit codes.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::BOUND;
use support::smpp::{self, Wire};

use super::demo::Demo;

pub(crate) const PHONE: &str = "447700900123";

/// Types a number where it is asked for.
pub(crate) fn verigate(dir: &Path, args: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_verigate"))
        .arg("--dir")
        .arg(dir)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that wants no number may be gone already.
    drop(child.stdin.take().unwrap().write_all(typed.as_bytes()));
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn report(dir: &Path, phone: &str) -> Value {
    let output = verigate(dir, &["privacy", "report", "--phone", "--json"], &format!("+{phone}\n"));
    serde_json::from_str(&text(&output)).unwrap()
}

/// Texts a number and waits for the reply.
pub(crate) fn texted(link: &mut Wire, phone: &str, words: &str) {
    link.text(smpp::SUBMIT, phone, words);
    link.flush().unwrap();
    loop {
        let pdus = link.read().unwrap();
        let mut replied = false;
        for pdu in &pdus {
            if pdu.id == smpp::DELIVER {
                link.respond(pdu, b"\0");
                replied |= smpp::destination(&pdu.body) == phone.as_bytes();
            }
        }
        link.flush().unwrap();
        if replied {
            return;
        }
    }
}

#[test]
fn an_asker_is_told_of_and_forgotten_beside_the_running_gateway_and_at_rest() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let address = demo.samples["listen"]["smpp"].as_str().unwrap();
    let mut link = Wire::over(TcpStream::connect(address).unwrap(), BOUND).unwrap();
    link.request(smpp::BIND_TRANSCEIVER, &smpp::bind("demo", "demo"));
    link.flush().unwrap();
    let bound = link.read().unwrap();
    assert!(bound.iter().any(|pdu| pdu.id == smpp::BIND_TRANSCEIVER | smpp::RESPONSE && pdu.status == 0), "{bound:?}");
    let codes = demo.sample("genuine_first")["codes"].clone();
    let code = codes[0].as_str().unwrap();
    texted(&mut link, PHONE, code);
    // Another text: the same one again would be the carrier's retransmission.
    texted(&mut link, PHONE, &format!("V {code}"));
    let known = report(dir.path(), PHONE);
    let verdicts = |known: &Value| -> Vec<Value> {
        known["events"].as_array().unwrap().iter().map(|did| did["checks"][0]["verdict"].clone()).collect()
    };
    assert_eq!(verdicts(&known), [json!("genuine_again"), json!("genuine_first")]);
    assert_eq!(known["events"][0]["channel"], "sms");
    let told = text(&verigate(dir.path(), &["privacy", "report", "--phone", &format!("+{PHONE}")], ""));
    assert!(told.contains("sms") && told.contains("genuine_first, green"), "{told}");
    assert!(!told.contains(PHONE) && !known.to_string().contains(PHONE), "the number is nowhere kept");

    let numbered = ["privacy", "forget", "--phone", "--reason", "call from 0770 090 0123"];
    let refused = verigate(dir.path(), &numbered, &format!("+{PHONE}\n"));
    assert_eq!(refused.status.code(), Some(64), "the reason would keep what is to be forgotten");
    let forgot = verigate(dir.path(), &["privacy", "forget", "--phone", "--reason", "letter"], &format!("+{PHONE}\n"));
    let forgot = text(&forgot);
    assert!(forgot.contains("2 events are nobody's"), "{forgot}");
    assert!(forgot.contains("nobody can tell whose they were"), "{forgot}");
    let after = report(dir.path(), PHONE);
    assert_eq!((after["events"].as_array().unwrap().len(), &after["hidden"]), (0, &json!(2)));
    texted(&mut link, PHONE, &format!("v {code}"));
    assert_eq!(verdicts(&report(dir.path(), PHONE)), [json!("genuine_seen")], "asked by somebody new");
    assert_eq!(report(dir.path(), "447700900124")["events"], json!([]));
    drop(link);
    drop(demo);

    assert_eq!(report(dir.path(), PHONE)["hidden"], json!(2), "also at rest");
    let exported = text(&verigate(dir.path(), &["ledger", "export"], ""));
    let asked: Vec<&str> = exported.lines().filter(|line| line.contains("\"channel\":\"sms\"")).collect();
    assert_eq!(asked.iter().filter(|line| line.contains("\"asker\":\"forgotten\"")).count(), 2, "{asked:?}");
    let overview = text(&verigate(dir.path(), &["privacy", "report"], ""));
    for kind in ["pepper in force", "forgotten askers (1)", "opt-outs (0)", "segments of the log", "backups hold"] {
        assert!(overview.contains(kind), "{kind} is not told of: {overview}");
    }
    assert!(text(&verigate(dir.path(), &["ledger", "prune", "--dry-run"], "")).contains("for good"));
    text(&verigate(dir.path(), &["ledger", "verify"], ""));
    let wrong = verigate(dir.path(), &["privacy", "report", "--phone", "12365"], "");
    assert_eq!(wrong.status.code(), Some(64), "a short number is nobody's");
}
