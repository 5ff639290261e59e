//! Prints every recording that the voice line needs, one JSON object a line: language, name, words. `scripts/prompts`
//! reads it.

use std::io::Write as _;

use channel_voice::prompts::catalogue;
use contract::Language;
use wording::Words;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words = Words::load(None, jiff::tz::TimeZone::UTC)?;
    let mut out = std::io::stdout().lock();
    for language in Language::ALL {
        for (clip, text) in catalogue(&words, language) {
            let line = serde_json::json!({ "language": language.tag(), "clip": clip, "text": text });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
