//! The operator's way into the running channel: what there is, holding a link and letting it go, other settings.
//!
//! Speaks JSON, so that the program need not know what it passes on. Words nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SmsError;
use super::hub::Hub;
use super::line::{Connected, Counted, Line};
use crate::config::{Settings, Way};

/// What is asked of the channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Every link, with what happened on it.
    Links,
    /// No binds and no messages on this link until it is resumed; what is owed waits.
    Suspend {
        /// The link.
        link: String,
    },
    /// The end of that.
    Resume {
        /// The link.
        link: String,
    },
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It cannot be read.
    #[error("the request to the sms channel cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// There is no such link.
    #[error("there is no link {0}")]
    NoLink(String),
}

/// The operator's way in; clones reach the same channel.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    group: &'a str,
    /// Who dials: `we` or `peer`.
    dials: &'static str,
    state: &'static str,
    connections: Vec<Connected>,
    /// Segments that wait for the group.
    waiting: usize,
    counts: Counted,
}

impl Operator {
    pub(super) const fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn answer(&self, ask: Value) -> Result<Value, OperatorError> {
        match serde_json::from_value(ask).map_err(OperatorError::Unreadable)? {
            Ask::Links => {
                let lines = self.hub.lines();
                let shown: Vec<Shown<'_>> = lines.iter().map(|line| shown(line)).collect();
                let (owed, taken_over) = (self.hub.owed(), self.hub.taken_over());
                let probe = self.hub.probe.seen();
                Ok(json!({ "links": shown, "owed": owed, "taken_over": taken_over, "probe": probe }))
            }
            Ask::Suspend { link } => self.suspend(&link, true),
            Ask::Resume { link } => self.suspend(&link, false),
        }
    }

    fn suspend(&self, link: &str, suspended: bool) -> Result<Value, OperatorError> {
        let line = self.hub.line(link).ok_or_else(|| OperatorError::NoLink(link.to_owned()))?;
        line.suspended.send_replace(suspended);
        tracing::info!(link, suspended, "link held or let go by an operator");
        Ok(json!({ "link": link, "suspended": suspended }))
    }

    /// Works by other settings from now on. Links that stay as they are notice nothing; where carriers bind to us stays.
    ///
    /// # Errors
    /// [`SmsError`], and nothing is changed.
    pub fn reload(&self, settings: Settings) -> Result<(), SmsError> {
        self.hub.reload(settings)
    }
}

fn shown(line: &Arc<Line>) -> Shown<'_> {
    let connections: Vec<Connected> = line.connections().values().cloned().collect();
    Shown {
        name: &line.link.name,
        group: &line.link.group,
        dials: match line.settings.way {
            Way::Dial(_) => "we",
            Way::Account(_) => "peer",
        },
        state: if *line.suspended.borrow() {
            "suspended"
        } else if connections.is_empty() {
            "down"
        } else {
            "up"
        },
        connections,
        waiting: line.group.waiting(),
        counts: line.counts.now(),
    }
}
