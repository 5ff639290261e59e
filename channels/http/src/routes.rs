//! Which path leads where, and what a path that leads nowhere says: a problem to a program, a page to a person.
//!
//! Holds no handler of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::mount::Mount;
use crate::pages::{assets, docs, report};
use crate::problem::{Problem, ProblemKind};
use crate::run::{Gateway, request_id};
use crate::{api, pages};

/// On every response that is for a program: should a browser be made to show it, it is shown in no frame, as no other type,
/// and to no other site. What else a page says of itself means nothing on JSON.
static OF_PROGRAMS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// On every other response: nothing from elsewhere, in no frame, no guessing of types. The referrer stays on this site and is
/// not left out altogether, because browsers then send `Origin: null` with the form and a forged one looks the same.
static OF_PAGES: [(HeaderName, HeaderValue); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// All paths, ours and the mounted ones.
pub(crate) fn router(gateway: Arc<Gateway>, mounts: Vec<Mount>) -> Router {
    let most = usize::try_from(gateway.settings.requests.body_bytes).unwrap_or(usize::MAX);
    let programs = Router::new()
        .route("/v1/checks", post(api::checks))
        .route("/v1/events", post(api::events))
        .route("/v1/receipts/{receipt}", get(api::receipt))
        .route("/openapi.json", get(api::openapi));
    let programs = match cors(&gateway.settings.cors_origins) {
        // Before the layer, or it would not stand before what answers OPTIONS.
        Some(cors) => programs.method_not_allowed_fallback(not_so).layer(cors),
        None => programs,
    };
    let own = Router::new()
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        .route("/docs", get(docs::docs))
        .route("/problems/{name}", get(api::problem))
        .route("/style.css", get(assets::style))
        .route("/scan.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .route("/favicon.ico", get(assets::icon))
        .route("/scan/zxing-reader-3.1.4.js", get(assets::reader))
        .route("/scan/zxing-reader-3.1.4.wasm", get(assets::reader_wasm));
    let pages = Router::new()
        .route("/", get(pages::home))
        .route("/check", post(pages::check))
        .route("/answer/{token}", get(pages::answer))
        .route("/receipt", get(pages::receipt))
        .route("/report", get(report::report).post(report::send))
        .route("/reported", get(report::reported))
        .route("/01/{*fields}", get(pages::landing))
        .route("/gtin/{*fields}", get(pages::landing))
        .route("/8006/{*fields}", get(pages::landing))
        .layer(from_fn_with_state(Arc::clone(&gateway), pages::remember));
    let own =
        own.merge(programs).merge(pages).fallback(nowhere).method_not_allowed_fallback(not_so).with_state(gateway);
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

/// Whether a path is always answered in JSON.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path.starts_with("/v1")
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
    let is_page = matches!(path, "/" | "/check" | "/receipt" | "/report" | "/reported")
        || ["/answer/", "/01/", "/gtin/", "/8006/"].iter().any(|front| path.starts_with(front));
    if is_for_programs(path) || !(is_page || accepts_html) {
        return problem.into_response();
    }
    pages::trouble(gateway, parts, &problem)
}

/// What lets scripts of other sites use the API: they carry no cookie of ours, and nothing where no site is named.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        all if all.iter().any(|origin| origin == "*") => AllowOrigin::any(),
        some => AllowOrigin::list(some.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let idempotency_key = HeaderName::from_static("idempotency-key");
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, idempotency_key, request_id::HEADER])
        .expose_headers([header::RETRY_AFTER, header::CONTENT_LANGUAGE, request_id::HEADER])
        .max_age(Duration::from_secs(600));
    Some(layer)
}

/// Adds what every response carries; one that is only ever read by TLS says so for a year.
pub(crate) fn guard(response: &mut Response, by_tls: bool) {
    let headers = response.headers_mut();
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|of| matches!(of.as_bytes(), b"application/json" | b"application/problem+json"));
    let guards: &[_] = if is_json { &OF_PROGRAMS } else { &OF_PAGES };
    // Room for all of them at once, and the two below.
    headers.reserve(guards.len() + 2);
    for (name, value) in guards {
        // A page that needs more than the others has said so itself.
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if by_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert_with(|| HeaderValue::from_static("no-store"));
}
