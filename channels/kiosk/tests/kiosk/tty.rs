//! Serial lines: pseudo terminals in place of scanners, plugged in and out.

use std::os::unix::fs::symlink;
use std::path::Path;

use support::wait_for;
use tokio::io::AsyncWriteExt as _;
use tokio_serial::{SerialPort as _, SerialStream};

use super::*;

/// A scanner on a cable: our end, and the path at which the gateway finds the other.
struct Scanner {
    ours: SerialStream,
    path: String,
}

impl Scanner {
    fn new() -> Self {
        let (ours, mut theirs) = SerialStream::pair().unwrap();
        theirs.set_exclusive(false).unwrap();
        let path = theirs.name().unwrap();
        Self { ours, path }
    }

    fn plugged_at(path: &Path) -> Self {
        let scanner = Self::new();
        drop(std::fs::remove_file(path));
        symlink(&scanner.path, path).unwrap();
        scanner
    }

    async fn scan(&mut self, number: &str) {
        self.ours.write_all(format!("{number}\r").as_bytes()).await.unwrap();
        assert_eq!(heard_until(&mut self.ours, b"\x06").await, [0x06]);
    }
}

fn section(path: &Path) -> String {
    format!(
        "[[terminal]]\nname = \"till\"\ntty = \"{}\"\ndevice = {{ output = [\"ack\"], on_connect = \"process\" }}\n",
        path.display()
    )
}

#[tokio::test]
async fn a_scanner_that_is_unplugged_and_plugged_in_again_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scanner");
    let running = Running::start(&section(&path)).await;
    wait_for("a fault that is told", || !running.probe("till")["fault"].as_str().unwrap().is_empty()).await;
    for nth in 0..10 {
        let mut scanner = Scanner::plugged_at(&path);
        wait_for("the line is up", || running.probe("till")["state"] == "up").await;
        scanner.scan(&format!("2006042500000000000{nth}")).await;
        drop(scanner);
        wait_for("the line is down", || running.probe("till")["state"] == "down").await;
    }
    assert_eq!((running.core.recorded(), running.counted("till", "opened")), (10, 10));
    running.end().await;
}

#[tokio::test]
async fn every_line_that_fits_a_pattern_is_a_terminal_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(&section(&dir.path().join("usb-*"))).await;
    let mut first = Scanner::plugged_at(&dir.path().join("usb-1"));
    let mut second = Scanner::plugged_at(&dir.path().join("usb-2"));
    wait_for("both lines are up", || running.is_up("till/usb-1") && running.is_up("till/usb-2")).await;
    first.scan("20060425000000000000").await;
    second.scan("20060425000000000000").await;
    assert_eq!((running.counted("till/usb-1", "scans"), running.counted("till/usb-2", "scans")), (1, 1));
    assert_eq!(running.core.recorded(), 2, "two terminals, two scans");
    std::fs::remove_file(dir.path().join("usb-1")).unwrap();
    drop(first);
    wait_for("the first is down", || running.probe("till/usb-1")["state"] == "down").await;
    second.scan("20060425000000000001").await;
    running.end().await;
}

#[tokio::test]
async fn a_pty_that_the_program_makes_is_a_terminal_for_whoever_opens_it() {
    let mut section: KioskConfig =
        toml::from_str("[[terminal]]\nname = \"pty\"\nfrom = \"192.0.2.1\"\ndevice = { on_connect = \"process\" }")
            .unwrap();
    section.terminal[0].from = None;
    section.terminal[0].pty = true;
    let running = Running::of(section).await;
    for _ in 0..2 {
        let mut device = SerialStream::open(&tokio_serial::new(&running.ptys[0], 9_600)).unwrap();
        device.write_all(b"20060425000000000000\r").await.unwrap();
        heard_until(&mut device, "编号有效".as_bytes()).await;
        device.set_exclusive(false).unwrap();
    }
    running.end().await;
}
