//! Signed checkpoints: what the end of the log was, kept in a second place.
//!
//! The chain alone shows only that rows follow from one another. Who can write the log can also cut its end off or
//! compute the whole chain anew; what was signed and put elsewhere before then contradicts it. A checkpoint is a note
//! in the shape of C2SP's tlog-checkpoint (origin, size, hash, one more line for the time, a blank line, a signature by
//! Ed25519, RFC 8032); a file holds one after another, each followed by a blank line. A power cut can leave a torn last
//! one, which is cut off at the next. Does not decide when to sign, nor send the file anywhere.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::Timestamp;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::log::{Hash, Head, LogError};
use crate::secret::Secret;

/// Lines of one checkpoint, the blank one after it included.
const LINES: usize = 7;

/// One signed end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The stream.
    pub stream: u32,
    /// The last event.
    pub sequence: u64,
    /// When it was signed, by log time.
    pub at: Timestamp,
    /// The last event's hash.
    pub hash: Hash,
}

/// Why checkpoints cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error("cannot use the checkpoints in {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint is not one.
    #[error("{} is damaged at checkpoint {number}: expected a signed note of stream {stream}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
        /// The stream expected.
        stream: u32,
    },
    /// A checkpoint was not signed by this ledger's key.
    #[error("checkpoint {number} in {} was not signed by this ledger's key", path.display())]
    Signature {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
    },
    /// A later checkpoint has fewer events, or another hash for as many.
    #[error("checkpoint {number} in {} signs event {sequence}, which contradicts event {before} before it", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        number: usize,
        /// Its last event.
        sequence: u64,
        /// The one before's.
        before: u64,
    },
}

/// The checkpoints of one stream, to be added to.
#[derive(Debug)]
pub struct Checkpoints {
    path: PathBuf,
    stream: u32,
    key: SigningKey,
    last: Option<Checkpoint>,
    count: usize,
    /// Bytes of whole checkpoints; what lies behind is torn.
    whole: u64,
}

impl Checkpoints {
    /// Opens the stream's file in a folder, making the folder where there is none. Only the last checkpoint's signature
    /// is checked; [`read_all`] checks every one. One at the end that is as long as the others, and is none, is torn: of
    /// several attempts on a disk that failed, or lost its power, some sectors of each may be left. Nobody was told that it
    /// is there, and the next takes its place. A file that holds nothing else is another key's, and refused.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(folder: &Path, stream: u32, master: &Secret) -> Result<Self, CheckpointError> {
        let path = path_of(folder, stream);
        fs::create_dir_all(folder).map_err(|source| CheckpointError::Io { path: folder.to_owned(), source })?;
        let key = signing_key(master);
        let file = read(&path)?;
        let mut all: Vec<&[u8]> = blocks(&file).collect();
        let signed = |number: usize, block: &[u8]| {
            check_signature(&path, number, block, &key.verifying_key())?;
            parse(&path, number, block, stream)
        };
        let mut last = all.last().map(|block| signed(all.len(), block)).transpose();
        if let (Err(torn), true) = (&last, all.len() > 1) {
            tracing::warn!(cause = %torn, "a checkpoint was torn while it was written: the log's end is signed anew");
            all.pop();
            last = all.last().map(|block| signed(all.len(), block)).transpose();
        }
        let last = last?;
        for (number, block) in (1..).zip(&all) {
            parse(&path, number, block, stream)?;
        }
        let (count, whole) = (all.len(), all.iter().map(|block| block.len() as u64).sum());
        if let Some(block) = all.last() {
            settle(&path, block, whole).map_err(|source| CheckpointError::Io { path: path.clone(), source })?;
        }
        Ok(Self { path, stream, key, last, count, whole })
    }

    /// The last one signed.
    #[must_use]
    pub const fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }

    /// Signs a head; one that was signed last is not signed again, nor is an empty log. When this returns `Ok` the
    /// checkpoint survives a power cut.
    ///
    /// # Errors
    /// [`CheckpointError::Contradiction`] where the head is not behind the last one signed, [`CheckpointError::Io`].
    pub fn sign(&mut self, head: &Head, at: Timestamp) -> Result<(), CheckpointError> {
        let next = Checkpoint { stream: self.stream, sequence: head.sequence, at, hash: head.hash };
        if head.sequence == 0 && self.last.is_none() {
            return Ok(());
        }
        if let Some(last) = &self.last {
            contradiction(&self.path, self.count + 1, last, &next)?;
            if last.sequence == next.sequence {
                return Ok(());
            }
        }
        let block = note(&next, &self.key);
        self.write(&block).map_err(|source| CheckpointError::Io { path: self.path.clone(), source })?;
        self.whole += u64::try_from(block.len()).unwrap_or(0);
        self.count += 1;
        self.last = Some(next);
        Ok(())
    }

    fn write(&self, block: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.path)?;
        // What a power cut or a failed write left of an earlier attempt.
        file.set_len(self.whole)?;
        file.write_all(block.as_bytes())?;
        file.sync_all()?;
        match self.path.parent() {
            // Also of a file that is there: the sync after it was made may have failed.
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// Makes the last checkpoint durable before another stands behind it: the process that wrote it may have been killed
/// before its sync, or after one that failed, and then only writing it again brings it to the disk.
fn settle(path: &Path, block: &[u8], whole: u64) -> io::Result<()> {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    file.set_len(whole)?;
    file.write_all_at(block, whole - block.len() as u64)?;
    file.sync_all()
}

/// Every checkpoint of a stream in a folder, each one's signature checked; none where there is no file.
///
/// # Errors
/// [`CheckpointError`].
pub fn read_all(folder: &Path, stream: u32, key: &VerifyingKey) -> Result<Vec<Checkpoint>, CheckpointError> {
    let path = path_of(folder, stream);
    let file = read(&path)?;
    let mut all: Vec<Checkpoint> = Vec::new();
    for (number, block) in (1..).zip(blocks(&file)) {
        check_signature(&path, number, block, key)?;
        let checkpoint = parse(&path, number, block, stream)?;
        if let Some(last) = all.last() {
            contradiction(&path, number, last, &checkpoint)?;
        }
        all.push(checkpoint);
    }
    Ok(all)
}

/// Refuses a log that ends before its last checkpoint, or ends in another event than was signed.
///
/// # Errors
/// [`LogError::Damaged`].
pub fn check_head(head: &Head, last: Option<&Checkpoint>) -> Result<(), LogError> {
    let Some(last) = last else { return Ok(()) };
    if head.sequence < last.sequence {
        let what = format!("event {} was signed on {}, and all from here on is gone", last.sequence, last.at);
        return Err(LogError::Damaged { sequence: head.sequence + 1, what });
    }
    if head.sequence == last.sequence && head.hash != last.hash {
        let what = format!("its hash is not the one that was signed on {}", last.at);
        return Err(LogError::Damaged { sequence: head.sequence, what });
    }
    Ok(())
}

/// The key that checks this ledger's checkpoints; it is no secret.
#[must_use]
pub fn verifying_key(master: &Secret) -> VerifyingKey {
    signing_key(master).verifying_key()
}

/// The key as 64 hexadecimal digits, for publishing.
#[must_use]
pub fn published(key: &VerifyingKey) -> String {
    key.as_bytes().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn signing_key(master: &Secret) -> SigningKey {
    SigningKey::from_bytes(master.derive("verigate checkpoint 1", b"").expose())
}

fn path_of(folder: &Path, stream: u32) -> PathBuf {
    folder.join(format!("{stream}.checkpoints"))
}

fn origin(stream: u32) -> String {
    format!("verigate/{stream}")
}

/// C2SP signed-note: the first four bytes of SHA-256 over name, newline, algorithm 1 and key.
fn key_id(origin: &str, key: &VerifyingKey) -> [u8; 4] {
    let digest = Sha256::new().chain_update(origin).chain_update(b"\n\x01").chain_update(key.as_bytes()).finalize();
    let mut id = [0; 4];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

fn note(checkpoint: &Checkpoint, key: &SigningKey) -> String {
    let origin = origin(checkpoint.stream);
    let text = format!("{origin}\n{}\n{}\n{}\n", checkpoint.sequence, STANDARD.encode(checkpoint.hash), checkpoint.at);
    signed(&origin, &text, key)
}

/// A note of lines that begin with its origin, signed.
pub(super) fn signed(origin: &str, text: &str, key: &SigningKey) -> String {
    let mut signature = key_id(origin, &key.verifying_key()).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!("{text}\n\u{2014} {origin} {}\n\n", STANDARD.encode(signature))
}

/// Whether a note was signed by this key, and under its origin.
pub(super) fn is_signed(note: &str, key: &VerifyingKey) -> bool {
    let genuine = || {
        let (text, rest) = note.split_once("\n\n")?;
        let (name, encoded) = rest.trim_end().strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, signature) = bytes.split_at_checked(4)?;
        let signature = Signature::from_slice(signature).ok()?;
        (text.lines().next()? == name && id == key_id(name, key)).then_some(())?;
        key.verify_strict(format!("{text}\n").as_bytes(), &signature).ok()
    };
    genuine().is_some()
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(CheckpointError::Io { path: path.to_owned(), source }),
    }
}

/// The whole checkpoints of a file; fewer than [`LINES`] lines at the end are a torn one.
fn blocks(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = file;
    std::iter::from_fn(move || {
        let end = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(LINES - 1).map(|(at, _)| at + 1)?;
        let (block, later) = rest.split_at_checked(end)?;
        rest = later;
        Some(block)
    })
}

fn parse(path: &Path, number: usize, block: &[u8], stream: u32) -> Result<Checkpoint, CheckpointError> {
    let parsed = || {
        let mut lines = std::str::from_utf8(block).ok()?.lines();
        if lines.next()? != origin(stream) {
            return None;
        }
        let sequence = lines.next()?.parse().ok()?;
        let hash = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let at = Timestamp::from_jiff(lines.next()?.parse().ok()?);
        let blank = lines.next()?.is_empty() && lines.nth(1)?.is_empty();
        blank.then_some(Checkpoint { stream, sequence, at, hash })
    };
    parsed().ok_or_else(|| CheckpointError::Malformed { path: path.to_owned(), number, stream })
}

fn check_signature(path: &Path, number: usize, block: &[u8], key: &VerifyingKey) -> Result<(), CheckpointError> {
    let genuine = std::str::from_utf8(block).is_ok_and(|note| is_signed(note, key));
    if genuine { Ok(()) } else { Err(CheckpointError::Signature { path: path.to_owned(), number }) }
}

fn contradiction(path: &Path, number: usize, last: &Checkpoint, next: &Checkpoint) -> Result<(), CheckpointError> {
    if next.sequence < last.sequence || (next.sequence == last.sequence && next.hash != last.hash) {
        let (path, sequence, before) = (path.to_owned(), next.sequence, last.sequence);
        return Err(CheckpointError::Contradiction { path, number, sequence, before });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master() -> Secret {
        Secret::from_bytes([5; 32])
    }

    fn head(sequence: u64, byte: u8) -> Head {
        Head { sequence, hash: [byte; 32], ..Head::genesis(3) }
    }

    #[test]
    fn what_was_signed_is_read_back_and_only_under_the_right_key() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
        checkpoints.sign(&head(0, 0), Timestamp(1)).unwrap();
        assert_eq!(checkpoints.last(), None, "an empty log is not signed");
        checkpoints.sign(&head(10, 1), Timestamp(1_700_000_000_123)).unwrap();
        checkpoints.sign(&head(20, 2), Timestamp(1_700_000_300_000)).unwrap();
        checkpoints.sign(&head(20, 2), Timestamp(1_700_000_600_000)).unwrap();
        let all = read_all(dir.path(), 3, &verifying_key(&master())).unwrap();
        assert_eq!(
            all.iter().map(|one| (one.sequence, one.at.0)).collect::<Vec<_>>(),
            [(10, 1_700_000_000_123), (20, 1_700_000_300_000)]
        );
        assert_eq!(Checkpoints::open(dir.path(), 3, &master()).unwrap().last(), all.last());
        let other = Secret::from_bytes([6; 32]);
        assert!(matches!(
            read_all(dir.path(), 3, &verifying_key(&other)),
            Err(CheckpointError::Signature { number: 1, .. })
        ));
        assert!(Checkpoints::open(dir.path(), 3, &other).is_err());
        assert_eq!(published(&verifying_key(&master())).len(), 64);
        let text = fs::read_to_string(dir.path().join("3.checkpoints")).unwrap();
        assert!(text.starts_with("verigate/3\n10\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"), "{text}");
        // C2SP signed-note: the line names who signed, and begins with the key's id.
        let line = text.lines().find_map(|line| line.strip_prefix("— verigate/3 ")).unwrap();
        let named = [b"verigate/3\n\x01", verifying_key(&master()).as_bytes().as_slice()].concat();
        assert_eq!(STANDARD.decode(line).unwrap()[..4], Sha256::digest(named)[..4]);
    }

    #[test]
    fn every_bit_of_a_checkpoint_is_signed() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
        checkpoints.sign(&head(10, 1), Timestamp(1_700_000_000_123)).unwrap();
        checkpoints.sign(&head(11, 1), Timestamp(1_700_000_000_124)).unwrap();
        let path = dir.path().join("3.checkpoints");
        let sound = fs::read(&path).unwrap();
        // Of the first one: in the last a broken line end would read as torn.
        for at in 0..sound.len() / 2 {
            let mut broken = sound.clone();
            broken[at] ^= 1;
            fs::write(&path, &broken).unwrap();
            let read = read_all(dir.path(), 3, &verifying_key(&master()));
            assert!(read.is_err(), "a flipped bit in byte {at} goes unnoticed: {read:?}");
        }
    }

    #[test]
    fn a_torn_last_checkpoint_is_passed_over_and_cut_off_at_the_next() {
        let dir = tempfile::tempdir().unwrap();
        Checkpoints::open(dir.path(), 3, &master()).unwrap().sign(&head(10, 1), Timestamp(1)).unwrap();
        let path = dir.path().join("3.checkpoints");
        let whole = fs::read(&path).unwrap();
        for torn in 1..whole.len() {
            let mut file = whole.clone();
            file.extend_from_slice(&whole[..torn]);
            fs::write(&path, &file).unwrap();
            assert_eq!(read_all(dir.path(), 3, &verifying_key(&master())).unwrap().len(), 1, "torn after {torn}");
        }
        let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
        checkpoints.sign(&head(11, 2), Timestamp(2)).unwrap();
        assert_eq!(read_all(dir.path(), 3, &verifying_key(&master())).unwrap().len(), 2);
        fs::write(&path, [&whole[..12], b"7", &whole[13..]].concat()).unwrap();
        assert!(Checkpoints::open(dir.path(), 3, &master()).is_err(), "the only one there is may be another key's");
        fs::remove_file(&path).and_then(|()| fs::create_dir(&path)).unwrap();
        assert!(matches!(Checkpoints::open(dir.path(), 3, &master()), Err(CheckpointError::Io { .. })));
    }

    #[test]
    fn one_of_several_attempts_sectors_is_torn_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("3.checkpoints");
        let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
        checkpoints.sign(&head(10, 1), Timestamp(1)).unwrap();
        let before = fs::read(&path).unwrap();
        checkpoints.sign(&head(11, 2), Timestamp(2)).unwrap();
        let one = fs::read(&path).unwrap();
        fs::write(&path, &before).unwrap();
        Checkpoints::open(dir.path(), 3, &master()).unwrap().sign(&head(12, 3), Timestamp(3)).unwrap();
        let other = fs::read(&path).unwrap();
        for at in before.len() + 1..one.len() - 2 {
            fs::write(&path, [&one[..at], &other[at..]].concat()).unwrap();
            let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
            let left = checkpoints.last().unwrap().sequence;
            assert!([10, 11, 12].contains(&left), "{at}: {left}");
            checkpoints.sign(&head(13, 4), Timestamp(4)).unwrap();
            let all = read_all(dir.path(), 3, &verifying_key(&master())).unwrap();
            assert_eq!(all.last().unwrap().sequence, 13, "{at}");
        }
    }

    #[test]
    fn a_log_that_went_back_is_neither_signed_nor_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let mut checkpoints = Checkpoints::open(dir.path(), 3, &master()).unwrap();
        checkpoints.sign(&head(10, 1), Timestamp(1)).unwrap();
        assert!(matches!(checkpoints.sign(&head(9, 1), Timestamp(2)), Err(CheckpointError::Contradiction { .. })));
        assert!(matches!(checkpoints.sign(&head(10, 2), Timestamp(2)), Err(CheckpointError::Contradiction { .. })));
        let last = checkpoints.last();
        assert!(check_head(&head(10, 1), last).is_ok());
        assert!(check_head(&head(11, 7), last).is_ok());
        assert!(matches!(check_head(&head(9, 1), last), Err(LogError::Damaged { sequence: 10, .. })));
        assert!(matches!(check_head(&head(10, 2), last), Err(LogError::Damaged { sequence: 10, .. })));
        assert!(check_head(&head(0, 0), None).is_ok());
    }
}
