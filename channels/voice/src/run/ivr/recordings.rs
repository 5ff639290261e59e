//! What platforms fetch to play: one WAV file for each turn, under an address that nobody guesses.
//!
//! What is kept of a turn is which recordings it is made of, about 1 KB; the file is put together when it is fetched. The
//! last [`MOST`] turns are kept; one that is gone is not found.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::media::Law;
use crate::prompts::{Piece, Prompts};

/// Turns kept: longer than a platform takes to fetch one, at a thousand turns a second.
const MOST: usize = 20_000;

/// The turns by their tokens.
#[derive(Debug, Default)]
pub(super) struct Recordings(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    turns: HashMap<u128, Vec<Arc<[u8]>>>,
    order: VecDeque<u128>,
}

impl Recordings {
    /// Keeps what says these pieces; its token.
    pub(super) fn keep(&self, prompts: &Prompts, pieces: &[Piece]) -> String {
        let sounds = prompts.sounds(pieces, Law::Mu);
        let mut random = [0_u8; 16];
        if getrandom::fill(&mut random).is_err() {
            tracing::error!("no randomness: an address can be guessed");
        }
        let token = u128::from_le_bytes(random);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.turns.insert(token, sounds).is_none() {
            kept.order.push_back(token);
        }
        if kept.order.len() > MOST
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.turns.remove(&oldest);
        }
        drop(kept);
        format!("{token:032x}")
    }

    /// The file of a token.
    pub(super) fn find(&self, token: &str) -> Option<Bytes> {
        let token = u128::from_str_radix(token, 16).ok()?;
        let sounds = self.0.lock().unwrap_or_else(PoisonError::into_inner).turns.get(&token).cloned()?;
        Some(file(&sounds.concat()))
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
