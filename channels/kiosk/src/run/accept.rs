//! Serial servers and terminals that dial in: who it is, and then the conversation.
//!
//! Known by address, by what it says first, or by nothing where anyone is let in. Registrations are compared without
//! telling by the time taken how much of one was right.

use std::sync::Arc;
use std::time::Duration;

use contract::{Asker, Identity, Role};
use net::{Connection, Stream};
use socket2::{SockRef, TcpKeepalive};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wording::DisplayText;

use super::converse::{Opening, converse};
use super::hub::{Hub, time};
use super::post::{Who, count};
use crate::config::{Terminal, Way};

/// A serial server says who it is within so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where anyone is let in, somebody who says nothing for so long is anyone.
const ANYONE: Duration = Duration::from_secs(1);
/// The longest registration.
const LONGEST: usize = 128;

/// Nothing is heard of a dead connection otherwise: a terminal may be silent all night.
pub(super) fn keep_alive(stream: &Stream) {
    let Stream::Plain(stream) = stream else { return };
    let often =
        TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10)).with_retries(3);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&often) {
        tracing::debug!(%error, "a connection is without keep-alive");
    }
    stream.set_nodelay(true).ok();
}

/// Serves a connection.
pub(super) async fn accepted(hub: Arc<Hub>, server: usize, connection: Connection) {
    let Connection { mut stream, peer, held } = connection;
    keep_alive(&stream);
    let Some((who, first, known)) = identify(&hub, server, &mut stream, peer.ip()).await else {
        count(&hub.anyone.counts.turned_away);
        tracing::info!(peer = %peer.ip(), "a connection of no registered terminal was turned away");
        let mut text = hub.words.display_text(&DisplayText::Unknown, contract::Language::ZhHans);
        text.push_str("\r\n");
        drop(tokio::time::timeout(Duration::from_secs(1), stream.write_all(text.as_bytes())).await);
        return;
    };
    let opening = Opening { first, telnet: None, halves: true };
    if known {
        let post = Arc::clone(&who.post);
        let token = post.up(&peer.to_string());
        let ended = converse(&hub, who, &mut stream, opening, &token).await;
        post.down(&token);
        tracing::debug!(terminal = %post.name, ?ended, "a terminal's connection ended");
    } else {
        count(&who.post.counts.opened);
        let never = tokio_util::sync::CancellationToken::new();
        converse(&hub, who, &mut stream, opening, &never).await;
    }
    drop(tokio::time::timeout(Duration::from_secs(1), stream.shutdown()).await);
    drop(held);
}

/// Who is there, what it said besides, and whether it is registered.
async fn identify(
    hub: &Hub,
    server: usize,
    stream: &mut Stream,
    peer: std::net::IpAddr,
) -> Option<(Box<Who>, Vec<u8>, bool)> {
    let peer = peer.to_canonical();
    let settings = hub.settings();
    let terminals = &settings.terminals;
    let by_address = |terminal: &&Arc<Terminal>| matches!(terminal.way, Way::From(from) if from.to_canonical() == peer);
    if let Some(terminal) = terminals.iter().find(by_address) {
        return Some((Box::new(of_terminal(hub, terminal, &terminal.name)?), Vec::new(), true));
    }
    let anyone = settings.servers.get(server)?.anyone.as_ref();
    let mut said = Vec::new();
    let proves = !settings.keys.is_empty();
    if proves || terminals.iter().any(|terminal| matches!(terminal.way, Way::Registers(_))) {
        let patience = if anyone.is_some() { ANYONE } else { PATIENCE };
        let until = tokio::time::Instant::now() + patience;
        loop {
            match registered(terminals, &said) {
                Heard::Terminal(terminal, length) => {
                    let rest = said.split_off(length);
                    return Some((Box::new(of_terminal(hub, &terminal, &terminal.name)?), rest, true));
                }
                Heard::Nobody if !said.is_empty() => break,
                Heard::Nobody => {}
                Heard::More => {}
            }
            let mut buffer = [0; LONGEST];
            match tokio::time::timeout_at(until, stream.read(&mut buffer)).await {
                Ok(Ok(read)) if read > 0 => said.extend(buffer.get(..read).unwrap_or_default()),
                Ok(_) | Err(_) => break,
            }
        }
    }
    let framed = proves && said.first() == Some(&0);
    let device = match anyone {
        Some(device) => Arc::clone(device),
        // Nobody yet: it has to prove who it is before it can ask.
        None if framed => Arc::clone(&settings.keys.values().next()?.1),
        None => return None,
    };
    let post = Arc::clone(&hub.anyone);
    post.heard(time());
    let asker = Asker::new(Identity::Network(peer), Role::Shopper);
    let scope = format!("kiosk/from/{peer}");
    let stop = hub.tasks.stopping().clone();
    let who = Who { post, device, registration: Arc::new([]), asker, place: None, scope, stop };
    Some((Box::new(who), said, false))
}

enum Heard {
    /// It is this one, and its registration was so long.
    Terminal(Arc<Terminal>, usize),
    /// It may become somebody's.
    More,
    /// It is nobody's.
    Nobody,
}

fn registered(terminals: &[Arc<Terminal>], said: &[u8]) -> Heard {
    let mut heard = Heard::Nobody;
    for terminal in terminals {
        let Way::Registers(registration) = &terminal.way else { continue };
        let registration = &registration.0;
        let common = registration.len().min(said.len());
        let (Some(expected), Some(got)) = (registration.get(..common), said.get(..common)) else { continue };
        if bool::from(expected.ct_eq(got)) {
            heard =
                if common == registration.len() { Heard::Terminal(Arc::clone(terminal), common) } else { Heard::More };
        }
    }
    heard
}

/// A registered terminal under the name it has here; `None` where it is no longer served so.
pub(super) fn of_terminal(hub: &Hub, terminal: &Arc<Terminal>, name: &Arc<str>) -> Option<Who> {
    let registration = match &terminal.way {
        Way::Registers(registration) => Arc::clone(&registration.0),
        Way::Tty { .. } | Way::Pty | Way::Dial { .. } | Way::From(_) | Way::Proves => Arc::new([]),
    };
    let stop = hub.stop_of(terminal)?;
    Some(Who {
        post: hub.post(name, terminal)?,
        device: Arc::clone(&terminal.device),
        registration,
        asker: Asker::new(Identity::Terminal(name.to_string()), terminal.role),
        place: terminal.place.clone(),
        scope: format!("kiosk/{name}"),
        stop,
    })
}
