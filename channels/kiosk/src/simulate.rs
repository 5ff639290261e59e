//! A terminal in software: what `verigate kiosk simulate` plays, over every kind of line, in both protocols.
//!
//! Owns the line and the clock around [`crate::terminal::Terminal`]; of a stock device it sends what is scanned with a CR
//! and answers as [`Device`] does. Shows nothing itself: what there is to show goes to whoever looks.
#![expect(clippy::disallowed_methods, reason = "a terminal has a clock of its own")]

mod device;
mod line;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

pub use self::device::{Device, Paper, Told};
pub use self::line::Line;
use self::line::{Opener, Wire};
use crate::terminal::{Event, Identity, Terminal};
use crate::wire::message::Status;

/// Before it connects again.
const PAUSE: Duration = Duration::from_millis(500);
/// A serial server gives its sign of life this often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What somebody at the terminal does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Scans or keys something.
    Scan {
        /// What it says.
        code: String,
        /// Keyed and not scanned.
        keyed: bool,
    },
    /// Chooses a language, by its BCP 47 tag.
    Language(String),
    /// Puts paper in, or takes it out.
    Paper(bool),
    /// Plugs the line in, or pulls it out.
    Plug(bool),
}

/// What there is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The line is up.
    Up,
    /// The line is down, and why.
    Down(String),
    /// Octets for a stock device.
    Octets(Vec<u8>),
    /// Of a terminal with firmware of its own.
    Event(Box<Event>),
    /// A stock device has nowhere to keep this scan.
    Dropped(String),
}

/// A terminal.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// Its line.
    pub line: Line,
    /// Who it is; `None` for a stock device.
    pub identity: Option<Identity>,
    /// What the serial server of a stock device says when it has dialled; empty for nothing.
    pub registration: String,
    /// What that says from time to time; empty for nothing.
    pub heartbeat: String,
}

enum Ended {
    /// Nothing more to do.
    Done,
    /// The line is gone.
    Lost(String),
}

/// What outlives a line.
struct Held {
    terminal: Option<Terminal>,
    device: Device,
    /// A stock device's scan, still to be sent.
    waiting: Option<String>,
    status: Status,
    plugged: bool,
    /// Somebody is at the terminal.
    more: bool,
}

impl Simulated {
    /// On this line, as a stock device or with an identity.
    #[must_use]
    pub const fn new(line: Line, identity: Option<Identity>) -> Self {
        Self { line, identity, registration: String::new(), heartbeat: String::new() }
    }

    /// Does what comes and shows what there is to show, until nothing more can come and nothing is unanswered, or nobody
    /// looks any more. A line that is down is opened again.
    pub async fn run(self, mut inputs: mpsc::Receiver<Input>, shown: mpsc::Sender<Shown>) {
        let mut held = Held {
            terminal: self.identity.clone().map(|identity| Terminal::new(identity, Instant::now())),
            device: Device::new(None, 20, 2),
            waiting: None,
            status: Status { paper: Some(true), door: Some(true), ..Status::default() },
            plugged: true,
            more: true,
        };
        // Said once it is let in.
        held.load(true);
        let opener = match Opener::new(&self.line).await {
            Ok(opener) => Arc::new(opener),
            // It will not be otherwise the next time: nobody has to wait for it.
            Err(why) => return drop(shown.send(Shown::Down(why)).await),
        };
        loop {
            let why = if held.plugged {
                let opened = held.meanwhile(&mut inputs, &shown, Arc::clone(&opener).open()).await;
                match opened {
                    None => return,
                    // Pulled out before it was in.
                    Some(_) if !held.plugged => String::new(),
                    Some(Err(why)) => why,
                    Some(Ok(mut wire)) => {
                        if shown.send(Shown::Up).await.is_err() {
                            return;
                        }
                        match self.talk(&mut wire, &mut held, &mut inputs, &shown).await {
                            Ended::Done => return,
                            Ended::Lost(why) => why,
                        }
                    }
                }
            } else {
                String::new()
            };
            if let Some(terminal) = &mut held.terminal {
                terminal.handle_down();
            }
            let why = if held.plugged { why } else { "pulled out".to_owned() };
            if shown.send(Shown::Down(why)).await.is_err() {
                return;
            }
            while !held.plugged {
                let Some(input) = inputs.recv().await else { return };
                if held.offline(input, &shown).await.is_none() {
                    return;
                }
            }
            if held.meanwhile(&mut inputs, &shown, tokio::time::sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    async fn talk(
        &self,
        wire: &mut Wire,
        held: &mut Held,
        inputs: &mut mpsc::Receiver<Input>,
        shown: &mpsc::Sender<Shown>,
    ) -> Ended {
        if held.terminal.is_some() {
            return framed(wire, held, inputs, shown).await;
        }
        if !self.registration.is_empty()
            && let Err(error) = wire.write(self.registration.as_bytes()).await
        {
            return Ended::Lost(error.to_string());
        }
        stock(wire, held, (inputs, shown), &self.heartbeat).await
    }
}

impl Held {
    /// Waits for something while the line is down; `None` where nobody looks any more.
    async fn meanwhile<T>(
        &mut self,
        inputs: &mut mpsc::Receiver<Input>,
        shown: &mpsc::Sender<Shown>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::pin!(work);
        loop {
            // A stock device holds one scan; whatever comes behind it waits where it is.
            let takes = self.more && (self.terminal.is_some() || self.waiting.is_none());
            tokio::select! {
                done = &mut work => return Some(done),
                input = inputs.recv(), if takes => match input {
                    None => self.more = false,
                    Some(input) => self.offline(input, shown).await?,
                },
                () = shown.closed() => return None,
            }
        }
    }

    /// Something is done while the line is down; `None` where nobody looks any more.
    async fn offline(&mut self, input: Input, shown: &mpsc::Sender<Shown>) -> Option<()> {
        match (input, &mut self.terminal) {
            (Input::Plug(plugged), _) => self.plugged = plugged,
            (Input::Paper(paper), _) => self.load(paper),
            (Input::Scan { code, keyed }, Some(terminal)) => {
                terminal.scan(&code, random()?, keyed, Instant::now());
                while let Some(event) = terminal.poll_event() {
                    shown.send(Shown::Event(Box::new(event))).await.ok()?;
                }
            }
            (Input::Language(tag), Some(terminal)) => terminal.speak(&tag),
            (Input::Scan { code, .. }, None) if self.plugged && self.waiting.is_none() => self.waiting = Some(code),
            (Input::Scan { code, .. }, None) => shown.send(Shown::Dropped(code)).await.ok()?,
            (Input::Language(_), None) => {}
        }
        Some(())
    }

    fn load(&mut self, paper: bool) {
        self.device.load(paper);
        self.status.paper = Some(paper);
        if let Some(terminal) = &mut self.terminal {
            terminal.tell(self.status.clone(), Instant::now());
        }
    }
}

/// A stock device: one scan at a time, and whatever comes is shown.
async fn stock(
    wire: &mut Wire,
    held: &mut Held,
    (inputs, shown): (&mut mpsc::Receiver<Input>, &mpsc::Sender<Shown>),
    heartbeat: &str,
) -> Ended {
    // After the last scan, until nothing has come for a while.
    let mut quiet_at: Option<tokio::time::Instant> = None;
    let mut beat_at = (!heartbeat.is_empty()).then(|| tokio::time::Instant::now() + HEARTBEAT);
    let mut out = Vec::new();
    loop {
        if let Some(scan) = &held.waiting {
            out.extend(format!("{scan}\r").bytes());
        }
        if !out.is_empty()
            && let Err(error) = wire.write(&out).await
        {
            return Ended::Lost(error.to_string());
        }
        out.clear();
        held.waiting = None;
        tokio::select! {
            read = wire.read() => match read {
                Ok(octets) if octets.is_empty() => {
                    return if quiet_at.is_some() { Ended::Done } else { Ended::Lost("the line ended".to_owned()) };
                }
                Err(error) => return Ended::Lost(error.to_string()),
                Ok(octets) => {
                    out = held.device.handle_octets(&octets);
                    if shown.send(Shown::Octets(octets)).await.is_err() {
                        return Ended::Done;
                    }
                    quiet_at = quiet_at.map(|_| tokio::time::Instant::now() + Duration::from_secs(1));
                }
            },
            input = inputs.recv(), if quiet_at.is_none() => match input {
                Some(Input::Scan { code, .. }) => held.waiting = Some(code),
                Some(Input::Language(tag)) => out = format!("LANG={tag}\r").into_bytes(),
                Some(Input::Paper(paper)) => held.load(paper),
                Some(Input::Plug(true)) => {}
                Some(Input::Plug(false)) => {
                    held.plugged = false;
                    return Ended::Lost(String::new());
                }
                None => quiet_at = Some(tokio::time::Instant::now() + Duration::from_secs(4)),
            },
            () = until(beat_at) => {
                out = heartbeat.as_bytes().to_vec();
                beat_at = Some(tokio::time::Instant::now() + HEARTBEAT);
            }
            () = until(quiet_at) => return Ended::Done,
        }
    }
}

/// A terminal with firmware of its own.
async fn framed(
    wire: &mut Wire,
    held: &mut Held,
    inputs: &mut mpsc::Receiver<Input>,
    shown: &mpsc::Sender<Shown>,
) -> Ended {
    let Held { terminal: Some(terminal), status, plugged, more, .. } = held else { return Ended::Done };
    let Some(nonce) = random() else { return Ended::Lost("no randomness".to_owned()) };
    terminal.handle_up(nonce, Instant::now());
    loop {
        let octets = terminal.poll_transmit();
        if !octets.is_empty()
            && let Err(error) = wire.write(&octets).await
        {
            return Ended::Lost(error.to_string());
        }
        while let Some(event) = terminal.poll_event() {
            let lost = if let Event::Lost(why) = &event { Some((*why).to_owned()) } else { None };
            if shown.send(Shown::Event(Box::new(event))).await.is_err() {
                return Ended::Done;
            }
            if let Some(why) = lost {
                return Ended::Lost(why);
            }
        }
        if !*more && terminal.kept() == 0 {
            return Ended::Done;
        }
        tokio::select! {
            read = wire.read() => match read {
                Ok(octets) if octets.is_empty() => return Ended::Lost("the line ended".to_owned()),
                Err(error) => return Ended::Lost(error.to_string()),
                Ok(octets) => terminal.handle_octets(&octets, Instant::now()),
            },
            input = inputs.recv(), if *more => match input {
                Some(Input::Scan { code, keyed }) => match random() {
                    Some(id) => terminal.scan(&code, id, keyed, Instant::now()),
                    None => return Ended::Lost("no randomness".to_owned()),
                },
                Some(Input::Language(tag)) => terminal.speak(&tag),
                Some(Input::Paper(paper)) => {
                    status.paper = Some(paper);
                    terminal.tell(status.clone(), Instant::now());
                }
                Some(Input::Plug(true)) => {}
                Some(Input::Plug(false)) => {
                    *plugged = false;
                    return Ended::Lost(String::new());
                }
                None => *more = false,
            },
            () = until(terminal.poll_timeout().map(Into::into)) => terminal.handle_timeout(Instant::now()),
        }
    }
}

/// Waits until then; for ever where there is no time.
async fn until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// 16 octets that nobody can foresee.
fn random() -> Option<[u8; 16]> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).ok().map(|()| octets)
}
