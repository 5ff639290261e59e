//! `verigate codes …`: the catalogue, issuing numbers, and what happens to them.
//!
//! Owns the tree under `codes` and the listings; issuing is in `issue`, life events in `life`.

mod issue;
mod life;

use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use clap::Subcommand;
use contract::Life;
use serde_json::json;
use verigate::config::{Environment, ProcessEnvironment};
use verigate::control::{MOST_REQUEST, Request, Response};
use verigate::index::catalogue::source;
use verigate::index::{Batch, Maker, Product};
use verigate::ledger::writer::Order;

use super::{Shared, ask, json, other, ours, unexpected};
use crate::failure::{Exit, Failure};

/// Issue numbers, and record what happens to them.
#[derive(Debug, Subcommand)]
pub(crate) enum Codes {
    /// Take makers and products in from a TOML or CSV file; what is known by the same id is replaced.
    Catalogue {
        /// The file, `.toml` or `.csv`, in UTF-8.
        file: PathBuf,
        #[command(flatten)]
        author: Author,
    },
    /// List the products, batches and imported sets.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Issue a batch and write its numbers to a file for the printer.
    Issue(issue::Issue),
    /// Write a batch's numbers to a file again.
    Export(issue::Export),
    /// Tell everything that is known of a code; nothing is counted.
    Inspect {
        /// The code as printed, scanned or copied; quote it where it has spaces.
        code: String,
    },
    /// The maker releases units for sale.
    Activate(life::Happened),
    /// A place of retail sale received units.
    Ship(life::Happened),
    /// Units were sold.
    Sold(life::Happened),
    /// A sale was taken back: the same as `sold --lift`.
    Return(life::Happened),
    /// Recall units, and tell every shopper why.
    Recall(life::Happened),
    /// Take units off the market.
    Withdraw(life::Happened),
    /// Units were stolen.
    Steal(life::Happened),
    /// The numbers of units were copied or published.
    Compromise(life::Happened),
}

/// Who orders.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Author {
    /// Who orders, for the record; by default the name you are logged in by.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Author {
    /// The name, else the login name, else the user's number.
    pub(crate) fn name(&self) -> String {
        let login = || ["USER", "LOGNAME"].iter().find_map(|name| ProcessEnvironment.variable(name));
        let given = self.by.clone().or_else(login).filter(|name| !name.trim().is_empty());
        given.unwrap_or_else(|| {
            let uid = std::fs::metadata("/proc/self").map(|of| of.uid());
            uid.map_or_else(|_| "unknown".to_owned(), |uid| format!("uid {uid}"))
        })
    }
}

impl Codes {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Catalogue { file, author } => take_in(shared, file, &author.name(), out),
            Self::List { json } => list(shared, *json, out),
            Self::Issue(asked) => asked.run(shared, out),
            Self::Export(asked) => asked.run(shared, out),
            Self::Inspect { code } => {
                let (link, ..) = shared.link()?;
                let Response::Inspected { known, .. } = ask(&link, Request::Inspect { code: code.clone() })? else {
                    return Err(unexpected());
                };
                json(out, &known)
            }
            Self::Activate(asked) => asked.run(Life::Activated, false, shared, out),
            Self::Ship(asked) => asked.run(Life::Shipped, false, shared, out),
            Self::Sold(asked) => asked.run(Life::Sold, false, shared, out),
            Self::Return(asked) => asked.run(Life::Sold, true, shared, out),
            Self::Recall(asked) => asked.run(Life::Recalled, false, shared, out),
            Self::Withdraw(asked) => asked.run(Life::Withdrawn, false, shared, out),
            Self::Steal(asked) => asked.run(Life::Stolen, false, shared, out),
            Self::Compromise(asked) => asked.run(Life::Compromised, false, shared, out),
        }
    }
}

/// Orders the file's changes, in as few orders as requests have room for: makers before the products that name them.
fn take_in(shared: &Shared, file: &std::path::Path, by: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let change = source::read(file, by).map_err(|error| other(Exit::Data, error))?;
    let (link, ..) = shared.link()?;
    let order = |makers: Vec<Maker>, products: Vec<Product>| {
        let request = Request::Order(Order::Change { makers, products, by: by.to_owned() });
        if let Response::Done(_) = ask(&link, request)? { Ok(()) } else { Err(unexpected()) }
    };
    let (makers, products) = (change.makers.len(), change.products.len());
    let whole = serde_json::to_vec(&(&change.makers, &change.products)).map_err(ours)?.len();
    if whole < MOST_REQUEST / 2 {
        order(change.makers, change.products)?;
    } else {
        writeln!(out, "the file is long and is taken in in parts; where one is refused, those before it stay")?;
        for part in parts(&change.makers)? {
            order(part, Vec::new())?;
        }
        for part in parts(&change.products)? {
            order(Vec::new(), part)?;
        }
    }
    Ok(writeln!(out, "taken in: {makers} makers, {products} products")?)
}

/// The entries in parts of at most half a request's length, but for one that is longer alone.
fn parts<T: Clone + serde::Serialize>(entries: &[T]) -> Result<Vec<Vec<T>>, Failure> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut len = usize::MAX;
    for entry in entries {
        let more = serde_json::to_vec(entry).map_err(ours)?.len();
        len = len.saturating_add(more);
        match parts.last_mut() {
            Some(part) if len <= MOST_REQUEST / 2 => part.push(entry.clone()),
            Some(_) | None => {
                parts.push(vec![entry.clone()]);
                len = more;
            }
        }
    }
    Ok(parts)
}

fn list(shared: &Shared, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (link, ..) = shared.link()?;
    let mut products: Vec<Product> = Vec::new();
    loop {
        let Response::Products { products: page, all, .. } = ask(&link, Request::Products { skip: products.len() })?
        else {
            return Err(unexpected());
        };
        let is_last = page.is_empty() || products.len() + page.len() >= all;
        products.extend(page);
        if is_last {
            break;
        }
    }
    let mut batches: Vec<Batch> = Vec::new();
    loop {
        let Response::Batches { batches: page, all } = ask(&link, Request::Batches { skip: batches.len() })? else {
            return Err(unexpected());
        };
        let is_last = page.is_empty() || batches.len() + page.len() >= all;
        batches.extend(page);
        if is_last {
            break;
        }
    }
    let Response::Sets { sets, .. } = ask(&link, Request::Sets)? else { return Err(unexpected()) };
    if as_json {
        return json(out, &json!({ "products": products, "batches": batches, "sets": sets }));
    }
    if products.is_empty() {
        return Ok(writeln!(out, "no products yet: take some in with `verigate codes catalogue FILE`")?);
    }
    for product in &products {
        writeln!(
            out,
            "{}  {}  (maker {}, layout {})",
            product.id, product.name.zh_hans, product.maker, product.layout
        )?;
        for batch in batches.iter().filter(|batch| batch.product == product.id) {
            let expiry = batch.expiry.map_or_else(String::new, |day| format!(", good until {day}"));
            let level = if batch.level > 1 { format!(", level {}", batch.level) } else { String::new() };
            let (id, count, at) = (batch.id, batch.count(), batch.issued_at);
            let lot = if batch.lot.is_empty() { String::new() } else { format!("lot {}, ", batch.lot) };
            let issued = batch
                .listed
                .map_or_else(|| format!("issued {at}"), |listed| format!("imported {at} with set {}", listed.set));
            writeln!(out, "  batch {id}: {lot}{count} numbers{level}{expiry}, {issued}")?;
        }
    }
    for set in &sets {
        let unreadable = if set.readable { "" } else { ", CANNOT BE READ: see `verigate doctor`" };
        let life = if set.life.is_empty() { String::new() } else { format!(", {}", set.life.join(", ")) };
        writeln!(out, "set {}: {} numbers from {}{life}{unreadable}", set.set, set.numbers, set.source)?;
    }
    Ok(())
}
