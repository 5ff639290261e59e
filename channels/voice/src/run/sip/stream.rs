//! The TCP and TLS doors: messages cut out of a connection, let in as datagrams are, and handed to the stack.
//!
//! The stack's own stream transport reads from the socket by itself, past every guard; so connections are ours and the
//! stack is given a channel for each. Answers and requests of a call go out on the connection that it came by.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use net::Connection;
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Hub;
use crate::sip::clean::clean;
use crate::sip::framing::{Frame, LONGEST, split};

/// Messages that wait for a slow peer; when they are so many, whoever writes waits.
const WAITING: usize = 64;
/// A connection on which nothing comes for so long is closed. Longer than any call between two refreshes.
const IDLE: Duration = Duration::from_secs(900);
/// A peer that takes nothing for so long is gone.
const STALLED: Duration = Duration::from_secs(20);

/// Serves one connection to its end.
pub(super) async fn converse(hub: Arc<Hub>, connection: Connection, tls: bool) {
    let Connection { mut stream, peer, held } = connection;
    if hub.guard.admit(peer.ip(), b"").is_none() {
        return;
    }
    let kind = if tls { Transport::Tls } else { Transport::Tcp };
    let address = SipAddr { r#type: Some(kind), addr: peer.into() };
    let gone = CancellationToken::new();
    let (_unused, incoming) = mpsc::unbounded_channel();
    let (outgoing, mut waiting) = mpsc::channel(WAITING);
    let channel =
        ChannelConnection::create_connection_bounded(incoming, outgoing, address.clone(), Some(gone.clone())).await;
    let Ok(channel) = channel.map(SipConnection::Channel) else { return };
    let mut buffer = BytesMut::new();
    loop {
        tokio::select! {
            read = tokio::time::timeout(IDLE, stream.read_buf(&mut buffer)) => {
                if !matches!(read, Ok(Ok(1..))) {
                    break;
                }
                let Ok(pings) = take(&hub, &mut buffer, &channel, &address).await else { break };
                for _ in 0..pings {
                    if write(&mut stream, b"\r\n").await.is_err() {
                        break;
                    }
                }
            }
            Some(event) = waiting.recv() => {
                let TransportEvent::Incoming(message, ..) = event else { continue };
                if write(&mut stream, &message.to_bytes()).await.is_err() {
                    break;
                }
            }
            () = hub.last_call_over() => break,
        }
    }
    gone.cancel();
    drop(held);
}

/// Hands on the whole messages in the buffer; the pings among them are counted. An error ends the connection.
async fn take(hub: &Hub, buffer: &mut BytesMut, channel: &SipConnection, from: &SipAddr) -> Result<u32, ()> {
    let mut pings = 0;
    let Ok(peer) = from.get_socketaddr() else { return Err(()) };
    loop {
        let message = match split(buffer) {
            Ok(Some(Frame::Message(message))) => message,
            Ok(Some(Frame::Ping)) => {
                pings += 1;
                continue;
            }
            Ok(None) => return Ok(pings),
            Err(error) => {
                tracing::debug!(%error, "a SIP connection cannot go on");
                return Err(());
            }
        };
        if !super::door::is_sip(&message) || hub.guard.admit(peer.ip(), &message).is_none() {
            continue;
        }
        let cleaned = clean(&message, LONGEST);
        let kind = from.r#type.unwrap_or(Transport::Tcp);
        let Ok(message) = SipMessage::try_from(&*cleaned) else {
            tracing::debug!("a SIP message cannot be read");
            continue;
        };
        match SipConnection::update_msg_received(message, peer, kind) {
            Ok(message) => {
                if let Err(error) = hub.endpoint.on_received_message(message, channel.clone(), from).await {
                    tracing::debug!(%error, "a SIP message was not taken");
                }
            }
            Err(error) => tracing::debug!(%error, "a SIP message cannot be read"),
        }
    }
}

async fn write(stream: &mut net::Stream, octets: &[u8]) -> std::io::Result<()> {
    let writing = async {
        stream.write_all(octets).await?;
        stream.flush().await
    };
    tokio::time::timeout(STALLED, writing).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}
