//! From a maker's list to a set file, wherever no gateway is in the way.
//!
//! Owns the order of the steps: read the list row by row ([`source`], [`row`]), sort within a memory bound by runs on disk
//! (`sort`), merge the runs against the sets that stand, and write the file that the gateway then takes over by its
//! hash. Nothing of an import can be seen before that; whatever goes wrong leaves the sets as they were. An import of the
//! same list goes on from where a killed one was (`workshop`), any other clears away what it left.
//!
//! **What a row says.** A number with, where the list has them, product, lot, days, level and the box it lies in. The file that comes out
//! depends on what the rows say and not on their order, so that the same list has the same hash.
//!
//! **Numbers that stand twice.** Rows that say the same of one number count once. Rows that say different things of it
//! contradict each other: none of them is taken, and each is told by its line. A number that stands in another set with
//! the same product, lot, days and level is one unit of both; with others, the whole list is refused, for which of the two is right
//! is not ours to guess.

mod dictionaries;
mod error;
mod merge;
pub mod row;
mod sort;
pub mod source;
#[cfg(test)]
mod tests;
mod workshop;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use self::dictionaries::Dictionaries;
pub use self::error::ImportError;
use self::merge::{Known, Merge};
use self::row::{Columns, Fixed, Mapped, Said};
use self::sort::{Entry, Sorter};
use self::source::{Encoding, Lines};
pub use self::workshop::{BrokenOff, Workshop, broken_off};
use self::workshop::{Left, Manifest, Rejects};
use super::sets::file::{Hash, SetFile};
use super::sets::form::Shape;

/// The most boxes that one list may name.
pub const MAX_BOXES: usize = 1_000_000;
/// Memory to sort in by default, in bytes.
pub const MEMORY: usize = 256 << 20;
/// Rows between two words on how far it is.
const TOLD_EVERY: u64 = 8_192;

/// How a list is to be read.
#[derive(Debug, Clone)]
pub struct Order {
    /// The list.
    pub list: PathBuf,
    /// What its columns are, where its first line does not say.
    pub columns: Option<Columns>,
    /// What every number has where no column says otherwise.
    pub fixed: Fixed,
    /// The encoding of its text.
    pub encoding: Encoding,
    /// Bytes to sort in.
    pub memory: usize,
}

/// Where an import has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Reading: bytes of the list as it lies on disk, rows so far.
    Read {
        /// Bytes.
        bytes: u64,
        /// Of so many.
        of: u64,
        /// Rows.
        rows: u64,
    },
    /// Writing: numbers written, of so many at most.
    Written {
        /// Numbers.
        rows: u64,
        /// Of so many.
        of: u64,
    },
}

/// Where an import begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// At the list's first line.
    Anew,
    /// Where a killed import of the same list was.
    Resumed {
        /// Rows read then.
        rows: u64,
    },
    /// At the list's first line, though a killed import had read something.
    Dropped {
        /// The list that was being read.
        list: String,
        /// Why this one cannot go on from there.
        why: &'static str,
    },
}

/// What became of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows read, without the header.
    pub rows: u64,
    /// Numbers that the set holds.
    pub numbers: u64,
    /// Rows that said again what another said.
    pub repeated: u64,
    /// Rows not taken.
    pub rejected: u64,
    /// Numbers that other sets have too.
    pub shared: u64,
    /// How many combinations of product, lot, days and level its numbers have.
    pub groups: usize,
    /// The products that these name.
    pub products: Vec<String>,
    /// What its numbers look like, in order.
    pub kinds: Vec<OfKind>,
    /// The finished file, where one was made.
    pub made: Option<Made>,
}

/// The numbers of a list that look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfKind {
    /// How they look.
    pub shape: Shape,
    /// How many there are.
    pub numbers: u64,
    /// The line of the first.
    pub line: u64,
}

/// A finished file that waits to be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its hash.
    pub hash: Hash,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Hears of an import as it goes on.
pub trait Watch {
    /// It begins; told once, before anything else.
    fn begun(&mut self, begun: &Begun);

    /// It got so far; `false` breaks it off.
    fn progress(&mut self, progress: Progress) -> bool;

    /// A row is not taken.
    ///
    /// # Errors
    /// What keeps it from being told; it breaks the import off.
    fn rejected(&mut self, line: u64, reason: &str) -> io::Result<()>;
}

/// Reads a list into a finished set file in the workshop, compared with the sets that stand. With `keep` unset nothing is
/// written but the runs that sorting needs.
///
/// # Errors
/// [`ImportError`].
pub fn import(
    order: &Order,
    workshop: &Workshop,
    known: &[(u64, Arc<SetFile>)],
    keep: bool,
    watch: &mut dyn Watch,
) -> Result<Summary, ImportError> {
    let mut lines = Lines::open(&order.list, order.encoding)?;
    let mut read = Reading::begin(order, workshop, &lines, watch)?;
    read.all(&mut lines, watch)?;
    lines.unchanged()?;
    let Reading { dictionaries, sorter, rows, rejected, .. } = read;
    let known = known.iter().map(|(set, file)| Known::of(*set, file, sorter.len())).collect::<Result<_, _>>()?;
    let merge = Merge::new(workshop.folder().join("made"), dictionaries.ranks(), known, (rows, rejected));
    merge.run(sorter, &order.list, keep, watch)
}

/// Rows into runs.
struct Reading<'a> {
    order: &'a Order,
    workshop: &'a Workshop,
    dictionaries: Dictionaries,
    sorter: Sorter,
    rows: u64,
    rejected: u64,
    /// Where to go on: the last line read, and where the next one begins.
    from: Option<(u64, u64)>,
    /// What is kept for the case of a kill; `None` where the list cannot be read twice.
    kept: Option<(Manifest, Rejects)>,
}

impl<'a> Reading<'a> {
    fn begin(
        order: &'a Order,
        workshop: &'a Workshop,
        lines: &Lines,
        watch: &mut dyn Watch,
    ) -> Result<Self, ImportError> {
        let left = workshop.left(order, lines.metadata())?;
        let (folder, memory) = (workshop.folder(), order.memory);
        let mut read = Self {
            order,
            workshop,
            dictionaries: Dictionaries::default(),
            sorter: Sorter::new(folder, memory),
            rows: 0,
            rejected: 0,
            from: None,
            kept: None,
        };
        let mut rejects = 0;
        watch.begun(&match left {
            Left::Nothing => Begun::Anew,
            Left::Other(list, why) => Begun::Dropped { list, why },
            Left::Same(manifest) => {
                let Manifest { line, byte, rows, rejected, rejects: kept, runs, dictionaries, .. } = *manifest;
                rejects = kept;
                read.dictionaries = Dictionaries::restore(dictionaries);
                read.sorter = Sorter::resumed(folder, memory, runs);
                (read.rows, read.rejected, read.from) = (rows, rejected, Some((line, byte)));
                Begun::Resumed { rows }
            }
        });
        // A pipe cannot be read again.
        if lines.metadata().is_file() {
            let kept = Rejects::begin(workshop.rejects(), rejects)?;
            read.kept = Some((Manifest::of(order, lines.metadata()), kept));
        }
        if rejects > 0 {
            let mut tell = |line, reason: &str| watch.rejected(line, reason).map_err(|source| untold(order, source));
            Rejects::tell(&workshop.rejects(), &mut tell)?;
        }
        Ok(read)
    }

    fn all(&mut self, lines: &mut Lines, watch: &mut dyn Watch) -> Result<(), ImportError> {
        let mut mapped: Option<Mapped> = None;
        let mut spoken = String::new();
        while let Some((line, text)) = lines.next_line()? {
            if text.trim().is_empty() {
                continue;
            }
            let known = match &mapped {
                Some(known) => known,
                None => {
                    let (known, is_header) = Mapped::of(self.order.columns.as_ref(), &self.order.fixed, text)
                        .map_err(|what| ImportError::Columns { line, what })?;
                    let known = mapped.insert(known);
                    if let Some((line, byte)) = self.from.take() {
                        lines.skip_to(line, byte)?;
                        continue;
                    }
                    if is_header {
                        continue;
                    }
                    known
                }
            };
            self.rows += 1;
            let taken = match known.read(text, &mut spoken) {
                Ok(said) => take(&mut self.dictionaries, &mut self.sorter, (known, &spoken), (&said, line))?,
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                self.reject(line, &reason, watch)?;
            }
            if self.sorter.is_full() {
                self.spill(lines)?;
            }
            if self.rows.is_multiple_of(TOLD_EVERY) {
                let (bytes, of) = lines.position();
                if !watch.progress(Progress::Read { bytes, of, rows: self.rows }) {
                    return Err(ImportError::Stopped);
                }
            }
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: &str, watch: &mut dyn Watch) -> Result<(), ImportError> {
        self.rejected += 1;
        if let Some((_, rejects)) = &mut self.kept {
            rejects.put(line, reason)?;
        }
        watch.rejected(line, reason).map_err(|source| untold(self.order, source))
    }

    /// Memory is full: everything up to this line goes to disk, and from there another process could go on.
    fn spill(&mut self, lines: &Lines) -> Result<(), ImportError> {
        self.sorter.spill()?;
        let Some((manifest, rejects)) = &mut self.kept else { return Ok(()) };
        (manifest.line, manifest.byte) = lines.next_begins();
        (manifest.rows, manifest.rejected) = (self.rows, self.rejected);
        manifest.rejects = rejects.flushed()?;
        manifest.runs = self.sorter.runs().to_vec();
        manifest.dictionaries = self.dictionaries.keep();
        self.workshop.keep(manifest)
    }
}

fn untold(order: &Order, source: io::Error) -> ImportError {
    ImportError::Write { path: order.list.with_extension("rejects"), source }
}

/// `Ok(Err)` where the row is to be rejected.
fn take(
    dictionaries: &mut Dictionaries,
    sorter: &mut Sorter,
    (mapped, spoken): (&Mapped, &str),
    (said, line): (&Said<'_>, u64),
) -> Result<Result<(), String>, ImportError> {
    let group = match dictionaries.group(mapped, spoken, line)? {
        Ok(group) => group,
        Err(reason) => return Ok(Err(reason)),
    };
    let parent = dictionaries.parent(said.parent.as_deref(), line)?;
    let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
    let short = u32::try_from(line).map_err(|_| ImportError::TooMany { line, what: "lines", most })?;
    sorter.push(Entry::new((said.form, said.value), group, parent, short)).map(Ok)
}
