//! Calls as the operator sees them: how many there may be, and what is kept of each.
//!
//! Owns the book of calls in progress and the record of one that has ended. A record never holds a number that was keyed,
//! and of the caller's only its last two digits. Pure.

use std::collections::HashMap;
use std::time::Duration;

use contract::Identity;
use contract::signal::{CallCause, CallEnded, CallsActive, Signal};

use crate::media::keypad::Way;
use crate::media::law::Law;
use crate::media::stats::Figures;

/// Why a call is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// There are as many as there may be.
    Calls,
    /// This caller has as many as one may have.
    Caller,
}

/// The calls in progress.
#[derive(Debug)]
pub struct Book {
    most: usize,
    most_per_caller: usize,
    active: usize,
    by_caller: HashMap<String, usize>,
}

impl Book {
    /// With no call in it.
    #[must_use]
    pub fn new(most: usize, most_per_caller: usize) -> Self {
        Self { most, most_per_caller, active: 0, by_caller: HashMap::new() }
    }

    /// Takes a call up. One whose caller is unknown counts among all calls alone.
    ///
    /// # Errors
    /// [`Full`].
    pub fn enter(&mut self, caller: &Identity) -> Result<(), Full> {
        if self.active >= self.most {
            return Err(Full::Calls);
        }
        if let Some(number) = number(caller) {
            let count = self.by_caller.entry(number.to_owned()).or_default();
            if *count >= self.most_per_caller {
                return Err(Full::Caller);
            }
            *count += 1;
        }
        self.active += 1;
        self.say();
        Ok(())
    }

    /// A call that was taken up has ended.
    pub fn leave(&mut self, caller: &Identity) {
        self.active = self.active.saturating_sub(1);
        if let Some(number) = number(caller)
            && let Some(count) = self.by_caller.get_mut(number)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_caller.remove(number);
            }
        }
        self.say();
    }

    /// The calls in progress.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.active
    }

    fn say(&self) {
        CallsActive { calls: u32::try_from(self.active).unwrap_or(u32::MAX) }.emit();
    }
}

const fn number(caller: &Identity) -> Option<&String> {
    match caller {
        Identity::Phone(number) => Some(number),
        Identity::Cookie(_)
        | Identity::Client(_)
        | Identity::Terminal(_)
        | Identity::Network(_)
        | Identity::Unknown => None,
    }
}

/// What is kept of a call.
#[derive(Debug, Clone)]
pub struct Record {
    /// Our own number of it.
    pub id: u64,
    /// The trunk it came by; none for a stranger.
    pub trunk: Option<String>,
    /// The number called.
    pub called: String,
    /// The caller's number, all but its last two digits masked.
    pub caller: String,
    /// How it ended.
    pub cause: CallCause,
    /// From its first message to its end.
    pub took: Duration,
    /// Whether it was answered.
    pub answered: bool,
    /// How keys came, if any did.
    pub way: Option<Way>,
    /// How many keys came; which is not kept.
    pub keys: u32,
    /// Questions that were put to the core.
    pub asked: u32,
    /// The codec.
    pub law: Option<Law>,
    /// Whether the sound was encrypted.
    pub secure: bool,
    /// How what came in was.
    pub figures: Figures,
}

impl Record {
    /// Writes it to the log and moves the metrics.
    pub fn emit(&self) {
        CallEnded {
            id: self.id,
            trunk: self.trunk.as_deref().unwrap_or("none"),
            called: &self.called,
            caller: &self.caller,
            cause: self.cause,
            took: self.took,
            answered: self.answered,
            keys_by: self.way.map_or("none", Way::name),
            keys: self.keys,
            asked: self.asked,
            codec: self.law.map_or("none", Law::name),
            secure: self.secure,
            received: self.figures.received,
            lost: self.figures.lost,
            jitter_ms: self.figures.jitter_ms,
        }
        .emit();
    }
}

/// A caller's number with all but its last two digits masked.
#[must_use]
pub fn masked(caller: &Identity) -> String {
    let Some(number) = number(caller) else { return "unknown".to_owned() };
    let kept = number.chars().count().saturating_sub(2);
    number.chars().enumerate().map(|(nth, digit)| if nth < kept { '*' } else { digit }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_over_all_and_for_each_caller() {
        let (one, other) = (Identity::Phone("8613800138000".into()), Identity::Phone("8613800138001".into()));
        let mut book = Book::new(3, 2);
        assert_eq!((book.enter(&one), book.enter(&one)), (Ok(()), Ok(())));
        assert_eq!(book.enter(&one), Err(Full::Caller));
        assert_eq!(book.enter(&Identity::Unknown), Ok(()));
        assert_eq!(book.enter(&other), Err(Full::Calls));
        book.leave(&one);
        assert_eq!((book.enter(&other), book.active()), (Ok(()), 3));
        for caller in [&one, &other, &Identity::Unknown] {
            book.leave(caller);
        }
        assert_eq!((book.active(), book.by_caller.len()), (0, 0));
    }

    #[test]
    fn a_caller_is_masked() {
        assert_eq!(masked(&Identity::Phone("8613800138042".into())), "***********42");
        assert_eq!(masked(&Identity::Unknown), "unknown");
    }
}
