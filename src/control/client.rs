//! The way to a folder's gateway: over its socket where it runs, else by opening the folder here.
//!
//! Owns the choice and the time-outs of the client. Waits in the calling thread.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::{Channels, ControlError, MOST_REQUEST, MOST_RESPONSE, Request, Response, answer};
use crate::ledger::folder::{Folder, FolderError};
use crate::ledger::writer::Clock;
use crate::verify::{Gateway, OpenError, Settings};

/// A gateway that is alive takes a request within this.
const SENT: Duration = Duration::from_secs(10);
/// And has done it within this: a commit is a matter of milliseconds, a checkpoint of a large ledger of seconds.
const DONE: Duration = Duration::from_secs(120);

/// Asks the gateway that runs on a folder.
///
/// # Errors
/// [`ControlError::NotRunning`] where none does, [`ControlError::Broken`], [`ControlError::TooLong`],
/// [`ControlError::Version`].
pub fn call(folder: &Folder, request: &Request) -> Result<Response, ControlError> {
    let socket = folder.socket();
    let version = |source| ControlError::Version { socket: socket.clone(), source };
    let broken = |source| ControlError::Broken { socket: socket.clone(), source };
    let mut line = serde_json::to_vec(request).map_err(version)?;
    line.push(b'\n');
    if line.len() > MOST_REQUEST {
        return Err(ControlError::TooLong { got: line.len() });
    }
    let mut stream = connect(folder)?;
    stream.set_write_timeout(Some(SENT)).map_err(broken)?;
    stream.set_read_timeout(Some(DONE)).map_err(broken)?;
    stream.write_all(&line).map_err(broken)?;
    let mut response = Vec::new();
    BufReader::new(stream).take(MOST_RESPONSE).read_until(b'\n', &mut response).map_err(broken)?;
    if response.last() != Some(&b'\n') {
        return Err(broken(io::ErrorKind::UnexpectedEof.into()));
    }
    serde_json::from_slice(&response).map_err(version)
}

fn connect(folder: &Folder) -> Result<UnixStream, ControlError> {
    let socket = folder.socket();
    UnixStream::connect(&socket).map_err(|source| {
        // A path that is too long for a socket has none either.
        if matches!(
            source.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput
        ) {
            ControlError::NotRunning { folder: folder.data.clone() }
        } else {
            ControlError::Broken { socket, source }
        }
    })
}

/// A folder's gateway, wherever it is.
#[derive(Debug)]
pub enum Link {
    /// It runs in another process.
    Running(Folder),
    /// None ran; the folder is open here and nobody else's until this is dropped.
    Here(Box<Here>),
}

/// A gateway for the time of a command.
#[derive(Debug)]
pub struct Here {
    gateway: Gateway,
    runtime: Runtime,
}

impl Link {
    /// Reaches the gateway that runs on a folder, or opens the folder where none does.
    ///
    /// # Errors
    /// [`ControlError::Silent`] where another process has the folder and does not answer, [`ControlError::Open`],
    /// [`ControlError::Broken`], [`ControlError::Runtime`].
    pub fn reach(folder: Folder, settings: Settings, clock: Clock) -> Result<Self, ControlError> {
        match connect(&folder) {
            Ok(_) => return Ok(Self::Running(folder)),
            Err(ControlError::NotRunning { .. }) => {}
            Err(error) => return Err(error),
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ControlError::Runtime)?;
        match Gateway::open(folder, settings, clock) {
            Ok(gateway) => Ok(Self::Here(Box::new(Here { gateway, runtime }))),
            Err(OpenError::Folder(FolderError::Held { folder, holder })) => {
                Err(ControlError::Silent { folder, holder })
            }
            Err(error) => Err(ControlError::Open(error)),
        }
    }

    /// Asks it.
    ///
    /// # Errors
    /// As [`call`].
    pub fn ask(&self, request: Request) -> Result<Response, ControlError> {
        match self {
            Self::Running(folder) => call(folder, &request),
            Self::Here(here) => Ok(here.runtime.block_on(Box::pin(answer(&here.gateway, &Channels::new(), request)))),
        }
    }
}

/// Asks a folder's gateway one thing, whether it runs or not.
///
/// # Errors
/// As [`Link::reach`] and [`Link::ask`].
pub fn ask(folder: Folder, settings: Settings, clock: Clock, request: Request) -> Result<Response, ControlError> {
    Link::reach(folder, settings, clock)?.ask(request)
}
