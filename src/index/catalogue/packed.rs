//! Batches as they stand in the log, packed into memory; those lately asked for are kept ready.
//!
//! Owns the bytes. A batch unpacked takes some 400 bytes in a dozen pieces, packed some 80 in one: with a million of them
//! that is what coming up takes and what stays resident. Unpacking costs less than a microsecond, and goods that are asked
//! about come from few batches. Knows no ids: a batch is asked for by its place.

use std::sync::{Arc, Mutex, PoisonError};

use crate::index::Batch;

/// Bytes that are reserved at once; a batch with very many runs of serials takes a piece of its own.
const PIECE: usize = 1 << 20;
/// Batches that are kept ready: 2 MB at most.
const READY: usize = 4_096;

/// Where a batch lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    piece: u32,
    at: u32,
    len: u32,
}

/// Every batch, packed.
#[derive(Debug)]
pub(super) struct Packed {
    pieces: Vec<Vec<u8>>,
    ready: Vec<Mutex<Option<Ready>>>,
}

#[derive(Debug)]
struct Ready {
    piece: u32,
    at: u32,
    batch: Arc<Batch>,
}

impl Default for Packed {
    fn default() -> Self {
        Self { pieces: Vec::new(), ready: std::iter::repeat_with(Mutex::default).take(READY).collect() }
    }
}

impl Packed {
    /// Packs a batch. `None` where it would not fit, which takes four billion runs of serials.
    pub(super) fn put(&mut self, batch: &Batch) -> Option<Place> {
        let bytes = minicbor::to_vec(batch).ok()?;
        let has_room = self.pieces.last().is_some_and(|piece| piece.capacity() - piece.len() >= bytes.len());
        if !has_room {
            self.pieces.push(Vec::with_capacity(PIECE.max(bytes.len())));
        }
        let piece = u32::try_from(self.pieces.len() - 1).ok()?;
        let last = self.pieces.last_mut()?;
        let place = Place { piece, at: u32::try_from(last.len()).ok()?, len: u32::try_from(bytes.len()).ok()? };
        last.extend_from_slice(&bytes);
        Some(place)
    }

    /// The batch that was packed there.
    pub(super) fn get(&self, place: Place) -> Option<Arc<Batch>> {
        let Place { piece, at, len } = place;
        // Neighbours lie some eighty bytes apart.
        let nth = (u64::from(piece) * (PIECE as u64 / 64) + u64::from(at / 64)) % READY as u64;
        let slot = self.ready.get(usize::try_from(nth).ok()?)?;
        let mut ready = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ready.as_ref().filter(|known| (known.piece, known.at) == (piece, at)) {
            return Some(Arc::clone(&known.batch));
        }
        let bytes = self.pieces.get(usize::try_from(piece).ok()?)?;
        let from = usize::try_from(at).ok()?;
        let bytes = bytes.get(from..from.checked_add(usize::try_from(len).ok()?)?)?;
        let batch: Arc<Batch> = Arc::new(minicbor::decode(bytes).ok()?);
        *ready = Some(Ready { piece, at, batch: Arc::clone(&batch) });
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Serials;
    use crate::index::sets::tests::batch_of;

    #[test]
    fn every_batch_comes_out_as_it_went_in_also_where_many_share_what_is_kept_ready() {
        let mut packed = Packed::default();
        let batch = |id: u64| Batch {
            lot: format!("L{id}"),
            serials: (0..if id == 77 { 200_000 } else { 1 + id % 3 })
                .map(|run| Serials { start: id * 1_000_000_007 + run * 9, len: 7 })
                .collect(),
            ..batch_of(id, id)
        };
        let places: Vec<Place> = (0..20_000).map(|id| packed.put(&batch(id)).unwrap()).collect();
        assert!(packed.pieces.len() > 2, "{} pieces", packed.pieces.len());
        for (place, id) in places.iter().zip(0_u64..).chain(places.iter().zip(0..).step_by(3)) {
            assert_eq!(*packed.get(*place).unwrap(), batch(id));
            assert_eq!(packed.get(*place).unwrap().id, id, "the second time it is ready");
        }
    }
}
