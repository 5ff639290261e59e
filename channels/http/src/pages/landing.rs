//! The page that a GS1 link on a pack leads to: what will be asked, and the button that asks.
//!
//! Owns reading the address. Looks nothing up and records nothing, so that a link preview or a crawler changes no history
//! and nobody learns from it which serials exist; the form's POST is the same as the first page's.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use contract::reading::read_one;
use contract::{Given, Number};
use wording::MessageId;

use super::form::page_language;
use super::templates::Trouble;
use super::{Shown, form_page, html, query, trouble, visit};
use crate::problem::{Problem, ProblemKind};
use crate::run::{Gateway, peer};

/// How the form's hidden field begins: as the data of a GS1 symbol, which a typed number never does.
const SCANNED: &str = "]d2";

/// `GET /01/{gtin}/21/{serial}`, with any of the other fields of a GS1 Digital Link.
pub(crate) async fn landing(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let peer = peer(&request);
    let (parts, _) = request.into_parts();
    let language = page_language(query(&parts).lang.as_deref(), &parts.headers);
    let said = |status, message: &MessageId| html(status, &Trouble::new(message, &gateway.words, language), language);
    let given = read_one(&format!("]Q1https://localhost{}", address(&parts)));
    let code = match (&given.number, item_code(&given)) {
        (Number::Gs1 { .. }, Some(code)) => code,
        (Number::Gs1 { .. }, None) => return said(StatusCode::NOT_FOUND, &MessageId::LandingNoSerial),
        (Number::Unreadable { .. }, _) => return said(StatusCode::BAD_REQUEST, &MessageId::LandingBroken),
        (Number::Digits(_) | Number::Mixed(_), _) => {
            let problem = Problem::new(ProblemKind::NotFound, "this path is no GS1 link of a unit");
            return trouble(&gateway, &parts, &problem);
        }
    };
    match visit(&gateway, &parts.headers, peer) {
        Ok(visit) => form_page(&gateway, &parts, &visit, &Shown { language, notice: None, code: &code }),
        Err(refusal) => trouble(&gateway, &parts, &refusal.into()),
    }
}

/// The address of the request without the language, to which a choice of language is added.
pub(super) fn address(parts: &Parts) -> String {
    let others = parts.uri.query().unwrap_or_default().split('&');
    let others: Vec<&str> = others.filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    let joint = if others.is_empty() { "" } else { "?" };
    format!("{}{joint}{}", parts.uri.path(), others.join("&"))
}

/// An item with a serial number as the form carries it: the data of a GS1 symbol, with FNC1 by its name.
fn item_code(given: &Given) -> Option<String> {
    let Number::Gs1 { gtin, serial: Some(serial) } = &given.number else { return None };
    let mut code = format!("{SCANNED}01{gtin}21{serial}");
    if let Some(lot) = &given.lot {
        code.push_str(&format!("{{GS}}10{lot}"));
    }
    if let Some(expiry) = given.expiry {
        let digits: String = expiry.to_string().chars().filter(char::is_ascii_digit).skip(2).collect();
        code.push_str(&format!("{{GS}}17{digits}"));
    }
    Some(code)
}

/// What a form that began on this page asks, with its labels; `None` for one that began on another.
pub(super) fn asked(code: &str) -> Option<Vec<(MessageId, String)>> {
    let given = if code.starts_with(SCANNED) { read_one(code) } else { return None };
    let Number::Gs1 { gtin, serial: Some(serial) } = given.number else { return None };
    let mut asked = vec![(MessageId::LandingGtin, gtin), (MessageId::LandingSerial, spaced(&serial))];
    asked.extend(given.lot.map(|lot| (MessageId::Lot, lot)));
    asked.extend(given.expiry.map(|day| (MessageId::Expiry, day.to_string())));
    Some(asked)
}

/// A number of the network's own as it is printed on the pack, in groups of five; any other serial as it is.
fn spaced(serial: &str) -> String {
    if serial.len() != 20 || !serial.bytes().all(|byte| byte.is_ascii_digit()) {
        return serial.to_owned();
    }
    let digits: Vec<char> = serial.chars().collect();
    digits.chunks(5).map(|five| five.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
