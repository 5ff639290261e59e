//! Backups: a copy of everything a ledger cannot lose, taken beside the running gateway, and the way back from it.
//!
//! A backup is a folder with the log, the histories with their runs, the checkpoints, the keys and the sets of imported
//! numbers, and a manifest, `backup.json`, that names every file with its hash. The manifest is written last: a folder without one is
//! no backup. The order of copying is what makes the copies fit together while the gateway writes: checkpoints, then
//! histories, then the log, so that neither is ahead of it; keys and sets after it, so that none is missing that it
//! names. Does not encrypt, send or age backups. A backup keeps the keys it holds from being destroyed: whoever can
//! read it can read the return routes of that day and name askers, so it is to be kept as safe as the keys themselves,
//! and no longer than they serve.

mod copied;
mod manifest;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use contract::Timestamp;
use serde::{Deserialize, Serialize};

use self::copied::Copied;
use self::manifest::{SCHEMA, hashed, hex, same};
use super::audit;
use super::checkpoint::{self, CheckpointError};
use super::histories::{Histories as _, SqliteHistories, runs_beside};
use super::log::{GENESIS, Hash, LogError, LogReader as _};
use super::segments::{SegmentReader, segments};
use super::sqlite;
use crate::secret::{Secret, SecretError};

/// The manifest's name.
const MANIFEST: &str = "backup.json";
/// Without this key the rest is of no use.
const MASTER: &str = "master.key";
/// The folder of the runs of histories: beside `history.db`, as in the data folder.
const RUNS: &str = "history.runs";
/// The one stream there is.
const STREAM: u32 = 0;

/// Where the parts of a ledger lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder of the log's segments.
    pub log: PathBuf,
    /// The file of the histories; the folder of their runs is beside it.
    pub histories: PathBuf,
    /// The folder of the signed checkpoints.
    pub checkpoints: PathBuf,
    /// The folder of the keys, `master.key` among them.
    pub keys: PathBuf,
    /// The folder of imported sets; it need not exist.
    pub sets: PathBuf,
}

/// What a backup holds: its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The manifest's form, 1.
    pub schema: u32,
    /// When it was begun.
    pub made_at: Timestamp,
    /// The last event of its log; 0 where there is none.
    pub head_sequence: u64,
    /// That event's hash, 64 hexadecimal digits.
    pub head_hash: String,
    /// Every file but the manifest.
    pub files: Vec<BackupFile>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    /// Its path in the backup, parts separated by `/`.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// Why a backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something already where the copies should go.
    #[error("{} is there already and not empty: name another place, or move it away first", path.display())]
    NotEmpty {
        /// Where.
        path: PathBuf,
    },
    /// There is no manifest.
    #[error("{} has no {MANIFEST}: it is no backup, or one that was never finished; use another", path.display())]
    Incomplete {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest cannot be used.
    #[error("the manifest {} cannot be used: {what}; use another backup", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// A file is not the one that was backed up.
    #[error("{} is not the file that was backed up: {what}; use another backup", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it differs.
        what: String,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key cannot be used.
    #[error("the backup's keys cannot be used")]
    Key(#[from] SecretError),
    /// The log or the histories cannot be copied, or are not whole.
    #[error("the backup's log cannot be used")]
    Log(#[from] LogError),
    /// The checkpoints are not this ledger's.
    #[error("the backup's checkpoints cannot be used")]
    Checkpoint(#[from] CheckpointError),
}

/// Copies a ledger into a new or empty folder, beside the gateway that writes it. Tells every file before it is copied.
/// When this returns `Ok` the backup survives a power cut; after an error the folder is to be removed.
///
/// # Errors
/// [`BackupError`].
pub fn backup(from: &Places, to: &Path, at: Timestamp, progress: &mut dyn FnMut(&str)) -> Result<Backup, BackupError> {
    refuse_full(to)?;
    private_folder(to)?;
    let mut copied = Copied::into(to, progress);
    copied.folder("checkpoints", &from.checkpoints, &|name| name.ends_with(".checkpoints"))?;
    // Before the log: histories that were ahead of it would hold checks that never happened.
    private_folder(&to.join(RUNS))?;
    if from.histories.is_file() {
        copied.histories(&from.histories)?;
    }
    private_folder(&to.join("log"))?;
    for segment in segments(&from.log, STREAM)? {
        copied.database(&format!("log/{}", name_of(&segment.path)?), &segment.path)?;
    }
    copied.keys(&from.keys)?;
    copied.folder("sets", &from.sets, &|_| true)?;
    let mut files = Vec::new();
    let paths = copied.files;
    let (head_sequence, head_hash) = head_of(&to.join("log"))?;
    for path in paths {
        let (size, sha256) = hashed(&to.join(&path))?;
        files.push(BackupFile { path, size, sha256 });
    }
    for folder in ["checkpoints", RUNS, "log", "keys", "sets"] {
        sync(&to.join(folder))?;
    }
    let made = Backup { schema: SCHEMA, made_at: at, head_sequence, head_hash: hex(&head_hash), files };
    manifest::write(to, &made)?;
    Ok(made)
}

/// Puts a backup where nothing is yet: every hash is checked, then the copies are made under other names, the log is
/// proven whole with its checkpoints, and only then does each take its own name, histories last. An interrupted restore
/// leaves no histories, and none of it is to be used.
///
/// # Errors
/// [`BackupError`].
pub fn restore(from: &Path, to: &Places) -> Result<Backup, BackupError> {
    let made = manifest::read(from)?;
    let staged = Staged { to, runs: runs_beside(&to.histories) };
    for (_, folder) in staged.folders() {
        refuse_full(folder)?;
    }
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = with_suffix(&to.histories, suffix);
        if path.exists() {
            return Err(BackupError::NotEmpty { path });
        }
    }
    for file in &made.files {
        let path = from.join(&file.path);
        let (size, sha256) = hashed(&path)?;
        same(&path, file, size, &sha256)?;
    }
    let proven = staged.fill(from, &made).and_then(|()| staged.prove(from, &made));
    if let Err(error) = proven {
        staged.discard();
        return Err(error);
    }
    staged.put_in_place(&made)?;
    Ok(made)
}

/// Copies of a backup's files, each beside the place where it will be, on the same file system.
struct Staged<'a> {
    to: &'a Places,
    /// The folder of the runs.
    runs: PathBuf,
}

impl Staged<'_> {
    fn fill(&self, from: &Path, made: &Backup) -> Result<(), BackupError> {
        for (part, folder) in self.folders() {
            private_folder(&staging(folder, part))?;
        }
        // The rights of a folder of keys that was there already may be wider.
        fs::set_permissions(&self.to.keys, fs::Permissions::from_mode(0o700)).map_err(io_at(&self.to.keys))?;
        private_folder(parent_of(&self.to.histories))?;
        made.files.iter().try_for_each(|file| self.copy(from, file))
    }

    /// Leaves the places as empty as they were, so that another backup can be tried. What cannot be removed is told by
    /// that attempt.
    fn discard(&self) {
        for (part, folder) in self.folders() {
            let _told_later = fs::remove_dir_all(staging(folder, part));
        }
        let _told_later = sqlite::remove(&with_suffix(&self.to.histories, ".restoring"));
    }

    /// In the order in which they take their names: a log that stands alone would not be known to have been cut.
    fn folders(&self) -> [(&'static str, &Path); 5] {
        let to = self.to;
        [(RUNS, &self.runs), ("keys", &to.keys), ("sets", &to.sets), ("checkpoints", &to.checkpoints), ("log", &to.log)]
    }

    /// Where a file is put first, and where it will be.
    fn paths(&self, file: &BackupFile) -> Option<(PathBuf, PathBuf)> {
        let Some((part, name)) = file.path.split_once('/') else {
            return (file.path == "history.db")
                .then(|| (with_suffix(&self.to.histories, ".restoring"), self.to.histories.clone()));
        };
        let (part, folder) = self.folders().into_iter().find(|(known, _)| *known == part)?;
        Some((staging(folder, part).join(name), folder.join(name)))
    }

    fn copy(&self, from: &Path, file: &BackupFile) -> Result<(), BackupError> {
        let Some((staged, _)) = self.paths(file) else { return Ok(()) };
        let source = from.join(&file.path);
        sqlite::remove(&staged).map_err(io_at(&staged))?;
        let mode = if file.path.starts_with("keys/") { 0o600 } else { 0o640 };
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut copy = options.open(&staged).map_err(io_at(&staged))?;
        let mut original = fs::File::open(&source).map_err(io_at(&source))?;
        io::copy(&mut original, &mut copy).map_err(io_at(&staged))?;
        // What arrived is what counts, not what was read a while ago.
        let (size, sha256) = hashed(&staged)?;
        same(&source, file, size, &sha256)
    }

    fn prove(&self, from: &Path, made: &Backup) -> Result<(), BackupError> {
        let place = |part: &'static str, folder: &Path| staging(folder, part);
        let master = Secret::load(&place("keys", &self.to.keys).join(MASTER))?;
        let key = checkpoint::verifying_key(&master);
        let signed = checkpoint::read_all(&place("checkpoints", &self.to.checkpoints), STREAM, &key)?;
        let verified = audit::verify(&place("log", &self.to.log), STREAM, &signed, Some(&key), &mut |_, _| {})?;
        let manifest = |what: String| Err(BackupError::Manifest { path: from.join(MANIFEST), what });
        let (sequence, hash) = (verified.head.sequence, hex(&verified.head.hash));
        if sequence != made.head_sequence || hash != made.head_hash {
            return manifest(format!("expected a log that ends with event {}, found {sequence}", made.head_sequence));
        }
        let histories = with_suffix(&self.to.histories, ".restoring");
        if histories.exists() {
            let mut store = SqliteHistories::open_in(&histories, place(RUNS, &self.runs))?;
            store.check()?;
            let position = store.position()?;
            if position > sequence {
                return manifest(format!("its histories know event {position}, its log ends with {sequence}"));
            }
        }
        Ok(())
    }

    fn put_in_place(&self, made: &Backup) -> Result<(), BackupError> {
        for (part, folder) in self.folders() {
            // The latest first: a log that lacks its beginning cannot pass for a whole one that lacks its end.
            for file in made.files.iter().rev().filter(|file| file.path.split_once('/').is_some_and(|(p, _)| p == part))
            {
                self.rename(file)?;
            }
            let staging = staging(folder, part);
            fs::remove_dir_all(&staging).map_err(io_at(&staging))?;
            sync(folder)?;
        }
        for file in made.files.iter().filter(|file| !file.path.contains('/')) {
            self.rename(file)?;
        }
        sync(parent_of(&self.to.histories))
    }

    fn rename(&self, file: &BackupFile) -> Result<(), BackupError> {
        let Some((staged, place)) = self.paths(file) else { return Ok(()) };
        sync(&staged)?;
        fs::rename(&staged, &place).map_err(io_at(&place))
    }
}

fn staging(folder: &Path, part: &str) -> PathBuf {
    folder.join(format!(".restoring-{part}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::Io { path: path.to_owned(), source }
}

fn refuse_full(folder: &Path) -> Result<(), BackupError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::NotEmpty { path: folder.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::Io { path: folder.to_owned(), source }),
    }
}

/// Makes a folder that only its owner can enter, and whatever folders lead to it, so that they survive a power cut; one
/// that is there stays as it is.
fn private_folder(path: &Path) -> Result<(), BackupError> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_at(path))?;
    missing.into_iter().filter(|folder| !folder.as_os_str().is_empty()).try_for_each(|folder| sync(parent_of(folder)))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The plain files of a folder in order of name; none where there is no folder.
fn listed(folder: &Path) -> Result<BTreeSet<PathBuf>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(source) => return Err(BackupError::Io { path: folder.to_owned(), source }),
    };
    let mut files = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(io_at(folder))?.path();
        if path.is_file() {
            files.insert(path);
        }
    }
    Ok(files)
}

fn name_of(path: &Path) -> Result<String, BackupError> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned).ok_or_else(|| BackupError::Io {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, "expected a file name in UTF-8"),
    })
}

fn head_of(log: &Path) -> Result<(u64, Hash), BackupError> {
    let mut reader = SegmentReader::new(log, STREAM);
    let Some(last) = reader.last()? else { return Ok((0, GENESIS)) };
    Ok(reader.row(last)?.map_or((0, GENESIS), |row| (row.sequence, row.hash)))
}

fn sync(path: &Path) -> Result<(), BackupError> {
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(io_at(path))
}

#[cfg(test)]
mod tests;
