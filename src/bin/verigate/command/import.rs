//! `verigate import FILE`: a maker's list becomes a set of numbers, whole and in one step, on a running gateway or none.
//!
//! Owns the options, the bar and what is told at the end. Reading and sorting is done here, in this process and beside the
//! gateway (`verigate::index::import`); the gateway takes the finished file over by its hash.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, ensure};
use contract::Day;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;
use verigate::control::{Link, Request, Response, SetView};
use verigate::index::import::row::{Columns, Fixed};
use verigate::index::import::source::Encoding;
use verigate::index::import::{self, Begun, ImportError, MEMORY, Progress, Summary, Watch, Workshop};
use verigate::index::sets::file::{FileError, SetFile};
use verigate::index::sets::hex;
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::{ImportOrder, Order, Outcome};

use super::codes::Author;
use super::{Shared, ask, json, other, unexpected};
use crate::failure::{Exit, Failure};

/// Reasons that are told where no file takes them.
const TOLD: usize = 5;

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
        let Response::Sets { sets, last } = ask(&link, Request::Sets)? else { return Err(unexpected()) };
        let known = opened(&folder, &sets)?;
        let workshop = Workshop::open(&folder.sets()).map_err(failed)?;
        let mut told = Told::begin(self.rejects.as_deref())?;
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
            let rejected = HumanCount(summary.rejected);
            let more = listed(&reasons);
            return Err(other(
                Exit::Data,
                anyhow!("{rejected} rows cannot be taken, so nothing was; with --rejects FILE the others are{more}"),
            ));
        }
        let Some(made) = &summary.made else { return self.tell((&summary, resumed), None, out) };
        let source = list.file_name().map_or_else(|| "list".to_owned(), |name| name.to_string_lossy().into_owned());
        let order = ImportOrder { hash: hex(&made.hash), against: last, source, by };
        let Response::Done(outcome) = ask(&link, Request::Order(Order::Import(order)))? else {
            return Err(unexpected());
        };
        self.tell((&summary, resumed), Some(&outcome), out)
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
        outcome: Option<&Outcome>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let Summary { rows, numbers, repeated, rejected, shared, groups, made } = summary;
        let (set, event, batches, known) = match outcome {
            Some(Outcome::Imported { position, set, batches, .. }) => {
                (Some(*set), Some(position.sequence), Some(*batches), false)
            }
            Some(Outcome::Known { set }) => (Some(*set), None, None, true),
            Some(Outcome::Recorded { .. } | Outcome::Issued { .. }) => return Err(unexpected()),
            None => (None, None, None, false),
        };
        let span = batches.map(|(first, count)| (first, first + (count.max(1) as u64 - 1)));
        if self.json {
            return json(
                out,
                &json!({
                    "rows": rows, "numbers": numbers, "repeated": repeated, "rejected": rejected, "shared": shared,
                    "groups": groups, "set": set, "known": known, "event": event, "resumed_at_row": resumed,
                    "batches": span.map(|(first, last)| json!({ "first": first, "last": last })),
                    "file": made.as_ref().map(|made| json!({ "sha256": hex(&made.hash), "bytes": made.bytes })),
                }),
            );
        }
        let count = |count: &u64| HumanCount(*count);
        writeln!(out, "{} rows: {} numbers", count(rows), count(numbers))?;
        for (count, what) in [
            (repeated, "rows said again what another row says"),
            (rejected, "rows rejected, with line and reason in the file of rejects"),
            (shared, "numbers stand in other sets too, with the same data: one unit of each"),
        ] {
            if *count > 0 {
                writeln!(out, "  {} {what}", HumanCount(*count))?;
            }
        }
        match (set, span) {
            (Some(set), Some((first, last))) => {
                let batches =
                    if first == last { format!("batch {first}") } else { format!("batches {first} to {last}") };
                writeln!(out, "taken in as set {set}, {batches}; every check from now on sees it")?;
                Ok(writeln!(out, "next: verigate codes activate --set {set}")?)
            }
            (Some(set), None) => Ok(writeln!(out, "the same list stands already as set {set}; nothing was changed")?),
            (None, _) => Ok(writeln!(out, "a dry run: nothing was taken in")?),
        }
    }
}

/// The files of the sets that stand. One that cannot be read holds the import up: nobody could say whether it is
/// contradicted.
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

/// Tells how far it is, and writes down what is rejected.
struct Told {
    bar: ProgressBar,
    rejects: Option<Rejects>,
    first: Vec<(u64, String)>,
    resumed: Option<u64>,
}

/// The file of rejects, under another name until it is complete: a killed import leaves none that would be in the way.
struct Rejects {
    table: csv::Writer<BufWriter<File>>,
    unfinished: PathBuf,
    path: PathBuf,
}

impl Rejects {
    fn begin(path: &Path) -> anyhow::Result<Self> {
        ensure!(!path.exists(), "{} is there already: name another file for the rejects", path.display());
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let unfinished = PathBuf::from(name);
        let made = File::create(&unfinished).with_context(|| format!("cannot make {}", unfinished.display()))?;
        let mut table = csv::Writer::from_writer(BufWriter::new(made));
        table.write_record(["line", "reason"])?;
        Ok(Self { table, unfinished, path: path.to_owned() })
    }

    fn end(mut self) -> anyhow::Result<()> {
        let named = self.table.flush().and_then(|()| std::fs::rename(&self.unfinished, &self.path));
        named.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Told {
    fn begin(rejects: Option<&Path>) -> Result<Self, Failure> {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg:>22} {bar:30} {percent:>3}% {elapsed} rest {eta}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let rejects = rejects.map(Rejects::begin).transpose().map_err(|error| other(Exit::Usage, error))?;
        Ok(Self { bar, rejects, first: Vec::new(), resumed: None })
    }

    fn end(self) -> Result<Vec<(u64, String)>, Failure> {
        self.bar.finish_and_clear();
        if let Some(rejects) = self.rejects {
            rejects.end().map_err(|error| other(Exit::Unavailable, error))?;
        }
        Ok(self.first)
    }
}

impl Watch for Told {
    fn begun(&mut self, begun: &Begun) {
        let said = match begun {
            Begun::Anew => return,
            Begun::Resumed { rows } => {
                self.resumed = Some(*rows);
                format!("going on behind row {}, where an import of this list was broken off", HumanCount(*rows))
            }
            Begun::Dropped { list, why } => {
                format!("beginning at the first row: an import of {list} was broken off, and {why}")
            }
        };
        // Nothing depends on its being read.
        drop(writeln!(io::stderr(), "{said}"));
    }

    fn progress(&mut self, progress: Progress) -> bool {
        let (at, of, rows) = match progress {
            Progress::Read { bytes, of, rows } => (bytes, of, rows),
            Progress::Written { rows, of } => (rows, of, rows),
        };
        self.bar.set_length(of);
        self.bar.set_position(at);
        let elapsed = self.bar.elapsed().as_secs().max(1);
        let doing = if matches!(progress, Progress::Read { .. }) { "read" } else { "written" };
        self.bar.set_message(format!("{} {doing}, {}/s", HumanCount(rows), HumanCount(rows / elapsed)));
        true
    }

    fn rejected(&mut self, line: u64, reason: &str) -> io::Result<()> {
        if self.first.len() < TOLD {
            self.first.push((line, reason.to_owned()));
        }
        match self.rejects.as_mut() {
            Some(rejects) => rejects.table.write_record([line.to_string().as_str(), reason]).map_err(io::Error::from),
            None => Ok(()),
        }
    }
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
