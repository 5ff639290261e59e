//! `verigate prompts`: the sentences of the voice line, for those who record them and for telephone systems that play them.
//!
//! Reads the shipped recordings and the operator's folder; writes only into the folder it is given, and of names into the
//! data folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use channel_voice::media::Law;
use channel_voice::prompts::catalogue;
use contract::Language;

use super::codes::products;
use super::{Shared, other, ours};
use crate::compose::{self, Root};
use crate::failure::{Exit, Failure};

/// The sentences of the voice line and their recordings.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PromptsCommand {
    /// List every recording there must be: language, name, words, parted by tabs.
    List,
    /// Speak the names of all products with espeak-ng into the data folder, for calls to say. A running gateway does so by
    /// itself where espeak-ng is there.
    Names,
    /// Write every recording as LANGUAGE/NAME.ulaw, for Asterisk's folder of sounds.
    Export {
        /// Where to; made where it is missing.
        dir: PathBuf,
    },
}

impl PromptsCommand {
    /// Lists or writes.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let root = shared.root()?;
        let words = root.words()?;
        match self {
            Self::List => {
                for language in Language::ALL {
                    for (clip, text) in catalogue(&words, language) {
                        writeln!(out, "{}\t{clip}\t{text}", language.tag())?;
                    }
                }
                Ok(())
            }
            Self::Names => names(shared, &root, out),
            Self::Export { dir } => {
                let prompts = compose::prompts(&root, &root.folder()?)?;
                let (mut written, mut missing) = (0_usize, Vec::new());
                for language in Language::ALL {
                    let folder = dir.join(language.tag());
                    fs::create_dir_all(&folder).with_context(|| folder.display().to_string()).map_err(ours)?;
                    for (clip, _) in catalogue(&words, language) {
                        let Some(sound) = prompts.clip(language, &clip, Law::Mu) else {
                            missing.push(clip);
                            continue;
                        };
                        write_one(&folder.join(format!("{clip}.ulaw")), sound)?;
                        written += 1;
                    }
                }
                writeln!(out, "{written} recordings in {}", dir.display())?;
                if missing.is_empty() {
                    return Ok(());
                }
                let error = anyhow::anyhow!("missing: {}; `verigate prompts list` has their words", missing.join(", "));
                Err(other(Exit::Data, error))
            }
        }
    }
}

/// Speaks every name that has no recording yet.
fn names(shared: &Shared, root: &Root, out: &mut dyn Write) -> Result<(), Failure> {
    let (link, ..) = shared.link()?;
    let products = products(&link)?;
    let folder = compose::names::folder(&root.folder()?.data);
    let lacking = compose::names::lacking(&folder, products.iter().map(|product| &product.name));
    let (made, failed) = compose::names::fill(&folder, &lacking, &mut || true);
    writeln!(out, "{made} names spoken, of {} products, in {}", products.len(), folder.display())?;
    match failed.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(other(Exit::Unavailable, first)),
    }
}

fn write_one(path: &Path, sound: &[u8]) -> Result<(), Failure> {
    fs::write(path, sound).with_context(|| path.display().to_string()).map_err(ours)
}
