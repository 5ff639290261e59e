//! Registrations at the trunks that want them: made, refreshed, and taken back at the end.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::registration::{RefreshOutcome, Registration};
use rsipstack::sip::Uri;
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
    let said = |outcome: RefreshOutcome<'_>| match outcome {
        RefreshOutcome::Registered(_) => tracing::info!(trunk, "registered"),
        RefreshOutcome::Rejected(response) => {
            tracing::warn!(trunk, status = %response.status_code, "the registration was refused");
        }
        RefreshOutcome::Failed(error) => tracing::warn!(trunk, %error, "the registrar does not answer"),
    };
    registration.keep_alive(registrar.clone(), register.expires, shutdown, said).await;
    let left = tokio::time::timeout(LEAVE, registration.register(registrar, Some(0))).await;
    if !matches!(left, Ok(Ok(_))) {
        tracing::debug!(trunk, "the registration was not taken back");
    }
}
