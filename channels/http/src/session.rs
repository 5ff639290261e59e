//! Who uses the page: the cookie that makes a browser an asker, and the one-time id that makes a form one message.
//!
//! Both are random and signed with a key that outlives a restart, so a form opened before it still counts once. Pure: time
//! is handed in. Does not know what is asked.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use contract::{Refusal, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::hex;

/// The name of the cookie.
const COOKIE: &str = "verigate_visitor";

/// How long a form can be sent after it was opened.
pub(crate) const FORM_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// More addresses than this per hour: newcomers are then known by their address only.
const MOST_ADDRESSES: usize = 65_536;

/// The key that signs cookies and forms.
#[derive(Clone)]
pub(crate) struct PageKey([u8; 32]);

impl std::fmt::Debug for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageKey(…)")
    }
}

impl PageKey {
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// 16 bytes of HMAC-SHA-256 as 32 digits, apart for each purpose.
    pub(crate) fn tag(&self, purpose: &'static str, parts: &[&[u8]]) -> String {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        hex::encode(full.first_chunk::<16>().expect("32 bytes have a first 16"))
    }

    /// Whether this is that tag; takes as long for every wrong one.
    pub(crate) fn signed(&self, purpose: &'static str, parts: &[&[u8]], tag: &str) -> bool {
        self.tag(purpose, parts).as_bytes().ct_eq(tag.as_bytes()).into()
    }
}

/// A browser, by the cookie that we gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// 32 random digits.
    pub(crate) id: String,
}

impl Visitor {
    pub(crate) fn fresh() -> Result<Self, Refusal> {
        Ok(Self { id: random()? })
    }

    /// Reads the cookie; a forged one is none.
    pub(crate) fn from_headers(headers: &HeaderMap, key: &PageKey) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .take(4)
            .find_map(|value| {
                let (id, tag) = value.split_at_checked(32)?;
                key.signed("cookie", &[id.as_bytes()], tag).then(|| Self { id: id.to_owned() })
            })
    }

    /// The `Set-Cookie` header. A year: as long as a shopper may be told "you asked before".
    pub(crate) fn set_cookie(&self, key: &PageKey, secure: bool) -> String {
        let tag = key.tag("cookie", &[self.id.as_bytes()]);
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={}{tag}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}", self.id)
    }
}

/// The one-time id of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Once {
    id: String,
}

impl Once {
    /// A fresh id as it stands in the form: 32 random digits, the second it ends at, and a tag.
    pub(crate) fn issue(key: &PageKey, now: Timestamp) -> Result<String, Refusal> {
        let id = random()?;
        let ends = format!("{:016x}", now.plus(FORM_LIFE).as_millis());
        let tag = key.tag("once", &[id.as_bytes(), ends.as_bytes()]);
        Ok(format!("{id}{ends}{tag}"))
    }

    /// Reads it back; `None` where it is forged or over.
    pub(crate) fn open(text: &str, key: &PageKey, now: Timestamp) -> Option<Self> {
        let (id, rest) = text.split_at_checked(32)?;
        let (ends, tag) = rest.split_at_checked(16)?;
        if !key.signed("once", &[id.as_bytes(), ends.as_bytes()], tag) {
            return None;
        }
        let ends = i64::from_str_radix(ends, 16).ok()?;
        (now.as_millis() < ends).then(|| Self { id: id.to_owned() })
    }

    /// The key of one form sent with one content. A form that comes back with another number (the browser's back button)
    /// is another message, not a conflict.
    pub(crate) fn token(&self, key: &PageKey, content: &[&[u8]]) -> String {
        format!("{}{}", self.id, key.tag("answer", content))
    }
}

/// How many cookies each address was given this hour.
#[derive(Debug)]
pub(crate) struct Newcomers {
    per_hour: u32,
    seen: Mutex<(i64, HashMap<IpAddr, u32>)>,
}

impl Newcomers {
    pub(crate) fn new(per_hour: u32) -> Self {
        Self { per_hour, seen: Mutex::default() }
    }

    /// Whether this address may have one more cookie.
    pub(crate) fn admit(&self, address: IpAddr, now: Timestamp) -> bool {
        let hour = now.as_millis().div_euclid(3_600_000);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != hour {
            *seen = (hour, HashMap::new());
        }
        let address = network(address);
        if seen.1.len() >= MOST_ADDRESSES && !seen.1.contains_key(&address) {
            return false;
        }
        let count = seen.1.entry(address).or_default();
        *count = count.saturating_add(1);
        *count <= self.per_hour
    }
}

/// What of an address names a subscriber: all of IPv4, the /64 of IPv6.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// 16 random bytes as 32 digits.
pub(crate) fn random() -> Result<String, Refusal> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Internal)?;
    Ok(hex::encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PageKey = PageKey::new([7; 32]);

    #[test]
    fn a_cookie_comes_back_and_a_forged_one_does_not() {
        let visitor = Visitor::fresh().unwrap();
        let set = visitor.set_cookie(&KEY, true);
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.ends_with("; Secure"), "{set}");
        let pair = set.split(';').next().unwrap();
        let headers = |value: &str| HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())]);
        assert_eq!(Visitor::from_headers(&headers(&format!("a=b; {pair}")), &KEY), Some(visitor));
        assert_eq!(Visitor::from_headers(&headers(pair), &PageKey::new([8; 32])), None);
        assert_eq!(Visitor::from_headers(&headers("verigate_visitor="), &KEY), None);
    }

    #[test]
    fn a_form_counts_until_it_is_over_and_only_if_it_is_ours() {
        let now = Timestamp(1_000_000);
        let form = Once::issue(&KEY, now).unwrap();
        let once = Once::open(&form, &KEY, now).unwrap();
        assert!(Once::open(&form, &KEY, now.plus(FORM_LIFE)).is_none());
        assert!(Once::open(&form, &PageKey::new([8; 32]), now).is_none());
        let longer = form.replace(form.get(32..48).unwrap(), "7fffffffffffffff");
        assert!(Once::open(&longer, &KEY, now).is_none(), "the end is signed");
        assert_eq!(once.token(&KEY, &[b"1"]), once.token(&KEY, &[b"1"]));
        assert_ne!(once.token(&KEY, &[b"1"]), once.token(&KEY, &[b"2"]));
        assert_ne!(once.token(&KEY, &[b"1", b""]), once.token(&KEY, &[b"", b"1"]));
    }

    #[test]
    fn an_address_gets_so_many_cookies_an_hour() {
        let newcomers = Newcomers::new(2);
        let here: IpAddr = "2001:db8::1".parse().unwrap();
        let next_door: IpAddr = "2001:db8::2".parse().unwrap();
        assert!(newcomers.admit(here, Timestamp(0)));
        assert!(newcomers.admit(next_door, Timestamp(0)));
        assert!(!newcomers.admit(here, Timestamp(0)));
        assert!(newcomers.admit("192.0.2.1".parse().unwrap(), Timestamp(0)));
        assert!(newcomers.admit(here, Timestamp(3_600_000)));
    }

    /// Beyond the bound newcomers are known by their address; who came before it is filled goes on as before.
    #[test]
    fn a_million_addresses_take_bounded_memory_and_push_nobody_out() {
        let newcomers = Newcomers::new(2);
        let address = |n: u32| IpAddr::V4((0x0a00_0000 + n).into());
        assert!(newcomers.admit(address(0), Timestamp(0)));
        let admitted = (1..1_000_000).filter(|n| newcomers.admit(address(*n), Timestamp(0))).count();
        assert_eq!(admitted, MOST_ADDRESSES - 1);
        assert_eq!(newcomers.seen.lock().unwrap().1.len(), MOST_ADDRESSES);
        assert!(newcomers.admit(address(0), Timestamp(0)), "its second");
        assert!(newcomers.admit(address(999_999), Timestamp(3_600_000)), "an hour later");
    }
}
