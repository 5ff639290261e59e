//! Recordings of names from outside, of products above all, in a folder of their own: found when they are to be said.
//!
//! Owns where such a recording lies, `DIR/LANGUAGE/DIGEST.ulaw`, and keeps the last `MOST` that were said. There can be
//! a hundred thousand names: none is read before it is said, and one that comes while calls are being taken is heard in the
//! next. Makes no recording: `run/speak.rs` does.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use contract::Language;
use contract::answer::Names;
use sha2::{Digest as _, Sha256};
use wording::plain;

use crate::media::Law;

/// Recordings kept, of 16 kB or so each.
const MOST: usize = 256;
/// The longest recording: ten seconds.
const LONGEST: u64 = 80_000;
/// The longest name that is said.
const LONGEST_NAME: usize = 80;

/// Where a name's recording lies.
#[must_use]
pub fn place(folder: &Path, language: Language, text: &str) -> PathBuf {
    let digest = Sha256::digest(text.as_bytes());
    let name: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    folder.join(language.tag()).join(format!("{name}.ulaw"))
}

/// What a voice has to say for these names: in each language its text, as far as a voice of that language can read it.
pub fn wanted(names: &Names) -> impl Iterator<Item = (Language, String)> + use<> {
    let texts = Language::ALL.map(|language| (language, plain(names.in_language(language))));
    texts.into_iter().filter(|(language, text)| {
        let readable = *language != Language::En || !text.chars().any(is_hanzi);
        readable && text.chars().any(char::is_alphanumeric) && text.chars().count() <= LONGEST_NAME
    })
}

/// Whether a character is Chinese.
#[must_use]
pub const fn is_hanzi(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The recordings of a folder.
#[derive(Debug)]
pub(super) struct Spoken {
    folder: PathBuf,
    kept: Mutex<Kept>,
}

type Of = (Language, Law, Box<str>);

#[derive(Debug, Default)]
struct Kept {
    sounds: HashMap<Of, Arc<[u8]>>,
    order: VecDeque<Of>,
}

impl Spoken {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), kept: Mutex::default() }
    }

    /// The recording of a name, if there is one.
    pub(super) fn find(&self, language: Language, text: &str, law: Law) -> Option<Arc<[u8]>> {
        let of: Of = (language, law, text.into());
        if let Some(sound) = self.kept().sounds.get(&of) {
            return Some(Arc::clone(sound));
        }
        let mut octets = Vec::new();
        // A short file, and most often one that the system has in memory.
        let file = fs::File::open(place(&self.folder, language, text)).ok()?;
        file.take(LONGEST).read_to_end(&mut octets).ok()?;
        if law == Law::A {
            for octet in &mut octets {
                *octet = Law::A.encode(Law::Mu.decode(*octet));
            }
        }
        let sound: Arc<[u8]> = octets.into();
        let mut kept = self.kept();
        if kept.sounds.insert(of.clone(), Arc::clone(&sound)).is_none() {
            kept.order.push_back(of);
        }
        if kept.order.len() > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.sounds.remove(&oldest);
        }
        Some(sound)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(zh_hans: &str, en: Option<&str>) -> Names {
        Names { zh_hans: zh_hans.to_owned(), zh_hk: None, en: en.map(str::to_owned) }
    }

    #[test]
    fn every_language_has_its_text_and_no_voice_gets_what_it_cannot_read() {
        let told = |names| wanted(&names).map(|(language, text)| format!("{} {text}", language.tag()));
        let all: Vec<_> = told(names("龙井茶", Some("Longjing tea"))).collect();
        assert_eq!(all, ["zh-Hans 龙井茶", "zh-HK 龙井茶", "en Longjing tea"]);
        assert!(told(names("龙井茶", None)).all(|text| !text.starts_with("en")), "English falls back to characters");
        assert_eq!(told(names("——", None)).count() + told(names(&"茶".repeat(100), None)).count(), 0);
    }

    #[test]
    fn a_recording_that_comes_later_is_said_and_the_oldest_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let spoken = Spoken::new(folder.path());
        assert_eq!(spoken.find(Language::ZhHans, "龙井茶", Law::A), None);
        fs::create_dir_all(folder.path().join("zh-Hans")).unwrap();
        fs::write(place(folder.path(), Language::ZhHans, "龙井茶"), [0xFF; 400]).unwrap();
        assert_eq!(spoken.find(Language::ZhHans, "龙井茶", Law::A).unwrap()[..], [Law::A.encode(0); 400]);
        assert_eq!(spoken.find(Language::En, "龙井茶", Law::A), None);
        for nth in 0..=MOST {
            let text = format!("茶{nth}");
            fs::write(place(folder.path(), Language::ZhHans, &text), [0; 10]).unwrap();
            spoken.find(Language::ZhHans, &text, Law::Mu).unwrap();
        }
        assert_eq!(spoken.kept().sounds.len(), MOST);
    }
}
