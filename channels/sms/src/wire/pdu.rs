//! PDUs as values.
//!
//! Owns what a PDU holds and the lenient rules of reading one. What may be sent when is in `command`; what the octets of a
//! short message say is not known here.
//!
//! # Leniency
//! A text is written off only where its octets cannot be told: a body cut short, or a frame that ends before it. All else
//! is taken as far as it goes: strings end at their NUL or with the frame, of any length up to [`MOST_STRING`] and in any
//! octets; optional parameters that are cut short are dropped, and so is what stands behind the last whole one.

use bytes::Bytes;

use super::command::{Carrier, Command, RESPONSE};
use super::read::Octets;
use super::status::Status;
use super::tlv;
use super::write::Writer;
use crate::message::{Address, MOST_ADDRESS, Tlv};

/// The longest string read, in octets; SMPP's own longest has 65 (§5.2).
pub const MOST_STRING: usize = 254;

/// So many optional parameters of one PDU are kept.
pub const MOST_TLVS: usize = 32;

/// The longest body in `short_message` (§5.2.22).
pub const MOST_SHORT: usize = 254;

/// What a header says besides the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The command.
    pub command: Command,
    /// Whether it is a response.
    pub response: bool,
    /// The status; of meaning in responses only.
    pub status: Status,
    /// The sequence number, 1 to 0x7FFFFFFF, which a response repeats.
    pub sequence: u32,
}

/// One PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu {
    /// Its header.
    pub header: Header,
    /// The rest.
    pub body: Body,
}

/// What stands behind a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing, or nothing of meaning to us.
    None,
    /// A bind (§4.1.1).
    Bind(Bind),
    /// The response to a bind (§4.1.2), where there is one besides the header.
    Bound {
        /// Who answers.
        system_id: String,
        /// The version that it speaks, if it says so.
        version: Option<u8>,
    },
    /// An outbind (§4.1.7).
    Outbind {
        /// Who calls.
        system_id: String,
        /// Its password.
        password: Secret,
    },
    /// A short message (§4.4.1, §4.6.1, §4.7.1).
    Message(Box<ShortMessage>),
    /// The response to one (§4.4.2, §4.6.2, §4.7.2).
    Accepted {
        /// The id that the peer gave it; often empty.
        id: String,
    },
}

/// A password, which no debug output shows.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a bind says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bind {
    /// Who binds, at most 15 octets on the wire.
    pub system_id: String,
    /// Its password, at most 8 octets by the specification; longer ones are common.
    pub password: Secret,
    /// The type of system, by arrangement.
    pub system_type: String,
    /// The version it speaks: 0x33, 0x34, 0x50. 0x00 is 3.3 or older (§5.2.4).
    pub version: u8,
    /// The addresses it serves.
    pub range: Address,
}

/// The fields that the three PDUs with a short message have in common; `data_sm` has not all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShortMessage {
    /// The service it is accounted under.
    pub service_type: String,
    /// Who sends.
    pub from: Address,
    /// Who is sent to.
    pub to: Address,
    /// Mode, type and features (§5.2.12).
    pub esm_class: u8,
    /// Protocol identifier.
    pub protocol_id: u8,
    /// Priority.
    pub priority: u8,
    /// When to deliver it; empty for now.
    pub schedule: String,
    /// Until when it is of use (§7.1.1); empty for the carrier's default.
    pub validity: String,
    /// Which receipts are asked for (§5.2.17).
    pub registered_delivery: u8,
    /// Replaces an earlier one.
    pub replace: u8,
    /// The coding scheme.
    pub data_coding: u8,
    /// Which canned message to send.
    pub default_id: u8,
    /// The body in its own field.
    pub short_message: Bytes,
    /// The optional parameters, in their order.
    pub tlvs: Vec<Tlv>,
}

/// A PDU that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} ({status})")]
pub struct Fault {
    /// Its header, which can.
    pub header: Header,
    /// The status that says so to the peer.
    pub status: Status,
    /// What is wrong.
    pub what: &'static str,
}

impl Header {
    /// Of a frame as [`super::frame::split`] gives it.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        let mut octets = Octets::of(frame);
        let (_length, id, status, sequence) = (octets.u32()?, octets.u32()?, octets.u32()?, octets.u32()?);
        Some(Self { command: Command::of(id), response: id & RESPONSE != 0, status: Status(status), sequence })
    }

    /// The id on the wire.
    const fn id(&self) -> u32 {
        self.command.id() | if self.response { RESPONSE } else { 0 }
    }
}

impl Pdu {
    /// A request.
    #[must_use]
    pub const fn request(command: Command, sequence: u32, body: Body) -> Self {
        Self { header: Header { command, response: false, status: Status::OK, sequence }, body }
    }

    /// A response.
    #[must_use]
    pub const fn response(command: Command, status: Status, sequence: u32, body: Body) -> Self {
        Self { header: Header { command, response: true, status, sequence }, body }
    }

    /// Reads a whole frame and nothing else.
    ///
    /// # Errors
    /// [`Fault`], with the status that the specification prescribes. A frame without a whole header is never handed in; it
    /// would read as an unknown command.
    pub fn read(frame: &Bytes) -> Result<Self, Fault> {
        let unknown = Header { command: Command::Other(0), response: false, status: Status::OK, sequence: 0 };
        let header = Header::read(frame).unwrap_or(unknown);
        let fault = |(status, what)| Fault { header, status, what };
        let mut octets = Octets::of(frame);
        octets.skip(super::HEADER);
        let body = match (header.command, header.response) {
            (Command::Bind(_), false) => Bind::read(&mut octets).map(Body::Bind).map_err(fault)?,
            (Command::Bind(_), true) => bound(&mut octets),
            (Command::Outbind, false) => {
                let (system_id, password) = outbind(&mut octets).map_err(fault)?;
                Body::Outbind { system_id, password }
            }
            (Command::Message(carrier), false) => {
                let message = ShortMessage::read(carrier, frame, &mut octets).map_err(fault)?;
                Body::Message(Box::new(message))
            }
            (Command::Message(_), true) => Body::Accepted { id: octets.string().unwrap_or_default() },
            (
                Command::GenericNack
                | Command::Unbind
                | Command::EnquireLink
                | Command::AlertNotification
                | Command::Other(_),
                _,
            )
            | (Command::Outbind, true) => Body::None,
        };
        Ok(Self { header, body })
    }

    /// Appends it to `out`. Strings lose what is behind a NUL in them, and what is beyond the length of their field.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::begin(out, self.header.id(), self.header.status, self.header.sequence);
        match &self.body {
            Body::None => {}
            Body::Bind(bind) => {
                writer.string(&bind.system_id, 15);
                writer.string(&bind.password.0, 63);
                writer.string(&bind.system_type, 12);
                writer.octets(&[bind.version, bind.range.ton, bind.range.npi]);
                writer.string(&bind.range.text, 40);
            }
            Body::Bound { system_id, version } => {
                writer.string(system_id, 15);
                if let Some(version) = version {
                    writer.tlv(tlv::SC_INTERFACE_VERSION, &[*version]);
                }
            }
            Body::Outbind { system_id, password } => {
                writer.string(system_id, 15);
                writer.string(&password.0, 63);
            }
            Body::Message(message) => match self.header.command {
                Command::Message(carrier) => message.write(carrier, &mut writer),
                Command::GenericNack
                | Command::Bind(_)
                | Command::Unbind
                | Command::Outbind
                | Command::EnquireLink
                | Command::AlertNotification
                | Command::Other(_) => {}
            },
            Body::Accepted { id } => writer.string(id, 64),
        }
        writer.end();
    }
}

/// Why a body cannot be read.
type Cause = (Status, &'static str);

const TOO_SHORT: Cause = (Status::INVALID_COMMAND_LENGTH, "the PDU ends within its fields");

/// A response to a bind may be a bare header, and often is one where the bind failed.
fn bound(octets: &mut Octets<'_>) -> Body {
    let Some(system_id) = octets.string() else { return Body::None };
    let mut version = None;
    while let Some((tag, at)) = octets.tlv() {
        if tag == tlv::SC_INTERFACE_VERSION {
            version = octets.at(at).first().copied();
        }
    }
    Body::Bound { system_id, version }
}

fn outbind(octets: &mut Octets<'_>) -> Result<(String, Secret), Cause> {
    let system_id = octets.string().ok_or(TOO_SHORT)?;
    let password = octets.string().ok_or(TOO_SHORT)?;
    Ok((system_id, Secret(password)))
}

impl Bind {
    fn read(octets: &mut Octets<'_>) -> Result<Self, Cause> {
        let system_id = octets.string().ok_or(TOO_SHORT)?;
        let password = Secret(octets.string().ok_or(TOO_SHORT)?);
        let system_type = octets.string().ok_or(TOO_SHORT)?;
        let version = octets.u8().ok_or(TOO_SHORT)?;
        // Some clients end here.
        let (ton, npi) = (octets.u8().unwrap_or(0), octets.u8().unwrap_or(0));
        let text = octets.string().unwrap_or_default();
        Ok(Self { system_id, password, system_type, version, range: Address { text, ton, npi } })
    }
}

impl ShortMessage {
    fn read(carrier: Carrier, frame: &Bytes, octets: &mut Octets<'_>) -> Result<Self, Cause> {
        let mut message = Self { service_type: octets.string().ok_or(TOO_SHORT)?, ..Self::default() };
        message.from = address(octets, Status::INVALID_SOURCE)?;
        message.to = address(octets, Status::INVALID_DESTINATION)?;
        message.esm_class = octets.u8().ok_or(TOO_SHORT)?;
        if carrier == Carrier::Data {
            message.registered_delivery = octets.u8().ok_or(TOO_SHORT)?;
            message.data_coding = octets.u8().ok_or(TOO_SHORT)?;
        } else {
            message.protocol_id = octets.u8().ok_or(TOO_SHORT)?;
            message.priority = octets.u8().ok_or(TOO_SHORT)?;
            message.schedule = octets.string().ok_or(TOO_SHORT)?;
            message.validity = octets.string().ok_or(TOO_SHORT)?;
            message.registered_delivery = octets.u8().ok_or(TOO_SHORT)?;
            message.replace = octets.u8().ok_or(TOO_SHORT)?;
            message.data_coding = octets.u8().ok_or(TOO_SHORT)?;
            message.default_id = octets.u8().ok_or(TOO_SHORT)?;
            let length = octets.u8().ok_or(TOO_SHORT)?;
            let body = octets.take(length.into());
            let body = body.ok_or((Status::INVALID_MESSAGE_LENGTH, "sm_length runs beyond the PDU"))?;
            message.short_message = frame.slice(body);
        }
        while let Some((tag, at)) = octets.tlv() {
            if message.tlvs.len() < MOST_TLVS || tag == tlv::MESSAGE_PAYLOAD {
                message.tlvs.push(Tlv { tag, value: frame.slice(at) });
            }
        }
        if octets.cut() == Some(tlv::MESSAGE_PAYLOAD) {
            return Err((Status::INVALID_TLVS, "message_payload runs beyond the PDU"));
        }
        Ok(message)
    }

    fn write(&self, carrier: Carrier, writer: &mut Writer<'_>) {
        writer.string(&self.service_type, 5);
        for address in [&self.from, &self.to] {
            writer.octets(&[address.ton, address.npi]);
            writer.string(&address.text, if carrier == Carrier::Data { 64 } else { 20 });
        }
        writer.octets(&[self.esm_class]);
        if carrier == Carrier::Data {
            writer.octets(&[self.registered_delivery, self.data_coding]);
        } else {
            writer.octets(&[self.protocol_id, self.priority]);
            writer.string(&self.schedule, 16);
            writer.string(&self.validity, 16);
            writer.octets(&[self.registered_delivery, self.replace, self.data_coding, self.default_id]);
            writer.short(&self.short_message);
        }
        for tlv in &self.tlvs {
            writer.tlv(tlv.tag, &tlv.value);
        }
    }

    /// The first optional parameter of this tag.
    #[must_use]
    pub fn tlv(&self, tag: u16) -> Option<&Bytes> {
        self.tlvs.iter().find(|tlv| tlv.tag == tag).map(|tlv| &tlv.value)
    }

    /// The body: `short_message`, or where that is empty `message_payload` (§5.3.2.32 lets only one be used).
    #[must_use]
    pub fn body(&self) -> Bytes {
        match self.tlv(tlv::MESSAGE_PAYLOAD) {
            Some(payload) if self.short_message.is_empty() => payload.clone(),
            Some(_) | None => self.short_message.clone(),
        }
    }
}

fn address(octets: &mut Octets<'_>, status: Status) -> Result<Address, Cause> {
    let (ton, npi) = (octets.u8().ok_or(TOO_SHORT)?, octets.u8().ok_or(TOO_SHORT)?);
    let text = octets.string().ok_or(TOO_SHORT)?;
    if text.chars().count() > MOST_ADDRESS {
        return Err((status, "an address is longer than any"));
    }
    Ok(Address { text, ton, npi })
}
