//! Instants and days as the contract carries them: plain integers, so that the log stays the same in any library.
//!
//! Does not read a clock and knows no time zone but where one is handed in.

use std::fmt;
use std::time::Duration;

use minicbor::{Decode, Encode};
use serde::Serialize;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

impl Timestamp {
    /// The milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved forward, stopping at the end of time rather than wrapping.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved back, stopping at the beginning of time.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The day of this instant in a zone.
    #[must_use]
    pub fn day_in(self, zone: &jiff::tz::TimeZone) -> Day {
        Day::from_civil(self.to_jiff().to_zoned(zone.clone()).date())
    }

    /// The same instant for calendar work; an instant out of jiff's years becomes the nearest one in it.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// From an instant of jiff's, cut to milliseconds.
    #[must_use]
    pub fn from_jiff(at: jiff::Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_jiff())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse::<jiff::Timestamp>().map(Self::from_jiff).map_err(serde::de::Error::custom)
    }
}

/// A civil day, as the number `yyyymmdd` (20261123): it sorts as days do and reads as itself in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] i32);

impl Day {
    /// A day that exists, years 1 to 9999.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().filter(|date| date.year() >= 1).map(Self::from_civil)
    }

    /// From jiff's civil date.
    #[must_use]
    pub fn from_civil(date: jiff::civil::Date) -> Self {
        Self(i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day()))
    }

    /// To jiff's civil date; a number that is no day (a damaged record) becomes the first day of all.
    #[must_use]
    pub fn to_civil(self) -> jiff::civil::Date {
        let part = |value: i32| i16::try_from(value).unwrap_or(0);
        let month = i8::try_from(self.0 / 100 % 100).unwrap_or(0);
        let day = i8::try_from(self.0 % 100).unwrap_or(0);
        jiff::civil::Date::new(part(self.0 / 10_000), month, day).unwrap_or(jiff::civil::Date::ZERO)
    }

    /// The last instant of this day in a zone: an expiry date is good until then.
    #[must_use]
    pub fn end_in(self, zone: &jiff::tz::TimeZone) -> Timestamp {
        self.to_civil()
            .tomorrow()
            .ok()
            .and_then(|next| next.to_zoned(zone.clone()).ok())
            .map_or(Timestamp(i64::MAX), |zoned| Timestamp(zoned.timestamp().as_millisecond() - 1))
    }

    /// The first instant of this day in a zone.
    #[must_use]
    pub fn start_in(self, zone: &jiff::tz::TimeZone) -> Timestamp {
        self.to_civil()
            .to_zoned(zone.clone())
            .map_or(Timestamp(i64::MIN), |zoned| Timestamp(zoned.timestamp().as_millisecond()))
    }
}

impl fmt::Display for Day {
    /// ISO 8601: `2026-11-23`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

impl std::str::FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let date: jiff::civil::Date = text.parse().map_err(|_| NotADay)?;
        Self::new(date.year(), date.month(), date.day()).ok_or(NotADay)
    }
}

/// A text that is no day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a day as yyyy-mm-dd")]
pub struct NotADay;

impl Serialize for Day {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_survives_its_text_and_ends_at_local_midnight() {
        let day: Day = "2026-02-28".parse().unwrap();
        assert_eq!(day.to_string(), "2026-02-28");
        let zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(day.end_in(&zone).to_string(), "2026-02-28T15:59:59.999Z");
        assert_eq!(day.start_in(&zone).to_string(), "2026-02-27T16:00:00Z");
        assert_eq!(day.end_in(&zone).day_in(&zone), day);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["2026-02-30", "2026-13-01", "20260230x", "", "-0001-01-01"] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text}");
        }
    }
}
