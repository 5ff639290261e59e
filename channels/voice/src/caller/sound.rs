//! The caller's end of the sound: keys into packets, packets into a recording.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Call;
use crate::media::events::{Event, Key};
use crate::media::keypad::Way;
use crate::media::rtp::Packet;
use crate::media::sdp::Agreed;
use crate::media::{FRAME, FRAME_MS, Law, RATE, tones};

/// A key is pressed for so many packets, and released for as many.
const PRESSED: u32 = 5;
/// The packet of a key's end is sent so often.
const ENDS: u32 = 3;
/// Packets of a pause.
const PAUSE: u32 = 1_000 / FRAME_MS;
/// Samples of silence in a row that part two sounds.
const PARTED: usize = FRAME * 10;
/// The source of our packets.
const SOURCE: u32 = 0x5645_5249;
/// The loudest silence.
const FLOOR: u16 = 64;

/// What is to be sent at one tick.
#[derive(Debug, Default)]
pub(super) struct Tick {
    pub(super) packets: Vec<Vec<u8>>,
    pub(super) message: Option<char>,
    /// The last key is pressed just now.
    pub(super) last: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait,
    Hold { key: Key, nth: u32 },
    Release { key: Key },
}

/// Keys to be pressed, one step for every 20 ms.
#[derive(Debug)]
pub(super) struct Pressing {
    steps: VecDeque<Step>,
    by: Way,
    law: Law,
    events: u8,
    before: Duration,
    sequence: u16,
    timestamp: u32,
    began: u32,
    tone: Vec<u8>,
}

impl Pressing {
    pub(super) fn new(call: &Call, agreed: &Agreed) -> Self {
        let mut steps = VecDeque::new();
        for character in call.keys.chars() {
            match Key::of_char(character) {
                Some(key) => {
                    steps.extend((0..PRESSED).map(|nth| Step::Hold { key, nth }));
                    steps.push_back(Step::Release { key });
                    steps.extend((1..PRESSED).map(|_| Step::Wait));
                }
                None => steps.extend((0..PAUSE).map(|_| Step::Wait)),
            }
        }
        let events = agreed.events.unwrap_or(101);
        let (by, law, before) = (call.by, agreed.law, call.before);
        Self { steps, by, law, events, before, sequence: 1, timestamp: 0, began: 0, tone: Vec::new() }
    }

    pub(super) fn tick(&mut self, since: Duration) -> Tick {
        let mut tick = Tick::default();
        let step = if since < self.before { Step::Wait } else { self.steps.pop_front().unwrap_or(Step::Wait) };
        let frame = [self.law.silence(); FRAME];
        match (step, self.by) {
            (Step::Hold { key, nth }, Way::Event) => {
                if nth == 0 {
                    self.began = self.timestamp;
                }
                self.event(&mut tick, key, false);
            }
            (Step::Release { key }, Way::Event) => {
                for _ in 0..ENDS {
                    self.event(&mut tick, key, true);
                }
            }
            (Step::Hold { key, nth }, Way::Tone) => {
                if nth == 0 {
                    let samples = tones::play(key, FRAME * usize::try_from(PRESSED).unwrap_or(1));
                    self.tone = samples.into_iter().map(|sample| self.law.encode(sample)).collect();
                }
                let rest = self.tone.split_off(FRAME.min(self.tone.len()));
                let sound = std::mem::replace(&mut self.tone, rest);
                self.sound(&mut tick, &sound);
            }
            (Step::Hold { key, nth }, Way::Info) => {
                tick.message = (nth == 0).then(|| key.as_char());
                self.sound(&mut tick, &frame);
            }
            (Step::Wait | Step::Release { .. }, _) => self.sound(&mut tick, &frame),
        }
        let more = self.steps.iter().any(|step| matches!(step, Step::Hold { nth: 0, .. }));
        tick.last = matches!(step, Step::Hold { nth: 0, .. }) && !more;
        self.timestamp = self.timestamp.wrapping_add(FRAME_MS * RATE / 1_000);
        tick
    }

    fn event(&mut self, tick: &mut Tick, key: Key, end: bool) {
        let duration = u16::try_from(self.timestamp.wrapping_sub(self.began)).unwrap_or(u16::MAX);
        let payload = Event { code: key.event(), end, duration }.write();
        let (payload_type, timestamp, marker) = (self.events, self.began, duration == 0);
        self.packet(tick, Packet { payload_type, marker, timestamp, sequence: 0, ssrc: 0, payload: &payload });
    }

    fn sound(&mut self, tick: &mut Tick, payload: &[u8]) {
        let (payload_type, timestamp) = (self.law.payload_type(), self.timestamp);
        self.packet(tick, Packet { payload_type, marker: false, timestamp, sequence: 0, ssrc: 0, payload });
    }

    fn packet(&mut self, tick: &mut Tick, packet: Packet<'_>) {
        let packet = Packet { sequence: self.sequence, ssrc: SOURCE, ..packet };
        let mut octets = Vec::new();
        packet.write(&mut octets);
        tick.packets.push(octets);
        self.sequence = self.sequence.wrapping_add(1);
    }
}

/// What was heard in a call.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The codec.
    pub law: Law,
    /// The octets as they came, in the order of their timestamps; silence where packets are missing.
    pub octets: Vec<u8>,
    /// Packets that came.
    pub packets: u64,
    /// The longest time between two of them.
    pub longest_gap: Duration,
}

impl Heard {
    /// As samples of 16 bits.
    #[must_use]
    pub fn samples(&self) -> Vec<i16> {
        self.octets.iter().map(|octet| self.law.decode(*octet)).collect()
    }
}

/// Puts packets in order.
#[derive(Debug)]
pub(super) struct Recorder {
    heard: Heard,
    first: Option<u32>,
    at: Option<Instant>,
    /// When each loud packet came and where it lies.
    loud: Vec<(Instant, usize)>,
}

/// The longest recording, in octets: an hour.
const LONGEST: usize = 3_600 * 8_000;

impl Recorder {
    pub(super) const fn new(law: Law) -> Self {
        let heard = Heard { law, octets: Vec::new(), packets: 0, longest_gap: Duration::ZERO };
        Self { heard, first: None, at: None, loud: Vec::new() }
    }

    pub(super) fn take(&mut self, octets: &[u8], now: Instant) {
        let Some(packet) = Packet::read(octets) else { return };
        if packet.payload_type != self.heard.law.payload_type() {
            return;
        }
        let first = *self.first.get_or_insert(packet.timestamp);
        let Ok(place) = usize::try_from(packet.timestamp.wrapping_sub(first)) else { return };
        let end = place + packet.payload.len();
        if end > LONGEST {
            return;
        }
        if self.heard.octets.len() < end {
            self.heard.octets.resize(end, self.heard.law.silence());
        }
        if let Some(octets) = self.heard.octets.get_mut(place..end) {
            octets.copy_from_slice(packet.payload);
        }
        let law = self.heard.law;
        if packet.payload.iter().any(|octet| law.decode(*octet).unsigned_abs() > FLOOR) {
            self.loud.push((now, place));
        }
        self.heard.packets += 1;
        let gap = self.at.replace(now).map_or(Duration::ZERO, |before| now.saturating_duration_since(before));
        self.heard.longest_gap = self.heard.longest_gap.max(gap);
    }

    /// The recording, and how long after this instant a new sound began.
    pub(super) fn end(self, pressed: Option<Instant>) -> (Heard, Option<Duration>) {
        let spoken = pressed.and_then(|pressed| {
            let mut before = None;
            self.loud.iter().find_map(|(at, place)| {
                let parted = before.is_none_or(|before| place - before > PARTED);
                before = Some(*place);
                (parted && *at > pressed).then(|| at.saturating_duration_since(pressed))
            })
        });
        (self.heard, spoken)
    }
}

/// A recording as a WAV file: one channel, 8,000 samples of 16 bits per second.
#[must_use]
pub fn wav(samples: &[i16]) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(length + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes());
    file.extend_from_slice(&16_u16.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    samples.iter().for_each(|sample| file.extend_from_slice(&sample.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_a_wav_file() {
        let file = wav(&[1, -2]);
        assert_eq!(file.len(), 48);
        assert_eq!((&file[..4], &file[8..16], &file[44..]), (&b"RIFF"[..], &b"WAVEfmt "[..], &[1, 0, 0xFE, 0xFF][..]));
    }
}
