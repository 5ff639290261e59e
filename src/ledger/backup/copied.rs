//! The files of a backup, as they are copied.
//!
//! Owns how each kind is copied beside its writer. Which come when is the backup's.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::{BackupError, MASTER, RUNS, io_at, listed, name_of, private_folder};
use crate::ledger::histories::{named_runs, runs_beside};
use crate::ledger::sqlite;
use crate::secret::Secret;

/// So often are histories copied again whose runs were merged meanwhile: that takes longer than opening them.
const ATTEMPTS: usize = 32;

/// A backup being made.
pub(super) struct Copied<'a> {
    root: &'a Path,
    pub(super) files: Vec<String>,
    progress: &'a mut dyn FnMut(&str),
}

impl<'a> Copied<'a> {
    /// Into this folder.
    pub(super) const fn into(root: &'a Path, progress: &'a mut dyn FnMut(&str)) -> Self {
        Self { root, files: Vec::new(), progress }
    }

    /// Copies a database.
    pub(super) fn database(&mut self, name: &str, from: &Path) -> Result<(), BackupError> {
        (self.progress)(name);
        sqlite::copy(from, &self.root.join(name))?;
        self.files.push(name.to_owned());
        Ok(())
    }

    /// Copies the histories with the runs that they name.
    pub(super) fn histories(&mut self, from: &Path) -> Result<(), BackupError> {
        (self.progress)("history.db");
        let (copy, folder) = (self.root.join("history.db"), runs_beside(from));
        let mut attempts = 0;
        let (names, files) = loop {
            sqlite::copy(from, &copy)?;
            let names = named_runs(&copy)?;
            // All are opened before any is copied: one that is open can be read to its end, also after it was merged.
            let open = |name: &String| fs::File::open(folder.join(name)).map_err(io_at(&folder.join(name)));
            match names.iter().map(open).collect::<Result<Vec<_>, _>>() {
                Ok(files) => break (names, files),
                Err(BackupError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS =>
                {
                    attempts += 1;
                    sqlite::remove(&copy).map_err(io_at(&copy))?;
                }
                Err(error) => return Err(error),
            }
        };
        self.files.push("history.db".to_owned());
        for (name, mut file) in names.into_iter().zip(files) {
            let name = format!("{RUNS}/{name}");
            (self.progress)(&name);
            let copy = self.root.join(&name);
            let mut to = fs::File::create_new(&copy).map_err(io_at(&copy))?;
            io::copy(&mut file, &mut to).map_err(io_at(&copy))?;
            self.files.push(name);
        }
        Ok(())
    }

    /// Copies the plain files of a folder; one that goes away meanwhile was on its way to another name.
    pub(super) fn folder(&mut self, name: &str, from: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<(), BackupError> {
        private_folder(&self.root.join(name))?;
        for path in listed(from)? {
            let file = name_of(&path)?;
            if !wanted(&file) {
                continue;
            }
            let name = format!("{name}/{file}");
            (self.progress)(&name);
            match fs::copy(&path, self.root.join(&name)) {
                Ok(_) => self.files.push(name),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(BackupError::Io { path, source }),
            }
        }
        Ok(())
    }

    /// Copies the keys. One that is being destroyed meanwhile is left out, but never the master key.
    pub(super) fn keys(&mut self, from: &Path) -> Result<(), BackupError> {
        private_folder(&self.root.join("keys"))?;
        // Says what is wrong with the one key that must be there.
        Secret::load(&from.join(MASTER))?;
        for path in listed(from)? {
            let file = name_of(&path)?;
            if !file.ends_with(".key") {
                continue;
            }
            let text = match fs::read(&path) {
                Ok(text) => Zeroizing::new(text),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(BackupError::Io { path, source }),
            };
            // A key is overwritten with zeros before it is removed.
            if text.is_empty() || text.contains(&0) {
                continue;
            }
            let name = format!("keys/{file}");
            (self.progress)(&name);
            let copy = self.root.join(&name);
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&copy).and_then(|mut copy| copy.write_all(&text)).map_err(io_at(&copy))?;
            Secret::load(&copy)?;
            self.files.push(name);
        }
        Ok(())
    }
}
