//! `verigate codes inspect`: all that is known of a number, for a terminal.
//!
//! Owns the layout of the text: 80 columns where the terminal says no other width, colours only where standard output is a
//! terminal and NO_COLOR is not set, and never as the only sign. Asks nothing and decides nothing.

use std::io::{IsTerminal as _, Write};

use contract::Timestamp;
use indicatif::HumanCount;
use jiff::tz::TimeZone;
use verigate::config::{Environment, ProcessEnvironment};
use verigate::verify::decide::{Considered, Outcome};
use verigate::verify::{Asked, Inspected, Lived, Unit};

use crate::failure::Failure;

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns of a label with the spaces around it.
const LABEL: usize = 16;

/// How text is marked on a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    coloured: bool,
}

impl Style {
    /// Colours where standard output is a terminal and its user did not ask for none.
    pub(crate) fn of_stdout() -> Self {
        let refused = ProcessEnvironment.variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: std::io::stdout().is_terminal() && !refused }
    }

    /// The text in the colour of an answer.
    pub(crate) fn coloured(self, colour: &str, text: &str) -> String {
        let code = match colour {
            "green" => "32",
            "amber" => "33",
            "red" => "31",
            _ => "2",
        };
        self.marked(code, text)
    }

    /// The text in bold type.
    pub(crate) fn bold(self, text: &str) -> String {
        self.marked("1", text)
    }

    fn marked(self, code: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Writes what is known, with instants in a zone.
pub(super) fn write(out: &mut dyn Write, known: &Inspected, zone: &TimeZone, style: Style) -> Result<(), Failure> {
    let Inspected { number, verdict, colour, advisories, because, evidence, unit, rules } = known;
    let number = if number.is_empty() { "(no number)" } else { number };
    writeln!(out, "{}", style.bold(number))?;
    let besides = if advisories.is_empty() { String::new() } else { format!(", besides {}", advisories.join(", ")) };
    let said = format!("{verdict} [{colour}]");
    line(out, "would be told", &format!("{}{besides}", style.coloured(colour, &said)))?;
    if let Some(because) = because {
        line(out, "because", because)?;
    }
    if let Some(evidence) = evidence {
        let kept = match evidence {
            verigate::index::Evidence::NeverIssued => "never_issued",
            verigate::index::Evidence::WrongTag => "wrong_tag",
        };
        line(out, "evidence", &format!("{kept} (kept in the ledger, said to nobody)"))?;
    }
    let Some(unit) = unit else { return Ok(()) };
    about(out, unit, zone, style)?;
    writeln!(out, "\n{}", style.bold("Life"))?;
    if unit.life.is_empty() {
        writeln!(out, "  nothing happened to it since it was issued")?;
    }
    unit.life.iter().try_for_each(|lived| line(out, &lived.life, &event(lived, zone)))?;
    history(out, unit, zone, style)?;
    writeln!(out, "\n{}", style.bold("Rules, the first that matches is the verdict"))?;
    rules.iter().try_for_each(|considered| rule(out, considered, colour, style))
}

fn about(out: &mut dyn Write, unit: &Unit, zone: &TimeZone, style: Style) -> Result<(), Failure> {
    let Unit { product, maker, batch, boxed_in, sets, key, .. } = unit;
    let name = |names: &contract::answer::Names| {
        names.en.as_ref().map_or_else(|| names.zh_hans.clone(), |en| format!("{} / {en}", names.zh_hans))
    };
    writeln!(out, "\n{}", style.bold("Unit"))?;
    line(out, "product", &format!("{}  {}", product.id, name(&product.name)))?;
    let more = [product.spec.as_deref(), product.licence.as_deref(), Some(product.category.as_str())];
    line(out, "", &more.into_iter().flatten().collect::<Vec<_>>().join("; "))?;
    if let Some(gtin) = &product.gtin {
        line(out, "GTIN", gtin)?;
    }
    let hotline = maker.hotline.as_ref().map(|hotline| format!("; {hotline}")).unwrap_or_default();
    line(out, "maker", &format!("{}  {}{hotline}", maker.id, name(&maker.name)))?;
    let (came, minted) = match batch.set {
        None => ("issued", format!("key epoch {}", batch.epoch)),
        Some(set) => ("imported", format!("with set {set}")),
    };
    let nth = batch.nth.map_or_else(String::new, |nth| format!("number {} of ", HumanCount(nth)));
    let lot = if batch.lot.is_empty() { String::new() } else { format!(", lot {}", batch.lot) };
    let parent = batch.parent.map_or_else(String::new, |parent| format!(", packed into batch {parent}"));
    line(out, "batch", &format!("{}: {nth}{}{lot}, level {}{parent}", batch.id, numbers(batch.count), batch.level))?;
    line(out, came, &format!("{} by {}, {minted}", minute(batch.issued_at, zone), batch.issued_by))?;
    let others: Vec<String> = sets.iter().filter(|set| batch.set != Some(**set)).map(u64::to_string).collect();
    if !others.is_empty() {
        let sets = if others.len() == 1 { "set" } else { "sets" };
        line(out, "also listed", &format!("in {sets} {}: what happens to any of them counts", others.join(", ")))?;
    }
    let day = |what: &str, day: Option<contract::Day>| day.map(|day| format!("{what} {day}"));
    let days = [day("made", batch.made), day("good until", batch.expiry), day("on sale from", batch.on_sale_from)];
    let days: Vec<String> = days.into_iter().flatten().collect();
    if !days.is_empty() {
        line(out, "days", &days.join(", "))?;
    }
    if let Some(boxed_in) = boxed_in {
        line(out, "in the box", boxed_in)?;
    }
    line(out, "key", key)
}

/// So many numbers.
pub(super) fn numbers(count: u64) -> String {
    format!("{} {}", HumanCount(count), if count == 1 { "number" } else { "numbers" })
}

fn event(lived: &Lived, zone: &TimeZone) -> String {
    let Lived { lifted, own, at, by, city, reason, sequence, .. } = lived;
    let lifted = if *lifted { "lifted " } else { "" };
    let of = if *own { "" } else { "; of its batch, range or product" };
    let city = city.as_ref().map(|city| format!(" in {city}")).unwrap_or_default();
    let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{lifted}{} by {by}{city}{reason} (event {sequence}{of})", minute(*at, zone))
}

fn history(out: &mut dyn Write, unit: &Unit, zone: &TimeZone, style: Style) -> Result<(), Failure> {
    let Unit { sessions, unlisted, uncounted, .. } = unit;
    writeln!(out, "\n{}", style.bold("Asked about"))?;
    if sessions.is_empty() {
        writeln!(out, "  by no shopper yet")?;
    }
    for (Asked { first_at, last_at, checks, channel, city, flagged }, nth) in sessions.iter().zip(1..) {
        let last =
            if checks > &1 { format!(", {checks} times, last {}", minute(*last_at, zone)) } else { String::new() };
        let city = city.as_ref().map(|city| format!(", {city}")).unwrap_or_default();
        let flagged = if *flagged { "; found guessing, does not count" } else { "" };
        let said = format!("{}, {}{city}{last}{flagged}", minute(*first_at, zone), channel.name());
        line(out, &nth.to_string(), &said)?;
    }
    if *unlisted > 0 {
        line(out, "more", &format!("{unlisted} sessions no longer listed"))?;
    }
    if *uncounted > 0 {
        line(out, "not counted", &format!("{uncounted} checks by trade, inspectors and makers"))?;
    }
    Ok(())
}

fn rule(out: &mut dyn Write, considered: &Considered, colour: &str, style: Style) -> Result<(), Failure> {
    let Considered { rule, outcome, why } = considered;
    let (sign, marked) = match outcome {
        Outcome::Verdict => ("=>", style.coloured(colour, &format!("{rule:<18}"))),
        Outcome::Besides => (" +", style.coloured("amber", &format!("{rule:<18}"))),
        Outcome::Near => (" ~", format!("{rule:<18}")),
        Outcome::Clear => ("  ", format!("{rule:<18}")),
    };
    let lines = wrapped(why, WIDTH - 22);
    let mut lines = lines.iter();
    writeln!(out, "{sign} {marked} {}", lines.next().map_or("", String::as_str))?;
    Ok(lines.try_for_each(|more| writeln!(out, "{:22}{more}", ""))?)
}

/// A label and its text, which goes on below itself.
fn line(out: &mut dyn Write, label: &str, text: &str) -> Result<(), Failure> {
    let lines = wrapped(text, WIDTH - LABEL);
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    Ok(labels.zip(&lines).try_for_each(|(label, text)| writeln!(out, "  {label:<13} {text}"))?)
}

/// Breaks a text at spaces into lines of so many columns; what has no space in it stays whole.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(last) = lines.last_mut() else { continue };
        if last.is_empty() {
            last.push_str(word);
        } else if width(last) + 1 + width(word) <= columns {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Columns on a terminal: marks of colour take none, characters from Hangul on take two.
fn width(text: &str) -> usize {
    let mut columns = 0;
    let mut in_mark = false;
    for c in text.chars() {
        match c {
            '\x1b' => in_mark = true,
            'm' if in_mark => in_mark = false,
            _ if in_mark => {}
            '\u{1100}'.. => columns += 2,
            _ => columns += 1,
        }
    }
    columns
}

/// An instant to the minute, as the clock on the wall said it.
pub(super) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_wide_characters_count_twice() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("梧桐岭 乌龙茶", 8), ["梧桐岭", "乌龙茶"]);
        assert_eq!(wrapped("\x1b[31mone\x1b[0m two", 7).len(), 1);
        assert_eq!(wrapped("", 7), [""]);
    }
}
