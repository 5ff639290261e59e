//! A receipt on paper, in the part of ESC/POS that every printer has.
//!
//! Sets what it needs and cuts at the end; a printer that was switched off in between prints the next one all the same.

use contract::{Answer, Language, Receipt, Reply};
use wording::{DisplayText, MessageId, grouped};

use super::encoding::Encoding;
use super::layout::wrap;
use super::{About, Voice};

const ESC: u8 = 0x1b;
const GS: u8 = 0x1d;
const FS: u8 = 0x1c;

/// Twice as wide and high.
const LARGE: u8 = 0x11;

/// The longest text of a square code.
const LONGEST_CODE: usize = 300;

struct Paper<'a> {
    out: &'a mut Vec<u8>,
    encoding: Encoding,
    columns: usize,
}

impl Paper<'_> {
    fn command(&mut self, octets: &[u8]) {
        self.out.extend(octets);
    }

    fn text(&mut self, text: &str) {
        for line in wrap(text, self.columns) {
            self.encoding.write(&line, self.out);
            self.out.push(b'\n');
        }
    }

    fn large(&mut self, text: &str) {
        self.command(&[GS, b'!', LARGE]);
        for line in wrap(text, self.columns / 2) {
            self.encoding.write(&line, self.out);
            self.out.push(b'\n');
        }
        self.command(&[GS, b'!', 0]);
    }

    fn centred(&mut self, centred: bool) {
        self.command(&[ESC, b'a', u8::from(centred)]);
    }

    /// A QR code of model 2 with 15 % of correction, by function 180 of GS ( k.
    fn square(&mut self, text: &str) {
        if !text.is_ascii() || text.len() > LONGEST_CODE {
            return;
        }
        let [low, high] = u16::try_from(text.len() + 3).unwrap_or(u16::MAX).to_le_bytes();
        self.command(&[GS, b'(', b'k', 4, 0, 49, 65, 50, 0]);
        self.command(&[GS, b'(', b'k', 3, 0, 49, 67, 6]);
        self.command(&[GS, b'(', b'k', 3, 0, 49, 69, 49]);
        self.command(&[GS, b'(', b'k', low, high, 49, 80, 48]);
        self.command(text.as_bytes());
        self.command(&[GS, b'(', b'k', 3, 0, 49, 81, 48]);
        self.command(b"\n");
    }
}

/// Prints what was said, with the receipt's number in digits and as a square code.
pub(super) fn receipt(
    voice: &Voice,
    (reply, answer, receipt): (&Reply, &Answer, Receipt),
    about: &About,
    language: Language,
    out: &mut Vec<u8>,
) {
    let words = &voice.words;
    let said = words.answer(answer, language);
    let device = &voice.device;
    let mut paper = Paper { out, encoding: device.encoding, columns: device.paper_columns };
    paper.command(&[ESC, b'@']);
    if device.encoding != Encoding::Utf8 {
        // Characters of two octets, which printers of other countries switch off.
        paper.command(&[FS, b'&']);
    }
    paper.centred(true);
    paper.text(&words.display_text(&DisplayText::Title, language));
    paper.command(b"\n");
    paper.large(&said.word);
    paper.text(&format!("[{}]", words.sign(answer.colour, language)));
    paper.command(b"\n");
    paper.centred(false);
    paper.text(&words.display_text(&DisplayText::Tail { tail: about.tail.clone() }, language));
    paper.text(&said.verdict);
    for text in said.advisories.iter().chain(&said.facts) {
        paper.text(text);
    }
    paper.command(b"\n");
    paper.text(&said.advice);
    paper.command(b"\n");
    let minute = words.minute(reply.at, language);
    paper.text(&words.text(&MessageId::AnsweredAt { minute }, language));
    paper.text(&words.display_text(&DisplayText::Receipt, language));
    paper.text(&grouped(receipt));
    paper.centred(true);
    paper.square(&format!("{}{receipt}", device.receipt_link));
    paper.command(&[ESC, b'd', 4, GS, b'V', 66, 0]);
}
