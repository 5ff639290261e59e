//! Importing as an operator meets it: the real program beside a running demo, a list at a time.
//!
//! Looks from outside only: exit codes, what is said, files, HTTP.

use std::path::Path;
use std::process::{Command, Output};

use hyper::Request;
use serde_json::{Value, json};
use support::http::send;

use super::demo::Demo;

fn verigate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verigate")).arg("--dir").arg(dir).args(args).output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), serde_json::from_str(&text).unwrap_or_else(|_| json!(format!("{text}{told}"))))
}

fn verdict(demo: &Demo, code: &str) -> String {
    let head = Request::post("/v1/checks").header("content-type", "application/json");
    let body = json!({ "code": code, "language": "en" }).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(send(demo.address, head, body)).json()["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn a_list_comes_in_whole_on_a_running_gateway_and_goes_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let list = dir.path().join("list.csv");
    std::fs::write(&list, "编号,批号\r\n7700770077007700,A7\r\nKX1234567890,A7\r\n123,A7\r\n").unwrap();
    let list = list.to_str().unwrap();
    let rejects = dir.path().join("rejects.csv");
    let rejects = rejects.to_str().unwrap();

    let refused = verigate(dir.path(), &["import", list, "--product", "ridge-oolong"]);
    assert_eq!(refused.status.code(), Some(65));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("line 4: the number has 3 digits and letters"), "{told}");
    assert_eq!(verdict(&demo, "KX1234567890"), "malformed", "nothing was taken in");

    let dry = verigate(
        dir.path(),
        &["import", list, "--product", "ridge-oolong", "--rejects", rejects, "--dry-run", "--json"],
    );
    let (code, dry) = said(&dry);
    assert_eq!((code, &dry["numbers"], &dry["rejected"], &dry["set"]), (Some(0), &json!(2), &json!(1), &Value::Null));
    assert_eq!(std::fs::read_to_string(rejects).unwrap().lines().count(), 2);
    std::fs::remove_file(rejects).unwrap();

    let taken = verigate(dir.path(), &["import", list, "--product", "ridge-oolong", "--rejects", rejects, "--json"]);
    let (code, taken) = said(&taken);
    assert_eq!((code, &taken["known"]), (Some(0), &json!(false)), "{taken}");
    let set = taken["set"].to_string();
    assert_eq!(verdict(&demo, "7700 7700 7700 7700"), "not_activated");
    assert_eq!(verigate(dir.path(), &["codes", "activate", "--set", &set]).status.code(), Some(0));
    assert_eq!(verdict(&demo, "kx1234-5678-90"), "genuine_first");
    std::fs::remove_file(rejects).unwrap();

    let again = verigate(dir.path(), &["import", list, "--product", "ridge-oolong", "--rejects", rejects, "--json"]);
    let (code, again) = said(&again);
    assert_eq!((code, &again["known"], &again["event"]), (Some(0), &json!(true), &Value::Null), "{again}");
    let listed = verigate(dir.path(), &["codes", "list", "--json"]);
    assert_eq!(said(&listed).1["sets"][0]["numbers"], json!(2));
    let doctor = verigate(dir.path(), &["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("1 whole, with 2 numbers"));

    assert_eq!(verigate(dir.path(), &["import", "--remove", &set]).status.code(), Some(0));
    assert_eq!(verdict(&demo, "KX1234567890"), "malformed");
}

#[test]
fn a_list_that_cannot_be_taken_says_why_and_by_which_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    drop(Demo::start(dir.path()));
    let list = dir.path().join("list");
    let path = list.to_str().unwrap();
    for (bytes, args, code, what) in [
        (&b"\x1f\x8b\x08\x00\x00"[..], &["--product", "ridge-oolong"][..], 65, "ends in the middle behind line 0"),
        (b"7700770077007700,A\n", &["--product", "ridge-oolong"], 65, "say what they are with --columns"),
        (b"7700770077007700\n", &[], 65, "no --product"),
        (b"7700770077007700\n", &["--product", "nobody"], 65, "there is no product nobody"),
        (b"\xb1\xe0\xba\xc5\n7700770077007700\n", &["--product", "ridge-oolong"], 65, "--encoding gb18030"),
        (b"", &["--product", "ridge-oolong"], 65, "no number that can be taken"),
    ] {
        std::fs::write(&list, bytes).unwrap();
        let refused = verigate(dir.path(), &[&["import", path], args].concat());
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!((refused.status.code(), told.contains(what)), (Some(code), true), "{told}");
    }
    let missing = verigate(dir.path(), &["import", "nowhere.csv", "--product", "ridge-oolong"]);
    assert_eq!(missing.status.code(), Some(64));
}
