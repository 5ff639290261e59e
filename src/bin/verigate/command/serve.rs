//! `verigate serve`: the gateway, until it is told to stop.

use std::io::Write;

use verigate::observe::start_log;

use super::Shared;
use crate::compose;
use crate::failure::{Exit, Failure};

/// Serve. Prints `ready` once every socket is bound; stops on SIGTERM or SIGINT after the running requests.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {}

impl Serve {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let root = shared.root()?;
        start_log(root.log).map_err(|error| Failure::Other { exit: Exit::Ours, source: error.into() })?;
        let gateway = compose::open(root.folder()?, root.settings()?)?;
        compose::runtime()?.block_on(compose::serve(&root, &|| shared.root(), gateway, |_| {
            writeln!(out, "ready")?;
            Ok(out.flush()?)
        }))
    }
}
