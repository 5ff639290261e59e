//! The place where an import works, and what a killed one left there to go on from.
//!
//! Owns the folder's lock, its clearing, and the manifest (`resume`) of an import that was broken off. Each time sorting
//! fills its memory the sorted run goes to disk and the manifest after it, under another name first: it says which list
//! was read, how far, and which runs hold what was read. The next import of the same list goes on from there; whatever is
//! not as the manifest says (another list, one that was changed, other columns, another version of the program, a run
//! that a power cut left half-written) begins anew and says why.
//!
//! Only a kill leaves anything. An import that ends, well or not, leaves the place empty: what filled a disk is given
//! back, and a list that was refused has to be read again anyhow.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::sort::RunFile;
use super::{ImportError, Order, dictionaries};
use crate::index::sets::staging;

const LOCK: &str = "lock";
const MANIFEST: &str = "resume";
/// The rows rejected so far.
const REJECTS: &str = "rejects";

/// The place of an import in the folder of the sets: nobody else's while this lives.
#[derive(Debug)]
pub struct Workshop {
    folder: PathBuf,
    _lock: File,
}

/// An import that was broken off and can go on.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct Manifest {
    /// The program and how the list is read.
    #[n(0)]
    reading: ByteArray<32>,
    /// The list's path, to be told.
    #[n(1)]
    pub(super) list: String,
    #[n(2)]
    source: Source,
    /// The last line whose row is in the runs.
    #[n(3)]
    pub(super) line: u64,
    /// Where the next one begins, in the text.
    #[n(4)]
    pub(super) byte: u64,
    #[n(5)]
    pub(super) rows: u64,
    #[n(6)]
    pub(super) rejected: u64,
    /// The length of the file of rejects.
    #[n(7)]
    pub(super) rejects: u64,
    #[n(8)]
    pub(super) runs: Vec<RunFile>,
    #[n(9)]
    pub(super) dictionaries: dictionaries::Kept,
}

/// What tells a file from another and from itself after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Source {
    #[n(0)]
    device: u64,
    #[n(1)]
    inode: u64,
    #[n(2)]
    length: u64,
    #[n(3)]
    modified: (i64, i64),
    /// Changes with the content also where the time of modification was set back.
    #[n(4)]
    changed: (i64, i64),
}

impl Source {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// What an import that is to begin finds in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    /// The same list, read so far.
    Same(Box<Manifest>),
    /// Something that cannot be gone on from: of which list, and why.
    Other(String, &'static str),
}

/// What a killed import left, for whoever looks after the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenOff {
    /// The list.
    pub list: String,
    /// Rows read of it.
    pub rows: u64,
    /// Bytes that are kept.
    pub bytes: u64,
}

impl Workshop {
    /// Takes the place.
    ///
    /// # Errors
    /// [`ImportError::Busy`], [`ImportError::Write`].
    pub fn open(sets: &Path) -> Result<Self, ImportError> {
        let folder = staging(sets);
        let failed = |source| ImportError::Write { path: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ImportError::Busy { folder }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn rejects(&self) -> PathBuf {
        self.folder.join(REJECTS)
    }

    /// What a killed import left for this one; all else is cleared away.
    pub(super) fn left(&self, order: &Order, list: &Metadata) -> Result<Left, ImportError> {
        let left = match self.manifest() {
            None => Left::Nothing,
            Some(kept) => match self.differs(&kept, order, list) {
                Some(why) => Left::Other(kept.list, why),
                None => Left::Same(Box::new(kept)),
            },
        };
        let kept = match &left {
            Left::Same(kept) => kept.runs.iter().map(RunFile::name).collect(),
            Left::Nothing | Left::Other(..) => Vec::new(),
        };
        let is_kept = |name: &str| {
            !kept.is_empty() && (name == MANIFEST || name == REJECTS || kept.iter().any(|kept| kept == name))
        };
        self.clear(&is_kept)?;
        Ok(left)
    }

    /// Keeps what an import needs to go on after this moment. Nothing is synced: what a power cut takes is noticed by the
    /// sums of the runs.
    pub(super) fn keep(&self, manifest: &Manifest) -> Result<(), ImportError> {
        let path = self.folder.join(MANIFEST);
        let failed = |source| ImportError::Write { path: path.clone(), source };
        let mut bytes = cbor(manifest);
        bytes.extend(Sha256::digest(&bytes));
        let fresh = path.with_extension("new");
        fs::write(&fresh, bytes).and_then(|()| fs::rename(&fresh, &path)).map_err(failed)
    }

    fn manifest(&self) -> Option<Manifest> {
        read_manifest(&self.folder)
    }

    fn differs(&self, kept: &Manifest, order: &Order, list: &Metadata) -> Option<&'static str> {
        if *kept.reading != reading(order) {
            return Some("its columns, its encoding or this program are others now");
        }
        let now = Source::of(list);
        if (kept.source.device, kept.source.inode) != (now.device, now.inode) {
            return Some("it is another file");
        }
        if kept.source != now {
            return Some("it was changed since");
        }
        let rejects = fs::metadata(self.rejects()).map_or(0, |rejects| rejects.len());
        if rejects < kept.rejects || !kept.runs.iter().all(|run| run.is_whole(&self.folder)) {
            return Some("what was sorted of it is damaged");
        }
        None
    }

    fn clear(&self, is_kept: &dyn Fn(&str) -> bool) -> Result<(), ImportError> {
        let failed = |source| ImportError::Write { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name != LOCK && !is_kept(name) {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What cannot be removed now the next import removes.
        drop(self.clear(&|_| false));
    }
}

impl Manifest {
    /// For an import of a list that is read so; the rest is filled in as it goes on.
    pub(super) fn of(order: &Order, list: &Metadata) -> Self {
        Self {
            reading: ByteArray::from(reading(order)),
            list: order.list.display().to_string(),
            source: Source::of(list),
            line: 0,
            byte: 0,
            rows: 0,
            rejected: 0,
            rejects: 0,
            runs: Vec::new(),
            dictionaries: dictionaries::Kept::default(),
        }
    }
}

/// What a killed import left in the folder of the sets. `None` also while one is at work.
#[must_use]
pub fn broken_off(sets: &Path) -> Option<BrokenOff> {
    let folder = staging(sets);
    let lock = File::open(folder.join(LOCK)).ok()?;
    lock.try_lock().ok()?;
    let kept = read_manifest(&folder)?;
    let bytes =
        fs::read_dir(&folder).ok()?.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum();
    Some(BrokenOff { list: kept.list, rows: kept.rows, bytes })
}

fn cbor<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory cannot fail")
}

fn read_manifest(folder: &Path) -> Option<Manifest> {
    let bytes = fs::read(folder.join(MANIFEST)).ok()?;
    let (body, sum) = bytes.split_last_chunk::<32>()?;
    (Sha256::digest(body).as_slice() == sum).then(|| minicbor::decode(body).ok()).flatten()
}

/// What the entries of a list depend on besides the list: this program and how it reads.
fn reading(order: &Order) -> [u8; 32] {
    let Order { list: _, columns, fixed, encoding, memory: _ } = order;
    let said = format!("{}\n{columns:?}\n{fixed:?}\n{encoding:?}", env!("CARGO_PKG_VERSION"));
    Sha256::digest(said.as_bytes()).into()
}

/// Rows that were rejected, kept beside the runs so that an import that goes on can tell them again.
#[derive(Debug)]
pub(super) struct Rejects {
    path: PathBuf,
    out: io::BufWriter<File>,
    len: u64,
}

impl Rejects {
    /// Behind what is kept of so many bytes.
    pub(super) fn begin(path: PathBuf, kept: u64) -> Result<Self, ImportError> {
        let open = || {
            let file = File::options().create(true).truncate(false).append(true).open(&path)?;
            file.set_len(kept)?;
            Ok(file)
        };
        let file = open().map_err(|source| ImportError::Write { path: path.clone(), source })?;
        Ok(Self { path, out: io::BufWriter::new(file), len: kept })
    }

    pub(super) fn put(&mut self, line: u64, reason: &str) -> Result<(), ImportError> {
        use io::Write as _;
        let entry = cbor(&(line, reason));
        self.len += entry.len() as u64;
        self.out.write_all(&entry).map_err(|source| ImportError::Write { path: self.path.clone(), source })
    }

    /// How long the file is now that all of it is there.
    pub(super) fn flushed(&mut self) -> Result<u64, ImportError> {
        use io::Write as _;
        self.out.flush().map_err(|source| ImportError::Write { path: self.path.clone(), source })?;
        Ok(self.len)
    }

    /// Tells what is kept.
    pub(super) fn tell(
        path: &Path,
        tell: &mut dyn FnMut(u64, &str) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let bytes = fs::read(path).map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
        let mut decoder = minicbor::Decoder::new(&bytes);
        while decoder.position() < bytes.len() {
            // Its length is the manifest's: what stands there was written whole.
            let Ok((line, reason)) = decoder.decode::<(u64, String)>() else { break };
            tell(line, &reason)?;
        }
        Ok(())
    }
}
