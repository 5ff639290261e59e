//! The operator's way into the running channel: every terminal, how it is and what happened at it.
//!
//! Speaks JSON, so that the program need not know what it passes on. Words nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::hub::{Hub, time};
use super::post::{Counted, Post, Told};

/// What is asked of the channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Every terminal, with what happened at it.
    List,
    /// One terminal.
    Probe {
        /// Its name.
        terminal: String,
    },
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// It cannot be read.
    #[error("the request to the kiosk channel cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// There is no such terminal.
    #[error("there is no terminal {0}")]
    NoTerminal(String),
}

/// The operator's way in; clones reach the same channel.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    mall: &'a str,
    /// `up`, `silent` (up or not, and nothing heard for too long) or `down`.
    state: &'static str,
    /// By which path or address it is or was there.
    by: String,
    /// Why it is not there, where that is known.
    fault: String,
    /// When anything was heard of it.
    last_heard: Option<contract::Timestamp>,
    /// What it says of itself.
    told: Told,
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
            Ask::List => {
                let posts = self.hub.all();
                let shown: Vec<Shown<'_>> = posts.iter().map(|post| self.shown(post)).collect();
                Ok(json!({ "terminals": shown, "anyone": self.hub.anyone.counts.now() }))
            }
            Ask::Probe { terminal } => {
                let post = self.hub.all().into_iter().find(|post| *post.name == *terminal);
                let post = post.ok_or(OperatorError::NoTerminal(terminal))?;
                Ok(json!(self.shown(&post)))
            }
        }
    }

    fn shown<'a>(&self, post: &'a Post) -> Shown<'a> {
        let (by, fault) = post.told();
        Shown {
            name: &post.name,
            mall: &post.mall,
            state: if self.hub.is_silent(post, time()) {
                "silent"
            } else if post.is_up() {
                "up"
            } else {
                "down"
            },
            by,
            fault,
            last_heard: post.last_heard(),
            told: post.of_itself(),
            counts: post.counts.now(),
        }
    }
}
