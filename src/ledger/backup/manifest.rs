//! The manifest of a backup: what its files are, by length and hash.
//!
//! Owns the form of `backup.json` and what may stand in it. Copies nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Backup, BackupError, BackupFile, MANIFEST, MASTER, RUNS, io_at, sync};
use crate::ledger::log::Hash;

/// The manifest's form.
pub(super) const SCHEMA: u32 = 1;
/// More than the manifest of a hundred thousand files has.
const MANIFEST_BYTES: u64 = 32 * 1024 * 1024;

impl Backup {
    /// Files of imported sets whose hash is not the one in their name: they were damaged before they were copied. A backup
    /// is made all the same, for everything else in it can be used.
    #[must_use]
    pub fn damaged_sets(&self) -> Vec<&str> {
        let named = |file: &&BackupFile| {
            let hash = file.path.strip_prefix("sets/").and_then(|name| name.strip_suffix(".set"));
            hash.is_some_and(|hash| hash != file.sha256)
        };
        self.files.iter().filter(named).map(|file| file.path.as_str()).collect()
    }
}

/// Length and hash of a file, which is on disk afterwards.
pub(super) fn hashed(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = fs::File::open(path).map_err(io_at(path))?;
    let (mut hasher, mut buffer, mut size) = (Sha256::new(), vec![0; 128 * 1024], 0);
    loop {
        let read = file.read(&mut buffer).map_err(io_at(path))?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        size += part.len() as u64;
    }
    file.sync_all().map_err(io_at(path))?;
    let digest: Hash = hasher.finalize().into();
    Ok((size, hex(&digest)))
}

pub(super) fn same(path: &Path, file: &BackupFile, size: u64, sha256: &str) -> Result<(), BackupError> {
    let what = if size != file.size {
        format!("expected {} bytes, found {size}", file.size)
    } else if sha256 != file.sha256 {
        "its content was changed".to_owned()
    } else {
        return Ok(());
    };
    Err(BackupError::Changed { path: path.to_owned(), what })
}

pub(super) fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn write(folder: &Path, made: &Backup) -> Result<(), BackupError> {
    let (fresh, path) = (folder.join("backup.json.new"), folder.join(MANIFEST));
    let mut text = serde_json::to_vec_pretty(made)
        .map_err(|error| BackupError::Manifest { path: path.clone(), what: error.to_string() })?;
    text.push(b'\n');
    fs::write(&fresh, text).map_err(io_at(&fresh))?;
    sync(&fresh)?;
    fs::rename(&fresh, &path).map_err(io_at(&path))?;
    sync(folder)
}

pub(super) fn read(folder: &Path) -> Result<Backup, BackupError> {
    let path = folder.join(MANIFEST);
    let file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::Incomplete { path: folder.to_owned() });
        }
        Err(source) => return Err(BackupError::Io { path, source }),
    };
    let mut text = Vec::new();
    file.take(MANIFEST_BYTES).read_to_end(&mut text).map_err(io_at(&path))?;
    let refused = |what: String| BackupError::Manifest { path: path.clone(), what };
    let made: Backup = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
    if made.schema != SCHEMA {
        return Err(refused(format!("expected schema {SCHEMA}, found {}", made.schema)));
    }
    let mut seen = BTreeSet::new();
    for file in &made.files {
        if !is_ours(&file.path) || !seen.insert(file.path.as_str()) {
            return Err(refused(format!("it names {:?}, which is no file of a backup, or names it twice", file.path)));
        }
    }
    if !seen.contains(format!("keys/{MASTER}").as_str()) {
        return Err(refused(format!("expected keys/{MASTER} among its files")));
    }
    Ok(made)
}

/// Whether a path is one that a backup has: never one that leads out of it.
fn is_ours(path: &str) -> bool {
    let Some((part, name)) = path.split_once('/') else { return path == "history.db" };
    ["log", RUNS, "checkpoints", "keys", "sets"].contains(&part)
        && !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\0'])
}
