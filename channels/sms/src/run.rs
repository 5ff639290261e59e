//! The running channel: sockets, tasks, the clock, and the one place where an inquiry is handed to the core.
//!
//! Comes up in this order: replies that are still owed go into the outboxes, then carriers are let in and dialled, so
//! that a reply is never both taken from the log and made anew. Goes down in this order: links take their leave, what
//! the core has answered meanwhile stays owed in its log. All tasks belong to one [`Drain`].
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

mod converse;
mod desk;
mod dial;
mod group;
mod hub;
mod line;
mod operator;
mod probe;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use contract::Verify;
use net::{BindError, Drain, Listener, TlsError};
use tokio_util::sync::CancellationToken;
use wording::Words;

use self::hub::Hub;
pub use self::operator::{Ask, Operator, OperatorError};
use crate::config::{Server, Settings};

/// What is under way when the gateway stops may take so long.
const DRAIN: Duration = Duration::from_secs(15);

/// Why the channel cannot come up.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// An address cannot be bound.
    #[error("the sms channel cannot listen")]
    Bind(#[source] BindError),
    /// TLS to a carrier cannot be set up.
    #[error("the link {link} cannot speak tls")]
    Tls {
        /// The link.
        link: String,
        /// Why.
        source: TlsError,
    },
    /// What is owed cannot be learned.
    #[error("the sms channel cannot learn which replies are owed")]
    Owed(#[source] contract::Refusal),
}

/// What the channel needs from the program around it.
#[derive(Clone)]
pub struct Ports {
    /// The core.
    pub verify: Arc<dyn Verify>,
    /// The words.
    pub words: Arc<Words>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// The channel with its sockets bound and nobody served yet.
#[derive(Debug)]
pub struct Bound {
    hub: Arc<Hub>,
    listeners: Vec<Listener>,
    settled: tokio::sync::mpsc::UnboundedReceiver<crate::outbox::Settled>,
    shutdown: CancellationToken,
}

impl Bound {
    /// Binds every server and prepares every link.
    ///
    /// # Errors
    /// [`SmsError`].
    pub async fn bind(settings: Settings, ports: Ports, shutdown: CancellationToken) -> Result<Self, SmsError> {
        let mut listeners = Vec::with_capacity(settings.servers.len());
        for server in &settings.servers {
            listeners.push(listen(server).await?);
        }
        let drain = Drain::new(shutdown.clone(), DRAIN);
        let (hub, settled) = Hub::new(settings, ports, drain)?;
        Ok(Self { hub, listeners, settled, shutdown })
    }

    /// The addresses bound, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// The operator's way in.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::new(Arc::clone(&self.hub))
    }

    /// Serves until the shutdown, then lets every link take its leave. Returns how many tasks had to be cut.
    ///
    /// # Errors
    /// [`SmsError::Owed`], before anybody is served.
    pub async fn serve(self) -> Result<usize, SmsError> {
        let Self { hub, listeners, settled, shutdown } = self;
        hub.take_over().await.map_err(SmsError::Owed)?;
        let settling = hub.tasks.spawn(hub::settle(Arc::clone(&hub), settled));
        drop(hub.tasks.spawn(hub::tick(Arc::clone(&hub))));
        drop(hub.tasks.spawn(desk::mind_parts(Arc::clone(&hub))));
        hub.start_links();
        drop(hub.tasks.spawn(probe::keep(Arc::clone(&hub))));
        let mut serving = tokio::task::JoinSet::new();
        for listener in listeners {
            let hub = Arc::clone(&hub);
            serving.spawn(async move {
                let tasks = hub.tasks.clone();
                listener.serve(&tasks, move |connection| converse::accepted(Arc::clone(&hub), connection)).await;
            });
        }
        shutdown.cancelled().await;
        while serving.join_next().await.is_some() {}
        drop(settling);
        let cut = hub.tasks.finish().await;
        if cut > 0 {
            tracing::warn!(cut, "sms tasks were cut at the end of the drain");
        }
        Ok(cut)
    }
}

async fn listen(server: &Server) -> Result<Listener, SmsError> {
    let listener = Listener::bind("smpp", server.listen, server.connections).await.map_err(SmsError::Bind)?;
    match &server.tls {
        None => Ok(listener),
        Some(files) => listener.with_tls(files, &[]).map_err(SmsError::Bind),
    }
}
