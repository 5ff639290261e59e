//! What the terminals in malls say of themselves, all together: one of thousands is found by its name in
//! `verigate kiosk list`, not in a metric.

use super::{Metric, Signal};

/// How the terminals are, and what happened at them since the program came up.
#[derive(Debug, Clone)]
pub struct TerminalsSeen {
    /// Connected now.
    pub connected: u32,
    /// Of which nothing was heard for too long.
    pub silent: u32,
    /// What happened, by names from our own code.
    pub events: Vec<(&'static str, u64)>,
}

impl Signal for TerminalsSeen {
    fn emit(&self) {
        metrics::gauge!(Metric::TerminalsConnected.name()).set(self.connected);
        metrics::gauge!(Metric::TerminalsSilent.name()).set(self.silent);
        for (event, count) in &self.events {
            metrics::counter!(Metric::TerminalEventsTotal.name(), "event" => *event).absolute(*count);
        }
    }
}
