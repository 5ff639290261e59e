//! Which receipt belongs to which message of ours.
//!
//! Carriers write one id in two ways: in the response with letters and leading zeros, in the receipt without, or one in
//! hexadecimal and the other in decimal. Each id is entered under all its readings; the most literal one that fits wins.
//! A receipt that comes before its response is kept for a while. Reads no clock; both sides are bounded, the oldest go.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use contract::{Delivery, Position};

use crate::config::IdForm;
use crate::message::DeliveryState;
use crate::outbox::{Settled, Why};

/// Messages whose receipt is waited for, and receipts whose message is.
const MOST: usize = 100_000;

/// So long each waits.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3_600);

/// So long a receipt waits for the response that it overtook.
const EARLY: Duration = Duration::from_secs(600);

/// One reading of an id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Reading {
    Literal(String),
    Plain(String),
    /// The response's as hexadecimal, or the receipt's as decimal.
    HexThenDecimal(u128),
    /// The response's as decimal, or the receipt's as hexadecimal.
    DecimalThenHex(u128),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Response,
    Receipt,
}

/// Ids of one side that wait for the other.
#[derive(Debug)]
struct Waiting<T> {
    by_reading: HashMap<Reading, u64>,
    entries: HashMap<u64, (Vec<Reading>, Instant, T)>,
    order: VecDeque<u64>,
    numbers: u64,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { by_reading: HashMap::new(), entries: HashMap::new(), order: VecDeque::new(), numbers: 0 }
    }
}

impl<T> Waiting<T> {
    fn insert(&mut self, readings: Vec<Reading>, now: Instant, value: T, kept: Duration) {
        while let Some(oldest) = self.order.front()
            && (self.entries.len() >= MOST
                || self.entries.get(oldest).is_none_or(|(_, at, _)| now.duration_since(*at) > kept))
        {
            let oldest = *oldest;
            self.order.pop_front();
            self.remove(oldest);
        }
        self.numbers += 1;
        for reading in &readings {
            self.by_reading.insert(reading.clone(), self.numbers);
        }
        self.entries.insert(self.numbers, (readings, now, value));
        self.order.push_back(self.numbers);
    }

    fn find(&self, readings: &[Reading]) -> Option<(Instant, &T)> {
        let number = readings.iter().find_map(|reading| self.by_reading.get(reading))?;
        self.entries.get(number).map(|(_, at, value)| (*at, value))
    }

    fn take(&mut self, readings: &[Reading]) -> Option<(Instant, T)> {
        let number = readings.iter().find_map(|reading| self.by_reading.get(reading).copied())?;
        self.remove(number)
    }

    fn remove(&mut self, number: u64) -> Option<(Instant, T)> {
        let (readings, at, value) = self.entries.remove(&number)?;
        for reading in readings {
            if self.by_reading.get(&reading) == Some(&number) {
                self.by_reading.remove(&reading);
            }
        }
        Some((at, value))
    }
}

/// A receipt with its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matched {
    /// What became of the message.
    pub state: DeliveryState,
    /// From the response to the receipt.
    pub took: Duration,
    /// The reply that it was a part of.
    pub owed: Option<Position>,
}

impl Matched {
    /// The reply, where it turns out never to have arrived.
    #[must_use]
    pub const fn undelivered(&self) -> Option<Settled> {
        match (self.state, self.owed) {
            (DeliveryState::Failed | DeliveryState::Expired, owed @ Some(_)) => {
                Some(Settled { owed, delivery: Delivery::Undelivered, why: Some(Why::NeverArrived) })
            }
            _ => None,
        }
    }
}

/// The receipts of one link.
#[derive(Debug)]
pub struct Receipts {
    form: IdForm,
    sent: Waiting<Option<Position>>,
    early: Waiting<DeliveryState>,
}

impl Receipts {
    /// Of a carrier that writes ids so.
    #[must_use]
    pub fn new(form: IdForm) -> Self {
        Self { form, sent: Waiting::default(), early: Waiting::default() }
    }

    /// A response gave a part of this reply this id; the receipt, where it came before.
    pub fn sent(&mut self, id: &str, owed: Option<Position>, now: Instant) -> Option<Matched> {
        let readings = readings(id, self.form, Side::Response);
        if let Some((_, state)) = self.early.take(&readings) {
            return Some(Matched { state, took: Duration::ZERO, owed });
        }
        if !readings.is_empty() {
            self.sent.insert(readings, now, owed, KEPT);
        }
        None
    }

    /// A receipt came. One that says "on its way" leaves its message waiting for the next.
    pub fn came(&mut self, id: &str, state: DeliveryState, now: Instant) -> Option<Matched> {
        let readings = readings(id, self.form, Side::Receipt);
        let found = if state == DeliveryState::Pending {
            self.sent.find(&readings).map(|(at, owed)| (at, *owed))
        } else {
            self.sent.take(&readings)
        };
        match found {
            Some((at, owed)) => Some(Matched { state, took: now.duration_since(at), owed }),
            None => {
                if !readings.is_empty() && state != DeliveryState::Pending {
                    self.early.insert(readings, now, state, EARLY);
                }
                None
            }
        }
    }
}

/// The readings of an id, the most literal first.
fn readings(id: &str, form: IdForm, side: Side) -> Vec<Reading> {
    let id = id.trim();
    if id.is_empty() {
        return Vec::new();
    }
    let plain = id.trim_start_matches('0').to_ascii_lowercase();
    let (hex, decimal) = (u128::from_str_radix(&plain, 16).ok(), plain.parse::<u128>().ok());
    let (in_hex_first, in_decimal_first) = match side {
        Side::Response => (hex, decimal),
        Side::Receipt => (decimal, hex),
    };
    let hex_first = in_hex_first.map(Reading::HexThenDecimal);
    let decimal_first = in_decimal_first.map(Reading::DecimalThenHex);
    match form {
        IdForm::Same => vec![Reading::Literal(id.to_owned())],
        IdForm::HexToDecimal => hex_first.into_iter().collect(),
        IdForm::DecimalToHex => decimal_first.into_iter().collect(),
        IdForm::Any => {
            let literal = [Reading::Literal(id.to_owned()), Reading::Plain(plain)];
            literal.into_iter().chain(hex_first).chain(decimal_first).collect()
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "any instant serves as the beginning of time")]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_however_the_receipt_writes_it() {
        for (response, receipt) in [
            ("0e999f21", "E999F21"),
            ("E999F21", "0e999f21"),
            ("0e999f21", "244948769"),
            ("244948769", "E999F21"),
            ("0000012345", "12345"),
            ("9f0c9c1e-74f4-4b9c-9d8c-6f6f0a3c3f10", "9F0C9C1E-74F4-4B9C-9D8C-6F6F0A3C3F10"),
            ("340282366920938463463374607431768211456000", "340282366920938463463374607431768211456000"),
        ] {
            let mut receipts = Receipts::new(IdForm::Any);
            let now = Instant::now();
            assert_eq!(receipts.sent(response, None, now), None);
            let matched = receipts.came(receipt, DeliveryState::Delivered, now + Duration::from_secs(3));
            assert_eq!(matched.map(|matched| matched.took), Some(Duration::from_secs(3)), "{response} {receipt}");
            assert_eq!(receipts.came(receipt, DeliveryState::Delivered, now), None, "once");
        }
    }

    #[test]
    fn the_literal_reading_wins_over_a_number_that_happens_to_fit() {
        let mut receipts = Receipts::new(IdForm::Any);
        let now = Instant::now();
        receipts.sent("16", None, now);
        receipts.sent("10", None, now + Duration::from_secs(1));
        let took = receipts.came("16", DeliveryState::Delivered, now + Duration::from_secs(5)).unwrap().took;
        assert_eq!(took, Duration::from_secs(5));
        assert!(receipts.came("10", DeliveryState::Delivered, now + Duration::from_secs(5)).is_some());
    }

    #[test]
    fn a_receipt_that_overtakes_its_response_is_kept() {
        let mut receipts = Receipts::new(IdForm::Any);
        let now = Instant::now();
        assert_eq!(receipts.came("7", DeliveryState::Failed, now), None);
        assert_eq!(receipts.sent("7", None, now).unwrap().state, DeliveryState::Failed);
    }

    #[test]
    fn one_that_is_on_its_way_is_still_waited_for() {
        let mut receipts = Receipts::new(IdForm::Any);
        let now = Instant::now();
        receipts.sent("7", None, now);
        assert_eq!(receipts.came("7", DeliveryState::Pending, now).unwrap().state, DeliveryState::Pending);
        assert_eq!(receipts.came("7", DeliveryState::Delivered, now).unwrap().state, DeliveryState::Delivered);
    }

    #[test]
    fn only_a_receipt_that_says_so_for_good_makes_a_reply_undelivered() {
        let owed = Some(Position { stream: 1, sequence: 9 });
        for (state, undelivered) in [
            (DeliveryState::Delivered, false),
            (DeliveryState::Failed, true),
            (DeliveryState::Expired, true),
            (DeliveryState::Unknown, false),
            (DeliveryState::Pending, false),
        ] {
            let mut receipts = Receipts::new(IdForm::Any);
            let now = Instant::now();
            receipts.sent("7", owed, now);
            let settled = receipts.came("7", state, now).unwrap().undelivered();
            assert_eq!(settled.map(|settled| settled.owed), undelivered.then_some(owed), "{state:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut receipts = Receipts::new(IdForm::Any);
        let now = Instant::now();
        for nth in 0..MOST + 10 {
            receipts.sent(&format!("a{nth}"), None, now);
        }
        assert_eq!(receipts.sent.entries.len(), MOST);
        receipts.sent("late", None, now + KEPT + Duration::from_secs(1));
        assert_eq!((receipts.sent.entries.len(), receipts.sent.order.len()), (1, 1));
    }
}
