//! The program's one TOML file: reading it, saying what is wrong with it, and the core's own sections.
//!
//! Owns [`read`], [`parse`], the errors that name line, key and nearest spelling, the core's own sections, and what all
//! of them come to ([`CoreConfig::settings`]). Does not know the sections of channels, each of which owns its own type;
//! the program puts them all together. Opens none of the files that a configuration names.
//!
//! Conventions, the same in every section: unknown keys are errors; a number with a unit carries it at the end of its
//! key (`checkpoint_seconds`) and becomes a [`std::time::Duration`]; every bound is absolute and checked where the value
//! stands, so that an error points at it; relative paths start at the working folder; a secret is never a value but a
//! `…_file`, `…_env` or `…_credential` beside it (see [`secret`]).

pub mod bound;
pub mod secret;
pub mod section;

mod fault;

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::code::layout::{LayoutConfig, LayoutError, Layouts};
use crate::ledger::folder::Folder;
use crate::ledger::retention::Retention;
use crate::verify::Settings;
use crate::verify::admit::Quotas;
use crate::verify::decide::Rules;

pub use fault::Fault;
pub use secret::{Environment, ProcessEnvironment, SecretRef, SecretText};
pub use section::{Data, Format, Keys, Ledger, Level, Log};

/// The largest configuration file that is read, in bytes: 1 MiB, a thousand times what one needs.
pub const MOST_BYTES: u64 = 1 << 20;

/// The core's own sections, for checking a file without any channel.
///
/// The program's root lists these beside the sections of its channels; serde cannot flatten types that refuse
/// unknown keys, so the list is written out there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoreConfig {
    /// Where everything is kept.
    pub data: Data,
    /// How the ledger writes.
    pub ledger: Ledger,
    /// Where the master key is.
    pub keys: Keys,
    /// What the program says of itself.
    pub log: Log,
    /// The thresholds of the verdicts.
    pub rules: Rules,
    /// How often an asker is answered.
    pub quotas: Quotas,
    /// How long what is kept of askers is kept.
    pub retention: Retention,
    /// The layouts of numbers, of which no two have one length; the first is what a shopper is told to look for.
    /// Default: the network's own alone. Where any is given, all are.
    #[serde(deserialize_with = "layouts")]
    pub layout: Vec<LayoutConfig>,
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self {
            data: Data::default(),
            ledger: Ledger::default(),
            keys: Keys::default(),
            log: Log::default(),
            rules: Rules::default(),
            quotas: Quotas::default(),
            retention: Retention::default(),
            layout: vec![LayoutConfig::network()],
        }
    }
}

impl CoreConfig {
    /// What the core works by.
    ///
    /// # Errors
    /// [`LayoutError`] where the layouts break a rule, which no configuration does that was read from a file.
    pub fn settings(&self) -> Result<Settings, LayoutError> {
        let Ledger { group, queue, hot_units, replay_ids, checkpoint_events, checkpoint_every } = self.ledger;
        Ok(Settings {
            rules: self.rules.clone(),
            quotas: self.quotas.clone(),
            layouts: Layouts::new(self.layout.clone())?,
            group,
            queue,
            hot_units,
            replay_ids,
            checkpoint_events,
            checkpoint_every,
            retention: self.retention.clone(),
        })
    }

    /// Where everything lies.
    ///
    /// # Errors
    /// As [`Keys::master`].
    pub fn folder(&self, environment: &dyn Environment) -> Result<Folder, ConfigError> {
        let is_elsewhere = self.keys != Keys::default();
        let master = self.keys.master(&self.data, environment)?;
        Ok(Folder {
            checkpoints: self.data.checkpoints(),
            master_file: is_elsewhere.then_some(master),
            ..Folder::all_in(&self.data.dir)
        })
    }
}

/// Checked where they stand, so that an error has its line.
fn layouts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<LayoutConfig>, D::Error> {
    let configs = Vec::deserialize(deserializer)?;
    Layouts::new(configs.clone()).map_err(D::Error::custom)?;
    Ok(configs)
}

/// Why a configuration cannot be used. Each one is the operator's to mend: the program ends with exit code 64.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be a configuration.
    #[error("{} is larger than a configuration may be: expected at most {MOST_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not TOML, names an unknown key, or holds a value out of its bounds.
    #[error("{}:{fault}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where and what.
        fault: Box<Fault>,
    },
    /// A secret is asked for in more than one way.
    #[error("{key} is given in several ways: expected one of {key}_file, {key}_env and {key}_credential")]
    SecretTwice {
        /// The key without its ending.
        key: String,
    },
    /// The environment does not have what the configuration names.
    #[error("the environment variable {name} is not set, expected {purpose}")]
    NoVariable {
        /// The variable.
        name: String,
        /// What it is needed for.
        purpose: &'static str,
    },
    /// A file with a secret cannot be read.
    #[error("cannot read the secret in {}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or variable with a secret holds none that can be used.
    #[error("{place} holds no secret: expected one line of 1 to {} bytes", secret::MOST_BYTES)]
    SecretShape {
        /// The file or the variable.
        place: String,
    },
}

/// Reads and parses a file of at most [`MOST_BYTES`].
///
/// # Errors
/// [`ConfigError::Read`], [`ConfigError::TooLarge`], [`ConfigError::Content`].
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let fault = |source| ConfigError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(fault)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MOST_BYTES) {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|error| fault(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    parse(&text, path)
}

/// Parses the text of a configuration; `file` is only named in errors.
///
/// # Errors
/// [`ConfigError::Content`].
pub fn parse<T: DeserializeOwned>(text: &str, file: &Path) -> Result<T, ConfigError> {
    toml::from_str(text)
        .map_err(|error| ConfigError::Content { path: file.to_owned(), fault: Box::new(Fault::locate(text, &error)) })
}

#[cfg(test)]
mod tests;
