//! What a log line may hold, and what the page of metrics shows.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::signal::{ConnectionsChanged, GroupCommitted, InquiryAnswered, InquiryReceived, RefusalSent, Signal};
use contract::{Channel, Number, Refusal};

use super::*;

/// A number that a pack could carry, looked for in everything that is written.
const CANARY: &str = "73919042773301946258";

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands in the log after a deviating inquiry about the canary: a line of ours at every level, and one of a
/// library that writes what it read.
fn log_of_the_canary(log: Log) -> String {
    let sink = Sink::default();
    let to = sink.clone();
    tracing::subscriber::with_default(lines(log, move || to.clone()), || {
        let number = Number::Digits(CANARY.to_owned());
        tracing::info!(channel = "http", "inquiry received");
        tracing::debug!(?number, "number read in an odd form");
        tracing::trace!(line = CANARY, "line read");
        tracing::debug!(target: "hyper::proto", body = CANARY, "parsed body");
        let refusal = Refusal::BadRequest(format!("no such number {CANARY}"));
        RefusalSent { channel: Channel::Web, refusal: &refusal }.emit();
        InquiryReceived { channel: Channel::Web }.emit();
    });
    sink.text()
}

#[test]
fn a_number_never_reaches_the_log_at_info() {
    for format in [Format::Text, Format::Json] {
        for level in [Level::Error, Level::Warn, Level::Info] {
            let text = log_of_the_canary(Log { format, level });
            assert!(!text.contains(CANARY), "{format:?} {level:?}: {text}");
            assert_eq!(text.contains("inquiry received"), level == Level::Info, "{text}");
        }
    }
}

#[test]
fn below_info_only_our_own_lines_appear() {
    let text = log_of_the_canary(Log { format: Format::Text, level: Level::Debug });
    assert!(text.contains("number read in an odd form"), "{text}");
    assert!(!text.contains("line read"), "{text}");
    let text = log_of_the_canary(Log { format: Format::Text, level: Level::Trace });
    assert!(text.contains("line read"), "{text}");
    assert!(!text.contains("parsed body"), "a library's line: {text}");
}

#[test]
fn a_line_of_json_is_one_object() {
    let text = log_of_the_canary(Log { format: Format::Json, level: Level::Info });
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert_eq!(lines[0]["message"], "inquiry received");
    assert_eq!(lines[0]["channel"], "http");
    assert_eq!(lines[0]["level"], "INFO");
}

#[test]
fn control_characters_of_strangers_cannot_forge_a_line() {
    let sink = Sink::default();
    let to = sink.clone();
    let log = Log { format: Format::Text, level: Level::Info };
    tracing::subscriber::with_default(lines(log, move || to.clone()), || {
        tracing::info!(peer = "a\n2026-01-01 ERROR verigate: forged\u{1b}[31m", "peer said hello");
    });
    let text = sink.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn the_page_describes_every_metric_that_moved() {
    let (recorder, page) = collector().unwrap();
    metrics::with_local_recorder(&recorder, || {
        InquiryReceived { channel: Channel::Web }.emit();
        let took = Duration::from_millis(250);
        InquiryAnswered { channel: Channel::Web, took, replayed: true }.emit();
        GroupCommitted { events: 3, took: Duration::from_millis(1) }.emit();
        ConnectionsChanged { listener: "http", open: 2 }.emit();
    });
    page.fold();
    let text = page.render();
    for line in [
        "# HELP verigate_inquiries_total Inquiries received.",
        "# TYPE verigate_inquiries_total counter",
        "verigate_inquiries_total{channel=\"web\"} 1",
        "# TYPE verigate_inquiry_seconds histogram",
        "verigate_inquiry_seconds_bucket{channel=\"web\",le=\"0.2\"} 0",
        "verigate_inquiry_seconds_bucket{channel=\"web\",le=\"0.3\"} 1",
        "verigate_ledger_group_events_bucket{le=\"4\"} 1",
        "verigate_ledger_commit_seconds_bucket{le=\"0.001\"} 1",
        "# TYPE verigate_connections_open gauge",
        "verigate_connections_open{listener=\"http\"} 2",
    ] {
        assert!(text.lines().any(|got| got == line), "no line {line:?} in\n{text}");
    }
}

#[test]
fn the_bounds_of_every_histogram_rise() {
    for metric in Metric::ALL {
        if let Kind::Histogram(bounds) = Kind::of(metric) {
            assert!(bounds.is_sorted() && !bounds.is_empty(), "{}", metric.name());
        }
        let total = metric.name().ends_with("_total");
        assert_eq!(matches!(Kind::of(metric), Kind::Counter), total, "{}", metric.name());
    }
}
