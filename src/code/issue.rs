//! A batch's numbers as a file for the printer, and the manifest that goes with it.
//!
//! Owns the file: its form, who may read it and that it is there whole or not at all. Which numbers a batch has is the
//! index's; that they were handed out is a life event of the one who calls this.
//!
//! The file holds one number a line, ASCII digits without groups (a label's layout groups them) or as the caller wrote
//! them around a GTIN, each line ended by a line feed. It is the one place where valid numbers stand in bulk, so it is readable by its owner alone and can be
//! encrypted to the maker's age key. It is written under a temporary name and renamed once it is on disk: after a power
//! cut there may be a `.partial` file, which the next run replaces, never half a file under the name asked for.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::index::Batch;

/// Numbers between two calls of `progress`.
const STEP: u64 = 10_000;

/// What was handed over, for both sides to compare: `FILE.manifest.json` beside the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The batch's number.
    pub batch: u64,
    /// The product's id.
    pub product: String,
    /// The lot as printed on the pack.
    pub lot: String,
    /// How many numbers there are.
    pub count: u64,
    /// SHA-256 of the numbers as text, before encryption, in hexadecimal.
    pub sha256: String,
    /// The file's name, without its folder.
    pub file: String,
    /// It is encrypted to an age recipient.
    pub encrypted: bool,
}

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is such a file; numbers that may have been printed are not overwritten.
    #[error("{} exists already, expected a new file", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The path does not name a file.
    #[error("{} does not name a file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The recipient is no age key.
    ///
    /// What was given is not repeated: it may be a secret key, given by mistake.
    #[error("the recipient is no age key: {reason}; expected a public key that begins with age1")]
    Recipient {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The batch has fewer or more numbers than its count says.
    #[error("{got} numbers came, expected {expected}")]
    Count {
        /// What the batch says.
        expected: u64,
        /// How many came.
        got: u64,
    },
    /// Encryption could not begin.
    #[error("cannot encrypt to the recipient")]
    Encrypt(#[source] Box<age::EncryptError>),
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a batch's numbers to `out` and the manifest beside it. Memory does not grow with the count. `progress` hears
/// how many numbers are written, every 10,000 and at the end.
///
/// # Errors
/// [`WriteError`]; neither file is there then, but for a folder that could not be synced after both were.
pub fn write_numbers(
    numbers: impl Iterator<Item = String>,
    batch: &Batch,
    out: &Path,
    recipient: Option<&str>,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, WriteError> {
    let recipient = recipient.map(parse_recipient).transpose()?;
    let (name, list) = new_file(out, "")?;
    let (_, listed) = new_file(out, ".manifest.json")?;
    let io = |source| WriteError::Io { path: out.to_owned(), source };

    let file = BufWriter::with_capacity(64 * 1024, list.create()?);
    let (file, count, sha256) = match &recipient {
        Some(recipient) => {
            let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient as &dyn age::Recipient))
                .map_err(|error| WriteError::Encrypt(Box::new(error)))?;
            let mut sealed = encryptor.wrap_output(file).map_err(io)?;
            let (count, sha256) = copy(numbers, &mut sealed, progress).map_err(io)?;
            (sealed.finish().map_err(io)?, count, sha256)
        }
        None => {
            let mut file = file;
            let (count, sha256) = copy(numbers, &mut file, progress).map_err(io)?;
            (file, count, sha256)
        }
    };
    if count != batch.count() {
        return Err(WriteError::Count { expected: batch.count(), got: count });
    }
    file.into_inner().map_err(|error| io(error.into_error()))?.sync_all().map_err(io)?;

    let manifest = Manifest {
        batch: batch.id,
        product: batch.product.clone(),
        lot: batch.lot.clone(),
        count,
        sha256,
        file: name,
        encrypted: recipient.is_some(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|error| io(error.into()))?;
    text.push(b'\n');
    let mut file = listed.create()?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(io)?;

    // The list first: a manifest is the sign that both are whole.
    list.keep()?;
    if let Err(error) = listed.keep() {
        drop(fs::remove_file(out));
        return Err(error);
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(manifest)
}

fn parse_recipient(given: &str) -> Result<age::x25519::Recipient, WriteError> {
    given.trim().parse().map_err(|reason| WriteError::Recipient { reason })
}

/// Writes the lines; gives their count and SHA-256.
fn copy(
    numbers: impl Iterator<Item = String>,
    out: &mut impl Write,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(u64, String)> {
    let mut digest = Sha256::new();
    let mut count = 0_u64;
    for mut line in numbers {
        line.push('\n');
        digest.update(line.as_bytes());
        out.write_all(line.as_bytes())?;
        count += 1;
        if count.is_multiple_of(STEP) {
            progress(count);
        }
    }
    progress(count);
    Ok((count, digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// A file that goes away again unless it is kept.
struct Partial {
    path: PathBuf,
    partial: PathBuf,
}

fn new_file(out: &Path, suffix: &str) -> Result<(String, Partial), WriteError> {
    let name = out.file_name().ok_or_else(|| WriteError::NoName { path: out.to_owned() })?;
    let with = |suffix: &str, more: &str| {
        let mut name = OsString::from(name);
        name.push(suffix);
        name.push(more);
        out.with_file_name(name)
    };
    let path = with(suffix, "");
    if path.try_exists().map_err(|source| WriteError::Io { path: path.clone(), source })? {
        return Err(WriteError::Exists { path });
    }
    Ok((name.to_string_lossy().into_owned(), Partial { partial: with(suffix, ".partial"), path }))
}

impl Partial {
    fn create(&self) -> Result<File, WriteError> {
        let failed = |source| WriteError::Io { path: self.partial.clone(), source };
        match fs::remove_file(&self.partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.partial).map_err(failed)
    }

    fn keep(&self) -> Result<(), WriteError> {
        fs::rename(&self.partial, &self.path).map_err(|source| WriteError::Io { path: self.path.clone(), source })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After `keep` there is none; where it cannot be removed the next run does it.
        drop(fs::remove_file(&self.partial));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use contract::Timestamp;

    use super::*;
    use crate::index::{Concealment, Serials};

    fn batch(count: u64) -> Batch {
        Batch {
            id: 3,
            product: "tea".to_owned(),
            layout: 1,
            resource: 1,
            serials: vec![Serials { start: 0, len: count }],
            epoch: 1,
            lot: "L1".to_owned(),
            level: 1,
            holds: 1,
            parent: None,
            made: None,
            expiry: None,
            on_sale_from: None,
            concealment: Concealment::Printed,
            issued_at: Timestamp(0),
            issued_by: "maker".to_owned(),
        }
    }

    fn numbers(count: u64) -> impl Iterator<Item = String> {
        (0..count).map(|n| format!("{n:020}"))
    }

    #[test]
    fn the_list_is_private_and_the_manifest_describes_it() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("lot.txt");
        fs::write(dir.path().join("lot.txt.partial"), "left by a crash").unwrap();
        let mut heard = Vec::new();
        let manifest = write_numbers(numbers(10_001), &batch(10_001), &out, None, &mut |n| heard.push(n)).unwrap();
        assert_eq!(heard, [10_000, 10_001]);
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(text.lines().count(), 10_001);
        assert!(text.starts_with("00000000000000000000\n00000000000000000001\n"));
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
        let sha256: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((manifest.sha256.as_str(), manifest.count, manifest.encrypted), (sha256.as_str(), 10_001, false));
        let listed: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.path().join("lot.txt.manifest.json")).unwrap()).unwrap();
        assert_eq!(listed["file"], "lot.txt");
        assert_eq!(listed["sha256"], sha256);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn an_encrypted_list_is_read_with_the_makers_key_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("lot.age");
        let maker = age::x25519::Identity::generate();
        let recipient = maker.to_public().to_string();
        write_numbers(numbers(5_000), &batch(5_000), &out, Some(&recipient), &mut |_| {}).unwrap();
        let sealed = fs::read(&out).unwrap();
        assert!(!sealed.windows(20).any(|part| part == b"00000000000000000007"));
        let open = |identity: &age::x25519::Identity| {
            let decryptor = age::Decryptor::new(sealed.as_slice()).unwrap();
            decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).map(|mut reader| {
                let mut text = String::new();
                reader.read_to_string(&mut text).unwrap();
                text
            })
        };
        assert_eq!(open(&maker).unwrap(), numbers(5_000).map(|line| line + "\n").collect::<String>());
        assert!(open(&age::x25519::Identity::generate()).is_err());
    }

    #[test]
    fn no_list_is_overwritten_and_a_short_one_is_not_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("lot.txt");
        let error = write_numbers(numbers(2), &batch(3), &out, None, &mut |_| {}).unwrap_err();
        assert!(matches!(error, WriteError::Count { expected: 3, got: 2 }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        write_numbers(numbers(3), &batch(3), &out, None, &mut |_| {}).unwrap();
        let error = write_numbers(numbers(3), &batch(3), &out, None, &mut |_| {}).unwrap_err();
        assert!(error.to_string().ends_with("exists already, expected a new file"), "{error}");
    }

    #[test]
    fn a_wrong_recipient_is_named_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("lot.age");
        let error = write_numbers(numbers(1), &batch(1), &out, Some("age1nope"), &mut |_| {}).unwrap_err();
        assert!(error.to_string().starts_with("the recipient is no age key"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
