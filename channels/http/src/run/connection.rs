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
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use net::{Connection, Peer, Stream};
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

/// What answers the requests of every connection.
#[derive(Clone)]
pub(super) struct Service {
    gateway: Arc<Gateway>,
    router: Router,
    builder: Builder<TokioExecutor>,
}

/// What a connection is doing: an idle one is told by two looks that show the same.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Service {
    pub(super) fn new(gateway: Arc<Gateway>, router: Router) -> Self {
        let builder = builder(&gateway.settings.requests);
        Self { gateway, router, builder }
    }

    /// Answers one request, to the end though nobody may wait for it any more; all that the log says of it carries its id.
    async fn answer(self, mut request: Request, connection: Peer) -> Response {
        let gateway = Arc::clone(&self.gateway);
        let peer = gateway.settings.proxies.sender(connection, request.headers());
        request.extensions_mut().insert(peer);
        let id = gateway.ids.of(request.headers());
        let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
        let mut response = self.answer_within(request, span).await;
        response.headers_mut().insert(request_id::HEADER, id);
        routes::guard(&mut response, peer.by_tls || gateway.settings.secure_cookies);
        response
    }

    async fn answer_within(self, request: Request, span: Span) -> Response {
        let gateway = self.gateway;
        let patience = Duration::from_secs(gateway.settings.requests.request_timeout_s.into());
        // What a program is refused with needs nothing of its request.
        let (parts, body) = request.into_parts();
        let kept = (!routes::is_for_programs(parts.uri.path())).then(|| parts.clone());
        let request = Request::from_parts(parts, body);
        let refuse = |problem: Problem| match &kept {
            Some(parts) => routes::refuse(&gateway, parts, problem),
            None => problem.into_response(),
        };
        match Arc::clone(&gateway.running).try_acquire_owned() {
            Err(_) => refuse(Problem::from(contract::Refusal::Overloaded)),
            Ok(permit) => {
                let router = self.router;
                let answering = async move {
                    let _permit = permit;
                    router.oneshot(request).await
                };
                let task = gateway.tasks.outlive(answering.instrument(span.clone()));
                // The body's own patience comes first; this one is for the answer.
                match tokio::time::timeout(patience * 2, task).await {
                    Ok(Ok(Some(Ok(response)))) => response,
                    Ok(Ok(Some(Err(never)))) => match never {},
                    Ok(Ok(None)) => refuse(Problem::from(contract::Refusal::Unavailable("the gateway is stopping"))),
                    Ok(Err(error)) => {
                        tracing::error!(parent: &span, %error, "a request failed");
                        refuse(Problem::from(contract::Refusal::Internal))
                    }
                    Err(_) => refuse(Problem::new(
                        ProblemKind::Unavailable,
                        "no answer in time; repeat the request with the same Idempotency-Key to learn it",
                    )),
                }
            }
        }
    }
}

/// Serves one connection to its end.
pub(super) async fn converse(connection: Connection, service: Service) {
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
        noted.begun.fetch_add(1, Ordering::Relaxed);
        let (noted, service) = (Arc::clone(&noted), service.clone());
        let request = request.map(Body::new);
        async move {
            let response = service.answer(request, peer).await;
            noted.ended.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        }
    });
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), requests));
    // hyper's own header time-out starts only when it knows the version; a peer that says nothing, or stops within the
    // first bytes, or holds an HTTP/2 connection open for nothing is cut here.
    let mut look = pin!(tokio::time::sleep(pause));
    let (mut seen, mut sent, mut closing) = (0, 0, false);
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
                let taken = left.saturating_sub(sent);
                sent = left;
                if begun == seen && begun == ended && taken < SLOWEST {
                    if closing {
                        return;
                    }
                    closing = true;
                    conversation.as_mut().graceful_shutdown();
                }
                seen = begun;
                look.as_mut().reset(tokio::time::Instant::now() + pause);
            }
        }
    }
}

fn builder(requests: &Requests) -> Builder<TokioExecutor> {
    let pause = Duration::from_secs(requests.header_timeout_s.into());
    let header_bytes = usize::try_from(requests.header_bytes).unwrap_or(8_192);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(pause)
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
