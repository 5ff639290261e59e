//! `verigate codes …`: the catalogue, issuing numbers, and what happens to them.
//!
//! Owns the tree under `codes` and the listings; issuing is in `issue`, life events in `life`, what is known of a number in
//! `inspect`.

pub(super) mod inspect;
mod issue;
mod life;

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use contract::Life;
use serde_json::json;
use verigate::config::{Environment, ProcessEnvironment};
use verigate::control::{Link, Request, Response};
use verigate::index::{Batch, Product};

use self::inspect::{minute, numbers};
use super::{Shared, ask, json, other, unexpected};
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
        /// Print JSON.
        #[arg(long)]
        json: bool,
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
        /// Print JSON.
        #[arg(long)]
        json: bool,
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
            Self::Catalogue { file, author, json } => take_in(shared, file, author.name(), *json, out),
            Self::List { json } => list(shared, *json, out),
            Self::Issue(asked) => asked.run(shared, out),
            Self::Export(asked) => asked.run(shared, out),
            Self::Inspect { code, json: as_json } => {
                let (link, core, _) = shared.link()?;
                let Response::Inspected { known, .. } = ask(&link, Request::Inspect { code: code.clone() })? else {
                    return Err(unexpected());
                };
                if *as_json {
                    return json(out, &known);
                }
                inspect::write(out, &known, core.rules.zone(), inspect::Style::of_stdout())
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

/// Has the gateway take the file in, as one event.
fn take_in(shared: &Shared, file: &Path, by: String, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let whole = file.canonicalize().map_err(|error| {
        other(Exit::Data, anyhow::Error::new(error).context(format!("cannot read {}", file.display())))
    })?;
    let (link, ..) = shared.link()?;
    let Response::TakenIn { makers, products, sequence } = ask(&link, Request::Catalogue { file: whole, by })? else {
        return Err(unexpected());
    };
    if as_json {
        return json(out, &json!({ "makers": makers, "products": products, "sequence": sequence }));
    }
    Ok(writeln!(out, "taken in: {makers} makers, {products} products, recorded as event {sequence}")?)
}

fn list(shared: &Shared, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let (link, core, _) = shared.link()?;
    let products = products(&link)?;
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
    let mut of_product: HashMap<&str, Vec<&Batch>> = HashMap::new();
    for batch in &batches {
        of_product.entry(&batch.product).or_default().push(batch);
    }
    for product in &products {
        let layout = if product.layout.is_empty() { "numbers by import" } else { &product.layout };
        writeln!(out, "{}  {}  (maker {}, {layout})", product.id, product.name.zh_hans, product.maker)?;
        for batch in of_product.get(product.id.as_str()).into_iter().flatten() {
            let expiry = batch.expiry.map_or_else(String::new, |day| format!(", good until {day}"));
            let level = if batch.level > 1 { format!(", level {}", batch.level) } else { String::new() };
            let (id, numbers, at) = (batch.id, numbers(batch.count()), minute(batch.issued_at, core.rules.zone()));
            let lot = if batch.lot.is_empty() { String::new() } else { format!("lot {}, ", batch.lot) };
            let issued = batch
                .listed
                .map_or_else(|| format!("issued {at}"), |listed| format!("imported {at} with set {}", listed.set));
            writeln!(out, "  batch {id}: {lot}{numbers}{level}{expiry}, {issued}")?;
        }
    }
    for set in &sets {
        let unreadable = if set.readable { "" } else { ", CANNOT BE READ: see `verigate doctor`" };
        let life = if set.life.is_empty() { String::new() } else { format!(", {}", set.life.join(", ")) };
        writeln!(out, "set {}: {} from {}{life}{unreadable}", set.set, numbers(set.numbers), set.source)?;
    }
    Ok(())
}

/// Every product.
pub(super) fn products(link: &Link) -> Result<Vec<Product>, Failure> {
    let mut products: Vec<Product> = Vec::new();
    loop {
        let Response::Products { products: page, all, .. } = ask(link, Request::Products { skip: products.len() })?
        else {
            return Err(unexpected());
        };
        let is_last = page.is_empty() || products.len() + page.len() >= all;
        products.extend(page);
        if is_last {
            return Ok(products);
        }
    }
}
