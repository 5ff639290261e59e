//! `verigate completions SHELL`: what a shell needs to complete our commands.
//!
//! Installs nothing.

use std::io::Write;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Verigate;
use crate::failure::Failure;

/// Print the completions for a shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints them.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        // The generator panics where a write fails, and a closed pipe is no panic: it writes to memory.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Verigate::command(), "verigate", &mut script);
        Ok(out.write_all(&script)?)
    }
}
