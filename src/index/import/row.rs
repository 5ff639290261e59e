//! What one line of a list says: its cells, what they are, and the number in it.
//!
//! Owns columns and cells. A line is a row: cells are parted by a tab, a comma or a semicolon, whichever the first line
//! has, or by nothing; one that holds such a mark stands in double quotes, and a double quote in it is doubled. A number
//! is read as a shopper's would be ([`read_one`]), so that what is printed, typed and listed is one number.

mod columns;

use std::borrow::Cow;

use contract::reading::{MAX_NUMBER, gtin14, parse_expiry, read_one};
use contract::{Day, Number};

use self::columns::complete;
pub use self::columns::{Column, Columns};
use crate::index::sets::form::Form;
use crate::index::sets::group::Group;

/// The fewest digits and letters of a number: fewer cannot be asked about in a text message.
const SHORTEST: usize = 8;
/// The longest lot and the longest product id, in characters.
const MAX_TEXT: usize = 64;

/// What every number of a list has where no column says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixed {
    /// The product's id.
    pub product: Option<String>,
    /// The lot.
    pub lot: Option<String>,
    /// The day made.
    pub made: Option<Day>,
    /// The last day good.
    pub expiry: Option<Day>,
    /// The packaging level.
    pub level: Option<u8>,
    /// How many of the level below one holds.
    pub holds: Option<u32>,
}

/// The columns of a list, once its first line was seen.
#[derive(Debug, Clone)]
pub struct Mapped {
    columns: Vec<Column>,
    delimiter: Option<char>,
    fixed: Fixed,
}

/// What a row says; what it shares with others is told apart by [`Mapped::group`].
#[derive(Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// The number's form.
    pub form: Form,
    /// The number.
    pub value: u128,
    /// The box it lies in.
    pub parent: Option<Cow<'a, str>>,
}

/// The columns of what numbers share, in the order in which their cells are spoken.
const SHARED: [Column; 6] = [Column::Product, Column::Lot, Column::Made, Column::Expiry, Column::Level, Column::Holds];
/// Parts the cells that are spoken.
const APART: char = '\u{1f}';

impl Mapped {
    /// From the first line that is not empty, and whether that line is a header.
    ///
    /// # Errors
    /// Says why the columns cannot be told.
    pub fn of(given: Option<&Columns>, fixed: &Fixed, first: &str) -> Result<(Self, bool), String> {
        let delimiter = ['\t', ',', ';'].into_iter().find(|mark| first.contains(*mark));
        let cells = split(first, delimiter)?;
        let named: Vec<Option<Column>> = cells.iter().map(|cell| Column::named(cell)).collect();
        let (columns, is_header) = match given {
            Some(Columns::InOrder(columns)) if columns.len() == cells.len() => {
                let at = columns.iter().position(|column| matches!(column, Column::Number | Column::Serial));
                let number = at.and_then(|at| cells.get(at)).map_or("", AsRef::as_ref);
                (columns.clone(), !number.contains(|c: char| c.is_ascii_digit()))
            }
            Some(Columns::InOrder(columns)) => {
                return Err(format!("it has {} cells, and {} columns are named", cells.len(), columns.len()));
            }
            Some(Columns::Named(wanted)) => {
                if let Some((missing, _)) =
                    wanted.iter().find(|(name, _)| !cells.iter().any(|cell| cell.trim() == name))
                {
                    return Err(format!("no cell of the first line is {missing:?}"));
                }
                let column = |cell: &Cow<'_, str>| {
                    wanted.iter().find(|(name, _)| cell.trim() == name).map_or(Column::Skip, |(_, column)| *column)
                };
                (cells.iter().map(column).collect(), true)
            }
            None if named.iter().any(Option::is_some) => {
                if let Some((cell, _)) = cells.iter().zip(&named).find(|(_, named)| named.is_none()) {
                    let cell: String = cell.chars().take(40).collect();
                    return Err(format!("{cell:?} is no column that is known; say what it is with --columns"));
                }
                (named.into_iter().flatten().collect(), true)
            }
            None if cells.len() == 1 => (vec![Column::Number], false),
            None => return Err(format!("it has {} cells; say what they are with --columns", cells.len())),
        };
        complete(&columns)?;
        if fixed.product.is_none() && !columns.contains(&Column::Product) {
            return Err("no column says which product, and no --product does".to_owned());
        }
        Ok((Self { columns, delimiter, fixed: fixed.clone() }, is_header))
    }

    /// What a line says. The cells of what it shares with others are written into `spoken`, as they are: most rows speak
    /// as the row before them did, and need not be read again.
    ///
    /// # Errors
    /// Why it says nothing that can be taken, for the operator.
    pub fn read<'a>(&self, line: &'a str, spoken: &mut String) -> Result<Said<'a>, String> {
        spoken.clear();
        if let ([Column::Number], None) = (self.columns.as_slice(), self.delimiter) {
            let number = number(line.trim())?;
            return self.said(number, None, |_| None, spoken);
        }
        let mut cells = split(line, self.delimiter)?;
        if cells.len() != self.columns.len() {
            return Err(format!("{} cells, expected {}", cells.len(), self.columns.len()));
        }
        let place = |column: Column| self.columns.iter().position(|known| *known == column);
        let parent = place(Column::Parent).and_then(|at| cells.get_mut(at)).map(std::mem::take);
        let cell = |column: Column| cells.get(place(column)?).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let number = match (cell(Column::Gtin), cell(Column::Serial)) {
            (Some(gtin), Some(serial)) => item(gtin, serial)?,
            (None, None) => number(cell(Column::Number).ok_or("the number is empty")?)?,
            _ => return Err("a GTIN without a serial, or a serial without a GTIN".to_owned()),
        };
        self.said(number, parent, cell, spoken)
    }

    fn said<'a, 'b>(
        &self,
        read: Read,
        parent: Option<Cow<'a, str>>,
        cell: impl Fn(Column) -> Option<&'b str>,
        spoken: &mut String,
    ) -> Result<Said<'a>, String> {
        for column in SHARED {
            let carried = match column {
                Column::Lot => read.lot.as_deref().map(Cow::Borrowed),
                Column::Expiry => read.expiry.map(|day| Cow::Owned(day.to_string())),
                Column::Number
                | Column::Product
                | Column::Made
                | Column::Level
                | Column::Holds
                | Column::Parent
                | Column::Gtin
                | Column::Serial
                | Column::Skip => None,
            };
            match (cell(column), carried) {
                (Some(cell), _) if cell.contains(APART) => return Err("a cell has unprintable characters".to_owned()),
                (Some(cell), _) => spoken.push_str(cell),
                (None, Some(carried)) => spoken.push_str(&carried),
                (None, None) => {}
            }
            spoken.push(APART);
        }
        let parent = parent.filter(|parent| !parent.trim().is_empty()).map(boxed).transpose()?;
        Ok(Said { form: read.form, value: read.value, parent })
    }

    /// What the cells that were spoken come to.
    ///
    /// # Errors
    /// Why they cannot be taken.
    pub fn group(&self, spoken: &str) -> Result<Group, String> {
        let Fixed { product, lot, made, expiry, level, holds } = &self.fixed;
        let mut group = Group {
            product: product.clone().unwrap_or_default(),
            lot: lot.clone().unwrap_or_default(),
            made: *made,
            expiry: *expiry,
            level: level.unwrap_or(1),
            holds: holds.unwrap_or(1),
            count: 0,
        };
        for (column, cell) in SHARED.into_iter().zip(spoken.split(APART)).filter(|(_, cell)| !cell.is_empty()) {
            match column {
                Column::Product => group.product = text("product", cell)?,
                Column::Lot => group.lot = text("lot", cell)?,
                Column::Made => group.made = Some(date("day made", cell)?),
                Column::Expiry => group.expiry = Some(date("expiry", cell)?),
                Column::Level => {
                    group.level = cell.parse().map_err(|_| format!("the level is {cell:?}, expected 1 to 4"))?;
                }
                Column::Holds => {
                    group.holds = cell.parse().map_err(|_| format!("holds is {cell:?}, expected a number"))?;
                }
                Column::Number | Column::Parent | Column::Gtin | Column::Serial | Column::Skip => {}
            }
        }
        sound(&group)?;
        Ok(group)
    }
}

/// A number with what came along with it.
struct Read {
    form: Form,
    value: u128,
    lot: Option<String>,
    expiry: Option<Day>,
}

/// The number in a cell.
fn number(cell: &str) -> Result<Read, String> {
    if let Some(value) = plain(cell) {
        let form = Form::Digits(u8::try_from(cell.len()).unwrap_or(0));
        return Ok(Read { form, value, lot: None, expiry: None });
    }
    let given = read_one(cell);
    let (what, read) = match &given.number {
        Number::Digits(text) | Number::Mixed(text) if text.len() < SHORTEST => ("has", text.len()),
        Number::Gs1 { serial: None, .. } => return Err("a kind of goods, expected one unit's number".to_owned()),
        Number::Unreadable { read: 0 } => return Err("no number".to_owned()),
        Number::Unreadable { read } => ("reads as", usize::try_from(*read).unwrap_or(usize::MAX)),
        Number::Digits(_) | Number::Mixed(_) | Number::Gs1 { .. } => {
            let (form, value) = Form::of(&given.number).ok_or("no number")?;
            return Ok(Read { form, value, lot: given.lot, expiry: given.expiry });
        }
    };
    Err(format!("the number {what} {read} digits and letters, expected {SHORTEST} to {MAX_NUMBER}"))
}

/// The number of 8 to 20 digits and nothing else, which need no reading; behind `01` a GTIN may stand.
fn plain(cell: &str) -> Option<u128> {
    if !(SHORTEST..=20).contains(&cell.len()) || cell.starts_with("01") {
        return None;
    }
    let (high, low) = cell.as_bytes().split_at_checked(cell.len().saturating_sub(10))?;
    let part = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_u64, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
    };
    Some(u128::from(part(high)?) * 10_000_000_000 + u128::from(part(low)?))
}

/// A GS1 item of two cells.
fn item(gtin: &str, serial: &str) -> Result<Read, String> {
    let gtin = gtin14(gtin).ok_or("the GTIN is no 8, 12, 13 or 14 digits with the right check digit")?;
    if serial.is_empty() || serial.len() > 20 || !serial.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the serial is not 1 to 20 printable characters".to_owned());
    }
    let number = Number::Gs1 { gtin: gtin.to_string(), serial: Some(serial.to_owned()) };
    let (form, value) = Form::of(&number).ok_or("no number")?;
    Ok(Read { form, value, lot: None, expiry: None })
}

fn boxed(cell: Cow<'_, str>) -> Result<Cow<'_, str>, String> {
    if cell.len() > 128 || cell.chars().any(char::is_control) {
        return Err("the box's number is longer than 128 bytes or unprintable".to_owned());
    }
    let trimmed = cell.trim();
    Ok(if trimmed.len() == cell.len() { cell } else { Cow::Owned(trimmed.to_owned()) })
}

fn text(what: &str, cell: &str) -> Result<String, String> {
    if cell.chars().count() > MAX_TEXT || cell.chars().any(char::is_control) {
        return Err(format!("the {what} is longer than {MAX_TEXT} characters or unprintable"));
    }
    Ok(cell.to_owned())
}

fn date(what: &str, cell: &str) -> Result<Day, String> {
    let read =
        || format!("the {what} is {:?}, expected a day as 2026-11-23", cell.chars().take(40).collect::<String>());
    parse_expiry(cell).ok_or_else(read)
}

/// What goes together.
fn sound(group: &Group) -> Result<(), String> {
    if group.product.is_empty() {
        return Err("the product is empty".to_owned());
    }
    match (group.level, group.holds) {
        (1, 1) | (2..=4, 2..) => {}
        (1, holds) => return Err(format!("a number of level 1 holds {holds}, expected 1")),
        (2..=4, holds) => return Err(format!("a box holds {holds}, expected at least 2 (column or option holds)")),
        (level, _) => return Err(format!("the level is {level}, expected 1 to 4")),
    }
    match (group.made, group.expiry) {
        (Some(made), Some(expiry)) if expiry < made => {
            Err(format!("it expires on {expiry}, before it was made on {made}"))
        }
        _ => Ok(()),
    }
}

/// The cells of a line.
///
/// # Errors
/// Where a quote is not closed, or something stands behind a closed one.
pub fn split(line: &str, delimiter: Option<char>) -> Result<Vec<Cow<'_, str>>, String> {
    let Some(delimiter) = delimiter else { return Ok(vec![Cow::Borrowed(line)]) };
    if !line.contains('"') {
        return Ok(line.split(delimiter).map(Cow::Borrowed).collect());
    }
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => {
                let end = rest.find(delimiter).unwrap_or(rest.len());
                let (cell, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (Cow::Borrowed(cell), after)
            }
        };
        cells.push(cell);
        let after = after.trim_start_matches(' ');
        match after.strip_prefix(delimiter) {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err("something stands behind a closing quote".to_owned()),
        }
    }
}

/// A cell behind its opening quote, and what follows its closing one.
fn quoted_cell(quoted: &str) -> Result<(Cow<'_, str>, &str), String> {
    let mut cell = Cow::Borrowed("");
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"').ok_or("a quote is not closed on its line")?;
        if cell.is_empty() {
            cell = Cow::Borrowed(part);
        } else {
            cell.to_mut().push_str(part);
        }
        match after.strip_prefix('"') {
            Some(more) => {
                cell.to_mut().push('"');
                rest = more;
            }
            None => return Ok((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests;
