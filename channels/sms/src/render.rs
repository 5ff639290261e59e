//! A reply as the words of one short message.
//!
//! Owns what goes into it, in which order, and what gives way where there is no room. Holds no words of its own
//! (`wording` says them) and makes no octets (`text` does).
//!
//! # One number
//! The verdict with its fact, the reason of a recall, what is worse than the verdict, the product, what to do, the
//! receipt. The reply fits one segment: what comes from outside and can be long gives way. The product's name is cut, then
//! left out; the city of an earlier check is left out where it would push the name below `NAME` characters; a reason is
//! cut. Verdict, advice and receipt always stand. In English nothing goes in that the carrier's default alphabet lacks: one
//! Chinese name would leave 70 characters instead of 160.
//!
//! # Several numbers
//! A line for each, named by its last characters, then how many were not checked, how to hear more, the receipt. That may
//! take several segments.

use contract::{Answer, Colour, Language, Receipt, Reply, RequestKind, Verdict};
use unicode_segmentation::UnicodeSegmentation;
use wording::{Brief, ShortText, Words, plain};

use crate::reading::{Lack, Memory};
use crate::text::{Settings, Writing};

/// A product's name that is cut shorter than this says nothing.
const NAME: usize = 6;

/// The words of a reply; `None` where nothing goes out.
#[must_use]
pub fn words(words: &Words, reply: &Reply, memory: &Memory, language: Language, settings: &Settings) -> Option<String> {
    if reply.silent {
        return None;
    }
    let page = Page { words, language, settings, reply };
    Some(match reply.about {
        RequestKind::Check => match reply.answers.as_slice() {
            [] => page.say(&ShortText::NoNumber),
            [one] => page.one(one, memory.more),
            several => page.several(several, memory),
        },
        RequestKind::Help => page.say(match memory.lack {
            Lack::Nothing => &ShortText::Help,
            Lack::Number => &ShortText::NoNumber,
            Lack::Parts => &ShortText::Cut,
        }),
        RequestKind::Stop => page.say(&ShortText::Stopped),
        RequestKind::Start => page.say(&ShortText::Started),
        RequestKind::Tip => page.joined([Some(page.say(&ShortText::Tip)), page.receipt()]),
    })
}

/// One reply on its way to words.
struct Page<'a> {
    words: &'a Words,
    language: Language,
    settings: &'a Settings,
    reply: &'a Reply,
}

/// The sentences about one number, in the order they are said.
struct Sentences {
    verdict: String,
    reason: Option<String>,
    notes: Vec<String>,
    product: Option<String>,
    advice: String,
    rest: Option<String>,
    receipt: Option<String>,
}

impl Page<'_> {
    fn say(&self, text: &ShortText) -> String {
        self.words.short_text(text, self.language)
    }

    fn receipt(&self) -> Option<String> {
        let said = |receipt: Receipt| self.say(&ShortText::Receipt { receipt: receipt.to_string() });
        self.reply.receipt.map(said)
    }

    fn rest(&self, more: u32) -> Option<String> {
        (more > 0).then(|| self.say(&ShortText::Rest { count: more }))
    }

    fn brief(&self, place: bool) -> Brief {
        Brief { at: self.reply.at, place }
    }

    fn one(&self, answer: &Answer, more: u32) -> String {
        let verdict = &answer.verdict;
        let worse = answer.advisories.iter().filter(|other| weight(other.colour()) > weight(verdict.colour()));
        let mut said = Sentences {
            verdict: self.words.brief(verdict, self.brief(false), self.language),
            reason: None,
            notes: worse.filter_map(|other| self.words.brief_note(other, self.brief(false), self.language)).collect(),
            product: None,
            advice: self.words.brief_advice(verdict, self.brief(false), self.language),
            rest: self.rest(more),
            receipt: self.receipt(),
        };
        let writing = Writing::of(&self.join(&said), self.settings);
        self.put_place(&mut said, answer, writing);
        if let Verdict::Recalled { reason: Some(reason) } = verdict {
            let room = self.room(&said, writing);
            let make = |reason: &str| self.words.brief_reason(reason, self.language);
            said.reason = self.cut_to_fit(&plain(reason), room, writing, make);
        }
        if let Some(product) = &answer.facts.product {
            let room = self.room(&said, writing);
            let make = |name: &str| self.say(&ShortText::Product { name: name.to_owned() });
            let name = plain(product.name.in_language(self.language));
            let with_spec = product.spec.as_deref().map(|spec| make(&format!("{name} {}", plain(spec))));
            said.product = with_spec
                .filter(|text| self.fits(text, room, writing))
                .or_else(|| self.cut_to_fit(&name, room, writing, make));
        }
        for advisory in answer.advisories.iter().filter(|other| weight(other.colour()) <= weight(verdict.colour())) {
            let note = self.words.brief_note(advisory, self.brief(false), self.language);
            let room = self.room(&said, writing);
            said.notes.extend(note.filter(|note| self.fits(note, room, writing)));
        }
        self.join(&said)
    }

    /// Says the city of an earlier event where there is room for it and for a name.
    fn put_place(&self, said: &mut Sentences, answer: &Answer, writing: Writing) {
        let placed = self.words.brief(&answer.verdict, self.brief(true), self.language);
        let name = if answer.facts.product.is_some() { self.units_of_product(writing) + NAME } else { 0 };
        let room = self.room(said, writing) + writing.units(&said.verdict);
        if self.fits(&placed, room.saturating_sub(name), writing) {
            said.verdict = placed;
        }
    }

    /// What a product takes besides its name.
    fn units_of_product(&self, writing: Writing) -> usize {
        writing.units(&self.say(&ShortText::Product { name: String::new() })) + self.gap().len()
    }

    /// How much more one segment holds.
    fn room(&self, said: &Sentences, writing: Writing) -> usize {
        writing.alone().saturating_sub(writing.units(&self.join(said)) + self.gap().len())
    }

    /// Whether a text can be put in without taking more room or another alphabet.
    fn fits(&self, text: &str, room: usize, writing: Writing) -> bool {
        writing.units(text) <= room && self.is_written(text, writing)
    }

    fn is_written(&self, text: &str, writing: Writing) -> bool {
        match writing {
            Writing::Ucs2 => true,
            Writing::Gsm => Writing::of(text, self.settings) == Writing::Gsm,
            Writing::Gbk => Writing::of(text, self.settings) != Writing::Ucs2,
        }
    }

    /// A sentence around a text from outside, which is cut until the sentence fits; `None` where too little would be left.
    fn cut_to_fit(&self, text: &str, room: usize, writing: Writing, make: impl Fn(&str) -> String) -> Option<String> {
        if text.is_empty() || !self.is_written(text, writing) {
            return None;
        }
        let whole = make(text);
        if self.fits(&whole, room, writing) {
            return Some(whole);
        }
        let mark = if writing == Writing::Gsm { "..." } else { "…" };
        let around = writing.units(&whole) - writing.units(text);
        let mut left = room.checked_sub(around + writing.units(mark))?;
        let mut kept = String::new();
        for grapheme in text.graphemes(true) {
            match left.checked_sub(writing.units(grapheme)) {
                Some(rest) => left = rest,
                None => break,
            }
            kept.push_str(grapheme);
        }
        let kept = kept.trim_end();
        (kept.chars().count() >= NAME.saturating_sub(1)).then(|| make(&format!("{kept}{mark}")))
    }

    fn several(&self, answers: &[Answer], memory: &Memory) -> String {
        let tails = memory.tails.iter().map(String::as_str).chain(std::iter::repeat("?"));
        let mut lines: Vec<String> = answers.iter().zip(tails).map(|(answer, tail)| self.line(answer, tail)).collect();
        lines.extend(self.rest(memory.more));
        lines.push(self.say(&ShortText::Several));
        lines.extend(self.receipt());
        lines.join("\n")
    }

    /// One number of several: its verdict in a word, and the worst of its advisories where that is worse.
    fn line(&self, answer: &Answer, tail: &str) -> String {
        let mut word = self.words.word(answer.verdict.kind(), self.language);
        let worst = answer.advisories.iter().max_by_key(|other| weight(other.colour()));
        if let Some(worst) = worst.filter(|worst| weight(worst.colour()) > weight(answer.verdict.colour())) {
            word.push_str(if self.language == Language::En { ", " } else { "，" });
            word.push_str(&self.words.word(worst.kind(), self.language));
        }
        self.say(&ShortText::Line { tail: tail.to_owned(), word })
    }

    fn join(&self, said: &Sentences) -> String {
        let notes = said.notes.iter().cloned().map(Some);
        let before = [Some(said.verdict.clone()), said.reason.clone()].into_iter().chain(notes);
        let after = [said.product.clone(), Some(said.advice.clone()), said.rest.clone(), said.receipt.clone()];
        self.joined(before.chain(after))
    }

    fn joined(&self, sentences: impl IntoIterator<Item = Option<String>>) -> String {
        sentences.into_iter().flatten().collect::<Vec<_>>().join(self.gap())
    }

    /// What stands between two sentences.
    const fn gap(&self) -> &'static str {
        match self.language {
            Language::ZhHans | Language::ZhHk => "",
            Language::En => " ",
        }
    }
}

/// How heavy a colour weighs.
const fn weight(colour: Colour) -> u8 {
    match colour {
        Colour::Grey => 0,
        Colour::Green => 1,
        Colour::Amber => 2,
        Colour::Red => 3,
    }
}

#[cfg(test)]
mod tests;
