//! The recordings: the shipped pack, with an operator's folder over it.
//!
//! Owns both forms and keeps every recording, from when it is first played, in the law of G.711 that was asked for: playing
//! it again copies and encodes nothing. Makes no recording: `scripts/prompts` does.
//!
//! # A folder
//! `DIR/{en,zh-Hans,zh-HK}/CLIP.wav`, one file for each name of [`super::catalogue`]: mono, 8,000 samples a second, as
//! 16 bit PCM or G.711 in a WAV file, or raw as `.ulaw` or `.alaw`. `DIR/manifest.toml` says `schema = 1` and lists
//! recordings of names from outside, `[[name]]` with `language`, `text` and `file`. What a folder lacks is said by the
//! shipped recording.
//!
//! # The shipped pack
//! One zstd stream: four octets with the length of a JSON header, the header, and IMA ADPCM of four bits a sample. That is
//! half the size of G.711 in the repository.

mod adpcm;
mod wav;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use contract::Language;
use serde::Deserialize;
use wording::Words;

use super::{Piece, catalogue};
use crate::media::Law;

/// The pack in the program.
static SHIPPED: &[u8] = include_bytes!("../../../../fixtures/prompts/shipped.pack");

/// The largest pack, unpacked, in octets.
const LARGEST_PACK: u64 = 64 * 1024 * 1024;

/// The largest recording in a folder, in octets: two minutes of 16 bit PCM and then some.
const LARGEST_FILE: u64 = 2 * 1024 * 1024;

/// The most recordings of names.
const MOST_NAMES: usize = 100_000;

/// Samples per millisecond.
const PER_MILLI: usize = 8;

/// Why recordings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is too large.
    #[error("{} is too large, expected at most {LARGEST_FILE} octets", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is no recording that can be played.
    #[error("{} cannot be played: {fault}", path.display())]
    Sound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: &'static str,
    },
    /// The manifest cannot be used.
    #[error("{} cannot be used: {fault}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// The shipped pack is damaged.
    #[error("the shipped recordings are damaged")]
    Shipped,
}

/// A recording that is missing, or that says other words than ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In which language.
    pub language: Language,
    /// Its name.
    pub clip: String,
    /// What it should say.
    pub text: String,
    /// What it says instead; `None` where there is none.
    pub says: Option<String>,
}

/// One recording, in each law from when it is first played.
#[derive(Debug)]
struct Sound {
    source: Source,
    mu: OnceLock<Arc<[u8]>>,
    a: OnceLock<Arc<[u8]>>,
    /// The words it was made from, where that is known.
    says: Option<Box<str>>,
}

#[derive(Debug)]
enum Source {
    /// So many samples from there on in the shipped pack.
    Packed(Arc<[u8]>, usize, usize),
    Samples(Box<[i16]>),
}

impl Sound {
    fn of(source: Source, says: Option<Box<str>>) -> Self {
        Self { source, mu: OnceLock::new(), a: OnceLock::new(), says }
    }

    fn law(&self, law: Law) -> &Arc<[u8]> {
        let coded = |samples: &[i16]| samples.iter().map(|sample| law.encode(*sample)).collect();
        let make = || match &self.source {
            Source::Packed(octets, begins, samples) => {
                coded(&adpcm::decode(octets.get(*begins..).unwrap_or_default(), *samples))
            }
            Source::Samples(samples) => coded(samples),
        };
        match law {
            Law::Mu => self.mu.get_or_init(make),
            Law::A => self.a.get_or_init(make),
        }
    }
}

/// All recordings.
#[derive(Debug)]
pub struct Prompts {
    clips: HashMap<Language, HashMap<Box<str>, Sound>>,
    names: HashMap<Language, HashMap<Box<str>, Sound>>,
    pauses: Pauses,
}

/// The breath that nearly all pauses are, made once.
#[derive(Debug, Default)]
struct Pauses {
    mu: OnceLock<Arc<[u8]>>,
    a: OnceLock<Arc<[u8]>>,
}

impl Pauses {
    /// Its length in milliseconds.
    const USUAL: u16 = 250;

    fn of(&self, millis: u16, law: Law) -> Arc<[u8]> {
        let make = || std::iter::repeat_n(law.silence(), usize::from(millis) * PER_MILLI).collect();
        let made = match law {
            Law::Mu => &self.mu,
            Law::A => &self.a,
        };
        if millis == Self::USUAL { Arc::clone(made.get_or_init(make)) } else { make() }
    }
}

#[derive(Deserialize)]
struct Header {
    clips: HashMap<String, HashMap<String, Entry>>,
}

/// Where a clip begins in the octets behind the header, how many samples it has, what it says.
#[derive(Deserialize)]
struct Entry(usize, usize, Box<str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: u32,
    #[serde(default)]
    name: Vec<NameEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameEntry {
    language: Language,
    text: Box<str>,
    file: PathBuf,
}

impl Prompts {
    /// The recordings that come with the program.
    ///
    /// # Errors
    /// [`PackError::Shipped`], which a test rules out.
    pub fn shipped() -> Result<Self, PackError> {
        Self::unpack(SHIPPED).ok_or(PackError::Shipped)
    }

    fn unpack(packed: &[u8]) -> Option<Self> {
        let mut whole = Vec::new();
        zstd::stream::Decoder::new(packed).ok()?.take(LARGEST_PACK).read_to_end(&mut whole).ok()?;
        let (length, rest) = whole.split_first_chunk::<4>()?;
        let (header, octets) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let header: Header = serde_json::from_slice(header).ok()?;
        let octets: Arc<[u8]> = octets.into();
        let mut clips = HashMap::new();
        for (tag, entries) in header.clips {
            let mut of = HashMap::with_capacity(entries.len());
            for (name, Entry(begins, samples, says)) in entries {
                octets.get(begins..begins.checked_add(samples.div_ceil(2))?)?;
                let source = Source::Packed(Arc::clone(&octets), begins, samples);
                of.insert(name.into_boxed_str(), Sound::of(source, Some(says)));
            }
            clips.insert(Language::for_tag(&tag)?, of);
        }
        Some(Self { clips, names: HashMap::new(), pauses: Pauses::default() })
    }

    /// These recordings with those of a folder over them.
    ///
    /// # Errors
    /// [`PackError`], the first fault.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, PackError> {
        let path = folder.join("manifest.toml");
        let text = fs::read_to_string(&path).map_err(|source| PackError::Io { path: path.clone(), source })?;
        let unfit = |fault: String| PackError::Manifest { path: path.clone(), fault };
        let manifest: Manifest = toml::from_str(&text).map_err(|error| unfit(error.message().to_owned()))?;
        if manifest.schema != 1 {
            return Err(unfit(format!("expected schema 1, got {}", manifest.schema)));
        }
        if manifest.name.len() > MOST_NAMES {
            return Err(unfit(format!("expected at most {MOST_NAMES} names")));
        }
        for language in Language::ALL {
            let clips = self.clips.entry(language).or_default();
            for (name, file) in recordings(&folder.join(language.tag()))? {
                clips.insert(name.into_boxed_str(), read(&file)?);
            }
        }
        for NameEntry { language, text, file } in manifest.name {
            self.names.entry(language).or_default().insert(text, read(&folder.join(file))?);
        }
        Ok(self)
    }

    /// One recording.
    #[must_use]
    pub fn clip(&self, language: Language, name: &str, law: Law) -> Option<&Arc<[u8]>> {
        self.clips.get(&language)?.get(name).map(|sound| sound.law(law))
    }

    fn name(&self, language: Language, text: &str, law: Law) -> Option<&Arc<[u8]>> {
        self.names.get(&language)?.get(text).map(|sound| sound.law(law))
    }

    /// What is to be played for these pieces, one after the other.
    #[must_use]
    pub fn sounds(&self, pieces: &[Piece], law: Law) -> Vec<Arc<[u8]>> {
        let mut sounds = Vec::with_capacity(pieces.len());
        self.append(pieces, law, &mut sounds);
        sounds
    }

    fn append(&self, pieces: &[Piece], law: Law, sounds: &mut Vec<Arc<[u8]>>) {
        for piece in pieces {
            match piece {
                Piece::Clip { language, clip, .. } => match self.clip(*language, clip, law) {
                    Some(sound) => sounds.push(Arc::clone(sound)),
                    None => tracing::warn!(language = language.tag(), clip, "a recording is missing"),
                },
                Piece::Name { language, text } => sounds.extend(self.name(*language, text, law).cloned()),
                Piece::Pause { millis: 0, .. } => {}
                Piece::Pause { millis, .. } => sounds.push(self.pauses.of(*millis, law)),
                Piece::Aside(inner) => {
                    if self.has_names(inner, law) {
                        self.append(inner, law, sounds);
                    }
                }
            }
        }
    }

    fn has_names(&self, pieces: &[Piece], law: Law) -> bool {
        pieces.iter().all(|piece| match piece {
            Piece::Name { language, text } => self.name(*language, text, law).is_some(),
            Piece::Aside(inner) => self.has_names(inner, law),
            Piece::Clip { .. } | Piece::Pause { .. } => true,
        })
    }

    /// What is missing, or says other words than these.
    #[must_use]
    pub fn missing(&self, words: &Words) -> Vec<Missing> {
        let mut missing = Vec::new();
        for language in Language::ALL {
            let clips = self.clips.get(&language);
            for (clip, text) in catalogue(words, language) {
                let sound = clips.and_then(|clips| clips.get(clip.as_str()));
                let says = sound.map(|sound| sound.says.as_deref());
                match says {
                    Some(None) => {}
                    Some(Some(says)) if says == text => {}
                    Some(Some(says)) => missing.push(Missing { language, clip, text, says: Some(says.to_owned()) }),
                    None => missing.push(Missing { language, clip, text, says: None }),
                }
            }
        }
        missing
    }
}

/// The recordings in a folder by their names; none where there is no folder.
fn recordings(folder: &Path) -> Result<Vec<(String, PathBuf)>, PackError> {
    let failed = |source| PackError::Io { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let fits = path.extension().is_some_and(|ending| ["wav", "ulaw", "alaw"].iter().any(|known| ending == *known));
        if fits && let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Sound, PackError> {
    let failed = |source| PackError::Io { path: path.to_owned(), source };
    let mut octets = Vec::new();
    fs::File::open(path).map_err(failed)?.take(LARGEST_FILE + 1).read_to_end(&mut octets).map_err(failed)?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > LARGEST_FILE {
        return Err(PackError::TooLarge { path: path.to_owned() });
    }
    let decoded = |law: Law| octets.iter().map(|octet| law.decode(*octet)).collect::<Vec<i16>>();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let samples = match ending {
        Some("ulaw") => decoded(Law::Mu),
        Some("alaw") => decoded(Law::A),
        Some(_) | None => wav::read(&octets).map_err(|fault| PackError::Sound { path: path.to_owned(), fault })?,
    };
    Ok(Sound::of(Source::Samples(samples.into()), None))
}

#[cfg(test)]
mod tests;
