//! `verigate init`: a new data folder with its master key and its configuration.

use std::fs;
use std::io::Write;

use verigate::verify::Gateway;

use super::{Shared, other};
use crate::compose::not_opened;
use crate::failure::{Exit, Failure};

/// The configuration with every key explained.
const ANNOTATED: &str = include_str!("../../../../config/verigate.toml");
/// Its line that names the data folder.
const DEFAULT_DIR: &str = "# dir = \"verigate-data\"";

/// Make the data folder, its master key and an annotated configuration in it. A key or configuration that is there is
/// left as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {}

impl Init {
    /// Does it.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let folder = shared.root()?.folder()?;
        let config = folder.data.join("verigate.toml");
        let is_new = Gateway::init(&folder).map_err(not_opened)?;
        let (data, key) = (folder.data.display(), folder.master());
        if shared.config_file().is_none() {
            let dir = toml::Value::String(folder.data.display().to_string());
            let text = ANNOTATED.replacen(DEFAULT_DIR, &format!("dir = {dir}"), 1);
            fs::write(&config, text).map_err(|error| other(Exit::Unavailable, error))?;
            writeln!(out, "{} is written, every key explained", config.display())?;
        }
        if is_new {
            writeln!(out, "{data} is ready; its master key is {}", key.display())?;
            writeln!(out, "Keep a copy of the key in a safe: without it no number can be checked.")?;
            writeln!(
                out,
                "Next, each with --dir {data}: verigate codes catalogue FILE, codes issue, codes activate, serve."
            )?;
        } else {
            writeln!(out, "{data} has a master key already and was left as it is")?;
        }
        Ok(())
    }
}
