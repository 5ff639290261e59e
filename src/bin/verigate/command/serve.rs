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
        let read = || aside(|| shared.root());
        let root = read()?;
        start_log(root.log).map_err(|error| Failure::Other { exit: Exit::Ours, source: error.into() })?;
        let gateway = compose::open(root.folder()?, root.settings()?)?;
        compose::runtime()?.block_on(compose::serve(root, &read, gateway, |_| {
            writeln!(out, "ready")?;
            Ok(out.flush()?)
        }))
    }
}

/// Does work on a thread of its own. Reading a configuration takes many times what is kept of it, and the allocator gives
/// that back when a thread ends, but not while one sleeps as the main thread does from now on.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
