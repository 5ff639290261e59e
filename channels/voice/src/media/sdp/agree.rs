//! Coming to an agreement: our answer to an offer, our offer, and the answer to it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;

use super::{Agreed, Crypto, Description, Direction, OUR_EVENTS, Secure, Stream, head};
use crate::media::law::Law;
use crate::media::srtp::{Master, Suite};

/// Our side of a description.
#[derive(Debug, Clone)]
pub struct Ours {
    /// Where we want the sound.
    pub address: SocketAddr,
    /// A number of the session's own.
    pub session: u64,
    /// Counts our descriptions within the session, from 1.
    pub version: u64,
    /// Key and salt of this session, should it be encrypted.
    pub master: Master,
    /// Whether it may or has to be.
    pub policy: Policy,
}

/// Whether sound is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// Never.
    Never,
    /// Where the peer asks for it.
    #[default]
    Offered,
    /// Or there is no call.
    Required,
}

/// Nothing in the description is for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no stream of G.711 that we may speak")]
pub struct Unfit;

/// Answers an offer.
///
/// # Errors
/// [`Unfit`] where no stream can be agreed to.
pub fn answer(offer: &Description, ours: &Ours) -> Result<(Agreed, String), Unfit> {
    let (chosen, stream, law) = choose(offer, ours.policy).ok_or(Unfit)?;
    let secure = secure(stream, &ours.master)?;
    let direction = stream.direction.answered();
    let agreed = Agreed {
        law,
        events: events(stream),
        remote: remote(stream),
        direction,
        secure: stream.protocol.contains("SAVP").then_some(secure).flatten(),
    };
    let mut text = String::with_capacity(512);
    head(&mut text, ours);
    for (nth, stream) in offer.streams.iter().enumerate() {
        if nth == chosen {
            let crypto = agreed.secure.as_ref().map(|secure| (secure.tag, secure.suite));
            write_stream(&mut text, ours, &stream.protocol, &[law], agreed.events, direction, crypto);
        } else {
            // Refused in its place: an answer has as many streams as the offer (RFC 3264 §6).
            let formats = if stream.formats.is_empty() { "0".to_owned() } else { stream.formats.join(" ") };
            line(&mut text, format_args!("m={} 0 {} {formats}", stream.media, stream.protocol));
        }
    }
    Ok((agreed, text))
}

/// Our offer, for a call that comes without one.
#[must_use]
pub fn offer(ours: &Ours, preferred: Law) -> String {
    let mut text = String::with_capacity(512);
    head(&mut text, ours);
    let other = if preferred == Law::A { Law::Mu } else { Law::A };
    let (protocol, crypto) = match ours.policy {
        Policy::Required => ("RTP/SAVP", Some((1, Suite::Sha1_80))),
        // One that only may be encrypted is offered in the clear: many peers refuse what they do not know.
        Policy::Never | Policy::Offered => ("RTP/AVP", None),
    };
    write_stream(&mut text, ours, protocol, &[preferred, other], Some(OUR_EVENTS), Direction::SendRecv, crypto);
    text
}

/// Takes the answer to our offer.
///
/// # Errors
/// [`Unfit`] where it takes nothing of what was offered.
pub fn accept(answer: &Description, ours: &Ours) -> Result<Agreed, Unfit> {
    let policy = if ours.policy == Policy::Required { Policy::Required } else { Policy::Never };
    let (_, stream, law) = choose(answer, policy).ok_or(Unfit)?;
    let secure = secure(stream, &ours.master)?;
    Ok(Agreed {
        law,
        events: events(stream),
        remote: remote(stream),
        direction: stream.direction.answered(),
        secure: stream.protocol.contains("SAVP").then_some(secure).flatten(),
    })
}

/// The first stream that we can speak, by the peer's order.
fn choose(description: &Description, policy: Policy) -> Option<(usize, &Stream, Law)> {
    description.streams.iter().enumerate().find_map(|(nth, stream)| {
        let spoken = match stream.protocol.as_str() {
            "RTP/AVP" | "RTP/AVPF" => policy != Policy::Required,
            "RTP/SAVP" | "RTP/SAVPF" => policy != Policy::Never && !stream.crypto.is_empty(),
            _ => false,
        };
        if !spoken || stream.media != "audio" || stream.port == 0 {
            return None;
        }
        Some((nth, stream, stream.formats.iter().find_map(|format| law(stream, format))?))
    })
}

fn law(stream: &Stream, format: &str) -> Option<Law> {
    let kind: u8 = format.parse().ok()?;
    // A map may name a static type and may not change it.
    let law = Law::ALL.into_iter().find(|law| law.payload_type() == kind)?;
    let renamed = stream
        .maps
        .iter()
        .any(|(mapped, name, rate)| *mapped == kind && (Law::named(name) != Some(law) || *rate != super::super::RATE));
    (!renamed).then_some(law)
}

/// The payload type of keys: at the codec's clock if there is one, else at any.
fn events(stream: &Stream) -> Option<u8> {
    let named = |(kind, name, rate): &(u8, String, u32)| {
        let listed = stream.formats.iter().any(|format| format.parse() == Ok(*kind));
        (listed && name.eq_ignore_ascii_case("telephone-event")).then_some((*kind, *rate))
    };
    let offered: Vec<(u8, u32)> = stream.maps.iter().filter_map(named).collect();
    let fitting = offered.iter().find(|(_, rate)| *rate == super::super::RATE);
    fitting.or_else(|| offered.first()).map(|(kind, _)| *kind)
}

fn remote(stream: &Stream) -> Option<SocketAddr> {
    stream.address.filter(|ip| !ip.is_unspecified()).map(|ip| SocketAddr::new(ip, stream.port))
}

fn secure(stream: &Stream, ours: &Master) -> Result<Option<Secure>, Unfit> {
    if !stream.protocol.contains("SAVP") {
        return Ok(None);
    }
    let Crypto { tag, suite, master } = stream.crypto.first().ok_or(Unfit)?;
    Ok(Some(Secure { suite: *suite, tag: *tag, ours: ours.clone(), theirs: master.clone() }))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one line of a description")]
fn write_stream(
    text: &mut String,
    ours: &Ours,
    protocol: &str,
    laws: &[Law],
    events: Option<u8>,
    direction: Direction,
    crypto: Option<(u32, Suite)>,
) {
    let kinds = laws.iter().map(|law| law.payload_type()).chain(events);
    let listed: Vec<String> = kinds.map(|kind| kind.to_string()).collect();
    line(text, format_args!("m=audio {} {protocol} {}", ours.address.port(), listed.join(" ")));
    for law in laws {
        line(text, format_args!("a=rtpmap:{} {law}/8000", law.payload_type()));
    }
    if let Some(events) = events {
        line(text, format_args!("a=rtpmap:{events} telephone-event/8000"));
        line(text, format_args!("a=fmtp:{events} 0-15"));
    }
    line(text, format_args!("a=ptime:20"));
    if let Some((tag, suite)) = crypto {
        let key = base64::engine::general_purpose::STANDARD.encode(ours.master.octets());
        line(text, format_args!("a=crypto:{tag} {} inline:{key}", suite.name()));
    }
    line(text, format_args!("a={}", direction.name()));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    let written = write!(text, "{line}\r\n");
    debug_assert!(written.is_ok(), "a string takes everything");
}
