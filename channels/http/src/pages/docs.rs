//! `/docs`: the OpenAPI document as a page for programmers, in plain HTML.
//!
//! Everything on it is taken from the document, so the two cannot disagree. No script: an API explorer would need one that
//! builds pages out of data, and the policy of this site allows none. In English, as the document is.

use std::sync::LazyLock;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::assets::style_address;
use crate::openapi;

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    style: &'static str,
    title: String,
    version: String,
    summary: String,
    operations: Vec<Operation>,
    schemas: Vec<Named>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    key: &'static str,
    parameters: Vec<Parameter>,
    body: Option<String>,
    responses: Vec<Answered>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    description: String,
}

struct Answered {
    status: String,
    description: String,
    schema: Option<String>,
    examples: Vec<Named>,
}

struct Named {
    name: String,
    text: String,
}

/// `GET /docs`
pub(crate) async fn docs() -> Response {
    static PAGE: LazyLock<Option<String>> = LazyLock::new(|| page(&openapi::document()).render().ok());
    match PAGE.as_deref() {
        Some(text) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_LANGUAGE, "en")];
            (headers, text).into_response()
        }
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn page(document: &Value) -> Docs {
    let paths = document.get("paths").and_then(Value::as_object);
    let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| read(path, method, operation))
    });
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    Docs {
        style: style_address(),
        title: text(document.pointer("/info/title")),
        version: text(document.pointer("/info/version")),
        summary: text(document.pointer("/info/summary")),
        operations: operations.collect(),
        schemas: schemas.map(|(name, schema)| Named { name: name.clone(), text: pretty(schema) }).collect(),
    }
}

fn read(path: &str, method: &str, operation: &Value) -> Operation {
    let security = operation.get("security").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let optional = security.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty));
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut responses: Vec<Answered> = responses.map(|(status, response)| answered(status, response)).collect();
    responses.sort_by(|one, other| one.status.cmp(&other.status));
    Operation {
        id: text(operation.get("operationId")),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(operation.get("summary")),
        key: match (security.is_empty(), optional) {
            (true, _) => "No key.",
            (false, true) => "With or without the key of a registered client.",
            (false, false) => "Only with the key of a registered client.",
        },
        parameters: parameters.map(parameter).collect(),
        body: operation.pointer("/requestBody/content/application~1json/example").map(pretty),
        responses,
    }
}

fn parameter(parameter: &Value) -> Parameter {
    Parameter {
        name: text(parameter.get("name")),
        place: text(parameter.get("in")),
        required: parameter.get("required").and_then(Value::as_bool).unwrap_or(false),
        description: text(parameter.get("description")),
    }
}

fn answered(status: &str, response: &Value) -> Answered {
    let contents =
        || response.get("content").and_then(Value::as_object).into_iter().flatten().map(|(_, content)| content);
    let reference = contents().find_map(|content| content.pointer("/schema/$ref")?.as_str());
    let mut examples: Vec<Named> = contents()
        .filter_map(|content| content.get("example"))
        .map(|example| Named { name: "Example".to_owned(), text: pretty(example) })
        .collect();
    let several = contents().filter_map(|content| content.get("examples")?.as_object()).flatten();
    examples.extend(several.map(|(name, example)| Named {
        name: name.clone(),
        text: pretty(example.get("value").unwrap_or(&Value::Null)),
    }));
    Answered {
        status: status.to_owned(),
        description: text(response.get("description")),
        schema: reference.and_then(|reference| reference.rsplit('/').next()).map(str::to_owned),
        examples,
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_status_and_schema_of_the_document_is_on_the_page() {
        let document = openapi::document();
        let shown = page(&document);
        let text = shown.render().unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(text.contains(&format!("{} {path}", method.to_ascii_uppercase())), "{method} {path}");
                for status in operation["responses"].as_object().unwrap().keys() {
                    let operation = shown.operations.iter().find(|shown| shown.path == *path).unwrap();
                    assert!(operation.responses.iter().any(|response| response.status == *status), "{path} {status}");
                }
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(text.contains(&format!("id=\"{name}\"")), "{name}");
        }
        assert!(!text.contains("<script"));
    }
}
