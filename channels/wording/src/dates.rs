//! Days, minutes and earlier checks as they are said.
//!
//! Owns the cutting to the minute and the zone; the order of the parts is the catalogues'.

use contract::{Day, Language, Seen, Timestamp};

use crate::Words;
use crate::answer::plain;
use crate::message::Phrase;

impl Words {
    /// A day: 2026年11月23日, 23 November 2026.
    #[must_use]
    pub fn day(&self, day: Day, language: Language) -> String {
        let date = day.to_civil();
        let part = |value: i8| u32::try_from(value).unwrap_or(0);
        let phrase = Phrase::Day { year: date.year().to_string(), month: part(date.month()), day: part(date.day()) };
        self.phrase(&phrase, language)
    }

    /// The day of an instant in the zone of these words.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Day {
        at.day_in(&self.zone)
    }

    /// An instant to the minute, in the zone of these words: 2026年11月23日14:05, 23 November 2026 at 14:05.
    #[must_use]
    pub fn minute(&self, at: Timestamp, language: Language) -> String {
        let zoned = at.to_jiff().to_zoned(self.zone.clone());
        let time = format!("{:02}:{:02}", zoned.hour(), zoned.minute());
        self.phrase(&Phrase::Minute { day: self.day(Day::from_civil(zoned.date()), language), time }, language)
    }

    /// An earlier check or sale: when and, where its place was trusted, in which city. Nothing else of it is said.
    pub(crate) fn seen(&self, seen: &Seen, language: Language) -> String {
        let minute = self.minute(seen.at, language);
        let city = seen.city.as_deref().map(plain).filter(|city| !city.is_empty());
        let phrase = match city {
            Some(city) => Phrase::SeenIn { minute, city },
            None => Phrase::Seen { minute },
        };
        self.phrase(&phrase, language)
    }
}
