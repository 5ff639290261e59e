//! Links that we dial: one task for each bind that is to be held, which dials again for as long as the link is
//! configured.
//!
//! Addresses take turns after failures; see [`Redial`] for the waits.

use std::sync::Arc;
use std::time::Duration;

use net::Dialler;

use super::converse::Conversation;
use super::hub::{Hub, instant};
use super::line::Line;
use crate::session::Session;
use crate::session::reconnect::Redial;
use crate::wire::BindKind;

/// A connection that was bound for so long was a good one: the next dial begins anew.
const GOOD: Duration = Duration::from_secs(30);

/// Holds one bind of a link until the link or the gateway is over.
pub(super) async fn keep(hub: Arc<Hub>, line: Arc<Line>, kind: BindKind, dialler: Dialler) {
    let Some(dial) = line.settings.dial() else { return };
    let mut redial = Redial::among(dial.addresses.len());
    let mut suspended = line.suspended.subscribe();
    let stopping = hub.tasks.stopping().clone();
    loop {
        let ready = async {
            drop(suspended.wait_for(|suspended| !*suspended).await);
            let address = dial.addresses.get(redial.next()).or_else(|| dial.addresses.first())?;
            Some((address.clone(), dialler.dial(address).await))
        };
        let dialled = tokio::select! {
            dialled = ready => dialled,
            () = stopping.cancelled() => return,
            () = line.over.cancelled() => return,
        };
        let Some((address, stream)) = dialled else { return };
        let good = match stream {
            Ok(stream) => {
                let begun = instant();
                let session = Session::binding(line.settings.limits, kind, dial.bind.clone(), begun);
                let conversation = Conversation::new(&hub, session, stream, address, Some(Arc::clone(&line)));
                let ended = conversation.run().await;
                tracing::info!(link = %line.link.name, kind = kind.name(), over = ?ended.over, "link down");
                ended.was_bound && begun.elapsed() >= GOOD
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(link = %line.link.name, %error, ?cause, "link cannot be dialled");
                false
            }
        };
        let wait = if good { redial.succeeded(random()) } else { redial.failed(random()) };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopping.cancelled() => return,
            () = line.over.cancelled() => return,
        }
    }
}

/// Any number.
fn random() -> u32 {
    let mut octets = [0; 4];
    // Without randomness all wait the shortest time.
    if getrandom::fill(&mut octets).is_err() {
        return 0;
    }
    u32::from_be_bytes(octets)
}
