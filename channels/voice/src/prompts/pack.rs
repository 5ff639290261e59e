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
//! Four octets with the length of a JSON header in zstd, the header, and the recordings: each IMA ADPCM of four bits a
//! sample in a zstd frame of its own. A recording is unpacked when it is first played, out of the program's own file: the
//! pack takes no memory until then. Together it is less than half of the size of G.711.

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

use super::names::Spoken;
use super::{Piece, catalogue};
use crate::media::Law;

/// The pack in the program.
static SHIPPED: &[u8] = include_bytes!("../../../../fixtures/prompts/shipped.pack");

/// The largest header of the pack, unpacked, in octets.
const LARGEST_HEADER: u64 = 4 * 1024 * 1024;

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
    /// A frame of the shipped pack, and so many samples in it.
    Packed(&'static [u8], usize),
    Samples(Box<[i16]>),
}

impl Sound {
    fn of(source: Source, says: Option<Box<str>>) -> Self {
        Self { source, mu: OnceLock::new(), a: OnceLock::new(), says }
    }

    fn law(&self, law: Law) -> &Arc<[u8]> {
        let coded = |samples: &[i16]| samples.iter().map(|sample| law.encode(*sample)).collect();
        let make = || match &self.source {
            Source::Packed(frame, samples) => {
                // Every frame is unpacked by a test.
                let octets = unpacked(frame, samples.div_ceil(2)).unwrap_or_default();
                coded(&adpcm::decode(&octets, *samples))
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
    spoken: Option<Spoken>,
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

/// Where a clip's frame begins behind the header, its length, how many samples it has, what it says.
#[derive(Deserialize)]
struct Entry(usize, usize, usize, Box<str>);

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

    fn unpack(packed: &'static [u8]) -> Option<Self> {
        let (length, rest) = packed.split_first_chunk::<4>()?;
        let (header, frames) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let header = zstd::stream::Decoder::new(header).ok()?.take(LARGEST_HEADER);
        let header: Header = serde_json::from_reader(header).ok()?;
        let mut clips = HashMap::new();
        for (tag, entries) in header.clips {
            let mut of = HashMap::with_capacity(entries.len());
            for (name, Entry(begins, length, samples, says)) in entries {
                let frame = frames.get(begins..begins.checked_add(length)?)?;
                of.insert(name.into_boxed_str(), Sound::of(Source::Packed(frame, samples), Some(says)));
            }
            clips.insert(Language::for_tag(&tag)?, of);
        }
        Some(Self { clips, names: HashMap::new(), spoken: None, pauses: Pauses::default() })
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

    /// These recordings, and of names whatever is in this folder when they are said; see [`super::names`].
    #[must_use]
    pub fn with_names(mut self, folder: &Path) -> Self {
        self.spoken = Some(Spoken::new(folder));
        self
    }

    /// The recording of a name: the operator's own, else the one of the folder of names.
    #[must_use]
    pub fn name(&self, language: Language, text: &str, law: Law) -> Option<Arc<[u8]>> {
        let own = self.names.get(&language).and_then(|names| names.get(text));
        match own {
            Some(sound) => Some(Arc::clone(sound.law(law))),
            None => self.spoken.as_ref()?.find(language, text, law),
        }
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
                Piece::Name { language, text } => sounds.extend(self.name(*language, text, law)),
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

/// A frame of the pack with so many octets in it.
fn unpacked(frame: &[u8], octets: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(octets);
    let most = u64::try_from(octets).ok()?;
    zstd::stream::Decoder::new(frame).ok()?.take(most).read_to_end(&mut whole).ok()?;
    (whole.len() == octets).then_some(whole)
}

/// The samples of a WAV file, and how many make a second.
pub(crate) fn samples(octets: &[u8]) -> Option<(u32, Vec<i16>)> {
    wav::at_any_rate(octets).ok()
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
