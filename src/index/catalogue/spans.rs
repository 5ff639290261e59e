//! Life events of ranges of serials, cut into spans that do not overlap.
//!
//! Owns the cutting. For each kind of event only the latest counts, so what earlier events say of a span need not be
//! kept apart: finding is one step in a sorted map however many events there were, and n events make at most 2n + 1
//! spans. What scales badly is an event over many old spans: it touches each of them once.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::Life;

use crate::index::{Serials, Stamp, Timeline};

/// What happened to the serials of one resource, range by range.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<u64, Span>);

#[derive(Debug, Clone)]
struct Span {
    /// The first serial after it.
    end: u64,
    life: Timeline,
}

impl Spans {
    /// Takes in an event of a range; an empty range changes nothing.
    pub(super) fn put(&mut self, serials: Serials, life: Life, stamp: &Arc<Stamp>) {
        let (start, end) = (serials.start, serials.start.saturating_add(serials.len));
        if start >= end {
            return;
        }
        self.cut(start);
        self.cut(end);
        let mut at = start;
        let mut bare = Vec::new();
        for (from, span) in self.0.range_mut(start..end) {
            if at < *from {
                bare.push((at, *from));
            }
            span.life.put(life, Arc::clone(stamp));
            at = span.end;
        }
        if at < end {
            bare.push((at, end));
        }
        for (from, end) in bare {
            let mut timeline = Timeline::default();
            timeline.put(life, Arc::clone(stamp));
            self.0.insert(from, Span { end, life: timeline });
        }
    }

    /// What happened to one serial as part of a range.
    pub(super) fn at(&self, serial: u64) -> Option<&Timeline> {
        self.0.range(..=serial).next_back().filter(|(_, span)| serial < span.end).map(|(_, span)| &span.life)
    }

    fn cut(&mut self, at: u64) {
        let Some((_, left)) = self.0.range_mut(..at).next_back() else { return };
        if at < left.end {
            let right = left.clone();
            left.end = at;
            self.0.insert(at, right);
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn stamp(sequence: u64) -> Arc<Stamp> {
        Arc::new(Stamp { sequence, at: Timestamp(0), lifted: false, by: String::new(), city: None, reason: None })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn spans_say_of_each_serial_what_the_events_over_it_said(
            events in prop::collection::vec((0_u64..60, 0_u64..20, any::<bool>()), 0..24)
        ) {
            let mut spans = Spans::default();
            let mut plain = vec![Timeline::default(); 100];
            for (sequence, (start, len, recalled)) in (1..).zip(&events) {
                let life = if *recalled { Life::Recalled } else { Life::Activated };
                let stamp = stamp(sequence);
                spans.put(Serials { start: *start, len: *len }, life, &stamp);
                for (serial, timeline) in (0..).zip(&mut plain) {
                    if (*start..start + len).contains(&serial) {
                        timeline.put(life, Arc::clone(&stamp));
                    }
                }
            }
            for (serial, timeline) in (0..).zip(&plain) {
                prop_assert_eq!(spans.at(serial).cloned().unwrap_or_default(), timeline.clone());
            }
            prop_assert!(spans.0.len() <= 2 * events.len() + 1);
        }
    }
}
