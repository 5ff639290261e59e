//! What the links to carriers say of themselves.
//!
//! A link's name comes from the operator's configuration and never from outside. The set of them is closed all the same:
//! at most [`MOST`] names become labels in the life of a process, whatever is reloaded.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{Metric, Signal};

/// The most links that are told apart in metrics.
const MOST: usize = 256;

/// The label of links beyond [`MOST`].
const OTHER: &str = "other";

/// The name of a link in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkLabel(&'static str);

impl LinkLabel {
    /// The label of a configured link. The same name is the same label; each new one stays in memory.
    #[must_use]
    pub fn of(name: &str) -> Self {
        static KNOWN: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(label) = known.iter().find(|label| **label == name) {
            return Self(label);
        }
        if known.len() >= MOST {
            return Self(OTHER);
        }
        let label: &'static str = Box::leak(name.to_owned().into_boxed_str());
        known.push(label);
        Self(label)
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// How a link is, and what happened on it since the program came up.
#[derive(Debug, Clone)]
pub struct LinkSeen {
    /// Which.
    pub link: LinkLabel,
    /// Bound now.
    pub connections: u32,
    /// Segments that wait now.
    pub waiting: u32,
    /// What happened, by names from our own code.
    pub events: Vec<(&'static str, u64)>,
}

impl Signal for LinkSeen {
    fn emit(&self) {
        let link = self.link.name();
        metrics::gauge!(Metric::LinkConnections.name(), "link" => link).set(self.connections);
        metrics::gauge!(Metric::LinkWaiting.name(), "link" => link).set(self.waiting);
        for (event, count) in &self.events {
            metrics::counter!(Metric::LinkEventsTotal.name(), "link" => link, "event" => *event).absolute(*count);
        }
    }
}

/// The gateway texted itself.
#[derive(Debug, Clone)]
pub struct TextProbed {
    /// From the text to its reply; or why none came.
    pub reply: Result<Duration, String>,
}

impl Signal for TextProbed {
    fn emit(&self) {
        match &self.reply {
            Ok(took) => metrics::histogram!(Metric::SmsProbeSeconds.name()).record(*took),
            Err(cause) => {
                tracing::error!(%cause, "a text of our own got no reply");
                metrics::counter!(Metric::SmsProbeFailuresTotal.name()).increment(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels_until_there_are_too_many() {
        let first = LinkLabel::of("carrier-a");
        assert_eq!((LinkLabel::of("carrier-a"), first.name()), (first, "carrier-a"));
        for nth in 0..MOST {
            assert!(LinkLabel::of(&format!("link-{nth}")).name().len() > 4);
        }
        assert_eq!(LinkLabel::of("one-too-many").name(), OTHER);
        assert_eq!(LinkLabel::of("carrier-a").name(), "carrier-a");
    }
}
