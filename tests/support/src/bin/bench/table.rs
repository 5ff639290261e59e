//! The table: a figure of ours to a line, the peer's of the same run beside it, and what is wanted.
//!
//! Owns the form, as text and as JSON. Measures nothing. Another bench adds its rows by giving them; nothing here changes.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// In what: `per second`, `ms`, `bytes`.
    pub(crate) unit: String,
    /// Our figure.
    pub(crate) ours: f64,
    /// The peer and its figure, where there is one.
    pub(crate) beside: Option<(String, f64)>,
    /// What our figure should be, where that was set.
    pub(crate) wanted: Option<Wanted>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// So many times the peer's, at least.
    TimesThePeer(f64),
    /// At most so much.
    AtMost(f64),
}

impl Row {
    /// How many times the peer's figure ours is.
    fn times(&self) -> Option<f64> {
        self.beside.as_ref().map(|(_, theirs)| self.ours / theirs)
    }

    /// Whether the figure is what was wanted; `None` where nothing was.
    fn is_met(&self) -> Option<bool> {
        match self.wanted? {
            Wanted::TimesThePeer(least) => Some(self.times()? >= least),
            Wanted::AtMost(most) => Some(self.ours <= most),
        }
    }
}

/// The rows as text, one under the other.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut lines = vec![["", "", "ours", "the peer", "", "times", "wanted", ""].map(str::to_owned)];
    for row in rows {
        let (peer, theirs) = row
            .beside
            .as_ref()
            .map_or((String::new(), String::new()), |(peer, theirs)| (peer.clone(), figure(*theirs)));
        let wanted = row.wanted.map_or_else(String::new, |wanted| match wanted {
            Wanted::TimesThePeer(least) => format!("≥ {least} times"),
            Wanted::AtMost(most) => format!("≤ {}", figure(most)),
        });
        let times = row.times().map_or_else(String::new, |times| format!("{times:.2}"));
        let met = row.is_met().map_or("", |met| if met { "met" } else { "MISSED" });
        lines.push([row.name.clone(), row.unit.clone(), figure(row.ours), theirs, peer, times, wanted, met.to_owned()]);
    }
    let widths: Vec<usize> = (0..8)
        .map(|column| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for line in &lines {
        for ((cell, width), column) in line.iter().zip(&widths).zip(0..) {
            let gap = width - cell.chars().count();
            let is_number = matches!(column, 2 | 3 | 5);
            let (before, after) = if is_number { (gap, 0) } else { (0, gap) };
            let _infallible = write!(text, "{:before$}{cell}{:after$}  ", "", "");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The rows as one JSON document.
pub(crate) fn json(rows: &[Row]) -> serde_json::Value {
    let shown = rows.iter().map(|row| serde_json::json!({ "row": row, "times": row.times(), "met": row.is_met() }));
    serde_json::json!({ "schema": 2, "rows": shown.collect::<Vec<_>>() })
}

/// The rows of such a document.
pub(crate) fn read(document: &[u8]) -> anyhow::Result<Vec<Row>> {
    #[derive(Deserialize)]
    struct Document {
        rows: Vec<Shown>,
    }
    #[derive(Deserialize)]
    struct Shown {
        row: Row,
    }
    let document: Document = serde_json::from_slice(document)?;
    Ok(document.rows.into_iter().map(|shown| shown.row).collect())
}

/// As many digits as are worth reading.
fn figure(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}
