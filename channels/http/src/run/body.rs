//! Bodies: capped before they are kept, cut when they do not come.
//!
//! Does not read what is in them.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::problem::{Problem, ProblemKind};
use crate::run::Gateway;

/// So much of a refused body is read and thrown away: a client that sends all before it reads would otherwise see the
/// connection reset instead of our answer.
const DISCARDED: usize = 16 * 1024 * 1024;

/// For at most so long.
const DISCARDING: Duration = Duration::from_secs(5);

/// The whole body of a request that must be JSON.
pub(crate) fn json(gateway: &Gateway, request: Request) -> impl Future<Output = Result<(Parts, Vec<u8>), Problem>> {
    let wrong_type = !has_type(request.headers(), "application/json");
    whole(gateway, request, wrong_type)
}

/// The whole body of a request that must be a form.
pub(crate) fn form(gateway: &Gateway, request: Request) -> impl Future<Output = Result<(Parts, Vec<u8>), Problem>> {
    let wrong_type = !has_type(request.headers(), "application/x-www-form-urlencoded");
    whole(gateway, request, wrong_type)
}

async fn whole(gateway: &Gateway, request: Request, wrong_type: bool) -> Result<(Parts, Vec<u8>), Problem> {
    let (parts, mut body) = request.into_parts();
    let most = usize::try_from(gateway.settings.requests.body_bytes).unwrap_or(usize::MAX);
    let too_large = || Problem::new(ProblemKind::TooLarge, format!("expected a body of at most {most} bytes"));
    if declared(&parts.headers).is_some_and(|length| length > most) {
        discard(gateway, &parts.headers, body);
        return Err(too_large());
    }
    if wrong_type {
        discard(gateway, &parts.headers, body);
        return Err(Problem::new(ProblemKind::UnsupportedMediaType, "the header Content-Type does not fit this path"));
    }
    let patience = Duration::from_secs(gateway.settings.requests.request_timeout_s.into());
    match tokio::time::timeout(patience, collect(&mut body, most)).await {
        Ok(Ok(Some(bytes))) => Ok((parts, bytes)),
        Ok(Ok(None)) => {
            discard(gateway, &parts.headers, body);
            Err(too_large())
        }
        Ok(Err(_)) => Err(Problem::bad_request("the body broke off")),
        Err(_) => Err(Problem::new(ProblemKind::TooSlow, "the body did not arrive in time")),
    }
}

/// The body, or `None` where there is more of it than `most` bytes.
async fn collect(body: &mut Body, most: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > most {
                return Ok(None);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(Some(bytes))
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = value.split(';').next().unwrap_or_default();
    name.trim().eq_ignore_ascii_case(wanted)
}

/// Reads on without keeping anything. A client that waits for `100 Continue` sends nothing that would have to be read.
fn discard(gateway: &Gateway, headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    drop(gateway.tasks.spawn(async move {
        let reading = async {
            let mut read = 0;
            while let Some(Ok(frame)) = body.frame().await {
                read += frame.data_ref().map_or(0, |data| data.len());
                if read > DISCARDED {
                    return;
                }
            }
        };
        if tokio::time::timeout(DISCARDING, reading).await.is_err() {
            tracing::debug!("a refused body did not end");
        }
    }));
}
