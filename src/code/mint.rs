//! The keyed tag: what makes a number one that its maker alone could have printed.
//!
//! Owns keys and tags. Does not know which serials were issued (the index), nor how digits are laid out (`layout`).
//!
//! A tag is HMAC-SHA-256 over layout, resource and serial under a key of its own for each layout, resource and epoch,
//! so that a key that leaks burns one product's epoch and nothing else. The MAC is brought down to decimal digits as
//! RFC 4226 §5.3 does it, but from 64 bits instead of 31: reduced modulo 10^5 those 31 bits would favour some tags by
//! one part in 2^14, and they cannot fill more than 9 digits at all; from 64 bits the bias is below 2^-47.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use moka::sync::Cache;
use sha2::Sha256;

use super::layout::Layout;
use crate::secret::Secret;

/// Keys that are kept ready: one for each product and epoch lately asked about, at about 0.5 KB.
const READY: u64 = 16_384;
/// Opens every MAC, so that no other use of HMAC under the same key could ever yield a tag.
const DOMAIN: &[u8] = b"verigate product tag, version 1";
/// The purpose of the derived keys.
const LABEL: &str = "verigate product tag key";

/// Computes tags under keys derived from the master key.
pub(super) struct Mint {
    master: Secret,
    /// Deriving costs several times what a tag costs, so the keyed states are kept.
    ready: Cache<(u8, u64, u32), Arc<Hmac<Sha256>>>,
}

impl Mint {
    pub(super) fn new(master: Secret) -> Self {
        Self { master, ready: Cache::new(READY) }
    }

    /// The tag of one serial, below the layout's [`Layout::tags`].
    pub(super) fn tag(&self, layout: &Layout, resource: u64, epoch: u32, serial: u64) -> u64 {
        let keyed = self.keyed(layout.id(), resource, epoch);
        let mut mac = keyed.as_ref().clone();
        mac.update(DOMAIN);
        mac.update(&[layout.id()]);
        mac.update(&resource.to_be_bytes());
        mac.update(&serial.to_be_bytes());
        reduce(&mac.finalize().into_bytes().into(), layout.tags())
    }

    fn keyed(&self, layout: u8, resource: u64, epoch: u32) -> Arc<Hmac<Sha256>> {
        let owner = (layout, resource, epoch);
        if let Some(keyed) = self.ready.get(&owner) {
            return keyed;
        }
        let mut context = Vec::with_capacity(13);
        context.push(layout);
        context.extend_from_slice(&resource.to_be_bytes());
        context.extend_from_slice(&epoch.to_be_bytes());
        let key = self.master.derive(LABEL, &context);
        let keyed = Arc::new(Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length"));
        self.ready.insert(owner, Arc::clone(&keyed));
        keyed
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint(…)")
    }
}

/// RFC 4226 §5.3 with 64 bits: the low four bits of the last byte say where the eight bytes begin (15 + 8 <= 32).
fn reduce(mac: &[u8; 32], tags: u64) -> u64 {
    let offset = usize::from(mac[31] & 0x0f);
    let value = mac.iter().skip(offset).take(8).fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    value % tags.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::layout::Layouts;

    #[test]
    fn a_tag_differs_by_every_thing_it_is_made_of() {
        let layouts = Layouts::default();
        let own = layouts.with_id(1).unwrap();
        let mint = Mint::new(Secret::from_bytes([7; 32]));
        let tag = mint.tag(own, 1_234_567, 1, 42);
        assert_eq!(tag, mint.tag(own, 1_234_567, 1, 42), "it is the same each time");
        assert_ne!(tag, mint.tag(own, 1_234_567, 1, 43));
        assert_ne!(tag, mint.tag(own, 1_234_568, 1, 42));
        assert_ne!(tag, mint.tag(own, 1_234_567, 2, 42));
        assert_ne!(tag, Mint::new(Secret::from_bytes([8; 32])).tag(own, 1_234_567, 1, 42));
    }

    #[test]
    fn the_reduction_begins_where_the_last_nibble_says() {
        let mut mac = [0_u8; 32];
        mac[22] = 7;
        mac[31] = 0xff;
        assert_eq!(reduce(&mac, 100), 7, "bytes 15 to 22 end in 7");
        mac[31] = 0xf0;
        assert_eq!(reduce(&mac, 100), 0, "bytes 0 to 7 are zero");
    }
}
