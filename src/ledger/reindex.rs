//! Folding the index from the log: when a gateway comes up, and for `verigate ledger rebuild`, which proves that it can be.
//!
//! Owns the walk over the rare events. The index itself lies in memory alone, so there is no file that could be wrong or
//! half-written: what a kill leaves is the log, and the next start folds it again. What each event changes is the
//! register's.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use super::audit::Progress;
use super::event::Event;
use super::folder::Folder;
use super::log::{LogError, LogReader, Row};
use super::segments::SegmentReader;
use crate::code::Codes;
use crate::index::catalogue::Catalogue;
use crate::index::register::Register;
use crate::index::sets::file::SetFile;

/// Rows read at a time.
const CHUNK: usize = 4_096;
/// Chunks that are read ahead of the fold.
const AHEAD: usize = 2;

/// What the log amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Events that the index is made of.
    pub events: u64,
    /// Makers.
    pub makers: usize,
    /// Products.
    pub products: usize,
    /// Batches, of our own numbers and of lists.
    pub batches: usize,
    /// Numbers in them.
    pub numbers: u64,
    /// Imported sets that stand.
    pub sets: usize,
    /// Those whose file cannot be used, and why.
    pub damaged: Vec<(u64, String)>,
}

/// Hands every rare event after `after` to `take`, in order, while the next ones are read by another thread.
pub(crate) fn walk(
    reader: &mut dyn LogReader,
    take: &mut dyn FnMut(&Row) -> Result<(), LogError>,
) -> Result<(), LogError> {
    std::thread::scope(|scope| {
        let (hand, handed) = sync_channel(AHEAD);
        let read = move || {
            let mut after = 0;
            loop {
                let rows = reader.after(after, true, CHUNK);
                let last = rows.as_ref().ok().and_then(|rows| rows.last()).map(|row| row.sequence);
                let is_over = matches!(&rows, Ok(rows) if rows.is_empty());
                if is_over || hand.send(rows).is_err() {
                    return;
                }
                let Some(last) = last else { return };
                after = last;
            }
        };
        std::thread::Builder::new()
            .name("index".to_owned())
            .spawn_scoped(scope, read)
            .map_err(|source| LogError::Store { doing: "read", source: Box::new(source) })?;
        for rows in handed {
            rows?.iter().try_for_each(&mut *take)?;
        }
        Ok(())
    })
}

/// Takes a committed event into the index; `false` where it is none of the index's.
pub(crate) fn take(register: &Register, sequence: u64, event: &Event) -> bool {
    match event {
        Event::Catalogue(change) => register.change(sequence, change),
        Event::Issued(batch) => register.issue(sequence, batch),
        Event::Life(life) => register.live(sequence, &life.event),
        Event::Imported(imported) => register.import(sequence, imported),
        Event::Removed(removed) => register.remove(sequence, removed),
        Event::Flagged(_)
        | Event::Alarm(_)
        | Event::Inquiry(_)
        | Event::Delivered(_)
        | Event::Forgotten(_)
        | Event::Reduced(_) => return false,
    }
    true
}

/// Folds the index anew, and reads every file of a set that stands against its hash. Changes nothing; may be done beside a
/// running gateway. Progress counts events of the log first, then bytes of the files.
///
/// # Errors
/// [`LogError`] where the log cannot be read to its end.
pub fn rebuild(folder: &Folder, codes: Codes, events: Progress<'_>, bytes: Progress<'_>) -> Result<Indexed, LogError> {
    let register = Register::new(Catalogue::new(codes), folder.sets());
    let mut reader = SegmentReader::new(&folder.log(), 0);
    let last = reader.last()?.unwrap_or(0);
    let mut taken = 0;
    walk(&mut reader, &mut |row| {
        let event =
            row.event().map_err(|source| LogError::Damaged { sequence: row.sequence, what: source.to_string() })?;
        taken += u64::from(take(&register, row.sequence, &event));
        events(row.sequence, last);
        Ok(())
    })?;
    events(last, last);
    let snapshot = register.sets().snapshot();
    let paths: Vec<_> = snapshot.sets.iter().map(|set| (set.set, set.hash, register.sets().path(&set.hash))).collect();
    let total = paths.iter().map(|(.., path)| length(path)).sum();
    let mut done = 0;
    let mut damaged = Vec::new();
    for (set, hash, path) in &paths {
        let mut tell = |read| {
            bytes(done + read, total);
            true
        };
        if let Err(error) = SetFile::open(path).and_then(|file| file.verify(hash, &mut tell)) {
            damaged.push((*set, error.to_string()));
        }
        done += length(path);
    }
    let catalogue = register.catalogue();
    let (_, batches) = catalogue.batches_from(0, 0);
    Ok(Indexed {
        events: taken,
        makers: catalogue.makers().len(),
        products: catalogue.products_from(0, 0).2,
        batches,
        numbers: catalogue.count(),
        sets: snapshot.sets.iter().map(|set| set.set).collect::<BTreeSet<_>>().len(),
        damaged,
    })
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}
