//! Keys as tones in the sound (ITU-T Q.23, Q.24), for peers that send no events.
//!
//! Goertzel filters over blocks of 102 samples; a key is two blocks that agree and stand out of everything else. Speech
//! does not pass for a key: nearly all the block's energy has to lie in one row and one column. Only asked while no
//! event was ever seen on the call.

use super::events::Key;

/// Samples in a block: 12.75 ms, where the eight frequencies fall nearest to whole numbers of waves.
pub const BLOCK: usize = 102;

/// Blocks that agree before a key is heard.
const AGREE: u32 = 2;

/// Blocks without the key before it counts as released.
const RELEASE: u32 = 2;

/// The share of a block's energy that the two tones have.
const SHARE: f32 = 0.8;

/// The strongest imbalance of the two tones, in power: 8 dB either way, wider than Q.24 asks for.
const TWIST: f32 = 6.3;

/// The weakest block, as mean power of samples of 16 bits: about -42 dBm0.
const WEAKEST: f32 = 20_000.0;

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Hears keys in a stream of samples.
#[derive(Debug, Clone, Default)]
pub struct Tones {
    block: Vec<f32>,
    candidate: Option<Key>,
    agreed: u32,
    pressed: Option<Key>,
    without: u32,
}

impl Tones {
    /// Takes samples; keys are given when they are released, so that an event for the same press comes first.
    pub fn handle(&mut self, samples: impl IntoIterator<Item = i16>) -> Option<Key> {
        let mut heard = None;
        for sample in samples {
            self.block.push(f32::from(sample));
            if self.block.len() == BLOCK {
                let found = look(&self.block);
                self.block.clear();
                let released = self.step(found);
                heard = heard.or(released);
            }
        }
        heard
    }

    fn step(&mut self, found: Option<Key>) -> Option<Key> {
        if found.is_some() && found == self.candidate {
            self.agreed += 1;
        } else {
            self.candidate = found;
            self.agreed = u32::from(found.is_some());
        }
        let clear = self.agreed >= AGREE;
        match self.pressed {
            None => {
                if clear {
                    self.pressed = found;
                    self.without = 0;
                }
                None
            }
            Some(pressed) if found == Some(pressed) => {
                self.without = 0;
                None
            }
            Some(pressed) => {
                self.without += 1;
                if self.without < RELEASE && !clear {
                    return None;
                }
                self.pressed = if clear { found } else { None };
                self.without = 0;
                Some(pressed)
            }
        }
    }
}

/// The key whose tones a block is.
fn look(block: &[f32]) -> Option<Key> {
    let total: f32 = block.iter().map(|sample| sample * sample).sum();
    #[expect(clippy::cast_precision_loss, reason = "the length of a block")]
    let length = block.len() as f32;
    if total < WEAKEST * length {
        return None;
    }
    let (row, row_power) = strongest(block, &ROWS);
    let (column, column_power) = strongest(block, &COLUMNS);
    let twist = column_power / row_power.max(1.0);
    // A sine of power p in N samples has a Goertzel magnitude of p·N²/2, and a share of p·N of the block's energy.
    let share = (row_power + column_power) * 2.0 / (length * total);
    if share < SHARE || !(1.0 / TWIST..=TWIST).contains(&twist) {
        return None;
    }
    Key::of_char(*KEYS.get(row)?.get(column)?)
}

fn strongest(block: &[f32], frequencies: &[f32; 4]) -> (usize, f32) {
    let powers = frequencies.iter().map(|frequency| goertzel(block, *frequency));
    powers.enumerate().fold((0, 0.0), |best, found| if found.1 > best.1 { found } else { best })
}

fn goertzel(block: &[f32], frequency: f32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * frequency / 8_000.0).cos();
    let (mut before, mut last) = (0.0_f32, 0.0_f32);
    for sample in block {
        let next = sample + turn * last - before;
        before = last;
        last = next;
    }
    before * before + last * last - turn * before * last
}

/// The samples of a key's tones, at -9 dBm0 or so each: for a caller of our own and for tests.
#[must_use]
pub fn play(key: Key, samples: usize) -> Vec<i16> {
    let place = KEYS.iter().enumerate().find_map(|(row, keys)| {
        keys.iter().position(|character| *character == key.as_char()).map(|column| (row, column))
    });
    let frequency = |of: &[f32; 4], nth: usize| of.get(nth).copied().unwrap_or_default();
    let (row, column) = place.map_or((0.0, 0.0), |(row, column)| (frequency(&ROWS, row), frequency(&COLUMNS, column)));
    let wave = |nth: usize, frequency: f32| {
        #[expect(clippy::cast_precision_loss, reason = "samples of a tone, far below 2^24")]
        let at = nth as f32 / 8_000.0;
        (std::f32::consts::TAU * frequency * at).sin()
    };
    #[expect(clippy::cast_possible_truncation, reason = "below 16,000 either way")]
    let sample = |nth: usize| ((wave(nth, row) + wave(nth, column)) * 7_500.0) as i16;
    (0..samples).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_possible_truncation, reason = "a sample within sixteen bits")]
    fn whole(sample: f32) -> i16 {
        sample as i16
    }

    fn hear(samples: &[i16]) -> String {
        let mut tones = Tones::default();
        // In packets of 20 ms, as they come.
        samples.chunks(160).filter_map(|packet| tones.handle(packet.iter().copied())).map(Key::as_char).collect()
    }

    fn dial(keys: &str, on: usize, off: usize) -> Vec<i16> {
        let mut samples = vec![0; 400];
        for key in keys.chars() {
            samples.extend(play(Key::of_char(key).unwrap(), on * 8));
            samples.extend(vec![0; off * 8]);
        }
        samples.extend(vec![0; 400]);
        samples
    }

    #[test]
    fn every_key_is_heard_once_and_equal_keys_are_told_apart() {
        for (on, off) in [(80, 80), (50, 50), (40, 40), (500, 60)] {
            let keys = "1123456789*0#ABCD00";
            assert_eq!(hear(&dial(keys, on, off)), keys, "{on} ms on, {off} ms off");
        }
    }

    #[test]
    fn keys_are_heard_through_both_laws_and_noise() {
        for law in crate::media::Law::ALL {
            let mut state = 12_345_u32;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                i16::try_from((state >> 16) % 1_600).unwrap() - 800
            };
            let through = |sample: i16| law.decode(law.encode(sample.saturating_add(noise())));
            let samples: Vec<i16> = dial("13579*", 60, 60).into_iter().map(through).collect();
            assert_eq!(hear(&samples), "13579*", "{law}");
        }
    }

    #[test]
    fn single_tones_chords_and_noise_are_no_key() {
        let wave = |parts: &[f32]| -> Vec<i16> {
            let at = |nth: u16| parts.iter().map(move |f| (std::f32::consts::TAU * f * f32::from(nth) / 8_000.0).sin());
            (0..8_000).map(|nth| whole(at(nth).sum::<f32>() * 5_000.0)).collect()
        };
        for parts in
            [&[697.0][..], &[1_209.0], &[440.0, 480.0], &[350.0, 440.0], &[697.0, 770.0], &[697.0, 1_209.0, 2_000.0]]
        {
            assert_eq!(hear(&wave(parts)), "", "{parts:?}");
        }
        // A voice: a buzz of many harmonics that glides.
        let voice: Vec<i16> = (0..60_000_u16)
            .map(|nth| {
                let at = f32::from(nth) / 8_000.0;
                let pitch = 120.0 + 60.0 * (at * 3.0).sin();
                let harmonic = |h: u8| (std::f32::consts::TAU * pitch * f32::from(h) * at).sin() / f32::from(h);
                whole((1..20).map(harmonic).sum::<f32>() * 4_000.0)
            })
            .collect();
        assert_eq!(hear(&voice), "");
    }
}
