//! What a channel of the running gateway says: one question over the control socket, and tables of the answer.
//!
//! Knows no channel; what is asked and what the columns are is each command's.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;
use verigate::control::{Request, Response};

use super::{Shared, ask, ours, unexpected};
use crate::failure::Failure;

/// Asks a channel, by its name on the control socket.
pub(crate) fn asked(shared: &Shared, channel: &str, wanted: &impl Serialize) -> Result<Value, Failure> {
    let (link, ..) = shared.link()?;
    let wanted = serde_json::to_value(wanted).map_err(ours)?;
    match ask(&link, Request::Channel { channel: channel.to_owned(), ask: wanted })? {
        Response::Channel(said) => Ok(said),
        Response::Done(_)
        | Response::Inspected { .. }
        | Response::Status(_)
        | Response::Batch(_)
        | Response::Product(_)
        | Response::TakenIn { .. }
        | Response::Products { .. }
        | Response::Batches { .. }
        | Response::Sets { .. }
        | Response::Pruned(_)
        | Response::Failed(_) => Err(unexpected()),
    }
}

/// A text in what was said; empty where there is none.
pub(crate) fn text(said: &Value, pointer: &str) -> String {
    said.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A count in what was said; 0 where there is none.
pub(crate) fn whole(said: &Value, pointer: &str) -> u64 {
    said.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// A column of a table.
pub(crate) struct Column {
    /// Its heading.
    pub(crate) name: &'static str,
    /// So wide at least; the last one may be 0.
    pub(crate) width: usize,
    /// Numbers stand to the right.
    pub(crate) right: bool,
    /// What stands in it.
    pub(crate) cell: fn(&Value) -> String,
}

impl Column {
    /// Of a text.
    pub(crate) const fn left(name: &'static str, width: usize, cell: fn(&Value) -> String) -> Self {
        Self { name, width, right: false, cell }
    }

    /// Of a number.
    pub(crate) const fn right(name: &'static str, width: usize, cell: fn(&Value) -> String) -> Self {
        Self { name, width, right: true, cell }
    }
}

/// Writes a heading and a line for each of these.
pub(crate) fn table<'a>(
    columns: &[Column],
    rows: impl Iterator<Item = &'a Value>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut line = |cell: &dyn Fn(&Column) -> String| -> Result<(), Failure> {
        let cells = columns.iter().map(|column| {
            let (text, width) = (cell(column), column.width);
            if column.right { format!("{text:>width$}") } else { format!("{text:<width$}") }
        });
        Ok(writeln!(out, "{}", cells.collect::<Vec<_>>().join(" ").trim_end())?)
    };
    line(&|column| column.name.to_owned())?;
    for row in rows {
        line(&|column| (column.cell)(row))?;
    }
    Ok(())
}
