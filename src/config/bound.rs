//! Numbers within absolute bounds, checked where they stand in the file.
//!
//! For `#[serde(deserialize_with)]`, so that an error carries the line and column of the value. Knows no key.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// A whole number from `LEAST` to `MOST`.
///
/// # Errors
/// Anything else, with what was expected and what was found.
pub fn within<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_i64(Whole { least: LEAST, most: MOST })
}

/// As [`within`], for a count of something in memory.
///
/// # Errors
/// As [`within`].
pub fn count<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let value = within::<LEAST, MOST, D>(deserializer)?;
    usize::try_from(value).map_err(|_| Error::custom("expected a number that this machine can address"))
}

/// Whole seconds from `LEAST` to `MOST`.
///
/// # Errors
/// As [`within`].
pub fn seconds<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    within::<LEAST, MOST, D>(deserializer).map(Duration::from_secs)
}

/// Writes a duration as [`seconds`] reads it.
///
/// # Errors
/// Those of the serializer.
pub fn as_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

struct Whole {
    least: u64,
    most: u64,
}

impl Visitor<'_> for Whole {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}", self.least, self.most)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        match u64::try_from(value) {
            Ok(whole) if (self.least..=self.most).contains(&whole) => Ok(whole),
            _ => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        if (self.least..=self.most).contains(&value) {
            Ok(value)
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(value), &self))
        }
    }
}
