//! Short messages of SMPP as the messages of every dialect: texts, receipts, and replies back.
//!
//! Owns the reading of `esm_class`, of receipts in both their forms, and the making of a PDU for a segment. Does not match
//! a receipt to what it is about.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::command::Carrier;
use super::pdu::{MOST_SHORT, ShortMessage};
use super::tlv;
use crate::message::{
    Address, DeliveryState, Incoming, Link, Mo, MoKind, Receipting, Reply, Report, ReportSource, Sar, Segment, Tlv,
};

/// `esm_class`: the type of message (§5.2.12).
const TYPE: u8 = 0b0011_1100;
/// A receipt.
const RECEIPT: u8 = 0b0000_0100;
/// A notification that it is on its way.
const INTERMEDIATE: u8 = 0b0010_0000;
/// `esm_class`: the body begins with a user data header.
const UDHI: u8 = 0b0100_0000;
/// `esm_class` of a submission: store and forward.
const STORE_AND_FORWARD: u8 = 0b0000_0011;

/// The most of an id that is kept; ids have 64 octets at most.
const MOST_ID: usize = 64;

impl ShortMessage {
    /// What the link brings with it.
    #[must_use]
    pub fn into_incoming(self, link: Link) -> Incoming {
        if let Some(report) = self.report(&link) {
            return Incoming::Report(report);
        }
        let kind = if self.esm_class & TYPE == 0 { MoKind::Text } else { MoKind::Acknowledgement };
        Incoming::Mo(Mo {
            kind,
            data_coding: self.data_coding,
            body: self.body(),
            udh: self.esm_class & UDHI != 0,
            sar: self.sar(),
            reference: self.tlv(tlv::USER_MESSAGE_REFERENCE).cloned(),
            link,
            from: self.from,
            to: self.to,
            service_type: self.service_type,
            tlvs: self.tlvs,
        })
    }

    fn sar(&self) -> Option<Sar> {
        let number =
            |tag| self.tlv(tag).map(|value| value.iter().fold(0_u32, |all, octet| all << 8 | u32::from(*octet)));
        Some(Sar {
            reference: u16::try_from(number(tlv::SAR_REFERENCE)? & 0xffff).ok()?,
            total: u8::try_from(number(tlv::SAR_TOTAL)?).ok()?,
            part: u8::try_from(number(tlv::SAR_PART)?).ok()?,
        })
    }

    /// A receipt is one by its type; some carriers leave the type at zero and only write what a receipt says.
    fn report(&self, link: &Link) -> Option<Report> {
        let class = self.esm_class & TYPE;
        let typed = class == RECEIPT || class == INTERMEDIATE;
        let by_tlv = self.tlv(tlv::RECEIPTED_MESSAGE_ID).map(|id| (text(id), self.tlv(tlv::MESSAGE_STATE)));
        if let Some((id, state)) = by_tlv
            && !id.is_empty()
            && (typed || state.is_some())
        {
            let state = state.and_then(|state| state.last()).map(|state| state_of(*state));
            let stated = state.or_else(|| Written::read(&self.body()).map(|written| written.state));
            let error = self.tlv(tlv::NETWORK_ERROR_CODE).filter(|code| code.len() == 3);
            return Some(Report {
                link: link.clone(),
                id,
                state: stated.unwrap_or(DeliveryState::Unknown),
                error: error.and_then(|code| code.last_chunk::<2>()).map(|code| u16::from_be_bytes(*code).to_string()),
                source: ReportSource::Tlv,
            });
        }
        let written = Written::read(&self.body());
        match written {
            Some(Written { id, state, error, whole }) if typed || whole => {
                Some(Report { link: link.clone(), id, state, error, source: ReportSource::Text })
            }
            // A receipt that does not say of what: there is nothing to answer and nothing to match.
            Some(_) | None if typed => Some(Report {
                link: link.clone(),
                id: String::new(),
                state: DeliveryState::Unknown,
                error: None,
                source: ReportSource::Text,
            }),
            Some(_) | None => None,
        }
    }

    /// A segment of a reply, to be sent in this PDU, to a peer that reads optional parameters; for one that does not see
    /// [`ShortMessage::without_tlvs`].
    #[must_use]
    pub fn of_segment(reply: &Reply, segment: &Segment, carrier: Carrier, left: Duration) -> Self {
        let mut body = BytesMut::with_capacity(segment.udh.len() + segment.payload.len());
        body.extend_from_slice(&segment.udh);
        body.extend_from_slice(&segment.payload);
        let mut message = Self {
            service_type: reply.service_type.clone(),
            from: reply.from.clone(),
            to: reply.to.clone(),
            esm_class: if segment.udh.is_empty() { 0 } else { UDHI },
            registered_delivery: match (carrier, reply.receipting) {
                (Carrier::Deliver, _) | (_, Receipting::Never) => 0,
                (_, Receipting::Always) => 1,
                (_, Receipting::OnFailure) => 2,
            },
            data_coding: segment.data_coding,
            ..Self::default()
        };
        if carrier == Carrier::Submit {
            message.esm_class |= STORE_AND_FORWARD;
            message.validity = relative(left);
        }
        if let Some(Sar { reference, total, part }) = segment.sar {
            message.tlvs.push(Tlv { tag: tlv::SAR_REFERENCE, value: Bytes::copy_from_slice(&reference.to_be_bytes()) });
            message.tlvs.push(Tlv { tag: tlv::SAR_TOTAL, value: Bytes::copy_from_slice(&[total]) });
            message.tlvs.push(Tlv { tag: tlv::SAR_PART, value: Bytes::copy_from_slice(&[part]) });
        }
        if carrier == Carrier::Data || body.len() > MOST_SHORT {
            message.tlvs.push(Tlv { tag: tlv::MESSAGE_PAYLOAD, value: body.freeze() });
        } else {
            message.short_message = body.freeze();
        }
        message
    }

    /// For a peer that reads no optional parameters: what of the body stands in one comes into its own field, and what that
    /// has no room for is cut.
    #[must_use]
    pub fn without_tlvs(mut self) -> Self {
        if self.short_message.is_empty() {
            self.short_message = self.body();
            // An even number of octets: no character of UTF-16 or GBK is halved that was whole.
            self.short_message.truncate(MOST_SHORT);
        }
        self.tlvs.clear();
        self
    }

    /// A text of a handset's, as a carrier would forward it.
    #[must_use]
    pub fn of_text(from: Address, to: Address, segment: &Segment) -> Self {
        let body = [segment.udh.as_ref(), segment.payload.as_ref()].concat();
        let esm_class = if segment.udh.is_empty() { 0 } else { UDHI };
        Self { from, to, esm_class, data_coding: segment.data_coding, short_message: body.into(), ..Self::default() }
    }
}

/// What is left, as a relative time (§7.1.1.2): `YYMMDDhhmmss000R`, at most 31 days, rounded down to seconds.
fn relative(left: Duration) -> String {
    let seconds = left.as_secs().min(31 * 86_400 - 1);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    format!("0000{days:02}{hours:02}{minutes:02}{:02}000R", seconds % 60)
}

/// Up to a NUL, as text; ids are ASCII.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|octet| *octet == 0).unwrap_or(value.len());
    value.iter().take(end.min(MOST_ID)).map(|octet| char::from(*octet)).collect::<String>().trim().to_owned()
}

/// `message_state` (§5.2.28; 0 and 9 are 5.0's).
const fn state_of(state: u8) -> DeliveryState {
    match state {
        0 | 1 | 6 => DeliveryState::Pending,
        2 => DeliveryState::Delivered,
        3 => DeliveryState::Expired,
        4 | 5 | 8 | 9 => DeliveryState::Failed,
        _ => DeliveryState::Unknown,
    }
}

/// What the text of a receipt says (appendix B).
struct Written {
    id: String,
    state: DeliveryState,
    error: Option<String>,
    /// It has everything that no other text has.
    whole: bool,
}

impl Written {
    /// `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`, in whatever letters and order; the last may
    /// hold anything.
    fn read(body: &[u8]) -> Option<Self> {
        let text: String = body.iter().take(512).map(|octet| char::from(*octet)).collect();
        let lower = text.to_ascii_lowercase();
        let fields = lower.find(" text:").and_then(|end| lower.get(..end)).unwrap_or(&lower);
        let value = |key: &str| -> Option<String> {
            let begin = if fields.starts_with(key) {
                key.len()
            } else {
                fields.find(&format!(" {key}")).map(|at| at + key.len() + 1)?
            };
            let value = text.get(begin..fields.len())?.trim_start();
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            value.get(..end.min(MOST_ID)).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let state = match value("stat:")?.to_ascii_uppercase().as_str() {
            "DELIVRD" | "DELIVERED" => DeliveryState::Delivered,
            "EXPIRED" => DeliveryState::Expired,
            "ENROUTE" | "ACCEPTD" | "ACCEPTED" | "BUFFERED" => DeliveryState::Pending,
            "UNDELIV" | "REJECTD" | "REJECTED" | "DELETED" | "FAILED" | "UNDELIVERABLE" => DeliveryState::Failed,
            _ => DeliveryState::Unknown,
        };
        let whole = value("done date:").is_some() && value("dlvrd:").is_some();
        Some(Self {
            id: value("id:")?,
            state,
            error: value("err:").filter(|error| error.bytes().any(|b| b != b'0')),
            whole,
        })
    }
}
