//! The pages as askama templates with all of their words filled in.
//!
//! Escaping is askama's. Does not decide what to show.

use askama::Template;
use contract::{Colour, Language, Reply};
use wording::{MessageId, ReceiptSentences, Words, grouped, own_name};

use super::form::LONGEST;

/// What surrounds every page.
pub(super) struct Frame {
    tag: &'static str,
    title: String,
    languages_label: String,
    languages: Vec<Choice>,
    footer: String,
}

struct Choice {
    tag: &'static str,
    name: &'static str,
    href: String,
    current: bool,
}

impl Frame {
    /// `address` is this page's own, to which the choice of language is added.
    pub(super) fn new(title: &MessageId, address: &str, words: &Words, language: Language) -> Self {
        let joint = if address.contains('?') { '&' } else { '?' };
        let choice = |other: Language| Choice {
            tag: other.tag(),
            name: own_name(other),
            href: format!("{address}{joint}lang={}", other.tag()),
            current: other == language,
        };
        Self {
            tag: language.tag(),
            title: words.text(title, language),
            languages_label: words.text(&MessageId::Languages, language),
            languages: Language::ALL.into_iter().map(choice).collect(),
            footer: words.text(&MessageId::Footer, language),
        }
    }
}

/// What a form carries: its one-time id, and the number in its field.
pub(super) struct Fields {
    pub(super) once: String,
    pub(super) code: String,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    frame: Frame,
    heading: String,
    notice: Option<String>,
    fields: Fields,
    longest: u32,
    prompt: String,
    placeholder: String,
    hint: String,
    more: String,
    lot: String,
    expiry: String,
    button: String,
    receipt_title: String,
}

impl Home {
    pub(super) fn new(fields: Fields, notice: Option<&MessageId>, words: &Words, language: Language) -> Self {
        let text = |message| words.text(&message, language);
        Self {
            frame: Frame::new(&MessageId::Title, "/", words, language),
            heading: text(MessageId::Heading),
            notice: notice.map(|message| words.text(message, language)),
            fields,
            longest: LONGEST,
            prompt: text(MessageId::Prompt),
            placeholder: text(MessageId::Placeholder),
            hint: text(MessageId::Hint),
            more: text(MessageId::More),
            lot: text(MessageId::Lot),
            expiry: text(MessageId::Expiry),
            button: text(MessageId::Button),
            receipt_title: text(MessageId::ReceiptTitle),
        }
    }
}

#[derive(Template)]
#[template(path = "landing.html")]
pub(super) struct Landing {
    frame: Frame,
    notice: Option<String>,
    prompt: String,
    asked: Vec<(String, String)>,
    fields: Fields,
    button: String,
    another: String,
}

impl Landing {
    pub(super) fn new(
        fields: Fields,
        asked: &[(MessageId, String)],
        (notice, address): (Option<&MessageId>, &str),
        words: &Words,
        language: Language,
    ) -> Self {
        let text = |message| words.text(&message, language);
        Self {
            frame: Frame::new(&MessageId::LandingTitle, address, words, language),
            notice: notice.map(|message| words.text(message, language)),
            prompt: text(MessageId::LandingPrompt),
            asked: asked.iter().map(|(label, value)| (words.text(label, language), value.clone())).collect(),
            fields,
            button: text(MessageId::Button),
            another: text(MessageId::Another),
        }
    }
}

#[derive(Template)]
#[template(path = "answer.html")]
pub(super) struct AnswerPage {
    frame: Frame,
    heading: String,
    result: String,
    colour: &'static str,
    colour_label: String,
    sign: &'static str,
    word: String,
    verdict: String,
    advisories_heading: String,
    advisories: Vec<String>,
    advice_heading: String,
    advice: String,
    facts_heading: String,
    facts: Vec<String>,
    answered_at: String,
    receipt: Option<String>,
    receipt_label: String,
    receipt_purpose: String,
    receipt_none: String,
    another: String,
}

impl AnswerPage {
    /// `None` where the reply answers no number.
    pub(super) fn new(reply: &Reply, address: &str, words: &Words, language: Language) -> Option<Self> {
        let answer = reply.answers.first()?;
        let said = words.answer(answer, language);
        let text = |message| words.text(&message, language);
        let (colour, sign) = (words.colour(answer.colour, language), words.sign(answer.colour, language));
        Some(Self {
            frame: Frame::new(&MessageId::Title, address, words, language),
            heading: text(MessageId::Result),
            result: text(MessageId::Result),
            colour: answer.colour.name(),
            colour_label: text(MessageId::ColourLabel { colour, sign }),
            sign: glyph(answer.colour),
            word: said.word,
            verdict: said.verdict,
            advisories_heading: text(MessageId::Advisories),
            advisories: said.advisories,
            advice_heading: text(MessageId::Advice),
            advice: said.advice,
            facts_heading: text(MessageId::Facts),
            facts: said.facts,
            answered_at: text(MessageId::AnsweredAt { minute: words.minute(reply.at, language) }),
            receipt: reply.receipt.map(grouped),
            receipt_label: text(MessageId::Receipt),
            receipt_purpose: text(MessageId::ReceiptPurpose),
            receipt_none: text(MessageId::ReceiptNone),
            another: text(MessageId::Another),
        })
    }
}

/// A sign that is told apart without its colour.
const fn glyph(colour: Colour) -> &'static str {
    match colour {
        Colour::Grey => "?",
        Colour::Green => "✓",
        Colour::Amber => "!",
        Colour::Red => "✕",
    }
}

#[derive(Template)]
#[template(path = "receipt.html")]
pub(super) struct ReceiptPage {
    frame: Frame,
    heading: String,
    notice: Option<String>,
    result: String,
    found: Option<ReceiptSentences>,
    prompt: String,
    limits: String,
    button: String,
    home: String,
}

impl ReceiptPage {
    pub(super) fn new(
        notice: Option<&MessageId>,
        found: Option<ReceiptSentences>,
        words: &Words,
        language: Language,
    ) -> Self {
        let text = |message| words.text(&message, language);
        Self {
            frame: Frame::new(&MessageId::ReceiptTitle, "/receipt", words, language),
            heading: text(MessageId::ReceiptTitle),
            notice: notice.map(|message| words.text(message, language)),
            result: text(MessageId::Result),
            found,
            prompt: text(MessageId::ReceiptPrompt),
            limits: text(MessageId::ReceiptLimits),
            button: text(MessageId::ReceiptButton),
            home: text(MessageId::Home),
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
pub(super) struct Trouble {
    frame: Frame,
    message: String,
    home: String,
}

impl Trouble {
    pub(super) fn new(message: &MessageId, words: &Words, language: Language) -> Self {
        Self {
            frame: Frame::new(&MessageId::ErrorTitle, "/", words, language),
            message: words.text(message, language),
            home: words.text(&MessageId::Home, language),
        }
    }
}
