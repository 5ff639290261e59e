//! The endpoints for programs: checks, events, receipts, health, metrics, the OpenAPI document.
//!
//! Turns requests into the contract's types and back. Does not decide who may ask how often: that is the core's.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::{
    Asker, Channel, Confidence, EventTime, Identity, Inquiry, InquiryId, LifeReport, Receipt, Refusal, Role, Verdict,
};
use net::Peer;

use crate::config::{Client, MetricsFor};
use crate::problem::{At, Problem, ProblemKind};
use crate::run::{Gateway, body, peer};
use crate::wire::Unreadable;
use crate::{language, render, session, wire};

/// For how long an `Idempotency-Key` names the same request.
const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The error of a registered client's clock, in milliseconds: tills are set by the network to within a minute.
const CLIENT_CLOCK_MS: u32 = 60_000;

/// `POST /v1/checks`
pub(crate) async fn checks(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response, Problem> {
    let peer = peer(&request);
    let client = client(&gateway, request.headers())?;
    let id = inquiry_id(&gateway, request.headers(), (client, peer), "")?;
    let (parts, bytes) = body::json(&gateway, request).await?;
    let asked = wire::read_check(&bytes, trust(client))?;
    let language = asked.language.unwrap_or_else(|| language::accepted(&parts.headers));
    let inquiry = Inquiry {
        id,
        channel: Channel::Api,
        asker: asker(client, peer),
        route: None,
        language,
        place: client.and_then(|client| client.place.clone()).or(asked.place),
        asked: EventTime::exact(gateway.now()),
        request: contract::Request::Check,
        checks: vec![asked.check],
    };
    let reply = gateway.ask(inquiry).await?;
    let answer = reply.answers.first().ok_or(Refusal::Internal)?;
    let mut response = render::json(&render::check(&reply, answer, &gateway.words, language));
    if let Verdict::RateLimited { minutes } = answer.verdict {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(minutes.saturating_mul(60)));
    }
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    Ok(response)
}

/// `POST /v1/events`
pub(crate) async fn events(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response, Problem> {
    let peer = peer(&request);
    let Some(client) = client(&gateway, request.headers())? else {
        return Err(Problem::new(ProblemKind::UnknownKey, "expected the header Authorization: Bearer KEY"));
    };
    let id = inquiry_id(&gateway, request.headers(), (Some(client), peer), "/events")?;
    let (_, bytes) = body::json(&gateway, request).await?;
    let event = wire::read_event(&bytes, trust(Some(client)))?;
    if !client.may.contains(&event.life) {
        return Err(Problem::new(
            ProblemKind::NotPermitted,
            format!("this client may not report {}", event.life.name()),
        ));
    }
    let at = match event.at {
        Some(at) => EventTime { at, error_ms: CLIENT_CLOCK_MS },
        None => EventTime::exact(gateway.now()),
    };
    let report = LifeReport {
        id,
        client: client.name.clone(),
        role: client.role,
        life: event.life,
        lifted: event.lifted,
        numbers: event.numbers,
        at,
        place: client.place.clone().or(event.place),
        reason: event.reason,
    };
    let reported = gateway.report(report).await?;
    Ok(Json(render::event(&reported)).into_response())
}

/// `GET /v1/receipts/{receipt}`. What cannot be a receipt is not found either, but never reaches the core: it is a slip of
/// the finger, not a guess.
pub(crate) async fn receipt(
    State(gateway): State<Arc<Gateway>>,
    Path(text): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = peer(&request);
    let client = client(&gateway, request.headers())?;
    let Some(receipt) = Receipt::parse(&text) else {
        return Err(Problem::new(ProblemKind::NotFound, "no receipt: expected 12 digits, the last a check digit"));
    };
    match gateway.receipt(receipt, asker(client, peer)).await? {
        Some(view) => Ok(Json(render::receipt(&view)).into_response()),
        None => Err(Problem::new(ProblemKind::NotFound, "no answer was given under this receipt")),
    }
}

/// `GET /healthz`: this process answers.
pub(crate) async fn healthz() -> Response {
    Json(serde_json::json!({ "status": "alive" })).into_response()
}

/// `GET /readyz`: new inquiries are answered.
pub(crate) async fn readyz(State(gateway): State<Arc<Gateway>>) -> Response {
    let health = gateway.verify.health();
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}

/// `GET /metrics`, for those the configuration allows; for others it is not there.
pub(crate) async fn metrics(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response, Problem> {
    let allowed = match gateway.settings.metrics {
        MetricsFor::Never => false,
        MetricsFor::Loopback => peer(&request).reached_loopback,
        MetricsFor::Always => true,
    };
    if !allowed {
        return Err(Problem::new(ProblemKind::NotFound, "there is nothing at this path"));
    }
    let text = (gateway.metrics)();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// `GET /openapi.json`
pub(crate) async fn openapi() -> Response {
    Json(crate::openapi::document()).into_response()
}

/// `GET /problems/{name}`: what a problem's type says.
pub(crate) async fn problem(Path(name): Path<String>) -> Result<Response, Problem> {
    match ProblemKind::ALL.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Ok(format!("{} ({})\n", kind.title(), kind.status()).into_response()),
        None => Err(Problem::new(ProblemKind::NotFound, "there is no such problem")),
    }
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        let (line, column) = unreadable.position.unzip();
        Self::bad_request(unreadable.fault).at(At { field: unreadable.field, line, column })
    }
}

/// The client that the request's key names; `None` without a key.
fn client<'a>(gateway: &'a Gateway, headers: &HeaderMap) -> Result<Option<&'a Client>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let wrong = || Problem::new(ProblemKind::UnknownKey, "expected Bearer and the API key of a registered client");
    let (scheme, key) = value.as_bytes().split_at_checked(7).ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return Err(wrong());
    }
    gateway.clients.with_key(key.trim_ascii()).map(Some).ok_or_else(wrong)
}

fn asker(client: Option<&Client>, peer: Peer) -> Asker {
    match client {
        Some(client) => Asker::new(Identity::Client(client.name.clone()), client.role),
        None => Asker::new(Identity::Network(peer.address), Role::Shopper),
    }
}

/// A registered client knows the city it works in; anyone else only claims it.
const fn trust(client: Option<&Client>) -> Confidence {
    match client {
        Some(_) => Confidence::Medium,
        None => Confidence::Low,
    }
}

/// The id that a retry of this request would have too. Keys of different askers never meet.
fn inquiry_id(
    gateway: &Gateway,
    headers: &HeaderMap,
    (client, peer): (Option<&Client>, Peer),
    of: &str,
) -> Result<InquiryId, Problem> {
    let scope = match client {
        Some(client) => ["api/client/", &client.name, of].concat(),
        None => ["api/", &session::network(peer.address).to_string(), of].concat(),
    };
    let mut values = headers.get_all("idempotency-key").into_iter();
    let Some(value) = values.next() else {
        return Ok(InquiryId { scope, key: gateway.ids.fresh(), valid_for: Duration::ZERO });
    };
    let bytes = value.as_bytes();
    let proper = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic) && values.next().is_none();
    match value.to_str() {
        Ok(key) if proper => Ok(InquiryId { scope, key: key.to_owned(), valid_for: KEY_LIFE }),
        Ok(_) | Err(_) => {
            Err(Problem::bad_request("Idempotency-Key: expected one of 1 to 255 visible ASCII characters"))
        }
    }
}
