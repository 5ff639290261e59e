//! An answer as sentences: the verdict first, then what is on record, then what to do.
//!
//! Owns which fact goes into which sentence, and which is left out because the verdict says it already. Every verdict is
//! matched by name: a new one does not compile until it has words. Decides no verdict and holds no words.

use contract::answer::Facts;
use contract::{Answer, Day, Language, Seen, TradeItem, Verdict};
use fluent_bundle::FluentArgs;

use crate::message::{Part, Phrase, verdict_id};
use crate::{Sentences, Words};

/// The most characters of a text from outside (a reason, a name, a lot) that go into a sentence.
const LONGEST_INSERT: usize = 200;

impl Words {
    /// An answer as sentences.
    #[must_use]
    pub fn answer(&self, answer: &Answer, language: Language) -> Sentences {
        let said = self.said(&answer.verdict, language);
        Sentences {
            word: said.part(Part::Word),
            verdict: said.with_reason(Part::Value),
            facts: self.facts(&answer.facts, &answer.verdict, language),
            advice: said.part(Part::Advice),
            advisories: answer
                .advisories
                .iter()
                .map(|advisory| self.said(advisory, language).with_reason(beside(advisory)))
                .collect(),
        }
    }

    fn said<'a>(&'a self, verdict: &'a Verdict, language: Language) -> Said<'a> {
        let variables = Self::variables(verdict, |day| self.day(day, language), |seen| self.seen(seen, language));
        Said { words: self, verdict, language, id: verdict_id(verdict.kind()), variables }
    }

    /// The facts of a verdict as the catalogues' variables, with days and earlier events said by these two;
    /// `message.rs` lists them by kind.
    pub(crate) fn variables(
        verdict: &Verdict,
        day_said: impl Fn(Day) -> String,
        seen_said: impl Fn(&Seen) -> String,
    ) -> FluentArgs<'static> {
        let mut variables = FluentArgs::new();
        match verdict {
            Verdict::RateLimited { minutes } => variables.set("minutes", (*minutes).max(1)),
            Verdict::Malformed { read, expected } => {
                variables.set("read", *read);
                variables.set("expected", *expected);
            }
            Verdict::NotUnitCode { item } => variables.set(
                "item",
                match item {
                    TradeItem::Gtin => "gtin",
                    TradeItem::Licence => "licence",
                },
            ),
            Verdict::Recalled { reason } => {
                variables.set("reason", reason.as_deref().map(reason_of).unwrap_or_default())
            }
            Verdict::Expired { on } => variables.set("on", day_said(*on)),
            Verdict::NotActivated { fresh } => variables.set("fresh", if *fresh { "yes" } else { "no" }),
            Verdict::NotYetOnSale { from } => {
                variables.set("from", from.map_or_else(|| "none".to_owned(), day_said));
            }
            Verdict::ImpossibleTravel { elsewhere: seen }
            | Verdict::SoldBefore { sale: seen }
            | Verdict::GenuineAgain { first: seen } => variables.set("seen", seen_said(seen)),
            Verdict::Overchecked { times, first } | Verdict::GenuineSeen { times, first } => {
                variables.set("times", *times);
                variables.set("seen", seen_said(first));
            }
            Verdict::DataMismatch { lot, expiry, product } => variables.set(
                "differs",
                match (product, lot, expiry) {
                    // A number under another product's bar code: what else differs follows from it.
                    (true, _, _) => "product",
                    (false, true, false) => "lot",
                    (false, false, true) => "expiry",
                    (false, true, true) | (false, false, false) => "both",
                },
            ),
            Verdict::CartonCode { holds } => variables.set("holds", *holds),
            Verdict::Unavailable
            | Verdict::Degraded
            | Verdict::Typo
            | Verdict::NotCovered
            | Verdict::Unknown
            | Verdict::Compromised
            | Verdict::Stolen
            | Verdict::Withdrawn
            | Verdict::GenuineFirst => {}
        }
        variables
    }

    /// What is on record, one line each, without what the verdict itself says.
    fn facts(&self, facts: &Facts, verdict: &Verdict, language: Language) -> Vec<String> {
        let mut phrases = Vec::new();
        if let Some(product) = &facts.product {
            let name = plain(product.name.in_language(language));
            phrases.push(match product.spec.as_deref().map(plain).filter(|spec| !spec.is_empty()) {
                Some(spec) => Phrase::ProductSpec { name, spec },
                None => Phrase::Product { name },
            });
            phrases.push(Phrase::Maker { name: plain(product.maker.in_language(language)) });
            phrases.extend(product.licence.as_deref().map(|licence| Phrase::Licence { licence: plain(licence) }));
        }
        phrases.extend(facts.lot.as_deref().map(|lot| Phrase::Lot { lot: plain(lot) }));
        phrases.extend(facts.made.map(|day| Phrase::Made { day: self.day(day, language) }));
        if !matches!(verdict, Verdict::Expired { .. }) {
            phrases.extend(facts.expiry.map(|day| Phrase::Expiry { day: self.day(day, language) }));
        }
        if !tells_of_checks(verdict) {
            phrases.extend(self.earlier_checks(facts, language));
        }
        phrases.iter().map(|phrase| self.phrase(phrase, language)).collect()
    }

    fn earlier_checks(&self, facts: &Facts, language: Language) -> Option<Phrase> {
        let first = facts.first_checked.as_ref().map(|first| self.seen(first, language));
        match (facts.times_checked, first) {
            (Some(0), _) | (None, None) => None,
            (Some(times), Some(seen)) => Some(Phrase::Checked { times, seen }),
            (Some(times), None) => Some(Phrase::CheckedTimes { times }),
            (None, Some(seen)) => Some(Phrase::FirstChecked { seen }),
        }
    }
}

/// A verdict with its facts put into words, once for all the parts that use them.
struct Said<'a> {
    words: &'a Words,
    verdict: &'a Verdict,
    language: Language,
    id: String,
    variables: FluentArgs<'static>,
}

impl Said<'_> {
    fn part(&self, part: Part) -> String {
        self.words.catalogue(self.language).say(&self.id, part, &self.variables)
    }

    /// The sentence of the verdict, with the reason after it where one was given.
    fn with_reason(&self, part: Part) -> String {
        let mut sentence = self.part(part);
        if has_reason(self.verdict) {
            if self.language == Language::En {
                sentence.push(' ');
            }
            sentence.push_str(&self.part(Part::Reason));
        }
        sentence
    }
}

/// Whether the verdict is itself about earlier checks. A second count beside it (the facts include the asker's own
/// sessions, the verdict does not) would only confuse.
const fn tells_of_checks(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Overchecked { .. }
        | Verdict::GenuineSeen { .. }
        | Verdict::GenuineAgain { .. }
        | Verdict::GenuineFirst => true,
        Verdict::Unavailable
        | Verdict::Degraded
        | Verdict::RateLimited { .. }
        | Verdict::Malformed { .. }
        | Verdict::Typo
        | Verdict::NotUnitCode { .. }
        | Verdict::NotCovered
        | Verdict::Unknown
        | Verdict::Compromised
        | Verdict::Stolen
        | Verdict::Recalled { .. }
        | Verdict::Withdrawn
        | Verdict::Expired { .. }
        | Verdict::NotActivated { .. }
        | Verdict::NotYetOnSale { .. }
        | Verdict::ImpossibleTravel { .. }
        | Verdict::SoldBefore { .. }
        | Verdict::DataMismatch { .. }
        | Verdict::CartonCode { .. } => false,
    }
}

/// How a verdict is said beside another one: red and amber ones have a note of their own, the others are never beside.
const fn beside(verdict: &Verdict) -> Part {
    match verdict.colour() {
        contract::Colour::Amber | contract::Colour::Red => Part::Note,
        contract::Colour::Grey | contract::Colour::Green => Part::Value,
    }
}

fn has_reason(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Recalled { reason: Some(reason) } if !reason_of(reason).is_empty())
}

/// A reason without its full stop: the sentence around it has one.
fn reason_of(reason: &str) -> String {
    plain(reason).trim_end_matches(['.', '。', '．', ' ']).to_owned()
}

/// A text from outside as one line of bounded length: white space in a row becomes one space; control characters and
/// those that turn the direction of writing (UAX #9) are left out.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut line = String::new();
    let mut gap = false;
    let mut count = 0;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = !line.is_empty();
        } else if !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            if count >= LONGEST_INSERT {
                line.push('…');
                break;
            }
            if std::mem::take(&mut gap) {
                line.push(' ');
            }
            line.push(c);
            count += 1;
        }
    }
    line
}
