//! Serial lines of this machine: opened, kept, found again when they were unplugged.
//!
//! What stands between `tokio-serial` and us: its flush waits for the line to drain on the runtime's thread, a tty that
//! does not take its settings is opened all the same, a line that is gone reads nothing for ever, and closing may wait
//! for output that nobody takes. So flushing does nothing here, settings are read back, nothing read is the end, and
//! opening and closing are done away from the runtime. Lines are opened exclusively.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio_serial::{ClearBuffer, DataBits, SerialPort as _, SerialPortBuilderExt as _, SerialStream, StopBits};

use super::accept::of_terminal;
use super::converse::{Ended, Opening, converse};
use super::dial::Pause;
use super::hub::Hub;
use crate::config::{FlowControl, Parity, SerialConfig, Terminal, Way};

/// The first pause between attempts to open, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// A pattern is looked over this often.
const LOOK: Duration = Duration::from_millis(500);
/// A close that takes longer goes on by itself.
const CLOSING: Duration = Duration::from_secs(1);
/// Lines of one pattern.
const MOST: usize = 1_024;

/// A serial line that is open.
struct Line(SerialStream);

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line {
    /// Opens a line; blocks, so not on the runtime's threads.
    fn open(path: &str, serial: SerialConfig) -> Result<Self, String> {
        let (data_bits, parity) = (data_bits(serial.data_bits), parity(serial.parity));
        let stop_bits = if serial.stop_bits == 2 { StopBits::Two } else { StopBits::One };
        let flow_control = flow_control(serial.flow_control);
        let stream = tokio_serial::new(path, serial.baud)
            .data_bits(data_bits)
            .parity(parity)
            .stop_bits(stop_bits)
            .flow_control(flow_control)
            .open_native_async()
            .map_err(|error| error.to_string())?;
        let kept = stream.baud_rate().is_ok_and(|baud| baud == serial.baud)
            && stream.data_bits().is_ok_and(|bits| bits == data_bits)
            && stream.parity().is_ok_and(|set| set == parity)
            && stream.stop_bits().is_ok_and(|set| set == stop_bits)
            && stream.flow_control().is_ok_and(|set| set == flow_control);
        if kept { Ok(Self(stream)) } else { Err("the line does not take its settings".to_owned()) }
    }

    /// Closes it without waiting on the runtime for what nobody takes.
    async fn close(self) {
        let closing = tokio::task::spawn_blocking(move || {
            self.0.clear(ClearBuffer::Output).ok();
            drop(self.0);
        });
        drop(tokio::time::timeout(CLOSING, closing).await);
    }
}

const fn data_bits(bits: u8) -> DataBits {
    if bits == 7 { DataBits::Seven } else { DataBits::Eight }
}

const fn parity(parity: Parity) -> tokio_serial::Parity {
    match parity {
        Parity::None => tokio_serial::Parity::None,
        Parity::Odd => tokio_serial::Parity::Odd,
        Parity::Even => tokio_serial::Parity::Even,
    }
}

const fn flow_control(flow_control: FlowControl) -> tokio_serial::FlowControl {
    match flow_control {
        FlowControl::None => tokio_serial::FlowControl::None,
        FlowControl::Software => tokio_serial::FlowControl::Software,
        FlowControl::Hardware => tokio_serial::FlowControl::Hardware,
    }
}

/// Whether a terminal's path stands for several.
pub(super) fn is_pattern(terminal: &Terminal) -> bool {
    matches!(&terminal.way, Way::Tty { path, .. } if path.contains(['*', '?', '[']))
}

/// Keeps a terminal's line, or all that fit its pattern, until the gateway stops or no longer serves it so; then every line
/// is closed.
pub(super) async fn watch(hub: Arc<Hub>, terminal: Arc<Terminal>) {
    let Way::Tty { path, .. } = &terminal.way else { return };
    if !is_pattern(&terminal) {
        let name = Arc::clone(&terminal.name);
        return keep(hub, Arc::clone(&terminal), name, path.clone(), false).await;
    }
    let Some(stopping) = hub.stop_of(&terminal) else { return };
    let mut lines: HashMap<String, JoinHandle<Option<()>>> = HashMap::new();
    loop {
        lines.retain(|_, line| !line.is_finished());
        let pattern = path.clone();
        let found = tokio::task::spawn_blocking(move || matches(&pattern)).await.unwrap_or_default();
        for path in found {
            if lines.len() < MOST && !lines.contains_key(&path) {
                let file = Path::new(&path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
                let name: Arc<str> = format!("{}/{file}", terminal.name).into();
                let line = keep(Arc::clone(&hub), Arc::clone(&terminal), name, path.clone(), true);
                lines.insert(path, hub.tasks.spawn(line));
            }
        }
        if stopping.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            for line in lines.into_values() {
                drop(line.await);
            }
            return;
        }
    }
}

fn matches(pattern: &str) -> Vec<String> {
    let paths = glob::glob(pattern).into_iter().flatten().filter_map(Result::ok);
    paths.filter_map(|path| path.to_str().map(str::to_owned)).take(MOST).collect()
}

/// Keeps one line open; one that was `found` is forgotten when its path is gone.
async fn keep(hub: Arc<Hub>, terminal: Arc<Terminal>, name: Arc<str>, path: String, found: bool) {
    let Way::Tty { serial, .. } = &terminal.way else { return };
    let serial = *serial;
    let Some(who) = of_terminal(&hub, &terminal, &name) else { return };
    let stopping = who.stop.clone();
    let mut pause = Pause::new(PAUSES);
    while !stopping.is_cancelled() {
        let at = path.clone();
        let opened = tokio::task::spawn_blocking(move || Line::open(&at, serial)).await;
        match opened {
            Ok(Ok(mut line)) => {
                pause.reset();
                let token = who.post.up(&path);
                let ended = converse(&hub, Box::new(who.clone()), &mut line, Opening::default(), &token).await;
                who.post.down(&token);
                line.close().await;
                match ended {
                    Ended::Stopped => return,
                    Ended::Gone | Ended::Stalled | Ended::Replaced | Ended::Refused => {}
                }
            }
            Ok(Err(fault)) => {
                let at = path.clone();
                let there = tokio::task::spawn_blocking(move || Path::new(&at).exists()).await.unwrap_or(true);
                if found && !there {
                    return;
                }
                who.post.failed(&fault);
            }
            Err(error) => who.post.failed(&error.to_string()),
        }
        if stopping.run_until_cancelled(tokio::time::sleep(pause.take())).await.is_none() {
            return;
        }
    }
}

/// A pseudo terminal whose other end anybody may open.
#[derive(Debug)]
pub(crate) struct Pty {
    ours: SerialStream,
    /// Held open, or our end would be gone whenever somebody closes theirs.
    theirs: OwnedFd,
    path: String,
}

impl Pty {
    pub(super) fn open() -> Result<Self, io::Error> {
        let (ours, mut theirs) = SerialStream::pair()?;
        theirs.set_exclusive(false)?;
        let path = theirs.name().ok_or_else(|| io::Error::other("a pseudo terminal without a name"))?;
        // The library locks what it holds: the end that we only hold must be free for others to lock.
        let theirs = rustix::fs::open(path.as_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { ours, theirs, path })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

/// Converses with whoever opens the other end, until the gateway stops.
pub(super) async fn keep_pty(hub: Arc<Hub>, terminal: Arc<Terminal>, pty: Pty) {
    let Pty { ours, theirs, path } = pty;
    let Some(who) = of_terminal(&hub, &terminal, &terminal.name) else { return };
    let mut line = Line(ours);
    loop {
        let token = who.post.up(&path);
        let ended = converse(&hub, Box::new(who.clone()), &mut line, Opening::default(), &token).await;
        who.post.down(&token);
        match ended {
            // Nobody reads: what is written is for whoever comes next.
            Ended::Stalled => {}
            Ended::Stopped | Ended::Gone | Ended::Replaced | Ended::Refused => break,
        }
    }
    line.close().await;
    drop(theirs);
}
