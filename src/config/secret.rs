//! Where a configuration points for a secret: a file, a variable that the operator names, or a systemd credential.
//!
//! The one place that reads the environment. Key files of 256 bits are read by [`crate::secret`]; here are the paths to
//! them, and passwords, which are one line of text.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ConfigError;

/// The longest secret text, in bytes.
pub const MOST_BYTES: usize = 4096;

/// The variable in which systemd names the folder of a service's credentials (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The variables that the program was started with; tests hand in a map.
pub trait Environment {
    /// A variable, if it is set to Unicode text.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In a file: the key `…_file`.
    File(PathBuf),
    /// In a variable of this name: the key `…_env`.
    Variable(String),
    /// In a file of this name that systemd hands over: the key `…_credential`.
    Credential(String),
}

impl SecretRef {
    /// The way that was given, of the three keys that begin with `key`; `None` where none was.
    ///
    /// # Errors
    /// [`ConfigError::SecretTwice`] where more than one was.
    pub fn one_of(
        key: &str,
        file: Option<&Path>,
        variable: Option<&str>,
        credential: Option<&str>,
    ) -> Result<Option<Self>, ConfigError> {
        match (file, variable, credential) {
            (None, None, None) => Ok(None),
            (Some(path), None, None) => Ok(Some(Self::File(path.to_owned()))),
            (None, Some(name), None) => Ok(Some(Self::Variable(name.to_owned()))),
            (None, None, Some(name)) => Ok(Some(Self::Credential(name.to_owned()))),
            _ => Err(ConfigError::SecretTwice { key: key.to_owned() }),
        }
    }

    /// The secret: one line of 1 to [`MOST_BYTES`] bytes, without the line's end.
    ///
    /// # Errors
    /// [`ConfigError::NoVariable`], [`ConfigError::SecretFile`], [`ConfigError::SecretShape`]. None shows the secret.
    pub fn text(&self, environment: &dyn Environment) -> Result<SecretText, ConfigError> {
        let (place, text) = match self {
            Self::File(path) => (path.display().to_string(), read(path)?),
            Self::Credential(name) => {
                let path = credential(name, environment)?;
                (path.display().to_string(), read(&path)?)
            }
            Self::Variable(name) => {
                let missing = || ConfigError::NoVariable { name: name.clone(), purpose: "a secret" };
                (name.clone(), Zeroizing::new(environment.variable(name).ok_or_else(missing)?))
            }
        };
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() || line.len() > MOST_BYTES || line.contains(['\r', '\n', '\0']) {
            return Err(ConfigError::SecretShape { place });
        }
        Ok(SecretText(Zeroizing::new(line.to_owned())))
    }
}

/// The path of a credential that systemd hands over.
///
/// # Errors
/// [`ConfigError::NoVariable`] where the service was not started with credentials; [`ConfigError::SecretShape`] where
/// the name is not that of one file.
pub fn credential(name: &str, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
    let plain = !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != "..";
    if !plain {
        return Err(ConfigError::SecretShape { place: format!("the credential {name:?}") });
    }
    let dir = environment.variable(CREDENTIALS_DIRECTORY).ok_or_else(|| ConfigError::NoVariable {
        name: CREDENTIALS_DIRECTORY.to_owned(),
        purpose: "the credentials that systemd hands over",
    })?;
    Ok(Path::new(&dir).join(name))
}

fn read(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let fault = |source| ConfigError::SecretFile { path: path.to_owned(), source };
    // One line's end and one byte more than may be: too long shows without reading on.
    let most = MOST_BYTES + 3;
    let mut text = Zeroizing::new(String::with_capacity(most));
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    fs::File::open(path).map_err(fault)?.take(limit).read_to_string(&mut text).map_err(fault)?;
    Ok(text)
}

/// A secret in text; wiped from memory when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}
