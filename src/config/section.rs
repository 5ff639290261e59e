//! The core's sections: `[data]`, `[ledger]`, `[keys]` and `[log]`.
//!
//! Each key says its unit, its bounds and its default; `config/verigate.toml` shows them to the operator and a test
//! keeps the two the same. Opens nothing.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bound::{as_seconds, count, seconds, within};
use super::{ConfigError, Environment, SecretRef};

/// `[data]`: where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The folder of the log, the histories and the index; one running gateway holds it exclusively.
    /// Default `verigate-data`.
    pub dir: PathBuf,
    /// A folder on other storage, where the signed checkpoints also go: what proves the log whole must not be lost with
    /// it. Default `checkpoints` inside `dir`, which proves order but outlives no disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_place: Option<PathBuf>,
}

impl Default for Data {
    fn default() -> Self {
        Self { dir: PathBuf::from("verigate-data"), second_place: None }
    }
}

impl Data {
    /// Where the signed checkpoints go.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.second_place.clone().unwrap_or_else(|| self.dir.join("checkpoints"))
    }
}

/// `[ledger]`: how the ledger writes, and what it holds in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// Most inquiries settled by one commit; 1 to 100,000, default 1,024. More makes a full queue drain faster and the
    /// first answer of a group wait longer.
    #[serde(deserialize_with = "count::<1, 100_000, _>")]
    pub group: usize,
    /// Most inquiries waiting for the writer; 1 to 1,000,000, default 8,192. What comes when it is full is refused as
    /// overloaded.
    #[serde(deserialize_with = "count::<1, 1_000_000, _>")]
    pub queue: usize,
    /// Most units whose history stays in memory; 1,000 to 1,000,000,000, default 64,000, about 0.2 KB each; one
    /// with many sessions counts as up to nine. Other histories are read from disk, and a quarter of these is what is
    /// written there at a time.
    #[serde(deserialize_with = "count::<1_000, 1_000_000_000, _>")]
    pub hot_units: usize,
    /// Most message ids remembered for retransmissions; 1,000 to 100,000,000, default 450,000, about 0.05 KB each.
    #[serde(deserialize_with = "count::<1_000, 100_000_000, _>")]
    pub replay_ids: usize,
    /// A checkpoint is signed after so many events; 1 to 10,000,000, default 10,000.
    #[serde(deserialize_with = "within::<1, 10_000_000, _>")]
    pub checkpoint_events: u64,
    /// A checkpoint is signed after so long with new events, whichever comes first; 1 to 86,400 seconds, default 300.
    #[serde(
        rename = "checkpoint_seconds",
        deserialize_with = "seconds::<1, 86_400, _>",
        serialize_with = "as_seconds"
    )]
    pub checkpoint_every: Duration,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            group: 1_024,
            queue: 8_192,
            hot_units: 64_000,
            replay_ids: 450_000,
            checkpoint_events: 10_000,
            checkpoint_every: Duration::from_secs(300),
        }
    }
}

/// `[keys]`: where the master key is, from which every other key is derived.
///
/// At most one of the two keys may be given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The key file, mode 600. Default `keys/master.key` inside the data folder; on a disk of its own, a stolen copy of
    /// the data is of no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_file: Option<PathBuf>,
    /// The name under which systemd hands the key file over (`LoadCredential=`). Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_credential: Option<String>,
}

impl Keys {
    /// The path of the master key.
    ///
    /// # Errors
    /// [`ConfigError::SecretTwice`] where both keys are given, [`ConfigError::NoVariable`] where systemd handed no
    /// credentials over.
    pub fn master(&self, data: &Data, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
        match SecretRef::one_of("master", self.master_file.as_deref(), None, self.master_credential.as_deref())? {
            Some(SecretRef::File(path)) => Ok(path),
            Some(SecretRef::Credential(name)) => super::secret::credential(&name, environment),
            Some(SecretRef::Variable(_)) | None => Ok(data.dir.join("keys").join("master.key")),
        }
    }
}

/// `[log]`: what the program says of itself, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `text` for people (the default) or `json`, one object per line.
    pub format: Format,
    /// `error`, `warn`, `info` (the default), `debug` or `trace`. Whole numbers from packs appear at `debug` and below
    /// at most.
    pub level: Level,
}

/// The form of a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// What is broken.
    Error,
    /// And what one would wake somebody for.
    Warn,
    /// And what begins and ends.
    #[default]
    Info,
    /// And what deviates.
    Debug,
    /// And every message.
    Trace,
}
