//! What a printer answers when it is asked how it is (ESC/POS, DLE EOT), told from what a scanner on the same line sends.
//!
//! A printer answers each question with one octet in which bits 1 and 4 are set and bits 0 and 7 are not. Some of those are
//! digits: a scan that begins while an answer is on its way must not lose its first one. So the first octet is taken only
//! where it is a control octet, which no line holds, and the second only right behind it and only of the four that it can
//! be.

use super::Reached;

/// How is the printer, and how is its paper?
pub(super) const ASK: [u8; 6] = [0x10, 0x04, 1, 0x10, 0x04, 4];

/// Always set in an answer, and never.
const FIXED: (u8, u8) = (0x12, 0x81);
/// Of the first answer: it waits for something, or somebody holds its button.
const WAITS: u8 = 0x60;
/// Of the first answer: it cannot print.
const OFFLINE: u8 = 0x08;
/// Of the second answer: the sensor at the end of the paper sees none; both bits are always alike.
const NO_PAPER: u8 = 0x60;
/// Of the second answer: the paper is nearly at its end; both bits are always alike.
const NEARLY: u8 = 0x0c;

/// What has come of the two answers.
#[derive(Debug, Default)]
pub(super) struct Printer {
    first: Option<u8>,
    second: Option<u8>,
}

impl Printer {
    /// Whether the octet is the next answer.
    pub(super) fn takes(&mut self, octet: u8) -> bool {
        let (set, clear) = FIXED;
        if octet & set != set || octet & clear != 0 {
            return false;
        }
        if self.first.is_none() {
            if octet & WAITS != 0 {
                return false;
            }
            self.first = Some(octet);
            return true;
        }
        let alike = |bits: u8| octet & bits == 0 || octet & bits == bits;
        let is = alike(NO_PAPER) && alike(NEARLY);
        if is {
            self.second = Some(octet);
        }
        is
    }

    /// What it told, once both have come.
    pub(super) fn told(&self) -> Option<Reached> {
        let (first, second) = (self.first?, self.second?);
        Some(Reached::Printer { ready: first & OFFLINE == 0, paper: second & NO_PAPER == 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(octets: &[u8]) -> Option<Reached> {
        let mut printer = Printer::default();
        octets.iter().all(|octet| printer.takes(*octet)).then(|| printer.told()).flatten()
    }

    #[test]
    fn a_printer_tells_whether_it_can_print_and_has_paper() {
        assert_eq!(told(&[0x12, 0x12]), Some(Reached::Printer { ready: true, paper: true }));
        assert_eq!(told(&[0x16, 0x1e]), Some(Reached::Printer { ready: true, paper: true }), "nearly at its end");
        assert_eq!(told(&[0x1a, 0x72]), Some(Reached::Printer { ready: false, paper: false }));
        assert_eq!(told(&[0x12]), None);
    }

    #[test]
    fn no_digit_is_ever_taken_for_an_answer() {
        let mut printer = Printer::default();
        for digit in b'0'..=b'9' {
            assert!(!printer.takes(digit));
        }
        assert!(printer.takes(0x12));
        for digit in b'0'..=b'9' {
            assert!(!printer.takes(digit));
        }
    }
}
