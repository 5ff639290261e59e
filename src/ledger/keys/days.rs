//! Of which days there are keys: what can be told of them without reading one.

use std::path::Path;

use contract::Day;

use super::known;
use crate::secret::SecretError;

/// The days of the keys that lie in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDays {
    /// When each pepper was made, the latest first; the first two match askers.
    pub peppers: Vec<Day>,
    /// Of which days return routes can still be read.
    pub routes: Vec<Day>,
    /// Of which days it can still be read what tips say.
    pub tips: Vec<Day>,
}

impl KeyDays {
    /// Reads a folder beside the gateway that keeps it; changes nothing.
    ///
    /// # Errors
    /// [`SecretError::Io`].
    pub fn of(folder: &Path) -> Result<Self, SecretError> {
        let peppers = known(folder, "pepper-")?.into_keys().rev().collect();
        let of = |prefix: &str| known(folder, prefix).map(|keys| keys.into_keys().collect());
        Ok(Self { peppers, routes: of("route-")?, tips: of("tip-")? })
    }
}
