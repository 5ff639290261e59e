//! Makers and products out of a file: TOML or CSV.
//!
//! Owns the two forms. Does not judge the entries: [`Catalogue::check_change`](super::Catalogue::check_change) does.
//!
//! TOML has one `[[maker]]` or `[[product]]` table for each entry, with the fields of [`Maker`] and [`Product`].
//!
//! CSV is one file with a header line; its first column is `kind` and says `maker` or `product`, so that a maker and
//! its products travel in one file. Columns may stand in any order and be left out where no line needs them; an empty cell
//! is a value that is not given; several resources or cities in one cell are parted by `;`:
//! `kind,id,maker,name,name_zh_hk,name_en,hotline,category,layout,resources,spec,licence,shelf_life_days,sales_region,`
//! `concealment,tracks_shipping,gtin`.
//!
//! Both are UTF-8, with or without a byte order mark. Files in GB18030 are refused by line rather than guessed at: a
//! wrong guess would print a wrong name in every answer.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use contract::answer::Names;
use serde::Deserialize;

use super::check::MAX_ENTRIES;
use crate::index::{CatalogueChange, Concealment, Maker, Product};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

const COLUMNS: [&str; 17] = [
    "kind",
    "id",
    "maker",
    "name",
    "name_zh_hk",
    "name_en",
    "hotline",
    "category",
    "layout",
    "resources",
    "spec",
    "licence",
    "shelf_life_days",
    "sales_region",
    "concealment",
    "tracks_shipping",
    "gtin",
];

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Neither form, by its name.
    #[error("{} is named neither .toml nor .csv", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// It is too large.
    #[error("the file has {got} bytes or more, expected at most {MAX_BYTES}")]
    TooLarge {
        /// How many were there, at least.
        got: u64,
    },
    /// It has too many entries.
    #[error("the file has more than {MAX_ENTRIES} makers and products; split it")]
    TooMany,
    /// It is not UTF-8.
    #[error("line {line} is not UTF-8; convert files in GB18030 or GBK first (iconv -f GB18030 -t UTF-8)")]
    NotUtf8 {
        /// The line, from 1.
        line: u64,
    },
    /// It breaks the form.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// How.
        reason: String,
    },
}

/// Reads a file by its ending.
///
/// # Errors
/// [`SourceError`].
pub fn read(path: &Path, by: &str) -> Result<CatalogueChange, SourceError> {
    let io = |source| SourceError::Io { path: path.to_owned(), source };
    let form = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let parse = match form.as_deref() {
        Some("toml") => parse_toml,
        Some("csv") => parse_csv,
        _ => return Err(SourceError::Form { path: path.to_owned() }),
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    parse(&bytes, by)
}

/// Reads TOML.
///
/// # Errors
/// [`SourceError`].
pub fn parse_toml(bytes: &[u8], by: &str) -> Result<CatalogueChange, SourceError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entries {
        #[serde(default)]
        maker: Vec<Maker>,
        #[serde(default)]
        product: Vec<Product>,
    }

    let text = utf8(bytes)?;
    let Entries { maker, product } = toml::from_str(text).map_err(|error| SourceError::Line {
        line: line_at(text.as_bytes(), error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    if maker.len() + product.len() > MAX_ENTRIES {
        return Err(SourceError::TooMany);
    }
    Ok(CatalogueChange { makers: maker, products: product, by: by.to_owned() })
}

/// Reads CSV.
///
/// # Errors
/// [`SourceError`].
pub fn parse_csv(bytes: &[u8], by: &str) -> Result<CatalogueChange, SourceError> {
    let text = utf8(bytes)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(csv_error)?.clone();
    for (at, column) in header.iter().enumerate() {
        if !COLUMNS.contains(&column) {
            let column: String = column.chars().take(40).collect();
            let reason = format!("unknown column {column:?}, expected some of {}", COLUMNS.join(","));
            return Err(SourceError::Line { line: 1, reason });
        }
        if header.iter().take(at).any(|earlier| earlier == column) {
            return Err(SourceError::Line { line: 1, reason: format!("the column {column} is there twice") });
        }
    }
    let mut change = CatalogueChange { by: by.to_owned(), ..CatalogueChange::default() };
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(csv_error)? {
        if change.makers.len() + change.products.len() >= MAX_ENTRIES {
            return Err(SourceError::TooMany);
        }
        let line = record.position().map_or(0, csv::Position::line);
        let row = Row { header: &header, record: &record };
        let taken = match row.given("kind") {
            Some("maker") => row.maker().map(|maker| change.makers.push(maker)),
            Some("product") => row.product().map(|product| change.products.push(product)),
            other => Err(format!("kind is {:?}, expected maker or product", other.unwrap_or_default())),
        };
        taken.map_err(|reason| SourceError::Line { line, reason })?;
    }
    Ok(change)
}

/// One line of a CSV file; errors are the reason alone.
struct Row<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// The cell of a column, unless it is empty or the column left out.
    fn given(&self, column: &str) -> Option<&'a str> {
        let at = self.header.iter().position(|name| name == column)?;
        self.record.get(at).filter(|cell| !cell.is_empty())
    }

    fn required(&self, column: &str) -> Result<String, String> {
        self.given(column).map(str::to_owned).ok_or_else(|| format!("{column} is empty"))
    }

    fn optional(&self, column: &str) -> Option<String> {
        self.given(column).map(str::to_owned)
    }

    /// The cells that this kind has no use for are empty: a value that would be dropped is a mistake.
    fn only(&self, columns: &[&str]) -> Result<(), String> {
        match COLUMNS.iter().find(|column| !columns.contains(column) && self.given(column).is_some()) {
            Some(column) => Err(format!("a line of this kind has no {column}")),
            None => Ok(()),
        }
    }

    fn names(&self) -> Result<Names, String> {
        Ok(Names { zh_hans: self.required("name")?, zh_hk: self.optional("name_zh_hk"), en: self.optional("name_en") })
    }

    fn maker(&self) -> Result<Maker, String> {
        self.only(&["kind", "id", "name", "name_zh_hk", "name_en", "hotline"])?;
        Ok(Maker { id: self.required("id")?, name: self.names()?, hotline: self.optional("hotline") })
    }

    fn product(&self) -> Result<Product, String> {
        if self.given("hotline").is_some() {
            return Err("a line of this kind has no hotline".to_owned());
        }
        let resources = self
            .given("resources")
            .into_iter()
            .flat_map(|cell| cell.split(';'))
            .map(str::trim)
            .map(|part| part.parse().map_err(|_| format!("the resource {part:?} is no number")));
        let days = self
            .given("shelf_life_days")
            .map(|days| days.parse().map_err(|_| format!("shelf_life_days is {days:?}, expected a number of days")));
        Ok(Product {
            id: self.required("id")?,
            maker: self.required("maker")?,
            name: self.names()?,
            category: self.required("category")?,
            layout: self.optional("layout").unwrap_or_default(),
            resources: resources.collect::<Result<_, _>>()?,
            spec: self.optional("spec"),
            licence: self.optional("licence"),
            shelf_life_days: days.transpose()?,
            sales_region: self
                .given("sales_region")
                .map(|cities| cities.split(';').map(|city| city.trim().to_owned()).collect())
                .unwrap_or_default(),
            concealment: match self.given("concealment") {
                None | Some("printed") => Concealment::Printed,
                Some("hidden") => Concealment::Hidden,
                Some(other) => return Err(format!("concealment is {other:?}, expected printed or hidden")),
            },
            tracks_shipping: match self.given("tracks_shipping") {
                None | Some("false") => false,
                Some("true") => true,
                Some(other) => return Err(format!("tracks_shipping is {other:?}, expected true or false")),
            },
            gtin: self.optional("gtin"),
        })
    }
}

fn csv_error(error: csv::Error) -> SourceError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        format!("{len} cells, expected {expected_len} as in the header")
    } else {
        error.to_string()
    };
    SourceError::Line { line, reason }
}

/// The text without its byte order mark.
fn utf8(bytes: &[u8]) -> Result<&str, SourceError> {
    let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if got > MAX_BYTES {
        return Err(SourceError::TooLarge { got });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| SourceError::NotUtf8 { line: line_at(bytes, error.valid_up_to()) })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The line that a byte stands in, from 1.
fn line_at(bytes: &[u8], at: usize) -> u64 {
    bytes.iter().take(at).fold(1, |line, byte| line + u64::from(*byte == b'\n'))
}

#[cfg(test)]
mod tests;
