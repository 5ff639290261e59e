//! The running channel: lines, sockets, tasks, the clock, and the one place where an inquiry is handed to the core.
//!
//! Every terminal has a task of its own, and a line that fails, floods or never reads is that task's trouble alone. A
//! terminal that comes a second time (its serial server lost the first connection and we did not notice) takes the
//! place of the first. All tasks belong to one [`Drain`]: on shutdown a terminal that waits for an answer still gets it.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

mod accept;
mod converse;
mod dial;
mod hub;
mod operator;
mod post;
mod reach;
mod speaking;
mod tty;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use contract::Verify;
use net::{BindError, Drain, Listener, TlsError};
use tokio_util::sync::CancellationToken;
use wording::Words;

use self::hub::Hub;
pub use self::operator::{Ask, Operator, OperatorError, Prepared};
use self::tty::Pty;
use crate::config::{Settings, Way};

/// What is under way when the gateway stops may take so long.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the channel cannot come up.
#[derive(Debug, thiserror::Error)]
pub enum KioskError {
    /// An address cannot be bound.
    #[error("the kiosk channel cannot listen")]
    Bind(#[source] BindError),
    /// TLS to a serial server cannot be set up.
    #[error("the terminal {terminal} cannot speak tls")]
    Tls {
        /// The terminal.
        terminal: String,
        /// Why.
        source: TlsError,
    },
    /// A pseudo terminal cannot be made.
    #[error("no pseudo terminal for {terminal}")]
    Pty {
        /// The terminal.
        terminal: String,
        /// Why.
        source: std::io::Error,
    },
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

/// Whether what the section names can be used.
fn usable(settings: &Settings) -> Result<(), KioskError> {
    for terminal in &settings.terminals {
        if let Way::Dial { tls, .. } = &terminal.way {
            let fault = |source| KioskError::Tls { terminal: terminal.name.to_string(), source };
            dial::dialler(tls.as_deref()).map_err(fault)?;
        }
    }
    Ok(())
}

/// The channel with its sockets bound and nobody served yet.
#[derive(Debug)]
pub struct Bound {
    hub: Arc<Hub>,
    listeners: Vec<Listener>,
    ptys: Vec<(Arc<crate::config::Terminal>, Pty)>,
    shutdown: CancellationToken,
}

impl Bound {
    /// Binds every server and makes every pseudo terminal.
    ///
    /// # Errors
    /// [`KioskError`].
    pub async fn bind(settings: Settings, ports: Ports, shutdown: CancellationToken) -> Result<Self, KioskError> {
        let mut listeners = Vec::with_capacity(settings.servers.len());
        for server in &settings.servers {
            let listener =
                Listener::bind("kiosk", server.listen, server.connections).await.map_err(KioskError::Bind)?;
            listeners.push(match &server.tls {
                None => listener,
                Some(files) => listener.with_tls(files, &[]).map_err(KioskError::Bind)?,
            });
        }
        usable(&settings)?;
        let mut ptys = Vec::new();
        for terminal in settings.terminals.iter().filter(|terminal| terminal.way == Way::Pty) {
            let fault = |source| KioskError::Pty { terminal: terminal.name.to_string(), source };
            ptys.push((Arc::clone(terminal), Pty::open().map_err(fault)?));
        }
        let hub = Hub::new(settings, ports, Drain::new(shutdown.clone(), DRAIN));
        Ok(Self { hub, listeners, ptys, shutdown })
    }

    /// The addresses bound, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// The pseudo terminals made, by path.
    #[must_use]
    pub fn ptys(&self) -> Vec<String> {
        self.ptys.iter().map(|(_, pty)| pty.path().to_owned()).collect()
    }

    /// The operator's way in.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::new(Arc::clone(&self.hub))
    }

    /// Serves until the shutdown. Returns how many tasks had to be cut.
    pub async fn serve(self) -> usize {
        let Self { hub, listeners, ptys, shutdown } = self;
        drop(hub.tasks.spawn(hub::tick(Arc::clone(&hub))));
        for (terminal, pty) in ptys {
            drop(hub.tasks.spawn(tty::keep_pty(Arc::clone(&hub), terminal, pty)));
        }
        hub.start_all();
        let mut serving = tokio::task::JoinSet::new();
        for (nth, listener) in listeners.into_iter().enumerate() {
            let hub = Arc::clone(&hub);
            serving.spawn(async move {
                let tasks = hub.tasks.clone();
                listener.serve(&tasks, move |connection| accept::accepted(Arc::clone(&hub), nth, connection)).await;
            });
        }
        shutdown.cancelled().await;
        while serving.join_next().await.is_some() {}
        let cut = hub.tasks.finish().await;
        if cut > 0 {
            tracing::warn!(cut, "kiosk tasks were cut at the end of the drain");
        }
        cut
    }
}
