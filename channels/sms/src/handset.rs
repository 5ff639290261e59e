//! A handset as it looks to a gateway: one text by a real link, and the wait for its reply.
//!
//! For operators (`verigate sms send`) and for the gateway itself (`run/probe.rs`): binds to a server as a carrier does.
//! Keeps nothing; a reply that comes after the wait is lost for it.
#![expect(clippy::disallowed_methods, reason = "measures the way of a text")]

use std::time::{Duration, Instant};

use bytes::BytesMut;
use net::{DialError, Dialler, Stream, TlsClient, TlsError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::message::{Address, Incoming, Link, Mo, Sar, TON_INTERNATIONAL};
use crate::session::{Event, Limits, Outcome, Over, Session};
use crate::text::{self, Part};
use crate::wire::pdu::Secret;
use crate::wire::{Bind, BindKind, Carrier, ShortMessage, Status, frame};

/// From where a text goes to where.
#[derive(Debug, Clone)]
pub struct Handset {
    /// Host and port of the server.
    pub server: String,
    /// TLS to it; `None` in the clear.
    pub tls: Option<TlsClient>,
    /// The account to bind with.
    pub system_id: String,
    /// Its password.
    pub password: Secret,
    /// The handset's number, in international form.
    pub from: String,
    /// The number to text to.
    pub to: String,
}

/// What came of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replied {
    /// The words of the reply.
    pub words: String,
    /// Its segments.
    pub segments: usize,
    /// From the text's first octet to the reply's last.
    pub took: Duration,
}

/// Why no reply came.
#[derive(Debug, thiserror::Error)]
pub enum HandsetError {
    /// The server cannot be reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// It cannot be dialled at all.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The text is longer than any.
    #[error(transparent)]
    TooLong(#[from] text::TooLong),
    /// The gateway does not take the text.
    #[error("the text was answered with {0}")]
    Refused(Status),
    /// The conversation ended first.
    #[error("the connection ended before a reply came: {0:?}")]
    Over(Over),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] std::io::Error),
    /// No reply in time.
    #[error("no reply within {} s", .0.as_secs())]
    TooLate(Duration),
}

impl Handset {
    /// Texts these words and waits for the reply.
    ///
    /// # Errors
    /// [`HandsetError`].
    pub async fn text(&self, words: &str, patience: Duration) -> Result<Replied, HandsetError> {
        let talk = async {
            let stream = Dialler::new(self.tls.as_ref(), Duration::from_secs(10))?.dial(&self.server).await?;
            self.talk(stream, words).await
        };
        tokio::time::timeout(patience, talk).await.unwrap_or(Err(HandsetError::TooLate(patience)))
    }

    /// The same over a connection that is there already.
    pub(crate) async fn text_over(
        &self,
        stream: Stream,
        words: &str,
        patience: Duration,
    ) -> Result<Replied, HandsetError> {
        let talk = self.talk(stream, words);
        tokio::time::timeout(patience, talk).await.unwrap_or(Err(HandsetError::TooLate(patience)))
    }

    async fn talk(&self, mut stream: Stream, words: &str) -> Result<Replied, HandsetError> {
        let bind = Bind {
            system_id: self.system_id.clone(),
            password: self.password.clone(),
            version: 0x34,
            ..Bind::default()
        };
        let mut session = Session::binding(Limits::default(), BindKind::Transceiver, bind, Instant::now());
        let mut waiting = text::segments(words, &text::Settings::default(), 1)?;
        waiting.reverse();
        let (mut received, mut parts, mut begun) = (BytesMut::new(), Vec::new(), None);
        loop {
            while session.room() > 0
                && let Some(segment) = waiting.pop()
            {
                begun.get_or_insert_with(Instant::now);
                let from = Address { text: self.from.clone(), ton: TON_INTERNATIONAL, npi: 1 };
                let to = Address { text: self.to.clone(), ton: 0, npi: 1 };
                session.send(0, Carrier::Submit, ShortMessage::of_text(from, to, &segment), Instant::now());
            }
            stream.write_all(session.output()).await.map_err(HandsetError::Broken)?;
            session.written(usize::MAX, Instant::now());
            while let Some(event) = session.poll_event() {
                if let Some(whole) = self.heard(event, &mut session, &mut parts)? {
                    let took = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
                    session.leave(Instant::now());
                    stream.write_all(session.output()).await.map_err(HandsetError::Broken)?;
                    return Ok(Replied { words: whole, segments: parts.len(), took });
                }
            }
            if !session.output().is_empty() {
                continue;
            }
            match frame::split(&mut received) {
                Ok(Some(frame)) => session.handle_frame(&frame, Instant::now()),
                Ok(None) if stream.read_buf(&mut received).await.map_err(HandsetError::Broken)? == 0 => {
                    return Err(HandsetError::Over(Over::Broken));
                }
                Ok(None) => {}
                Err(bad) => session.handle_bad_length(bad),
            }
        }
    }

    /// The whole reply, once its last part is there.
    fn heard(
        &self,
        event: Event,
        session: &mut Session,
        parts: &mut Vec<(u8, Part)>,
    ) -> Result<Option<String>, HandsetError> {
        match event {
            Event::Message { ticket, message } => {
                session.answer(ticket, Status::OK, "");
                let link = Link { name: "handset".into(), group: "handset".into() };
                match message.into_incoming(link) {
                    Incoming::Mo(mo) if mo.to.text == self.from => Ok(whole(&mo, parts)),
                    Incoming::Mo(_) | Incoming::Report(_) => Ok(None),
                }
            }
            Event::Settled { outcome: Outcome::Answered { status, .. }, .. } => Err(HandsetError::Refused(status)),
            Event::Over(over) => Err(HandsetError::Over(over)),
            Event::BindAsked { .. }
            | Event::OutbindAsked { .. }
            | Event::Bound { .. }
            | Event::Settled { outcome: Outcome::Taken { .. } | Outcome::Unanswered, .. }
            | Event::Deviation { .. } => Ok(None),
        }
    }
}

fn whole(mo: &Mo, parts: &mut Vec<(u8, Part)>) -> Option<String> {
    let (part, place) = Part::read(mo, &text::Settings::default()).ok()?;
    let Sar { total, part: nth, .. } = place.unwrap_or(Sar { reference: 0, total: 1, part: 1 });
    parts.push((nth, part));
    if parts.len() < usize::from(total) {
        return None;
    }
    parts.sort_by_key(|(nth, _)| *nth);
    text::join(parts.iter().map(|(_, part)| part)).ok()
}
