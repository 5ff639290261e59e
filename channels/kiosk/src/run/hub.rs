//! What the tasks of the channel share: settings, the core, the words, and every terminal by its name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::signal::{Signal, TerminalsSeen};
use contract::{Timestamp, Verify};
use net::Drain;
use wording::Words;

use super::Ports;
use super::post::{Counted, Post};
use crate::config::{Settings, Terminal};
use crate::session::Patience;

/// Terminals that are known at once; matches of a pattern count one by one.
const MOST: usize = 20_000;

/// Signals are brought forward this often.
const TICK: Duration = Duration::from_secs(5);

/// What the tasks share.
pub(crate) struct Hub {
    pub(super) settings: Settings,
    pub(super) verify: Arc<dyn Verify>,
    pub(super) words: Arc<Words>,
    pub(super) tasks: Drain,
    posts: Mutex<BTreeMap<Arc<str>, Arc<Post>>>,
    /// Whoever is not registered and let in all the same.
    pub(super) anyone: Arc<Post>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    pub(super) fn new(settings: Settings, ports: Ports, tasks: Drain) -> Arc<Self> {
        let Ports { verify, words } = ports;
        let anyone = Arc::new(Post::new("anyone".into(), String::new(), time()));
        let hub = Self { settings, verify, words, tasks, posts: Mutex::default(), anyone };
        for terminal in &hub.settings.terminals {
            // A pattern stands for the terminals that fit it.
            if !super::tty::is_pattern(terminal) {
                hub.post(&terminal.name, terminal);
            }
        }
        Arc::new(hub)
    }

    fn posts(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Post>>> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A terminal by its name; `None` where there are too many.
    pub(super) fn post(&self, name: &Arc<str>, terminal: &Terminal) -> Option<Arc<Post>> {
        let mut posts = self.posts();
        if posts.len() >= MOST && !posts.contains_key(name) {
            return None;
        }
        let fresh = || Arc::new(Post::new(Arc::clone(name), terminal.mall.clone(), time()));
        Some(Arc::clone(posts.entry(Arc::clone(name)).or_insert_with(fresh)))
    }

    /// Who a terminal is that proved its name.
    pub(super) fn proved(&self, name: &str) -> Option<super::post::Who> {
        let terminal = self.settings.terminals.iter().find(|terminal| *terminal.name == *name)?;
        super::accept::of_terminal(self, terminal, &terminal.name)
    }

    /// Every terminal, by name.
    pub(super) fn all(&self) -> Vec<Arc<Post>> {
        self.posts().values().map(Arc::clone).collect()
    }

    pub(super) const fn patience(&self) -> Patience {
        Patience { wait_after: self.settings.wait_after, give_up_after: self.settings.give_up_after }
    }

    /// Whether nothing was heard of a terminal for too long.
    pub(super) fn is_silent(&self, post: &Post, now: Timestamp) -> bool {
        now.since(post.last_sign()) >= self.settings.silent_after
    }
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
        let mut events = Counted::default();
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
