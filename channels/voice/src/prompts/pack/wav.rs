//! WAV files (RIFF) as far as telephone recordings need them: mono, 8,000 samples a second, PCM of 16 bits or G.711.
//!
//! Does not resample: it tells the rate.

use crate::media::Law;

/// The samples, 8,000 a second; the fault is for the operator.
pub(super) fn read(octets: &[u8]) -> Result<Vec<i16>, &'static str> {
    match at_any_rate(octets)? {
        (8_000, samples) => Ok(samples),
        (_, _) => Err("expected 8000 samples a second"),
    }
}

/// The samples and how many make a second.
pub(super) fn at_any_rate(octets: &[u8]) -> Result<(u32, Vec<i16>), &'static str> {
    let rest = octets.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)).ok_or("expected a WAV file")?;
    let mut rest = rest.strip_prefix(b"WAVE").ok_or("expected a WAV file")?;
    let mut form = None;
    while let Some((name, after)) = rest.split_first_chunk::<4>() {
        let (length, after) = after.split_first_chunk::<4>().ok_or("it breaks off")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| "it breaks off")?;
        // A recorder that was stopped hard leaves a length of its own: what is there is taken.
        let (body, after) = after.split_at(length.min(after.len()));
        match name {
            b"fmt " => form = Some(Form::read(body)?),
            b"data" => {
                let (rate, form): (u32, Form) = form.ok_or("the samples stand before their form")?;
                return Ok((rate, form.samples(body)));
            }
            _ => {}
        }
        rest = after.get(length % 2..).unwrap_or_default();
    }
    Err("there are no samples")
}

enum Form {
    Pcm,
    Coded(Law),
}

impl Form {
    fn read(body: &[u8]) -> Result<(u32, Self), &'static str> {
        let word =
            |at: usize| body.get(at..at + 2).map(|two| two.iter().rev().fold(0, |all, one| all << 8 | u32::from(*one)));
        let rate = word(4).zip(word(6)).map_or(0, |(low, high)| high << 16 | low);
        let form = match (word(0), word(2), word(14)) {
            (_, Some(channels), _) if channels != 1 => return Err("expected one channel"),
            (Some(1), _, Some(16)) => Self::Pcm,
            (Some(6), _, Some(8)) => Self::Coded(Law::A),
            (Some(7), _, Some(8)) => Self::Coded(Law::Mu),
            _ => return Err("expected PCM of 16 bits, A-law or µ-law"),
        };
        Ok((rate, form))
    }

    fn samples(&self, body: &[u8]) -> Vec<i16> {
        match self {
            Self::Pcm => body.as_chunks::<2>().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect(),
            Self::Coded(law) => body.iter().map(|octet| law.decode(*octet)).collect(),
        }
    }
}
