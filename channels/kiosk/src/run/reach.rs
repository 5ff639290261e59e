//! Whether a terminal is there, asked when an operator wants to know: one question at a time, and what came of it.
//!
//! Shared by the operator, who asks, and the task of the terminal's line, which does it. A question that comes while another
//! one is open takes its place. What is asked of which device is the session's.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Notify;

use crate::session::{Probe, Reached};

/// An answer comes within so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Came {
    /// Still open.
    Waiting,
    /// It answered.
    Answered {
        /// What was asked: `how`, `printer`, `enquiry`, or of its terminal server `timing_mark`.
        by: &'static str,
        /// There and back.
        took_ms: f64,
        /// It can do its work.
        ready: Option<bool>,
        /// There is paper.
        paper: Option<bool>,
    },
    /// It did not answer in time.
    Silent {
        /// What was asked.
        by: &'static str,
    },
    /// Such a device answers nothing that could be asked.
    CannotBeAsked,
    /// Its line is down.
    Down,
}

#[derive(Debug, Default)]
struct State {
    number: u32,
    came: Option<Came>,
}

/// The questions to one terminal.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    state: Mutex<State>,
    asked: Notify,
}

impl Reach {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks; where the line is down that is the answer.
    pub(crate) fn ask(&self, up: bool) -> u32 {
        let mut state = self.state();
        state.number = state.number.wrapping_add(1);
        state.came = Some(if up { Came::Waiting } else { Came::Down });
        if up {
            self.asked.notify_one();
        }
        state.number
    }

    /// What came of it; `None` where another question took its place.
    pub(crate) fn came(&self, number: u32) -> Option<Came> {
        let state = self.state();
        (state.number == number).then_some(state.came).flatten()
    }

    /// Waits for a question that is still open, for its number.
    pub(super) async fn asked(&self) -> u32 {
        loop {
            self.asked.notified().await;
            let state = self.state();
            if state.came == Some(Came::Waiting) {
                return state.number;
            }
        }
    }

    /// This came of it.
    pub(super) fn settle(&self, number: u32, came: Came) {
        let mut state = self.state();
        if state.number == number {
            state.came = Some(came);
        }
    }
}

/// A question on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaching {
    pub(super) number: u32,
    by: &'static str,
    begun: Instant,
}

impl Reaching {
    /// What a session or a terminal server was asked.
    pub(super) const fn begin(number: u32, probe: Probe, marks: bool, now: Instant) -> Option<Self> {
        let by = match probe {
            Probe::How => "how",
            Probe::Printer => "printer",
            Probe::Enquiry => "enquiry",
            Probe::Nothing if marks => "timing_mark",
            Probe::Nothing => return None,
        };
        Some(Self { number, by, begun: now })
    }

    pub(super) fn due(&self) -> Instant {
        self.begun + PATIENCE
    }

    pub(super) const fn silent(&self) -> Came {
        Came::Silent { by: self.by }
    }

    /// The answer, where it is one to this question; `None` for a terminal server's.
    pub(super) fn answered(&self, reached: Option<Reached>, now: Instant) -> Option<Came> {
        let (by, ready, paper) = match reached {
            None => ("timing_mark", None, None),
            Some(Reached::How(number)) if number != self.number => return None,
            Some(Reached::How(_)) => ("how", None, None),
            Some(Reached::Printer { ready, paper }) => ("printer", Some(ready), Some(paper)),
            Some(Reached::Enquiry { ready }) => ("enquiry", Some(ready), None),
        };
        let took_ms = (now.saturating_duration_since(self.begun).as_secs_f64() * 1e6).round() / 1e3;
        (by == self.by).then_some(Came::Answered { by, took_ms, ready, paper })
    }
}
