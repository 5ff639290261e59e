//! Terminals that are added, changed and taken away while the gateway runs.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::*;

fn registered(name: &str, said: &str, output: &str) -> String {
    format!(
        "[[terminal]]\nname = \"{name}\"\nregistration = {{ env = \"{said}\" }}\n\
         device = {{ output = [\"{output}\"], language = \"en\", on_connect = \"process\" }}\n"
    )
}

fn section(address: SocketAddr, terminals: &[String]) -> String {
    format!("[[server]]\nlisten = \"{address}\"\n{}", terminals.concat())
}

/// A line that has been answered once.
async fn line(running: &Running, said: &str, number: &str, wanted: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(running.addresses[0]).await.unwrap();
    stream.write_all(format!("{said}{number}\r").as_bytes()).await.unwrap();
    heard_until(&mut stream, wanted).await;
    stream
}

#[tokio::test]
async fn terminals_come_change_and_go_and_the_others_notice_nothing() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (stays, changes, goes) =
        (registered("a", "AAAA", "ack"), registered("b", "BBBB", "ack"), registered("c", "CCCC", "ack"));
    let running = Running::start(&section(any, &[stays.clone(), changes, goes])).await;
    let mut staying = line(&running, "AAAA", "20060425000000000000", b"\x06").await;
    let mut changing = line(&running, "BBBB", "20060425000000000001", b"\x06").await;
    let mut going = line(&running, "CCCC", "20060425000000000002", b"\x06").await;

    let (changed, comes) = (registered("b", "BBBB", "json-lines"), registered("d", "DDDD", "ack"));
    running.reload(&section(running.addresses[0], &[stays, changed, comes]));
    assert!(said_at_last(&mut changing).await.is_empty() && said_at_last(&mut going).await.is_empty());
    // The one that stays is on the same connection.
    staying.write_all(b"20060425000000000003\r").await.unwrap();
    heard_until(&mut staying, b"\x06").await;
    assert_eq!((running.counted("a", "opened"), running.counted("a", "scans")), (1, 2));
    line(&running, "BBBB", "20060425000000000004", b"\"kind\":\"answer\"").await;
    assert_eq!(running.counted("b", "scans"), 2, "what it counted is kept");
    line(&running, "DDDD", "20060425000000000005", b"\x06").await;
    let mut nobody = TcpStream::connect(running.addresses[0]).await.unwrap();
    nobody.write_all(b"CCCC20060425000000000006\r").await.unwrap();
    assert_eq!(said_at_last(&mut nobody).await, "此终端没有登记\r\n".as_bytes());
    assert!(!running.is_up("c"));
    assert_eq!(running.core.recorded(), 6);
    running.end().await;
}

#[tokio::test]
async fn a_terminal_that_goes_gets_the_answer_that_is_on_its_way() {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let running = Running::start(&section(any, &[registered("a", "AAAA", "ack")])).await;
    running.core.hold();
    let mut stream = TcpStream::connect(running.addresses[0]).await.unwrap();
    stream.write_all(b"AAAA20060425000000000000\r").await.unwrap();
    support::wait_for("the inquiry", || running.core.asked().len() == 1).await;
    running.reload(&section(running.addresses[0], &[]));
    running.core.release();
    assert_eq!(said_at_last(&mut stream).await, [0x06]);
    running.end().await;
}

#[tokio::test]
async fn a_tty_that_is_changed_is_closed_and_opened_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scanner");
    let (mut ours, mut theirs) = tokio_serial::SerialStream::pair().unwrap();
    std::os::unix::fs::symlink(tokio_serial::SerialPort::name(&theirs).unwrap(), &path).unwrap();
    theirs.set_exclusive(false).unwrap();
    drop(theirs);
    let section = |output: &str| {
        format!(
            "[[terminal]]\nname = \"till\"\ntty = \"{}\"\n\
             device = {{ output = [\"{output}\"], on_connect = \"process\", language = \"en\" }}\n",
            path.display()
        )
    };
    let running = Running::start(&section("ack")).await;
    support::wait_for("the line is up", || running.is_up("till")).await;
    running.reload(&section("plain"));
    support::wait_for("it is opened again", || running.counted("till", "opened") == 2).await;
    ours.write_all(b"20060425000000000000\r").await.unwrap();
    heard_until(&mut ours, b"Valid number").await;
    running.reload("");
    support::wait_for("it is gone", || !running.is_up("till")).await;
    running.end().await;
}
