//! What platforms fetch to play: one WAV file for each turn, under an address that nobody guesses.
//!
//! The last [`MOST`] are kept, about 100 KB each at most times; one that is gone is not found.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::media::Law;
use crate::prompts::{Piece, Prompts};

/// Files kept.
const MOST: usize = 512;

/// The files by their tokens.
#[derive(Debug, Default)]
pub(super) struct Recordings(Mutex<VecDeque<(String, Bytes)>>);

impl Recordings {
    /// Keeps the sound of these pieces; its token.
    pub(super) fn keep(&self, prompts: &Prompts, pieces: &[Piece]) -> String {
        let sound = file(&prompts.sounds(pieces, Law::Mu).concat());
        let mut random = [0_u8; 16];
        // Without randomness there is no address that nobody guesses; what is said is no secret, so it is said.
        if getrandom::fill(&mut random).is_err() {
            tracing::error!("no randomness");
        }
        let token = format!("{:032x}", u128::from_le_bytes(random));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((token.clone(), sound));
        token
    }

    /// The file of a token.
    pub(super) fn find(&self, token: &str) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().find(|(of, _)| of == token).map(|(_, sound)| sound.clone())
    }
}

/// A WAV file of µ-law.
fn file(octets: &[u8]) -> Bytes {
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX - 38);
    let mut file = BytesMut::with_capacity(octets.len() + 46);
    file.put_slice(b"RIFF");
    file.put_u32_le(length.saturating_add(38));
    file.put_slice(b"WAVEfmt ");
    file.put_u32_le(18);
    file.put_u16_le(7);
    file.put_u16_le(1);
    file.put_u32_le(8_000);
    file.put_u32_le(8_000);
    file.put_u16_le(1);
    file.put_u16_le(8);
    file.put_u16_le(0);
    file.put_slice(b"data");
    file.put_u32_le(length);
    file.put_slice(octets);
    file.freeze()
}
