//! One connection: HTTP/1.1 or HTTP/2, cut when idle, closed in order when the gateway stops. A request whose connection is
//! gone goes on without it.
//!
//! Does not read bodies.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use contract::Refusal;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use net::{Connection, Drain, Outliving, Peer, Stream};
use tower::ServiceExt;
use tracing::{Instrument, Span};

use crate::config::Requests;
use crate::problem::{Problem, ProblemKind};
use crate::routes;
use crate::run::{Gateway, metered::Metered, request_id};

/// Requests of one HTTP/2 connection in work at once.
const STREAMS: u32 = 64;

/// An answer is still being taken by whoever takes so many bytes of it per `header_timeout_s`: the slowest telephone line does.
const SLOWEST: u64 = 8_192;

/// So many looks at a connection make up `header_timeout_s`.
const LOOKS: u32 = 4;

/// What answers the requests of every connection.
pub(super) struct Service {
    gateway: Arc<Gateway>,
    router: Router,
    builder: Builder<Streams>,
}

/// Where the streams of an HTTP/2 connection run: they are waited for and cut as the connections are.
#[derive(Debug, Clone)]
struct Streams(Drain);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        drop(self.0.spawn(stream));
    }
}

/// What a connection is doing: an idle one is told by looks in a row that show the same.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request of a connection, until it is answered or its stream reset.
struct InWork(Arc<Activity>);

impl InWork {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Service {
    pub(super) fn new(gateway: Arc<Gateway>, router: Router) -> Self {
        let builder = builder(&gateway.settings.requests, Streams(gateway.tasks.clone()));
        Self { gateway, router, builder }
    }

    /// Answers one request, to the end though nobody may wait for it any more; all that the log says of it carries its id.
    /// What can be done at once is, so that little is carried from one look at the answer to the next; but a request is in
    /// work only once it is looked at, or one connection's streams would fill the places of all.
    fn answer(&self, mut request: Request, connection: Peer) -> impl Future<Output = Response> + Send + use<> {
        let gateway = Arc::clone(&self.gateway);
        let peer = gateway.settings.proxies.sender(connection, request.headers());
        request.extensions_mut().insert(peer);
        let id = gateway.ids.of(request.headers());
        let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
        // What a program is refused with needs nothing of its request.
        let (parts, body) = request.into_parts();
        let kept = (!routes::is_for_programs(parts.uri.path())).then(|| Box::new(parts.clone()));
        let request = Request::from_parts(parts, body);
        let router = self.router.clone();
        async move {
            let given = match begin(&gateway, router, request, &span) {
                Ok(task) => ended(&gateway, task, &span).await,
                Err(refusal) => Err(Problem::from(refusal)),
            };
            let mut response = given.unwrap_or_else(|problem| match &kept {
                Some(parts) => routes::refuse(&gateway, parts, problem),
                None => problem.into_response(),
            });
            response.headers_mut().insert(request_id::HEADER, id);
            routes::guard(&mut response, peer.by_tls || gateway.settings.secure_cookies);
            response
        }
    }
}

/// Hands a request to what answers it, unless too many are in work.
fn begin(
    gateway: &Gateway,
    router: Router,
    request: Request,
    span: &Span,
) -> Result<Outliving<Result<Response, Infallible>>, Refusal> {
    let permit = Arc::clone(&gateway.running).try_acquire_owned().map_err(|_| Refusal::Overloaded)?;
    let answering = router.oneshot(request);
    let answering = async move {
        let _permit = permit;
        answering.await
    };
    Ok(gateway.tasks.outlive(answering.instrument(span.clone())))
}

/// What a request came to.
async fn ended(
    gateway: &Gateway,
    task: Outliving<Result<Response, Infallible>>,
    span: &Span,
) -> Result<Response, Problem> {
    // The body's own patience comes first; this one is for the answer.
    let patience = Duration::from_secs(gateway.settings.requests.request_timeout_s.into()) * 2;
    match tokio::time::timeout(patience, task).await {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(never))) => match never {},
        Ok(Err(error)) => {
            tracing::error!(parent: span, %error, "a request failed");
            Err(Problem::from(Refusal::Internal))
        }
        Err(_) => Err(Problem::new(
            ProblemKind::Unavailable,
            "no answer in time; repeat the request with the same Idempotency-Key to learn it",
        )),
    }
}

/// Serves one connection to its end.
pub(super) async fn converse(connection: Connection, service: Arc<Service>) {
    let Connection { stream, peer, held: _held } = connection;
    let peer = Peer {
        address: peer.ip().to_canonical(),
        reached_loopback: local_is_loopback(&stream),
        by_tls: stream.is_tls(),
    };
    let pause = Duration::from_secs(service.gateway.settings.requests.header_timeout_s.into());
    let stopping = service.gateway.tasks.stopping().clone();
    let activity = Arc::new(Activity::default());
    let written = Arc::new(AtomicU64::new(0));
    let stream = Metered::new(stream, Arc::clone(&written));
    let noted = Arc::clone(&activity);
    let builder = service.builder.clone();
    let requests = service_fn(move |request: hyper::Request<Incoming>| {
        let in_work = InWork::begin(&noted);
        let answer = service.answer(request.map(Body::new), peer);
        async move {
            let response = answer.await;
            drop(in_work);
            Ok::<_, Infallible>(response)
        }
    });
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    // A peer that says nothing, or stops within its first bytes or a head, or holds an HTTP/2 connection open for nothing is
    // cut here: asked to go once all looks of a pause show the same, and left at the next.
    let mut look = pin!(tokio::time::sleep(pause / LOOKS));
    let (mut seen, mut sent, mut quiet, mut closing) = (0, 0, 0, false);
    loop {
        tokio::select! {
            result = conversation.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%error, "connection ended early");
                }
                return;
            }
            () = stopping.cancelled(), if !closing => {
                closing = true;
                conversation.as_mut().graceful_shutdown();
            }
            () = look.as_mut() => {
                let (begun, ended) = (activity.begun.load(Ordering::Relaxed), activity.ended.load(Ordering::Relaxed));
                let left = written.load(Ordering::Relaxed);
                if begun == seen && begun == ended && left.saturating_sub(sent) < SLOWEST {
                    quiet += 1;
                } else {
                    (seen, sent, quiet) = (begun, left, 0);
                }
                if quiet >= LOOKS {
                    if closing {
                        return;
                    }
                    closing = true;
                    conversation.as_mut().graceful_shutdown();
                }
                look.as_mut().reset(tokio::time::Instant::now() + pause / LOOKS);
            }
        }
    }
}

fn builder(requests: &Requests, streams: Streams) -> Builder<Streams> {
    let pause = Duration::from_secs(requests.header_timeout_s.into());
    let header_bytes = usize::try_from(requests.header_bytes).unwrap_or(8_192);
    let mut builder = Builder::new(streams);
    builder
        .http1()
        // `converse` looks at all connections alike; a timer of hyper's would be set for each request.
        .header_read_timeout(None)
        // A head and a short body leave in one piece.
        .writev(false)
        .max_buf_size(header_bytes)
        .half_close(false)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(requests.header_bytes)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(1_024)
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(1_048_576)
        .max_send_buf_size(65_536)
        .keep_alive_interval(pause)
        .keep_alive_timeout(pause);
    builder
}

fn local_is_loopback(stream: &Stream) -> bool {
    stream.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
}
