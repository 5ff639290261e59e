//! Products' names spoken for the voice line: those of the catalogue, whenever it changes, where espeak-ng is there.
//!
//! Owns where the recordings lie, `prompts/` in the data folder, and follows the catalogue whichever way a product came in.
//! A gateway without the program leaves names out of what it says; `verigate doctor` tells.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use channel_voice::prompts::names::{place, wanted};
use channel_voice::run::speak::{self, SpeakError};
use contract::Language;
use tokio_util::sync::CancellationToken;
use verigate::index::Index as _;
use verigate::verify::Gateway;

/// The catalogue is looked at this often.
const LOOK: Duration = Duration::from_secs(5);

/// Where the recordings of names lie.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("prompts")
}

/// The names of these products that have no recording in a folder.
pub(crate) fn lacking<'a>(
    folder: &Path,
    names: impl Iterator<Item = &'a contract::answer::Names>,
) -> Vec<(Language, String)> {
    names.flat_map(wanted).filter(|(language, text)| !place(folder, *language, text).exists()).collect()
}

/// Speaks what is lacking, until told to stop; how many were made, and what failed.
pub(crate) fn fill(
    folder: &Path,
    lacking: &[(Language, String)],
    go_on: &mut dyn FnMut() -> bool,
) -> (usize, Vec<SpeakError>) {
    let (mut made, mut failed) = (0, Vec::new());
    for (language, text) in lacking {
        if !go_on() {
            break;
        }
        match speak::speak(folder, *language, text) {
            Ok(fresh) => made += usize::from(fresh),
            Err(SpeakError::Missing) => return (made, vec![SpeakError::Missing]),
            Err(error) => failed.push(error),
        }
    }
    (made, failed)
}

/// Follows the catalogue.
pub(super) async fn follow(gateway: Arc<Gateway>, stopping: CancellationToken) {
    let mut seen = None;
    loop {
        let generation = gateway.catalogue().generation();
        if seen.replace(generation) != Some(generation) {
            let (gateway, stopping) = (Arc::clone(&gateway), stopping.clone());
            let spoken = tokio::task::spawn_blocking(move || {
                let products = gateway.catalogue().products();
                let folder = folder(&gateway.folder().data);
                let lacking = lacking(&folder, products.iter().map(|product| &product.name));
                if lacking.is_empty() || !speak::is_there() {
                    return (0, lacking.len(), Vec::new());
                }
                let (made, failed) = fill(&folder, &lacking, &mut || !stopping.is_cancelled());
                (made, lacking.len() - made, failed)
            });
            match spoken.await {
                Ok((0, 0, _)) => {}
                Ok((made, left, failed)) => {
                    tracing::info!(made, left, "names of products were spoken");
                    for error in failed {
                        tracing::warn!(%error, "a name was not spoken");
                    }
                }
                Err(error) => tracing::error!(%error, "names were not spoken"),
            }
        }
        if stopping.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}
