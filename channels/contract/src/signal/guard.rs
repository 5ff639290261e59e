//! What the guard against guessing says of itself.
//!
//! Labels come from our own code. Names no asker and no number.

use super::{Metric, Signal};

/// An asker was told to wait.
#[derive(Debug, Clone, Copy)]
pub struct AskerLimited {
    /// Why: `quota`, `guessing`, `network`, `stranger`.
    pub cause: &'static str,
}

impl Signal for AskerLimited {
    fn emit(&self) {
        tracing::debug!(cause = self.cause, "an asker was told to wait");
        metrics::counter!(Metric::LimitedTotal.name(), "cause" => self.cause).increment(1);
    }
}

/// An asker was found guessing.
#[derive(Debug, Clone, Copy)]
pub struct GuesserFound {
    /// By which rule: `misses`, `run`, `neighbours`.
    pub rule: &'static str,
}

impl Signal for GuesserFound {
    fn emit(&self) {
        tracing::info!(rule = self.rule, "an asker was found guessing");
        metrics::counter!(Metric::GuessersTotal.name(), "rule" => self.rule).increment(1);
    }
}

/// More unknown numbers come than are usual, or no longer.
#[derive(Debug, Clone, Copy)]
pub struct AlarmRaised {
    /// About what: `product`, `network`, `terminal`.
    pub about: &'static str,
    /// It is over.
    pub over: bool,
    /// How many they are.
    pub unknown: u32,
}

impl Signal for AlarmRaised {
    fn emit(&self) {
        if self.over {
            tracing::info!(about = self.about, unknown = self.unknown, "unknown numbers are back to what is usual");
        } else {
            tracing::warn!(about = self.about, unknown = self.unknown, "more unknown numbers come than are usual");
            metrics::counter!(Metric::AlarmsTotal.name(), "about" => self.about).increment(1);
        }
    }
}

/// How many products there is an alarm for.
#[derive(Debug, Clone, Copy)]
pub struct AlarmsOn {
    /// So many.
    pub products: u32,
}

impl Signal for AlarmsOn {
    fn emit(&self) {
        metrics::gauge!(Metric::AlarmsOn.name()).set(self.products);
    }
}
