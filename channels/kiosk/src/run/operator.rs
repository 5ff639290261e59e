//! The operator's way into the running channel: every terminal, how it is and what happened at it.
//!
//! Speaks JSON, so that the program need not know what it passes on. Words nothing.

use std::sync::Arc;

use contract::{Place, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::KioskError;
use super::hub::{Hub, time};
use super::post::{Counted, Post, Told};
use crate::config::Settings;

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
    /// One terminal is asked whether it is there, by whatever a device of its kind answers.
    Reach {
        /// Its name.
        terminal: String,
    },
    /// What came of that.
    Reached {
        /// Its name.
        terminal: String,
        /// The number that the question was given.
        number: u32,
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
    /// Another question took the place of this one.
    #[error("somebody else asked the terminal {0} meanwhile")]
    Overtaken(String),
}

/// The operator's way in; clones reach the same channel.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

/// Terminals that can be served from now on.
#[derive(Debug)]
#[must_use]
pub struct Prepared {
    hub: Arc<Hub>,
    settings: Settings,
}

impl Prepared {
    /// Serves them. A terminal that stays as it is notices nothing; one that is changed or gone is let finish what it asked.
    pub fn apply(self) {
        self.hub.reload(self.settings);
    }
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    name: &'a str,
    mall: &'a str,
    /// Where it stands, where that is configured.
    place: Option<&'a Place>,
    /// What those who stand at it do; `None` for whoever is not registered.
    role: Option<Role>,
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
                let terminals: Vec<Value> = self.hub.all().iter().map(|post| self.shown(post)).collect();
                Ok(json!({ "terminals": terminals, "anyone": self.hub.anyone.counts.now() }))
            }
            Ask::Probe { terminal } => Ok(self.shown(&*self.post(terminal)?)),
            Ask::Reach { terminal } => {
                let post = self.post(terminal)?;
                Ok(json!({ "number": post.reach.ask(post.is_up()) }))
            }
            Ask::Reached { terminal, number } => {
                let post = self.post(terminal.clone())?;
                Ok(json!(post.reach.came(number).ok_or(OperatorError::Overtaken(terminal))?))
            }
        }
    }

    fn post(&self, terminal: String) -> Result<Arc<Post>, OperatorError> {
        self.hub.all().into_iter().find(|post| *post.name == *terminal).ok_or(OperatorError::NoTerminal(terminal))
    }

    /// Looks at what is to be served from now on, without doing it.
    ///
    /// # Errors
    /// [`KioskError`], and nothing is changed.
    pub fn prepare(&self, settings: Settings) -> Result<Prepared, KioskError> {
        super::usable(&settings)?;
        Ok(Prepared { hub: Arc::clone(&self.hub), settings })
    }

    fn shown(&self, post: &Post) -> Value {
        let (by, fault) = post.told();
        let terminal = post.terminal();
        let terminal = terminal.as_deref();
        json!(Shown {
            name: &post.name,
            mall: terminal.map_or("", |terminal| &terminal.mall),
            place: terminal.and_then(|terminal| terminal.place.as_ref()),
            role: terminal.map(|terminal| terminal.role),
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
        })
    }
}
