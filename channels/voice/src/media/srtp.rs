//! SRTP (RFC 3711) with AES in counter mode and HMAC-SHA1, keyed by the session description (RFC 4568).
//!
//! One [`Sealer`] for what goes out, one [`Opener`] for what comes in. Does not speak SRTCP, since we send no RTCP. AES
//! and SHA-1 come from RustCrypto: ring offers no AES counter mode, and a whole WebRTC stack would be needed for its own.

use aes::Aes128;
use aes::cipher::{BlockEncrypt as _, KeyInit as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

use super::rtp::{HEADER, Packet};

/// Octets of key and salt together.
pub const MASTER: usize = 30;
const KEY: usize = 16;
const SALT: usize = 14;
/// Octets of the key of the authentication (RFC 3711 §5.2).
const AUTH: usize = 20;

/// How a stream is protected: both encrypt alike and differ in the length of the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`
    Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`
    Sha1_32,
}

impl Suite {
    /// The name in session descriptions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The suite of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha1_80, Self::Sha1_32].into_iter().find(|suite| suite.name() == name)
    }

    /// Octets of the tag behind each packet.
    #[must_use]
    pub const fn tag(self) -> usize {
        match self {
            Self::Sha1_80 => 10,
            Self::Sha1_32 => 4,
        }
    }
}

/// A master key and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct Master([u8; MASTER]);

impl Master {
    /// From exactly [`MASTER`] octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The octets, for the session description.
    #[must_use]
    pub const fn octets(&self) -> &[u8; MASTER] {
        &self.0
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Master(…)")
    }
}

/// The session keys of one direction (RFC 3711 §4.3).
#[derive(Clone)]
struct Session {
    suite: Suite,
    cipher: Aes128,
    salt: [u8; SALT],
    mac: Hmac<Sha1>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl Session {
    fn new(suite: Suite, master: &Master) -> Self {
        let (key, salt) = master.0.split_at(KEY);
        let (mut own_key, mut own_salt) = ([0; KEY], [0; SALT]);
        own_key.copy_from_slice(key);
        own_salt.copy_from_slice(salt);
        let derivation = Aes128::new(&own_key.into());
        let mut encryption = derive::<KEY>(&derivation, &own_salt, 0);
        let mut authentication = derive::<AUTH>(&derivation, &own_salt, 1);
        let salt = derive::<SALT>(&derivation, &own_salt, 2);
        let session = Self {
            suite,
            cipher: Aes128::new(&encryption.into()),
            salt,
            mac: <Hmac<Sha1> as hmac::KeyInit>::new(&authentication.into_key()),
        };
        own_key.zeroize();
        own_salt.zeroize();
        encryption.zeroize();
        authentication.zeroize();
        session
    }

    /// Encrypts or decrypts in place (RFC 3711 §4.1.1).
    fn apply(&self, ssrc: u32, index: u64, payload: &mut [u8]) {
        let mut start = [0; 16];
        if let Some((head, _)) = start.split_first_chunk_mut::<SALT>() {
            *head = self.salt;
        }
        let mixed = (u128::from(ssrc) << 64) | (u128::from(index) << 16);
        let start = u128::from_be_bytes(start) ^ mixed;
        for (counter, block) in (0_u128..).zip(payload.chunks_mut(16)) {
            let mut stream = aes::Block::from(start.wrapping_add(counter).to_be_bytes());
            self.cipher.encrypt_block(&mut stream);
            block.iter_mut().zip(stream.iter()).for_each(|(octet, key)| *octet ^= key);
        }
    }

    fn authenticate(&self, packet: &[u8], rollover: u32) -> [u8; AUTH] {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(&rollover.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// The key of an HMAC from an array.
trait IntoKey {
    fn into_key(self) -> hmac::digest::Key<Hmac<Sha1>>;
}

impl IntoKey for [u8; AUTH] {
    fn into_key(self) -> hmac::digest::Key<Hmac<Sha1>> {
        let mut key = hmac::digest::Key::<Hmac<Sha1>>::default();
        key.iter_mut().zip(self).for_each(|(place, octet)| *place = octet);
        key
    }
}

/// One session key (RFC 3711 §4.3.1, with a derivation rate of zero).
fn derive<const LENGTH: usize>(cipher: &Aes128, salt: &[u8; SALT], label: u8) -> [u8; LENGTH] {
    let mut start = [0; 16];
    if let Some((head, _)) = start.split_first_chunk_mut::<SALT>() {
        *head = *salt;
    }
    let start = u128::from_be_bytes(start) ^ (u128::from(label) << 64);
    let mut key = [0; LENGTH];
    for (counter, block) in (0_u128..).zip(key.chunks_mut(16)) {
        let mut stream = aes::Block::from(start.wrapping_add(counter).to_be_bytes());
        cipher.encrypt_block(&mut stream);
        block.iter_mut().zip(stream.iter()).for_each(|(octet, key)| *octet = *key);
    }
    key
}

/// Protects what we send: one source, whose sequence numbers go up by one.
#[derive(Debug, Clone)]
pub struct Sealer {
    session: Session,
    rollover: u32,
    before: Option<u16>,
}

impl Sealer {
    /// From our own key.
    #[must_use]
    pub fn new(suite: Suite, master: &Master) -> Self {
        Self { session: Session::new(suite, master), rollover: 0, before: None }
    }

    /// Turns a packet as [`Packet::write`] wrote it into a protected one, in place.
    pub fn seal(&mut self, octets: &mut Vec<u8>) {
        let Some((ssrc, sequence)) = Packet::read(octets).map(|packet| (packet.ssrc, packet.sequence)) else { return };
        if self.before.is_some_and(|before| before > sequence) {
            self.rollover = self.rollover.wrapping_add(1);
        }
        self.before = Some(sequence);
        let index = (u64::from(self.rollover) << 16) | u64::from(sequence);
        if let Some(payload) = octets.get_mut(HEADER..) {
            self.session.apply(ssrc, index, payload);
        }
        let tag = self.session.authenticate(octets, self.rollover);
        octets.extend(tag.iter().take(self.session.suite.tag()));
    }
}

/// Numbers behind the highest that are still taken, once each (RFC 3711 §3.3.2).
const WINDOW: u64 = 64;

/// Opens what the peer sends: one source at a time; another one begins anew.
#[derive(Debug, Clone)]
pub struct Opener {
    session: Session,
    source: Option<u32>,
    highest: u64,
    seen: u64,
}

impl Opener {
    /// From the peer's key.
    #[must_use]
    pub fn new(suite: Suite, master: &Master) -> Self {
        Self { session: Session::new(suite, master), source: None, highest: 0, seen: 0 }
    }

    /// Opens a packet in place; `false` for what is forged, repeated, too old or no packet, which is left as it came.
    pub fn open(&mut self, octets: &mut Vec<u8>) -> bool {
        let Some(length) = octets.len().checked_sub(self.session.suite.tag()) else { return false };
        let Some((clear, tag)) = octets.split_at_checked(length) else { return false };
        let Some((ssrc, sequence, header)) = header(clear) else { return false };
        let index = if self.source == Some(ssrc) { self.guess(sequence) } else { u64::from(sequence) };
        let behind = self.highest.saturating_sub(index);
        let stale =
            self.source == Some(ssrc) && index <= self.highest && (behind >= WINDOW || self.seen & (1 << behind) != 0);
        let [.., r0, r1, r2, r3, _, _] = index.to_be_bytes();
        let whole = self.session.authenticate(clear, u32::from_be_bytes([r0, r1, r2, r3]));
        let genuine: bool = whole.get(..tag.len()).is_some_and(|whole| whole.ct_eq(tag).into());
        if stale || !genuine {
            return false;
        }
        self.remember(ssrc, index);
        octets.truncate(length);
        if let Some(payload) = octets.get_mut(header..) {
            self.session.apply(ssrc, index, payload);
        }
        true
    }

    /// The index whose low part is this sequence number and which lies nearest to the highest (RFC 3711 appendix A).
    fn guess(&self, sequence: u16) -> u64 {
        let rollover = self.highest >> 16;
        let candidate = |rollover: u64| (rollover << 16) | u64::from(sequence);
        let near = [rollover.checked_sub(1), Some(rollover), Some(rollover + 1)];
        let distance = |index: &u64| index.abs_diff(self.highest);
        near.into_iter().flatten().map(candidate).min_by_key(distance).unwrap_or_default()
    }

    fn remember(&mut self, ssrc: u32, index: u64) {
        if self.source != Some(ssrc) {
            (self.source, self.highest, self.seen) = (Some(ssrc), index, 1);
        } else if index > self.highest {
            let ahead = index - self.highest;
            self.seen = if ahead >= WINDOW { 1 } else { (self.seen << ahead) | 1 };
            self.highest = index;
        } else {
            self.seen |= 1 << (self.highest - index).min(WINDOW - 1);
        }
    }
}

/// Source, sequence number and length of the header with all that is not encrypted.
fn header(octets: &[u8]) -> Option<(u32, u16, usize)> {
    let (&[first, _, s0, s1, _, _, _, _, i0, i1, i2, i3], rest) = octets.split_first_chunk::<HEADER>()?;
    if first >> 6 != 2 {
        return None;
    }
    let mut length = HEADER + usize::from(first & 0x0F) * 4;
    if first & 0x10 != 0 {
        let (&[_, _, l0, l1], _) = rest.get(length - HEADER..)?.split_first_chunk::<4>()?;
        length += 4 + usize::from(u16::from_be_bytes([l0, l1])) * 4;
    }
    (length <= octets.len()).then_some((u32::from_be_bytes([i0, i1, i2, i3]), u16::from_be_bytes([s0, s1]), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn session_keys_are_those_of_the_standard() {
        // RFC 3711 appendix B.3.
        let key: [u8; 16] = hex("E1F97A0D3E018BE0D64FA32C06DE4139").try_into().unwrap();
        let salt: [u8; 14] = hex("0EC675AD498AFEEBB6960B3AABE6").try_into().unwrap();
        let cipher = Aes128::new(&key.into());
        assert_eq!(derive::<16>(&cipher, &salt, 0).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derive::<14>(&cipher, &salt, 2).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(derive::<20>(&cipher, &salt, 1).to_vec(), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        Packet { payload_type: 0, marker: false, sequence, timestamp: 1, ssrc: 5, payload }.write(&mut octets);
        octets
    }

    fn pair(suite: Suite) -> (Sealer, Opener) {
        let master = Master::of(&[3; MASTER]).unwrap();
        (Sealer::new(suite, &master), Opener::new(suite, &master))
    }

    #[test]
    fn what_is_sealed_opens_over_the_wrap_with_loss_and_reorder() {
        for suite in [Suite::Sha1_80, Suite::Sha1_32] {
            let (mut sealer, mut opener) = pair(suite);
            let mut sealed = Vec::new();
            for nth in 0..400_u16 {
                let sequence = 65_400_u16.wrapping_add(nth);
                let mut octets = packet(sequence, &[nth.to_be_bytes()[1]; 160]);
                sealer.seal(&mut octets);
                assert_eq!(octets.len(), HEADER + 160 + suite.tag());
                sealed.push(octets);
            }
            sealed.remove(200);
            sealed.swap(130, 140);
            for octets in &sealed {
                let mut opened = octets.clone();
                assert!(opener.open(&mut opened));
                let read = Packet::read(&opened).unwrap();
                assert_eq!(read.payload, &[read.sequence.wrapping_sub(65_400).to_be_bytes()[1]; 160]);
            }
        }
    }

    #[test]
    fn what_is_repeated_forged_or_old_does_not_open() {
        let (mut sealer, mut opener) = pair(Suite::Sha1_80);
        let mut first = packet(1, b"sound");
        sealer.seal(&mut first);
        for place in 0..first.len() {
            let mut forged = first.clone();
            forged[place] ^= 1;
            assert!(!opener.clone().open(&mut forged), "octet {place}");
        }
        for cut in 0..first.len() {
            assert!(!opener.open(&mut first[..cut].to_vec()));
        }
        assert!(opener.open(&mut first.clone()));
        assert!(!opener.open(&mut first.clone()), "repeated");
        let mut far = packet(200, b"sound");
        sealer.seal(&mut far);
        assert!(opener.open(&mut far));
        let mut old = packet(2, b"sound");
        Sealer::new(Suite::Sha1_80, &Master::of(&[3; MASTER]).unwrap()).seal(&mut old);
        assert!(!opener.open(&mut old), "behind the window");
    }

    #[test]
    fn keys_are_not_written_where_they_might_be_logged() {
        let master = Master::of(&[0xAB; MASTER]).unwrap();
        assert_eq!(format!("{master:?}"), "Master(…)");
        assert!(!format!("{:?}", Sealer::new(Suite::Sha1_80, &master)).contains("AB"));
    }
}
