//! The OpenAPI 3.1 document of the JSON API: every path, every status that can occur, an example for every verdict.
//!
//! Written by hand next to the code it describes and compared with it by tests. The pages for people are not in it.

mod examples;

use contract::{Channel, Language, Life, VerdictKind};
use serde_json::{Map, Value, json};

use crate::problem::ProblemKind;

/// The document.
#[must_use]
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Verigate",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Is the number on this unit one its maker vouches for?",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": {
            "/v1/checks": { "post": checks() },
            "/v1/events": { "post": events() },
            "/v1/receipts/{receipt}": { "get": receipts() },
            "/healthz": { "get": healthz() },
            "/readyz": { "get": readyz() },
            "/metrics": { "get": metrics() },
            "/openapi.json": { "get": own() },
            "/problems/{name}": { "get": kind_of_problem() },
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn checks() -> Value {
    let mut responses = problems(&[
        ProblemKind::BadRequest,
        ProblemKind::UnknownKey,
        ProblemKind::NotPermitted,
        ProblemKind::TooSlow,
        ProblemKind::Conflict,
        ProblemKind::TooLarge,
        ProblemKind::UnsupportedMediaType,
        ProblemKind::Internal,
        ProblemKind::Overloaded,
    ]);
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "The answer; also malformed and rate_limited are answers.",
            "headers": {
                "Retry-After": { "description": "Seconds, with rate_limited.", "schema": { "type": "integer" } },
                "Content-Language": { "schema": { "type": "string" } },
            },
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Answer" },
                "examples": examples::answers(),
            } },
        }),
    );
    json!({
        "operationId": "check",
        "summary": "Checks one number and records the check",
        "security": [{}, { "key": [] }],
        "parameters": [idempotency_key(), accept_language()],
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Check" },
                "example": { "code": "1234 5678 9012 3456 7890", "language": "en" },
            } },
        },
        "responses": responses,
    })
}

fn events() -> Value {
    let mut responses = problems(&[
        ProblemKind::BadRequest,
        ProblemKind::UnknownKey,
        ProblemKind::NotPermitted,
        ProblemKind::TooSlow,
        ProblemKind::Conflict,
        ProblemKind::TooLarge,
        ProblemKind::UnsupportedMediaType,
        ProblemKind::Internal,
        ProblemKind::Overloaded,
    ]);
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "Recorded for all of the units.",
            "content": { "application/json": { "example": examples::event(), "schema": {
                "type": "object",
                "required": ["position", "units", "replayed"],
                "properties": {
                    "position": { "type": "string", "description": "Stream and sequence in the record." },
                    "units": { "type": "integer", "minimum": 1 },
                    "replayed": { "type": "boolean" },
                },
            } } },
        }),
    );
    json!({
        "operationId": "report",
        "summary": "Reports what happened to units; for registered clients",
        "security": [{ "key": [] }],
        "parameters": [idempotency_key()],
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Event" },
                "example": { "event": "sold", "codes": ["1234 5678 9012 3456 7890"] },
            } },
        },
        "responses": responses,
    })
}

fn receipts() -> Value {
    let mut responses = problems(&[
        ProblemKind::BadRequest,
        ProblemKind::UnknownKey,
        ProblemKind::NotPermitted,
        ProblemKind::NotFound,
        ProblemKind::Internal,
        ProblemKind::Overloaded,
    ]);
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "What was said under this receipt, and in which minute.",
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/ReceiptView" }, "example": examples::receipt(),
            } },
        }),
    );
    json!({
        "operationId": "receipt",
        "summary": "Looks a receipt up",
        "security": [{}, { "key": [] }],
        "parameters": [{
            "name": "receipt", "in": "path", "required": true,
            "description": "Twelve digits, the last a Damm check digit; blanks and dashes between them do not matter.",
            "schema": { "type": "string" },
        }],
        "responses": responses,
    })
}

fn healthz() -> Value {
    let mut responses = problems(&[ProblemKind::Overloaded]);
    responses.insert(
        "200".to_owned(),
        json!({ "description": "This process answers.", "content": { "application/json": {
        "schema": { "type": "object", "required": ["status"], "properties": { "status": { "const": "alive" } } },
    } } }),
    );
    json!({ "operationId": "healthz", "summary": "Is the process alive?", "responses": responses })
}

fn readyz() -> Value {
    let body = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Health" } } });
    json!({ "operationId": "readyz", "summary": "Are inquiries answered?", "responses": {
        "200": { "description": "They are.", "content": body },
        "503": { "description": "They are not, or too many requests are in work.", "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/Health" } },
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
        } },
    } })
}

fn metrics() -> Value {
    let mut responses = problems(&[ProblemKind::NotFound, ProblemKind::Overloaded]);
    let content = json!({ "text/plain": { "schema": { "type": "string" } } });
    responses.insert("200".to_owned(), json!({ "description": "Prometheus' text format.", "content": content }));
    json!({ "operationId": "metrics", "summary": "What the gateway counts; for those the configuration lets read it",
        "responses": responses })
}

fn own() -> Value {
    let mut responses = problems(&[ProblemKind::Overloaded]);
    let content = json!({ "application/json": { "schema": { "type": "object", "required": ["openapi", "paths"] } } });
    responses.insert("200".to_owned(), json!({ "description": "OpenAPI 3.1.", "content": content }));
    json!({ "operationId": "openapi", "summary": "This document", "responses": responses })
}

fn kind_of_problem() -> Value {
    let mut responses = problems(&[ProblemKind::NotFound, ProblemKind::Overloaded]);
    let content = json!({ "text/plain": { "schema": { "type": "string" } } });
    responses.insert("200".to_owned(), json!({ "description": "Its title and status.", "content": content }));
    json!({ "operationId": "problem", "summary": "What the type of a problem means", "responses": responses,
        "parameters": [{ "name": "name", "in": "path", "required": true, "description": "The last part of the type.",
            "schema": { "type": "string", "enum": ProblemKind::ALL.map(ProblemKind::name) } }] })
}

/// The responses of some kinds of problem, and of those that can meet every path.
fn problems(kinds: &[ProblemKind]) -> Map<String, Value> {
    let mut responses = Map::new();
    let everywhere = [ProblemKind::MethodNotAllowed, ProblemKind::Unavailable];
    for kind in kinds.iter().chain(&everywhere) {
        let response = responses.entry(kind.status().as_u16().to_string()).or_insert_with(|| {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            json!({ "description": "", "content": { "application/problem+json": { "schema": schema, "examples": {} } } })
        });
        // Two kinds may share a status; both are said.
        let before = response.get("description").and_then(Value::as_str).unwrap_or_default();
        let joint = if before.is_empty() { "" } else { "; or: " };
        let description = format!("{before}{joint}{}", kind.title());
        if let Some(of) = response.pointer_mut("/content/application~1problem+json/examples") {
            of.as_object_mut()
                .map(|of| of.insert(kind.name().to_owned(), json!({ "value": examples::problem(*kind) })));
        }
        if let Some(of) = response.pointer_mut("/description") {
            *of = Value::String(description);
        }
    }
    responses.insert("431".to_owned(), json!({ "description": "The request's head is too large." }));
    responses
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Names this request for 24 hours: the same key with the same content gets the same answer and \
                        records nothing again, with other content it is refused (409).",
        "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" },
    })
}

fn accept_language() -> Value {
    json!({
        "name": "Accept-Language", "in": "header", "required": false,
        "description": "The language of the texts where the body names none.",
        "schema": { "type": "string" },
    })
}

fn schemas() -> Value {
    let verdicts: Vec<&str> = VerdictKind::ALL.iter().map(|kind| kind.name()).collect();
    let name = json!({ "type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]{1,64}$" });
    let optional_name = json!({ "type": ["string", "null"], "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]{1,64}$" });
    json!({
        "Verdict": { "type": "string", "enum": verdicts },
        "Colour": { "type": "string", "enum": ["grey", "green", "amber", "red"] },
        "Check": {
            "type": "object", "required": ["code"], "additionalProperties": false,
            "properties": {
                "code": { "type": "string", "description": "The number as it stands on the pack, or what a scanner read." },
                "language": { "type": ["string", "null"], "enum": [Language::ZhHans, Language::ZhHk, Language::En, ()] },
                "place": { "$ref": "#/components/schemas/Place" },
                "lot": { "type": ["string", "null"], "maxLength": 64 },
                "expiry": { "type": ["string", "null"], "pattern": "^(20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?$",
                    "description": "The expiry date on the pack; other ways of writing a day are read too." },
            },
        },
        "Place": {
            "description": "Where the asker is; advisory unless a registered client says it.",
            "oneOf": [
                { "type": "null" },
                name,
                {
                    "type": "object", "required": ["city"], "additionalProperties": false,
                    "properties": {
                        "city": name,
                        "district": optional_name,
                        "lat": { "type": "number", "minimum": -90, "maximum": 90 },
                        "lon": { "type": "number", "minimum": -180, "maximum": 180 },
                        "radius_km": { "type": ["integer", "null"], "minimum": 0, "maximum": 20_000 },
                    },
                    "dependentRequired": { "lat": ["lon"], "lon": ["lat"] },
                },
            ],
        },
        "Event": {
            "type": "object", "required": ["event", "codes"], "additionalProperties": false,
            "properties": {
                "event": { "type": "string", "enum": Life::ALL.map(Life::name) },
                "lifted": { "type": ["boolean", "null"], "description": "The event is taken back: a return, the end of a recall." },
                "codes": { "type": "array", "minItems": 1, "maxItems": 1_000, "items": { "type": "string", "pattern": "[0-9A-Za-z]" } },
                "at": { "type": ["string", "null"], "format": "date-time" },
                "place": { "$ref": "#/components/schemas/Place" },
                "reason": { "type": ["string", "null"], "maxLength": 500 },
            },
        },
        "Seen": {
            "type": "object", "required": ["at"],
            "properties": {
                "at": { "type": "string", "format": "date-time", "description": "Cut to the minute." },
                "city": { "type": "string" },
                "channel": { "type": "string", "enum": Channel::ALL.map(Channel::name) },
            },
        },
        "Facts": facts(),
        "Answer": answer(),
        "ReceiptView": {
            "type": "object", "required": ["receipt", "at", "verdicts"],
            "properties": {
                "receipt": { "type": "string", "pattern": "^[0-9]{12}$" },
                "at": { "type": "string", "format": "date-time" },
                "verdicts": { "type": "array", "items": { "type": "object", "required": ["verdict", "colour"], "properties": {
                    "verdict": { "$ref": "#/components/schemas/Verdict" },
                    "colour": { "$ref": "#/components/schemas/Colour" },
                } } },
            },
        },
        "Health": {
            "type": "object", "required": ["ready", "waiting"],
            "properties": {
                "ready": { "type": "boolean" },
                "waiting": { "type": "integer", "minimum": 0 },
                "fault": { "type": ["string", "null"] },
            },
        },
        "Problem": problem(),
    })
}

fn facts() -> Value {
    json!({
        "type": "object",
        "properties": {
            "product": { "type": "object", "required": ["name", "maker", "category"], "properties": {
                "name": { "type": "string" }, "maker": { "type": "string" }, "spec": { "type": "string" },
                "licence": { "type": "string" }, "category": { "type": "string" },
            } },
            "lot": { "type": "string" },
            "made": { "type": "string", "format": "date" },
            "expiry": { "type": "string", "format": "date" },
            "times_checked": { "type": "integer", "minimum": 0 },
            "first_checked": { "$ref": "#/components/schemas/Seen" },
        },
    })
}

fn answer() -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    json!({
        "type": "object",
        "required": ["verdict", "colour", "advisories", "receipt", "facts", "text", "recorded_at", "replayed"],
        "properties": {
            "verdict": { "$ref": "#/components/schemas/Verdict" },
            "colour": { "$ref": "#/components/schemas/Colour" },
            "advisories": { "type": "array", "items": { "$ref": "#/components/schemas/Verdict" } },
            "receipt": { "type": ["string", "null"], "pattern": "^[0-9]{12}$" },
            "facts": { "$ref": "#/components/schemas/Facts" },
            "detail": { "type": "object", "description": "What the verdict rests on; left out where there is nothing to say.",
                "properties": {
                    "retry_after_minutes": { "type": "integer", "minimum": 1 },
                    "read": { "type": "integer" }, "expected": { "type": "integer" },
                    "item": { "enum": ["gtin", "licence"] },
                    "reason": { "type": "string" },
                    "expired_on": { "type": "string", "format": "date" },
                    "fresh": { "type": "boolean" },
                    "from": { "type": "string", "format": "date" },
                    "elsewhere": { "$ref": "#/components/schemas/Seen" },
                    "sale": { "$ref": "#/components/schemas/Seen" },
                    "times": { "type": "integer" },
                    "first": { "$ref": "#/components/schemas/Seen" },
                    "lot_differs": { "type": "boolean" }, "expiry_differs": { "type": "boolean" },
                    "product_differs": { "type": "boolean",
                        "description": "The GTIN beside the number is not its product's." },
                    "holds": { "type": "integer" },
                } },
            "text": { "type": "object", "required": ["word", "verdict", "facts", "advice", "advisories"], "properties": {
                "word": { "type": "string" }, "verdict": { "type": "string" }, "facts": texts,
                "advice": { "type": "string" }, "advisories": texts,
            } },
            "recorded_at": { "type": "string", "format": "date-time" },
            "replayed": { "type": "boolean", "description": "The same request was answered before; this is that answer." },
        },
    })
}

fn problem() -> Value {
    let types: Vec<String> = ProblemKind::ALL.iter().map(|kind| format!("/problems/{}", kind.name())).collect();
    json!({
        "type": "object", "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "at": { "type": "object", "description": "Where in the body.", "properties": {
                "field": { "type": "string" }, "line": { "type": "integer" }, "column": { "type": "integer" },
            } },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_example_for_every_verdict_and_it_is_what_the_renderer_makes() {
        let document = document();
        let examples =
            document.pointer("/paths/~1v1~1checks/post/responses/200/content/application~1json/examples").unwrap();
        for kind in VerdictKind::ALL {
            let value = &examples[kind.name()]["value"];
            assert_eq!(value["verdict"], kind.name());
            assert!(!value["text"]["verdict"].as_str().unwrap().is_empty(), "{}", kind.name());
        }
        assert_eq!(examples.as_object().unwrap().len(), VerdictKind::ALL.len());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value, document: &Value, seen: &mut usize) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        *seen += 1;
                        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
                    }
                    map.values().for_each(|value| walk(value, document, seen));
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, document, seen)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = document();
        let mut seen = 0;
        walk(&document, &document, &mut seen);
        assert!(seen > 20, "{seen}");
    }
}
