//! Which path leads where, and what a path that leads nowhere says: a problem to a program, a page to a person.
//!
//! Holds no handler of its own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::mount::Mount;
use crate::problem::{Problem, ProblemKind};
use crate::run::Gateway;
use crate::{api, pages};

/// On every response: nothing from elsewhere, in no frame, no guessing of types. The referrer stays on this site and is
/// not left out altogether, because browsers then send `Origin: null` with the form and a forged one looks the same.
const GUARDS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// All paths, ours and the mounted ones.
pub(crate) fn router(gateway: Arc<Gateway>, mounts: Vec<Mount>) -> Router {
    let most = usize::try_from(gateway.settings.requests.body_bytes).unwrap_or(usize::MAX);
    let own = Router::new()
        .route("/v1/checks", post(api::checks))
        .route("/v1/events", post(api::events))
        .route("/v1/receipts/{receipt}", get(api::receipt))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        .route("/openapi.json", get(api::openapi))
        .route("/problems/{name}", get(api::problem))
        .route("/", get(pages::home))
        .route("/check", post(pages::check))
        .route("/answer/{token}", get(pages::answer))
        .route("/receipt", get(pages::receipt))
        .route("/01/{*fields}", get(pages::landing))
        .route("/gtin/{*fields}", get(pages::landing))
        .route("/8006/{*fields}", get(pages::landing))
        .route("/style.css", get(pages::style))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .with_state(gateway);
    mounts.into_iter().fold(own, |router, mount| mount.on(router, most))
}

async fn nowhere(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    refuse(&gateway, &parts, Problem::new(ProblemKind::NotFound, "there is nothing at this path"))
}

async fn not_so(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    refuse(&gateway, &parts, Problem::new(ProblemKind::MethodNotAllowed, "the header Allow names the methods"))
}

/// A problem in the manner of its path: JSON for programs, a worded page for those who came by the page's own paths or ask
/// for HTML.
pub(crate) fn refuse(gateway: &Gateway, parts: &Parts, problem: Problem) -> Response {
    let path = parts.uri.path();
    let accepts_html = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    let is_page = matches!(path, "/" | "/check" | "/receipt")
        || ["/answer/", "/01/", "/gtin/", "/8006/"].iter().any(|front| path.starts_with(front));
    if path.starts_with("/v1") || !(is_page || accepts_html) {
        return problem.into_response();
    }
    pages::trouble(gateway, parts, &problem)
}

/// Adds what every response carries.
pub(crate) fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in GUARDS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
