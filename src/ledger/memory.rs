//! A log in memory that fails when told to, and histories in memory: the references that those on disk are held
//! against, with events to write into them. Only tests use it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::{
    Channel, Colour, Confidence, Day, Delivery, EventTime, Language, Life, Means, Number, Place, Role, Timestamp,
    Verdict,
};
use minicbor::bytes::{ByteArray, ByteVec};
use sha2::{Digest as _, Sha256};

use super::event::{CheckEvent, DeliveredEvent, Event, Flagged, InquiryEvent, LifeRecorded, LoggedId, SealedRoute};
use super::histories::{Changes, Histories, Packed, Peek, Standing};
use super::log::{Head, Log, LogError, LogReader, Row, follows};
use crate::index::{Evidence, LifeEvent, Target, UnitKey};
use crate::verify::history::{AskerHash, Past};

/// What the next append does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Fails, nothing is kept.
    Lost,
    /// Fails after everything was kept: the caller cannot tell.
    Kept,
}

/// Rows in memory, shared by writer and readers.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryLog {
    rows: Arc<Mutex<Vec<Row>>>,
    faults: Arc<Mutex<Vec<Option<Fault>>>>,
    /// Reading the store again fails.
    pub(crate) unreadable: Arc<std::sync::atomic::AtomicBool>,
    head: Option<Head>,
}

impl MemoryLog {
    /// Queues what the next appends do, in order; `None` lets one pass.
    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        let mut queue = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(faults);
    }

    fn stored(&self) -> Head {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.last().map_or(Head::genesis(0), |row| Head::of(0, row))
    }
}

impl Log for MemoryLog {
    fn head(&self) -> Head {
        self.head.unwrap_or_else(|| self.stored())
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), LogError> {
        follows(&self.head(), rows)?;
        let fault = {
            let mut queue = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.is_empty() { None } else { queue.remove(0) }
        };
        if fault != Some(Fault::Lost) {
            self.rows.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(rows);
        }
        if fault.is_some() {
            // What the store holds is unknown until it is read again.
            return Err(LogError::Store { doing: "written", source: "told to fail".into() });
        }
        self.head = Some(self.stored());
        Ok(())
    }

    fn reread(&mut self) -> Result<Head, LogError> {
        if self.unreadable.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(LogError::Store { doing: "read", source: "told to fail".into() });
        }
        let head = self.stored();
        self.head = Some(head);
        Ok(head)
    }

    fn reader(&self) -> Result<Box<dyn LogReader>, LogError> {
        Ok(Box::new(self.clone()))
    }
}

impl LogReader for MemoryLog {
    fn after(&mut self, after: u64, only_rare: bool, limit: usize) -> Result<Vec<Row>, LogError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted =
            rows.iter().filter(|row| row.sequence > after && (!only_rare || row.kind >= super::event::Kind::RARE));
        Ok(wanted.take(limit).cloned().collect())
    }

    fn row(&mut self, sequence: u64) -> Result<Option<Row>, LogError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.iter().find(|row| row.sequence == sequence).cloned())
    }

    fn first(&mut self) -> Result<u64, LogError> {
        Ok(1)
    }

    fn last(&mut self) -> Result<Option<u64>, LogError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.last().map(|row| row.sequence))
    }
}

/// The same projections in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryHistories {
    stored: Arc<Mutex<Stored>>,
}

#[derive(Debug, Default)]
struct Stored {
    position: u64,
    units: BTreeMap<UnitKey, Packed>,
    standing: Standing,
}

impl MemoryHistories {
    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peek for MemoryHistories {
    fn peek(&self, key: &UnitKey, _from_disk: bool) -> Option<Past> {
        self.stored().units.get(key).map_or_else(|| Some(Past::default()), |past| past.past(key).ok())
    }
}

impl Histories for MemoryHistories {
    fn position(&mut self) -> Result<u64, LogError> {
        Ok(self.stored().position)
    }

    fn past(&mut self, key: &UnitKey) -> Result<Option<Past>, LogError> {
        self.stored().units.get(key).map(|past| past.past(key)).transpose()
    }

    fn peek(&self) -> Arc<dyn Peek> {
        Arc::new(self.clone())
    }

    fn apply(&mut self, changes: &Changes) -> Result<(), LogError> {
        let mut stored = self.stored();
        stored.units.extend(changes.units.iter().map(|(key, past)| (*key, past.clone())));
        stored.standing.replays.extend(changes.replays.iter().copied());
        stored.standing.replays.retain(|_, known| known.until > changes.at);
        for (sequence, owed) in &changes.owed {
            match owed {
                Some(entry) => stored.standing.owed.insert(*sequence, *entry),
                None => stored.standing.owed.remove(sequence),
            };
        }
        stored.position = changes.position;
        Ok(())
    }

    fn standing(&mut self) -> Result<Standing, LogError> {
        Ok(self.stored().standing.clone())
    }

    fn digest(&mut self) -> Result<[u8; 32], LogError> {
        let mut hasher = Sha256::new();
        for (key, past) in &self.stored().units {
            hasher.update(key.as_bytes());
            hasher.update((past.as_bytes().len() as u64).to_be_bytes());
            hasher.update(past.as_bytes());
        }
        Ok(hasher.finalize().into())
    }

    fn another(&self) -> Result<Box<dyn Histories>, LogError> {
        Ok(Box::new(self.clone()))
    }
}

/// A mixed sequence of events, the n-th of them: shoppers' and a shop's checks of a few units, owed replies and their
/// deliveries, life events, flags, batches. The flag says whether it is receipted.
pub(crate) fn event(n: u64, at: Timestamp) -> (Event, bool) {
    let id = LoggedId {
        id: ByteArray::from((u128::from(n) << 64 | 7).to_be_bytes()),
        digest: ByteArray::from(n.to_be_bytes()),
        until: at.plus(Duration::from_secs(3_600)),
    };
    // One that is asked about in the first month and the third, by somebody who is forgotten in between.
    let unit = if n % 1_100 == 100 { UnitKey::native(1, 5_000, 1) } else { UnitKey::native(1, 4_000 + n % 3, n % 7) };
    match n % 10 {
        3 => (Event::Delivered(DeliveredEvent { inquiry: n - 1, delivery: Delivery::Delivered }), false),
        6 => {
            let event = LifeEvent {
                target: Target::Units { units: vec![unit, UnitKey::native(1, 1, 1)] },
                life: Life::Sold,
                lifted: n.is_multiple_of(4),
                at: EventTime::exact(at),
                by: "till".to_owned(),
                place: None,
                reason: None,
            };
            (Event::Life(LifeRecorded { id: Some(id), event }), false)
        }
        8 => (Event::Flagged(Flagged { asker: n, until: at }), false),
        rest => {
            let check = CheckEvent {
                unit: (rest != 9).then_some(unit),
                given: (rest == 9).then(|| Number::Digits(n.to_string())),
                means: Means::Typed,
                lot: None,
                expiry: None,
                verdict: if rest == 9 { Verdict::Unknown } else { Verdict::GenuineFirst },
                colour: if rest == 9 { Colour::Red } else { Colour::Green },
                advisories: vec![Verdict::Typo],
                wrong_region: false,
                evidence: (rest == 9).then_some(Evidence::WrongTag),
                times_checked: 0,
                first_checked: None,
                batch: None,
            };
            let place = Place { city: "=1+1".to_owned(), district: None, point: None, confidence: Confidence::Low };
            let owed = (rest == 2).then(|| SealedRoute {
                day: Day::new(2026, 11, 23).expect("a day of the calendar"),
                nonce: ByteArray::from([1; 12]),
                sealed: ByteVec::from(b"unreadable".to_vec()),
                until: at.plus(Duration::from_secs(60)),
            });
            let inquiry = InquiryEvent {
                id: Some(id),
                channel: Channel::Sms,
                language: Language::En,
                asker: AskerHash { current: n % 11, previous: None },
                role: if rest == 5 { Role::Trade } else { Role::Shopper },
                asked: EventTime::exact(at),
                place: Some(place),
                checks: vec![check],
                owed,
                request: None,
                silent: false,
                tip: None,
            };
            (Event::Inquiry(inquiry), rest != 7)
        }
    }
}

/// Appends the first `count` events, an hour apart from `start`, in groups of seven.
pub(crate) fn write(log: &mut dyn Log, start: Timestamp, count: u64) -> Vec<Row> {
    let mut head = log.head();
    let mut rows = Vec::new();
    for n in 1..=count {
        let at = start.plus(Duration::from_secs(3_600) * u32::try_from(n).unwrap_or(u32::MAX));
        let (event, receipted) = event(n, at);
        let row = Row::after(&head, at, &event, receipted);
        head = Head::of(head.stream, &row);
        rows.push(row);
    }
    for group in rows.chunks(7) {
        log.append(group).expect("an append to a sound log");
    }
    rows
}
