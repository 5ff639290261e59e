//! How much each kind of asker may ask: the section `[quotas]`, and the bucket that keeps to it.
//!
//! Owns names, defaults and bounds of the quotas and of the guard, and the generic cell rate algorithm (GCRA, ITU-T
//! I.371): one instant per limit, no timer. Does not know who asks.

use std::time::Duration;

use contract::Timestamp;
use serde::{Deserialize, Serialize};

use super::AskerKind;

/// Why the section `[quotas]` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("quotas.{name}: expected {least} to {most}, got {got}")]
pub struct QuotasError {
    /// Which value.
    pub name: &'static str,
    /// The least it may be.
    pub least: u32,
    /// The most it may be.
    pub most: u32,
    /// What was given.
    pub got: u32,
}

/// How many checks a kind of asker may make: all at once, and as many again over each period, evenly. A period without
/// a number is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Per minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minute: Option<u32>,
    /// Per hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<u32>,
    /// Per day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<u32>,
}

/// Who is taken for a guesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// From so many different unknown numbers, 1 to 64. Default 8.
    misses: u32,
    /// Within so many minutes. Default 60.
    minutes: u32,
    /// With at most so many known numbers in a hundred asked. Default 20.
    success_percent: u32,
    /// Limited for so many hours. Default 24.
    cooling_hours: u32,
}

/// The section `[quotas]`, checked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written")]
pub struct Quotas {
    /// A phone or a cookie. Default 20 an hour and 60 a day.
    person: Quota,
    /// A network address or a withheld number. Default 60 an hour and 200 a day: households share one.
    address: Quota,
    /// A mall terminal. Default 30 a minute.
    terminal: Quota,
    /// Registered programs, shops, inspectors and makers. Default 6,000 a minute.
    registered: Quota,
    /// Requests without a number, of any asker. Default 60 an hour.
    help: Quota,
    /// How many askers are remembered. Default 200,000: some 50 MB, and 350 MB if each of them asked about 64
    /// different numbers.
    askers: u32,
    guard: Guard,
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    person: Quota,
    address: Quota,
    terminal: Quota,
    registered: Quota,
    help: Quota,
    askers: u32,
    guard: Guard,
}

impl Default for Guard {
    fn default() -> Self {
        Self { misses: 8, minutes: 60, success_percent: 20, cooling_hours: 24 }
    }
}

impl Default for Written {
    fn default() -> Self {
        let Quotas { person, address, terminal, registered, help, askers, guard } = Quotas::default();
        Self { person, address, terminal, registered, help, askers, guard }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        let hourly = |hour, day| Quota { hour: Some(hour), day: Some(day), minute: None };
        let per_minute = |minute| Quota { minute: Some(minute), hour: None, day: None };
        Self {
            person: hourly(20, 60),
            address: hourly(60, 200),
            terminal: per_minute(30),
            registered: per_minute(6_000),
            help: Quota { hour: Some(60), minute: None, day: None },
            askers: 200_000,
            guard: Guard::default(),
        }
    }
}

impl TryFrom<Written> for Quotas {
    type Error = QuotasError;

    fn try_from(written: Written) -> Result<Self, QuotasError> {
        let Written { person, address, terminal, registered, help, askers, guard } = written;
        for (name, quota) in [
            ("person", person),
            ("address", address),
            ("terminal", terminal),
            ("registered", registered),
            ("help", help),
        ] {
            for limit in [quota.minute, quota.hour, quota.day].into_iter().flatten() {
                bounded(name, limit, 1, MOST)?;
            }
        }
        bounded("askers", askers, 1_000, 10_000_000)?;
        bounded("guard.misses", guard.misses, 1, 64)?;
        bounded("guard.minutes", guard.minutes, 1, 1_440)?;
        bounded("guard.success_percent", guard.success_percent, 0, 99)?;
        bounded("guard.cooling_hours", guard.cooling_hours, 1, 8_760)?;
        Ok(Self { person, address, terminal, registered, help, askers, guard })
    }
}

impl Quotas {
    /// For a gateway that only its own machine can reach: a million a minute for everyone, and nobody is a guesser.
    #[must_use]
    pub fn wide() -> Self {
        let wide = Quota { minute: Some(MOST), hour: None, day: None };
        let guard = Guard { misses: u32::MAX, ..Guard::default() };
        Self { person: wide, address: wide, terminal: wide, registered: wide, help: wide, guard, ..Self::default() }
    }

    /// The quota of a kind of asker.
    #[must_use]
    pub const fn of(&self, kind: AskerKind) -> &Quota {
        match kind {
            AskerKind::Person => &self.person,
            AskerKind::Address => &self.address,
            AskerKind::Terminal => &self.terminal,
            AskerKind::Registered => &self.registered,
        }
    }

    /// The quota of requests without a number.
    #[must_use]
    pub const fn help(&self) -> &Quota {
        &self.help
    }

    /// Who is taken for a guesser.
    #[must_use]
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// How many askers are remembered.
    #[must_use]
    pub fn askers(&self) -> usize {
        usize::try_from(self.askers).unwrap_or(usize::MAX)
    }
}

impl Guard {
    pub(super) fn window(&self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }

    pub(super) fn cooling(&self) -> Duration {
        Duration::from_secs(u64::from(self.cooling_hours) * 3_600)
    }

    /// Whether so many misses among so many different numbers are guesses.
    pub(super) fn is_guessing(&self, missed: usize, asked: usize) -> bool {
        let (missed, asked) = (missed as u64, asked as u64);
        missed >= u64::from(self.misses)
            && asked.saturating_sub(missed) * 100 <= asked * u64::from(self.success_percent)
    }
}

impl Quota {
    /// Each limit with the time in which one check comes back, in microseconds.
    fn limits(&self) -> [Option<(u32, i64)>; 3] {
        let limit =
            |count: Option<u32>, period: i64| count.map(|count| (count.max(1), period / i64::from(count.max(1))));
        [limit(self.minute, 60_000_000), limit(self.hour, 3_600_000_000), limit(self.day, 86_400_000_000)]
    }

    /// What one whose quota is spent would be told now: the wait for one check at the slowest limit, counted down and
    /// begun again until `until`.
    pub(super) fn pretended_wait(&self, until: Timestamp, now: Timestamp) -> Duration {
        let slowest = self.limits().into_iter().flatten().map(|(_, each)| each / 1_000).max().unwrap_or(1).max(1);
        let left = i64::try_from(until.since(now).as_millis()).unwrap_or(i64::MAX);
        Duration::from_millis(u64::try_from((left - 1).rem_euclid(slowest) + 1).unwrap_or(1))
    }
}

/// What one asker has used of one quota: for each limit the instant (microseconds) at which it is whole again.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    whole_at: [i64; 3],
}

impl Bucket {
    /// Takes so many off the quota, or says how long to wait and takes nothing. More than the whole quota is taken when
    /// it is whole.
    pub(super) fn take(&mut self, quota: &Quota, checks: u32, now: Timestamp) -> Result<(), Duration> {
        let now = now.as_millis().saturating_mul(1_000);
        let mut next = self.whole_at;
        let mut wait = 0_i64;
        for (whole_at, limit) in next.iter_mut().zip(quota.limits()) {
            let Some((burst, each)) = limit else { continue };
            let start = (*whole_at).max(now);
            let needed = start.saturating_add(each.saturating_mul(i64::from(checks.min(burst))));
            let most = now.saturating_add(each.saturating_mul(i64::from(burst)));
            wait = wait.max(needed.saturating_sub(most));
            *whole_at = start.saturating_add(each.saturating_mul(i64::from(checks)));
        }
        if wait > 0 {
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        self.whole_at = next;
        Ok(())
    }
}

const MOST: u32 = 1_000_000;

const fn bounded(name: &'static str, got: u32, least: u32, most: u32) -> Result<(), QuotasError> {
    if got < least || got > most { Err(QuotasError { name, least, most, got }) } else { Ok(()) }
}
