//! Texts of the gateway's own: how long a reply takes, measured by going the way of one.
//!
//! A handset on one end of a connection, a conversation as with any carrier on the other; nobody else can be on it, so
//! nobody binds by a password. Each text asks for help, which reads no number, counts for no unit and is on disk before
//! its reply like any other. Each comes from a number of its own, in a range that no country has: to the channel the same
//! words from the same number would be a retransmission. What a carrier adds is not measured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::signal::{Signal as _, TextProbed};
use serde::Serialize;

use super::converse::Conversation;
use super::hub::{Hub, instant, time};
use super::line::Line;
use crate::config::{Account, IdForm, LinkSettings, Way};
use crate::handset::{Handset, HandsetError, Replied};
use crate::message::Receipting;
use crate::session::{Limits, Session};
use crate::text;
use crate::wire::pdu::Secret;

/// The name of the link and its group: one that no configuration can give.
const NAME: &str = "(probe)";

/// What it asks.
const WORDS: &str = "HELP";

/// The number that it texts.
const TO: &str = "12365";

/// A reply that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the texts of our own showed.
#[derive(Debug, Default)]
pub(super) struct Probe(Mutex<Seen>);

/// What the texts of our own showed since the program came up.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Seen {
    /// Texts with a reply.
    replied: u64,
    /// Texts without.
    failed: u64,
    /// From the last text with a reply to that, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<f64>,
    /// Why the last text got none; absent where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl Probe {
    pub(super) fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, reply: &Result<Duration, String>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            Ok(took) => {
                seen.replied += 1;
                seen.took_ms = Some(took.as_secs_f64() * 1e3);
                seen.fault = None;
            }
            Err(cause) => {
                seen.failed += 1;
                seen.fault = Some(cause.clone());
            }
        }
    }
}

/// Texts ourselves, again and again, until the gateway stops; how often is looked up each time.
pub(super) async fn keep(hub: Arc<Hub>) {
    let stopping = hub.tasks.stopping().clone();
    let line = line(&hub);
    // Where there are none a change of the configuration is noticed after so long.
    let idle = Duration::from_secs(10);
    loop {
        let settings = hub.settings();
        // Who has no link to a carrier has no texts to be measured.
        let every = settings.probe.filter(|_| !settings.links.is_empty());
        drop(settings);
        if stopping.run_until_cancelled(tokio::time::sleep(every.unwrap_or(idle))).await.is_none() {
            return;
        }
        if every.is_none() {
            continue;
        }
        let Some(replied) = stopping.run_until_cancelled(probe(&hub, &line)).await else { return };
        let reply = replied.map(|replied| replied.took).map_err(|error| chain(&error));
        hub.probe.note(&reply);
        TextProbed { reply }.emit();
    }
}

async fn probe(hub: &Arc<Hub>, line: &Arc<Line>) -> Result<Replied, HandsetError> {
    let (ours, theirs) = net::pair().await.map_err(HandsetError::Broken)?;
    let session = Session::accepting(Limits::default(), instant());
    let conversation = Conversation::new(hub, session, theirs, NAME.to_owned(), Some(Arc::clone(line)));
    drop(hub.tasks.spawn(async move {
        conversation.run().await;
    }));
    handset().text_over(ours, WORDS, PATIENCE).await
}

fn handset() -> Handset {
    let since = time().0.unsigned_abs();
    Handset {
        server: String::new(),
        tls: None,
        system_id: NAME.to_owned(),
        password: Secret(String::new()),
        // ITU-T E.164: no country has the code 999.
        from: format!("999{:012}", since % 1_000_000_000_000),
        to: TO.to_owned(),
    }
}

fn line(hub: &Hub) -> Arc<Line> {
    let name: Arc<str> = Arc::from(NAME);
    let account =
        Account { system_id: NAME.to_owned(), password: Secret(String::new()), from: Vec::new(), binds: 1, call: None };
    let settings = LinkSettings {
        group: Arc::clone(&name),
        name: Arc::clone(&name),
        way: Way::Account(Box::new(account)),
        country: String::new(),
        text: text::Settings::default(),
        receipts: Receipting::Never,
        ids: IdForm::Any,
        limits: Limits::default(),
        rate: None,
    };
    Line::new(Arc::new(settings), hub.group(&name))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}
