//! The operator's way in: orders and questions for the gateway of a data folder, whether it runs or not.
//!
//! Owns the local socket of a running gateway ([`serve`]), its client ([`call`]), and [`Link`], which reaches the running
//! gateway or, where none runs, opens the folder for the time of a command. Words nothing and prints nothing. Knows no
//! user but the folder's owner: who may open the socket (mode 600) may order anything.
//!
//! On the socket each line is one JSON value: a [`Request`] in, a [`Response`] out, in order, any number of them.

mod client;
mod server;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};

use contract::reading::read_one;
use contract::{Answer, Refusal, Verify as _};
use serde::{Deserialize, Serialize};

use crate::index::catalogue::source;
use crate::index::sets::{Standing, hex};
use crate::index::{Batch, Maker, Product};
use crate::ledger::writer::{Order, OrderError, Outcome};
use crate::verify::{Gateway, Inspected, OpenError, Pruned};

pub use client::{Here, Link, ask, call};
pub use server::{Bound, bind, serve};

/// The longest request, in bytes with its line feed: 1 MiB, room for the 10,000 units that one order may name.
pub const MOST_REQUEST: usize = 1 << 20;
/// The longest response, in bytes: 64 MiB. A page of a listing has at most [`PAGE`] entries.
pub const MOST_RESPONSE: u64 = 64 << 20;
/// Entries on one page of a listing.
pub const PAGE: usize = 500;

/// What is asked of the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Carry out an order.
    Order(Order),
    /// Take the makers and products of a file in, all of them as one event.
    Catalogue {
        /// The file, by its whole path, for the gateway to read.
        file: PathBuf,
        /// Who orders.
        by: String,
    },
    /// Tell everything about a number, and what a shopper who asks for the first time would be told. Nothing counts.
    Inspect {
        /// The number, as printed, scanned or copied.
        code: String,
    },
    /// Tell how the gateway is.
    Status,
    /// One batch.
    Batch {
        /// Its number.
        batch: u64,
    },
    /// One product.
    Product {
        /// Its id.
        product: String,
    },
    /// A page of the makers and products.
    Products {
        /// How many products to pass over.
        skip: usize,
    },
    /// The imported sets that stand.
    Sets,
    /// A page of the batches.
    Batches {
        /// How many batches to pass over.
        skip: usize,
    },
    /// Reduce the oldest segment of the log that is due by the policy.
    Prune {
        /// Only say which segments are due.
        dry: bool,
        /// Who asks.
        by: String,
    },
    /// Something that a running channel knows or does.
    Channel {
        /// The channel.
        channel: String,
        /// What is asked, in the channel's own terms.
        ask: serde_json::Value,
    },
}

/// What answers [`Request::Channel`], by the channel's name. The program composes it; nothing here knows a channel.
pub type Channels =
    BTreeMap<&'static str, Arc<dyn Fn(serde_json::Value) -> Result<serde_json::Value, Failed> + Send + Sync>>;

/// What the gateway says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// The order was carried out; every later check sees it.
    Done(Outcome),
    /// A file was taken in.
    TakenIn {
        /// Makers in it.
        makers: usize,
        /// Products in it.
        products: usize,
        /// The event's sequence.
        sequence: u64,
    },
    /// All about a number.
    Inspected {
        /// All that is known of it.
        known: Box<Inspected>,
        /// What a shopper who asks for the first time would be told.
        answer: Box<Answer>,
    },
    /// How the gateway is.
    Status(Status),
    /// The batch; `None` where there is none of this number.
    Batch(Option<Box<Batch>>),
    /// The product; `None` where there is none of this id.
    Product(Option<Box<Product>>),
    /// Some of the products, in the order they came.
    Products {
        /// At most [`PAGE`].
        products: Vec<Product>,
        /// The makers of these.
        makers: Vec<Maker>,
        /// How many products there are in all.
        all: usize,
    },
    /// The imported sets that stand.
    Sets {
        /// In the order they came.
        sets: Vec<SetView>,
        /// The number of the last that was ever taken in; 0 before the first.
        last: u64,
    },
    /// Some of the batches, in the order they were issued.
    Batches {
        /// At most [`PAGE`].
        batches: Vec<Batch>,
        /// How many there are in all.
        all: usize,
    },
    /// What became of the segments that are due.
    Pruned(Pruned),
    /// What a channel says.
    Channel(serde_json::Value),
    /// It was not done.
    Failed(Failed),
}

/// An imported set as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetView {
    /// Its number.
    pub set: u64,
    /// The hash of its file, 64 hexadecimal digits.
    pub hash: String,
    /// How many numbers it holds.
    pub numbers: u64,
    /// The name of the list it came from.
    pub source: String,
    /// Who imported it.
    pub by: String,
    /// Its file can be read.
    pub readable: bool,
    /// What happened to it as a whole and stands.
    pub life: Vec<String>,
}

impl SetView {
    fn of(set: &Standing) -> Self {
        Self {
            set: set.set,
            hash: hex(&set.hash),
            numbers: set.rows,
            source: set.source.clone(),
            by: set.by.clone(),
            readable: set.file().is_some(),
            life: set.life.iter().filter(|(_, stamp)| !stamp.lifted).map(|(life, _)| life.name().to_owned()).collect(),
        }
    }
}

/// How a gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The process that has the folder.
    pub process: u32,
    /// New inquiries are answered.
    pub ready: bool,
    /// Inquiries that wait for the ledger's writer.
    pub waiting: usize,
    /// The last commit failed with this, and nothing has succeeded since.
    pub fault: Option<String>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// Of which kind.
    pub kind: Kind,
    /// Why, with its causes, for the operator.
    pub message: String,
}

/// Kinds of failures: whose it is to mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The request means nothing or is not permitted.
    Usage,
    /// It does not fit what is known.
    Data,
    /// Not now.
    Unavailable,
    /// Our fault.
    Ours,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why the gateway cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No gateway of this folder is running.
    #[error("no gateway is running on {}", folder.display())]
    NotRunning {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is taken and its socket is silent.
    #[error(
        "{} is in use by another verigate ({holder}) that does not answer on its socket: \
         it may be starting or stopping, or be another command; try again, or stop it",
        folder.display()
    )]
    Silent {
        /// The folder.
        folder: PathBuf,
        /// What the lock says of it.
        holder: String,
    },
    /// The folder cannot be opened.
    #[error(transparent)]
    Open(OpenError),
    /// The conversation broke off. What was ordered may have been done.
    #[error("the conversation with the gateway on {} broke off; what was ordered may have been done", socket.display())]
    Broken {
        /// The socket.
        socket: PathBuf,
        /// How.
        source: io::Error,
    },
    /// The request is longer than the gateway reads.
    #[error("the request has {got} bytes, expected at most {MOST_REQUEST}: order in several parts")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// The gateway and this program are of different versions.
    #[error("the gateway on {} speaks another version of the protocol: restart it with this program", socket.display())]
    Version {
        /// The socket.
        socket: PathBuf,
        /// What was not understood.
        source: serde_json::Error,
    },
    /// The socket cannot be made.
    #[error("cannot listen on {}; a shorter path of the data folder may help", socket.display())]
    Listen {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing can be waited for in this process.
    #[error("the runtime cannot be started")]
    Runtime(#[source] io::Error),
}

impl ControlError {
    /// Whose it is to mend.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotRunning { .. }
            | Self::Silent { .. }
            | Self::Broken { .. }
            | Self::Version { .. }
            | Self::Listen { .. } => Kind::Unavailable,
            Self::Open(error) => match error {
                OpenError::Folder(_) | OpenError::Thread(_) => Kind::Unavailable,
                OpenError::Secret(_) => Kind::Usage,
                OpenError::Log(_) | OpenError::Checkpoint(_) => Kind::Data,
            },
            Self::TooLong { .. } => Kind::Data,
            Self::Runtime(_) => Kind::Ours,
        }
    }
}

/// Does what is asked.
pub async fn answer(gateway: &Gateway, channels: &Channels, request: Request) -> Response {
    match request {
        Request::Order(order) => match gateway.order(order).await {
            Ok(outcome) => Response::Done(outcome),
            Err(error) => Response::Failed(Failed { kind: kind_of(&error), message: chain(&error) }),
        },
        Request::Catalogue { file, by } => take_in(gateway, file, by).await,
        Request::Inspect { code } => inspect(gateway, &code).await,
        Request::Status => {
            let health = gateway.health();
            Response::Status(Status {
                process: std::process::id(),
                ready: health.ready,
                waiting: health.waiting,
                fault: health.fault.map(str::to_owned),
            })
        }
        Request::Batch { batch } => {
            Response::Batch(gateway.catalogue().batch(batch).map(|batch| Box::new(Batch::clone(&batch))))
        }
        Request::Product { product } => {
            let known = gateway.catalogue().product(&product);
            Response::Product(known.map(|product| Box::new(Product::clone(&product))))
        }
        Request::Products { skip } => {
            let (page, makers, all) = gateway.catalogue().products_from(skip, PAGE);
            let products = page.iter().map(|one| Product::clone(one)).collect();
            Response::Products { products, makers: makers.iter().map(|maker| Maker::clone(maker)).collect(), all }
        }
        Request::Sets => {
            let sets = gateway.register().sets();
            let last = sets.last();
            Response::Sets { sets: sets.snapshot().sets.iter().map(|set| SetView::of(set)).collect(), last }
        }
        Request::Batches { skip } => {
            let (page, all) = gateway.catalogue().batches_from(skip, PAGE);
            Response::Batches { batches: page.iter().map(|batch| Batch::clone(batch)).collect(), all }
        }
        Request::Prune { dry, by } => match gateway.prune(&by, dry, 1).await {
            Ok(pruned) => Response::Pruned(pruned),
            Err(error) => Response::Failed(Failed { kind: Kind::Data, message: chain(&error) }),
        },
        Request::Channel { channel, ask } => match channels.get(channel.as_str()) {
            Some(channel) => channel(ask).map_or_else(Response::Failed, Response::Channel),
            None => Response::Failed(Failed {
                kind: Kind::Unavailable,
                message: format!("no gateway is running with the channel {channel}"),
            }),
        },
    }
}

/// All of a file or nothing of it.
async fn take_in(gateway: &Gateway, file: PathBuf, by: String) -> Response {
    let failed = |kind, message| Response::Failed(Failed { kind, message });
    let change = match tokio::task::spawn_blocking(move || source::read(&file, &by)).await {
        Ok(Ok(change)) => change,
        Ok(Err(error)) => return failed(Kind::Data, chain(&error)),
        Err(error) => return failed(Kind::Ours, chain(&error)),
    };
    let (makers, products) = (change.makers.len(), change.products.len());
    let order = Order::Change { makers: change.makers, products: change.products, by: change.by };
    match gateway.order(order).await {
        Ok(Outcome::Recorded { position } | Outcome::Issued { position, .. } | Outcome::Imported { position, .. }) => {
            Response::TakenIn { makers, products, sequence: position.sequence }
        }
        Ok(Outcome::Known { .. }) => failed(Kind::Ours, "a change of the catalogue came to an import".to_owned()),
        Err(error) => failed(kind_of(&error), chain(&error)),
    }
}

async fn inspect(gateway: &Gateway, code: &str) -> Response {
    let (inspected, answer) = match gateway.inspect(&read_one(code)).await {
        Ok(known) => known,
        Err(refusal) => return Response::Failed(Failed { kind: kind_of_refusal(&refusal), message: chain(&refusal) }),
    };
    Response::Inspected { known: Box::new(inspected), answer: Box::new(answer) }
}

const fn kind_of(error: &OrderError) -> Kind {
    match error {
        OrderError::Catalogue(_)
        | OrderError::Issue(_)
        | OrderError::Set(_)
        | OrderError::Nobody { .. }
        | OrderError::TooLong { .. } => Kind::Data,
        OrderError::HoldsNumber { .. } => Kind::Usage,
        OrderError::Refused(refusal) => kind_of_refusal(refusal),
    }
}

const fn kind_of_refusal(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::Overloaded | Refusal::Unavailable(_) => Kind::Unavailable,
        Refusal::Unauthorised(_) => Kind::Usage,
        Refusal::BadRequest(_) | Refusal::Conflict => Kind::Data,
        Refusal::Internal => Kind::Ours,
    }
}

/// An error with its causes in one line; one that only repeats its cause is said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
