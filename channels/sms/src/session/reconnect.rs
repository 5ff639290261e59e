//! When to dial again, and where.
//!
//! Each failure waits longer than the one before, with jitter, so that a carrier that comes back is not met by everybody
//! at once. Addresses take turns: the first is tried first after a good connection.

use std::time::Duration;

/// The first wait, before jitter.
const FIRST: Duration = Duration::from_millis(500);

/// The longest, before jitter.
const LONGEST: Duration = Duration::from_secs(60);

/// The next dial of one link.
#[derive(Debug, Clone, Default)]
pub struct Redial {
    failures: u32,
    addresses: usize,
}

impl Redial {
    /// For so many addresses.
    #[must_use]
    pub const fn among(addresses: usize) -> Self {
        Self { failures: 0, addresses }
    }

    /// Which address comes next.
    #[must_use]
    pub fn next(&self) -> usize {
        let failures = usize::try_from(self.failures).unwrap_or(0);
        failures.checked_rem(self.addresses).unwrap_or(0)
    }

    /// A good connection is over: all begins anew, with the first address. How long to wait, as after a first failure.
    pub fn succeeded(&mut self, random: u32) -> Duration {
        self.failures = 0;
        spread(FIRST, random)
    }

    /// A dial or a bind failed, or a connection was lost that had hardly been bound. How long to wait: not at all while
    /// there is another address that was not tried; else half of the exponential wait, and as much again by chance
    /// (`random` is any number).
    pub fn failed(&mut self, random: u32) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.next() != 0 {
            return Duration::ZERO;
        }
        let rounds = usize::try_from(self.failures).unwrap_or(usize::MAX) / self.addresses.max(1);
        let doublings = u32::try_from(rounds.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
        let whole = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        spread(whole, random)
    }
}

fn spread(whole: Duration, random: u32) -> Duration {
    whole / 2 + whole.mul_f64(f64::from(random) / f64::from(u32::MAX)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_tried_before_any_wait() {
        let mut redial = Redial::among(3);
        assert_eq!(redial.next(), 0);
        assert_eq!((redial.failed(0), redial.next()), (Duration::ZERO, 1));
        assert_eq!((redial.failed(0), redial.next()), (Duration::ZERO, 2));
        assert_eq!((redial.failed(0), redial.next()), (FIRST / 2, 0));
        redial.failed(0);
        assert_eq!(
            (redial.succeeded(0), redial.next()),
            (FIRST / 2, 0),
            "the preferred one, whichever the good one was"
        );
    }

    #[test]
    fn waits_double_up_to_a_minute_and_are_spread_over_their_upper_half() {
        let mut redial = Redial::among(1);
        let waits: Vec<u128> = (0..10).map(|_| redial.clone().failed(0).max(redial.failed(0)).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        for random in [0, 1, u32::MAX / 2, u32::MAX] {
            let wait = redial.clone().failed(random);
            assert!((LONGEST / 2..=LONGEST).contains(&wait), "{wait:?}");
        }
    }
}
