//! How a command fails, and the exit code that says so to a script.
//!
//! The codes are those of sysexits.h. A failure carries its cause; words for people are in the cause.

use std::io;
use std::process::ExitCode;

use verigate::config::ConfigError;

/// The exit codes of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Good = 0,
    /// Bad usage or configuration: `EX_USAGE`.
    Usage = 64,
    /// Bad data: `EX_DATAERR`.
    Data = 65,
    /// Unavailable now: `EX_UNAVAILABLE`.
    Unavailable = 69,
    /// Our fault: `EX_SOFTWARE`.
    Ours = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The words on the command line mean nothing, or help was asked for.
    #[error("bad usage")]
    Usage(#[source] clap::Error),
    /// The configuration cannot be used.
    #[error("bad configuration")]
    Configuration(#[source] ConfigError),
    /// The result could not be written.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// Anything else, with the exit code that it calls for.
    #[error("{source:#}")]
    Other {
        /// The code.
        exit: Exit,
        /// Why; its chain is part of the message.
        #[source]
        source: anyhow::Error,
    },
}

impl Failure {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(usage) if !usage.use_stderr() => Exit::Good,
            Self::Usage(_) | Self::Configuration(_) => Exit::Usage,
            Self::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Exit::Good,
            Self::Output(_) => Exit::Ours,
            Self::Other { exit, .. } => *exit,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
