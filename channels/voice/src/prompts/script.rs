//! From a phrase of the dialogue to the pieces that say it.
//!
//! Owns which sentences an answer is made of and their order: the verdict, then what is on record, then what to do. Every
//! verdict is matched by name: a new one does not compile until it has words here.

use contract::{Answer, Language, Seen, TradeItem, Verdict};
use wording::{VoicePart, VoiceText, Words, plain};

use super::Piece;
use super::grammar::{self, Unit};
use crate::dialogue::{Key, Offers, Phrase, Play, RefusalKind};

/// A breath after a sentence, in milliseconds.
const AFTER_SENTENCE: u16 = 250;

/// Further verdicts that are said.
const ADVISORIES: usize = 2;

/// What stands in a sentence's slot.
type Slots = Vec<(&'static str, Vec<Piece>)>;

/// What is to be said, as pieces.
#[must_use]
pub fn script(words: &Words, play: &Play) -> Vec<Piece> {
    let mut page = Page { words, language: play.language, pieces: Vec::new() };
    for phrase in &play.phrases {
        page.phrase(phrase);
    }
    page.pieces
}

/// Every recording that a language needs, by its name: what it says.
#[must_use]
pub fn catalogue(words: &Words, language: Language) -> Vec<(String, String)> {
    let mut all = grammar::every(language);
    for text in VoiceText::ALL {
        let parts = words.voice(*text, language);
        for (at, part) in parts.iter().enumerate() {
            if let VoicePart::Words(said) = part
                && sounds(said)
            {
                all.push((name_of(*text, at), bare(said).to_owned()));
            }
        }
    }
    all
}

/// The name of a sentence's piece: `genuine-seen.2`.
fn name_of(text: VoiceText, at: usize) -> String {
    format!("{}.{at}", text.id().strip_prefix("voice-").unwrap_or_else(|| text.id()))
}

/// Whether there is anything to say, or only marks.
fn sounds(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The words without the marks around them that belong to what stands beside them.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ':' | '：' | ';' | '；'))
        .trim_start_matches(['.', '。'])
        .trim()
}

struct Page<'a> {
    words: &'a Words,
    language: Language,
    pieces: Vec<Piece>,
}

impl Page<'_> {
    fn phrase(&mut self, phrase: &Phrase) {
        let digits = |count: &usize| self.count(u32::try_from(*count).unwrap_or(u32::MAX), Unit::Digits);
        match phrase {
            Phrase::Greeting => self.say(VoiceText::Greeting),
            Phrase::LanguageKey(language, key) => {
                let spoken = std::mem::replace(&mut self.language, *language);
                let key = grammar::key(*language, Key::Digit(*key)).into_iter().collect();
                self.with(VoiceText::LanguageKey, vec![("key", key)]);
                self.language = spoken;
            }
            Phrase::AskNumber(count) => self.with(VoiceText::AskNumber, vec![("digits", digits(count))]),
            Phrase::AskAnother => self.say(VoiceText::AskAnother),
            Phrase::NothingHeard => self.say(VoiceText::NothingHeard),
            Phrase::Partial(count, last) => {
                let last = grammar::digits(self.language, last);
                self.with(VoiceText::Partial, vec![("read", digits(count)), ("last", last)]);
            }
            Phrase::WrongLength(read, expected) => {
                self.with(VoiceText::WrongLength, vec![("read", digits(read)), ("digits", digits(expected))]);
            }
            Phrase::DoesNotAddUp(false) => self.say(VoiceText::DoesNotAddUp),
            Phrase::DoesNotAddUp(true) => self.say(VoiceText::DoesNotAddUpAgain),
            Phrase::StartAgain => self.say(VoiceText::StartAgain),
            Phrase::TakenBack(left) => self.with(VoiceText::TakenBack, vec![("read", digits(left))]),
            Phrase::OneMoment => self.say(VoiceText::OneMoment),
            Phrase::Answer(answer) => self.answer(answer),
            Phrase::NotAnswered(RefusalKind::Busy) => self.say(VoiceText::Busy),
            Phrase::NotAnswered(RefusalKind::Unavailable) => self.say(VoiceText::NotAnswered),
            Phrase::Menu(offers) => self.menu(*offers),
            Phrase::YouKeyed(number) => self.number(VoiceText::YouKeyed, number),
            Phrase::Receipt(receipt) => self.number(VoiceText::Receipt, &receipt.to_string()),
            Phrase::AskArea => self.say(VoiceText::AskArea),
            Phrase::Reported => self.say(VoiceText::Reported),
            Phrase::NoSuchKey => self.say(VoiceText::NoSuchKey),
            Phrase::Connecting => self.say(VoiceText::Connecting),
            Phrase::NobodyThere => self.say(VoiceText::NobodyThere),
            Phrase::TooManyTries => self.say(VoiceText::TooManyTries),
            Phrase::TooManyNumbers => self.say(VoiceText::TooManyNumbers),
            Phrase::TimeIsUp => self.say(VoiceText::TimeIsUp),
            Phrase::GoingDown => self.say(VoiceText::GoingDown),
            Phrase::AllBusy => self.say(VoiceText::AllBusy),
            Phrase::TooManyCalls => self.say(VoiceText::TooManyCalls),
            Phrase::Goodbye => self.say(VoiceText::Goodbye),
        }
    }

    fn count(&self, value: u32, unit: Unit) -> Vec<Piece> {
        grammar::count(self.language, value, unit)
    }

    fn number(&mut self, text: VoiceText, digits: &str) {
        let digits = grammar::digits(self.language, digits);
        self.with(text, vec![("number", digits)]);
    }

    fn say(&mut self, text: VoiceText) {
        self.with(text, Vec::new());
    }

    /// A sentence with its slots filled in, and a breath after it.
    fn with(&mut self, text: VoiceText, slots: Slots) {
        let sentence = self.sentence(text, slots);
        self.pieces.extend(sentence);
        self.breathe();
    }

    fn breathe(&mut self) {
        let text = if self.language == Language::En { " " } else { "" };
        self.pieces.push(Piece::Pause { millis: AFTER_SENTENCE, text });
    }

    fn sentence(&self, text: VoiceText, mut slots: Slots) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (at, part) in self.words.voice(text, self.language).into_iter().enumerate() {
            match part {
                VoicePart::Words(said) if sounds(&said) => {
                    pieces.push(Piece::Clip { language: self.language, clip: name_of(text, at), text: said });
                }
                // A mark behind a slot: kept in the text alone.
                VoicePart::Words(said) => {
                    let text = [". ", ".", "。", "，", ", ", ": ", "："].into_iter().find(|mark| *mark == said);
                    pieces.extend(text.map(|text| Piece::Pause { millis: 0, text }));
                }
                VoicePart::Slot(name) => {
                    if let Some((_, filled)) = slots.iter_mut().find(|(slot, _)| *slot == name) {
                        pieces.append(filled);
                    }
                }
            }
        }
        pieces
    }

    fn name(&self, text: &str) -> Vec<Piece> {
        vec![Piece::Name { language: self.language, text: plain(text) }]
    }

    /// A sentence that is said only where its name can be.
    fn aside(&mut self, text: VoiceText, slot: &'static str, name: &str) {
        if plain(name).is_empty() {
            return;
        }
        let mut sentence = self.sentence(text, vec![(slot, self.name(name))]);
        let space = if self.language == Language::En { " " } else { "" };
        sentence.push(Piece::Pause { millis: AFTER_SENTENCE, text: space });
        self.pieces.push(Piece::Aside(sentence));
    }

    /// A day and, where its place was trusted, a city.
    fn seen(&self, seen: &Seen) -> Vec<Piece> {
        let mut pieces = grammar::day(self.language, self.words.day_of(seen.at));
        let city = seen.city.as_deref().map(plain).filter(|city| !city.is_empty());
        if let Some(city) = city {
            let mut aside = self.sentence(VoiceText::InCity, vec![("city", self.name(&city))]);
            if self.language == Language::En {
                aside.insert(0, Piece::Pause { millis: 0, text: " " });
            }
            pieces.push(Piece::Aside(aside));
        }
        pieces
    }

    fn menu(&mut self, offers: Offers) {
        self.say(VoiceText::Menu);
        for (offered, text) in [
            (offers.report, VoiceText::MenuReport),
            (offers.read_back, VoiceText::MenuReadBack),
            (true, VoiceText::MenuLanguage),
            (offers.person, VoiceText::MenuPerson),
        ] {
            if offered {
                self.say(text);
            }
        }
    }

    fn answer(&mut self, answer: &Answer) {
        self.verdict(&answer.verdict);
        if let Some(product) = &answer.facts.product {
            let name = product.name.in_language(self.language).to_owned();
            self.aside(VoiceText::Product, "name", &name);
        }
        if let Some(expiry) = answer.facts.expiry.filter(|_| answer.verdict.is_genuine()) {
            let day = grammar::day(self.language, expiry);
            self.with(VoiceText::GoodUntil, vec![("day", day)]);
        }
        for advisory in answer.advisories.iter().take(ADVISORIES) {
            self.say(VoiceText::Also);
            self.verdict(advisory);
        }
        self.advice(&answer.verdict);
    }

    fn verdict(&mut self, verdict: &Verdict) {
        let slots = match verdict {
            Verdict::RateLimited { minutes } => vec![("minutes", self.count((*minutes).max(1), Unit::Minutes))],
            Verdict::Malformed { expected, .. } => vec![("digits", self.count(*expected, Unit::Digits))],
            Verdict::Expired { on } | Verdict::NotYetOnSale { from: Some(on) } => {
                vec![("day", grammar::day(self.language, *on))]
            }
            Verdict::ImpossibleTravel { elsewhere: seen }
            | Verdict::SoldBefore { sale: seen }
            | Verdict::GenuineAgain { first: seen } => vec![("seen", self.seen(seen))],
            Verdict::Overchecked { times, first } | Verdict::GenuineSeen { times, first } => {
                vec![("times", self.count(*times, Unit::Times)), ("seen", self.seen(first))]
            }
            Verdict::Unavailable
            | Verdict::Degraded
            | Verdict::Typo
            | Verdict::NotUnitCode { .. }
            | Verdict::NotCovered
            | Verdict::Unknown
            | Verdict::Compromised
            | Verdict::Stolen
            | Verdict::Recalled { .. }
            | Verdict::Withdrawn
            | Verdict::NotActivated { .. }
            | Verdict::NotYetOnSale { from: None }
            | Verdict::DataMismatch { .. }
            | Verdict::CartonCode { .. }
            | Verdict::GenuineFirst => Vec::new(),
        };
        self.with(text_of(verdict), slots);
        if let Verdict::Recalled { reason: Some(reason) } = verdict {
            self.aside(VoiceText::RecallReason, "reason", reason);
        }
    }

    fn advice(&mut self, verdict: &Verdict) {
        let advice = match verdict {
            Verdict::RateLimited { .. } => return,
            Verdict::Unavailable | Verdict::Degraded | Verdict::NotYetOnSale { .. } => VoiceText::AdviseLater,
            Verdict::Malformed { .. } | Verdict::Typo => VoiceText::AdviseKeyAgain,
            Verdict::NotUnitCode { .. } | Verdict::CartonCode { .. } => VoiceText::AdviseOtherNumber,
            Verdict::NotCovered | Verdict::DataMismatch { .. } => VoiceText::AdviseMaker,
            Verdict::Stolen => VoiceText::AdvisePolice,
            Verdict::Recalled { .. } => VoiceText::AdviseReturn,
            Verdict::Expired { .. } => VoiceText::AdviseExchange,
            Verdict::NotActivated { fresh: true } => VoiceText::AdviseTwoDays,
            Verdict::GenuineSeen { .. } | Verdict::SoldBefore { .. } => VoiceText::AdviseNotYou,
            Verdict::GenuineAgain { .. } | Verdict::GenuineFirst => VoiceText::AdviseCompare,
            Verdict::Unknown
            | Verdict::Compromised
            | Verdict::Withdrawn
            | Verdict::NotActivated { fresh: false }
            | Verdict::ImpossibleTravel { .. }
            | Verdict::Overchecked { .. } => VoiceText::AdviseReport,
        };
        self.say(advice);
    }
}

/// The sentence of a verdict.
const fn text_of(verdict: &Verdict) -> VoiceText {
    match verdict {
        Verdict::Unavailable => VoiceText::Unavailable,
        Verdict::Degraded => VoiceText::Degraded,
        Verdict::RateLimited { .. } => VoiceText::RateLimited,
        Verdict::Malformed { .. } => VoiceText::Malformed,
        Verdict::Typo => VoiceText::Typo,
        Verdict::NotUnitCode { item: TradeItem::Gtin } => VoiceText::Barcode,
        Verdict::NotUnitCode { item: TradeItem::Licence } => VoiceText::Licence,
        Verdict::NotCovered => VoiceText::NotCovered,
        Verdict::Unknown => VoiceText::Unknown,
        Verdict::Compromised => VoiceText::Compromised,
        Verdict::Stolen => VoiceText::Stolen,
        Verdict::Recalled { .. } => VoiceText::Recalled,
        Verdict::Withdrawn => VoiceText::Withdrawn,
        Verdict::Expired { .. } => VoiceText::Expired,
        Verdict::NotActivated { fresh: true } => VoiceText::NotActivatedFresh,
        Verdict::NotActivated { fresh: false } => VoiceText::NotActivated,
        Verdict::NotYetOnSale { from: Some(_) } => VoiceText::OnSaleFrom,
        Verdict::NotYetOnSale { from: None } => VoiceText::NotYetOnSale,
        Verdict::ImpossibleTravel { .. } => VoiceText::ImpossibleTravel,
        Verdict::SoldBefore { .. } => VoiceText::SoldBefore,
        Verdict::Overchecked { .. } => VoiceText::Overchecked,
        Verdict::DataMismatch { .. } => VoiceText::DataMismatch,
        Verdict::CartonCode { .. } => VoiceText::CartonCode,
        Verdict::GenuineSeen { .. } => VoiceText::GenuineSeen,
        Verdict::GenuineAgain { .. } => VoiceText::GenuineAgain,
        Verdict::GenuineFirst => VoiceText::GenuineFirst,
    }
}

#[cfg(test)]
mod tests;
