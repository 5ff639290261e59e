//! What a simulated terminal shows and what is typed at it, without the screen that it is drawn on.
//!
//! Takes keys, pasted text, what comes over the line and the time; gives what somebody does at the terminal. Draws nothing and
//! reads no clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use channel_kiosk::simulate::{Device, Input, Paper, Shown, Told};
use channel_kiosk::terminal::Event;
use channel_kiosk::wire::message::{Answer, Reason};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;

/// A page of the display stands so long, and the last one.
const PAGE: Duration = Duration::from_secs(3);
const LAST_PAGE: Duration = Duration::from_secs(10);
/// Lines that are kept of what happened, and of the paper.
const KEPT: usize = 400;
/// The longest text that is typed or pasted.
const LONGEST: usize = 2_000;
/// The languages that a shopper can choose.
pub(super) const LANGUAGES: [&str; 3] = ["zh-Hans", "zh-HK", "en"];

/// Numbers to pick from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Sample {
    /// What they show.
    pub(super) verdict: String,
    /// In which colour.
    pub(super) colour: String,
    codes: Vec<String>,
    #[serde(skip)]
    used: usize,
}

impl Sample {
    /// Those of a `samples.json`; `None` where it is none.
    pub(super) fn all(text: &[u8]) -> Option<Vec<Self>> {
        #[derive(Deserialize)]
        struct Samples {
            samples: Vec<Sample>,
        }
        let samples: Samples = serde_json::from_slice(text).ok()?;
        Some(samples.samples.into_iter().filter(|sample| !sample.codes.is_empty()).collect())
    }

    fn next(&mut self) -> Option<String> {
        let code = self.codes.get(self.used % self.codes.len().max(1)).cloned();
        self.used += 1;
        code
    }
}

/// How the line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// Not up yet, or no longer; and why.
    Down(String),
    /// Up.
    Up,
}

/// Everything there is to see.
#[derive(Debug)]
pub(super) struct Screen {
    /// What it is, and on which line.
    pub(super) title: String,
    pub(super) link: Link,
    pub(super) device: Device,
    /// It has firmware of its own.
    pub(super) framed: bool,
    /// What its own firmware shows, and prints.
    pub(super) rows: Vec<String>,
    pub(super) colour: String,
    pub(super) printed: VecDeque<Paper>,
    pub(super) happened: VecDeque<String>,
    pub(super) samples: Vec<Sample>,
    pub(super) chosen: usize,
    pub(super) typed: String,
    pub(super) language: usize,
    pub(super) plugged: bool,
    pub(super) paper: bool,
    /// Scans without an answer.
    pub(super) open: usize,
    /// Lines of the paper above the last ones.
    pub(super) back: usize,
    pub(super) over: bool,
    pasted: bool,
    idle: Vec<String>,
    pages: VecDeque<Vec<String>>,
    turn: Option<Instant>,
}

impl Screen {
    pub(super) fn new(title: String, device: Device, framed: bool) -> Self {
        Self {
            title,
            link: Link::Down("not up yet".to_owned()),
            device,
            framed,
            rows: Vec::new(),
            colour: String::new(),
            printed: VecDeque::new(),
            happened: VecDeque::new(),
            samples: Vec::new(),
            chosen: 0,
            typed: String::new(),
            language: 0,
            plugged: true,
            paper: true,
            open: 0,
            back: 0,
            over: false,
            pasted: false,
            idle: Vec::new(),
            pages: VecDeque::new(),
            turn: None,
        }
    }

    /// Offers numbers to pick from.
    pub(super) fn offer(&mut self, samples: Vec<Sample>) {
        self.samples = samples;
    }

    /// Begins with this language.
    pub(super) fn speaks(&mut self, tag: &str) {
        self.language = LANGUAGES.iter().position(|known| *known == tag).unwrap_or(0);
    }

    /// The rows of the display.
    pub(super) fn display(&self) -> &[String] {
        if self.framed { &self.rows } else { self.device.display() }
    }

    /// What is on paper, oldest first.
    pub(super) const fn on_paper(&self) -> &VecDeque<Paper> {
        if self.framed { &self.printed } else { self.device.paper() }
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: KeyEvent) -> Option<Input> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            self.over |= key.code == KeyCode::Char('c');
            return None;
        }
        match key.code {
            KeyCode::Char(letter @ ('q' | 'l' | 'u' | 'p')) if self.typed.is_empty() => return self.command(letter),
            KeyCode::Char(typed) if self.typed.len() < LONGEST => self.typed.push(typed),
            KeyCode::Backspace => drop(self.typed.pop()),
            KeyCode::Esc => self.typed.clear(),
            KeyCode::Up => self.chosen = self.chosen.saturating_sub(1),
            KeyCode::Down => self.chosen = (self.chosen + 1).min(self.samples.len().saturating_sub(1)),
            KeyCode::PageUp => self.back = self.back.saturating_add(10).min(KEPT * 2),
            KeyCode::PageDown => self.back = self.back.saturating_sub(10),
            KeyCode::Enter => return self.enter(),
            KeyCode::Char(_)
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End
            | KeyCode::Tab
            | KeyCode::BackTab
            | KeyCode::Delete
            | KeyCode::Insert
            | KeyCode::F(_)
            | KeyCode::Null
            | KeyCode::CapsLock
            | KeyCode::ScrollLock
            | KeyCode::NumLock
            | KeyCode::PrintScreen
            | KeyCode::Pause
            | KeyCode::Menu
            | KeyCode::KeypadBegin
            | KeyCode::Media(_)
            | KeyCode::Modifier(_) => {}
        }
        if self.typed.is_empty() {
            self.pasted = false;
        }
        None
    }

    fn command(&mut self, letter: char) -> Option<Input> {
        match letter {
            'q' => {
                self.over = true;
                None
            }
            'l' => {
                self.language = (self.language + 1) % LANGUAGES.len();
                LANGUAGES.get(self.language).map(|tag| Input::Language((*tag).to_owned()))
            }
            'u' => {
                self.plugged = !self.plugged;
                Some(Input::Plug(self.plugged))
            }
            _ => {
                self.paper = !self.paper;
                self.device.load(self.paper);
                Some(Input::Paper(self.paper))
            }
        }
    }

    fn enter(&mut self) -> Option<Input> {
        if !self.typed.trim().is_empty() {
            let code = std::mem::take(&mut self.typed).trim().to_owned();
            let keyed = !std::mem::take(&mut self.pasted);
            return Some(Input::Scan { code, keyed });
        }
        self.typed.clear();
        let code = self.samples.get_mut(self.chosen)?.next()?;
        Some(Input::Scan { code, keyed: false })
    }

    /// Text was pasted, as a scanner gives it: all at once. A line end scans it.
    pub(super) fn paste(&mut self, text: &str) -> Option<Input> {
        let ended = text.ends_with(['\r', '\n']);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        self.pasted |= self.typed.is_empty();
        let room = LONGEST.saturating_sub(self.typed.len());
        self.typed.extend(line.chars().filter(|c| !c.is_control()).take(room / 4));
        if ended { self.enter() } else { None }
    }

    /// What is done went over the line, or there was no room for it.
    pub(super) fn done(&mut self, input: &Input, taken: bool) {
        match input {
            Input::Scan { code, keyed } => {
                let how = if *keyed { "keyed" } else { "scanned" };
                self.open += usize::from(taken);
                self.tell(if taken { format!("{how} {code}") } else { "too many scans wait".to_owned() });
            }
            Input::Language(tag) => self.tell(format!("language {tag}")),
            Input::Plug(_) | Input::Paper(_) => {}
        }
    }

    fn tell(&mut self, what: String) {
        self.happened.push_back(what);
        if self.happened.len() > KEPT {
            self.happened.pop_front();
        }
    }

    /// Something came over the line.
    pub(super) fn shown(&mut self, shown: Shown, now: Instant) {
        match shown {
            Shown::Up => self.link = Link::Up,
            Shown::Down(why) => {
                self.link = Link::Down(why);
                if !self.framed {
                    // Whoever scanned has to scan again.
                    self.open = 0;
                }
            }
            Shown::Dropped(_) => {
                self.open = self.open.saturating_sub(1);
                self.tell("a stock device keeps no scan while its line is down".to_owned());
            }
            Shown::Octets(octets) => self.octets(&octets),
            Shown::Event(event) => self.event(*event, now),
        }
    }

    fn octets(&mut self, octets: &[u8]) {
        let (lines, printed) = (self.device.text().len(), self.device.paper().len());
        // The terminal itself answers what is to be answered.
        drop(self.device.handle_octets(octets));
        let signal = octets.iter().any(|octet| matches!(octet, 0x06 | 0x15));
        if signal {
            match self.device.told() {
                Some(Told::Taken { beeps: 0 | 1 }) => self.tell("acknowledged".to_owned()),
                Some(Told::Taken { beeps }) => self.tell(format!("acknowledged, {beeps} beeps")),
                Some(Told::NotTaken) => self.tell("not taken: scan again".to_owned()),
                None => {}
            }
        }
        for line in self.device.text().iter().skip(lines).cloned().collect::<Vec<_>>() {
            self.tell(format!("  {line}"));
        }
        if printed != self.device.paper().len() {
            self.back = 0;
        }
        self.open = 0;
    }

    fn event(&mut self, event: Event, now: Instant) {
        match event {
            Event::Welcome(welcome) => {
                self.idle = welcome.idle;
                self.tell("let in by the gateway, which proved its key".to_owned());
                for notice in welcome.notices {
                    self.tell(format!("  {notice}"));
                }
                if self.turn.is_none() {
                    self.rest();
                }
            }
            Event::Answer(answer) => self.answer(*answer, now),
            Event::Refused(reason, lines) => {
                self.tell(format!("refused: {}", because(reason)));
                if !matches!(reason, Reason::Busy | Reason::Unavailable | Reason::Window) {
                    self.open = self.open.saturating_sub(1);
                }
                self.colour.clear();
                self.show([lines].into(), now);
            }
            Event::Kept => self.tell("kept until the line is up".to_owned()),
            Event::Full => {
                self.open = self.open.saturating_sub(1);
                self.tell("no room for more scans".to_owned());
            }
            Event::Lost(why) => self.tell(why.to_owned()),
        }
    }

    fn answer(&mut self, answer: Answer, now: Instant) {
        self.open = self.open.saturating_sub(1);
        let again = if answer.replayed { ", answered before" } else { "" };
        self.tell(format!("{} ({}{again})", answer.verdict, answer.colour));
        self.colour.clone_from(&answer.colour);
        if let Some(receipt) = answer.receipt.clone().filter(|_| self.paper && !answer.replayed) {
            for (nth, lines) in answer.pages.iter().enumerate() {
                for (row, text) in lines.iter().enumerate() {
                    let large = nth == 0 && row == 0;
                    self.print(Paper::Line { text: text.clone(), large, centred: nth == 0 });
                }
                self.print(Paper::Line { text: String::new(), large: false, centred: false });
            }
            self.print(Paper::Code(receipt));
            self.print(Paper::Cut);
        }
        self.show(answer.pages.into(), now);
    }

    fn print(&mut self, paper: Paper) {
        self.printed.push_back(paper);
        self.back = 0;
        if self.printed.len() > KEPT {
            self.printed.pop_front();
        }
    }

    fn show(&mut self, pages: VecDeque<Vec<String>>, now: Instant) {
        self.pages = pages;
        self.turn = Some(now);
        self.tick(now);
    }

    fn rest(&mut self) {
        self.rows.clone_from(&self.idle);
        self.colour.clear();
        self.turn = None;
    }

    /// When [`Screen::tick`] wants to be called.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.turn
    }

    /// The time has come for the next page.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.turn.is_none_or(|turn| now < turn) {
            return;
        }
        match self.pages.pop_front() {
            Some(rows) => {
                self.rows = rows;
                self.turn = Some(now + if self.pages.is_empty() { LAST_PAGE } else { PAGE });
            }
            None => self.rest(),
        }
    }
}

const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::Version => "no common version",
        Reason::Unknown => "the gateway does not know this name with this key",
        Reason::Order => "out of order",
        Reason::Unsupported => "a kind of message that it does not know",
        Reason::Unreadable => "nothing that could be read",
        Reason::Window => "too many at once",
        Reason::Busy => "busy, again in a moment",
        Reason::Unavailable => "nothing can be recorded now, again in a moment",
        Reason::Conflict => "the id was another scan's",
    }
}

#[cfg(test)]
mod tests;
