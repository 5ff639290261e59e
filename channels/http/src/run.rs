//! The running channel: sockets, tasks, the clock, and the one place where an inquiry is handed to the core.
//!
//! A request outlives its connection, so a check that reached us is recorded although the asker hung up. All tasks belong to
//! one [`Drain`]. Does not know what the paths mean.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

pub(crate) mod body;
mod connection;
mod metered;
pub(crate) mod request_id;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::Request;
use contract::signal::{InquiryAnswered, InquiryReceived, RefusalSent, Signal, VerdictGiven};
use contract::{
    Asker, Channel, Inquiry, LifeReport, Receipt, ReceiptView, Refusal, Reply, Reported, Timestamp, Verify,
};
use net::{BindError, Certificates, Drain, FreshCertificates, Listener, Peer, TlsError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use wording::Words;

use crate::answers::Answers;
use crate::config::{Clients, ConfigError, HttpConfig};
use crate::mount::Mount;
use crate::routes;
use crate::session::{Newcomers, PageKey, random};
use request_id::RequestIds;

/// Why the channel cannot come up.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Its section cannot be used.
    #[error("the configuration of the http channel cannot be used")]
    Config(#[source] ConfigError),
    /// Its address cannot be bound.
    #[error("the http channel cannot listen")]
    Bind(#[source] BindError),
    /// A fresh certificate cannot be used.
    #[error("the certificate of the http channel cannot be used")]
    Tls(#[source] TlsError),
    /// TLS would be switched on or off.
    #[error("http.tls cannot be set or taken away while the gateway runs: restart it")]
    TlsSwitched,
    /// There is no randomness to name the process's requests with.
    #[error("the system gives no randomness")]
    Randomness,
}

/// What the channel needs from the program around it.
#[derive(Clone)]
pub struct Ports {
    /// The core.
    pub verify: Arc<dyn Verify>,
    /// The words.
    pub words: Arc<Words>,
    /// The metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Signs cookies and forms. Keep it over restarts, or every visitor becomes a stranger.
    pub page_key: [u8; 32],
    /// What others answer on this listener, by the front of its path.
    pub mounts: Vec<Mount>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// The channel with its socket bound and nobody served yet.
#[derive(Debug)]
pub struct Bound {
    config: HttpConfig,
    clients: Clients,
    listener: Listener,
    ids: RequestIds,
}

/// What can be changed while the channel runs: its certificate, for connections that begin from then on.
#[derive(Debug, Clone)]
pub struct Operator {
    certificates: Option<Certificates>,
}

/// A change that can be made.
#[derive(Debug)]
pub struct Prepared(Option<FreshCertificates>);

impl Operator {
    /// Reads the certificate that this section names; changes nothing yet.
    ///
    /// # Errors
    /// [`HttpError`], by what is wrong with the section.
    pub fn prepare(&self, config: &HttpConfig) -> Result<Prepared, HttpError> {
        config.check().map_err(HttpError::Config)?;
        match (&self.certificates, &config.tls) {
            (None, None) => Ok(Prepared(None)),
            (Some(certificates), Some(files)) => {
                certificates.read(files).map(|fresh| Prepared(Some(fresh))).map_err(HttpError::Tls)
            }
            (None, Some(_)) | (Some(_), None) => Err(HttpError::TlsSwitched),
        }
    }
}

impl Prepared {
    /// Makes it.
    pub fn apply(self) {
        if let Some(fresh) = self.0 {
            fresh.apply();
        }
    }
}

impl Bound {
    /// Checks the configuration and binds.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn bind(config: HttpConfig) -> Result<Self, HttpError> {
        let clients = config.check().map_err(HttpError::Config)?;
        let mut listener = Listener::bind("http", config.listen, config.connections).await.map_err(HttpError::Bind)?;
        if let Some(files) = &config.tls {
            listener = listener.with_tls(files, &["h2", "http/1.1"]).map_err(HttpError::Bind)?;
        }
        let ids = RequestIds::new(random().map_err(|_| HttpError::Randomness)?.chars().take(12).collect());
        Ok(Self { config, clients, listener, ids })
    }

    /// What changes the channel while it runs.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator { certificates: self.listener.certificates() }
    }

    /// The address bound.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Serves until `shutdown` is cancelled, then lets running requests finish within `requests.drain_s`. Returns how many
    /// tasks (connections and requests) had to be cut.
    pub async fn serve(self, ports: Ports, shutdown: CancellationToken) -> usize {
        let requests = self.config.requests;
        let drain = Drain::new(shutdown, Duration::from_secs(requests.drain_s.into()));
        let gateway = Arc::new(Gateway {
            verify: ports.verify,
            words: ports.words,
            metrics: ports.metrics,
            key: PageKey::new(ports.page_key),
            clients: self.clients,
            answers: Answers::default(),
            newcomers: Newcomers::new(self.config.newcomers_per_hour),
            running: Arc::new(Semaphore::new(usize::try_from(requests.running).unwrap_or(Semaphore::MAX_PERMITS))),
            tasks: drain.clone(),
            asked: AtomicU64::new(0),
            ids: self.ids,
            settings: self.config,
        });
        let service = connection::Service::new(Arc::clone(&gateway), routes::router(gateway, ports.mounts));
        let service = Arc::new(service);
        self.listener.serve(&drain, move |connection| connection::converse(connection, Arc::clone(&service))).await;
        let cut = drain.finish().await;
        if cut > 0 {
            tracing::warn!(cut, "http requests were cut at the end of the drain");
        }
        cut
    }
}

/// What every request shares.
pub(crate) struct Gateway {
    pub(crate) verify: Arc<dyn Verify>,
    pub(crate) words: Arc<Words>,
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) key: PageKey,
    pub(crate) clients: Clients,
    pub(crate) answers: Answers,
    pub(crate) newcomers: Newcomers,
    pub(crate) settings: HttpConfig,
    running: Arc<Semaphore>,
    tasks: Drain,
    asked: AtomicU64,
    pub(crate) ids: RequestIds,
}

/// The sender of a request.
///
/// # Panics
/// Never within the channel: every connection notes its peer in its requests.
pub(crate) fn peer(request: &Request) -> Peer {
    *request.extensions().get::<Peer>().expect("every connection notes its peer in its requests")
}

impl Gateway {
    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Hands an inquiry to the core, in its span and with its signals.
    pub(crate) async fn ask(&self, inquiry: Inquiry) -> Result<Reply, Refusal> {
        let channel = inquiry.channel;
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!("inquiry", channel = channel.name(), request = number);
        InquiryReceived { channel }.emit();
        let begun = Instant::now();
        let result = self.verify.verify(inquiry).instrument(span.clone()).await;
        let _within = span.entered();
        match &result {
            Ok(reply) => {
                for answer in &reply.answers {
                    VerdictGiven { channel, verdict: answer.verdict.kind(), colour: answer.colour }.emit();
                }
                InquiryAnswered { channel, took: begun.elapsed(), replayed: reply.replayed }.emit();
            }
            Err(refusal) => RefusalSent { channel, refusal }.emit(),
        }
        result
    }

    /// Hands a report to the core.
    pub(crate) async fn report(&self, report: LifeReport) -> Result<Reported, Refusal> {
        let result = self.verify.report(report).await;
        if let Err(refusal) = &result {
            RefusalSent { channel: Channel::Api, refusal }.emit();
        }
        result
    }

    /// Looks up a receipt.
    pub(crate) async fn receipt(&self, receipt: Receipt, asker: Asker) -> Result<Option<ReceiptView>, Refusal> {
        let result = self.verify.receipt(receipt, asker).await;
        if let Err(refusal) = &result {
            RefusalSent { channel: Channel::Api, refusal }.emit();
        }
        result
    }
}
