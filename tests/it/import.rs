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
    let kinds = json!([
        { "kind": "16 digits", "numbers": 1, "first_line": 2 },
        { "kind": "12 digits and letters", "numbers": 1, "first_line": 3 },
    ]);
    assert_eq!(taken["kinds"], kinds);
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
        (b"7700770077007700\n", &["--product", "nobody", "--dry-run"], 65, "there is no product nobody"),
        (b"number,product\n7700770077007700,nobody\n", &["--dry-run"], 65, "there is no product nobody"),
        (b"7700770077007700\n123\n", &["--product", "ridge-oolong"], 65, "1 row cannot be taken, so nothing was"),
        (b"\xb1\xe0\xba\xc5\n7700770077007700\n", &["--product", "ridge-oolong"], 65, "--encoding gb18030"),
        (b"", &["--product", "ridge-oolong"], 65, "no number that can be taken: it has no rows"),
    ] {
        std::fs::write(&list, bytes).unwrap();
        let refused = verigate(dir.path(), &[&["import", path], args].concat());
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!((refused.status.code(), told.contains(what)), (Some(code), true), "{told}");
    }
    let missing = verigate(dir.path(), &["import", "nowhere.csv", "--product", "ridge-oolong"]);
    assert_eq!(missing.status.code(), Some(64));
}

#[test]
fn a_line_of_two_gigabytes_and_a_full_disk_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let _demo = Demo::start(dir.path());
    let list = dir.path().join("list");
    let path = list.to_str().unwrap();
    std::fs::File::create(&list).unwrap().set_len(2 << 30).unwrap();
    let refused = verigate(dir.path(), &["import", path, "--product", "ridge-oolong"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(65), "{told}");
    assert!(told.contains("line 1 is longer than 65536 bytes (from byte 0)"), "{told}");

    let numbers: String =
        (0..20_000_u64).map(|nth| format!("77{:018}\n", nth.wrapping_mul(0x9e37_79b9_7f4a))).collect();
    std::fs::write(&list, numbers).unwrap();
    // No file of this process may grow beyond 64 KiB: what a full disk says, said of files.
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";
    let refused = Command::new("bash")
        .args(["-c", limited, "bash", env!("CARGO_BIN_EXE_verigate"), "--dir"])
        .arg(dir.path())
        .args(["import", path, "--product", "ridge-oolong"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(69), "{told}");
    assert!(told.contains("cannot write") && told.contains("nothing was imported"), "{told}");
    let workshop = dir.path().join("sets/.import");
    let left: Vec<_> = std::fs::read_dir(workshop).unwrap().map(|left| left.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
    let taken = verigate(dir.path(), &["import", path, "--product", "ridge-oolong", "--json"]);
    assert_eq!(said(&taken).1["numbers"], json!(20_000));
}

#[test]
fn a_damaged_list_is_found_at_start_and_by_doctor_and_backups_bring_good_ones_back() {
    let dir = tempfile::tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let list = dir.path().join("list.csv");
    std::fs::write(&list, "7700770077007700\nKX1234567890\n").unwrap();
    let list = list.to_str().unwrap();
    let taken = verigate(dir.path(), &["import", list, "--product", "ridge-oolong", "--json"]);
    let hash = said(&taken).1["file"]["sha256"].as_str().unwrap().to_owned();
    let backup = dir.path().join("backup");
    let made = verigate(dir.path(), &["backup", backup.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    drop(demo);

    let file = dir.path().join("sets").join(format!("{hash}.set"));
    let whole = std::fs::read(&file).unwrap();
    let mut bytes = whole.clone();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    for command in [&["doctor"][..], &["ledger", "rebuild", "--only", "index"]] {
        let out = verigate(dir.path(), command);
        let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(matches!(out.status.code(), Some(65 | 69)) && told.contains("set 1:"), "{told}");
        assert!(told.contains("import the same list"), "{told}");
    }
    let damaged = dir.path().join("damaged");
    let made = verigate(dir.path(), &["backup", damaged.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.code() == Some(65) && told.contains(&hash), "{told}");

    let demo = Demo::start(dir.path());
    assert_eq!(verdict(&demo, "7700770077007700"), "unavailable", "not unknown");
    let inspected = verigate(dir.path(), &["codes", "inspect", "7700770077007700"]);
    let told = String::from_utf8_lossy(&inspected.stdout).into_owned();
    assert!(told.contains("it may stand in set 1"), "{told}");
    // Another list may contradict this one, and nobody could say so.
    let other = dir.path().join("other");
    std::fs::write(&other, "7700770077007799\n").unwrap();
    let held_up = verigate(dir.path(), &["import", other.to_str().unwrap(), "--product", "ridge-oolong"]);
    let told = String::from_utf8_lossy(&held_up.stderr).into_owned();
    assert!(held_up.status.code() == Some(69) && told.contains("import list.csv again first"), "{told}");
    let again = verigate(dir.path(), &["import", list, "--product", "ridge-oolong", "--json"]);
    let (code, again) = said(&again);
    assert_eq!((code, &again["known"], &again["mended"]), (Some(0), &json!(true), &json!(true)), "{again}");
    let taken = verigate(dir.path(), &["import", other.to_str().unwrap(), "--product", "ridge-oolong"]);
    assert_eq!(taken.status.code(), Some(0), "{taken:?}");
    assert_eq!(verdict(&demo, "7700770077007700"), "not_activated");
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    drop(demo);

    let into = dir.path().join("restored");
    let restored = verigate(dir.path(), &["restore", backup.to_str().unwrap(), "--into", into.to_str().unwrap()]);
    assert_eq!(restored.status.code(), Some(0), "{restored:?}");
    let doctor = verigate(&into, &["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("1 whole, with 2 numbers"), "{doctor:?}");
    let rebuilt = verigate(&into, &["ledger", "rebuild"]);
    let told = String::from_utf8_lossy(&rebuilt.stdout).into_owned();
    assert!(told.contains("histories: made anew") && told.contains("set files: 1, all whole"), "{told}");
}

#[test]
fn an_import_that_was_killed_goes_on_when_it_is_typed_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(Demo::start(dir.path()));
    let list = dir.path().join("list");
    // More than one run of the least memory, which is written when the process is killed.
    let numbers: String =
        (0..120_000_u64).map(|nth| format!("77{:018}\n", nth.wrapping_mul(0x9e37_79b9_7f4a))).collect();
    std::fs::write(&list, format!("short\n{numbers}")).unwrap();
    let rejects = dir.path().join("rejects.csv");
    let args = ["import", list.to_str().unwrap(), "--product", "ridge-oolong", "--memory", "4", "--json"];
    let args = [&args[..], &["--rejects", rejects.to_str().unwrap()]].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_verigate"));
    let mut import =
        command.arg("--dir").arg(dir.path()).args(&args).stdout(std::process::Stdio::null()).spawn().unwrap();
    let manifest = dir.path().join("sets/.import/resume");
    while !manifest.exists() {
        assert!(import.try_wait().unwrap().is_none(), "it ended before it kept anything");
        std::thread::yield_now();
    }
    import.kill().unwrap();
    import.wait().unwrap();
    assert!(!rejects.exists());
    let doctor = verigate(dir.path(), &["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("was broken off at row 104,858"), "{doctor:?}");
    let taken = verigate(dir.path(), &args);
    let (code, taken) = said(&taken);
    assert_eq!((code, &taken["numbers"], &taken["resumed_at_row"]), (Some(0), &json!(120_000), &json!(104_858)));
    assert_eq!(std::fs::read_to_string(&rejects).unwrap().lines().count(), 2, "also of the rows before the kill");
    assert!(!manifest.exists());
}
