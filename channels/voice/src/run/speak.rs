//! Has names spoken by espeak-ng, where it is on the machine, and puts the recordings where [`crate::prompts::names`] looks.
//!
//! One after the other, and each within `PATIENCE`. The name goes in by a file, never on a command line. Names that are
//! there already are left as they are, so that an operator's own recording under the same name stays.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use contract::Language;
use pinyin::ToPinyin as _;

use crate::media::Law;
use crate::prompts::names::{is_hanzi, place};
use crate::prompts::speech::telephone;

/// The program.
pub const PROGRAM: &str = "espeak-ng";
/// For one name.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(2);
/// The largest sound that is taken from it, in octets.
const LARGEST: u64 = 4 << 20;

/// Why a name was not spoken.
#[derive(Debug, thiserror::Error)]
pub enum SpeakError {
    /// The program is not there.
    #[error("{PROGRAM} is not on this machine")]
    Missing,
    /// The program fails, or takes too long.
    #[error("{PROGRAM} does not speak {0:?}")]
    Silent(String),
    /// The recording cannot be kept.
    #[error("cannot write a recording of {0:?}")]
    Io(String, #[source] io::Error),
}

/// Whether the program can be run.
#[must_use]
pub fn is_there() -> bool {
    let mut asked = Command::new(PROGRAM);
    asked.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// Speaks a name into its place in the folder; false where it was there already.
///
/// # Errors
/// [`SpeakError`].
pub fn speak(folder: &Path, language: Language, text: &str) -> Result<bool, SpeakError> {
    let file = place(folder, language, text);
    if file.exists() {
        return Ok(false);
    }
    let failed = |source| SpeakError::Io(text.to_owned(), source);
    let silent = || SpeakError::Silent(text.to_owned());
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let (said, spoken) = (file.with_extension("txt"), file.with_extension("wav"));
    fs::write(&said, words(language, text)).map_err(failed)?;
    let made = run(language, &said, &spoken);
    let mut octets = Vec::new();
    let read = made.and_then(|()| {
        let opened = fs::File::open(&spoken).map_err(|_| silent())?;
        opened.take(LARGEST).read_to_end(&mut octets).map_err(|_| silent())
    });
    for left in [&said, &spoken] {
        fs::remove_file(left).or_else(gone).map_err(failed)?;
    }
    read?;
    let (rate, samples) = crate::prompts::pack::samples(&octets).ok_or_else(silent)?;
    let samples = telephone(&samples, rate).ok_or_else(silent)?;
    let octets: Vec<u8> = samples.into_iter().map(|sample| Law::Mu.encode(sample)).collect();
    // In one step: a call never hears half a name.
    let fresh = file.with_extension("new");
    let mut written = fs::File::create(&fresh).map_err(failed)?;
    written.write_all(&octets).and_then(|()| written.sync_all()).map_err(failed)?;
    fs::rename(fresh, file).map_err(failed)?;
    Ok(true)
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn run(language: Language, said: &Path, spoken: &Path) -> Result<(), SpeakError> {
    let silent = || SpeakError::Silent(said.display().to_string());
    // As the shipped recordings are made, see fixtures/prompts/make/pack.py.
    let (voice, speed) = match language {
        Language::En => ("en-gb", "160"),
        Language::ZhHans => ("cmn-latn-pinyin", "175"),
        Language::ZhHk => ("yue", "160"),
    };
    let mut command = Command::new(PROGRAM);
    command.args(["-v", voice, "-s", speed, "-w"]).arg(spoken).arg("-f").arg(said);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let spawned = command.spawn();
    let mut child = spawned.map_err(|error| if absent(&error) { SpeakError::Missing } else { silent() })?;
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) | Err(_) => return Err(silent()),
            Ok(None) if Instant::now() < until => std::thread::sleep(LOOK),
            Ok(None) => {
                // It may have ended just now.
                child.kill().unwrap_or_default();
                drop(child.wait());
                return Err(silent());
            }
        }
    }
}

/// What the voice is given: the Mandarin one reads no characters, but their sounds as numbered pinyin.
fn words(language: Language, text: &str) -> String {
    if language != Language::ZhHans {
        return text.to_owned();
    }
    let mut words = String::new();
    for character in text.chars() {
        match character.to_pinyin().filter(|_| is_hanzi(character)) {
            Some(sound) => {
                words.push(' ');
                words.push_str(sound.with_tone_num_end());
                words.push(' ');
            }
            None => words.push(character),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mandarin_is_given_as_sounds() {
        assert_eq!(words(Language::ZhHans, "龙井茶 A3，明前"), "long2 jing3 cha2 A3， ming2 qian2");
        assert_eq!(words(Language::ZhHk, "龙井茶"), "龙井茶");
    }

    #[test]
    fn a_name_is_spoken_once_in_each_language() {
        if !is_there() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        for (language, text) in
            [(Language::ZhHans, "龙井茶"), (Language::ZhHk, "龍井茶"), (Language::En, "-v Longjing tea")]
        {
            assert!(speak(folder.path(), language, text).unwrap(), "{text}");
            assert!(!speak(folder.path(), language, text).unwrap(), "it is there");
            let octets = fs::read(place(folder.path(), language, text)).unwrap();
            assert!((4_000..24_000).contains(&octets.len()), "{text}: {}", octets.len());
            let loud = octets.iter().filter(|octet| Law::Mu.decode(**octet).unsigned_abs() > 2_000).count();
            assert!(loud > 1_000, "{text}: {loud}");
        }
        assert_eq!(fs::read_dir(folder.path().join("en")).unwrap().count(), 1, "nothing else is left");
    }
}
