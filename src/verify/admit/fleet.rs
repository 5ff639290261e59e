//! Guessing that no single asker shows: unknown numbers of each product, over all askers, against the product's own past.
//!
//! Owns the watch over each product and when it raises an alarm. An alarm blocks nobody: it is told, and makes the guard
//! over those who ask about this product's unknown numbers stricter while it lasts.
//!
//! # How
//! A Poisson CUSUM in continuous time (Lucas, Technometrics 27 (1985); Page, Biometrika 41 (1954)): every unknown number
//! adds one, and the sum drains at the reference rate (λ₁ − λ₀) / ln(λ₁/λ₀), which tells the usual rate λ₀ from `times` as
//! much soonest. Above `misses` it is an alarm, which ends when the sum has drained. The usual rate is the largest of
//! what the configuration supposes, of the product's mean over some days, and of what today's known numbers let expect: on
//! a day when ten times as many ask, ten times as many hold a copy. Known numbers cannot be had cheaply, so that a guesser
//! cannot raise what is usual by asking; while there is an alarm nothing is learned for the first day.
//!
//! What this raises besides guessing: a copy with a made-up number that sells well, and goods whose list was not imported.
//! Both are for the same people to look at. Products beyond the bound share one watch, as do numbers that name none.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::Timestamp;

use super::limits::Alarm;
use crate::index::Product;

/// Products watched one by one; some 100 bytes each.
const PRODUCTS: usize = 65_536;
const SHARDS: usize = 16;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
/// The product's past fades over so long.
const PAST: f64 = 3.0 * DAY;
/// What today lets expect goes by so long.
const LATELY: f64 = 600.0;
/// Fewer known numbers than this say nothing of how many unknown ones come with them.
const ENOUGH_KNOWN: f64 = 100.0;

/// A product's unknown numbers have risen, or are back to what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Risen {
    pub(super) over: bool,
    /// Since when they were counted.
    pub(super) since: Timestamp,
    pub(super) misses: u32,
    pub(super) hits: u32,
    /// Usual in an hour.
    pub(super) usual: u32,
}

/// The watches.
#[derive(Debug)]
pub(super) struct Fleet {
    shards: Vec<Mutex<Watches>>,
    hasher: RandomState,
    /// The products with an alarm.
    on: Mutex<HashMap<u64, Option<Arc<Product>>>>,
    /// How many they are.
    count: AtomicUsize,
}

type Watches = HashMap<u64, Watch, RandomState>;

/// What a product is called, and what happened to its unknown numbers.
pub(super) type Told = (Option<Arc<Product>>, Risen);

/// One product's. Times are seconds, counts fade and so have fractions.
#[derive(Debug, Default)]
struct Watch {
    begun: f64,
    /// When everything here was last brought forward.
    at: f64,
    sum: f64,
    /// The past.
    misses: f64,
    hits: f64,
    /// Known numbers lately.
    lately: f64,
    /// Since the sum last was 0.
    since: f64,
    run_misses: u32,
    run_hits: u32,
    /// The alarm that is on: since when.
    alarm: Option<f64>,
}

/// Numbers that name no product.
const NONE: u64 = 0;

impl Fleet {
    pub(super) fn new() -> Self {
        let hasher = RandomState::new();
        let shards = (0..SHARDS).map(|_| Mutex::new(Watches::with_hasher(hasher.clone()))).collect();
        Self { shards, hasher, on: Mutex::default(), count: AtomicUsize::new(0) }
    }

    fn key(&self, product: Option<&Arc<Product>>) -> u64 {
        product.map_or(NONE, |product| self.hasher.hash_one(&product.id).max(1))
    }

    /// Whether there is an alarm for a product.
    pub(super) fn is_on(&self, product: Option<&Arc<Product>>) -> bool {
        self.on() > 0 && self.alarms().contains_key(&self.key(product))
    }

    /// How many alarms are on.
    pub(super) fn on(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes in one new number of an asker.
    pub(super) fn learned(
        &self,
        product: Option<&Arc<Product>>,
        is_miss: bool,
        (alarm, now): (&Alarm, Timestamp),
    ) -> Option<Told> {
        let (mut key, mut product) = (self.key(product), product);
        let mut shard = self.shard(key)?;
        if key != NONE && shard.len() >= PRODUCTS / SHARDS && !shard.contains_key(&key) {
            drop(shard);
            (key, product) = (NONE, None);
            shard = self.shard(key)?;
        }
        let now = seconds(now);
        let watch = shard.entry(key).or_insert_with(|| Watch { begun: now, at: now, since: now, ..Watch::default() });
        let risen = watch.take(is_miss, alarm, now)?;
        drop(shard);
        let product = product.map(Arc::clone);
        let mut on = self.alarms();
        if risen.over {
            on.remove(&key);
        } else {
            on.insert(key, product.clone());
        }
        self.count.store(on.len(), Ordering::Relaxed);
        Some((product, risen))
    }

    /// Ends the alarms of products that have been quiet.
    pub(super) fn tick(&self, alarm: &Alarm, now: Timestamp) -> Vec<Told> {
        if self.on() == 0 {
            return Vec::new();
        }
        let now = seconds(now);
        let mut told = Vec::new();
        let mut on = self.alarms();
        on.retain(|key, product| {
            let ended = self.shard(*key).and_then(|mut shard| {
                let watch = shard.get_mut(key)?;
                watch.forward(alarm, now);
                watch.ended(alarm)
            });
            let stays = ended.is_none();
            told.extend(ended.map(|risen| (product.clone(), risen)));
            stays
        });
        self.count.store(on.len(), Ordering::Relaxed);
        told
    }

    /// Taken before a shard or after it was left, never within.
    fn alarms(&self) -> MutexGuard<'_, HashMap<u64, Option<Arc<Product>>>> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, key: u64) -> Option<MutexGuard<'_, Watches>> {
        let at = usize::try_from(key >> 32).unwrap_or(0) % SHARDS;
        self.shards.get(at).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch {
    fn take(&mut self, miss: bool, alarm: &Alarm, now: f64) -> Option<Risen> {
        self.forward(alarm, now);
        let learns = self.alarm.is_none_or(|since| now - since > DAY);
        if miss {
            if self.sum <= 0.0 {
                (self.since, self.run_misses, self.run_hits) = (now, 0, 0);
            }
            let most = f64::from(alarm.misses);
            // No higher than twice the alarm, or it would last as long again as there was guessing.
            self.sum = (self.sum + 1.0).min(2.0 * most);
            self.run_misses = self.run_misses.saturating_add(1);
            self.misses += f64::from(u8::from(learns));
        } else {
            self.run_hits = self.run_hits.saturating_add(1);
            self.lately += 1.0;
            self.hits += f64::from(u8::from(learns));
        }
        if self.alarm.is_none() && self.sum >= f64::from(alarm.misses) {
            self.alarm = Some(now);
            return Some(self.told(false, alarm));
        }
        self.ended(alarm)
    }

    fn ended(&mut self, alarm: &Alarm) -> Option<Risen> {
        if self.alarm.is_none() || self.sum > 0.0 {
            return None;
        }
        let told = self.told(true, alarm);
        self.alarm = None;
        Some(told)
    }

    fn told(&self, over: bool, alarm: &Alarm) -> Risen {
        Risen {
            over,
            since: Timestamp(whole(self.since * 1_000.0)),
            misses: self.run_misses,
            hits: self.run_hits,
            usual: u32::try_from(whole(self.usual(alarm) * HOUR)).unwrap_or(u32::MAX),
        }
    }

    /// Unknown numbers that are usual in a second.
    fn usual(&self, alarm: &Alarm) -> f64 {
        let least = f64::from(alarm.per_hour) / HOUR;
        // A mean over less than a day is none.
        let mean = self.misses / (self.at - self.begun).clamp(DAY, PAST);
        let by_known = if self.hits < ENOUGH_KNOWN { 0.0 } else { self.misses / self.hits * self.lately / LATELY };
        least.max(mean).max(by_known)
    }

    /// Lets time pass.
    fn forward(&mut self, alarm: &Alarm, now: f64) {
        let passed = (now - self.at).max(0.0);
        let times = f64::from(alarm.times);
        let reference = self.usual(alarm) * (times - 1.0) / times.ln();
        self.sum = (self.sum - reference * passed).max(0.0);
        let fade = (-passed / PAST).exp();
        self.misses *= fade;
        self.hits *= fade;
        self.lately *= (-passed / LATELY).exp();
        self.at = self.at.max(now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are far below 2^53")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1_000.0
}

#[expect(clippy::cast_possible_truncation, reason = "saturates; counts and instants of this era fit")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
