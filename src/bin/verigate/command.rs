//! The commands, as they are typed.
//!
//! Owns the tree of commands and the options that all of them share; each command has a file of its own in `command/`.
//! A new one is a line in [`Command`], one in [`Verigate::run`], and a file.

mod backup;
mod call;
mod channel;
mod check;
mod codes;
mod completions;
mod config;
mod demo;
mod doctor;
mod import;
mod init;
mod kiosk;
mod ledger;
mod privacy;
mod prompts;
mod serve;
mod sms;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use verigate::config::{self as configuration, CoreConfig, Environment, ProcessEnvironment};
use verigate::control::{ControlError, Failed, Kind, Link, Request, Response};
use verigate::ledger::folder::Folder;

use crate::compose::{self, Root};
use crate::failure::{Exit, Failure};

/// The variable that names the configuration where no option does.
const CONFIG_VARIABLE: &str = "VERIGATE_CONFIG";

/// Answers whether the number on a unit is one its maker vouches for.
///
/// Exit codes: 0 good, 64 bad usage or configuration, 65 bad data, 69 unavailable, 70 our fault.
#[derive(Debug, Parser)]
#[command(name = "verigate", version, arg_required_else_help = true, propagate_version = true)]
pub(crate) struct Verigate {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Shared {
    /// The configuration; without it the file that VERIGATE_CONFIG names.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of a gateway (as `verigate demo` makes one), instead of the one that the configuration names.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Shared {
    /// The configuration file that was named, by option or variable.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        let beside = || self.dir.as_ref().map(|dir| dir.join("verigate.toml")).filter(|file| file.is_file());
        self.config
            .clone()
            .or_else(beside)
            .or_else(|| ProcessEnvironment.variable(CONFIG_VARIABLE).map(PathBuf::from).filter(|_| self.dir.is_none()))
    }

    /// The configuration that was named, or every default; `--dir` stands above it.
    pub(crate) fn root(&self) -> Result<Root, Failure> {
        let mut root = self.config_file().map_or_else(|| Ok(Root::default()), |file| configuration::read(&file))?;
        if let Some(dir) = &self.dir {
            root.data.dir.clone_from(dir);
        }
        Ok(root)
    }

    /// The data folder that was named on the command line.
    pub(crate) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// The gateway of the folder, running or opened here.
    pub(crate) fn link(&self) -> Result<(Link, CoreConfig, Folder), Failure> {
        let root = self.root()?;
        let folder = root.folder()?;
        let link = Link::reach(folder.clone(), root.settings()?, compose::clock()).map_err(unreached)?;
        Ok((link, root.core(), folder))
    }
}

/// Asks; a failure of the gateway's becomes one of the command's.
pub(crate) fn ask(link: &Link, request: Request) -> Result<Response, Failure> {
    let response = link.ask(request).map_err(unreached)?;
    if let Response::Failed(Failed { kind, message }) = response {
        return Err(other(exit_of(kind), anyhow::anyhow!(message)));
    }
    Ok(response)
}

/// The gateway answered something else than was asked.
pub(crate) fn unexpected() -> Failure {
    other(Exit::Unavailable, anyhow::anyhow!("the gateway speaks another version: restart it with this program"))
}

/// A failure with its exit code.
pub(crate) fn other(exit: Exit, source: impl Into<anyhow::Error>) -> Failure {
    Failure::Other { exit, source: source.into() }
}

/// A failure of our own.
pub(crate) fn ours(source: impl Into<anyhow::Error>) -> Failure {
    other(Exit::Ours, source)
}

fn unreached(error: ControlError) -> Failure {
    other(exit_of(error.kind()), error)
}

const fn exit_of(kind: Kind) -> Exit {
    match kind {
        Kind::Usage => Exit::Usage,
        Kind::Data => Exit::Data,
        Kind::Unavailable => Exit::Unavailable,
        Kind::Ours => Exit::Ours,
    }
}

/// A value as indented JSON with a line feed.
pub(crate) fn json(out: &mut dyn Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(ours)?;
    Ok(writeln!(out, "{text}")?)
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on embedded defaults, with numbers to try.
    Demo(demo::Demo),
    /// Make the data folder and its master key.
    Init(init::Init),
    /// Serve until told to stop.
    Serve(serve::Serve),
    /// Say what a shopper who asks for the first time would be told of a code; nothing is counted.
    Check(check::Check),
    /// Take a list of numbers in: CSV, TSV or one number to a line, plain, gzip or zstd.
    Import(import::Import),
    /// Issue numbers, and record what happens to them.
    #[command(subcommand)]
    Codes(codes::Codes),
    /// See to the links of the running gateway, or text something by a real one.
    #[command(subcommand)]
    Sms(sms::Sms),
    /// The sentences of the voice line: list them, or write their recordings.
    #[command(subcommand)]
    Prompts(prompts::PromptsCommand),
    /// See to the terminals of the running gateway.
    #[command(subcommand)]
    Kiosk(kiosk::Kiosk),
    /// Be a caller: a telephone call to a gateway, as a carrier would put it through.
    #[command(subcommand)]
    Call(call::Calls),
    /// Prove the ledger whole, or make its projections anew.
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// What is kept about askers, and forgetting one.
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// Copy everything that a ledger cannot lose into a new folder, beside the running gateway or without one.
    Backup(backup::Backup),
    /// Bring a backup back into a new data folder.
    Restore(backup::Restore),
    /// Look for what would keep a gateway from working, and say what to do about it.
    Doctor(doctor::Doctor),
    /// Check the configuration, or print it with every default filled in.
    #[command(subcommand)]
    Config(config::Config),
    /// Print the completions for a shell.
    Completions(completions::Completions),
}

impl Verigate {
    /// Does what was asked; results go to `out`.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match &self.command {
            Command::Demo(asked) => asked.run(&self.shared, out),
            Command::Init(asked) => asked.run(&self.shared, out),
            Command::Serve(asked) => asked.run(&self.shared, out),
            Command::Check(asked) => asked.run(&self.shared, out),
            Command::Import(asked) => asked.run(&self.shared, out),
            Command::Codes(asked) => asked.run(&self.shared, out),
            Command::Sms(asked) => asked.run(&self.shared, out),
            Command::Prompts(asked) => asked.run(&self.shared, out),
            Command::Kiosk(asked) => asked.run(&self.shared, out),
            Command::Call(asked) => asked.run(out),
            Command::Ledger(asked) => asked.run(&self.shared, out),
            Command::Privacy(asked) => asked.run(&self.shared, out),
            Command::Backup(asked) => asked.run(&self.shared, out),
            Command::Restore(asked) => asked.run(out),
            Command::Doctor(asked) => asked.run(&self.shared, out),
            Command::Config(asked) => asked.run(&self.shared, out),
            Command::Completions(asked) => asked.run(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Verigate::command().debug_assert();
    }

    fn in_folder(text: &str) -> (tempfile::TempDir, Shared) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("verigate.toml"), text).unwrap();
        let shared = Shared { config: None, dir: Some(dir.path().to_owned()) };
        (dir, shared)
    }

    #[test]
    fn the_file_in_the_folder_is_read_and_the_folder_stands_above_what_it_says() {
        let (dir, shared) = in_folder("[data]\ndir = \"elsewhere\"\n[ledger]\ngroup = 7\n");
        let root = shared.root().unwrap();
        assert_eq!(root.ledger.group, 7);
        assert_eq!(root.folder().unwrap(), Folder::all_in(dir.path()));
    }

    #[test]
    fn a_wrong_section_is_the_user_s_to_mend() {
        let (_dir, shared) = in_folder("[ledger]\ngroup = 0\n");
        let failure = shared.root().unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
    }

    #[test]
    fn a_folder_without_a_key_is_unavailable_and_says_how_to_make_one() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Shared { config: None, dir: Some(dir.path().join("none")) };
        let failure = shared.link().unwrap_err();
        assert_eq!(failure.exit(), Exit::Unavailable);
        assert!(failure.to_string().contains("verigate init"), "{failure}");
    }

    #[test]
    fn every_command_and_option_says_what_it_is() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{} of {} has no help", arg.get_id(), command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Verigate::command());
    }
}
