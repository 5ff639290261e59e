//! A stock device in software: what a display, a printer, a beeper and a line terminal make of the octets that they get.
//!
//! Reads the commands of every profile (the part of CD5220, DM-D, ESC/POS and ISO 1155 that `render` writes) in whatever
//! pieces they come, and answers where such a device answers. Opens no line. What it keeps is bounded: the oldest lines
//! of text and of paper go, and a command without end is dropped.

mod piece;

use std::collections::VecDeque;

use self::piece::{Piece, read};
use crate::render::{Encoding, columns};
use crate::wire::{ACK, BEL, ENQ, FS, NAK};

/// Lines of text and of paper that are kept.
const KEPT: usize = 400;
/// The longest command, and the longest line.
const LONGEST: usize = 16 * 1_024;
/// A printer's status (ESC/POS, DLE EOT): these bits are always set in it.
const STATUS: u8 = 0x12;
/// The sensor at the end of the paper sees none.
const NO_PAPER: u8 = 0x60;

/// What a printer put on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paper {
    /// A line.
    Line {
        /// Its text.
        text: String,
        /// Twice as wide and high.
        large: bool,
        /// In the middle.
        centred: bool,
    },
    /// A square code with this in it.
    Code(String),
    /// The paper was cut here.
    Cut,
}

/// What a scanner was told of its last scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is on disk; with so many beeps.
    Taken {
        /// How often it beeped.
        beeps: u32,
    },
    /// It is not: send it again.
    NotTaken,
}

/// What text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A line terminal.
    Text,
    /// The paper.
    Paper { large: bool, centred: bool },
    /// A row of the display, behind so many columns of it.
    Row { row: usize, behind: usize },
}

/// A stock device of every kind at once.
#[derive(Debug)]
pub struct Device {
    encoding: Option<Encoding>,
    columns: usize,
    has_paper: bool,
    mode: Mode,
    pending: Vec<u8>,
    run: Vec<u8>,
    code: Vec<u8>,
    display: Vec<String>,
    text: VecDeque<String>,
    paper: VecDeque<Paper>,
    told: Option<Told>,
}

impl Device {
    /// A device that was just switched on. Without an encoding, text is UTF-8 where it is that, and GB 18030 otherwise.
    #[must_use]
    pub fn new(encoding: Option<Encoding>, columns: usize, rows: usize) -> Self {
        Self {
            encoding,
            columns,
            has_paper: true,
            mode: Mode::Text,
            pending: Vec::new(),
            run: Vec::new(),
            code: Vec::new(),
            display: vec![String::new(); rows.max(1)],
            text: VecDeque::new(),
            paper: VecDeque::new(),
            told: None,
        }
    }

    /// The rows of its display.
    #[must_use]
    pub fn display(&self) -> &[String] {
        &self.display
    }

    /// The lines of text that came, oldest first.
    #[must_use]
    pub const fn text(&self) -> &VecDeque<String> {
        &self.text
    }

    /// What was printed, oldest first.
    #[must_use]
    pub const fn paper(&self) -> &VecDeque<Paper> {
        &self.paper
    }

    /// What its scanner was told last.
    #[must_use]
    pub const fn told(&self) -> Option<Told> {
        self.told
    }

    /// Puts paper in, or takes it out: nothing is printed without.
    pub const fn load(&mut self, paper: bool) {
        self.has_paper = paper;
    }

    /// Octets came. What the device answers is returned; empty for nothing.
    pub fn handle_octets(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend(octets);
        let mut rest = &pending[..];
        while let Some((piece, behind)) = read(rest) {
            rest = behind;
            self.take(piece, &mut answer);
        }
        if rest.len() <= LONGEST {
            self.pending = rest.to_vec();
        }
        answer
    }

    fn take(&mut self, piece: Piece<'_>, answer: &mut Vec<u8>) {
        match piece {
            Piece::Text(octets) => self.written(octets),
            Piece::LineFeed => self.line(),
            Piece::Signal(ACK) => self.told = Some(Told::Taken { beeps: 0 }),
            Piece::Signal(NAK) => self.told = Some(Told::NotTaken),
            Piece::Signal(BEL) => {
                if let Some(Told::Taken { beeps }) = &mut self.told {
                    *beeps += 1;
                }
            }
            Piece::Signal(ENQ) => answer.push(ACK),
            Piece::Signal(_) | Piece::Other => {}
            Piece::Block { fields, whole } => {
                answer.push(if whole { ACK } else { NAK });
                if whole {
                    for field in fields.split(|octet| *octet == FS).filter(|field| !field.is_empty()) {
                        let text = self.decoded(field);
                        self.keep_text(text);
                    }
                    self.keep_text(String::new());
                }
            }
            Piece::Clear => {
                self.display.iter_mut().for_each(String::clear);
                self.turn(Mode::Text);
            }
            Piece::Initialise => self.turn(Mode::Paper { large: false, centred: false }),
            Piece::Row { row, text } => {
                let text = self.decoded(text);
                self.put(usize::from(row), 0, &text);
                self.turn(Mode::Text);
            }
            Piece::Cursor { column, row } => {
                let (row, behind) = (usize::from(row.saturating_sub(1)), usize::from(column.saturating_sub(1)));
                self.turn(Mode::Row { row, behind });
            }
            Piece::Large(on) => {
                if let Mode::Paper { large, .. } = &mut self.mode {
                    *large = on;
                }
            }
            Piece::Centred(on) => {
                if let Mode::Paper { centred, .. } = &mut self.mode {
                    *centred = on;
                }
            }
            Piece::Feed(lines) => (0..lines.min(20)).for_each(|_| self.line()),
            Piece::Cut => {
                self.print(Paper::Cut);
                self.turn(Mode::Text);
            }
            Piece::Store(octets) => self.code = octets.to_vec(),
            Piece::PrintCode => {
                let text = String::from_utf8_lossy(&std::mem::take(&mut self.code)).into_owned();
                self.print(Paper::Code(text));
            }
            // 1 asks for the printer, 4 for its paper.
            Piece::Status(what) => {
                answer.push(if what == 4 && !self.has_paper { STATUS | NO_PAPER } else { STATUS });
            }
        }
    }

    fn turn(&mut self, mode: Mode) {
        self.run.clear();
        self.mode = mode;
    }

    fn written(&mut self, octets: &[u8]) {
        if self.run.len() + octets.len() > LONGEST {
            self.run.clear();
        }
        self.run.extend(octets);
        if let Mode::Row { row, behind } = self.mode {
            let text = self.decoded(&self.run);
            self.put(row, behind, &text);
        }
    }

    /// What was written so far ends here.
    fn line(&mut self) {
        let run = std::mem::take(&mut self.run);
        let text = self.decoded(&run);
        match self.mode {
            Mode::Text => self.keep_text(text),
            Mode::Paper { large, centred } => self.print(Paper::Line { text, large, centred }),
            Mode::Row { .. } => self.mode = Mode::Text,
        }
    }

    fn put(&mut self, row: usize, behind: usize, text: &str) {
        let Some(line) = self.display.get_mut(row) else { return };
        let cut = |text: &str, most: usize| {
            let mut kept = String::new();
            for c in text.chars() {
                if columns(&kept) + columns(c.encode_utf8(&mut [0; 4])) > most {
                    break;
                }
                kept.push(c);
            }
            kept
        };
        let before = cut(line, behind);
        let gap = behind.saturating_sub(columns(&before));
        *line = cut(&format!("{before}{}{text}", " ".repeat(gap.min(self.columns))), self.columns);
    }

    fn keep_text(&mut self, text: String) {
        self.text.push_back(text);
        if self.text.len() > KEPT {
            self.text.pop_front();
        }
    }

    fn print(&mut self, paper: Paper) {
        if !self.has_paper {
            return;
        }
        self.paper.push_back(paper);
        if self.paper.len() > KEPT {
            self.paper.pop_front();
        }
    }

    fn decoded(&self, octets: &[u8]) -> String {
        match self.encoding {
            None => Encoding::Utf8.read(octets),
            Some(encoding) => encoding.decode(octets),
        }
    }
}

#[cfg(test)]
mod tests;
