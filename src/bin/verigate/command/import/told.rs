//! What an import tells on its way: a bar with rate and rest, the first rows that are rejected, and the file of all of them.
//!
//! Owns both; nothing of it is seen where standard error is no terminal but what the import begins with.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use verigate::index::import::{Begun, Progress, Watch};

use crate::command::other;
use crate::failure::{Exit, Failure};

/// Reasons that are told where no file takes them.
const TOLD: usize = 5;

/// Tells how far it is, and writes down what is rejected.
pub(super) struct Told {
    bar: ProgressBar,
    rejects: Option<Rejects>,
    first: Vec<(u64, String)>,
    /// It goes on behind this row.
    pub(super) resumed: Option<u64>,
    is_dry: bool,
    step: Option<Step>,
}

/// What is being done, and where it stood when that began.
#[derive(Debug, Clone, Copy)]
struct Step {
    is_reading: bool,
    at: Duration,
    rows: u64,
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
    /// Rejects go to this file, which must be new.
    pub(super) fn begin(rejects: Option<&Path>, is_dry: bool) -> Result<Self, Failure> {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{msg:>32} {wide_bar} {percent:>3}% {elapsed} rest {eta}");
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let rejects = rejects.map(Rejects::begin).transpose().map_err(|error| other(Exit::Usage, error))?;
        Ok(Self { bar, rejects, first: Vec::new(), resumed: None, is_dry, step: None })
    }

    /// Names the file of rejects, and gives the first of them.
    pub(super) fn end(self) -> Result<Vec<(u64, String)>, Failure> {
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
        let is_reading = matches!(progress, Progress::Read { .. });
        let now = self.bar.elapsed();
        // The rows before a kill are none of this run's.
        let fresh = Step { is_reading, at: now, rows: if is_reading { self.resumed.unwrap_or(0) } else { 0 } };
        let step = *self.step.get_or_insert(Step { at: Duration::ZERO, ..fresh });
        let step = if step.is_reading == is_reading { step } else { *self.step.insert(fresh) };
        let took = u64::try_from(now.saturating_sub(step.at).as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = (rows - step.rows.min(rows)).saturating_mul(1_000) / took;
        let doing = match progress {
            Progress::Read { .. } => "read",
            Progress::Written { .. } if self.is_dry => "compared",
            Progress::Written { .. } => "written",
        };
        self.bar.set_message(format!("{} {doing}, {}/s", HumanCount(rows), HumanCount(rate)));
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
