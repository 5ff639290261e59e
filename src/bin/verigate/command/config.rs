//! `verigate config check|print`: is the configuration sound, and what does it come to?
//!
//! Opens nothing that the configuration names.

use std::io::Write;

use clap::Subcommand;
use verigate::config;

use super::Shared;
use crate::compose::Root;
use crate::failure::{Exit, Failure};

/// Check the configuration, or print it with every default filled in.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Say whether the configuration can be used; exit code 64 where it cannot.
    Check,
    /// Print the configuration with every default filled in; without a file, the defaults alone.
    Print,
}

impl Config {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        match (self, shared.config_file()) {
            (Self::Check, Some(file)) => {
                config::read::<Root>(&file)?.check()?;
                Ok(writeln!(out, "{}: good", file.display())?)
            }
            (Self::Check, None) => Err(Failure::Other {
                exit: Exit::Usage,
                source: anyhow::anyhow!("no configuration is named, expected --config FILE or VERIGATE_CONFIG"),
            }),
            (Self::Print, file) => {
                let root = file.map_or_else(|| Ok(Root::default()), |file| config::read::<Root>(&file))?;
                let text = toml::to_string(&root)
                    .map_err(|error| Failure::Other { exit: Exit::Ours, source: error.into() })?;
                Ok(out.write_all(text.as_bytes())?)
            }
        }
    }
}
