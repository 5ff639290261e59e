//! The program put together: configuration, core, channels, signals. The one place that names the channels.
//!
//! Owns the root of the configuration file and the order of coming up and going down. Decides nothing about numbers.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

mod ivr;
mod kiosk;
pub(crate) mod names;
mod sip;
mod sms;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use channel_http::{Bound, HttpConfig, Ports};
use channel_kiosk::KioskConfig;
use channel_sms::SmsConfig;
use channel_voice::VoiceConfig;
use contract::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use verigate::code::layout::LayoutConfig;
use verigate::config::{CoreConfig, Data, Keys, Ledger, Log, ProcessEnvironment};
use verigate::control::{self, ControlError};
use verigate::ledger::folder::{Folder, FolderError};
use verigate::ledger::log::LogError;
use verigate::ledger::retention::Retention;
use verigate::ledger::writer::Clock;
use verigate::observe::Metrics;
use verigate::secret::{Secret, SecretError};
use verigate::verify::admit::Quotas;
use verigate::verify::decide::Rules;
use verigate::verify::{Gateway, OpenError, Settings};
use wording::Words;

pub(crate) use self::ivr::prompts;
pub(crate) use self::kiosk::NAME as KIOSK;
pub(crate) use self::sms::NAME as SMS;
use crate::failure::{Exit, Failure};

/// Measurements are folded into their buckets this often: until then each takes memory of its own.
const FOLDED_EVERY: Duration = Duration::from_secs(1);

/// What is too old is dropped so long after the start, and then every day.
const RETAINED_AFTER: Duration = Duration::from_secs(10 * 60);
const RETAINED_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The whole configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Root {
    /// Where everything is kept.
    pub(crate) data: Data,
    /// How the ledger writes.
    pub(crate) ledger: Ledger,
    /// Where the master key is.
    pub(crate) keys: Keys,
    /// What the program says of itself.
    pub(crate) log: Log,
    /// The thresholds of the verdicts.
    pub(crate) rules: Rules,
    /// How often an asker is answered.
    pub(crate) quotas: Quotas,
    /// How long what is kept of askers is kept.
    pub(crate) retention: Retention,
    /// The layouts of numbers; the network's own where none is given.
    pub(crate) layout: Option<Vec<LayoutConfig>>,
    /// The words.
    pub(crate) words: WordsConfig,
    /// The HTTP channel.
    pub(crate) http: HttpConfig,
    /// The SMS channel.
    pub(crate) sms: SmsConfig,
    /// The voice channel.
    pub(crate) voice: VoiceConfig,
    /// The kiosk channel.
    pub(crate) kiosk: KioskConfig,
}

/// `[words]`: what is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WordsConfig {
    /// A folder of the operator's own messages, `TAG/*.ftl`; each replaces the shipped one. Default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overrides: Option<PathBuf>,
}

impl Root {
    /// The core's part.
    pub(crate) fn core(&self) -> CoreConfig {
        let mut core = CoreConfig {
            data: self.data.clone(),
            ledger: self.ledger.clone(),
            keys: self.keys.clone(),
            log: self.log,
            rules: self.rules.clone(),
            quotas: self.quotas.clone(),
            retention: self.retention.clone(),
            ..CoreConfig::default()
        };
        if let Some(layout) = &self.layout {
            core.layout.clone_from(layout);
        }
        core
    }

    /// Where everything lies.
    pub(crate) fn folder(&self) -> Result<Folder, Failure> {
        Ok(self.core().folder(&ProcessEnvironment)?)
    }

    /// How the core works.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        self.core().settings().map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
    }

    /// The words, with the operator's own.
    pub(crate) fn words(&self) -> Result<Words, Failure> {
        Words::load(self.words.overrides.as_deref(), self.rules.zone().clone())
            .map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
    }

    /// Everything that can be checked without opening what it names.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.settings()?;
        self.words()?;
        sms::check(self)?;
        ivr::check(self)?;
        kiosk::check(self)?;
        sip::check(self)?;
        self.http.check().map(drop).map_err(|error| Failure::Other { exit: Exit::Usage, source: error.into() })
    }
}

/// The wall clock.
pub(crate) fn clock() -> Clock {
    Arc::new(now)
}

/// Now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Opens the core; a failure to do so has the exit code that fits.
pub(crate) fn open(folder: Folder, settings: Settings) -> Result<Arc<Gateway>, Failure> {
    Gateway::open(folder, settings, clock()).map(Arc::new).map_err(not_opened)
}

/// A folder that cannot be opened: in use is "unavailable", damaged is "bad data", a missing key is for the operator.
pub(crate) fn not_opened(error: OpenError) -> Failure {
    let exit = match &error {
        OpenError::Folder(FolderError::Held { .. }) => Exit::Unavailable,
        OpenError::Log(LogError::Damaged { .. } | LogError::Newer { .. } | LogError::Store { .. })
        | OpenError::Checkpoint(_) => Exit::Data,
        OpenError::Folder(FolderError::Io { .. }) | OpenError::Secret(_) => Exit::Usage,
        OpenError::Thread(_) => Exit::Ours,
    };
    let advice = match &error {
        OpenError::Secret(SecretError::Io { .. }) => "run `verigate init` for a new folder, or restore its keys",
        OpenError::Log(LogError::Store { .. }) => {
            "keep the folder as it is, run `verigate ledger verify`, and restore the last good backup if it finds damage"
        }
        OpenError::Secret(SecretError::Exposed { .. } | SecretError::Malformed { .. } | SecretError::NoRandomness)
        | OpenError::Folder(_)
        | OpenError::Log(LogError::Damaged { .. } | LogError::Newer { .. })
        | OpenError::Checkpoint(_)
        | OpenError::Thread(_) => "the gateway did not start",
    };
    Failure::Other { exit, source: anyhow::Error::new(error).context(advice) }
}

/// A runtime for everything that waits.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other { exit: Exit::Ours, source: error.into() })
}

/// Where the channels listen, once they are bound.
#[derive(Debug, Clone)]
pub(crate) struct Listening {
    /// The HTTP channel.
    pub(crate) http: SocketAddr,
    /// The servers of the SMS channel.
    pub(crate) smpp: Vec<SocketAddr>,
    /// The servers of the kiosk channel.
    pub(crate) kiosk: Vec<SocketAddr>,
    /// The pseudo terminals of the kiosk channel, by path.
    pub(crate) ptys: Vec<String>,
    /// Where calls come in by UDP and TCP.
    pub(crate) sip: Option<SocketAddr>,
}

/// Binds every channel, says so by `ready`, and serves until SIGTERM or SIGINT; then drains and closes the core. On
/// SIGHUP the links of the SMS channel and the terminals become those that `reread` tells of, and the HTTP channel shows the
/// certificate that is there now; what cannot be used changes nothing.
pub(crate) async fn serve(
    mut root: Root,
    reread: &dyn Fn() -> Result<Root, Failure>,
    gateway: Arc<Gateway>,
    ready: impl FnOnce(Listening) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let ours = |error: anyhow::Error| Failure::Other { exit: Exit::Ours, source: error };
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM").map_err(ours)?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT").map_err(ours)?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP").map_err(ours)?;
    let metrics = Metrics::start().map_err(|error| ours(error.into()))?;
    let words = Arc::new(root.words()?);
    let master = Secret::load(&gateway.folder().master()).map_err(|error| not_opened(error.into()))?;
    let bound = Bound::bind(root.http.clone())
        .await
        .map_err(|error| Failure::Other { exit: Exit::Unavailable, source: error.into() })?;
    let stopping = CancellationToken::new();
    let verify = Arc::clone(&gateway) as Arc<dyn contract::Verify>;
    let ports = channel_sms::Ports { verify: Arc::clone(&verify), words: Arc::clone(&words) };
    let texts = channel_sms::Bound::bind(sms::settings(&root)?, ports, stopping.clone())
        .await
        .map_err(|error| Failure::Other { exit: Exit::Unavailable, source: error.into() })?;
    let (operator, web) = (texts.operator(), bound.operator());
    let kiosks = kiosk::bind(&mut root, &verify, &words, &stopping).await?;
    let line = ivr::line(&root, &verify, &words, gateway.folder())?;
    let calls = sip::bind(&root, &line, &stopping).await?;
    let sip = calls.as_ref().map(channel_voice::run::sip::Bound::address);
    let (http, smpp) = (bound.address(), texts.addresses());
    let listening = Listening { http, smpp, sip, kiosk: kiosks.addresses(), ptys: kiosks.ptys() };
    let platforms = ivr::bind(&root, &line, &stopping).await?;
    let tasks = TaskTracker::new();
    if root.voice.speak_names && (calls.is_some() || platforms.are_any()) {
        tasks.spawn(names::follow(Arc::clone(&gateway), stopping.clone()));
    }
    let page = metrics.clone();
    let ports = Ports {
        verify,
        words,
        metrics: Arc::new(move || page.render()),
        page_key: *master.derive("verigate page 1", b"").expose(),
        mounts: platforms.mounts(),
    };
    let http = tasks.spawn(bound.serve(ports, stopping.clone()));
    let texts = tasks.spawn(texts.serve());
    let platforms = tasks.spawn(platforms.serve());
    let calls = calls.map(|calls| tasks.spawn(calls.serve()));
    let mut section = sms::section(operator.clone());
    let terminals = kiosks.operator();
    kiosk::section(terminals.clone(), &mut section);
    let kiosks = tasks.spawn(kiosks.serve());
    let control = tasks.spawn(operated(&gateway, section, stopping.clone()));
    let (reading, sets) = (stopping.clone(), gateway.register().sets().snapshot());
    // Reads every byte of the imported sets once: what is damaged is found before anybody asks for it.
    tasks.spawn_blocking(move || sets.verify(&mut || !reading.is_cancelled()));
    let folding = stopping.clone();
    tasks.spawn(async move {
        while folding.run_until_cancelled(tokio::time::sleep(FOLDED_EVERY)).await.is_some() {
            metrics.fold();
        }
    });
    tasks.spawn(retain(Arc::clone(&gateway), stopping.clone()));
    tracing::info!(http = %listening.http, smpp = ?listening.smpp, sip = ?listening.sip, kiosk = ?listening.kiosk, "ready");
    ready(listening)?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => reload(reread, &operator, &terminals, &web),
        }
    }
    tracing::info!("stopping");
    stopping.cancel();
    tasks.close();
    match http.await {
        Ok(0) => {}
        Ok(cut) => tracing::warn!(cut, "requests were cut at the end of the drain"),
        Err(error) => tracing::error!(cause = %error, "the http channel ended badly"),
    }
    ended("sms", texts.await);
    ended("calls of platforms", platforms.await.map(Ok::<_, std::convert::Infallible>));
    sip::ended(calls).await;
    ended("kiosk", kiosks.await.map(Ok::<_, std::convert::Infallible>));
    ended("control", control.await);
    tasks.wait().await;
    // Closing joins the ledger's threads: not on an async worker.
    tokio::task::spawn_blocking(move || gateway.close()).await.map_err(|error| ours(error.into()))
}

/// Hears commands: from now on, for who waits for `ready` may give one next.
fn operated(
    gateway: &Arc<Gateway>,
    channels: control::Channels,
    stopping: CancellationToken,
) -> impl Future<Output = Result<(), ControlError>> + Send + use<> {
    let bound = control::bind(gateway);
    if let Err(error) = &bound {
        tracing::error!(cause = %error, "commands cannot reach this gateway");
    }
    let gateway = Arc::clone(gateway);
    async move {
        bound?.serve(gateway, channels, stopping.cancelled_owned()).await;
        Ok(())
    }
}

/// Once a day: keys that have served their time are destroyed, segments that are too old are reduced.
async fn retain(gateway: Arc<Gateway>, stopping: CancellationToken) {
    let mut wait = RETAINED_AFTER;
    while stopping.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        wait = RETAINED_EVERY;
        if let Err(error) = gateway.tidy_keys().await {
            tracing::error!(cause = %error, "keys could not be tidied");
        }
        while !stopping.is_cancelled() {
            match gateway.prune("policy", false, 1).await {
                Ok(pruned) if pruned.left > 0 => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(cause = %format!("{:#}", anyhow::Error::new(error)), "the log could not be pruned");
                    break;
                }
            }
        }
    }
}

/// Tells of a part of the program that did not end well.
fn ended<T>(part: &'static str, joined: Result<Result<T, impl std::fmt::Display>, tokio::task::JoinError>) {
    match joined {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(part, cause = %error, "a part of the program ended badly"),
        Err(error) => tracing::error!(part, cause = %error, "a part of the program ended badly"),
    }
}

fn reload(
    reread: &dyn Fn() -> Result<Root, Failure>,
    texts: &channel_sms::Operator,
    terminals: &channel_kiosk::Operator,
    web: &channel_http::Operator,
) {
    let anew = || -> anyhow::Result<()> {
        let root = reread()?;
        let settings = sms::settings(&root)?;
        let kiosks = terminals.prepare(kiosk::settings(&root)?)?;
        let prepared = web.prepare(&root.http)?;
        texts.reload(settings)?;
        kiosks.apply();
        prepared.apply();
        Ok(())
    };
    match anew() {
        Ok(()) => tracing::info!("the configuration was read again"),
        Err(error) => tracing::error!(cause = %format!("{error:#}"), "the configuration stays as it was"),
    }
}
