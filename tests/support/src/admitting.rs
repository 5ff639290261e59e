//! A million askers before the admission alone: what the bench of the guard and the one of a single check measure.
//!
//! Asks and takes in what came of it, as the gateway does for each check; measures nothing.

use contract::{Channel, Timestamp};
use verigate::verify::admit::{Admission, Admitted, AskerKind, Asking, Outcome, Quotas, Sight};
use verigate::verify::history::AskerHash;

/// How many there are.
pub const ASKERS: u64 = 1_000_000;

/// An admission that remembers as many askers as there are.
#[derive(Debug)]
pub struct Admitting(Admission);

impl Admitting {
    /// Knows nobody yet.
    ///
    /// # Errors
    /// Where the section `[quotas]` no longer takes this.
    pub fn new() -> anyhow::Result<Self> {
        let quotas: Quotas = serde_json::from_value(serde_json::json!({ "askers": ASKERS }))?;
        Ok(Self(Admission::new(quotas, std::sync::Arc::default())))
    }

    /// Each asker asks about its first two numbers: one in thirty meets an unknown number, one in three hundred two.
    pub fn fill(&self, start: Timestamp) {
        for number in 0..2 {
            for n in 0..ASKERS {
                let second = i64::try_from(n / 1_000).unwrap_or(0);
                std::hint::black_box(self.ask(n, number, Timestamp(start.as_millis() + second)));
            }
        }
    }

    /// The asker `n` asks about its number `number`.
    pub fn ask(&self, n: u64, number: u32, now: Timestamp) -> Admitted {
        let who = Asking {
            asker: AskerHash { current: n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29), previous: None },
            kind: AskerKind::Person,
            channel: Channel::Sms,
            origin: None,
        };
        let sight = match (n % 30, n % 300, number) {
            (0, _, 0) | (_, 0, _) => Sight::Unknown,
            _ => Sight::Known,
        };
        let place = number.wrapping_mul(1_000).wrapping_add(u32::try_from(n % 1_000_000).unwrap_or(0)).max(1);
        let outcome = Outcome { number: place, place, sight, product: None };
        let admitted = self.0.admit(&who, 1, now);
        drop(self.0.learned(&who, std::slice::from_ref(&outcome), now));
        admitted
    }
}
