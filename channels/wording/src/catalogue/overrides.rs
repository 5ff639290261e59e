//! The operator's own words: `DIR/{tag}/*.ftl`, read and checked whole before one of them is used.
//!
//! A file may replace any message or term of ours, whole or in part. It may not add messages nobody asks for, use
//! variables or terms that are not there, refer to other messages (which keeps cycles out), call functions, or use a
//! banned word. Does not merge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::{BANNED, Tag, parse};
use crate::message::{Part, Shape, shapes};

/// The largest file read, in bytes; all of ours together are smaller.
const LARGEST_FILE: u64 = 256 * 1024;

/// Why the operator's words cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than any catalogue.
    #[error("{} is too large, expected at most {LARGEST_FILE} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A folder is not named for a language.
    #[error("{} is not a folder of words, expected one of en, zh-Hans, zh-Hant, zh-HK", path.display())]
    UnknownFolder {
        /// The folder.
        path: PathBuf,
    },
    /// An entry cannot be used.
    #[error("{}, line {line}: {fault}", path.display())]
    Faulty {
        /// The file.
        path: PathBuf,
        /// The line, from 1: where the grammar breaks, else where the entry starts.
        line: usize,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not Fluent.
    #[error("{0}")]
    Grammar(String),
    /// No message or term has this id.
    #[error("there is no {id}, the nearest is {nearest}")]
    UnknownEntry {
        /// As it is written, a term with its hyphen.
        id: String,
        /// The known id that is most like it.
        nearest: String,
    },
    /// The message has no such attribute.
    #[error("{id} has no .{part}, expected one of: {expected}")]
    UnknownPart {
        /// The message.
        id: String,
        /// The attribute.
        part: String,
        /// Those it has.
        expected: String,
    },
    /// The message is not given such a variable.
    #[error("{id} is given no ${variable}, expected one of: {expected}")]
    UnknownVariable {
        /// The message.
        id: String,
        /// The variable.
        variable: String,
        /// Those it is given.
        expected: String,
    },
    /// Something that words may not do.
    #[error("{id} {what}")]
    NotAllowed {
        /// The message or term.
        id: String,
        /// What it does.
        what: String,
    },
    /// The same entry stands twice in one language.
    #[error("{id} was given before in {}, line {line}", path.display())]
    Twice {
        /// The message or term.
        id: String,
        /// The file that had it first.
        path: PathBuf,
        /// Its line there.
        line: usize,
    },
}

/// One file of the operator's.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All files of the operator's, checked.
#[derive(Default)]
pub(crate) struct Overrides {
    files: BTreeMap<Tag, Vec<File>>,
}

impl Overrides {
    /// Reads and checks a folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, WordsError> {
        let mut files: BTreeMap<Tag, Vec<File>> = BTreeMap::new();
        for path in listed(dir)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') || !path.is_dir() {
                continue;
            }
            let Some(tag) = Tag::ALL.into_iter().find(|tag| tag.name() == name) else {
                return Err(WordsError::UnknownFolder { path });
            };
            let known = Known::of(tag);
            let mut seen = BTreeMap::new();
            for path in listed(&path)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "ftl")) {
                let file = File { text: text_of(&path)?, path };
                known.check(&file, &mut seen)?;
                files.entry(tag).or_default().push(file);
            }
        }
        Ok(Self { files })
    }

    /// The files of a tag, by name.
    pub(crate) fn files(&self, tag: Tag) -> &[File] {
        self.files.get(&tag).map_or(&[], Vec::as_slice)
    }
}

/// What a folder holds, by name.
fn listed(dir: &Path) -> Result<Vec<PathBuf>, WordsError> {
    let io = |source| WordsError::Io { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn text_of(path: &Path) -> Result<String, WordsError> {
    let io = |source| WordsError::Io { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(io)?;
    // Measured before it is decoded: a large file is too large before it is anything else.
    if file.metadata().map_err(io)?.len() > LARGEST_FILE {
        return Err(WordsError::TooLarge { path: path.to_owned() });
    }
    let mut text = String::new();
    file.take(LARGEST_FILE).read_to_string(&mut text).map_err(io)?;
    // Some editors put a byte order mark first, which is no part of the words.
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The messages and terms that can be replaced in one language's folder.
pub(crate) struct Known {
    messages: BTreeMap<String, Shape>,
    terms: BTreeSet<String>,
}

impl Known {
    /// A term of a language that this one does not fall back to would leave a gap.
    pub(crate) fn of(tag: Tag) -> Self {
        let messages = shapes().into_iter().map(|shape| (shape.id.clone(), shape)).collect();
        let texts =
            Tag::ALL.into_iter().filter(|below| *below <= tag).flat_map(Tag::files).flat_map(|(_, text)| text.lines());
        let terms = texts
            .filter(|line| line.starts_with('-'))
            .filter_map(|line| line.split_once('='))
            .map(|(id, _)| id.trim_end().to_owned())
            .collect();
        Self { messages, terms }
    }

    /// Checks a file; `seen` holds where each entry of its language stood first.
    fn check(&self, file: &File, seen: &mut BTreeMap<String, (PathBuf, usize)>) -> Result<(), WordsError> {
        for entry in parse(&file.path, &file.text)?.body {
            let Some(id) = super::key(&entry) else { continue };
            let again = seen.get(&id).is_some_and(|(path, _)| *path == file.path);
            let line = nth_line_of(&file.text, &id, usize::from(again));
            let faulty = |fault| WordsError::Faulty { path: file.path.clone(), line, fault };
            self.check_entry(&id, &entry).map_err(faulty)?;
            if let Some((path, line)) = seen.insert(id.clone(), (file.path.clone(), line)) {
                return Err(faulty(Fault::Twice { id, path, line }));
            }
        }
        Ok(())
    }

    /// Whether an entry is one of ours and uses only what is there.
    pub(crate) fn check_entry(&self, id: &str, entry: &Entry<&str>) -> Result<(), Fault> {
        match entry {
            Entry::Message(message) => {
                let shape = self.messages.get(id).ok_or_else(|| self.unknown(id))?;
                let parts: Vec<&str> = shape.parts.iter().filter_map(|part| part.attribute()).collect();
                for attribute in &message.attributes {
                    let part = attribute.id.name;
                    if !parts.contains(&part) {
                        let (id, expected) = (id.to_owned(), list(&parts));
                        return Err(Fault::UnknownPart { id, part: part.to_owned(), expected });
                    }
                    // A receipt shows the word of a verdict without its facts.
                    let bare = Some(part) == Part::Word.attribute();
                    let variables = if bare { &[] } else { shape.variables };
                    Walk { known: self, id, variables, terms: true }.pattern(&attribute.value)?;
                }
                let walk = Walk { known: self, id, variables: shape.variables, terms: true };
                message.value.iter().try_for_each(|value| walk.pattern(value))
            }
            Entry::Term(term) => {
                if !self.terms.contains(id) {
                    return Err(self.unknown(id));
                }
                Walk { known: self, id, variables: &[], terms: false }.pattern(&term.value)
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) | Entry::Junk { .. } => Ok(()),
        }
    }

    fn unknown(&self, id: &str) -> Fault {
        let nearest = self
            .messages
            .keys()
            .chain(&self.terms)
            .min_by_key(|known| strsim::damerau_levenshtein(known, id))
            .cloned()
            .unwrap_or_default();
        Fault::UnknownEntry { id: id.to_owned(), nearest }
    }
}

/// One walk through a pattern, with what it may refer to.
struct Walk<'a> {
    known: &'a Known,
    id: &'a str,
    variables: &'static [&'static str],
    terms: bool,
}

impl Walk<'_> {
    fn pattern(&self, pattern: &Pattern<&str>) -> Result<(), Fault> {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text(value)?,
                PatternElement::Placeable { expression } => self.expression(expression)?,
            }
        }
        Ok(())
    }

    fn expression(&self, expression: &Expression<&str>) -> Result<(), Fault> {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => {
                self.inline(selector)?;
                variants.iter().try_for_each(|variant| self.pattern(&variant.value))
            }
        }
    }

    fn inline(&self, inline: &InlineExpression<&str>) -> Result<(), Fault> {
        match inline {
            InlineExpression::StringLiteral { value } => self.text(value),
            InlineExpression::NumberLiteral { .. } => Ok(()),
            InlineExpression::FunctionReference { id, .. } => Err(self.not_allowed(format!("calls {}()", id.name))),
            InlineExpression::MessageReference { id, .. } => {
                Err(self.not_allowed(format!("refers to the message {}, expected a term or a variable", id.name)))
            }
            InlineExpression::TermReference { id, attribute, arguments } => {
                let name = format!("-{}", id.name);
                if !self.terms || attribute.is_some() || arguments.is_some() {
                    return Err(self.not_allowed(format!("refers to {name} in a way that is not supported")));
                }
                if self.known.terms.contains(&name) { Ok(()) } else { Err(self.known.unknown(&name)) }
            }
            InlineExpression::VariableReference { id } => {
                if self.variables.contains(&id.name) {
                    return Ok(());
                }
                let (id, variable) = (self.id.to_owned(), id.name.to_owned());
                Err(Fault::UnknownVariable { id, variable, expected: list(self.variables) })
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
        }
    }

    fn text(&self, text: &str) -> Result<(), Fault> {
        let lower = text.to_lowercase();
        match BANNED.into_iter().find(|word| lower.contains(word)) {
            Some(word) => Err(self.not_allowed(format!("says \"{word}\", which no answer may; expected \"beware\""))),
            None => Ok(()),
        }
    }

    fn not_allowed(&self, what: String) -> Fault {
        Fault::NotAllowed { id: self.id.to_owned(), what }
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The line, from 1, of the nth entry with an id, from 0. Only entries start in the first column; everything else of a
/// message is indented.
fn nth_line_of(text: &str, id: &str, nth: usize) -> usize {
    let starts = |line: &str| line.strip_prefix(id).is_some_and(|rest| rest.trim_start().starts_with('='));
    text.lines().enumerate().filter(|(_, line)| starts(line)).nth(nth).map_or(1, |(at, _)| at + 1)
}
