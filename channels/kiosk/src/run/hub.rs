//! What the tasks of the channel share: settings, the core, the words, and every terminal by its name.
//!
//! Settings may become others while it runs. A terminal that stays as it is notices nothing. One that is changed or gone has
//! its stop cancelled: its line ends once nothing of it is under way, and only then is it opened as it is now. Where
//! terminals dial in stays as it was bound.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::signal::{Signal, TerminalsSeen};
use contract::{Timestamp, Verify};
use net::Drain;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wording::Words;

use super::Ports;
use super::post::{Counted, Post, Who};
use crate::config::{Settings, Terminal, Way};
use crate::session::Patience;
use crate::session::framed::Key;

/// Terminals that are known at once; matches of a pattern count one by one.
const MOST: usize = 20_000;

/// Signals are brought forward this often.
const TICK: Duration = Duration::from_secs(5);

/// What the tasks share.
pub(crate) struct Hub {
    settings: RwLock<Arc<Settings>>,
    pub(super) verify: Arc<dyn Verify>,
    pub(super) words: Arc<Words>,
    pub(super) tasks: Drain,
    posts: Mutex<BTreeMap<Arc<str>, Arc<Post>>>,
    served: Mutex<BTreeMap<Arc<str>, Served>>,
    /// What happened at terminals that are no more.
    gone: Mutex<Counted>,
    /// Whoever is not registered and let in all the same.
    pub(super) anyone: Arc<Post>,
}

/// A terminal of the settings.
struct Served {
    terminal: Arc<Terminal>,
    key: Option<Key>,
    stop: CancellationToken,
    /// What keeps its line, where we open that.
    line: Option<JoinHandle<Option<()>>>,
}

impl Served {
    fn new(settings: &Settings, terminal: &Arc<Terminal>, stopping: &CancellationToken) -> Self {
        let key = settings.keys.get(&terminal.name).map(|(key, _)| key.clone());
        Self { terminal: Arc::clone(terminal), key, stop: stopping.child_token(), line: None }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    pub(super) fn new(settings: Settings, ports: Ports, tasks: Drain) -> Arc<Self> {
        let Ports { verify, words } = ports;
        let anyone = Arc::new(Post::new("anyone".into(), time()));
        let served = settings.terminals.iter().map(|terminal| Served::new(&settings, terminal, tasks.stopping()));
        let served = served.map(|served| (Arc::clone(&served.terminal.name), served)).collect();
        let hub = Self {
            settings: RwLock::new(Arc::new(settings)),
            verify,
            words,
            tasks,
            posts: Mutex::default(),
            served: Mutex::new(served),
            gone: Mutex::default(),
            anyone,
        };
        hub.name_all();
        Arc::new(hub)
    }

    /// The settings of this moment.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn name_all(&self) {
        for terminal in &self.settings().terminals {
            // A pattern stands for the terminals that fit it.
            if !super::tty::is_pattern(terminal) {
                self.post(&terminal.name, terminal);
            }
        }
    }

    /// A terminal by its name; `None` where there are too many.
    pub(super) fn post(&self, name: &Arc<str>, terminal: &Arc<Terminal>) -> Option<Arc<Post>> {
        let mut posts = lock(&self.posts);
        if posts.len() >= MOST && !posts.contains_key(name) {
            return None;
        }
        let fresh = || Arc::new(Post::new(Arc::clone(name), time()));
        let post = Arc::clone(posts.entry(Arc::clone(name)).or_insert_with(fresh));
        post.is(terminal);
        Some(post)
    }

    /// Who a terminal is that proved its name.
    pub(super) fn proved(&self, name: &str) -> Option<Who> {
        let settings = self.settings();
        let terminal = settings.terminals.iter().find(|terminal| *terminal.name == *name)?;
        super::accept::of_terminal(self, terminal, &terminal.name)
    }

    /// Every terminal, by name.
    pub(super) fn all(&self) -> Vec<Arc<Post>> {
        lock(&self.posts).values().map(Arc::clone).collect()
    }

    pub(super) fn patience(&self) -> Patience {
        let settings = self.settings();
        Patience { wait_after: settings.wait_after, give_up_after: settings.give_up_after }
    }

    /// Whether nothing was heard of a terminal for too long.
    pub(super) fn is_silent(&self, post: &Post, now: Timestamp) -> bool {
        now.since(post.last_sign()) >= self.settings().silent_after
    }

    /// What tells that a terminal is no longer served as it is; `None` where that is so already.
    pub(super) fn stop_of(&self, terminal: &Terminal) -> Option<CancellationToken> {
        let served = lock(&self.served);
        served.get(&terminal.name).filter(|served| *served.terminal == *terminal).map(|served| served.stop.clone())
    }

    /// Opens every line that is ours to open.
    pub(super) fn start_all(self: &Arc<Self>) {
        for terminal in &self.settings().terminals {
            self.start(terminal, None);
        }
    }

    /// Keeps a terminal's line, once what kept it before is over.
    fn start(self: &Arc<Self>, terminal: &Arc<Terminal>, before: Option<JoinHandle<Option<()>>>) {
        let (hub, kept) = (Arc::clone(self), Arc::clone(terminal));
        let over = async move {
            if let Some(before) = before {
                drop(before.await);
            }
        };
        let line = match &terminal.way {
            Way::Tty { .. } => self.tasks.spawn(async move {
                over.await;
                super::tty::watch(hub, kept).await;
            }),
            Way::Dial { .. } => self.tasks.spawn(async move {
                over.await;
                super::dial::keep(hub, kept).await;
            }),
            Way::Pty | Way::Registers(_) | Way::From(_) | Way::Proves => return,
        };
        if let Some(served) = lock(&self.served).get_mut(&terminal.name) {
            served.line = Some(line);
        }
    }

    /// Serves by other settings from now on.
    pub(super) fn reload(self: &Arc<Self>, mut settings: Settings) {
        let before = self.settings();
        if !same_places(&before, &settings) {
            tracing::warn!("where terminals dial in has changed in the configuration: that needs a restart");
            settings.servers.clone_from(&before.servers);
        }
        let mut fresh = Vec::new();
        {
            let mut served = lock(&self.served);
            let mut old = std::mem::take(&mut *served);
            for terminal in &settings.terminals {
                let now = Served::new(&settings, terminal, self.tasks.stopping());
                let kept = match old.remove(&terminal.name) {
                    Some(was) if was.terminal == now.terminal && was.key == now.key => was,
                    was => {
                        let line = was.and_then(|was| self.leave(was, Some(&now.terminal)));
                        fresh.push((Arc::clone(terminal), line));
                        now
                    }
                };
                served.insert(Arc::clone(&terminal.name), kept);
            }
            for (_, was) in old {
                drop(self.leave(was, None));
            }
            *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        }
        self.name_all();
        for (terminal, line) in fresh {
            self.start(&terminal, line);
        }
    }

    /// A terminal is no longer served as it was; it may be known still by the same name.
    fn leave(&self, was: Served, now: Option<&Terminal>) -> Option<JoinHandle<Option<()>>> {
        was.stop.cancel();
        let is_one = |terminal: &Terminal| !super::tty::is_pattern(terminal);
        let stays = now.is_some_and(|now| is_one(now) && is_one(&was.terminal));
        let (name, of_pattern) = (&was.terminal.name, format!("{}/", was.terminal.name));
        let mut gone = lock(&self.gone);
        lock(&self.posts).retain(|known, post| {
            let goes = (known == name && !stays) || known.starts_with(&of_pattern);
            if goes {
                gone.add(&post.counts.now());
            }
            !goes
        });
        was.line
    }
}

/// Whether both let terminals in at the same places, whoever they are.
fn same_places(one: &Settings, other: &Settings) -> bool {
    let place = |server: &crate::config::Server| (server.listen, server.tls.clone(), server.connections);
    one.servers.iter().map(place).eq(other.servers.iter().map(place))
}

/// Now, by the wall clock.
pub(super) fn time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Brings the signals forward until the gateway stops.
pub(super) async fn tick(hub: Arc<Hub>) {
    let stopping = hub.tasks.stopping().clone();
    while stopping.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
        let now = time();
        let posts = hub.all();
        let count = |holds: &dyn Fn(&Post) -> bool| {
            u32::try_from(posts.iter().filter(|post| holds(post)).count()).unwrap_or(u32::MAX)
        };
        let mut events = *lock(&hub.gone);
        for post in posts.iter().chain([&hub.anyone]) {
            events.add(&post.counts.now());
        }
        TerminalsSeen {
            connected: count(&Post::is_up),
            silent: count(&|post| hub.is_silent(post, now)),
            events: events.events(),
        }
        .emit();
    }
}
