//! Who asks: the raw identity, and what a registration says of it.
//!
//! Owns what a channel may say of an asker. Hashes nothing and keeps nothing: that is the core's.

use std::fmt;
use std::net::IpAddr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The raw identity; the core keeps only a keyed hash of it.
    pub identity: Identity,
    /// What the asker does for a living, from a registration and never from a claim.
    pub role: Role,
    /// The network address that it asks from, where the medium shows one besides the identity: for the quota of that
    /// network alone, never kept.
    pub network: Option<IpAddr>,
}

impl Asker {
    /// One that shows no network but what its identity may be.
    #[must_use]
    pub const fn new(identity: Identity, role: Role) -> Self {
        Self { identity, role, network: None }
    }

    /// The same, asking from this address.
    #[must_use]
    pub fn from_address(self, address: IpAddr) -> Self {
        Self { network: Some(address), ..self }
    }

    /// The address that it asks from, if there is one.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self.identity {
            Identity::Network(address) => Some(address),
            Identity::Phone(_)
            | Identity::Cookie(_)
            | Identity::Client(_)
            | Identity::Terminal(_)
            | Identity::Unknown => self.network,
        }
    }
}

/// A raw identity as the channel knows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Identity {
    /// A telephone number in E.164 without the plus sign: the same asker by SMS and by voice.
    Phone(String),
    /// A cookie that we gave out.
    Cookie(String),
    /// A program or shop registered in the configuration, by its name.
    Client(String),
    /// A mall terminal, by its registered name.
    Terminal(String),
    /// Only a network address is known. IPv6 counts by its /64.
    Network(IpAddr),
    /// Nothing is known (a withheld number): every such inquiry is its own asker, told apart by its id.
    Unknown,
}

impl fmt::Debug for Identity {
    /// The kind alone: a raw identity is never written to a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phone(_) => "Phone(…)",
            Self::Cookie(_) => "Cookie(…)",
            Self::Client(_) => "Client(…)",
            Self::Terminal(_) => "Terminal(…)",
            Self::Network(_) => "Network(…)",
            Self::Unknown => "Unknown",
        })
    }
}

impl Identity {
    /// Whether one person or one business stands behind it, who can be told "you asked before". An address is shared by
    /// a household or a mobile network, a terminal by a mall.
    #[must_use]
    pub const fn is_you(&self) -> bool {
        match self {
            Self::Phone(_) | Self::Cookie(_) | Self::Client(_) => true,
            Self::Terminal(_) | Self::Network(_) | Self::Unknown => false,
        }
    }
}

/// What the asker does, from a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Anyone.
    #[default]
    #[n(0)]
    Shopper,
    /// A shop, wholesaler or till: checks when buying in are legitimate repeats and do not count.
    #[n(1)]
    Trade,
    /// An enforcement officer: checks do not count.
    #[n(2)]
    Inspector,
    /// The maker: checks do not count.
    #[n(3)]
    Maker,
}

impl Role {
    /// Whether this asker's checks count in a number's history.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Shopper)
    }
}
