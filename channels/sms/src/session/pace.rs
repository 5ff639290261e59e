//! How fast a link may send: its own rate, and the pauses that a peer asks for.
//!
//! Shared by all connections of a link. Reads no clock.

use std::time::{Duration, Instant};

/// The first pause after a peer said that it is full.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The pace of one link.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between two messages; zero where no rate is set.
    gap: Duration,
    /// So far behind the rate sending may be and catch up at once.
    burst: Duration,
    /// When the next message would be due at an even pace.
    next: Option<Instant>,
    pause: Duration,
    paused_until: Option<Instant>,
}

impl Pace {
    /// At most so many messages in any second, evenly; `None` for as many as the peer takes.
    #[must_use]
    pub fn new(per_second: Option<u32>) -> Self {
        let gap = per_second.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.max(1));
        Self { gap, burst: gap.max(Duration::from_millis(20)), next: None, pause: FIRST_PAUSE, paused_until: None }
    }

    /// How many of `wanted` messages may go now. They are taken to be sent.
    pub fn take(&mut self, wanted: usize, now: Instant) -> usize {
        if self.paused_until.is_some_and(|until| until > now) {
            return 0;
        }
        if self.gap.is_zero() {
            return wanted;
        }
        let mut next = self.next.unwrap_or(now).max(now.checked_sub(self.burst).unwrap_or(now));
        let mut taken = 0;
        while taken < wanted && next <= now {
            next += self.gap;
            taken += 1;
        }
        self.next = Some(next);
        taken
    }

    /// When it makes sense to ask again; `None` where one may be sent at once.
    #[must_use]
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        let paced = if self.gap.is_zero() { None } else { self.next };
        self.paused_until.max(paced).filter(|at| *at > now)
    }

    /// The peer said that it is full: nothing goes for a while, twice as long each time.
    pub fn pause(&mut self, now: Instant) {
        if self.paused_until.is_some_and(|until| until > now) {
            return;
        }
        self.paused_until = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// The peer took one: it is not full any more.
    pub const fn taken(&mut self) {
        self.pause = FIRST_PAUSE;
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant serves as the beginning of time")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_second_ever_holds_more_than_the_rate_and_the_burst(
            rate in 1_u32..2_000,
            steps in prop::collection::vec((0_u64..200, 1_usize..30), 1..40),
        ) {
            let mut pace = Pace::new(Some(rate));
            let mut now = Instant::now();
            let mut sent: Vec<Instant> = Vec::new();
            for (later, wanted) in steps {
                now += Duration::from_millis(later);
                sent.extend(std::iter::repeat_n(now, pace.take(wanted, now)));
            }
            let burst = 2 + usize::try_from(rate / 50).unwrap();
            for (nth, begin) in sent.iter().enumerate() {
                let within = sent.iter().skip(nth).take_while(|at| **at < *begin + Duration::from_secs(1)).count();
                prop_assert!(within <= usize::try_from(rate).unwrap() + burst, "{within} in a second at {rate}");
            }
        }
    }

    #[test]
    fn pauses_grow_until_the_peer_takes_one() {
        let mut now = Instant::now();
        let mut pace = Pace::new(None);
        let mut lengths = Vec::new();
        for _ in 0..8 {
            pace.pause(now);
            pace.pause(now);
            let until = pace.ready_at(now).unwrap();
            lengths.push((until - now).as_millis());
            assert_eq!(pace.take(5, now), 0);
            now = until;
            assert_eq!(pace.take(5, now), 5);
        }
        assert_eq!(lengths, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        pace.taken();
        pace.pause(now);
        assert_eq!((pace.ready_at(now).unwrap() - now).as_millis(), 500);
    }
}
