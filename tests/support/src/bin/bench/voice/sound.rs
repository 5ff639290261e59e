//! One caller's packets: silence every 20 ms, keys among it as events, and an ear for the first sound after the last key.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Octets of a packet's header.
const HEADER: usize = 12;
/// Samples of a packet.
const FRAME: u32 = 160;
/// Silence in A-law.
const SILENCE: u8 = 0xD5;
/// The steps of A-law that are still taken for silence, either way: some 70 of 32,768.
const FLOOR: u8 = 4;
/// Packets from the answer to the first key: 700 ms.
const BEFORE: u32 = 35;
/// Packets of a key: pressed for four, then released for four.
const PRESSED: u32 = 4;
const KEY: u32 = 8;
/// The packet of a key's end is sent so often.
const ENDS: u32 = 3;

/// The sound of one call.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) to: SocketAddr,
    number: Box<str>,
    nth: u32,
    sequence: u16,
    source: u32,
    began: u32,
    keyed: Option<Instant>,
    /// From the last key to the first sound.
    pub(super) wait: Option<Duration>,
}

impl Sound {
    pub(super) const fn new(to: SocketAddr, number: Box<str>, source: u32) -> Self {
        Self { to, number, nth: 0, sequence: 1, source, began: 0, keyed: None, wait: None }
    }

    /// What is to be sent now.
    pub(super) fn tick(&mut self, now: Instant, send: &mut impl FnMut(&[u8], SocketAddr)) {
        let at = self.nth.checked_sub(BEFORE).map(|since| (since / KEY, since % KEY));
        let time = self.nth.wrapping_mul(FRAME);
        self.nth += 1;
        let key = at.and_then(|(key, step)| {
            let key = usize::try_from(key).ok()?;
            Some((self.number.as_bytes().get(key)?.wrapping_sub(b'0'), step, key + 1 == self.number.len()))
        });
        let mut packet = [SILENCE; HEADER + 160];
        match key {
            Some((code, step, last)) if step <= PRESSED => {
                if step == 0 {
                    self.began = time;
                    if last {
                        self.keyed = Some(now);
                    }
                }
                let end = step == PRESSED;
                let [high, low] = u16::try_from(FRAME * step.min(PRESSED) + u32::from(!end) * FRAME)
                    .unwrap_or(u16::MAX)
                    .to_be_bytes();
                let payload = [code, if end { 0x8A } else { 0x0A }, high, low];
                for _ in 0..if end { ENDS } else { 1 } {
                    self.head(&mut packet, 101, self.began);
                    if let Some(place) = packet.get_mut(HEADER..HEADER + 4) {
                        place.copy_from_slice(&payload);
                    }
                    send(packet.get(..HEADER + 4).unwrap_or_default(), self.to);
                }
            }
            Some(_) | None => {
                self.head(&mut packet, 8, time);
                send(&packet, self.to);
            }
        }
    }

    fn head(&mut self, packet: &mut [u8], kind: u8, time: u32) {
        let (sequence, time, source) = (self.sequence.to_be_bytes(), time.to_be_bytes(), self.source.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        let head = [&[0x80, kind][..], &sequence, &time, &source].concat();
        if let Some(place) = packet.get_mut(..HEADER) {
            place.copy_from_slice(&head);
        }
    }

    /// A packet came. Whether it is the first sound after the last key.
    pub(super) fn hear(&mut self, packet: &[u8], now: Instant) -> bool {
        let Some(keyed) = self.keyed.filter(|_| self.wait.is_none()) else { return false };
        let sound = packet.iter().skip(HEADER).any(|octet| (octet ^ 0x55) & 0x7F >= FLOOR);
        if sound {
            self.wait = Some(now.saturating_duration_since(keyed));
        }
        sound
    }
}
