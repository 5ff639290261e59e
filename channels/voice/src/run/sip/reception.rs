//! What becomes of a request: refused, answered in place, handed to its dialog, or a new call.
//!
//! Runs on the task that reads the stack's requests and never waits: whatever takes time gets a task of its own.

use std::net::IpAddr;
use std::sync::Arc;

use contract::Identity;
use contract::signal::CallCause;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Method, StatusCode, Version};
use rsipstack::transaction::transaction::Transaction;

use super::call::{Caller, Seat, take};
use super::{ALLOWED, Hub};
use crate::calls::{Full, Record, masked};
use crate::config::sip::WhenFull;
use crate::sip::headers::{Objection, caller, check, user, value};

/// Seconds after which a caller who found us full may try again.
const COME_BACK: &str = "5";

/// Takes one request.
pub(super) fn receive(hub: &Arc<Hub>, mut transaction: Transaction) {
    if transaction.original.method == Method::Ack {
        return;
    }
    if let Err(objection) = check(&transaction.original) {
        transaction.original.version = Version::V2;
        let (status, headers) = answer(&objection);
        return refuse(hub, transaction, status, headers);
    }
    let tagged = transaction.original.to_header().ok().and_then(|to| to.tag().ok().flatten()).is_some();
    if tagged {
        return within(hub, transaction);
    }
    match transaction.original.method {
        Method::Invite => invite(hub, transaction),
        Method::Options => refuse(hub, transaction, StatusCode::OK, capabilities()),
        Method::Ack | Method::Bye | Method::Cancel | Method::Info | Method::Update | Method::Notify | Method::PRack => {
            refuse(hub, transaction, StatusCode::CallTransactionDoesNotExist, Vec::new())
        }
        Method::Message | Method::Publish | Method::Refer | Method::Register | Method::Subscribe => {
            let allow = vec![Header::Allow(ALLOWED.into())];
            refuse(hub, transaction, StatusCode::MethodNotAllowed, allow);
        }
    }
}

fn capabilities() -> Vec<Header> {
    vec![
        Header::Allow(ALLOWED.into()),
        Header::Accept("application/sdp, application/dtmf-relay, application/dtmf".into()),
        Header::Supported("timer".into()),
    ]
}

fn answer(objection: &Objection) -> (StatusCode, Vec<Header>) {
    match objection {
        Objection::Bad(why) => {
            (StatusCode::BadRequest, vec![Header::Warning(format!("399 verigate \"{why}\"").into())])
        }
        Objection::Extension(options) => (StatusCode::BadExtension, vec![Header::Unsupported(options.as_str().into())]),
        Objection::TooManyHops => (StatusCode::TooManyHops, Vec::new()),
        Objection::Version => (StatusCode::VersionNotSupported, Vec::new()),
    }
}

/// Answers a request for good. The task lives until the transaction is over, which repeats the answer where it has to.
pub(super) fn refuse(hub: &Arc<Hub>, mut transaction: Transaction, status: StatusCode, headers: Vec<Header>) {
    let (noting, key) = (Arc::clone(hub), transaction.key.clone());
    hub.aside(async move {
        match transaction.reply_with(status, headers, None).await {
            Err(error) => tracing::debug!(%error, "a SIP answer was not sent"),
            Ok(()) if transaction.original.method == Method::Invite => while transaction.receive().await.is_some() {},
            Ok(()) => {}
        }
        drop(transaction);
        noting.remembered.note(&noting.endpoint, key, false);
    });
}

/// A request within a dialog.
fn within(hub: &Arc<Hub>, mut transaction: Transaction) {
    let (noting, key) = (Arc::clone(hub), transaction.key.clone());
    match hub.dialogs.match_dialog(&transaction) {
        Some(Dialog::Invite(mut dialog)) => hub.aside(async move {
            if let Err(error) = dialog.handle(&mut transaction).await {
                tracing::debug!(%error, "a request within a call was not served");
            }
            // The stack says nothing to a request that is older than one before it (RFC 3261 §12.2.2). One that overtook
            // the acknowledgement comes again.
            if dialog.state().is_confirmed()
                && transaction.last_response.is_none()
                && let Err(error) = transaction.reply(StatusCode::ServerInternalError).await
            {
                tracing::debug!(%error, "a SIP answer was not sent");
            }
            drop(transaction);
            noting.remembered.note(&noting.endpoint, key, false);
        }),
        Some(
            Dialog::ServerSubscription(_)
            | Dialog::ClientSubscription(_)
            | Dialog::ServerPublication(_)
            | Dialog::ClientPublication(_),
        )
        | None => refuse(hub, transaction, StatusCode::CallTransactionDoesNotExist, Vec::new()),
    }
}

/// The address that a request came from.
fn source(transaction: &Transaction) -> Option<IpAddr> {
    let remote = transaction.connection.as_ref()?.get_remote_addr()?;
    remote.get_socketaddr().ok().map(|address| address.ip())
}

fn invite(hub: &Arc<Hub>, transaction: Transaction) {
    let Some(peer) = source(&transaction) else {
        return refuse(hub, transaction, StatusCode::ServerInternalError, Vec::new());
    };
    let request = &transaction.original;
    let trunk = hub.guard.trunk(peer);
    let identity = caller(request, &hub.settings.country, trunk.is_some());
    let called =
        user(&request.uri.to_string()).or_else(|| value(request, "To").and_then(user)).unwrap_or("").to_owned();
    let who = Caller { peer, trunk, identity, called };
    let come_back = || vec![Header::RetryAfter(COME_BACK.into())];
    if hub.tasks.stopping().is_cancelled() {
        turned_away(hub, &who, CallCause::GoingDown);
        return refuse(hub, transaction, StatusCode::ServiceUnavailable, come_back());
    }
    let entered = hub.book().enter(&who.identity);
    let full = match entered {
        Ok(()) => {
            let seat = Seat::taken(hub, &who.identity);
            return take(hub, transaction, who, seat);
        }
        Err(full) => full,
    };
    // Whom we have no place for is told so, as long as there are places for that.
    if hub.settings.when_full == WhenFull::Speak
        && let Ok(held) = Arc::clone(&hub.apologies).try_acquire_owned()
    {
        return take(hub, transaction, who, Seat::apology(full, held));
    }
    turned_away(hub, &who, CallCause::Full);
    match full {
        Full::Calls => refuse(hub, transaction, StatusCode::ServiceUnavailable, come_back()),
        Full::Caller => refuse(hub, transaction, StatusCode::BusyHere, Vec::new()),
    }
}

/// The record of a call that was not taken.
fn turned_away(hub: &Hub, who: &Caller, cause: CallCause) {
    record(hub, 0, who, cause).emit();
}

/// A record that holds who called and nothing else yet.
pub(super) fn record(hub: &Hub, id: u64, who: &Caller, cause: CallCause) -> Record {
    let trunk = who.trunk.and_then(|nth| hub.settings.trunks.get(nth)).map(|trunk| trunk.name.clone());
    let called: String = who.called.chars().filter(char::is_ascii_graphic).take(32).collect();
    let identity: &Identity = &who.identity;
    Record {
        id,
        trunk,
        called,
        caller: masked(identity),
        cause,
        took: std::time::Duration::ZERO,
        answered: false,
        way: None,
        keys: 0,
        asked: 0,
        law: None,
        secure: false,
        figures: crate::media::stats::Figures::default(),
    }
}
