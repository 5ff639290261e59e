//! Whether a webhook comes from its platform: every scheme by which platforms sign, one file each where it is long.
//!
//! Compares in constant time, tries each live secret (two while one is replaced), and holds the time that is signed to
//! [`WINDOW`]. Where a scheme signs no time (Twilio, SignalWire, Plivo) a replayed request is answered with what it was
//! answered before: the calls know their steps. Reads no clock.

mod jwt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Kind;
use super::form::Body;

/// How far a signed time may be from ours, in seconds: that of the platforms' own libraries.
pub const WINDOW: i64 = 300;

/// A live secret: a shared one, or the public key of a platform that signs with its own.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its id at the platform, where requests name it (Vonage's API key, Twilio's shared key).
    pub id: Option<String>,
    /// The secret.
    pub text: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is signed of a request.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// The address as the platform called it, with its query.
    pub url: &'a str,
    /// A header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<String>,
    /// The body as it came.
    pub octets: &'a [u8],
    /// The body read.
    pub body: &'a Body,
}

impl std::fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// It is not signed.
    #[error("it is not signed")]
    Unsigned,
    /// The signature is not that of any live secret.
    #[error("its signature is wrong")]
    Wrong,
    /// The signed time is too far from ours.
    #[error("its signature is stale")]
    Stale,
}

/// Whether a request is its platform's; `now` in seconds since 1970.
///
/// # Errors
/// [`Forged`], why it is not believed.
pub fn verify(kind: Kind, signed: &Signed<'_>, secrets: &[Secret], now: i64) -> Result<(), Forged> {
    match kind {
        Kind::Twilio => twilio(signed, secrets),
        Kind::SignalWire => signalwire(signed, secrets),
        Kind::Telnyx => telnyx(signed, secrets, now),
        Kind::Plivo => plivo(signed, secrets),
        Kind::Vonage => jwt::verify(signed, secrets, now),
        Kind::Jambonz => jambonz(signed, secrets, now),
        Kind::FreeSwitch => Err(Forged::Unsigned),
    }
}

fn sha1(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return Vec::new() };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn same(expected: &[u8], given: &[u8]) -> bool {
    !expected.is_empty() && expected.ct_eq(given).into()
}

/// Whether any secret's digest is the one given. All are tried: how long it takes tells nothing.
fn any(secrets: &[Secret], mut fits: impl FnMut(&Secret) -> bool) -> Result<(), Forged> {
    let mut found = false;
    for secret in secrets {
        found |= fits(secret);
    }
    if found { Ok(()) } else { Err(Forged::Wrong) }
}

fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0x0F)]).collect()
}

/// The address with its scheme's port and without, whichever the platform called it by.
fn ports(url: &str) -> Vec<String> {
    let mut all = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return all };
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let port = if scheme == "https" { "443" } else { "80" };
    // An IPv6 address has colons of its own.
    let (host, own) = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    };
    match own {
        Some(_) => all.push(format!("{scheme}://{host}{path}")),
        None => all.push(format!("{scheme}://{host}:{port}{path}")),
    }
    all
}

/// The form's fields sorted by name, and by value within a name, without doubles.
fn sorted(body: &Body) -> Vec<(&str, &str)> {
    let mut fields: Vec<(&str, &str)> =
        body.fields().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

fn joined(fields: &[(&str, &str)]) -> String {
    fields.iter().flat_map(|(name, value)| [*name, *value]).collect()
}

/// Twilio: base64 of HMAC-SHA1, or HMAC-SHA256 where the settings header names it, over the address and the sorted fields.
fn twilio(signed: &Signed<'_>, secrets: &[Secret]) -> Result<(), Forged> {
    let given = (signed.header)("x-twilio-signature").ok_or(Forged::Unsigned)?;
    let given = STANDARD.decode(given.trim()).map_err(|_| Forged::Wrong)?;
    let settings = (signed.header)("x-twilio-webhooks-signature-settings").unwrap_or_default();
    let setting = |name: &str| {
        let mut parts = settings.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(of, _)| of.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    let digest = match setting("algorithm").as_deref() {
        None | Some("HMAC_SHA1") => sha1,
        Some("HMAC_SHA256") => sha256,
        Some(_) => return Err(Forged::Wrong),
    };
    let key = setting("key");
    let fields = joined(&sorted(signed.body));
    any(secrets, |secret| {
        let named = key.is_none() || secret.id.is_none() || key == secret.id;
        let mut fits = false;
        for url in ports(signed.url) {
            fits |= same(&digest(secret.text.as_bytes(), format!("{url}{fields}").as_bytes()), &given);
        }
        fits && named
    })
}

/// SignalWire: hex of HMAC-SHA1 over the address and the raw body; for forms also Twilio's scheme under its header.
fn signalwire(signed: &Signed<'_>, secrets: &[Secret]) -> Result<(), Forged> {
    let given = (signed.header)("x-signalwire-signature").or_else(|| (signed.header)("x-twilio-signature"));
    let given = given.ok_or(Forged::Unsigned)?;
    let (given, fields) = (given.trim().to_owned(), joined(&sorted(signed.body)));
    let in_base64 = STANDARD.decode(&given).unwrap_or_default();
    any(secrets, |secret| {
        let mut fits = false;
        for url in ports(signed.url) {
            let raw = sha1(secret.text.as_bytes(), &[url.as_bytes(), signed.octets].concat());
            fits |= same(hex(&raw).as_bytes(), given.to_ascii_lowercase().as_bytes());
            fits |= same(&sha1(secret.text.as_bytes(), format!("{url}{fields}").as_bytes()), &in_base64);
        }
        fits
    })
}

/// Telnyx: Ed25519 over `time|body`.
fn telnyx(signed: &Signed<'_>, secrets: &[Secret], now: i64) -> Result<(), Forged> {
    let given = (signed.header)("telnyx-signature-ed25519").ok_or(Forged::Unsigned)?;
    let time = (signed.header)("telnyx-timestamp").ok_or(Forged::Unsigned)?;
    let given = STANDARD.decode(given.trim()).ok().and_then(|octets| Signature::from_slice(&octets).ok());
    let given = given.ok_or(Forged::Wrong)?;
    let message = [time.as_bytes(), b"|", signed.octets].concat();
    any(secrets, |secret| {
        let key = STANDARD.decode(secret.text.trim()).ok().and_then(|octets| <[u8; 32]>::try_from(octets).ok());
        let key = key.and_then(|octets| VerifyingKey::from_bytes(&octets).ok());
        key.is_some_and(|key| key.verify_strict(&message, &given).is_ok())
    })?;
    timely(time.trim().parse().ok(), now)
}

/// A time that was signed is near ours.
fn timely(at: Option<i64>, now: i64) -> Result<(), Forged> {
    match at {
        Some(at) if now.saturating_sub(at).saturating_abs() <= WINDOW => Ok(()),
        Some(_) | None => Err(Forged::Stale),
    }
}

/// Plivo V3: base64 of HMAC-SHA256 over the address with its query sorted, the sorted fields, and a nonce.
fn plivo(signed: &Signed<'_>, secrets: &[Secret]) -> Result<(), Forged> {
    let given = (signed.header)("x-plivo-signature-v3").ok_or(Forged::Unsigned)?;
    let nonce = (signed.header)("x-plivo-signature-v3-nonce").ok_or(Forged::Unsigned)?;
    let given: Vec<Vec<u8>> = given.split(',').take(8).filter_map(|one| STANDARD.decode(one.trim()).ok()).collect();
    let (bare, query) = signed.url.split_once('?').unwrap_or((signed.url, ""));
    let query = Body::form(query.as_bytes());
    let query: Vec<String> = sorted(&query).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let (query, fields) = (query.join("&"), sorted(signed.body));
    let mut base = bare.to_owned();
    if !query.is_empty() || !fields.is_empty() {
        base.push('?');
        base.push_str(&query);
    }
    if !query.is_empty() && !fields.is_empty() {
        base.push('.');
    }
    let message = format!("{base}{}.{nonce}", joined(&fields));
    any(secrets, |secret| {
        let expected = sha256(secret.text.as_bytes(), message.as_bytes());
        let mut fits = false;
        for one in &given {
            fits |= same(&expected, one);
        }
        fits
    })
}

/// jambonz: `t=TIME,v1=HEX` with hex of HMAC-SHA256 over `time.body`.
fn jambonz(signed: &Signed<'_>, secrets: &[Secret], now: i64) -> Result<(), Forged> {
    let given = (signed.header)("jambonz-signature").ok_or(Forged::Unsigned)?;
    let part = |name: &str| {
        let mut parts = given.split(',').filter_map(|part| part.trim().split_once('='));
        parts.find(|(of, _)| *of == name).map(|(_, value)| value.to_owned())
    };
    let (Some(time), Some(digest)) = (part("t"), part("v1")) else { return Err(Forged::Wrong) };
    let message = [time.as_bytes(), b".", signed.octets].concat();
    any(secrets, |secret| {
        same(hex(&sha256(secret.text.as_bytes(), &message)).as_bytes(), digest.to_ascii_lowercase().as_bytes())
    })?;
    timely(time.parse().ok(), now)
}

/// The hex SHA-256 of octets.
fn hash(octets: &[u8]) -> String {
    hex(&Sha256::digest(octets))
}

#[cfg(test)]
mod tests;
