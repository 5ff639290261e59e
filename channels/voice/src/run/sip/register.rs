//! Registrations at the trunks that want them: made, refreshed, and taken back at the end.
//!
//! A registrar that finds the time too short says its least with 423 (RFC 3261 §10.2.8), and is asked for that; once, so
//! that one which never has enough is left to the pauses between tries.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::{RefreshOutcome, Registration};
use rsipstack::sip::typed::Contact;
use rsipstack::sip::{Header, Param, Response, StatusCode, Transport, Uri};
use tokio_util::sync::CancellationToken;

use super::Hub;
use crate::config::sip::Register;

/// Taking a registration back may take so long.
const LEAVE: Duration = Duration::from_secs(3);

/// Begins every registration.
pub(super) fn start(hub: &Arc<Hub>, shutdown: &CancellationToken) {
    for trunk in &hub.settings.trunks {
        if let Some(register) = &trunk.register {
            let (hub, name, register) = (Arc::clone(hub), trunk.name.clone(), register.clone());
            let (tasks, shutdown) = (hub.tasks.clone(), shutdown.clone());
            drop(tasks.spawn(async move { keep(&hub, &name, &register, shutdown).await }));
        }
    }
}

async fn keep(hub: &Hub, trunk: &str, register: &Register, shutdown: CancellationToken) {
    let Ok(registrar) = Uri::try_from(register.registrar.as_str()) else { return };
    let credential =
        Credential { username: register.user.clone(), password: register.password.clone(), ..Credential::default() };
    let mut registration = Registration::new(Arc::clone(&hub.endpoint), Some(credential));
    registration.contact = contact(hub, &registrar, &register.user).await;
    let mut expires = register.expires;
    loop {
        let (trying, least) = (shutdown.child_token(), OnceLock::new());
        let said = |outcome: RefreshOutcome<'_>| match outcome {
            RefreshOutcome::Registered(_) => tracing::info!(trunk, "registered"),
            RefreshOutcome::Rejected(response) => match least_of(response) {
                Some(seconds) if expires == register.expires && seconds > expires => {
                    least.get_or_init(|| seconds);
                    trying.cancel();
                }
                Some(_) | None => {
                    tracing::warn!(trunk, status = %response.status_code, "the registration was refused");
                }
            },
            RefreshOutcome::Failed(error) => tracing::warn!(trunk, %error, "the registrar does not answer"),
        };
        registration.keep_alive(registrar.clone(), expires, trying.clone(), said).await;
        let Some(seconds) = least.into_inner().filter(|_| !shutdown.is_cancelled()) else { break };
        expires = seconds;
    }
    let left = tokio::time::timeout(LEAVE, registration.register(registrar, Some(0))).await;
    if !matches!(left, Ok(Ok(_))) {
        tracing::debug!(trunk, "the registration was not taken back");
    }
}

/// Where calls are to be sent: the interface on the way to the registrar. The stack would say the address that it listens
/// on, which for all of them is none.
async fn contact(hub: &Hub, registrar: &Uri, user: &str) -> Option<Contact> {
    let host = registrar.host().to_string();
    let port = registrar.host_with_port.port.map_or(5060, u16::from);
    let ip = tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await.ok()?.next()?.ip();
    let here = SocketAddr::new(hub.address_for(ip), hub.local.port());
    let tcp = registrar.params.iter().any(|param| matches!(param, Param::Transport(Transport::Tcp)));
    let uri = Uri::try_from(format!("sip:{user}@{here}{}", if tcp { ";transport=tcp" } else { "" })).ok()?;
    Some(Contact { display_name: None, uri, params: Vec::new() })
}

/// The least that a registrar takes, where it says so.
fn least_of(response: &Response) -> Option<u32> {
    if response.status_code != StatusCode::IntervalTooBrief {
        return None;
    }
    let named = |header: &&Header| header.name().eq_ignore_ascii_case("Min-Expires");
    response.headers.iter().find(named)?.value().trim().parse().ok()
}
