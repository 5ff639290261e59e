//! Services of others on this listener: a webhook's address belongs to another channel, its connection to this one.
//!
//! Owns where they stand and caps their bodies; the connection's limits, time-outs and headers are everyone's. Does not know
//! what they answer.

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::Limited;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

/// A service and the front of the paths that it answers.
#[derive(Clone)]
pub struct Mount {
    prefix: &'static str,
    service: BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>,
}

impl Mount {
    /// Everything below `prefix` (`/ivr` is asked for `/ivr/acme`, not for `/ivr`). Requests come whole: the URI with the
    /// prefix, because senders sign it, and a [`net::Peer`] in the extensions.
    pub fn new<S, B>(prefix: &'static str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { prefix, service: BoxCloneSyncService::new(service.map_response(|response| response.map(Body::new))) }
    }

    /// Adds it; a body beyond `most` bytes breaks off with an error.
    pub(crate) fn on(self, router: Router, most: usize) -> Router {
        let capped = move |request: Request<Body>| request.map(|body| Body::new(Limited::new(body, most)));
        router.route_service(&format!("{}/{{*rest}}", self.prefix), self.service.map_request(capped))
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
