//! GS1 items in all the ways they are written.
//!
//! Owns the writing. What is read of it is the tests' to compare.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{day, gtin, yymmdd};
use crate::reading::{Given, Number};

/// A GS1 item and one of the ways to write it: scanned with a symbology id, scanned by a keyboard that writes FNC1's name,
/// printed in parentheses, or as a Digital Link; its fields in any order and among others that say nothing of it.
pub fn written_item() -> impl Strategy<Value = (Given, String)> {
    let value = || r#"[0-9A-Za-z!"%&'*+,./:;=?_-]{1,20}"#;
    let others = select(vec![
        ("11", "260131"),
        ("3103", "001250"),
        ("240", "X-1/2"),
        ("422", "156"),
        ("91", "a(10)b"),
        ("20", "07"),
    ]);
    let fields = (gtin(), value(), option::of(value()), option::of(day()), vec(others, 0..4));
    let fields = fields.prop_flat_map(|(gtin, serial, lot, expiry, others)| {
        let mut all = vec![("01", gtin.clone()), ("21", serial.clone())];
        all.extend(lot.clone().map(|lot| ("10", lot)));
        all.extend(expiry.map(|day| ("17", yymmdd(day))));
        let mut others: Vec<(&str, String)> = others.into_iter().map(|(ai, value)| (ai, value.to_owned())).collect();
        others.sort();
        others.dedup();
        all.extend(others);
        let given = Given { number: Number::Gs1 { gtin, serial: Some(serial) }, lot, expiry };
        (Just(given), Just(all).prop_shuffle(), 0..WRITINGS)
    });
    fields.prop_map(|(given, fields, writing)| {
        let text = write_item(&fields, writing);
        (given, text)
    })
}

const WRITINGS: usize = 6;

fn write_item(fields: &[(&str, String)], writing: usize) -> String {
    // Fields of a length fixed by their first two digits need no separator behind them.
    let scanned = |separator: &str, always: bool| {
        let mut text = String::new();
        for (nth, (ai, value)) in fields.iter().enumerate() {
            let predefined = ["01", "11", "17", "20", "31"].iter().any(|front| ai.starts_with(front));
            let last = nth + 1 == fields.len();
            let separated = !last && (always || !predefined);
            text.push_str(&format!("{ai}{value}{}", if separated { separator } else { "" }));
        }
        text
    };
    match writing {
        0 => format!("]d2{}", scanned("\u{1d}", false)),
        1 => format!("]C1{}\r\n", scanned("\u{1d}", true)),
        2 => format!("\u{1d}{}", scanned("<GS>", false)),
        3 | 4 => {
            let between = if writing == 3 { "" } else { "\n" };
            // Parentheses within a value would be read as an identifier's.
            let plain = fields.iter().filter(|(ai, _)| *ai != "91");
            plain.map(|(ai, value)| format!("({ai}){value}")).collect::<Vec<_>>().join(between)
        }
        _ => {
            let encoded = |value: &str| value.bytes().map(escaped).collect::<String>();
            let folder = |wanted: &str| {
                let found = fields.iter().find(|(ai, _)| *ai == wanted);
                found.map(|(ai, value)| format!("/{ai}/{}", encoded(value))).unwrap_or_default()
            };
            let query: Vec<String> = fields
                .iter()
                .filter(|(ai, _)| !matches!(*ai, "01" | "10" | "21"))
                .map(|(ai, value)| format!("{ai}={}", encoded(value)))
                .collect();
            format!("https://id.example/a{}{}{}?{}", folder("01"), folder("10"), folder("21"), query.join("&"))
        }
    }
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}
