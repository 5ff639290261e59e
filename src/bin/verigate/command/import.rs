//! `verigate import FILE`: a maker's list becomes a set of numbers, whole and in one step, on a running gateway or none.
//!
//! Owns the options and what is told at the end; what is told on the way is `told`'s. Reading and sorting is done here, in this process and beside the
//! gateway (`verigate::index::import`); the gateway takes the finished file over by its hash.

mod told;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use contract::Day;
use indicatif::HumanCount;
use serde_json::json;
use verigate::control::{Link, Request, Response, SetView};
use verigate::index::import::row::{Columns, Fixed};
use verigate::index::import::source::Encoding;
use verigate::index::import::{self, ImportError, MEMORY, OfKind, Summary, Workshop};
use verigate::index::sets::file::{FileError, SetFile};
use verigate::index::sets::hex;
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::{ImportOrder, Order, Outcome};

use self::told::Told;
use super::codes::Author;
use super::{Shared, ask, json, other, unexpected};
use crate::failure::{Exit, Failure};

/// Take a list of numbers in: CSV, TSV or one number to a line, plain, gzip or zstd.
///
/// Columns are told by the first line (number, product, lot, made, expiry, level, holds, parent, gtin, serial, or their
/// Chinese names) or by --columns. The list comes in whole or not at all; the same list again changes nothing. After a
/// kill the same command goes on where it was, in steps of as many rows as --memory holds.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The list.
    #[arg(required_unless_present = "remove")]
    file: Option<PathBuf>,
    /// The product of every number, by its id.
    #[arg(long, value_name = "ID")]
    product: Option<String>,
    /// The columns in order, as number,lot,- (- is not looked at), or by their names in the first line, as 防伪码=number,批号=lot.
    #[arg(long, value_name = "COLUMNS", value_parser = Columns::parse)]
    columns: Option<Columns>,
    /// The lot of every number that has no other.
    #[arg(long)]
    lot: Option<String>,
    /// The day they were made, as 2026-11-23.
    #[arg(long, value_name = "DAY")]
    made: Option<Day>,
    /// The last day they are good.
    #[arg(long, value_name = "DAY")]
    expiry: Option<Day>,
    /// Packaging level: 1 the unit that is sold, 2 to 4 boxes of it.
    #[arg(long)]
    level: Option<u8>,
    /// How many of the level below one number holds; 1 at level 1.
    #[arg(long)]
    holds: Option<u32>,
    /// The encoding of the text.
    #[arg(long, value_enum, default_value = "utf-8")]
    encoding: TextEncoding,
    /// Take what can be taken, and write line and reason of every other row to this file, which must be new.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Read, sort and compare all of it, and take nothing in.
    #[arg(long)]
    dry_run: bool,
    /// Memory to sort in, in MiB, 4 to 65536; beyond it the disk is used.
    #[arg(long, value_name = "MIB", default_value_t = (MEMORY >> 20) as u64, value_parser = clap::value_parser!(u64).range(4..=65_536))]
    memory: u64,
    /// Take a set out again instead: its numbers are unknown from then on.
    #[arg(long, value_name = "SET", conflicts_with_all = ["file", "product", "columns", "rejects", "dry_run"])]
    remove: Option<u64>,
    /// Why it is taken out.
    #[arg(long, requires = "remove")]
    reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    author: Author,
}

/// The encoding of a list.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TextEncoding {
    /// UTF-8.
    #[value(name = "utf-8")]
    Utf8,
    /// GB18030, which GBK and GB2312 are part of.
    #[value(name = "gb18030", alias = "gbk", alias = "gb2312")]
    Gb18030,
}

impl Import {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let (link, _, folder) = shared.link()?;
        let by = self.author.name();
        let Some(list) = &self.file else { return self.take_out(&link, by, out) };
        let order = import::Order {
            list: list.clone(),
            columns: self.columns.clone(),
            fixed: Fixed {
                product: self.product.clone(),
                lot: self.lot.clone(),
                made: self.made,
                expiry: self.expiry,
                level: self.level,
                holds: self.holds,
            },
            encoding: match self.encoding {
                TextEncoding::Utf8 => Encoding::Utf8,
                TextEncoding::Gb18030 => Encoding::Gb18030,
            },
            memory: usize::try_from(self.memory << 20).unwrap_or(MEMORY),
        };
        // Before a long list is read for nothing.
        self.product.iter().try_for_each(|product| expect_product(&link, product))?;
        let Response::Sets { sets, last } = ask(&link, Request::Sets)? else { return Err(unexpected()) };
        let known = opened(&folder, &sets)?;
        let workshop = Workshop::open(&folder.sets()).map_err(failed)?;
        let mut told = Told::begin(self.rejects.as_deref(), self.dry_run)?;
        let read = import::import(&order, &workshop, &known, !self.dry_run, &mut told);
        let resumed = told.resumed;
        let reasons = told.end()?;
        let summary = read.map_err(|error| {
            if matches!(error, ImportError::Nothing { .. }) {
                return other(Exit::Data, anyhow!("{error}{}", listed(&reasons)));
            }
            failed(error)
        })?;
        if summary.rejected > 0 && self.rejects.is_none() {
            let (rejected, more) = (counted(summary.rejected, "row", "rows"), listed(&reasons));
            return Err(other(
                Exit::Data,
                anyhow!("{rejected} cannot be taken, so nothing was; with --rejects FILE the others are{more}"),
            ));
        }
        let lost: Vec<&SetView> = sets.iter().filter(|set| !set.readable).collect();
        let Some(made) = &summary.made else {
            // What the gateway would look at when it takes the list in.
            summary.products.iter().try_for_each(|product| expect_product(&link, product))?;
            for set in &lost {
                let said = format!("set {} cannot be read: whether this list contradicts it is not known", set.set);
                drop(writeln!(io::stderr(), "{said}"));
            }
            return self.tell((&summary, resumed), Became::Nothing, out);
        };
        let mended = lost.iter().find(|set| set.hash == hex(&made.hash)).map(|set| set.set);
        if let (None, Some(lost)) = (mended, lost.first()) {
            let SetView { set, source, .. } = lost;
            return Err(other(
                Exit::Unavailable,
                anyhow!(
                    "set {set} cannot be read, so nobody can say whether this list contradicts it, and nothing was \
                     taken in: import {source} again first, or take the set out (verigate import --remove {set})"
                ),
            ));
        }
        let source = list.file_name().map_or_else(|| "list".to_owned(), |name| name.to_string_lossy().into_owned());
        let order = ImportOrder { hash: hex(&made.hash), against: last, source, by };
        let Response::Done(outcome) = ask(&link, Request::Order(Order::Import(order)))? else {
            return Err(unexpected());
        };
        let became = match outcome {
            Outcome::Imported { position, set, batches, .. } => Became::Set { set, event: position.sequence, batches },
            Outcome::Known { set } if mended == Some(set) => Became::Mended { set },
            Outcome::Known { set } => Became::Known { set },
            Outcome::Recorded { .. } | Outcome::Issued { .. } => return Err(unexpected()),
        };
        self.tell((&summary, resumed), became, out)
    }

    fn take_out(&self, link: &Link, by: String, out: &mut dyn Write) -> Result<(), Failure> {
        let set = self.remove.unwrap_or_default();
        let order = Order::Remove { set, by, reason: self.reason.clone() };
        let Response::Done(Outcome::Recorded { position }) = ask(link, Request::Order(order))? else {
            return Err(unexpected());
        };
        if self.json {
            return json(out, &json!({ "set": set, "removed": true, "event": position.sequence }));
        }
        let event = position.sequence;
        Ok(writeln!(out, "set {set} is taken out, recorded as event {event}; every check from now on sees it")?)
    }

    fn tell(
        &self,
        (summary, resumed): (&Summary, Option<u64>),
        became: Became,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let Summary { rows, numbers, repeated, rejected, shared, groups, products: _, kinds, made } = summary;
        let span = became.span();
        if self.json {
            let (set, event) = became.place();
            let kinds: Vec<_> = kinds
                .iter()
                .map(|kind| json!({ "kind": kind.shape.to_string(), "numbers": kind.numbers, "first_line": kind.line }))
                .collect();
            return json(
                out,
                &json!({
                    "rows": rows, "numbers": numbers, "kinds": kinds, "repeated": repeated, "rejected": rejected,
                    "shared": shared, "groups": groups, "set": set, "known": became.is_known(),
                    "mended": matches!(became, Became::Mended { .. }), "event": event, "resumed_at_row": resumed,
                    "batches": span.map(|(first, last)| json!({ "first": first, "last": last })),
                    "file": made.as_ref().map(|made| json!({ "sha256": hex(&made.hash), "bytes": made.bytes })),
                }),
            );
        }
        writeln!(out, "{}: {}", counted(*rows, "row", "rows"), looks(*numbers, kinds))?;
        if let [_, _, ..] = kinds.as_slice() {
            for OfKind { shape, numbers, line } in kinds {
                writeln!(out, "  {shape}: {}, the first on line {line}", HumanCount(*numbers))?;
            }
        }
        for (count, one, many, what) in [
            (*repeated, "row says", "rows say", "again what another row says"),
            (*rejected, "row is", "rows are", "rejected, with line and reason in the file of rejects"),
            (
                if became.is_known() { 0 } else { *shared },
                "number stands",
                "numbers stand",
                "in other sets too, with the same data: one unit of each",
            ),
        ] {
            if count > 0 {
                writeln!(out, "  {} {what}", counted(count, one, many))?;
            }
        }
        match became {
            Became::Nothing => writeln!(out, "a dry run: nothing was taken in")?,
            Became::Known { set } => writeln!(out, "the same list stands already as set {set}; nothing was changed")?,
            Became::Mended { set } => {
                writeln!(out, "the same list stands as set {set}, whose file could not be read: it is whole again")?;
            }
            Became::Set { set, .. } => {
                let (first, last) = span.unwrap_or_default();
                let batches =
                    if first == last { format!("batch {first}") } else { format!("batches {first} to {last}") };
                writeln!(out, "taken in as set {set}, {batches}; every check from now on sees it")?;
                writeln!(out, "next: verigate codes activate --set {set}")?;
            }
        }
        Ok(())
    }
}

/// What became of a list.
#[derive(Debug, Clone, Copy)]
enum Became {
    /// A dry run.
    Nothing,
    /// The set that stands already.
    Known { set: u64 },
    /// The file of a set that could not be read.
    Mended { set: u64 },
    /// A new set, with so many batches from the first on.
    Set { set: u64, event: u64, batches: (u64, usize) },
}

impl Became {
    /// Its set and the event that took it in.
    const fn place(self) -> (Option<u64>, Option<u64>) {
        match self {
            Self::Nothing => (None, None),
            Self::Known { set } | Self::Mended { set } => (Some(set), None),
            Self::Set { set, event, .. } => (Some(set), Some(event)),
        }
    }

    const fn is_known(self) -> bool {
        matches!(self, Self::Known { .. } | Self::Mended { .. })
    }

    /// The first and the last batch.
    fn span(self) -> Option<(u64, u64)> {
        match self {
            Self::Set { batches: (first, count), .. } => Some((first, first + (count.max(1) as u64 - 1))),
            Self::Nothing | Self::Known { .. } | Self::Mended { .. } => None,
        }
    }
}

/// So many of something, as one says it.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { one } else { many })
}

/// How many numbers, and where they all look alike, how.
fn looks(numbers: u64, kinds: &[OfKind]) -> String {
    let numbers = counted(numbers, "number", "numbers");
    match kinds {
        [one] => format!("{numbers} ({})", one.shape),
        several => format!("{numbers} of {} kinds", several.len()),
    }
}

fn expect_product(link: &Link, product: &str) -> Result<(), Failure> {
    let Response::Product(known) = ask(link, Request::Product { product: product.to_owned() })? else {
        return Err(unexpected());
    };
    known
        .map(drop)
        .ok_or_else(|| other(Exit::Data, anyhow!("there is no product {product}; see `verigate codes list`")))
}

/// The files of the sets that stand and can be read. One that cannot holds every list up but its own: nobody could say
/// whether it is contradicted.
fn opened(folder: &Folder, sets: &[SetView]) -> Result<Vec<(u64, Arc<SetFile>)>, Failure> {
    let mut known = Vec::with_capacity(sets.len());
    for set in sets.iter().filter(|set| set.readable) {
        let path = folder.sets().join(format!("{}.set", set.hash));
        let file = SetFile::open(&path).map_err(|error| failed(error.into()))?;
        known.push((set.set, Arc::new(file)));
    }
    Ok(known)
}

fn listed(reasons: &[(u64, String)]) -> String {
    reasons.iter().map(|(line, reason)| format!("\n  line {line}: {reason}")).collect()
}

fn failed(error: ImportError) -> Failure {
    let exit = match &error {
        ImportError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::Usage,
        ImportError::Read { .. }
        | ImportError::Busy { .. }
        | ImportError::Write { .. }
        | ImportError::Stopped
        | ImportError::Set(FileError::Io { .. }) => Exit::Unavailable,
        ImportError::Compressed { .. }
        | ImportError::TooLong { .. }
        | ImportError::Encoding { .. }
        | ImportError::Columns { .. }
        | ImportError::Changed { .. }
        | ImportError::TooMany { .. }
        | ImportError::Nothing { .. }
        | ImportError::Contradicts { .. }
        | ImportError::Set(FileError::Damaged { .. }) => Exit::Data,
    };
    other(exit, error)
}
