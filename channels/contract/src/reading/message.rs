//! Where one number of a message ends and the next begins.
//!
//! Owns the rule that the head of [`super`] states. Works on folded text and reads each number as [`super`] does.

use super::characters::is_text;
use super::{Given, Number, gs1, link, prefix};

/// The fewest digits and letters of a number in a message: fewer are a date, a count, an extension.
pub(super) const SHORTEST: usize = 8;

/// A group of so many digits is a number by itself.
const WHOLE: usize = 16;

/// The length of the network's own numbers, at which one is complete.
const COMPLETE: usize = 20;

/// What stands between two words, in the order of how far it separates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    /// Joins groups.
    Joint,
    /// Ends a line or an item of a list.
    Break,
    /// Nothing behind it belongs to what is before it.
    Apart,
}

/// ASCII letters and digits with nothing between them.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// What stands before it.
    gap: Gap,
    /// The one character that stands before it, if it is one.
    mark: Option<char>,
    /// The character behind it.
    next: Option<char>,
}

/// A word that can be a group of a number.
#[derive(Clone, Copy)]
struct Group<'a> {
    text: &'a str,
    gap: Gap,
    /// How many characters it adds to a number.
    size: usize,
    /// A short count that a word of another script follows: "2个".
    counts: bool,
}

/// Every number of a folded message, in order.
pub(super) fn read(text: &str) -> Vec<Given> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(found) = link::find(rest) {
        read_items(found.before, &mut all);
        all.extend(link::read(found.link).filter(is_long_enough));
        rest = found.after;
    }
    read_items(rest, &mut all);
    all
}

fn is_long_enough(given: &Given) -> bool {
    match &given.number {
        Number::Digits(text) | Number::Mixed(text) => text.len() >= SHORTEST,
        Number::Gs1 { .. } => true,
        Number::Unreadable { read } => usize::try_from(*read).is_ok_and(|read| read >= SHORTEST),
    }
}

/// A text without links: printed GS1 items and what stands between them.
fn read_items(text: &str, all: &mut Vec<Given>) {
    let mut rest = text;
    while let Some((start, end)) = gs1::find_marked(rest) {
        let (Some(before), Some(item), Some(after)) = (rest.get(..start), rest.get(start..end), rest.get(end..)) else {
            break;
        };
        read_groups(before, all);
        match gs1::read_marked(item) {
            Some(given) => all.push(given),
            None => read_groups(item, all),
        }
        rest = after;
    }
    read_groups(rest, all);
}

/// A text of groups and words.
fn read_groups(text: &str, all: &mut Vec<Given>) {
    let groups = groups(&words(text));
    for cluster in groups.chunk_by(|_, next| next.gap != Gap::Apart) {
        let mut number = Accumulated::default();
        for line in cluster.chunk_by(|_, next| next.gap == Gap::Joint) {
            let total: usize = line.iter().map(|group| group.size).sum();
            // The count belongs to the number only where it completes it.
            let line = match line {
                [groups @ .., last] if last.counts && total != COMPLETE => groups,
                _ => line,
            };
            number.read_line(line, all);
        }
        number.end(all);
    }
}

/// The groups of the number that is being put together.
#[derive(Default)]
struct Accumulated<'a> {
    groups: Vec<&'a str>,
    size: usize,
}

impl<'a> Accumulated<'a> {
    /// Takes in groups that joints join, ending numbers where the rule says so.
    fn read_line(&mut self, line: &[Group<'a>], all: &mut Vec<Given>) {
        let mut left: usize = line.iter().map(|group| group.size).sum();
        let whole_first = line.first().is_some_and(|group| group.size >= WHOLE);
        if whole_first || self.size + left > COMPLETE {
            self.end(all);
        }
        let sixteens = self.groups.is_empty() && is_in_sixteens(line);
        for group in line {
            let unbroken = self.groups.len() == 1;
            let ends = group.size >= WHOLE
                || (unbroken && self.size >= COMPLETE)
                || (unbroken && self.size >= WHOLE && group.size >= SHORTEST)
                || (self.size == COMPLETE && (left >= WHOLE || group.size >= SHORTEST))
                || (sixteens && self.size == WHOLE);
            if ends {
                self.end(all);
            }
            self.groups.push(group.text);
            self.size += group.size;
            left -= group.size;
        }
    }

    /// Reads what has been put together, if it is a number, and begins anew.
    fn end(&mut self, all: &mut Vec<Given>) {
        let joined: String = self.groups.concat();
        self.groups.clear();
        self.size = 0;
        if joined.len() >= SHORTEST && super::digits(&joined) * 2 >= SHORTEST {
            all.push(super::from_characters(&joined));
        }
    }
}

/// Whether these groups are several numbers of sixteen digits and not of twenty.
fn is_in_sixteens(line: &[Group<'_>]) -> bool {
    let mut size = 0;
    let mut ends = 0;
    for group in line {
        size += group.size;
        if size.is_multiple_of(WHOLE) {
            ends += 1;
        }
    }
    size.is_multiple_of(WHOLE) && !size.is_multiple_of(COMPLETE) && size / WHOLE > 1 && ends == size / WHOLE
}

/// The words of a text, with the gaps between them.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let Some((between, behind)) = rest.split_at_checked(start) else { break };
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(behind.len());
        let Some((word, after)) = behind.split_at_checked(end) else { break };
        let short = words.last().is_some_and(|last| last.text.len() <= 2);
        // "1. 1234 5678 …" numbers a list.
        let is_item = short && between.contains('.') && between.contains(char::is_whitespace);
        let gap = if words.is_empty() || is_item { Gap::Apart } else { gap(between) };
        let mut marks = between.chars();
        let mark = marks.next().filter(|_| marks.next().is_none());
        words.push(Word { text: word, gap, mark, next: after.chars().next() });
        rest = after;
    }
    words
}

fn gap(between: &str) -> Gap {
    between
        .chars()
        .map(|c| match c {
            ' ' | '-' | '.' | '/' | '_' | '~' | '\'' | '’' | '\\' => Gap::Joint,
            '\n' | '\t' | ',' | ';' | '、' | '|' | '&' | '+' | '#' | '*' | '(' | ')' | '[' | ']' => Gap::Break,
            _ => Gap::Apart,
        })
        .max()
        .unwrap_or(Gap::Apart)
}

/// The words that can be groups; whatever lies between two of them sets them apart.
fn groups<'a>(words: &[Word<'a>]) -> Vec<Group<'a>> {
    let mut dated = vec![false; words.len()];
    for (at, three) in words.windows(3).enumerate() {
        let before = words.get(at).and_then(|word| word.mark);
        let behind = words.get(at + 3).and_then(|word| word.mark);
        if is_date(three, before.filter(|_| at > 0), behind) {
            dated.iter_mut().skip(at).take(3).for_each(|mark| *mark = true);
        }
    }
    let mut groups = Vec::new();
    let mut gap = Gap::Apart;
    for (word, dated) in words.iter().zip(dated) {
        gap = gap.max(word.gap);
        match group_size(word.text) {
            Some((size, stands_alone)) if !dated => {
                if stands_alone {
                    gap = Gap::Apart;
                }
                let followed = word.next.is_some_and(is_text);
                let counts = followed && (size < 4 || (size == 4 && word.next == Some('年')));
                groups.push(Group { text: word.text, gap, size, counts });
                gap = if stands_alone { Gap::Apart } else { Gap::Joint };
            }
            Some(_) | None => gap = Gap::Apart,
        }
    }
    groups
}

/// How much a word adds to a number, and whether it joins no other; `None` where it is no group.
fn group_size(text: &str) -> Option<(usize, bool)> {
    let digits = super::digits(text);
    let letters = text.len() - digits;
    if letters == 0 {
        return Some((digits, false));
    }
    if let Some(digits) = prefix::glued(text).filter(|digits| digits.len() >= 4) {
        return Some((digits.len(), false));
    }
    if text.len() >= 4 && digits >= 2 && letters <= digits {
        return Some((text.len(), false));
    }
    (text.len() >= SHORTEST && digits * 2 >= SHORTEST).then_some((text.len(), true))
}

/// A year of this or the last century, a month and a day with the same mark between them, and no such mark around them.
fn is_date(words: &[Word<'_>], before: Option<char>, behind: Option<char>) -> bool {
    let [year, month, day] = words else { return false };
    let within = |text: &str, from: u32, to: u32| {
        text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|value| (from..=to).contains(&value))
    };
    let Some(mark) = month.mark.filter(|mark| matches!(mark, '-' | '/' | '.')) else { return false };
    day.mark == Some(mark)
        && before != Some(mark)
        && behind != Some(mark)
        && year.text.len() == 4
        && within(year.text, 1900, 2099)
        && month.text.len() <= 2
        && within(month.text, 1, 12)
        && day.text.len() <= 2
        && within(day.text, 1, 31)
}
