//! Who may bind: back-off after wrong passwords, and places for each account.
//!
//! A wrong name and a wrong password read the same and take the same time, so that nobody learns which names there are.
//! Reads no clock; the accounts are handed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The wait after the first failure.
const FIRST: Duration = Duration::from_secs(1);

/// The longest.
const LONGEST: Duration = Duration::from_secs(300);

/// Failures free of a wait: a typo at set-up.
const FREE: u32 = 2;

/// So many pairs of address and name are remembered; then the oldest go.
const MOST_REMEMBERED: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

/// Failed binds by address and name.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: HashMap<(IpAddr, String), Failures>,
}

impl Backoff {
    /// Whether this one may try now.
    #[must_use]
    pub fn may_try(&self, address: IpAddr, system_id: &str, now: Instant) -> bool {
        let Some(failures) = self.failures.get(&(address, system_id.to_owned())) else { return true };
        now >= failures.last + wait(failures.count)
    }

    /// It failed.
    pub fn failed(&mut self, address: IpAddr, system_id: &str, now: Instant) {
        if self.failures.len() >= MOST_REMEMBERED {
            self.forget(now);
        }
        let failures = self.failures.entry((address, system_id.to_owned())).or_insert(Failures { count: 0, last: now });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// It succeeded.
    pub fn succeeded(&mut self, address: IpAddr, system_id: &str) {
        self.failures.remove(&(address, system_id.to_owned()));
    }

    /// Those whose wait is over go first; where that is not enough, all go.
    fn forget(&mut self, now: Instant) {
        self.failures.retain(|_, failures| now < failures.last + wait(failures.count));
        if self.failures.len() >= MOST_REMEMBERED {
            self.failures.clear();
        }
    }
}

fn wait(count: u32) -> Duration {
    match count.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST.saturating_mul(1 << doublings.min(16)).min(LONGEST),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant serves as the beginning of time")]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_password_costs_longer_each_time_and_only_its_own_address_and_name() {
        let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let mut backoff = Backoff::default();
        let mut now = Instant::now();
        for _ in 0..FREE {
            backoff.failed(here, "carrier", now);
            assert!(backoff.may_try(here, "carrier", now));
        }
        let mut waits = Vec::new();
        for _ in 0..10 {
            backoff.failed(here, "carrier", now);
            let until = (1..1_000).find(|s| backoff.may_try(here, "carrier", now + Duration::from_secs(*s))).unwrap();
            waits.push(until);
            now += Duration::from_secs(until);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        backoff.failed(here, "carrier", now);
        assert!(!backoff.may_try(here, "carrier", now));
        assert!(backoff.may_try(there, "carrier", now) && backoff.may_try(here, "other", now));
        backoff.succeeded(here, "carrier");
        assert!(backoff.may_try(here, "carrier", now));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        for nth in 0..MOST_REMEMBERED * 3 {
            backoff.failed("192.0.2.1".parse().unwrap(), &nth.to_string(), now);
        }
        assert!(backoff.failures.len() <= MOST_REMEMBERED);
    }
}
