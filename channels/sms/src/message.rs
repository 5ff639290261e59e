//! Short messages as every dialect carries them: what comes from a handset, what goes to one, what became of it.
//!
//! Owns the types between the links (wire, session, run) and the texts (text, reading, render). Knows no protocol: SMPP
//! is the first dialect, and its numbers stay in `wire`. Holds octets as they came; what they mean is for `text`.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use contract::{Position, Timestamp};
use minicbor::{Decode, Encode};

/// The longest address kept, in octets. Carriers send up to 21 where 20 are allowed.
pub const MOST_ADDRESS: usize = 32;

/// Type of number (GSM 04.11 §8.2.5.2): a word in place of digits.
pub const TON_ALPHANUMERIC: u8 = 5;

/// Type of number: special to the network, as short numbers are.
pub const TON_NETWORK: u8 = 3;

/// Type of number: abbreviated, a short number.
pub const TON_ABBREVIATED: u8 = 6;

/// Type of number: international, digits begin with the country.
pub const TON_INTERNATIONAL: u8 = 1;

/// A number or name on a carrier's network.
#[derive(Clone, PartialEq, Eq, Hash, Default, Encode, Decode)]
pub struct Address {
    /// As it came: digits, perhaps with a plus sign, or a name.
    #[n(0)]
    pub text: String,
    /// Type of number.
    #[n(1)]
    pub ton: u8,
    /// Numbering plan.
    #[n(2)]
    pub npi: u8,
}

impl fmt::Debug for Address {
    /// Its kind and length alone: a number is never written to a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address(ton {}, npi {}, {} characters)", self.ton, self.npi, self.text.chars().count())
    }
}

impl Address {
    /// The digits, where it is a number: a plus sign in front goes, anything else makes it a name.
    #[must_use]
    pub fn digits(&self) -> Option<&str> {
        let digits = self.text.strip_prefix('+').unwrap_or(&self.text);
        let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        (all && self.ton != TON_ALPHANUMERIC).then_some(digits)
    }

    /// The number in E.164, by [`contract::phone::e164`]; `None` for a name and for a short number.
    #[must_use]
    pub fn e164(&self, country: &str) -> Option<String> {
        let short = matches!(self.ton, TON_NETWORK | TON_ABBREVIATED);
        self.digits().filter(|_| !short)?;
        contract::phone::e164(&self.text, self.ton == TON_INTERNATIONAL, country)
    }
}

/// A link by its name in the configuration, and the group whose links reach the same subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// The link.
    pub name: Arc<str>,
    /// Its group; parts of one text and retransmissions may come by any link of a group, and replies leave by any.
    pub group: Arc<str>,
}

/// Where a part stands in a long message, as the carrier says it outside the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sar {
    /// The same in all parts of one message of one sender.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub part: u8,
}

/// An optional parameter that came along, kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlv {
    /// Its tag.
    pub tag: u16,
    /// Its octets.
    pub value: Bytes,
}

/// What a message from the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoKind {
    /// A text of a subscriber's.
    Text,
    /// An acknowledgement that a handset or its user made (delivery, manual, conversation abort): nobody waits for an
    /// answer to it.
    Acknowledgement,
}

/// One short message from a handset: a whole text or one part of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mo {
    /// The link it came by.
    pub link: Link,
    /// The handset.
    pub from: Address,
    /// The number texted.
    pub to: Address,
    /// What it is.
    pub kind: MoKind,
    /// The coding scheme (GSM 03.38 §4 in SMPP); what its zero means differs by link.
    pub data_coding: u8,
    /// The octets, user data header included.
    pub body: Bytes,
    /// The body begins with a user data header (GSM 03.40 §9.2.3.24).
    pub udh: bool,
    /// Where it stands in a long message, if that is said outside the body.
    pub sar: Option<Sar>,
    /// The service it is accounted under; goes back in the reply.
    pub service_type: String,
    /// What the sender's side gave it to tell it from others, if anything: a retransmission has the same.
    pub reference: Option<Bytes>,
    /// What else came along.
    pub tlvs: Vec<Tlv>,
}

impl fmt::Debug for Mo {
    /// Without its words: they may hold a number of somebody's goods, or anything at all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mo")
            .field("link", &self.link.name)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("kind", &self.kind)
            .field("data_coding", &self.data_coding)
            .field("octets", &self.body.len())
            .field("udh", &self.udh)
            .field("sar", &self.sar)
            .finish_non_exhaustive()
    }
}

/// What became of a message that we sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// On its way; another report follows.
    Pending,
    /// On the handset.
    Delivered,
    /// Its validity ended first.
    Expired,
    /// Never to arrive: refused, deleted, undeliverable.
    Failed,
    /// The carrier does not know.
    Unknown,
}

/// Where a report was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportSource {
    /// Optional parameters.
    Tlv,
    /// The text of the message (SMPP 3.4 appendix B).
    Text,
}

/// A carrier's report on a message that we sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// The link it came by.
    pub link: Link,
    /// The message's id as it is written there: carriers write one id in several ways.
    pub id: String,
    /// What became of it.
    pub state: DeliveryState,
    /// The carrier's own error code, if it gave one.
    pub error: Option<String>,
    /// Where it was read from.
    pub source: ReportSource,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("link", &self.link.name)
            .field("id", &self.id)
            .field("state", &self.state)
            .field("error", &self.error)
            .field("source", &self.source)
            .finish()
    }
}

/// What a link brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A message from a handset.
    Mo(Mo),
    /// A report on one of ours.
    Report(Report),
}

/// One short message to be sent: coding and octets belong together and are made together.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment {
    /// The coding scheme of the payload.
    pub data_coding: u8,
    /// The user data header with its length octet; empty where there is none.
    pub udh: Bytes,
    /// The octets behind it.
    pub payload: Bytes,
    /// Its place in a long text, where that is said beside the body and not by a header.
    pub sar: Option<Sar>,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("data_coding", &self.data_coding)
            .field("udh", &self.udh)
            .field("octets", &self.payload.len())
            .field("sar", &self.sar)
            .finish()
    }
}

/// When the carrier is to report on a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipting {
    /// Never: what the carrier took is settled.
    #[default]
    Never,
    /// When it could not be delivered.
    OnFailure,
    /// Always.
    Always,
}

/// A reply on its way to the handset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The owed reply that it settles; `None` for what is owed to nobody (an operator's own text).
    pub owed: Option<Position>,
    /// The handset.
    pub to: Address,
    /// The number that was texted, which the reply comes from.
    pub from: Address,
    /// The text, in order; never empty.
    pub segments: Vec<Segment>,
    /// As it came with the text.
    pub service_type: String,
    /// Whether to ask for a report.
    pub receipting: Receipting,
    /// After this it is of no use and is not sent.
    pub valid_until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, ton: u8) -> Address {
        Address { text: text.to_owned(), ton, npi: 1 }
    }

    #[test]
    fn a_handset_is_one_asker_however_its_number_is_written() {
        for (text, ton) in [
            ("8613800138000", 1),
            ("+8613800138000", 1),
            ("13800138000", 2),
            ("013800138000", 0),
            ("8613800138000", 0),
            ("008613800138000", 0),
        ] {
            assert_eq!(address(text, ton).e164("86").as_deref(), Some("8613800138000"), "{text} ton {ton}");
        }
    }

    #[test]
    fn names_and_short_numbers_are_nobody_s_handset() {
        for (text, ton) in [("CMCC", 5), ("12365", 3), ("10086", 0), ("", 0), ("12345678", 5), ("+", 1)] {
            assert_eq!(address(text, ton).e164("86"), None, "{text} ton {ton}");
        }
    }

    #[test]
    fn a_number_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", address("8613800138000", 1)), "Address(ton 1, npi 1, 13 characters)");
    }
}
