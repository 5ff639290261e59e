//! The keys that are made to be destroyed: peppers for askers, daily keys for return routes and for what tips say.
//!
//! All lie as files beside the master key, outside the databases: without them neither a stolen log nor a stolen
//! history names anybody. The current pepper and the one before it match: an owner who comes back within one pepper's time
//! is known, and nobody can be told from a hash once its pepper is destroyed.
//!
//! One thing outlives a pepper, and is said wherever it matters: an event holds the asker's hash under both peppers, so
//! that a history still knows an asker after a change. Who asks in every pepper's time can therefore be followed back
//! through the log, hash by hash, as far as the log is kept ([`super::privacy`] does so for the asker's own sake). Who stays
//! away for one pepper's whole time, or is forgotten, breaks that chain; reducing the log's segments ends it.

mod days;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use contract::{Day, Identity, InquiryId, Position, ReturnRoute, Timestamp};
use hmac::{Hmac, Mac};
use jiff::tz::TimeZone;
use minicbor::bytes::{ByteArray, ByteVec};
use sha2::Sha256;

use super::event::SealedRoute;
use crate::secret::{Secret, SecretError};
use crate::verify::history::AskerHash;

pub use self::days::KeyDays;

/// The ending of a key file that is being destroyed.
const DYING: &str = "dying";

/// The keys of one ledger, in one folder.
#[derive(Debug)]
pub struct Keys {
    folder: PathBuf,
    id: Secret,
    peppers: Peppers,
    routes: BTreeMap<Day, Secret>,
    tips: BTreeMap<Day, Secret>,
}

/// The peppers that match an asker.
#[derive(Debug, Clone)]
pub struct Peppers {
    current: (Day, Secret),
    previous: Option<Secret>,
}

impl Peppers {
    /// Reads those in force beside the gateway that keeps them; changes nothing.
    ///
    /// # Errors
    /// [`SecretError`], also where there is none.
    pub fn read(folder: &Path) -> Result<Self, SecretError> {
        let mut latest = known(folder, "pepper-")?.into_iter().rev();
        let none = || SecretError::Io { path: folder.to_owned(), source: std::io::ErrorKind::NotFound.into() };
        let (day, path) = latest.next().ok_or_else(none)?;
        let previous = latest.next().map(|(_, path)| Secret::load(&path)).transpose()?;
        Ok(Self { current: (day, Secret::load(&path)?), previous })
    }

    /// The hash of an identity. An inquiry without one is its own asker.
    #[must_use]
    pub fn asker(&self, identity: &Identity, id: &InquiryId) -> AskerHash {
        let text = match identity {
            Identity::Phone(number) => ["phone:", number].concat(),
            Identity::Cookie(cookie) => ["cookie:", cookie].concat(),
            Identity::Client(name) => ["client:", name].concat(),
            Identity::Terminal(name) => ["terminal:", name].concat(),
            Identity::Network(std::net::IpAddr::V4(address)) => ["network:", &address.to_string()].concat(),
            Identity::Network(std::net::IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => ["network:", &address.to_string()].concat(),
                None => format!("network:{:016x}", u128::from(*address) >> 64),
            },
            Identity::Unknown => ["unknown:", &id.scope, ":", &id.key].concat(),
        };
        let hash = |pepper: &Secret| {
            let digest = mac(pepper, &[text.as_bytes()]);
            digest.iter().take(8).fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        };
        AskerHash { current: hash(&self.current.1), previous: self.previous.as_ref().map(hash) }
    }
}

fn mac(key: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn utc_day(at: Timestamp) -> Day {
    at.day_in(&TimeZone::UTC)
}

impl Keys {
    /// Opens the folder, making a first pepper where there is none.
    ///
    /// # Errors
    /// [`SecretError`] where a file cannot be used.
    pub fn open(folder: &Path, master: &Secret, now: Timestamp) -> Result<Self, SecretError> {
        // What a killed process made may not be durable yet, and is relied upon from here on.
        sync(folder)?;
        let mut peppers = days(folder, "pepper-")?;
        let (routes, tips) = (loaded(days(folder, "route-")?)?, loaded(days(folder, "tip-")?)?);
        if peppers.is_empty() {
            let day = utc_day(now);
            let path = path_of(folder, "pepper-", day);
            Secret::create(&path)?;
            peppers.insert(day, path);
        }
        let mut latest = peppers.into_iter().rev();
        let Some((day, path)) = latest.next() else { return Err(SecretError::NoRandomness) };
        let previous = latest.next().map(|(_, path)| Secret::load(&path)).transpose()?;
        // What a kill between the making of one and the destruction of another left.
        latest.try_for_each(|(_, path)| destroy(&path))?;
        let peppers = Peppers { current: (day, Secret::load(&path)?), previous };
        Ok(Self { folder: folder.to_owned(), id: master.derive("verigate inquiry id 1", b""), peppers, routes, tips })
    }

    /// The peppers in force, for hashing askers elsewhere.
    #[must_use]
    pub const fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// Puts a new pepper in force when the current one has served its time, and destroys the one before the previous.
    /// `true` when it changed.
    ///
    /// # Errors
    /// [`SecretError`] where a file cannot be written; the old peppers then stay in force.
    pub fn rotate(&mut self, now: Timestamp, serves: Duration) -> Result<bool, SecretError> {
        let day = utc_day(now);
        let due = self.peppers.current.0.start_in(&TimeZone::UTC).plus(serves);
        if now < due || day <= self.peppers.current.0 {
            return Ok(false);
        }
        let fresh = Secret::create(&path_of(&self.folder, "pepper-", day))?;
        let (old_day, old) = std::mem::replace(&mut self.peppers.current, (day, fresh));
        self.peppers.previous = Some(old);
        for (known, path) in days(&self.folder, "pepper-")? {
            if known < old_day {
                destroy(&path)?;
            }
        }
        Ok(true)
    }

    /// The keyed hash of a message's id.
    #[must_use]
    pub fn id(&self, id: &InquiryId) -> ByteArray<16> {
        let digest = mac(&self.id, &[id.scope.as_bytes(), id.key.as_bytes()]);
        let mut short = [0; 16];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        ByteArray::from(short)
    }

    /// Encrypts a return route under the day's key, bound to its place in the log.
    ///
    /// # Errors
    /// [`SecretError`] where the day's key cannot be made.
    pub fn seal(
        &mut self,
        route: &ReturnRoute,
        position: Position,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<SealedRoute, SecretError> {
        let day = utc_day(now);
        let key = of_day(&mut self.routes, &self.folder, "route-", day)?;
        sealed(key, (day, until), &route.0, position)
    }

    /// Encrypts what somebody wrote in a tip under the day's key, bound to its place in the log.
    ///
    /// # Errors
    /// [`SecretError`] where the day's key cannot be made.
    pub fn seal_tip(
        &mut self,
        text: &str,
        position: Position,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<SealedRoute, SecretError> {
        let day = utc_day(now);
        let key = of_day(&mut self.tips, &self.folder, "tip-", day)?;
        sealed(key, (day, until), text.as_bytes(), position)
    }

    /// Destroys the keys of tips that are older than they are kept: nobody can read them any more.
    ///
    /// # Errors
    /// [`SecretError::Io`].
    pub fn forget_tips(&mut self, now: Timestamp, keep: Duration) -> Result<usize, SecretError> {
        let is_over = |day: &Day| day.start_in(&TimeZone::UTC).plus(keep + Duration::from_secs(86_400)) <= now;
        let over: Vec<Day> = self.tips.keys().copied().filter(is_over).collect();
        for day in &over {
            destroy(&path_of(&self.folder, "tip-", *day))?;
            self.tips.remove(day);
        }
        Ok(over.len())
    }

    /// Decrypts a return route; `None` once its key was destroyed, or where it was moved in the log.
    #[must_use]
    pub fn open_route(&self, sealed: &SealedRoute, position: Position) -> Option<ReturnRoute> {
        opened(self.routes.get(&sealed.day)?, sealed, position).map(ReturnRoute)
    }

    /// Destroys the keys of past days under which nothing is owed any more.
    ///
    /// # Errors
    /// [`SecretError::Io`].
    pub fn forget_routes(&mut self, now: Timestamp, still_owed: impl Fn(Day) -> bool) -> Result<usize, SecretError> {
        let today = utc_day(now);
        let over: Vec<Day> = self.routes.keys().copied().filter(|day| *day < today && !still_owed(*day)).collect();
        for day in &over {
            destroy(&path_of(&self.folder, "route-", *day))?;
            self.routes.remove(day);
        }
        Ok(over.len())
    }
}

/// The keys of tips that are still to be read.
#[derive(Debug, Default)]
pub struct TipKeys(BTreeMap<Day, Secret>);

impl TipKeys {
    /// Reads a folder beside the gateway that keeps it; changes nothing.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(folder: &Path) -> Result<Self, SecretError> {
        loaded(known(folder, "tip-")?).map(Self)
    }

    /// What somebody wrote; `None` once its day's key was destroyed.
    #[must_use]
    pub fn open(&self, sealed: &SealedRoute, position: Position) -> Option<String> {
        String::from_utf8(opened(self.0.get(&sealed.day)?, sealed, position)?).ok()
    }
}

fn loaded(paths: BTreeMap<Day, PathBuf>) -> Result<BTreeMap<Day, Secret>, SecretError> {
    paths.into_iter().map(|(day, path)| Ok((day, Secret::load(&path)?))).collect()
}

/// The day's key, made where there is none.
fn of_day<'a>(
    keys: &'a mut BTreeMap<Day, Secret>,
    folder: &Path,
    prefix: &str,
    day: Day,
) -> Result<&'a Secret, SecretError> {
    let vacant = match keys.entry(day) {
        Entry::Occupied(known) => return Ok(known.into_mut()),
        Entry::Vacant(vacant) => vacant,
    };
    let path = path_of(folder, prefix, day);
    Ok(vacant.insert(if path.exists() {
        // Made by an attempt whose last sync failed: its name may not be durable yet.
        sync(folder)?;
        Secret::load(&path)?
    } else {
        Secret::create(&path)?
    }))
}

fn sealed(
    key: &Secret,
    (day, until): (Day, Timestamp),
    message: &[u8],
    position: Position,
) -> Result<SealedRoute, SecretError> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).map_err(|_| SecretError::NoRandomness)?;
    let aad = position.sequence.to_be_bytes();
    let sealed = cipher(key)
        .encrypt(&Nonce::from(nonce), Payload { msg: message, aad: &aad })
        .map_err(|_| SecretError::NoRandomness)?;
    Ok(SealedRoute { day, nonce: ByteArray::from(nonce), sealed: ByteVec::from(sealed), until })
}

fn opened(key: &Secret, sealed: &SealedRoute, position: Position) -> Option<Vec<u8>> {
    let aad = position.sequence.to_be_bytes();
    let payload = Payload { msg: &sealed.sealed, aad: &aad };
    cipher(key).decrypt(&Nonce::from(*sealed.nonce), payload).ok()
}

fn cipher(key: &Secret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key.expose()))
}

fn sync(folder: &Path) -> Result<(), SecretError> {
    let io = |source| SecretError::Io { path: folder.to_owned(), source };
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

fn path_of(folder: &Path, prefix: &str, day: Day) -> PathBuf {
    folder.join(format!("{prefix}{day}.key"))
}

/// The keys of one kind by their days, after what was being destroyed is gone.
fn days(folder: &Path, prefix: &str) -> Result<BTreeMap<Day, PathBuf>, SecretError> {
    let io = |source| SecretError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|ending| ending == DYING) {
            finish(&path).map_err(io)?;
        }
    }
    known(folder, prefix)
}

fn known(folder: &Path, prefix: &str) -> Result<BTreeMap<Day, PathBuf>, SecretError> {
    let io = |source| SecretError::Io { path: folder.to_owned(), source };
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let day = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".key")).and_then(|day| day.parse().ok());
        if let Some(day) = day {
            found.insert(day, path);
        }
    }
    Ok(found)
}

/// A key that is being destroyed has another name first: a crash in the middle leaves nothing that looks like a key.
fn destroy(path: &Path) -> Result<(), SecretError> {
    let dying = path.with_extension(DYING);
    let io = |source| SecretError::Io { path: path.to_owned(), source };
    fs::rename(path, &dying).map_err(io)?;
    finish(&dying).map_err(io)
}

fn finish(dying: &Path) -> std::io::Result<()> {
    // Before anything is overwritten: after a power cut it must not have its old name and no content.
    if let Some(folder) = dying.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    // Overwriting in place reaches the old blocks on most file systems; the unlink is what every one honours.
    fs::write(dying, [0; 65])?;
    fs::File::open(dying).and_then(|file| file.sync_all())?;
    fs::remove_file(dying)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> Timestamp {
        day.parse::<Day>().unwrap().start_in(&TimeZone::UTC).plus(Duration::from_secs(3_600))
    }

    const SERVES: Duration = Duration::from_secs(183 * 24 * 60 * 60);

    fn id() -> InquiryId {
        InquiryId { scope: "s".to_owned(), key: "k".to_owned(), valid_for: Duration::ZERO }
    }

    #[test]
    fn an_asker_is_known_across_one_change_of_pepper_and_forgotten_after_two() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(dir.path(), &Secret::from_bytes([1; 32]), at("2026-01-01")).unwrap();
        let phone = Identity::Phone("8613800138000".to_owned());
        let first = keys.peppers().asker(&phone, &id());
        assert!(!keys.rotate(at("2026-06-20"), SERVES).unwrap(), "it has not served its time");
        assert!(keys.rotate(at("2026-08-02"), SERVES).unwrap());
        let second = keys.peppers().asker(&phone, &id());
        assert_ne!(second.current, first.current);
        assert!(second.is(first.current));
        assert!(keys.rotate(at("2027-03-20"), SERVES).unwrap());
        assert!(!keys.peppers().asker(&phone, &id()).is(first.current));
        let reopened = Keys::open(dir.path(), &Secret::from_bytes([1; 32]), at("2027-03-20")).unwrap();
        assert_eq!(reopened.peppers().asker(&phone, &id()), keys.peppers().asker(&phone, &id()));
    }

    #[test]
    fn ipv6_addresses_of_one_network_are_one_asker_and_unknown_ones_are_each_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::open(dir.path(), &Secret::from_bytes([1; 32]), at("2026-01-01")).unwrap();
        let network = |text: &str| keys.peppers().asker(&Identity::Network(text.parse().unwrap()), &id());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        let other = InquiryId { key: "other".to_owned(), ..id() };
        assert_ne!(keys.peppers().asker(&Identity::Unknown, &id()), keys.peppers().asker(&Identity::Unknown, &other));
    }

    #[test]
    fn what_a_tip_says_is_read_until_its_day_is_over_long_enough() {
        let dir = tempfile::tempdir().unwrap();
        let master = Secret::from_bytes([1; 32]);
        let mut keys = Keys::open(dir.path(), &master, at("2026-01-01")).unwrap();
        let here = Position { stream: 0, sequence: 7 };
        let sealed = keys.seal_tip("封口破损", here, at("2026-01-01"), at("2026-02-01")).unwrap();
        let read = || TipKeys::read(dir.path()).unwrap().open(&sealed, here);
        assert_eq!(read().as_deref(), Some("封口破损"));
        let keep = Duration::from_secs(31 * 86_400);
        assert_eq!(keys.forget_tips(at("2026-02-01"), keep).unwrap(), 0);
        assert!(read().is_some());
        assert_eq!(keys.forget_tips(at("2026-02-02"), keep).unwrap(), 1);
        assert_eq!(read(), None);
        assert!(Keys::open(dir.path(), &master, at("2026-02-02")).unwrap().tips.is_empty());
    }

    #[test]
    fn a_pepper_serves_its_time_to_the_millisecond() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(dir.path(), &Secret::from_bytes([1; 32]), at("2026-01-01")).unwrap();
        let due = utc_day(at("2026-01-01")).start_in(&TimeZone::UTC).plus(SERVES);
        assert!(!keys.rotate(Timestamp(due.0 - 1), SERVES).unwrap());
        assert!(keys.rotate(due, SERVES).unwrap());
    }

    #[test]
    fn a_route_opens_only_where_it_was_sealed_and_only_until_its_key_is_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        let master = Secret::from_bytes([1; 32]);
        let mut keys = Keys::open(dir.path(), &master, at("2026-01-01")).unwrap();
        let route = ReturnRoute(b"8613800138000".to_vec());
        let here = Position { stream: 0, sequence: 7 };
        let sealed = keys.seal(&route, here, at("2026-01-01"), at("2026-01-02")).unwrap();
        let mut again = Keys::open(dir.path(), &master, at("2026-01-01")).unwrap();
        assert_eq!(again.open_route(&sealed, here), Some(route));
        assert_eq!(again.open_route(&sealed, Position { stream: 0, sequence: 8 }), None);
        assert_eq!(again.forget_routes(at("2026-01-01"), |_| false).unwrap(), 0, "more may come today");
        assert_eq!(again.forget_routes(at("2026-01-02"), |_| true).unwrap(), 0);
        assert_eq!(again.forget_routes(at("2026-01-02"), |_| false).unwrap(), 1);
        fs::write(dir.path().join("route-2025-12-31.dying"), [0; 65]).unwrap();
        assert_eq!(Keys::open(dir.path(), &master, at("2026-01-02")).unwrap().open_route(&sealed, here), None);
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["pepper-2026-01-01.key"], "what a crash left half destroyed is gone too");
    }
}
