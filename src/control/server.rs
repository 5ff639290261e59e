//! The socket of a running gateway.
//!
//! Owns the listener, how many may talk and for how long. What is done with a request is [`super::answer`]'s.
//!
//! The socket is made under another name with mode 600 and then renamed: nobody else can ever open it, and one that a
//! dead process left is replaced. That no living process has it is known by the folder's lock, which the caller holds.

use std::fs;
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Channels, ControlError, Failed, Kind, MOST_REQUEST, Request, Response, answer};
use crate::verify::Gateway;

/// So many may talk at once; others wait until one has done.
const MOST_CONNECTIONS: usize = 8;
/// A request must come within this.
const IDLE: Duration = Duration::from_secs(30);
/// A response must be taken within this.
const TAKEN: Duration = Duration::from_secs(30);
/// What is under way when the gateway stops may take so long.
const DRAIN: Duration = Duration::from_secs(10);

/// The local socket of a folder, from which on commands are heard.
#[derive(Debug)]
pub struct Bound {
    listener: UnixListener,
    _named: Named,
}

/// Binds the local socket of the gateway's folder; within a runtime.
///
/// # Errors
/// [`ControlError::Listen`].
pub fn bind(gateway: &Gateway) -> Result<Bound, ControlError> {
    let socket = gateway.folder().socket();
    listen(&socket).map_err(|source| ControlError::Listen { socket, source })
}

/// [`bind`] and [`Bound::serve`].
///
/// # Errors
/// [`ControlError::Listen`].
pub async fn serve(
    gateway: Arc<Gateway>,
    channels: Channels,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), ControlError> {
    bind(&gateway)?.serve(gateway, channels, stopping).await;
    Ok(())
}

impl Bound {
    /// Serves until `stopping` resolves; what is under way then is finished.
    pub async fn serve(self, gateway: Arc<Gateway>, channels: Channels, stopping: impl Future<Output = ()> + Send) {
        let channels = Arc::new(channels);
        let (stop, stopped) = watch::channel(false);
        let mut stopping = pin!(stopping);
        let mut talks = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stopping => break,
                Some(_) = talks.join_next() => {}
                accepted = self.listener.accept(), if talks.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        talks.spawn(talk(Arc::clone(&gateway), Arc::clone(&channels), stream, stopped.clone()));
                    }
                    Err(error) => {
                        // Out of file handles, say: waiting is all that helps, and spinning harms.
                        tracing::warn!(cause = %error, "an operator could not be let in");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
        stop.send_replace(true);
        let drained = async { while talks.join_next().await.is_some() {} };
        if timeout(DRAIN, drained).await.is_err() {
            tracing::warn!("an operator's request was cut off");
        }
    }
}

/// Takes the socket's name away at the end, so that the next command need not try it.
#[derive(Debug)]
struct Named(PathBuf);

impl Drop for Named {
    fn drop(&mut self) {
        // Where it cannot be removed, nobody answers on it, which a client takes for the same.
        drop(fs::remove_file(&self.0));
    }
}

fn listen(socket: &Path) -> io::Result<Bound> {
    let fresh = socket.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600))?;
    fs::rename(&fresh, socket)?;
    Ok(Bound { listener, _named: Named(socket.to_owned()) })
}

/// One operator's requests, one after another, until they end, fall silent or the gateway stops.
async fn talk(gateway: Arc<Gateway>, channels: Arc<Channels>, stream: UnixStream, mut stopped: watch::Receiver<bool>) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let bound = u64::try_from(MOST_REQUEST).unwrap_or(u64::MAX);
        let mut bounded = (&mut read).take(bound);
        let came = tokio::select! {
            came = timeout(IDLE, bounded.read_until(b'\n', &mut line)) => came,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let whole = line.last() == Some(&b'\n');
        let response = match came {
            Err(_) | Ok(Err(_)) => return,
            Ok(Ok(_)) if line.is_empty() => return,
            Ok(Ok(_)) if !whole && line.len() >= MOST_REQUEST => {
                refuse(&format!("the request is longer than {MOST_REQUEST} bytes: order in several parts"))
            }
            // Broken off in the middle: nobody waits for an answer, and half a request is none.
            Ok(Ok(_)) if !whole => return,
            Ok(Ok(_)) => match serde_json::from_slice::<Request>(&line) {
                Ok(request) => Box::pin(answer(&gateway, &channels, request)).await,
                Err(error) => refuse(&format!("the request cannot be read: {error}")),
            },
        };
        let Ok(mut text) = serde_json::to_vec(&response) else { return };
        text.push(b'\n');
        let sent = timeout(TAKEN, write.write_all(&text)).await;
        if !whole || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

fn refuse(message: &str) -> Response {
    Response::Failed(Failed { kind: Kind::Usage, message: message.to_owned() })
}
