//! Who holds how many of a listener's connections.
//!
//! Pure bookkeeping under a lock that is never held across a wait. Says nothing on the wire.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use contract::signal::{ConnectionsChanged, Signal};

use crate::config::Limits;

/// The places for connections at one listener.
#[derive(Debug)]
pub(crate) struct Places {
    listener: &'static str,
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    open: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    pub(crate) fn new(listener: &'static str, limits: Limits) -> Arc<Self> {
        Arc::new(Self { listener, limits, taken: Mutex::default() })
    }

    /// A place for one more connection of this address, `None` where a limit is reached.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = counted(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.open >= self.limits.connections {
            return None;
        }
        let here = taken.by_address.entry(address).or_default();
        if *here >= self.limits.connections_per_address {
            return None;
        }
        *here += 1;
        taken.open += 1;
        ConnectionsChanged { listener: self.listener, open: taken.open }.emit();
        Some(Place { places: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.open = taken.open.saturating_sub(1);
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        ConnectionsChanged { listener: self.places.listener, open: taken.open }.emit();
    }
}

/// An IPv6 address counts by its /64, a mapped IPv4 address as itself.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: u32, connections_per_address: u32) -> Arc<Places> {
        Places::new("test", Limits { connections, connections_per_address, ..Limits::default() })
    }

    #[test]
    fn an_address_gets_its_share_and_no_more_until_one_is_given_back() {
        let places = places(10, 2);
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        let first = places.take(here).unwrap();
        let _second = places.take(here).unwrap();
        assert!(places.take(here).is_none());
        assert!(places.take("::ffff:192.0.2.1".parse().unwrap()).is_none(), "the mapped address is the same one");
        assert!(places.take("192.0.2.2".parse().unwrap()).is_some());
        drop(first);
        assert!(places.take(here).is_some());
    }

    #[test]
    fn neighbours_within_a_64_share_one_count() {
        let places = places(10, 1);
        let _held = places.take("2001:db8::1".parse().unwrap()).unwrap();
        assert!(places.take("2001:db8::ffff".parse().unwrap()).is_none());
        assert!(places.take("2001:db8:0:1::1".parse().unwrap()).is_some());
    }

    #[test]
    fn the_whole_listener_has_a_limit_and_forgets_addresses_that_left() {
        let places = places(2, 2);
        let held: Vec<Place> =
            ["192.0.2.1", "192.0.2.2"].iter().map(|a| places.take(a.parse().unwrap()).unwrap()).collect();
        assert!(places.take("192.0.2.3".parse().unwrap()).is_none());
        drop(held);
        assert!(places.taken.lock().unwrap().by_address.is_empty());
        assert_eq!(places.taken.lock().unwrap().open, 0);
    }
}
