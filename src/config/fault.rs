//! Where a configuration is wrong and what was probably meant.
//!
//! Turns the parser's span and message into line, column, key and nearest spelling. Knows no section.

use std::fmt;

/// A fault in the text of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key or the value that is not known, where that is the fault.
    pub unknown: Option<String>,
    /// The known one that is spelt most like it.
    pub nearest: Option<String>,
    /// What is wrong, in the parser's or the section's words.
    pub message: String,
    /// The line as it stands in the file, cut to 120 characters.
    pub excerpt: String,
}

impl Fault {
    /// Places the parser's error in the text.
    pub(super) fn locate(text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let excerpt = text.lines().nth(line - 1).unwrap_or_default().trim_end().chars().take(120).collect();
        let message = error.message().trim().to_owned();
        let (unknown, known) = spelling(&message);
        let nearest = unknown.as_deref().and_then(|unknown| nearest(unknown, &known));
        Self { line, column, unknown, nearest, message, excerpt }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "; did you mean `{nearest}`?")?;
        }
        if self.excerpt.is_empty() { Ok(()) } else { write!(f, "\n    {}", self.excerpt) }
    }
}

/// The unknown word and the known ones, out of serde's "unknown field `x`, expected one of `a`, `b`".
fn spelling(message: &str) -> (Option<String>, Vec<String>) {
    if !message.starts_with("unknown field ") && !message.starts_with("unknown variant ") {
        return (None, Vec::new());
    }
    // Words stand between backticks, so they are every second piece.
    let mut words = message.split('`').skip(1).step_by(2).map(str::to_owned);
    (words.next(), words.collect())
}

/// Near enough to be a slip of the finger; a wild guess would be worse than none.
const LIKE: f64 = 0.75;

fn nearest(unknown: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(unknown, word), word))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word.clone())
}
