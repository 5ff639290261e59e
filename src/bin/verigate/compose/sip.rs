//! Calls by SIP put into the program: their passwords and what they need of the rest.
//!
//! Decides nothing about calls; the channel does.

use std::sync::Arc;

use channel_voice::config::sip::{PasswordPlace, Settings};
use channel_voice::run::sip::{Bound, Ports, Recorded};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use verigate::config::{ProcessEnvironment, SecretRef};

use super::Root;
use super::ivr::Line;
use crate::failure::{Exit, Failure};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The section, with its passwords fetched.
pub(crate) fn settings(root: &Root) -> Result<Settings, Failure> {
    let fetch = |place: &PasswordPlace| -> Result<String, Fault> {
        Ok(placed(place)?.text(&ProcessEnvironment)?.expose().to_owned())
    };
    root.voice.sip.check(&fetch).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

/// Binds what calls come in by; `None` where none do.
pub(super) async fn bind(root: &Root, line: &Line, stopping: &CancellationToken) -> Result<Option<Bound>, Failure> {
    let settings = settings(root)?;
    if settings.listen.is_none() {
        return Ok(None);
    }
    let sounds = Arc::new(Recorded { prompts: Arc::clone(&line.prompts), words: Arc::clone(&line.words) });
    let ports = Ports {
        verify: Arc::clone(&line.verify),
        sounds,
        dialogue: Arc::clone(&line.dialogue),
        choices: Arc::clone(&line.choices),
    };
    let bound = Bound::bind(settings, ports, stopping.clone()).await;
    bound.map_err(|error| Failure::Other { exit: Exit::Unavailable, source: error.into() })
}

/// Waits until the last call is over.
pub(crate) async fn ended(calls: Option<JoinHandle<usize>>) {
    if let Some(calls) = calls
        && let Err(error) = calls.await
    {
        tracing::error!(cause = %error, "calls ended badly");
    }
}

/// Whether the section can be used, without opening what it names.
pub(crate) fn check(root: &Root) -> Result<(), Failure> {
    let named = |place: &PasswordPlace| -> Result<String, Fault> { placed(place).map(|_| String::new()) };
    root.voice.sip.check(&named).map(drop).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

fn placed(place: &PasswordPlace) -> Result<SecretRef, Fault> {
    let PasswordPlace { password_file, password_env, password_credential } = place;
    let (env, credential) = (password_env.as_deref(), password_credential.as_deref());
    SecretRef::one_of("password", password_file.as_deref(), env, credential)?
        .ok_or_else(|| "expected one of password_file, password_env and password_credential".into())
}
