//! Tests of the decision: a unit, its past and a question made by hand, then one file per matter.
//!
//! Every threshold is asked at its boundary and one step beside it.

mod explained;
mod genuine;
mod order;
mod properties;
mod repeats;
mod state;
mod travelling;

use std::sync::Arc;

use contract::Point;
use contract::answer::Names;

use super::*;
use crate::index::{Batch, Concealment, Evidence, Maker, Product, Serials, Timeline, UnitKey};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A noon in Shanghai.
fn noon() -> Timestamp {
    at("2026-11-23T04:00:00Z")
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_jiff(text.parse().unwrap())
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn before(millis: i64) -> Timestamp {
    Timestamp(noon().0 - millis)
}

fn stamp(sequence: u64, at: Timestamp, lifted: bool) -> Arc<Stamp> {
    Arc::new(Stamp { sequence, at, lifted, by: "shop".to_owned(), city: Some("Wuhan".to_owned()), reason: None })
}

fn phone(n: u64) -> AskerHash {
    AskerHash { current: n, previous: None }
}

fn place(city: &str, confidence: Confidence) -> Place {
    Place { city: city.to_owned(), district: None, point: None, confidence }
}

/// A sure place so many kilometres east of a point on the equator.
fn east(km: f64, radius_km: u32) -> Place {
    let degrees = km / (6_371.008_8 * std::f64::consts::TAU) * 360.0;
    let lon_e5 = format!("{:.0}", degrees * 100_000.0).parse().unwrap();
    let point = Some(Point { lat_e5: 0, lon_e5, radius_km });
    Place { point, ..place(&format!("{km} km"), Confidence::High) }
}

/// One unit of a batch on sale, asked about by one shopper; a test changes what it is about.
struct Scene {
    product: Product,
    batch: Batch,
    covering: Timeline,
    past: Past,
    asker: AskerHash,
    is_you: bool,
    role: Role,
    place: Option<Place>,
    asked: Option<EventTime>,
    lot: Option<&'static str>,
    expiry: Option<Day>,
    gtin: Option<&'static str>,
    flagged: Vec<u64>,
    rules: Rules,
    now: Timestamp,
}

impl Scene {
    fn new() -> Self {
        let mut covering = Timeline::default();
        covering.put(Life::Activated, stamp(1, before(90 * DAY), false));
        Self {
            product: Product {
                id: "tea".to_owned(),
                maker: "hill".to_owned(),
                name: Names::default(),
                category: "tea".to_owned(),
                layout: "n20".to_owned(),
                resources: vec![1],
                spec: None,
                licence: None,
                shelf_life_days: None,
                sales_region: Vec::new(),
                concealment: Concealment::Printed,
                tracks_shipping: false,
                gtin: None,
            },
            batch: Batch {
                id: 1,
                product: "tea".to_owned(),
                layout: 1,
                resource: 1,
                serials: vec![Serials { start: 0, len: 10 }],
                epoch: 1,
                lot: "L2407-A".to_owned(),
                level: 1,
                holds: 1,
                parent: None,
                made: None,
                expiry: Some(day("2027-06-30")),
                on_sale_from: None,
                concealment: Concealment::Printed,
                issued_at: before(100 * DAY),
                issued_by: "hill".to_owned(),
            },
            covering,
            past: Past::default(),
            asker: phone(1),
            is_you: true,
            role: Role::Shopper,
            place: None,
            asked: None,
            lot: None,
            expiry: None,
            gtin: None,
            flagged: Vec::new(),
            rules: Rules::default(),
            now: noon(),
        }
    }

    fn found(&self) -> Found {
        Found::Unit(Box::new(UnitRecord {
            key: UnitKey::native(1, 1, 1),
            maker: Arc::new(Maker { id: "hill".to_owned(), name: Names::default(), hotline: None }),
            product: Arc::new(self.product.clone()),
            batch: Arc::new(self.batch.clone()),
            life: self.covering.clone(),
        }))
    }

    /// Somebody's check, so many milliseconds ago.
    fn seen_by(&mut self, asker: u64, ago: i64) {
        self.seen_at(asker, before(ago), None);
    }

    fn seen_at(&mut self, asker: u64, at: Timestamp, place: Option<&Place>) {
        let channel = Channel::Sms;
        let asked = EventTime::exact(at);
        self.past.check(&Checked { asker: phone(asker), counts: true, at, channel, asked, place });
    }

    /// An event of the batch's.
    fn batch_is(&mut self, life: Life, sequence: u64, lifted: bool) {
        self.covering.put(life, stamp(sequence, before(DAY), lifted));
    }

    /// An event of the unit's own.
    fn unit_is(&mut self, life: Life, sequence: u64, lifted: bool) {
        self.past.live(life, stamp(sequence, before(DAY), lifted));
    }

    fn sold(&mut self, ago: i64) {
        self.past.live(Life::Sold, stamp(50, before(ago), false));
    }

    fn asking<R>(&self, with: impl FnOnce(&Question<'_>) -> R) -> R {
        with(&Question {
            asker: self.asker,
            is_you: self.is_you,
            role: self.role,
            channel: Channel::Web,
            place: self.place.as_ref(),
            asked: self.asked.unwrap_or_else(|| EventTime::exact(self.now)),
            lot: self.lot,
            expiry: self.expiry,
            gtin: self.gtin,
            flagged: &|asker| self.flagged.contains(&asker),
        })
    }

    fn of(&self, found: &Found, past: PastView<'_>) -> Decision {
        self.asking(|question| decide(found, past, question, &self.rules, self.now))
    }

    /// What each rule looked at.
    fn explained(&self) -> Vec<Considered> {
        let found = self.found();
        let decision = self.decision();
        let record = found.unit().unwrap();
        self.asking(|question| explain(record, &self.past, (question, &decision), &self.rules, self.now))
    }

    fn decision(&self) -> Decision {
        self.of(&self.found(), PastView::Known(&self.past))
    }

    fn verdict(&self) -> Verdict {
        self.decision().verdict().clone()
    }

    fn kind(&self) -> VerdictKind {
        self.verdict().kind()
    }
}

/// A scene changed by a test.
fn scene(change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = Scene::new();
    change(&mut scene);
    scene
}

fn kinds(verdicts: &[Verdict]) -> Vec<VerdictKind> {
    verdicts.iter().map(Verdict::kind).collect()
}
