//! "Report this": a shopper's word about goods or a seller, bound to the receipt of the answer it is about.
//!
//! Owns the form, its one-time sending and the page that confirms it. Does not judge a report and shows none.

use std::sync::Arc;

use axum::extract::{Form, FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::inquiry::MAX_TIP;
use contract::{Asker, Channel, EventTime, Inquiry, InquiryId, Language, Receipt, Refusal, Role, Tip};
use net::Peer;
use serde::Deserialize;
use wording::MessageId;

use super::form::{is_from_here, page_language};
use super::templates::{ReportPage, ReportedPage, Trouble};
use super::{Visit, html, query, trouble, visit, with_cookie};
use crate::problem::{Problem, ProblemKind};
use crate::run::{Gateway, body, peer};
use crate::session::{FORM_LIFE, Once};

/// What the key seals in the address of the confirmation: nobody can make our page confirm what was not recorded.
const SEAL: &str = "reported";

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
struct ReportForm {
    #[serde(default)]
    once: String,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    receipt: String,
    #[serde(default)]
    text: String,
}

/// `GET /report?receipt=…`
pub(crate) async fn report(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let language = page_language(query.lang.as_deref(), &parts.headers);
    let Some(about) = query.receipt.as_deref().and_then(Receipt::parse) else {
        return trouble(&gateway, &parts, &Problem::new(ProblemKind::NotFound, "a report is about a receipt"));
    };
    match visit(&gateway, &parts.headers, peer) {
        Ok(visit) => form_page(&gateway, &parts, &visit, &Shown { language, about, notice: None, text: "" }),
        Err(refusal) => trouble(&gateway, &parts, &refusal.into()),
    }
}

/// `POST /report`
pub(crate) async fn send(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, body) = request.into_parts();
    let bytes = match body::form(&gateway, Request::from_parts(parts.clone(), body)).await {
        Ok((_, bytes)) => bytes,
        Err(problem) => return trouble(&gateway, &parts, &problem),
    };
    if !is_from_here(&parts) {
        let problem = Problem::new(ProblemKind::NotPermitted, "the form was sent by another site");
        return trouble(&gateway, &parts, &problem);
    }
    match record(&gateway, &parts, bytes, peer).await {
        Ok(response) => response,
        Err(refusal) => trouble(&gateway, &parts, &refusal.into()),
    }
}

/// `GET /reported`: confirms what the address proves.
pub(crate) async fn reported(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = query(&parts);
    let language = page_language(query.lang.as_deref(), &parts.headers);
    let given = query.receipt.as_deref().and_then(Receipt::parse);
    let proof = query.proof.as_deref().unwrap_or_default();
    match given.filter(|receipt| gateway.key.signed(SEAL, &[receipt.to_string().as_bytes()], proof)) {
        Some(receipt) => {
            let page = ReportedPage::new((receipt, proof), &gateway.words, language);
            html(StatusCode::OK, &page, language)
        }
        None => trouble(&gateway, &parts, &Problem::new(ProblemKind::NotFound, "no report has this receipt")),
    }
}

async fn record(gateway: &Gateway, parts: &Parts, bytes: Vec<u8>, peer: Peer) -> Result<Response, Refusal> {
    let unreadable = || Refusal::BadRequest("the form cannot be read".to_owned());
    let form = read(bytes).await.ok_or_else(unreadable)?;
    let about = Receipt::parse(&form.receipt).ok_or_else(unreadable)?;
    let language = page_language(form.lang.as_deref(), &parts.headers);
    let visit = visit(gateway, &parts.headers, peer)?;
    let now = gateway.now();
    let text = written(&form.text);
    let Some(once) = Once::open(&form.once, &gateway.key, now) else {
        let notice = Some(MessageId::FormExpired);
        return Ok(form_page(gateway, parts, &visit, &Shown { language, about, notice, text: &text }));
    };
    let key = once.token(&gateway.key, &[b"report", about.to_string().as_bytes(), text.as_bytes()]);
    let inquiry = Inquiry {
        id: InquiryId { scope: "web/report".to_owned(), key, valid_for: FORM_LIFE * 2 },
        channel: Channel::Web,
        asker: Asker::new(visit.identity.clone(), Role::Shopper).from_address(peer.address),
        route: None,
        language,
        place: None,
        asked: EventTime::exact(now),
        request: contract::Request::Tip(Tip { receipt: Some(about), text }),
        checks: Vec::new(),
    };
    let reply = gateway.ask(inquiry).await?;
    let Some(receipt) = reply.receipt else {
        let page = Trouble::new(&MessageId::ReportLimited, &gateway.words, language);
        return Ok(html(StatusCode::TOO_MANY_REQUESTS, &page, language));
    };
    let address = reported_address(receipt, &gateway.key.tag(SEAL, &[receipt.to_string().as_bytes()]));
    let location = format!("{address}&lang={}", language.tag());
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
    with_cookie(&mut response, &visit);
    Ok(response)
}

/// Where a recorded report is confirmed.
pub(super) fn reported_address(receipt: Receipt, proof: &str) -> String {
    format!("/reported?receipt={receipt}&proof={proof}")
}

/// What was written, as much of it as is kept. Browsers send a line's end as two characters and count it as one.
fn written(text: &str) -> String {
    text.replace("\r\n", "\n").trim().chars().take(MAX_TIP).collect()
}

struct Shown<'a> {
    language: Language,
    about: Receipt,
    notice: Option<MessageId>,
    text: &'a str,
}

fn form_page(gateway: &Gateway, parts: &Parts, visit: &Visit, shown: &Shown<'_>) -> Response {
    let Shown { language, about, notice, text } = shown;
    let once = match Once::issue(&gateway.key, gateway.now()) {
        Ok(once) => once,
        Err(refusal) => return trouble(gateway, parts, &refusal.into()),
    };
    let status = if notice.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let page = ReportPage::new((once, *about, (*text).to_owned()), notice.as_ref(), &gateway.words, *language);
    let mut response = html(status, &page, *language);
    with_cookie(&mut response, visit);
    response
}

async fn read(bytes: Vec<u8>) -> Option<ReportForm> {
    let mut request = Request::post("/report").body(axum::body::Body::from(bytes)).ok()?;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    Form::from_request(request, &()).await.ok().map(|Form(form)| form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_trimmed_and_cut() {
        assert_eq!(written(" a\r\nb \r\n"), "a\nb");
        assert_eq!(written(&"长".repeat(MAX_TIP + 1)).chars().count(), MAX_TIP);
    }
}
