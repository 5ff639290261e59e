//! The keyed tag: what makes a number one that its maker alone could have printed.
//!
//! Owns keys and tags. Does not know which serials were issued (the index), nor how digits are laid out (`layout`).
//!
//! A tag is HMAC-SHA-256 over layout, resource and serial under a key of its own for each layout, resource and epoch,
//! so that a key that leaks burns one product's epoch and nothing else. The MAC is brought down to decimal digits as
//! RFC 4226 §5.3 does it, but from 64 bits instead of 31: reduced modulo 10^5 those 31 bits would favour some tags by
//! one part in 2^14, and they cannot fill more than 9 digits at all; from 64 bits the bias is below 2^-47.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::layout::Layout;
use crate::secret::{Purpose, Secret};

/// Keys that are kept ready, by the highest bits of a hash: 16,384 of them, some 4 MB in all where so many products are
/// asked about.
const READY_BITS: u32 = 14;
/// Opens every MAC, so that no other use of HMAC under the same key could ever yield a tag.
const DOMAIN: &[u8] = b"verigate product tag, version 1";
/// The purpose of the derived keys.
const LABEL: &str = "verigate product tag key";

/// Computes tags under keys derived from the master key.
pub(super) struct Mint {
    keys: Purpose,
    /// Deriving costs as much again as the tag, so the keyed states of what was lately asked about are kept. Each has one
    /// place; another one of that place takes it. A cache that knows which was used last costs more than it saves.
    ready: Vec<Mutex<Option<Box<Keyed>>>>,
}

/// A key made ready.
struct Keyed {
    owner: (u8, u64, u32),
    mac: Hmac<Sha256>,
}

impl Mint {
    pub(super) fn new(master: &Secret) -> Self {
        Self { keys: master.purpose(LABEL), ready: (0..1 << READY_BITS).map(|_| Mutex::default()).collect() }
    }

    /// The tag of one serial, below the layout's [`Layout::tags`].
    pub(super) fn tag(&self, layout: &Layout, resource: u64, epoch: u32, serial: u64) -> u64 {
        let mut mac = self.keyed((layout.id(), resource, epoch));
        mac.update(DOMAIN);
        mac.update(&[layout.id()]);
        mac.update(&resource.to_be_bytes());
        mac.update(&serial.to_be_bytes());
        reduce(&mac.finalize().into_bytes().into(), layout.tags())
    }

    fn keyed(&self, owner: (u8, u64, u32)) -> Hmac<Sha256> {
        let Some(place) = self.ready.get(place(owner)) else { return self.derived(owner) };
        let mut ready = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keyed) = ready.as_ref().filter(|keyed| keyed.owner == owner) {
            return keyed.mac.clone();
        }
        let mac = self.derived(owner);
        *ready = Some(Box::new(Keyed { owner, mac: mac.clone() }));
        mac
    }

    fn derived(&self, (layout, resource, epoch): (u8, u64, u32)) -> Hmac<Sha256> {
        let mut context = [layout; 13];
        let rest = resource.to_be_bytes().into_iter().chain(epoch.to_be_bytes());
        context.iter_mut().skip(1).zip(rest).for_each(|(to, from)| *to = from);
        let key = self.keys.key(&context);
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length")
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint(…)")
    }
}

/// Where a key that is ready lies: resources, which often follow one another, are spread by the highest bits (Fibonacci
/// hashing).
fn place((layout, resource, epoch): (u8, u64, u32)) -> usize {
    let owner = resource ^ u64::from(layout) << 56 ^ u64::from(epoch) << 40;
    usize::try_from(owner.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - READY_BITS)).unwrap_or(0)
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
        let mint = Mint::new(&Secret::from_bytes([7; 32]));
        let tag = mint.tag(own, 1_234_567, 1, 42);
        assert_eq!(tag, mint.tag(own, 1_234_567, 1, 42), "it is the same each time");
        assert_ne!(tag, mint.tag(own, 1_234_567, 1, 43));
        assert_ne!(tag, mint.tag(own, 1_234_568, 1, 42));
        assert_ne!(tag, mint.tag(own, 1_234_567, 2, 42));
        assert_ne!(tag, Mint::new(&Secret::from_bytes([8; 32])).tag(own, 1_234_567, 1, 42));
    }

    #[test]
    fn a_tag_is_the_same_however_many_others_were_asked_about_meanwhile() {
        let layouts = Layouts::default();
        let own = layouts.with_id(1).unwrap();
        let mint = Mint::new(&Secret::from_bytes([7; 32]));
        let tags = |mint: &Mint| -> Vec<u64> { (0..20_000).map(|resource| mint.tag(own, resource, 1, 42)).collect() };
        let first = tags(&mint);
        assert_eq!(tags(&mint), first);
        let fresh = Mint::new(&Secret::from_bytes([7; 32]));
        assert!((0..20_000).step_by(997).all(|at| fresh.tag(own, at, 1, 42) == first[usize::try_from(at).unwrap()]));
    }

    #[test]
    fn owners_of_keys_that_follow_one_another_are_spread_over_all_places() {
        let spread = |owner: fn(u8) -> (u8, u64, u32)| {
            let places: std::collections::HashSet<usize> = (0..100).map(|n| place(owner(n))).collect();
            assert!(places.iter().all(|place| *place < 1 << READY_BITS));
            assert!(places.len() > 90, "{} places for 100", places.len());
        };
        spread(|n| (1, 4_000 + u64::from(n), 1));
        spread(|n| (n, 4_000, 1));
        spread(|n| (1, 4_000, u32::from(n)));
    }

    #[test]
    fn the_keys_of_a_mint_are_not_shown() {
        assert_eq!(format!("{:?}", Mint::new(&Secret::from_bytes([7; 32]))), "Mint(…)");
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
