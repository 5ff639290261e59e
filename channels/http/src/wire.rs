//! The JSON that the API takes, read strictly: unknown fields are refused, every fault says where it is.
//!
//! Pure. Bodies are capped before they come here; does not know who sends them.

use std::fmt;

use contract::life::MAX_REPORTED;
use contract::reading::{Number, normalise_lot, parse_expiry, read_one};
use contract::{Check, Confidence, Language, Life, Means, Place, Point, Timestamp};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The radius assumed around a point that comes without one, in kilometres: about the size of a district.
const RADIUS_KM: u32 = 5;

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Unreadable {
    /// What is wrong with it.
    pub fault: String,
    /// The field it is about, where there is one: `place.city`, `codes[3]`.
    pub field: Option<String>,
    /// Line and column in the body, from 1, where the text itself is at fault.
    pub position: Option<(usize, usize)>,
}

impl Unreadable {
    fn field(field: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { fault: fault.into(), field: Some(field.into()), position: None }
    }
}

/// The body of `POST /v1/checks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCheck {
    code: String,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    place: Option<PlaceGiven>,
    #[serde(default)]
    lot: Option<String>,
    #[serde(default)]
    expiry: Option<String>,
}

/// The body of `POST /v1/events`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    event: Life,
    #[serde(default)]
    lifted: Option<bool>,
    codes: Vec<String>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    place: Option<PlaceGiven>,
    #[serde(default)]
    reason: Option<String>,
}

/// A check as a program asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRequest {
    /// The number with lot and expiry date.
    pub check: Check,
    /// The language asked for.
    pub language: Option<Language>,
    /// Where the asker says it is, trusted as far as the one who reads the body says.
    pub place: Option<Place>,
}

/// An event as a registered client reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRequest {
    /// What happened.
    pub life: Life,
    /// It is lifted, not set.
    pub lifted: bool,
    /// The units.
    pub numbers: Vec<Number>,
    /// When it happened, if not now.
    pub at: Option<Timestamp>,
    /// Where it happened.
    pub place: Option<Place>,
    /// Why.
    pub reason: Option<String>,
}

/// Reads the body of `POST /v1/checks`; `trust` is how far the sender's word about its place goes.
///
/// # Errors
/// [`Unreadable`], the first fault.
pub fn read_check(body: &[u8], trust: Confidence) -> Result<CheckRequest, Unreadable> {
    let raw: RawCheck = read(body)?;
    let language = match &raw.language {
        None => None,
        Some(tag) => Some(
            named_language(tag).ok_or_else(|| Unreadable::field("language", "expected one of zh-Hans, zh-HK, en"))?,
        ),
    };
    let check = check(&raw.code, raw.lot.as_deref(), raw.expiry.as_deref())?;
    Ok(CheckRequest { check, language, place: place(raw.place.as_ref(), trust)? })
}

/// Reads the body of `POST /v1/events`; `trust` as for [`read_check`].
///
/// # Errors
/// [`Unreadable`], the first fault.
pub fn read_event(body: &[u8], trust: Confidence) -> Result<EventRequest, Unreadable> {
    let raw: RawEvent = read(body)?;
    if raw.codes.is_empty() || raw.codes.len() > MAX_REPORTED {
        let fault = format!("expected 1 to {MAX_REPORTED} codes, got {}", raw.codes.len());
        return Err(Unreadable::field("codes", fault));
    }
    let mut numbers = Vec::with_capacity(raw.codes.len());
    for (index, code) in raw.codes.iter().enumerate() {
        let number = read_one(code).number;
        if matches!(number, Number::Unreadable { .. }) {
            return Err(Unreadable::field(format!("codes[{index}]"), "expected a number of a unit"));
        }
        numbers.push(number);
    }
    if raw.reason.as_deref().is_some_and(|reason| reason.chars().count() > 500) {
        return Err(Unreadable::field("reason", "expected at most 500 characters"));
    }
    Ok(EventRequest {
        life: raw.event,
        lifted: raw.lifted.unwrap_or(false),
        numbers,
        at: raw.at,
        place: place(raw.place.as_ref(), trust)?,
        reason: raw.reason,
    })
}

/// A number with what the asker reads beside it; what is given apart from the number wins over what is within it.
///
/// # Errors
/// [`Unreadable`] where lot or expiry date cannot be used.
pub(crate) fn check(code: &str, lot: Option<&str>, expiry: Option<&str>) -> Result<Check, Unreadable> {
    let given = read_one(code);
    // 20 characters is what GS1 allows for a lot (AI 10); people add blanks and dashes.
    let lot = match lot.filter(|lot| !lot.trim().is_empty()) {
        Some(lot) if lot.chars().count() > 64 => {
            return Err(Unreadable::field("lot", "expected at most 64 characters"));
        }
        Some(lot) => Some(normalise_lot(lot)),
        None => given.lot,
    };
    let expiry = match expiry.filter(|expiry| !expiry.trim().is_empty()) {
        Some(text) => {
            Some(parse_expiry(text).ok_or_else(|| Unreadable::field("expiry", "expected a day as yyyy-mm-dd"))?)
        }
        None => given.expiry,
    };
    let means = if matches!(given.number, Number::Gs1 { .. }) { Means::Scanned } else { Means::Typed };
    Ok(Check { number: given.number, means, lot: lot.filter(|lot| !lot.is_empty()), expiry })
}

/// One of the three languages by its own tag.
pub(crate) fn named_language(tag: &str) -> Option<Language> {
    Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
}

fn place(given: Option<&PlaceGiven>, trust: Confidence) -> Result<Option<Place>, Unreadable> {
    given.map(|given| given.check(trust)).transpose()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let field = Some(path).filter(|path| path != ".").map(cut);
        unreadable(error.inner(), field)
    })?;
    json.end().map_err(|error| unreadable(&error, None))?;
    Ok(value)
}

/// serde_json says the place at the end of its message; here it stands apart.
fn unreadable(error: &serde_json::Error, field: Option<String>) -> Unreadable {
    let position = (error.line(), error.column());
    let text = error.to_string();
    let fault = text.strip_suffix(&format!(" at line {} column {}", position.0, position.1)).unwrap_or(&text);
    Unreadable { fault: cut(fault.to_owned()), field, position: Some(position) }
}

/// Messages quote what was sent: not more of it than helps.
fn cut(text: String) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => text.get(..end).map(|start| format!("{start}…")).unwrap_or(text),
        None => text,
    }
}

/// A place as a program or the configuration names it: the city alone, or a table with `city`, `district`, `lat`, `lon`,
/// `radius_km`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceGiven {
    city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lon: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius_km: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceTable {
    city: String,
    #[serde(default)]
    district: Option<String>,
    #[serde(default)]
    lat: Option<f64>,
    #[serde(default)]
    lon: Option<f64>,
    #[serde(default)]
    radius_km: Option<u32>,
}

impl<'de> Deserialize<'de> for PlaceGiven {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = PlaceGiven;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a city or a table with a city")
            }

            fn visit_str<E>(self, city: &str) -> Result<PlaceGiven, E> {
                Ok(PlaceGiven { city: city.to_owned(), district: None, lat: None, lon: None, radius_km: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PlaceGiven, A::Error> {
                let table = PlaceTable::deserialize(MapAccessDeserializer::new(map))?;
                let PlaceTable { city, district, lat, lon, radius_km } = table;
                Ok(PlaceGiven { city, district, lat, lon, radius_km })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl PlaceGiven {
    /// The place, if its names and numbers can be used.
    ///
    /// # Errors
    /// [`Unreadable`], the first fault.
    pub fn check(&self, confidence: Confidence) -> Result<Place, Unreadable> {
        let named = |text: &str| (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !named(&self.city) {
            return Err(Unreadable::field("place.city", "expected 1 to 64 characters"));
        }
        if self.district.as_deref().is_some_and(|district| !named(district)) {
            return Err(Unreadable::field("place.district", "expected 1 to 64 characters"));
        }
        let radius_km = self.radius_km.unwrap_or(RADIUS_KM);
        if radius_km > 20_000 {
            return Err(Unreadable::field("place.radius_km", "expected at most 20000"));
        }
        let point = match (self.lat, self.lon) {
            (None, None) => None,
            (Some(lat), Some(lon)) => Some(Point {
                lat_e5: e5(lat, 90.0).ok_or_else(|| Unreadable::field("place.lat", "expected -90 to 90"))?,
                lon_e5: e5(lon, 180.0).ok_or_else(|| Unreadable::field("place.lon", "expected -180 to 180"))?,
                radius_km,
            }),
            (Some(_), None) => return Err(Unreadable::field("place.lon", "expected with lat")),
            (None, Some(_)) => return Err(Unreadable::field("place.lat", "expected with lon")),
        };
        Ok(Place { city: self.city.clone(), district: self.district.clone(), point, confidence })
    }
}

/// Degrees in hundred-thousandths; `None` beyond `most` either way and for what is no number.
fn e5(degrees: f64, most: f64) -> Option<i32> {
    if !degrees.is_finite() || degrees.abs() > most {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most 18,000,000 either way")]
    let scaled = (degrees * 100_000.0).round() as i32;
    Some(scaled)
}

#[cfg(test)]
mod tests;
