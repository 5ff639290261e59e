//! A change of pepper as askers meet it: the real program, asked by the page, the API and text message before it and after.
//!
//! Peppers change after half a year: here their files are given older names while the program is stopped, and the running one
//! is told to tidy its keys, as it does once a day by itself.
#![expect(clippy::disallowed_methods, reason = "a child that says nothing must not hang the tests")]

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

use hyper::Request;
use serde_json::{Value, json};
use support::BOUND;
use support::http::send;
use support::smpp::{self, Wire};
use verigate::control::{self, Response, call};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::Order;

use super::demo::Demo;
use super::privacy::{PHONE, report, texted};

/// `shop` is told "you asked before" as a phone is; its key is `secret`.
const CONFIG: &str = r#"
[log]
format = "json"
[http]
listen = "127.0.0.1:0"
[[http.client]]
name = "shop"
key_sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
[[sms.server]]
listen = "127.0.0.1:0"
[[sms.account]]
name = "carrier"
system_id = "carrier"
"#;

/// `verigate serve`; killed when dropped.
struct Serving {
    child: Child,
    http: SocketAddr,
    smpp: SocketAddr,
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Serving {
    fn start(config: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verigate"));
        command.arg("--config").arg(config).arg("serve");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (said, heard) = channel();
        std::thread::spawn(move || {
            // To the end: it must never wait for us to read.
            for line in stderr.lines().map_while(Result::ok) {
                drop(said.send(line));
            }
        });
        let mut serving = Self { child, http: SocketAddr::from(([0; 4], 0)), smpp: SocketAddr::from(([0; 4], 0)) };
        loop {
            let line = heard.recv_timeout(BOUND * 3).expect("it says that it is ready");
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            if line["message"] == "ready" {
                serving.http = line["http"].as_str().unwrap().parse().unwrap();
                let smpp = line["smpp"].as_str().unwrap().trim_matches(['[', ']']);
                serving.smpp = smpp.parse().unwrap();
                return serving;
            }
        }
    }

    fn stop(mut self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < BOUND, "it does not stop");
            std::thread::yield_now();
        }
    }

    /// What the page says of a number to a browser with this cookie, and the browser's cookie from then on.
    async fn page(&self, cookie: &str, code: &Value) -> (String, String) {
        let get = |path: &str, cookie: &str| {
            let head = Request::get(path.to_owned());
            if cookie.is_empty() { head } else { head.header("cookie", cookie) }
        };
        let page = send(self.http, get("/?lang=en", cookie), "").await;
        let visitors = page.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let mut visitors = visitors.filter(|value| value.starts_with("verigate_visitor="));
        let cookie = visitors.next().and_then(|value| value.split(';').next()).unwrap_or(cookie).to_owned();
        let once = page.body.split("name=\"once\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let form = format!("once={once}&lang=en&code={}", code.as_str().unwrap());
        let head = Request::post("/check").header("content-type", "application/x-www-form-urlencoded");
        let posted = send(self.http, head.header("cookie", &cookie), form).await;
        assert_eq!(posted.status, 303, "{}", posted.body);
        let answer = send(self.http, get(posted.header("location"), &cookie), "").await;
        (answer.body, cookie)
    }

    /// What the API says of a number to the registered client, or to an address.
    async fn api(&self, is_client: bool, code: &Value, key: Option<&str>) -> Value {
        let mut head = Request::post("/v1/checks").header("content-type", "application/json");
        if is_client {
            head = head.header("authorization", "Bearer secret");
        }
        if let Some(key) = key {
            head = head.header("idempotency-key", key);
        }
        send(self.http, head, json!({ "code": code, "language": "en" }).to_string()).await.json()
    }

    /// Texts a number, and gives the verdict that the log has of it.
    fn text(&self, dir: &Path, words: &str) -> Value {
        let events = || report(dir, PHONE)["events"].as_array().unwrap().clone();
        let before = events().len();
        let mut link = Wire::over(TcpStream::connect(self.smpp).unwrap(), BOUND).unwrap();
        link.request(smpp::BIND_TRANSCEIVER, &smpp::bind("carrier", "secret"));
        link.flush().unwrap();
        assert!(link.read().unwrap().iter().all(|pdu| pdu.status == 0));
        // What is heard may be an earlier reply once more: its delivery is not recorded yet where the program was killed.
        texted(&mut link, PHONE, words);
        let begun = Instant::now();
        loop {
            let events = events();
            if events.len() > before {
                return events[0]["checks"][0]["verdict"].clone();
            }
            assert!(begun.elapsed() < BOUND, "the text is not recorded");
        }
    }
}

fn peppers(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(Folder::all_in(dir).keys).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut peppers: Vec<String> = names.filter(|name| name.starts_with("pepper-")).collect();
    peppers.sort();
    peppers
}

/// Stops the program, makes the pepper in force as old as this day, and starts again under a new one.
fn rotated(serving: Serving, (dir, config): (&Path, &Path), day: &str) -> Serving {
    serving.stop();
    let current = peppers(dir).pop().unwrap();
    let keys = Folder::all_in(dir).keys;
    std::fs::rename(keys.join(&current), keys.join(format!("pepper-{day}.key"))).unwrap();
    let serving = Serving::start(config);
    let told = call(&Folder::all_in(dir), &control::Request::Order(Order::TidyKeys)).unwrap();
    assert!(matches!(told, Response::Done(_)), "{told:?}");
    assert_eq!(peppers(dir).len(), 2);
    assert!(peppers(dir).contains(&format!("pepper-{day}.key")) && peppers(dir).contains(&current));
    serving
}

/// A folder with numbers to ask about, and a configuration beside them.
fn prepared(dir: &Path, more: &str) -> (Value, PathBuf) {
    let demo = Demo::start(dir);
    let codes = demo.sample("genuine_first")["codes"].clone();
    assert_eq!(demo.stop(), Some(0));
    let config = dir.join("verigate.toml");
    let data = toml::Value::String(dir.display().to_string());
    let password = dir.join("carrier");
    std::fs::write(&password, "secret").unwrap();
    let password = toml::Value::String(password.display().to_string());
    let text = format!("{CONFIG}password = {{ password_file = {password} }}\n[data]\ndir = {data}\n{more}");
    std::fs::write(&config, text).unwrap();
    (codes, config)
}

const AGAIN: &str = "You first checked it";

#[tokio::test]
async fn who_asked_before_a_change_of_pepper_is_the_same_asker_after_it_by_every_medium() {
    let dir = tempfile::tempdir().unwrap();
    let (codes, config) = prepared(dir.path(), "");
    let serving = Serving::start(&config);
    let (first, visitor) = serving.page("", &codes[0]).await;
    assert!(first.contains("this is its first check"), "{first}");
    let client = serving.api(true, &codes[1], Some("till-17")).await;
    assert_eq!(client["verdict"], "genuine_first");
    assert_eq!(serving.api(false, &codes[2], None).await["verdict"], "genuine_first");
    assert_eq!(serving.text(dir.path(), codes[3].as_str().unwrap()), "genuine_first");
    let (_, absent) = serving.page("", &codes[4]).await;

    let serving = rotated(serving, (dir.path(), &config), "2020-01-01");
    let (again, same) = serving.page(&visitor, &codes[0]).await;
    assert!(again.contains(AGAIN) && again.contains("class=\"answer green\""), "{again}");
    assert_eq!(same, visitor, "the cookie stays good");
    let replayed = serving.api(true, &codes[1], Some("till-17")).await;
    assert_eq!((&replayed["replayed"], &replayed["receipt"]), (&json!(true), &client["receipt"]));
    let owner = serving.api(true, &codes[1], None).await;
    assert_eq!(
        (&owner["verdict"], &owner["colour"], &owner["advisories"]),
        (&json!("genuine_again"), &json!("green"), &json!([]))
    );
    let address = serving.api(false, &codes[2], None).await;
    assert_eq!(
        (&address["verdict"], &address["facts"]["times_checked"]),
        (&json!("genuine_seen"), &json!(1)),
        "an address is no you"
    );
    let words = format!("V {}", codes[3].as_str().unwrap());
    assert_eq!(serving.text(dir.path(), &words), "genuine_again");
    assert_eq!(report(dir.path(), PHONE)["hashes"].as_array().unwrap().len(), 2);

    let serving = rotated(serving, (dir.path(), &config), "2020-08-01");
    let owner = serving.api(true, &codes[1], None).await;
    assert_eq!(owner["verdict"], "genuine_again", "it came back in between");
    let (again, _) = serving.page(&visitor, &codes[0]).await;
    assert!(again.contains(AGAIN), "{again}");
    // What one asker asked under three peppers is one session to another.
    for code in [&codes[1], &codes[3]] {
        let other = serving.api(false, code, None).await;
        let told = (&other["verdict"], &other["colour"], &other["facts"]["times_checked"]);
        assert_eq!(told, (&json!("genuine_seen"), &json!("amber"), &json!(1)), "{other}");
    }
    let (other, _) = serving.page("", &codes[0]).await;
    assert!(other.contains("checked once before") && other.contains("class=\"answer amber\""), "{other}");
    // Who stayed away for a pepper's whole time is nobody known, and reads what an owner can take calmly.
    let (unknown, _) = serving.page(&absent, &codes[4]).await;
    assert!(unknown.contains("checked once before") && unknown.contains("class=\"answer amber\""), "{unknown}");
    serving.stop();
    let verified =
        Command::new(env!("CARGO_BIN_EXE_verigate")).arg("--config").arg(&config).args(["ledger", "verify"]).output();
    assert_eq!(verified.unwrap().status.code(), Some(0));
}

#[test]
fn what_a_phone_has_used_of_its_quota_outlives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let (codes, config) = prepared(dir.path(), "[quotas]\nperson = { hour = 2 }\n");
    let code = |nth: usize| codes[nth].as_str().unwrap();
    let serving = Serving::start(&config);
    for nth in 0..2 {
        assert_eq!(serving.text(dir.path(), code(nth)), "genuine_first");
    }
    drop(serving);
    let serving = Serving::start(&config);
    assert_eq!(serving.text(dir.path(), code(2)), "rate_limited");
    serving.stop();
}
