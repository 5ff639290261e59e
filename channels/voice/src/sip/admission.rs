//! Who is let through to the SIP stack, and how often: trunks by their addresses, strangers not at all or sparingly.
//!
//! Asked for every datagram and connection before anything is parsed. What is refused here gets no answer: a scanner
//! learns nothing, and costs a hash and a comparison.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use net::Range;

/// The most addresses that have a bucket of their own; those beyond share one.
const MOST: usize = 4_096;

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The addresses of each trunk, in the order of the configuration.
    pub trunks: Vec<Vec<Range>>,
    /// Whether others may call.
    pub strangers: bool,
    /// Messages per second and address for others, and how many at once.
    pub rate: u32,
    /// At once.
    pub burst: u32,
}

/// Who sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The trunk of this place in the configuration.
    Trunk(usize),
    /// Somebody else who may call.
    Stranger,
}

/// What was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// From addresses that may not call.
    pub strangers: u64,
    /// Beyond an address's rate.
    pub floods: u64,
}

/// The door's keeper.
#[derive(Debug)]
pub struct Admission {
    rules: Rules,
    buckets: HashMap<u128, Bucket>,
    others: Bucket,
    dropped: Dropped,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, rules: &Rules, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + since * f64::from(rules.rate)).min(f64::from(rules.burst));
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

impl Admission {
    /// With every bucket full.
    #[must_use]
    pub fn new(rules: Rules, now: Instant) -> Self {
        let others = Bucket { tokens: f64::from(rules.burst), at: now };
        Self { rules, buckets: HashMap::new(), others, dropped: Dropped::default() }
    }

    /// The trunk that an address belongs to.
    #[must_use]
    pub fn trunk(&self, address: IpAddr) -> Option<usize> {
        self.rules.trunks.iter().position(|ranges| ranges.iter().any(|range| range.holds(address)))
    }

    /// Whether a message from this address goes through.
    pub fn admit(&mut self, address: IpAddr, now: Instant) -> Option<Sender> {
        if let Some(trunk) = self.trunk(address) {
            return Some(Sender::Trunk(trunk));
        }
        if !self.rules.strangers {
            self.dropped.strangers += 1;
            return None;
        }
        let key = counted(address);
        if !self.buckets.contains_key(&key) && self.buckets.len() >= MOST {
            self.forget(now);
        }
        let room = self.buckets.len() < MOST;
        let full = Bucket { tokens: f64::from(self.rules.burst), at: now };
        let bucket = match self.buckets.get_mut(&key) {
            Some(bucket) => bucket,
            None if room => self.buckets.entry(key).or_insert(full),
            None => &mut self.others,
        };
        if bucket.take(&self.rules, now) {
            return Some(Sender::Stranger);
        }
        self.dropped.floods += 1;
        None
    }

    /// What was dropped since the program came up.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Forgets the addresses whose buckets are full again.
    fn forget(&mut self, now: Instant) {
        let refill = Duration::from_secs_f64(f64::from(self.rules.burst) / f64::from(self.rules.rate.max(1)));
        self.buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < refill);
    }
}

/// An IPv6 address counts by its /64, the smallest network a subscriber is given.
fn counted(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & (u128::MAX << 64),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn rules(strangers: bool) -> Rules {
        let ranges = |texts: &[&str]| texts.iter().map(|text| Range::parse(text).unwrap()).collect();
        Rules {
            trunks: vec![ranges(&["192.0.2.0/24", "2001:db8::/32"]), ranges(&["198.51.100.7"])],
            strangers,
            rate: 10,
            burst: 20,
        }
    }

    #[test]
    fn trunks_are_known_and_strangers_are_not_let_in() {
        let now = Instant::now();
        let mut admission = Admission::new(rules(false), now);
        for _ in 0..1_000 {
            assert_eq!(admission.admit(ip("192.0.2.77"), now), Some(Sender::Trunk(0)));
        }
        assert_eq!(admission.admit(ip("198.51.100.7"), now), Some(Sender::Trunk(1)));
        assert_eq!(admission.admit(ip("198.51.100.8"), now), None);
        assert_eq!(admission.dropped(), Dropped { strangers: 1, floods: 0 });
    }

    #[test]
    fn a_stranger_s_flood_is_its_own_and_ends() {
        let now = Instant::now();
        let mut admission = Admission::new(rules(true), now);
        let let_in = (0..100).filter(|_| admission.admit(ip("203.0.113.1"), now).is_some()).count();
        assert_eq!(let_in, 20);
        assert_eq!(admission.admit(ip("203.0.113.2"), now), Some(Sender::Stranger), "another address");
        let later = now + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| admission.admit(ip("203.0.113.1"), later).is_some()).count(), 10);
        assert_eq!(admission.dropped().floods, 170);
    }

    #[test]
    fn a_flood_from_everywhere_takes_no_memory() {
        let now = Instant::now();
        let mut admission = Admission::new(rules(true), now);
        for nth in 0..20_000_u32 {
            admission.admit(IpAddr::from(std::net::Ipv4Addr::from_bits(0x0A00_0000 + nth)), now);
        }
        assert_eq!(admission.buckets.len(), MOST);
        let later = now + Duration::from_secs(10);
        assert_eq!(admission.admit(ip("203.0.113.1"), later), Some(Sender::Stranger));
        assert_eq!(admission.buckets.len(), 1);
    }
}
