//! Vonage: a JSON Web Token (RFC 7519) by HS256 in `Authorization: Bearer`, with the body's hash in it.
//!
//! No other algorithm is taken, `none` least of all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::{Forged, Secret, Signed, any, hash, same, sha256, timely};

/// The longest token that is looked at, in octets.
const LONGEST: usize = 4_096;

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: Option<i64>,
    exp: Option<i64>,
    api_key: Option<String>,
    payload_hash: Option<String>,
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Forged> {
    let octets = URL_SAFE_NO_PAD.decode(text).map_err(|_| Forged::Wrong)?;
    serde_json::from_slice(&octets).map_err(|_| Forged::Wrong)
}

pub(super) fn verify(signed: &Signed<'_>, secrets: &[Secret], now: i64) -> Result<(), Forged> {
    let header = (signed.header)("authorization").ok_or(Forged::Unsigned)?;
    let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.map(|(_, token)| token.trim()).ok_or(Forged::Unsigned)?;
    if token.len() > LONGEST {
        return Err(Forged::Wrong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Forged::Wrong)?;
    let (head, claims) = message.split_once('.').ok_or(Forged::Wrong)?;
    let head: Head = part(head)?;
    if head.alg != "HS256" {
        return Err(Forged::Wrong);
    }
    let given = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Forged::Wrong)?;
    let claimed: Claims = part(claims)?;
    any(secrets, |secret| {
        let named = secret.id.is_none() || secret.id == claimed.api_key;
        same(&sha256(secret.text.as_bytes(), message.as_bytes()), &given) && named
    })?;
    // The hash is of the body as it was sent. One that was sent without is not bound to its token.
    let expected = claimed.payload_hash.ok_or(Forged::Wrong)?;
    if !same(hash(signed.octets).as_bytes(), expected.to_ascii_lowercase().as_bytes()) {
        return Err(Forged::Wrong);
    }
    if claimed.exp.is_some_and(|exp| exp < now) {
        return Err(Forged::Stale);
    }
    timely(claimed.iat, now)
}
