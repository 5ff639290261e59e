//! The words of one language: its own catalogue over the ones it falls back to, with the operator's on top.
//!
//! Merges message by message and part by part, once, at load; what is missing or misspelt is found then and not when a
//! shopper waits. Does not know what a verdict is.

mod overrides;

use std::collections::BTreeMap;
use std::path::Path;

use contract::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Message, Resource};
use fluent_syntax::{parser, serializer};
use unic_langid::LanguageIdentifier;

pub(crate) use self::overrides::Overrides;
pub use self::overrides::{Fault, WordsError};
use crate::message::Part;

/// Words never used, whatever the language: an answer says "beware", never that goods are not real.
pub(crate) const BANNED: [&str; 9] = ["fake", "bogus", "forgery", "假货", "假貨", "赝品", "贗品", "冒牌", "山寨"];

/// 2^53: whole numbers up to it are exact in Fluent's 64-bit floating point.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A folder of catalogues. Declared from the fallback's end to its start: each falls back to the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tag {
    /// English, where every fallback ends.
    En,
    /// Simplified Chinese.
    Hans,
    /// Traditional Chinese as far as regions share it.
    Hant,
    /// Hong Kong usage.
    Hk,
}

impl Tag {
    pub(crate) const ALL: [Self; 4] = [Self::En, Self::Hans, Self::Hant, Self::Hk];

    /// The folder's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Hans => "zh-Hans",
            Self::Hant => "zh-Hant",
            Self::Hk => "zh-HK",
        }
    }

    /// The files that come with the program: name and text.
    pub(crate) const fn files(self) -> &'static [(&'static str, &'static str)] {
        macro_rules! files {
            ($($name:literal),+) => { &[$(($name, include_str!(concat!("../catalogues/", $name)))),+] };
        }
        match self {
            Self::En => {
                files!("en/verdicts.ftl", "en/facts.ftl", "en/page.ftl", "en/sms.ftl", "en/voice.ftl", "en/kiosk.ftl")
            }
            Self::Hans => {
                files!(
                    "zh-Hans/verdicts.ftl",
                    "zh-Hans/facts.ftl",
                    "zh-Hans/page.ftl",
                    "zh-Hans/sms.ftl",
                    "zh-Hans/voice.ftl",
                    "zh-Hans/kiosk.ftl"
                )
            }
            Self::Hant => {
                files!(
                    "zh-Hant/verdicts.ftl",
                    "zh-Hant/facts.ftl",
                    "zh-Hant/page.ftl",
                    "zh-Hant/sms.ftl",
                    "zh-Hant/voice.ftl",
                    "zh-Hant/kiosk.ftl"
                )
            }
            Self::Hk => files!("zh-HK/terms.ftl"),
        }
    }
}

/// Where a layer's text comes from.
enum Layer {
    Own(Tag),
    Operators(Tag),
}

/// The layers of a language, lowest first. What the operator says in zh-Hant or zh-HK stands above both of ours.
const fn layers(language: Language) -> &'static [Layer] {
    use Layer::{Operators, Own};
    use Tag::{En, Hans, Hant, Hk};
    match language {
        Language::En => &[Own(En), Operators(En)],
        Language::ZhHans => &[Own(En), Operators(En), Own(Hans), Operators(Hans)],
        Language::ZhHk => {
            &[Own(En), Operators(En), Own(Hans), Operators(Hans), Own(Hant), Own(Hk), Operators(Hant), Operators(Hk)]
        }
    }
}

/// The words of one language.
pub(crate) struct Catalogue {
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Merges the layers of a language.
    pub(crate) fn build(language: Language, overrides: &Overrides) -> Result<Self, WordsError> {
        let mut merged = BTreeMap::new();
        for layer in layers(language) {
            match layer {
                Layer::Own(tag) => {
                    for (name, text) in tag.files() {
                        merge(&mut merged, parse(Path::new(name), text)?);
                    }
                }
                Layer::Operators(tag) => {
                    for file in overrides.files(*tag) {
                        merge(&mut merged, parse(&file.path, &file.text)?);
                    }
                }
            }
        }
        let text = serializer::serialize(&Resource { body: merged.into_values().collect() });
        let resource = FluentResource::try_new(text)
            .map_err(|(resource, faults)| first_fault(Path::new(language.tag()), resource.source(), &faults))?;
        let mut bundle = FluentBundle::new_concurrent(vec![plural_rules_of(language)]);
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(grouped_number));
        bundle.add_resource_overriding(resource);
        Ok(Self { bundle })
    }

    /// A part of a message with its variables filled in. A message that does not exist, which a test of every message in
    /// every language rules out, is said by its id.
    pub(crate) fn say(&self, id: &str, part: Part, arguments: &FluentArgs<'_>) -> String {
        let message = self.bundle.get_message(id);
        let pattern = message.and_then(|message| match part.attribute() {
            None => message.value(),
            Some(name) => message.get_attribute(name).map(|attribute| attribute.value()),
        });
        let Some(pattern) = pattern else {
            tracing::error!(id, ?part, "no words for a message");
            return id.to_owned();
        };
        let mut faults = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(arguments), &mut faults).into_owned();
        if !faults.is_empty() {
            tracing::error!(id, ?part, ?faults, "words with gaps");
        }
        text
    }
}

/// An entry's key: terms keep their hyphen, so that a term and a message of one name stay two.
fn key(entry: &Entry<&str>) -> Option<String> {
    match entry {
        Entry::Message(message) => Some(message.id.name.to_owned()),
        Entry::Term(term) => Some(format!("-{}", term.id.name)),
        Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => None,
    }
}

/// Puts a file's entries over those below: parts that a message leaves out stay as they were.
fn merge<'a>(below: &mut BTreeMap<String, Entry<&'a str>>, above: Resource<&'a str>) {
    for entry in above.body {
        let Some(key) = key(&entry) else { continue };
        match (below.get_mut(&key), entry) {
            (Some(Entry::Message(old)), Entry::Message(new)) => overlay(old, new),
            (_, entry) => {
                below.insert(key, entry);
            }
        }
    }
}

fn overlay<'a>(old: &mut Message<&'a str>, new: Message<&'a str>) {
    if new.value.is_some() {
        old.value = new.value;
    }
    for attribute in new.attributes {
        match old.attributes.iter_mut().find(|known| known.id == attribute.id) {
            Some(known) => *known = attribute,
            None => old.attributes.push(attribute),
        }
    }
}

/// Parses a file; the first fault counts.
pub(crate) fn parse<'a>(path: &Path, text: &'a str) -> Result<Resource<&'a str>, WordsError> {
    parser::parse_runtime(text).map_err(|(_, faults)| first_fault(path, text, &faults))
}

fn first_fault(path: &Path, text: &str, faults: &[parser::ParserError]) -> WordsError {
    let at = faults.first().map_or(0, |first| first.pos.start);
    let fault = Fault::Grammar(faults.first().map_or_else(|| "not a catalogue".to_owned(), grammar));
    let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    WordsError::Faulty { path: path.to_owned(), line, fault }
}

/// The parser's message in our manner: it starts with a capital, ours do not.
fn grammar(error: &parser::ParserError) -> String {
    let text = error.kind.to_string();
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

/// The locale whose plural rules apply; CLDR has one set for all of Chinese.
fn plural_rules_of(language: Language) -> LanguageIdentifier {
    let tag = match language {
        Language::ZhHans | Language::ZhHk => "zh",
        Language::En => "en",
    };
    tag.parse().expect("zh and en are language tags")
}

/// Whole numbers of five digits and more are grouped by threes; four digits read well as they are.
fn grouped_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    if number.value.fract() != 0.0
        || number.value.abs() > MOST_EXACT
        || number.options.minimum_fraction_digits.is_some()
    {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within 53 bits")]
    let whole = number.value as i64;
    let digits = whole.unsigned_abs().to_string();
    let mut text = String::with_capacity(1 + digits.len() + digits.len() / 3);
    if whole < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if digits.len() > 4 && at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    Some(text)
}

#[cfg(test)]
pub(crate) mod tests;
