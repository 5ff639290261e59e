//! The data folder: where things lie in it, and the lock that lets one process write it.

use std::fs::{self, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where a ledger's files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The data folder.
    pub data: PathBuf,
    /// The keys; by default `keys` in the data folder.
    pub keys: PathBuf,
    /// The master key, where it is not among the other keys: a systemd credential, say, whose folder nobody can write.
    pub master_file: Option<PathBuf>,
    /// The second place, for signed checkpoints; by default `checkpoints` in the data folder, better on another disk.
    pub checkpoints: PathBuf,
}

impl Folder {
    /// Everything in one folder.
    #[must_use]
    pub fn all_in(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            keys: data.join("keys"),
            master_file: None,
            checkpoints: data.join("checkpoints"),
        }
    }

    /// The log's segments.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.join("log")
    }

    /// The projections.
    #[must_use]
    pub fn histories(&self) -> PathBuf {
        self.data.join("history.db")
    }

    /// The files of imported sets.
    #[must_use]
    pub fn sets(&self) -> PathBuf {
        self.data.join("sets")
    }

    /// The master key.
    #[must_use]
    pub fn master(&self) -> PathBuf {
        self.master_file.clone().unwrap_or_else(|| self.keys.join("master.key"))
    }

    /// The running gateway's local socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.data.join("control.sock")
    }

    /// Takes the folder for this process alone, until the lock is dropped.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn lock(&self) -> Result<Lock, FolderError> {
        let path = self.data.join("lock");
        let io = |source| FolderError::Io { path: path.clone(), source };
        let mut file =
            fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                return Err(FolderError::Held { folder: self.data.clone(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id())).map_err(io)?;
        Ok(Lock(file))
    }
}

/// The folder is this process's while this lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the lock lies in the open file")] fs::File);

/// Why the folder cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error("{} is in use by another verigate ({holder}): stop that one, or use another folder", folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// What the lock says of it.
        holder: String,
    },
    /// It cannot be used.
    #[error("cannot use {}; run `verigate init` for a new folder", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_process_s_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::all_in(dir.path());
        let lock = folder.lock().unwrap();
        let refused = folder.lock().unwrap_err();
        assert!(matches!(refused, FolderError::Held { .. }), "{refused}");
        drop(lock);
        folder.lock().unwrap();
    }
}
