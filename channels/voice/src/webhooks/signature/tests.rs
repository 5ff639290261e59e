//! Requests that the vendors' own libraries signed, and what is left of them when something is changed.

use std::collections::HashMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, Clone, Deserialize)]
struct Vector {
    platform: Kind,
    url: String,
    headers: HashMap<String, String>,
    body: String,
    secret: String,
    now: i64,
    id: Option<String>,
}

impl Vector {
    fn secret(&self) -> Secret {
        Secret { id: self.id.clone(), text: self.secret.clone() }
    }

    fn verify(&self, secrets: &[Secret], now: i64) -> Result<(), Forged> {
        let octets = self.body.as_bytes();
        let body = if self.platform.is_json() { Body::json(octets).unwrap() } else { Body::form(octets) };
        let header = |name: &str| self.headers.get(name).cloned();
        verify(self.platform, &Signed { url: &self.url, header: &header, octets, body: &body }, secrets, now)
    }

    fn holds(&self) -> Result<(), Forged> {
        self.verify(&[self.secret()], self.now)
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../../../../fixtures/voice/signatures.json")).unwrap()
}

#[test]
fn what_the_vendors_libraries_sign_is_believed() {
    let vectors = vectors();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.signs()) {
        assert!(vectors.iter().any(|vector| vector.platform == kind), "{kind:?}");
    }
    for vector in vectors {
        assert_eq!(vector.holds(), Ok(()), "{vector:?}");
    }
}

#[test]
fn either_of_two_live_secrets_will_do_and_no_other() {
    for vector in vectors() {
        let mut other = vector.secret();
        other.text = other.text.chars().rev().collect();
        assert_eq!(vector.verify(&[other.clone(), vector.secret()], vector.now), Ok(()), "{vector:?}");
        assert_eq!(vector.verify(&[other], vector.now), Err(Forged::Wrong), "{vector:?}");
        assert_eq!(vector.verify(&[], vector.now), Err(Forged::Wrong));
    }
}

#[test]
fn whatever_is_changed_is_noticed() {
    for vector in vectors() {
        let mut digits = vector.clone();
        digits.body = digits.body.replacen("1234", "1235", 1);
        assert_ne!(digits.body, vector.body);
        assert_eq!(digits.holds(), Err(Forged::Wrong), "{digits:?}");
        let mut step = vector.clone();
        step.url = step.url.replace("step=3", "step=4");
        let signs_address = !matches!(vector.platform, Kind::Telnyx | Kind::Vonage | Kind::Jambonz);
        let changed = step.url != vector.url && signs_address;
        assert_eq!(step.holds().is_err(), changed, "{step:?}");
        let mut bare = vector.clone();
        bare.headers.clear();
        assert_eq!(bare.holds(), Err(Forged::Unsigned), "{bare:?}");
    }
}

#[test]
fn a_time_that_is_signed_holds_for_five_minutes() {
    for vector in vectors() {
        let timed = matches!(vector.platform, Kind::Telnyx | Kind::Vonage | Kind::Jambonz);
        for (off, stale) in [(299, false), (301, timed), (-299, false), (-301, timed)] {
            let expected = if stale { Err(Forged::Stale) } else { Ok(()) };
            assert_eq!(vector.verify(&[vector.secret()], vector.now + off), expected, "{off} {vector:?}");
        }
    }
}

#[test]
fn a_token_of_another_algorithm_or_key_is_not_believed() {
    let vector = vectors().into_iter().find(|vector| vector.platform == Kind::Vonage).unwrap();
    let token = vector.headers["authorization"].strip_prefix("Bearer ").unwrap().to_owned();
    let mut parts = token.split('.');
    let (claims, signature) = (parts.nth(1).unwrap(), parts.next().unwrap());
    let none = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    for forged in [format!("{none}.{claims}."), format!("{none}.{claims}.{signature}"), "..".to_owned(), "x".to_owned()]
    {
        let mut bad = vector.clone();
        bad.headers.insert("authorization".to_owned(), format!("Bearer {forged}"));
        assert_eq!(bad.holds(), Err(Forged::Wrong), "{forged}");
    }
    let other = Secret { id: Some("another".to_owned()), text: vector.secret.clone() };
    assert_eq!(vector.verify(&[other], vector.now), Err(Forged::Wrong));
}

#[test]
fn a_platform_that_does_not_sign_is_never_believed_by_signature() {
    let mut vector = vectors().remove(0);
    vector.platform = Kind::FreeSwitch;
    assert_eq!(vector.holds(), Err(Forged::Unsigned));
}
