//! The SMS channel put into the program: its passwords, its section of the control socket.
//!
//! Decides nothing about links; the channel does.

use std::sync::Arc;

use channel_sms::{Operator, OperatorError, PasswordPlace};
use serde_json::Value;
use verigate::config::{ProcessEnvironment, SecretRef};
use verigate::control::{Channels, Failed, Kind};

use super::Root;
use crate::failure::{Exit, Failure};

/// The channel's name on the control socket.
pub(crate) const NAME: &str = "sms";

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// The section, with its passwords fetched.
pub(crate) fn settings(root: &Root) -> Result<channel_sms::config::Settings, Failure> {
    root.sms.check(&fetch).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

/// Whether the section can be used, without opening what it names.
pub(crate) fn check(root: &Root) -> Result<(), Failure> {
    let placed = |place: &PasswordPlace| -> Result<String, Fault> { placed(place).map(|_| String::new()) };
    root.sms.check(&placed).map(drop).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
}

fn fetch(place: &PasswordPlace) -> Result<String, Fault> {
    match placed(place)? {
        Some(place) => Ok(place.text(&ProcessEnvironment)?.expose().to_owned()),
        None => Ok(place.given.as_ref().map_or_else(String::new, |given| given.0.clone())),
    }
}

/// Where it is; `None` where it is given in the program itself.
fn placed(place: &PasswordPlace) -> Result<Option<SecretRef>, Fault> {
    let PasswordPlace { password_file, password_env, password_credential, given } = place;
    let (env, credential) = (password_env.as_deref(), password_credential.as_deref());
    match SecretRef::one_of("password", password_file.as_deref(), env, credential)? {
        None if given.is_none() => Err("expected one of password_file, password_env and password_credential".into()),
        place => Ok(place),
    }
}

/// The channel's answers on the control socket.
pub(crate) fn section(operator: Operator) -> Channels {
    let answer = move |ask: Value| {
        operator.answer(ask).map_err(|error| {
            let kind = match error {
                OperatorError::Unreadable(_) => Kind::Usage,
                OperatorError::NoLink(_) => Kind::Data,
            };
            Failed { kind, message: format!("{:#}", anyhow::Error::from(error)) }
        })
    };
    let answer: Arc<dyn Fn(Value) -> Result<Value, Failed> + Send + Sync> = Arc::new(answer);
    Channels::from([(NAME, answer)])
}
