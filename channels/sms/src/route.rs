//! The way back of a reply, as the core keeps it for us: at most 512 bytes, encrypted there.
//!
//! Everything that a process which comes up after a crash needs to send a reply it never heard of. Fields are only ever
//! added.

use contract::ReturnRoute;
use minicbor::{Decode, Encode};

use crate::message::Address;
use crate::reading::Memory;
use crate::wire::Carrier;

/// The most bytes of a route.
const MOST: usize = 512;

/// The way back of one reply.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Route {
    /// The link that the text came by.
    #[n(0)]
    pub link: String,
    /// Its group.
    #[n(1)]
    pub group: String,
    /// Who sent the text.
    #[n(2)]
    pub handset: Address,
    /// The number that was texted.
    #[n(3)]
    pub number: Address,
    /// The service of the text.
    #[n(4)]
    pub service_type: String,
    /// The PDU that the reply goes out in: 0 `deliver_sm`, 1 `submit_sm`, 2 `data_sm`.
    #[n(5)]
    pub form: u8,
    /// What the words of the reply need.
    #[n(6)]
    pub memory: Memory,
}

impl Route {
    /// As the core takes it; `None` where it would be too long, which no text that was read comes to.
    #[must_use]
    pub fn encode(&self) -> Option<ReturnRoute> {
        let bytes = minicbor::to_vec(self).ok()?;
        (bytes.len() <= MOST).then_some(ReturnRoute(bytes))
    }

    /// From what the core kept.
    ///
    /// # Errors
    /// What is no route of ours.
    pub fn decode(route: &ReturnRoute) -> Result<Self, minicbor::decode::Error> {
        minicbor::decode(&route.0)
    }

    /// The PDU that the reply goes out in.
    #[must_use]
    pub const fn carrier(&self) -> Carrier {
        match self.form {
            1 => Carrier::Submit,
            2 => Carrier::Data,
            _ => Carrier::Deliver,
        }
    }
}

/// The PDU that answers a text which came in this one, as [`Route::form`] has it.
#[must_use]
pub const fn fitting(came_in: Carrier) -> u8 {
    match came_in {
        Carrier::Submit => 0,
        Carrier::Deliver => 1,
        Carrier::Data => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(length: usize) -> Address {
        Address { text: "8".repeat(length), ton: 1, npi: 1 }
    }

    #[test]
    fn the_longest_route_fits_and_comes_back() {
        let route = Route {
            link: "l".repeat(64),
            group: "g".repeat(64),
            handset: address(crate::message::MOST_ADDRESS),
            number: address(crate::message::MOST_ADDRESS),
            service_type: "CMT".to_owned(),
            form: fitting(Carrier::Deliver),
            memory: Memory { tails: vec!["12345".to_owned(); 16], more: u32::MAX, ..Memory::default() },
        };
        let kept = route.encode().unwrap();
        assert_eq!(Route::decode(&kept).unwrap(), route);
        assert_eq!(route.carrier(), Carrier::Submit);
    }
}
