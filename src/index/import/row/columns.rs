//! What the columns of a list are, as its first line or an operator names them.
//!
//! Owns the names and what must be there. Reads no row.

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The number, as printed or scanned.
    Number,
    /// The product's id.
    Product,
    /// The lot.
    Lot,
    /// The day it was made.
    Made,
    /// The last day it is good.
    Expiry,
    /// Packaging level.
    Level,
    /// How many of the level below it holds.
    Holds,
    /// The number of the box it lies in.
    Parent,
    /// The GTIN of a GS1 item.
    Gtin,
    /// The serial of a GS1 item.
    Serial,
    /// Not looked at.
    Skip,
}

impl Column {
    /// By its name, in English or Chinese.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_lowercase().as_str() {
            "number" | "code" | "编号" | "号码" | "编码" | "防伪码" | "监管码" | "電子監管碼" | "编码号" => {
                Self::Number
            }
            "product" | "产品" | "产品编号" => Self::Product,
            "lot" | "batch" | "批号" | "批次" | "生产批号" => Self::Lot,
            "made" | "生产日期" => Self::Made,
            "expiry" | "有效期" | "有效期至" | "失效日期" => Self::Expiry,
            "level" | "包装级别" | "级别" => Self::Level,
            "holds" | "装量" | "内装数" => Self::Holds,
            "parent" | "箱码" | "上级码" | "上级" => Self::Parent,
            "gtin" => Self::Gtin,
            "serial" | "序列号" => Self::Serial,
            "-" => Self::Skip,
            _ => return None,
        })
    }
}

/// What the columns are, as an operator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// In their order.
    InOrder(Vec<Column>),
    /// By what the first line calls them; others are not looked at.
    Named(Vec<(String, Column)>),
}

impl Columns {
    /// From `number,lot,-` or `防伪码=number,批号=lot`.
    ///
    /// # Errors
    /// Says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = |name: &str| {
            Column::named(name).ok_or_else(|| {
                format!(
                    "{:?} is no column, expected number, product, lot, made, expiry, level, holds, parent, gtin, serial or -",
                    name.chars().take(40).collect::<String>()
                )
            })
        };
        let columns = if text.contains('=') {
            let pair = |part: &str| {
                let (name, column) =
                    part.split_once('=').ok_or_else(|| format!("{part:?} has no =, as the others have"))?;
                Ok((name.trim().to_owned(), known(column)?))
            };
            Self::Named(text.split(',').map(pair).collect::<Result<_, String>>()?)
        } else {
            Self::InOrder(text.split(',').map(known).collect::<Result<_, String>>()?)
        };
        let all: Vec<Column> = match &columns {
            Self::InOrder(all) => all.clone(),
            Self::Named(all) => all.iter().map(|(_, column)| *column).collect(),
        };
        complete(&all).map(|()| columns)
    }
}

/// Columns fit for a row: a number in one way, and nothing twice.
pub(super) fn complete(columns: &[Column]) -> Result<(), String> {
    let has = |column| columns.contains(&column);
    for (at, column) in columns.iter().enumerate() {
        if *column != Column::Skip && columns.iter().skip(at + 1).any(|other| other == column) {
            return Err(format!("two columns are {column:?}").to_lowercase());
        }
    }
    match (has(Column::Number), has(Column::Gtin), has(Column::Serial)) {
        (true, false, false) | (false, true, true) => Ok(()),
        _ => Err("expected one column number, or gtin and serial".to_owned()),
    }
}
