//! The sound of one call: what is sent every 20 ms, and what is heard in what comes in.
//!
//! Sans-IO: a packet to send comes out of [`Line::tick`], a packet that came goes into [`Line::handle`]. Owns whom we
//! speak to: the first source of a valid packet after each agreement, whatever address the description says, because
//! callers sit behind translators that do not know their own addresses.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::{Events, Key, is_event};
use super::keypad::Way;
use super::rtp::Packet;
use super::sdp::{Agreed, Secure};
use super::srtp::{Opener, Sealer};
use super::stats::{Figures, Stats};
use super::tones::Tones;
use super::{FRAME, FRAME_MS};

/// Silence before the first sound, in packets: trunks cut off the first syllable (200 ms).
const LEAD: u32 = 200 / FRAME_MS;

/// For so long after an agreement the address that was signalled still displaces another one that came first.
const SETTLING: Duration = Duration::from_secs(5);

/// One prompt, in the octets of the agreed law.
pub type Sound = Arc<[u8]>;

/// What happened on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A key arrived.
    Key(Key, Way),
    /// The last sound of this [`Line::play`] has gone out.
    Played(u64),
    /// Nothing came in for too long.
    Quiet,
}

/// The sound of one call.
#[derive(Debug)]
pub struct Line {
    agreed: Agreed,
    /// Boxed, with the opener: most calls have neither, and both are large.
    sealer: Option<Box<Sealer>>,
    opener: Option<Box<Opener>>,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    fresh: bool,
    lead: u32,
    latched: Option<SocketAddr>,
    agreed_at: Instant,
    heard_at: Instant,
    timeout: Duration,
    queue: VecDeque<Sound>,
    offset: usize,
    mark: Option<u64>,
    events: Events,
    tones: Tones,
    tones_wanted: bool,
    stats: Stats,
    strangers: u64,
    packet: Vec<u8>,
    opened: Vec<u8>,
}

impl Line {
    /// A line that nothing has come in on yet. Source, first sequence number and first timestamp are random (RFC 3550 §5.1).
    #[must_use]
    pub fn new(agreed: Agreed, random: [u8; 10], timeout: Duration, now: Instant) -> Self {
        let [i0, i1, i2, i3, s0, s1, t0, t1, t2, t3] = random;
        let mut line = Self {
            sealer: None,
            opener: None,
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            fresh: true,
            lead: LEAD,
            latched: None,
            agreed_at: now,
            heard_at: now,
            timeout,
            queue: VecDeque::new(),
            offset: 0,
            mark: None,
            events: Events::default(),
            tones: Tones::default(),
            tones_wanted: true,
            stats: Stats::default(),
            strangers: 0,
            packet: Vec::with_capacity(super::rtp::HEADER + FRAME + 10),
            opened: Vec::new(),
            agreed,
        };
        line.seal();
        line.open();
        line
    }

    fn seal(&mut self) {
        let secure = self.agreed.secure.as_ref();
        self.sealer = secure.map(|secure| Box::new(Sealer::new(secure.suite, &secure.ours)));
    }

    fn open(&mut self) {
        let secure = self.agreed.secure.as_ref();
        self.opener = secure.map(|secure| Box::new(Opener::new(secure.suite, &secure.theirs)));
    }

    /// The peer has agreed to something else: it may come from elsewhere now.
    pub fn agree(&mut self, agreed: Agreed, now: Instant) {
        let before = self.agreed.secure.take();
        let resumed = self.agreed.held() && !agreed.held();
        self.agreed = agreed;
        let (was, is) = (before.as_ref(), self.agreed.secure.as_ref());
        let ours = |secure: Option<&Secure>| secure.map(|secure| (secure.suite, secure.ours.clone()));
        // A sealer that began anew under the same key would encrypt two packets alike (RFC 3711 §9.1).
        let (sealed, opened) = (ours(was) == ours(is), was == is);
        if !sealed {
            self.seal();
        }
        if !opened {
            self.open();
        }
        if resumed {
            self.heard_at = now;
        }
        self.latched = None;
        self.agreed_at = now;
    }

    /// Plays these sounds in place of what is played, and says so under this mark when the last one has gone out.
    pub fn play(&mut self, mark: u64, sounds: Vec<Sound>) {
        self.stop();
        self.queue = sounds.into();
        self.mark = Some(mark);
    }

    /// Stops playing.
    pub fn stop(&mut self) {
        self.queue.clear();
        self.offset = 0;
        self.mark = None;
    }

    /// 20 ms have passed: the packet to send with its destination, and what happened.
    pub fn tick(&mut self, now: Instant) -> (Option<(&[u8], SocketAddr)>, Option<Heard>) {
        if self.agreed.held() {
            // On hold nobody listens: the prompt waits, and silence of the peer is no wonder.
            self.heard_at = now;
            self.timestamp = self.timestamp.wrapping_add(FRAME_MS * super::RATE / 1_000);
            return (None, None);
        }
        let mut frame = [self.agreed.law.silence(); FRAME];
        let playing = self.lead == 0 && self.mark.is_some();
        self.lead = self.lead.saturating_sub(1);
        if playing {
            self.fill(&mut frame);
        }
        let heard = if playing && self.queue.is_empty() {
            self.mark.take().map(Heard::Played)
        } else if now.saturating_duration_since(self.heard_at) >= self.timeout {
            self.heard_at = now;
            Some(Heard::Quiet)
        } else {
            None
        };
        self.packet.clear();
        let packet = Packet {
            payload_type: self.agreed.law.payload_type(),
            marker: self.fresh,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload: &frame,
        };
        packet.write(&mut self.packet);
        if let Some(sealer) = &mut self.sealer {
            sealer.seal(&mut self.packet);
        }
        self.fresh = false;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME_MS * super::RATE / 1_000);
        let to = self.latched.or(self.agreed.remote);
        (to.map(|to| (self.packet.as_slice(), to)), heard)
    }

    /// Fills a frame out of the queue; sounds follow one another without a gap.
    fn fill(&mut self, frame: &mut [u8; FRAME]) {
        let mut filled = 0;
        while filled < FRAME
            && let Some(sound) = self.queue.front()
        {
            let rest = sound.get(self.offset..).unwrap_or_default();
            let places = frame.iter_mut().skip(filled);
            let copied = places.zip(rest).map(|(place, octet)| *place = *octet).count();
            filled += copied;
            self.offset += copied;
            if self.offset >= sound.len() {
                self.queue.pop_front();
                self.offset = 0;
            }
        }
    }

    /// A packet came from this address.
    pub fn handle(&mut self, octets: &[u8], from: SocketAddr, now: Instant) -> Option<Heard> {
        if let Some(opener) = &mut self.opener {
            self.opened.clear();
            self.opened.extend_from_slice(octets);
            if !opener.open(&mut self.opened) {
                self.strangers += 1;
                return None;
            }
        }
        let opened = std::mem::take(&mut self.opened);
        let heard = self.read(if self.opener.is_some() { &opened } else { octets }, from, now);
        self.opened = opened;
        heard
    }

    fn read(&mut self, octets: &[u8], from: SocketAddr, now: Instant) -> Option<Heard> {
        let packet = Packet::read(octets)?;
        let event = is_event(&packet, self.agreed.events);
        let sound = matches!(packet.payload_type, 0 | 8) && !packet.payload.is_empty();
        // Comfort noise (RFC 3389) and whatever else was agreed shows that somebody is there.
        if !(event || sound || packet.payload_type == 13 || packet.payload_type >= 96) || !self.latch(from, now) {
            self.strangers += 1;
            return None;
        }
        self.heard_at = now;
        self.stats.count(packet.ssrc, packet.sequence, packet.timestamp, now);
        if event {
            let key = self.events.handle(&packet, self.agreed.events, now);
            self.tones_wanted = false;
            return key.map(|key| Heard::Key(key, Way::Event));
        }
        if !sound || !self.tones_wanted {
            return None;
        }
        let law = if packet.payload_type == 0 { super::Law::Mu } else { super::Law::A };
        let samples = packet.payload.iter().map(|octet| law.decode(*octet));
        self.tones.handle(samples).map(|key| Heard::Key(key, Way::Tone))
    }

    /// Whether a packet from this address is the caller's.
    fn latch(&mut self, from: SocketAddr, now: Instant) -> bool {
        match self.latched {
            Some(latched) if latched == from => true,
            Some(_) => {
                let signalled = self.agreed.remote == Some(from);
                let settling = now.saturating_duration_since(self.agreed_at) < SETTLING;
                if signalled && settling {
                    self.latched = Some(from);
                }
                signalled && settling
            }
            None => {
                self.latched = Some(from);
                true
            }
        }
    }

    /// No tones are worth listening for any more.
    pub const fn ignore_tones(&mut self) {
        self.tones_wanted = false;
    }

    /// How what came in was.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.stats.figures()
    }

    /// Packets that were not the caller's.
    #[must_use]
    pub const fn strangers(&self) -> u64 {
        self.strangers
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test begins somewhere in time")]

    use super::super::law::Law;
    use super::super::sdp::Direction;
    use super::*;

    fn agreed() -> Agreed {
        Agreed {
            law: Law::A,
            events: Some(101),
            remote: "192.0.2.1:4000".parse().ok(),
            direction: Direction::SendRecv,
            secure: None,
        }
    }

    fn line(now: Instant) -> Line {
        Line::new(agreed(), [1; 10], Duration::from_secs(30), now)
    }

    fn packet(payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        Packet { payload_type, marker: false, sequence: 1, timestamp: 1, ssrc: 2, payload }.write(&mut octets);
        octets
    }

    /// The payloads of so many ticks, and what happened.
    fn run(line: &mut Line, ticks: u32, now: Instant) -> (Vec<u8>, Vec<Heard>) {
        let (mut sent, mut all) = (Vec::new(), Vec::new());
        for nth in 0..ticks {
            let (packet, heard) = line.tick(now + Duration::from_millis(20) * nth);
            sent.extend_from_slice(packet.map_or(&[], |(octets, _)| Packet::read(octets).unwrap().payload));
            all.extend(heard);
        }
        (sent, all)
    }

    #[test]
    fn sounds_follow_the_lead_without_a_gap_and_their_end_is_told() {
        let now = Instant::now();
        let mut line = line(now);
        let (first, second): (Sound, Sound) = (vec![1; 200].into(), vec![2; 100].into());
        line.play(7, vec![first, second]);
        let (sent, heard) = run(&mut line, LEAD + 4, now);
        let lead = usize::try_from(LEAD).unwrap() * FRAME;
        let silence = vec![Law::A.silence(); lead];
        let expected = [silence.as_slice(), &[1; 200], &[2; 100], &[Law::A.silence(); 20 + 2 * FRAME]].concat();
        assert_eq!((sent, heard), (expected, vec![Heard::Played(7)]));
    }

    #[test]
    fn what_is_stopped_is_not_told_and_what_is_replaced_neither() {
        let now = Instant::now();
        let mut line = line(now);
        run(&mut line, LEAD, now);
        line.play(1, vec![vec![1; 1_000].into()]);
        run(&mut line, 1, now);
        line.play(2, vec![vec![2; FRAME].into()]);
        assert_eq!(run(&mut line, 1, now), (vec![2; FRAME], vec![Heard::Played(2)]));
        line.play(3, vec![vec![3; 1_000].into()]);
        line.stop();
        assert_eq!(run(&mut line, 10, now).1, vec![]);
    }

    #[test]
    fn we_speak_to_the_first_that_speaks_to_us() {
        let now = Instant::now();
        let mut line = line(now);
        let to = |line: &mut Line| line.tick(now).0.unwrap().1.to_string();
        assert_eq!(to(&mut line), "192.0.2.1:4000");
        let behind = "203.0.113.5:61000".parse().unwrap();
        assert_eq!(line.handle(&packet(8, &[0xD5; 160]), behind, now), None);
        assert_eq!(to(&mut line), "203.0.113.5:61000");
        let stranger = "198.51.100.66:9".parse().unwrap();
        let event = super::super::events::Event { code: 5, end: false, duration: 0 }.write();
        assert_eq!(line.handle(&packet(101, &event), stranger, now), None, "not the caller");
        assert_eq!((to(&mut line).as_str(), line.strangers()), ("203.0.113.5:61000", 1));
        let signalled = "192.0.2.1:4000".parse().unwrap();
        assert!(line.handle(&packet(101, &event), signalled, now).is_some());
        assert_eq!(to(&mut line), "192.0.2.1:4000", "the address that was signalled displaces the other at first");
        line.agree(agreed(), now);
        assert_eq!(line.handle(&packet(8, &[0; 160]), behind, now), None);
        assert_eq!(to(&mut line), "203.0.113.5:61000", "a new agreement latches anew");
    }

    #[test]
    fn a_peer_that_changes_its_key_alone_hears_us_go_on() {
        use super::super::srtp::{MASTER, Master, Suite};
        let now = Instant::now();
        let key = |octet| Master::of(&[octet; MASTER]).unwrap();
        let suite = Suite::Sha1_80;
        let secure =
            |theirs| Agreed { secure: Some(Secure { suite, tag: 1, ours: key(1), theirs: key(theirs) }), ..agreed() };
        // The first sequence number is 65,535.
        let mut line = Line::new(secure(2), [0xFF; 10], Duration::from_secs(30), now);
        let mut opener = Opener::new(suite, &key(1));
        let mut opens = |line: &mut Line| opener.open(&mut line.tick(now).0.unwrap().0.to_vec());
        assert!(opens(&mut line) && opens(&mut line));
        line.agree(secure(3), now);
        assert!(opens(&mut line), "the count of wraps goes on");
    }

    #[test]
    fn quiet_is_told_and_not_on_hold() {
        let now = Instant::now();
        let mut line = line(now);
        let later = now + Duration::from_secs(31);
        assert_eq!(line.tick(later).1, Some(Heard::Quiet));
        let held = Agreed { direction: Direction::RecvOnly, ..agreed() };
        line.agree(held, later);
        assert_eq!(line.tick(later + Duration::from_secs(60)), (None, None));
        line.agree(agreed(), later + Duration::from_secs(61));
        assert_eq!(line.tick(later + Duration::from_secs(62)).1, None, "counted from the end of the hold");
    }

    #[test]
    fn junk_neither_latches_nor_counts() {
        let now = Instant::now();
        let mut line = line(now);
        for junk in [&b""[..], b"\x80", &[0x80; 12], &packet(50, b"x"), &[0xFF; 1_500]] {
            assert_eq!(line.handle(junk, "198.51.100.66:9".parse().unwrap(), now), None);
        }
        assert_eq!(line.tick(now).0.unwrap().1.to_string(), "192.0.2.1:4000");
        assert_eq!(line.figures().received, 0);
    }
}
