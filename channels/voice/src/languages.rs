//! Which language callers chose last.
//!
//! In memory alone, at most fifty thousand callers; the one whose first choice is the oldest is forgotten first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use contract::{Identity, Language};

/// The most callers that are remembered, about 5 MB.
const MOST: usize = 50_000;

/// Callers' last choices.
#[derive(Debug, Default)]
pub struct Choices(Mutex<Chosen>);

#[derive(Default)]
struct Chosen {
    by: HashMap<String, Language>,
    order: VecDeque<String>,
}

impl std::fmt::Debug for Chosen {
    /// The count alone: a raw identity is never written to a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chosen").field("callers", &self.by.len()).finish_non_exhaustive()
    }
}

impl Choices {
    /// What this caller chose last.
    #[must_use]
    pub fn of(&self, caller: &Identity) -> Option<Language> {
        let Identity::Phone(number) = caller else { return None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by.get(number).copied()
    }

    /// This caller chose a language.
    pub fn note(&self, caller: &Identity, language: Language) {
        let Identity::Phone(number) = caller else { return };
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if chosen.by.insert(number.clone(), language).is_none() {
            chosen.order.push_back(number.clone());
            if chosen.order.len() > MOST
                && let Some(oldest) = chosen.order.pop_front()
            {
                chosen.by.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_spoken_to_as_last_time_until_there_are_too_many() {
        let choices = Choices::default();
        let phone = |nth: usize| Identity::Phone(format!("86138{nth:08}"));
        choices.note(&phone(0), Language::En);
        choices.note(&phone(0), Language::ZhHk);
        assert_eq!(choices.of(&phone(0)), Some(Language::ZhHk));
        choices.note(&Identity::Unknown, Language::En);
        assert_eq!(choices.of(&Identity::Unknown), None);
        for nth in 1..=MOST {
            choices.note(&phone(nth), Language::En);
        }
        assert_eq!((choices.of(&phone(0)), choices.of(&phone(1))), (None, Some(Language::En)));
    }
}
