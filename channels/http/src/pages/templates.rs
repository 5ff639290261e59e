//! The pages as askama templates with all of their words filled in.
//!
//! Escaping is askama's. Does not decide what to show.

use askama::Template;
use contract::inquiry::MAX_TIP;
use contract::{Language, Receipt, Reply};
use wording::{MessageId, ReceiptSentences, Words, grouped, own_name};

use super::assets::{script_address, style_address};
use super::form::LONGEST;
use super::report::reported_address;

/// What surrounds every page.
pub(super) struct Frame {
    tag: &'static str,
    style: &'static str,
    name: String,
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
            style: style_address(),
            name: words.text(&MessageId::Title, language),
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
    script: &'static str,
    scan: Scan,
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
            script: script_address(),
            scan: Scan::new(words, language),
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

/// What the scan buttons and their script say.
struct Scan {
    open: String,
    photo: String,
    stop: String,
    loading: String,
    aim: String,
    read: String,
    refused: String,
    nothing: String,
    other: String,
    failed: String,
}

impl Scan {
    fn new(words: &Words, language: Language) -> Self {
        let text = |message| words.text(&message, language);
        Self {
            open: text(MessageId::Scan),
            photo: text(MessageId::ScanPhoto),
            stop: text(MessageId::ScanStop),
            loading: text(MessageId::ScanLoading),
            aim: text(MessageId::ScanAim),
            read: text(MessageId::ScanRead),
            refused: text(MessageId::ScanRefused),
            nothing: text(MessageId::ScanNothing),
            other: text(MessageId::ScanOther),
            failed: text(MessageId::ScanFailed),
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
    report: String,
    report_address: Option<String>,
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
            report: text(MessageId::Report),
            report_address: reply.receipt.map(|receipt| report_address(receipt, language)),
            another: text(MessageId::Another),
        })
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
    report: String,
    report_address: Option<String>,
    home: String,
}

impl ReceiptPage {
    pub(super) fn new(
        notice: Option<&MessageId>,
        found: Option<(Receipt, ReceiptSentences)>,
        words: &Words,
        language: Language,
    ) -> Self {
        let text = |message| words.text(&message, language);
        let (receipt, found) = found.unzip();
        let address = receipt.map_or_else(|| "/receipt".to_owned(), |receipt| format!("/receipt?number={receipt}"));
        Self {
            frame: Frame::new(&MessageId::ReceiptTitle, &address, words, language),
            heading: text(MessageId::ReceiptTitle),
            notice: notice.map(|message| words.text(message, language)),
            result: text(MessageId::Result),
            found,
            prompt: text(MessageId::ReceiptPrompt),
            limits: text(MessageId::ReceiptLimits),
            button: text(MessageId::ReceiptButton),
            report: text(MessageId::Report),
            report_address: receipt.map(|receipt| report_address(receipt, language)),
            home: text(MessageId::Home),
        }
    }
}

fn report_address(receipt: Receipt, language: Language) -> String {
    format!("/report?receipt={receipt}&lang={}", language.tag())
}

#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct ReportPage {
    frame: Frame,
    notice: Option<String>,
    once: String,
    receipt: String,
    receipt_shown: String,
    receipt_label: String,
    prompt: String,
    text: String,
    longest: usize,
    purpose: String,
    button: String,
}

impl ReportPage {
    pub(super) fn new(
        (once, about, written): (String, Receipt, String),
        notice: Option<&MessageId>,
        words: &Words,
        language: Language,
    ) -> Self {
        let text = |message| words.text(&message, language);
        let limit = u32::try_from(MAX_TIP).unwrap_or(u32::MAX);
        Self {
            frame: Frame::new(&MessageId::ReportTitle, &format!("/report?receipt={about}"), words, language),
            notice: notice.map(|message| words.text(message, language)),
            once,
            receipt: about.to_string(),
            receipt_shown: grouped(about),
            receipt_label: text(MessageId::Receipt),
            prompt: text(MessageId::ReportPrompt { limit }),
            text: written,
            longest: MAX_TIP,
            purpose: text(MessageId::ReportPurpose),
            button: text(MessageId::ReportButton),
        }
    }
}

#[derive(Template)]
#[template(path = "reported.html")]
pub(super) struct ReportedPage {
    frame: Frame,
    said: String,
    receipt_label: String,
    receipt: String,
    home: String,
}

impl ReportedPage {
    pub(super) fn new((receipt, proof): (Receipt, &str), words: &Words, language: Language) -> Self {
        let text = |message| words.text(&message, language);
        let address = reported_address(receipt, proof);
        Self {
            frame: Frame::new(&MessageId::ReportedTitle, &address, words, language),
            said: text(MessageId::Reported),
            receipt_label: text(MessageId::Receipt),
            receipt: grouped(receipt),
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
