//! One configured link while the channel runs: its pace, its receipts, its counts, its connections.
//!
//! Shared by the connections of the link. Does not dial and does not converse.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract::signal::{LinkLabel, LinkSeen};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::group::Group;
use crate::config::{LinkSettings, Way};
use crate::message::Link;
use crate::receipts::Receipts;
use crate::session::pace::Pace;
use crate::wire::BindKind;

macro_rules! counts {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// What happened on a link since the program came up.
        #[derive(Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$meta])* pub(crate) $name: AtomicU64,)*
        }

        /// [`Counts`] at one moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
        pub(crate) struct Counted {
            $($(#[$meta])* pub(crate) $name: u64,)*
        }

        impl Counted {
            /// Each by its name.
            pub(crate) fn events(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        impl Counts {
            pub(crate) fn now(&self) -> Counted {
                Counted { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }
    };
}

counts! {
    /// Texts and parts of texts that came.
    texts_in,
    /// Of these, retransmissions that got the reply of the first.
    repeated,
    /// Texts that get no answer: of machines, names, ourselves.
    silent,
    /// Texts answered as throttled: the carrier is to come again.
    throttled_in,
    /// PDUs that were not as they should be.
    deviations,
    /// Segments sent.
    segments_out,
    /// Segments sent again because no answer came: the handset may get a second copy.
    resent,
    /// Segments that the peer took.
    taken,
    /// Segments that the peer refused for good.
    refused,
    /// Segments that the peer asked to be sent later.
    put_off,
    /// Receipts that say "delivered".
    delivered,
    /// Receipts that say that it will never be.
    failed,
    /// Receipts that belong to no message of ours.
    unmatched,
    /// Connections that were bound.
    binds,
    /// Binds that were refused, by us or by the peer.
    refused_binds,
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A connection of a link.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Connected {
    /// The other end.
    pub(crate) peer: String,
    /// As what the ESME is bound.
    #[serde(serialize_with = "kind_name")]
    pub(crate) kind: BindKind,
}

fn kind_name<S: serde::Serializer>(kind: &BindKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// One link.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) settings: Arc<LinkSettings>,
    pub(crate) link: Link,
    pub(crate) group: Arc<Group>,
    pub(crate) counts: Counts,
    /// No binds and no messages while it is set.
    pub(crate) suspended: watch::Sender<bool>,
    /// Cancelled when the link is no longer configured so.
    pub(crate) over: CancellationToken,
    password: [u8; 32],
    pace: Mutex<Pace>,
    receipts: Mutex<Receipts>,
    connections: Mutex<BTreeMap<u64, Connected>>,
    called: Mutex<Option<Instant>>,
    label: LinkLabel,
}

impl Line {
    pub(crate) fn new(settings: Arc<LinkSettings>, group: Arc<Group>) -> Arc<Self> {
        let password = match &settings.way {
            Way::Account(account) => digest(&account.password.0),
            Way::Dial(dial) => dial.called_as.as_ref().map_or([0; 32], |(_, password)| digest(&password.0)),
        };
        Arc::new(Self {
            link: Link { name: Arc::clone(&settings.name), group: Arc::clone(&settings.group) },
            group,
            counts: Counts::default(),
            suspended: watch::Sender::new(false),
            over: CancellationToken::new(),
            password,
            pace: Mutex::new(Pace::new(settings.rate)),
            receipts: Mutex::new(Receipts::new(settings.ids)),
            connections: Mutex::default(),
            called: Mutex::default(),
            label: LinkLabel::of(&settings.name),
            settings,
        })
    }

    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn receipts(&self) -> MutexGuard<'_, Receipts> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connections(&self) -> MutexGuard<'_, BTreeMap<u64, Connected>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bound connection's place among at most so many; `false` where there is none left.
    pub(crate) fn connect(&self, conversation: u64, connected: Connected, most: usize) -> bool {
        let mut connections = self.connections();
        if connections.len() >= most {
            return false;
        }
        connections.insert(conversation, connected);
        true
    }

    /// Whether its peer may be called now; it is taken to be.
    pub(crate) fn may_call(&self, now: Instant, again: Duration) -> bool {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let may = called.is_none_or(|at| now.duration_since(at) >= again);
        if may {
            *called = Some(now);
        }
        may
    }

    /// What the metrics say of it.
    pub(crate) fn signal(&self) -> LinkSeen {
        let whole = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        LinkSeen {
            link: self.label,
            connections: whole(self.connections().len()),
            waiting: whole(self.group.waiting()),
            events: self.counts.now().events(),
        }
    }

    /// Whether a message may be sent now on any of its connections, by its pace.
    pub(crate) fn ready_at(&self, now: Instant) -> Option<Instant> {
        self.pace().ready_at(now)
    }
}

/// The line whose peer this is, by name and password (of an account, or of an SMSC that calls). All are compared, each by
/// hash and in constant time, a name that is not known like any other: how long it takes tells nothing.
pub(crate) fn known<'a>(
    lines: impl Iterator<Item = (&'a Arc<Line>, &'a str)>,
    system_id: &str,
    password: &str,
) -> Option<&'a Arc<Line>> {
    let (name, password) = (digest(system_id), digest(password));
    let mut found = None;
    for (line, known) in lines {
        let good = digest(known).ct_eq(&name) & line.password.ct_eq(&password);
        if bool::from(good) {
            found = Some(line);
        }
    }
    found
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
