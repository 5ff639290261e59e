//! What a stream of RTP packets was like: received, lost, jitter (RFC 3550 §6.4.1 and appendix A).
//!
//! Pure counting over sequence numbers and arrival times. A stream that changes its source starts anew and keeps what
//! was counted.

use std::time::Instant;

use super::RATE;

/// A jump of so many numbers is another stream, not loss (RFC 3550 appendix A.1, MAX_DROPOUT).
const DROPOUT: u16 = 3_000;

/// What became of the packets of one call.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    source: Option<u32>,
    first: u32,
    highest: u32,
    in_stream: u64,
    received: u64,
    lost: u64,
    transit: Option<f64>,
    jitter: f64,
    began: Option<Instant>,
}

/// The figures of a call's record.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Packets that came.
    pub received: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Interarrival jitter, in milliseconds.
    pub jitter_ms: f64,
}

impl Stats {
    /// A packet of sound came.
    pub fn count(&mut self, ssrc: u32, sequence: u16, timestamp: u32, now: Instant) {
        self.received += 1;
        let [.., low0, low1] = self.highest.to_be_bytes();
        let ahead = sequence.wrapping_sub(u16::from_be_bytes([low0, low1]));
        if self.source != Some(ssrc) || (DROPOUT..=u16::MAX - DROPOUT).contains(&ahead) {
            self.close_stream();
            self.source = Some(ssrc);
            self.first = u32::from(sequence);
            self.highest = self.first;
            self.in_stream = 1;
            self.transit = None;
        } else {
            self.in_stream += 1;
            if ahead < DROPOUT {
                self.highest = self.highest.wrapping_add(u32::from(ahead));
            }
        }
        let began = *self.began.get_or_insert(now);
        let arrival = now.saturating_duration_since(began).as_secs_f64() * f64::from(RATE);
        let transit = arrival - f64::from(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = (transit - before).abs();
            // A source that restarts its clock is no jitter.
            if change < f64::from(RATE) {
                self.jitter += (change - self.jitter) / 16.0;
            }
        }
    }

    /// The figures so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            received: self.received,
            lost: self.lost + self.missing(),
            jitter_ms: self.jitter * 1_000.0 / f64::from(RATE),
        }
    }

    fn missing(&self) -> u64 {
        if self.source.is_none() {
            return 0;
        }
        (u64::from(self.highest.wrapping_sub(self.first)) + 1).saturating_sub(self.in_stream)
    }

    fn close_stream(&mut self) {
        self.lost += self.missing();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use std::time::Duration;

    use super::*;

    #[test]
    fn lost_packets_are_counted_over_the_wrap_and_reordered_ones_are_not() {
        let start = Instant::now();
        let mut stats = Stats::default();
        for (nth, sequence) in [65_533_u16, 65_534, 0, 65_535, 3].into_iter().enumerate() {
            let at = start + Duration::from_millis(20 * u64::try_from(nth).unwrap());
            stats.count(7, sequence, 160 * u32::try_from(nth).unwrap(), at);
        }
        let figures = stats.figures();
        assert_eq!((figures.received, figures.lost), (5, 2));
        assert!(figures.jitter_ms < 0.001, "{figures:?}");
    }

    #[test]
    fn another_source_is_another_stream() {
        let start = Instant::now();
        let mut stats = Stats::default();
        stats.count(7, 10, 0, start);
        stats.count(8, 40_000, 0, start);
        stats.count(8, 40_002, 320, start + Duration::from_millis(40));
        assert_eq!(stats.figures().lost, 1);
    }

    #[test]
    fn uneven_arrival_is_jitter() {
        let start = Instant::now();
        let mut stats = Stats::default();
        for nth in 0..200_u16 {
            let late = if nth % 2 == 0 { 0 } else { 8 };
            stats.count(7, nth, 160 * u32::from(nth), start + Duration::from_millis(u64::from(nth) * 20 + late));
        }
        let jitter = stats.figures().jitter_ms;
        assert!((6.0..9.0).contains(&jitter), "{jitter}");
    }
}
