//! The kiosk channel put into the program: its secrets, its section of the control socket.
//!
//! Decides nothing about terminals; the channel does.

use std::sync::Arc;

use channel_kiosk::{Bound, Operator, OperatorError, Ports, SecretPlace};
use contract::Verify;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use verigate::config::{ProcessEnvironment, SecretRef};
use verigate::control::{Channels, Failed, Kind};
use wording::Words;

use super::Root;
use crate::failure::{Exit, Failure};

/// The channel's name on the control socket.
pub(crate) const NAME: &str = "kiosk";

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The section, with its secrets fetched.
pub(super) fn settings(root: &Root) -> Result<channel_kiosk::config::Settings, Failure> {
    let fetch = |place: &SecretPlace| -> Result<String, Fault> {
        Ok(placed(place)?.text(&ProcessEnvironment)?.expose().to_owned())
    };
    root.kiosk.check(&fetch).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

/// Whether the section can be used, without opening what it names.
pub(crate) fn check(root: &Root) -> Result<(), Failure> {
    let looked = |place: &SecretPlace| -> Result<String, Fault> { placed(place).map(|_| String::new()) };
    root.kiosk.check(&looked).map(drop).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

/// Binds the channel's servers and makes its pseudo terminals. Takes the terminals out of the configuration: they may be
/// thousands, and nobody asks again how they were written.
pub(super) async fn bind(
    root: &mut Root,
    verify: &Arc<dyn Verify>,
    words: &Arc<Words>,
    stopping: &CancellationToken,
) -> Result<Bound, Failure> {
    let ports = Ports { verify: Arc::clone(verify), words: Arc::clone(words) };
    let settings = settings(root)?;
    root.kiosk.terminal = Vec::new();
    Bound::bind(settings, ports, stopping.clone())
        .await
        .map_err(|error| Failure::Other { exit: Exit::Unavailable, source: error.into() })
}

fn placed(place: &SecretPlace) -> Result<SecretRef, Fault> {
    let SecretPlace { file, env, credential } = place;
    SecretRef::one_of("registration", file.as_deref(), env.as_deref(), credential.as_deref())?
        .ok_or_else(|| "expected one of file, env and credential".into())
}

/// Adds the channel's answers to those on the control socket.
pub(crate) fn section(operator: Operator, channels: &mut Channels) {
    let answer = move |ask: Value| {
        operator.answer(ask).map_err(|error| {
            let kind = match error {
                OperatorError::Unreadable(_) => Kind::Usage,
                OperatorError::NoTerminal(_) => Kind::Data,
                OperatorError::Overtaken(_) => Kind::Unavailable,
            };
            Failed { kind, message: format!("{:#}", anyhow::Error::from(error)) }
        })
    };
    let answer: Arc<dyn Fn(Value) -> Result<Value, Failed> + Send + Sync> = Arc::new(answer);
    channels.insert(NAME, answer);
}
