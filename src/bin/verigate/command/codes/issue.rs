//! Issuing a batch, and its numbers as a file.
//!
//! Numbers are made here from the master key, not sent over the socket: who may read the key may have them.

use std::io::Write;
use std::path::{Path, PathBuf};

use contract::{Day, Life};
use verigate::code::Codes;
use verigate::code::issue::{Manifest, WriteError, write_numbers};
use verigate::code::layout::Layouts;
use verigate::config::CoreConfig;
use verigate::control::{Link, Request, Response};
use verigate::index::catalogue::{BatchOrder, Catalogue, Selector};
use verigate::index::{Batch, Concealment};
use verigate::ledger::folder::Folder;
use verigate::ledger::writer::{Order, Outcome};
use verigate::secret::Secret;

use super::Author;
use crate::command::{Shared, ask, json, ledger, other, unexpected};
use crate::failure::{Exit, Failure};

/// Issue a batch and write its numbers to a file for the printer.
#[derive(Debug, clap::Args)]
pub(crate) struct Issue {
    /// The product's id.
    #[arg(long)]
    product: String,
    /// How many numbers.
    #[arg(long)]
    count: u64,
    /// The lot as printed on the pack.
    #[arg(long)]
    lot: String,
    /// Packaging level: 1 the unit that is sold, 2 to 4 boxes of it.
    #[arg(long, default_value_t = 1)]
    level: u8,
    /// How many of the level below one number holds; 1 at level 1.
    #[arg(long, default_value_t = 1)]
    holds: u32,
    /// The batch of boxes that these are packed into.
    #[arg(long, value_name = "BATCH")]
    parent: Option<u64>,
    /// The day it was made, as 2026-11-23.
    #[arg(long, value_name = "DAY")]
    made: Option<Day>,
    /// The last day it is good; by default the product's shelf life after the day it was made.
    #[arg(long, value_name = "DAY")]
    expiry: Option<Day>,
    /// The first day of sale.
    #[arg(long, value_name = "DAY")]
    on_sale_from: Option<Day>,
    /// The numbers lie under a coating; by default as the product's do.
    #[arg(long, conflicts_with = "printed")]
    hidden: bool,
    /// The numbers are printed openly; by default as the product's are.
    #[arg(long)]
    printed: bool,
    #[command(flatten)]
    file: List,
    #[command(flatten)]
    author: Author,
}

/// Write a batch's numbers to a file again.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The batch's number.
    batch: u64,
    #[command(flatten)]
    file: List,
    #[command(flatten)]
    author: Author,
}

/// The file of numbers.
#[derive(Debug, clap::Args)]
struct List {
    /// The file to write, which must be new; a manifest goes beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt the file to this age public key.
    #[arg(long, value_name = "age1…")]
    recipient: Option<String>,
    /// How each number is written: alone, as the element string (01)GTIN(21)number, or as a GS1 Digital Link under
    /// `--site`; the last two need a product with a GTIN.
    #[arg(long, value_enum, default_value = "number")]
    form: Form,
    /// The beginning of the links, as https://id.example.com.
    #[arg(long, value_name = "URL", required_if_eq("form", "link"))]
    site: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a number is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Its digits.
    Number,
    /// `(01)GTIN(21)number`, as label programs take it.
    Element,
    /// `URL/01/GTIN/21/number`, as a QR code carries it.
    Link,
}

impl Issue {
    /// Issues, writes, and prints the manifest.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        // Before anything is ordered: a batch that is issued cannot be taken back.
        self.file.check()?;
        let (link, core, folder) = shared.link()?;
        let gtin = self.file.gtin(&link, &self.product)?;
        let by = self.author.name();
        let concealment = match (self.hidden, self.printed) {
            (true, _) => Some(Concealment::Hidden),
            (false, true) => Some(Concealment::Printed),
            (false, false) => None,
        };
        let order = BatchOrder {
            product: self.product.clone(),
            count: self.count,
            lot: self.lot.clone(),
            level: self.level,
            holds: self.holds,
            parent: self.parent,
            made: self.made,
            expiry: self.expiry,
            on_sale_from: self.on_sale_from,
            concealment,
            by: by.clone(),
        };
        let Response::Done(Outcome::Issued { batch, .. }) =
            ask(&link, Request::Order(Order::Issue { order, at: None }))?
        else {
            return Err(unexpected());
        };
        let manifest = self.file.write((&core, &folder), &batch, gtin.as_deref()).map_err(|failure| {
            let again = format!("batch {} is issued; write its numbers with `verigate codes export {0}`", batch.id);
            other(failure.exit(), anyhow::anyhow!("{failure}; {again}"))
        })?;
        handed_out(&link, batch.id, by)?;
        self.file.tell(&manifest, out)
    }
}

impl Export {
    /// Writes, and prints the manifest.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        self.file.check()?;
        let (link, core, folder) = shared.link()?;
        let Response::Batch(batch) = ask(&link, Request::Batch { batch: self.batch })? else {
            return Err(unexpected());
        };
        let none = || other(Exit::Data, anyhow::anyhow!("there is no batch {}; see `verigate codes list`", self.batch));
        let batch = batch.ok_or_else(none)?;
        let gtin = self.file.gtin(&link, &batch.product)?;
        let manifest = self.file.write((&core, &folder), &batch, gtin.as_deref())?;
        handed_out(&link, self.batch, self.author.name())?;
        self.file.tell(&manifest, out)
    }
}

/// That valid numbers left the gateway is recorded.
fn handed_out(link: &Link, batch: u64, by: String) -> Result<(), Failure> {
    let target = Selector::Batch { batch };
    let (life, lifted) = (Life::Printed, false);
    let order = Order::Live { target, life, lifted, at: None, by, city: None, reason: None };
    ask(link, Request::Order(order)).map(drop)
}

impl List {
    fn check(&self) -> Result<(), Failure> {
        let folder =
            self.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        if !folder.is_dir() {
            return Err(other(Exit::Usage, anyhow::anyhow!("there is no folder {}: make it first", folder.display())));
        }
        if self.out.exists() {
            return Err(failed(WriteError::Exists { path: self.out.clone() }));
        }
        if self.form == Form::Link && !self.site.as_deref().is_some_and(is_site) {
            let expected = "--site is no web address; expected one like https://id.example.com";
            return Err(other(Exit::Usage, anyhow::anyhow!(expected)));
        }
        match &self.recipient {
            Some(recipient) if !recipient.trim().starts_with("age1") => {
                Err(failed(WriteError::Recipient { reason: "another beginning" }))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The product's GTIN, where the numbers are to stand under it.
    fn gtin(&self, link: &Link, product: &str) -> Result<Option<String>, Failure> {
        if self.form == Form::Number {
            return Ok(None);
        }
        let Response::Product(known) = ask(link, Request::Product { product: product.to_owned() })? else {
            return Err(unexpected());
        };
        let known = known.ok_or_else(|| other(Exit::Data, anyhow::anyhow!("there is no product {product}")))?;
        let none =
            || anyhow::anyhow!("product {product} has no GTIN to put its numbers under: add one to the catalogue");
        known.gtin.map(Some).ok_or_else(|| other(Exit::Data, none()))
    }

    /// A number as it stands in the file.
    fn written(&self, number: String, gtin: Option<&str>) -> String {
        let site = self.site.as_deref().unwrap_or_default().trim_end_matches('/');
        match (self.form, gtin) {
            (Form::Number, _) | (_, None) => number,
            (Form::Element, Some(gtin)) => format!("(01){gtin}(21){number}"),
            (Form::Link, Some(gtin)) => format!("{site}/01/{gtin}/21/{number}"),
        }
    }

    /// Says what was handed over, and what comes next.
    fn tell(&self, manifest: &Manifest, out: &mut dyn Write) -> Result<(), Failure> {
        if self.json {
            return json(out, manifest);
        }
        let Manifest { batch, product, lot, count, sha256, encrypted, .. } = manifest;
        let file = self.out.display();
        let sealed = if *encrypted { ", encrypted" } else { "" };
        writeln!(out, "batch {batch}: {count} numbers of {product}, lot {lot}")?;
        writeln!(out, "  file      {file} (for its owner's eyes alone{sealed})")?;
        writeln!(out, "  manifest  {file}.manifest.json")?;
        writeln!(out, "  sha256    {sha256}")?;
        Ok(writeln!(out, "  next      verigate codes activate --batch {batch}, once they are on the goods")?)
    }

    fn write(
        &self,
        (core, folder): (&CoreConfig, &Folder),
        batch: &Batch,
        gtin: Option<&str>,
    ) -> Result<Manifest, Failure> {
        let layouts = Layouts::new(core.layout.clone()).map_err(|error| other(Exit::Usage, error))?;
        let master = Secret::load(&folder.master()).map_err(|error| other(Exit::Usage, error))?;
        let catalogue = Catalogue::new(Codes::new(layouts, master));
        let bar = ledger::bar();
        bar.set_length(batch.count());
        let numbers = catalogue.numbers(batch, 0).map(|number| self.written(number, gtin));
        let written = write_numbers(numbers, batch, &self.out, self.recipient.as_deref(), &mut |count| {
            bar.set_position(count);
        });
        bar.finish_and_clear();
        written.map_err(failed)
    }
}

fn is_site(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"<>".contains(&byte))
    })
}

fn failed(error: WriteError) -> Failure {
    let exit = match error {
        WriteError::Exists { .. } | WriteError::NoName { .. } | WriteError::Recipient { .. } => Exit::Usage,
        WriteError::Count { .. } | WriteError::Encrypt(_) => Exit::Ours,
        WriteError::Io { .. } => Exit::Unavailable,
    };
    other(exit, error)
}
