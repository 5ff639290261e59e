//! Whether checks of one number lie too far apart in too little time for one article.
//!
//! Owns distance, speed and the count of cities. Event times with their errors are used here and nowhere else, and only to
//! reckon: what is told of the other check is the time it was recorded, as in every list of earlier checks, so that one check
//! never stands there with two times. It is never before the event, and so never makes the journey look easy. Knows nothing
//! of verdicts' order, and never looks at a place of low confidence.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::{Channel, Confidence, EventTime, Place, Point, Seen, Timestamp};

use super::Question;
use super::rules::Thresholds;
use super::sessions::{Sessions, city, same_city};

/// One check as travel sees it.
#[derive(Debug, Clone)]
struct Sighting<'a> {
    /// Whose: equal for the same asker; `None` is the one who asks now.
    who: Option<u64>,
    asked: EventTime,
    /// When it was recorded.
    at: Timestamp,
    place: &'a Place,
    channel: Channel,
}

impl Sighting<'_> {
    fn seen(&self) -> Seen {
        Seen { at: self.at, city: city(Some(self.place)), channel: Some(self.channel) }
    }
}

/// The check that does not fit, if any: one of another asker than the one who asks now where there is such a one, the
/// earlier one otherwise.
pub(super) fn elsewhere(sessions: &Sessions<'_>, question: &Question<'_>, limits: &Thresholds) -> Option<Seen> {
    let sightings = sightings(sessions, question);
    too_fast(&sightings, limits).or_else(|| too_many_cities(&sightings, limits)).map(Sighting::seen)
}

fn sightings<'a>(sessions: &Sessions<'a>, question: &Question<'a>) -> Vec<Sighting<'a>> {
    let trusted = |place: Option<&'a Place>| place.filter(|place| place.confidence >= Confidence::Medium);
    let past = sessions.all().filter_map(|session| {
        let place = trusted(session.place.as_ref())?;
        let who = (!session.is_by(&question.asker)).then(|| session.who());
        Some(Sighting { who, asked: session.asked, at: session.first_at, place, channel: session.channel })
    });
    let now = trusted(question.place).map(|place| Sighting {
        who: None,
        asked: question.asked,
        at: question.asked.at,
        place,
        channel: question.channel,
    });
    past.chain(now).collect()
}

fn too_fast<'s, 'a>(sightings: &'s [Sighting<'a>], limits: &Thresholds) -> Option<&'s Sighting<'a>> {
    let mut within_past = None;
    for (n, one) in sightings.iter().enumerate() {
        for other in sightings.iter().skip(n + 1) {
            if one.who == other.who || !is_too_fast(one, other, limits) {
                continue;
            }
            match (one.who, other.who) {
                (None, _) => return Some(other),
                (_, None) => return Some(one),
                (Some(_), Some(_)) => {
                    let earlier = if other.asked.at < one.asked.at { other } else { one };
                    within_past = within_past.or(Some(earlier));
                }
            }
        }
    }
    within_past
}

/// How far two checks of different askers lie apart at least, and in what time at most.
#[derive(Debug, Clone)]
pub(super) struct Journey {
    pub(super) km: f64,
    pub(super) between: Duration,
    pub(super) from: String,
    pub(super) to: String,
}

/// The fastest journey that all of these checks would be; for explaining what was decided.
pub(super) fn fastest(sessions: &Sessions<'_>, question: &Question<'_>) -> Option<Journey> {
    let sightings = sightings(sessions, question);
    let pairs =
        sightings.iter().enumerate().flat_map(|(n, one)| sightings.iter().skip(n + 1).map(move |two| (one, two)));
    let journeys = pairs.filter(|(one, two)| one.who != two.who).filter_map(|(one, two)| {
        let km = apart_km(one, two)?.max(0.0);
        let between = between(one.asked, two.asked);
        Some(Journey { km, between, from: one.place.city.clone(), to: two.place.city.clone() })
    });
    let speed = |journey: &Journey| journey.km / (journey.between.as_secs_f64() + 1.0);
    journeys.max_by(|one, two| speed(one).total_cmp(&speed(two)))
}

/// How far two checks lie apart at least, where both places are sure.
fn apart_km(one: &Sighting<'_>, other: &Sighting<'_>) -> Option<f64> {
    let point =
        |sighting: &Sighting<'_>| sighting.place.point.filter(|_| sighting.place.confidence == Confidence::High);
    let (from, to) = (point(one)?, point(other)?);
    Some(distance_km(from, to) - f64::from(from.radius_km) - f64::from(to.radius_km))
}

fn is_too_fast(one: &Sighting<'_>, other: &Sighting<'_>, limits: &Thresholds) -> bool {
    let Some(apart) = apart_km(one, other) else { return false };
    // Where the time apart is not a number of milliseconds below 2³² (49 days), nothing on this globe is too far.
    let Ok(millis) = u32::try_from(between(one.asked, other.asked).as_millis()) else { return false };
    let hours = f64::from(millis) / 3_600_000.0;
    apart >= f64::from(limits.travel_min_km) && apart > f64::from(limits.travel_max_kmh) * hours
}

/// The most time that can lie between two events, both clocks' errors added.
fn between(one: EventTime, other: EventTime) -> Duration {
    let apart = one.at.as_millis().abs_diff(other.at.as_millis());
    Duration::from_millis(apart.saturating_add(u64::from(one.error_ms)).saturating_add(u64::from(other.error_ms)))
}

/// The great-circle distance on a sphere of the earth's mean radius (IUGG, 6,371.0088 km); good to 0.6 %.
fn distance_km(from: Point, to: Point) -> f64 {
    let radians = |e5: i32| (f64::from(e5) / 100_000.0).to_radians();
    let (lat_from, lat_to) = (radians(from.lat_e5), radians(to.lat_e5));
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let h = half(lat_to - lat_from) + lat_from.cos() * lat_to.cos() * half(radians(to.lon_e5) - radians(from.lon_e5));
    2.0 * 6_371.008_8 * h.clamp(0.0, 1.0).sqrt().asin()
}

fn too_many_cities<'s, 'a>(sightings: &'s [Sighting<'a>], limits: &Thresholds) -> Option<&'s Sighting<'a>> {
    let most = Duration::from_secs(u64::from(limits.travel_cities_hours) * 3_600);
    let enough = usize::try_from(limits.travel_cities).unwrap_or(usize::MAX);
    sightings.iter().find_map(|first| {
        let within: Vec<&'s Sighting<'a>> = sightings
            .iter()
            .filter(|other| other.asked.at >= first.asked.at && between(first.asked, other.asked) <= most)
            .collect();
        let pairs = within.iter().map(|sighting| (sighting.who, sighting.place.city.as_str()));
        if independent_cities(pairs) < enough {
            return None;
        }
        let here = within.iter().rfind(|sighting| sighting.who.is_none()).map(|sighting| &sighting.place.city);
        within
            .iter()
            .copied()
            .filter(|sighting| sighting.who.is_some())
            .filter(|sighting| here.is_none_or(|here| !same_city(here, &sighting.place.city)))
            .min_by_key(|sighting| sighting.asked.at)
    })
}

/// The greatest number of different cities seen by as many different askers: one traveller in three cities is one.
pub(super) fn independent_cities<'a, W: Ord>(seen: impl IntoIterator<Item = (W, &'a str)>) -> usize {
    let mut cities: Vec<&str> = Vec::new();
    let mut by_asker: BTreeMap<W, Vec<usize>> = BTreeMap::new();
    for (who, city) in seen.into_iter().filter(|(_, city)| !city.trim().is_empty()) {
        let at = cities.iter().position(|known| same_city(known, city)).unwrap_or_else(|| {
            cities.push(city);
            cities.len() - 1
        });
        by_asker.entry(who).or_default().push(at);
    }
    // A greatest matching of askers and cities by augmenting paths: at most 33 of each.
    let askers: Vec<Vec<usize>> = by_asker.into_values().collect();
    let mut held_by = vec![None; cities.len()];
    (0..askers.len()).filter(|asker| claim(*asker, &askers, &mut held_by, &mut vec![false; cities.len()])).count()
}

/// Finds this asker a city, moving others to another of theirs where that helps.
fn claim(asker: usize, askers: &[Vec<usize>], held_by: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for city in askers.get(asker).into_iter().flatten().copied() {
        let Some(seen) = tried.get_mut(city).filter(|seen| !**seen) else { continue };
        *seen = true;
        let holder = held_by.get(city).copied().flatten();
        if holder.is_none_or(|holder| claim(holder, askers, held_by, tried)) {
            if let Some(place) = held_by.get_mut(city) {
                *place = Some(asker);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat_e5: i32, lon_e5: i32) -> Point {
        Point { lat_e5, lon_e5, radius_km: 0 }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let beijing = point(3_990_420, 11_640_740);
        let shanghai = point(3_123_040, 12_147_370);
        let between = distance_km(beijing, shanghai);
        assert!((1_060.0..1_075.0).contains(&between), "{between}");
        assert!(distance_km(beijing, beijing).abs() < 1e-6);
        let antipodes = distance_km(point(0, 0), point(0, 18_000_000));
        assert!((antipodes - 20_015.1).abs() < 0.2, "{antipodes}");
        let over_the_date_line = distance_km(point(0, 17_990_000), point(0, -17_990_000));
        assert!((over_the_date_line - 22.2).abs() < 0.1, "{over_the_date_line}");
        assert!(distance_km(point(i32::MAX, i32::MIN), point(i32::MIN, i32::MAX)).is_finite());
    }

    #[test]
    fn one_traveller_in_three_cities_is_one_and_three_askers_share_no_city() {
        assert_eq!(independent_cities([(1, "A"), (1, "B"), (1, "C")]), 1);
        assert_eq!(independent_cities([(1, "A"), (2, "B"), (3, "C")]), 3);
        assert_eq!(independent_cities([(1, "A"), (2, "A"), (3, "a ")]), 1);
        assert_eq!(
            independent_cities([(1, "A"), (1, "B"), (2, "A"), (3, "C")]),
            3,
            "the first moves to its other city"
        );
        assert_eq!(independent_cities([(1, ""), (2, " "), (3, "C")]), 1);
        assert_eq!(independent_cities::<u8>([]), 0);
    }
}
