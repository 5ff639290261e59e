//! What happens to units: activated, shipped, sold, recalled and the rest.

use std::io::Write;

use contract::{Life, Timestamp};
use verigate::control::{Request, Response};
use verigate::index::catalogue::Selector;
use verigate::ledger::writer::{Order, Outcome};

use super::Author;
use crate::command::{Shared, ask, json, unexpected};
use crate::failure::Failure;

/// Which units, and what is said of the event.
#[derive(Debug, clap::Args)]
pub(crate) struct Happened {
    #[command(flatten)]
    which: Which,
    /// The event is lifted, not set: a recall ends, a sale was a mistake.
    #[arg(long)]
    lift: bool,
    /// When it happened, as 2026-11-23T09:30:00+08:00; by default now.
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    /// The city it happened in.
    #[arg(long)]
    city: Option<String>,
    /// Why; shoppers are told why goods were recalled.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    author: Author,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which units.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Single units, by their numbers.
    #[arg(long, num_args = 1.., value_name = "NUMBER")]
    unit: Vec<String>,
    /// All units of one batch from one number to another, both included.
    #[arg(long, num_args = 2, value_names = ["FIRST", "LAST"])]
    range: Vec<String>,
    /// A batch, by its number.
    #[arg(long, value_name = "N")]
    batch: Option<u64>,
    /// A product, by its id.
    #[arg(long, value_name = "ID")]
    product: Option<String>,
}

impl Which {
    fn selector(&self) -> Selector {
        if let Some(batch) = self.batch {
            Selector::Batch { batch }
        } else if let Some(product) = &self.product {
            Selector::Product { product: product.clone() }
        } else if let [first, last] = self.range.as_slice() {
            Selector::Range { first: first.clone(), last: last.clone() }
        } else {
            Selector::Units { numbers: self.unit.clone() }
        }
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map(Timestamp::from_jiff).map_err(|error| format!("{error}; expected a time like 2026-11-23T09:30:00+08:00"))
}

impl Happened {
    /// Orders it; `lifts` turns the meaning of the command round (a return).
    pub(crate) fn run(&self, life: Life, lifts: bool, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let lifted = self.lift != lifts;
        let (link, ..) = shared.link()?;
        let order = Order::Live {
            target: self.which.selector(),
            life,
            lifted,
            at: self.at,
            by: self.author.name(),
            city: self.city.clone(),
            reason: self.reason.clone(),
        };
        let Response::Done(Outcome::Recorded { position }) = ask(&link, Request::Order(order))? else {
            return Err(unexpected());
        };
        if self.json {
            let sequence = position.sequence;
            return json(out, &serde_json::json!({ "event": life.name(), "lifted": lifted, "sequence": sequence }));
        }
        let lifted = if lifted { " lifted" } else { "" };
        Ok(writeln!(
            out,
            "{}{lifted}, recorded as event {}; every check from now on sees it",
            life.name(),
            position.sequence
        )?)
    }
}
