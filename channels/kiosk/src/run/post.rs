//! One terminal while the channel runs: whether it is there, when it was heard, what happened.
//!
//! Shared by its line's task and the operator. Does not converse.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::{Asker, Place, Timestamp};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::reach::Reach;
use crate::config::{Device, Terminal};
use crate::session::Noticed;

macro_rules! counts {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// What happened at a terminal since the program came up.
        #[derive(Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$meta])* pub(crate) $name: AtomicU64,)*
        }

        /// [`Counts`] at one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
        pub(crate) struct Counted {
            $($(#[$meta])* pub(crate) $name: u64,)*
        }

        impl Counted {
            /// Each by its name.
            pub(crate) fn events(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name = self.$name.saturating_add(other.$name);)*
            }
        }

        impl Counts {
            pub(crate) fn now(&self) -> Counted {
                Counted { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counts! {
    /// Scans that were asked about.
    scans,
    /// Of these, answered from the record of the same scan.
    replayed,
    /// Scans that came again while their answer was on the way.
    repeated,
    /// Answers given.
    answered,
    /// Refusals of the core.
    refused,
    /// No answer in time.
    late,
    /// Lines in which nothing could be read.
    unreadable,
    /// Lines that were too long.
    too_long,
    /// Scans beyond what may wait.
    overrun,
    /// Input dropped because it came before we were there.
    stale,
    /// Signs of life of a serial server.
    heartbeats,
    /// Things not said to a device that does not read.
    unsaid,
    /// Blocks that a device did not acknowledge.
    unacknowledged,
    /// Times its line came up.
    opened,
    /// Times its line failed to come up.
    failed,
    /// Times its line was given up for the device did not read.
    stalled,
    /// Times its place was taken by a newer connection of the same name.
    replaced,
    /// Connections turned away for they are nobody's we know.
    turned_away,
    /// Proofs that were none.
    unproved,
}

/// One more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(crate) fn noticed(&self, noticed: Noticed) {
        count(match noticed {
            Noticed::Stale => &self.stale,
            Noticed::Unreadable => &self.unreadable,
            Noticed::TooLong => &self.too_long,
            Noticed::Repeated => &self.repeated,
            Noticed::Overrun => &self.overrun,
            Noticed::Heartbeat => &self.heartbeats,
            Noticed::LateAnswer => &self.late,
            Noticed::Unsaid => &self.unsaid,
            Noticed::Unacknowledged => &self.unacknowledged,
            Noticed::Unproved => &self.unproved,
        });
    }
}

/// What a terminal with firmware of its own said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Told {
    pub(crate) model: Option<String>,
    pub(crate) firmware: Option<String>,
    pub(crate) queued: Option<u32>,
    pub(crate) paper: Option<bool>,
    pub(crate) door: Option<bool>,
    pub(crate) uptime_s: Option<u64>,
    pub(crate) trouble: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    /// As which it is registered; `None` for whoever is not.
    terminal: Option<Arc<Terminal>>,
    /// Ends the line that is up now.
    up: Option<CancellationToken>,
    by: String,
    fault: String,
    /// Most terminals say nothing of themselves.
    told: Option<Box<Told>>,
}

/// One terminal.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) name: Arc<str>,
    pub(crate) counts: Counts,
    /// Whether it is there, when somebody wants to know.
    pub(crate) reach: Reach,
    known_since: Timestamp,
    heard: AtomicI64,
    state: Mutex<State>,
}

impl Post {
    pub(crate) fn new(name: Arc<str>, now: Timestamp) -> Self {
        Self {
            name,
            counts: Counts::default(),
            reach: Reach::default(),
            known_since: now,
            heard: AtomicI64::new(0),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As which it is registered.
    pub(crate) fn terminal(&self) -> Option<Arc<Terminal>> {
        self.state().terminal.clone()
    }

    /// It is registered as this one.
    pub(crate) fn is(&self, terminal: &Arc<Terminal>) {
        self.state().terminal = Some(Arc::clone(terminal));
    }

    /// Its line is up by this way; whichever was up before ends. The token ends this one.
    pub(crate) fn up(&self, by: &str) -> CancellationToken {
        let token = CancellationToken::new();
        count(&self.counts.opened);
        let mut state = self.state();
        if let Some(before) = state.up.replace(token.clone()) {
            count(&self.counts.replaced);
            before.cancel();
        }
        by.clone_into(&mut state.by);
        state.fault.clear();
        token
    }

    /// The line that this token ends is no longer up.
    pub(crate) fn down(&self, token: &CancellationToken) {
        let mut state = self.state();
        if !token.is_cancelled() {
            state.up = None;
        }
        token.cancel();
    }

    /// Its line did not come up; told once for each fault.
    pub(crate) fn failed(&self, fault: &str) {
        count(&self.counts.failed);
        let mut state = self.state();
        if state.fault != fault {
            tracing::warn!(terminal = %self.name, fault, "a terminal's line does not come up");
            fault.clone_into(&mut state.fault);
        }
    }

    pub(crate) fn heard(&self, at: Timestamp) {
        self.heard.store(at.as_millis(), Ordering::Relaxed);
    }

    pub(crate) fn last_heard(&self) -> Option<Timestamp> {
        match self.heard.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Timestamp(at)),
        }
    }

    /// When it was heard last, or since when we have been listening.
    pub(crate) fn last_sign(&self) -> Timestamp {
        self.last_heard().unwrap_or(self.known_since)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state().up.is_some()
    }

    /// It said something of itself.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(self.state().told.get_or_insert_default());
    }

    pub(crate) fn of_itself(&self) -> Told {
        self.state().told.as_deref().cloned().unwrap_or_default()
    }

    /// By which way it is or was there, and why it is not.
    pub(crate) fn told(&self) -> (String, String) {
        let state = self.state();
        (state.by.clone(), state.fault.clone())
    }
}

/// Who is at the other end of a line.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) post: Arc<Post>,
    pub(crate) device: Arc<Device>,
    /// What its serial server may say before every packet.
    pub(crate) registration: Arc<[u8]>,
    pub(crate) asker: Asker,
    pub(crate) place: Option<Place>,
    /// The namespace of its scans.
    pub(crate) scope: String,
    /// Cancelled when the gateway stops, or no longer serves it as it is: what is under way is ended, and nothing begun.
    pub(crate) stop: CancellationToken,
}
