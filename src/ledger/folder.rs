//! The data folder: where things lie in it, and the lock that lets one process write it.

use std::fs::{self, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                    if tries == TRIES || is_there(&holder) {
                        return Err(FolderError::Held { folder: self.data.clone(), holder });
                    }
                    tries += 1;
                    #[expect(clippy::disallowed_methods, reason = "nothing tells when a lock is let go")]
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
        file.set_len(0).and_then(|()| writeln!(file, "process {}", std::process::id())).map_err(io)?;
        Ok(Lock(file))
    }
}

/// The system lets go of the lock of a killed process a little after the process is gone: so often it is tried again.
const TRIES: u32 = 200;

/// Whether the process that the lock names is there; one that cannot be told is taken to be.
fn is_there(holder: &str) -> bool {
    let process = holder.strip_prefix("process ").and_then(|number| number.parse::<u32>().ok());
    process.is_none_or(|process| Path::new(&format!("/proc/{process}")).exists())
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

    #[test]
    #[expect(clippy::disallowed_methods, reason = "whoever lets go late gives no sign")]
    fn a_lock_whose_process_is_gone_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::all_in(dir.path());
        let lock = folder.lock().unwrap();
        let path = dir.path().join("lock");
        fs::write(&path, format!("process {}\n", u32::MAX)).unwrap();
        let letting_go = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(lock);
        });
        folder.lock().unwrap();
        letting_go.join().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("process {}\n", std::process::id()));
    }
}
