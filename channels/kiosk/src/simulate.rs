//! A terminal in software: what `verigate kiosk simulate` plays, over a socket or a serial line, in both protocols.
//!
//! Owns the line and the clock around [`crate::terminal::Terminal`]; of a stock device it sends what is scanned with a CR
//! and passes on what comes. Shows nothing itself.
#![expect(clippy::disallowed_methods, reason = "a terminal has a clock of its own")]

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_serial::SerialPortBuilderExt as _;

use crate::terminal::{Event, Identity, Terminal};

/// Before it connects again.
const PAUSE: Duration = Duration::from_millis(500);

/// Where the gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Host and port.
    Tcp(String),
    /// A serial line, at so many bits per second.
    Tty(String, u32),
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
}

/// A terminal.
#[derive(Debug, Clone)]
pub struct Simulated {
    /// Its line.
    pub line: Line,
    /// Who it is; `None` for a stock device.
    pub identity: Option<Identity>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Simulated {
    /// Scans what comes and shows what there is to show, until nothing more can come and nothing is unanswered, or nobody
    /// looks any more. A line that is down is opened again.
    pub async fn run(self, mut scans: mpsc::Receiver<String>, shown: mpsc::Sender<Shown>) {
        let mut terminal = self.identity.clone().map(|identity| Terminal::new(identity, Instant::now()));
        let mut waiting = None;
        loop {
            let why = match self.open().await {
                Err(why) => why,
                Ok(mut wire) => {
                    if shown.send(Shown::Up).await.is_err() {
                        return;
                    }
                    let ended = match &mut terminal {
                        None => stock(&mut *wire, &mut scans, &shown, &mut waiting).await,
                        Some(terminal) => framed(&mut *wire, terminal, &mut scans, &shown).await,
                    };
                    match ended {
                        Ended::Done => return,
                        Ended::Lost(why) => why,
                    }
                }
            };
            if let Some(terminal) = &mut terminal {
                terminal.handle_down();
            }
            if shown.send(Shown::Down(why)).await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn open(&self) -> Result<Box<dyn Wire>, String> {
        match &self.line {
            Line::Tcp(address) => {
                let stream = tokio::net::TcpStream::connect(address).await.map_err(|error| error.to_string())?;
                stream.set_nodelay(true).map_err(|error| error.to_string())?;
                Ok(Box::new(stream))
            }
            Line::Tty(path, baud) => {
                let stream = tokio_serial::new(path, *baud).open_native_async().map_err(|error| error.to_string())?;
                Ok(Box::new(stream))
            }
        }
    }
}

enum Ended {
    /// Nothing more to do.
    Done,
    /// The line is gone.
    Lost(String),
}

/// A stock device: one scan at a time, and whatever comes is shown.
async fn stock(
    wire: &mut dyn Wire,
    scans: &mut mpsc::Receiver<String>,
    shown: &mpsc::Sender<Shown>,
    waiting: &mut Option<String>,
) -> Ended {
    let mut buffer = [0; 1_024];
    // After the last scan, until nothing has come for a while.
    let mut quiet_at: Option<tokio::time::Instant> = None;
    loop {
        if let Some(scan) = waiting.take()
            && let Err(error) = wire.write_all(format!("{scan}\r").as_bytes()).await
        {
            *waiting = Some(scan);
            return Ended::Lost(error.to_string());
        }
        let quiet = async {
            match quiet_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = wire.read(&mut buffer) => match read {
                Ok(0) => return if quiet_at.is_some() { Ended::Done } else { Ended::Lost("the line ended".to_owned()) },
                Err(error) => return Ended::Lost(error.to_string()),
                Ok(read) => {
                    let octets = buffer.get(..read).unwrap_or_default().to_vec();
                    if shown.send(Shown::Octets(octets)).await.is_err() {
                        return Ended::Done;
                    }
                    quiet_at = quiet_at.map(|_| tokio::time::Instant::now() + Duration::from_secs(1));
                }
            },
            scan = scans.recv(), if quiet_at.is_none() => match scan {
                Some(scan) => *waiting = Some(scan),
                None => quiet_at = Some(tokio::time::Instant::now() + Duration::from_secs(4)),
            },
            () = quiet => return Ended::Done,
        }
    }
}

/// A terminal with firmware of its own.
async fn framed(
    wire: &mut dyn Wire,
    terminal: &mut Terminal,
    scans: &mut mpsc::Receiver<String>,
    shown: &mpsc::Sender<Shown>,
) -> Ended {
    let mut buffer = [0; 2_048];
    let mut more = true;
    let Some(nonce) = random() else { return Ended::Lost("no randomness".to_owned()) };
    terminal.handle_up(nonce, Instant::now());
    loop {
        let octets = terminal.poll_transmit();
        if !octets.is_empty()
            && let Err(error) = wire.write_all(&octets).await
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
        if !more && terminal.kept() == 0 {
            return Ended::Done;
        }
        let due = terminal.poll_timeout();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            read = wire.read(&mut buffer) => match read {
                Ok(0) => return Ended::Lost("the line ended".to_owned()),
                Err(error) => return Ended::Lost(error.to_string()),
                Ok(read) => terminal.handle_octets(buffer.get(..read).unwrap_or_default(), Instant::now()),
            },
            scan = scans.recv(), if more => match (scan, random()) {
                (Some(scan), Some(id)) => terminal.scan(&scan, id, false, Instant::now()),
                (Some(_), None) => return Ended::Lost("no randomness".to_owned()),
                (None, _) => more = false,
            },
            () = timer => terminal.handle_timeout(Instant::now()),
        }
    }
}

/// 16 octets that nobody can foresee.
fn random() -> Option<[u8; 16]> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).ok().map(|()| octets)
}
