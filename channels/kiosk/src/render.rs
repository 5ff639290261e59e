//! From the core's reply to octets for this device: every profile it has, each in its own manner.
//!
//! Owns which profile says what and when. Counts columns and writes characters through `layout` and `encoding`. Sends
//! nothing and keeps nothing: what is shown after what, and for how long, is the session's.

mod display;
mod encoding;
mod escpos;
mod layout;

use std::sync::Arc;

use contract::{Answer, Colour, Language, Refusal, Reply};
use serde_json::{Value, json};
use wording::{DisplayText, Words, grouped};

pub use self::encoding::Encoding;
pub use self::layout::{columns, pages, wrap};
use crate::config::{Device, Profile};
use crate::wire::{ACK, BEL, ETX, FS, NAK, STX, longitudinal};

/// The longest receipt and the longest set of pages are far below this; a session holds no more for a device.
pub const LONGEST: usize = 16 * 1_024;

/// What is said at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Goes out at once.
    pub now: Vec<u8>,
    /// Pages of displays, each to stand for a while.
    pub screens: Vec<Vec<u8>>,
    /// A block that the device acknowledges.
    pub block: Option<Vec<u8>>,
}

/// What is said besides answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Nobody asks.
    Idle,
    /// The answer is on its way.
    Wait,
    /// The same again, please: no answer in time.
    Again,
    /// There was no number in what came, or it did not come whole.
    NotRead,
    /// More came than can be answered.
    OneByOne,
    /// The core refused.
    Refused(Refusal),
    /// The language was changed.
    Language,
}

/// Which number was asked about, and how the receipt may be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The last characters of the number.
    pub tail: String,
    /// The receipt is to be printed.
    pub print: bool,
}

/// A device's way of saying things.
#[derive(Debug, Clone)]
pub struct Voice {
    words: Arc<Words>,
    device: Arc<Device>,
}

impl Voice {
    /// Says things in these words on this device.
    #[must_use]
    pub const fn new(words: Arc<Words>, device: Arc<Device>) -> Self {
        Self { words, device }
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The same words on another device.
    #[must_use]
    pub fn on(&self, device: Arc<Device>) -> Self {
        Self { words: Arc::clone(&self.words), device }
    }

    /// The pages of an answer, as text.
    #[must_use]
    pub fn pages(&self, reply: &Reply, language: Language) -> Vec<Vec<String>> {
        reply.answers.first().map_or_else(Vec::new, |answer| display::answer(self, reply, answer, language))
    }

    /// The lines of a notice, as text.
    #[must_use]
    pub fn lines(&self, notice: &Notice, language: Language) -> Vec<String> {
        wrap(&self.notice_text(notice, language).1, self.device.columns)
    }

    /// An answer. A reply without one (nothing was asked about) is said as a number that was not read.
    #[must_use]
    pub fn answer(&self, reply: &Reply, about: &About, language: Language) -> Said {
        let Some(answer) = reply.answers.first() else { return self.notice(&Notice::NotRead, language) };
        let mut said = Said::default();
        for profile in &self.device.output {
            match profile {
                Profile::Ack => said.now.splice(0..0, self.acknowledged(reply, answer.colour)).for_each(drop),
                Profile::Plain => self.plain(reply, answer, language, &mut said.now),
                Profile::JsonLines => self.json(self.json_answer(reply, answer, about, language), &mut said.now),
                Profile::StxLrc => said.block = Some(self.framed_answer(reply, answer, language)),
                Profile::Escpos => {
                    if let Some(receipt) = reply.receipt.filter(|_| about.print) {
                        escpos::receipt(self, (reply, answer, receipt), about, language, &mut said.now);
                    }
                }
                Profile::Cd5220 | Profile::Dmd => {
                    let shown = display::answer(self, reply, answer, language);
                    display::add(&mut said.screens, *profile, &shown, self.device.encoding);
                }
            }
        }
        said
    }

    /// Something besides an answer.
    #[must_use]
    pub fn notice(&self, notice: &Notice, language: Language) -> Said {
        let mut said = Said::default();
        let (kind, text) = self.notice_text(notice, language);
        for profile in &self.device.output {
            match profile {
                Profile::Ack => match notice {
                    Notice::Idle | Notice::Wait => {}
                    Notice::Language => said.now.insert(0, ACK),
                    Notice::Again | Notice::NotRead | Notice::OneByOne | Notice::Refused(_) => said.now.insert(0, NAK),
                },
                Profile::Plain if *notice != Notice::Idle => self.line(&text, &mut said.now),
                Profile::JsonLines if *notice != Notice::Idle => {
                    self.json(json!({ "kind": kind, "text": text }), &mut said.now);
                }
                Profile::StxLrc if *notice != Notice::Idle => said.block = Some(self.framed(&[kind, &text])),
                // A notice is not worth paper.
                Profile::Escpos | Profile::Plain | Profile::JsonLines | Profile::StxLrc => {}
                Profile::Cd5220 | Profile::Dmd => {
                    let shown = pages(&[vec![text.clone()]], self.device.columns, self.device.rows);
                    display::add(&mut said.screens, *profile, &shown, self.device.encoding);
                }
            }
        }
        said
    }

    fn notice_text(&self, notice: &Notice, language: Language) -> (&'static str, String) {
        let said = |kind, text| (kind, self.words.display_text(&text, language));
        match notice {
            Notice::Idle => said("idle", DisplayText::Idle),
            Notice::Wait => said("wait", DisplayText::Wait),
            Notice::Again => said("again", DisplayText::Again),
            Notice::NotRead => said("not_read", DisplayText::NotRead),
            Notice::OneByOne => said("one_by_one", DisplayText::OneByOne),
            Notice::Language => said("language", DisplayText::Language),
            Notice::Refused(refusal) => ("refused", self.words.refusal(refusal, language)),
        }
    }

    /// ACK for what is on disk and for nothing else, with beeps where the device has them.
    fn acknowledged(&self, reply: &Reply, colour: Colour) -> Vec<u8> {
        let beeps = match colour {
            _ if !self.device.bell => 0,
            Colour::Grey | Colour::Green => 1,
            Colour::Amber => 2,
            Colour::Red => 3,
        };
        let mut octets = vec![BEL; beeps];
        octets.insert(0, if reply.position.is_some() { ACK } else { NAK });
        octets
    }

    fn line(&self, text: &str, out: &mut Vec<u8>) {
        self.device.encoding.write(text, out);
        out.extend(b"\r\n");
    }

    fn plain(&self, reply: &Reply, answer: &Answer, language: Language, out: &mut Vec<u8>) {
        let said = self.words.answer(answer, language);
        self.line(&format!("{} [{}]", said.word, self.words.sign(answer.colour, language)), out);
        for text in [said.verdict].into_iter().chain(said.facts).chain(said.advisories).chain([said.advice]) {
            self.line(&text, out);
        }
        if let Some(receipt) = reply.receipt {
            let heading = self.words.display_text(&DisplayText::Receipt, language);
            self.line(&format!("{heading} {}", grouped(receipt)), out);
        }
        out.extend(b"\r\n");
    }

    fn json(&self, value: Value, out: &mut Vec<u8>) {
        self.line(&value.to_string(), out);
    }

    fn json_answer(&self, reply: &Reply, answer: &Answer, about: &About, language: Language) -> Value {
        let said = self.words.answer(answer, language);
        let advisories: Vec<&str> = answer.advisories.iter().map(|advisory| advisory.kind().name()).collect();
        json!({
            "kind": "answer",
            "verdict": answer.verdict.kind().name(),
            "colour": answer.colour.name(),
            "advisories": advisories,
            "word": said.word,
            "text": said.verdict,
            "advice": said.advice,
            "facts": said.facts,
            "receipt": reply.receipt.map(|receipt| receipt.to_string()),
            "tail": about.tail,
            "replayed": reply.replayed,
        })
    }

    fn framed_answer(&self, reply: &Reply, answer: &Answer, language: Language) -> Vec<u8> {
        let shown = self.words.shown(&answer.verdict, reply.at, language);
        let receipt = reply.receipt.map_or_else(String::new, |receipt| receipt.to_string());
        self.framed(&[answer.verdict.kind().name(), answer.colour.name(), &receipt, &shown.heading, &shown.fact])
    }

    /// STX, the fields with FS between them, ETX, the check.
    fn framed(&self, fields: &[&str]) -> Vec<u8> {
        let mut block = vec![STX];
        for (nth, field) in fields.iter().enumerate() {
            if nth > 0 {
                block.push(FS);
            }
            self.device.encoding.write(field, &mut block);
        }
        block.push(ETX);
        block.push(longitudinal(block.get(1..).unwrap_or_default()));
        block
    }
}

#[cfg(test)]
pub(crate) mod tests;
