//! What a text asks for: key words, numbers, language; and which texts get no answer.
//!
//! Pure. Does not judge a number; the core does. Where a number ends and what counts as a digit is
//! [`contract::reading`]'s to say; here is what only a text message has: who sent it, words that stand for a request,
//! several numbers with one reply, parts that never came.
//!
//! # In this order
//! 1. No answer to what no person sent ([`Silence`]): acknowledgements of handsets, ourselves, names and short numbers,
//!    data, automatic replies. Two gateways that answer each other never stop by themselves.
//! 2. A text that is nothing but a word for stop or start (退订, TD, STOP, 开始, START …) is that. More words make it a
//!    question: "stop selling this" opts nobody out.
//! 3. A text that begins with a word for reporting (举报, REPORT …) is a tip, with the receipt in it if there is one.
//! 4. A text with a number asks about it, whatever words are around it; the first [`Settings::most`] numbers are
//!    answered, the reply says how many were not.
//! 5. Everything else asks how it works.
//!
//! # Parts that never came
//! Digits that touch a gap are not read: a number that lost its end would be a shorter one that is wrongly unknown. A text
//! without another number is answered with the request to send it again.

mod language;
mod words;

use contract::reading::{Given, Number, read_all};
use contract::{Asker, Check, Identity, Language, Means, Receipt, Request, Role, Tip};
use minicbor::{Decode, Encode};

use crate::message::{Address, MoKind};
use crate::text::Unreadable;

/// Stands in a text where parts of it never came. No handset sends it: it is no character of any alphabet.
pub const GAP: char = '\u{10ffff}';

/// How many last characters name a number of several: never the whole one.
const TAIL: usize = 4;

/// How texts to one number are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The country of a number that does not name one, in digits: `86`.
    pub country: String,
    /// The language of a text that tells none, from a country whose language is not known.
    pub language: Language,
    /// Words of the operator's that may stand before a number, and the language that they tell.
    pub keywords: Vec<(String, Option<Language>)>,
    /// Our own numbers: what they send is never answered.
    pub own: Vec<String>,
    /// How many numbers of one text are answered, 1 to [`contract::inquiry::MAX_CHECKS`].
    pub most: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { country: "86".to_owned(), language: Language::ZhHans, keywords: Vec::new(), own: Vec::new(), most: 3 }
    }
}

/// A text with its sender.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// The handset.
    pub from: &'a Address,
    /// The number texted.
    pub to: &'a Address,
    /// What the carrier says that it is.
    pub kind: MoKind,
    /// The words, with a [`GAP`] wherever parts are missing; or why there are none.
    pub words: Result<&'a str, Unreadable>,
}

/// What is to be done with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is answered.
    Asks(Box<Question>),
    /// It is not.
    Silence(Silence),
}

/// What a text asks, in the types of an inquiry, and what its reply must remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The sender, by its number in E.164: the same asker as by telephone.
    pub asker: Asker,
    /// The language of the reply.
    pub language: Language,
    /// What is wanted.
    pub request: Request,
    /// The numbers that are answered.
    pub checks: Vec<Check>,
    /// For the reply, which may go out much later and by another process.
    pub memory: Memory,
}

/// What a reply must know of its text and the core does not keep: part of the return route.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Memory {
    /// The last characters of each number, where there are several.
    #[n(0)]
    pub tails: Vec<String>,
    /// How many more numbers there were.
    #[n(1)]
    pub more: u32,
    /// Why the reply explains how it works although nobody asked.
    #[n(2)]
    pub lack: Lack,
}

/// What a text lacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Lack {
    /// Nothing.
    #[default]
    #[n(0)]
    Nothing,
    /// A number.
    #[n(1)]
    Number,
    /// Parts, and what came holds no whole number.
    #[n(2)]
    Parts,
}

/// Why a text is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// A handset's or its user's acknowledgement.
    Acknowledgement,
    /// One of our own numbers sent it.
    Ourselves,
    /// A name sent it: there is no number to reply to.
    Name,
    /// A short or service number sent it: a machine.
    ShortNumber,
    /// It is data, not text.
    NotText,
    /// It says itself that it is an automatic reply.
    AutomaticReply,
}

impl Silence {
    /// The name used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Ourselves => "ourselves",
            Self::Name => "name",
            Self::ShortNumber => "short_number",
            Self::NotText => "not_text",
            Self::AutomaticReply => "automatic_reply",
        }
    }
}

/// Reads a text.
#[must_use]
pub fn read(text: &Text<'_>, settings: &Settings) -> Reading {
    let phone = match sender(text, settings) {
        Ok(phone) => phone,
        Err(silence) => return Reading::Silence(silence),
    };
    let Ok(words) = text.words else { return Reading::Silence(Silence::NotText) };
    if words::is_automatic(words) {
        return Reading::Silence(Silence::AutomaticReply);
    }
    let language = language::of(words, &settings.keywords, &phone).unwrap_or(settings.language);
    let (request, checks, memory) = wanted(words, settings);
    let asker = Asker::new(Identity::Phone(phone), Role::Shopper);
    Reading::Asks(Box::new(Question { asker, language, request, checks, memory }))
}

/// The sender in E.164, if a person may be behind it.
fn sender(text: &Text<'_>, settings: &Settings) -> Result<String, Silence> {
    match text.kind {
        MoKind::Text => {}
        MoKind::Acknowledgement => return Err(Silence::Acknowledgement),
    }
    let digits = text.from.digits().ok_or(Silence::Name)?;
    let ours = |own: &str| own.trim_start_matches('+') == digits;
    if text.to.digits() == Some(digits) || settings.own.iter().any(|own| ours(own)) {
        return Err(Silence::Ourselves);
    }
    let phone = text.from.e164(&settings.country).ok_or(Silence::ShortNumber)?;
    if is_service(&phone) { Err(Silence::ShortNumber) } else { Ok(phone) }
}

/// Whether a number is a service's: in mainland China those are long (106 and eight digits or more behind the country).
fn is_service(phone: &str) -> bool {
    phone.strip_prefix("86106").is_some_and(|rest| rest.len() >= 8)
}

fn wanted(text: &str, settings: &Settings) -> (Request, Vec<Check>, Memory) {
    let nothing = |request| (request, Vec::new(), Memory::default());
    match words::only(text) {
        Some(words::Word::Stop) => return nothing(Request::Stop),
        Some(words::Word::Start) => return nothing(Request::Start),
        Some(words::Word::Help) => return nothing(Request::Help),
        None => {}
    }
    if let Some(tip) = words::tip(text) {
        return nothing(Request::Tip(tip));
    }
    let incomplete = text.contains(GAP);
    let whole = if incomplete { without_cut_numbers(text) } else { text.to_owned() };
    let unprefixed = words::without_keyword(&whole, settings.keywords.iter().map(|(word, _)| word.as_str()));
    let most = settings.most.clamp(1, contract::inquiry::MAX_CHECKS);
    let (given, more) = read_all(unprefixed, most);
    if given.is_empty() {
        let lack = match (incomplete, words::asks_help(text)) {
            (true, _) => Lack::Parts,
            (false, true) => Lack::Nothing,
            (false, false) => Lack::Number,
        };
        return (Request::Help, Vec::new(), Memory { lack, ..Memory::default() });
    }
    let several = given.len() > 1 || more > 0;
    let tails = if several { given.iter().map(|given| tail(&given.number)).collect() } else { Vec::new() };
    let memory = Memory { tails, more: u32::try_from(more).unwrap_or(u32::MAX), lack: Lack::Nothing };
    (Request::Check, given.into_iter().map(check).collect(), memory)
}

fn check(given: Given) -> Check {
    Check { number: given.number, means: Means::Typed, lot: given.lot, expiry: given.expiry }
}

/// The last characters of a number, by which the asker knows which it is.
fn tail(number: &Number) -> String {
    let text = match number {
        Number::Digits(text) | Number::Mixed(text) => text,
        Number::Gs1 { gtin, serial } => serial.as_ref().unwrap_or(gtin),
        Number::Unreadable { .. } => return "?".to_owned(),
    };
    let skip = text.chars().count().saturating_sub(TAIL);
    text.chars().skip(skip).collect()
}

/// A text with gaps, without the digits and letters that touch one: they may be half a number.
fn without_cut_numbers(text: &str) -> String {
    let of_a_number =
        |c: char| c.is_alphanumeric() && !is_han(c) || matches!(c, ' ' | '-' | '.' | '/' | '_' | '\n' | '\r');
    let runs: Vec<&str> = text.split(GAP).collect();
    let last = runs.len().saturating_sub(1);
    let keep = |(at, run): (usize, &&str)| -> String {
        let run = if at > 0 { run.trim_start_matches(of_a_number) } else { run };
        let run = if at < last { run.trim_end_matches(of_a_number) } else { run };
        run.to_owned()
    };
    runs.iter().enumerate().map(keep).collect::<Vec<_>>().join(" : ")
}

/// A Chinese character.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The receipt in a text, and the text without it.
fn receipt_in(text: &str) -> (Option<Receipt>, String) {
    let joint = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-');
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let Some((_, behind)) = rest.split_at_checked(start) else { break };
        let end = behind.find(|c| !joint(c)).unwrap_or(behind.len());
        let Some((run, after)) = behind.split_at_checked(end) else { break };
        if let Some(receipt) = Receipt::parse(run.trim_end_matches([' ', '-'])) {
            let before = text.get(..text.len() - after.len() - run.len()).unwrap_or_default();
            return (Some(receipt), format!("{} {}", before.trim_end(), after.trim_start()).trim().to_owned());
        }
        rest = after;
    }
    (None, text.trim().to_owned())
}

/// What somebody reports.
fn tip_of(text: &str) -> Option<Tip> {
    let (receipt, text) = receipt_in(text);
    let text: String = text.chars().take(contract::inquiry::MAX_TIP).collect();
    (receipt.is_some() || !text.is_empty()).then_some(Tip { receipt, text })
}

#[cfg(test)]
mod tests;
