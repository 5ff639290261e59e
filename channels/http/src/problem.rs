//! What goes wrong, as RFC 9457 problem details: every kind with its status and stable type.
//!
//! The one place where a [`Refusal`] becomes an HTTP status. Says nothing of our insides.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::Refusal;
use serde::Serialize;

/// Every kind of problem. Its name is part of the API: it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    BadRequest,
    UnknownKey,
    NotPermitted,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    Internal,
    Overloaded,
    Unavailable,
}

impl ProblemKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::BadRequest,
        Self::UnknownKey,
        Self::NotPermitted,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Overloaded,
        Self::Unavailable,
    ];

    /// The last part of its type.
    pub(crate) const fn name(self) -> &'static str {
        self.words().0
    }

    pub(crate) const fn title(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", "The request cannot be read"),
            Self::UnknownKey => ("unknown-key", "A known API key is needed"),
            Self::NotPermitted => ("not-permitted", "This client may not do this"),
            Self::NotFound => ("not-found", "There is no such thing here"),
            Self::MethodNotAllowed => ("method-not-allowed", "This method is not for this path"),
            Self::TooSlow => ("too-slow", "The request took too long to arrive"),
            Self::Conflict => ("conflict", "This Idempotency-Key was used with other content"),
            Self::TooLarge => ("too-large", "The request is too large"),
            Self::UnsupportedMediaType => ("unsupported-media-type", "The body must be application/json"),
            Self::Internal => ("internal", "Something went wrong on our side"),
            Self::Overloaded => ("overloaded", "Too busy, nothing was recorded"),
            Self::Unavailable => ("unavailable", "Not available now"),
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::NotPermitted => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Seconds after which the same request is worth sending again.
    const fn retry_after(self) -> Option<u32> {
        match self {
            // A full queue empties in well under a second; a full disk or a restart takes somebody a while.
            Self::Overloaded => Some(1),
            Self::Unavailable => Some(5),
            Self::BadRequest
            | Self::UnknownKey
            | Self::NotPermitted
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooSlow
            | Self::Conflict
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::Internal => None,
        }
    }
}

/// One problem.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    detail: Cow<'static, str>,
    at: Option<At>,
}

/// Where in a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct At {
    /// The field, `place.city` or `codes[3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// Counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a At>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), at: None }
    }

    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ProblemKind::BadRequest, detail)
    }

    #[must_use]
    pub(crate) fn at(mut self, at: At) -> Self {
        self.at = Some(at);
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Overloaded => {
                Self::new(ProblemKind::Overloaded, "nothing was recorded; send the same request again in a moment")
            }
            Refusal::Unavailable(reason) => Self::new(ProblemKind::Unavailable, reason),
            Refusal::Unauthorised(reason) => Self::new(ProblemKind::NotPermitted, reason),
            Refusal::BadRequest(reason) => Self::new(ProblemKind::BadRequest, reason),
            Refusal::Conflict => {
                Self::new(ProblemKind::Conflict, "use a new key for new content, and the same key to repeat a request")
            }
            Refusal::Internal => Self::new(ProblemKind::Internal, "the operator's log says more"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let body = Body {
            r#type: format!("/problems/{}", self.kind.name()),
            title: self.kind.title(),
            status: status.as_u16(),
            detail: &self.detail,
            at: self.at.as_ref(),
        };
        let body = serde_json::to_vec(&body).expect("texts and numbers can be written as JSON");
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        self.kind.mark(&mut response);
        response
    }
}

impl ProblemKind {
    /// The headers that belong to a response of this kind, whatever its body.
    pub(crate) fn mark(self, response: &mut Response) {
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self == Self::UnknownKey {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self == Self::TooSlow {
            // What is left of the late body would be read as the next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_status() {
        for (refusal, status, retry) in [
            (Refusal::Overloaded, 503, Some("1")),
            (Refusal::Unavailable("disk full"), 503, Some("5")),
            (Refusal::Unauthorised("not yours"), 403, None),
            (Refusal::BadRequest("no".to_owned()), 400, None),
            (Refusal::Conflict, 409, None),
            (Refusal::Internal, 500, None),
        ] {
            let response = Problem::from(refusal.clone()).into_response();
            assert_eq!(response.status().as_u16(), status, "{refusal:?}");
            let header = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(header, retry, "{refusal:?}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<&str> = ProblemKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ProblemKind::ALL.len());
    }
}
