//! Keys in files that nobody else may read.
//!
//! Owns reading, writing and deriving 256-bit keys. What a key is for is decided where it is used; rotation and
//! destruction of peppers and return-route keys are the ledger's.

use std::fmt;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroize;

/// A 256-bit key; wiped from memory when dropped, never shown.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Group or others may read it.
    #[error("{} has mode {mode:03o}, expected 600: others could read the key; run chmod 600 on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not 64 hexadecimal digits.
    #[error("{} is not a key file: expected 64 hexadecimal digits", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot use the key file {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    NoRandomness,
}

/// Derives the keys of one purpose; never shown.
#[derive(Clone)]
pub struct Purpose(Hkdf<Sha256>);

impl Purpose {
    /// The key of one context.
    ///
    /// # Panics
    /// Never: the length is within what HKDF can give.
    #[must_use]
    pub fn key(&self, context: &[u8]) -> Secret {
        let mut key = [0; 32];
        self.0.expand(context, &mut key).expect("32 bytes are within the 8,160 that HKDF-SHA-256 can give");
        Secret(key)
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Purpose(…)")
    }
}

impl Secret {
    /// A fresh random key.
    ///
    /// # Errors
    /// [`SecretError::NoRandomness`].
    pub fn random() -> Result<Self, SecretError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// A key with known bytes, for tests and for keys that were sealed by another.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Creates the file with mode 0600 and a fresh key, synced with its folder.
    ///
    /// # Errors
    /// [`SecretError::Io`] where the file exists already or cannot be written.
    pub fn create(path: &Path) -> Result<Self, SecretError> {
        let secret = Self::random()?;
        secret.save(path).map_err(|source| SecretError::Io { path: path.to_owned(), source })?;
        Ok(secret)
    }

    /// Under another name first: a power cut or a full disk must not leave a key that is none, and that no other may
    /// replace.
    fn save(&self, path: &Path) -> io::Result<()> {
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let unfinished = path.with_extension("key.new");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let mut text = String::with_capacity(65);
        for byte in self.0 {
            text.push_str(&format!("{byte:02x}"));
        }
        text.push('\n');
        file.write_all(text.as_bytes())?;
        text.zeroize();
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => fs::File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`SecretError::Exposed`] where group or others have any right to it, [`SecretError::Malformed`],
    /// [`SecretError::Io`].
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let io = |source| SecretError::Io { path: path.to_owned(), source };
        let file = fs::File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = String::with_capacity(128);
        file.take(128).read_to_string(&mut text).map_err(io)?;
        let parsed = parse_hex(text.trim_end());
        text.zeroize();
        parsed.map(Self).ok_or_else(|| SecretError::Malformed { path: path.to_owned() })
    }

    /// A key for one purpose (`label`) and one thing (`context`), by HKDF-SHA-256 (RFC 5869).
    ///
    /// # Panics
    /// Never: the length asked for is within HKDF's bound.
    #[must_use]
    pub fn derive(&self, label: &str, context: &[u8]) -> Self {
        self.purpose(label).key(context)
    }

    /// What keys of one purpose are derived from, for one that derives many: half of the work is done once.
    #[must_use]
    pub fn purpose(&self, label: &str) -> Purpose {
        Purpose(Hkdf::<Sha256>::new(Some(label.as_bytes()), &self.0))
    }

    /// The key itself.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_private_and_comes_back_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        fs::write(path.with_extension("key.new"), "0123").unwrap();
        let made = Secret::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Secret::load(&path).unwrap().expose(), made.expose());
        assert!(matches!(Secret::create(&path), Err(SecretError::Io { .. })), "an existing key is never overwritten");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "what an attempt before left unfinished is gone");
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        Secret::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Secret::load(&path).unwrap_err();
        assert!(error.to_string().contains("has mode 640, expected 600"), "{error}");
    }

    #[test]
    fn keys_for_different_purposes_differ() {
        let secret = Secret::from_bytes([7; 32]);
        assert_ne!(secret.derive("tag", b"1").expose(), secret.derive("tag", b"2").expose());
        assert_ne!(secret.derive("tag", b"1").expose(), secret.derive("receipt", b"1").expose());
    }
}
