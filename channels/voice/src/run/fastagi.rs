//! Asterisk by FastAGI: it connects for each call, we send commands, it answers each with a line.
//!
//! Recordings lie on Asterisk's side (`verigate prompts export`); keys come one by one, so that the dialogue's own times
//! hold. What has no recording (a product's name) is left out. Lines are bounded, and a silent Asterisk is left after
//! 15 s beyond what it was told to wait.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

pub mod protocol;

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Refusal, Reply};
use net::{BindError, Connection, Drain, Listener};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, split};
use tokio::sync::oneshot;

use self::protocol::{Answer, Call as Asked, Lines};
use super::ask::{ask, now as wall};
use super::ivr::Ports;
use crate::config::webhooks::FastAgi;
use crate::dialogue::{Call, Dialogue, Key, Output, Play};
use crate::prompts::{Piece, script};
use crate::webhooks::identity;

/// Beyond the time that a command takes, so long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest recording.
const LONGEST_SOUND: Duration = Duration::from_secs(60);

/// Keys that cut a recording off.
const ESCAPE: &str = "0123456789*#";

/// The listener, bound.
#[derive(Debug)]
pub struct Bound {
    listener: Listener,
    settings: Arc<FastAgi>,
}

impl Bound {
    /// Binds.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(settings: FastAgi) -> Result<Self, BindError> {
        let listener = Listener::bind("fastagi", settings.listen, settings.connections).await?;
        Ok(Self { listener, settings: Arc::new(settings) })
    }

    /// The address bound.
    #[must_use]
    pub const fn address(&self) -> std::net::SocketAddr {
        self.listener.address()
    }

    /// Serves until the drain is stopping; calls are tasks of the drain.
    pub async fn serve(self, ports: Ports, drain: &Drain) {
        let settings = self.settings;
        let converse = move |connection: Connection| {
            let (settings, ports) = (Arc::clone(&settings), ports.clone());
            async move {
                if !settings.from.iter().any(|range| range.holds(connection.peer.ip())) {
                    tracing::warn!(peer = %connection.peer.ip(), "fastagi refused: its address is not allowed");
                    return;
                }
                // The place is held until the call is over.
                let Connection { stream, held: _held, .. } = connection;
                let call = converse(stream, &settings, &ports);
                if let Err(gone) = Box::pin(call).await {
                    tracing::debug!(cause = %gone, "a fastagi call ended");
                }
            }
        };
        self.listener.serve(drain, converse).await;
    }
}

/// Why a call is over before its dialogue was.
#[derive(Debug, thiserror::Error)]
enum Gone {
    #[error("the caller hung up")]
    HungUp,
    #[error("asterisk was silent")]
    Silent,
    #[error("asterisk said what cannot be read")]
    Unreadable,
    #[error("the connection broke")]
    Io(#[from] std::io::Error),
}

async fn converse<S: AsyncRead + AsyncWrite + Send + Unpin>(
    stream: S,
    settings: &FastAgi,
    ports: &Ports,
) -> Result<(), Gone> {
    let (read, write) = split(stream);
    let mut lines = Lines::new(BufReader::new(read));
    let asked = tokio::time::timeout(PATIENCE, lines.call()).await.map_err(|_| Gone::Silent)??;
    let asked = asked.ok_or(Gone::Unreadable)?;
    let began = Instant::now();
    let caller = identity(asked.caller.as_deref(), &settings.country);
    let line = settings.lines.iter().find(|line| asked.called.as_deref() == Some(line.number.as_str()));
    let language = line.and_then(|line| line.language).or_else(|| ports.choices.of(&caller));
    let call = Call {
        scope: "voice/fastagi".to_owned(),
        key: key(&asked),
        valid_for: Duration::ZERO,
        asked: 0,
        caller: caller.clone(),
        language,
        person: settings.person.clone(),
        began,
        began_at: wall(),
    };
    let dialogue = Dialogue::new(Arc::clone(&ports.dialogue), call);
    let mut talk = Talk { lines, write, settings, ports, dialogue, pending: None };
    let result = talk.run().await;
    if result.is_err() {
        talk.dialogue.handle_hung_up();
        talk.ask_what_is_left();
    }
    if let (language, true) = talk.dialogue.language() {
        ports.choices.note(&caller, language);
    }
    result
}

/// The call's id: Asterisk's own, which is unique on one machine, with its beginning.
fn key(asked: &Asked) -> String {
    let id: String = asked.id.chars().filter(char::is_ascii_graphic).take(100).collect();
    format!("{id}@{}", wall().as_millis())
}

struct Talk<'a, R, W> {
    lines: Lines<R>,
    write: W,
    settings: &'a FastAgi,
    ports: &'a Ports,
    dialogue: Dialogue,
    pending: Option<oneshot::Receiver<Result<Reply, Refusal>>>,
}

impl<R: tokio::io::AsyncBufRead + Send + Unpin, W: AsyncWrite + Send + Unpin> Talk<'_, R, W> {
    async fn run(&mut self) -> Result<(), Gone> {
        self.command("ANSWER", Duration::ZERO).await?;
        self.dialogue.handle_start(Instant::now());
        let mut playing: Option<Play> = None;
        loop {
            while let Some(output) = self.dialogue.poll_output() {
                match output {
                    Output::Play(play) => playing = Some(play),
                    Output::Stop => playing = None,
                    Output::Ask(inquiry) => {
                        self.pending = Some(ask(&self.ports.verify, &self.ports.tasks, *inquiry));
                    }
                    Output::Transfer(person) => self.transfer(&person).await?,
                    Output::HangUp(_) => {
                        self.command("HANGUP", Duration::ZERO).await?;
                        return Ok(());
                    }
                }
            }
            if let Some(play) = playing.take() {
                match self.play(&play).await? {
                    Some(key) => self.dialogue.handle_key(key, Instant::now()),
                    None => self.dialogue.handle_played(Instant::now()),
                }
            } else if self.dialogue.is_asking() {
                self.wait_for_core().await;
            } else if let Some((at, _)) = self.dialogue.poll_timeout() {
                let wait = at.saturating_duration_since(Instant::now());
                match self.key(wait).await? {
                    Some(key) => self.dialogue.handle_key(key, Instant::now()),
                    None => self.dialogue.handle_timeout(Instant::now().max(at)),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn ask_what_is_left(&mut self) {
        while let Some(output) = self.dialogue.poll_output() {
            if let Output::Ask(inquiry) = output {
                drop(ask(&self.ports.verify, &self.ports.tasks, *inquiry));
            }
        }
    }

    async fn wait_for_core(&mut self) {
        let until = self.dialogue.poll_timeout().map_or_else(Instant::now, |(at, _)| at);
        let Some(pending) = self.pending.as_mut() else {
            self.dialogue.handle_reply(Err(Refusal::Internal), Instant::now());
            return;
        };
        match tokio::time::timeout_at(until.into(), pending).await {
            Ok(answer) => {
                self.pending = None;
                self.dialogue.handle_reply(answer.unwrap_or(Err(Refusal::Internal)), Instant::now());
            }
            Err(_) => self.dialogue.handle_timeout(Instant::now().max(until)),
        }
    }

    /// Plays to the end, or to the key that cut it off.
    async fn play(&mut self, play: &Play) -> Result<Option<Key>, Gone> {
        let escape = if play.barge_in { ESCAPE } else { "" };
        let mut commands = Vec::new();
        written(&script(&self.ports.words, play), &self.settings.sounds, &mut commands);
        for file in commands {
            let answer = match file {
                File::Sound(path) => self.command(&format!("STREAM FILE {path} \"{escape}\""), LONGEST_SOUND).await?,
                File::Breath(millis) if play.barge_in => {
                    self.command(&format!("WAIT FOR DIGIT {millis}"), Duration::from_millis(millis.into())).await?
                }
                File::Breath(_) => continue,
            };
            if let Some(key) = answer.key() {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    async fn key(&mut self, wait: Duration) -> Result<Option<Key>, Gone> {
        let millis = wait.as_millis().max(1);
        Ok(self.command(&format!("WAIT FOR DIGIT {millis}"), wait).await?.key())
    }

    async fn transfer(&mut self, person: &str) -> Result<(), Gone> {
        self.command(&format!("EXEC Dial {person}"), Duration::from_secs(3_600)).await?;
        let status = self.command("GET VARIABLE DIALSTATUS", Duration::ZERO).await?;
        if status.text() == Some("ANSWER") {
            self.dialogue.handle_hung_up();
        } else {
            self.dialogue.handle_transfer_failed(Instant::now());
        }
        Ok(())
    }

    /// Sends a command and waits for its answer.
    async fn command(&mut self, command: &str, takes: Duration) -> Result<Answer, Gone> {
        let exchange = async {
            self.write.write_all(format!("{command}\n").as_bytes()).await?;
            self.write.flush().await?;
            self.lines.answer().await
        };
        match tokio::time::timeout(takes + PATIENCE, exchange).await {
            Err(_) => Err(Gone::Silent),
            Ok(Err(error)) => Err(Gone::Io(error)),
            Ok(Ok(None)) => Err(Gone::Unreadable),
            Ok(Ok(Some(answer))) if answer.hung_up() => Err(Gone::HungUp),
            Ok(Ok(Some(answer))) => Ok(answer),
        }
    }
}

/// What Asterisk plays.
enum File {
    Sound(String),
    Breath(u16),
}

/// The files of these pieces; an aside whose name has no recording of its own is left out.
fn written(pieces: &[Piece], sounds: &str, files: &mut Vec<File>) {
    for piece in pieces {
        match piece {
            Piece::Clip { language, clip, .. } => {
                files.push(File::Sound(format!("{sounds}/{}/{clip}", language.tag())))
            }
            Piece::Pause { millis: 0, .. } | Piece::Name { .. } | Piece::Aside(_) => {}
            Piece::Pause { millis, .. } => files.push(File::Breath(*millis)),
        }
    }
}

#[cfg(test)]
mod tests;
