//! `verigate backup` and `verigate restore`: a copy of everything a ledger cannot lose, and the way back from it.
//!
//! Copies files itself, beside a running gateway or without one; sends and encrypts nothing.

use std::io::Write;
use std::path::PathBuf;

use verigate::control::Request;
use verigate::ledger::backup::{BackupError, Places, backup, restore};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::Order;

use super::{Shared, ask, other};
use crate::compose::clock;
use crate::failure::{Exit, Failure};

/// Copy everything that a ledger cannot lose into a new folder, beside the running gateway or without one.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The folder to make; it must be new or empty. It holds the keys: keep it as safe as them.
    to: PathBuf,
}

/// Bring a backup back into a new data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The folder of the backup.
    from: PathBuf,
    /// The data folder to make; it must be new or empty.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

impl Backup {
    /// Signs what there is, and copies it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        // A link that opened the folder here keeps it from another gateway while it is copied.
        let (link, _, folder) = shared.link()?;
        ask(&link, Request::Order(Order::Checkpoint))?;
        let made = backup(&places(&folder), &self.to, clock()(), &mut |_| {}).map_err(failed)?;
        let (events, files) = (made.head_sequence, made.files.len());
        writeln!(out, "{}: {events} events in {files} files", self.to.display())?;
        writeln!(out, "it holds the keys: keep it as safe as them")?;
        sound(&made)
    }
}

impl Restore {
    /// Checks every file and brings it back.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let folder = Folder::all_in(&self.into);
        let made = restore(&self.from, &places(&folder)).map_err(failed)?;
        let into = self.into.display();
        writeln!(out, "{into}: {} events, as they were at {}", made.head_sequence, made.made_at)?;
        writeln!(out, "prove it whole with `verigate --dir {into} ledger verify`")?;
        sound(&made)
    }
}

/// Whether the files of imported sets in it are what their names say.
fn sound(made: &verigate::ledger::backup::Backup) -> Result<(), Failure> {
    let damaged = made.damaged_sets();
    if damaged.is_empty() {
        return Ok(());
    }
    let files = damaged.join(", ");
    Err(other(
        Exit::Data,
        anyhow::anyhow!(
            "all else is there, but these were damaged before they were copied: {files}; import the same lists again"
        ),
    ))
}

fn places(folder: &Folder) -> Places {
    Places {
        log: folder.log(),
        histories: folder.histories(),
        checkpoints: folder.checkpoints.clone(),
        keys: folder.keys.clone(),
        sets: folder.sets(),
    }
}

fn failed(error: BackupError) -> Failure {
    let exit = match error {
        BackupError::NotEmpty { .. } => Exit::Usage,
        BackupError::Io { .. } => Exit::Unavailable,
        BackupError::Incomplete { .. }
        | BackupError::Manifest { .. }
        | BackupError::Changed { .. }
        | BackupError::Key(_)
        | BackupError::Log(_)
        | BackupError::Checkpoint(_) => Exit::Data,
    };
    other(exit, error)
}
