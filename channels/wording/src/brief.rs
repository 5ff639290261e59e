//! Answers in the fewest words, for media of a few dozen characters: short messages.
//!
//! Owns short dates, and that a place can be left out. What goes into one message, and what is cut where there is no
//! room, is for the channel that counts characters.

use contract::{Day, Language, Seen, Timestamp, Verdict};

use crate::Words;
use crate::answer::plain;
use crate::message::{Part, Phrase, ShortText, brief_id};

/// How a verdict is said briefly.
#[derive(Debug, Clone, Copy)]
pub struct Brief {
    /// The moment of the answer: days of its year are said without the year.
    pub at: Timestamp,
    /// Whether an earlier event is said with its city.
    pub place: bool,
}

impl Words {
    /// The verdict with its fact, without what cannot be bounded (a product's name, a reason).
    #[must_use]
    pub fn brief(&self, verdict: &Verdict, brief: Brief, language: Language) -> String {
        self.say_brief(verdict, Part::Value, brief, language)
    }

    /// What to do.
    #[must_use]
    pub fn brief_advice(&self, verdict: &Verdict, brief: Brief, language: Language) -> String {
        self.say_brief(verdict, Part::Advice, brief, language)
    }

    /// A red or amber verdict as it is said beside another one; `None` for the others, which never are.
    #[must_use]
    pub fn brief_note(&self, verdict: &Verdict, brief: Brief, language: Language) -> Option<String> {
        match verdict.colour() {
            contract::Colour::Amber | contract::Colour::Red => {
                Some(self.say_brief(verdict, Part::Note, brief, language))
            }
            contract::Colour::Grey | contract::Colour::Green => None,
        }
    }

    /// Why goods were recalled; `reason` has been cut to the room there is.
    #[must_use]
    pub fn brief_reason(&self, reason: &str, language: Language) -> String {
        let verdict = Verdict::Recalled { reason: Some(reason.to_owned()) };
        self.say_brief(&verdict, Part::Reason, Brief { at: Timestamp(0), place: false }, language)
    }

    /// A text of a short message that is no verdict.
    #[must_use]
    pub fn short_text(&self, text: &ShortText, language: Language) -> String {
        self.catalogue(language).say(text.id(), Part::Value, &text.arguments())
    }

    fn say_brief(&self, verdict: &Verdict, part: Part, brief: Brief, language: Language) -> String {
        let variables = Self::variables(
            verdict,
            |day| self.brief_day(day, None, language),
            |seen| self.brief_seen(seen, brief, language),
        );
        self.catalogue(language).say(&brief_id(verdict.kind()), part, &variables)
    }

    /// A day, without its year where that is `this`.
    pub(crate) fn brief_day(&self, day: Day, this: Option<Day>, language: Language) -> String {
        let date = day.to_civil();
        let part = |value: i8| u32::try_from(value).unwrap_or(0);
        let (month, day) = (part(date.month()), part(date.day()));
        let phrase = if this.is_some_and(|this| this.to_civil().year() == date.year()) {
            Phrase::BriefDayThisYear { month, day }
        } else {
            Phrase::BriefDay { year: date.year().to_string(), month, day }
        };
        self.phrase(&phrase, language)
    }

    /// An earlier event: day and time within this year, the day alone before it.
    fn brief_seen(&self, seen: &Seen, brief: Brief, language: Language) -> String {
        let this = brief.at.day_in(&self.zone);
        let on = seen.at.day_in(&self.zone);
        let day = self.brief_day(on, Some(this), language);
        let when = if on.to_civil().year() == this.to_civil().year() {
            let zoned = seen.at.to_jiff().to_zoned(self.zone.clone());
            Phrase::BriefSeenAt { day, time: format!("{:02}:{:02}", zoned.hour(), zoned.minute()) }
        } else {
            Phrase::BriefSeenOn { day }
        };
        let when = self.phrase(&when, language);
        match seen.city.as_deref().map(plain).filter(|city| brief.place && !city.is_empty()) {
            Some(city) => self.phrase(&Phrase::BriefSeenIn { when, city }, language),
            None => when,
        }
    }
}

#[cfg(test)]
mod tests;
