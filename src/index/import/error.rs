//! Why a list is not taken, told by line or byte.
//!
//! Owns the error of an import and its words. Which exit code it comes to is the command's.

use std::io;
use std::path::PathBuf;

use crate::index::sets::file::FileError;

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The list cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The list.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What compresses it is cut off or damaged.
    #[error("the {form} data of {} {how} behind line {line} (byte {byte} of the file)", path.display())]
    Compressed {
        /// The list.
        path: PathBuf,
        /// Of which form.
        form: &'static str,
        /// How.
        how: &'static str,
        /// The last whole line.
        line: u64,
        /// Bytes read of the file.
        byte: u64,
    },
    /// A line is longer than any row.
    #[error("line {line} is longer than {most} bytes (from byte {byte}): expected one number to a line")]
    TooLong {
        /// The line.
        line: u64,
        /// Where it begins, in the text.
        byte: u64,
        /// The bound.
        most: usize,
    },
    /// It is in another encoding.
    #[error("line {line} is not UTF-8 (byte {byte}); {advice}")]
    Encoding {
        /// The line.
        line: u64,
        /// Where in the text.
        byte: u64,
        /// What to do.
        advice: &'static str,
    },
    /// Its columns cannot be told.
    #[error("line {line}: {what}")]
    Columns {
        /// The line.
        line: u64,
        /// Why.
        what: String,
    },
    /// It changed meanwhile.
    #[error("{} was changed while it was read (at byte {byte}): import it again when it is finished", path.display())]
    Changed {
        /// The list.
        path: PathBuf,
        /// Where reading was.
        byte: u64,
    },
    /// There is too much of something.
    #[error("line {line}: more than {most} different {what}; split the list")]
    TooMany {
        /// The line.
        line: u64,
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
    /// It has no number.
    #[error("{} has no number that can be taken: {}", path.display(), none_of(*rejected))]
    Nothing {
        /// The list.
        path: PathBuf,
        /// Rows that were rejected.
        rejected: u64,
    },
    /// It contradicts what is known.
    #[error(
        "{} in set {set} with another product, lot, day or level (the first on line {line}): \
         mend the list, or remove that set first (verigate import --remove {set})",
        if *count == 1 { "1 number stands".to_owned() } else { format!("{count} numbers stand") }
    )]
    Contradicts {
        /// The set.
        set: u64,
        /// How many.
        count: u64,
        /// The line of the first.
        line: u64,
    },
    /// Another import is at work in the folder.
    #[error("another import is at work in {}: wait for it", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The data folder cannot be written.
    #[error("cannot write {}; nothing was imported", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A set file cannot be used.
    #[error(transparent)]
    Set(#[from] FileError),
    /// Whoever watched broke it off.
    #[error("broken off; nothing was imported")]
    Stopped,
}

fn none_of(rejected: u64) -> String {
    match rejected {
        0 => "it has no rows".to_owned(),
        1 => "its one row is rejected".to_owned(),
        rows => format!("{rows} rows, all rejected"),
    }
}
