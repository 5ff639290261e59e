//! The pages for shoppers: form, answer, receipt, report, and where a GS1 link leads. Plain HTML that works without its one
//! script, nothing from elsewhere.
//!
//! A check is recorded by the form's POST alone. Its one-time id makes a second press, a reload or a retry the same message;
//! the answer stands under an address that nobody can guess, so that a refresh shows the same page. After a restart that
//! address falls back to the receipt. Does not word anything: `wording` does.

pub(crate) mod assets;
pub(crate) mod docs;
mod form;
mod landing;
pub(crate) mod report;
mod templates;

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contract::{Asker, Channel, EventTime, Identity, Inquiry, InquiryId, Language, Receipt, Refusal, Reply, Role};
use net::Peer;
use wording::MessageId;

use crate::problem::{Problem, ProblemKind};
use crate::run::{Gateway, body, peer};
use crate::session::{FORM_LIFE, Once, Visitor};
use form::{CheckForm, Fault, LONGEST, PageQuery, page_language};
use templates::{AnswerPage, Home, Landing, ReceiptPage, Trouble};

pub(crate) use landing::landing;

/// The cookie that keeps the language somebody chose. It holds one of three tags and nothing of anybody.
const LANGUAGE: &str = "verigate_language";

/// The page with the camera runs our own script and the reader that this loads; it needs the camera and nothing else.
const SCANNING: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
                        connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /`
pub(crate) async fn home(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let language = page_language(query.lang.as_deref(), &parts.headers);
    let visit = match visit(&gateway, &parts.headers, peer) {
        Ok(visit) => visit,
        Err(refusal) => return trouble(&gateway, &parts, &refusal.into()),
    };
    form_page(&gateway, &parts, &visit, &Shown { language, notice: None, code: "" })
}

/// `POST /check`
pub(crate) async fn check(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, body) = request.into_parts();
    let bytes = match body::form(&gateway, Request::from_parts(parts.clone(), body)).await {
        Ok((_, bytes)) => bytes,
        Err(problem) => return trouble(&gateway, &parts, &problem),
    };
    if !form::is_from_here(&parts) {
        let problem = Problem::new(ProblemKind::NotPermitted, "the form was sent by another site");
        return trouble(&gateway, &parts, &problem);
    }
    match answer_form(&gateway, &parts, bytes, peer).await {
        Ok(response) => response,
        Err(refusal) => trouble(&gateway, &parts, &refusal.into()),
    }
}

/// `GET /answer/{token}`: shows what was answered, records nothing.
pub(crate) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let peer = peer(&request);
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let language = page_language(query.lang.as_deref(), &parts.headers);
    if let Some(reply) = gateway.answers.find(&token, gateway.now()) {
        let address = answer_address(&token, reply.receipt);
        return match AnswerPage::new(&reply, &address, &gateway.words, language) {
            Some(page) => html(StatusCode::OK, &page, language),
            None => trouble(&gateway, &parts, &Refusal::Internal.into()),
        };
    }
    match query.receipt.as_deref() {
        Some(receipt) => receipt_page(&gateway, &parts, peer, (language, receipt)).await,
        None => trouble(&gateway, &parts, &Problem::new(ProblemKind::NotFound, "this answer is no longer kept")),
    }
}

/// `GET /receipt`
pub(crate) async fn receipt(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let language = page_language(query.lang.as_deref(), &parts.headers);
    match query.number.as_deref() {
        Some(number) => receipt_page(&gateway, &parts, peer, (language, number)).await,
        None => html(StatusCode::OK, &ReceiptPage::new(None, None, &gateway.words, language), language),
    }
}

/// Keeps the language that an address asked for: it is the visitor's choice from then on.
pub(crate) async fn remember(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let chosen = Query::<PageQuery>::try_from_uri(request.uri())
        .ok()
        .and_then(|Query(query)| crate::wire::named_language(&query.lang?))
        .filter(|chosen| form::kept_language(request.headers()) != Some(*chosen));
    let secure = if peer(&request).by_tls || gateway.settings.secure_cookies { "; Secure" } else { "" };
    let mut response = next.run(request).await;
    if let Some(chosen) = chosen {
        let cookie = format!("{LANGUAGE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}", chosen.tag());
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// The page for what went wrong.
pub(crate) fn trouble(gateway: &Gateway, parts: &Parts, problem: &Problem) -> Response {
    let language = page_language(query(parts).lang.as_deref(), &parts.headers);
    let message = match problem.kind {
        ProblemKind::NotFound => MessageId::NotFound,
        ProblemKind::Overloaded => MessageId::Busy,
        ProblemKind::BadRequest
        | ProblemKind::UnknownKey
        | ProblemKind::NotPermitted
        | ProblemKind::MethodNotAllowed
        | ProblemKind::TooSlow
        | ProblemKind::Conflict
        | ProblemKind::TooLarge
        | ProblemKind::UnsupportedMediaType
        | ProblemKind::Internal
        | ProblemKind::Unavailable => MessageId::Error,
    };
    let mut response = html(problem.kind.status(), &Trouble::new(&message, &gateway.words, language), language);
    problem.kind.mark(&mut response);
    response
}

/// Who looks at the page, and the cookie to set where it is new.
struct Visit {
    identity: Identity,
    set_cookie: Option<String>,
}

fn visit(gateway: &Gateway, headers: &HeaderMap, peer: Peer) -> Result<Visit, Refusal> {
    if let Some(visitor) = Visitor::from_headers(headers, &gateway.key) {
        return Ok(Visit { identity: Identity::Cookie(visitor.id), set_cookie: None });
    }
    if !gateway.newcomers.admit(peer.address, gateway.now()) {
        return Ok(Visit { identity: Identity::Network(peer.address), set_cookie: None });
    }
    let visitor = Visitor::fresh()?;
    let secure = peer.by_tls || gateway.settings.secure_cookies;
    let set_cookie = Some(visitor.set_cookie(&gateway.key, secure));
    Ok(Visit { identity: Identity::Cookie(visitor.id), set_cookie })
}

async fn answer_form(gateway: &Gateway, parts: &Parts, bytes: Vec<u8>, peer: Peer) -> Result<Response, Refusal> {
    let form = read_form(bytes).await.ok_or_else(|| Refusal::BadRequest("the form cannot be read".to_owned()))?;
    let language = page_language(form.lang.as_deref(), &parts.headers);
    let visit = visit(gateway, &parts.headers, peer)?;
    let now = gateway.now();
    // A form that comes back keeps the number, unless that is what was wrong with it.
    let again =
        |notice, code: &str| Ok(form_page(gateway, parts, &visit, &Shown { language, notice: Some(notice), code }));
    let check = match form.check() {
        Ok(check) => check,
        Err(fault @ Fault::BadExpiry) => return again(said(fault), &form.code),
        Err(fault @ (Fault::Empty | Fault::TooLong)) => return again(said(fault), ""),
    };
    let Some(once) = Once::open(&form.once, &gateway.key, now) else {
        return again(MessageId::FormExpired, &form.code);
    };
    let content = form::content(&check);
    let token = once.token(&gateway.key, &content.each_ref().map(String::as_bytes));
    let reply = match gateway.answers.find(&token, now) {
        Some(reply) => reply,
        None => {
            let inquiry = Inquiry {
                // Twice the form's life: as long as the form can come back, it is the same message.
                id: InquiryId { scope: "web".to_owned(), key: token.clone(), valid_for: FORM_LIFE * 2 },
                channel: Channel::Web,
                asker: Asker::new(visit.identity.clone(), Role::Shopper).from_address(peer.address),
                route: None,
                language,
                place: None,
                asked: EventTime::exact(now),
                request: contract::Request::Check,
                checks: vec![check],
            };
            let reply = Arc::new(gateway.ask(inquiry).await?);
            gateway.answers.keep(token.clone(), Arc::clone(&reply), now);
            reply
        }
    };
    Ok(see_answer(&token, &reply, &visit, language))
}

fn see_answer(token: &str, reply: &Reply, visit: &Visit, language: Language) -> Response {
    let address = answer_address(token, reply.receipt);
    let joint = if address.contains('?') { '&' } else { '?' };
    let location = format!("{address}{joint}lang={}", language.tag());
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    with_cookie(&mut response, visit);
    response
}

fn answer_address(token: &str, receipt: Option<Receipt>) -> String {
    receipt.map_or_else(|| format!("/answer/{token}"), |receipt| format!("/answer/{token}?receipt={receipt}"))
}

async fn receipt_page(gateway: &Gateway, parts: &Parts, peer: Peer, (language, number): (Language, &str)) -> Response {
    let words = &gateway.words;
    let Some(receipt) = Receipt::parse(number) else {
        let page = ReceiptPage::new(Some(&MessageId::ReceiptMalformed), None, words, language);
        return html(StatusCode::NOT_FOUND, &page, language);
    };
    let identity = Visitor::from_headers(&parts.headers, &gateway.key)
        .map_or(Identity::Network(peer.address), |visitor| Identity::Cookie(visitor.id));
    match gateway.receipt(receipt, Asker::new(identity, Role::Shopper).from_address(peer.address)).await {
        Ok(Some(view)) => {
            let found = words.receipt_view(&view, language);
            let page = ReceiptPage::new(Some(&MessageId::ReceiptFound), Some((receipt, found)), words, language);
            html(StatusCode::OK, &page, language)
        }
        Ok(None) => {
            let page = ReceiptPage::new(Some(&MessageId::ReceiptNotFound), None, words, language);
            html(StatusCode::NOT_FOUND, &page, language)
        }
        Err(refusal) => trouble(gateway, parts, &refusal.into()),
    }
}

const fn said(fault: Fault) -> MessageId {
    match fault {
        Fault::Empty => MessageId::Empty,
        Fault::TooLong => MessageId::TooLong { limit: LONGEST },
        Fault::BadExpiry => MessageId::BadExpiry,
    }
}

/// What a form shows.
struct Shown<'a> {
    language: Language,
    notice: Option<MessageId>,
    /// The number that it asks, or that stands in its field.
    code: &'a str,
}

fn form_page(gateway: &Gateway, parts: &Parts, visit: &Visit, shown: &Shown<'_>) -> Response {
    let Shown { language, notice, code } = shown;
    let once = match Once::issue(&gateway.key, gateway.now()) {
        Ok(once) => once,
        Err(refusal) => return trouble(gateway, parts, &refusal.into()),
    };
    let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let (words, language) = (&gateway.words, *language);
    let fields = templates::Fields { once, code: (*code).to_owned() };
    let mut response = match landing::asked(code) {
        Some(asked) => {
            // Of a form that came back the address is gone; the choice of language leads to an empty one.
            let address = if notice.is_some() { "/".to_owned() } else { landing::address(parts) };
            let page = Landing::new(fields, &asked, (notice.as_ref(), &address), words, language);
            html(status, &page, language)
        }
        None => {
            let mut response = html(status, &Home::new(fields, notice.as_ref(), words, language), language);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCANNING));
            let camera = HeaderValue::from_static("camera=(self), microphone=(), geolocation=()");
            headers.insert(HeaderName::from_static("permissions-policy"), camera);
            response
        }
    };
    with_cookie(&mut response, visit);
    response
}

fn with_cookie(response: &mut Response, visit: &Visit) {
    if let Some(value) = visit.set_cookie.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn html(status: StatusCode, page: &impl Template, language: Language) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_LANGUAGE, language.tag()),
        (header::VARY, "Accept-Language, Cookie"),
    ];
    match page.render() {
        Ok(text) => (status, headers, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn query(parts: &Parts) -> PageQuery {
    Query::try_from_uri(&parts.uri).map(|Query(query)| query).unwrap_or_default()
}

async fn read_form(bytes: Vec<u8>) -> Option<CheckForm> {
    let mut request = Request::post("/check").body(Body::from(bytes)).ok()?;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    Form::from_request(request, &()).await.ok().map(|Form(form)| form)
}
