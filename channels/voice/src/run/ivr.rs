//! The webhooks of IVR platforms as one service, for the web listener to mount at `/ivr`.
//!
//! Decides in this order, each before the next costs anything: whether there is such a platform (404), the method (405),
//! the type of the body (415), the sender's address (403), the size (413), the signature (403), the form (400). Then one
//! request of a call at a time. An answer comes within [`LONGEST`], whatever the core does.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

mod recordings;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use contract::{Language, Verify};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Body as HttpBody;
use net::{Drain, Peer};
use subtle::ConstantTimeEq as _;
use wording::Words;

use self::recordings::Recordings;
use super::ask::{ask, now as wall};
use crate::config::webhooks::{Platform, Settings, Voice};
use crate::dialogue::{self, Call, Play};
use crate::languages::Choices;
use crate::prompts::{Prompts, script};
use crate::webhooks::calls::{Calls, Held, Step, Then};
use crate::webhooks::form::Body;
use crate::webhooks::signature::{Signed, verify};
use crate::webhooks::{Event, Next, Turn, identity, read, write};

/// The longest that a platform waits for an answer: within the shortest limit there is (Twilio, 15 s).
pub const LONGEST: Duration = Duration::from_secs(12);

/// The largest body, in octets; platforms send some 2 KB.
const LARGEST: usize = 64 * 1024;

/// For so long the same call and step mean the same question.
const SAME_FOR: Duration = Duration::from_secs(24 * 3_600);

/// What webhooks need from the program around them.
#[derive(Clone)]
pub struct Ports {
    /// The core.
    pub verify: Arc<dyn Verify>,
    /// The words.
    pub words: Arc<Words>,
    /// The recordings, for platforms that play them.
    pub prompts: Arc<Prompts>,
    /// How callers are spoken with.
    pub dialogue: Arc<dialogue::Settings>,
    /// What they chose.
    pub choices: Arc<Choices>,
    /// Holds the questions that outlive their call.
    pub tasks: Drain,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// The service.
#[derive(Debug, Clone)]
pub struct Ivr(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    settings: Settings,
    ports: Ports,
    calls: Calls,
    recordings: Recordings,
}

type Answer = Response<Full<Bytes>>;

impl Ivr {
    /// The platforms of these settings.
    #[must_use]
    pub fn new(settings: Settings, ports: Ports) -> Self {
        let calls = Calls::new(settings.calls);
        Self(Arc::new(Desk { settings, ports, calls, recordings: Recordings::default() }))
    }
}

impl<B> tower::Service<Request<B>> for Ivr
where
    B: HttpBody<Data: Send> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            let answered = tokio::time::timeout(LONGEST, desk.answer(request)).await;
            Ok(answered.unwrap_or(Err(StatusCode::SERVICE_UNAVAILABLE)).unwrap_or_else(refuse))
        })
    }
}

fn refuse(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

fn plain(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

impl Desk {
    async fn answer<B>(&self, request: Request<B>) -> Result<Answer, StatusCode>
    where
        B: HttpBody<Data: Send> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path().strip_prefix("/ivr/").ok_or(StatusCode::NOT_FOUND)?;
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        let platforms = &self.settings.platforms;
        let platform = platforms.iter().find(|platform| platform.name == name).ok_or(StatusCode::NOT_FOUND)?;
        if !rest.is_empty() {
            let token = rest.strip_suffix(".wav").ok_or(StatusCode::NOT_FOUND)?;
            let sound = self.recordings.find(token).ok_or(StatusCode::NOT_FOUND)?;
            return Ok(plain("audio/x-wav", sound));
        }
        if request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let expected = if platform.kind.is_json() { "application/json" } else { "application/x-www-form-urlencoded" };
        let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !given.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case(expected) {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
        }
        let peer = request.extensions().get::<Peer>().map(|peer| peer.address);
        let near = |range: &net::Range| peer.is_some_and(|peer| range.holds(peer));
        if !platform.from.is_empty() && !platform.from.iter().any(near) {
            return Err(forbidden(platform, "its address is not allowed"));
        }
        let (parts, body) = request.into_parts();
        let octets = Limited::new(body, LARGEST).collect().await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_bytes();
        let body = if platform.kind.is_json() { Body::json(&octets) } else { Some(Body::form(&octets)) };
        let body = body.ok_or(StatusCode::BAD_REQUEST)?;
        let query = Body::form(parts.uri.query().unwrap_or_default().as_bytes());
        if platform.unsigned {
            if !token_fits(platform, &query) {
                return Err(forbidden(platform, "its token is wrong"));
            }
        } else {
            let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
            let url = format!("{}{target}", self.settings.public);
            let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let signed = Signed { url: &url, header: &header, octets: &octets, body: &body };
            let seconds = wall().as_millis().div_euclid(1_000);
            verify(platform.kind, &signed, &platform.secrets, seconds)
                .map_err(|forged| forbidden(platform, &forged.to_string()))?;
        }
        let event = read(platform.kind, &body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let step = query.field("step").and_then(|step| step.parse().ok()).unwrap_or(0_u32);
        let text = self.take_part(platform, &event, step).await?;
        Ok(plain(platform.kind.content_type(), text))
    }

    /// The call's answer to this step.
    async fn take_part(&self, platform: &Platform, event: &Event, step: u32) -> Result<String, StatusCode> {
        let now = Instant::now();
        if event.over && self.calls.find(&platform.name, &event.call).is_none() {
            return Ok(nothing(platform));
        }
        let begin = || self.begin(platform, event, step, now);
        let shared = self.calls.of(&platform.name, &event.call, now, begin).ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        let mut held = shared.lock().await;
        if event.over {
            held.handle(event, Instant::now());
            // What it still asks is asked.
            if let Step::Ask(inquiry) = held.take(Instant::now()) {
                drop(ask(&self.ports.verify, &self.ports.tasks, *inquiry));
            }
            return Ok(nothing(platform));
        }
        if let Some(again) = held.again(step) {
            return Ok(again.to_owned());
        }
        // Older than what a platform sends again.
        if step < held.step {
            return Err(forbidden(platform, "its step was taken long ago"));
        }
        held.handle(event, Instant::now());
        let (plays, then) = self.turn(&mut held).await;
        if let Some(language) = held.chosen() {
            self.ports.choices.note(&identity(event.caller.as_deref(), &self.settings.country), language);
        }
        let turn = self.spoken(platform, &plays, then, held.step.saturating_add(1));
        let text = write(platform.kind, &turn, &|language| platform.voices.get(&language).cloned());
        held.keep(text.clone());
        Ok(text)
    }

    fn begin(&self, platform: &Platform, event: &Event, step: u32, now: Instant) -> Held {
        let caller = identity(event.caller.as_deref(), &self.settings.country);
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let called = event.called.as_deref().map(digits);
        let line = self.settings.lines.iter().find(|line| called.as_deref() == Some(line.number.as_str()));
        let language = line.and_then(|line| line.language).or_else(|| self.ports.choices.of(&caller));
        let call = Call {
            scope: format!("voice/{}", platform.name),
            key: event.call.clone(),
            valid_for: SAME_FOR,
            asked: step,
            caller,
            language,
            person: platform.person.clone(),
            began: now,
            began_at: wall(),
        };
        Held::new(Arc::clone(&self.ports.dialogue), call, step)
    }

    /// Goes on until there is something to say.
    async fn turn(&self, held: &mut Held) -> (Vec<Play>, Then) {
        loop {
            match held.take(Instant::now()) {
                Step::Turn(plays, then) => return (plays, then),
                Step::Ask(inquiry) => held.pending = Some(ask(&self.ports.verify, &self.ports.tasks, *inquiry)),
                Step::Wait(until) => {
                    let Some(pending) = held.pending.as_mut() else {
                        held.answered(Err(contract::Refusal::Internal), Instant::now());
                        continue;
                    };
                    match tokio::time::timeout_at(until.into(), pending).await {
                        Ok(answer) => {
                            held.pending = None;
                            held.answered(answer.unwrap_or(Err(contract::Refusal::Internal)), Instant::now());
                        }
                        Err(_) => held.waited(Instant::now().max(until)),
                    }
                }
            }
        }
    }

    /// A turn in the platform's manner; the next request comes to `step`.
    fn spoken(&self, platform: &Platform, plays: &[Play], then: Then, step: u32) -> Turn {
        let token = platform.secrets.first().filter(|_| platform.unsigned);
        let token = token.map(|secret| format!("&token={}", encoded(&secret.text))).unwrap_or_default();
        let address = format!("{}/ivr/{}?step={step}{token}", self.settings.public, platform.name);
        let barge_in = plays.iter().all(|play| play.barge_in);
        let next = match then {
            Then::Collect(collect) => Next::Collect(collect, address),
            Then::Go => Next::Go(address),
            Then::Transfer(place) => Next::Transfer(place, address),
            Then::HangUp => Next::HangUp,
        };
        let pieces: Vec<_> = plays.iter().flat_map(|play| script(&self.ports.words, play)).collect();
        let speech = match platform.voice {
            Voice::Platform => crate::webhooks::Speech::Words(crate::prompts::by_language(&pieces)),
            Voice::Recordings => {
                let token = self.recordings.keep(&self.ports.prompts, &pieces);
                let path = format!("{}/ivr/{}/{token}.wav", self.settings.public, platform.name);
                crate::webhooks::Speech::Recording(path)
            }
        };
        Turn { speech, barge_in, next }
    }
}

/// The answer to the news that a call is over.
fn nothing(platform: &Platform) -> String {
    let turn = Turn { speech: crate::webhooks::Speech::Words(Vec::new()), barge_in: false, next: Next::HangUp };
    write(platform.kind, &turn, &|_: Language| None)
}

fn forbidden(platform: &Platform, why: &str) -> StatusCode {
    tracing::warn!(platform = platform.name, why, "webhook refused");
    StatusCode::FORBIDDEN
}

/// Whether the token in the address is one of the platform's; so where it has none.
fn token_fits(platform: &Platform, query: &Body) -> bool {
    let given = query.field("token").unwrap_or_default();
    let mut fits = platform.secrets.is_empty();
    for secret in &platform.secrets {
        fits |= bool::from(secret.text.as_bytes().ct_eq(given.as_bytes()));
    }
    fits
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
