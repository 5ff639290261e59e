//! `verigate privacy report|forget`: what is kept about askers and until when, and forgetting one.
//!
//! Reads the folder itself, beside the running gateway or at rest; only forgetting goes through the gateway. A number is
//! best typed when asked for (or piped in): on the command line it lands in the shell's history. It is hashed here and
//! goes nowhere else. Words are for the operator, who passes them on.

mod told;

use std::io::{IsTerminal as _, Write};

use clap::Subcommand;
use contract::{Identity, InquiryId, Timestamp, phone};
use indicatif::ProgressBar;
use verigate::control::{Request, Response};
use verigate::ledger::folder::Folder;
use verigate::ledger::keys::Peppers;
use verigate::ledger::privacy::{self, Known, PrivacyError};
use verigate::ledger::writer::{ForgetOrder, Order};

use super::ledger::bar;
use super::{Shared, ask, json, other, unexpected};
use crate::compose::{Root, now};
use crate::failure::{Exit, Failure};

/// The option's value where the number is to be asked for.
const ASKED_FOR: &str = "-";

/// What is kept about askers, and forgetting one.
#[derive(Debug, Subcommand)]
pub(crate) enum Privacy {
    /// Tell what is kept about askers, of which kind, since when, and until when; or all about one.
    Report {
        /// All about the asker with this telephone number; without the number it is asked for, or read from standard input.
        #[arg(long, value_name = "NUMBER", num_args = 0..=1, default_missing_value = ASKED_FOR)]
        phone: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget an asker: what it did before is nobody's. Cannot be undone.
    Forget {
        /// Its telephone number; without the number it is asked for, or read from standard input.
        #[arg(long, value_name = "NUMBER", num_args = 0..=1, default_missing_value = ASKED_FOR, required = true)]
        phone: Option<String>,
        /// Why, for the log; without names or numbers, for it stays there.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Forget also that it wants no replies; otherwise that stands.
        #[arg(long)]
        with_opt_out: bool,
        /// Who orders it.
        #[arg(long, value_name = "NAME", default_value = "operator")]
        by: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Privacy {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let root = shared.root()?;
        let folder = root.folder()?;
        match self {
            Self::Report { phone: None, json: as_json } => {
                let overview = privacy::overview(&folder, now()).map_err(failed)?;
                let told = told::Told::of(&overview, &root.retention);
                if *as_json { json(out, &told) } else { told.write(out) }
            }
            Self::Report { phone: Some(number), json: as_json } => {
                let known = known(&root, &folder, number)?;
                if *as_json { json(out, &known) } else { told::write_known(&known, out) }
            }
            Self::Forget { phone, reason, with_opt_out, by, json: as_json } => {
                let known = known(&root, &folder, phone.as_deref().unwrap_or(ASKED_FOR))?;
                let order = ForgetOrder {
                    names: known.names.clone(),
                    with_opt_out: *with_opt_out,
                    by: by.clone(),
                    reason: reason.clone(),
                };
                let (link, ..) = shared.link()?;
                let Response::Done(_) = ask(&link, Request::Order(Order::Forget(order)))? else {
                    return Err(unexpected());
                };
                let gone = told::gone(&folder, &root.retention).map_err(failed)?;
                let told = told::Forgot::of(&known, *with_opt_out, gone);
                if *as_json { json(out, &told) } else { told.write(out) }
            }
        }
    }
}

fn known(root: &Root, folder: &Folder, number: &str) -> Result<Known, Failure> {
    let typed = if number == ASKED_FOR { read_number()? } else { number.to_owned() };
    let digits: String =
        typed.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '\n' | '\r')).collect();
    let number = phone::e164(&digits, false, &root.sms.country).ok_or_else(|| {
        other(Exit::Usage, anyhow::anyhow!("expected a telephone number, as 13800138000 or +8613800138000"))
    })?;
    let peppers = Peppers::read(&folder.keys).map_err(|error| other(Exit::Usage, error))?;
    let id = InquiryId { scope: String::new(), key: String::new(), valid_for: std::time::Duration::ZERO };
    let asker = peppers.asker(&Identity::Phone(number), &id);
    let names: Vec<u64> = [Some(asker.current), asker.previous].into_iter().flatten().collect();
    let bar: ProgressBar = bar();
    let known = privacy::known(folder, &names, now(), &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    known.map_err(failed)
}

/// From a prompt or a pipe.
fn read_number() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let mut err = std::io::stderr();
        write!(err, "telephone number: ").and_then(|()| err.flush())?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

fn failed(error: PrivacyError) -> Failure {
    match error {
        PrivacyError::Log(error) => other(Exit::Data, error),
        PrivacyError::Secret(error) => other(Exit::Usage, error),
    }
}

/// The minute of a time, as operators read it.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).map_or_else(|| text.clone(), |minute| format!("{minute}Z").replace('T', " "))
}
