//! Answers on two-line displays: a heading, a fact, what to do.
//!
//! Owns short dates on them. How many columns a line has, and what goes onto the next page, is for the channel that
//! counts columns.

use contract::{Language, Seen, Timestamp, Verdict};

use crate::Words;
use crate::message::{DisplayText, Part, Phrase, display_id};

/// A verdict as a display shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The verdict in a few words.
    pub heading: String,
    /// The fact that it rests on.
    pub fact: String,
    /// What to do, one or more sentences.
    pub advice: String,
}

impl Words {
    /// The verdict for a display. Days of the year of `at`, the moment of the answer, are said without the year.
    #[must_use]
    pub fn shown(&self, verdict: &Verdict, at: Timestamp, language: Language) -> Shown {
        let say = |part| {
            let variables = Self::variables(
                verdict,
                |day| self.brief_day(day, None, language),
                |seen| self.display_seen(seen, at, language),
            );
            self.catalogue(language).say(&display_id(verdict.kind()), part, &variables)
        };
        Shown { heading: say(Part::Value), fact: say(Part::Fact), advice: say(Part::Advice) }
    }

    /// A text of a terminal that is no verdict.
    #[must_use]
    pub fn display_text(&self, text: &DisplayText, language: Language) -> String {
        self.catalogue(language).say(text.id(), Part::Value, &text.arguments())
    }

    /// An earlier event: day and time within this year, the day alone before it. Its place is never said: a display
    /// has no room for a name of any length.
    fn display_seen(&self, seen: &Seen, at: Timestamp, language: Language) -> String {
        let (this, on) = (at.day_in(&self.zone), seen.at.day_in(&self.zone));
        let day = self.brief_day(on, Some(this), language);
        if on.to_civil().year() != this.to_civil().year() {
            return day;
        }
        let zoned = seen.at.to_jiff().to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
        self.phrase(&Phrase::DisplaySeenAt { day, time }, language)
    }
}

#[cfg(test)]
mod tests;
