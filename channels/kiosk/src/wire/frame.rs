//! Frames of the kiosk protocol: `00 | COBS(body, check) | 00`.
//!
//! Owns how a frame begins, ends and is known to be whole (`PROTOCOL.md` §2). A zero octet stands between frames and
//! nowhere else, so that after any damage the next frame is read again; a frame is taken only if its CRC-16/X-25 holds.
//! Does not know what a body says. Memory is bounded by [`LONGEST`].

/// The longest body, in octets.
pub const LONGEST: usize = 1_024;

/// The longest frame between its zeroes: body and check, and one octet more for each 254 begun.
const LONGEST_ENCODED: usize = LONGEST + 2 + (LONGEST + 2) / 254 + 1;

/// CRC-16/X-25 (ISO/IEC 13239): reflected, preset to ones, complemented. The check value of `123456789` is 0x906e.
#[must_use]
pub fn check(octets: &[u8]) -> u16 {
    let step = |crc: u16, octet: &u8| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x8408 } else { crc >> 1 })
    };
    !octets.iter().fold(0xffff, step)
}

/// Writes a body as a frame; false, and nothing is written, where it is longer than [`LONGEST`].
pub fn write(body: &[u8], out: &mut Vec<u8>) -> bool {
    if body.len() > LONGEST {
        return false;
    }
    out.push(0);
    let checked = body.iter().copied().chain(check(body).to_le_bytes());
    let mut block: Vec<u8> = Vec::with_capacity(254);
    let mut close = |block: &mut Vec<u8>| {
        out.push(u8::try_from(block.len() + 1).unwrap_or(u8::MAX));
        out.append(block);
    };
    let mut open = true;
    for octet in checked {
        open = true;
        if octet == 0 {
            close(&mut block);
            continue;
        }
        block.push(octet);
        if block.len() == 254 {
            close(&mut block);
            open = false;
        }
    }
    if open {
        close(&mut block);
    }
    out.push(0);
    true
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A whole body, at least one octet.
    Body(Vec<u8>),
    /// Something between two zeroes that is no frame.
    Damaged,
}

/// Takes frames out of octets.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
    /// What stands in the buffer is no frame any more.
    lost: bool,
}

impl Frames {
    /// Takes an octet.
    pub fn push(&mut self, octet: u8) -> Option<Token> {
        if octet != 0 {
            if self.buffer.len() >= LONGEST_ENCODED {
                self.buffer.clear();
                self.lost = true;
            }
            if !self.lost {
                self.buffer.push(octet);
            }
            return None;
        }
        let encoded = std::mem::take(&mut self.buffer);
        if std::mem::take(&mut self.lost) {
            return Some(Token::Damaged);
        }
        if encoded.is_empty() {
            return None;
        }
        Some(body(&encoded).map_or(Token::Damaged, Token::Body))
    }
}

/// The body of a frame without its zeroes.
fn body(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut rest = encoded;
    let mut checked = Vec::with_capacity(encoded.len());
    while let Some((code, behind)) = rest.split_first() {
        let (block, behind) = behind.split_at_checked(usize::from(*code).checked_sub(1)?)?;
        checked.extend(block);
        if *code != u8::MAX && !behind.is_empty() {
            checked.push(0);
        }
        rest = behind;
    }
    let (body, sum) = checked.split_last_chunk::<2>()?;
    (!body.is_empty() && body.len() <= LONGEST && check(body) == u16::from_le_bytes(*sum)).then(|| body.to_vec())
}

#[cfg(test)]
mod tests;
