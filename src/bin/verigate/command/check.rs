//! `verigate check CODE`: what a shopper who asks for the first time would be told.
//!
//! Counts nothing, logs nothing.

use std::io::Write;

use contract::Language;
use serde_json::json;
use verigate::control::{Request, Response};
use wording::Words;

use super::codes::inspect::Style;
use super::{Shared, ask, json, ours, unexpected};
use crate::failure::Failure;

/// Say what a shopper who asks for the first time would be told of a code; nothing is counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The code as printed, scanned or copied; quote it where it has spaces.
    code: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The language: zh-Hans, zh-HK or en.
    #[arg(long, default_value = "zh-Hans", value_parser = language)]
    language: Language,
}

fn language(text: &str) -> Result<Language, String> {
    Language::for_tag(text).ok_or_else(|| "expected zh-Hans, zh-HK or en".to_owned())
}

impl Check {
    /// Asks and prints.
    pub(crate) fn run(&self, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
        let (link, core, _) = shared.link()?;
        let Response::Inspected { answer, .. } = ask(&link, Request::Inspect { code: self.code.clone() })? else {
            return Err(unexpected());
        };
        let words = Words::load(None, core.rules.zone().clone()).map_err(ours)?;
        let said = words.answer(&answer, self.language);
        let colour = words.colour(answer.colour, self.language);
        if self.json {
            return json(
                out,
                &json!({
                    "verdict": answer.verdict.kind().name(),
                    "colour": answer.colour,
                    "text": { "word": said.word, "verdict": said.verdict, "facts": said.facts, "advice": said.advice,
                        "advisories": said.advisories },
                    "facts": answer.facts,
                }),
            );
        }
        let style = Style::of_stdout();
        let marked = style.coloured(answer.colour.name(), &format!("[{colour}]"));
        writeln!(out, "{marked} {}", style.bold(&said.verdict))?;
        said.facts.iter().chain(&said.advisories).try_for_each(|line| writeln!(out, "  {line}"))?;
        Ok(writeln!(out, "{}", said.advice)?)
    }
}
