//! From a synthesiser's sound to a telephone's: fewer samples, no silence at the ends, as loud as the other recordings.
//!
//! Pure.

/// Samples a second of a telephone.
const TELEPHONE: f32 = 8_000.0;
/// Nothing above this reaches a telephone, in hertz.
const HIGHEST: f32 = 3_600.0;
/// Samples of the source on either side that one sample of ours is made of.
const REACH: i32 = 24;
/// What is weaker than this share of the loudest is silence.
const SILENT: f32 = 0.01;
/// The loudest sample of a recording: 4 dB below full.
const LOUDEST: f32 = 20_600.0;
/// Silence left before and after, in samples: 10 and 30 ms.
const BEFORE: usize = 80;
const AFTER: usize = 240;

/// The samples, 8,000 a second; `None` where there is nothing to hear.
#[must_use]
pub fn telephone(samples: &[i16], rate: u32) -> Option<Vec<i16>> {
    if !(8_000..=96_000).contains(&rate) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate below 2^24")]
    let step = rate as f32 / TELEPHONE;
    let slower = resampled(samples, step);
    let loudest = slower.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
    if loudest < 1.0 {
        return None;
    }
    let heard = |sample: &f32| sample.abs() >= loudest * SILENT;
    let (first, last) = (slower.iter().position(heard)?, slower.iter().rposition(heard)?);
    let spoken = slower.get(first..=last)?;
    let mut all = vec![0; BEFORE];
    #[expect(clippy::cast_possible_truncation, reason = "at most LOUDEST either way")]
    all.extend(spoken.iter().map(|sample| (sample * LOUDEST / loudest) as i16));
    all.resize(all.len() + AFTER, 0);
    Some(all)
}

/// One sample for each `step` of the source, by a low-pass of windowed sines.
fn resampled(samples: &[i16], step: f32) -> Vec<f32> {
    let cutoff = (2.0 * HIGHEST / (TELEPHONE * step)).min(1.0);
    let weight = |distance: f32| {
        let window = 0.5 + 0.5 * (std::f32::consts::PI * distance / 24.5).cos();
        let phase = std::f32::consts::PI * distance * cutoff;
        let sine = if phase.abs() < 1e-4 { 1.0 } else { phase.sin() / phase };
        sine * window * cutoff
    };
    let at =
        |nth: i64| usize::try_from(nth).ok().and_then(|nth| samples.get(nth)).map_or(0.0, |sample| f32::from(*sample));
    #[expect(clippy::cast_precision_loss, reason = "recordings of seconds, far below 2^24 samples")]
    let length = samples.len() as f32 / step;
    let mut all = Vec::new();
    let mut nth = 0.0_f32;
    while nth < length {
        let place = nth * step;
        #[expect(clippy::cast_possible_truncation, reason = "a place among samples")]
        let whole = place.floor() as i64;
        let rest = place - place.floor();
        let taps = (-REACH..=REACH).map(|tap| {
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let distance = tap as f32 - rest;
            at(whole + i64::from(tap)) * weight(distance)
        });
        all.push(taps.sum());
        nth += 1.0;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u16, hertz: f32, millis: u16) -> Vec<i16> {
        let count = u32::from(rate) * u32::from(millis) / 1_000;
        let wave =
            |nth: u32| (std::f32::consts::TAU * hertz * f32::from(u16::try_from(nth).unwrap()) / f32::from(rate)).sin();
        #[expect(clippy::cast_possible_truncation, reason = "a sample within sixteen bits")]
        (0..count).map(|nth| (wave(nth) * 8_000.0) as i16).collect()
    }

    /// Crossings of zero from below.
    fn waves(samples: &[i16]) -> usize {
        samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count()
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_loses_the_silence_around_it() {
        let silence = vec![0; 6_000];
        let source = [silence.as_slice(), &tone(22_050, 1_000.0, 500), &silence].concat();
        let heard = telephone(&source, 22_050).unwrap();
        assert!((BEFORE + 3_950..BEFORE + AFTER + 4_050).contains(&(heard.len() - AFTER)), "{}", heard.len());
        assert!((495..=505).contains(&waves(&heard)), "{}", waves(&heard));
        assert!((20_000..=20_600).contains(heard.iter().max().unwrap()));
    }

    #[test]
    fn what_a_telephone_does_not_carry_is_gone_and_not_folded_down() {
        let both: Vec<i16> =
            tone(22_050, 1_000.0, 500).into_iter().zip(tone(22_050, 6_500.0, 500)).map(|(a, b)| a + b).collect();
        let heard = telephone(&both, 22_050).unwrap();
        assert!((495..=505).contains(&waves(&heard)), "{}", waves(&heard));
    }

    #[test]
    fn silence_and_odd_rates_are_nothing() {
        assert_eq!(telephone(&[0; 1_000], 22_050), None);
        assert_eq!(telephone(&[], 22_050), None);
        assert_eq!(telephone(&[1_000; 100], 0), None);
    }
}
