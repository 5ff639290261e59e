//! The section `[sms]` of the configuration: servers, accounts and links.
//!
//! Owns what is written in the file and the checks over it. Reads no file and opens no socket; passwords are fetched by
//! the program through [`Secrets`].

mod check;
mod raw;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use net::{Limits, Range, TlsClient, TlsFiles};

pub use self::check::ConfigError;
pub use self::raw::{
    AccountConfig, BindAs, CallConfig, CalledConfig, IdForm, KeywordConfig, LimitsConfig, LinkConfig, PasswordPlace,
    ServerConfig, SmsConfig, Version,
};
use crate::message::Receipting;
use crate::reading;
use crate::session::Limits as SessionLimits;
use crate::text;
use crate::wire::pdu::Secret;
use crate::wire::{Bind, BindKind};

/// Fetches a password; the error is the operator's to mend.
pub type Secrets<'a> = &'a dyn Fn(&PasswordPlace) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

/// The section, checked and with its passwords.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where carriers and aggregators bind to us.
    pub servers: Vec<Server>,
    /// Every link, by either of the two ways.
    pub links: Vec<Arc<LinkSettings>>,
    /// A reply that is not with the carrier after so long is not sent.
    pub valid_for: Duration,
    /// For so long the same text from the same number is a retransmission.
    pub same_for: Duration,
    /// Replies that may wait for the carriers.
    pub owed: usize,
    /// How texts are read; the country is the link's.
    pub reading: reading::Settings,
    /// From one text of our own to the next; `None` for none.
    pub probe: Option<Duration>,
}

/// A place to listen at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The address.
    pub listen: SocketAddr,
    /// By TLS.
    pub tls: Option<TlsFiles>,
    /// Limits on connections.
    pub connections: Limits,
}

/// One link.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkSettings {
    /// Its name.
    pub name: Arc<str>,
    /// The links that reach the same subscribers.
    pub group: Arc<str>,
    /// Who dials.
    pub way: Way,
    /// The country calling code of numbers in national form; empty for none.
    pub country: String,
    /// How texts are written.
    pub text: text::Settings,
    /// Which receipts are asked for.
    pub receipts: Receipting,
    /// How the carrier writes ids in receipts.
    pub ids: IdForm,
    /// Windows and time-outs of each of its connections.
    pub limits: SessionLimits,
    /// Messages per second, all its connections together.
    pub rate: Option<u32>,
}

/// How a link comes about.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    /// We dial and bind.
    Dial(Box<Dial>),
    /// The peer dials and binds.
    Account(Box<Account>),
}

/// What we dial and how we bind.
#[derive(Debug, Clone, PartialEq)]
pub struct Dial {
    /// Host and port, in the order of preference.
    pub addresses: Vec<String>,
    /// The binds to hold at once.
    pub kinds: Vec<BindKind>,
    /// What a bind says.
    pub bind: Bind,
    /// By TLS.
    pub tls: Option<TlsClient>,
    /// The SMSC calls us for this link, under this name and password.
    pub called_as: Option<(String, Secret)>,
}

/// Who may bind to us.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The name.
    pub system_id: String,
    /// The password.
    pub password: Secret,
    /// From where; empty for anywhere.
    pub from: Vec<Range>,
    /// Binds at once.
    pub binds: usize,
    /// Where to call it when replies wait and it is not bound, and what to say.
    pub call: Option<(String, String, Secret)>,
}

impl LinkSettings {
    /// What dials, where we do.
    #[must_use]
    pub fn dial(&self) -> Option<&Dial> {
        match &self.way {
            Way::Dial(dial) => Some(dial),
            Way::Account(_) => None,
        }
    }

    /// Who binds, where the peer does.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match &self.way {
            Way::Account(account) => Some(account),
            Way::Dial(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
