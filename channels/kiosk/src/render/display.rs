//! Two-line customer displays: CD5220 and Epson's DM-D.
//!
//! Every page begins with a clear: after ESC Q A or ESC Q B a CD5220 takes nothing else but CLR.

use contract::{Answer, Language, Reply};
use wording::{DisplayText, grouped};

use super::encoding::Encoding;
use super::layout::pages;
use super::{Profile, Voice};

/// Clears the display and puts the cursor at its start.
const CLR: u8 = 0x0c;
const ESC: u8 = 0x1b;
const US: u8 = 0x1f;

/// The pages of an answer: the verdict and its fact, what to do, further verdicts, the receipt.
pub(super) fn answer(voice: &Voice, reply: &Reply, answer: &Answer, language: Language) -> Vec<Vec<String>> {
    let shown = voice.words.shown(&answer.verdict, reply.at, language);
    let mut groups = vec![vec![shown.heading, shown.fact]];
    for advisory in answer.advisories.iter().take(3) {
        let shown = voice.words.shown(advisory, reply.at, language);
        groups.push(vec![shown.heading, shown.fact]);
    }
    groups.push(vec![shown.advice]);
    if let Some(receipt) = reply.receipt {
        groups.push(vec![voice.words.display_text(&DisplayText::Receipt, language), grouped(receipt)]);
    }
    pages(&groups, voice.device.columns, voice.device.rows)
}

/// Puts pages onto a kind of display; the nth page of each kind is shown at the same time.
pub(super) fn add(screens: &mut Vec<Vec<u8>>, profile: Profile, pages: &[Vec<String>], encoding: Encoding) {
    for (nth, page) in pages.iter().enumerate() {
        let octets = screen(profile, page, encoding);
        match screens.get_mut(nth) {
            Some(screen) => screen.extend(octets),
            None => screens.push(octets),
        }
    }
}

fn screen(profile: Profile, page: &[String], encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::new();
    if profile == Profile::Dmd {
        // Initialised each time: a display that was switched off in between is good again with the next page.
        out.extend([ESC, b'@']);
    }
    out.push(CLR);
    for (row, line) in (1_u8..).zip(page) {
        if profile == Profile::Dmd {
            // Column and line, from 1.
            out.extend([US, b'$', 1, row]);
            encoding.write(line, &mut out);
        } else {
            // A is the upper line, B the one below it.
            out.extend([ESC, b'Q', b'@'.saturating_add(row)]);
            encoding.write(line, &mut out);
            out.push(b'\r');
        }
    }
    out
}
