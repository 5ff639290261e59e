//! Octets for a stock device, taken apart into commands and text.
//!
//! Knows the commands that `render` writes; of any other it skips the two octets that such a command has at least. Does
//! nothing.

use crate::wire::{ACK, BEL, ENQ, EOT, ETX, FS, NAK, STX, longitudinal};

const CLR: u8 = 0x0c;
const CR: u8 = b'\r';
const DLE: u8 = 0x10;
const ESC: u8 = 0x1b;
const GS: u8 = 0x1d;
const LF: u8 = b'\n';
const US: u8 = 0x1f;

/// A command, or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a [u8]),
    LineFeed,
    /// ACK, NAK, BEL or ENQ.
    Signal(u8),
    /// A block of ISO 1155, and whether its check holds.
    Block {
        fields: &'a [u8],
        whole: bool,
    },
    Clear,
    Initialise,
    /// A row of a CD5220, from 0.
    Row {
        row: u8,
        text: &'a [u8],
    },
    /// Where a DM-D writes next, from 1.
    Cursor {
        column: u8,
        row: u8,
    },
    Large(bool),
    Centred(bool),
    Feed(u8),
    Cut,
    /// What the next square code holds.
    Store(&'a [u8]),
    PrintCode,
    /// A printer is asked how it is.
    Status(u8),
    Other,
}

/// The first piece and what is behind it; `None` where more has to come first.
pub(super) fn read(octets: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    match octets {
        [] => None,
        [signal @ (ACK | NAK | BEL | ENQ), behind @ ..] => Some((Piece::Signal(*signal), behind)),
        [LF, behind @ ..] => Some((Piece::LineFeed, behind)),
        [CLR, behind @ ..] => Some((Piece::Clear, behind)),
        [STX, behind @ ..] => block(behind),
        [ESC, behind @ ..] => escape(behind),
        [GS, behind @ ..] => group(behind),
        [US, b'$', column, row, behind @ ..] => Some((Piece::Cursor { column: *column, row: *row }, behind)),
        [US] | [US, b'$', ..] => None,
        [DLE, EOT, what, behind @ ..] => Some((Piece::Status(*what), behind)),
        [DLE] | [DLE, EOT] | [FS] => None,
        [FS, _, behind @ ..] => Some((Piece::Other, behind)),
        [0x00..=0x1f | 0x7f, behind @ ..] => Some((Piece::Other, behind)),
        text => {
            let length = text.iter().position(|octet| *octet < b' ').unwrap_or(text.len());
            let (text, behind) = text.split_at_checked(length)?;
            Some((Piece::Text(text), behind))
        }
    }
}

fn block(behind: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    let end = behind.iter().position(|octet| *octet == ETX)?;
    let (fields, rest) = behind.split_at_checked(end)?;
    let [ETX, check, behind @ ..] = rest else { return None };
    Some((Piece::Block { fields, whole: longitudinal(fields) ^ ETX == *check }, behind))
}

fn escape(behind: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    match behind {
        [b'@', behind @ ..] => Some((Piece::Initialise, behind)),
        [b'Q', row, behind @ ..] => {
            let end = behind.iter().position(|octet| *octet == CR)?;
            let (text, rest) = behind.split_at_checked(end)?;
            Some((Piece::Row { row: row.wrapping_sub(b'A'), text }, rest.get(1..)?))
        }
        [b'a', how, behind @ ..] => Some((Piece::Centred(*how == 1), behind)),
        [b'd', lines, behind @ ..] => Some((Piece::Feed(*lines), behind)),
        [] | [b'Q' | b'a' | b'd' | b't'] => None,
        [b't', _, behind @ ..] | [_, behind @ ..] => Some((Piece::Other, behind)),
    }
}

fn group(behind: &[u8]) -> Option<(Piece<'_>, &[u8])> {
    match behind {
        [b'!', size, behind @ ..] => Some((Piece::Large(*size != 0), behind)),
        [b'V', 65 | 66, _, behind @ ..] => Some((Piece::Cut, behind)),
        [b'V', 65 | 66] => None,
        [b'V', _, behind @ ..] => Some((Piece::Cut, behind)),
        [b'(', b'k', low, high, behind @ ..] => {
            let (body, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
            let piece = match body {
                [49, 80, 48, code @ ..] => Piece::Store(code),
                [49, 81, ..] => Piece::PrintCode,
                _ => Piece::Other,
            };
            Some((piece, behind))
        }
        [] | [b'!' | b'V' | b'('] | [b'(', b'k', ..] => None,
        [_, behind @ ..] => Some((Piece::Other, behind)),
    }
}
