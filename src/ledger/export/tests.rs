//! What leaves, and what never does.

use std::collections::BTreeSet;

use contract::{EventTime, Request, Tip};
use serde_json::{Value, json};

use super::table::COLUMNS;
use super::*;
use crate::index::LifeEvent;
use crate::ledger::forgotten::Forgotten;
use crate::ledger::log::{Head, Log as _};
use crate::ledger::memory::{self, MemoryLog};

/// 2026-11-23T12:00:00Z.
const START: Timestamp = Timestamp(1_795_435_200_000);

fn exported(log: &MemoryLog, format: Format) -> (u64, String) {
    let mut out = Vec::new();
    let written = export(log.reader().unwrap().as_mut(), &TipKeys::default(), format, &mut out).unwrap();
    (written, String::from_utf8(out).unwrap())
}

fn lines(log: &MemoryLog) -> Vec<Value> {
    exported(log, Format::Jsonl).1.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn log_of(events: &[Event]) -> MemoryLog {
    let mut log = MemoryLog::default();
    for event in events {
        let row = Row::after(&log.head(), START, event, false);
        log.append(&[row]).unwrap();
    }
    log
}

/// The check at `n` of the sequence that tests write.
fn inquiry(n: u64) -> InquiryEvent {
    let (Event::Inquiry(inquiry), _) = memory::event(n, START) else { panic!("event {n} is no inquiry") };
    inquiry
}

#[test]
fn every_event_is_one_json_object_with_its_place_and_hash() {
    let mut log = MemoryLog::default();
    let rows = memory::write(&mut log, START, 40);
    let (written, _) = exported(&log, Format::Jsonl);
    let lines = lines(&log);
    assert_eq!((written, lines.len()), (40, 40));
    for (row, line) in rows.iter().zip(&lines) {
        assert_eq!(line["sequence"], row.sequence);
        assert_eq!(line["at"], row.at.to_string());
        assert_eq!(line["kind"], row.event().unwrap().kind().name());
        let hash: String = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line["hash"], hash);
    }
    let kinds: BTreeSet<&str> = lines.iter().filter_map(|line| line["kind"].as_str()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["delivered", "flagged", "inquiry", "unit_life"]);
    let check = &lines[1]["checks"][0];
    assert_eq!(check["unit"], json!({"layout": 1, "resource": 4_002, "serial": 2}));
    assert_eq!(
        (&check["verdict"], &check["advisories"], &check["given"]),
        (&json!("genuine_first"), &json!(["typo"]), &Value::Null)
    );
    assert_eq!(lines[1]["asker"], "0000000000000002");
    assert_eq!(
        lines[1]["owed"],
        json!({"day": "2026-11-23", "until": START.plus(std::time::Duration::from_secs(7_260)).to_string()})
    );
    assert_eq!(lines[2]["delivery"], "delivered");
    assert_eq!(lines[5]["target"]["units"][1], json!({"layout": 1, "resource": 1, "serial": 1}));
    assert_eq!((&lines[5]["life"], &lines[5]["by"]), (&json!("sold"), &json!("till")));
    assert_eq!(lines[7]["asker"], "0000000000000008");
    let unknown = &lines[8]["checks"][0];
    assert_eq!((&unknown["given"], &unknown["evidence"]), (&json!({"digits": "9"}), &json!("wrong_tag")));
}

#[test]
fn of_an_asker_who_was_forgotten_leaves_what_was_answered_and_not_by_whom_or_where() {
    let tip = InquiryEvent {
        request: Some(Request::Tip(Tip { receipt: None, text: "sold at a market".to_owned() })),
        tip: inquiry(2).owed,
        ..inquiry(12)
    };
    let forgotten = Forgotten { names: vec![1], anonymous: 77, with_opt_out: false, by: "o".to_owned(), reason: None };
    // Askers 2, 1, 1 and, after it was forgotten, 1 again.
    let log = log_of(&[
        Event::Inquiry(inquiry(2)),
        Event::Inquiry(inquiry(12)),
        Event::Inquiry(tip.clone()),
        Event::Forgotten(forgotten),
        Event::Inquiry(inquiry(12)),
        Event::Inquiry(tip),
    ]);
    let lines = lines(&log);
    let told = |nth: usize| (&lines[nth]["asker"], !lines[nth]["place"].is_null(), !lines[nth]["owed"].is_null());
    assert_eq!(told(0), (&json!("0000000000000002"), true, true));
    assert_eq!(told(1), (&json!("forgotten"), false, false));
    assert_eq!(told(2), (&json!("forgotten"), false, false));
    assert_eq!(told(4), (&json!("0000000000000001"), true, true));
    assert_eq!((&lines[2]["tip"]["text"], &lines[5]["tip"]["text"]), (&json!(""), &json!("sold at a market")));
    assert_eq!(lines[1]["checks"], lines[4]["checks"], "it is the history of goods");
}

#[test]
fn a_sealed_route_and_a_message_id_never_leave() {
    let log = log_of(&[Event::Inquiry(inquiry(2))]);
    let (_, text) = exported(&log, Format::Jsonl);
    for hidden in ["sealed", "nonce", "unreadable", "digest", "\"id\"", "previous"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[test]
fn a_number_that_may_be_an_issued_units_stays_inside() {
    let number = "12345678901234567890";
    for (verdict, leaves) in [
        (Verdict::Unknown, true),
        (Verdict::NotCovered, true),
        (Verdict::Typo, false),
        (Verdict::Malformed { read: 19, expected: 20 }, false),
        (Verdict::RateLimited { minutes: 3 }, false),
        (Verdict::Unavailable, false),
        (Verdict::Degraded, false),
        (Verdict::GenuineFirst, false),
    ] {
        let mut inquiry = inquiry(9);
        inquiry.checks[0].given = Some(Number::Digits(number.to_owned()));
        inquiry.checks[0].verdict = verdict.clone();
        let log = log_of(&[Event::Inquiry(inquiry.clone())]);
        assert_eq!(exported(&log, Format::Jsonl).1.contains(number), leaves, "{verdict:?}");
        assert!(!exported(&log, Format::Csv).1.contains(number), "a table never has it");
        inquiry.checks[0].unit = Some(UnitKey::native(1, 2, 3));
        let log = log_of(&[Event::Inquiry(inquiry)]);
        assert!(!exported(&log, Format::Jsonl).1.contains(number), "an issued unit's: {verdict:?}");
    }
}

#[test]
fn a_named_unit_is_told_by_its_key_and_other_targets_by_name() {
    let named = UnitKey::named(2, "0123456789012345");
    let event = |target| {
        let event = LifeEvent {
            target,
            life: Life::Recalled,
            lifted: false,
            at: EventTime::exact(START),
            by: "desk".to_owned(),
            place: None,
            reason: Some("glass".to_owned()),
        };
        Event::Life(LifeRecorded { id: None, event })
    };
    let log = log_of(&[
        event(Target::Units { units: vec![named] }),
        event(Target::Product { product: "p".to_owned() }),
        event(Target::Batch { batch: 4 }),
        event(Target::Range { layout: 1, resource: 2, serials: Serials { start: 3, len: 4 } }),
    ]);
    let targets: Vec<Value> = lines(&log).into_iter().map(|line| line["target"].clone()).collect();
    assert_eq!(
        targets,
        [
            json!({"units": [named.to_string()]}),
            json!({"product": "p"}),
            json!({"batch": 4}),
            json!({"range": {"layout": 1, "resource": 2, "serials": {"start": 3, "len": 4}}}),
        ]
    );
}

#[test]
fn the_table_has_a_line_for_each_check_and_no_formula() {
    let mut twice = inquiry(9);
    twice.checks.push(inquiry(1).checks[0].clone());
    let log = log_of(&[Event::Inquiry(twice), memory::event(8, START).0, Event::Inquiry(inquiry(5))]);
    let (written, text) = exported(&log, Format::Csv);
    assert_eq!(written, 3, "a flag is no check");
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            COLUMNS.join(",").as_str(),
            "1,2026-11-23T12:00:00Z,sms,en,shopper,0000000000000009,,,,unknown,red,typo,'=1+1,false,wrong_tag",
            "1,2026-11-23T12:00:00Z,sms,en,shopper,0000000000000009,1,4001,1,genuine_first,green,typo,'=1+1,false,",
            "3,2026-11-23T12:00:00Z,sms,en,trade,0000000000000005,1,4002,5,genuine_first,green,typo,'=1+1,false,",
        ]
    );
}

#[test]
fn whatever_a_city_is_called_it_stays_one_inert_cell() {
    for city in ["=1", "+1", "-1", "@x", "\tx", "\rx", "\r\n=1", "a,\"b\"\n=c", "'=x", "上海"] {
        let mut inquiry = inquiry(9);
        inquiry.place.as_mut().unwrap().city = city.to_owned();
        inquiry.checks[0].advisories = vec![Verdict::Typo, Verdict::CartonCode { holds: 2 }];
        let (_, text) = exported(&log_of(&[Event::Inquiry(inquiry)]), Format::Csv);
        let mut table = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = table.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(records.len(), 1, "{city:?}");
        let cell = &records[0][12];
        assert_eq!(cell.trim_start_matches('\''), city.trim_start_matches('\''));
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        assert_eq!(&records[0][11], "typo;carton_code");
    }
}

#[test]
fn an_export_spans_chunks_and_an_empty_log_is_an_empty_one() {
    let log = MemoryLog::default();
    assert_eq!(exported(&log, Format::Jsonl), (0, String::new()));
    assert_eq!(exported(&log, Format::Csv), (0, format!("{}\n", COLUMNS.join(","))));
    let mut log = log;
    let mut head = Head::genesis(0);
    let mut rows = Vec::new();
    for n in 0..(CHUNK as u64 * 2 + 5) {
        let row = Row::after(&head, START, &memory::event(8, START.plus(std::time::Duration::from_secs(n))).0, false);
        head = Head::of(0, &row);
        rows.push(row);
    }
    log.append(&rows).unwrap();
    let lines = lines(&log);
    assert_eq!(lines.len(), CHUNK * 2 + 5);
    assert!(lines.iter().zip(1_u64..).all(|(line, n)| line["sequence"] == n));
}

#[test]
fn a_damaged_row_and_a_full_disk_end_an_export_with_what_is_wrong() {
    let mut log = log_of(&[Event::Inquiry(inquiry(1))]);
    let mut row = Row::after(&log.head(), START, &Event::Inquiry(inquiry(1)), false);
    row.body.truncate(3);
    log.append(&[row]).unwrap();
    let error =
        export(log.reader().unwrap().as_mut(), &TipKeys::default(), Format::Jsonl, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, ExportError::Log(LogError::Damaged { sequence: 2, .. })), "{error:?}");
    let log = log_of(&[Event::Inquiry(inquiry(1))]);
    for format in [Format::Csv, Format::Jsonl] {
        let mut small = [0; 100];
        let error =
            export(log.reader().unwrap().as_mut(), &TipKeys::default(), format, &mut small.as_mut_slice()).unwrap_err();
        assert!(matches!(&error, ExportError::Write(source) if source.kind() == io::ErrorKind::WriteZero), "{error:?}");
    }
}
