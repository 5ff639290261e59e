//! Terminals and serial servers that dial in.

use contract::{Confidence, Identity, Number, Refusal, Role, Verdict};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::*;

const NUMBER: &str = "20060425000000000000";
const ANYONE: &str = "[[server]]\nlisten = \"127.0.0.1:0\"\n\
     anyone = { output = [\"ack\", \"plain\"], language = \"en\", on_connect = \"process\" }\n";
const REGISTERED: &str = "[[server]]\nlisten = \"127.0.0.1:0\"\n\
     [[terminal]]\nname = \"mall-7-a\"\nmall = \"Dongmen\"\nrole = \"trade\"\nregistration = { env = \"D4AD20A1\" }\n\
     place = { city = \"深圳\", lat = 22.54, lon = 114.06 }\n\
     device = { output = [\"ack\", \"plain\"], language = \"en\", on_connect = \"process\", heartbeat = \"HB\" }\n";

async fn dial(running: &Running) -> TcpStream {
    TcpStream::connect(running.addresses[0]).await.unwrap()
}

#[tokio::test]
async fn a_scan_is_answered_and_the_same_one_again_is_the_same_answer() {
    let running = Running::start(ANYONE).await;
    let mut stream = dial(&running).await;
    for _ in 0..2 {
        stream.write_all(format!("{NUMBER}\r\n").as_bytes()).await.unwrap();
        let heard = heard_until(&mut stream, b"\r\n\r\n").await;
        assert_eq!(heard[0], 0x06);
        assert!(String::from_utf8(heard).unwrap().contains("this is its first check"));
    }
    let asked = running.core.asked();
    assert_eq!((asked.len(), running.core.recorded()), (2, 1));
    assert_eq!(asked[0].checks[0].number, Number::Digits(NUMBER.to_owned()));
    assert!(matches!(asked[0].asker.identity, Identity::Network(address) if address.is_loopback()));
    assert!(asked[0].place.is_none());
    running.end().await;
}

#[tokio::test]
async fn a_scan_sent_and_the_line_half_closed_is_still_answered() {
    let running = Running::start(ANYONE).await;
    let mut stream = dial(&running).await;
    stream.write_all(format!("{NUMBER}\n").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let heard = said_at_last(&mut stream).await;
    assert!(String::from_utf8(heard).unwrap().contains("Valid number"));
    running.end().await;
}

#[tokio::test]
async fn a_registered_terminal_has_its_place_and_role_and_its_heartbeats_are_no_scans() {
    let running = Running::start(REGISTERED).await;
    let mut stream = dial(&running).await;
    stream.write_all(b"D4AD").await.unwrap();
    stream.write_all(b"20A1").await.unwrap();
    stream.write_all(b"HB").await.unwrap();
    stream.write_all(format!("D4AD20A1{NUMBER}\r").as_bytes()).await.unwrap();
    heard_until(&mut stream, b"Valid number").await;
    let asked = running.core.asked();
    assert_eq!(asked.len(), 1);
    assert!(matches!(&asked[0].asker.identity, Identity::Terminal(name) if name == "mall-7-a"));
    assert_eq!(asked[0].asker.role, Role::Trade);
    assert_eq!(asked[0].place.as_ref().unwrap().confidence, Confidence::High);
    assert_eq!((running.probe("mall-7-a")["state"].as_str(), running.counted("mall-7-a", "scans")), (Some("up"), 1));
    running.end().await;
}

#[tokio::test]
async fn whoever_is_not_registered_is_told_so_and_asks_nothing() {
    let running = Running::start(REGISTERED).await;
    let mut stream = dial(&running).await;
    stream.write_all(format!("D4AD20A2{NUMBER}\r").as_bytes()).await.unwrap();
    assert_eq!(said_at_last(&mut stream).await, "此终端没有登记\r\n".as_bytes());
    assert!(running.core.asked().is_empty());
    running.end().await;
}

#[tokio::test]
async fn a_terminal_that_dials_again_takes_the_place_of_its_dead_connection() {
    let running = Running::start(REGISTERED).await;
    let mut first = dial(&running).await;
    first.write_all(format!("D4AD20A1{NUMBER}\r").as_bytes()).await.unwrap();
    heard_until(&mut first, b"\r\n\r\n").await;
    let mut second = dial(&running).await;
    second.write_all(format!("D4AD20A1{NUMBER}\r").as_bytes()).await.unwrap();
    heard_until(&mut second, b"\r\n\r\n").await;
    assert!(said_at_last(&mut first).await.is_empty());
    assert_eq!((running.counted("mall-7-a", "replaced"), running.core.recorded()), (1, 1));
    assert_eq!(running.probe("mall-7-a")["state"], "up");
    running.end().await;
}

#[tokio::test]
async fn a_refusal_and_a_red_verdict_are_said_and_the_next_scan_works() {
    let running = Running::start(ANYONE).await;
    running.core.refuse_next(Refusal::Overloaded);
    running.core.answer(Number::Digits(NUMBER.to_owned()), Verdict::Unknown);
    let mut stream = dial(&running).await;
    stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
    assert_eq!(heard_until(&mut stream, b"again\r\n").await, b"\x15Please scan again\r\n");
    stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
    let heard = String::from_utf8(heard_until(&mut stream, b"\r\n\r\n").await).unwrap();
    assert!(heard.starts_with('\u{6}') && heard.contains("Beware of counterfeits"), "{heard}");
    running.end().await;
}

#[tokio::test]
async fn a_core_that_does_not_answer_costs_a_scan_and_not_the_line() {
    let section = format!("wait_ms = 100\ngive_up_ms = 200\n{ANYONE}");
    let running = Running::start(&section).await;
    running.core.hold();
    let mut stream = dial(&running).await;
    stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
    let heard = heard_until(&mut stream, b"Please scan again\r\n").await;
    assert_eq!(heard, b"One moment, please\r\n\x15Please scan again\r\n");
    running.core.release();
    stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
    assert_eq!(heard_until(&mut stream, b"\r\n\r\n").await[0], 0x06);
    running.end().await;
}

#[tokio::test]
async fn a_flood_of_noise_on_one_line_leaves_the_others_alone() {
    let running = Running::start(ANYONE).await;
    let mut noisy = dial(&running).await;
    let flooding = tokio::spawn(async move {
        let noise: Vec<u8> = (0..65_536_u32).map(|nth| nth.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        // It never reads, and writes until it is cut off or the test is over.
        while noisy.write_all(&noise).await.is_ok() {}
    });
    let mut stream = dial(&running).await;
    for nth in 0..20 {
        stream.write_all(format!("200604250000000001{nth:02}\r").as_bytes()).await.unwrap();
        assert_eq!(heard_until(&mut stream, b"\r\n\r\n").await[0], 0x06);
    }
    flooding.abort();
    drop(stream);
    running.end().await;
}

#[tokio::test]
async fn a_stop_lets_the_answer_out_that_is_on_its_way() {
    let running = Running::start(ANYONE).await;
    running.core.hold();
    let mut stream = dial(&running).await;
    stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
    let core = Arc::clone(&running.core);
    support::wait_for("the inquiry", || core.asked().len() == 1).await;
    running.stop.cancel();
    running.core.release();
    let heard = said_at_last(&mut stream).await;
    assert!(String::from_utf8(heard).unwrap().contains("Valid number"));
    running.end().await;
}

#[tokio::test]
async fn a_terminal_server_that_we_dial_is_dialled_until_it_is_there() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    drop(server);
    let section = format!(
        "[[terminal]]\nname = \"far\"\ndial = {{ address = \"{address}\" }}\n\
         device = {{ output = [\"ack\"], on_connect = \"process\" }}\n"
    );
    let running = Running::start(&section).await;
    support::wait_for("a failure that is told", || {
        running.probe("far")["fault"].as_str().unwrap().contains("cannot connect")
    })
    .await;
    let server = tokio::net::TcpListener::bind(address).await.unwrap();
    for _ in 0..2 {
        let (mut stream, _) = tokio::time::timeout(BOUND, server.accept()).await.unwrap().unwrap();
        stream.write_all(format!("{NUMBER}\r").as_bytes()).await.unwrap();
        assert_eq!(heard_until(&mut stream, b"\x06").await, [0x06]);
    }
    running.end().await;
}
