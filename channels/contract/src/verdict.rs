//! Every answer there is about a number, with the facts its words need.
//!
//! Owns the list and its precedence, names and colours. Does not decide (the core's `verify/decide.rs`) and holds no
//! words (`wording`). The enum is exhaustive on purpose: a new verdict must fail to compile in every channel until it
//! has words.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::inquiry::Channel;
use crate::time::{Day, Timestamp};

/// What can be said of a number. Declared in order of precedence: the first that matches is the verdict, the lower red
/// and amber ones become advisories.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What was issued cannot be looked up now; this says nothing about the goods.
    #[n(0)]
    Unavailable,
    /// The form of the number is right, its past cannot be seen now.
    #[n(1)]
    Degraded,
    /// Too many checks by this asker; this says nothing about the goods. A detected guesser hears exactly this.
    #[n(2)]
    RateLimited {
        /// Whole minutes until the next check is answered, at least 1.
        #[n(0)]
        minutes: u32,
    },
    /// Not a number of any length or alphabet in use.
    #[n(3)]
    Malformed {
        /// How many digits or letters were read.
        #[n(0)]
        read: u32,
        /// How many the network's own numbers have.
        #[n(1)]
        expected: u32,
    },
    /// The check digit says that something was mistyped.
    #[n(4)]
    Typo,
    /// A number that is not one unit's: the barcode of a kind of goods.
    #[n(5)]
    NotUnitCode {
        /// What it is instead.
        #[n(0)]
        item: TradeItem,
    },
    /// A proper number of a maker who is not in the network.
    #[n(6)]
    NotCovered,
    /// Never issued, or with a wrong tag: both read the same.
    #[n(7)]
    Unknown,
    /// Known to have been copied or published.
    #[n(8)]
    Compromised,
    /// Reported stolen.
    #[n(9)]
    Stolen,
    /// Recalled by the maker or an authority.
    #[n(10)]
    Recalled {
        /// Why, in the words of the one who recalled.
        #[n(0)]
        reason: Option<String>,
    },
    /// Not allowed on sale: licence revoked, voided, destroyed, sample.
    #[n(11)]
    Withdrawn,
    /// A genuine number past its date: never a sign of counterfeiting.
    #[n(12)]
    Expired {
        /// The last day it was good.
        #[n(0)]
        on: Day,
    },
    /// Issued, not released for sale.
    #[n(13)]
    NotActivated {
        /// Issued so lately that the release may only be late (amber instead of red).
        #[n(0)]
        fresh: bool,
    },
    /// Released, not yet recorded on sale.
    #[n(14)]
    NotYetOnSale {
        /// The first day of sale, where one is set.
        #[n(0)]
        from: Option<Day>,
    },
    /// Checked too far apart in too little time for one article.
    #[n(15)]
    ImpossibleTravel {
        /// The city and time of the check that does not fit.
        #[n(0)]
        elsewhere: Seen,
    },
    /// Recorded as sold before this check, and not to this asker.
    #[n(16)]
    SoldBefore {
        /// When and where it was sold.
        #[n(0)]
        sale: Seen,
    },
    /// Checked by more people than one article meets.
    #[n(17)]
    Overchecked {
        /// Sessions of others.
        #[n(0)]
        times: u32,
        /// The first of them.
        #[n(1)]
        first: Seen,
    },
    /// What the asker reads on the pack is not what the record says.
    #[n(18)]
    DataMismatch {
        /// The lot differs.
        #[n(0)]
        lot: bool,
        /// The expiry date differs.
        #[n(1)]
        expiry: bool,
        /// The GTIN beside the number is not its product's.
        #[n(2)]
        #[cbor(default)]
        product: bool,
    },
    /// The number of a box of several units.
    #[n(19)]
    CartonCode {
        /// How many units it holds.
        #[n(0)]
        holds: u32,
    },
    /// Valid, and checked before by others within what one article meets.
    #[n(20)]
    GenuineSeen {
        /// Earlier sessions.
        #[n(0)]
        times: u32,
        /// The first of them.
        #[n(1)]
        first: Seen,
    },
    /// Valid, and checked before only by this same asker.
    #[n(21)]
    GenuineAgain {
        /// This asker's first check.
        #[n(0)]
        first: Seen,
    },
    /// Valid, never checked before.
    #[n(22)]
    GenuineFirst,
}

/// An earlier event as a shopper may hear of it: never who, only when, where and by which medium.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
pub struct Seen {
    /// When; said to the minute.
    #[n(0)]
    pub at: Timestamp,
    /// The city, if its place was trusted.
    #[n(1)]
    pub city: Option<String>,
    /// The medium, for a check.
    #[n(2)]
    pub channel: Option<Channel>,
}

/// What a number is when it is not one unit's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum TradeItem {
    /// A GTIN: EAN-8, UPC-A, EAN-13, ITF-14, or a GS1 string without a serial number.
    #[n(0)]
    Gtin,
    /// A production or drug licence number.
    #[n(1)]
    Licence,
}

/// The colour of an answer. A colour is never the only sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Nothing is said about the goods.
    #[n(0)]
    Grey,
    /// Vouched for.
    #[n(1)]
    Green,
    /// Look closer.
    #[n(2)]
    Amber,
    /// Beware.
    #[n(3)]
    Red,
}

impl Colour {
    /// The name used in JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grey => "grey",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

macro_rules! kinds {
    ($($variant:ident => $name:literal),+ $(,)?) => {
        /// A verdict without its facts: its name in JSON, metrics, exports and catalogues of words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum VerdictKind {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl VerdictKind {
            /// Every kind, in order of precedence.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The stable id.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl Verdict {
            /// The kind of this verdict.
            #[must_use]
            pub const fn kind(&self) -> VerdictKind {
                match self { $(Self::$variant { .. } => VerdictKind::$variant,)+ }
            }
        }
    };
}

kinds! {
    Unavailable => "unavailable",
    Degraded => "degraded",
    RateLimited => "rate_limited",
    Malformed => "malformed",
    Typo => "typo",
    NotUnitCode => "not_unit_code",
    NotCovered => "not_covered",
    Unknown => "unknown",
    Compromised => "compromised",
    Stolen => "stolen",
    Recalled => "recalled",
    Withdrawn => "withdrawn",
    Expired => "expired",
    NotActivated => "not_activated",
    NotYetOnSale => "not_yet_on_sale",
    ImpossibleTravel => "impossible_travel",
    SoldBefore => "sold_before",
    Overchecked => "overchecked",
    DataMismatch => "data_mismatch",
    CartonCode => "carton_code",
    GenuineSeen => "genuine_seen",
    GenuineAgain => "genuine_again",
    GenuineFirst => "genuine_first",
}

impl Verdict {
    /// The colour of this verdict alone; an answer's is the worst of its verdict and advisories.
    #[must_use]
    pub const fn colour(&self) -> Colour {
        match self {
            Self::Unavailable
            | Self::Degraded
            | Self::RateLimited { .. }
            | Self::Malformed { .. }
            | Self::Typo
            | Self::NotUnitCode { .. }
            | Self::NotCovered => Colour::Grey,
            Self::Unknown
            | Self::Compromised
            | Self::Stolen
            | Self::Recalled { .. }
            | Self::Withdrawn
            | Self::Expired { .. }
            | Self::ImpossibleTravel { .. }
            | Self::SoldBefore { .. }
            | Self::Overchecked { .. } => Colour::Red,
            Self::NotActivated { fresh } => {
                if *fresh {
                    Colour::Amber
                } else {
                    Colour::Red
                }
            }
            Self::NotYetOnSale { .. }
            | Self::DataMismatch { .. }
            | Self::CartonCode { .. }
            | Self::GenuineSeen { .. } => Colour::Amber,
            Self::GenuineAgain { .. } | Self::GenuineFirst => Colour::Green,
        }
    }

    /// Whether this says that the maker vouches for the unit.
    #[must_use]
    pub const fn is_genuine(&self) -> bool {
        matches!(self, Self::GenuineSeen { .. } | Self::GenuineAgain { .. } | Self::GenuineFirst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_order_of_precedence_and_have_distinct_names() {
        let names: std::collections::BTreeSet<&str> = VerdictKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), VerdictKind::ALL.len());
        assert!(VerdictKind::ALL.is_sorted());
        assert_eq!(Verdict::GenuineFirst.kind().name(), "genuine_first");
    }
}
