//! Minting receipts: the running count of receipted answers under a keyed permutation.
//!
//! A receipt is an epoch digit, ten digits and a check digit. The ten are the count modulo 10^10 through a Feistel
//! network over two halves of five digits, keyed from the master key: neighbours look unrelated, the way back needs no
//! index, and a guess hits with the odds of receipts given out over 10^10. The epoch is the count's higher part modulo 10.
//!
//! A round's function is SHA-256 over the key and a text of fixed length that fits into one block with it: every answer
//! pays for ten of them in the one thread that settles. HMAC would cost four blocks a round and guards against texts that
//! are lengthened, which these cannot be.

use contract::Receipt;
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// Each half has five decimal digits.
const HALF: u64 = 100_000;
/// Counts per epoch.
const EPOCH: u64 = HALF * HALF;
/// Ten rounds: as many as FF1 (NIST SP 800-38G) takes for its own Feistel network.
const ROUNDS: u8 = 10;

/// The permutation of one ledger.
#[derive(Debug, Clone)]
pub struct Receipts {
    key: Secret,
}

impl Receipts {
    /// From the master key.
    #[must_use]
    pub fn new(master: &Secret) -> Self {
        Self { key: master.derive("verigate receipt 1", b"") }
    }

    /// The receipt of the n-th receipted answer, from 1.
    ///
    /// # Panics
    /// Never: the body has eleven digits.
    #[must_use]
    pub fn of(&self, nth: u64) -> Receipt {
        let (epoch, count) = (nth / EPOCH % 10, nth % EPOCH);
        let (mut left, mut right) = (count / HALF, count % HALF);
        for round in 0..ROUNDS {
            (left, right) = (right, (left + self.round(epoch, round, right)) % HALF);
        }
        Receipt::from_body(epoch * EPOCH + left * HALF + right)
            .expect("an epoch digit and two halves of five are eleven digits")
    }

    /// Which answer it was given for, if `given` were given so far; `None` for one that was never given.
    #[must_use]
    pub fn nth(&self, receipt: Receipt, given: u64) -> Option<u64> {
        let (epoch, body) = (receipt.body() / EPOCH, receipt.body() % EPOCH);
        let (mut left, mut right) = (body / HALF, body % HALF);
        for round in (0..ROUNDS).rev() {
            (left, right) = ((right + HALF - self.round(epoch, round, left)) % HALF, left);
        }
        let count = left * HALF + right;
        // The epoch digit comes round every ten epochs; the latest that was given is meant.
        let cycle = EPOCH * 10;
        let within = epoch * EPOCH + count;
        let latest = given / cycle * cycle + within;
        let nth = if latest <= given { latest } else { latest.checked_sub(cycle)? };
        (nth > 0).then_some(nth)
    }

    fn round(&self, epoch: u64, round: u8, half: u64) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.key.expose());
        hasher.update([round]);
        hasher.update(epoch.to_be_bytes());
        hasher.update(half.to_be_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        // 64 bits modulo 10^5: the bias is below 10^-14.
        digest.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte)) % HALF
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_receipt_leads_back_to_its_answer(nth in 1_u64..EPOCH * 25) {
            let receipts = Receipts::new(&Secret::from_bytes([1; 32]));
            let receipt = receipts.of(nth);
            prop_assert_eq!(receipt.to_string().len(), 12);
            prop_assert_eq!(receipts.nth(receipt, nth), Some(nth));
            prop_assert_eq!(receipts.nth(receipt, nth + 1_000), Some(nth));
            prop_assert!(receipts.nth(receipt, nth - 1) != Some(nth), "one not given yet leads nowhere");
        }
    }

    #[test]
    fn neighbours_look_unrelated_and_never_meet() {
        let receipts = Receipts::new(&Secret::from_bytes([2; 32]));
        let given: std::collections::BTreeSet<u64> = (1..2_000).map(|nth| receipts.of(nth).value()).collect();
        assert_eq!(given.len(), 1_999);
        let (least, most) = (given.first().unwrap(), given.last().unwrap());
        assert!(most - least > 90_000_000_000, "two thousand receipts spread over the whole range");
        let other = Receipts::new(&Secret::from_bytes([3; 32]));
        assert_ne!(receipts.of(1), other.of(1));
    }
}
