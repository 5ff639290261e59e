//! The program: words on the command line in, an exit code out.
//!
//! Owns exit codes and how a failure is told; the commands are in [`command`]. Results go to standard output, everything
//! else to standard error, so that a result can be piped.

mod allocator;
mod command;
mod compose;
mod failure;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser as _;

use crate::command::Verigate;
use crate::failure::{Exit, Failure};

fn main() -> ExitCode {
    allocator::keep_small_pages();
    let mut out = io::stdout().lock();
    match run(&mut out) {
        Ok(()) => Exit::Good.into(),
        Err(failure) => {
            tell(&failure);
            failure.exit().into()
        }
    }
}

fn run(out: &mut dyn Write) -> Result<(), Failure> {
    Verigate::try_parse().map_err(Failure::Usage)?.run(out)?;
    out.flush().map_err(Failure::Output)
}

/// Tells a failure on standard error with its whole chain of causes. Nothing can be told where that is closed.
fn tell(failure: &Failure) {
    let told = match failure {
        // Help and version arrive as errors too; clap knows where each belongs.
        Failure::Usage(usage) => usage.print(),
        // The reader had enough, as in `verigate config print | head -1`.
        Failure::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        // Its causes are in its own words.
        Failure::Other { .. } => writeln!(io::stderr(), "verigate: {failure}"),
        Failure::Configuration(_) | Failure::Output(_) => {
            let mut line = format!("verigate: {failure}");
            let mut cause = failure.source();
            while let Some(error) = cause {
                line.push_str(": ");
                line.push_str(&error.to_string());
                cause = error.source();
            }
            writeln!(io::stderr(), "{line}")
        }
    };
    drop(told);
}
