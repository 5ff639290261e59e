//! The answers that the page shows after its redirect, kept for a while so that a refresh shows the same page.
//!
//! Bounded in number and time and lost at a restart: the record is the ledger's, and the page then goes by the receipt.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{Reply, Timestamp};

/// How many answers are kept; the oldest makes room. About 1 KiB each.
const MOST: usize = 10_000;

/// How long an answer can be shown again.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// Answers by the token in their address, which nobody can guess.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_token: HashMap<String, Arc<Reply>>,
    in_order: VecDeque<(Timestamp, String)>,
}

impl Answers {
    pub(crate) fn keep(&self, token: String, reply: Arc<Reply>, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(now);
        if kept.by_token.insert(token.clone(), reply).is_none() {
            kept.in_order.push_back((now, token));
        }
    }

    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<Arc<Reply>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(now);
        kept.by_token.get(token).cloned()
    }
}

impl Kept {
    /// Makes room for one and lets go of what is over.
    fn forget(&mut self, now: Timestamp) {
        while let Some((since, _)) = self.in_order.front() {
            if now.since(*since) < LIFE && self.in_order.len() < MOST {
                return;
            }
            if let Some((_, token)) = self.in_order.pop_front() {
                self.by_token.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Arc<Reply> {
        Arc::new(Reply {
            about: contract::RequestKind::Check,
            answers: Vec::new(),
            receipt: None,
            at: Timestamp(0),
            position: None,
            silent: false,
            replayed: false,
        })
    }

    #[test]
    fn an_answer_is_found_until_its_time_is_over() {
        let answers = Answers::default();
        answers.keep("a".to_owned(), reply(), Timestamp(0));
        assert!(answers.find("a", Timestamp(0).plus(LIFE - Duration::from_secs(1))).is_some());
        assert!(answers.find("b", Timestamp(0)).is_none());
        assert!(answers.find("a", Timestamp(0).plus(LIFE)).is_none());
    }

    #[test]
    fn the_oldest_makes_room() {
        let answers = Answers::default();
        for index in 0..=MOST {
            answers.keep(index.to_string(), reply(), Timestamp(0));
        }
        assert!(answers.find("0", Timestamp(0)).is_none());
        assert!(answers.find(&MOST.to_string(), Timestamp(0)).is_some());
        assert!(answers.0.lock().unwrap().by_token.len() <= MOST);
    }
}
