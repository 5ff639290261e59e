//! Calls that platforms hold, put into the program: webhooks on the web listener, FastAGI on its own.
//!
//! Decides nothing about calls; the channel does.

use std::sync::Arc;
use std::time::Duration;

use channel_http::Mount;
use channel_voice::config::webhooks::SecretPlace;
use channel_voice::dialogue;
use channel_voice::languages::Choices;
use channel_voice::prompts::Prompts;
use channel_voice::run::{fastagi, ivr};
use contract::Verify;
use net::Drain;
use tokio_util::sync::CancellationToken;
use verigate::config::{ProcessEnvironment, SecretRef};
use verigate::ledger::folder::Folder;
use wording::Words;

use super::Root;
use crate::failure::{Exit, Failure};

/// Calls by FastAGI, and questions whose caller is gone, may take so long when the gateway stops.
const GRACE: Duration = Duration::from_secs(20);

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What platforms reach.
#[derive(Debug)]
pub(super) struct Platforms {
    ivr: Option<ivr::Ivr>,
    fastagi: Option<(fastagi::Bound, ivr::Ports)>,
    tasks: Drain,
}

fn usage(source: impl Into<anyhow::Error>) -> Failure {
    Failure::Other { exit: Exit::Usage, source: source.into() }
}

/// The recordings, with the operator's own, and of names what is in the data folder.
pub(crate) fn prompts(root: &Root, folder: &Folder) -> Result<Prompts, Failure> {
    let shipped = Prompts::shipped().map_err(usage)?.with_names(&super::names::folder(&folder.data));
    match &root.voice.prompts {
        None => Ok(shipped),
        Some(folder) => shipped.with_folder(folder).map_err(usage),
    }
}

/// What all calls share, however they come: a caller is spoken to in the language of the last call, by whichever way that
/// came.
pub(super) struct Line {
    pub(super) verify: Arc<dyn Verify>,
    pub(super) words: Arc<Words>,
    pub(super) prompts: Arc<Prompts>,
    pub(super) dialogue: Arc<dialogue::Settings>,
    pub(super) choices: Arc<Choices>,
}

/// Loads it.
pub(super) fn line(
    root: &Root,
    verify: &Arc<dyn Verify>,
    words: &Arc<Words>,
    folder: &Folder,
) -> Result<Line, Failure> {
    Ok(Line {
        verify: Arc::clone(verify),
        words: Arc::clone(words),
        prompts: Arc::new(prompts(root, folder)?),
        dialogue: Arc::new(root.voice.dialogue.check().map_err(usage)?),
        choices: Arc::default(),
    })
}

/// Binds and prepares what is configured.
pub(super) async fn bind(root: &Root, line: &Line, stopping: &CancellationToken) -> Result<Platforms, Failure> {
    let fetch = |place: &SecretPlace| -> Result<String, Fault> {
        Ok(placed(place)?.text(&ProcessEnvironment)?.expose().to_owned())
    };
    let tasks = Drain::new(stopping.clone(), GRACE);
    let (webhooks, agi) =
        (root.voice.webhooks.check(&fetch).map_err(usage)?, root.voice.fastagi.check().map_err(usage)?);
    if webhooks.is_none() && agi.is_none() {
        return Ok(Platforms { ivr: None, fastagi: None, tasks });
    }
    let ports = ivr::Ports {
        verify: Arc::clone(&line.verify),
        words: Arc::clone(&line.words),
        prompts: Arc::clone(&line.prompts),
        dialogue: Arc::clone(&line.dialogue),
        choices: Arc::clone(&line.choices),
        tasks: tasks.clone(),
    };
    let ivr = webhooks.map(|settings| ivr::Ivr::new(settings, ports.clone()));
    let fastagi = match agi {
        None => None,
        Some(settings) => {
            let bound = fastagi::Bound::bind(settings).await;
            Some((bound.map_err(|error| Failure::Other { exit: Exit::Unavailable, source: error.into() })?, ports))
        }
    };
    Ok(Platforms { ivr, fastagi, tasks })
}

impl Platforms {
    /// Whether there is any.
    pub(super) const fn are_any(&self) -> bool {
        self.ivr.is_some() || self.fastagi.is_some()
    }

    /// What stands on the web listener.
    pub(super) fn mounts(&self) -> Vec<Mount> {
        self.ivr.iter().map(|ivr| Mount::new("/ivr", ivr.clone())).collect()
    }

    /// Serves until the gateway stops; then lets calls and questions end.
    pub(super) async fn serve(self) {
        match self.fastagi {
            Some((bound, ports)) => bound.serve(ports, &self.tasks).await,
            None => self.tasks.stopping().cancelled().await,
        }
        let cut = self.tasks.finish().await;
        if cut > 0 {
            tracing::warn!(cut, "calls of platforms were cut at the end of the drain");
        }
    }
}

/// Whether the sections can be used, without opening what they name.
pub(crate) fn check(root: &Root) -> Result<(), Failure> {
    // As long as a secret must be: it is only looked for, not at.
    let named = |place: &SecretPlace| -> Result<String, Fault> { placed(place).map(|_| "0".repeat(16)) };
    root.voice.dialogue.check().map_err(usage)?;
    root.voice.webhooks.check(&named).map_err(usage)?;
    root.voice.fastagi.check().map(drop).map_err(usage)
}

fn placed(place: &SecretPlace) -> Result<SecretRef, Fault> {
    let (env, credential) = (place.secret_env.as_deref(), place.secret_credential.as_deref());
    SecretRef::one_of("secret", place.secret_file.as_deref(), env, credential)?
        .ok_or_else(|| "expected one of secret_file, secret_env and secret_credential".into())
}
