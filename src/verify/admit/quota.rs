//! One quota and the bucket that keeps to it.
//!
//! Owns the generic cell rate algorithm (GCRA, ITU-T I.371): one instant per limit, no timer. Does not know who asks.

use std::time::Duration;

use contract::Timestamp;
use serde::{Deserialize, Serialize};

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

impl Quota {
    /// So many per minute.
    pub(super) const fn per_minute(checks: u32) -> Self {
        Self { minute: Some(checks), hour: None, day: None }
    }

    /// So many per hour.
    pub(super) const fn per_hour(checks: u32) -> Self {
        Self { minute: None, hour: Some(checks), day: None }
    }

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
        let wait = self.wait(quota, checks, now);
        if wait.is_zero() {
            self.charge(quota, checks, now);
            return Ok(());
        }
        Err(wait)
    }

    /// How long until so many could be taken.
    pub(super) fn wait(&self, quota: &Quota, checks: u32, now: Timestamp) -> Duration {
        let now = now.as_millis().saturating_mul(1_000);
        let mut wait = 0_i64;
        for (whole_at, limit) in self.whole_at.iter().zip(quota.limits()) {
            let Some((burst, each)) = limit else { continue };
            let start = (*whole_at).max(now);
            let needed = start.saturating_add(each.saturating_mul(i64::from(checks.min(burst))));
            let most = now.saturating_add(each.saturating_mul(i64::from(burst)));
            wait = wait.max(needed.saturating_sub(most));
        }
        Duration::from_micros(wait.unsigned_abs())
    }

    /// Takes so many off the quota whether or not they are there: what was answered before.
    pub(super) fn charge(&mut self, quota: &Quota, checks: u32, now: Timestamp) {
        let now = now.as_millis().saturating_mul(1_000);
        for (whole_at, limit) in self.whole_at.iter_mut().zip(quota.limits()) {
            let Some((_, each)) = limit else { continue };
            *whole_at = (*whole_at).max(now).saturating_add(each.saturating_mul(i64::from(checks)));
        }
    }
}
